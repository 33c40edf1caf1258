"""The answer in the user's own file: what is marked, what survives, what is answered anew, and who gets it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.test import Client
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from directory import files
from ledger.models import ImportJob
from tests.ledger.world import World
from tests.workbooks.conftest import Browse, preview
from tests.workbooks.files import ROSTER, attendee, by_hand, calculated, identity, roster, saved, xlsx
from tests.workbooks.test_pages import page, sent
from workbooks import jobs, marking
from workbooks.reading import UnreadableFile, marked, read
from workbooks.report import Report
from workbooks.sheets import LIST_TITLE


def problem(cell: str, message: str, *, level: str = "error", sheet: str = "学员") -> dict[str, str]:
    return {
        "level": level,
        "sheet": sheet,
        "cell": cell,
        "column": "栏",
        "value": "值",
        "rule": "规则",
        "message": message,
    }


def notes(sheet: Any) -> dict[str, str]:
    return {c.coordinate: c.comment.text for row in sheet.iter_rows() for c in row if c.comment}


def colours(sheet: Any) -> dict[str, str]:
    """Cell → colour of our conditional formats."""
    found = {}
    for formatting in sheet.conditional_formatting:
        for rule in formatting.rules:
            if rule.formula == [marking.MARK]:
                for area in formatting.sqref.ranges:
                    found[area.coord] = rule.dxf.fill.bgColor.rgb
    return found


def a_messy_book() -> Workbook:
    """As people keep them: a merged title, colours, widths, a comment, a drop-down, formulas, a hidden sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "学员"
    sheet.append(["培训学员花名册"])
    sheet.merge_cells("A1:K1")
    sheet["A1"].font = Font(name="黑体", size=18, bold=True)
    sheet.append(["填报单位：徐庄镇"])
    sheet.append(ROSTER)
    for n in range(1, 6):
        sheet.append(attendee(n))
    sheet.append(["合计", *[None] * 8, "=SUM(J4:J8)"])
    sheet["J5"].fill = PatternFill("solid", fgColor="FF00B050")
    sheet["J5"].number_format = "#,##0.00"
    sheet["E6"].comment = Comment("本人提供", "王会计")
    sheet.column_dimensions["E"].width = 33
    sheet.row_dimensions[1].height = 41
    sheet.freeze_panes = "A4"
    rule = DataValidation(type="list", formula1='"是,否"')
    sheet.add_data_validation(rule)
    rule.add("I4:I20")
    book.create_sheet("备查").sheet_state = "hidden"
    return book


def test_cells_are_coloured_and_commented_and_all_else_survives() -> None:
    data = saved(a_messy_book())
    found = [
        problem("E6", "身份证号不对"),
        problem("E6", "又一处"),
        problem("J9", "合计不符", level="warning"),
        problem("A1", "表题"),
        problem("5", "整行"),
        problem("", "超出可用资金", sheet=""),
    ]
    out = load_workbook(io.BytesIO(marked(data, found, {"学员": 3})))
    assert out.sheetnames == ["错误清单", "学员", "备查"]
    sheet = out["学员"]
    assert notes(sheet) == {
        "E6": "身份证号不对\n又一处\n（原批注）本人提供",
        "J9": "合计不符",
        "A1": "表题",
        "A5": "整行",
    }
    red, yellow = "FFFFC7CE", "FFFFEB9C"
    assert colours(sheet) == {"E6": red, "J9": yellow, "A1": red, "A5": red}
    assert sheet["J5"].fill.fgColor.rgb == "FF00B050"
    assert (sheet["A1"].font.name, sheet["A1"].font.size) == ("黑体", 18)
    assert (sheet.column_dimensions["E"].width, sheet.row_dimensions[1].height) == (33, 41)
    assert (sheet.freeze_panes, str(sheet.merged_cells)) == ("A4", "A1:K1")
    assert (sheet["J9"].value, sheet["J5"].number_format) == ("=SUM(J4:J8)", "#,##0.00")
    assert [str(rule.sqref) for rule in sheet.data_validations.dataValidation] == ["I4:I20"]
    assert out["备查"].sheet_state == "hidden"
    assert [cell.value for row in sheet.iter_rows(3, 8) for cell in row] == [
        cell.value for row in load_workbook(io.BytesIO(data))["学员"].iter_rows(3, 8) for cell in row
    ]


def test_the_list_stands_first_with_errors_before_warnings_and_links_to_the_cells() -> None:
    found = [problem("B2", "提示", level="warning"), problem("C3", "错误"), problem("", "整张表")]
    listed = load_workbook(io.BytesIO(marked(saved(a_messy_book()), found, {})))["错误清单"]
    rows = list(listed.iter_rows(5, 7))
    assert [[cell.value for cell in row] for row in rows] == [
        ["错误", "学员", "C3", "栏", "值", "错误"],
        ["错误", "学员", "打开", "栏", "值", "整张表"],
        ["提示", "学员", "B2", "栏", "值", "提示"],
    ]
    links = [row[2].hyperlink for row in rows]
    assert [link and link.location for link in links] == ["'学员'!C3", "'学员'!A1", "'学员'!B2"]
    assert "错误 2 处" in listed["A2"].value


def test_a_formula_keeps_what_it_gave_when_it_was_saved() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = "学员"
    book.active.append([1, "=A1+1", '="甲"&"乙"', "=1/0", "=B1*2", "=DATE(2022,3,1)"])
    book.active["F1"].number_format = "yyyy-mm-dd"
    data = calculated(
        saved(book),
        {"B1": ("", "2"), "C1": (' t="str"', "甲乙"), "D1": (' t="e"', "#DIV/0!"), "F1": ("", "44621")},
    )
    out = marked(data, [problem("A1", "错")], {})
    day = ["d", "2022-03-01", "yyyy-mm-dd"]
    assert read(out)[1].rows == read(data)[0].rows == [(1, [1, 2, "甲乙", ["e", "#DIV/0!"], ["f"], day])]
    back = load_workbook(io.BytesIO(out))["学员"]
    assert [cell.value for cell in back[1]] == [1, "=A1+1", '="甲"&"乙"', "=1/0", "=B1*2", "=DATE(2022,3,1)"]


def test_an_earlier_answer_is_taken_off_and_its_list_is_no_data(world: World) -> None:
    rows = [attendee(n) for n in range(1, 4)]
    first = marked(roster(rows), [problem("E4", "旧的"), problem("G5", "也是旧的")], {"学员": 3})
    assert [sheet.name for sheet in read(first)] == ["错误清单", "学员"]
    assert read(first)[0].rows[0][1][0] == LIST_TITLE
    report = preview(world, first)
    assert "没有表头" not in {one.rule for one in report.warnings}
    out = load_workbook(io.BytesIO(marked(first, [problem("H6", "新的")], {"学员": 3})))
    assert out.sheetnames == ["错误清单", "学员"]
    assert notes(out["学员"]) == {"H6": "新的"}
    assert set(colours(out["学员"])) == {"H6"}


@pytest.mark.parametrize("kind", ["csv", "many cells", "many marks"])
def test_what_cannot_be_written_back_is_answered_by_its_bad_rows(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [list(ROSTER), *(attendee(n) for n in range(1, 40))]
    rows[20][10], rows[30][4] = "'=1" if kind == "csv" else "+1", "12"
    found = [problem("E31", "不对"), problem("K21", "公式", level="warning"), problem("1", "表头")]
    if kind == "csv":
        data = "\r\n".join(",".join(map(str, row)) for row in rows).encode("gbk")
        found = [{**one, "sheet": "CSV"} for one in found]
        out = marked(data, found, {"CSV": 1})
    else:
        monkeypatch.setattr(marking, "MOST_CELLS" if kind == "many cells" else "MOST_MARKS", 1)
        data = xlsx({"学员": rows})
        looked = [{"name": one.name, "rows": [list(row) for row in one.rows]} for one in read(data)]
        out = marking.answered(data, looked, ["学员"], found, {"学员": 1})
    book = load_workbook(io.BytesIO(out))
    sheet = book[book.sheetnames[1]]
    assert [row[0].value for row in sheet.iter_rows()] == ["原行号", 21, 31]
    assert sheet["F3"].value == "12"
    assert (sheet["L2"].value, sheet["L2"].data_type) == ("=1" if kind == "csv" else "+1", "s")
    said = notes(sheet)
    assert kind == "many marks" or said == {"F3": "不对", "L2": "公式", "B1": "表头"}
    link = book["错误清单"]["C5"].hyperlink
    assert link is not None
    assert link.location == f"'{sheet.title}'!F3"


def test_a_hostile_part_that_only_writing_back_would_open_is_refused() -> None:
    entity = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'
    data = by_hand('<row r="1"><c r="A1"><v>1</v></c></row>', more={"xl/theme/theme1.xml": entity})
    with pytest.raises(UnreadableFile):
        marked(data, [problem("A1", "错")], {})


# --- through the pages ------------------------------------------------------------------------------------------


def bad_roster() -> bytes:
    rows = [attendee(n) for n in range(1, 6)]
    rows[1][4], rows[3][6] = "12", "贫困户"
    return roster([*rows, ["合计", *[None] * 8, 9]])


def answer_of(client: Client, world: World, data: bytes, name: str = "学员.xlsx") -> tuple[Any, str]:
    address = sent(client, world, data, name)["Location"]
    assert "下载标好错误的原表" in page(client.get(address))
    return client.get(f"{address}answer/"), address


@pytest.mark.usefixtures("course")
def test_the_uploader_gets_their_workbook_back_marked_and_a_corrected_one_goes_in(
    browse: Browse, world: World
) -> None:
    client = browse("徐庄")
    response, address = answer_of(client, world, bad_roster())
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    book = load_workbook(io.BytesIO(response.content))
    assert {"E5", "G7", "J9"} == set(notes(book["学员"]))
    assert "身份证号应为18位" in notes(book["学员"])["E5"]
    assert browse("徐庄二").get(f"{address}answer/").status_code == 302
    sheet = book["学员"]
    sheet["E5"], sheet["G7"], sheet["J9"] = identity(2, "女"), "脱贫人口", 1500
    again = sent(client, world, saved(book))["Location"]
    text = page(client.get(again))
    assert "确认导入 5 行" in text
    assert "下载标好错误的原表" not in text
    # nothing of it waits in clear
    for one in files.pending().iterdir():
        assert not zipfile.is_zipfile(one)
        assert identity(1).encode() not in one.read_bytes()


@pytest.mark.usefixtures("course")
def test_a_file_that_the_worker_checked_comes_back_marked_too(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "IN_REQUEST", 3)
    client = browse("徐庄")
    address = sent(client, world, bad_roster())["Location"]
    assert client.get(f"{address}answer/").status_code == 302  # nothing is known of it yet
    jobs.work(ImportJob.objects.get().pk)
    assert "下载标好错误的原表" in page(client.get(address))
    book = load_workbook(io.BytesIO(client.get(f"{address}answer/").content))
    assert {"E5", "G7", "J9"} == set(notes(book["学员"]))
    assert browse("店子").get(f"{address}answer/").status_code == 302


@pytest.mark.usefixtures("course")
def test_what_is_marked_is_what_the_page_says(world: World) -> None:
    report: Report = preview(world, bad_roster())
    shown = report.as_page(300)
    assert [(one["level"], one["cell"]) for one in shown["marks"]] == [
        *(("error", one.cell) for one in report.errors),
        *(("warning", one.cell) for one in report.warnings),
    ]
    assert "12" not in [one["value"] for one in shown["marks"] if one["column"] == "身份证号"]
