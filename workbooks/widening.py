"""Sheets with one column a stage and cumulative figures: each is compared with the books, and the difference becomes a
row of the register at the very cell it stands in (DOMAIN §0.6, §4.1). What the books have already is nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from directory.models import User
from ledger.money import wan
from ledger.registers import Register, Stage, Wide
from workbooks.problems import Findings
from workbooks.sheets import Place, Table


@dataclass(frozen=True)
class Proposed:
    """What one cell says beyond the books: a row of the register to be made of the sheet's row `number`."""

    table: Table  # as the register reads it, with its columns where the sheet has them
    number: int
    values: Mapping[str, Any]


def proposed(
    register: Register,
    table: Table,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    by: User,
    until: date,
    findings: Findings,
) -> tuple[list[Proposed], int, list[int]]:
    """Of the rows (number, values) of a wide table: what to file, how many say nothing new, and which are wrong."""
    wide = register.wide
    assert wide is not None
    closed: dict[str, str] = {}
    found, same, wrong = [], 0, []
    standing = wide.standing([values for _, values in rows], by, until)
    for (number, values), stands in zip(rows, standing, strict=True):
        for name, message in wide.doubts(values):
            findings.warning(table.sheet, table.cell(number, name), "比率", message)
        new = bad = 0
        for stage in wide.stages:
            figure, has = values.get(stage.column), stands[stage.column]
            label = next(column.label for column in wide.columns if column.name == stage.column)
            if figure is None:
                continue
            if has is None:
                closed.setdefault(stage.column, label)
                continue
            where = table.cell(number, stage.column)
            if figure < has:
                message = (
                    f"累计{label}写的是 {wan(figure)} 万元，系统里（含待审）已有 {wan(has)} 万元。累计数不会变小，请核对；"
                    "确有退款、收回或调整的，请单独填报那一笔。"
                )
                findings.error(
                    table.sheet, where, "累计数", message, column=label, value=f"{wan(figure)} 万元"
                )
                bad += 1
            elif figure > has:
                new += 1
                said = f"累计{label} {wan(figure)} 万元，系统里（含待审）有 {wan(has)} 万元：差额 {wan(figure - has)} 万元"
                before = stands.get(stage.after)
                waits = before is not None and figure > before
                then = (
                    "超出前一环节已有的数，没有提出；待前一环节审核通过后，再上传一次本表。"
                    if waits
                    else "作为一笔新的业务提出，请核对。"
                )
                findings.warning(table.sheet, where, "累计数", f"{said}{then}", column=label)
                if not waits:
                    found.append(_row(register, wide, stage, table, number, figure - has))
        same += not new and not bad
        if bad:
            wrong.append(number)
    if closed:
        names = "、".join(closed.values())
        findings.warning(table.sheet, str(table.header_row), "累计数", f"{names}由别的单位填报，没有读取。")
    return found, same, wrong


def _row(register: Register, wide: Wide, stage: Stage, table: Table, number: int, amount: int) -> Proposed:
    own = replace(table, register=register, places=list(_places(register, wide, stage, table)))
    return Proposed(own, number, {**stage.values, wide.amount: amount})


def _places(register: Register, wide: Wide, stage: Stage, table: Table) -> Iterator[Place]:
    """The register's columns where this stage has them in the sheet."""
    have = {place.column.name: place for place in table.places}
    columns = {column.name: column for column in register.columns}
    yield replace(have[stage.column], column=columns[wide.amount])
    for name, sources in stage.takes.items():
        place = next((have[source] for source in sources if source in have), None)
        if place is not None:
            # called as the sheet calls it
            yield replace(place, column=replace(columns[name], label=place.column.label))
