"""The shell in a real browser, it fits, works by keyboard, and is closed to what is not ours."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect


def width_beyond_the_screen(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def test_the_log_in_page_fits_the_screen_and_labels_its_fields(screen: Page) -> None:
    screen.goto("/")
    expect(screen).to_have_url("/login/?next=/")
    expect(screen).to_have_title("登录 · 荣成—山亭协作帮扶台账")
    expect(screen.get_by_label("用户名")).to_be_visible()
    expect(screen.get_by_label("密码")).to_be_visible()
    assert width_beyond_the_screen(screen) == 0


def test_the_first_tab_leads_past_the_header_to_the_text(page: Page) -> None:
    page.goto("/no/such/page/")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="跳到正文")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_an_unknown_address_says_so_and_leads_back(screen: Page) -> None:
    screen.goto("/no/such/page/")
    expect(screen.get_by_role("heading", level=1)).to_have_text("没有找到这个页面")
    assert width_beyond_the_screen(screen) == 0
    screen.get_by_role("link", name="返回首页").click()
    expect(screen.get_by_label("用户名")).to_be_visible()


def test_the_menu_on_a_phone_opens_by_keyboard_and_shows_who_is_logged_in(
    page: Page, log_in: Callable[[Page, str], None]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, "xuzhuang")
    menu = page.get_by_role("button", name="菜单")
    expect(page.get_by_role("link", name="填报记录")).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("link", name="填报记录")).to_be_visible()
    expect(page.locator(".user-unit")).to_have_text("徐庄镇 · 填报员")
    expect(page.locator("#site-nav")).to_have_class(re.compile(r"\bshow\b"))  # it has stopped moving
    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(re.compile(r"/login/$"))


def test_the_navigation_marks_where_one_is(page: Page, log_in: Callable[[Page, str], None]) -> None:
    log_in(page, "shenhe")
    expect(page.locator(".site-header [aria-current=page]")).to_contain_text("审核")


def test_a_form_is_sent_once_however_often_the_button_is_pressed(page: Page) -> None:
    page.goto("/login/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码").fill("wrong")
    page.evaluate(
        """() => {
            const button = document.querySelector("main button[type=submit]");
            button.click();
            button.click();
        }"""
    )
    expect(page.locator("main form")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert len(sent) == 1


def test_a_script_smuggled_into_a_page_does_not_run(page: Page, complaints: list[str]) -> None:
    page.goto("/login/")
    hit = page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.smuggled = true";
            document.head.append(script);
            return window.smuggled === true;
        }"""
    )
    assert hit is False
    assert len(complaints) == 1
    assert "Content Security Policy" in complaints[0]
    complaints.clear()


def test_a_request_to_another_host_is_stopped_and_noticed(page: Page, complaints: list[str]) -> None:
    # Proves that the other tests would fail if a page of ours called out.
    page.goto("/login/")
    page.goto("about:blank")  # no policy of ours here: the guard alone must stop it
    page.evaluate("fetch('http://elsewhere.example/').catch(() => null)")
    assert complaints
    assert complaints[0] == "request to another host: http://elsewhere.example/"
    complaints.clear()


def test_the_pictures_of_form_fields_come_from_this_server(page: Page) -> None:
    # Bootstrap has them as data: addresses, which our policy refuses; run.py makes files of them.
    page.goto("/login/")
    with page.expect_response(lambda response: "/vendor/images/" in response.url) as arrow:
        page.evaluate(
            """() => {
                const select = document.createElement("select");
                select.className = "form-select";
                document.querySelector("main").append(select);
            }"""
        )
    assert arrow.value.ok
