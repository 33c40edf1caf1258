"""An event stands or falls with its deed; a refusal is kept although the deed was rolled back."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection, transaction

from audit import locks
from audit.events import AuditOutsideTransaction, record, record_refusal
from audit.models import Event

pytestmark = pytest.mark.usefixtures("no_periods")


@dataclass
class Clerk:
    pk: int = 7

    def __str__(self) -> str:
        return "王芳（徐庄镇）"


@pytest.fixture
def no_periods(settings: LazySettings) -> None:
    settings.AUDIT_PERIOD_OF = ""


@pytest.mark.django_db
def test_an_event_says_who_did_what_to_which_thing() -> None:
    event = record(
        verb="entry.approved",
        by=Clerk(),
        target="ledger.entry:12",
        summary="通过：支出 125,000.00 元",
        details={"amount": 12_500_000, "on": datetime.date(2022, 6, 30)},
        period="2022Q2",
    )
    kept = Event.objects.get(pk=event.pk)
    assert (kept.actor_id, kept.actor_name, kept.outcome) == (7, "王芳（徐庄镇）", "done")
    assert (kept.target, kept.period) == ("ledger.entry:12", "2022Q2")
    assert kept.details == {"amount": 12_500_000, "on": "2022-06-30"}
    assert abs(kept.at - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)


@pytest.mark.django_db
def test_the_system_itself_has_a_name_and_no_number() -> None:
    event = record(verb="directory.loaded", by=None, target="directory", summary="载入名录")
    assert (event.actor_id, event.actor_name, event.details, event.period) == (None, "系统", {}, "")


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(AuditOutsideTransaction):
        record(verb="x", by=None, target="t", summary="s")
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_its_deed_when_that_is_rolled_back() -> None:
    with transaction.atomic():
        record(verb="x", by=None, target="t", summary="s")
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_period_is_asked_by_name_only_when_none_is_given(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "third_quarter", lambda: "2022Q3", raising=False)
    settings.AUDIT_PERIOD_OF = "audit.locks.third_quarter"
    assert record(verb="x", by=None, target="t", summary="s").period == "2022Q3"
    assert record(verb="x", by=None, target="t", summary="s", period="2022Q2").period == "2022Q2"
    assert record(verb="x", by=None, target="t", summary="s", period="").period == ""


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_kept_although_the_deed_was_rolled_back() -> None:
    with transaction.atomic():
        record(verb="entry.submitted", by=Clerk(), target="t", summary="s")
        transaction.set_rollback(True)
    record_refusal(verb="entry.submitted", by=Clerk(), target="t", summary="超出可用 0.01 元")
    assert [(e.outcome, e.summary) for e in Event.objects.all()] == [("refused", "超出可用 0.01 元")]


@pytest.mark.django_db(transaction=True)
def test_a_refusal_inside_an_open_transaction_is_an_error() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record_refusal(verb="x", by=None, target="t", summary="s")


@pytest.mark.django_db
def test_that_holds_in_tests_too_beyond_the_transaction_around_the_test() -> None:
    record_refusal(verb="x", by=None, target="t", summary="s")
    with pytest.raises(RuntimeError), transaction.atomic():
        record_refusal(verb="x", by=None, target="t", summary="s")


@pytest.mark.django_db
def test_twenty_refusals_a_minute_are_kept_and_the_last_says_so() -> None:
    def refuse(by: Clerk | None, verb: str = "entry.submitted") -> Event | None:
        return record_refusal(verb=verb, by=by, target="t", summary="超出可用")

    with time_machine.travel(datetime.datetime(2022, 6, 30, 9, tzinfo=datetime.UTC), tick=False) as clock:
        kept = [refuse(Clerk()) for _ in range(25)]
        assert [e is not None for e in kept] == [True] * 20 + [False] * 5
        assert kept[18] is not None
        assert kept[18].summary == "超出可用"
        assert kept[19] is not None
        assert "一分钟内同类拒绝已达 20 次" in kept[19].summary
        # others, and other deeds, are counted on their own
        assert refuse(Clerk(8))
        assert refuse(None)
        assert refuse(Clerk(), "entry.decided")
        clock.shift(datetime.timedelta(seconds=61))
        assert refuse(Clerk())


def test_the_lock_of_the_books_needs_a_transaction(transactional_db: None) -> None:
    for lock in (locks.share_books, locks.close_books, locks.books_if_free):
        with pytest.raises(locks.LockOutsideTransaction):
            lock()


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_those_who_write_and_keeps_later_ones_out() -> None:
    order: list[str] = []
    sharing, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                record(verb="x", by=None, target="t", summary="s")
                sharing.set()
                may_commit.wait(10)
                order.append("written")
        finally:
            connection.close()

    def close() -> None:
        try:
            with transaction.atomic():
                locks.close_books()
                order.append("closed")
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert sharing.wait(10)
    closer = threading.Thread(target=close)
    closer.start()
    closer.join(0.3)
    assert closer.is_alive()  # on SQLite at BEGIN IMMEDIATE, on PostgreSQL at the lock
    may_commit.set()
    writer.join(10)
    closer.join(10)
    assert order == ["written", "closed"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers are serial")
@pytest.mark.django_db(transaction=True)
def test_those_who_write_do_not_wait_for_each_other() -> None:
    done: list[bool] = []

    def write() -> None:
        try:
            with transaction.atomic():
                locks.share_books()
                done.append(True)
        finally:
            connection.close()

    with transaction.atomic():
        locks.share_books()
        other = threading.Thread(target=write)
        other.start()
        other.join(10)
        assert done == [True]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers are serial")
@pytest.mark.django_db(transaction=True)
def test_who_asks_for_the_books_if_free_waits_for_nobody() -> None:
    free: list[bool] = []

    def ask() -> None:
        try:
            with transaction.atomic():
                free.append(locks.books_if_free())
        finally:
            connection.close()

    def asked() -> bool:
        other = threading.Thread(target=ask)
        other.start()
        other.join(10)
        return free.pop()

    with transaction.atomic():
        locks.share_books()
        assert not asked()
    assert asked()
    with transaction.atomic():
        assert locks.books_if_free()
        assert not asked()
