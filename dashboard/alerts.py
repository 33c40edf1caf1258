"""What is red, and why (DESIGN §8; DOMAIN §7, §8): money behind, filings overdue, entries left lying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.db.models import Exists, Func, IntegerField, Model, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from dashboard.as_of import AsOf
from directory.models import User
from ledger.filings import REMIND_LATE, to_mend
from ledger.models import Entry, Filing
from ledger.parameters import read_once
from ledger.registers import Notice, all_registers, name_of
from ledger.scope import Scope, scope_of
from ledger.sql import asked_again

if TYPE_CHECKING:
    from dashboard.figures import MoneyRow

M = TypeVar("M", bound=Model)

ON_FIRST_SCREEN = 5


@dataclass(frozen=True)
class Alert:
    """One thing to look at: whom or what it concerns, why, and where to go."""

    subject: str
    reason: str
    url: str


@dataclass(frozen=True)
class AlertGroup:
    """Alerts of one kind; `count` may exceed what is listed."""

    title: str
    state: str  # of the style sheet: bad, warn
    word: str
    count: int
    alerts: list[Alert]
    rule: str

    @property
    def more(self) -> int:
        return self.count - len(self.alerts)


@dataclass(frozen=True)
class Alerts:
    groups: list[AlertGroup]
    is_past: bool

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)


def alerts_for(
    *,
    user: User,
    rows: Sequence[MoneyRow],
    as_of: AsOf,
    limits: Mapping[str, Decimal],
    each: int = ON_FIRST_SCREEN,
) -> Alerts:
    """The alerts `user` may see, at most `each` of a kind, each with its full count.

    For a past quarter only the money is judged: what lies undecided is known for now, not for then.
    """
    red = [
        Alert(row.name if row.url else "协作资金合计", row.light.reason, row.url or row.amounts[-1].url)
        for row in rows
        if row.light.code == "red"
    ]
    groups = [AlertGroup("资金支出落后", "bad", "红", len(red), red, "支出率低于序时，超出预警阈值")]
    late = [
        Alert(row.name, row.standing.light.reason, row.standing.url)
        for top in rows
        for row in (top, *top.sublines)
        if row.standing is not None and row.standing.light.code == "red"
    ]
    groups.append(
        AlertGroup("项目红灯", "bad", "红", len(late), late[:each], "计划日期逾期、整改逾期或本期没有进度")
    )
    if as_of.period is None:
        groups += [
            _overdue(user, as_of.today, each),
            _returned(user, as_of.today, int(limits["return_days"]), each),
            _unreviewed(user, as_of.today, int(limits["review_days"]), each),
            *_offered(user, as_of.today, each),
        ]
    return Alerts([group for group in groups if group.count], as_of.period is not None)


def _offered(user: User, today: date, each: int) -> list[AlertGroup]:
    """What the registers themselves have to say (ledger/registers.py Notices)."""
    groups = []
    with read_once():
        for register in all_registers().values():
            for kind in register.notices(user, today, each) if register.notices else ():
                alerts = [Alert(one.subject, one.reason, _where(register.code, one)) for one in kind.found]
                state, word = ("bad", "红") if kind.is_bad else ("warn", "黄")
                groups.append(AlertGroup(kind.title, state, word, kind.count, alerts[:each], kind.rule))
    return groups


def _where(register: str, notice: Notice) -> str:
    if notice.entry_id is not None:
        return reverse("desk:entry", args=[notice.entry_id])
    return f"{reverse('desk:entries')}?register={register}"


def _overdue(user: User, today: date, each: int) -> AlertGroup:
    days = REMIND_LATE.value()
    found = _late_filings(scope_of(user), today - timedelta(days=days), each)
    alerts = [
        Alert(
            str(filing.organization),
            f"{filing.period.label}{name_of(filing.register)}应于 {filing.due_on:%Y-%m-%d} 前报送，"
            f"已逾期 {(today - filing.due_on).days} 天。",
            reverse("dashboard:filing", args=[filing.pk]),
        )
        for filing in found
    ]
    rule = f"过了报送期限 {days} 天，既没有提交也没有申报本期无"
    return AlertGroup("逾期未报", "bad", "红", _in_all(found), alerts, rule)


def _returned(user: User, today: date, days: int, each: int) -> AlertGroup:
    found = _since(scope_of(user), Entry.State.RETURNED, "decided_at", working_days_before(today, days), each)
    alerts = [
        _entry_alert(entry, f"{timezone.localdate(entry.decided_at):%Y-%m-%d} 退回，至今未改。")
        for entry in found
    ]
    rule = f"退回后超过 {days} 个工作日未重新提交（周一至周五计，未扣法定节假日）"
    return AlertGroup("退回未改", "bad", "红", _in_all(found), alerts, rule)


def _unreviewed(user: User, today: date, days: int, each: int) -> AlertGroup:
    found = _since(
        scope_of(user), Entry.State.SUBMITTED, "submitted_at", working_days_before(today, days), each
    )
    alerts = [
        _entry_alert(entry, f"{timezone.localdate(entry.submitted_at):%Y-%m-%d} 提交，至今未审。")
        for entry in found
    ]
    rule = f"提交后超过 {days} 个工作日未审核（周一至周五计，未扣法定节假日）"
    return AlertGroup("久未审核", "warn", "黄", _in_all(found), alerts, rule)


@asked_again
def _late_filings(scope: Scope, due_by: date, each: int) -> QuerySet[Filing]:
    live = (
        Entry.objects.for_scope(scope, few=True).filter(filing=OuterRef("pk")).exclude(state__in=Entry.GONE)
    )
    late = Filing.objects.for_scope(scope).filter(~Exists(live), due_on__lte=due_by, nil_at__isnull=True)
    late = late.select_related("organization", "period").order_by("due_on", "organization__code", "register")
    return _first(late, each)


@asked_again
def _since(scope: Scope, state: str, what: str, before: datetime, each: int) -> QuerySet[Entry]:
    """The entries that have been in a state since before a moment, the longest first; of those returned what is to mend."""
    in_state = to_mend() if state == Entry.State.RETURNED else Q(state=state)
    rows = Entry.objects.for_scope(scope, few=True).filter(in_state, **{f"{what}__lt": before})
    return _first(rows.select_related("filed_for").order_by(what, "pk"), each)


def _first(rows: QuerySet[M], each: int) -> QuerySet[M]:
    """The first rows, and in each how many there are in all (_in_all): one query. They are counted by themselves, so that
    the first are taken from an index; a window would read and sort all of them with all their columns."""
    in_all = (
        rows.order_by().annotate(of=Func("pk", function="COUNT", output_field=IntegerField())).values("of")
    )
    first: Any = rows.annotate(of=Subquery(in_all))[:each]
    return cast("QuerySet[M]", first)


def _in_all(found: Sequence[Any]) -> int:
    return found[0].of if found else 0


def _entry_alert(entry: Entry, reason: str) -> Alert:
    return Alert(f"{entry.filed_for} · {entry.summary}", reason, reverse("desk:entry", args=[entry.pk]))


def working_days_before(today: date, days: int) -> datetime:
    """The beginning of the day that lies `days` working days before `today`: what happened before it has waited
    longer. Saturdays and Sundays do not count; public holidays are not known here and do.
    """
    day = today
    while days > 0:
        day -= timedelta(days=1)
        days -= day.weekday() < 5
    return timezone.make_aware(datetime.combine(day, time.min))
