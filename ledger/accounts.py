"""The account tree of a plan (DESIGN §1 Money): which stage accounts a line has, and their names.

source → pool → ℓ.arranged → ℓ.allocated@u → ℓ.disbursed@u → ℓ.spent@u        (the money)
remit → received                                                             (receipts from 荣成)
outside → ℓ.claimable@u → ℓ.claimed@u                                        (先支后报)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from directory.models import Organization
from ledger.models import Account, BudgetLine, Plan, Unit
from ledger.parameters import read_once

SOURCE, POOL = "source", "pool"
ARRANGED, ALLOCATED, DISBURSED, SPENT = "arranged", "allocated", "disbursed", "spent"
REMIT, RECEIVED = "remit", "received"
OUTSIDE, CLAIMABLE, CLAIMED = "outside", "claimable", "claimed"
TARGET, PART = "target", "part"  # a counting rule; a published 其中 of it

CHAIN = (
    ARRANGED,
    ALLOCATED,
    DISBURSED,
    SPENT,
)  # in the order money passes; cumulative = this stage and later ones

# What an account of the stage holds, as messages and the statement of accounts call it.
HOLDS = {
    SOURCE: "资金来源",
    POOL: "待安排资金",
    ARRANGED: "已安排未下达的资金",
    ALLOCATED: "已下达未拨付的资金",
    DISBURSED: "已拨付未支出的资金",
    SPENT: "已支出的资金",
    REMIT: "荣成拨出的资金",
    RECEIVED: "已到位的资金",
    OUTSIDE: "账外",
    CLAIMABLE: "已支出未报账的金额",
    CLAIMED: "已报账的金额",
    TARGET: "已计数",
    PART: "其中已计数",
}

UNBOUNDED = (OUTSIDE,)


def code_for(
    plan: Plan,
    stage: str,
    line: BudgetLine | None = None,
    unit: Organization | None = None,
    contract: str = "",
) -> str:
    """The unique code of a money account, such as "2022/2022-04/spent@370406106#HT-01"."""
    parts = [plan.code, line.code, stage] if line else [plan.code, stage]
    return "/".join(parts) + (f"@{unit.code}" if unit else "") + (f"#{contract}" if contract else "")


class NoSuchAccount(LookupError):
    """Within `only_existing`: an account that was never opened."""


@dataclass
class _Kept:
    """Accounts answered from memory; `complete`: there are no others, and none may be opened."""

    accounts: dict[str, Account]
    complete: bool = False
    counted: dict[tuple[int, str, int, tuple[str, ...]], list[Account]] = field(default_factory=dict)


_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def only_existing() -> Iterator[None]:
    """Inside, accounts are answered from memory, none is opened, and one missing raises NoSuchAccount.

    For verify_ledger, which asks every row of a register what it moves: it must not write, nor query for each row.
    """
    token = _kept.set(_Kept({account.code: account for account in Account.objects.iterator()}, complete=True))
    try:
        yield
    finally:
        _kept.reset(token)


@contextmanager
def remembered() -> Iterator[None]:
    """Inside, an account is looked up or opened once, however many rows name it, and parameters are read once; for
    imports.

    Only its identity is remembered: balances are read anew by the posting, under lock.
    """
    token = _kept.set(_kept.get() or _Kept({}))
    try:
        with read_once():
            yield
    finally:
        _kept.reset(token)


def money_account(
    plan: Plan,
    stage: str,
    line: BudgetLine | None = None,
    unit: Organization | None = None,
    contract: str = "",
) -> Account:
    """The account, opened empty on first use; born closed if its line is no longer open."""
    code = code_for(plan, stage, line, unit, contract)
    kept = _kept.get()
    if kept is not None and code in kept.accounts:
        return kept.accounts[code]
    where = "".join(
        f"“{part}”" for part in (line.name if line else "", unit.short_name if unit else "") if part
    )
    return _opened(
        code,
        name=f"{where}{HOLDS[stage]}" + (f"（合同 {contract}）" if contract else ""),
        unit=Unit.FEN,
        plan=plan,
        line=line,
        stage=stage,
        organization=unit,
        contract=contract,
        minimum=None if stage in UNBOUNDED else 0,
        closed=bool(line and line.state != BudgetLine.State.OPEN),
    )


def target_account(plan: Plan, target: str) -> Account | None:
    """The overall account of a counting rule; None if the plan has no such rule."""
    code = f"{plan.code}/{TARGET}/{target}"
    kept = _kept.get()
    if kept is None or (code not in kept.accounts and not kept.complete):
        account = Account.objects.filter(code=code).first()
        if kept is not None and account is not None:
            kept.accounts[code] = account
        return account
    return kept.accounts.get(code)


def count_accounts(plan: Plan, target: str, unit: Organization, parts: Sequence[str] = ()) -> list[Account]:
    """The accounts one person of a counting rule stands in: the overall one, the concerned unit's, each 其中's.

    The units' sum may exceed the overall count, since one person may be reached by two of them (DESIGN §1 Total).
    Raises Account.DoesNotExist if the plan has no such rule.
    """
    kept, asked = _kept.get(), (plan.pk, target, unit.pk, tuple(parts))
    if kept is not None and asked in kept.counted:
        return kept.counted[asked]
    overall = target_account(plan, target)
    if overall is None:
        raise Account.DoesNotExist(f"{plan.code}/{TARGET}/{target}")
    finer: list[tuple[str, str, Organization | None, str]] = [
        (f"@{unit.code}", f"{overall.name}（{unit.short_name}）", unit, TARGET)
    ]
    finer += [(f"/{part}", f"{overall.name}，其中{part}", None, PART) for part in parts]
    opened = [overall]
    for suffix, name, organization, stage in finer:
        account = _opened(
            overall.code + suffix,
            name=name,
            unit=overall.unit,
            plan=plan,
            stage=stage,
            organization=organization,
            counts_people=overall.counts_people,
        )
        opened.append(account)
    if kept is not None:
        kept.counted[asked] = opened
    return opened


def own_account(plan: Plan, stage: str, name: str, unit: str, organization: Organization) -> Account:
    """An account of a chain that an app keeps for itself, such as donations: opened empty, never below zero, and in no
    figure of the plan's money."""
    return _opened(
        f"{plan.code}/{stage}@{organization.code}",
        name=name,
        unit=unit,
        plan=plan,
        stage=stage,
        organization=organization,
    )


def outside_account(plan: Plan | None, unit: str) -> Account:
    """Where counted things come from: unbounded, one per plan and unit of count."""
    assert plan is not None
    return _opened(
        f"{plan.code}/{OUTSIDE}/{unit}",
        name=f"账外（{unit}）",
        unit=unit,
        plan=plan,
        stage=OUTSIDE,
        minimum=None,
    )


def _opened(code: str, **fields: Any) -> Account:
    kept = _kept.get()
    if kept is not None and code in kept.accounts:
        return kept.accounts[code]
    if kept is not None and kept.complete:
        raise NoSuchAccount(code)
    account, _ = Account.objects.get_or_create(code=code, defaults=fields)
    if kept is not None:
        kept.accounts[code] = account
    return account
