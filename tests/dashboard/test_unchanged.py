"""What has not changed is answered 304 and not worked out again; whatever a page could show differently is a change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http.cookies import SimpleCookie

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard import unchanged
from directory.models import Organization, User
from ledger.models import BudgetLine, Filing, Period, Task
from tests.dashboard.conftest import Browse
from tests.kept import kept
from tests.ledger.stories import Story

PAGES = ["/overview/", "/overview/?as_of=2022Q2", "/overview/attention/", "/lines/2022-04/", "/questions/", "/filings/",
         "/figures/2022/total/spent/", "/plans/2022/", "/api/plans/2022/summary"]  # fmt: skip


def tag(client: Client, url: str = "/overview/") -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return str(response["ETag"])


def again(client: Client, etag: str, url: str = "/overview/") -> int:
    return client.get(url, headers={"if-none-match": etag}).status_code


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("name", ["领导", "徐庄"])
def test_unchanged_books_are_answered_304_without_asking_for_figures(
    year: Story, browse: Browse, name: str, url: str
) -> None:
    client = browse(name)
    first = client.get(url)
    assert first["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first["Vary"]
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers={"if-none-match": first["ETag"]})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", first["ETag"])
    assert answer["Cache-Control"] == "private, no-cache"
    asked = [query["sql"] for query in queries if "ledger_" in query["sql"] or "audit_" in query["sql"]]
    assert len(asked) == 2, asked  # whether anybody is writing, and what was written last


def in_admin(address: str, **values: object) -> Callable[[Story, Browse], None]:
    """A change made by 审核 in the admin: the form as it stands, with some of its fields changed."""

    def change(year: Story, browse: Browse) -> None:
        client, url = browse("审核"), address.format(
            period=Period.objects.get(code="2022Q4").pk,
            task=Task.objects.get(code="T02").pk,
            line=BudgetLine.objects.get(code="2022-04").pk,
            town=year.world.units["北庄镇"].pk,
        )  # fmt: skip
        form = client.get(url).context["adminform"].form
        initial = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        data = {name: "" if value is None else value for name, value in {**initial, **values}.items()}
        if "line" in data and not data["line"]:
            data["line"] = BudgetLine.objects.get(code="2022-04").pk
        if "organization" in data and not data["organization"]:
            data["organization"] = year.world.units["北庄镇"].pk
        response = client.post(url, data)
        assert response.status_code == 302, response.context["adminform"].form.errors

    return change


def told(text: str) -> Callable[[Story, Browse], None]:
    return lambda year, browse: year.tell(text)


def ruled(year: Story, browse: Browse) -> None:
    browse("领导").post("/questions/2022/C1/", {"reading": "text313_137", "reason": "会议纪要"})


def said_nil(year: Story, browse: Browse) -> None:
    rows = Filing.objects.unscoped("测试").filter(
        organization=year.world.units["北庄镇"], period__code="2022Q3"
    )
    filing = rows[0]
    assert browse("北庄").post(f"/desk/filings/{filing.pk}/nil/").status_code == 302


def renamed(year: Story, browse: Browse) -> None:
    town = Organization.objects.get(short_name="徐庄镇")
    client = browse("系统")
    response = client.post(
        f"/admin/directory/organization/{town.pk}/change/",
        {"code": town.code, "name": town.name, "short_name": "徐庄", "kind": town.kind, "side": town.side,
         "division": town.division_id, "active": "on", "valid_from": "", "valid_to": ""},
    )  # fmt: skip
    assert response.status_code == 302, response.content.decode()[:2000]


def set_parameter(year: Story, browse: Browse) -> None:
    form = {"value": "9", "seen": "3", "reason": "试行"}
    assert browse("审核").post("/desk/parameters/review_days/", form).status_code == 302


CHANGES: dict[str, Callable[[Story, Browse], None]] = {
    "an entry filed": told("2022-10-19 徐庄 报 支出 2022-04 徐庄镇 1 #再1"),
    "an entry approved": told("2022-10-19 审核 批 #记4"),
    "an entry returned": told("2022-10-19 审核 退 #记4 请核对"),
    "an entry withdrawn": told("2022-10-19 徐庄 撤 #记4"),
    "a reversal": told("2022-10-19 徐庄 冲 #记3"),
    "a quarter closed": told("2022-10-19 领导 关 2022Q1"),
    "a sub-line opened": told("2022-10-19 审核 设 2022-01 2022-01-09 大棚"),
    "a line closed": told("2022-10-19 审核 关闭 2022-02"),
    "a ruling": ruled,
    "本期无": said_nil,
    "a deadline": in_admin("/admin/ledger/period/{period}/change/", due_on="2023-01-20"),
    "a parameter": set_parameter,
    "a task": in_admin("/admin/ledger/task/{task}/change/"),
    "an alias": in_admin("/admin/ledger/linealias/add/", name="别名"),
    "an assignment": in_admin("/admin/ledger/assignment/add/", register="training_course", duty="files"),
    "a unit's name": renamed,
}


@kept
def known(year: Story) -> dict[str, tuple[SimpleCookie, dict[str, str]]]:
    """Two readers who have seen every page: each one's session, and the tag of each page."""
    found = {}
    for who in ("领导", "徐庄"):
        client = Client()
        client.force_login(year.world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        tags = {url: tag(client, url) for url in PAGES}
        found[who] = client.cookies, tags
    return found


@pytest.mark.parametrize("who", ["领导", "徐庄"])
def test_what_is_known_of_the_readers_holds_until_something_changes(
    known: dict[str, tuple[SimpleCookie, dict[str, str]]], who: str
) -> None:
    cookies, tags = known[who]
    assert {url: again(reader(cookies), etag, url) for url, etag in tags.items()} == dict.fromkeys(PAGES, 304)


@pytest.mark.alike
@pytest.mark.parametrize("name", CHANGES)
def test_whatever_a_page_could_show_differently_gives_it_another_tag(
    known: dict[str, tuple[SimpleCookie, dict[str, str]]], year: Story, browse: Browse, name: str
) -> None:
    CHANGES[name](year, browse)
    for who, (cookies, tags) in known.items():
        client = reader(cookies)
        for url, etag in tags.items():
            assert again(client, etag, url) == 200, (who, url)


def reader(cookies: SimpleCookie) -> Client:
    client = Client()
    client.cookies = cookies
    return client


def test_a_tag_is_of_one_reader_session_address_day_and_program(
    year: Story, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = browse("领导")
    etag = tag(leader)
    assert again(leader, etag) == 304
    assert again(browse("审核"), etag) == 200
    assert again(leader, etag, "/overview/?as_of=2022Q3") == 200
    assert again(browse("领导"), etag) == 200  # another session, which has another token
    with time_machine.travel(datetime(2022, 10, 20, 15, 58, tzinfo=UTC), tick=False) as clock:
        late = browse("领导")
        last = tag(late)
        assert again(late, last) == 304
        clock.shift(180)  # past midnight in Shanghai
        assert again(late, last) == 200
    monkeypatch.setattr(unchanged, "program", lambda: "the next release")
    assert again(leader, etag) == 200


def test_who_may_no_longer_see_it_gets_no_304(year: Story, browse: Browse) -> None:
    client = browse("徐庄")
    etag = tag(client)
    User.objects.filter(full_name="徐庄").update(is_active=False)
    assert again(client, etag) == 302


def test_a_message_is_shown_once_and_never_kept(year: Story, browse: Browse) -> None:
    leader = browse("领导")
    leader.get("/overview/")
    response = leader.post("/questions/2022/C1/", {"reading": "text313_137", "reason": "会议纪要"})
    shown = leader.get(response["Location"] + "?")
    assert shown.status_code == 200
    etag = tag(leader, "/overview/")
    assert again(leader, etag) == 304
