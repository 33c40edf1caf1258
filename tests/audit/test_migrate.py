"""`migrate` leaves every trigger in place: forwards, back, through a table remake, after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command, get_commands
from django.db import connection

from audit import triggers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def remade(settings: LazySettings) -> Iterator[None]:
    """Migrations of audit that go on where the real ones end: 0900 remakes the table, 0901 fails."""
    settings.MIGRATION_MODULES = {"audit": "tests.audit.further_migrations"}
    yield
    call_command("migrate", "audit", "0001", verbosity=0)


def columns() -> set[str]:
    with connection.cursor() as cursor:
        description = connection.introspection.get_table_description(cursor, "audit_event")
    return {column.name for column in description}


def test_the_command_is_ours() -> None:
    assert get_commands()["migrate"] == "audit"


@pytest.mark.usefixtures("remade")
def test_a_table_remake_and_its_way_back_keep_the_triggers() -> None:
    before = triggers.installed(connection)
    assert before
    call_command("migrate", "audit", "0900", verbosity=0)
    assert "remark" in columns()
    assert triggers.missing(connection) == []
    assert triggers.installed(connection) == before
    call_command("migrate", "audit", "0001", verbosity=0)
    assert "remark" not in columns()
    assert triggers.installed(connection) == before


@pytest.mark.usefixtures("remade")
def test_a_failed_migration_leaves_the_triggers_in_place() -> None:
    before = triggers.installed(connection)
    with pytest.raises(ZeroDivisionError):
        call_command("migrate", "audit", "0901", verbosity=0)
    assert triggers.installed(connection) == before


def test_back_to_zero_and_forward_again() -> None:
    before = triggers.installed(connection)
    call_command("migrate", "audit", "zero", verbosity=0)
    try:
        assert not [name for name in triggers.installed(connection) if name.startswith("audit_")]
        assert triggers.missing(connection) == []  # no table, nothing to guard
    finally:
        call_command("migrate", "audit", verbosity=0)
    assert triggers.installed(connection) == before


def test_fake_migrates_nothing_and_keeps_the_triggers() -> None:
    before = triggers.installed(connection)
    call_command("migrate", "audit", fake=True, verbosity=0)
    assert triggers.installed(connection) == before


def test_plan_and_check_do_not_touch_the_database() -> None:
    with connection.cursor() as cursor:
        on_table = " ON audit_event" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER audit_event_no_update{on_table}")
    out = StringIO()
    call_command("migrate", plan=True, stdout=out, verbosity=0)
    call_command("migrate", check_unapplied=True, stdout=out, verbosity=0)
    assert len(triggers.missing(connection)) == 1
    # a missing trigger is an error of `check`, and must not keep `migrate` from mending it
    with pytest.raises(CommandError, match="audit_event_no_update"):
        call_command("check", databases=["default"])
    call_command("migrate", skip_checks=False, verbosity=0)
    assert triggers.missing(connection) == []
