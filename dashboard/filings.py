"""x/y 单位已报: who filed what for a quarter, unit × register, and the entries of one filing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.urls import reverse

from dashboard.behind import EntryRow, entry_rows
from dashboard.figures import Choice
from directory.models import User
from ledger import figures
from ledger.filings import FilingState, states_of
from ledger.models import Entry, Filing, Period
from ledger.scope import scope_of

PER_PAGE = 50

STATE_CLASS = {"not_filed": "idle", "nil": "ok", "returned": "warn", "submitted": "wait", "approved": "ok"}


@dataclass(frozen=True)
class FilingCell:
    """A filing in the table: its state as a word, what it holds, whether it came in time."""

    register: str
    label: str
    state_class: str
    note: str
    url: str


@dataclass(frozen=True)
class UnitFilings:
    name: str
    is_done: bool
    cells: list[FilingCell | None]  # one a register, None where nothing is owed


@dataclass
class FilingsPage:
    period: Period | None
    choices: list[Choice]
    filed: int
    owing: int
    registers: list[str]
    rows: list[UnitFilings]
    overdue: int


def filings_page(*, user: User, period: Period | None, periods: Sequence[Period], today: date) -> FilingsPage:
    """Every filing of a quarter that `user` may see, units down, registers across; those not filed come first."""
    choices = [
        Choice(p.code, p.label, p == period) for p in periods[::-1] if p.starts_on <= today or p == period
    ]
    if period is None:
        return FilingsPage(None, choices, 0, 0, [], [], 0)
    found = states_of(
        Filing.objects.for_user(user)
        .filter(period=period)
        .select_related("organization", "period")
        .order_by("organization__code", "register"),
        today,
    )
    registers = list(dict.fromkeys(state.filing.register for state in found))
    names = {state.filing.register: state.register_name for state in found}
    by_unit: dict[int, dict[str, FilingState]] = {}
    for state in found:
        by_unit.setdefault(state.filing.organization_id, {})[state.filing.register] = state
    rows = []
    for owed in by_unit.values():
        cells = [_cell(owed[code]) if code in owed else None for code in registers]
        unit = str(next(iter(owed.values())).filing.organization)
        rows.append(UnitFilings(unit, all(state.is_filed for state in owed.values()), cells))
    filed, owing = figures.reported(period, scope=scope_of(user))
    return FilingsPage(
        period=period,
        choices=choices,
        filed=filed,
        owing=owing,
        registers=[names[code] for code in registers],
        rows=sorted(rows, key=lambda row: row.is_done),
        overdue=sum(state.is_overdue for state in found),
    )


def _cell(state: FilingState) -> FilingCell:
    counts = (("待审核", state.submitted), ("退回", state.returned), ("通过", state.approved))
    note = "，".join(f"{word} {count} 条" for word, count in counts if count)
    if state.is_filed and state.is_on_time is not None:
        note = "；".join(filter(None, [note, "按时" if state.is_on_time else "迟报"]))
    return FilingCell(
        register=state.register_name,
        label="逾期未报" if state.is_overdue else state.label,
        state_class="bad" if state.is_overdue else STATE_CLASS[state.code],
        note=note or f"期限 {state.filing.due_on:%Y-%m-%d}",
        url=reverse("dashboard:filing", args=[state.filing.pk]),
    )


@dataclass
class FilingPage:
    """One filing with its entries."""

    filing: Filing
    cell: FilingCell
    rows: list[EntryRow]
    page: Page[Entry]
    count: int


def filing_page(*, user: User, filing: Filing, today: date, number: str) -> FilingPage:
    """A filing (with organization and period loaded) and its entries that `user` may see, the latest first."""
    (state,) = states_of([filing], today)
    entries = Entry.objects.for_user(user, few=True).filter(filing=filing)
    entries = entries.select_related("filed_for").order_by("-pk")
    paginator = Paginator(entries, PER_PAGE)
    page = paginator.get_page(number)
    return FilingPage(filing, _cell(state), entry_rows(page.object_list), page, paginator.count)
