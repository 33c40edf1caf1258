"""What labor offers the first screen and the reports; dates and scope are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger import figures
from ledger.models import Period, Plan
from ledger.registers import Card, Figure, ReportTable
from ledger.scope import Scope
from ledger.tables import by_unit

TRAINED = (
    ("参加培训", "trained_people"),
    ("培训人次", "training_attendances"),
    ("举办培训班", "training_courses"),
)


def cards(targets: Mapping[str, figures.Target]) -> Sequence[Card]:
    """技能培训: 人, 人次 and 场, approved and waiting. Nothing where the plan counts none of them."""
    shown = [
        Figure(label, target.approved, target.unit, target.held, code)
        for label, code in TRAINED
        if (target := targets.get(code))
    ]
    note = "一人参加两个班次，计 1 人、2 人次；没有花名册的班次只计估计人次。"
    return [Card("技能培训", shown, note)] if shown else []


def course_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """班次 by unit, 本季 and 累计; nothing where the plan counts none."""
    return by_unit("培训班次", (("班次", "training_courses"),), "场", "", plan, scope, as_of)


def attendance_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """人次 and 人 by unit, 本季 and 累计."""
    columns = (("培训人次", "training_attendances"), ("培训人数", "trained_people"))
    note = (
        "人数一人只计一次，本季是本季新增的人；一人在两个单位参加的，两个单位各计一次，合计只计一次。"
        "没有花名册的班次只计估计人次。"
    )
    return by_unit("培训人次和人数", columns, "人次、人", note, plan, scope, as_of)
