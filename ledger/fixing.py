"""What rows in force fix of the books beside what they move: lines opened and ended, the most an account may hold.

A register declares it (`Register.fixes`); nothing of it is stored beside the row. An approval takes what the row before
fixed to what the new row in force fixes, be it a first row, a step, a correction, or a reversal, after which the row
before is in force again (docs/adr/0012). What would be refused then is refused at submission already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from audit.events import record
from directory.models import User
from ledger import accounts, figures
from ledger.models import Account, BudgetLine, Hold
from ledger.money import wan
from ledger.posting import amount_text
from ledger.refusals import Refusal
from ledger.registers import Fixed, Maximum, all_registers
from ledger.scope import Scope

State = BudgetLine.State


class AccountsInUse(Refusal):
    """Undecided entries hold the accounts that a closing, cancelling or lowering would touch."""


class BelowBalance(Refusal):
    """A new maximum below what the account already has and holds."""


class MoneyLeft(Refusal):
    """A line to be cancelled still has money beyond 已安排; it must be taken back first."""


class SublinesOpen(Refusal):
    """A line to be ended still has open sub-lines."""


class OtherLine(Refusal):
    """The code of a sub-line to be opened belongs to a line elsewhere."""


class BeyondParent(Refusal):
    """The sub-lines of a line would together be meant to take more than the line was given."""


class FixedByRow(Refusal):
    """A row in force says how the line or account is; it is changed by that row's next step, not by hand."""


def refuse_impossible(before: Fixed | None, after: Fixed | None, beside: Iterable[Fixed] = ()) -> None:
    """Raise what `put_in_force` would. Writes nothing, but locks the line whose sub-line grows until the transaction ends.

    `beside`: what else is filed in the same transaction and not written yet.
    """
    _refuse_beyond_parent(before, after, beside)
    for change in _changes(before, after):
        change.refuse(_accounts_of(change.line), _open_below(change.line))


def put_in_force(before: Fixed | None, after: Fixed | None, *, by: User, reason: str) -> None:
    """Take the books from what `before` fixed to what `after` fixes, in the caller's transaction; each change is audited.

    Raises AccountsInUse, BelowBalance, MoneyLeft, SublinesOpen, OtherLine or BeyondParent.
    """
    _refuse_beyond_parent(before, after)
    for change in _changes(before, after):
        change.refuse(_accounts_of(change.line, lock=True), _open_below(change.line))
        change.carry_out(by, reason)


def standing() -> Iterator[tuple[int, Fixed]]:
    """(entry id, what its row fixes) of every row in force that fixes something. One query a register that may."""
    for register in all_registers().values():
        if register.fixes is None:
            continue
        model: Any = register.model
        rows = model._base_manager.filter(entry__subject__in_force=F("entry"), version=F("entry__version"))
        for row in rows.select_related(*register.pointers()).order_by("entry_id"):
            fixed = register.fixes(row)
            if fixed is not None:
                yield row.entry_id, fixed


def taken_below(parent: BudgetLine) -> dict[str, int]:
    """Code of a sub-line → what it is meant to take of `parent`, in 分: the more of what stands and of what waits, since
    either may be what is in force tomorrow. Two queries a register that fixes lines.
    """
    found: dict[str, int] = {}
    for _, fixed in (*standing(), *_waiting()):
        if fixed.opens is not None and fixed.opens.parent.pk == parent.pk:
            found[fixed.code] = max(found.get(fixed.code, 0), fixed.opens.amount)
    return found


def _waiting() -> Iterator[tuple[int, Fixed]]:
    """As `standing`, what will be fixed once an undecided entry is approved; of a reversal, by the row it gives way to."""
    for register in all_registers().values():
        if register.fixes is None:
            continue
        model: Any = register.model
        pointers = register.pointers()
        rows = model._base_manager.filter(entry__state="submitted", version=F("entry__version"))
        rows = list(rows.select_related("entry__corrects", *pointers).order_by("entry_id"))
        back = [row for row in rows if row.entry.kind == "reversal"]
        ground = {row.entry.corrects.follows_id for row in back} - {None}
        again = model._base_manager.filter(entry__in=ground, version=F("entry__version"))
        rows = [row for row in rows if row.entry.kind != "reversal"]
        for row in (*rows, *(again.select_related(*pointers) if ground else ())):
            fixed = register.fixes(row)
            if fixed is not None:
                yield row.entry_id, fixed


def _refuse_beyond_parent(before: Fixed | None, after: Fixed | None, beside: Iterable[Fixed] = ()) -> None:
    """Raise BeyondParent if a sub-line would take more, and all together more than their line was given.

    The line is locked first, so that of two at once the second sees the first. A sub-line that takes no more than before
    is let through even where the line has been given less meanwhile.
    """
    opens = after.opens if after is not None else None
    if after is None or opens is None:
        return
    same = before is not None and before.code == after.code and before.opens is not None
    if same and before is not None and before.opens is not None and opens.amount <= before.opens.amount:
        return
    parent = BudgetLine.objects.select_for_update(no_key=True).get(pk=opens.parent.pk)
    others = taken_below(parent)
    for one in beside:
        if one.opens is not None and one.opens.parent.pk == parent.pk:
            others[one.code] = max(others.get(one.code, 0), one.opens.amount)
    others.pop(after.code, None)
    money = figures.money(after.plan, scope=Scope(everything=True))
    given = next((line.arranged or 0 for line in money.lines if line.code == parent.code), 0)
    if text := beyond(parent, given, sum(others.values()), opens.amount):
        raise BeyondParent(text, {"fund": [text]})


def beyond(parent: BudgetLine, given: int, others: int, amount: int) -> str:
    """Says by how much a sub-line with `amount` is too much of `parent`; "" if it is not. All in 分."""
    left = max(given - others, 0)
    if amount <= left:
        return ""
    return (
        f"“{parent.name}”共安排 {wan(given)} 万元，其他子项目 {wan(others)} 万元（含待审核的），"
        f"还可安排 {wan(left)} 万元，本项目 {wan(amount)} 万元，超出 {wan(amount - left)} 万元。"
    )


def account_code(fixed: Fixed, maximum: Maximum) -> str:
    """The code of the account that has the maximum."""
    line = BudgetLine(plan=fixed.plan, code=fixed.code)
    return accounts.code_for(fixed.plan, maximum.stage, line, maximum.organization, maximum.contract)


def refuse_by_hand(*, line: BudgetLine | None = None, account: Account | None = None) -> None:
    """Raise FixedByRow if a row in force says in what state the line, or what the account's maximum, is."""
    for entry_id, fixed in standing():
        if line is not None and fixed.code == line.code:
            raise FixedByRow(f"“{line.name}”的状态由 {entry_id} 号记录决定，请在该记录上登记下一步。")
        if account is not None and account.code in {account_code(fixed, one) for one in fixed.maxima}:
            raise FixedByRow(f"{account.name}的上限由 {entry_id} 号记录决定，请在该记录上登记下一步或更正。")


# --- refusals that people acting by hand meet too ---------------------------------------------------------------


def refuse_end(line: BudgetLine, state: str, of_line: Sequence[Account]) -> None:
    """Raise AccountsInUse or MoneyLeft if a line with these accounts may not be closed or cancelled."""
    held = [account.pk for account in of_line if account.held_in or account.held_out]
    if held:
        raise AccountsInUse(f"“{line.name}”还有待审核的记录{listed(held)}，请先审核或退回。")
    if state == State.CANCELLED:
        left = [a for a in of_line if a.balance and a.stage in (accounts.ALLOCATED, accounts.DISBURSED)]
        if left:
            named = "，".join(f"{a.name} {amount_text(a.balance, a.unit)}" for a in left)
            raise MoneyLeft(f"“{line.name}”还有未用完的资金：{named}。请先退款、收回，再取消。")


def refuse_below(account: Account, maximum: int | None) -> None:
    """Raise BelowBalance if the account already has, with what is held, more than `maximum`."""
    if maximum is not None and account.balance + account.held_in > maximum:
        raise BelowBalance(
            f"{account.name}已有 {amount_text(account.balance, account.unit)}，"
            f"待审核 {amount_text(account.held_in, account.unit)}{listed([account.pk])}，"
            f"上限不能低于 {amount_text(account.balance + account.held_in, account.unit)}。"
        )


def listed(account_ids: Sequence[int]) -> str:
    """ "（12 号、13 号）" of the undecided entries that hold the accounts; "" if none does."""
    numbers = (
        Hold.objects.filter(Q(source__in=account_ids) | Q(target__in=account_ids))
        .order_by("entry_id")
        .values_list("entry_id", flat=True)
        .distinct()[:10]
    )
    return f"（{'、'.join(f'{pk} 号' for pk in numbers)}）" if numbers else ""


def open_line(*, by: User, parent: BudgetLine, code: str, name: str, place: str = "") -> BudgetLine:
    """A new sub-line with its first account; audited."""
    siblings = BudgetLine.objects.filter(parent=parent).count()
    line = BudgetLine.objects.create(
        plan=parent.plan, parent=parent, code=code, position=siblings + 1, name=name, place=place
    )
    accounts.money_account(line.plan, accounts.ARRANGED, line)
    record(verb="line.opened", by=by, target=f"ledger.budgetline:{line.pk}", summary=f"设立子项目 {name}")
    return line


def set_state(lines: Sequence[BudgetLine], state: str, *, by: User, reason: str) -> None:
    """Put lines, the first of which is named, and their accounts into a state; audited."""
    BudgetLine.objects.filter(pk__in=[one.pk for one in lines]).update(state=state)
    Account.objects.filter(line__in=lines).update(closed=state != State.OPEN)
    line = lines[0]
    line.state = State(state)
    record(
        verb=f"line.{state}",
        by=by,
        target=f"ledger.budgetline:{line.pk}",
        summary=f"“{line.name}”{line.get_state_display()}",
        details={"reason": reason.strip()},
    )


def set_maximum(account: Account, maximum: int | None, *, by: User, reason: str) -> None:
    """Give an account, which the caller has locked, another maximum; audited."""
    old, account.maximum = account.maximum, maximum
    account.save(update_fields=["maximum"])
    record(
        verb="account.limited",
        by=by,
        target=f"ledger.account:{account.pk}",
        summary=f"{account.name}上限改为 {'不限' if maximum is None else amount_text(maximum, account.unit)}",
        details={"old": old, "new": maximum, "reason": reason.strip()},
    )


# --- one line at a time -----------------------------------------------------------------------------------------


@dataclass
class _Change:
    """What becomes of one line: `line` is None until it is opened."""

    line: BudgetLine | None
    before: Fixed | None
    after: Fixed | None

    @property
    def state(self) -> str:
        """The state the line is to have."""
        if self.after is not None:
            return self.after.state
        return State.CANCELLED if self.before is not None and self.before.opens else State.OPEN

    @property
    def maxima(self) -> dict[str, tuple[Maximum, int | None]]:
        """Account code → what it is and its maximum from now on, None where nothing limits it any more."""
        found: dict[str, tuple[Maximum, int | None]] = {}
        if self.before is not None:
            found |= {account_code(self.before, one): (one, None) for one in self.before.maxima}
        if self.after is not None:
            found |= {account_code(self.after, one): (one, one.amount) for one in self.after.maxima}
        return found

    def refuse(self, of_line: Sequence[Account], open_below: Sequence[str]) -> None:
        """Raise what forbids it, given the line's accounts and the names of its open sub-lines."""
        opens = self.after.opens if self.after is not None else None
        if self.line is None:
            return
        if opens is not None and self.line.parent_id != opens.parent.pk:
            raise OtherLine(
                f"编码 {self.line.code} 已是“{self.line.name}”，不在“{opens.parent.name}”之下，请另编一个。",
                {"code": [f"编码 {self.line.code} 已是“{self.line.name}”，请另编一个。"]},
            )
        if self.state != State.OPEN and self.line.state != self.state:
            if open_below:
                raise SublinesOpen(
                    f"“{self.line.name}”下面还有进行中的子项目：{'、'.join(open_below)}，请先逐个办结或终止。"
                )
            refuse_end(self.line, self.state, of_line)
        by_code = {account.code: account for account in of_line}
        for code, (_, maximum) in self.maxima.items():
            if code in by_code:
                refuse_below(by_code[code], maximum)

    def carry_out(self, by: User, reason: str) -> None:
        """Write it. Refused before."""
        opens = self.after.opens if self.after is not None else None
        if self.line is None:
            if opens is None or self.after is None:
                return
            self.line = open_line(
                by=by, parent=opens.parent, code=self.after.code, name=opens.name, place=opens.place
            )
        elif opens is not None and (self.line.name, self.line.place) != (opens.name, opens.place):
            self.line.name, self.line.place = opens.name, opens.place
            self.line.save(update_fields=["name", "place"])
        if self.line.state != self.state:
            set_state([self.line], self.state, by=by, reason=reason)
        for _, (one, maximum) in sorted(self.maxima.items()):
            plan = self.line.plan
            account = accounts.money_account(plan, one.stage, self.line, one.organization, one.contract)
            account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
            if account.maximum != maximum:
                set_maximum(account, maximum, by=by, reason=reason)


def _changes(before: Fixed | None, after: Fixed | None) -> list[_Change]:
    """One change a line; two only where a correction names another line."""
    if before is not None and after is not None and before.code != after.code:
        return [*_changes(before, None), *_changes(None, after)]
    said = after or before
    if said is None:
        return []
    line = BudgetLine.objects.select_related("plan").filter(code=said.code).first()
    return [_Change(line, before, after)]


def _accounts_of(line: BudgetLine | None, *, lock: bool = False) -> list[Account]:
    """The line's accounts, locked in id order if so."""
    if line is None:
        return []
    rows = Account.objects.filter(line=line).order_by("pk")
    return list(rows.select_for_update(no_key=True) if lock else rows)


def _open_below(line: BudgetLine | None) -> list[str]:
    if line is None:
        return []
    rows: Iterable[str] = (
        line.children.filter(state=State.OPEN).order_by("position").values_list("name", flat=True)
    )
    return list(rows)
