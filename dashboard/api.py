"""GET /api/plans/<plan>/summary, which people and scripts rely on: its shape is fixed in DESIGN §7."""

from __future__ import annotations

from typing import Any

from dashboard.as_of import AsOf
from dashboard.figures import scope_for
from directory.models import User
from ledger import figures
from ledger.accounts import ALLOCATED, ARRANGED, CLAIMED, DISBURSED, RECEIVED, SPENT
from ledger.figures import LineMoney
from ledger.models import Plan, Unit
from ledger.scope import scope_of

HELD_STAGES = (ARRANGED, RECEIVED, ALLOCATED, DISBURSED, SPENT, CLAIMED)


def summary(*, user: User, plan: Plan, as_of: AsOf) -> dict[str, Any]:
    """Money by line and stage (分, cumulative net), targets and the rulings on open questions.

    What a unit may not see of the whole (arranged, received, goal, maximum) is null for it, and `held` is null for
    the past.
    """
    scope = scope_for(user)
    money = figures.money(plan, scope=scope, as_of=as_of.period)
    return {
        "plan": plan.code,
        "as_of": as_of.day.isoformat(),
        "money": {
            "unit": Unit.FEN.value,
            "lines": [{"code": line.code, "name": line.name, **_stages(line)} for line in money.lines],
            "total": _stages(money.total),
        },
        "targets": [
            {
                "code": target.code,
                "name": target.name,
                "unit": target.unit,
                "rule": target.rule,
                "goal": target.goal,
                "maximum": target.maximum,
                "approved": target.approved,
                "held": target.held,
            }
            for target in figures.targets(plan, scope=scope_of(user), as_of=as_of.period)
        ],
        "open_questions": [
            {"code": found.question.code, "ruling": found.ruling.reading if found.ruling else None}
            for found in figures.questions(plan, scope=scope)
        ],
    }


def _stages(money: LineMoney) -> dict[str, Any]:
    held = None if money.held is None else {stage: money.held.get(stage) for stage in HELD_STAGES}
    return {
        "arranged": money.arranged,
        "received": money.received,
        "allocated": money.allocated,
        "disbursed": money.disbursed,
        "spent": money.spent,
        "claimed": money.claimed,
        "available": money.available,
        "held": held,
    }
