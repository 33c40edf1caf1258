"""The limited process that opens an uploaded workbook: `python -m workbooks.child`, file on stdin, JSON on stdout.
With `mark`: a line of JSON and the file on stdin, the workbook with its errors marked on stdout (marking.py).

A hostile workbook can make the reader abort its whole process (two cells, A1 and XFD1048576, do), so nothing is
parsed anywhere else. This module must run without Django and without any key in its environment.

Answer: {"refused": sentence} or {"sheets": [{"name", "hidden", "rows": [[row number, [cell, …]], …], "merges":
[[top, left, bottom, right], …] (1-based), "hidden_rows": [number, …], "date1904"}]}. A cell is null, a text, a number, or a list:
["d", ISO date or time, number format], ["n", number, number format], ["b", true], ["e", error text], ["f"] for a
formula that was never calculated.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO
from xml.parsers import expat

MEMORY = 512 * 1024 * 1024  # bytes of address space
CPU_SECONDS = 20
MAX_ENTRIES = 1_000  # parts of an .xlsx; a workbook of fifty sheets has some two hundred
MAX_INFLATED = 300 * 1024 * 1024  # bytes of all parts, counted while inflating
MAX_SHEETS = 60
MAX_ROWS = 120_000  # of one sheet, the last row that holds anything
MAX_COLUMNS = 200
MAX_CELLS = 3_000_000  # with or without content, of the whole workbook
MAX_STRINGS = 2_000_000
MAX_CSV_FIELD = 32_767  # what a cell of Excel can hold

SAVE_AS = "请用 WPS 或 Excel 打开后另存为 .xlsx 再上传。"

Cell = Any


class Refused(Exception):
    """The file is not read; the message is for the person who uploaded it."""


def limit_this_process() -> None:
    """From here on this process can take no more memory, CPU time or disk than a workbook needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the sheet in clear
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # writes nothing anywhere but into the pipe


def read(data: bytes) -> list[dict[str, Any]]:
    """The sheets of a file, told by its content. Raises Refused."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_xlsx(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _read_xls(data)
    return _read_csv(data)


# --- .xlsx ------------------------------------------------------------------------------------------------------


def _read_xlsx(data: bytes) -> list[dict[str, Any]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = _parts(archive)
        sheets = _look_through(archive, parts)
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,
        ValueError,
        KeyError,
    ) as error:
        raise Refused(f"文件已损坏或没有传完整，无法打开。{SAVE_AS}") from error
    except RuntimeError as error:  # zipfile: the part is encrypted
        raise Refused(f"文件设有密码，请取消密码后再上传。{SAVE_AS}") from error
    except expat.ExpatError as error:
        raise Refused(f"文件内容已损坏，无法打开。{SAVE_AS}") from error
    return _values(data, sheets)


def _parts(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise Refused(f"文件内部有 {len(infos)} 个部分，不像正常的表格。{SAVE_AS}")
    if sum(info.file_size for info in infos) > MAX_INFLATED:
        raise Refused(f"文件展开后超过 {MAX_INFLATED // 1024 // 1024} MB，请分成几个文件上传。")
    parts: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename.replace("\\", "/")
        if ".." in name.split("/") or name.startswith("/") or ":" in name:
            raise Refused(f"文件内部含有不正常的路径，不能读取。{SAVE_AS}")
        if name.casefold() in parts:
            # two readers may each take another one of two parts with one name
            raise Refused(f"文件内部有重名的部分，不能读取。{SAVE_AS}")
        parts[name.casefold()] = info
    if "[content_types].xml" not in parts or "xl/workbook.xml" not in parts:
        raise Refused(f"这不是 Excel 表格（.xlsx）。{SAVE_AS}")
    return parts


class _Budget:
    """What may still be inflated, in bytes; and how many cells and strings may still come."""

    def __init__(self) -> None:
        self.inflated = 0
        self.cells = 0

    def chunks(self, stream: Any) -> Iterator[bytes]:
        while chunk := stream.read(1 << 18):
            self.inflated += len(chunk)
            if self.inflated > MAX_INFLATED:  # the size in the file's directory is not believed
                raise Refused(f"文件展开后超过 {MAX_INFLATED // 1024 // 1024} MB，请分成几个文件上传。")
            yield chunk


def _parse(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    budget: _Budget,
    start: Any,
    end: Any = None,
    text: Any = None,
) -> None:
    """Run one part through expat. A DOCTYPE is refused before any entity could be declared."""
    parser = expat.ParserCreate()

    def doctype(*_: Any) -> None:
        raise Refused(f"文件内部含有不允许的声明（DOCTYPE），不能读取。{SAVE_AS}")

    parser.StartDoctypeDeclHandler = doctype
    parser.buffer_text = True
    if start is not None:
        parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    with archive.open(info) as stream:
        for chunk in budget.chunks(stream):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _local(tag: str) -> str:
    return tag.rpartition(":")[2] if ":" in tag else tag


def _look_through(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> list[dict[str, Any]]:
    """What calamine does not tell, sheet by sheet; and every limit checked before calamine sees the file."""
    budget = _Budget()
    listed: list[tuple[str, str, bool]] = []
    targets: dict[str, str] = {}
    flags: list[str] = []

    def workbook(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            flags.append("date1904")
        if _local(tag) == "sheet":
            identity = next((v for k, v in attributes.items() if _local(k) == "id" and k != "id"), "")
            listed.append(
                (attributes.get("name", ""), identity, attributes.get("state", "visible") != "visible")
            )

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _parse(archive, parts["xl/workbook.xml"], budget, workbook)
    if "xl/_rels/workbook.xml.rels" in parts:
        _parse(archive, parts["xl/_rels/workbook.xml.rels"], budget, relation)
    if len(listed) > MAX_SHEETS:
        raise Refused(f"文件有 {len(listed)} 张工作表，最多 {MAX_SHEETS} 张，请分成几个文件上传。")
    formats = _formats(archive, parts, budget)
    _count_strings(archive, parts, budget)
    found = []
    for name, identity, hidden in listed:
        target = targets.get(identity, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        info = parts.get(path.casefold())
        sheet = _Sheet(name, hidden, formats)
        if info is not None and target:
            _parse(archive, info, budget, sheet.start, sheet.end, sheet.text)
            budget.cells += sheet.cells
        if budget.cells > MAX_CELLS:
            raise Refused(f"文件超过 {MAX_CELLS:,} 个单元格，请删去多余的格式和空行，或分成几个文件上传。")
        found.append({**sheet.answer(), "date1904": "date1904" in flags})
    return found


def _formats(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], budget: _Budget) -> list[str]:
    """The number format of each cell style, "" for those that say nothing about the value."""
    own: dict[str, str] = {}
    styles: list[str] = []
    inside = False
    built_in = {"9": "0%", "10": "0.00%", "14": "yyyy/m/d", "17": "mmm-yy", "49": "@"}
    built_in |= dict.fromkeys(("27", "36", "50", "52", "57"), 'yyyy"年"m"月"')  # of a Chinese Excel

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        tag = _local(tag)
        if tag == "numFmt":
            own[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            styles.append(attributes.get("numFmtId", "0"))

    def end(tag: str) -> None:
        nonlocal inside
        if _local(tag) == "cellXfs":
            inside = False

    if "xl/styles.xml" in parts:
        _parse(archive, parts["xl/styles.xml"], budget, start, end)
    return [own.get(style, built_in.get(style, "")) for style in styles]


def _count_strings(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], budget: _Budget) -> None:
    """Refuse more strings than a workbook of our size needs; the count it declares is what a reader reserves for."""
    too_many = Refused("文件内部的文字数量不正常，请用 WPS 或 Excel 打开，把数据复制到新表格后再上传。")
    strings = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal strings
        if _local(tag) == "si":
            strings += 1
            if strings > MAX_STRINGS:
                raise too_many
        elif _local(tag) == "sst":
            for name in ("count", "uniqueCount"):
                declared = attributes.get(name, "0")
                if not declared.isdigit() or int(declared[:12]) > MAX_CELLS:
                    raise too_many

    if "xl/sharedstrings.xml" in parts:
        _parse(archive, parts["xl/sharedstrings.xml"], budget, start)


class _Sheet:
    """One pass over a sheet's XML: positions, formats, hidden rows, merges, formulas that were never calculated."""

    def __init__(self, name: str, hidden: bool, formats: list[str]) -> None:
        self.name, self.hidden, self.styles = name, hidden, formats
        self.cells = 0
        self.row = self.column = 0
        self.filled = 0
        self.last_row = self.last_column = 0
        self.hidden_rows: list[int] = []
        self.merges: list[tuple[int, int, int, int]] = []
        self.formats: dict[tuple[int, int], str] = {}
        self.marks: dict[
            tuple[int, int], Cell
        ] = {}  # formulas without a value, and errors: calamine gives ""
        self._formula = self._value = self._inline = False
        self._reading = False
        self._kind = ""
        self._style = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if ":" in tag:
            tag = _local(tag)
        if tag == "c":
            self.cells += 1
            if self.cells > MAX_CELLS:
                raise Refused(f"“{self.name}”超过 {MAX_CELLS:,} 个单元格，请删去多余的格式和空行后再上传。")
            reference = attributes.get("r")
            if reference is None:
                self.column += 1
            else:
                self.column, row = _position(reference)
                self.row = row or self.row
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._formula = self._value = self._inline = False
        elif tag == "v":
            self._reading = True
        elif tag == "is":
            self._inline = True
        elif tag == "f":
            self._formula = True
        elif tag == "row":
            number = attributes.get("r", "")
            self.row = int(number[:8]) if number.isdigit() else self.row + 1
            self.column = 0
            if attributes.get("hidden") in ("1", "true"):
                self.hidden_rows.append(self.row)
        elif tag == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            (left, top), (right, bottom) = _position(first), _position(last or first)
            if len(self.merges) < 100_000:
                self.merges.append((top, left, bottom, right))

    def text(self, text: str) -> None:
        if self._reading and text.strip():
            self._value = True
            if self._kind == "e":
                self.marks[self.row, self.column] = ["e", text[:20]]

    def end(self, tag: str) -> None:
        if ":" in tag:
            tag = _local(tag)
        if tag == "v":
            self._reading = False
        elif tag == "c" and (self._value or self._inline or self._formula):
            self.filled += 1
            if self.row > self.last_row:
                self.last_row = self.row
            if self.column > self.last_column:
                self.last_column = self.column
            if self.last_row > MAX_ROWS or self.last_column > MAX_COLUMNS:
                raise Refused(
                    f"“{self.name}”的内容一直到 {address(self.row, self.column)}，超出可读的范围"
                    f"（最多 {MAX_ROWS:,} 行、{MAX_COLUMNS} 列），请删去表格以外的内容后再上传。"
                )
            if self._formula and not self._value and self._kind not in ("str", "inlineStr"):
                self.marks[self.row, self.column] = ["f"]
            if self._style and self._kind in ("n", "d", ""):
                code = self._format()
                if code and code != "General":
                    self.formats[self.row, self.column] = code[:80]

    def _format(self) -> str:
        """The number format of the cell at hand."""
        place = int(self._style[:6]) if self._style.isdigit() else len(self.styles)
        return self.styles[place] if place < len(self.styles) else ""

    def answer(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "hidden": self.hidden,
            "merges": self.merges,
            "hidden_rows": self.hidden_rows,
            "formats": self.formats,
            "marks": self.marks,
            "filled": self.filled,
        }


def _position(reference: str) -> tuple[int, int]:
    """(column, row) of "B12", both from 1; row 0 if it has none. Raises Refused for anything else."""
    letters = reference.rstrip("0123456789")
    number = reference[len(letters) :]
    if letters in _COLUMNS and len(number) <= 8:  # every cell of a sheet that may be read
        return _COLUMNS[letters], int(number or 0)
    found = re.fullmatch(r"\$?([A-Za-z]{1,4})\$?(\d{0,8})", reference)
    if found is None:
        raise Refused(f"文件内部的单元格位置不正常，不能读取。{SAVE_AS}")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    return column, int(found[2] or 0)


def address(row: int, column: int) -> str:
    """ "B12" for row 12, column 2."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


_COLUMNS = {address(0, column)[:-1]: column for column in range(1, MAX_COLUMNS + 1)}


# --- values -----------------------------------------------------------------------------------------------------


# what only the pass over the XML can say: an .xls or a CSV has none of it
_NOTHING_MORE: dict[str, Any] = {
    "merges": [],
    "hidden_rows": [],
    "formats": {},
    "marks": {},
    "date1904": False,
}


def _values(data: bytes, looked: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The cells as calamine reads them, joined with what the pass over the XML found (None for .xls)."""
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        metadata = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        if len(metadata) > MAX_SHEETS:
            raise Refused(f"文件有 {len(metadata)} 张工作表，最多 {MAX_SHEETS} 张，请分成几个文件上传。")
        by_name = {sheet["name"]: sheet for sheet in looked or []}
        found = []
        for one in metadata:
            known = by_name.get(one.name)
            if looked is not None and known is None:
                raise Refused(f"工作表“{one.name}”的内容前后不一致，不能读取。{SAVE_AS}")
            sheet = None if known is not None and not known["filled"] else book.get_sheet_by_name(one.name)
            if known is None and sheet is not None:
                if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS:
                    raise Refused(
                        f"“{one.name}”超过 {MAX_ROWS:,} 行或 {MAX_COLUMNS} 列，请删去多余的内容后再上传。"
                    )
                merges = [(a + 1, b + 1, c + 1, d + 1) for (a, b), (c, d) in sheet.merged_cell_ranges or []]
                known = {"merges": merges}
            known = {**_NOTHING_MORE, **(known or {})}
            found.append(
                {
                    "name": one.name,
                    "hidden": one.visible != SheetVisibleEnum.Visible,
                    "rows": _rows(one.name, sheet, known) if sheet is not None else [],
                    "merges": known["merges"],
                    "hidden_rows": known["hidden_rows"],
                    "date1904": known["date1904"],
                }
            )
    except PasswordError as error:
        raise Refused(f"文件设有密码，请取消密码后再上传。{SAVE_AS}") from error
    except CalamineError as error:
        raise Refused(f"文件已损坏，或不是 Excel 表格，无法读取。{SAVE_AS}") from error
    return found


def _rows(name: str, sheet: Any, known: dict[str, Any]) -> list[list[Any]]:
    formats: dict[tuple[int, int], str] = known["formats"]
    marks: dict[int, list[tuple[int, Cell]]] = {}
    for (row, column), mark in known["marks"].items():
        marks.setdefault(row, []).append((column, mark))
    rows = []
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
        cells = [
            value if type(value) is str else _cell(value, name, number, column, formats)
            for column, value in enumerate(values, 1)
        ]
        _mark(cells, marks.pop(number, []))
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if cells:
            rows.append([number, cells])
    for number in sorted(marks):  # below the last row that has a value
        cells = []
        _mark(cells, marks[number])
        rows.append([number, cells])
    return rows


def _mark(cells: list[Cell], marks: list[tuple[int, Cell]]) -> None:
    """Put what calamine leaves empty where it stands."""
    for column, mark in marks:
        cells.extend([None] * (column - len(cells)))
        cells[column - 1] = mark


def _cell(value: Any, sheet: str, row: int, column: int, formats: dict[tuple[int, int], str]) -> Cell:
    """One value of calamine that is no text, in the form of the answer."""
    if isinstance(value, bool):
        return ["b", value]
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise Refused(f"工作表“{sheet}”的 {address(row, column)} 不是有效的数值，请改正后再上传。")
        code = formats.get((row, column), "")
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
            value = int(value)
        return ["n", value, code] if code else value
    if isinstance(value, (datetime, date, time)):
        return ["d", value.isoformat(), formats.get((row, column), "")]
    if isinstance(value, timedelta):
        return ["e", "时长"]
    return None if value is None else str(value)


# --- .xls and CSV -----------------------------------------------------------------------------------------------


def _read_xls(data: bytes) -> list[dict[str, Any]]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused(f"文件设有打开密码，请取消密码后再上传。{SAVE_AS}")
    if "Workbook".encode("utf-16-le") not in data and "Book".encode("utf-16-le") not in data:
        raise Refused(f"这不是 Excel 表格。{SAVE_AS}")
    return _values(data, None)


def _read_csv(data: bytes) -> list[dict[str, Any]]:
    text = _decoded(data)
    head = text[:20_000]
    if head.lstrip()[:1] in ("<", "{") or head.startswith(("%PDF", "{\\rtf")):
        raise Refused(f"这不是 Excel 表格（内容是网页或别的格式）。{SAVE_AS}")
    delimiter = max(",\t;", key=head.count)
    if delimiter not in head:
        raise Refused(f"这不是表格：找不到用逗号或制表符分开的栏目。{SAVE_AS}")
    csv.field_size_limit(MAX_CSV_FIELD)
    rows, cells = [], 0
    try:
        for number, values in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            cells += len(values)
            if number > MAX_ROWS or len(values) > MAX_COLUMNS or cells > MAX_CELLS:
                raise Refused(f"文件超过 {MAX_ROWS:,} 行或 {MAX_COLUMNS} 列，请分成几个文件上传。")
            kept: list[Cell] = [_unguarded(value) for value in values]
            while kept and not kept[-1]:
                kept.pop()
            if kept:
                rows.append([number, kept])
    except csv.Error as error:
        raise Refused(f"第 {len(rows) + 1} 行附近的格式有误，无法按 CSV 读取。{SAVE_AS}") from error
    return [
        {"name": "CSV", "hidden": False, "rows": rows, "merges": [], "hidden_rows": [], "date1904": False}
    ]


def _decoded(data: bytes) -> str:
    """UTF-16 with its mark, UTF-8, else GBK (as Excel writes CSV in China). Raises Refused for what is no text."""
    encodings = ["utf-16"] if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return text
    raise Refused(f"这不是 Excel 表格（.xlsx、.xls）或 CSV 文件。{SAVE_AS}")


def _unguarded(value: str) -> str:
    """A cell of CSV without what keeps Excel from touching it: ="3704…" and the ' in front of = + - @."""
    if quoted := re.fullmatch(r'="(.*)"', value, re.DOTALL):
        return quoted[1]
    return value[1:] if re.match(r"'[=+\-@]", value) else value


def main(stream: BinaryIO) -> None:
    """Read the file, write the answer."""
    limit_this_process()
    try:
        answer: dict[str, Any] = {"sheets": read(stream.read())}
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": "文件过大，超出可用的内存，请分成几个文件上传。"}
    sys.stdout.write(json.dumps(answer, ensure_ascii=True, separators=(",", ":"), allow_nan=False))


def mark(stream: BinaryIO) -> None:
    """Read what is wrong and the file, write the file with that marked in it; nothing if it cannot be read."""
    from directory.identity import hide_numbers  # functions only: no Django
    from workbooks.marking import answered

    limit_this_process()
    asked = json.loads(stream.readline())
    data = stream.read()
    sheets = read(data)
    if data.startswith(b"PK"):
        _refuse_doctypes(data)
    names = [hide_numbers(sheet["name"]) for sheet in sheets]
    sys.stdout.buffer.write(answered(data, sheets, names, asked["problems"], asked["headers"]))


def _refuse_doctypes(data: bytes) -> None:
    """Every part of the package, also those that only its writing back opens."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    budget = _Budget()
    for info in archive.infolist():
        if info.filename.casefold().endswith((".xml", ".rels", ".vml")):
            _parse(archive, info, budget, None)


if __name__ == "__main__":
    mark(sys.stdin.buffer) if sys.argv[1:] == ["mark"] else main(sys.stdin.buffer)
