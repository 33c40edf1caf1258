"""The 协作资金台账 with one column a stage: cumulative figures, of which only what the books lack is proposed."""

from __future__ import annotations

from typing import Any

import pytest
from openpyxl import Workbook

from funds.models import FundFlow
from ledger import actions
from ledger.models import Entry
from ledger.verify import verify
from tests.desk.cast import approved, stored, submitted
from tests.ledger.world import World
from tests.workbooks.conftest import ON, approve_batch, upload
from tests.workbooks.files import saved, xlsx
from workbooks import planning
from workbooks.report import Report

HEADER = (
    "序号", "项目名称", "项目实施单位", "资金来源", "安排资金(万元)", "到位", "下达数", "拨付", "支出", "支出率",
    "文件依据", "下达时间", "凭证号", "拨款时间", "收款单位", "备注",
)  # fmt: skip


def row(line: str, unit: str, *figures: Any, rate: Any = None, papers: tuple[Any, ...] = ()) -> list[Any]:
    """项目, 单位, then 安排 到位 下达 拨付 支出 in 万元; papers: 文件依据 下达时间 凭证号 拨款时间 收款单位."""
    return [1, line, unit, "荣成市级", *figures, *[None] * (5 - len(figures)), rate, *papers]


def ledger(*rows: list[Any], unit: str = "山亭区财政局") -> bytes:
    above = [["2022年协作资金台账"], [f"填报单位：{unit}　　单位：万元"]]
    sums = ["合计", *[None] * 3, *(sum(r[i] or 0 for r in rows) or None for i in range(4, 9))]
    return xlsx({"资金台账": [*above, HEADER, *rows, sums]})


def run(world: World, data: bytes, *, by: str = "财政", unit: str = "财政局", keep: bool = False) -> Report:
    given = upload(world, data, unit=unit, name="资金台账.xlsx")
    do = planning.commit if keep else planning.preview
    return do(by=world.users[by], on=ON, upload=given)


@pytest.fixture
def money(world: World) -> World:
    for words in (
        "下达 2022-04 徐庄镇 60 文件号=山财农指〔2022〕1号 日期=2022-03-01",
        "拨付 2022-04 徐庄镇 40 凭证号=拨-1 日期=2022-03-05",
    ):
        approved(world, submitted(world, "财政", words))
    return world


def approve(world: World, report: Report) -> None:
    """With the paper each of them needs."""
    filer = world.users["财政"]
    for entry in Entry.objects.unscoped("测试").filter(batch=report.batch).order_by("pk"):
        actions.attach(by=filer, on=ON, entry=entry, version=entry.version, evidence=[stored(filer)])
    approve_batch(world, report.batch)


def told(report: Report) -> list[tuple[str, str]]:
    return [(one.cell, one.rule) for one in report.errors]


def test_figures_that_the_books_have_say_nothing_new(money: World) -> None:
    report = run(money, ledger(row("美丽乡村提升工程", "徐庄镇", 100, None, 60, 40)))
    assert (told(report), report.rows, report.added, report.unchanged, report.missing) == ([], 1, 0, 1, [])
    assert [one.rule for one in report.warnings] == ["累计数"]  # 安排 is the bureau's
    assert "计划数由别的单位填报" in report.warnings[0].message


def test_what_a_figure_says_beyond_the_books_becomes_an_event_of_its_stage(money: World) -> None:
    papers = ("山财农指[2022]9号", "2022.5.6", "拨-9", "2022年5月20日", None)
    data = ledger(row("美丽乡村提升工程", "徐庄镇", 100, None, 72.5, 55, papers=papers))
    report = run(money, data, keep=True)
    assert (told(report), report.added, report.unchanged) == ([], 2, 0)
    # 财政局 oversees the register: it sees what the file does to the line
    effects = {(e.name, e.what): (e.before, e.difference) for e in report.effects}
    assert effects["2022-04 美丽乡村提升工程", "下达"] == ("600,000.00 元", "+125,000.00 元")
    assert effects["2022-04 美丽乡村提升工程", "拨付"] == ("400,000.00 元", "+150,000.00 元")
    assert [(one.cell, "差额" in one.message) for one in report.warnings if one.rule == "累计数"] == [
        ("3", False),
        ("G4", True),
        ("H4", True),
    ]
    made = FundFlow.objects.filter(entry__batch=report.batch).order_by("pk")
    assert [(f.event, f.unit.short_name if f.unit else "", f.amount, str(f.occurred_on)) for f in made] == [
        ("allocate", "徐庄镇", 12_500_000, "2022-05-06"),
        ("disburse", "徐庄镇", 15_000_000, "2022-05-20"),
    ]
    assert [(f.document_no, f.voucher_no) for f in made] == [("山财农指〔2022〕9号", ""), ("", "拨-9")]
    assert {e.origin for e in Entry.objects.unscoped("测试").filter(batch=report.batch)} == {"资金台账!4"}
    again = run(money, data, keep=True)  # what waits counts
    assert (again.added, again.unchanged, again.batch) == (0, 1, None)
    approve(money, report)
    assert run(money, data).unchanged == 1
    assert list(verify()) == []


def test_what_has_not_come_to_the_stage_before_waits_for_it(money: World) -> None:
    papers = ("山财农指〔2022〕9号", "2022.5.6", "拨-9", "2022.5.20", None)
    data = ledger(row("美丽乡村提升工程", "徐庄镇", 100, None, 90, 80, papers=papers))
    first = run(money, data, keep=True)
    assert (told(first), first.added) == ([], 1)
    assert [one.cell for one in first.warnings if "再上传一次本表" in one.message] == ["H4"]
    approve(money, first)
    second = run(money, data, keep=True)
    assert (told(second), second.added) == ([], 1)
    assert FundFlow.objects.get(entry__batch=second.batch).amount == 40_000_000


def test_a_paper_that_is_missing_is_asked_for_at_its_cell(money: World) -> None:
    report = run(
        money,
        ledger(row("美丽乡村提升工程", "徐庄镇", 100, None, 72, 50, papers=(None, "2022年5月", None, None))),
    )
    assert [(e.cell, e.message) for e in report.errors] == [
        ("K4", "下达须填写文件号。"),
        ("L4", "下达时间只写到月，请写明是哪一天，例如 2022-03-01。"),
        ("M4", "拨付须填写凭证号。"),
        ("N4", "请填写拨款时间。"),
    ]
    assert report.added == 0


def test_a_figure_below_the_books_is_an_error_and_a_wrong_rate_a_doubt(money: World) -> None:
    papers = (None, None, "记-7", "2022-06-01", "某建筑公司")
    data = ledger(row("美丽乡村提升工程", "徐庄镇", 100, None, 50, 40, 10, rate="60%", papers=papers))
    report = run(money, data)
    assert told(report) == [("G4", "累计数")]
    assert "已有 60.00 万元" in report.errors[0].message
    assert [one.cell for one in report.warnings if one.rule == "比率"] == ["J4"]


def test_a_township_reports_what_it_has_spent_and_sees_no_other_figure(money: World) -> None:
    papers = (None, None, "记-7", "2022-06-01", "某建筑公司")
    data = ledger(row("美丽乡村提升工程", "徐庄镇", 100, 450, 61, 41, 12.5, papers=papers), unit="徐庄镇")
    report = run(money, data, by="徐庄", unit="徐庄镇", keep=True)
    assert (told(report), report.added) == ([], 1)
    said = " ".join(one.message for one in report.warnings)
    assert "计划数、到账数、下达数、拨付由别的单位填报" in said
    assert "60.00" not in said
    flow = FundFlow.objects.get(entry__batch=report.batch)
    assert (flow.event, flow.amount, flow.payee) == ("spend", 12_500_000, "某建筑公司")
    assert run(
        money,
        ledger(row("美丽乡村提升工程", "店子镇", 1, 1, 1, 1, 1, papers=papers)),
        by="徐庄",
        unit="徐庄镇",
    ).errors


def test_a_two_row_header_with_the_stages_under_one_group_is_read(money: World) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["协作资金台账（单位：万元）"])
    sheet.append(["项目名称", "项目实施单位", "协作资金", None, None, None, "备注"])
    sheet.append([None, None, "下达数", "拨付", "支付数", "支出率"])
    sheet.append(["美丽乡村提升工程", "徐庄镇", 60, 40, None, 0])
    for area in ("A1:G1", "A2:A3", "B2:B3", "C2:F2", "G2:G3"):
        sheet.merge_cells(area)
    report = run(money, saved(book))
    assert (told(report), report.unchanged) == ([], 1)


def test_a_list_of_events_is_not_taken_for_the_wide_sheet(money: World) -> None:
    rows = [
        ("事件", "项目", "单位", "金额（万元）", "发生日期", "文件号"),
        ("下达", "2022-04", "徐庄镇", 1, "2022.5.6", "山财农指〔2022〕9号"),
    ]
    report = run(money, xlsx({"资金": rows}))
    assert (told(report), report.added) == ([], 1)
