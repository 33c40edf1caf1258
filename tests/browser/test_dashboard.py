"""The leaders' pages in a real browser: the chart is drawn under the strict policy, figures open, phones fit."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

LogIn = Callable[[Page, str], None]


def test_the_chart_is_drawn_and_its_numbers_stand_in_the_table(screen: Page, log_in: LogIn) -> None:
    log_in(screen, "lingdao")
    screen.goto("/overview/?as_of=2022Q3")
    expect(screen.locator(".chart canvas")).to_be_visible()
    painted = screen.evaluate(
        """() => {
            const canvas = document.querySelector(".chart canvas");
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let red = 0;
            for (let at = 0; at < pixels.length; at += 4)
                if (pixels[at] === 163 && pixels[at + 1] === 32 && pixels[at + 2] === 26) red += 1;
            return red;
        }"""
    )
    assert painted > 500
    data = screen.evaluate("JSON.parse(document.getElementById('money-chart').textContent)")
    table = screen.locator(".money-table").inner_text()
    for series in data["series"]:
        for point in series["points"]:
            assert point["text"] in table


def test_sub_projects_fold_open_by_keyboard(page: Page, log_in: LogIn) -> None:
    log_in(page, "lingdao")
    page.goto("/overview/")
    button = page.get_by_role("button", name=re.compile("子项目"))
    below = page.locator(".money-table .subline").first
    expect(below).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(below).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")


def test_a_bar_of_the_chart_opens_the_entries_behind_it(page: Page, log_in: LogIn) -> None:
    log_in(page, "lingdao")
    page.goto("/overview/?as_of=2022Q3")
    chart = page.locator(".chart canvas")
    expect(chart).to_be_visible()
    page.wait_for_timeout(1200)  # until the bars have grown to their length
    chart.scroll_into_view_if_needed()
    chart.click(position={"x": 200, "y": 50})
    expect(page).to_have_url(re.compile(r"/figures/2022/2022-01/arranged/\?as_of=2022Q3"))


def test_the_first_screen_prints_without_menus_and_within_the_sheet(page: Page, log_in: LogIn) -> None:
    log_in(page, "lingdao")
    page.goto("/overview/?as_of=2022Q3")
    page.set_viewport_size({"width": 703, "height": 1009})  # A4 less its margins, in CSS pixels
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    for hidden in (".site-header nav", ".as-of", ".chart-panel"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".money-table")).to_be_visible()
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    assert sheets <= 3


@pytest.mark.parametrize("username", ["xuzhuang", "rongcheng", "caizheng", "shenhe"])
def test_the_first_screen_opens_without_complaint_for_everyone_who_may(
    page: Page, log_in: LogIn, username: str
) -> None:
    log_in(page, username)
    page.goto("/overview/")
    expect(page.locator("h1")).to_contain_text("总览")
