"""Long lists of people go through the planner in pieces: the same answer and books as in one go, no more memory for more rows."""

from __future__ import annotations

import gc
import random
from collections import Counter
from typing import Any

import pytest

from directory.models import Person
from labor.models import TrainingAttendance
from ledger import batches
from ledger.models import Account, Entry, Participation, Presence
from ledger.registers import all_registers
from ledger.verify import verify
from tests.ledger.world import World
from tests.workbooks.conftest import ON, commit, preview, upload
from tests.workbooks.files import ROSTER, attendee, identity, roster, xlsx
from workbooks import planning
from workbooks.cells import Row
from workbooks.effects import Effect
from workbooks.progress import Progress, Stage
from workbooks.report import Report

pytestmark = pytest.mark.usefixtures("course")


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "PIECE", 7)


def people() -> list[list[Any]]:
    """Forty people, some of whom take part in both courses, in no order."""
    rows = [attendee(n) for n in range(1, 41)] + [attendee(n, "2022-PX-02") for n in range(25, 41)]
    random.Random(7).shuffle(rows)
    return rows


def told(report: Report) -> dict[str, Any]:
    """All that a page shows of it, but the batch's own number."""
    page = report.as_page(1_000)
    return {name: value for name, value in page.items() if name != "same_file"}


def moved() -> dict[str, Any]:
    """The books, without numbers that the database gives."""
    entries = Entry.objects.unscoped("测试").filter(register="training_attendance")
    return {
        "entries": sorted(entries.values_list("origin", "occurred_on", "state", "version")),
        "accounts": sorted(Account.objects.values_list("code", "balance", "held_out", "held_in")),
        "participations": sorted(
            Participation.objects.values_list("account__code", "person__id_hash", "eligible")
        ),
        "presences": sorted(
            Presence.objects.values_list("account__code", "person__id_hash", "approved", "held")
        ),
    }


def test_in_pieces_a_file_says_and_does_what_it_does_in_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people()
    rows[20][9] = "三百元整"  # wrong, in one piece
    rows[44][4] = identity(3)[:-1]  # and in another
    in_one = told(preview(world, roster(rows)))
    assert in_one["counts"]["errors"] == 2
    monkeypatch.setattr(planning, "PIECE", 7)
    assert told(preview(world, roster(rows))) == in_one

    data = roster(people())
    monkeypatch.setattr(planning, "PIECE", 1_000)
    in_one = told(preview(world, data))
    monkeypatch.setattr(planning, "PIECE", 7)
    assert told(preview(world, data)) == in_one
    report = commit(world, data)
    assert report.seen == in_one["seen"]
    assert (report.added, report.errors, report.effects) == (56, [], preview_effects(in_one))
    assert report.batch is not None
    assert report.batch.counts == {"added": 56, "changed": 0, "unchanged": 0, "missing": 0}
    assert list(verify()) == []
    books = moved()
    assert len(books["entries"]) == 56

    again = commit(world, data)
    assert (again.added, again.unchanged, again.missing, again.batch) == (0, 56, [], None)
    assert "56 行" in next(one.message for one in again.warnings if one.rule == "已导入")
    assert moved() == books


def preview_effects(page: dict[str, Any]) -> list[Effect]:
    return [Effect(**one) for one in page["effects"]]


@pytest.mark.usefixtures("pieces")
def test_every_sheet_is_read_in_its_own_unit(world: World) -> None:
    in_wan = [heading.replace("元", "万元") for heading in ROSTER]
    first, second = [attendee(n) for n in range(1, 10)], [attendee(n) for n in range(10, 19)]
    report = commit(world, xlsx({"一": [ROSTER, *first], "二": [in_wan, *second]}))
    assert (report.added, report.errors) == (18, [])
    amounts = TrainingAttendance.objects.order_by("pk").values_list("subsidy", flat=True)
    assert list(amounts) == [300_00] * 9 + [300_0000_00] * 9


@pytest.mark.usefixtures("pieces")
def test_the_same_row_in_two_pieces_is_told_and_nothing_goes_in(world: World) -> None:
    rows = [attendee(n) for n in range(1, 21)] + [attendee(3)]
    report = commit(world, roster(rows))
    (error,) = report.errors
    assert (error.rule, error.cell) == ("文件内重复", "E24")
    assert "“学员”第 6 行（E6）" in error.message
    assert report.batch is None
    assert not Entry.objects.unscoped("测试").filter(register="training_attendance").exists()
    assert not Person.objects.exists()


@pytest.mark.usefixtures("pieces")
def test_what_is_missing_is_what_is_in_no_piece(world: World) -> None:
    commit(world, roster([attendee(n) for n in range(1, 21)]))
    report = commit(world, roster([attendee(n) for n in range(3, 33)], title="第二次"))
    assert (report.added, report.unchanged, len(report.missing)) == (12, 18, 2)
    assert report.batch is not None
    assert report.batch.counts["missing"] == 2
    report.batch.refresh_from_db()
    assert report.batch.counts == {"added": 12, "changed": 0, "unchanged": 0, "missing": 2}


@pytest.mark.usefixtures("pieces")
def test_a_number_of_a_record_in_two_pieces_is_told(world: World) -> None:
    commit(world, roster([attendee(n) for n in range(1, 11)]))
    number = Entry.objects.unscoped("测试").filter(register="training_attendance").values_list("pk").first()
    assert number is not None
    heading = [*ROSTER, "记录号"]
    rows = [[*attendee(n), number[0] if n in (1, 10) else ""] for n in range(1, 11)]
    report = preview(world, xlsx({"学员": [heading, *rows]}))
    assert "记录号相同" in next(one.message for one in report.errors if one.cell == "L11")


@pytest.mark.alike
@pytest.mark.usefixtures("pieces")
def test_memory_holds_one_piece_however_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_COPIED", 3)
    most: Counter[str] = Counter()
    submit = batches.submit_batch

    def alive() -> Counter[str]:
        kinds = (TrainingAttendance, Person, Entry, Row, batches.Planned)
        return Counter(type(one).__name__ for one in gc.get_objects() if type(one) in kinds)

    def counting(**given: Any) -> Any:
        nonlocal most
        assert len(given["items"]) <= planning.PIECE
        most |= alive() - before  # the greater of both
        return submit(**given)

    monkeypatch.setattr(batches, "submit_batch", counting)
    data = roster([attendee(n) for n in range(1, 101)])
    gc.collect()
    before = alive()  # what other tests have left, and the world of this one
    preview(world, data)
    commit(world, data)
    assert max(most.values()) <= 2 * planning.PIECE + 4, most
    assert most["TrainingAttendance"] >= planning.PIECE


@pytest.mark.usefixtures("pieces")
def test_progress_goes_forward_through_all_pieces(world: World) -> None:
    heard: list[Progress] = []
    planning.commit(
        by=world.users["徐庄"],
        on=ON,
        upload=upload(world, roster(people()), tell=heard.append),
    )
    percents = [one.percent for one in heard]
    assert percents == sorted(percents)
    assert {one.pieces for one in heard if one.stage is Stage.BOOKS} == {8}
    assert len({one.percent for one in heard if one.stage is Stage.BOOKS}) == 8
    assert Progress(Stage.BOOKS, 10, 10, piece=7, pieces=8).percent == Stage.BOOKS.until


def test_rows_that_look_at_one_another_stay_together() -> None:
    in_pieces = {one.code for one in all_registers().values() if one.rows_stand_alone}
    assert "training_attendance" in in_pieces
    assert not in_pieces & {"roster", "placement", "fund_flow", "project"}
