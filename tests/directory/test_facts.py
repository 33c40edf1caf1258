"""户类型 and 监测对象类别: two facts, each from its day; the union of both is eligible (DOMAIN §0.4, §4.4)."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from audit.models import Event
from audit.triggers import refused_by
from directory import people
from directory.actions import NotAllowed
from directory.facts import (
    HOUSEHOLD,
    MONITOR,
    Fact,
    FactClash,
    add_fact,
    add_facts,
    eligible_ids,
    is_eligible,
    read_value,
    withdraw_fact,
)
from directory.models import Person, PersonFact
from tests.directory.invented import row
from tests.kept import kept
from tests.ledger.world import World, make_world

pytestmark = pytest.mark.django_db

LIST = "2022年6月花名册"


@kept
def world() -> World:
    return make_world()


@kept
def persons(world: World) -> list[Person]:
    found = people.resolve_people(
        by=None,
        on=date(2022, 7, 5),
        organization=world.units["徐庄镇"],
        rows=[row(serial) for serial in range(4)],
    )
    return [Person.objects.get(pk=pk or 0) for pk in found.ids]


def day(text: str) -> date:
    return date.fromisoformat(text)


def fact(person: Person, value: str, since: str, *, removed: str = "") -> Fact:
    kind = HOUSEHOLD if value in PersonFact.HouseholdType.values else MONITOR
    return Fact(person.pk, kind, value, day(since), day(removed) if removed else None)


# The facts (value since [removed]), then days with the expected answer.
CASES = """
                                                       | 2022-06-30 no
ordinary 2021-01-01                                    | 2022-06-30 no
lifted 2021-01-01                                      | 2020-12-31 no, 2021-01-01 yes, 2022-06-30 yes
lifted 2021-01-01; ordinary 2022-04-01                 | 2022-03-31 yes, 2022-04-01 no
ordinary 2022-04-01; lifted 2021-01-01                 | 2022-03-31 yes, 2022-04-01 no
none 2021-01-01                                        | 2022-06-30 no
unstable 2022-02-01                                    | 2022-01-31 no, 2022-02-01 yes
marginal 2022-02-01; none 2022-05-01                   | 2022-04-30 yes, 2022-05-01 no
sudden 2022-02-01 2022-05-20                           | 2022-02-01 yes, 2022-05-19 yes, 2022-05-20 yes, 2022-05-21 no
sudden 2022-02-01; sudden 2022-05-20 2022-05-20        | 2022-05-19 yes, 2022-05-20 yes, 2022-05-21 no
sudden 2022-02-01 2022-05-20; marginal 2022-09-01      | 2022-08-31 no, 2022-09-01 yes
ordinary 2021-01-01; marginal 2022-02-01               | 2022-01-31 no, 2022-02-01 yes
lifted 2021-01-01; unstable 2022-02-01 2022-05-20      | 2022-05-21 yes
lifted 2021-01-01; none 2021-01-01                     | 2022-06-30 yes
"""


@pytest.mark.parametrize("case", [line for line in CASES.splitlines() if "|" in line])
def test_who_is_eligible_on_which_day(persons: list[Person], case: str) -> None:
    person, other = persons[:2]
    told, _, expected = case.partition("|")
    for words in filter(None, (part.split() for part in told.split(";"))):
        value, since, *removed = words
        add_facts(by=None, facts=[fact(person, value, since, removed="".join(removed))], source=LIST)
    add_facts(by=None, facts=[fact(other, "ordinary", "2000-01-01")], source=LIST)
    for answer in expected.split(","):
        on, verdict = answer.split()
        assert is_eligible(person, day(on)) == (verdict == "yes"), answer
        assert eligible_ids([person.pk, other.pk], day(on)) == ({person.pk} if verdict == "yes" else set())


def test_merged_people_have_one_time_line(persons: list[Person]) -> None:
    one, two, three, four = persons
    add_facts(
        by=None, facts=[fact(one, "lifted", "2021-01-01"), fact(two, "ordinary", "2022-04-01")], source=LIST
    )
    with transaction.atomic():
        people.set_merged_into(by=None, person=one, into=three)
        people.set_merged_into(by=None, person=two, into=three)
    assert eligible_ids([p.pk for p in persons], day("2022-03-31")) == {one.pk, two.pk, three.pk}
    assert eligible_ids([p.pk for p in persons], day("2022-04-01")) == set()
    with transaction.atomic():
        people.clear_merged_into(by=None, person=two)
    assert eligible_ids([p.pk for p in persons], day("2022-04-01")) == {one.pk, three.pk}
    assert not is_eligible(four, day("2022-04-01"))


def test_what_holds_already_is_not_written_again(persons: list[Person]) -> None:
    facts = [fact(person, "lifted", "2022-06-30") for person in persons]
    assert add_facts(by=None, facts=facts, source=LIST) == 4
    assert add_facts(by=None, facts=facts, source=LIST) == 0
    later = [fact(persons[0], "lifted", "2022-09-30"), fact(persons[0], "ordinary", "2022-12-31")]
    assert add_facts(by=None, facts=[*later, *later], source="2022年9月花名册") == 1
    assert PersonFact.objects.count() == 5


def test_another_value_for_the_same_day_is_a_clash_and_nothing_is_written(persons: list[Person]) -> None:
    add_facts(by=None, facts=[fact(persons[0], "lifted", "2022-06-30")], source=LIST)
    with pytest.raises(FactClash, match=f"人员 {persons[0].pk}。") as caught:
        add_facts(
            by=None,
            facts=[fact(persons[1], "lifted", "2022-06-30"), fact(persons[0], "ordinary", "2022-06-30")],
            source=LIST,
        )
    assert caught.value.person_ids == [persons[0].pk]
    assert PersonFact.objects.count() == 1


def test_a_wrong_fact_is_withdrawn_and_the_one_before_holds_again(
    world: World, persons: list[Person]
) -> None:
    person, clerk = persons[0], world.users["徐庄"]
    add_fact(
        by=clerk, person=person, kind=HOUSEHOLD, value="lifted", valid_from=day("2021-01-01"), source=LIST
    )
    add_fact(
        by=clerk, person=person, kind=HOUSEHOLD, value="ordinary", valid_from=day("2022-01-01"), source=LIST
    )
    wrong = PersonFact.objects.get(value="ordinary")
    with pytest.raises(ValidationError, match="至少5个字"):
        withdraw_fact(by=clerk, fact=wrong, reason="错了")
    with pytest.raises(NotAllowed):
        withdraw_fact(by=world.users["店子"], fact=wrong, reason="看错了一行")
    withdraw_fact(by=clerk, fact=wrong, reason="看错了一行")
    assert is_eligible(person, day("2022-06-30"))
    with pytest.raises(ValidationError, match="已经撤销"):
        withdraw_fact(by=clerk, fact=wrong, reason="看错了一行")
    assert Event.objects.latest("pk").summary == "撤销户类型（2022-01-01起），理由：看错了一行"
    add_fact(
        by=clerk, person=person, kind=HOUSEHOLD, value="ordinary", valid_from=day("2022-01-01"), source=LIST
    )


def test_a_fact_by_hand_is_checked_and_needs_a_right(world: World, persons: list[Person]) -> None:
    def add(who: str, **values: Any) -> None:
        given = {
            "kind": HOUSEHOLD,
            "value": "lifted",
            "valid_from": day("2022-01-01"),
            "source": LIST,
            **values,
        }
        add_fact(by=world.users[who], person=persons[0], **given)

    for who in ("店子", "财政", "领导"):
        with pytest.raises(NotAllowed):
            add(who)
        assert Event.objects.latest("pk").outcome == "refused"
    with pytest.raises(ValidationError) as caught:
        add("徐庄", value="unstable", source=" ")
    assert "source" in caught.value.message_dict
    with pytest.raises(ValidationError, match="类别与项目不符"):
        add("徐庄", value="unstable")
    with pytest.raises(ValidationError, match="只有监测对象"):
        add("徐庄", risk_removed_on=day("2022-02-01"))
    add("徐庄")
    with pytest.raises(ValidationError, match="无需再登记"):
        add("审核")


def test_the_database_keeps_facts_as_they_were_recorded(persons: list[Person]) -> None:
    add_facts(by=None, facts=[fact(persons[0], "sudden", "2022-01-01")], source=LIST)
    for change in (
        {"value": "none"},
        {"valid_from": day("2021-01-01")},
        {"risk_removed_on": day("2022-02-01")},
    ):
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            PersonFact.objects.update(**change)
        assert refused_by(caught.value) == "directory_personfact_only_withdrawn"
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PersonFact.objects.get().delete()
    assert refused_by(caught.value) == "directory_personfact_no_delete"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (HOUSEHOLD, "脱贫户", "lifted"),
        (HOUSEHOLD, " 普通农户 ", "ordinary"),
        (HOUSEHOLD, "贫困户", None),
        (HOUSEHOLD, "", None),
        (MONITOR, "", "none"),
        (MONITOR, "无", "none"),
        (MONITOR, "–", "none"),
        (MONITOR, "突发严重困难户", "sudden"),
        (MONITOR, "脱贫不稳定户", "unstable"),
        (MONITOR, "边缘 易致贫户", "marginal"),
        (MONITOR, "脱贫户", None),
    ],
)
def test_values_are_read_as_sheets_write_them(kind: str, text: str, value: str | None) -> None:
    assert read_value(kind, text) == value


def test_ten_thousand_are_asked_at_once(
    world: World, django_assert_max_num_queries: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(serial) for serial in range(10_000)]
    found = people.resolve_people(
        by=None, on=day("2022-07-05"), organization=world.units["徐庄镇"], rows=rows
    )
    ids = [pk for pk in found.ids if pk]
    facts = [Fact(pk, HOUSEHOLD, "lifted", day("2022-01-01")) for pk in ids[::2]]
    begun = time.perf_counter()
    with django_assert_max_num_queries(25):
        assert add_facts(by=None, facts=facts, source=LIST) == 5000
    added = time.perf_counter() - begun
    with django_assert_max_num_queries(6):
        assert eligible_ids(ids, day("2022-06-30")) == set(ids[::2])
    asked = time.perf_counter() - begun - added
    with capsys.disabled():
        print(  # noqa: T201
            f"\n5,000 facts on {connection.vendor}: added {added:.2f} s, eligible of 10,000 {asked:.2f} s"
        )
