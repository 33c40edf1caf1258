"""The main journey, as its people take it: a payment is filed, returned, corrected, approved, and seen from above."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rongshan import demo
from tests.browser.conftest import Site

ROOT = Path(__file__).resolve().parents[2]
LogIn = Callable[[Page, str], None]


def as_person(page: Page, log_in: LogIn, username: str) -> None:
    page.context.clear_cookies()
    log_in(page, username)


def spent(page: Page) -> str:
    """The 支出 of the 450 万元 as the leader reads it, and the link to what is behind it."""
    page.goto("/")
    return page.locator('a.amount[href*="/total/spent/"]').first.inner_text()


@pytest.mark.parametrize(("width", "wan", "before", "after"), [
    (1280, "12.5", "210.35", "222.85"),
    (390, "2.5", "222.85", "225.35"),
], ids=["desk", "phone"])  # fmt: skip
def test_a_payment_goes_from_the_clerk_to_the_leaders_page_and_back_to_the_voucher(
    page: Page, log_in: LogIn, tmp_path: Path, width: int, wan: str, before: str, after: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    scan = tmp_path / "付款凭证.pdf"
    scan.write_bytes(demo.voucher_pdf(f"voucher {wan}"))
    voucher = f"记-9{width}"

    as_person(page, log_in, "lingdao")
    assert spent(page) == before

    # the clerk files it
    as_person(page, log_in, "xuzhuang")
    page.goto("/desk/")
    page.locator("summary", has_text="新增一笔").click()
    page.get_by_role("link", name="协作资金台账", exact=True).first.click()
    page.get_by_label("事件").select_option(label="支出")
    page.get_by_label("项目", exact=False).first.select_option(label="2022-04 美丽乡村提升工程")
    page.locator("#id_amount").fill(
        "１" + wan[1:] if wan.startswith("1") else wan
    )  # full-width, as phones type
    page.locator("#id_amount_unit").select_option(label="万元")
    page.get_by_label("发生日期").fill("2022-12-20")
    page.get_by_label("凭证号").fill(voucher)
    page.get_by_label("收款方").fill("山亭区演示建筑工程有限公司")
    page.locator("#id_files").set_input_files(scan)
    expect(page.get_by_role("link", name="付款凭证.pdf")).to_be_visible()
    page.get_by_role("button", name="提交", exact=True).last.click()
    page.wait_for_url(re.compile(r"/desk/entries/\d+/"), timeout=20_000)
    expect(page.get_by_text("待审核").first).to_be_visible()
    address = re.sub(r"\?.*", "", page.url)
    assert "/desk/entries/" in address, page.url

    # a reviewer returns it with a reason on one field
    as_person(page, log_in, "shenhe")
    page.goto("/desk/review/")
    page.get_by_role("link", name=re.compile(voucher)).click()
    page.locator(".shown-row", has_text="收款方").locator("summary").click()
    page.get_by_label("对“收款方”的意见").fill("与发票抬头不一致")
    page.get_by_role("button", name="退回").click()
    page.goto(address)
    expect(page.get_by_text("已退回").first).to_be_visible()

    # the clerk learns of it, corrects and submits again
    as_person(page, log_in, "xuzhuang")
    page.goto("/desk/")
    returned = page.get_by_role("link", name=re.compile(voucher))
    expect(returned.first).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("与发票抬头不一致").first).to_be_visible()
    page.get_by_role("link", name="修改后重新提交").click()
    expect(page.get_by_label("凭证号")).to_have_value(voucher)
    expect(page.get_by_text("与发票抬头不一致").first).to_be_visible()
    page.get_by_label("收款方").fill("枣庄演示建设集团有限公司")
    page.get_by_role("button", name="提交", exact=True).last.click()
    expect(page.get_by_text("待审核").first).to_be_visible()

    # another reviewer approves
    as_person(page, log_in, "fuhe")
    page.goto(address)
    page.get_by_role("button", name="通过", exact=True).click()
    page.goto(address)
    expect(page.get_by_text("已通过").first).to_be_visible()

    # the leader's page moved, and three clicks lead from the figure to the voucher
    as_person(page, log_in, "lingdao")
    assert spent(page) == after
    page.locator('a.amount[href*="/total/spent/"]').first.click()
    page.get_by_role("link", name=re.compile(voucher)).first.click()
    asks_for_it = page.context.expect_event("request", lambda asked: "/desk/evidence/" in asked.url)
    with page.context.expect_page() as opened, asks_for_it:  # a page of its own, or a download
        page.get_by_role("link", name="付款凭证.pdf").click()
    link = page.get_by_role("link", name="付款凭证.pdf").get_attribute("href")
    answer = page.request.get(str(link))
    assert answer.body() == scan.read_bytes()
    opened.value.close()

    # the clerk of 店子镇 gets the page that a wrong address gets, to the byte
    as_person(page, log_in, "dianzi")
    theirs, nothing = page.request.get(address), page.request.get(f"{address}9999/")
    assert (theirs.status, nothing.status) == (404, 404)
    assert theirs.body() == nothing.body() == page.request.get("/desk/entries/99999999/").body()


def test_a_payment_one_fen_above_what_the_unit_holds_is_refused_with_the_amounts(
    page: Page, log_in: LogIn, complaints: list[str]
) -> None:
    log_in(page, "dianzi")
    page.goto("/desk/new/fund_flow/")
    page.get_by_label("事件").select_option(label="支出")
    page.get_by_label("项目", exact=False).first.select_option(label="2022-05 基础设施提升")
    page.locator("#id_amount").fill("6,500.01")
    page.get_by_label("发生日期").fill("2022-12-21")
    page.get_by_label("凭证号").fill("记-99")
    page.get_by_label("收款方").fill("店子镇演示施工队")
    page.get_by_role("button", name="提交", exact=True).last.click()
    summary = page.get_by_role("alert").first
    expect(summary).to_contain_text("可用 6,500.00 元，本次 6,500.01 元，超出 0.01 元")
    expect(page.locator("#id_amount")).to_have_value("6,500.01")
    expect(page.get_by_label("收款方")).to_have_value("店子镇演示施工队")
    page.locator("#id_amount").fill("6,500.00")
    page.get_by_role("button", name="提交", exact=True).last.click()
    expect(page.get_by_text("待审核").first).to_be_visible()


def test_the_books_prove_after_all_of_this(site: Site) -> None:
    assert "全部相符" in site.manage("verify_ledger")
