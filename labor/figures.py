"""What labor offers the first screen; dates and scope are passed in."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import figures
from ledger.models import Period, Plan
from ledger.registers import Card, Figure
from ledger.scope import Scope

TRAINED = (
    ("参加培训", "trained_people"),
    ("培训人次", "training_attendances"),
    ("举办培训班", "training_courses"),
)


def cards(plan: Plan, scope: Scope, as_of: Period | None) -> Sequence[Card]:
    """技能培训: 人, 人次 and 场, approved and waiting. Nothing where the plan counts none of them."""
    targets = {target.code: target for target in figures.targets(plan, scope=scope, as_of=as_of)}
    shown = [
        Figure(label, target.approved, target.unit, target.held, code)
        for label, code in TRAINED
        if (target := targets.get(code))
    ]
    note = "一人参加两个班次，计 1 人、2 人次；没有花名册的班次只计估计人次。"
    return [Card("技能培训", shown, note)] if shown else []
