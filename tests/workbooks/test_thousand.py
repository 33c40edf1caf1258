"""1,200 attendances with 30 planted errors of 12 kinds: one run lists them all, corrected they count to the unit, sent
again they add nothing, and voided every total is as before (issue 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger import actions, batches
from ledger.models import Batch, Entry
from ledger.verify import verify
from tests.ledger.world import World
from tests.workbooks.conftest import ON, approve_batch, commit, preview
from tests.workbooks.files import attendee, roster
from tests.workbooks.test_import import books
from workbooks.voiding import preview_void

FIRST = 4  # the row of the first attendance
COLUMN = {
    "course": 1,
    "name": 2,
    "sex": 3,
    "id": 4,
    "place": 5,
    "category": 6,
    "phone": 7,
    "passed": 8,
    "money": 9,
}
LETTER = {name: chr(65 + index) for name, index in COLUMN.items()}


def other_check(number: str) -> str:
    return number[:17] + ("0" if number[17] != "0" else "1")


def swapped(number: str) -> str:
    """A day that no month has."""
    return number[:10] + "1332" + number[14:]


# kind → column, what the cell becomes, in which rows (0-based)
PLANTED: dict[str, tuple[str, Callable[[Any], Any], list[int]]] = {
    "identity number as a number": ("id", lambda old: int(old[:17]) * 10, [5, 500, 1100]),
    "wrong check character": ("id", other_check, [17, 600]),
    "no such birthday": ("id", swapped, [29]),
    "too short": ("id", lambda old: old[:16], [31, 700]),
    "scientific notation": ("id", lambda old: "9.90000E+17", [41, 801]),
    "no name": ("name", lambda old: "", [53, 901, 1001]),
    "digits in a name": ("name", lambda old: old + "1", [61]),
    "no such course": ("course", lambda old: "2022-PX-77", [73, 303, 1003]),
    "no such kind of people": ("category", lambda old: "贫困户", [85, 405, 1005]),
    "no such place": ("place", lambda old: "无此镇", [97, 507]),
    "a telephone number cut off": ("phone", lambda old: old[:9], [109, 609, 1109]),
    "money in words": ("money", lambda old: "三百元整", [121, 721, 1121, 1131, 1141]),
}


def thousand() -> list[list[Any]]:
    """1,100 people; the last 100 rows are people of the first course again, in the second."""
    return [*(attendee(n) for n in range(1, 1101)), *(attendee(n, "2022-PX-02") for n in range(1, 101))]


@pytest.mark.alike
@pytest.mark.usefixtures("course")
def test_thirty_errors_of_twelve_kinds_are_listed_in_one_run_and_corrected_the_file_counts_to_the_unit(
    world: World,
) -> None:
    rows = thousand()
    expected = set()
    for column, spoil, places in PLANTED.values():
        for place in places:
            rows[place][COLUMN[column]] = spoil(rows[place][COLUMN[column]])
            expected.add(f"{LETTER[column]}{FIRST + place}")
    assert len(PLANTED) == 12
    assert len(expected) == 30

    report = preview(world, roster(rows))
    assert {problem.cell for problem in report.errors} == expected
    assert len(report.errors) == 30
    assert all(problem.sheet == "学员" and problem.message for problem in report.errors)
    assert (report.rows, report.bad_rows, report.added) == (1200, 30, 1170)
    refused = commit(world, roster(rows))
    assert refused.batch is None
    assert books()["training_attendances"] == (0, 0)

    before = books()
    data = roster(thousand())
    done = commit(world, data)
    assert (done.errors, done.added) == ([], 1200)
    assert books()["trained_people"] == (0, 1100)
    assert books()["training_attendances"] == (0, 1200)
    again = commit(world, data)
    assert (again.added, again.unchanged) == (0, 1200)

    void_step_by_step(world, done.batch, before)


def void_step_by_step(world: World, batch: Batch | None, before: dict[str, tuple[int, int]]) -> None:
    """40 approved, 3 of them reversed, then voided."""
    assert batch is not None
    clerk, reviewer = world.users["徐庄"], world.users["审核"]
    approved = approve_batch(world, batch, 40)
    assert books()["training_attendances"] == (40, 1160)
    assert books()["trained_people"] == (40, 1060)  # who is counted already no longer waits
    for entry in approved[:3]:
        entry.refresh_from_db()
        reversal = actions.reverse(by=clerk, on=ON, entry=entry, reason="重复登记")
        actions.approve(by=reviewer, on=ON, entry=reversal, version=1)
    assert books()["training_attendances"] == (37, 1160)

    shown = preview_void(by=clerk, on=ON, batch=batch)
    assert (shown.void, shown.reversals) == (1160, 37)
    assert books()["training_attendances"] == (37, 1160)  # looking changed nothing

    done = batches.void_batch(by=clerk, on=ON, batch=batch, reason="传错文件")
    assert (len(done.void), len(done.reversals)) == (1160, 37)
    assert books()["training_attendances"][0] == 37  # until the reversals are decided
    assert books()["trained_people"][0] == 37
    for reversal in Entry.objects.unscoped("测试").filter(pk__in=done.reversals):
        actions.approve(by=reviewer, on=ON, entry=reversal, version=reversal.version)
    assert books() == before
    states = Entry.objects.unscoped("测试").filter(batch=batch).values_list("state", flat=True)
    assert set(states) == {"approved", "void"}
    assert list(verify()) == []
