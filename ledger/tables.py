"""Tables that registers offer to reports alike: what a counting rule gives, unit by unit."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import figures
from ledger.models import Period, Plan
from ledger.registers import ReportTable
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
