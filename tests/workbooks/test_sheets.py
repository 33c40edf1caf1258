"""Importer rules 1–9, 11, 12, 14, 15, 17 and 19 (DOMAIN §4), as cells → what is read or said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from directory.models import User
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from labor.rosters import ROSTER as ROSTER_REGISTER
from ledger.parsing import Known, ParseError, parse
from ledger.registers import Column
from tests.workbooks.files import COURSE_1, ROSTER, attendee, courses, saved, xlsx
from workbooks.cells import raw_of
from workbooks.problems import Findings
from workbooks.reading import Sheet, read
from workbooks.sheets import Table, heading_key, text_of, understand, unit_of

REGISTERS = [TRAINING_COURSE, TRAINING_ATTENDANCE]


def tables(*sheets: Sheet) -> tuple[list[Table], Findings]:
    findings = Findings()
    return understand(sheets, REGISTERS, findings), findings


def sheet(rows: Sequence[Any], **more: Any) -> Sheet:
    return Sheet("表", rows=[(n, list(row)) for n, row in enumerate(rows, 1) if row], **more)


def read_back(table: Table, name: str) -> list[str]:
    (index,) = [place.index for place in table.places if place.column.name == name]
    return [text_of(cells[index]) if index < len(cells) else "" for _, cells in table.rows]


# --- rule 1: the header -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("above", [0, 1, 5, 14])
def test_the_header_is_found_under_up_to_fourteen_lines(above: int) -> None:
    (table,), findings = tables(sheet([["标题"]] * above + [list(ROSTER), attendee(1)]))
    assert (table.header_row, table.register.code, len(table.rows)) == (above + 1, "training_attendance", 1)
    assert findings.errors == []


def test_a_header_below_the_fifteenth_row_is_not_looked_for() -> None:
    found, findings = tables(sheet([["标题"]] * 15 + [list(ROSTER), attendee(1)]))
    assert found == []
    assert findings.warnings[0].rule == "没有表头"


def test_what_stands_in_brackets_tells_two_columns_apart_and_is_else_left_out() -> None:
    header = ["花名册日期", "姓名（学员）", "公益性岗位", "公益性岗位（月数）*", "务工时间"]
    found = understand([sheet([header, ["x"] * 5])], [ROSTER_REGISTER], Findings())
    places = [(place.column.name, place.index) for place in found[0].places]
    assert places == [
        ("roster_on", 0),
        ("name", 1),
        ("public_post", 2),
        ("public_months", 3),
        ("work_months", 4),
    ]


@pytest.mark.parametrize(
    ("line", "unit", "who"),
    [
        (["填报单位：徐庄镇", "", "单位：万元"], "万元", "徐庄镇"),
        (
            ["填报单位：徐庄镇人民政府（盖章）  填报日期：2022年7月1日   单位：元"],
            "元",
            "徐庄镇人民政府(盖章)",
        ),
        (["填报单位", "徐庄镇"], "", ""),
        (["填报单位：", "徐庄镇", "金额单位：万元"], "万元", "徐庄镇"),
    ],
)
def test_lines_above_the_header_say_unit_and_who_files(line: list[str], unit: str, who: str) -> None:
    header = ["班次", "姓名", "身份证号", "人员类别", "补贴"]
    (table,), findings = tables(sheet([["花名册"], line, header, ["x"] * 5]))
    assert table.filed_by == who
    (money,) = [place for place in table.places if place.column.kind == "money"]
    assert money.unit == unit
    assert bool(findings.errors) == (unit == "")


def test_the_register_is_told_by_the_headings() -> None:
    found, _ = tables(
        Sheet("一", rows=[(1, list(courses()[0])), (2, list(COURSE_1))]),
        Sheet("二", rows=[(1, list(ROSTER)), (2, attendee(1))]),
    )
    assert [(t.sheet, t.register.code) for t in found] == [
        ("一", "training_course"),
        ("二", "training_attendance"),
    ]


# --- rules 2–5 --------------------------------------------------------------------------------------------------


def test_a_two_row_header_with_a_merged_group_is_read() -> None:
    rows = [
        ["班次", "学员", "", "", "人员类别"],
        ["", "姓名", "性别", "身份证号", ""],
        ["班", "张三", "男", "1", "其他"],
    ]
    (table,), _ = tables(sheet(rows, merges=[(1, 2, 1, 4), (1, 1, 2, 1), (1, 5, 2, 5)]))
    assert {place.column.name: place.index for place in table.places} == {
        "course": 0, "name": 1, "sex": 2, "id_number": 3, "category": 4,
    }  # fmt: skip
    assert read_back(table, "name") == ["张三"]


@pytest.mark.parametrize(
    "above", [[], [["培训学员花名册"], ["填报单位：徐庄镇", "", "", "填报日期：2022年6月"]]]
)
def test_a_two_row_header_of_a_csv_which_knows_no_merges_is_read(above: list[list[str]]) -> None:
    rows = [
        *above,
        ["班次", "学员", "", "", "人员类别"],
        ["", "姓名", "性别", "身份证号"],
        ["班", "张三", "男", "1", "其他"],
    ]
    (table,), _ = tables(sheet(rows))
    assert {place.column.name: place.index for place in table.places} == {
        "course": 0, "name": 1, "sex": 2, "id_number": 3, "category": 4,
    }  # fmt: skip
    assert read_back(table, "name") == ["张三"]


def test_a_one_row_header_with_a_column_without_heading_keeps_its_first_row() -> None:
    rows = [
        ["班次", "姓名", "", "身份证号", "人员类别"],
        ["班", "张三", "（户主）", "1", "其他"],
        ["班", "李四", "", "2", "其他"],
    ]
    (table,), _ = tables(sheet(rows))
    assert read_back(table, "name") == ["张三", "李四"]


def test_a_vertical_merge_is_filled_down_and_nothing_else_is() -> None:
    rows = [
        ["班次", "姓名", "身份证号", "人员类别"],
        ["甲班", "一", "1", "其他"],
        ["", "二", "2", "其他"],
        ["", "三", "3", "其他"],
    ]
    (table,), _ = tables(sheet(rows, merges=[(2, 1, 3, 1)]))
    assert read_back(table, "course") == ["甲班", "甲班", ""]


@pytest.mark.parametrize("word", ["合计", "合  计", "总计", "合　计：", "合计（元）"])
@pytest.mark.parametrize(("stated", "warned"), [(700, False), ("700.00", False), (800, True), ("", False)])
def test_the_sum_row_is_dropped_and_checked(word: str, stated: Any, warned: bool) -> None:
    header = ["序号", "班次", "姓名", "人员类别", "补贴(元)"]
    rows = [header, [1, "甲", "一", "其他", 300], [2, "甲", "二", "其他", "400"], [word, "", "", "", stated]]
    (table,), findings = tables(sheet(rows))
    assert len(table.rows) == 2
    assert [p.cell for p in findings.warnings if p.rule == "合计不符"] == (["E4"] if warned else [])


def test_subtotals_are_checked_each_for_its_part() -> None:
    header = ["序号", "班次", "姓名", "人员类别", "补贴(元)"]
    rows = [
        header,
        [1, "甲", "一", "其他", 1],
        ["小计", "", "", "", 1],
        [2, "乙", "二", "其他", 2],
        ["小计", "", "", "", 3],
        ["合计", "", "", "", 3],
    ]
    (table,), findings = tables(sheet(rows))
    assert len(table.rows) == 2
    assert [p.cell for p in findings.warnings] == ["E5"]


@pytest.mark.parametrize(
    "line", ["注：以上人员均已核实", "填表人：张三  审核人：李四", "备注: 无", "审核人："]
)
def test_notes_and_signatures_below_the_rows_are_dropped(line: str) -> None:
    (table,), _ = tables(sheet([list(ROSTER), attendee(1), [line]]))
    assert len(table.rows) == 1


def test_a_serial_number_alone_is_no_row_and_never_a_key() -> None:
    (table,), findings = tables(sheet([list(ROSTER), attendee(1), [2], [3, "", None, ""]]))
    assert len(table.rows) == 1
    assert "序号" not in {place.heading for place in table.places}
    assert findings.warnings == []


# --- rules 6–8 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("姓　名", "姓名"),
        ("身份证号\n（18位）", "身份证号"),
        ("＊姓名", "姓名"),
        ("姓名●", "姓名"),
        ("补贴（元）", "补贴"),
        ("ＩＤ", "id"),
    ],
)
def test_a_heading_is_compared_without_what_does_not_matter(written: str, key: str) -> None:
    assert heading_key(written) == key


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("补贴（元）", "元"),
        ("补贴(万元)", "万元"),
        ("资金/万元", "万元"),
        ("资金（单位：元）", "元"),
        ("资金", ""),
        ("元旦补贴", ""),
    ],
)
def test_the_unit_of_money_stands_in_its_heading(written: str, unit: str) -> None:
    assert unit_of(written) == unit


def test_money_without_a_unit_is_refused_and_not_guessed() -> None:
    header = ["班次", "姓名", "身份证号", "人员类别", "补贴"]
    _, findings = tables(sheet([header, ["x"] * 5]))
    assert [(e.rule, e.cell) for e in findings.errors] == [("金额单位", "E1")]
    assert "补贴（元）" in findings.errors[0].message


def test_missing_and_double_headings_are_named_with_their_cells() -> None:
    _, findings = tables(sheet([["姓名", "班次名称", "培训班", "身份证号"], ["x"] * 4]))
    assert {(e.rule, e.cell) for e in findings.errors} == {("缺少栏目", "1"), ("栏目重复", "C1")}


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 2, 1, 3, 4)])
def test_a_columns_own_name_is_read_rather_than_another_of_its_names(order: tuple[int, ...]) -> None:
    header = ["班次", "姓名", "学员姓名", "身份证号", "人员类别"]
    (table, *_), findings = tables(sheet([[header[n] for n in order], ["x"] * 5]))
    assert (findings.errors, [one.rule for one in findings.warnings]) == ([], ["未读栏目"])
    assert "“学员姓名”" in findings.warnings[0].message
    assert [one.heading for one in table.places if one.column.name == "name"] == ["姓名"]


# --- rules 9–12, 14, 15: what a cell means ----------------------------------------------------------------------


def known() -> Known:
    return Known(user=User(), on=date(2022, 7, 5), year=2022)


def column(kind: str, **more: Any) -> Column:
    return Column("x", "这一栏", kind, **more)


MEANS: list[tuple[str, Any, Any]] = [
    ("date", ["d", "2022-03-01", "yyyy-mm-dd"], date(2022, 3, 1)),
    ("date", ["d", "2022-03-01T08:30:00", ""], date(2022, 3, 1)),
    ("date", 44621, date(2022, 3, 1)),
    ("date", 20220301, date(2022, 3, 1)),
    ("date", "20220301", date(2022, 3, 1)),
    ("date", "2022.3.1", date(2022, 3, 1)),
    ("date", "２０２２／３／１", date(2022, 3, 1)),
    ("date", "2022年3月1日", date(2022, 3, 1)),
    ("date", "3月1日", date(2022, 3, 1)),
    ("month", "2022.3", "2022-03"),
    ("month", "2022/3", "2022-03"),
    ("month", "2022年3月", "2022-03"),
    ("month", "2022-03", "2022-03"),
    ("month", "3月", "2022-03"),
    ("month", "2022.10", "2022-10"),
    ("month", 2022.11, "2022-11"),
    ("percent", ["n", 0.85, "0%"], "85.00"),
    ("percent", 85, "85.00"),
    ("percent", "85%", "85.00"),
    ("yesno", "√", True),
    ("yesno", "有", True),
    ("yesno", 1, True),
    ("yesno", "无", False),
    ("yesno", ["b", False], False),
    ("phone", "13800001234、13900001234", "13800001234、13900001234"),
    ("phone", 13800001234, "13800001234"),
    ("identity", "99000019790612002x", "99000019790612002x"),
    ("integer", 60, 60),
    ("integer", "约60人", 60),
    ("text", "荣成•山亭", "荣成·山亭"),
    ("text", 2022, "2022"),
    ("text", None, ""),
    ("money", None, None),
]


@pytest.mark.parametrize(("kind", "cell", "value"), MEANS)
def test_a_cell_means(kind: str, cell: Any, value: Any) -> None:
    found = parse(column(kind), raw_of(cell), known())
    assert (str(found) if kind == "percent" else found) == value


@pytest.mark.parametrize(
    ("cell", "unit", "fen"),
    [
        (68, "万元", 68_000_000),
        (40.8, "万元", 40_800_000),
        (0.1 + 0.2, "元", 30),
        ("1,200.50", "元", 120_050),
        ("12.5万元", "元", 12_500_000),
    ],
)
def test_money_is_exact(cell: Any, unit: str, fen: int) -> None:
    assert parse(column("money"), raw_of(cell, unit), known()) == fen


@pytest.mark.parametrize(
    ("kind", "cell", "words"),
    [
        ("month", 2022.1, "1月和10月"),
        ("identity", 370406198001011234, "设为文本"),
        ("identity", 3.70406198001011e17, "设为文本"),
        ("money", ["f"], "保存后重传"),
        ("money", ["e", "#REF!"], "#REF!"),
        ("date", "昨天", "2022-03-01"),
        ("date", "2022-02-30", "不存在"),
        ("percent", 0.85, "百分号"),
        ("yesno", "可能", "是"),
        ("integer", 1.5, "整数"),
    ],
)
def test_a_cell_that_means_nothing_certain_is_refused_with_what_to_write(
    kind: str, cell: Any, words: str
) -> None:
    with pytest.raises(ParseError, match=words):
        parse(column(kind), raw_of(cell, "元"), known())


# --- rules 11, 12, 17: what only the file itself can say --------------------------------------------------------


def test_formulas_hidden_rows_and_sheets_percent_formats_and_1904_come_from_the_files_xml() -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "甲"
    first.append(["a", 0.5, datetime(2022, 3, 1, 8, tzinfo=UTC).replace(tzinfo=None), "=1+1"])
    first["B1"].number_format = "0%"
    first.append(["隐藏"])
    first.append(["b"])
    first.row_dimensions[2].hidden = True
    first.merge_cells("A3:A5")
    first["A1048"].number_format = "0.00"  # a formatted empty cell is no content
    book.create_sheet("乙").sheet_state = "hidden"
    one, two = read(saved(book))
    assert one.rows == [
        (1, ["a", ["n", 0.5, "0%"], ["d", "2022-03-01T08:00:00", "yyyy-mm-dd h:mm:ss"], ["f"]]),
        (2, ["隐藏"]),
        (3, ["b"]),
    ]
    assert one.hidden_rows == {2}
    assert one.merges == [(3, 1, 5, 1)]
    assert two.hidden


def test_hidden_rows_and_sheets_are_skipped_and_told() -> None:
    rows = [list(ROSTER), attendee(1), attendee(2), attendee(3)]
    found, findings = tables(
        sheet(rows, hidden_rows=frozenset({2, 3})), Sheet("藏", hidden=True, rows=[(1, ["a"])])
    )
    assert [number for number, _ in found[0].rows] == [4]
    assert [p.rule for p in findings.warnings] == ["隐藏行", "隐藏工作表"]
    assert "第 2–3 行" in findings.warnings[0].message


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("comma", [",", "\t", ";"])
def test_csv_is_read_in_the_encodings_excel_writes(encoding: str, comma: str) -> None:
    text = (
        comma.join(["姓名", "身份证号", "备注"])
        + "\r\n"
        + comma.join(["张三", '="990000197906120027"', "'=甲"])
    )
    (found,) = read(text.encode(encoding), "名单.csv")
    assert found.rows == [(1, ["姓名", "身份证号", "备注"]), (2, ["张三", "990000197906120027", "=甲"])]


def test_the_same_sheet_of_a_workbook_comes_back_cell_for_cell() -> None:
    data = xlsx({"甲": [["姓名", 1, 2.5, True, date(2022, 3, 1)], ["=1", "", None, " 空 "]]})
    (found,) = read(data)
    assert found.rows[0] == (1, ["姓名", 1, 2.5, ["b", True], ["d", "2022-03-01", "yyyy-mm-dd"]])
    assert found.rows[1] == (2, [["f"], "", "", " 空 "])
