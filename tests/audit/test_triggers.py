"""The trail is append-only through every door, and a missing or altered guard is named."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import triggers
from audit.checks import triggers_are_in_place
from audit.events import record
from audit.models import Event
from audit.triggers import Refusal, TriggerMisdeclared

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")
on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def refusal(sql: str) -> str | None:
    """The name of the trigger that refuses the statement."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        run(sql)
    assert "只能新增" in str(caught.value)
    return triggers.refused_by(caught.value)


@pytest.fixture
def event(db: None) -> Event:
    return record(verb="test.done", by=None, target="test:1", summary="原来的说明")


def drop_trigger(name: str, table: str = "audit_event") -> None:
    run(f'DROP TRIGGER "{name}"' + (f' ON "{table}"' if connection.vendor == "postgresql" else ""))


def test_an_event_cannot_be_changed_or_deleted_by_the_orm(event: Event) -> None:
    event.summary = "改过的说明"
    for attempt in (
        event.save,
        event.delete,
        lambda: Event.objects.update(summary="改过的说明"),
        lambda: Event.objects.all().delete(),
        lambda: Event.objects.bulk_update([event], ["summary"]),
        lambda: Event.objects.bulk_create(
            [event], update_conflicts=True, unique_fields=["id"], update_fields=["summary"]
        ),
    ):
        with pytest.raises(IntegrityError, match="只能新增"), transaction.atomic():
            attempt()
    assert Event.objects.get().summary == "原来的说明"


def test_an_event_cannot_be_changed_or_deleted_by_raw_sql(event: Event) -> None:
    assert refusal("UPDATE audit_event SET summary = ''") == "audit_event_no_update"
    assert refusal("UPDATE audit_event SET id = id + 1") == "audit_event_no_update"
    assert refusal("DELETE FROM audit_event") == "audit_event_no_delete"


@on_sqlite
def test_insert_or_replace_does_not_get_round_the_delete_trigger(event: Event) -> None:
    assert refusal("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event") == "audit_event_no_replace"


@on_sqlite
@pytest.mark.django_db
def test_our_connections_ask_the_delete_trigger_also_when_replacing() -> None:
    """By any other unique column, that is: `_no_replace` knows the key only."""
    run("CREATE TABLE replaced (id integer PRIMARY KEY, code text UNIQUE)")
    run("INSERT INTO replaced VALUES (1, 'a')")
    for each in triggers.append_only("replaced"):
        if each.is_for("sqlite"):
            run(each.sql("sqlite"))
    assert refusal("INSERT OR REPLACE INTO replaced VALUES (2, 'a')") == "replaced_no_delete"


@on_postgres
def test_truncate_is_refused(event: Event) -> None:
    assert refusal("TRUNCATE audit_event") == "audit_event_no_truncate"
    assert refusal("TRUNCATE audit_event CASCADE") == "audit_event_no_truncate"


@pytest.mark.django_db
def test_a_fresh_database_has_every_trigger_and_the_check_is_silent() -> None:
    assert triggers.missing(connection) == []
    assert "audit_event_no_update" in triggers.installed(connection)
    assert triggers_are_in_place(databases=["default"]) == []


@pytest.mark.django_db
def test_a_missing_trigger_is_named_by_the_check_and_put_back_by_install() -> None:
    before = triggers.installed(connection)
    drop_trigger("audit_event_no_delete")
    [problem] = triggers.missing(connection)
    assert "缺少触发器 audit_event_no_delete" in problem
    [error] = run_checks(tags=["database"], databases=["default"])
    assert (error.id, "audit_event_no_delete" in error.msg) == ("audit.E001", True)
    triggers.install(connection)
    assert triggers.missing(connection) == []
    assert triggers.installed(connection) == before


@pytest.mark.django_db
def test_a_trigger_with_another_body_is_named_and_put_right_by_install() -> None:
    drop_trigger("audit_event_no_delete")
    if connection.vendor == "postgresql":
        run(
            "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event FOR EACH ROW"
            " WHEN (OLD.id < 0) EXECUTE FUNCTION rongshan_refuse('x')"
        )
    else:
        run("CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT 1; END")
    [problem] = triggers.missing(connection)
    assert "audit_event_no_delete" in problem
    assert "不一致" in problem
    triggers.install(connection)
    assert triggers.missing(connection) == []


@on_postgres
@pytest.mark.django_db
def test_a_disabled_trigger_and_a_hollowed_function_are_named() -> None:
    run("ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_update")
    [problem] = triggers.missing(connection)
    assert "audit_event_no_update" in problem
    run("ALTER TABLE audit_event ENABLE TRIGGER audit_event_no_update")
    assert triggers.missing(connection) == []
    run(
        "CREATE OR REPLACE FUNCTION rongshan_refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$"
    )
    assert len(triggers.missing(connection)) == len(triggers.installed(connection))
    triggers.install(connection)
    assert triggers.missing(connection) == []


@pytest.mark.django_db
def test_a_trigger_of_an_older_release_is_named_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Refusal("audit_event_no_monday", "audit_event", "INSERT", "不用了", "false", "0")
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "TRIGGERS", [*triggers.TRIGGERS, old])
        triggers.install(connection)
        assert triggers.missing(connection) == []
    [problem] = triggers.missing(connection)
    assert "已不使用的触发器 audit_event_no_monday" in problem
    triggers.install(connection)
    assert triggers.missing(connection) == []


@pytest.mark.django_db
def test_a_misspelt_column_is_reported_and_stops_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Refusal("audit_event_wrong", "audit_event", "UPDATE OF sumary", "x")
    monkeypatch.setattr(triggers, "TRIGGERS", [*triggers.TRIGGERS, wrong])
    triggers.install(connection)
    [problem] = triggers.missing(connection)
    assert "没有列 sumary" in problem


@pytest.mark.django_db
def test_triggers_of_tables_that_do_not_exist_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "TRIGGERS", [*triggers.TRIGGERS, *triggers.append_only("not_yet")])
    triggers.install(connection)
    assert triggers.missing(connection) == []


@pytest.mark.django_db
def test_a_condition_decides_row_by_row_and_may_ask_what_the_engine_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded = Refusal(
        "audit_event_guarded",
        "audit_event",
        "INSERT",
        "未打开",
        condition_pg="NEW.verb = 'x' AND current_setting('rongshan.test', true) IS DISTINCT FROM 'on'",
        condition_sqlite="NEW.verb = 'x' AND NOT EXISTS (SELECT 1 FROM directory_division)",
    )
    monkeypatch.setattr(triggers, "TRIGGERS", [*triggers.TRIGGERS, guarded])
    triggers.install(connection)
    assert triggers.missing(connection) == []
    record(verb="y", by=None, target="t", summary="s")
    with pytest.raises(IntegrityError, match="audit_event_guarded: 未打开") as caught, transaction.atomic():
        record(verb="x", by=None, target="t", summary="s")
    assert triggers.refused_by(caught.value) == "audit_event_guarded"
    if connection.vendor == "postgresql":
        run("SELECT set_config('rongshan.test', 'on', true)")
    else:
        run("INSERT INTO directory_division (code, name, level) VALUES ('370406', '山亭区', 'county')")
    record(verb="x", by=None, target="t", summary="s")


def test_lifted_opens_the_block_only(event: Event) -> None:
    before = triggers.installed(connection)
    with triggers.lifted(connection):
        assert len(triggers.missing(connection)) == len(before)
        Event.objects.filter(pk=event.pk).update(summary="埋下的错")
    assert triggers.installed(connection) == before
    assert refusal("DELETE FROM audit_event") == "audit_event_no_delete"


def test_lifted_restores_when_the_block_fails(event: Event) -> None:
    with pytest.raises(ZeroDivisionError), triggers.lifted(connection):
        raise ZeroDivisionError
    assert triggers.missing(connection) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", [1, 2])
def test_a_test_that_commits_is_flushed_and_leaves_the_triggers(again: int) -> None:
    assert Event.objects.count() == 0
    assert triggers.missing(connection) == []
    with transaction.atomic():
        record(verb="test.done", by=None, target="test:1", summary="留下的")


@pytest.mark.django_db
def test_a_named_check_constraint_is_recognized_too() -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        record(verb="x", by=None, target="t", summary="s", outcome="maybe")
    assert triggers.refused_by(caught.value) == "audit_outcome"


def test_names_and_events_are_checked_when_declared() -> None:
    with pytest.raises(TriggerMisdeclared):
        Refusal("Bad Name", "t", "UPDATE", "m")
    with pytest.raises(TriggerMisdeclared):
        Refusal("good_name", "t", "SELECT", "m")


def test_one_name_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "TRIGGERS", [*triggers.TRIGGERS, triggers.TRIGGERS[0]])
    with pytest.raises(TriggerMisdeclared):
        triggers.expected()


def test_a_message_with_quotes_and_percent_signs_arrives(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Refusal("audit_event_a_odd", "audit_event", "UPDATE", "不能'改'：100%s")
    monkeypatch.setattr(triggers, "TRIGGERS", [odd])
    triggers.install(connection)
    with pytest.raises(DatabaseError, match="不能'改'：100%s"), transaction.atomic():
        run("UPDATE audit_event SET verb = 'x'")
