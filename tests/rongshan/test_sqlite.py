"""Waiting for SQLite's writer: outside SQLite, as long as `timeout` says, and not longer than needed (ADR 0013)."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from directory.models import Organization

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has many writers"),
]


@contextmanager
def a_writer(seconds: float) -> Iterator[None]:
    """Somebody else has the write lock for that long."""
    has_it = threading.Event()

    def write() -> None:
        with transaction.atomic():
            has_it.set()
            time.sleep(seconds)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert has_it.wait(10)
    yield
    writer.join()


def test_a_transaction_begins_as_soon_as_the_writer_is_done() -> None:
    with a_writer(0.5):
        began = time.monotonic()
        with transaction.atomic():
            waited = time.monotonic() - began
    assert 0.3 < waited < 5


def test_after_the_timeout_it_says_locked_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.2)
    with a_writer(1.0), pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pytest.fail("there was a writer")
    assert connection.connection is not None
    (busy,) = connection.connection.execute("PRAGMA busy_timeout").fetchone()
    assert busy == 200


def test_a_writer_that_collects_a_waiters_cursor_does_not_wait_for_the_waiter() -> None:
    left: list[object] = []
    ready, waiting = threading.Event(), threading.Event()

    def wait() -> None:
        connection.ensure_connection()
        assert connection.connection is not None
        cursor = connection.connection.execute("WITH n(i) AS (VALUES (1), (2)) SELECT i FROM n")
        cursor.fetchone()  # begun and not ended: collecting it resets it
        loop: list[object] = [cursor]
        loop.append(loop)
        left.append(loop)
        del cursor, loop
        ready.set()
        waiting.wait(10)
        with transaction.atomic():
            pass
        connection.close()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert ready.wait(10)
    with transaction.atomic():
        waiting.set()
        time.sleep(0.5)  # it waits for us now
        left.clear()
        began = time.monotonic()
        gc.collect()
        took = time.monotonic() - began
        assert Organization.objects.count() == 0
    waiter.join()
    assert took < 5
