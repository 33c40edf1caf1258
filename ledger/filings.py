"""Filings (报送): what each unit owes of each register for each quarter, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from directory.models import Organization
from ledger.models import Assignment, Entry, Filing, Period, Subject
from ledger.periods import reporting_period
from ledger.registers import Parameter, name_of

# When a unit is reminded of what it owes (DOMAIN §7 Rhythm: T-5, T-1, T+1), in calendar days.
REMIND_FIRST = Parameter(
    "remind_first_days", "首次提醒：到期前", 5, "天", "从这一天起列在填报单位的“我的工作”里", most=60
)
REMIND_AGAIN = Parameter(
    "remind_again_days", "再次提醒：到期前", 1, "天", "从这一天起标为急件，直到报送", most=60
)
REMIND_LATE = Parameter(
    "remind_late_days", "逾期提醒：到期后", 1, "天", "满这么多天还没报的，列入逾期名单", least=1, most=60
)

_WHY = "报送按单位汇总，只返回传入的报送行"


def filing_of(register: str, organization: Organization, occurred_on: date) -> Filing:
    """The filing under which something of `occurred_on` is reported, made if nobody owed it."""
    period = reporting_period(occurred_on)
    filing, _ = Filing.objects.unscoped("提交时归入本单位的报送").get_or_create(
        register=register, organization=organization, period=period, defaults={"due_on": period.due_on}
    )
    return filing


def ensure_filings(period: Period) -> None:
    """Make the filings which the assignments of duty owe for a quarter. Safe to repeat."""
    owed = Assignment.objects.filter(duty=Assignment.Duty.FILES)
    Filing.objects.unscoped("按分工生成应报送清单").bulk_create(
        [
            Filing(
                register=a.register, organization_id=a.organization_id, period=period, due_on=period.due_on
            )
            for a in owed
        ],
        ignore_conflicts=True,
    )


def reschedule(period: Period) -> None:
    """Give the quarter's filings its due date, after the bureau moved it."""
    Filing.objects.unscoped("季度期限改变时更新全部报送").filter(period=period).update(due_on=period.due_on)


def note_submission(entry: Entry) -> None:
    """Record the first submission of the entry's filing (on-time counts from it, returns do not reset it) and take
    back a 本期无."""
    note_submissions([entry.filing_id], entry.submitted_at)


def note_submissions(filing_ids: Iterable[int], at: datetime) -> None:
    """As note_submission, of entries submitted together."""
    rows = Filing.objects.unscoped("提交时更新本单位的报送").filter(pk__in=list(filing_ids))
    rows.filter(first_submitted_at__isnull=True).update(first_submitted_at=at)
    rows.filter(nil_at__isnull=False).update(nil_at=None, nil_by=None)


@dataclass(frozen=True)
class FilingState:
    """A filing as a page shows it: `code` is not_filed / nil / returned / submitted / approved, the words beside it."""

    filing: Filing
    register_name: str
    code: str
    label: str
    submitted: int
    returned: int
    approved: int
    is_overdue: bool
    is_on_time: bool | None

    @property
    def is_filed(self) -> bool:
        """Whether the unit has done its part: something was submitted or 本期无 was said."""
        return self.code in ("nil", "submitted", "approved", "returned")


def to_mend() -> Q:
    """Entries that somebody has to mend: returned, and not filed anew by the same unit since, as when a corrected workbook
    brought the same again; nor of something that by now stands or waits otherwise, where nothing new can be filed of it."""
    anew = (
        Entry.objects.unscoped("同一事项退回以后是否已重新填报，只回答是否")
        .filter(
            subject=OuterRef("subject"),
            filed_for=OuterRef("filed_for"),
            kind=OuterRef("kind"),
            pk__gt=OuterRef("pk"),
        )
        .exclude(state__in=Entry.GONE)
    )
    live = Q(in_force__isnull=False) | Q(undecided__isnull=False)
    taken = Q(Exists(Subject.objects.filter(live, pk=OuterRef("subject"))), kind=Entry.Kind.NEW)
    # the subject is not joined: of all entries of a filing only the few returned are looked at more closely
    return Q(state=Entry.State.RETURNED) & ~Exists(anew) & ~taken


LABELS = {
    "not_filed": "未报",
    "nil": "本期无",
    "returned": "有退回",
    "submitted": "审核中",
    "approved": "已通过",
}


def states_of(filings: Iterable[Filing], today: date) -> list[FilingState]:
    """The state of each filing on `today`, in one query more than the filings took."""
    rows = list(filings)
    counts: dict[int, Mapping[str, Any]] = {
        row["filing_id"]: row
        for row in Entry.objects.unscoped(_WHY)
        .filter(filing__in=[f.pk for f in rows])
        .order_by()
        .values("filing_id")
        .annotate(
            submitted=Count("pk", filter=Q(state=Entry.State.SUBMITTED)),
            returned=Count("pk", filter=Q(state=Entry.State.RETURNED)),
            to_mend=Count("pk", filter=to_mend()),
            approved=Count("pk", filter=Q(state=Entry.State.APPROVED)),
        )
    }
    empty = {"submitted": 0, "returned": 0, "to_mend": 0, "approved": 0}
    return [_state(filing, counts.get(filing.pk, empty), today) for filing in rows]


def _state(filing: Filing, count: Mapping[str, Any], today: date) -> FilingState:
    # what was filed anew elsewhere was filed all the same
    returned = count["to_mend"] or (not count["submitted"] and not count["approved"] and count["returned"])
    if returned:
        code = "returned"
    elif count["submitted"]:
        code = "submitted"
    elif count["approved"]:
        code = "approved"
    else:
        code = "nil" if filing.nil_at else "not_filed"
    first = filing.first_submitted_at or filing.nil_at
    return FilingState(
        filing=filing,
        register_name=name_of(filing.register),
        code=code,
        label=LABELS[code],
        submitted=count["submitted"],
        returned=int(returned),
        approved=count["approved"],
        is_overdue=code == "not_filed" and today > filing.due_on,
        is_on_time=None if first is None else timezone.localdate(first) <= filing.due_on,
    )


@dataclass(frozen=True)
class Reminder:
    """What a unit is told of a quarter that it has not filed: `code` is first, again or late; the registers it owes."""

    code: str
    organization: Organization
    period: Period
    due_on: date
    days: int  # until it is due; negative once it is late
    owed: tuple[FilingState, ...]

    @property
    def text(self) -> str:
        """When it is due, in words."""
        if self.days < 0:
            return f"已逾期 {-self.days:,} 天（期限 {self.due_on}）"
        when = {0: "今天", 1: "明天"}.get(self.days, f"还有 {self.days} 天")
        return f"{when}到期（{self.due_on}）"


def reminders(states: Iterable[FilingState], today: date) -> list[Reminder]:
    """Whom to remind of what on `today`: one reminder a unit, quarter and due date, the latest first.

    From REMIND_FIRST days before the due date, more urgent from REMIND_AGAIN, late REMIND_LATE days after it, until
    something was filed or 本期无 was said (DOMAIN §7). The filings come with organization and period loaded.
    """
    first, again, late = REMIND_FIRST.value(), REMIND_AGAIN.value(), REMIND_LATE.value()
    owing: dict[tuple[int, int, date], list[FilingState]] = {}
    for state in states:
        filing = state.filing
        if state.code == "not_filed" and (filing.due_on - today).days <= max(first, again):
            owing.setdefault((filing.organization_id, filing.period_id, filing.due_on), []).append(state)
    found = []
    for (_, _, due_on), owed in owing.items():
        days = (due_on - today).days
        code = "late" if -days >= late else "again" if days <= again else "first"
        filing = owed[0].filing
        found.append(Reminder(code, filing.organization, filing.period, due_on, days, tuple(owed)))
    return sorted(found, key=lambda one: (one.days, one.organization.code))
