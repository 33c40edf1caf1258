"""协作资金台账 by workbook: money in 元 and 万元, the effect on lines, and a refusal for want of money."""

from __future__ import annotations

from typing import Any

from ledger.models import Entry
from ledger.verify import verify
from tests.desk.cast import approved, submitted
from tests.ledger.world import World
from tests.workbooks.conftest import commit, preview
from tests.workbooks.files import xlsx

HEADINGS = ("事件", "项目", "单位", "金额（万元）", "发生日期", "凭证号", "收款方")


def ledger(*rows: tuple[Any, ...]) -> bytes:
    return xlsx({"资金": [["协作资金台账"], ["填报单位：徐庄镇"], HEADINGS, *rows]})


def spent(number: int, amount: Any) -> tuple[Any, ...]:
    return ("支出", "美丽乡村提升工程", "徐庄镇", amount, "2022.6.8", f"记-{number}", "某建筑公司")


def with_money(world: World) -> None:
    for words in (
        "下达 2022-04 徐庄镇 60 文件号=山财农指〔2022〕1号 日期=2022-03-01",
        "拨付 2022-04 徐庄镇 40 凭证号=拨-1 日期=2022-03-05",
    ):
        approved(world, submitted(world, "财政", words))


def test_payments_are_imported_to_the_fen_with_their_effect_on_the_line(world: World) -> None:
    with_money(world)
    report = preview(world, ledger(spent(1, 10), spent(2, "12.5万元"), spent(3, 0.000001)))
    assert report.errors == []
    effects = {(e.name, e.what): (e.before, e.after, e.difference) for e in report.effects}
    assert effects["2022-04 美丽乡村提升工程", "支出"] == ("0.00 元", "225,000.01 元", "+225,000.01 元")
    done = commit(world, ledger(spent(1, 10), spent(2, "12.5万元"), spent(3, 0.000001)))
    amounts = (
        Entry.objects.unscoped("测试")
        .filter(batch=done.batch)
        .order_by("pk")
        .values_list("amount", flat=True)
    )
    assert list(amounts) == [10_000_000, 12_500_000, 1]
    assert list(verify()) == []


def test_rows_that_together_exceed_what_is_there_are_refused_in_the_preview_already(world: World) -> None:
    with_money(world)
    report = preview(world, ledger(spent(1, 30), spent(2, 10.000001)))
    assert report.stopped
    assert [(e.rule, "400,000.00 元" in e.message) for e in report.errors] == [("账目", True)]
    before = Entry.objects.unscoped("测试").count()
    assert commit(world, ledger(spent(1, 30), spent(2, 10.000001)), valid_only=True).batch is None
    assert Entry.objects.unscoped("测试").count() == before


def test_a_cell_of_prose_names_nobodys_number_and_that_of_a_voucher_may_be_long(world: World) -> None:
    with_money(world)
    long = "370406202203150010"
    rows = [(*spent(1, 1)[:5], long, "某建筑公司"), (*spent(2, 1)[:6], "张某 990000197906120027")]
    report = preview(world, ledger(*rows))
    assert [(e.cell, e.value, e.message) for e in report.errors] == [
        ("G5", "张某 ****", "这一栏会长期留存，请不要写身份证号或电话。")
    ]


def test_a_row_with_several_unreadable_cells_is_told_whole(world: World) -> None:
    with_money(world)
    report = preview(
        world,
        ledger(("支出", "无此项目", "徐庄镇", "许多", "昨天", "", ""), ("无", "", "", None, None, "", "")),
    )
    assert not report.stopped
    assert {e.cell for e in report.errors} >= {"B4", "D4", "E4", "A5", "D5", "E5"}
