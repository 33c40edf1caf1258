"""The answer in the user's own file: cells coloured, a comment on each, a list of errors with links.

Runs only in the limited process of child.py, for it opens a stranger's file. The original keeps its look: colour is a
conditional format laid over it, formulas keep the values they were saved with, and what an earlier answer left is
taken off. A file that cannot be written back (.xls, CSV, very many cells) is answered by a new workbook of its bad rows.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

MOST_CELLS = 200_000  # of a workbook that is returned as it is; above, a new one with the bad rows
MOST_MARKS = 3_000  # comments on one workbook; Excel grows slow with more
MOST_ROWS = 5_000  # bad rows in a new workbook
LIST_SHEET = "错误清单"
LIST_TITLE = "系统检查结果"
AUTHOR = "系统检查"
MARK = f'LEN("{AUTHOR}")>0'  # the formula of our conditional formats, by which they are found again

_RED = PatternFill("solid", bgColor="FFFFC7CE", fgColor="FFFFC7CE")
_YELLOW = PatternFill("solid", bgColor="FFFFEB9C", fgColor="FFFFEB9C")
_HEAD = PatternFill("solid", fgColor="FFF3E3E2")
_LINE = Side(style="thin", color="FF9AA0A6")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_FORMULA = re.compile(rb'<c r="([A-Z]+)(\d+)"([^>]*)>(<f[ >].*?</f>)<v\s*(?:/>|></v>)</c>', re.DOTALL)

# as planning sends them: sheet, cell, column, value (masked), rule, message, and "error" or "warning"
Problem = Mapping[str, str]
Marks = dict[tuple[int, int], tuple[bool, list[str]]]  # (row, column) → whether it is an error, what is said


def answered(
    data: bytes,
    sheets: Sequence[dict[str, Any]],
    names: Sequence[str],
    problems: Sequence[Problem],
    headers: Mapping[str, int],
) -> bytes:
    """An .xlsx with the problems in it. `sheets` as child.py reads them, `names` as problems call them, `headers`: the
    row of each one's header."""
    cells = sum(len(row[1]) for sheet in sheets for row in sheet["rows"])
    marks = len({(one["sheet"], one["cell"]) for one in problems})
    if data.startswith(b"PK\x03\x04") and cells <= MOST_CELLS and marks <= MOST_MARKS:
        with suppress(Exception):  # what calamine reads and openpyxl does not is answered anew, too
            return _marked(data, sheets, names, problems)
    return _anew(sheets, names, problems, headers)


# --- their own file ---------------------------------------------------------------------------------------------


def _marked(
    data: bytes, sheets: Sequence[dict[str, Any]], names: Sequence[str], problems: Sequence[Problem]
) -> bytes:
    book = load_workbook(io.BytesIO(data), rich_text=True)
    if LIST_SHEET in book.sheetnames and book[LIST_SHEET]["A1"].value == LIST_TITLE:
        del book[LIST_SHEET]
    known = {name: sheet["name"] for name, sheet in zip(names, sheets, strict=True)}
    values = {sheet["name"]: dict(sheet["rows"]) for sheet in sheets}
    for one in book.worksheets:
        _take_off(one)
    for name, title in known.items():
        if title in book.sheetnames:
            some = [one for one in problems if one["sheet"] == name]
            _mark(book[title], _marks(some, values[title]))
    links = [_target(known.get(problem["sheet"], ""), problem, values) for problem in problems]
    _list(book, problems, links)
    return _saved(book, values)


def _take_off(sheet: Worksheet) -> None:
    """What an earlier answer left in the file."""
    kept = ConditionalFormattingList()
    for formatting in sheet.conditional_formatting:
        for rule in formatting.rules:
            if rule.formula != [MARK]:
                kept.add(str(formatting.sqref), rule)
    sheet.conditional_formatting = kept
    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment is not None and cell.comment.author == AUTHOR:
                cell.comment = None


def _marks(problems: Sequence[Problem], rows: Mapping[int, list[Any]]) -> Marks:
    found: Marks = {}
    for one in problems:
        where = _place(one["cell"], rows)
        if where is not None:
            bad, said = found.get(where, (False, []))
            found[where] = (bad or one["level"] == "error", [*said, one["message"]])
    return found


def _place(cell: str, rows: Mapping[int, list[Any]]) -> tuple[int, int] | None:
    """(row, column) of "B12"; of "12" the first cell of the row that holds anything; None of ""."""
    if found := re.fullmatch(r"([A-Z]{1,3})(\d+)", cell):
        column = 0
        for letter in found[1]:
            column = column * 26 + ord(letter) - 64
        return int(found[2]), column
    if not cell.isdigit():
        return None
    cells = rows.get(int(cell), [])
    return int(cell), next((i for i, one in enumerate(cells, 1) if one not in (None, "")), 1)


def _target(title: str, problem: Problem, values: Mapping[str, Mapping[int, list[Any]]]) -> str:
    """Where the list's link goes, as "'学员'!B12"; "" for nowhere."""
    where = _place(problem["cell"], values.get(title, {})) if title else None
    quoted = title.replace("'", "''")
    return (
        f"'{quoted}'!{get_column_letter(where[1])}{where[0]}" if where else f"'{quoted}'!A1" if title else ""
    )


def _mark(sheet: Worksheet, marks: Marks) -> None:
    for fill, wanted in ((_RED, True), (_YELLOW, False)):
        cells = [f"{get_column_letter(c)}{r}" for (r, c), (bad, _) in marks.items() if bad is wanted]
        for start in range(0, len(cells), 500):
            rule = FormulaRule(formula=[MARK], fill=fill, stopIfTrue=True)  # type: ignore[no-untyped-call]
            sheet.conditional_formatting.add(" ".join(cells[start : start + 500]), rule)
    for (row, column), (_, said) in marks.items():
        cell: Any = sheet.cell(row, column)
        if isinstance(cell, MergedCell):
            area = next((one for one in sheet.merged_cells.ranges if cell.coordinate in one), None)
            if area is None:
                continue
            cell = sheet.cell(area.min_row, area.min_col)
        text = "\n".join(dict.fromkeys(said))
        if cell.comment is not None:
            text = f"{text}\n（原批注）{cell.comment.text}"
        note = Comment(text, AUTHOR)
        note.width, note.height = 320, 30 + 20 * (len(text) // 22 + text.count("\n") + 1)
        cell.comment = note


# --- a new one --------------------------------------------------------------------------------------------------


def _anew(
    sheets: Sequence[dict[str, Any]],
    names: Sequence[str],
    problems: Sequence[Problem],
    headers: Mapping[str, int],
) -> bytes:
    """The bad rows under their header, each with its row number, and the list."""
    book = Workbook()
    del book[book.sheetnames[0]]
    links: dict[int, str] = {}
    for name, sheet in zip(names, sheets, strict=True):
        rows = dict(sheet["rows"])
        some = [(i, one) for i, one in enumerate(problems) if one["sheet"] == name]
        places = {i: _place(one["cell"], rows) for i, one in some}
        wanted = sorted({where[0] for where in places.values() if where} - {headers.get(name, 0)})[:MOST_ROWS]
        if not some:
            continue
        out = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", sheet["name"])[:31])
        numbers = [number for number in (headers.get(name, 0), *wanted) if number in rows]
        for at, number in enumerate(numbers, 1):
            _put(out.cell(at, 1), "原行号" if number == headers.get(name) else number)
            for column, value in enumerate(rows[number], 2):
                _put(out.cell(at, column), value)
        at_row = {number: at for at, number in enumerate(numbers, 1)}
        moved: Marks = {}
        for i, where in places.items():
            if where is None or where[0] not in at_row:
                continue
            here = (at_row[where[0]], where[1] + 1)
            bad, said = moved.get(here, (False, []))
            moved[here] = (bad or problems[i]["level"] == "error", [*said, problems[i]["message"]])
            quoted = out.title.replace("'", "''")
            links[i] = f"'{quoted}'!{get_column_letter(here[1])}{here[0]}"
        _mark(out, dict(list(moved.items())[:MOST_MARKS]))
        out.freeze_panes = "B2"
        for column in range(2, max((len(rows[n]) for n in numbers), default=1) + 2):
            out.column_dimensions[get_column_letter(column)].width = 16
    _list(book, problems, [links.get(i, "") for i in range(len(problems))])
    return _saved(book, {})


def _put(cell: Any, value: Any) -> None:
    """A cell of child.py; texts stay texts."""
    if isinstance(value, list):
        value = "（公式没有计算结果）" if value[0] == "f" else value[1]
    if isinstance(value, str):
        _text(cell, value)
    else:
        cell.value = value
        if isinstance(value, int) and abs(value) > 10**10:
            cell.number_format = "0"


# --- parts of both ----------------------------------------------------------------------------------------------


def _text(cell: Any, text: str) -> None:
    cell.value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)[:32_767]
    if text:
        cell.data_type = "s"
    cell.number_format = "@"
    if text.startswith(("=", "+", "-", "@", "\t", "\r")):
        cell.quotePrefix = True


def _list(book: Workbook, problems: Sequence[Problem], links: Sequence[str]) -> None:
    """The first sheet: every error, then every warning, each linked to its cell."""
    title = next(
        name for n in range(100) if (name := LIST_SHEET + (str(n) if n else "")) not in book.sheetnames
    )
    sheet = book.create_sheet(title, 0)
    _text(sheet["A1"], LIST_TITLE)
    sheet["A1"].font = Font(bold=True, size=14)
    bad = sum(one["level"] == "error" for one in problems)
    note = f"错误 {bad} 处（红色，须改正），提示 {len(problems) - bad} 处（黄色，请核对）。"
    note += "改好后连同本表上传即可，本表不会被读取。"
    _text(sheet["A2"], note)
    for column, (heading, width) in enumerate(
        (("类别", 8), ("工作表", 16), ("单元格", 10), ("栏目", 16), ("内容", 24), ("说明", 80)), 1
    ):
        cell = sheet.cell(4, column)
        _text(cell, heading)
        cell.font, cell.fill, cell.border = Font(bold=True), _HEAD, _BOX
        sheet.column_dimensions[get_column_letter(column)].width = width
    order = sorted(range(len(problems)), key=lambda i: problems[i]["level"] != "error")
    for row, i in enumerate(order, 5):
        one = problems[i]
        kind = "错误" if one["level"] == "error" else "提示"
        texts = (
            kind,
            one["sheet"] or "整个文件",
            one["cell"],
            one["column"] or one["rule"],
            one["value"],
            one["message"],
        )
        for column, text in enumerate(texts, 1):
            cell = sheet.cell(row, column)
            _text(cell, text)
            cell.border, cell.alignment = _BOX, Alignment(vertical="top", wrap_text=column == 6)
        sheet.row_dimensions[row].height = 16 * (1 + len(one["message"]) // 40)
        if links[i]:
            place = sheet.cell(row, 3)
            if not one["cell"]:
                _text(place, "打开")
            place.hyperlink = Hyperlink(ref=place.coordinate, location=links[i])
            place.font = Font(color="FF0563C1", underline="single")
    sheet.freeze_panes = "A5"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet
    book.active = 0


class _InMemory(ExcelWriter):
    """openpyxl's writer without its temporary files: this process may write none, and none may hold a sheet in clear."""

    values: Mapping[str, Mapping[int, list[Any]]] = {}

    def write_worksheet(self, ws: Any) -> None:
        from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing

        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images
        out = io.BytesIO()
        writer = WorksheetWriter(ws, out)
        writer.write()
        ws._rels = writer._rels  # type: ignore[attr-defined]
        archive: ZipFile = self._archive  # type: ignore[attr-defined]
        archive.writestr(ws.path[1:], _with_values(out.getvalue(), self.values.get(ws.title, {})))
        self.manifest.append(ws)


def _with_values(xml: bytes, rows: Mapping[int, list[Any]]) -> bytes:
    """The sheet with what its formulas gave when it was saved, which openpyxl leaves out."""

    def put(found: re.Match[bytes]) -> bytes:
        column = 0
        for letter in found[1].decode():
            column = column * 26 + ord(letter) - 64
        cells = rows.get(int(found[2]), [])
        value = cells[column - 1] if column <= len(cells) else None
        kind, text = _cached(value)
        if not text:
            return found[0]
        attributes = re.sub(rb' t="[^"]*"', b"", found[3]) + kind
        return b'<c r="%s%s"%s>%s<v>%s</v></c>' % (found[1], found[2], attributes, found[4], text)

    return _FORMULA.sub(put, xml) if rows else xml


def _cached(value: Any) -> tuple[bytes, bytes]:
    """(attribute, text) of a formula's value as .xlsx has it; no text if there is none."""
    if isinstance(value, list):
        if value[0] == "e":
            return b' t="e"', escape(str(value[1])).encode()
        if value[0] == "b":
            return b' t="b"', b"1" if value[1] else b"0"
        if value[0] == "d" and "-" in value[1]:
            moment = datetime.fromisoformat(value[1]) if "T" in value[1] else date.fromisoformat(value[1])
            return b"", repr(to_excel(moment)).encode()  # type: ignore[no-untyped-call]
        value = value[1] if value[0] == "n" else None
    if isinstance(value, str):
        return b' t="str"', escape(value).encode()
    return (b"", repr(value).encode()) if isinstance(value, int | float) else (b"", b"")


def _saved(book: Workbook, values: Mapping[str, Mapping[int, list[Any]]]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        writer = _InMemory(book, archive)
        writer.values = values
        writer.write_data()
    return out.getvalue()
