"""Quarters: which exist, which is open, and the lookup by date (DOMAIN §7 Rhythm; DESIGN §1 Period)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from ledger.models import Entry, Period
from ledger.registers import Parameter
from ledger.sql import Prepared

# Defaults of DOMAIN §7, days after the quarter's end: submit by the 5th, reviewed by the 8th, report by the 10th.
_NEW = "只用于以后新建的季度；已有季度的日期在“季度期限”里改"
DUE_DAYS = Parameter("period_due_days", "报送期限：季末后", 5, "天", _NEW, least=1, most=90)
REVIEW_DAYS = Parameter("period_review_days", "审核期限：季末后", 8, "天", _NEW, least=1, most=90)
REPORT_DAYS = Parameter("period_report_days", "季报期限：季末后", 10, "天", _NEW, least=1, most=90)


def code_of(day: date) -> str:
    """ "2022Q2" for any day of April to June 2022."""
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def bounds(day: date) -> tuple[date, date]:
    """The first and the last day of the quarter of `day`."""
    starts_on = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    following = date(starts_on.year + starts_on.month // 10, (starts_on.month + 3 - 1) % 12 + 1, 1)
    return starts_on, following - timedelta(days=1)


def ensure_quarter(day: date) -> Period:
    """The quarter of `day`, made with the default dates if it does not exist."""
    starts_on, ends_on = bounds(day)
    period, _ = Period.objects.get_or_create(
        code=code_of(day),
        defaults={
            "starts_on": starts_on,
            "ends_on": ends_on,
            "as_of": ends_on,
            "due_on": ends_on + timedelta(days=DUE_DAYS.value()),
            "review_due_on": ends_on + timedelta(days=REVIEW_DAYS.value()),
            "report_due_on": ends_on + timedelta(days=REPORT_DAYS.value()),
        },
    )
    return period


def ensure_year(year: int) -> list[Period]:
    """The four quarters of a year."""
    return [ensure_quarter(date(year, month, 1)) for month in (1, 4, 7, 10)]


open_periods: Prepared[Period] = Prepared(
    lambda: Period.objects.filter(is_closed=False).order_by("starts_on")
)

# of those that do not end before an entry's day, the earliest
first_open: Prepared[Period] = Prepared(
    lambda entry: Period.objects.filter(
        is_closed=False,
        ends_on__gte=Entry.objects.unscoped("其所属季度").filter(pk=entry).values("occurred_on"),
    ).order_by("starts_on")[:1]
)


def open_quarters(occurred_on: date, is_open: Sequence[Period]) -> tuple[Period, list[Period]]:
    """The quarter of `occurred_on`, and those of the open ones that are it or later, in order."""
    code = code_of(occurred_on)
    own = next((period for period in is_open if period.code == code), None) or ensure_quarter(occurred_on)
    later = [period for period in is_open if period.starts_on > own.starts_on]
    return own, later if own.is_closed else [own, *later]


def earliest_open() -> Period | None:
    """The earliest quarter not yet closed, or None."""
    return Period.objects.filter(is_closed=False).order_by("starts_on").first()


def earliest_open_code() -> str:
    """Its code, "" if none: the period stamped on audit events that belong to no posting."""
    period = earliest_open()
    return period.code if period else ""


def reporting_period(occurred_on: date) -> Period:
    """The quarter under which something of `occurred_on` is filed: its own if open, else the earliest open one."""
    own = ensure_quarter(occurred_on)
    if not own.is_closed:
        return own
    return earliest_open() or own
