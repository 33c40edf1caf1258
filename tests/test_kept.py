"""The tests' own grounds: what is kept for many is whole for each; which tests run on one engine only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from directory.models import Division
from ledger import verify
from tests.conftest import engine_matters
from tests.kept import Ground, Kept, kept


@kept
def county() -> Division:
    (settings.EVIDENCE_ROOT / "paper.pdf").write_text("as it was")
    return Division.objects.create(code="370406", name="山亭区", level="county")


@kept
def town(county: Division) -> dict[str, Division]:
    made = Division.objects.create(code="370406106", name="徐庄镇", level="township", parent=county)
    return {"town": made, "county": county}


def there() -> set[str]:
    return set(Division.objects.values_list("name", flat=True))


@pytest.mark.parametrize("time", [1, 2, 3])
def test_what_a_test_does_to_what_is_kept_is_undone(county: Division, time: int) -> None:
    paper = settings.EVIDENCE_ROOT / "paper.pdf"
    assert (there(), county.name, paper.read_text()) == ({"山亭区"}, "山亭区", "as it was")
    paper.write_text("changed")
    county.name = "改了"
    county.save()
    Division.objects.create(code="999999", name="别的", level="county")
    with transaction.atomic():
        Division.objects.all().delete()
        transaction.set_rollback(True)
    assert there() == {"改了", "别的"}


def test_one_thing_lies_on_another_and_both_are_the_same_to_the_test(
    town: Mapping[str, Division], county: Division
) -> None:
    assert there() == {"山亭区", "徐庄镇"}
    assert town["county"] is county
    assert town["town"].parent == county


def test_below_it_is_what_it_was(county: Division) -> None:
    assert there() == {"山亭区"}


def test_who_begins_with_nothing_finds_nothing(db: None) -> None:
    assert there() == set()
    assert not settings.EVIDENCE_ROOT.exists()


@pytest.mark.django_db(transaction=True)
def test_nor_does_a_test_that_commits() -> None:
    assert not connection.in_atomic_block
    assert there() == set()


@pytest.mark.django_db(transaction=True)
def test_it_is_made_once_until_something_else_is_wanted() -> None:
    made: list[str] = []

    def one() -> str:
        made.append("one")
        return Division.objects.create(code="370406", name="一", level="county").name

    def two(one: str) -> None:
        made.append(f"two on {one}")
        Division.objects.create(code="370481", name="二", level="county")

    first, second, ground = Kept(one, None), Kept(two, None), Ground()
    try:
        for wanted in ([first], [first], [first, second], [first, second], [first]):
            ground.lay(wanted)
            assert there() == ({"一", "二"} if second in wanted else {"一"})
        assert made == ["one", "two on 一"]
        with transaction.atomic(), pytest.raises(AssertionError, match="left one open"):
            ground.lay([first])
    finally:
        ground.lift()
    assert there() == set()


class Item:
    """As much of a test as the question needs."""

    def __init__(self, module: Any, *fixtures: str, marked: str = "") -> None:
        self.module, self.fixturenames, self.marked = module, fixtures, marked

    def get_closest_marker(self, name: str) -> object:
        return name if name == self.marked else None


def test_a_test_runs_on_both_engines_if_it_or_its_module_has_to_do_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = type("module", (), {})
    assert not engine_matters(Item(module, "tmp_path", "settings"))
    assert engine_matters(Item(module, "db"))
    assert engine_matters(Item(module, "browse", "transactional_db"))
    assert engine_matters(Item(module, marked="django_db"))
    monkeypatch.delenv("ALIKE", raising=False)
    assert not engine_matters(Item(module, "db", marked="alike"))
    monkeypatch.setenv("ALIKE", "all")
    assert engine_matters(Item(module, "db", marked="alike"))
    module_with = type("module", (), {"which": connection})
    assert engine_matters(Item(module_with, "tmp_path"))
    assert not engine_matters(Item(type("module", (), {"which": verify})))
