"""Rows that come back: an export carries every entry's 记录号, and what came back as it went out says nothing new.

A cell that was masked or withheld in the export stays what it is when it comes back unchanged; changed it is an error,
for whoever typed in it saw only part of what they replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from directory.models import Organization
from directory.names import plain
from ledger import batches
from ledger.batches import Filed
from ledger.models import Entry
from ledger.parsing import Raw
from ledger.registers import Column, Register, name_of
from workbooks.problems import Findings
from workbooks.reading import address
from workbooks.sheets import NUMBER, Table, text_of
from workbooks.writing import Content, content

_AMOUNT = re.compile(r"-?[\d,]+(\.\d+)?")
_PLACE = tuple[str, int]  # sheet, row
Numbers = dict[int, _PLACE]  # which row of a file was the first with a 记录号


@dataclass(frozen=True)
class Returned:
    """The filed row a row of the file is, and its cells as an export shows them, by column; `withheld` are those that
    do not show the value itself."""

    entry: Entry
    row: Any
    cells: Mapping[str, Content]
    withheld: frozenset[str]

    @property
    def number_and_state(self) -> str:
        """ "12 号记录已退回"."""
        state = "已更正、红冲或有了后续" if self.entry.state == Entry.State.APPROVED else "已不在审核中"
        if self.entry.state == Entry.State.RETURNED:
            state = "已退回"
        return f"{self.entry.pk} 号记录{state}"


def returned(
    register: Register,
    tables: Sequence[Table],
    organization: Organization,
    first: Numbers,
    findings: Findings,
) -> dict[_PLACE, Returned | None]:
    """(sheet, row) → what the row with a 记录号 is; None if its number is wrong, which `findings` then say. Rows without
    a number are not in it. `first`: the numbers of the pieces of the file before, to which these are added."""
    places: dict[_PLACE, int | None] = {}
    for table in tables:
        for row, cells in table.rows:
            if (text := _number_text(table, cells)) == "":
                continue
            where = table.sheet, row
            number = int(text[:-1]) if re.fullmatch(r"\d{1,15}号", text) else None
            twice = number is not None and number in first
            places[where] = None if twice else number
            if number is None:
                _wrong(table, row, text, "记录号是系统编的数字，请恢复原样；新的一行不写记录号。", findings)
            elif twice:
                sheet, other = first[number]
                message = f"与“{sheet}”第 {other} 行的记录号相同，一条记录只留一行；新的一行不写记录号。"
                _wrong(table, row, text, message, findings)
            else:
                first[number] = where
    filed = batches.numbered(numbers=[n for n in places.values() if n is not None], organization=organization)
    found: dict[_PLACE, Returned | None] = {}
    for table in tables:
        for row, cells in table.rows:
            where = table.sheet, row
            if where not in places:
                continue
            number = places[where]
            one = filed.get(number) if number is not None else None
            if number is not None and (message := _why_not(register, organization, number, one)):
                _wrong(table, row, _number_text(table, cells), message, findings)
                one = None
            found[where] = _as_exported(register, one) if one is not None else None
    return found


def is_as_exported(cell: Any, exported: Content) -> bool:
    """Whether a cell still holds what the export wrote; a number or date may have become a text on the way."""
    text = text_of(cell).strip()
    if isinstance(exported, str):
        return text == exported.strip()
    if isinstance(exported, date):
        return text[:10] == exported.isoformat()
    if not _AMOUNT.fullmatch(text) and not isinstance(cell, int | float):
        return False
    return round(Decimal(text.replace(",", "")), 6) == exported


def raw_of(column: Column, exported: Content) -> Raw:
    """What the export wrote, as the parser takes it."""
    if isinstance(exported, date):
        return Raw(exported.isoformat(), is_date=True)
    if isinstance(exported, str):
        return Raw(exported, unit="元" if column.kind == "money" else "")
    return Raw(format(exported, "f"), Decimal(exported), unit="元" if column.kind == "money" else "")


def _number_text(table: Table, cells: Sequence[Any]) -> str:
    """What stands in the 记录号 as "12号", "" if nothing."""
    if table.number_at is None or table.number_at >= len(cells):
        return ""
    text = plain(text_of(cells[table.number_at])).removesuffix("号").removesuffix(".0")
    return f"{text}号" if text else ""


def _why_not(register: Register, organization: Organization, number: int, filed: Filed | None) -> str:
    if filed is None:
        return f"{organization}没有 {number} 号记录：只能导入本单位填报的记录，请核对；新的一行不写记录号。"
    if filed.entry.register != register.code:
        return f"{number} 号是“{name_of(filed.entry.register)}”的记录，不是“{register.name}”的，请核对。"
    return ""


def _wrong(table: Table, row: int, text: str, message: str, findings: Findings) -> None:
    assert table.number_at is not None
    where = address(row, table.number_at + 1)
    findings.error(table.sheet, where, NUMBER, message, column=NUMBER, value=text.removesuffix("号"))


def _as_exported(register: Register, filed: Filed) -> Returned:
    shown, known = register.values(filed.row, published=True), register.values(filed.row)
    cells = {c.name: content(c, filed.row, shown[c.name]) for c in register.columns}
    withheld = frozenset(
        c.name for c in register.columns if shown[c.name] and (c.personal or shown[c.name] != known[c.name])
    )
    return Returned(filed.entry, filed.row, cells, withheld)
