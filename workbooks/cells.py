"""From a sheet's cell to a value, or to what is wrong with it at its place; and rows that an export gave out and that
came back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from directory.identity import mask_name, mask_phone
from directory.names import plain
from ledger import batches
from ledger.parsing import Known, ParseError, Raw, parse
from ledger.registers import Column, Made, Register
from workbooks.problems import Findings
from workbooks.returning import Returned, is_as_exported
from workbooks.returning import raw_of as exported_raw
from workbooks.sheets import Place, Table, text_of

MOST_READ = 1_000  # different cells of a column that are remembered with what they were read as
HIDDEN_VALUE = "（已隐去）"
LARGE_WAN, SMALL_YUAN = Decimal(100_000), Decimal(100)
# kind of a column → the short name of what is checked of it
_RULES = {
    "identity": "身份证号",
    "phone": "电话",
    "date": "日期",
    "dates": "日期",
    "month": "日期",
    "money": "金额",
    "integer": "整数",
    "percent": "百分数",
    "decimal": "数字",
    "choice": "选项",
    "yesno": "是否",
    "village": "镇村",
    "organization": "单位",
    "line": "项目",
    "subject": "关联记录",
    "person_name": "姓名",
}


@dataclass
class Row:
    """One row of data on its way: where it stands, its values, what became of it."""

    table: Table
    number: int
    cells: Sequence[Any]
    values: dict[str, Any]
    failed: set[str] = field(default_factory=set)
    made: Made | None = None
    bad: bool = False
    back: Returned | None = None  # what its 记录号 says it is
    is_as_exported: bool = False

    def cell(self, place: Place) -> Any:
        return place.read(self.cells)


def where(table: Table, number: int) -> str:
    """The row in words."""
    return f"“{table.sheet}”第 {number} 行"


def error_at(row: Row, name: str, message: str, findings: Findings, rule: str = "") -> None:
    """The row is wrong: told at the cell of its column, or else where one finds the row."""
    row.bad = True
    place = next((place for place in row.table.places if place.column.name == name), None)
    if place is None:
        findings.error(row.table.sheet, place_of(row.table, row.number), rule or "整行", message)
        return
    findings.error(
        row.table.sheet,
        row.table.cell(row.number, name),
        rule or _RULES.get(place.column.kind, "内容"),
        message,
        column=place.column.label,
        value=masked(row.table.register, place.column, text_of(row.cell(place))),
    )


def place_of(table: Table, number: int) -> str:
    """The cell by which a person finds the row: its identity number, else its first required column."""
    places = sorted(table.places, key=lambda p: (p.column.kind != "identity", not p.column.required, p.index))
    return table.cell(number, places[0].column.name)


def read_back(row: Row, back: Returned, known: Known, findings: Findings) -> None:
    """What is new in a row that an export gave out; the rest stays what it is, columns left out of the file too."""
    places = {place.column.name: place for place in row.table.places}
    new = {
        name: place for name, place in places.items() if not is_as_exported(row.cell(place), back.cells[name])
    }
    row.is_as_exported = not new
    if row.is_as_exported:
        return
    if not batches.stands(back.entry):
        last = back.entry.subject.undecided_id or back.entry.subject.in_force_id
        then = f"现在是 {last} 号，请重新导出后再改。" if last else "请在系统里打开这条记录，看该怎么办。"
        error_at(row, next(iter(new)), f"{back.number_and_state}，不能由导入修改；{then}", findings)
        return
    kept: set[str] = set()
    row.values |= {"replaces": back.row, "kept": kept}
    for column in row.table.register.columns:
        name = column.name
        if name in new and name in back.withheld:
            error_at(row, name, _why_withheld(back, name), findings)
            kept.add(name)  # so that nothing else is said of it
            row.failed.add(name)
        elif name in new:
            read_cell(row, new[name], known, findings)
        elif column.personal or name in back.withheld:
            kept.add(name)
        else:
            _take_back(row, column, back, known, findings)


def _why_withheld(back: Returned, name: str) -> str:
    shown = str(back.cells[name])
    before = f"成“{shown}”" if "*" in shown else "原样"
    return (
        f"这一格是个人信息，导出时没有给全，不能在表里改：请恢复{before}；"
        f"确需更改的，请在系统里打开 {back.entry.pk} 号记录办理。"
    )


def _take_back(row: Row, column: Column, back: Returned, known: Known, findings: Findings) -> None:
    """The value of a column that came back as it was."""
    try:
        if column.kind == "subject":
            subject_id = getattr(back.row, f"{column.name}_id")
            for one in known.referred(column.register):
                if one.entry.subject_id == subject_id:
                    row.values[column.name] = one.entry
                    return
        row.values[column.name] = parse(column, exported_raw(column, back.cells[column.name]), known)
    except ParseError as error:
        row.failed.add(column.name)
        error_at(row, column.name, str(error), findings)


def read_cell(row: Row, place: Place, known: Known, findings: Findings) -> None:
    """The value of a cell, or what is wrong with it, masked where it is personal."""
    column = place.column
    cell = row.cell(place)
    said = tuple(cell) if isinstance(cell, list) else cell
    read = known.read[column.name]
    if said in read:
        row.values[column.name] = read[said]
        return
    try:
        raw = raw_of(cell, place.unit)
        row.values[column.name] = parse(column, raw, known)
    except ParseError as error:
        row.failed.add(column.name)
        message = _unquoted(row.table.register, str(error), text_of(cell))
        error_at(row, column.name, message, findings, rule=_rule(cell, column))
        return
    if column.kind == "money" and raw.number is not None and _doubt_unit(row, place, raw.number, findings):
        return
    if len(read) < MOST_READ:
        read[said] = row.values[column.name]


def raw_of(cell: Any, unit: str = "") -> Raw:
    """A cell of child.py as the parser takes it. Raises ParseError for formulas without a value and error values."""
    if cell is None or isinstance(cell, str):
        return Raw(cell or "", unit=unit)
    code, value, number_format = "n", cell, ""
    if isinstance(cell, list):
        code, value, number_format = (
            cell[0],
            cell[1] if len(cell) > 1 else None,
            cell[2] if len(cell) > 2 else "",
        )
    if code == "f":
        raise ParseError("公式没有计算结果，请用 Excel 或 WPS 打开，保存后重传。")
    if code == "e":
        raise ParseError(f"单元格是错误值（{value}），请改正公式或直接填写。")
    if code == "b":
        return Raw("是" if value else "否")
    if code == "d":
        return Raw(value, is_date="-" in value, number_format=number_format)
    # what Excel shows: it keeps 15 digits, and 40.8 may be stored as 40.799999999999997
    number = Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)
    return Raw(format(number, "f"), number, number_format=number_format, unit=unit)


def _rule(cell: Any, column: Column) -> str:
    if isinstance(cell, list) and cell[0] in ("e", "f"):
        return "公式"
    return _RULES.get(column.kind, "内容") if text_of(cell).strip() else "必填"


def masked(register: Register, column: Column, text: str) -> str:
    """A cell's text as an error list may show it: nothing that stands in a restricted register, whatever the column, as
    a row may have slipped into the one beside."""
    if text.strip() and register.is_restricted:
        return HIDDEN_VALUE
    if not column.personal or not text:
        return text.strip()
    with suppress(ValueError):
        if column.kind == "person_name":
            return mask_name(plain(text))
        if column.kind == "phone":
            return mask_phone(plain(text))
    return HIDDEN_VALUE


def _unquoted(register: Register, message: str, text: str) -> str:
    """What is wrong with a cell, without the cell, where nothing of it may be shown."""
    quoted = text.strip()
    return message.replace(quoted[:20], "…") if register.is_restricted and len(quoted) > 1 else message


def _doubt_unit(row: Row, place: Place, number: Decimal, findings: Findings) -> bool:
    """Rule 8: whether an amount is hardly meant in the unit of its column, which is told."""
    doubtful = (place.unit == "万元" and number > LARGE_WAN) or (
        place.unit == "元" and 0 < number < SMALL_YUAN
    )
    if doubtful:
        findings.warning(
            row.table.sheet,
            row.table.cell(row.number, place.column.name),
            "金额单位",
            f"{number:f} {place.unit}？请核对这一列的单位是元还是万元。",
            column=place.column.label,
            value=f"{number:f}",
        )
    return doubtful
