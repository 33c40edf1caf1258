"""A new user with the manual alone: one entry of every register on a phone, typed key by key, generated from the
declarations, in less than a minute of typing each; the next step of a project; its photos are really drawn."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from playwright.sync_api import Error, Locator, Page, expect

from ledger.registers import Register, all_registers

LogIn = Callable[[Page, str], None]

# How fast a person types: stated, not measured. A Chinese character is three keys of pinyin, choosing it included.
KEYS_A_SECOND, SECONDS_A_CHOICE, KEYS_A_CHARACTER = 4, 2, 3
MOST_SECONDS = 60
DAY = "2022-12-10"
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Filed from a person's page by reviewers: it has no form that a clerk opens.
OF_THE_LEDGER = {"person_merge"}
OURS = {code for code, one in all_registers().items() if not one.model.__module__.startswith("tests.")}

# What is typed or chosen beyond what the kind of a field suggests, and in fields that only a rule asks for.
WANTED: dict[str, dict[str, str]] = {
    "fund_flow": {
        "line": "2022-04 美丽乡村提升工程",
        "amount": "500",
        "voucher_no": "记-键盘",
        "payee": "某建筑公司",
    },
    "hope_room": {"id_number": "990000201403150012", "state": "提报"},
    "training_attendance": {"id_number": "990000197906120027"},
    "placement": {"id_number": "990000197906120027"},
    "wish": {"id_number": "990000197906120027"},
    "pairing": {"id_number": "990000197906120027"},
    "donation_receiver": {"id_number": "990000197906120027"},
    "secondment": {"id_number": "990000197906120027"},
    "support_post": {"id_number": "990000197906120027"},
    "roster": {"id_number": "990000197906120027", "education": "初中"},
    "project": {
        "line": "2022-01 北庄镇市级衔接推进乡村振兴集中区",
        "code": "2022-01-91",
        "tag": "产业发展",
        "state": "储备",
        "implementer": "徐庄镇",
        "fund": "100",
        "listed_on": DAY,
    },
    "pv_yield": {"month": "2022-12"},
    "roster_handover": {"quarter_ends_on": "2022-03-31"},
    "support_work": {"quarter_ends_on": "2022-12-31", "outpatients": "20"},
    "donation": {"amount": "500"},
    "zone_member": {"village": "徐庄镇乔山村"},
}
# who has something that its rows refer to
WHO = {
    "pv_yield": "fengmao",
    "pv_share": "fengmao",
    "support_work": "rongcheng",
    "meeting_decision": "shenhe",
}
SAMPLES = {
    "integer": "2",
    "money": "100",
    "date": DAY,
    "dates": "2022.12.10-12.11",
    "identity": "990000197906120027",
    "phone": "13800000001",
    "person_name": "试验人",
    "village": "徐庄镇湖沟村",
    "percent": "60",
    "decimal": "12",
    "text": "试验",
    "month": "2022-11",
}


def correct_the_demos(page: Page) -> None:
    """There is one such row a plan, and the demo has it; its correction that waits is withdrawn first."""
    page.goto("/desk/entries/?register=prior_scale&state=submitted")
    page.locator("tbody th a").first.click()
    page.get_by_role("link", name="撤回").click()
    page.get_by_role("button", name="撤回").click()
    expect(page.locator("main .state").first).to_contain_text("已撤回")
    page.goto("/desk/entries/?register=prior_scale&state=approved")
    page.locator("tbody th a").first.click()
    page.get_by_role("link", name="更正").click()


# how its form is opened, where that is not "新增一笔"
OPENED: dict[str, Callable[[Page], None]] = {"prior_scale": correct_the_demos}


@dataclass
class Effort:
    """What filing one entry took."""

    register: Register
    who: str
    keys: int = 0
    choices: int = 0
    went_wrong: str = ""

    @property
    def seconds(self) -> float:
        return self.keys / KEYS_A_SECOND + self.choices * SECONDS_A_CHOICE

    def __str__(self) -> str:
        name = self.register.name + "　" * (10 - len(self.register.name))
        return f"{name} {self.who:<10} {self.keys:>5} {self.choices:>5} {self.seconds:>6.1f} s  {self.went_wrong}"


def file_one(page: Page, effort: Effort) -> None:
    """Open the form, fill what it marks as required in the order of the page, submit, and see the entry."""
    code = effort.register.code
    if code in OPENED:
        OPENED[code](page)
    else:
        page.goto(f"/desk/new/{code}/")
    page.locator(".form-actions").wait_for()  # a click does not wait for the page that it leads to
    assert page.evaluate(BEYOND) == 0
    filled: set[str] = set()
    wanted = WANTED.get(code, {})
    while name := next((one for one in asked(page, wanted) if one not in filled), ""):
        filled.add(name)
        fill(page, effort, name, wanted.get(name))
    assert page.evaluate(BEYOND) == 0
    page.locator(".form-actions").get_by_role("button", name="提交", exact=True).click()
    page.locator("[data-error-summary], main .shown").first.wait_for()
    wrong = page.locator("[data-error-summary] li")
    assert wrong.count() == 0, "；".join(wrong.all_inner_texts())
    expect(page.locator("main .state").first).to_contain_text("待审核")
    assert page.evaluate(BEYOND) == 0


def asked(page: Page, wanted: Mapping[str, str]) -> list[str]:
    """The fields of the form as it is now that are marked as required, and those that are wanted besides."""
    fields = page.locator("[data-field]:not([hidden])").evaluate_all(
        """all => all.map((one) => [one.dataset.field,
            [...one.querySelectorAll("[data-must]")].some((mark) => !mark.hidden)])"""
    )
    return [name for name, must in fields if must or name in wanted]


def fill(page: Page, effort: Effort, name: str, text: str | None) -> None:
    """One field, by keys or by choosing; what already stands in it stays."""
    control = page.locator(f"#id_{name}")
    fold = page.locator("details[data-part]:not([open])", has=control)
    if fold.count():
        fold.locator("summary").click()
        effort.choices += 1
    columns = {column.name: column for column in effort.register.columns}
    kind = columns[name].kind if name in columns else "text"  # the reason of a correction is no column
    example = columns[name].example if name in columns else ""
    if control.evaluate("one => one.tagName") == "SELECT":
        if text is not None:
            control.select_option(label=text)
        elif not control.input_value():
            assert control.locator("option").count() > 1, f"nothing to choose from: {name}"
            control.select_option(index=1)
        else:
            return
        effort.choices += 1
        return
    text = text or example or SAMPLES[kind]
    if kind in ("date", "month"):
        type_day(control, text)
    else:
        control.fill("")
        control.press_sequentially(text)
    effort.keys += sum(KEYS_A_CHARACTER if "\u4e00" <= one <= "\u9fff" else 1 for one in text)


def type_day(control: Locator, text: str) -> None:
    """The digits of a day or a month, in the order in which this browser's language has them."""
    digits = text.split("-")
    for order in (digits, [*digits[1:], digits[0]]):
        control.fill("")
        control.click(position={"x": 16, "y": 20})  # on its first part
        control.press_sequentially("".join(order))
        if control.input_value() == text:
            return
    control.fill(text)  # a month that has a name is chosen from the picker


def test_one_entry_of_every_register_is_filed_on_a_phone_in_a_minute_of_typing(
    page: Page, log_in: LogIn
) -> None:
    """FILING=all files one of every register (docs/runs.md); else of six, by FILING_SEED, and of the two that steps begin
    with."""
    page.set_viewport_size({"width": 390, "height": 844})
    seed = int(os.environ.get("FILING_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"FILING_SEED={seed}")  # noqa: T201  told when it fails
    wanted = OURS - OF_THE_LEDGER
    if os.environ.get("FILING") != "all":
        wanted = {"fund_flow", "project", *random.Random(seed).sample(sorted(wanted), 6)}
        for _ in range(3):  # and what their rows refer to, which is filed before them
            columns = [column for code in wanted for column in all_registers()[code].columns]
            wanted |= {column.register for column in columns if column.kind == "subject"} & OURS
    efforts = list(filing(page, log_in, wanted))
    print("\n" + "\n".join(str(one) for one in efforts))  # noqa: T201  the table is what the test shows
    assert {one.register.code for one in efforts} == wanted
    assert [str(one) for one in efforts if one.went_wrong] == []
    assert [str(one) for one in efforts if one.seconds >= MOST_SECONDS] == []


def filing(page: Page, log_in: LogIn, wanted: set[str]) -> Iterator[Effort]:
    """Each of these registers once, by the first of these people who may."""
    filed: set[str] = set()
    for who in ("xuzhuang", "fengmao", "renshe", "shenhe", "caizheng", "rongcheng"):
        page.context.clear_cookies()
        log_in(page, who)
        page.goto("/desk/")
        links = page.locator("main a[href^='/desk/new/']").evaluate_all("all => all.map((a) => a.pathname)")
        for code in dict.fromkeys(link.split("/")[3] for link in links):
            if code in filed or code not in wanted or WHO.get(code, who) != who:
                continue
            filed.add(code)
            effort = Effort(all_registers()[code], who)
            try:
                file_one(page, effort)
            except (AssertionError, Error) as error:
                effort.went_wrong = str(error).split("\nassert")[0][:300]
            yield effort


# --- the next step, and photos ------------------------------------------------------------------------------------


def test_the_next_step_of_a_project_asks_for_what_its_new_state_has(screen: Page, log_in: LogIn) -> None:
    who, project = BUILDING[screen.evaluate("innerWidth")]
    log_in(screen, who)
    screen.goto("/desk/entries/?register=project")
    screen.get_by_role("link", name=re.compile(f"{project} · 在建")).first.click()
    screen.get_by_role("link", name="登记项目进展").click()
    expect(screen.locator("h1")).to_contain_text("登记项目进展")
    expect(screen.locator("#id_finished_on")).to_be_hidden()
    screen.locator("#id_state").select_option(label="已完工")
    expect(screen.locator("#id_finished_on")).to_be_visible()
    expect(screen.locator("[data-field=finished_on] [data-must]")).to_be_visible()
    assert screen.evaluate(BEYOND) == 0
    screen.locator("#id_finished_on").fill("2022-12-10")
    screen.locator(".form-actions").get_by_role("button", name="提交", exact=True).click()
    expect(screen.locator("h1")).to_contain_text("已完工")
    expect(screen.locator("main .state").first).to_contain_text("待审核")
    expect(screen.get_by_text("接在它之后")).to_be_visible()


# width of the screen → who goes on with which project of the demo
BUILDING = {1280: ("xuzhuang", "美丽乡村提升工程"), 390: ("beizhuang", "污水管网与环境整治")}


def test_the_photos_of_a_project_are_drawn_when_one_comes_to_them(screen: Page, log_in: LogIn) -> None:
    log_in(screen, "lingdao")
    screen.goto("/lines/2022-04/story/")
    photos = screen.locator("main img")
    assert photos.count() >= 2
    for photo in photos.all():
        photo.scroll_into_view_if_needed()
        photo.evaluate("one => one.decode()")  # fails unless the picture has come and can be drawn
        assert photo.evaluate("one => one.naturalWidth * one.getBoundingClientRect().width") > 0
