"""What may be wrong with a fund flow: small functions, each giving every message at its field; all are asked at once.

Money itself is not checked here: whether a unit has the amount is the ledger's answer (posting.py), under lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from directory.models import Organization, User
from funds.events import ANYWHERE, RULES, files_for_others, may_file_event
from funds.models import AdjustLevel, Event, FundFlow
from ledger import figures
from ledger.documents import looks_like_document_no
from ledger.models import BudgetLine, Entry
from ledger.scope import Scope

Problem = tuple[str, str]  # field, message

FOREIGN = ("plan", "line", "unit", "other_line", "other_unit")
PAYMENTS = (Event.SPEND, Event.DIRECT_PAY)
OLD = timedelta(days=366)  # twelve months


def label(name: str, event: str) -> str:
    """What the field is called on the form of this event."""
    if name == "voucher_no" and event == Event.CLAIM:
        return "报账单号"
    if name == "note" and event in (Event.RECALL, Event.ADJUST):
        return "原因"
    if name == "line" and event == Event.ADJUST:
        return "调出项目"
    if name == "unit" and event == Event.ADJUST:
        return "调出单位"
    return str(FundFlow._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def errors(row: FundFlow, by: User, on: date) -> dict[str, list[str]]:
    """Field → messages of an unsaved row which `by` files on `on`; {} if nothing is wrong. Tidies the row first.

    `row.entry`, where set, is the entry the row replaces (resubmission, correction).
    """
    row.tidy()
    if row.event not in RULES:
        return {"event": ["请选择事件。"]}
    found: dict[str, list[str]] = {}
    for check in CHECKS:
        for name, message in check(row, by, on):
            found.setdefault(name, []).append(message)
    return found


def _filled(row: FundFlow, name: str) -> bool:
    return getattr(row, f"{name}_id" if name in FOREIGN else name) not in (None, "")


def needed(row: FundFlow) -> tuple[str, ...]:
    """The fields this row must have, beside event, amount and date."""
    units = ("unit", "other_unit") if row.adjust_level == AdjustLevel.QUOTA else ()
    return RULES[row.event].required + (units if row.event == Event.ADJUST else ())


def _possible(row: FundFlow) -> set[str]:
    rule = RULES[row.event]
    names = {*ANYWHERE, "plan", *rule.required, *rule.optional}
    return names - {"unit", "other_unit"} if row.adjust_level == AdjustLevel.PLAN else names


def _required_fields(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    for name in needed(row):
        if not _filled(row, name):
            verb = "选择" if name in (*FOREIGN, "adjust_level", "recall_from") else "填写"
            yield name, f"{row.get_event_display()}须{verb}{label(name, row.event)}。"


def _no_other_fields(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    possible = _possible(row)
    for field in FundFlow._meta.concrete_fields:
        name = field.name
        if name in ("id", "entry", "version") or name in possible or not _filled(row, name):
            continue
        yield name, f"{row.get_event_display()}不填{label(name, row.event)}，请清空；若事件选错，请改选事件。"


def _amount_is_positive(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    if not _filled(row, "amount"):
        yield "amount", "请填写金额。"
    elif row.amount <= 0:
        yield "amount", "金额必须大于 0；要冲销已通过的记录，请在该记录上点“红冲”。"


def _date_is_possible(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    if not _filled(row, "occurred_on"):
        yield "occurred_on", "请填写发生日期。"
    elif row.occurred_on > on:
        yield "occurred_on", f"发生日期 {row.occurred_on} 晚于今天（{on}），请核对。"
    elif row.plan_id is not None and row.occurred_on.year < row.plan.year - 1:
        yield (
            "occurred_on",
            f"发生日期 {row.occurred_on} 早于{row.plan.year - 1}年，不会属于{row.plan.year}年方案，请核对。",
        )


def _lines_are_open(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    for name, line in (("line", row.line), ("other_line", row.other_line)):
        forward = RULES[row.event].forward if name == "line" else True
        if line is not None and forward and line.state != BudgetLine.State.OPEN:
            yield (
                name,
                f"“{line.name}”{line.get_state_display()}，不能再办理{row.get_event_display()}；"
                "退款、收回和调出仍可办理。",
            )


def _adjustment_changes_something(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    if row.event != Event.ADJUST or row.line is None or row.other_line is None:
        return
    if row.line.plan_id != row.other_line.plan_id:
        yield "other_line", "只能在同一方案的项目之间调整。"
    if row.line == row.other_line:
        if row.adjust_level == AdjustLevel.PLAN:
            yield "other_line", "调入项目与调出项目相同，请另选一个项目。"
        elif row.unit is not None and row.unit == row.other_unit:
            yield "other_unit", "调入与调出的项目和单位都相同，请至少改选其中一个。"


def _units_can_hold_money(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    for name, unit in (("unit", row.unit), ("other_unit", row.other_unit)):
        if unit is None:
            continue
        if unit.side != Organization.Side.SHANTING:
            yield name, f"{unit}是荣成方单位，协作资金只下达给山亭的单位。"
        elif not unit.active:
            yield name, f"{unit}已停用，请改选现在的单位。"


def _user_may_file_it(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    if not may_file_event(by, row.event):
        who = "、".join(kind.label for kind in Organization.Kind if kind in RULES[row.event].filed_by)
        yield "event", f"{row.get_event_display()}由{who}填报，{by.organization or '您的账号'}不能填报。"
    elif row.unit is not None and row.unit_id != by.organization_id and not files_for_others(by):
        yield "unit", f"您只能填报本单位（{by.organization}）的{row.get_event_display()}。"
    elif (
        row.event == Event.ADJUST
        and row.adjust_level == AdjustLevel.PLAN
        and not by.is_system
        and (by.organization is None or by.organization.kind != Organization.Kind.BUREAU)
    ):
        yield "adjust_level", "计划层级的调整由区乡村振兴局填报；您可以填报指标层级的调整。"


def _texts_are_short(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    for field in FundFlow._meta.concrete_fields:
        if isinstance(field, models.CharField) and field.max_length and not field.choices:
            length = len(getattr(row, field.name) or "")
            if length > field.max_length:
                yield (
                    field.name,
                    f"{label(field.name, row.event)}最多 {field.max_length} 个字，现有 {length} 个，请精简。",
                )


def _choices_are_known(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    for name in ("adjust_level", "recall_from"):
        choices = FundFlow._meta.get_field(name).choices or ()  # type: ignore[union-attr]
        if getattr(row, name) and getattr(row, name) not in {str(choice[0]) for choice in choices}:
            yield name, f"{label(name, row.event)}不在可选范围内，请重新选择。"


def _voucher_is_new(row: FundFlow, by: User, on: date) -> Iterator[Problem]:
    """DOMAIN §2: the same 凭证号, amount and date twice is a duplicate, also on another line of the unit."""
    if row.event not in PAYMENTS or not (row.voucher_no and row.amount and row.occurred_on and row.unit_id):
        return
    twins = FundFlow.objects.filter(
        event__in=PAYMENTS,
        voucher_no=row.voucher_no,
        amount=row.amount,
        occurred_on=row.occurred_on,
        unit_id=row.unit_id,
        version=models.F("entry__version"),
    ).exclude(
        line_id=row.line_id, event=row.event
    )  # those are one Subject, which the ledger refuses by itself
    in_books = Q(entry__state=Entry.State.SUBMITTED) | Q(
        entry__state=Entry.State.APPROVED, entry__subject__in_force=models.F("entry")
    )
    for twin in twins.filter(in_books).exclude(entry_id=row.entry_id).select_related("entry", "line")[:3]:
        yield (
            "voucher_no",
            f"凭证号、金额和日期与 {twin.entry_id} 号记录相同（{twin.entry.summary}，"
            f"{twin.entry.get_state_display()}），疑为重复，请核对。",
        )


CHECKS: list[Callable[[FundFlow, User, date], Iterator[Problem]]] = [
    _required_fields,
    _no_other_fields,
    _amount_is_positive,
    _date_is_possible,
    _lines_are_open,
    _adjustment_changes_something,
    _units_can_hold_money,
    _user_may_file_it,
    _texts_are_short,
    _choices_are_known,
    _voucher_is_new,
]


# --- what is odd but allowed: the clerk and the reviewer are told -----------------------------------------------


def warnings(row: FundFlow) -> list[str]:
    """What looks unusual in a row, saved or not; nothing here refuses."""
    return [message for hint in HINTS if (message := hint(row))]


def read_totals(rows: Sequence[FundFlow]) -> None:
    """Give the rows that allocate the money of their plan, read once a plan; for Register.beside."""
    allocated = [row for row in rows if row.event == Event.ALLOCATE and row.plan_id is not None]
    for plan in {row.plan_id: row.plan for row in allocated}.values():
        total = figures.money(plan, scope=Scope(everything=True)).total
        for row in allocated:
            if row.plan_id == plan.pk:
                row.total = total


def _document_no_looks_odd(row: FundFlow) -> str:
    if not row.document_no or looks_like_document_no(row.document_no):
        return ""
    return (
        f"文件号“{row.document_no}”不像“机关代字〔年份〕序号号”的样子（例如 山财农指〔2022〕12号），请核对。"
    )


def _long_ago(row: FundFlow) -> str:
    # a filed row is judged by the day it was filed, or every entry would look old after a year
    filed = timezone.localdate(row.entry.submitted_at) if row.entry_id else timezone.localdate()
    if row.occurred_on is None or filed - row.occurred_on <= OLD:
        return ""
    return f"发生日期 {row.occurred_on} 距填报日（{filed}）超过 12 个月，请核对年份。"


def _allocated_before_received(row: FundFlow) -> str:
    """DOMAIN §2 soft rule ΣC > ΣB; asked only while the entry is undecided. Says no total: a unit may read it too."""
    undecided = not row.entry_id or row.entry.state != Entry.State.APPROVED
    if row.event != Event.ALLOCATE or not _filled(row, "amount") or not undecided:
        return ""
    total = row.total or figures.money(row.plan, scope=Scope(everything=True)).total
    if total.allocated + row.amount <= (total.received or 0):
        return ""
    return "通过后累计下达将超过已到位的资金，请确认资金是否已经到位。"


HINTS: list[Callable[[FundFlow], str]] = [
    _document_no_looks_odd,
    _long_ago,
    _allocated_before_received,
]
