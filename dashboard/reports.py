"""季度报表: the tables that the registers offer, for one plan and one quarter, as a page and as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.as_of import AsOf, reported_quarter
from dashboard.figures import Choice, as_of_choices
from directory.models import User
from ledger.models import Period, Plan
from ledger.registers import ReportTable, all_registers
from ledger.scope import scope_of


@dataclass(frozen=True)
class Table:
    """One table with the place on the page it is linked to."""

    anchor: str
    register: str
    offered: ReportTable

    @property
    def rows(self) -> list[list[tuple[str, str]]]:
        """Each row as (heading, text)."""
        return [list(zip(self.offered.headings, row, strict=True)) for row in self.offered.rows]


@dataclass(frozen=True)
class ReportsPage:
    """Every table of a plan and a quarter that `user` may see; none without a quarter."""

    plan: Plan
    as_of: AsOf
    choices: list[Choice]
    plans: list[Choice]
    tables: list[Table]
    sees_all: bool
    unit: str


def reports_page(
    *, user: User, plan: Plan, plans: Sequence[Plan], periods: Sequence[Period], as_of: AsOf
) -> ReportsPage:
    """The tables of all registers, in the registers' order, for the quarter of `as_of`.

    Without one: the plan's year's latest quarter that has ended.
    """
    own = [period for period in periods if period.starts_on.year == plan.year]
    period = as_of.period or reported_quarter(own or periods, as_of)
    if period is not None:
        as_of = AsOf(period, period.as_of, as_of.today)
    scope = scope_of(user)
    tables = [
        Table(f"{register.code}-{number}", register.name, offered)
        for register in all_registers().values()
        if register.report_tables and period is not None
        for number, offered in enumerate(
            register.report_tables(plan, scope.for_register(register.code), period), 1
        )
    ]
    return ReportsPage(
        plan=plan,
        as_of=as_of,
        choices=[choice for choice in as_of_choices(periods, as_of) if choice.value],
        plans=[Choice(one.code, one.title, one.pk == plan.pk) for one in plans],
        tables=tables,
        sees_all=scope.everything,
        unit="" if scope.everything else str(user.organization or ""),
    )


def as_csv(page: ReportsPage) -> str:
    """All tables of the page below each other, each under its title, for Excel: with a byte order mark."""
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    write = csv.writer(text)
    head = [page.plan.title, f"截至 {page.as_of.label}", *([f"只含{page.unit}"] if page.unit else [])]
    write.writerow([_guarded(cell) for cell in head])
    for table in page.tables:
        offered = table.offered
        write.writerow([])
        write.writerow([_guarded(cell) for cell in (offered.title, offered.unit, offered.note) if cell])
        for row in (offered.headings, *offered.rows):
            write.writerow([_guarded(cell) for cell in row])
    return text.getvalue()


def _guarded(cell: str) -> str:
    """What Excel would take for a formula, with the ' in front that our own reader takes off again."""
    is_number = re.fullmatch(r"-?[\d,]+(\.\d+)?%?", cell)
    return cell if is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")) else f"'{cell}"
