"""People: who a row is, what is refused, what is kept, and who may look."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from audit.models import Event
from audit.triggers import refused_by
from directory import people
from directory.actions import NotAllowed
from directory.models import Division, Organization, Person, PersonVersion, User
from directory.people import AlreadyMerged, PersonChanged, PersonRow, TooManySearches
from tests.directory.invented import name, number, phone, row
from tests.kept import kept
from tests.ledger.world import World, make_world

TODAY = date(2022, 7, 5)
ZHANG = PersonRow(name="张小三", id_number="990000197906120027", phones="13800001234")
CHILD = PersonRow(name="李小四", id_number="990000201403150012")
NAMELESS_CHILD = "李小四"
UNNUMBERED = PersonRow(name="王大五", birth_month="1980-02")

pytestmark = pytest.mark.django_db


@kept
def world() -> World:
    return make_world()


@pytest.fixture
def xuzhuang(world: World) -> Organization:
    return world.units["徐庄镇"]


def register(unit: Organization, *rows: PersonRow, by: User | None = None) -> people.Resolved:
    return people.resolve_people(by=by, on=TODAY, organization=unit, rows=rows)


def said(resolved: people.Resolved) -> list[tuple[int, str, str]]:
    return [(problem.index, problem.field, problem.message) for problem in resolved.problems]


def test_a_person_is_registered_once_and_found_by_number_alone(world: World, xuzhuang: Organization) -> None:
    first = register(xuzhuang, ZHANG, by=world.users["徐庄"])
    assert (first.new, first.problems, first.warnings) == (1, [], [])
    again = register(
        world.units["店子镇"], replace(ZHANG, name="张 小三", id_number="９９００００197906120027")
    )
    assert (again.ids, again.new) == (first.ids, 0)
    person = people.find_by_identity("990000197906120027")
    assert person is not None
    assert person.pk == first.ids[0]
    assert (person.sex, person.birth_date, person.birth_month) == ("female", date(1979, 6, 12), "1979-06")
    assert (person.organization, person.version, person.is_provisional) == (xuzhuang, 1, False)
    assert (person.id_number.open(), person.phones.open()) == ("990000197906120027", "13800001234")
    assert people.find_by_identity("990000201403150012") is None
    event = Event.objects.get(verb="person.registered")
    assert event.summary == "登记人员：1人，登记单位：徐庄镇"
    assert event.actor_name == "徐庄（徐庄镇）"


def test_a_disability_certificate_and_an_identity_card_are_one_person(xuzhuang: Organization) -> None:
    found = register(xuzhuang, replace(ZHANG, id_number="99000019790612002743"), ZHANG)
    assert found.ids[0] == found.ids[1]
    person = Person.objects.get()
    assert (person.id_number.open(), person.disability.open()) == ("990000197906120027", "43")
    assert people.find_by_identity("99000019790612002743") == person


def test_all_problems_of_all_rows_come_at_once_and_the_right_rows_are_registered(
    xuzhuang: Organization,
) -> None:
    found = register(
        xuzhuang,
        ZHANG,
        PersonRow(name="", id_number="990000197906120028", phones="138"),
        PersonRow(name="李四"),
        replace(CHILD, sex="female", birth_date=date(2014, 3, 16)),
        replace(ZHANG, name="张大三"),
        PersonRow(name="13800001234", birth_month="1980-13"),
    )
    assert [pk is not None for pk in found.ids] == [True, False, False, False, False, False]
    assert said(found) == [
        (1, "name", "没有填写姓名。"),
        (1, "phones", "电话应为11位手机号，或带区号的座机，现为3位，请核对。"),
        (1, "id_number", "身份证号校验不符：按前17位，末位应为7，现为8，请逐位核对。"),
        (2, "id_number", "没有身份证号的，请填写出生年月，先登记为临时人员。"),
        (3, "sex", "填的是女，按身份证号应为男，请核对。"),
        (3, "birth_date", "填的是2014-03-16，与身份证号里的出生日期不一致，请核对。"),
        (
            4,
            "name",
            "身份证号990000********0027在同时登记的另一行里是别的姓名，请核对。",
        ),
        (5, "name", "姓名里有数字，请核对是否填错了列。"),
        (5, "birth_month", "出生年月应写作1979-06，且不晚于本月。"),
    ]
    assert Person.objects.count() == 1


def test_the_preview_says_what_the_import_then_does_and_writes_nothing(xuzhuang: Organization) -> None:
    rows = [ZHANG, ZHANG, CHILD, replace(CHILD, name="李小五"), UNNUMBERED, PersonRow(name="李四")]
    preview = people.match_people(on=TODAY, organization=xuzhuang, rows=rows)
    assert (Person.objects.count(), preview.new, preview.ids) == (0, 3, [None] * 6)
    done = register(xuzhuang, *rows)
    assert (done.new, said(done)) == (preview.new, said(preview))
    after = people.match_people(on=TODAY, organization=xuzhuang, rows=rows)
    assert (after.new, after.ids) == (0, done.ids)


def test_a_conflict_over_a_child_names_no_child(xuzhuang: Organization) -> None:
    pk = register(xuzhuang, CHILD).ids[0]
    (problem,) = register(xuzhuang, replace(CHILD, name="赵甲")).problems
    assert NAMELESS_CHILD not in problem.message
    assert f"儿童{pk}（6至13岁）" in problem.message


def test_a_conflict_shows_both_names_masked(xuzhuang: Organization) -> None:
    register(xuzhuang, ZHANG)
    other, alike = register(xuzhuang, replace(ZHANG, name="王二"), replace(ZHANG, name="张晓三")).problems
    assert other.message == (
        "身份证号990000********0027已登记的姓名是张*三，与这里的王*不同，请核对；确已改名的，请先更正人员资料。"
    )
    assert "与这里的不同" in alike.message


def test_people_without_a_number_are_one_by_name_unit_and_birth_month(
    world: World, xuzhuang: Organization
) -> None:
    first = register(xuzhuang, UNNUMBERED, replace(UNNUMBERED, birth_month="1980-03"))
    assert len(set(first.ids)) == 2
    assert register(xuzhuang, replace(UNNUMBERED, name=" 王大 五")).ids == [first.ids[0]]
    assert register(world.units["店子镇"], UNNUMBERED).ids != [first.ids[0]]
    assert Person.objects.get(pk=first.ids[0] or 0).is_provisional


def test_a_number_and_a_provisional_person_alike_are_pointed_out(xuzhuang: Organization) -> None:
    (provisional,) = register(xuzhuang, replace(UNNUMBERED, name="张小三", birth_month="1979-06")).ids
    found = register(xuzhuang, ZHANG)
    assert [warning.message for warning in found.warnings] == [
        f"与人员 {provisional} 同名、同出生年月，可能是同一人；如是，请登记后提请合并。"
    ]
    assert register(xuzhuang, ZHANG).warnings == []  # said when it can still be heeded, not at every import


def test_register_person_raises_all_errors_at_their_fields(xuzhuang: Organization) -> None:
    with pytest.raises(ValidationError) as caught:
        people.register_person(
            by=None, on=TODAY, organization=xuzhuang, row=PersonRow(name="", id_number="1", phones="1")
        )
    assert set(caught.value.message_dict) == {"name", "id_number", "phones"}
    assert people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG).pk


def test_a_change_is_a_new_version_and_the_old_ones_stay(world: World, xuzhuang: Organization) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    clerk = world.users["徐庄"]
    changed = people.change_person(
        by=clerk, on=TODAY, person=person, seen=1, name="张晓三", phones="13900001234"
    )
    assert (changed.version, changed.name, changed.phones.open()) == (2, "张晓三", "13900001234")
    kept = [
        json.loads(v.snapshot.open()) for v in PersonVersion.objects.filter(person=person).order_by("version")
    ]
    assert [(state["name"], state["phones"]) for state in kept] == [
        ("张小三", "13800001234"),
        ("张晓三", "13900001234"),
    ]
    assert kept[1] == json.loads(json.dumps(people.state_of(changed), default=date.isoformat))
    event = Event.objects.get(verb="person.changed")
    assert event.details == {"fields": ["name", "phones"], "version": 2}
    with pytest.raises(PersonChanged, match="第2版"):
        people.change_person(by=clerk, on=TODAY, person=person, seen=1, name="张三")
    assert people.change_person(by=clerk, on=TODAY, person=person, seen=2, name="张晓三").version == 2


def test_a_change_is_checked_like_a_row(world: World, xuzhuang: Organization) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    people.register_person(by=None, on=TODAY, organization=xuzhuang, row=CHILD)
    change: Callable[..., Person] = lambda **values: people.change_person(  # noqa: E731
        by=None, on=TODAY, person=person, seen=1, **values
    )
    with pytest.raises(ValidationError) as caught:
        change(id_number="990000197906120028", phones="1", name="")
    assert set(caught.value.message_dict) == {"id_number", "phones", "name"}
    with pytest.raises(ValidationError, match="提请合并"):
        change(id_number="990000201403150012")
    with pytest.raises(ValidationError, match="按身份证号应为女"):
        change(sex="male")


def test_who_gets_a_number_later_is_still_found_without_it(xuzhuang: Organization) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=UNNUMBERED)
    known = people.change_person(by=None, on=TODAY, person=person, seen=1, id_number=number(20))
    assert not known.is_provisional
    assert people.find_by_identity(number(20)) == person
    assert register(xuzhuang, UNNUMBERED).ids == [person.pk]


def test_only_the_own_unit_and_the_reviewers_change_a_person(world: World, xuzhuang: Organization) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    for who in ("店子", "财政", "领导"):
        with pytest.raises(NotAllowed):
            people.change_person(by=world.users[who], on=TODAY, person=person, seen=1, name="张三")
        assert Event.objects.latest("pk").outcome == "refused"
    for who in ("徐庄", "徐庄二", "审核"):
        people.change_person(by=world.users[who], on=TODAY, person=person, seen=1, name="张小三")


# Looking ----------------------------------------------------------------------------------------------------------


def test_a_look_in_full_needs_a_right_and_a_reason_and_is_kept(world: World, xuzhuang: Organization) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    shown = people.reveal(
        by=world.users["徐庄"], person=person, reason="核对培训签到表", fields=["phones", "id_number"]
    )
    assert shown == {"id_number": "990000197906120027", "phones": "13800001234"}
    event = Event.objects.get(verb="person.revealed")
    assert event.target == f"directory.person:{person.pk}"
    assert event.summary == f"查看完整信息：人员 {person.pk}（身份证号、电话），理由：核对培训签到表"
    assert event.details == {"fields": ["id_number", "phones"], "reason": "核对培训签到表"}


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("核对", "至少5个字"),
        ("　　核对　　　", "至少5个字"),
        ("核对990000197906120027", "不要写证件号码"),
        ("打电话1３8 0000 1234核对", "不要写证件号码"),
        ("核" * 201, "不超过200个字"),
    ],
)
def test_a_reason_that_is_none_is_refused(
    world: World, xuzhuang: Organization, reason: str, message: str
) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    with pytest.raises(ValidationError, match=message):
        people.reveal(by=world.users["审核"], person=person, reason=reason, fields=["phones"])
    with pytest.raises(ValidationError, match="选择要查看的内容"):
        people.reveal(by=world.users["审核"], person=person, reason="核对培训签到", fields=["id_hash"])
    assert not Event.objects.filter(verb="person.revealed").exists()


def test_who_has_no_right_is_refused_and_the_attempt_is_kept(world: World, xuzhuang: Organization) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    strangers = [world.users[who] for who in ("店子", "财政", "领导")]
    for role in ("system_admin", "security_admin", "auditor"):
        strangers.append(User.objects.create(username=role, full_name=role, role=role))
    stopped = world.users["徐庄"]
    stopped.is_active = False
    for by in [*strangers, stopped]:
        with pytest.raises(NotAllowed):
            people.reveal(by=by, person=person, reason="核对培训签到表", fields=["phones"])
        refused = Event.objects.latest("pk")
        assert (refused.verb, refused.outcome, refused.actor_id) == ("person.revealed", "refused", by.pk)


def test_the_township_where_somebody_lives_sees_them_whoever_registered_them(
    world: World, xuzhuang: Organization
) -> None:
    village = Division.objects.create(
        code="370406106204", name="湖沟村委会", level="village", parent=xuzhuang.division
    )
    person = people.register_person(
        by=None, on=TODAY, organization=world.units["财政局"], row=replace(ZHANG, division_id=village.pk)
    )
    seen = {who for who, user in world.users.items() if person in people.people_for(user)}
    assert seen == {"徐庄", "徐庄二", "财政", "局里", "审核", "复核", "领导"}
    opened = {who for who, user in world.users.items() if people.may_reveal(user, person)}
    assert opened == {"徐庄", "徐庄二", "财政", "局里", "审核", "复核"}


def test_administrators_and_the_partner_side_see_nobody(world: World, xuzhuang: Organization) -> None:
    register(xuzhuang, ZHANG)
    partner = Organization.objects.create(
        code="rcrsj", name="荣成市人社局", short_name="荣成人社局", kind="partner", side="rongcheng"
    )
    for role, unit in (
        ("system_admin", None),
        ("auditor", None),
        ("security_admin", None),
        ("partner", partner),
    ):
        user = User.objects.create(username=role, full_name=role, role=role, organization=unit)
        assert not people.people_for(user).exists()


def test_a_search_finds_only_whom_one_may_see_and_keeps_no_number(
    world: World, xuzhuang: Organization
) -> None:
    person = people.register_person(by=None, on=TODAY, organization=xuzhuang, row=ZHANG)
    search = people.search_identity
    assert search(by=world.users["徐庄"], number="99000019790612002 7", on=TODAY) == person
    assert search(by=world.users["店子"], number="990000197906120027", on=TODAY) is None
    assert people.search_name(by=world.users["徐庄"], name="小三") == [person]
    assert people.search_name(by=world.users["店子"], name="小三") == []
    with pytest.raises(ValidationError, match="末位应为7"):
        search(by=world.users["徐庄"], number="990000197906120028", on=TODAY)
    with pytest.raises(ValidationError, match="两个字"):
        people.search_name(by=world.users["徐庄"], name="张")
    kept = list(Event.objects.filter(verb="person.searched").order_by("pk"))
    assert [event.details for event in kept] == [
        {"by": "id_number", "found": 1},
        {"by": "id_number", "found": 0},
        {"by": "name", "found": 1},
        {"by": "name", "found": 0},
    ]
    assert "990000" not in str(list(Event.objects.values()))
    assert "小三" not in str(list(Event.objects.values()))


def test_numbers_cannot_be_tried_out(world: World, xuzhuang: Organization) -> None:
    clerk = world.users["徐庄"]
    for serial in range(people.SEARCHES_PER_MINUTE):
        people.search_identity(by=clerk, number=number(serial), on=TODAY)
    with pytest.raises(TooManySearches, match="最多查找20次"):
        people.search_identity(by=clerk, number=number(99), on=TODAY)
    assert Event.objects.latest("pk").outcome == "refused"
    people.search_identity(by=world.users["店子"], number=number(99), on=TODAY)  # others go on


# Merging ----------------------------------------------------------------------------------------------------------


def test_merging_and_splitting_follow_chains_and_keep_versions(world: World, xuzhuang: Organization) -> None:
    one, two, three = (
        Person.objects.get(pk=pk or 0) for pk in register(xuzhuang, row(1), row(2), row(3)).ids
    )
    with transaction.atomic():
        assert people.set_merged_into(by=None, person=one, into=two) == two
        assert people.set_merged_into(by=None, person=two, into=three) == three
    assert people.survivors([one.pk, two.pk, three.pk]) == dict.fromkeys([one.pk, two.pk, three.pk], three.pk)
    assert people.merged_members([three.pk]) == dict.fromkeys([one.pk, two.pk, three.pk], three.pk)
    for person, into in ((one, three), (three, one), (one, one), (three, three)):
        with pytest.raises(AlreadyMerged), transaction.atomic():
            people.set_merged_into(by=None, person=person, into=into)
    with transaction.atomic():
        people.clear_merged_into(by=None, person=two)
    assert people.survivors([one.pk, two.pk, three.pk]) == {
        one.pk: two.pk,
        two.pk: two.pk,
        three.pk: three.pk,
    }
    with pytest.raises(AlreadyMerged), transaction.atomic():
        people.clear_merged_into(by=None, person=two)
    two.refresh_from_db()
    assert two.version == 3
    assert [json.loads(v.snapshot.open())["merged_into"] for v in two.versions.order_by("version")] == [
        None,
        three.pk,
        None,
    ]


# The database -----------------------------------------------------------------------------------------------------


def refused(attempt: Callable[[], Any]) -> str | None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        attempt()
    return refused_by(caught.value)


def test_nobody_disappears_and_no_version_is_rewritten(xuzhuang: Organization) -> None:
    register(xuzhuang, ZHANG)
    person, version = Person.objects.get(), PersonVersion.objects.get()
    assert (
        refused(lambda: Person.objects.filter(pk=person.pk)._raw_delete("default"))
        == "directory_person_no_delete"
    )
    for change in ({"version": 2}, {"snapshot": "{}"}, {"at": person.created_at.replace(year=2000)}):
        found = refused(lambda change=change: PersonVersion.objects.update(**change))  # type: ignore[misc]
        assert found == "directory_personversion_no_update"
    assert refused(version.delete) == "directory_personversion_no_delete"
    assert refused(lambda: Person.objects.update(id_hash=None)) == "person_can_be_found"


def test_a_number_is_there_once_whatever_door_is_taken(xuzhuang: Organization) -> None:
    register(xuzhuang, ZHANG)
    person = Person.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(name="别人", id_hash=person.id_hash, organization=xuzhuang)


@pytest.mark.django_db(transaction=True)
def test_imports_at_the_same_moment_that_bring_the_same_people_make_each_once() -> None:
    unit = make_world().units["徐庄镇"]
    rows = [row(serial) for serial in range(300)]
    results: list[people.Resolved | Exception] = []
    start = threading.Barrier(4)

    def run(mine: list[PersonRow]) -> None:
        try:
            start.wait(10)
            results.append(people.resolve_people(by=None, on=TODAY, organization=unit, rows=mine))
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    orders = [rows, rows[::-1], rows[150:] + rows[:150], rows[::2] + rows[1::2]]
    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    resolved = [result for result in results if isinstance(result, people.Resolved)]
    assert len(resolved) == 4, results
    assert Person.objects.count() == PersonVersion.objects.count() == 300
    assert sum(result.new for result in resolved) == 300
    assert all(None not in result.ids and result.problems == [] for result in resolved)


def test_ten_thousand_people_are_resolved_with_a_handful_of_queries(
    xuzhuang: Organization, django_assert_max_num_queries: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(serial) for serial in range(10_000)]
    times: dict[str, float] = {}
    for stage, limit in (("new", 40), ("again", 10)):
        begun = time.perf_counter()
        with django_assert_max_num_queries(limit):
            found = register(xuzhuang, *rows)
        times[stage] = time.perf_counter() - begun
        assert found.problems == []
        assert len(set(found.ids)) == 10_000
    with capsys.disabled():
        print(  # noqa: T201
            f"\n10,000 people on {connection.vendor}: new {times['new']:.2f} s, again {times['again']:.2f} s"
        )


def test_nothing_of_a_person_is_in_an_event_or_a_repr(world: World, xuzhuang: Organization) -> None:
    clerk = world.users["徐庄"]
    person = people.register_person(by=clerk, on=TODAY, organization=xuzhuang, row=ZHANG)
    people.change_person(by=clerk, on=TODAY, person=person, seen=1, phones="13900001234", name="张晓三")
    people.reveal(by=clerk, person=person, reason="核对培训签到表", fields=list(people.SECRETS))
    text = (
        str(list(Event.objects.values()))
        + repr(person)
        + str(person)
        + repr(ZHANG)
        + repr(person.__dict__["phones"])
    )
    for secret in ("990000", "1380000", "1390000", "张小三", "张晓三", "1979"):
        assert secret not in text


def test_names_and_numbers_of_the_invented_are_each_once() -> None:
    assert len({number(serial) for serial in range(10_000)}) == 10_000
    assert phone(1) == "13900000001"
    assert len(name(1)) >= 2
