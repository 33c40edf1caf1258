"""Every one of the made-up workbooks of forty.py is imported, or refused with the right cells named."""

from __future__ import annotations

import pytest

from ledger.models import Entry
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import a_county
from tests.workbooks.conftest import ON, upload
from tests.workbooks.forty import CASES, SAVED, Case, to_save
from workbooks import planning
from workbooks.reading import UnreadableFile


@kept
def world() -> World:
    return a_county()


def test_there_are_forty_and_more() -> None:
    assert len({case.title for case in CASES}) == len(CASES) >= 40


@pytest.mark.alike
@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_a_workbook_is_imported_or_refused_with_its_cells_named(world: World, case: Case) -> None:
    given = upload(world, case.data(), name=case.name, unit=case.unit)
    by = world.users[case.by]
    if case.refused:
        with pytest.raises((UnreadableFile, planning.NothingToRead)) as refusal:
            planning.preview(by=by, on=ON, upload=given)
        assert case.refused in refusal.value.message
        return
    report = planning.preview(by=by, on=ON, upload=given)
    told = [(one.cell, one.message) for one in report.errors]
    assert [cell for cell, _ in told] == list(case.errors), told
    said = [one.message for one in (*report.errors, *report.warnings)]
    rules = sorted({one.rule for one in report.warnings})
    assert (report.added, report.unchanged, rules) == (case.added, case.unchanged, sorted(case.warnings)), (
        said
    )
    for words in case.says:
        assert any(words in message for message in said), said
    before = Entry.objects.unscoped("测试").count()
    done = planning.commit(by=by, on=ON, upload=given, valid_only=True)
    assert Entry.objects.unscoped("测试").count() - before == case.added
    assert (done.batch is not None) == bool(case.added)
    assert list(verify()) == []


def test_the_same_rows_saved_by_another_program_are_counted_once_and_the_first_import_is_named(
    world: World,
) -> None:
    by, data = world.users["徐庄"], to_save()["花名册.xlsx"]
    first = planning.commit(by=by, on=ON, upload=upload(world, data))
    assert (first.errors, first.added) == ([], 5)
    assert first.batch is not None
    saved_again = (SAVED / "花名册.xls").read_bytes()
    again = planning.commit(by=by, on=ON, upload=upload(world, saved_again, name="另存.xls"))
    assert (again.errors, again.added, again.unchanged, again.batch) == ([], 0, 5, None)
    assert [f"（{first.batch.pk} 号批次，5 行）" in one.message for one in again.warnings] == [True]
