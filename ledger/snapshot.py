"""Several queries that speak of one moment: what is read inside is one state of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def snapshot(state: str = "") -> Iterator[None]:
    """One state of the database for all that is read inside; nothing can be written (PostgreSQL) or should be. It
    waits for nobody and makes nobody wait. Within a transaction (a test, a restore) the caller's own.

    `state`: that which another process holds (`followed`).
    """
    if connection.in_atomic_block:
        yield
        return
    with _begun("DEFERRED"):  # IMMEDIATE would keep every clerk from saving for as long as this takes
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                if state:
                    cursor.execute("SET TRANSACTION SNAPSHOT %s", [state])
            elif state:
                cursor.execute("SELECT COUNT(*) FROM ledger_postingguard")  # SQLite begins at the first read
        yield


@contextmanager
def followed() -> Iterator[str]:
    """Other processes that call `snapshot` with the name given, while this is open, see one and the same state.

    PostgreSQL hands it on. SQLite cannot: nobody saves meanwhile, so it must be open for a moment only.
    """
    with _begun("IMMEDIATE"):
        if connection.vendor == "sqlite":
            yield "now"
            return
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (state,) = cursor.fetchone()
        yield state


@contextmanager
def _begun(mode: str) -> Iterator[None]:
    """A transaction, on SQLite begun in that mode."""
    settings: Any = connection
    connection.ensure_connection()  # which is when SQLite's wrapper learns its transaction mode
    if connection.vendor == "sqlite":
        before, settings.transaction_mode = settings.transaction_mode, mode
    try:
        with transaction.atomic():
            yield
    finally:
        if connection.vendor == "sqlite":
            settings.transaction_mode = before
