"""A register whose rows move what they say, between the accounts they name."""

from __future__ import annotations

from datetime import date

from django.forms import Form

from ledger.registers import Leg, Register
from tests.ledger.kill.models import HotMove

DAY = date(2022, 5, 10)


def _legs(row: HotMove) -> list[Leg]:
    return [Leg("move", row.source, row.target, row.amount, row.organization.pk)]


HOT_MOVE = Register(
    code="hot_move",
    name="并发测试",
    model=HotMove,
    form=lambda: Form,
    natural_key=lambda row: str(row.number),
    occurred_on=lambda row: DAY,
    summary=lambda row: f"{row.number}",
    amount=lambda row: int(row.amount),
    legs=_legs,
    errors=lambda row, by, on: {},
    warnings=lambda row: (),
    evidence_rule=lambda row: "",
    shown=lambda row: [],
    may_file=lambda organization: True,
    kinds={"move": "划转"},
)

REGISTERS = [HOT_MOVE]
