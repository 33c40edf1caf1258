"""The nineteen importer rules of DOMAIN §4, one table of cells → value or message for each."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from directory.identity import NUMERIC_CELL, IdentityError, check_identity
from directory.matching import Names
from directory.models import Division, Person, User
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger.documents import normal_document_no
from ledger.models import HeadingAlias, Transfer
from ledger.parsing import MONTH_ONLY, Known, ParseError, WholeMonth, both_ends, parse, tidy
from ledger.registers import Column, all_registers, get_register
from projects.registers import PROGRESS
from tests.ledger.world import World
from tests.workbooks.conftest import ON, approve_batch, commit, preview
from tests.workbooks.files import (
    COURSE_1,
    ROSTER,
    attendee,
    by_hand,
    courses,
    edited,
    identity,
    part,
    roster,
    saved,
    xlsx,
)
from tests.workbooks.forty import SAVED
from tests.workbooks.test_import import books
from workbooks import writing
from workbooks.cells import raw_of
from workbooks.problems import Findings
from workbooks.reading import Sheet, UnreadableFile, read
from workbooks.report import Report
from workbooks.sheets import NUMBER, Table, heading_key, text_of, understand, version_of

pytestmark = pytest.mark.alike

SHORT = ["班次", "姓名", "身份证号", "人员类别", "补贴（元）"]


class Refused(str):
    """In a table: the cell is no value, and its message holds these words."""


def sheet(rows: Sequence[Any], **more: Any) -> Sheet:
    return Sheet("表", rows=[(n, list(row)) for n, row in enumerate(rows, 1) if row], **more)


def understood(*rows: Sequence[Any], **more: Any) -> tuple[Table, Findings]:
    findings = Findings()
    (table,) = understand([sheet(rows, **more)], [TRAINING_COURSE, TRAINING_ATTENDANCE], findings)
    return table, findings


def means(kind: str, cell: Any, *, unit: str = "", **more: Any) -> Any:
    """The value of a cell in a column of that kind, or its message."""
    known = Known(user=User(), on=date(2022, 7, 5), year=2022)
    known.__dict__["names"] = NAMES
    try:
        return parse(Column("x", "这一栏", kind, **more), raw_of(cell, unit), known)
    except ParseError as error:
        return str(error)


def holds(found: Any, expected: Any) -> None:
    if isinstance(expected, Refused):
        assert isinstance(found, str)
        assert expected in found
    else:
        assert found == expected


TOWN = Division(pk=1, code="370406104", name="徐庄镇", level="township")
OTHER = Division(pk=2, code="370406105", name="店子镇", level="township")
VILLAGE = Division(pk=3, code="370406104201", name="湖沟村", level="village", parent=TOWN)
NAMES = Names(
    full_townships={"徐庄镇": TOWN, "店子镇": OTHER},
    townships={"徐庄镇": {TOWN}, "徐庄": {TOWN}, "店子镇": {OTHER}, "店子": {OTHER}},
    villages={"湖沟村": {VILLAGE}, "湖沟": {VILLAGE}},
)


# --- 1: the header, and what stands above it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ([], 1),
        ([["2022年培训学员花名册"]], 2),
        ([["2022年培训学员花名册"], [], ["填报单位：徐庄镇", "", "单位：元"]], 4),
        ([["附件2"], ["培训学员花名册"], ["姓名不得为空，身份证号按文本填写"]], 4),
        ([["标题"]] * 14, 15),
    ],
)
def test_1_the_header_is_the_first_row_with_three_known_headings(above: list[Any], row: int) -> None:
    table, findings = understood(*above, SHORT, ["班", "甲", "1", "其他", 300])
    assert (table.header_row, len(table.rows), findings.errors) == (row, 1, [])


@pytest.mark.parametrize(
    ("line", "filed_by", "unit"),
    [
        (["填报单位：徐庄镇    填报日期：2022年7月1日    单位：万元"], "徐庄镇", "万元"),
        (["填报单位（盖章）：徐庄镇人民政府", "", "金额单位：人民币元"], "徐庄镇人民政府", "元"),
        (["填报单位：", "徐庄镇", "", "单位：元"], "徐庄镇", "元"),
        (["实施单位：某公司", "单位：万元、人"], "", "万元"),
    ],
)
def test_1_unit_and_who_files_stand_above_it(line: list[str], filed_by: str, unit: str) -> None:
    table, _ = understood(["花名册"], line, [*SHORT[:4], "补贴"], ["x"] * 5)
    assert (table.filed_by, table.places[-1].unit) == (filed_by, unit)


@pytest.mark.parametrize(
    ("title", "quarters"),
    [
        ("徐庄镇2022年第二季度培训学员花名册", ["2022Q2"]),
        ("2022年二季度台账", ["2022Q2"]),
        ("2022年度第1季度", ["2022Q1"]),
        ("培训台账（2022Q3）", ["2022Q3"]),
        ("2022年培训台账", []),
    ],
)
def test_1_the_quarter_stands_in_the_title(title: str, quarters: list[str]) -> None:
    table, _ = understood([title], SHORT, ["x"] * 5)
    assert [code for code, _, _ in table.quarters] == quarters


# --- 2: two rows of headings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upper", "lower", "merges", "columns"),
    [
        (
            ["班次", "学员", "", "", "人员类别"],
            ["", "姓名", "性别", "身份证号", ""],
            [(1, 2, 1, 4), (1, 1, 2, 1), (1, 5, 2, 5)],
            {"course": 0, "name": 1, "sex": 2, "id_number": 3, "category": 4},
        ),
        (
            ["姓名", "身份证号", "人员类别", "补贴（元）", "培训情况", ""],
            ["", "", "", "", "班次", "是否合格"],
            [(1, 5, 1, 6)],
            {"name": 0, "id_number": 1, "category": 2, "subsidy": 3, "course": 4, "qualified": 5},
        ),
    ],
)
def test_2_a_group_over_its_leaves(
    upper: list[str], lower: list[str], merges: list[tuple[int, int, int, int]], columns: dict[str, int]
) -> None:
    table, _ = understood(upper, lower, ["一", "二", "三", "四", "五", "六"], merges=merges)
    assert {place.column.name: place.index for place in table.places} == columns
    assert [number for number, _ in table.rows] == [3]


def test_2_a_merged_title_right_above_the_headings_is_no_group() -> None:
    title = "徐庄镇2022年第一季度培训学员花名册"
    table, _ = understood([title], SHORT, ["班", "甲", "1", "其他", 300], merges=[(1, 1, 1, 5)])
    assert (table.header_row, len(table.places)) == (2, 5)
    assert table.quarters == [("2022Q1", "A1", "2022年第一季度")]


# --- 3: merged cells of the body ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("merges", "read"),
    [
        ([], ["甲班", "", ""]),
        ([(2, 1, 3, 1)], ["甲班", "甲班", ""]),
        ([(2, 1, 4, 1)], ["甲班", "甲班", "甲班"]),
    ],
)
def test_3_a_text_is_filled_down_where_cells_are_merged(merges: list[Any], read: list[str]) -> None:
    rows: list[Any] = [["甲班", "一", "1", "其他", 1], ["", "二", "2", "其他", 1], ["", "三", "3", "其他", 1]]
    table, findings = understood(SHORT, *rows, merges=merges)
    assert [text_of(cells[0]) for _, cells in table.rows] == read
    assert findings.errors == []


def test_3_an_amount_over_several_rows_is_refused_and_not_counted_several_times() -> None:
    rows: list[Any] = [
        ["甲班", "一", "1", "其他", 900],
        ["甲班", "二", "2", "其他", ""],
        ["合计", "", "", "", 900],
    ]
    table, findings = understood(SHORT, *rows, merges=[(2, 5, 3, 5)])
    assert [(e.cell, e.rule) for e in findings.errors] == [("E2", "合并单元格")]
    assert "第 2–3 行" in findings.errors[0].message
    assert [row[4] for _, row in table.rows] == [900, ""]
    assert findings.warnings == []  # the sum is right


# --- 4: sums, notes, signatures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (["合计", "", "", "", 3], []),
        (["", "合  计", "", "", 3], []),
        (["总　计：", "", "", "", "3.00"], []),
        (["共计（元）", "", "", "", 3], []),
        (["合计", "", "", "", 4], ["E4"]),
        (["3", "合计", "", "", 4], ["E4"]),
        (["徐庄镇小计", "", "", "", 5], ["E4"]),
        (["合计", "", "", "", ""], []),
        (["注：以上人员均已核实"], []),
        (["填表人：张三　　审核人：李四　　单位负责人："], []),
        (["备注: 无"], []),
    ],
)
def test_4_sums_are_checked_and_dropped_with_notes_and_signatures(last: list[Any], told: list[str]) -> None:
    table, findings = understood(SHORT, ["甲", "一", "1", "其他", 1], ["甲", "二", "2", "其他", "2"], last)
    assert len(table.rows) == 2
    assert [one.cell for one in findings.warnings] == told
    assert findings.errors == []


def test_4_a_sum_above_its_rows_is_checked_too() -> None:
    _, findings = understood(SHORT, ["合计", "", "", "", 9], ["甲", "一", "1", "其他", 1])
    assert [(one.cell, one.rule) for one in findings.warnings] == [("E2", "合计不符")]


def test_4_the_heading_repeated_on_the_next_printed_page_is_no_row() -> None:
    table, _ = understood(SHORT, ["甲", "一", "1", "其他", 1], SHORT, ["甲", "二", "2", "其他", 1])
    assert [number for number, _ in table.rows] == [2, 4]


# --- 5: 序号 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("serials", [[1, 2], [1, 1], ["", ""], ["一", "（二）"]])
def test_5_the_serial_number_is_never_a_key(serials: list[Any]) -> None:
    table, findings = understood(
        ["序号", *SHORT], *([number, "甲", "一", "1", "其他", 1] for number in serials), [3, "", None]
    )
    assert len(table.rows) == 2
    assert "序号" not in {place.heading for place in table.places}
    assert findings.warnings == []


# --- 6: text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("１２３ＡＢＣ", "123ABC"),
        ("荣成•山亭", "荣成·山亭"),
        ("荣成‧山亭", "荣成·山亭"),
        ("荣成・山亭", "荣成·山亭"),
        ("荣成∙山亭", "荣成·山亭"),
        ("荣成⋅山亭", "荣成·山亭"),
        ("荣成．山亭", "荣成·山亭"),
        ("1．5", "1.5"),
        ("　前后\u00a0空\u200b格　", "前后 空格"),
        ("两\n行", "两 行"),
        ("“荣山”，圆梦", "“荣山”，圆梦"),
    ],
)
def test_6_text_is_cleaned(written: str, kept: str) -> None:
    assert tidy(written) == kept
    assert means("text", written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "９９００００１９７９０６１２００２７",
        " 990000 19790612 0027 ",
        "'990000197906120027".removeprefix("'"),
        "990000197906120027\n",
    ],
)
def test_6_an_identity_number_in_full_width_or_with_spaces(written: str) -> None:
    assert check_identity(means("identity", written), on=ON).number == "990000197906120027"


def test_6_a_small_x_becomes_a_large_one() -> None:
    number = next(identity(n) for n in range(1, 400) if identity(n).endswith("X"))
    assert check_identity(number.replace("X", "ｘ"), on=ON).number == number


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("姓　名", "姓名"),
        ("身份证号\n（18位）", "身份证号"),
        ("＊姓名", "姓名"),
        ("姓名●", "姓名"),
        ("ＩＤ：", "id"),
    ],
)
def test_6_headings_are_cleaned_too(written: str, key: str) -> None:
    assert heading_key(written) == key


# --- 7: the brackets of a 文号 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "山财农指〔2022〕12号",
        "山财农指﹝2022﹞12号",
        "山财农指[2022]12号",
        "山财农指［2022］12号",
        "山财农指(2022)12号",
        "山财农指（2022） 第12号",
        "山财农指【2022】12 号",
    ],
)
def test_7_the_brackets_of_a_document_number_are_one_kind(written: str) -> None:
    assert normal_document_no(written) == "山财农指〔2022〕12号"


# --- 8: 元 and 万元 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "line", "cell", "fen"),
    [
        ("补贴（元）", "", 300, 30_000),
        ("补贴(万元)", "", 0.03, 30_000),
        ("补贴（单位：万元）", "单位：元", 0.03, 30_000),
        ("补贴/元", "", "300.50", 30_050),
        ("补贴", "单位：万元", 0.000001, 1),
        ("补贴", "", 300, None),
    ],
)
def test_8_the_unit_is_the_headings_else_the_sheets_and_never_guessed(
    heading: str, line: str, cell: Any, fen: int | None
) -> None:
    table, findings = understood(["花名册", line], [*SHORT[:4], heading], ["班", "甲", "1", "其他", cell])
    if fen is None:
        assert [(e.cell, e.rule) for e in findings.errors] == [("E2", "金额单位")]
    else:
        assert means("money", cell, unit=table.places[-1].unit) == fen


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        (68, "万元", 68_000_000),
        (40.8, "万元", 40_800_000),
        ("12.5万元", "元", 12_500_000),
        ("￥1,200.50", "元", 120_050),
        ("１２００", "元", 120_000),
        (0.1 + 0.2, "元", 30),
        (0.0000001, "万元", Refused("最多 6 位小数")),
        (1.005, "元", Refused("最多 2 位小数")),
        (-5, "元", Refused("不能为负数")),
        (0, "元", Refused("必须大于 0")),
        ("2万余元", "元", Refused("不是金额")),
        ("2亿元", "万元", Refused("不是金额")),
        ("—", "元", None),
    ],
)
def test_8_an_amount_is_exact_or_refused(cell: Any, unit: str, expected: Any) -> None:
    holds(means("money", cell, unit=unit), expected)


# --- 9: dates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        ("date", ["d", "2022-03-01", "yyyy-mm-dd"], date(2022, 3, 1)),
        ("date", ["d", "2022-03-01T08:30:00", ""], date(2022, 3, 1)),
        ("date", 44621, date(2022, 3, 1)),
        ("date", 20220301, date(2022, 3, 1)),
        ("date", "20220301", date(2022, 3, 1)),
        ("date", "2022.3.1", date(2022, 3, 1)),
        ("date", "2022.03.01.", date(2022, 3, 1)),
        ("date", "2022。3。1", date(2022, 3, 1)),
        ("date", "2022/3/1", date(2022, 3, 1)),
        ("date", "２０２２－３－１", date(2022, 3, 1)),
        ("date", "2022 年 3 月 1 日", date(2022, 3, 1)),
        ("date", "2022-03-01 00:00:00", date(2022, 3, 1)),
        ("date", "2022/3/1 0:00", date(2022, 3, 1)),
        ("date", "二〇二二年三月一日", date(2022, 3, 1)),
        ("date", "二○二二年十二月三十一日", date(2022, 12, 31)),
        ("date", "3月1日", date(2022, 3, 1)),
        ("date", "至今", None),
        ("date", "2022.3", Refused("只写到月")),
        ("date", "2022年3月", Refused("只写到月")),
        ("date", 2022.1, Refused("分不清1月和10月")),
        ("date", 6.1, Refused("分不清1日和10日")),
        ("date", 300, Refused("请写成 2022-03-01")),
        ("date", "2022-02-30", Refused("不存在")),
        ("date", "昨天", Refused("请写成 2022-03-01")),
        ("date", ["e", "#VALUE!"], Refused("#VALUE!")),
        ("month", "2022.3", "2022-03"),
        ("month", "2022.10", "2022-10"),
        ("month", 2022.11, "2022-11"),
        ("month", 2022.1, Refused("分不清1月和10月")),
        ("month", 1987.1, Refused("分不清1月和10月")),
        ("month", "2022/3", "2022-03"),
        ("month", "2022年3月", "2022-03"),
        ("month", "2022-03", "2022-03"),
        ("month", "202203", "2022-03"),
        ("month", "3月", "2022-03"),
        ("month", ["d", "2022-03-01", ""], "2022-03"),
        ("month", 44621, "2022-03"),
        ("month", "2022.13", Refused("不存在")),
        ("dates", "2022.6.6-6.10", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022.6.6-2022.6.10", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022-06-06-2022-06-10", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022-06-06至2022-06-10", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022年6月6—10日", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "6月6-10日", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "6/6-6/10", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022.6.6", (date(2022, 6, 6), date(2022, 6, 6))),
        ("dates", "2022.3-2022.8", Refused("哪一天到哪一天")),
        ("dates", "2022.6.10-6.6", Refused("早于开始日期")),
    ],
)
def test_9_a_date_in_every_form_or_refused_with_what_to_write(kind: str, cell: Any, expected: Any) -> None:
    holds(means(kind, cell), expected)


@pytest.mark.parametrize(
    "cell",
    [
        "2022.3",
        2022.3,
        "2022/3",
        "2022年3月",
        "2022-03",
        "3月",
        "二〇二二年三月",
        ["d", "2022-03-01", 'yyyy"年"m"月"'],
        ["d", "2022-03-01", "[$-804]mmm\\-yy"],
    ],
)
def test_9_where_a_month_will_do_it_is_kept_as_one(cell: Any) -> None:
    column, known = Column("x", "日期", "date", month_will_do=True), Known(user=User(), on=ON, year=2022)
    assert parse(column, raw_of(cell), known) == WholeMonth(2022, 3, 1)
    assert isinstance(parse(column, raw_of(cell), known), WholeMonth)
    for exact in ("2022.3.1", ["d", "2022-03-01", "yyyy/m/d"], ["d", "2022-03-04", 'yyyy"年"m"月"']):
        assert not isinstance(parse(column, raw_of(exact), known), WholeMonth)
    with pytest.raises(ParseError, match="分不清1月和10月"):
        parse(column, raw_of(2022.1), known)


@pytest.mark.parametrize(
    ("cell", "ends"),
    [
        ("2022.4-2022.10", ("2022.4", "2022.10")),
        ("2022.4—10", ("2022.4", "2022.10")),
        ("2022年4月-2022年10月", ("2022年4月", "2022年10月")),
        ("2022年4月至10月", ("2022年4月", "2022.10")),
        ("2022-04-2022-10", ("2022-04", "2022-10")),
        ("2022-04-01至2022-10-01", ("2022-04-01", "2022-10-01")),
        ("2022-04-01-2022-10-01", ("2022-04-01", "2022-10-01")),
        ("2022.4.1-10.1", ("2022.4.1", "2022.10.1")),
        ("2022.4.1-10", ("2022.4.1", "2022.4.10")),
        ("2022.4-至今", ("2022.4", "")),
        ("2022年4月至今", ("2022年4月", "")),
        ("2022.4－", ("2022.4", "")),
        ("2022.4.1", ("2022.4.1", "")),
    ],
)
def test_9_both_ends_of_a_stay_in_one_cell(cell: str, ends: tuple[str, str]) -> None:
    assert both_ends(cell) == ends


def test_9_a_column_of_both_ends_is_read_as_two(world: World) -> None:
    header = ["姓名", "身份证号", "人员类别", "务工所在地", "务工企业名称", "岗位", "务工起止时间"]
    job = ["脱贫人口", "山东省威海市荣成市", "某食品公司", "包装"]
    rows = [
        [*attendee(1)[2:5:2], *job, "2022.3-至今"],
        [*attendee(2)[2:5:2], *job, "2022年3月—5月"],
        [*attendee(3)[2:5:2], *job, ["d", "2022-03-04", ""]],
        [*attendee(4)[2:5:2], *job, "2022.5.9-5.6"],
    ]
    (table,) = understand([sheet([header, *rows])], [get_register("placement")], Findings())
    first, last = (
        next(one for one in table.places if one.column.name == name) for name in ("starts_on", "ends_on")
    )
    assert [(text_of(first.read(cells)), text_of(last.read(cells))) for _, cells in table.rows] == [
        ("2022.3", ""),
        ("2022年3月", "2022.5"),
        ("2022-03-04", ""),
        ("2022.5.9", "2022.5.6"),
    ]
    rows[2][-1] = "2022.3.4"
    report = preview(world, xlsx({"务工": [header, *rows]}))
    assert (report.added, [(one.cell, one.column) for one in report.errors]) == (3, [("G5", "离岗时间")])
    assert "务工起止时间" not in str(report.warnings)


def test_9_a_month_typed_into_a_chinese_excel_is_a_day_that_is_shown_as_a_month() -> None:
    """It is kept as the first of the month in the built-in format 57, which no file spells out."""
    book = Workbook()
    cell = book.worksheets[0].cell(1, 1)
    cell.value, cell.number_format = date(2022, 3, 1), "yyyy-mm"
    (styles,) = re.findall(r"<numFmts.*?</numFmts>", part(saved(book), "xl/styles.xml"))
    number = re.findall(r'numFmtId="(\d+)"', styles)[-1]
    data = edited(saved(book), "xl/styles.xml", [(styles, ""), (f'numFmtId="{number}"', 'numFmtId="57"')])
    ((_, (found,)),) = read(data)[0].rows
    column = Column("x", "日期", "date", month_will_do=True)
    assert isinstance(parse(column, raw_of(found), Known(user=User(), on=ON)), WholeMonth)


def test_9_a_register_keeps_of_which_of_its_days_it_knows_the_month_only() -> None:
    kept = {
        (register.code, column.name)
        for register in all_registers().values()
        for column in register.columns
        if column.month_will_do
    }
    assert len(kept) == 6
    for code, name in kept:
        assert (
            get_register(code).model._meta.get_field(f"{name}{MONTH_ONLY}").get_internal_type()
            == "BooleanField"
        )


@pytest.mark.parametrize(("epoch", "serial"), [(False, 44621), (True, 43159)])
def test_9_the_1904_flag_is_honoured(epoch: bool, serial: int) -> None:
    known = Known(user=User(), on=ON, year=2022, date1904=epoch)
    assert parse(Column("x", "日期", "date"), raw_of(serial), known) == date(2022, 3, 1)


# --- 10: percent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        (["n", 0.85, "0%"], "", "85.00"),
        (["n", 0.005, "0.0%"], "", "0.50"),
        (85, "", "85.00"),
        ("85%", "", "85.00"),
        ("８５％", "", "85.00"),
        (0.85, "1", "85.00"),
        (0.85, "%", "0.85"),
        (0, "", "0.00"),
        (0.85, "", Refused("请写明百分号")),
        (1, "", Refused("请写明百分号")),
        (120, "", Refused("0% 到 100%")),
        ("基本完工", "", Refused("例如 60%")),
    ],
)
def test_10_a_percentage_by_its_format_its_heading_or_its_column(cell: Any, unit: str, expected: Any) -> None:
    found = means("percent", cell, unit=unit)
    holds(found if isinstance(expected, Refused) else str(found), expected)


@pytest.mark.parametrize(
    ("heading", "cells", "unit"),
    [
        ("工程进度数值", [0.85, 0.5, 1], "1"),
        ("工程进度数值", [0.85, 50, 100], "%"),
        ("工程进度数值", [0.85], ""),
        ("工程进度数值（%）", [0.85], "%"),
        ("工程进度数值", [["n", 0.85, "0%"], ["n", 1, "0%"]], ""),
    ],
)
def test_10_the_range_of_the_column_decides_where_the_format_does_not(
    heading: str, cells: list[Any], unit: str
) -> None:
    header = ["项目", "截至日期", "项目状态", heading]
    rows = [["甲", "2022-06-30", "在建", cell] for cell in cells]
    (table,) = understand([sheet([header, *rows])], [PROGRESS], Findings())
    assert [place.unit for place in table.places if place.column.name == "percent"] == [unit]


# --- 11: formulas ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "cell", "expected"),
    [
        ('<c r="A1"><f>1+2</f><v>3</v></c>', 3, 3),
        ('<c r="A1" t="str"><f>"六"&amp;"十"</f><v>六十</v></c>', "六十", Refused("整数")),
        ('<c r="A1"><f>1+2</f></c>', ["f"], Refused("打开，保存后重传")),
        ('<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', ["e", "#DIV/0!"], Refused("#DIV/0!")),
    ],
)
def test_11_a_formula_is_the_value_it_was_saved_with(xml: str, cell: Any, expected: Any) -> None:
    (found,) = read(by_hand(f'<row r="1">{xml}</row>'))
    assert found.rows == [(1, [cell])]
    holds(means("integer", cell), expected)


# --- 12: CSV -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ('"=""990000197906120027"""', "990000197906120027"),
        ("'=甲", "=甲"),
        ("\t990000197906120027", "\t990000197906120027"),
        ('"两\n行"', "两\n行"),
        ('"甲,乙"', "甲,乙"),
    ],
)
def test_12_csv_as_excel_writes_it_here(encoding: str, written: str, kept: str) -> None:
    text = f"姓名,身份证号,备注\r\n张三,{written},無\r\n"
    (found,) = read(text.encode(encoding), "名单.csv")
    assert found.rows[1] == (2, ["张三", kept, "無"])
    if kept.strip().isdigit():
        assert means("identity", kept) == "990000197906120027"


# --- 13: other files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"anything", "台账.et", "不能读取 .et 文件，请用 WPS 或 Excel 打开后另存为 .xlsx"),
        (b"anything", "台账.ods", "不能读取 .ods 文件"),
        (b"%PDF-1.7 ...", "台账.xlsx", "另存为 .xlsx"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "台账.xls", "内容是网页"),
        (b'<?xml version="1.0"?><Workbook/>', "台账.xls", "另存为 .xlsx"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "照片.xlsx", "这不是 Excel 表格"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "说明.doc", "这不是 Excel 表格"),
        (b"", "空.xlsx", "空文件"),
        ("只有一段文字".encode(), "说明.txt", "找不到用逗号或制表符分开的栏目"),
    ],
)
def test_13_what_is_no_workbook_is_refused_with_what_to_do(data: bytes, name: str, words: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read(data, name)
    assert words in refusal.value.message


# --- 14: several values in a cell --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        ("phone", "13800001234、13900001234", "13800001234、13900001234"),
        ("phone", "13800001234/13900001234", "13800001234、13900001234"),
        ("phone", "13800001234；13900001234", "13800001234、13900001234"),
        ("phone", "13800001234\n0632-8811234", "13800001234、0632-8811234"),
        ("phone", "13800001234 13900001234", "13800001234、13900001234"),
        ("phone", "+86 138-0000-1234", "13800001234"),
        ("phone", 13800001234, "13800001234"),
        ("phone", "13800001234、1390000", Refused("电话")),
        ("phone", "8811234", Refused("请带区号")),
        ("village", "徐庄镇湖沟村", VILLAGE),
        ("village", "湖沟", VILLAGE),
        ("village", "徐庄", TOWN),
        ("village", "徐庄镇、店子镇", Refused("一格里有几个地方")),
        ("village", "湖沟村\n徐庄村", Refused("一格里有几个地方")),
    ],
)
def test_14_several_values_in_one_cell(kind: str, cell: Any, expected: Any) -> None:
    holds(means(kind, cell), expected)


# --- 15: yes and no ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["是", "有", "√", "✔", 1, "1", ["b", True], "对", " 是 "], True),
        (["否", "无", "×", 0, "0", ["b", False], "没有"], False),
        (["", None, "—", "/"], None),
        (["可能", 2, "部分"], Refused("请填“是”或“否”")),
    ],
)
def test_15_yes_and_no(cells: list[Any], expected: Any) -> None:
    for cell in cells:
        holds(means("yesno", cell), expected)


# --- blank is not nought -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        ("integer", None, None),
        ("integer", "", None),
        ("integer", "/", None),
        ("integer", 0, 0),
        ("integer", "0", 0),
        ("integer", "约60人", 60),
        ("integer", "六十", Refused("请填整数")),
        ("integer", 1.5, Refused("请填整数")),
        ("decimal", None, None),
        ("decimal", "无", Refused("请填数字")),
        ("money", None, None),
    ],
)
def test_blank_is_not_nought(kind: str, cell: Any, expected: Any) -> None:
    holds(means(kind, cell), expected)


# --- identity numbers that Excel has damaged (DOMAIN §6) ---------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (990000197906120027, NUMERIC_CELL),
        (9.90000197906120e17, NUMERIC_CELL),
        ("9.90000E+17", "科学计数法"),
        ("990000197906121000", "末三位是000"),
        ("99000019790612002", "现为17位"),
        ("990000197906120028", "末位应为7"),
        ("99000019790612OO27", "第15位应为数字"),
    ],
)
def test_a_damaged_identity_number_is_refused_with_what_is_wrong(cell: Any, words: str) -> None:
    found = means("identity", cell)
    if found != NUMERIC_CELL:
        with pytest.raises(IdentityError) as error:
            check_identity(found, on=ON)
        found = str(error.value)
    assert words in found


@pytest.mark.usefixtures("course")
def test_who_may_be_meant_by_a_damaged_number_is_offered_for_a_human_to_confirm(world: World) -> None:
    row = attendee(7)
    commit(world, roster([row]))
    number = row[4]
    row[4] = int(number[:15] + "000")
    (error,) = preview(world, roster([row])).errors
    assert (error.cell, error.value) == ("E4", "（已隐去）")
    assert f"可能是：{number[:6]}********{number[-4:]}（徐庄镇）" in error.message
    row[2] = "别的人"
    (error,) = preview(world, roster([row])).errors
    assert "可能是" not in error.message
    assert Person.objects.count() == 1


# --- 16: in one pass, nothing written, upsert --------------------------------------------------------------------


def told(report: Report) -> list[tuple[str, str]]:
    return [(one.cell, one.rule) for one in report.errors]


@pytest.mark.usefixtures("course")
def test_16_everything_is_told_in_one_pass_and_the_rest_goes_in_by_choice_only(world: World) -> None:
    rows = [attendee(n) for n in range(1, 7)]
    rows[1][4], rows[2][6], rows[3][7], rows[4][9] = "12", "贫困户", "12", "三百"
    data = roster(rows)
    assert sorted(told(preview(world, data))) == [
        ("E5", "身份证号"),
        ("G6", "选项"),
        ("H7", "电话"),
        ("J8", "金额"),
    ]
    assert commit(world, data).batch is None
    done = commit(world, data, valid_only=True)
    assert (done.added, done.bad_rows) == (2, 4)
    again = commit(world, data, valid_only=True)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)


@pytest.mark.parametrize(
    ("heading", "more"),
    [
        ({"补贴（元）": "补贴"}, [("J1", "金额单位")]),
        ({"人员类别": "备用栏"}, [("1", "缺少栏目")]),
        ({"备注": "姓名"}, [("K1", "栏目重复")]),
    ],
)
@pytest.mark.usefixtures("course")
def test_16_what_is_wrong_with_the_headings_does_not_hide_what_is_wrong_with_the_rows(
    world: World, heading: dict[str, str], more: list[tuple[str, str]]
) -> None:
    rows = [attendee(n) for n in range(1, 4)]
    rows[1][4], rows[2][7] = "12", "12"
    report = preview(world, xlsx({"学员": [[heading.get(one, one) for one in ROSTER], *rows]}))
    # in the order in which one goes through the sheet, whatever was checked first
    assert told(report) == [*more, ("E3", "身份证号"), ("H4", "电话")]
    assert (report.stopped, report.added, report.bad_rows > 0) == (True, 0, True)
    assert commit(world, roster(rows), valid_only=True).added == 1
    stopped = xlsx({"学员": [[heading.get(one, one) for one in ROSTER], *rows]})
    assert commit(world, stopped, valid_only=True).batch is None


# --- 17: hidden rows and sheets ----------------------------------------------------------------------------------


def test_17_hidden_rows_and_sheets_are_skipped_and_told_and_formatted_empty_ones_ignored() -> None:
    book = Workbook()
    shown = book.active
    assert shown is not None
    shown.append(SHORT)
    for n in range(1, 6):
        shown.append(["甲班", f"人{'一二三四五'[n - 1]}", str(n), "其他", n])
    shown.row_dimensions[3].hidden = shown.row_dimensions[4].hidden = True
    for row in range(8, 400):
        shown.cell(row, 1).number_format = "0.00"
    book.create_sheet("旧数据").append(SHORT)
    book["旧数据"].sheet_state = "hidden"
    findings = Findings()
    (table,) = understand(read(saved(book)), [TRAINING_ATTENDANCE], findings)
    assert [number for number, _ in table.rows] == [2, 5, 6]
    assert [(w.rule, w.cell) for w in findings.warnings] == [("隐藏行", "3"), ("隐藏工作表", "")]
    assert "第 3–4 行" in findings.warnings[0].message


# --- 18: going out -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "990000197906120027", "13800001234", "'引号"]
)
def test_18_texts_go_out_as_texts_inert_and_verbatim(text: str) -> None:
    book = Workbook()
    assert book.active is not None
    writing.write(book.active.cell(1, 1), text)
    back = load_workbook(io.BytesIO(saved(book)))
    assert back.active is not None
    cell = back.active["A1"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert bool(cell.quotePrefix) == text.startswith(("=", "+", "-", "@", "\t"))
    assert read(saved(book))[0].rows == [(1, [text])]


# --- 19: the template's mark -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "version", "unit", "period", "errors", "warnings"),
    [
        ("training_attendance", None, None, "2022Q2", [], []),
        ("training_attendance", "0" * 8, None, "2022Q2", [], ["模板"]),
        ("training_attendance", None, "370406105", "2022Q2", ["模板"], []),
        ("training_attendance", None, None, "2022Q1", ["模板"], []),
    ],
)
@pytest.mark.usefixtures("course")
def test_19_a_template_says_register_version_unit_and_quarter(
    world: World,
    code: str,
    version: str | None,
    unit: str | None,
    period: str,
    errors: list[str],
    warnings: list[str],
) -> None:
    mark = "/".join(
        [code, version or version_of(TRAINING_ATTENDANCE), unit or world.units["徐庄镇"].code, period]
    )
    rows = [["培训学员"], [f"填报单位：徐庄镇　模板：{mark}"], ROSTER, attendee(1)]
    report = preview(world, xlsx({"学员": rows}))
    assert [one.rule for one in report.errors] == errors
    assert [one.rule for one in report.warnings] == warnings


# --- aliases as data, other units and quarters, copies, disguises ------------------------------------------------


@pytest.mark.usefixtures("course")
def test_a_heading_that_may_be_the_one_that_lacks_is_named(world: World) -> None:
    rows = [
        ["班次", "所在企业", "学员姓名全", "身份证号", "人员类别"],
        ["2022-PX-01", "", attendee(1)[2], attendee(1)[4], "脱贫人口"],
    ]
    (error,) = preview(world, xlsx({"学员": rows})).errors
    assert error.message == (
        "表头（第 1 行）缺少必填栏目“姓名”，如果就是 C1 的“学员姓名全”，请把它改成“姓名”，否则请补上这一列。"
    )


@pytest.mark.usefixtures("course")
def test_a_heading_kept_as_data_is_known_from_then_on(world: World) -> None:
    rows = [
        ["班次", "培训对象", "身份证号", "人员类别"],
        ["2022-PX-01", attendee(1)[2], attendee(1)[4], "脱贫人口"],
    ]
    data = xlsx({"学员": rows})
    assert [(e.rule, e.message) for e in preview(world, data).errors] == [
        ("缺少栏目", "表头（第 1 行）缺少必填栏目“姓名”，请补上这一列。")
    ]
    HeadingAlias.objects.create(register="training_attendance", column="name", heading="培训对象（学员）")
    report = preview(world, data)
    assert (report.errors, report.added) == ([], 1)


@pytest.mark.parametrize(
    ("above", "errors", "warnings"),
    [
        ([["2022年第二季度培训学员"]], [], []),
        ([["2022年第一季度培训学员"]], [("A1", "季度")], []),
        ([["培训学员"], ["截至2022年3月31日"]], [], [("A2", "季度")]),
        ([["培训学员"], ["填报日期：2022年3月30日"]], [], [("A2", "季度")]),
        ([["培训学员"], ["填报单位：店子镇"]], [("A2", "填报单位")], []),
        ([["培训学员"], ["填报单位：某某镇"]], [], [("A2", "填报单位")]),
    ],
)
@pytest.mark.usefixtures("course")
def test_another_units_and_another_quarters_file_is_caught(
    world: World, above: list[list[str]], errors: list[Any], warnings: list[Any]
) -> None:
    report = preview(world, xlsx({"学员": [*above, ROSTER, attendee(1)]}))
    assert told(report) == errors
    assert [(one.cell, one.rule) for one in report.warnings] == warnings


def test_last_quarters_file_with_only_the_date_changed_is_told(world: World) -> None:
    spring = [
        ("", f"{name}班", "农业生产技能", "区农业农村局", f"2022.{month}.{day}-{month}.{day + 2}", 30)
        for month, day, name in ((2, 7, "食用菌"), (2, 14, "花生"), (3, 7, "中药材"))
    ]
    header = ("班次编号", "培训班名称", "类别", "举办单位", "起止时间", "人数")
    old = commit(world, xlsx({"班次": [header, *spring]}), period="2022Q1")
    assert (old.errors, old.added) == ([], 3)
    moved = [
        [
            *row[:4],
            row[4]
            .replace("2022.2", "2022.5")
            .replace("2022.3", "2022.6")
            .replace("-2", "-5")
            .replace("-3", "-6"),
            row[5],
        ]
        for row in spring
    ]
    report = preview(world, xlsx({"班次": [header, *moved]}))
    assert report.errors == []
    assert [w.message for w in report.warnings if "只改了日期" in w.message] == [
        "“培训班次”有 3 行除日期外与上一季度已报的完全相同，请核对是否只改了日期、没有更新内容。"
    ]
    moved[0][5], moved[1][5] = 31, 32
    report = preview(world, xlsx({"班次": [header, *moved]}))
    assert not [w for w in report.warnings if "只改了日期" in w.message]


@pytest.mark.parametrize(
    "disguise", ["saved by LibreOffice", "shuffled", "a title more", "another sheet", "csv", "columns moved"]
)
@pytest.mark.usefixtures("course")
def test_the_same_rows_in_disguise_are_counted_once_and_the_first_import_is_named(
    world: World, disguise: str
) -> None:
    rows = [attendee(n) for n in range(1, 6)]
    first = commit(world, roster(rows)).batch
    assert first is not None
    approve_batch(world, first)
    before = books(), Transfer.objects.count()
    header = list(ROSTER)
    if disguise == "saved by LibreOffice":
        data = (SAVED / "学员.xlsx").read_bytes()
    elif disguise == "shuffled":
        data = roster(rows[::-1])
    elif disguise == "a title more":
        data = xlsx({"学员": [["附件"], [], ["花名册"], header, *rows]})
    elif disguise == "another sheet":
        data = xlsx({"Sheet3": [header, *rows]})
    elif disguise == "csv":
        text = "\r\n".join(",".join(str(value) for value in row) for row in [header, *rows])
        data = text.encode("gbk")
    else:
        data = xlsx({"学员": [row[::-1] for row in [header, *rows]]})
    report = commit(world, data)
    assert (report.errors, report.added, report.changed, report.unchanged, report.batch) == (
        [],
        0,
        0,
        5,
        None,
    )
    (warning,) = [one for one in report.warnings if one.rule == "已导入"]
    assert f"（{first.pk} 号批次，5 行）" in warning.message
    assert (books(), Transfer.objects.count()) == before


def test_the_tables_know_every_rule() -> None:
    names = [name for name in globals() if name.startswith("test_") and name.split("_")[1].isdigit()]
    assert {int(name.split("_")[1]) for name in names} == set(range(1, 20))
    assert NUMBER not in SHORT
    assert courses(COURSE_1)
