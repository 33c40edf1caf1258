"""Tables that registers offer to reports alike: what a counting rule gives, unit by unit; rows in force, kind by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from ledger import figures
from ledger.models import EntryConcern, Period, Plan
from ledger.money import wan
from ledger.registers import Register, ReportTable, get_register
from ledger.scope import Scope


def by_unit(
    title: str,
    columns: Sequence[tuple[str, str]],
    unit: str,
    note: str,
    plan: Plan,
    scope: Scope,
    as_of: Period,
) -> list[ReportTable]:
    """One row a unit, 本季 and 累计 of every column (heading, counting rule), and a sum for those who see it."""
    known = {target.code for target in figures.targets(plan, scope=Scope(everything=True), as_of=as_of)}
    if not known.issuperset(code for _, code in columns):
        return []
    cells: dict[tuple[str, str], list[tuple[int, int]]] = {}
    totals: list[tuple[int, int]] = []
    for number, (_, code) in enumerate(columns):
        counts, overall = figures.counts_by_unit(plan, code, scope=scope, as_of=as_of)
        for count in counts:
            row = cells.setdefault((count.code, count.name), [(0, 0)] * len(columns))
            row[number] = count.quarter, count.total
        if overall is not None:
            totals.append((overall.quarter, overall.total))
    rows = [[name, *_texts(row)] for (_, name), row in sorted(cells.items())]
    if totals:
        rows.append(["合计", *_texts(totals)])
    headings = ["单位", *(f"{heading} {span}" for heading, _ in columns for span in ("本季", "累计"))]
    return [ReportTable(title, headings, rows, unit=unit, note=note, has_total=bool(totals))]


def _texts(pairs: Sequence[tuple[int, int]]) -> list[str]:
    return [f"{value:,}" for pair in pairs for value in pair]


@dataclass(frozen=True)
class Measure:
    """One column of a table by kind: what each row adds to it, in people, times or 分 (`is_money`: shown in 万元)."""

    heading: str
    of: Callable[[Any], int | None]
    is_money: bool = False

    def text(self, amount: int) -> str:
        return wan(amount) if self.is_money else f"{amount:,}"


def standing(code: str, plan: Plan, scope: Scope, as_of: Period) -> QuerySet[Any]:
    """The rows of a register in force that count in the plan, posted by the end of the quarter, as far as `scope` sees them."""
    register = get_register(code)
    model: Any = register.model
    rows: QuerySet[Any] = model.objects.filter(
        plan=plan,
        version=F("entry__version"),
        entry__state="approved",
        entry__subject__in_force=F("entry"),
        entry__posted_period__ends_on__lte=as_of.ends_on,
    ).exclude(entry__kind="reversal")
    return seen_by(scope, register, rows)


def seen_by(scope: Scope, register: Register, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of a register's rows that `scope` may see: concerning its units, or shared with it."""
    if scope.everything:
        return rows
    units = list(scope.organization_ids)
    concerned = EntryConcern.objects.filter(organization__in=units).values("entry_id")
    seen = Q(entry__in=concerned)
    shared = register.shared.with_partner if scope.partner else None
    return rows.filter(seen if shared is None else seen | shared)


def by_kind(
    title: str,
    heading: str,
    rows: Sequence[Any],
    kind: Callable[[Any], str],
    kinds: Sequence[str],
    measures: Sequence[Measure],
    *,
    since: Callable[[Any], date] | None = None,
    as_of: Period,
    unit: str = "",
    note: str = "",
) -> list[ReportTable]:
    """One line a kind, in the order of `kinds`, and a sum; nothing where there are no rows.

    `since`: the day by which a row is of this quarter; then every measure stands as 本季 and 累计, else as it is now.
    """
    spans = ("本季", "累计") if since is not None else ("",)
    sums: Mapping[str, list[int]] = defaultdict(lambda: [0] * (len(measures) * len(spans)))
    for row in rows:
        within = since is None or as_of.starts_on <= since(row) <= as_of.ends_on
        amounts = [
            amount if span != "本季" or within else 0
            for measure in measures
            for amount in [measure.of(row) or 0]
            for span in spans
        ]
        for name in (kind(row), "合计"):
            sums[name][:] = [old + new for old, new in zip(sums[name], amounts, strict=True)]
    if "合计" not in sums:
        return []
    shown = [measure for measure in measures for _ in spans]
    lines = [
        [name, *(one.text(amount) for one, amount in zip(shown, sums[name], strict=True))]
        for name in (*kinds, "合计")
        if name in sums
    ]
    headings = [heading, *(f"{one.heading} {span}".strip() for one in measures for span in spans)]
    return [ReportTable(title, headings, lines, unit=unit, note=note, has_total=True)]
