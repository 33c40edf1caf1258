"""网页填表 in a real browser: the keyboard of a spreadsheet, a pasted block, errors at their cells."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

LogIn = Callable[[Page, str], None]

ADDRESS = "/workbooks/grid/?register=training_course&organization={}&period=2022Q4"
PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def opened(page: Page, log_in: LogIn) -> None:
    log_in(page, "xuzhuang")
    page.goto("/workbooks/")
    page.get_by_role("link", name="网页填表", exact=True).click()
    page.get_by_label("台账").select_option(label="培训班次")
    page.get_by_label("季度").select_option("2022Q4")
    page.get_by_role("button", name="开始填写").click()
    expect(page.get_by_label("第 20 行").first).to_be_attached()


def test_keys_move_and_enter_never_sends(page: Page, log_in: LogIn) -> None:
    opened(page, log_in)
    first = page.locator("tbody tr").nth(0).locator("input")
    second = page.locator("tbody tr").nth(1).locator("input")
    expect(first.nth(0)).to_be_focused()
    page.keyboard.type("甲")
    page.keyboard.press("ArrowRight")
    expect(first.nth(1)).to_be_focused()
    page.keyboard.type("乙")
    page.keyboard.press("Enter")
    expect(second.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(second.nth(0)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(first.nth(0)).to_be_focused()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    expect(page.locator("tbody tr").nth(20).locator("input").first).to_be_focused()
    page.get_by_role("button", name="加 20 行").click()
    assert page.locator("tbody tr").count() >= 41


def test_a_pasted_block_is_checked_corrected_and_confirmed(screen: Page, log_in: LogIn) -> None:
    opened(screen, log_in)
    wide = screen.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    heads = [text.split("必填")[0] for text in screen.locator("thead th").all_inner_texts()[1:]]
    number = f"2022-PX-W{screen.viewport_size['width'] if screen.viewport_size else 0}"
    number = f"2022-PX-W{wide_of(screen)}"
    row = {
        "班次编号": number,
        "培训班名称": "果树管理",
        "类别": "就业技能",
        "起止时间": "2022.10.10-10.14",
        "课时": "4O",
    }
    row |= {"举办单位": "徐庄镇", "地点": "徐庄镇", "期次": "1", "天数": "5"}
    first = screen.locator("tbody tr").first.locator("input")
    number_cell, hours = first.nth(heads.index("班次编号")), first.nth(heads.index("课时"))
    screen.evaluate(PASTE, "\n".join("\t".join(line) for line in (row.keys(), row.values())))
    expect(number_cell).to_have_value(number)
    screen.get_by_role("button", name="撤销").click()
    expect(number_cell).to_have_value("")
    number_cell.focus()
    screen.evaluate(PASTE, "\n".join("\t".join(line) for line in (row.keys(), row.values())))
    screen.get_by_role("button", name="检查").click()
    expect(screen.get_by_role("heading", name="有错误，什么都还没有写入")).to_be_visible()
    expect(hours).to_have_attribute("aria-invalid", "true")
    screen.locator("[data-mistakes] button", has_text="课时").first.click()
    expect(hours).to_be_focused()
    hours.fill("40")
    screen.get_by_role("button", name="检查").click()
    expect(screen.get_by_role("button", name="确认导入 1 行")).to_be_visible()
    screen.get_by_role("link", name="返回修改").click()
    expect(number_cell).to_have_value(number)
    screen.get_by_role("button", name="检查").click()
    screen.get_by_role("button", name="确认导入 1 行").click()
    expect(screen.get_by_text("已提交 1 行")).to_be_visible()


def wide_of(page: Page) -> int:
    return page.viewport_size["width"] if page.viewport_size else 0


def test_a_lost_network_keeps_what_was_typed(
    page: Page, log_in: LogIn, context: BrowserContext, complaints: list[str]
) -> None:
    opened(page, log_in)
    page.keyboard.type("果树管理")
    context.set_offline(True)
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_text("没有连上服务器")).to_be_visible()
    expect(page.locator("tbody input").first).to_have_value("果树管理")
    context.set_offline(False)
    complaints.clear()  # that it could not be reached
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_text("有错误，什么都还没有写入")).to_be_visible()
