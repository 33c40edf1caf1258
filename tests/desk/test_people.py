"""In which entries a person took part: masked, scoped, and whether each counts them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory import people
from directory.models import Person
from ledger import actions
from ledger.models import Account, Entry, Plan
from tests.desk.cast import approved, page_text, returned, the_entry
from tests.desk.conftest import Browse
from tests.ledger.world import World
from tests.made_up.registers import VISIT

pytestmark = pytest.mark.usefixtures("counting")

NUMBER = "990000197906120027"


RULES = {
    "benefit_people": "辐射带动人口",
    "employed_people": "转移就业人数",
    "training_attendances": "参加培训人次",
}


@pytest.fixture
def counting(world: World) -> None:
    """The plan counts what a visit counts."""
    for code, name in RULES.items():
        of_people = code != "training_attendances"
        Account.objects.create(
            code=f"2022/target/{code}",
            name=name,
            unit="人" if of_people else "人次",
            plan=Plan.objects.get(),
            stage="target",
            counts_people=of_people,
        )


def visited(world: World, who: str, day: str, **more: Any) -> Entry:
    """Somebody is visited: an entry that names them, waiting for review."""
    assert VISIT.make is not None
    on = date.fromisoformat(day)
    typed = {
        "visited_on": on,
        "name": "张小三",
        "id_number": NUMBER,
        "category": "lifted",
        "hours": 3,
        "note": "",
    }
    (made,) = VISIT.make([typed | more], world.users[who], on)
    assert made.row is not None, made.errors
    return actions.submit(by=world.users[who], on=on, register=VISIT, row=made.row)


def person_page(person: Person) -> str:
    return reverse("person_entries", args=[person.pk])


def rows_of(text: str) -> list[list[str]]:
    """The rows of the page's table, cell by cell."""
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL)[1:]
    ]


@pytest.fixture
def zhang(world: World, counting: None) -> Person:
    visited(world, "徐庄", "2022-04-01")
    return Person.objects.get(name="张小三")


def test_every_entry_is_listed_with_whether_it_counts(world: World, browse: Browse, zhang: Person) -> None:
    first = approved(world, the_entry(register="house_call"))
    visited(world, "徐庄", "2022-05-01", hours=1)
    returned(world, visited(world, "徐庄", "2022-06-01"))
    client = browse("徐庄")
    assert person_page(zhang) in page_text(client.get(reverse("person", args=[zhang.pk])))
    text = page_text(client.get(person_page(zhang)))
    assert "张*三" in text
    for secret in (NUMBER, "张小三", "1979"):
        assert secret not in text
    assert [(row[2], row[3], row[4], row[5], row[6]) for row in rows_of(text)] == [
        ("2022-06-01", "徐庄镇", "徐庄镇", "已退回", "未通过，不计入"),
        ("2022-05-01", "徐庄镇", "徐庄镇", "待审核", "审核通过后计入：辐射带动人口"),
        ("2022-04-01", "徐庄镇", "徐庄镇", "已通过", "计入：辐射带动人口、转移就业人数"),
    ]
    assert reverse("desk:entry", args=[first.pk]) in text


def test_who_was_not_eligible_that_day_is_named_so(world: World, browse: Browse) -> None:
    entry = approved(world, visited(world, "徐庄", "2022-04-01", category="ordinary"))
    person = Person.objects.get()
    (row,) = rows_of(page_text(browse("徐庄").get(person_page(person))))
    assert row[0].startswith(f"{entry.pk} 号")
    assert row[6] == "计入：转移就业人数 不计入：辐射带动人口（当日不符合条件）"


def test_what_was_reversed_counts_no_more(world: World, browse: Browse, zhang: Person) -> None:
    entry = approved(world, the_entry(register="house_call"))
    reversal = actions.reverse(by=world.users["徐庄"], on=date(2022, 6, 1), entry=entry, reason="没有去")
    approved(world, reversal)
    (row,) = rows_of(page_text(browse("徐庄").get(person_page(zhang))))
    assert row[5:] == ["已通过，已冲销", "已冲销，不再计入"]


def test_entries_of_other_units_are_not_there(world: World, browse: Browse, zhang: Person) -> None:
    other = visited(world, "店子", "2022-05-01")
    address = reverse("desk:entry", args=[other.pk])
    text = page_text(browse("徐庄").get(person_page(zhang)))
    assert len(rows_of(text)) == 1
    assert address not in text
    assert "店子镇" not in text
    assert "其他单位填报、不涉及本单位的不在此列" in text
    for who in ("审核", "领导"):
        assert address in page_text(browse(who).get(person_page(zhang)))
    assert browse("店子").get(person_page(zhang)).status_code == 404  # registered by 徐庄镇


def test_entries_of_a_double_stand_on_both_pages(world: World, browse: Browse, zhang: Person) -> None:
    typed = {"id_number": "", "birth_month": "1979-06", "name": "张小山"}
    visited(world, "徐庄", "2022-05-01", **typed)
    double = Person.objects.get(name="张小山")
    people.set_merged_into(by=None, person=double, into=zhang)
    for person in (zhang, double):
        assert len(rows_of(page_text(browse("徐庄").get(person_page(person))))) == 2


def test_nobody_else_comes_in(world: World, browse: Browse, zhang: Person) -> None:
    assert browse("财政").get(person_page(zhang)).status_code == 404
    assert browse("徐庄").post(person_page(zhang)).status_code == 405


def test_a_person_without_entries_is_told_so(world: World, browse: Browse) -> None:
    row = people.PersonRow(name="李小四", id_number="990000200912310032")
    person = people.register_person(by=None, on=date(2022, 6, 1), organization=world.units["徐庄镇"], row=row)
    assert "没有您能查看的记录" in page_text(browse("徐庄").get(person_page(person)))


def test_the_page_asks_as_often_for_many_entries_as_for_one(
    world: World, browse: Browse, zhang: Person
) -> None:
    client = browse("审核")

    def asked() -> int:
        client.get(person_page(zhang))
        with CaptureQueriesContext(connection) as queries:
            page_text(client.get(person_page(zhang)))
        return len(queries)

    few = asked()
    for day in range(1, 21):
        visited(world, "徐庄", f"2022-05-{day:02}")
    assert asked() == few
    assert few <= 16
