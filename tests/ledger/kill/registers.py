"""A register whose rows move what they say, between the accounts they name; and the accounts and routes of the test."""

from __future__ import annotations

from datetime import date

from django.forms import Form

from ledger import accounts
from ledger.accounts import ALLOCATED, ARRANGED, DISBURSED, SPENT
from ledger.models import Account
from ledger.registers import Leg, Register
from tests.ledger.kill.models import HotMove

DAY = date(2022, 5, 10)
PLAN, UNIT = "2022", "370406106"

# Between the stages of these two lines, and from one line to the other, money runs both ways; on the third only
# forward, so that what a page once showed of it never grows less.
BOTH_WAYS, FORWARD = ("2022-01", "2022-04"), "2022-05"
HOT = [
    *((line, stage) for line in BOTH_WAYS for stage in (ALLOCATED, DISBURSED, SPENT)),
    *((FORWARD, stage) for stage in (ARRANGED, ALLOCATED, DISBURSED, SPENT)),
]
_STEPS = [(n, n + 1) for n, (line, stage) in enumerate(HOT) if stage != SPENT]
ROUTES = [
    *_STEPS,
    *((target, source) for source, target in _STEPS if HOT[source][0] != FORWARD),
    (0, 3),
    (3, 0),
]

# As of fund_flow: of these the gross 下达 counts "allocate" and "adjust", and no route takes back a 下达. So here the
# gross figure, which is read by a query of its own, equals the net one, and a page of two moments betrays itself.
KINDS = {"allocate": "下达", "adjust": "调整", "disburse": "拨付", "spend": "支出", "refund": "退款"}
_FORWARD_KINDS = {ALLOCATED: "allocate", DISBURSED: "disburse", SPENT: "spend"}


def code_of(line: str, stage: str) -> str:
    """The code of a hot account (ledger.accounts.code_for)."""
    return f"{PLAN}/{line}/{stage}" + ("" if stage == ARRANGED else f"@{UNIT}")


def _kind(source: Account, target: Account) -> str:
    if source.line_id != target.line_id:
        return "adjust"
    chain = accounts.CHAIN
    forward = chain.index(source.stage) < chain.index(target.stage)
    return _FORWARD_KINDS[target.stage] if forward else "refund"


def _legs(row: HotMove) -> list[Leg]:
    return [Leg(_kind(row.source, row.target), row.source, row.target, row.amount, row.organization.pk)]


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
    kinds=KINDS,
)

REGISTERS = [HOT_MOVE]
