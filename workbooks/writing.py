"""Workbooks going out, written with openpyxl: templates to fill in, and what the books hold."""

from __future__ import annotations

import io
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from directory.models import Division, Organization, User
from ledger.models import Entry, Period
from ledger.parsing import Known, as_number, offered
from ledger.registers import Column, Register
from workbooks.sheets import NUMBER, OPTIONS_SHEET, STANDING, VERSION_MARK, version_of

HEADER_ROW = 4
LAST_ROW = 2_000  # how far down a template's drop-downs reach
GROUP = "其中"  # headings that begin so stand together under one merged heading
TEXT_KINDS = frozenset({"identity", "phone"})  # Excel would damage these as numbers (DOMAIN §6)
WIDTHS = {
    "identity": 22,
    "person_name": 10,
    "date": 12,
    "dates": 20,
    "month": 10,
    "yesno": 8,
    "integer": 9,
    "text": 18,
}
NUMBERS = ("money", "integer", "decimal")
PAPER_WIDTH = 138  # characters of normal size beside each other on A4 landscape within Excel's margins
SMALLEST = 0.6  # of normal size: 11 points become 6.6
LINE = 15  # points that a line of a cell is high
MOST_LINES = 12  # of a cell; Excel allows some twenty-seven
REPEATED = 2  # columns at the left of every page
Content = str | int | Decimal | date  # of a cell we write
FORMATS = {
    "date": "请写 2022-03-01 这样的日期",
    "dates": "请写 2022.6.6-6.10 这样的起止日期",
    "month": "请写 2022-03 这样的年月",
    "identity": "按文本填写",
    "phone": "手机或座机，多个用、分开",
    "yesno": "填 是 或 否",
    "percent": "例如 60%",
    "money": "只填数字",
    "integer": "整数",
    "decimal": "只填数字",
    "village": "镇名加村名，例如 徐庄镇湖沟村",
}

_FREE = Protection(locked=False)
_LINE = Side(style="thin", color="FF9AA0A6")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="FFF3E3E2")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_WRAPPED = Alignment(vertical="center", wrap_text=True)  # a long name is printed whole
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def template(
    *, register: Register, organization: Organization, period: Period, user: User, on: date
) -> bytes:
    """An empty .xlsx for one unit and quarter: text format where Excel would damage what is typed, drop-downs from the
    system's own values, and a mark by which the import knows register, columns, unit and quarter (DOMAIN §4 rule 19).
    """
    book, sheet = _book(register.name[:31])
    columns = register.columns
    _title(sheet, register.name, len(columns))
    sheet.cell(2, 1).value = f"填报单位：{organization}"
    mark = f"{VERSION_MARK}：{register.code}/{version_of(register)}/{organization.code}/{period.code}"
    sheet.cell(2, min(4, len(columns))).value = f"{period.label}　{mark}"
    for cell in sheet[2]:  # of its own style, or LibreOffice takes the column's, which may be typed over
        cell.alignment = Alignment(vertical="center")
    options, lines = _Options(book), 1  # of the longest guidance
    known = Known(user=user, on=on, year=period.starts_on.year)
    for index, column in enumerate(columns, 1):
        letter = get_column_letter(index)
        guide = sheet.cell(3, index)
        write(guide, guidance(column))
        guide.font = Font(italic=True, size=9, color="FF565D66")
        guide.alignment = Alignment(wrap_text=True, vertical="top")
        _heading(sheet.cell(HEADER_ROW, index), column)
        dimension = sheet.column_dimensions[letter]
        dimension.width = WIDTHS.get(column.kind, 16)
        dimension.protection = _FREE
        lines = max(lines, _lines(guidance(column), dimension.width))
        if column.kind in TEXT_KINDS:
            dimension.number_format = "@"
        choices = allowed(column, known, organization)
        rule = options.list_of(column, choices) if choices else DataValidation()
        rule.showInputMessage = True
        rule.promptTitle, rule.prompt = column.label[:32], guidance(column)[:255]
        sheet.add_data_validation(rule)
        rule.add(f"{letter}{HEADER_ROW + 1}:{letter}{LAST_ROW}")
    sheet.row_dimensions[3].height = 6 + 0.8 * LINE * lines  # it is written smaller
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    _protect(sheet, len(columns))
    _paper(sheet)
    return _bytes(book)


def export(
    *,
    register: Register,
    entries: QuerySet[Entry],
    title: str,
    on: date,
    organization: Organization | None = None,
    period: Period | None = None,
) -> bytes:
    """An .xlsx of entries as officials hand it in: title, lines of unit and date, headings, rows, totals as formulas,
    places to sign, A4 landscape with page numbers.

    Personal columns as published lists mask them; the 记录号 says which entry a row is when it comes back
    (workbooks/returning.py). Texts that begin with = + - @ stay what they are (quotePrefix).
    """
    book, sheet = _book(register.name[:31])
    columns = register.columns
    headings = [*(column.label for column in columns), NUMBER, STANDING]
    _title(sheet, title, len(headings))
    lines = [f"填报单位：{organization}" if organization is not None else ""]
    lines += [f"截至：{min(period.ends_on, on):%Y-%m-%d}" if period is not None else ""]
    lines += [
        "单位：元" if any(column.kind == "money" for column in columns) else "",
        f"导出日期：{on:%Y-%m-%d}",
    ]
    write(sheet.cell(2, 1), "　　".join(line for line in lines if line))
    for index, column in enumerate(columns, 1):
        _heading(sheet.cell(HEADER_ROW, index), column, required=False)
        sheet.column_dimensions[get_column_letter(index)].width = WIDTHS.get(column.kind, 16)
    for index, text in enumerate(headings[len(columns) :], len(columns) + 1):
        head(sheet.cell(HEADER_ROW, index), text, None)
    first = number = _group_headings(sheet, columns, len(headings))
    summed: set[int] = set()
    for row in _details(register, entries):
        number += 1
        shown = register.values(row, published=True)
        for index, column in enumerate(columns, 1):
            value = content(column, row, shown[column.name])
            if isinstance(value, int | Decimal):
                summed.add(index)
            put(sheet.cell(number, index), column, value)
        sheet.cell(number, len(columns) + 1).value = row.entry_id
        sheet.cell(number, len(columns) + 2).value = row.entry.get_state_display()
        high = 1  # lines
        for cell in sheet[number]:
            cell.border, cell.alignment = _BOX, _WRAPPED
            if isinstance(cell.value, str):
                width = sheet.column_dimensions[cell.column_letter].width
                high = max(high, _lines(cell.value, width))
        if high > 1:  # said here, because not every program looks how high a row must be
            sheet.row_dimensions[number].height = LINE * high
    if number > first:
        _totals(sheet, columns, summed, first + 1, number)
    write(sheet.cell(number + 3, 1), "填表人：　　　　　　　　审核人：　　　　　　　　单位负责人：")
    sheet.freeze_panes = f"A{first + 1}"
    _paper(sheet, first)
    return _bytes(book)


def plain_sheet(register: Register, rows: Sequence[Sequence[str]]) -> bytes:
    """An .xlsx of texts under the register's headings, which stand in its first row."""
    book, sheet = _book(register.name[:31])
    for index, column in enumerate(register.columns, 1):
        _heading(sheet.cell(1, index), column)
    for number, row in enumerate(rows, 2):
        for index, text in enumerate(row, 1):
            if text:
                cell = sheet.cell(number, index)
                write(cell, text)
                cell.number_format = "@"
    return _bytes(book)


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Content]]) -> bytes:
    """An .xlsx with the headings in its first row, which says what it is to whoever reads it in again."""
    book, sheet = _book(title[:31])
    for index, text in enumerate(headings, 1):
        head(sheet.cell(1, index), text, None)
        set_width(sheet, index, 18)
    for number, row in enumerate(rows, 2):
        for index, value in enumerate(row, 1):
            put(sheet.cell(number, index), None, value)
    sheet.freeze_panes = "A2"
    return _bytes(book)


def heading_of(column: Column) -> str:
    """A column's heading in our sheets, with the unit of money, which is never guessed (DOMAIN §4 rule 8)."""
    return f"{column.label}（元）" if column.kind == "money" else column.label


def live(entries: QuerySet[Entry], register: Register) -> QuerySet[Entry]:
    """Of `entries`, those of the register that are in force or under review, oldest first."""
    standing = Q(state=Entry.State.SUBMITTED) | Q(state=Entry.State.APPROVED, subject__in_force=F("pk"))
    return entries.filter(standing, register=register.code).exclude(kind=Entry.Kind.REVERSAL).order_by("pk")


def write(cell: Any, text: str) -> None:
    """Put a text into a cell so that it comes back verbatim and is never a formula."""
    cell.value = _clean(text)
    if text:
        cell.data_type = "s"
    if text.startswith(_DANGEROUS):
        cell.quotePrefix = True


def _lines(text: str, width: float) -> int:
    """About how many lines a text takes in a cell so many characters wide; a Chinese one is as wide as two others."""
    wide = sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in text)
    return min(MOST_LINES, max(1, math.ceil(wide / max(width - 1, 1))))


def _clean(text: str) -> str:
    """As much of a text as a cell can hold."""
    return _NOT_IN_XML.sub("", text)[:32_767]


# --- parts that every sheet has ---------------------------------------------------------------------------------


def new_sheet(title: str, width: int, note: str) -> tuple[Workbook, Worksheet]:
    """A workbook of one sheet with its title over `width` columns and a note below; headings go to HEADER_ROW."""
    book, sheet = _book(title[:31])
    _title(sheet, title, width)
    write(sheet.cell(2, 1), note)
    return book, sheet


def head(cell: Any, label: str, column: Column | None) -> None:
    """A heading; of a register's own column as its sheets have it."""
    if column is not None:
        _heading(cell, column, required=False)
        return
    write(cell, label)
    cell.font, cell.fill, cell.border, cell.alignment = Font(bold=True), _HEAD, _BOX, _CENTRE


def put(cell: Any, column: Column | None, value: Content) -> None:
    """Put a value into a cell of a register's column, or of one that every entry has (None): numbers and days as such."""
    if isinstance(value, str):
        write(cell, value)
        if column is not None and column.kind in TEXT_KINDS:
            cell.number_format = "@"
        return
    cell.value = value
    if isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, Decimal) and column is not None:
        cell.number_format = f"#,##0.{'0' * column.places}"


def set_width(sheet: Worksheet, index: int, width: int) -> None:
    """The width of a column in characters."""
    sheet.column_dimensions[get_column_letter(index)].width = width


def finished(book: Workbook, sheet: Worksheet) -> bytes:
    """The file, ready for A4 landscape, its headings always in sight."""
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    _paper(sheet)
    return _bytes(book)


# --- parts ------------------------------------------------------------------------------------------------------


def _book(name: str) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", name)
    return book, sheet


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(sheet: Worksheet, title: str, width: int) -> None:
    cell = sheet.cell(1, 1)
    write(cell, title)
    cell.font, cell.alignment = Font(bold=True, size=16), _CENTRE
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=max(width, 1))
    sheet.row_dimensions[1].height = 30


def _heading(cell: Any, column: Column, *, required: bool = True) -> None:
    write(cell, f"{heading_of(column)}{'*' if required and column.required else ''}")
    cell.font, cell.fill, cell.border, cell.alignment = Font(bold=True), _HEAD, _BOX, _CENTRE


def guidance(column: Column) -> str:
    """How a column is filled, in one line."""
    parts = ["必填" if column.required else "选填", FORMATS.get(column.kind, "")]
    parts += ["只知道月份的写 2022.3"] * column.month_will_do + [column.help]
    if column.example and not column.personal:
        parts.append(f"例如 {column.example}")
    return "；".join(part.rstrip("。") for part in parts if part)


def allowed(column: Column, known: Known, organization: Organization) -> list[str]:
    """What may stand in the column, as the import reads it; empty for a free one."""
    if column.kind == "choice":
        return [label for _, label in offered(column)]
    if column.kind == "yesno":
        return ["是", "否"]
    if column.kind == "line":
        return [line.code for line in known.lines]
    if column.kind == "subject":
        return [one.called[0] for one in known.referred(column.register) if one.called]
    if column.kind == "village" and organization.division is not None:
        villages = Division.objects.filter(parent=organization.division, valid_to=None).order_by("code")
        return [f"{organization.division.name}{village.name}" for village in villages]
    if column.kind == "organization":
        units = Organization.objects.filter(active=True).order_by("side", "code")
        return [unit.short_name for unit in units]
    return []


class _Options:
    """The drop-downs' values: on a hidden sheet, because a list inside the cell may have 255 characters only."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.sheet: Worksheet | None = None
        self.used = 0

    def list_of(self, column: Column, allowed: Sequence[str]) -> DataValidation:
        """The rule by which a cell offers `allowed`."""
        if self.sheet is None:
            self.sheet = self.book.create_sheet(OPTIONS_SHEET)
            self.sheet.sheet_state = "hidden"
        self.used += 1
        for number, text in enumerate(allowed, 1):
            write(self.sheet.cell(number, self.used), text)
        letter = get_column_letter(self.used)
        rule = DataValidation(
            type="list", formula1=f"'{OPTIONS_SHEET}'!${letter}$1:${letter}${len(allowed)}", allow_blank=True
        )
        # another spelling may still be right: aliases are known to the import, not to Excel
        rule.errorStyle = "warning"
        rule.errorTitle, rule.error = column.label[:32], "不在下拉选项中，请核对。"
        return rule


def _details(register: Register, entries: QuerySet[Entry]) -> Iterable[Any]:
    model: Any = register.model
    rows = model.objects.filter(entry__in=entries.order_by(), version=F("entry__version"))
    return rows.select_related("entry", *register.pointers()).order_by("entry_id")  # type: ignore[no-any-return]


def content(column: Column, row: Any, shown: str) -> Content:
    """What an export writes of a row: numbers (money in 元) and dates as such, everything else as `shown`."""
    if not shown:
        return ""
    value = as_number(column, row)
    return _clean(shown) if value is None else value


def _protect(sheet: Worksheet, width: int) -> None:
    """The lines above the rows are not to be typed over, by accident; no password, and everything else stays free."""
    rest = sheet.column_dimensions[get_column_letter(width + 1)]
    rest.min, rest.max, rest.protection = width + 1, 16_384, _FREE  # or whole rows could not be deleted
    protection = sheet.protection
    protection.sheet = True
    for name in (
        "formatCells",
        "formatColumns",
        "formatRows",
        "insertRows",
        "deleteRows",
        "sort",
        "autoFilter",
    ):
        setattr(protection, name, False)  # what is False is allowed


def _groups(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """First and last index, from 1, of neighbours whose headings begin with 其中."""
    found: list[tuple[int, int]] = []
    for index, column in enumerate(columns, 1):
        if not column.label.startswith(GROUP):
            continue
        if found and found[-1][1] == index - 1:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return [(first, last) for first, last in found if last > first]


def _group_headings(sheet: Worksheet, columns: Sequence[Column], width: int) -> int:
    """Put 其中 over the columns it belongs to and merge the other headings over both rows; returns the last row of
    the headings."""
    groups = _groups(columns)
    if not groups:
        return HEADER_ROW
    below = HEADER_ROW + 1
    under = {index for first, last in groups for index in range(first, last + 1)}
    for index in range(1, width + 1):
        top, bottom = sheet.cell(HEADER_ROW, index), sheet.cell(below, index)
        bottom.font, bottom.fill, bottom.border, bottom.alignment = Font(bold=True), _HEAD, _BOX, _CENTRE
        if index in under:
            write(bottom, str(top.value).removeprefix(GROUP))
            top.value = None
        else:
            sheet.merge_cells(start_row=HEADER_ROW, end_row=below, start_column=index, end_column=index)
    for first, last in groups:
        write(sheet.cell(HEADER_ROW, first), GROUP)
        sheet.merge_cells(start_row=HEADER_ROW, end_row=HEADER_ROW, start_column=first, end_column=last)
    return below


def _totals(sheet: Worksheet, columns: Sequence[Column], summed: set[int], first: int, last: int) -> None:
    """Sums of the columns in which there are numbers."""
    write(sheet.cell(last + 1, 1), "合计")
    for index, column in enumerate(columns, 1):
        cell = sheet.cell(last + 1, index)
        if index in summed and column.kind in NUMBERS and index > 1 and column.places == 2:
            letter = get_column_letter(index)
            cell.value = f"=SUM({letter}{first}:{letter}{last})"
            cell.number_format = "0" if column.kind == "integer" else "#,##0.00"
        cell.font, cell.border = Font(bold=True), _BOX


def _paper(sheet: Worksheet, last_heading: int = HEADER_ROW) -> None:
    """A4 landscape, headings on every page, page numbers. All columns on one page, unless they would be too small to be
    read: then on several side by side, each beginning with the first columns, which tell the rows apart."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    wide = _pages_wide(sheet)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = wide, 0
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{HEADER_ROW}:{last_heading}"
    if wide > 1:
        sheet.cell(1, 1).alignment = Alignment(vertical="center")  # in the middle it would be cut in two
        sheet.print_title_cols = f"A:{get_column_letter(REPEATED)}"
    footer = sheet.oddFooter
    if footer is not None and footer.center is not None:
        footer.center.text = "第 &P 页，共 &N 页"


def _pages_wide(sheet: Worksheet) -> int:
    """On how many pages beside each other the columns are printed no smaller than SMALLEST."""
    widths = [
        sheet.column_dimensions[get_column_letter(index)].width for index in range(1, sheet.max_column + 1)
    ]
    room = PAPER_WIDTH / SMALLEST
    first = sum(widths[:REPEATED])
    return max(1, math.ceil((sum(widths) - first) / (room - first))) if sum(widths) > room else 1
