"""The entry form in a real browser: what the script adds, and that nothing typed is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, FilePayload, Page, Request, Route, expect

LogIn = Callable[[Page, str], None]

PDF: FilePayload = {"name": "发票.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}


def fill(page: Page, voucher: str, amount: str = "0.5") -> None:
    page.get_by_label("项目", exact=False).first.select_option(label="2022-04 美丽乡村提升工程")
    page.locator("#id_amount").fill(amount)
    page.get_by_label("金额单位").select_option("万元")
    page.locator("#id_occurred_on").fill("2022-12-20")
    page.locator("#id_voucher_no").fill(voucher)
    page.locator("#id_payee").fill("某建筑公司")


def test_only_the_fields_of_the_event_are_there_and_the_amount_is_echoed(page: Page, log_in: LogIn) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    expect(page.locator("#id_payee")).to_be_visible()
    expect(page.locator("#id_document_no")).to_be_hidden()
    page.locator("#id_event").select_option("claim")
    expect(page.locator("#id_payee")).to_be_hidden()
    expect(page.locator("label[for=id_voucher_no]")).to_contain_text("报账单号")
    page.locator("#id_amount").fill("１２，５００")
    expect(page.locator("[data-echo]")).to_have_text("= 12,500.00 元（1.25 万元）")
    page.get_by_label("金额单位").select_option("万元")
    expect(page.locator("[data-echo]")).to_have_text("= 125,000,000.00 元（12,500.00 万元）")
    page.locator("#id_amount").fill("十二")
    expect(page.locator("[data-echo]")).to_have_text("")


def test_a_file_is_stored_when_chosen_the_form_saves_itself_and_comes_back(page: Page, log_in: LogIn) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    fill(page, "记-自动")
    page.locator("#id_files").set_input_files([PDF])
    expect(page.locator("#files .file")).to_have_count(1)
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"已自动保存 \d\d:\d\d"), timeout=10_000)
    page.reload()
    expect(page.locator("#id_voucher_no")).to_have_value("记-自动")
    expect(page.locator("#files .file")).to_have_count(1)
    page.get_by_role("button", name="移除").click()
    expect(page.locator("#files .file")).to_have_count(0)
    # leaving at once, before the next autosave, still saves
    page.goto("/desk/")
    page.get_by_role("link", name="继续填写").first.click()
    expect(page.locator("#id_voucher_no")).to_have_value("记-自动")
    expect(page.locator("#files .file")).to_have_count(0)


def test_errors_come_without_leaving_the_page_and_the_keyboard_goes_to_them(
    page: Page, log_in: LogIn
) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    fill(page, "记-错", amount="一千")
    page.get_by_role("button", name="提交", exact=True).click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_contain_text("有 1 处需要修改")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="金额").click()
    expect(page.locator("#id_amount")).to_be_focused()
    expect(page.locator("#id_amount")).to_have_value("一千")
    page.locator("#id_amount").fill("0.5")
    expect(page.locator("[data-echo]")).to_have_text("= 5,000.00 元（0.50 万元）")
    page.get_by_role("button", name="提交并继续下一笔").click()
    expect(page.locator(".just-filed")).to_contain_text("记-错")
    expect(page.locator("#id_amount")).to_be_focused()
    expect(page.locator("#id_voucher_no")).to_have_value("")
    expect(page.get_by_label("金额单位")).to_have_value("万元")
    page.get_by_role("button", name="撤回这一笔").click()
    expect(page.locator(".just-filed")).to_contain_text("已撤回")


def test_a_broken_connection_keeps_the_form_and_sending_again_files_it_once(
    page: Page, context: BrowserContext, log_in: LogIn, complaints: list[str]
) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    fill(page, "记-断网")
    context.set_offline(True)
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator("[data-retry]")).to_contain_text("网络中断，内容已保存在本机")
    context.set_offline(False)
    page.get_by_role("button", name="点此重试").click()
    expect(page.locator("h1")).to_contain_text("记-断网")
    page.goto("/desk/entries/?q=记-断网")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('desk:')).length") == 0
    complaints.clear()  # what the browser says about being offline


def test_an_answer_lost_on_the_way_is_asked_for_again_without_a_second_entry(
    page: Page, log_in: LogIn, complaints: list[str]
) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    fill(page, "记-丢失")
    lost: list[int] = []

    def lose_the_answer(route: Route, request: Request) -> None:
        if request.method == "POST" and not lost:
            lost.append(route.fetch().status)  # the server did its part
            route.abort()
        else:
            route.fallback()

    page.route("**/desk/new/**", lose_the_answer)
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_role("button", name="点此重试").click()
    expect(page.locator(".message-info")).to_contain_text("没有重复提交")
    assert lost == [200]
    complaints.clear()


def test_a_session_that_expired_costs_nothing(page: Page, context: BrowserContext, log_in: LogIn) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    fill(page, "记-过期")
    context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page).to_have_url(re.compile("/login/"))
    page.get_by_label("用户名").fill("xuzhuang")
    page.get_by_label("密码").fill("Xiezuo-2022")
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#id_voucher_no")).to_have_value("记-过期")
    expect(page.locator("#id_amount")).to_have_value("0.5")
    expect(page.locator("[data-saved]")).to_contain_text("已填回本机")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator("h1")).to_contain_text("记-过期")


def test_what_only_the_browser_has_is_offered_to_its_owner_and_gone_after_log_out(
    page: Page, context: BrowserContext, log_in: LogIn, complaints: list[str]
) -> None:
    log_in(page, "xuzhuang")
    page.goto("/desk/new/fund_flow/")
    fill(page, "记-本机")
    address = page.url
    page.route("**/desk/draft/", lambda route: route.abort())
    page.goto("/desk/")
    page.unroute("**/desk/draft/")
    expect(page.get_by_role("link", name="继续填写：新增一笔")).to_be_visible()
    page.goto(address)
    expect(page.locator("#id_voucher_no")).to_have_value("记-本机")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("用户名")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('desk:')).length") == 0
    complaints.clear()


def test_everything_waiting_can_be_ticked_at_once(page: Page, log_in: LogIn) -> None:
    log_in(page, "shenhe")
    page.goto("/desk/review/")
    boxes = page.locator("input[name=seen]").count()
    page.get_by_role("button", name="全选本页").click()
    expect(page.locator("[data-ticked]")).to_have_text(f"已勾选 {boxes} 条")
    page.get_by_role("button", name="全不选").click()
    expect(page.locator("[data-ticked]")).to_have_text("")
