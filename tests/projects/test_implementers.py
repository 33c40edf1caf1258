"""A project concerns the unit that builds it, whoever filed it: it sees the record, from submission on, and its steps."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from ledger import acting, actions
from ledger.models import Entry, EntryConcern
from ledger.verify import verify
from projects.registers import PROJECT
from tests.desk.cast import stored
from tests.ledger.world import World
from tests.projects.conftest import at
from tests.registers import ON, Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(world: World) -> Trial:
    """The bureau files projects that towns build; 复核 decides them."""
    return Trial(world, PROJECT, "局里")


def seen(world: World, who: str) -> set[int]:
    return set(Entry.objects.for_user(world.users[who]).values_list("pk", flat=True)) & set(
        Entry.objects.unscoped("测试").filter(register="project").values_list("pk", flat=True)
    )


def page(world: World, who: str, entry: Entry) -> int:
    client = Client()
    client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
    return client.get(reverse("desk:entry", args=[entry.pk])).status_code


def test_the_building_unit_sees_it_before_and_after_the_decision_and_no_other_does(
    world: World, bureau: Trial
) -> None:
    entry = bureau.filed(at("已立项"))
    assert seen(world, "北庄") == {entry.pk}
    assert seen(world, "徐庄") == set()
    assert (page(world, "北庄", entry), page(world, "徐庄", entry)) == (200, 404)
    bureau.approved(entry)
    step = bureau.stepped(entry, at("已批复"))
    assert seen(world, "北庄") == {entry.pk, step.pk}
    assert (page(world, "北庄", step), page(world, "徐庄", step)) == (200, 404)
    assert list(verify()) == []


def test_the_building_unit_files_the_next_step_and_no_other_unit_may(world: World, bureau: Trial) -> None:
    entry = bureau.done(at("已立项"))
    town = Trial(world, PROJECT, "北庄")
    step = town.stepped(entry, at("已批复"))
    assert (step.filed_for, step.follows_id) == (world.units["北庄镇"], entry.pk)
    with pytest.raises(acting.NotAllowed):
        Trial(world, PROJECT, "徐庄").stepped(step, at("招标采购"))
    bureau.stepped(step, at("招标采购"))  # who registered it goes on, too
    assert list(verify()) == []


def test_whom_it_concerned_sees_who_builds_it_now_and_its_being_taken_back(
    world: World, bureau: Trial
) -> None:
    entry = bureau.done(at("已立项"))
    step = bureau.stepped(entry, at("已批复", 实施单位="370406106"))
    assert seen(world, "北庄") == {entry.pk, step.pk}
    assert seen(world, "徐庄") == {step.pk}
    back = actions.reverse(by=world.users["局里"], on=ON, entry=step, reason="填错")
    assert {back.pk} <= seen(world, "徐庄") & seen(world, "北庄")
    assert list(verify()) == []


def test_a_missing_concern_is_found(world: World, bureau: Trial) -> None:
    entry = bureau.done(at("已立项"))
    EntryConcern.objects.filter(entry=entry, organization=world.units["北庄镇"]).delete()
    assert [one.name for one in verify()] == ["记录对涉及单位可见，对其他单位不可见"]


def test_projects_filed_before_are_opened_to_their_units_by_the_migration(
    world: World, bureau: Trial
) -> None:
    entry = bureau.done(at("已立项"))
    user = world.users["局里"]
    made = bureau.made(at("已批复", 实施单位="370406106"))
    assert made.row is not None
    step = actions.step(by=user, on=ON, entry=entry, row=made.row, evidence=[stored(user)])
    towns = EntryConcern.objects.filter(organization__in=[world.units["北庄镇"], world.units["徐庄镇"]])
    kept = set(towns.values_list("entry", "organization"))
    assert len(kept) == 3
    towns.delete()
    import_module("projects.migrations.0005_implementers_concerned").add_concerns(apps, None)
    assert set(towns.values_list("entry", "organization")) == kept
    assert step.pk in seen(world, "徐庄")
    assert list(verify()) == []
