"""What each event of the money asks for, moves, and who may file it: one table, and the legs (DOMAIN §2, DESIGN §1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from directory.models import Organization, User
from funds.models import AdjustLevel, Event, FundFlow, RecallFrom
from ledger.accounts import (
    ALLOCATED,
    ARRANGED,
    CLAIMABLE,
    CLAIMED,
    DISBURSED,
    OUTSIDE,
    POOL,
    RECEIVED,
    REMIT,
    SOURCE,
    SPENT,
    money_account,
)
from ledger.models import Account, BudgetLine
from ledger.registers import Leg

Kind = Organization.Kind

UNIT_ITSELF = frozenset({Kind.TOWNSHIP, Kind.DEPARTMENT, Kind.FINANCE, Kind.BUREAU})
TREASURY = frozenset({Kind.FINANCE, Kind.BUREAU})
BUREAU = frozenset({Kind.BUREAU})


@dataclass(frozen=True)
class EventRule:
    """One event: fields it requires and fields it may have besides ANYWHERE, its evidence, and who may file it.

    `forward`: it is new business, so its line must be open; refunds and claw-backs also pass on a closed line.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    evidence: str
    filed_by: frozenset[Kind]
    forward: bool = True


ANYWHERE = ("event", "occurred_on", "amount", "purpose", "handler", "approver", "note")

RULES: dict[str, EventRule] = {
    Event.ARRANGE: EventRule(("line", "document_no"), (), "安排文件", BUREAU),
    Event.RECEIVE: EventRule(("plan", "voucher_no"), ("line", "document_no"), "收款凭证或到账通知", TREASURY),
    Event.ALLOCATE: EventRule(("line", "unit", "document_no"), (), "指标文件", TREASURY),
    Event.DISBURSE: EventRule(("line", "unit", "voucher_no"), ("payee", "document_no"), "拨款凭证", TREASURY),
    Event.SPEND: EventRule(
        ("line", "unit", "voucher_no", "payee"), ("invoice_no", "contract_no"), "支付凭证或发票", UNIT_ITSELF
    ),
    Event.DIRECT_PAY: EventRule(
        ("line", "unit", "voucher_no", "payee"),
        ("invoice_no", "contract_no", "document_no"),
        "支付凭证或发票",
        TREASURY,
    ),
    Event.CLAIM: EventRule(("line", "unit", "voucher_no"), (), "报账材料", UNIT_ITSELF),
    Event.REFUND_PAYEE: EventRule(
        ("line", "unit", "voucher_no"), ("payee", "contract_no"), "退款凭证", UNIT_ITSELF, forward=False
    ),
    Event.REFUND_TREASURY: EventRule(
        ("line", "unit", "voucher_no"), ("document_no",), "退款凭证", TREASURY, forward=False
    ),
    Event.RECALL: EventRule(
        ("line", "unit", "recall_from", "document_no", "note"),
        ("voucher_no",),
        "收回文件",
        TREASURY,
        forward=False,
    ),
    Event.ADJUST: EventRule(
        ("line", "adjust_level", "other_line", "document_no", "note"),
        ("unit", "other_unit"),
        "调整批准文件",
        TREASURY,
        forward=False,
    ),
}

# event → the form's fields that belong to it, in the form's order
FORM_ORDER = (
    "event",
    "plan",
    "line",
    "unit",
    "adjust_level",
    "other_line",
    "other_unit",
    "recall_from",
    "amount",
    "occurred_on",
    "document_no",
    "voucher_no",
    "payee",
    "invoice_no",
    "contract_no",
    "purpose",
    "handler",
    "approver",
    "note",
)
EVENT_FIELDS: dict[str, list[str]] = {
    str(event): [name for name in FORM_ORDER if name in (*ANYWHERE, *rule.required, *rule.optional)]
    for event, rule in RULES.items()
}


def may_file_event(user: User, event: str) -> bool:
    """Whether the user's unit may file the event at all; the system user may file every one."""
    if user.is_system:
        return True
    return user.organization is not None and user.organization.kind in RULES[event].filed_by


def files_for_others(user: User) -> bool:
    """Whether the user may name another unit than their own as the one whose money moves."""
    return user.is_system or (user.organization is not None and user.organization.kind in TREASURY)


# --- what each event moves --------------------------------------------------------------------------------------


def legs(row: FundFlow) -> list[Leg]:
    """The moves of a checked row, along the chains of DESIGN §1; opens accounts on their first use."""
    return MOVES[row.event](row)


def _line(row: FundFlow) -> BudgetLine:
    assert row.line is not None  # `errors` refused it
    return row.line


def _unit(row: FundFlow) -> Organization:
    assert row.unit is not None
    return row.unit


def _chain(
    row: FundFlow,
    stages: Sequence[str],
    kinds: Sequence[str],
    *,
    forward: bool = True,
) -> list[Leg]:
    """Moves from stage to stage of the row's line and unit; `arranged` and `outside` belong to no unit."""

    plan, line, unit = row.plan, _line(row), _unit(row)
    found: list[Account] = []
    for stage in stages:
        if stage == OUTSIDE:
            found.append(money_account(plan, stage))
        elif stage == ARRANGED:
            found.append(money_account(plan, stage, line))
        else:
            found.append(money_account(plan, stage, line, unit, row.contract_no if stage == SPENT else ""))
    return [
        Leg(kind, source, target, row.amount, unit.pk, forward=forward)
        for kind, source, target in zip(kinds, found[:-1], found[1:], strict=True)
    ]


def _arrange(row: FundFlow) -> list[Leg]:
    line, issuer = _line(row), row.plan.issuer_id
    arranged = money_account(row.plan, ARRANGED, line)
    if line.parent is not None:
        return [Leg(row.event, money_account(row.plan, ARRANGED, line.parent), arranged, row.amount, issuer)]
    pool = money_account(row.plan, POOL)
    return [
        Leg(row.event, money_account(row.plan, SOURCE), pool, row.amount, issuer),
        Leg(row.event, pool, arranged, row.amount, issuer),
    ]


def _receive(row: FundFlow) -> list[Leg]:
    received = money_account(row.plan, RECEIVED, row.line)
    return [Leg(row.event, money_account(row.plan, REMIT), received, row.amount, row.plan.issuer_id)]


def _allocate(row: FundFlow) -> list[Leg]:
    return _chain(row, (ARRANGED, ALLOCATED), (row.event,))


def _disburse(row: FundFlow) -> list[Leg]:
    return _chain(row, (ALLOCATED, DISBURSED), (row.event,))


def _spend(row: FundFlow) -> list[Leg]:
    return [
        *_chain(row, (DISBURSED, SPENT), (Event.SPEND,)),
        *_chain(row, (OUTSIDE, CLAIMABLE), (Event.SPEND,)),
    ]


def _direct_pay(row: FundFlow) -> list[Leg]:
    # 直接支付 is 拨付 and 支出 in one event (DOMAIN §2), and counts as both
    return [*_chain(row, (ALLOCATED, DISBURSED), (Event.DISBURSE,)), *_spend(row)]


def _claim(row: FundFlow) -> list[Leg]:
    return _chain(row, (CLAIMABLE, CLAIMED), (row.event,))


def _refund_payee(row: FundFlow) -> list[Leg]:
    return [
        *_chain(row, (SPENT, DISBURSED), (row.event,), forward=False),
        *_chain(row, (CLAIMABLE, OUTSIDE), (row.event,), forward=False),
    ]


def _refund_treasury(row: FundFlow) -> list[Leg]:
    return _chain(row, (DISBURSED, ALLOCATED), (row.event,), forward=False)


def _recall(row: FundFlow) -> list[Leg]:
    if row.recall_from == RecallFrom.DISBURSED:
        return _chain(row, (DISBURSED, ALLOCATED, ARRANGED), (row.event, row.event), forward=False)
    return _chain(row, (ALLOCATED, ARRANGED), (row.event,), forward=False)


def _adjust(row: FundFlow) -> list[Leg]:
    """Out of one line into the pool, out of the pool into the other, in one entry: the pool stays as it was.

    Two legs, because each concerns its own unit, and because a closed line may give but not receive.
    """
    assert row.other_line is not None
    if row.adjust_level == AdjustLevel.QUOTA:
        assert row.other_unit is not None
        giver = money_account(row.plan, ALLOCATED, _line(row), _unit(row))
        receiver = money_account(row.plan, ALLOCATED, row.other_line, row.other_unit)
        units = _unit(row).pk, row.other_unit.pk
    else:
        giver = money_account(row.plan, ARRANGED, _line(row))
        receiver = money_account(row.plan, ARRANGED, row.other_line)
        units = row.plan.issuer_id, row.plan.issuer_id
    pool = money_account(row.plan, POOL)
    return [
        Leg(row.event, giver, pool, row.amount, units[0], forward=False),
        Leg(row.event, pool, receiver, row.amount, units[1]),
    ]


MOVES: dict[str, Callable[[FundFlow], list[Leg]]] = {
    Event.ARRANGE: _arrange,
    Event.RECEIVE: _receive,
    Event.ALLOCATE: _allocate,
    Event.DISBURSE: _disburse,
    Event.SPEND: _spend,
    Event.DIRECT_PAY: _direct_pay,
    Event.CLAIM: _claim,
    Event.REFUND_PAYEE: _refund_payee,
    Event.REFUND_TREASURY: _refund_treasury,
    Event.RECALL: _recall,
    Event.ADJUST: _adjust,
}
