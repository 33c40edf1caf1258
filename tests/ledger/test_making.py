"""Rows of any register made from values: plain columns, plan and unit, the person, all that is wrong at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import Division, Person
from ledger import actions
from ledger.models import Account
from ledger.registers import Made
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.test_presence import a_world
from tests.ledger.world import World
from tests.made_up.registers import VISIT

ON = date(2022, 5, 10)
NUMBERS = ["990000197906120027", "990000200912310032"]


@kept
def world() -> World:
    return a_world()


def values(number: str = NUMBERS[0], **other: Any) -> dict[str, Any]:
    return {
        "visited_on": ON,
        "name": "试验",
        "id_number": number,
        "category": "lifted",
        "hours": 3,
        "note": "",
    } | other


def make(world: World, *rows: dict[str, Any], by: str = "徐庄") -> list[Made]:
    assert VISIT.make is not None
    return VISIT.make(rows, world.users[by], ON)


def test_columns_alone_make_a_row_of_a_person_with_plan_unit_and_what_they_are(world: World) -> None:
    village = Division.objects.create(
        code="370406101207", name="姚营村", level="village", parent=world.units["店子镇"].division
    )
    (made,) = make(world, values(division=village))
    row: Any = made.row
    assert (row.plan.year, row.unit, row.visited_on, row.hours) == (2022, world.units["店子镇"], ON, 3)
    assert (row.eligible, row.lifted, row.monitored) == (True, True, False)
    assert (row.person.name, row.person.organization) == ("试验", world.units["徐庄镇"])
    entry = actions.submit(by=world.users["徐庄"], on=ON, register=VISIT, row=row)
    actions.approve(by=world.users["审核"], on=ON, entry=entry, version=1)
    balances = dict(Account.objects.filter(code__contains="target").values_list("code", "balance"))
    assert balances["2022/target/benefit_people"] == 1
    assert balances["2022/target/benefit_people@370406101"] == 1
    assert balances["2022/target/benefit_people/脱贫"] == 1
    assert balances["2022/target/employed_people"] == 1
    assert balances["2022/target/training_attendances"] == 1
    assert VISIT.values(row)["id_number"] == "990000********0027"
    assert VISIT.values(row, published=True)["id_number"] == "99*************027"
    assert list(verify()) == []


def test_who_is_not_eligible_is_recorded_only(world: World) -> None:
    (made,) = make(world, values(category="ordinary", hours=1))
    row: Any = made.row
    assert [claim.eligible for claim in VISIT.claims(row)] == [False, False]  # over all, and for the unit


def test_everything_wrong_is_said_at_once_and_at_its_column(world: World) -> None:
    wrong = make(
        world,
        values(name=""),
        values(visited_on=date(2022, 5, 11)),
        values(visited_on=date(2019, 5, 11)),
        values(note="字" * 21, hours=0),
        values(number="990000197906120028"),
        values(),
        values(),
    )
    assert [sorted(made.errors) for made in wrong] == [
        ["name"],
        ["visited_on"],
        ["visited_on"],
        ["hours", "note"],
        ["id_number"],
        ["id_number"],
        ["id_number"],
    ]
    assert all(made.row is None for made in wrong)
    said = ["；".join(text for texts in made.errors.values() for text in texts) for made in wrong]
    assert said[0] == "请填写姓名。"
    assert "晚于今天" in said[1]
    assert "没有2019年的方案" in said[2]
    assert "最多 20 个字，现有 21 个" in said[3]
    assert "走访须有时长" in said[3]
    assert "与第 7 条是同一条虚构的走访记录" in said[5]


def test_a_rule_which_the_plan_has_not_is_told_before_filing(world: World) -> None:
    world.add_plan(2021, on=date(2021, 2, 10))  # without any counting rule
    (made,) = make(world, values(visited_on=date(2021, 5, 10)))
    assert "没有虚构的走访的计数指标" in made.errors["visited_on"][0]


def test_more_rows_ask_no_more_queries(world: World) -> None:
    def asked(count: int, birth_year: int) -> int:
        rows = [
            values("", birth_month=f"{birth_year}-{month:02}", name="试" + "甲乙丙丁戊己庚辛"[month - 1])
            for month in range(1, count + 1)
        ]
        with CaptureQueriesContext(connection) as queries:
            assert all(made.row for made in make(world, *rows))
        return len(queries)

    assert asked(2, 1970) == asked(8, 1980)
    assert Person.objects.count() == 10
