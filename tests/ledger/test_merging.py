"""Two that are one: reviewed, posted as −1, taken apart again, and never a rewriting of history (DESIGN §1 Person)."""

from __future__ import annotations

import pytest

from directory.models import Person
from ledger import actions
from ledger.acting import InvalidEntry, NotAllowed, NotInForce
from ledger.merging import PERSON_MERGE
from ledger.models import Entry, Participation, PersonMerge
from ledger.refusals import Refusal
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.test_presence import ON, a_world, approve, counts, file, people
from tests.ledger.world import World
from tests.made_up.registers import COURSE, DONATION

pytestmark = pytest.mark.django_db


@kept
def world() -> World:
    return a_world()


def merge(world: World, person: Person, into: Person) -> Entry:
    row = PersonMerge(person=person, into=into, occurred_on=ON, reason="同一户籍")
    return actions.submit(by=world.users["局里"], on=ON, register=PERSON_MERGE, row=row)


def test_a_merge_posts_one_less_and_its_reversal_one_more(world: World) -> None:
    one, twin, three = people(3)
    approve(world, file(world, COURSE, "c1", [one]))
    approve(world, file(world, COURSE, "c2", [twin, three]))
    waiting = file(world, DONATION, "d1", [twin])
    frozen = list(Participation.objects.order_by("pk").values_list("pk", "person_id"))
    assert counts("benefit_people") == (3, 0)
    filed = merge(world, twin, one)
    assert counts("benefit_people") == (3, 0)  # not before somebody else has looked at it
    with pytest.raises(Refusal):
        actions.approve(by=world.users["局里"], on=ON, entry=filed, version=1)
    merged = approve(world, filed)
    assert counts("benefit_people") == (2, 0)
    assert counts("training_attendances") == (3, 0)  # 人次 are not persons
    approve(world, waiting)  # filed under the name they no longer have
    approve(world, file(world, DONATION, "d2", [twin]))
    assert counts("benefit_people") == (2, 0)
    assert list(Participation.objects.order_by("pk").values_list("pk", "person_id"))[: len(frozen)] == frozen
    assert list(verify()) == []

    apart = actions.reverse(by=world.users["局里"], on=ON, entry=merged, reason="查实为两人")
    approve(world, apart)
    assert counts("benefit_people") == (3, 0)
    twin.refresh_from_db()
    assert twin.merged_into is None
    assert list(verify()) == []
    approve(world, merge(world, twin, one))
    assert counts("benefit_people") == (2, 0)
    assert list(verify()) == []


def test_whoever_was_merged_into_the_merged_follows_and_comes_back(world: World) -> None:
    one, two, three = people(3)
    for number, person in enumerate((one, two, three)):
        approve(world, file(world, COURSE, f"c{number}", [person]))
    approve(world, merge(world, three, two))
    second = approve(world, merge(world, two, one))
    assert counts("trained_people") == (1, 0)
    assert list(verify()) == []
    approve(world, actions.reverse(by=world.users["局里"], on=ON, entry=second, reason="有误"))
    assert counts("trained_people") == (2, 0)
    assert list(verify()) == []


def test_a_unit_sees_the_merge_that_made_its_own_count_smaller(world: World) -> None:
    one, twin = people(2)
    approve(world, file(world, COURSE, "c1", [one, twin]))
    merged = approve(world, merge(world, twin, one))
    assert set(Entry.objects.for_user(world.users["徐庄"]).filter(register="person_merge")) == {merged}
    assert not Entry.objects.for_user(world.users["店子"]).filter(register="person_merge").exists()
    assert list(verify()) == []


def test_what_cannot_be_merged_is_refused_with_the_reason(world: World) -> None:
    one, two, three = people(3)
    with pytest.raises(InvalidEntry, match="不能并入本人"):
        merge(world, one, one)
    done = approve(world, merge(world, one, two))
    one.refresh_from_db()
    with pytest.raises(Refusal):
        merge(world, one, three)
    with pytest.raises(InvalidEntry, match="不能反过来"):
        merge(world, two, one)
    row = PersonMerge(person=one, into=three, occurred_on=ON, reason="x")
    with pytest.raises(Refusal, match="红冲"):
        actions.correct(by=world.users["局里"], on=ON, entry=done, row=row, reason="改并入三")
    row = PersonMerge(person=three, into=two, occurred_on=ON, reason="x")
    with pytest.raises(NotAllowed, match="徐庄镇不填报人员合并"):
        actions.submit(by=world.users["徐庄"], on=ON, register=PERSON_MERGE, row=row)
    assert list(verify()) == []
    back = approve(world, actions.reverse(by=world.users["局里"], on=ON, entry=done, reason="有误"))
    with pytest.raises(NotInForce):
        actions.reverse(by=world.users["局里"], on=ON, entry=back, reason="再反")
