"""The manuals' pictures are made by this run, so that they never show an older program; their words are tested in
tests/test_manuals.py. MANUAL_PICTURES=1 also writes them to docs/images/."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT, Site

LogIn = Callable[[Page, str], None]
IMAGES = ROOT / "docs" / "images"
LARGEST = 150 * 1024  # bytes
OF_OTHERS = {"answer"}  # of a workbook in LibreOffice: no page of ours


def chooser(page: Page) -> None:
    page.goto("/desk/")
    page.locator("summary", has_text="新增一笔").click()


def refused(page: Page) -> None:
    """A payment of more than the unit has."""
    page.goto("/desk/new/fund_flow/")
    page.locator("#id_line").select_option(label="2022-05 基础设施提升")
    page.locator("#id_amount").fill("6,500.01")
    page.locator("#id_occurred_on").fill("2022-12-21")
    page.locator("#id_voucher_no").fill("记-99")
    page.locator("#id_payee").fill("店子镇演示施工队")
    page.locator(".form-actions").get_by_role("button", name="提交", exact=True).click()
    page.locator("[data-error-summary]").wait_for()
    page.mouse.move(0, 0)


def parts(page: Page) -> None:
    page.goto("/desk/new/placement/")
    page.locator("fieldset.form-part").nth(1).scroll_into_view_if_needed()


def reviewing(page: Page) -> None:
    page.goto("/desk/review/?register=fund_flow")
    page.locator("tbody th a").first.click()
    page.wait_for_url("**/desk/entries/*/")


def account(page: Page) -> None:
    page.goto("/users/?q=xuzhuang")
    page.locator("tbody th a").first.click()
    page.wait_for_url("**/users/*/")


def step(page: Page) -> None:
    page.goto("/desk/")
    page.locator("a[href$='/step/']").first.click()
    page.wait_for_url("**/step/**")


def address(path: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(path)

    return act


# name of the picture with its width, who sees it, how they come there
PICTURES: list[tuple[str, str, Callable[[Page], None]]] = [
    ("overview-1280", "lingdao", address("/overview/?as_of=2022Q3")),
    ("overview-390", "lingdao", address("/overview/?as_of=2022Q3")),
    ("drill-down-1280", "lingdao", address("/figures/2022/total/spent/")),
    ("story-1280", "lingdao", address("/lines/2022-02/story/")),
    ("returned-390", "dianzi", address("/desk/")),
    ("chooser-390", "xuzhuang", chooser),
    ("form-390", "xuzhuang", address("/desk/new/fund_flow/")),
    ("parts-390", "xuzhuang", parts),
    ("refused-390", "dianzi", refused),
    ("step-1280", "beizhuang", step),
    ("review-queue-1280", "shenhe", address("/desk/review/")),
    ("review-entry-1280", "shenhe", reviewing),
    ("periods-1280", "shenhe", address("/desk/periods/")),
    ("parameters-1280", "shenhe", address("/desk/parameters/")),
    ("partner-390", "rongcheng", address("/desk/")),
    ("users-1280", "xitong", address("/users/")),
    ("user-1280", "anquan", account),
]


def named() -> set[str]:
    """The pictures that README and manuals show."""
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    return {name for text in texts for name in re.findall(r"images/([\w-]+)\.png", text.read_text("utf-8"))}


def test_the_manuals_pictures_are_made_by_this_run(browser: Browser, site: Site, log_in: LogIn) -> None:
    folder = site.data / "pictures"
    folder.mkdir()
    for width, height in ((1280, 600), (390, 860)):
        context = browser.new_context(
            base_url=site.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": height},
        )
        page = context.new_page()
        for name, who, act in PICTURES:
            if not name.endswith(f"-{width}"):
                continue
            context.clear_cookies()
            log_in(page, who)
            act(page)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png", animations="disabled")
        context.close()
    made = {file.stem: file for file in folder.glob("*.png")}
    assert set(made) == named() - OF_OTHERS
    assert {name: file.stat().st_size for name, file in made.items() if file.stat().st_size > LARGEST} == {}
    if os.environ.get("MANUAL_PICTURES") == "1":
        for name, file in made.items():
            shutil.copy(file, IMAGES / f"{name}.png")


def test_every_picture_a_manual_names_is_in_the_folder_and_none_besides() -> None:
    there = {file.stem: file for file in IMAGES.glob("*.png")}
    assert set(there) == named()
    assert {name: size for name, file in there.items() if (size := file.stat().st_size) > LARGEST} == {}
    assert {width(file) for name, file in there.items() if name not in OF_OTHERS} <= {1280, 390}


def width(file: Path) -> int:
    """Of a PNG, as its header says."""
    return int.from_bytes(file.read_bytes()[16:20], "big")
