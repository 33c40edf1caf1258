"""班次, 人次 and 人 by unit, 本季 and 累计: numbers by hand, read through the registers' own tables."""

from __future__ import annotations

from datetime import date

from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger.models import Period
from ledger.registers import ReportTable
from ledger.scope import scope_of
from tests.labor.conftest import Training

MARCH = (date(2022, 3, 7), date(2022, 3, 9))


def told(training: Training, who: str, quarter: str) -> list[ReportTable]:
    scope, period = scope_of(training.world.users[who]), Period.objects.get(code=quarter)
    found: list[ReportTable] = []
    for register in (TRAINING_COURSE, TRAINING_ATTENDANCE):
        assert register.report_tables
        found += register.report_tables(training.plan, scope.for_register(register.code), period)
    return found


def test_a_person_in_two_units_counts_in_both_and_once_in_all(training: Training) -> None:
    march, june = training.course("食用菌种植班", held=MARCH), training.course("月嫂班")
    theirs = training.course("电商班", who="店子")
    guessed = training.course("厨师班", who="店子", estimate=60)
    training.approve(march, june, theirs, guessed)
    training.approve(training.attends(march, 1))
    training.approve(training.attends(june, 1), training.attends(june, 2))
    training.approve(training.attends(theirs, 1, who="店子"))

    courses, people = told(training, "领导", "2022Q2")
    assert courses.headings == ["单位", "班次 本季", "班次 累计"]
    assert courses.rows == [["店子镇", "2", "2"], ["徐庄镇", "1", "2"], ["合计", "3", "4"]]
    assert people.headings == ["单位", "培训人次 本季", "培训人次 累计", "培训人数 本季", "培训人数 累计"]
    assert people.rows == [
        ["店子镇", "61", "61", "1", "1"],
        ["徐庄镇", "2", "3", "1", "2"],
        ["合计", "63", "64", "1", "2"],  # three in the units, two people
    ]
    before = told(training, "领导", "2022Q1")
    assert [table.rows for table in before] == [
        [["徐庄镇", "1", "1"], ["合计", "1", "1"]],
        [["徐庄镇", "1", "1", "1", "1"], ["合计", "1", "1", "1", "1"]],
    ]
    after = told(training, "领导", "2022Q3")
    assert after[1].rows[-1] == ["合计", "0", "64", "0", "2"]


def test_a_unit_sees_its_own_numbers_and_no_sum(training: Training) -> None:
    june, theirs = training.course("月嫂班"), training.course("电商班", who="店子")
    training.approve(june, theirs)
    training.approve(training.attends(june, 1), training.attends(theirs, 2, who="店子"))
    courses, people = told(training, "徐庄", "2022Q2")
    assert courses.rows == [["徐庄镇", "1", "1"]]
    assert people.rows == [["徐庄镇", "1", "1", "1", "1"]]
    assert not people.has_total


def test_what_was_taken_back_is_gone_from_the_tables(training: Training) -> None:
    june = training.approve(training.course("月嫂班"))
    one = training.approve(training.attends(june, 1))
    training.reverse(one)
    assert told(training, "领导", "2022Q2")[1].rows == [["合计", "0", "0", "0", "0"]]


def test_a_plan_that_counts_no_training_has_no_such_table(training: Training) -> None:
    other = training.world.add_plan(2023, on=date(2022, 6, 1))
    assert told(Training(training.world, other), "领导", "2022Q2") == []
