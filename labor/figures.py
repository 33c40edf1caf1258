"""What labor offers the first screen and the reports; dates and scope are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger import figures
from ledger.models import Period, Plan
from ledger.registers import Card, Figure, ReportTable
from ledger.scope import Scope

TRAINED = (
    ("参加培训", "trained_people"),
    ("培训人次", "training_attendances"),
    ("举办培训班", "training_courses"),
)


def cards(targets: Mapping[str, figures.Target]) -> Sequence[Card]:
    """技能培训: 人, 人次 and 场, approved and waiting. Nothing where the plan counts none of them."""
    shown = [
        Figure(label, target.approved, target.unit, target.held, code)
        for label, code in TRAINED
        if (target := targets.get(code))
    ]
    note = "一人参加两个班次，计 1 人、2 人次；没有花名册的班次只计估计人次。"
    return [Card("技能培训", shown, note)] if shown else []


def course_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """班次 by unit, 本季 and 累计; nothing where the plan counts none."""
    return _by_unit("培训班次", (("班次", "training_courses"),), "场", "", plan, scope, as_of)


def attendance_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """人次 and 人 by unit, 本季 and 累计."""
    columns = (("培训人次", "training_attendances"), ("培训人数", "trained_people"))
    note = (
        "人数一人只计一次，本季是本季新增的人；一人在两个单位参加的，两个单位各计一次，合计只计一次。"
        "没有花名册的班次只计估计人次。"
    )
    return _by_unit("培训人次和人数", columns, "人次、人", note, plan, scope, as_of)


def _by_unit(
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
