"""From a figure of people down to every entry that reached them, also those that moved nothing (issue 3 §2)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from directory.models import Organization, Person
from tests.ledger.test_presence import a_world, approve, file, people
from tests.made_up.registers import COURSE, DONATION

pytestmark = pytest.mark.django_db


def test_a_figure_of_people_lists_whoever_took_part_and_counts_each_once(client: Client) -> None:
    world = a_world()
    one, two, three = people(3)
    approve(world, file(world, COURSE, "c1", [one, two]))
    again = approve(world, file(world, DONATION, "d1", [one]))
    waiting = file(world, COURSE, "c2", [two, three])
    client.force_login(world.users["领导"], backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/figures/2022/target/benefit_people/").content.decode()
    assert "有这些人参加的全部记录 2 笔" in page
    assert f'href="/desk/entries/{again.pk}/"' in page  # it reached nobody new
    assert "另有待审核 1 笔，通过后新增 1 人" in page
    assert f'href="/desk/entries/{waiting.pk}/"' in page
    assert "明细合计与总览一致" in page


def test_the_page_asks_as_much_for_many_entries_as_for_few(client: Client) -> None:
    world = a_world()
    client.force_login(world.users["领导"], backend="django.contrib.auth.backends.ModelBackend")
    client.get("/overview/")  # what is asked once a session is asked now
    asked = []
    for start in (0, 12):
        for number in range(start, start + 12 if start else 3):
            approve(world, file(world, DONATION, f"d{number}", people_named(number)))
        with CaptureQueriesContext(connection) as queries:
            client.get("/figures/2022/target/benefit_people/")
        asked.append(len(queries))
    assert asked[0] == asked[1]


def people_named(number: int) -> list[Person]:
    unit = Organization.objects.get(short_name="徐庄镇")
    return [Person.objects.create(name="试验", provisional_key=f"many-{number}", organization=unit)]
