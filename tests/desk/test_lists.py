"""Lists by register: its own filters and columns, the file that holds exactly what the screen shows, the same number of
queries whatever there is. Generated from the declarations, so that no register can be forgotten."""

from __future__ import annotations

import html
import io
import os
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from audit.models import Event
from ledger import lists
from ledger.filters import EntryFilter
from ledger.models import Entry
from ledger.registers import all_registers, get_register
from tests.desk.cast import approved, page_text, spend, submitted
from tests.desk.conftest import Browse
from tests.ledger.world import World
from tests.many import made_of

REASON = "报市局第二季度台账"


def listed(client: Client, query: str) -> list[list[str]]:
    """Every row of the list on all its pages: summary, then what its cells show."""
    found: list[list[str]] = []
    for number in range(1, 1000):
        text = page_text(client.get(f"{reverse('desk:entries')}?{query}&page={number}"))
        for row in re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", text, re.S):
            head, *cells = re.split(r"<td ", row)
            summary = re.search(r"</span> (.*?)</a>", head, re.S)
            assert summary is not None
            entry = re.search(r"(\d+) 号", head)
            assert entry is not None
            shown = [html.unescape(re.sub(r"<[^>]+>", "", cell.partition(">")[2])).strip() for cell in cells]
            found.append([entry[1], html.unescape(summary[1]), *shown])
        if 'rel="next"' not in text:
            return found
    raise AssertionError("no end")


def exported(client: Client, query: str) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows of the file."""
    url = f"{reverse('workbooks:list')}?{query}"
    answer = client.get(url)
    if not answer["Content-Type"].startswith("application/vnd"):
        assert "导出理由" in page_text(answer)
        answer = client.post(url, {"reason": REASON})
    assert answer.status_code == 200
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = [list(row) for row in sheet.iter_rows(min_row=4, values_only=True)]
    return [str(text) for text in rows[0]], rows[1:]


def same(shown: str, written: Any) -> bool:
    """Whether a cell of the file says what the screen says: a number without its unit, a day as a day."""
    if isinstance(written, int | float):
        return float(re.sub(r"[^\d.-]", "", shown)) == float(written)
    if hasattr(written, "date"):
        return shown == f"{written.date():%Y-%m-%d}"
    return shown == (written or "").strip()


def compare(client: Client, query: str) -> int:
    """How many rows screen and file have, each the same in each column."""
    screen, (names, file) = listed(client, query), exported(client, query)
    assert len(screen) == len(file)
    for on_screen, (number, summary, _kind, *cells) in zip(screen, file, strict=True):
        assert on_screen[:2] == [str(number), summary]
        assert len(on_screen) - 2 == len(cells) == len(names) - 3
        wrong = [
            (name, shown, cell)
            for name, shown, cell in zip(names[3:], on_screen[2:], cells, strict=True)
            if not same(shown, cell)
        ]
        assert wrong == []
    return len(file)


@pytest.mark.alike
def test_the_file_holds_what_the_screen_shows_of_every_register(browse: Browse, world: World) -> None:
    client = browse("审核")
    for code, register in all_registers().items():
        count = 52 if code in ("fund_flow", "house_call") else 3  # two pages of these
        made_of(world, register, count)
        assert compare(client, f"register={code}&sort=amount&state=submitted") == count
        if len(lists.columns_shown(register)) < len(register.columns):
            assert compare(client, f"register={code}&all=on&sort=oldest&state=submitted") == count
    assert compare(client, "register=fund_flow&mine=on") == 0


def test_the_file_of_all_registers_together_holds_what_the_screen_shows(browse: Browse, world: World) -> None:
    submitted(world, "徐庄", spend(1))
    made_of(world, get_register("tree"), 55)
    client = browse("徐庄")
    assert compare(client, "sort=date") >= 56
    assert compare(client, "unit=nonsense&q=支出") >= 1


def test_a_unit_takes_out_only_what_it_sees(browse: Browse, world: World) -> None:
    made_of(world, get_register("tree"), 3)
    submitted(world, "店子", "支出 2022-05 店子镇 1 凭证号=记-77 收款方=某公司")
    assert "记-77" not in str(exported(browse("徐庄"), ""))
    assert len(exported(browse("徐庄"), "register=tree")[1]) == 3
    assert exported(browse("北庄"), "register=tree")[1] == []


def test_a_list_that_names_people_goes_out_masked_for_a_reason_that_stays(
    browse: Browse, world: World
) -> None:
    made_of(world, get_register("house_call"), 2)
    url = f"{reverse('workbooks:list')}?register=house_call"
    clerk = browse("徐庄")
    assert clerk.post(url, {"reason": "看看"}).status_code == 422
    assert clerk.post(url, {"reason": "给13812345678的单位"}).status_code == 422
    assert browse("领导").get(url).status_code == 403
    assert not Event.objects.filter(verb="list.exported").exists()
    _, rows = exported(clerk, "register=house_call")
    assert "张*三" in str(rows)
    assert "张小三" not in str(rows)
    event = Event.objects.get(verb="list.exported")
    assert len(event.details.pop("sha256")) == 64
    assert event.details == {"rows": 2, "filters": ["register"], "reason": REASON}
    assert event.actor_name.startswith("徐庄")


def test_what_cannot_all_go_into_the_file_is_refused_not_cut(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of(world, get_register("tree"), 12)
    monkeypatch.setattr(lists, "REACH", 10)
    monkeypatch.setattr(lists, "IN_A_FILE", 10)
    client = browse("徐庄")
    answer = client.get(f"{reverse('workbooks:list')}?register=tree")
    assert answer.status_code == 302
    text = page_text(client.get(answer["Location"]))
    assert "记录超过 10 条" in text
    assert '<span class="num">10</span> 条以上' in text


def test_administrators_have_no_lists_to_take_out(browse: Browse, world: World) -> None:
    world.users["店子"].role = "system_admin"
    world.users["店子"].save()
    assert browse("店子").get(reverse("workbooks:list")).status_code == 403


# --- filters ----------------------------------------------------------------------------------------------------


def test_the_columns_of_every_register_give_its_filters(browse: Browse, world: World) -> None:
    client = browse("审核")
    for code, register in all_registers().items():
        made_of(world, register, 3)
        text = page_text(client.get(f"{reverse('desk:entries')}?register={code}"))
        columns = lists.chosen_columns(register)
        assert [c.name for c in columns if f'name="c-{c.name}"' not in text or c.personal] == []
        for column in [c for c in columns if c.kind == "choice"]:
            first, other = column.choices[0][0], column.choices[-1][0]
            assert listed(client, f"register={code}&c-{column.name}={first}&state=submitted")
            if other != first:
                assert listed(client, f"register={code}&c-{column.name}={other}&state=submitted") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("register=fund_flow&c-event=spend", {"记-1", "记-2"}),
        ("register=fund_flow&c-event=claim", {"报-3"}),
        ("register=fund_flow&c-event=nonsense&q=报-3", {"报-3"}),
        ("register=fund_flow&c-line=2022-04&c-event=spend", {"记-1", "记-2"}),
        ("register=fund_flow&c-line=2022-05", set()),
        ("c-event=claim&q=记-1", {"记-1"}),  # without its register it filters nothing
        ("first=2022-04-03&last=2022-04-30&q=记-", {"记-2"}),
        ("first=2022-06-31&q=记-2", {"记-2"}),
        ("register=fund_flow&q=路灯公司", {"记-2"}),
        ("q=路灯公司", set()),  # over all registers only summaries and numbers of papers
        ("q=HT[2022]7号", {"记-2"}),
    ],
)
def test_a_list_is_narrowed_by_the_columns_of_its_register(
    browse: Browse, world: World, query: str, found: set[str]
) -> None:
    approved(world, submitted(world, "徐庄", spend(1, "1")))
    submitted(
        world, "徐庄", "支出 2022-04 徐庄镇 1 凭证号=记-2 收款方=路灯公司 合同=HT〔2022〕7号 日期=2022-04-05"
    )
    submitted(world, "徐庄", "报账 2022-04 徐庄镇 1 凭证号=报-3")
    rows = listed(browse("徐庄"), query)
    assert {n for n in ("记-1", "记-2", "报-3") if any(n in row[1] for row in rows)} == found


def test_nobodys_number_is_looked_for_in_an_address(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    for number in ("370406199001011234", "13812345678"):
        answer = client.get(f"{reverse('desk:entries')}?q={number}&state=submitted")
        assert answer.status_code == 302
        assert answer["Location"] == f"{reverse('desk:entries')}?state=submitted"
        assert "不能查证件号码" in page_text(client.get(answer["Location"]))
        answer = client.get(f"{reverse('workbooks:list')}?q={number}&state=submitted")
        assert answer["Location"] == f"{reverse('desk:entries')}?state=submitted"


def test_a_text_is_looked_for_in_the_newest_rows_the_other_filters_leave(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = submitted(world, "徐庄", spend(1, "1"))
    made_of(world, get_register("tree"), 20)
    monkeypatch.setattr(lists, "LOOKED_THROUGH", 10)
    client = browse("徐庄")
    found = listed(client, "q=记-1")
    assert found == []
    assert "从最新的记录往前找了 10 条" in page_text(client.get(f"{reverse('desk:entries')}?q=记-1"))
    assert "找过的这些里没有" in page_text(client.get(f"{reverse('desk:entries')}?q=哪里都没有"))
    assert [row[0] for row in listed(client, "q=记-1&register=fund_flow")] == [str(old.pk)]
    assert [row[0] for row in listed(client, f"q={old.pk}")] == [str(old.pk)]


def test_a_number_is_looked_for_in_no_older_rows_of_its_register(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or PostgreSQL would read all rows of the register that have it, to find those among the newest entries."""
    submitted(world, "徐庄", spend(1, "1"))
    made_of(world, get_register("tree"), 20)
    monkeypatch.setattr(lists, "LOOKED_THROUGH", 10)
    client = browse("徐庄")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{reverse('desk:entries')}?q=记-1")
    rows = [sql for sql in (query["sql"] for query in queries) if '"voucher_no"' in sql and "LIKE" in sql]
    assert rows
    for sql in rows:
        of_register = re.search(r'FROM "funds_fundflow" (\w+) WHERE \((.*?)LIMIT', sql, re.S)
        assert of_register is not None, sql
        assert f'{of_register[1]}."entry_id" > ' in of_register[2]


def test_a_text_is_looked_for_further_back_stage_by_stage_until_nothing_is_left(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [submitted(world, "徐庄", spend(n, "1")).pk for n in (1, 2, 3)]
    made_of(world, get_register("tree"), 20)
    monkeypatch.setattr(lists, "LOOKED_THROUGH", 10)
    monkeypatch.setattr(lists, "LOOKED_ON", 11)
    client, where = browse("徐庄"), f"{reverse('desk:entries')}?q=记-&sort=oldest"
    seen, pages, url = [], 0, where
    while url:
        page = client.get(url)
        text = page_text(page)
        seen += [row[0] for row in listed(client, url.partition("?")[2])]
        pages += 1
        more = re.search(r'<a href="([^"]+)">继续往前找</a>', page.content.decode())
        assert ("都找过了" in text) is (more is None)
        url = html.unescape(more[1]) if more else ""
    assert pages == 3  # the newest ten, eleven, and the two that are left
    assert sorted(seen) == sorted(map(str, old))
    assert f'<a href="{reverse("desk:entries")}?q=' in page.content.decode()  # back to the newest
    assert "往前" not in page_text(client.get(f"{reverse('desk:entries')}?before=5"))  # no text, no stage
    # the file of a stage holds what its page shows; what is kept of the filters knows no stage
    kept = EntryFilter(QueryDict("q=记-&before=5"), user=world.users["徐庄"])
    assert kept.wanted()["before"] == 5
    assert kept.query().dict() == {"q": "记-"}


def test_the_queue_says_how_far_a_text_was_looked_for(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = submitted(world, "徐庄", spend(1, "1"))
    made_of(world, get_register("tree"), 20)
    monkeypatch.setattr(lists, "LOOKED_THROUGH", 10)
    client, where = browse("审核"), f"{reverse('desk:review')}?q=记-1"
    page = client.get(where)
    assert "从最新的记录往前找了 10 条" in page_text(page)
    more = re.search(r'<a href="([^"]+)">继续往前找</a>', page.content.decode())
    assert more is not None
    assert f"{old.pk} 号" in page_text(client.get(html.unescape(more[1])))


# --- how often the database is asked ------------------------------------------------------------------------------


def asked(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        page_text(client.get(url))
    return len(queries)


@pytest.mark.alike
def test_the_list_of_every_register_asks_as_often_for_many_rows_as_for_fifty(
    browse: Browse, world: World
) -> None:
    registers = all_registers()
    common = [reverse("desk:entries"), reverse("desk:review"), f"{reverse('desk:entries')}?q=一条&page=3"]

    def count_all(client: Client, reviewer: Client) -> dict[str, int]:
        of_each = {
            code: asked(client, f"{reverse('desk:entries')}?register={code}&q=一条&sort=amount")
            for code in registers
        }
        return of_each | {url: asked(reviewer, url) for url in common}

    # the clock stands: a session is written once a minute, which is nothing of the list's
    with time_machine.travel(datetime(2022, 7, 1, 3, 0, tzinfo=UTC), tick=False):
        clerk, reviewer = browse("徐庄"), browse("审核")
        for client in (clerk, reviewer):
            client.get(reverse("desk:entries"))  # the first request after log-in also writes the session
        for register in registers.values():
            made_of(world, register, 50)
        few = count_all(clerk, reviewer)
        # LIST_ROWS=5000 is the recorded run (docs/runs.md); else three times as many, and 1,000 where rows are many by nature
        most = int(os.environ.get("LIST_ROWS", "150"))
        of_many = max(most, 1_000)
        for register in registers.values():
            many = register.code in ("fund_flow", "training_attendance")
            made_of(world, register, (of_many if many else most) - 50)
        assert Entry.objects.unscoped("测试").count() > most * (len(registers) - 2) + 2 * of_many - 1
        assert count_all(clerk, reviewer) == few
    assert max(few.values()) <= 24, few


def test_an_entry_is_found_by_its_number_as_it_is_written(browse: Browse, world: World) -> None:
    """ "09" is a month or part of a paper's number, not entry 9 (found by tests/dashboard/test_differential.py)."""
    client = browse("审核")
    entry = made_of(world, get_register("tree"), 1)
    for text, found in (
        (f"{entry.pk}", True),
        (f"{entry.pk}号", True),
        (f"0{entry.pk}", False),
        ("0", False),
    ):
        page = page_text(client.get(reverse("desk:entries"), {"q": text}))
        assert (f"/desk/entries/{entry.pk}/" in page) is found, text
