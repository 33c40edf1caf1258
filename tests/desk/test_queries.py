"""Every list page asks the database as often for fifty rows as for five."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger import drafts
from tests.desk.cast import approved, page_text, returned, spend, submitted
from tests.desk.conftest import Browse
from tests.ledger.world import World

PAGES = [
    ("徐庄", "desk:home", "徐庄镇"),
    ("徐庄", "desk:entries", "记-1"),
    ("审核", "desk:entries", "记-1"),
    ("审核", "desk:home", "待审核"),
    ("审核", "desk:review", "记-1"),
    ("审核", "desk:periods", "季度"),
]


def fill(world: World, start: int, count: int) -> None:
    for number in range(start, start + count):
        submitted(world, "徐庄", spend(f"1-{number}", "0.01"))
        returned(world, submitted(world, "徐庄", spend(f"2-{number}", "0.01"), files=0), {"amount": "?"})
        token = uuid.uuid4()
        drafts.save_draft(by=world.users["徐庄"], token=token, register="fund_flow", typed={"note": ["x"]})


def asked(browse: Browse) -> dict[tuple[str, str], int]:
    counts = {}
    for who, name, word in PAGES:
        client = browse(who)
        client.get(reverse(name))  # the first request after log-in also writes the session
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert word in page_text(client.get(reverse(name)))
        counts[who, name] = len(queries)
    return counts


@pytest.mark.django_db
@pytest.mark.alike
def test_list_pages_ask_as_often_for_fifty_rows_as_for_five(browse: Browse, world: World) -> None:
    approved(world, submitted(world, "徐庄", spend(9, "0.01")))
    fill(world, 0, 5)
    few = asked(browse)
    fill(world, 5, 45)
    assert asked(browse) == few
    assert max(few.values()) <= 23, few


@pytest.mark.django_db
def test_the_queue_reads_the_plans_money_once_for_all_that_waits(browse: Browse, world: World) -> None:
    """What is allocated before it came is told beside each row; that asked for the money anew at every row."""
    client = browse("审核")

    def queries() -> int:
        client.get(reverse("desk:review"))
        with CaptureQueriesContext(connection) as found:
            assert "资金是否已经到位" in page_text(client.get(reverse("desk:review")))
        return len(found)

    for number in range(2):
        submitted(
            world, "财政", f"下达 2022-04 徐庄镇 1 文件号=山财农指〔2022〕{number + 50}号 日期=2022-06-01"
        )
    few = queries()
    for number in range(2, 12):
        submitted(
            world, "财政", f"下达 2022-04 徐庄镇 1 文件号=山财农指〔2022〕{number + 50}号 日期=2022-06-01"
        )
    assert queries() == few
