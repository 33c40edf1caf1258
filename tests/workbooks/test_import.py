"""Rosters through the planner: what it tells, what it writes, what the same file does a second time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from directory.models import Person
from labor.models import TrainingCourse
from ledger import together
from ledger.batches import void_batch
from ledger.models import Account, Batch, Entry
from ledger.verify import verify
from tests.ledger.world import World
from tests.workbooks.conftest import ON, approve_batch, commit, preview
from tests.workbooks.files import COURSE_1, ROSTER, attendee, courses, for_legacy, identity, roster, xlsx


def books() -> dict[str, tuple[int, int]]:
    """Approved and waiting, of the plan's own counts (其中 and the units' left out: they open when first needed)."""
    rows = Account.objects.filter(code__regex=r"^2022/target/[a-z_]+$")
    return {a.code.rsplit("/", 1)[-1]: (a.balance, a.held_in) for a in rows}


def entries() -> int:
    return Entry.objects.unscoped("测试").filter(register__startswith="training").count()


@pytest.mark.usefixtures("course")
def test_a_preview_tells_everything_and_keeps_nothing(world: World) -> None:
    before, people = entries(), Person.objects.count()
    report = preview(world, roster([attendee(n) for n in range(1, 6)]))
    assert (report.rows, report.added, report.errors) == (5, 5, [])
    assert (entries(), Person.objects.count(), Batch.objects.unscoped("测试").count()) == (before, people, 1)
    effects = {effect.name: effect.difference for effect in report.effects}
    # the unit's own figures; the plan's totals are not a township's to see
    assert effects["trained_people（徐庄镇）"] == "+5 人"
    assert effects["benefit_people（徐庄镇）"] == "+4 人"  # one is no 脱贫人口


@pytest.mark.usefixtures("course")
def test_a_roster_is_counted_to_the_unit_and_once(world: World) -> None:
    data = roster(
        [
            *(attendee(n) for n in range(1, 41)),
            *(attendee(n, "2022-PX-02") for n in range(31, 41)),
            ["合计", *[""] * 8, 15000],
        ]
    )
    report = commit(world, data)
    assert (report.added, report.errors) == (50, [])
    assert not [w for w in report.warnings if w.rule == "合计不符"]
    assert books()["training_attendances"] == (0, 50)
    assert books()["trained_people"] == (0, 40)
    again = commit(world, data)
    assert (again.added, again.changed, again.unchanged, again.batch) == (0, 0, 50, None)
    assert again.same_file == report.batch
    approve_batch(world, report.batch)
    assert books()["training_attendances"] == (50, 0)
    assert books()["trained_people"] == (40, 0)
    assert commit(world, data).unchanged == 50
    assert list(verify()) == []


@pytest.mark.usefixtures("course")
def test_a_changed_row_is_a_new_version_or_a_correction(world: World) -> None:
    rows = [attendee(n) for n in range(1, 4)]
    first = commit(world, roster(rows))
    (approved,) = approve_batch(world, first.batch, 1)
    rows[0][9], rows[1][9] = 350, 360
    report = preview(world, roster(rows))
    assert [(c.row, c.becomes, c.columns) for c in report.changes] == [
        (4, "已通过，提交更正", [("补贴", "300.00 元", "350.00 元")]),
        (5, "待审，换成新版", [("补贴", "300.00 元", "360.00 元")]),
    ]
    done = commit(world, roster(rows))
    assert (done.added, done.changed, done.unchanged) == (0, 2, 1)
    kinds = (
        Entry.objects.unscoped("测试").filter(batch=done.batch).order_by("pk").values_list("kind", "version")
    )
    assert sorted(kinds) == [("correction", 1), ("new", 2)]
    assert list(verify()) == []
    assert approved.state == "submitted"  # the row in hand; the books have moved on


@pytest.mark.usefixtures("course")
def test_rows_missing_from_the_file_are_told_and_stay(world: World) -> None:
    commit(world, roster([attendee(n) for n in range(1, 6)]))
    report = commit(world, roster([attendee(n) for n in range(3, 8)], title="第二次"))
    assert (report.added, report.unchanged, len(report.missing)) == (2, 3, 2)
    assert books()["training_attendances"] == (0, 7)


def test_courses_and_their_roster_in_one_workbook_are_one_batch(world: World) -> None:
    sheets = {"学员": [ROSTER, *(attendee(n) for n in range(1, 4))], "班次": courses(COURSE_1)}
    report = commit(world, xlsx(sheets))
    assert (report.added, report.errors) == (4, [])
    assert report.batch is not None
    assert report.batch.registers == ["training_attendance", "training_course"]
    assert report.batch.counts == {"added": 4, "changed": 0, "unchanged": 0, "missing": 0}


@pytest.mark.usefixtures("course")
def test_nothing_goes_in_while_one_row_is_wrong_unless_the_valid_rows_are_asked_for(world: World) -> None:
    rows = [attendee(n) for n in range(1, 6)]
    rows[2][4] = identity(3)[:-1] + ("1" if identity(3)[-1] != "1" else "2")
    before = entries()
    report = commit(world, roster(rows))
    assert [(e.sheet, e.cell, e.column) for e in report.errors] == [("学员", "E6", "身份证号")]
    assert report.batch is None
    assert entries() == before
    report = commit(world, roster(rows), valid_only=True)
    assert report.batch is not None
    assert (report.added, report.bad_rows, entries()) == (4, 1, before + 4)


@pytest.mark.usefixtures("course")
def test_all_that_is_wrong_in_one_row_is_told_at_once(world: World) -> None:
    row = attendee(1)
    row[4], row[6], row[7], row[9] = "12345", "贫困户", "12", "三百"
    report = preview(world, roster([row]))
    assert {e.cell for e in report.errors} == {"E4", "G4", "H4", "J4"}
    assert Person.objects.count() == 0


@pytest.mark.usefixtures("course")
def test_personal_values_are_masked_in_every_list(world: World) -> None:
    row = attendee(7)
    number, row[4] = row[4], int(row[4][:15] + "000") if row[4][17] == "X" else int(row[4])
    row[7] = "1380000"
    report = preview(world, roster([row]))
    said = json.dumps([e.as_dict() for e in report.errors], ensure_ascii=False)
    assert "设为文本" in said
    assert number not in said
    assert number[:15] not in said
    assert "1380000" not in said


@pytest.mark.usefixtures("course")
def test_the_wrong_unit_and_the_wrong_quarter_are_caught(world: World) -> None:
    report = preview(world, roster([attendee(1)], unit="店子镇"))
    assert report.stopped
    assert [e.rule for e in report.errors] == ["填报单位"]
    late = ("2022-PX-09", "秋季班", "就业技能", "荣成市人社局", "2022.7.1-7.4")
    report = preview(world, xlsx({"班次": courses(late)}))
    assert [(e.rule, e.cell) for e in report.errors] == [("季度", "E2")]
    early = ("2022-PX-08", "春季班", "就业技能", "荣成市人社局", "2022.3.1-3.4")
    report = preview(world, xlsx({"班次": courses(early)}))
    assert report.errors == []
    assert "补报" in " ".join(w.message for w in report.warnings)


def test_a_workbook_of_before_2007_is_read_like_today_s(world: World) -> None:
    data = (Path(__file__).parent / "legacy.xls").read_bytes()
    assert data.startswith(b"\xd0\xcf\x11\xe0")
    report = commit(world, data, name="花名册.xls")
    assert (report.errors, report.added) == ([], 6)
    assert TrainingCourse.objects.get().starts_on == date(2022, 6, 8)  # a date cell, not a text
    assert {person.name for person in Person.objects.all()} == {attendee(n)[2] for n in range(1, 6)}
    assert books()["training_attendances"] == (0, 5)
    today_s = commit(world, for_legacy())
    assert (today_s.errors, today_s.unchanged, today_s.batch) == ([], 6, None)


@pytest.mark.usefixtures("course")
def test_what_a_preview_shows_is_what_the_import_does(world: World) -> None:
    """Of a file of one register and of two, whose people meet again in what waits already."""
    assert commit(world, roster([attendee(n) for n in range(1, 6)])).added == 5
    again = [attendee(n, "2022-PX-02") for n in range(1, 9)]
    new = ("2022-PX-09", "电工班", "就业技能", "荣成市人社局", "2022-06-20至2022-06-24")
    both = {"班次": courses(new), "学员": [ROSTER, *(attendee(n, "2022-PX-09") for n in range(4, 12))]}
    for data in (roster(again), xlsx(both)):
        shown, done = preview(world, data), commit(world, data)
        assert shown.effects == done.effects != []
        assert (shown.added, shown.errors, shown.seen) == (done.added, [], done.seen)
    assert list(verify()) == []


@pytest.mark.usefixtures("course")
def test_a_doubtful_amount_is_doubted_in_every_row_that_says_it(world: World) -> None:
    rows = [attendee(n) for n in range(1, 5)]
    rows[0][9] = rows[2][9] = 3
    found = [one.cell for one in preview(world, roster(rows)).warnings if one.rule == "金额单位"]
    assert found == ["J4", "J6"]


@pytest.mark.usefixtures("course")
def test_a_thousand_people_are_approved_in_few_postings(
    world: World, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    batch = commit(world, roster([attendee(n) for n in range(1, 1_002)])).batch
    assert batch is not None
    waiting = Entry.objects.unscoped("测试").filter(batch=batch).order_by("pk")
    alone: list[int] = []
    monkeypatch.setattr(together, "_approve_alone", lambda by, on, entry, version: alone.append(entry.pk))
    seen = [(entry, 1) for entry in waiting]
    with django_assert_max_num_queries(120):  # it once asked for two accounts a row
        done = together.approve_many(by=world.users["审核"], on=ON, seen=seen)
    assert alone == []
    assert {one.refusal for one in done} == {""}
    assert books()["trained_people"] == (1_001, 0)
    back = void_batch(by=world.users["徐庄"], on=ON, batch=batch, reason="整批传错").reversals
    reversals = Entry.objects.unscoped("测试").filter(pk__in=back).order_by("pk")
    with django_assert_max_num_queries(120):
        done = together.approve_many(by=world.users["审核"], on=ON, seen=[(one, 1) for one in reversals])
    assert {one.refusal for one in done} == {""}
    assert books()["trained_people"] == (0, 0)


def test_a_ledger_of_donations_as_it_is_kept_says_nothing_of_receiving_them(world: World) -> None:
    """DOMAIN §4.12 has no 事项: what such a sheet lists was received. It is told, not guessed in silence."""
    heads = [
        "捐赠方",
        "捐赠方类型",
        "日期",
        "形式",
        "金额(元)",
        "物资名称",
        "数量",
        "折价(元)",
        "受赠单位/人",
        "是否公示",
    ]
    gift = [
        "荣成市卫健局",
        "机关",
        "2022-06-15",
        "物资",
        None,
        "书包",
        "100 套",
        24000,
        "山亭区 100 名学生",
        "是",
    ]
    report = preview(world, xlsx({"捐赠": [heads, gift]}))
    assert (report.errors, report.added) == ([], 1)
    assert [(one.rule, one.message) for one in report.warnings] == [
        ("缺少栏目", "表里没有“事项”一栏，都按“收到捐赠”读取；不是的请补上这一列。")
    ]
