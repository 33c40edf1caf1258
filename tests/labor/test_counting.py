"""人, 人次 and 场 by hand-written numbers: one person in two courses is 1 人 and 2 人次, whatever happens in between."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory import facts
from directory.identity import mask_id_staff
from directory.models import Person, PersonFact
from labor.models import TrainingAttendance
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger import actions
from ledger.accounts import remembered
from ledger.acting import NotYet, SubjectTaken
from ledger.models import Account, Entry, Participation, Transfer
from tests.labor.conftest import ON, Training, name, number
from tests.ledger.together import both_ways


def test_a_person_in_two_courses_is_one_person_and_two_attendances(training: Training) -> None:
    first, second = training.course("食用菌种植班"), training.course("月嫂班")
    training.approve(first, second)
    assert training.counts() == {"人": 0, "人次": 0, "场": 2, "带动": 0}
    one, two = training.attends(first, 1), training.attends(second, 1)
    assert training.count("trained_people") == (0, 1)  # two waiting entries, one person
    assert training.count("training_attendances") == (0, 2)
    training.approve(one, two)
    assert training.counts() == {"人": 1, "人次": 2, "场": 2, "带动": 1}
    training.reverse(one)
    assert training.counts() == {"人": 1, "人次": 1, "场": 2, "带动": 1}
    training.reverse(two)
    assert training.counts() == {"人": 0, "人次": 0, "场": 2, "带动": 0}
    training.check()


def test_only_those_eligible_on_the_day_reach_the_5000_and_parts_are_counted_beside(
    training: Training,
) -> None:
    course = training.approve(training.course())
    lifted = training.attends(course, 1, category="lifted")
    marginal = training.attends(course, 2, category="marginal")
    ordinary = training.attends(course, 3, category="ordinary")
    training.approve(lifted, marginal, ordinary)
    assert training.counts() == {"人": 3, "人次": 3, "场": 1, "带动": 2}
    parts = {
        account.code: account.balance
        for account in Account.objects.filter(stage="part", code__startswith="2022/target/benefit_people/")
    }
    assert parts == {"2022/target/benefit_people/脱贫": 1, "2022/target/benefit_people/监测": 1}
    assert Account.objects.get(code="2022/target/trained_people@370406106").balance == 3
    not_counted = Participation.objects.filter(entry=ordinary, eligible=False)
    assert not_counted.exists()
    training.check()


def test_the_unit_that_is_concerned_is_the_township_people_live_in(training: Training) -> None:
    course = training.approve(training.course())
    town = training.world.units["店子镇"].division
    training.approve(training.attends(course, 1, division=town))
    assert Account.objects.get(code="2022/target/trained_people@370406101").balance == 1
    assert training.counts()["人"] == 1


def test_an_estimate_counts_as_attendances_until_the_first_attendance_replaces_it(training: Training) -> None:
    course = training.approve(training.course(estimate=60))
    assert training.counts() == {"人": 0, "人次": 60, "场": 1, "带动": 0}
    entries = [training.attends(course, serial) for serial in (1, 2, 3)]
    assert training.count("training_attendances") == (60, 3)
    training.approve(entries[1])
    assert training.counts()["人次"] == 1
    # in one posting: the estimate out and the person in share one entry and one period
    kinds = set(Transfer.objects.filter(entry=entries[1]).values_list("kind", flat=True))
    assert {"replaced", "training_attendance", "counted"} <= kinds
    training.approve(entries[0], entries[2])
    assert training.counts()["人次"] == 3
    training.check()


def test_a_roster_approved_together_replaces_its_courses_estimates_as_one_by_one(training: Training) -> None:
    first = training.approve(training.course("甲班", estimate=60, who="店子"))
    second, waiting = training.course("乙班", estimate=10), training.course("丙班", estimate=5)
    training.approve(second)
    attends = [training.attends(course, n) for n, course in enumerate([first, second] * 3, 1)]
    attends += [training.attends(waiting, n) for n in (1, 7)]  # 1 is in two courses
    both_ways(training.world.users["审核"], [*attends[:4], waiting, *attends[4:]])
    assert training.counts() == {"人": 7, "人次": 8, "场": 3, "带动": training.counts()["带动"]}


def test_a_roster_reversed_together_brings_back_its_courses_estimates_as_one_by_one(
    training: Training,
) -> None:
    courses = [training.course(title, estimate=n) for title, n in (("甲班", 60), ("乙班", 10), ("丙班", 5))]
    training.approve(*courses)
    attends = [training.attends(courses[n % 3], 1 + n // 2) for n in range(10)]  # people in two courses
    training.approve(*attends)
    kept = attends[4]  # of 乙班, whose estimate so does not come back
    clerk, why = training.world.users["徐庄"], "整批传错"
    back = [
        actions.reverse(by=clerk, on=ON, entry=Entry.objects.unscoped("测试").get(pk=one.pk), reason=why)
        for one in attends
        if one is not kept
    ]
    both_ways(training.world.users["审核"], back)
    assert training.counts() | {"带动": 0} == {"人": 1, "人次": 66, "场": 3, "带动": 0}


def test_whoever_replaces_another_units_estimate_shows_that_unit_the_entry(training: Training) -> None:
    course = training.approve(training.course(estimate=60, who="店子"))
    entry = training.approve(training.attends(course, 1))
    assert {str(one) for one in entry.concerns.all()} == {"徐庄镇", "店子镇"}
    training.check()


def test_the_estimate_comes_back_only_when_the_last_attendance_is_reversed(training: Training) -> None:
    course = training.approve(training.course(estimate=60))
    entries = [training.attends(course, serial) for serial in (1, 2)]
    training.approve(*entries)
    training.reverse(entries[0])  # the one whose posting took the estimate back
    assert training.counts()["人次"] == 1
    training.check()
    training.reverse(entries[1])
    assert training.counts()["人次"] == 60
    training.check()
    training.reverse(course)
    assert training.counts() == {"人": 0, "人次": 0, "场": 0, "带动": 0}
    training.check()


def test_correcting_a_course_moves_its_estimate_only_while_it_stands(training: Training) -> None:
    course = training.approve(training.course(estimate=60))
    course = training.correct(course, TRAINING_COURSE, training.course_values(estimate=45))
    assert training.counts() == {"人": 0, "人次": 45, "场": 1, "带动": 0}
    attendance = training.approve(training.attends(course, 1))
    assert training.counts()["人次"] == 1
    course = training.correct(course, TRAINING_COURSE, training.course_values(estimate=50))
    assert training.counts()["人次"] == 1
    training.check()
    training.reverse(attendance)
    assert training.counts()["人次"] == 50
    training.check()


def test_an_attendance_corrected_into_another_course_takes_its_estimates_along(training: Training) -> None:
    first, second = training.course("甲班", estimate=60), training.course("乙班", estimate=10)
    training.approve(first, second)
    entry = training.approve(training.attends(first, 1))
    assert training.counts()["人次"] == 11
    training.correct(entry, TRAINING_ATTENDANCE, training.person_values(second, 1))
    assert training.counts() == {"人": 1, "人次": 61, "场": 2, "带动": 1}
    training.check()


def test_nobody_is_counted_before_their_course_is_approved(training: Training) -> None:
    course = training.course(estimate=60)
    entry = training.attends(course, 1)
    with pytest.raises(NotYet, match="请先审核"):
        training.approve(entry)
    training.approve(course, entry)
    assert training.counts() == {"人": 1, "人次": 1, "场": 1, "带动": 1}
    training.check()


def test_a_course_with_people_in_it_cannot_be_reversed(training: Training) -> None:
    course = training.approve(training.course())
    entry = training.approve(training.attends(course, 1))
    reversal = actions.reverse(by=training.world.users["徐庄"], on=ON, entry=course, reason="重复")
    with pytest.raises(NotYet, match=f"{entry.pk} 号"):
        training.approve(reversal)


def test_a_course_with_people_in_it_keeps_the_name_they_were_filed_under(training: Training) -> None:
    course = training.approve(training.course())
    training.attends(course, 1)
    before = actions.detail_of(course)
    (made,) = training.make(TRAINING_COURSE, [{"replaces": before, **training.course_values("另一个班")}])
    assert "已有学员" in made.errors["name"][0]
    (made,) = training.make(
        TRAINING_COURSE, [{"replaces": before, **training.course_values(place="徐庄镇文化站")}]
    )
    assert made.errors == {}


def test_one_person_twice_in_one_course_names_both_rows(training: Training) -> None:
    course = training.approve(training.course())
    rows = [training.person_values(course, serial, where=f"第 {serial + 3} 行") for serial in (1, 2)]
    rows.append(training.person_values(course, 1, where="第 9 行", id_number=f" {number(1).lower()}"))
    made = training.make(TRAINING_ATTENDANCE, rows)
    assert "第 9 行" in made[0].errors["id_number"][0]
    assert "第 4 行" in made[2].errors["id_number"][0]
    assert made[1].errors == {}
    entry = training.attends(course, 1)
    with pytest.raises(SubjectTaken, match=f"{entry.pk} 号"):
        training.attends(course, 1)


def test_the_directory_decides_and_the_sheet_says_more_only_where_it_knows_nothing(
    training: Training,
) -> None:
    course = training.approve(training.course())
    training.attends(course, 1, category="lifted")
    person = Person.objects.get()
    fact = PersonFact.objects.get(person=person)
    assert (fact.kind, fact.value, fact.valid_from) == ("household_type", "lifted", date(2022, 6, 6))
    other = training.approve(training.course("月嫂班"))
    (made,) = training.make(TRAINING_ATTENDANCE, [training.person_values(other, 1, category="ordinary")])
    assert "名录" in made.warnings[0]
    assert isinstance(made.row, TrainingAttendance)
    assert made.row.eligible
    assert PersonFact.objects.count() == 1
    # 监测对象 without saying which is no fact: told, not counted
    (made,) = training.make(TRAINING_ATTENDANCE, [training.person_values(other, 2, category="monitored")])
    assert "没有监测类别" in made.warnings[0]
    assert isinstance(made.row, TrainingAttendance)
    assert not made.row.eligible


def test_a_risk_removed_before_the_course_counts_as_trained_and_not_as_reached(training: Training) -> None:
    course = training.approve(training.course())
    (made,) = training.make(TRAINING_ATTENDANCE, [training.person_values(course, 1, category="other")])
    assert made.row is not None
    person = Person.objects.get()
    facts.add_facts(
        by=None,
        facts=[facts.Fact(person.pk, "monitor_type", "sudden", date(2022, 1, 1), date(2022, 6, 5))],
        source="测试",
    )
    training.approve(training.attends(course, 1, category="sudden"))
    assert training.counts() == {"人": 1, "人次": 1, "场": 1, "带动": 0}


def test_all_that_is_wrong_is_said_at_once_and_no_wrong_row_registers_anybody(training: Training) -> None:
    course = training.approve(training.course())
    bad = number(1)[:-1] + ("0" if number(1)[-1] != "0" else "1")
    made = training.make(
        TRAINING_ATTENDANCE,
        [
            training.person_values(course, 1, id_number=bad, category=""),
            training.person_values(course, 2, sex="female"),
            training.person_values(course, 3, certificate_no="长" * 61),
        ],
    )
    assert set(made[0].errors) == {"id_number", "category"}
    assert set(made[1].errors) == {"sex"}
    assert set(made[2].errors) == {"certificate_no"}
    assert not Person.objects.filter(name__in=[name(1), name(2)]).exists()
    for one in made:
        assert number(1) not in str(one.errors) + str(one.warnings)


def test_rows_hold_ids_and_pages_masks(training: Training) -> None:
    course = training.approve(training.course())
    entry = training.attends(course, 1, phones="13800001234")
    row = actions.detail_of(entry)
    stored = " ".join(str(getattr(row, f.attname)) for f in row._meta.concrete_fields) + entry.summary
    assert number(1) not in stored
    assert name(1) not in stored
    assert entry.subject.key == f"{course.subject_id}/{row.person_id}"
    values = TRAINING_ATTENDANCE.values(row)
    assert values["id_number"] == mask_id_staff(number(1))
    assert values["phones"] == "138****1234"
    assert TRAINING_ATTENDANCE.values(row, published=True)["id_number"].startswith("99*")


def test_ninety_rows_cost_no_more_queries_than_two(training: Training) -> None:
    course = training.approve(training.course())

    def queries(first: int, last: int) -> int:
        rows = [training.person_values(course, serial) for serial in range(first, last)]
        with CaptureQueriesContext(connection) as caught:
            made = training.make(TRAINING_ATTENDANCE, rows)
            with remembered():
                for one in made:
                    assert one.row is not None, one.errors
                    TRAINING_ATTENDANCE.legs(one.row)
                    TRAINING_ATTENDANCE.claims(one.row)
                    TRAINING_ATTENDANCE.values(one.row)
        return len(caught)

    queries(1, 3)
    assert queries(5, 95) <= queries(3, 5) + 2
