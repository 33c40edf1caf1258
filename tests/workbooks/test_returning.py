"""An export that comes back: by its 记录号 every row is known again, masked cells stay what they are (DESIGN §2.9)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from directory.models import Person
from labor.models import Placement, TrainingAttendance
from ledger import actions
from ledger.forms import form_for
from ledger.models import Entry
from ledger.registers import get_register
from ledger.verify import verify
from tests.desk.cast import returned, stored
from tests.ledger.world import World
from tests.workbooks.conftest import ON, approve_batch, commit, preview
from tests.workbooks.files import attendee, courses, roster, saved, xlsx
from workbooks import writing
from workbooks.report import Report

HEADER = 4


def exported(world: World, code: str, who: str = "徐庄") -> Any:
    """The sheet of what the unit has standing of a register, as openpyxl reads it."""
    register, user = get_register(code), world.users[who]
    rows = Entry.objects.for_user(user).filter(filed_for=user.organization)
    data = writing.export(
        register=register, entries=writing.live(rows, register), title="徐庄镇培训学员", on=ON
    )
    return load_workbook(io.BytesIO(data)).active


def at(sheet: Any, heading: str, row: int) -> Any:
    """The cell of a column, in the n-th row of data."""
    column = next(c.column for c in sheet[HEADER] if str(c.value).startswith(heading))
    return sheet.cell(HEADER + row, column)


def file(sheet: Any) -> bytes:
    return saved(sheet.parent)


def told(report: Report) -> list[tuple[str, str]]:
    """Cell and message of every error."""
    return [(one.cell, one.message) for one in report.errors]


def people(numbers: Iterable[int]) -> bytes:
    return roster([attendee(n) for n in numbers])


@pytest.fixture
def three(world: World, course: None) -> list[Entry]:
    """Three attendances of 徐庄镇, the first approved."""
    report = commit(world, people(range(1, 4)))
    approve_batch(world, report.batch, 1)
    return list(Entry.objects.unscoped("测试").filter(batch=report.batch).order_by("pk"))


def test_an_export_that_comes_back_unchanged_says_nothing_new(world: World, three: list[Entry]) -> None:
    before, sheet = Person.objects.count(), exported(world, "training_attendance")
    assert "*" in at(sheet, "姓名", 1).value
    assert [at(sheet, "记录号", n).value for n in (1, 2, 3)] == [entry.pk for entry in three]
    report = commit(world, file(sheet))
    assert (report.errors, report.warnings) == ([], [])
    assert (report.rows, report.added, report.changed, report.unchanged, report.missing) == (3, 0, 0, 3, [])
    assert Person.objects.count() == before


def test_an_export_that_comes_back_asks_the_books_as_often_for_few_rows_as_for_many(
    world: World, course: None
) -> None:
    asked = []
    for numbers in (range(1, 4), range(4, 24)):
        commit(world, people(numbers))
        data = file(exported(world, "training_attendance"))
        with CaptureQueriesContext(connection) as queries:
            assert preview(world, data).errors == []
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_what_is_changed_beside_masked_cells_is_a_version_or_a_correction_of_the_same_person(
    world: World, three: list[Entry]
) -> None:
    sheet = exported(world, "training_attendance")
    at(sheet, "备注", 1).value = "已取证"
    at(sheet, "补贴", 2).value = 350
    report = commit(world, file(sheet))
    assert told(report) == []
    assert (report.added, report.changed, report.unchanged) == (0, 2, 1)
    assert [change.columns for change in report.changes] == [
        [("备注", "", "已取证")],
        [("补贴", "300.00 元", "350.00 元")],
    ]
    made = Entry.objects.unscoped("测试").filter(batch=report.batch).order_by("pk")
    assert [(one.kind, one.version) for one in made] == [("new", 2), ("correction", 1)]
    rows = TrainingAttendance.objects.filter(entry__in=[*three, *made])
    assert len({row.person_id for row in rows}) == 3
    assert list(verify()) == []


def test_a_masked_cell_that_is_changed_is_an_error_that_says_what_to_do(
    world: World, three: list[Entry]
) -> None:
    sheet = exported(world, "training_attendance")
    shown = at(sheet, "身份证号", 2).value
    at(sheet, "身份证号", 2).value = "990000198001010011"
    at(sheet, "姓名", 3).value = None
    report = preview(world, file(sheet))
    assert [cell for cell, _ in told(report)] == [
        at(sheet, "身份证号", 2).coordinate,
        at(sheet, "姓名", 3).coordinate,
    ]
    assert f"请恢复成“{shown}”" in report.errors[0].message
    assert f"打开 {three[1].pk} 号记录" in report.errors[0].message
    assert "990000198001010011" not in report.as_json()
    assert report.unchanged == 1


def test_columns_left_out_of_the_file_stay_what_they_are(world: World, three: list[Entry]) -> None:
    sheet = exported(world, "training_attendance")
    at(sheet, "备注", 1).value = "已取证"
    for heading in ("电话", "身份证号", "补贴", "性别"):
        sheet.delete_cols(at(sheet, heading, 0).column)
    report = preview(world, file(sheet))
    assert told(report) == []
    assert [change.columns for change in report.changes] == [[("备注", "", "已取证")]]


def test_numbers_that_are_not_the_units_own_are_errors_at_their_cell(
    world: World, three: list[Entry]
) -> None:
    other = commit(
        world, xlsx({"班次": courses(("2022-PX-09", "春季班", "就业技能", "人社局", "2022.4.1-4.4"))})
    )
    (course,) = Entry.objects.unscoped("测试").filter(batch=other.batch)
    foreign = Entry.objects.unscoped("测试").filter(register="fund_flow").first()
    assert foreign is not None
    sheet = exported(world, "training_attendance")
    at(sheet, "记录号", 1).value = foreign.pk
    at(sheet, "记录号", 2).value = course.pk
    at(sheet, "记录号", 3).value = "三号"
    cells = [at(sheet, "记录号", n).coordinate for n in (1, 2, 3)]
    report = preview(world, file(sheet))
    assert [cell for cell, _ in told(report)] == cells
    assert f"徐庄镇没有 {foreign.pk} 号记录" in report.errors[0].message
    assert f"{course.pk} 号是“培训班次”的记录" in report.errors[1].message
    assert "系统编的数字" in report.errors[2].message
    assert (report.bad_rows, report.added, report.changed) == (3, 0, 0)


def test_a_number_twice_is_an_error_and_so_is_the_same_record_without_it(
    world: World, three: list[Entry]
) -> None:
    sheet = exported(world, "training_attendance")
    at(sheet, "记录号", 3).value = f"{three[1].pk}号"
    report = preview(world, file(sheet))
    assert told(report) == [
        (
            at(sheet, "记录号", 3).coordinate,
            "与“培训学员”第 6 行的记录号相同，一条记录只留一行；新的一行不写记录号。",
        )
    ]
    sheet = exported(world, "training_course")
    last = sheet.max_row
    for column in range(1, sheet.max_column + 1):
        sheet.cell(last, column).value = sheet.cell(HEADER + 1, column).value
    at(sheet, "记录号", last - HEADER).value = None
    report = preview(world, file(sheet))
    assert [one.rule for one in report.errors] == ["文件内重复"]


def test_a_row_without_a_number_is_found_by_its_natural_key_as_before(
    world: World, three: list[Entry]
) -> None:
    sheet = exported(world, "training_course")
    sheet.delete_cols(at(sheet, "记录号", 0).column)
    report = preview(world, file(sheet))
    assert (told(report), report.added, report.unchanged) == ([], 0, 2)


def test_a_changed_row_whose_record_was_replaced_since_must_be_exported_anew(
    world: World, three: list[Entry]
) -> None:
    old = exported(world, "training_attendance")
    fresh = exported(world, "training_attendance")
    at(fresh, "备注", 1).value = "已取证"
    done = commit(world, file(fresh))
    approve_batch(world, done.batch)
    unchanged = preview(world, file(old))
    assert (told(unchanged), unchanged.changed, unchanged.unchanged) == ([], 0, 3)
    assert "这一行没有改动，不作处理" in unchanged.warnings[0].message
    at(old, "备注", 1).value = "不同"
    (correction,) = Entry.objects.unscoped("测试").filter(batch=done.batch)
    ((cell, message),) = told(preview(world, file(old)))
    assert cell == at(old, "备注", 1).coordinate
    assert f"现在是 {correction.pk} 号，请重新导出后再改" in message


def test_what_stands_and_what_waits_to_follow_it_come_back_as_two_records(
    world: World, three: list[Entry]
) -> None:
    sheet = exported(world, "training_attendance")
    at(sheet, "备注", 1).value = "已取证"
    (correction,) = Entry.objects.unscoped("测试").filter(batch=commit(world, file(sheet)).batch)
    both = exported(world, "training_attendance")
    assert [at(both, "记录号", n).value for n in range(1, 5)] == [*(one.pk for one in three), correction.pk]
    report = preview(world, file(both))
    assert (told(report), report.changed, report.unchanged) == ([], 0, 4)
    at(both, "备注", 4).value = "另有补充"
    report = preview(world, file(both))
    assert "正在审核" in told(report)[0][1]


def test_a_changed_row_of_a_returned_record_is_put_right_in_the_system(
    world: World, three: list[Entry]
) -> None:
    sheet = exported(world, "training_attendance")
    at(sheet, "备注", 2).value = "已取证"
    returned(world, three[1])
    assert f"{three[1].pk} 号记录已退回" in told(preview(world, file(sheet)))[0][1]


def test_a_number_finds_a_record_whose_key_was_corrected(world: World, three: list[Entry]) -> None:
    sheet = exported(world, "training_course")
    number = at(sheet, "班次编号", 2)
    assert number.value == "2022-PX-02"
    number.value = "2022-PX-12"
    report = commit(world, file(sheet))
    assert told(report) == []
    assert [change.columns for change in report.changes] == [[("班次编号", "2022-PX-02", "2022-PX-12")]]
    (made,) = Entry.objects.unscoped("测试").filter(batch=report.batch)
    clerk = world.users["徐庄"]
    actions.attach(by=clerk, on=ON, entry=made, version=1, evidence=[stored(clerk)])
    actions.approve(by=world.users["审核"], on=ON, entry=made, version=1)
    assert list(verify()) == []
    number.value = "2022-PX-01"
    again = exported(world, "training_course")
    at(again, "班次编号", 2).value = "2022-PX-01"
    assert "与" in told(preview(world, file(again)))[0][1]


def test_someone_without_a_number_is_found_again_by_what_the_export_masks(world: World, course: None) -> None:
    row = attendee(5)
    row[4] = ""
    sheets = {
        "学员": [
            ("班次", "姓名", "出生年月", "人员类别", "补贴（元）"),
            (row[1], row[2], "1980-03", "脱贫人口", 300),
        ]
    }
    assert told(commit(world, xlsx(sheets))) == []
    sheet = exported(world, "training_attendance")
    at(sheet, "补贴", 1).value = 310
    report = commit(world, file(sheet))
    assert (told(report), report.changed) == ([], 1)
    assert Person.objects.count() == 1


def test_a_month_without_a_day_is_shown_and_comes_back_as_a_month(world: World) -> None:
    heads = [
        "姓名",
        "身份证号",
        "人员类别",
        "务工所在地",
        "务工企业名称",
        "岗位/工种",
        "上岗时间",
        "离岗时间",
    ]
    job = [*attendee(1)[2:5:2], "脱贫人口", "山东省威海市荣成市", "某食品公司", "包装"]
    first = commit(world, xlsx({"务工": [heads, [*job, "2022.3", ""]]}))
    assert (first.errors, first.added) == ([], 1)
    (entry,) = Entry.objects.unscoped("测试").filter(batch=first.batch)
    register, row = get_register("placement"), Placement.objects.get(entry=entry)
    assert (row.starts_on, row.starts_on_month_only, row.ends_on_month_only) == (
        date(2022, 3, 1),
        True,
        False,
    )
    assert (register.values(row)["starts_on"], "2022-03" in entry.summary) == ("2022-03", True)

    sheet = exported(world, "placement")
    assert at(sheet, "上岗时间", 1).value == "2022-03"
    assert commit(world, file(sheet)).unchanged == 1
    at(sheet, "上岗时间", 1).value = "2022年3月1日"  # the day has become known
    known = commit(world, file(sheet))
    assert (known.errors, [one.columns for one in known.changes]) == (
        [],
        [[("上岗时间", "2022-03", "2022-03-01")]],
    )


def test_a_form_shows_a_month_without_a_day_as_text(world: World) -> None:
    shown = form_for(get_register("placement"))
    form = shown(user=world.users["徐庄"], initial={"starts_on": "2022-03", "ends_on": "2022-08-31"})
    assert 'value="2022-03"' in str(form["starts_on"])
    assert 'type="text"' in str(form["starts_on"])
    assert 'type="date"' in str(form["ends_on"])
