"""No page asks the database once a row: as many queries for a hundred entries as for a few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aid.models import Wish
from ledger.figures import rows_in_force
from ledger.models import Filing
from ledger.scope import scope_of
from tests.dashboard.conftest import Browse
from tests.ledger.stories import Story

PAGES = [
    "/overview/",
    "/overview/?as_of=2022Q3",
    "/overview/attention/",
    "/figures/2022/total/spent/",
    "/figures/2022/2022-04/spent/?quarter=2022Q3",
    "/figures/2022/137/spent/",
    "/figures/2022/target/benefit_people/",
    "/lines/2022-04/",
    "/filings/?period=2022Q3",
    "/questions/",
    "/questions/2022/C1/",
    "/plans/2022/",
    "/api/plans/2022/summary",
]


def asked(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200, url
    return len(queries)


@pytest.mark.alike
def test_pages_ask_as_often_for_a_hundred_entries_as_for_a_few(year: Story, browse: Browse) -> None:
    filing = Filing.objects.unscoped("测试").get(
        organization=year.world.units["徐庄镇"], period__code="2022Q3", register="fund_flow"
    )
    urls = [*PAGES, f"/filings/{filing.pk}/"]
    leader, clerk = browse("领导"), browse("徐庄")
    for client in (leader, clerk):
        client.get("/overview/")  # what is read once a process is read now
    few = {url: asked(leader, url) for url in urls}
    own = {url: asked(clerk, url) for url in urls if "target" not in url}
    year.tell("\n".join(f"2022-09-01 徐庄 办 支出 2022-04 徐庄镇 1元 #过{n}" for n in range(60)))
    year.tell("\n".join(f"2022-09-02 徐庄 报 支出 2022-04 徐庄镇 1元 #待{n}" for n in range(30)))
    year.tell("\n".join(f"2022-09-03 审核 退 #待{n} 请核对" for n in range(15)))
    assert {url: asked(leader, url) for url in urls} == few
    assert {url: asked(clerk, url) for url in urls if "target" not in url} == own
    # the first screen: what five apps offer it and their alerts
    assert max(few.values()) < 40, few
    assert max(own.values()) < 40, own


def test_what_somebody_may_see_and_what_holds_is_read_once_a_page(year: Story, browse: Browse) -> None:
    clerk = browse("徐庄")
    clerk.get("/overview/")
    with CaptureQueriesContext(connection) as queries:
        clerk.get("/overview/?as_of=2022Q3")
    sent = [query["sql"] for query in queries]
    assert sum('"ledger_assignment"."duty" = \'oversees\'' in sql for sql in sent) == 1
    assert sum('FROM "ledger_threshold"' in sql for sql in sent) == 1


@pytest.mark.parametrize("name", ["领导", "徐庄"])
def test_the_first_screen_stays_small(year: Story, browse: Browse, name: str) -> None:
    response = browse(name).get("/overview/")
    assert len(response.content) < 120_000


def test_what_stands_of_a_register_is_asked_row_by_row_and_not_looked_for_among_all_entries(
    year: Story,
) -> None:
    """Else the first screen takes as long as the books are: 30 seconds at a million entries."""
    for name in (
        "领导",
        "审核",
    ):  # who see everything; a unit's rows are also looked for among what concerns it
        query = str(rows_in_force(Wish, scope=scope_of(year.world.users[name])).query)
        assert "EXISTS" in query
        assert "IN (SELECT" not in query
