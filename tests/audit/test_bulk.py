"""Rows written as plain tuples arrive exactly as they were, whatever stands in them, and no rule is passed by."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from audit import bulk
from audit.events import AuditOutsideTransaction, Deed, record_all
from audit.models import Event
from directory.fields import Sealed
from directory.models import Division, Organization
from ledger.models import Presence
from tests.ledger.world import make_world
from tests.made_up.models import Reached, Tree

ODD = [
    "",
    " ",
    "\\N",
    "\\.",
    "\\",
    "a\\tb",
    "一\t二\n三\r\n四\r五",
    "\\\\t\t\\\n",
    "\u2028行\x0b页\x0c\x85",
    "😀 𠮷 é é",
    "'; DROP TABLE audit_event; --",
    '{"a": "%s"}',
    "NULL",
    "%s %(name)s",
]
COLUMNS = (
    *("at", "actor_id", "actor_name", "verb"),
    *("outcome", "target", "summary", "details", "period"),
)


def event(summary: str, outcome: str = "done") -> tuple[object, ...]:
    details = {"text": summary, "on": date(2022, 7, 5)}
    return (timezone.now(), None, "系统", "x", outcome, "a:1", summary, details, "")


@pytest.mark.django_db
def test_every_text_comes_back_as_it_was_written() -> None:
    bulk.copy(Event, COLUMNS, [event(text) for text in ODD])
    bulk.copy(Event, COLUMNS, [])
    kept = Event.objects.order_by("pk")
    assert [one.summary for one in kept] == ODD
    assert [one.details for one in kept] == [{"text": text, "on": "2022-07-05"} for text in ODD]
    assert {one.actor_id for one in kept} == {None}


@pytest.mark.django_db
def test_a_row_is_stored_as_its_model_would_store_it() -> None:
    at = datetime(2022, 7, 5, 1, 2, 3, 456789, tzinfo=UTC)
    model = Event.objects.create(at=at, verb="x", target="a:1", summary="一", details={"n": 1}, actor_id=7)
    bulk.copy(Event, COLUMNS, [(at, 7, "", "x", "done", "a:1", "一", {"n": 1}, "")])
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM audit_event ORDER BY id")
        one, two = cursor.fetchall()
    assert one == two
    assert Event.objects.latest("pk").at == model.at == at


def test_what_no_column_takes_is_an_error_and_not_a_text() -> None:
    names = ("actor_id", "verb", "summary", "details")
    lines = bulk._copied(Event, names, [(None, "x", "一\t二\n\\", {"n": 1}), (3, "y", "", {})])
    assert list(lines) == ['\\N\tx\t一\\t二\\n\\\\\t{"n": 1}\n', "3\ty\t\t{}\n"]
    for value in (object(), None, Sealed(plain="370406")):
        with pytest.raises(TypeError):
            list(bulk._copied(Event, names, [(3, "x", value, {})]))


@pytest.mark.django_db
def test_keys_are_reserved_once_and_the_sequence_follows() -> None:
    before = Event.objects.create(at=timezone.now(), verb="x", target="a:1", summary="前").pk
    keys = bulk.reserve(Event, 3)
    bulk.copy(Event, ("id", *COLUMNS), [(pk, *event("中")) for pk in keys])
    after = Event.objects.create(at=timezone.now(), verb="x", target="a:1", summary="后").pk
    assert [before, *keys, after] == sorted({before, *keys, after})
    assert list(Event.objects.filter(summary="中").order_by("pk").values_list("pk", flat=True)) == keys
    assert bulk.reserve(Event, 0) == []


@pytest.mark.django_db
def test_the_first_keys_of_an_empty_table() -> None:
    keys = bulk.reserve(Tree, 2)
    assert len(set(keys)) == 2
    assert min(keys) > 0


@pytest.mark.django_db
def test_constraints_and_triggers_refuse_rows_written_together() -> None:
    with pytest.raises(IntegrityError, match="audit_outcome"), transaction.atomic():
        bulk.copy(Event, COLUMNS, [event("好"), event("坏", "nonsense")])
    assert not Event.objects.exists()
    presence = "ledger_presence_insert_only_by_posting"
    with pytest.raises(DatabaseError, match=presence), transaction.atomic():
        bulk.copy(Presence, ("account_id", "person_id", "approved", "held"), [(1, 1, 1, 0)])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.copy(Reached, ("entry_id",), [(1,)])


@pytest.mark.django_db
@pytest.mark.parametrize("known", [0, 1])
def test_many_new_keys_are_inserted_whether_or_not_one_is_known(known: int) -> None:
    make_world()
    town = Division.objects.filter(level="township").earliest("pk")
    count = Division.objects.count()
    rows = [(f"37{number:07d}", f"镇\t{number}", "township", town.parent_id) for number in range(bulk._MANY)]
    rows += [(town.code, "别名", "township", town.parent_id)] * known
    bulk.insert(Division, ("code", "name", "level", "parent_id"), rows)
    assert Division.objects.count() == count + bulk._MANY
    assert Division.objects.get(code="370000007").name == "镇\t7"
    assert Division.objects.get(pk=town.pk).name == town.name


@pytest.mark.django_db
def test_only_new_keys_are_inserted_and_one_column_of_many_rows_is_set() -> None:
    make_world()
    town = Division.objects.filter(level="township").earliest("pk")
    columns = ("code", "name", "level", "parent_id")
    count = Division.objects.count()
    bulk.insert(
        Division,
        columns,
        [
            (town.code, "别名", town.level, town.parent_id),
            ("370499999", "一\t镇", town.level, town.parent_id),
        ],
    )
    assert Division.objects.count() == count + 1
    assert Division.objects.get(code="370499999").name == "一\t镇"
    assert Division.objects.get(pk=town.pk).name == town.name
    units = list(Organization.objects.order_by("pk")[:2])
    bulk.update(Organization, "division_id", {unit.pk: town.pk for unit in units})
    bulk.update(Organization, "division_id", {})
    assert {Organization.objects.get(pk=unit.pk).division_id for unit in units} == {town.pk}


@pytest.mark.django_db(transaction=True)
def test_events_written_together_need_a_transaction_like_any_other() -> None:
    deeds = [Deed("a:1", "一", {"n": 1}), Deed("a:2", "二", {})]
    with pytest.raises(AuditOutsideTransaction):
        record_all(verb="x", by=None, deeds=deeds)
    with transaction.atomic():
        record_all(verb="x", by=None, deeds=deeds)
    kept = list(
        Event.objects.order_by("pk").values_list("target", "summary", "details", "actor_name", "outcome")
    )
    assert kept == [("a:1", "一", {"n": 1}, "系统", "done"), ("a:2", "二", {}, "系统", "done")]
    assert json.dumps(kept[0][2]) == '{"n": 1}'


@pytest.mark.django_db
@pytest.mark.parametrize("many", [0, 1, 40_000])
def test_however_many_keys_are_asked_for_in_one_parameter(many: int) -> None:
    units = [
        Organization.objects.create(code=code, name=code, short_name=code, kind="department", side="shanting")
        for code in ("a", "b'\\\"，", "c")
    ]
    codes = [units[1].code, *map(str, range(many))][:many]
    ids = [units[1].pk, *range(10**9, 10**9 + many)][:many]
    wanted = [units[1]] if many else []
    assert list(Organization.objects.filter(bulk.among("code", codes))) == wanted
    assert list(Organization.objects.filter(bulk.among("pk", ids))) == wanted
    assert list(Organization.objects.exclude(bulk.among("pk", ids)).order_by("pk")) == [
        unit for unit in units if unit not in wanted
    ]
