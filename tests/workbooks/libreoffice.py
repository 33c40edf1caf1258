"""What we write, opened by LibreOffice: nothing is lost, nothing complained of, and it prints on A4.

    .venv/bin/python -m tests.workbooks.libreoffice [--keep DIR]

Needs LibreOffice (Debian: libreoffice-calc-nogui), so it is no test of CI; its last run is in docs/runs.md. A demo is made
in a temporary folder, and of it the template and the export of every register, an export of strings that look like
formulas, and a workbook as people keep it, returned with its errors marked. LibreOffice opens each without a window,
calculates it, saves it anew and prints it. Then compared, before and after: every cell, drop-downs and help at the cell,
the protection of what is ours, comments and colours cell by cell, links of the error list, formulas and what they gave,
paper, orientation, headings repeated, page numbers; and on how many pages each is printed. Exit 1 if anything differs.
`--keep` leaves the files, the prints and a picture of the returned workbook before and after.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

ROOT = Path(__file__).resolve().parents[2]
UNIT, PERIOD = "370406106", "2022Q2"  # 徐庄镇
NAUGHTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "'",
    "\t=1",
    "1e5",
    "00123",
    "2022-13-45",
    " x ",
    "真",
]
A4 = (842, 595)  # points, landscape
NARROWEST = 0.5  # of its size, to which a sheet is shrunk to fit the pages
WAIT = 600  # seconds for all files at once


def office(kind: str, files: Sequence[Path], folder: Path) -> list[str]:
    """Have LibreOffice open the files and write each as `kind` into `folder`; what it complained of."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="office-") as profile:  # not the one of who runs this
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", kind]
        done = subprocess.run(
            [*command, "--outdir", str(folder), *map(str, files)],
            capture_output=True,
            text=True,
            timeout=WAIT,
            check=False,
        )
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    said = [line for line in lines if line and not line.startswith("convert ") and "javaldx" not in line]
    suffix = kind.partition(":")[0]
    missing = [file.name for file in files if not (folder / file.with_suffix(f".{suffix}").name).exists()]
    if done.returncode:
        said.append(f"exit code {done.returncode}")
    return said + [f"{name}: not opened" for name in missing]


# --- the files --------------------------------------------------------------------------------------------------------


def demo(folder: Path) -> None:
    """The demo in `folder`, and Django over it."""
    for name in list(os.environ):
        if name.startswith("RONGSHAN_") or name == "DATABASE_URL":
            del os.environ[name]
    os.environ.update(RONGSHAN_DATA_DIR=str(folder), DJANGO_SETTINGS_MODULE="rongshan.settings")
    for command in ("migrate", "demo"):
        subprocess.run(
            [sys.executable, ROOT / "manage.py", command, "--verbosity=0"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    import django

    django.setup()


def out_of_the_books(folder: Path) -> list[Path]:
    """Template and export of every register, and the strings that look like formulas."""
    from directory.models import Organization, User
    from ledger.models import Entry, Period
    from ledger.registers import all_registers
    from workbooks import writing
    from workbooks.planning import registers_for

    period, on = Period.objects.get(code=PERIOD), datetime.date(2022, 12, 28)
    user = User.objects.get(username="shenhe")
    units = [Organization.objects.get(code=UNIT), *Organization.objects.filter(active=True).order_by("code")]
    made: dict[str, bytes] = {}
    for register in all_registers().values():
        if not register.columns:
            continue
        unit = next(one for one in units if register in registers_for(one))
        made[f"模板 {register.name}"] = writing.template(
            register=register, organization=unit, period=period, user=user, on=on
        )
        made[f"导出 {register.name}"] = writing.export(
            register=register,
            entries=writing.live(Entry.objects.unscoped("LibreOffice 核对"), register),
            title=f"山亭区{register.name}（演示数据）",
            on=on,
        )
    flows = all_registers()["fund_flow"]
    width = len(flows.columns)
    made["字样"] = writing.plain_sheet(flows, [[text] * width for text in NAUGHTY])
    files = []
    for name, data in made.items():
        files.append(folder / f"{name.replace('/', '／')}.xlsx")
        files[-1].write_bytes(data)
    return files


def as_people_keep_it() -> bytes:
    """A roster with a merged title, colours, widths, a comment, a drop-down, a formula, and six wrong cells."""
    from tests.workbooks.files import ROSTER, attendee

    line = Side(style="thin")
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "学员"
    sheet.append(["培训学员花名册"])
    sheet.merge_cells("A1:K1")
    sheet["A1"].font = Font(name="Noto Sans CJK SC", size=18, bold=True)
    sheet.append(["填报单位：徐庄镇　　填报日期：2022年6月28日"])
    sheet.append(list(ROSTER))
    rows = [attendee(n, "食用菌种植培训班（第一期）") for n in range(101, 112)]
    rows[2][4] = 9.90000195803218e17  # as Excel makes of it
    rows[4][6], rows[5][7], rows[6][5], rows[8][8] = "贫困户", "138000", "徐庄镇、店子镇", "部分"
    for row in rows:
        sheet.append(row)
    last = sheet.max_row
    sheet.append(["合计", *[None] * 8, f"=SUM(J4:J{last})"])
    for cells in sheet.iter_rows(3, last):
        for cell in cells:
            cell.border = Border(line, line, line, line)
            if cell.row == 3:
                cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFD9E1F2")
    sheet["J7"].fill = PatternFill("solid", fgColor="FFA9C499")
    sheet["J7"].number_format = "#,##0.00"
    sheet["G6"].comment = Comment("村里再核对一次", "王会计")
    for letter, width in zip("ABCDEFGHIJK", (7, 26, 9, 6, 23, 18, 17, 14, 9, 11, 8), strict=True):
        sheet.column_dimensions[letter].width = width
    rule = DataValidation(type="list", formula1='"是,否"')
    sheet.add_data_validation(rule)
    rule.add(f"I4:I{last}")
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    assert sheet.sheet_properties.pageSetUpPr is not None
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def returned(folder: Path) -> tuple[Path, Path]:
    """That roster, and what the system answers in it."""
    from directory.models import Organization, User
    from ledger.models import Period
    from workbooks import planning
    from workbooks.reading import marked

    data = as_people_keep_it()
    upload = planning.Upload(
        data, "花名册.xlsx", Organization.objects.get(code=UNIT), Period.objects.get(code=PERIOD), ()
    )
    report = planning.preview(
        by=User.objects.get(username="xuzhuang"), on=datetime.date(2022, 6, 28), upload=upload
    )
    page = report.as_page(300)
    answer = marked(data, page["marks"], {sheet["name"]: sheet["header_row"] for sheet in page["sheets"]})
    before, after = folder / "原表.xlsx", folder / "标好错误的原表.xlsx"
    before.write_bytes(data)
    after.write_bytes(answer)
    return before, after


# --- what is compared -------------------------------------------------------------------------------------------------


def cells_of(sheet: Worksheet) -> dict[str, Any]:
    """Cell → what stands in it, numbers as numbers; a formula as it is written."""
    found = {}
    for row in sheet.iter_rows():
        for cell in row:
            value = cell.value
            if isinstance(value, datetime.datetime) and value.time() == datetime.time():
                value = value.date()
            if isinstance(value, str) and cell.data_type == "f":
                value = value.replace("$", "").upper()
            if value not in (None, ""):
                found[cell.coordinate] = (value, cell.data_type == "f")
    return found


def rules_of(book: Workbook, sheet: Worksheet) -> dict[str, tuple[Any, ...]]:
    """Cell → what may stand there, what is offered, and which help is shown. Of two rows: LibreOffice saves such rules for
    a thousand rows below the last, and cuts their ranges otherwise."""
    found = {}
    for rule in sheet.data_validations.dataValidation:
        offered = offers(book, rule.formula1) if rule.type == "list" else None
        for area in str(rule.sqref).split():
            left, top, right, bottom = corners(area)
            told = (rule.type if offered else None, offered, rule.promptTitle, rule.prompt)
            for column in range(left, right + 1):
                for row in {5, 1000} & set(range(top, bottom + 1)):
                    found[f"{get_column_letter(column)}{row}"] = told
    return found


def corners(area: str) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    left, top, right, bottom = range_boundaries(area)
    assert left is not None
    assert top is not None
    assert right is not None
    assert bottom is not None
    return left, top, right, bottom


def offers(book: Workbook, formula: str) -> tuple[str, ...]:
    """The texts a drop-down offers: written in the rule, or in the cells it names."""
    if formula.startswith('"'):
        return tuple(formula.strip('"').split(","))
    name, _, area = formula.rpartition("!")
    left, top, right, bottom = range_boundaries(area.replace("$", ""))
    cells = book[name.strip("'").replace("$", "")].iter_rows(top, bottom, left, right, values_only=True)
    return tuple(str(value) for row in cells for value in row)


def comments_of(sheet: Worksheet) -> dict[str, str]:
    return {
        cell.coordinate: cell.comment.text.strip()
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }


def colours_of(sheet: Worksheet) -> dict[str, str]:
    """Cell → the colour a conditional format lays over it."""
    found = {}
    for formatting in sheet.conditional_formatting:
        for rule in formatting.rules:
            fill = rule.dxf.fill if rule.dxf is not None else None
            for area in str(formatting.sqref).split():
                found[area] = str(fill.bgColor.rgb)[-6:].upper() if fill is not None else ""
    return found


def links_of(sheet: Worksheet) -> dict[str, str]:
    return {
        cell.coordinate: (cell.hyperlink.location or cell.hyperlink.target or "")
        .lstrip("#")
        .replace("'", "")
        .replace("$", "")
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink
    }


def paper_of(sheet: Worksheet) -> tuple[Any, ...]:
    footer = sheet.oddFooter.center.text if sheet.oddFooter and sheet.oddFooter.center else None
    return (
        sheet.page_setup.orientation,
        str(sheet.page_setup.paperSize),
        bool(sheet.sheet_properties.pageSetUpPr and sheet.sheet_properties.pageSetUpPr.fitToPage),
        sheet.print_title_rows,
        sheet.print_title_cols,
        sheet.page_setup.fitToWidth,
        re.sub(r"&\"[^\"]*\"|&\d+|&K\w{6}", "", footer) if footer else None,
    )


def locked_of(sheet: Worksheet) -> dict[str, bool]:
    """Whether the sheet is protected, and of its first rows and the first free one which cells are."""
    if not sheet.protection.sheet:
        return {}
    return {
        cell.coordinate: cell.protection.locked for row in sheet.iter_rows(1, 4) for cell in row if cell.value
    }


def shape_of(sheet: Worksheet) -> tuple[Any, ...]:
    """Without panes: what is only how a sheet is looked at, LibreOffice saves of a window only, and it has none here."""
    return sheet.sheet_state, sorted(str(area) for area in sheet.merged_cells.ranges)


WHAT: dict[str, Callable[[Any, Worksheet], Any]] = {
    "cells": lambda book, sheet: cells_of(sheet),
    "drop-downs and help": rules_of,
    "comments": lambda book, sheet: comments_of(sheet),
    "colours": lambda book, sheet: colours_of(sheet),
    "links": lambda book, sheet: links_of(sheet),
    "paper": lambda book, sheet: paper_of(sheet),
    "protection": lambda book, sheet: locked_of(sheet),
    "merged cells, hidden": lambda book, sheet: shape_of(sheet),
}


def differences(before: Path, after: Path, counts: dict[str, int]) -> Iterable[str]:
    """What LibreOffice made otherwise."""
    ours, theirs = load_workbook(before), load_workbook(after)
    if ours.sheetnames != theirs.sheetnames:
        yield f"{before.name}: sheets {ours.sheetnames} became {theirs.sheetnames}"
        return
    for name in ours.sheetnames:
        for what, look in WHAT.items():
            mine, other = look(ours, ours[name]), look(theirs, theirs[name])
            if what == "paper" and mine[0] is None:  # none was chosen
                continue
            if what == "drop-downs and help":
                other = {cell: told for cell, told in other.items() if cell in mine}
            counts[what] = counts.get(what, 0) + (len(mine) if isinstance(mine, dict) else 1)
            if mine != other:
                yield f"{before.name}, {name}: {what}: {unlike(mine, other)}"


def unlike(mine: Any, other: Any) -> str:
    if isinstance(mine, dict):
        keys = [key for key in {**mine, **other} if mine.get(key) != other.get(key)]
        return f"{len(keys)}: " + "; ".join(f"{k} {mine.get(k)!r} → {other.get(k)!r}" for k in keys[:3])
    return f"{mine!r} → {other!r}"


def wrong_sums(before: Path, after: Path, counts: dict[str, int]) -> Iterable[str]:
    """Sums of columns that LibreOffice calculated otherwise than adding up what we wrote."""
    ours, theirs = load_workbook(before), load_workbook(after, data_only=True)
    for sheet in ours.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                found = re.fullmatch(r"=SUM\(([A-Z]+\d+:[A-Z]+\d+)\)", str(cell.value or ""))
                if found:
                    area: Any = sheet[found[1]]
                    due = sum(one.value for (one,) in area if isinstance(one.value, int | float))
                    gave = theirs[sheet.title][cell.coordinate].value
                    counts["sums"] = counts.get("sums", 0) + 1
                    if not isinstance(gave, int | float) or not math.isclose(due, gave, abs_tol=0.001):
                        yield f"{before.name}, {sheet.title} {cell.coordinate}: {gave} instead of {due}"


def too_narrow(file: Path) -> Iterable[str]:
    """Numbers that would show as ###, texts cut off, and sheets shrunk until nobody can read them."""
    for sheet in load_workbook(file).worksheets:
        if sheet.sheet_state != "visible":
            continue
        widths = {}
        for letter, dimension in sheet.column_dimensions.items():
            if dimension.width and dimension.max and dimension.max < 1000:
                widths[letter] = dimension.width
        for row in sheet.iter_rows():
            for cell in row:
                width = widths.get(letter_of(cell), 8.4)
                places = 2 if "0.00" in cell.number_format else 0
                if isinstance(cell.value, int | float) and len(f"{cell.value:,.{places}f}") + 1 > width:
                    yield f"{file.name} {cell.coordinate}: {cell.value} does not fit into {width}"
        for number, row in enumerate(sheet.iter_rows(), 1):
            for cell in row:
                if (
                    isinstance(cell.value, str)
                    and cell.data_type == "s"
                    and number > 5
                    and cell.border.left.style
                ):
                    lines = len(cell.value.encode("gbk", "replace")) / widths.get(letter_of(cell), 8.4)
                    if lines > 1.2 and (sheet.row_dimensions[number].height or 15) < 12 * lines:
                        yield f"{file.name} {cell.coordinate}: {cell.value!r} is printed in part only"
        letters = [get_column_letter(index) for index in range(1, sheet.max_column + 1)]
        repeated = 2 if sheet.print_title_cols else 0
        first = sum(widths.get(letter, 8.4) for letter in letters[:repeated])
        rest = sum(widths.get(letter, 8.4) for letter in letters[repeated:])
        shrunk = (A4[0] - 2 * 50) / (5.3 * (first + rest / int(sheet.page_setup.fitToWidth or 1)))
        if shrunk < NARROWEST:
            yield f"{file.name}: printed at {shrunk:.0%} of its size"


def letter_of(cell: Any) -> str:
    return get_column_letter(cell.column)


def pages_of(pdf: Path) -> list[tuple[int, int]]:
    """Width and height of every page, in points."""
    boxes = re.findall(rb"/Type\s*/Page/[^>]*?/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf.read_bytes())
    return [(round(float(w)), round(float(h))) for w, h in boxes]


# --- the run ----------------------------------------------------------------------------------------------------------


def check(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Make the files, have LibreOffice open them, compare; what was counted, and the faults."""
    files_folder = folder / "files"
    files_folder.mkdir()
    files = out_of_the_books(files_folder)
    before, after = returned(files_folder)
    files += [before, after]
    faults = office("xlsx", files, folder / "saved")
    faults += office("pdf", files, folder / "printed")
    counts: dict[str, int] = {}
    pages: dict[str, int] = {}
    for file in files:
        again = folder / "saved" / file.name
        if not again.exists():
            continue
        faults += differences(file, again, counts)
        faults += wrong_sums(file, again, counts)
        if file.name.startswith("导出"):
            faults += too_narrow(file)
        sizes = pages_of(folder / "printed" / f"{file.stem}.pdf")
        pages[file.stem] = len(sizes)
        if file.name.startswith(("导出", "模板")) and set(sizes) != {A4}:
            faults.append(f"{file.name}: pages of {sorted(set(sizes))} points")
    marks = load_workbook(after)
    if not comments_of(marks["学员"]) or not colours_of(marks["学员"]) or not links_of(marks.worksheets[0]):
        faults.append("nothing was marked in the returned workbook")
    counts["files"] = len(files)
    return {**counts, "pages": pages}, faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.workbooks.libreoffice", description=__doc__)
    parser.add_argument(
        "--keep", type=Path, help="an empty folder for what was written, saved anew and printed"
    )
    options = parser.parse_args()
    if shutil.which("soffice") is None:
        sys.stderr.write("LibreOffice is needed: apt-get install libreoffice-calc-nogui\n")
        return 2
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="office-demo-")))
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="office-files-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        demo(data)
        counts, faults = check(folder)
    version = subprocess.run(["soffice", "--version"], capture_output=True, text=True, check=True).stdout
    print(json.dumps({"office": version.split()[1], **counts}, ensure_ascii=False))  # noqa: T201
    for fault in faults:
        print(f"FAULT: {fault}")  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
