"""Every kind of page, walked from each person's first page by its links: axe-core finds nothing serious on it, and it
is never wider than the screen, on a desk and on a phone. A page with a new name fails until it is walked or listed.

    WALK=all .venv/bin/pytest -s tests/browser/test_accessibility.py

walks what ten people see, list, form and entry of every register, and entries in every state (docs/runs.md). CI walks
one page of every kind, whoever comes to it first.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import Resolver404, URLResolver, get_resolver, resolve
from openpyxl import Workbook
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize

from ledger.registers import all_registers
from rongshan import demo
from tests.browser.conftest import Site
from tests.workbooks.files import xlsx

ALL = os.environ.get("WALK") == "all"
# those that tests have made up are on no site
REGISTERS = [code for code, one in all_registers().items() if not one.model.__module__.startswith("tests.")]
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

# Names of addresses that show no page, and why.
NOT_WALKED = {
    **dict.fromkeys(
        (
            *("workbooks:list", "workbooks:export", "workbooks:template", "workbooks:original"),
            *("workbooks:answer", "desk:evidence"),
        ),
        "a file",
    ),
    **dict.fromkeys(("dashboard:summary", "healthz"), "JSON"),
    **dict.fromkeys(("desk:draft", "desk:upload", "logout", "user_password"), "takes POST only"),
    **dict.fromkeys(
        ("user_name", "user_active", "user_role", "user_grant"), "takes POST, and shows the user's page"
    ),
    "desk:attach": "takes POST, and shows the entry",
    "desk:decide": "takes POST, and shows the entry",
    "desk:filter": "takes POST, and shows the list",
    "home": "leads on to the person's first page",
    "person_reveal": "takes POST, and shows the person's page",
    "admin:logout": "is logout",
    "admin:login": "leads on to login",
    "admin:password_change": "leads on to password_change",
    "admin:password_change_done": "is never reached: password_change says so itself",
    "admin:jsi18n": "a script",
    "admin:autocomplete": "JSON",
    "admin:view_on_site": "leads on, and no model of ours has such an address",
    "admin:app_list": "one part of admin:index",
    "admin:add": "Django's own form, the same as admin:change",
    "admin:delete": "Django's own page; nothing of the ledger can be deleted",
    "admin:history": "Django's own page",
}


@dataclass
class Visit:
    """One page as one person saw it."""

    who: str
    address: str
    violations: list[str]
    beyond: dict[int, int]  # width of the screen → pixels beyond it
    headings: int  # h1, of which a page has one


@dataclass
class Walk:
    """What has been seen so far."""

    page: Page
    entries: dict[int, tuple[str, str]]  # number of an entry → its register, its state as ENTRIES has it
    who: str = ""
    role: str = ""
    visits: list[Visit] = field(default_factory=list)
    seen: set[tuple[str, ...]] = field(default_factory=set)  # keys, as keys() makes them
    # what axe has been asked about: width of the screen → markup, as SHOWN writes it
    markup: dict[int, set[str]] = field(default_factory=lambda: {DESK["width"]: set(), PHONE["width"]: set()})
    broken: list[str] = field(default_factory=list)

    def log_in(self, username: str) -> None:
        """As one of the demo's people; ends on their first page."""
        self.who = username
        self.role = next(role for name, _, role, _ in demo.CAST if name == username)
        self.page.context.clear_cookies()
        self.page.goto("/login/")
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(demo.PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        self.page.locator(".user-menu").wait_for(state="attached")

    def everything_from(self, *addresses: str, linked_on: str = "") -> None:
        """These pages, unless they are `linked_on` something and of a kind seen before; and from their links on one
        page of each kind."""
        waiting = deque((address, linked_on) for address in addresses)
        while waiting:
            address, linked_on = waiting.popleft()
            keys = self.keys(address)
            if linked_on and not keys - self.seen:
                continue
            answer = self.page.goto(address, wait_until="domcontentloaded")
            if answer is None or answer.status >= 400:
                status = answer.status if answer else "nothing"
                self.broken.append(f"{self.who}: {address}, linked on {linked_on}, answers {status}")
            landed = urlsplit(self.page.url)
            if resolve(landed.path).view_name != resolve(urlsplit(address).path).view_name:
                self.seen |= keys  # it led on: what it led to is looked at for what it is
                waiting.appendleft((f"{landed.path}?{landed.query}", address))
                continue
            self.look(keys)
            waiting.extend((link, address) for link in self.page.evaluate(LINKS))

    def keys(self, address: str) -> set[tuple[str, ...]]:
        """Why the page is to be seen: its kind by a person of this role; lists, forms and entries also for their
        register, entries for their state. Nothing for what is no page of ours."""
        parts = urlsplit(address)
        try:
            found = resolve(parts.path)
        except Resolver404:
            return set()
        kind = kind_of(found.view_name)
        if not kind or kind in NOT_WALKED:
            return set()
        if not ALL:
            state = self.entries.get(int(found.kwargs["pk"]), ("", ""))[1] if kind == "desk:entry" else ""
            return {(kind, "", state)}
        keys: set[tuple[str, ...]] = {(kind, self.role)}
        if kind == "desk:new":
            keys.add((kind, "register", str(found.kwargs["register"])))
        if kind == "desk:entries" and (chosen := parse_qs(parts.query).get("register")):
            keys.add((kind, "register", chosen[0]))
        if kind == "desk:entry":
            register, state = self.entries.get(int(found.kwargs["pk"]), ("", ""))
            keys |= {(kind, "register", register), (kind, self.role, state)}
        return keys

    def look(self, keys: set[tuple[str, ...]] | None = None) -> None:
        """Keep what axe and the width of the page say of what is shown now."""
        page = self.page
        keys = self.keys(page.url) if keys is None else keys
        new = not {key[0] for key in keys} <= {key[0] for key in self.seen}
        self.seen |= keys
        violations, beyond = [], {}
        for screen in (DESK, PHONE):
            page.set_viewport_size(screen)
            shown = page.evaluate(SHOWN)
            asked, markup = self.markup[screen["width"]], set(shown["markup"])
            # a page of the same make is not asked about again: somebody else's, and on the phone another kind's
            if markup - asked or (new and (ALL or screen is DESK)):
                violations += self.axe()
            asked |= markup
            beyond[screen["width"]] = shown["beyond"]
        address = urlsplit(page.url)
        self.visits.append(
            Visit(self.who, f"{address.path}?{address.query}", violations, beyond, shown["headings"])
        )

    def axe(self) -> list[str]:
        """Serious and critical violations: rule, what it says, and the elements."""
        if not self.page.evaluate("Boolean(window.axe)"):  # at the other width it is there already
            self.page.evaluate(AXE_SCRIPT)
        return list(self.page.evaluate(RUN_AXE))


ENTRIES = """SELECT e.id, e.register, e.state || CASE WHEN s.in_force_id = e.id THEN ', in force' ELSE '' END
    FROM ledger_entry e JOIN ledger_subject s ON s.id = e.subject_id"""
LINKS = """[...document.querySelectorAll("a[href]")].filter((a) => a.origin === location.origin && !a.hash)
    .map((a) => a.pathname + a.search)"""
# Every element that is seen, by its tag, class and kind, and those of its parent; how far the page goes beyond the screen.
SHOWN = """({
    markup: [...new Set([...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()).map((one) =>
        [one.parentElement, one].map((it) =>
            [it.tagName, it.getAttribute("class"), it.getAttribute("type"), it.getAttribute("role")].join(".")
        ).join(" > ")))],
    beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: document.querySelectorAll("h1").length,
})"""
# No style sheet is fetched a second time: only a rule that is off by itself looks into them.
# Rules about good habits only are left out: none of them is more than moderate by itself.
RUN_AXE = """axe.run({resultTypes: ["violations"], preload: false}).then((found) => found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ` + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")))"""


def kind_of(name: str) -> str:
    """The admin has a few addresses a model, all of the same make."""
    return re.sub(
        r"^admin:\w+_\w+_(changelist|add|history|delete|change|import|export)$",
        r"admin:\1",
        name or "",
    )


def names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """Every name of an address of the project, with its namespace."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from names(one, f"{space}{one.namespace}:" if one.namespace else space)
        elif one.name:
            yield space + one.name


@pytest.fixture(autouse=True)
def complaints() -> list[str]:
    """The walk has a page of its own and keeps what goes wrong on it; these tests open none."""
    return []


@pytest.fixture(scope="module")
def walk(site: Site, browser: Browser) -> Iterator[Walk]:
    with closing(sqlite3.connect(site.data / "db.sqlite3")) as books:
        rows = books.execute(ENTRIES).fetchall()
    context = browser.new_context(base_url=site.url, locale="zh-CN", viewport=DESK)
    page = context.new_page()
    made = Walk(page, {pk: (register, state) for pk, register, state in rows})
    page.on("pageerror", lambda error: made.broken.append(f"{made.who}: {page.url}: {error}"))
    page.goto("/login/")
    made.look()
    page.goto("/no/such/page/")
    made.look({("404", "")})
    for who, acts in WHO.items():
        made.log_in(who)
        made.everything_from(page.url)
        for act in acts:
            act(made)
    yield made
    context.close()


# --- what no link leads to: lists by register, and what needs a button to be pressed first ------------------------


def lists_by_register(walk: Walk) -> None:
    walk.everything_from(*(f"/desk/entries/?register={code}" for code in REGISTERS), linked_on="the filter")


def the_withdrawn(walk: Walk) -> None:
    walk.everything_from("/desk/entries/?state=withdrawn")


def the_units(walk: Walk) -> None:
    """Which only they may add to."""
    walk.everything_from("/organizations/")


def their_own_approved(walk: Walk) -> None:
    """From which a correction and a reversal begin."""
    walk.page.goto("/desk/entries/?q=记-35")
    walk.page.locator("tbody th a", has_text="记-35").first.click()
    walk.page.wait_for_url("**/desk/entries/*/")
    walk.everything_from(urlsplit(walk.page.url).path)


def press(walk: Walk, name: str) -> None:
    """The button or the link of that name, and the page it leads to."""
    page = walk.page
    button = page.locator("main").get_by_role("button", name=name, exact=True)
    (
        button if button.count() else page.locator("main").get_by_role("link", name=name, exact=True)
    ).last.click()
    page.wait_for_load_state("domcontentloaded")


def a_draft(walk: Walk) -> None:
    walk.page.goto("/desk/new/visit/")
    press(walk, "存草稿")
    walk.page.wait_for_url("**/desk/")
    walk.everything_from(*walk.page.evaluate(LINKS))
    walk.look({("desk:home", "with a draft")})


def a_form_refused(walk: Walk) -> None:
    walk.page.goto("/desk/new/hope_room/")
    press(walk, "提交")
    walk.page.locator("[data-error-summary]").wait_for()
    walk.look({("desk:new", "refused")})


def a_search(walk: Walk) -> None:
    walk.everything_from("/desk/search/")
    for text, what in (("别庄", "found"), ("没有这样的东西", "nothing found")):
        walk.page.get_by_role("searchbox", name="查找").fill(text)
        walk.page.keyboard.press("Enter")
        walk.page.get_by_text(f"查找“{text}”").wait_for()
        walk.look({("desk:search", what)})


def a_person(walk: Walk) -> None:
    walk.page.goto("/people/")
    walk.page.get_by_label("身份证号或姓名").fill("演示医甲")
    press(walk, "查找")
    walk.page.get_by_role("heading", name="找到 1 人").wait_for()
    walk.look({("people", "found")})
    person = str(walk.page.locator("main tbody a").get_attribute("href"))
    walk.page.goto(f"{person}facts/new/")
    walk.page.get_by_label("类别").select_option(index=1)
    walk.page.get_by_label("起").fill("2022-01-01")
    walk.page.get_by_label("依据").fill("山乡振发〔2022〕10号")
    press(walk, "登记")
    walk.everything_from(person)
    walk.page.goto(person)
    walk.page.get_by_label("理由").fill("核对派出人员的联系电话")
    press(walk, "查看并留存记录")
    walk.look({("person", "revealed")})


def a_filter(walk: Walk) -> None:
    walk.page.goto("/desk/entries/?state=submitted")
    walk.page.get_by_text("保存这个筛选").click()
    walk.page.get_by_label("名称，只有您自己看得到").fill("待审的")
    press(walk, "保存")
    walk.everything_from("/desk/filters/")


def a_workbook(walk: Walk) -> None:
    right = ["2022-12-01", "来山", "市委副书记", "县级主要领导", "产业合作"]
    for rows, what in (([right, ["不是日期", *right[1:]]], "with an error"), ([right], "right")):
        walk.page.goto("/workbooks/upload/")
        walk.page.get_by_label("文件").set_input_files([workbook(rows)])
        press(walk, "上传并检查")
        walk.page.wait_for_url("**/preview/**")
        walk.look(walk.keys(walk.page.url) | {("workbooks:preview", what)})
    press(walk, "确认导入 1 行")
    walk.page.wait_for_url("**/batches/**")
    walk.everything_from(walk.page.url)


def a_sheet_to_type_in(walk: Walk) -> None:
    walk.page.goto("/workbooks/grid/")
    walk.page.locator("main form button[type=submit]").first.click()
    walk.page.locator("form[data-grid]").wait_for()
    walk.look({("workbooks:grid", "sheet")})


def workbook(rows: list[list[str]]) -> FilePayload:
    """A sheet of 两地互访."""
    made, data = Workbook(), io.BytesIO()
    assert made.active is not None
    for row in (["日期", "方向", "带队领导（职务）", "层级", "议题"], *rows):
        made.active.append(row)
    made.save(data)
    return {"name": "互访.xlsx", "mimeType": "application/octet-stream", "buffer": data.getvalue()}


def bulk_approval(walk: Walk) -> None:
    walk.page.goto("/desk/review/")
    press(walk, "全选本页")
    press(walk, "通过勾选的记录")
    walk.look({("desk:review", "after")})


def out_of_the_admin(walk: Walk) -> None:
    walk.everything_from("/admin/labor/trainingattendance/export/", linked_on="the list's own buttons")


def into_the_admin(walk: Walk) -> None:
    """The form, what it finds wrong, and what it would change."""
    walk.everything_from("/admin/directory/division/import/", linked_on="the list's own buttons")
    head = ["区划代码", "名称", "级别", "上级区划代码"]
    for row, state in (
        (["370406106", "徐庄镇", "乡", "370406"], "wrong"),
        (["370406106", "某镇", "镇街", "370406"], "shown"),
    ):
        walk.page.goto("/admin/directory/division/import/")
        data = xlsx({"表": [head, row]})
        file: FilePayload = {"name": "名录.xlsx", "mimeType": "application/octet-stream", "buffer": data}
        walk.page.set_input_files("[name=import_file]", [file])
        walk.page.locator(".submit-row input").click()
        walk.page.locator(".import-preview").wait_for()
        walk.look({("admin:import", state)})


WHO: dict[str, tuple[Callable[[Walk], None], ...]] = {
    "shenhe": (
        lists_by_register,
        a_search,
        a_person,
        a_filter,
        a_workbook,
        a_sheet_to_type_in,
        out_of_the_admin,
    ),
    "xuzhuang": (lists_by_register, their_own_approved, a_draft, a_form_refused, a_search),
    "lingdao": (),
    "rongcheng": (lists_by_register,),
    "anquan": (),
    "xitong": (the_units, into_the_admin),
    "renshe": (),  # has a returned entry, a task, and what only 人社 files
    "fengmao": (the_withdrawn,),  # owes a filing, and has withdrawn an entry
    "caizheng": (),
    "fuhe": (bulk_approval,),  # last: it changes what the others would see
}


# --- what the walk found ------------------------------------------------------------------------------------------


def test_axe_finds_nothing_serious_on_any_kind_of_page(walk: Walk) -> None:
    found = {f"{one.who} {one.address}": one.violations for one in walk.visits if one.violations}
    assert found == {}


def test_no_kind_of_page_is_wider_than_a_desk_or_a_phone(walk: Walk) -> None:
    wide = {f"{one.who} {one.address}": one.beyond for one in walk.visits if any(one.beyond.values())}
    assert wide == {}


def test_every_page_has_one_heading(walk: Walk) -> None:
    assert {f"{one.who} {one.address}": one.headings for one in walk.visits if one.headings != 1} == {}


def test_no_link_leads_nowhere_and_no_script_fails(walk: Walk) -> None:
    assert walk.broken == []


def test_every_name_of_an_address_is_walked_or_listed_with_the_reason(walk: Walk) -> None:
    every = {kind_of(name) for name in names(get_resolver())}
    walked = {key[0] for key in walk.seen} - {"404"}
    assert sorted(every - walked - set(NOT_WALKED)) == []
    assert sorted(set(NOT_WALKED) - every) == []
    assert sorted(walked & set(NOT_WALKED)) == []
    for kind in ("desk:new", "desk:entries") if ALL else ():
        shown = {key[2] for key in walk.seen if key[:2] == (kind, "register")}
        assert sorted(set(REGISTERS) - shown - {"person_merge"}) == []  # filed from a person's page
