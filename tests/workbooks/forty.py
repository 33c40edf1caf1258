"""Forty made-up workbooks in the shapes in which townships and departments keep them (DOMAIN §4's quirks).

Each case: what it is, the file, who uploads it, and what must come of it: rows filed, rows that say nothing new, the
cells of errors, the rules of warnings, or the words of a refusal. Those in saved/ were written by LibreOffice 7.4:

    .venv/bin/python -m tests.workbooks.forty DIR       writes every generated file into DIR, to be looked at
    soffice --headless --convert-to xls --outdir tests/workbooks/saved DIR/花名册.xlsx
    soffice --headless --convert-to xlsx --outdir tests/workbooks/saved DIR/再存.xlsx
    soffice --headless --convert-to xlsx --outdir tests/workbooks/saved DIR/学员.xlsx     (for test_rules.py)
    soffice --headless --convert-to ods --outdir tests/workbooks/saved DIR/花名册.xlsx
    soffice --headless --convert-to xls --outdir tests/workbooks/saved DIR/资金一列一环节.xlsx
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from tests.workbooks import files
from tests.workbooks.files import (
    COURSE_1,
    COURSE_2,
    ROSTER,
    attendee,
    calculated,
    courses,
    identity,
    saved,
    xlsx,
)

SAVED = Path(__file__).parent / "saved"
PUBLICITY = ("刊发日期", "标题", "媒体名称", "级别", "载体", "供稿单位", "原发/转载", "链接")
SERVICE = ("序号", "服务日期", "志愿服务队", "活动内容", "志愿者人数", "服务人次")
FLOWS = ("事件", "项目", "单位", "金额（元）", "发生日期", "文件号", "凭证号", "收款方", "备注")
FIRMS = (
    "考察日期", "企业名称", "所属行业", "带队人", "对接部门", "考察地点", "合作意向", "阶段", "协议投资(万元)", "到位投资(万元)",
)  # fmt: skip
PROGRESS = (
    "项目名称",
    "截至日期",
    "项目状态",
    "形象进度",
    "工程进度(%)",
    "工程进度数值",
    "累计拨付(万元)",
    "累计支出(万元)",
)
STAGES = (
    "项目名称",
    "项目实施单位",
    "下达数",
    "拨付",
    "支出",
    "支出率",
    "文件依据",
    "下达时间",
    "凭证号",
    "拨款时间",
)


DAYS: list[Any] = [
    date(2022, 5, 18), 44699, 20220518, "2022.5.18", "2022/5/18", "2022年5月18日", "5月18日", "2022-05-18 00:00:00",
    "二〇二二年五月十八日", "２０２２．５．１８",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One workbook. `errors`: cells, in the order of the answer; `warnings`: rules, sorted, each once."""

    title: str
    data: Callable[[], bytes]
    added: int = 0
    unchanged: int = 0
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    refused: str = ""
    by: str = "徐庄"
    unit: str = "徐庄镇"
    name: str = "台账.xlsx"
    says: Sequence[str] = field(default_factory=tuple)  # words that errors and warnings must hold


def book(
    rows: Iterable[Sequence[Any]], merge: Iterable[str] = (), then: Callable[[Worksheet], None] | None = None
) -> bytes:
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Sheet1"
    for row in rows:
        sheet.append(list(row))
    for area in merge:
        sheet.merge_cells(area)
    if then is not None:
        then(sheet)
    return saved(made)


def people(*numbers: int, **changes: Any) -> list[list[Any]]:
    """Rows of the roster; changes: heading → value in every row."""
    rows = [attendee(n) for n in numbers]
    for heading, value in changes.items():
        for row in rows:
            row[ROSTER.index(heading)] = value
    return rows


def story(number: int, day: Any = "2022-05-18", **changes: Any) -> list[Any]:
    row = [day, f"“荣山”协作第{number}篇", "大众网", "省", "网站", "徐庄镇", "原发", ""]
    for heading, value in changes.items():
        row[PUBLICITY.index(heading)] = value
    return row


def service(number: int, people_: Any = 12, times: Any = 40) -> list[Any]:
    return [number, f"2022.5.{number}", "荣山志愿服务队", f"义诊{number}", people_, times]


def flow(number: int, amount: Any, day: Any = "2022-05-06", **changes: Any) -> list[Any]:
    row = ["下达", "美丽乡村提升工程", "徐庄镇", amount, day, f"山财农指〔2022〕{number}号", None, None, None]
    for heading, value in changes.items():
        row[FLOWS.index(heading)] = value
    return row


def csv(rows: Iterable[Sequence[Any]], encoding: str) -> bytes:
    return "\r\n".join(",".join("" if v is None else str(v) for v in row) for row in rows).encode(encoding)


def zipped(name: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(name, "<document/>")
    return out.getvalue()


def _hide(*rows: int) -> Callable[[Worksheet], None]:
    def hide(sheet: Worksheet) -> None:
        for row in rows:
            sheet.row_dimensions[row].hidden = True

    return hide


def _formatted(sheet: Worksheet) -> None:
    for row in range(5, 600):
        for column in range(1, 9):
            sheet.cell(row, column).number_format = "0.00"


def _percents(sheet: Worksheet) -> None:
    for row in (2, 3):
        sheet.cell(row, 6).number_format = "0%"


def _hidden_sheet() -> bytes:
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    for row in (PUBLICITY, story(1)):
        sheet.append(list(row))
    old = made.create_sheet("去年")
    for row in (PUBLICITY, story(2, "2021-05-01")):
        old.append(list(row))
    old.sheet_state = "hidden"
    return saved(made)


def _of_1904() -> bytes:
    made = Workbook()
    made.epoch = CALENDAR_MAC_1904
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.append(list(PUBLICITY))
    sheet.append(story(1, date(2022, 5, 18)))
    sheet.append(story(2, 43236))  # the same day as a bare number
    return saved(made)


def _formulas(calculated_too: bool) -> bytes:
    data = book(
        [
            SERVICE,
            service(1, "=10+2", 40),
            service(2),
            ["合计", None, None, None, "=SUM(E2:E3)", "=SUM(F2:F3)"],
        ]
    )
    if calculated_too:
        return calculated(data, {"E2": ("", "12"), "E4": ("", "24"), "F4": ("", "80")})
    return data


def wide(*rows: Sequence[Any]) -> bytes:
    return xlsx(
        {"资金": [["2022年协作资金台账"], ["填报单位：山亭区财政局", None, "单位：万元"], STAGES, *rows]}
    )


def roster(*rows: Sequence[Any]) -> bytes:
    """Courses and their people on two sheets."""
    return xlsx({"班次": courses(COURSE_1, COURSE_2), "学员": [ROSTER, *rows]})


VISITED = [
    "2022.4.20",
    "荣成某食品公司",
    "食品加工",
    "总经理",
    "工信局",
    "城头镇",
    "豆制品深加工",
    "意向",
    2000,
    None,
]

CASES = [
    Case("课程和学员两张表，一个文件", lambda: roster(*people(1, 2, 3)), added=5),
    Case(
        "标题、空行、填报单位行之下的表头",
        lambda: book([["附件2"], ["徐庄镇宣传报道台账"], [], ["填报单位：徐庄镇    填报日期：2022年7月1日"], PUBLICITY, story(1)], ["A2:H2"]),
        added=1,
    ),
    Case("表头在第十五行", lambda: book([["说明"]] * 14 + [list(PUBLICITY), story(1)]), added=1),
    Case("表头在第十六行", lambda: book([["说明"]] * 15 + [list(PUBLICITY), story(1)]), refused="没有找到"),
    Case(
        "两行表头，上一行合并",
        lambda: book(
            [
                ["刊发日期", "标题", "媒体", None, None, "供稿单位", "原发/转载"],
                [None, None, "媒体名称", "级别", "载体", None, None],
                ["2022-05-18", "标题一", "大众网", "省级", "网站", "徐庄镇", "原发"],
            ],
            ["A1:A2", "B1:B2", "C1:E1", "F1:F2", "G1:G2"],
        ),
        added=1,
    ),
    Case(
        "班次竖着合并",
        lambda: xlsx_merged("学员", [ROSTER, *people(1), *people(2, 3, 班次=None)], ["B2:B4"]),
        added=4,
    ),
    Case(
        "补贴竖着合并成一格",
        lambda: xlsx_merged("学员", [ROSTER, *people(1, **{"补贴（元）": 900}), *people(2, 3, **{"补贴（元）": None})], ["J2:J4"]),
        errors=["J2"],
        added=0,
    ),
    Case("合计相符", lambda: book([SERVICE, service(1), service(2), ["合  计", None, None, None, 24, 80]]), added=2),
    Case(
        "合计不符",
        lambda: book([SERVICE, service(1), service(2), ["合计", None, None, None, 24, 99]]),
        added=2,
        warnings=["合计不符"],
        says=["各行相加为 80"],
    ),
    Case(
        "小计和总计",
        lambda: book(
            [SERVICE, service(1), [None, "小计", None, None, 12, 40], service(2), [None, "小计", None, None, 12, 41], ["总计：", None, None, None, 24, 80]]
        ),
        added=2,
        warnings=["合计不符"],
    ),
    Case(
        "合计写在上面，下面有注和签字",
        lambda: book(
            [SERVICE, ["合计", None, None, None, 24, 80], service(1), service(2), ["注：以上均有签到表"], ["填表人：张三", None, "审核人：李四"]]
        ),
        added=2,
    ),
    Case("每一页重印表头", lambda: book([SERVICE, service(1), SERVICE, service(2)]), added=2),
    Case(
        "全角数字、全角空格、换行的表头",
        lambda: book(
            [["序号", "服务\n日期", "志愿　服务队", "活动内容", "志愿者人数（人）", "服务人次*"], ["１", "２０２２－５－６", "荣山志愿服务队", "　义诊　", "１２", "约４０人次"]]
        ),
        added=1,
    ),
    Case(
        "名字里的各种间隔号",
        lambda: roster(*people(1, 姓名="买买提•艾力"), *people(2, 姓名="买买提·艾力"), *people(3, 姓名="阿依．古丽")),
        added=5,
    ),
    Case(
        "文号的各种括号",
        lambda: book([FLOWS, flow(1, 10, 文件号="山财农指[2022]1号"), flow(2, 10, 文件号="山财农指（2022） 第2号"), flow(3, 10, 文件号="山财农指﹝2022﹞3号")]),
        by="财政", unit="财政局", added=3, warnings=["提示", "金额单位"],
    ),
    Case(
        "单位行写万元",
        lambda: book([["资金台账"], ["填报单位：财政局", None, "单位：万元"], [*FLOWS[:3], "金额", *FLOWS[4:]], flow(1, 12.5)]),
        by="财政", unit="财政局", added=1, warnings=["提示"],
    ),
    Case(
        "哪里都没有写单位",
        lambda: book([[*FLOWS[:3], "金额", *FLOWS[4:]], flow(1, 12.5)]),
        by="财政", unit="财政局", errors=["D1"], says=["金额（元）"],
    ),
    Case(
        "金额写了文字",
        lambda: book([FLOWS, flow(1, "2万余元"), flow(2, "12.5万元"), flow(3, "1,200.50"), flow(4, -5)]),
        by="财政", unit="财政局", errors=["D2", "D5"], added=2, warnings=["提示"],
    ),
    Case(
        "各种写法的日期",
        lambda: book([PUBLICITY, *(story(n, d) for n, d in enumerate(DAYS, 1))]),
        added=10,
    ),
    Case(
        "分不清的日期",
        lambda: book([PUBLICITY, story(1, 2022.1), story(2, "2022.10"), story(3, 5.1), story(4, "上旬"), story(5, "2022-02-30")]),
        errors=["A2", "A3", "A4", "A5", "A6"],
        says=["1月和10月", "1日和10日", "只写到月", "不存在"],
    ),
    Case("从 1904 年算起的文件", _of_1904, added=2),
    Case(
        "百分数按格式",
        lambda: book([PROGRESS, progress("2022-04", 0.6), progress("2022-05", 1)], then=_percents),
        added=2, by="徐庄", warnings=["提示"],
    ),
    Case(
        "进度写文字",
        lambda: book([PROGRESS, progress("2022-04", None, "基本完工"), progress("2022-05", None, "80")]),
        errors=["F2"], added=1, says=["不是明确的百分数"], warnings=["提示"],
    ),
    Case("公式有结果", lambda: _formulas(True), added=2),
    Case("公式没有结果", lambda: _formulas(False), added=1, errors=["E2"], says=["打开，保存后重传"]),
    Case("GBK 的 CSV", lambda: csv([PUBLICITY, story(1), story(2)], "gbk"), added=2, name="台账.csv"),
    Case(
        '国家系统导出的 CSV，证号写成 ="…"',
        lambda: csv([ROSTER, *([*row[:4], f'="{row[4]}"', *row[5:]] for row in people(1, 2, 班次="2022-PX-09"))], "utf-8-sig"),
        errors=["B2", "B3"], name="学员.csv", says=["找不到“2022-PX-09”"],
    ),
    Case("97-2003 格式（.xls）", lambda: (SAVED / "花名册.xls").read_bytes(), added=5, name="花名册.xls"),
    Case("LibreOffice 存的 .xlsx，有合并、小计、隐藏行", lambda: (SAVED / "再存.xlsx").read_bytes(), added=2, warnings=["隐藏行"]),
    Case("改名成 .xlsx 的 .ods", lambda: (SAVED / "花名册.ods").read_bytes(), refused="另存为 .xlsx"),
    Case("WPS 的 .et", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, name="台账.et", refused="不能读取 .et 文件"),
    Case("改名成 .xlsx 的 Word 文件", lambda: zipped("word/document.xml"), refused="这不是 Excel 表格"),
    Case("存成 .xls 的网页", lambda: b"<html><table><tr><td>1</td></tr></table></html>", name="台账.xls", refused="内容是网页"),
    Case("一格里几个电话", lambda: roster(*people(1, 2, 电话="13800001234、13900001234\n0632-8811234")), added=4),
    Case("一格里几个地方", lambda: roster(*people(1, 2, 镇村="徐庄镇、店子镇")), added=2, errors=["F2", "F3"], says=["请分成几行"]),
    Case("各种是和否", lambda: roster(*people(1, 是否合格="√"), *people(2, 是否合格=1), *people(3, 是否合格="无"), *people(4, 是否合格="部分")), added=5, errors=["I5"]),
    Case("隐藏的行", lambda: book([SERVICE, service(1), service(2), service(3)], then=_hide(3)), added=2, warnings=["隐藏行"]),
    Case("隐藏的工作表", _hidden_sheet, added=1, warnings=["隐藏工作表"]),
    Case("几百行只有格式的空行", lambda: book([PUBLICITY, story(1)], then=_formatted), added=1),
    Case("空格不是零", lambda: book([SERVICE, service(1, 12, None), service(2, 12, 0), service(3, None, 5)]), added=2, errors=["E4"]),
    Case(
        "被 Excel 截断的证号",
        lambda: roster(*people(1, 身份证号=int(identity(1)[:15] + "000")), *people(2, 身份证号="9.90000E+17"), *people(3)),
        added=3, errors=["E2", "E3"], says=["设为文本"],
    ),
    Case("没有证号列，用出生年月", lambda: xlsx({"班次": courses(COURSE_1), "学员": [("班次", "姓名", "出生年月", "人员类别"), ("2022-PX-01", "试验甲", "1987.10", "脱贫人口"), ("2022-PX-01", "试验乙", 1987.1, "脱贫人口")]}), added=2, errors=["C3"], says=["1月和10月"]),
    Case("一列一环节的资金台账", lambda: wide(["美丽乡村提升工程", "徐庄镇", 72.5, None, None, None, "山财农指〔2022〕9号", "2022.5.6"]), by="财政", unit="财政局", added=1, warnings=["提示", "累计数"]),
    Case("一列一环节的 .xls，缺下达时间", lambda: (SAVED / "资金一列一环节.xls").read_bytes(), by="财政", unit="财政局", errors=["H4"], warnings=["累计数"], name="资金.xls"),
    Case("同一列里有亿元", lambda: book([FIRMS, VISITED, [*VISITED[:1], "荣成另一公司", *VISITED[2:8], "2亿元", None]]), added=1, errors=["I3"]),
    Case("估计人数和别名不认得的栏目", lambda: book([[*SERVICE, "领导批示"], [*service(1, "约12人", "40余"), "阅"]]), errors=["F2"], warnings=["未读栏目"]),
    Case("别的单位的表", lambda: book([["台账"], ["填报单位：店子镇"], PUBLICITY, story(1)]), errors=["A2"]),
    Case("上季度的表题", lambda: book([["徐庄镇2022年第一季度宣传报道台账"], PUBLICITY, story(1)]), errors=["A1"]),
    Case("上季度的日期", lambda: book([PUBLICITY, story(1, "2022-03-01")]), added=1, warnings=["季度"]),
    Case("下季度的日期", lambda: book([PUBLICITY, story(1, "2022-07-02"), story(2)]), added=1, errors=["A2"]),
    Case("两行是同一条", lambda: book([PUBLICITY, story(1), story(1)]), errors=["A2", "A3"]),
    Case("列的次序颠倒，表名随意", lambda: xlsx({"新建表": [PUBLICITY[::-1], story(1)[::-1]]}), added=1),
]  # fmt: skip


def progress(line: str, value: Any, stated: Any = "") -> list[Any]:
    return [line, "2022-06-30", "在建", "主体施工", stated or value, value, 0, 0]


def xlsx_merged(title: str, rows: Sequence[Sequence[Any]], areas: Sequence[str]) -> bytes:
    """Courses beside a sheet with merged cells."""
    made = Workbook()
    first = made.active
    assert isinstance(first, Worksheet)
    first.title = "班次"
    for row in courses(COURSE_1):
        first.append(list(row))
    sheet = made.create_sheet(title)
    for row in rows:
        sheet.append(list(row))
    for area in areas:
        sheet.merge_cells(area)
    return saved(made)


def to_save() -> dict[str, bytes]:
    """What LibreOffice was given (see above)."""
    again = book(
        [
            ["徐庄镇志愿服务台账"],
            SERVICE,
            service(1),
            service(2),
            service(3),
            ["小计", None, None, None, 36, 120],
        ],
        ["A1:F1"],
        _hide(4),
    )
    return {
        "花名册.xlsx": roster(*people(1, 2, 3)),
        "学员.xlsx": files.roster([attendee(n) for n in range(1, 6)]),
        "再存.xlsx": again,
        "资金一列一环节.xlsx": wide(
            ["美丽乡村提升工程", "徐庄镇", 72.5, None, None, None, "山财农指〔2022〕9号", None]
        ),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name, data in to_save().items():
        (folder / name).write_bytes(data)
    for number, case in enumerate(CASES, 1):
        (folder / f"{number:02d} {case.title.replace('/', '／')}{Path(case.name).suffix}").write_bytes(
            case.data()
        )
