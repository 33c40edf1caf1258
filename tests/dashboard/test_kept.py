"""A page is worked out once while the books stand, over transactions that are committed (see dashboard/unchanged.py)."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.events import at_rest, newest, record
from audit.models import Event
from dashboard import views
from dashboard.figures import Home, home
from dashboard.unchanged import TOKEN
from ledger.snapshot import snapshot
from tests.dashboard.conftest import Browse, make_books
from tests.ledger.stories import Story


@pytest.mark.django_db(transaction=True)
def test_a_page_is_worked_out_once_for_each_reader_and_anew_after_a_deed(
    transactional_db: None, browse: Browse
) -> None:
    story = Story(make_books())
    leader, elsewhere, clerk = browse("领导"), browse("领导"), browse("徐庄")

    def reads(client: Client) -> tuple[int, str]:
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/overview/")
        assert page.status_code == 200
        return sum("ledger_" in query["sql"] for query in queries), page.content.decode()

    first, page = reads(leader)
    assert first > 10
    bodies = {}
    for client in (leader, elsewhere):
        asked, body = reads(client)
        assert asked == 0
        assert TOKEN.sub(b"", body.encode()) == TOKEN.sub(b"", page.encode())
        bodies[client] = body
    asked, other = reads(clerk)
    assert asked > 10
    assert "徐庄" in other
    for client, body in bodies.items():  # the token in it is the session's own: it is accepted
        (token,) = set(TOKEN.findall(body.encode()))
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client.cookies
        assert strict.post("/logout/", {"csrfmiddlewaretoken": token.decode()}).status_code == 302
    leader = browse("领导")
    story.tell("2022-10-19 财政 办 下达 2022-04 徐庄镇 12.34 #新")
    asked, page = reads(leader)
    assert asked > 10
    assert "12.34" in page


@pytest.mark.django_db(transaction=True)
def test_books_at_rest_with_the_same_newest_event_have_seen_the_same_deeds() -> None:
    """Three write at random, one reads: on PostgreSQL an event may be committed after one with a higher number."""
    done, began = threading.Event(), threading.Barrier(4)

    def write(seed: int) -> None:
        dice = random.Random(seed)
        began.wait()
        for number in range(30):
            with suppress(OperationalError), transaction.atomic():  # SQLite: another was writing for too long
                record(verb="test", by=None, target=f"test:{seed}-{number}", summary="试", period="")
                done.wait(dice.random() * 0.02)
            done.wait(dice.random() * 0.08)  # so that now and then nobody is writing
        connection.close()

    threads = [threading.Thread(target=write, args=[seed]) for seed in range(3)]
    for thread in threads:
        thread.start()
    began.wait()
    seen: dict[int, list[int]] = {}
    while any(thread.is_alive() for thread in threads):
        number = at_rest()
        with snapshot():
            stamp, events = newest(), list(Event.objects.order_by("pk").values_list("pk", flat=True))
        if number == stamp[0]:
            assert seen.setdefault(number, events) == events
    for thread in threads:
        thread.join()
    assert len(seen) > 3


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_a_page_is_worked_out_waits_for_it_and_has_it(
    transactional_db: None, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story(make_books())
    leader = browse("领导")
    worked_out: list[Home] = []
    began = threading.Event()

    def slowly(**asked: Any) -> Home:
        began.set()
        time.sleep(0.3)
        worked_out.append(home(**asked))
        return worked_out[-1]

    monkeypatch.setattr(views, "home_page", slowly)
    bodies: list[bytes] = []

    def ask() -> None:
        own = Client()
        own.cookies = leader.cookies
        bodies.append(own.get("/overview/").content)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    threads[0].start()
    assert began.wait(20)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(worked_out) == 1
    assert len({TOKEN.sub(b"", body) for body in bodies}) == 1
    assert "合计".encode() in bodies[0]
