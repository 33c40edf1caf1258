"""Several queries that speak of one moment: what is read inside is one state of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """One state of the database for all that is read inside; nothing can be written (PostgreSQL) or should be. It
    waits for nobody and makes nobody wait. Within a transaction (a test, a restore) the caller's own."""
    if connection.in_atomic_block:
        yield
        return
    settings: Any = connection
    connection.ensure_connection()  # which is when SQLite's wrapper learns its transaction mode
    if connection.vendor == "sqlite":
        # IMMEDIATE would keep every clerk from saving for as long as this takes
        mode, settings.transaction_mode = settings.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        if connection.vendor == "sqlite":
            settings.transaction_mode = mode
