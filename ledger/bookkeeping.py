"""Verbs on the books themselves: close a quarter, rule on an open question, open, limit, close and cancel lines,
declare 本期无, hand over a leaver's drafts, change a parameter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from audit.events import record
from audit.locks import close_books, share_books
from directory.models import User
from ledger import fixing, seals
from ledger.acting import NotAllowed, moment, need_reason, refusable
from ledger.models import (
    Account,
    BooksCheck,
    BudgetLine,
    Draft,
    Entry,
    Filing,
    OpenQuestion,
    Period,
    Ruling,
    Seal,
    Threshold,
    ThresholdChange,
)
from ledger.parameters import plain
from ledger.permissions import may_close_books, may_file, may_review, may_rule
from ledger.refusals import Refusal
from ledger.registers import Parameter
from ledger.tasks import check_books


class CannotClose(Refusal):
    """A quarter that is closed already, not over yet, or has an earlier one still open."""


class UnknownReading(Refusal):
    """A ruling for a reading the question does not have."""


class NothingToDeclare(Refusal):
    """本期无 for a filing that has entries, or that was declared already."""


class NotAParameter(Refusal):
    """A value that does not fit the parameter, or that it has already."""


class ChangedMeanwhile(Refusal):
    """Another changed the parameter since the page was read."""


# --- quarters ---------------------------------------------------------------------------------------------------


@refusable("period.close")
def close_period(*, by: User, on: date, period: Period) -> Seal:
    """Close a quarter: its totals never change again, its transfers and events are sealed (DESIGN §1 Period, §2.7).

    Takes the books' lock exclusively, so a posting is either wholly in the quarter or goes to a later one.
    Raises NotAllowed, or CannotClose (quarters close in order, and only when they are over).
    """
    close_books()
    if not may_close_books(by):
        raise NotAllowed("只有区乡村振兴局的审核员或领导可以关账。")
    period = Period.objects.select_for_update(no_key=True).get(pk=period.pk)
    if period.is_closed:
        raise CannotClose(f"{period.label}已经关账。")
    if on <= period.ends_on:
        raise CannotClose(f"{period.label}到 {period.ends_on} 才结束，之后才能关账。")
    earlier = (
        Period.objects.filter(is_closed=False, starts_on__lt=period.starts_on).order_by("starts_on").first()
    )
    if earlier is not None:
        raise CannotClose(f"请先关{earlier.label}的账，季度须按先后顺序关账。")
    period.is_closed = True
    period.save(update_fields=["is_closed"])
    previous = seals.last_seal_before(period)
    digest = seals.compute(period, previous)
    seal = Seal.objects.create(
        period=period,
        previous=previous,
        transfer_count=digest.transfers,
        event_count=digest.events,
        digest=digest.digest,
        covers=digest.covers,
        sealed_by=by,
    )
    record(
        verb="period.closed",
        by=by,
        target=f"ledger.period:{period.pk}",
        summary=f"{period.label}关账：转账 {digest.transfers} 条，审计 {digest.events} 条，封签 {digest.digest[:16]}",
        details={"digest": digest.digest},
    )
    ask_for_check(by=by)
    return seal


@transaction.atomic
def ask_for_check(*, by: User) -> BooksCheck:
    """Have the background worker run verify_ledger; the result is kept in the row. Every closing asks for one."""
    check = BooksCheck.objects.create(asked_by=by)
    transaction.on_commit(lambda: check_books.enqueue(check.pk))
    return check


# --- parameters -------------------------------------------------------------------------------------------------


@refusable("parameter.set")
def set_parameter(
    *, by: User, on: date, parameter: Parameter, value: Decimal | None, seen: Decimal, reason: str
) -> ThresholdChange:
    """Give a parameter another value from now on; None: its default again. What was filed or posted before stays.

    `seen` is the value the page showed. Raises NotAllowed, ReasonMissing, NotAParameter or ChangedMeanwhile.
    """
    if not may_close_books(by):
        raise NotAllowed("只有区乡村振兴局的审核员或领导可以修改参数。")
    need_reason(reason, "请写明修改理由。")
    share_books()
    row = Threshold.objects.select_for_update().filter(code=parameter.code).first()
    now = row.value if row else Decimal(parameter.default)
    if now != seen:
        raise ChangedMeanwhile(f"“{parameter.name}”刚被改为 {plain(now)} {parameter.unit}，请核对后再改。")
    if value is not None:
        _refuse_unfit(parameter, value)
    after = Decimal(parameter.default) if value is None else value
    if after == now:
        same = f"现在就是 {plain(now)} {parameter.unit}，没有修改。"
        raise NotAParameter(same, {"value": [same]})
    if value is None:
        Threshold.objects.filter(code=parameter.code).delete()
    else:
        kept = {"name": parameter.name, "value": value, "unit": parameter.unit}
        Threshold.objects.update_or_create(code=parameter.code, defaults=kept)
    change = ThresholdChange.objects.create(
        code=parameter.code,
        old=row.value if row else None,
        new=value,
        reason=reason.strip()[:500],
        by=by,
        at=moment(on),
    )
    back = "（恢复默认）" if value is None else ""
    record(
        verb="parameter.set",
        by=by,
        target=f"ledger.threshold:{parameter.code}",
        summary=f"参数“{parameter.name}”由 {plain(now)} 改为 {plain(after)} {parameter.unit}{back}",
        details={"code": parameter.code, "old": str(now), "new": str(after)},
    )
    return change


def _refuse_unfit(parameter: Parameter, value: Decimal) -> None:
    if value != value.quantize(Decimal(1).scaleb(-parameter.decimals)):
        text = f"最多 {parameter.decimals} 位小数。" if parameter.decimals else "应为整数。"
    elif not parameter.least <= value <= parameter.most:
        text = f"应在 {parameter.least} 到 {parameter.most:,} {parameter.unit}之间，现填 {plain(value)}。"
    else:
        return
    raise NotAParameter(f"{parameter.name}：{text}", {"value": [text]})


# --- rulings ----------------------------------------------------------------------------------------------------


@refusable("question.rule")
def rule(*, by: User, on: date, question: OpenQuestion, reading: str, reason: str) -> Ruling:
    """Record which reading of an open question holds from now on. It changes what is shown, never what was posted.

    Raises NotAllowed, UnknownReading or ReasonMissing.
    """
    if not may_rule(by):
        raise NotAllowed("只有领导可以对待定问题作出裁定。")
    if reading not in {r["code"] for r in question.readings}:
        raise UnknownReading("请选择一种读法。", {"reading": ["请选择一种读法。"]})
    need_reason(reason, "请写明裁定的依据。")
    ruling = Ruling.objects.create(
        question=question, reading=reading, reason=reason.strip()[:500], ruled_by=by
    )
    record(
        verb="question.ruled",
        by=by,
        target=f"ledger.openquestion:{question.pk}",
        summary=f"裁定 {question.code} {question.title}：{question.label_of(reading)}",
        details={"reading": reading},
    )
    return ruling


# --- lines ------------------------------------------------------------------------------------------------------


@refusable("line.open")
def open_subline(
    *, by: User, on: date, parent: BudgetLine, code: str, name: str, place: str = ""
) -> BudgetLine:
    """Open a sub-project below a line; its money comes by a 安排 entry from the parent's 已安排 (DESIGN §1).

    Raises NotAllowed; ClosedLine is the posting's concern.
    """
    _need_bureau(by)
    return fixing.open_line(by=by, parent=parent, code=code, name=name, place=place)


@refusable("line.close")
def close_line(*, by: User, on: date, line: BudgetLine, reason: str) -> BudgetLine:
    """Close a line and its sub-lines: no new forward moves; refunds, claw-backs and reversals still pass.

    Raises NotAllowed, ReasonMissing, FixedByRow, or AccountsInUse listing the undecided entries.
    """
    return _end_line(by, line, BudgetLine.State.CLOSED, reason)


@refusable("line.cancel")
def cancel_line(*, by: User, on: date, line: BudgetLine, reason: str) -> BudgetLine:
    """Cancel a line: as close_line, and no money may be left below 已安排, which goes back by 收回 and 调整 first.

    Raises also MoneyLeft with the amounts that must be taken back.
    """
    return _end_line(by, line, BudgetLine.State.CANCELLED, reason)


@refusable("account.limit")
def limit_account(*, by: User, on: date, account: Account, maximum: int | None, reason: str) -> Account:
    """Set or lift an account's maximum (a contract's amount, an audited figure), in the account's unit.

    Raises NotAllowed, ReasonMissing, FixedByRow, or BelowBalance with balance and held amount and the entries that hold it.
    """
    share_books()
    _need_bureau(by)
    need_reason(reason)
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    fixing.refuse_by_hand(account=account)
    fixing.refuse_below(account, maximum)
    fixing.set_maximum(account, maximum, by=by, reason=reason)
    return account


def _end_line(by: User, line: BudgetLine, state: BudgetLine.State, reason: str) -> BudgetLine:
    share_books()
    _need_bureau(by)
    need_reason(reason)
    lines = [line, *line.children.order_by("position")]
    for one in lines:
        fixing.refuse_by_hand(line=one)
    rows = Account.objects.select_for_update(no_key=True).filter(line__in=lines).order_by("pk")
    fixing.refuse_end(line, state, list(rows))
    fixing.set_state(lines, state, by=by, reason=reason)
    return line


# --- filings and drafts -----------------------------------------------------------------------------------------


@refusable("filing.nil")
def declare_nil(*, by: User, on: date, filing: Filing) -> Filing:
    """Say 本期无 for a filing of one's unit: an explicit statement, not a missing one (DOMAIN §7 零报告).

    Raises NotAllowed or NothingToDeclare. A later submission takes it back.
    """
    share_books()
    filing = (
        Filing.objects.unscoped("按主键加锁，随后核对单位")
        .select_for_update(of=("self",), no_key=True)
        .select_related("organization", "period")
        .get(pk=filing.pk)
    )
    if not may_file(by) or by.organization_id != filing.organization_id:
        raise NotAllowed(f"只有{filing.organization}可以申报本期无。")
    live = Entry.objects.unscoped("核对本单位本期是否已有记录").filter(filing=filing)
    count = live.exclude(state__in=Entry.GONE).count()
    if count:
        raise NothingToDeclare(f"{filing.period.label}已有 {count} 条记录，不能申报本期无。")
    if filing.nil_at is not None:
        raise NothingToDeclare("本期无已经申报过。")
    filing.nil_by, filing.nil_at = by, moment(on)
    filing.save(update_fields=["nil_by", "nil_at"])
    record(
        verb="filing.nil",
        by=by,
        target=f"ledger.filing:{filing.pk}",
        summary=f"{filing.organization}申报{filing.period.label}本期无",
    )
    return filing


@transaction.atomic
def hand_over_drafts(*, by: User, on: date, leaver: User, successor: User) -> int:
    """Give a leaver's drafts to a colleague of the same unit; returns how many. Drafts stay encrypted.

    Raises NotAllowed if the units differ or `by` is neither the leaver's 单位负责人 nor an administrator.
    """
    if leaver.organization_id != successor.organization_id or not may_file(successor):
        raise NotAllowed("草稿只能移交给同一单位、仍在用的填报人员。")
    if by.is_business and (by.role != "head" or by.organization_id != leaver.organization_id):
        raise NotAllowed("只有本单位负责人或系统管理员可以移交草稿。")
    count = Draft.objects.filter(owner=leaver).update(owner=successor, updated_at=timezone.now())
    record(
        verb="drafts.handed_over",
        by=by,
        target=f"directory.user:{leaver.pk}",
        summary=f"移交 {count} 份草稿给{successor}",
        details={"successor": successor.pk},
    )
    return count


def _need_bureau(by: User) -> None:
    if not may_review(by):
        raise NotAllowed("只有区乡村振兴局的审核员可以办理。")
