"""Row scope fails closed, and whoever goes round it stands on a list here (DESIGN §3)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger import evidence
from ledger.models import Entry, Evidence, Filing
from ledger.scope import NOTHING, UnscopedAccess, scope_of
from tests.kept import kept
from tests.ledger.stories import Story
from tests.ledger.world import World, make_world

ROOT = Path(__file__).resolve().parents[2]
APPS = ("audit", "directory", "ledger", "funds", "desk", "workbooks", "dashboard", "rongshan")

# file → how often it reads rows without asking for whom; each use says why in its argument
UNSCOPED = {
    "ledger/actions.py": 3,
    "ledger/batches.py": 6,
    "ledger/bookkeeping.py": 2,
    "ledger/figures.py": 2,
    "ledger/filings.py": 6,
    "ledger/finding.py": 1,
    "ledger/lists.py": 1,
    "ledger/parsing.py": 1,
    "ledger/periods.py": 1,
    "ledger/verify/trail.py": 1,
    "ledger/posting.py": 1,
    "ledger/together.py": 1,
    "rongshan/demo.py": 4,
    "rongshan/demo_telling.py": 1,  # likewise
    "rongshan/demo_rooms.py": 1,
    "workbooks/management/commands/export_workbook.py": 1,
}
# where accounts and totals are read besides ledger/figures.py: the core that moves, opens and proves them
READS_ACCOUNTS = {
    "funds/loading.py",
    "ledger/accounts.py",
    "ledger/bookkeeping.py",
    "ledger/figures.py",
    "ledger/fixing.py",
    "ledger/posting.py",
    "ledger/verify/lines.py",
    "ledger/verify/moves.py",
    "ledger/verify/people.py",
    "ledger/verify/rows.py",
    "ledger/verify/sums.py",
}


def sources() -> list[tuple[str, str]]:
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def test_every_unscoped_reading_stands_on_the_list() -> None:
    found = Counter({name: len(re.findall(r"\.unscoped\(", text)) for name, text in sources()})
    found.pop("ledger/scope.py", None)
    assert {name: n for name, n in found.items() if n} == UNSCOPED


def test_accounts_and_totals_are_read_in_figures_and_the_core_only() -> None:
    found = {name for name, text in sources() if re.search(r"\b(Account|Total)\.objects", text)}
    assert found == READS_ACCOUNTS


@pytest.mark.parametrize("model", [Entry, Filing, Evidence])
def test_asking_for_all_rows_without_saying_for_whom_is_an_error(model: type) -> None:
    with pytest.raises(UnscopedAccess):
        model.objects.all()  # type: ignore[attr-defined]
    with pytest.raises(UnscopedAccess):
        model.objects.unscoped("")  # type: ignore[attr-defined]


@kept
def world() -> World:
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    Story(made).tell("2022-03-01 财政 办 下达 2022-04 徐庄镇 60")
    return made


def test_nobody_unknown_stopped_or_without_business_sees_anything(world: World) -> None:
    assert scope_of(AnonymousUser()) == NOTHING
    stopped = world.users["审核"]
    stopped.is_active = False
    boss = world.users["北庄"]
    boss.role, boss.organization = "system_admin", None
    for user in (stopped, boss, world.users["计划导入"]):
        assert scope_of(user) == NOTHING
        assert not Entry.objects.for_user(user).exists()
        assert not Filing.objects.for_user(user).exists()


def test_a_unit_sees_its_own_rows_and_those_that_move_its_money(world: World) -> None:
    seen = {
        name: Entry.objects.for_user(world.users[name]).count()
        for name in ("徐庄", "店子", "财政", "审核", "领导")
    }
    # five 安排 of the plan and one 下达: 财政局 oversees the register and sees all of it
    assert seen == {"徐庄": 1, "店子": 0, "财政": 6, "审核": 6, "领导": 6}


def test_where_rows_are_few_each_is_looked_at_and_the_same_are_seen(world: World) -> None:
    """Else the two reminders of a unit's first screen list all that ever concerned it: six times as long at a million."""
    for user in world.users.values():
        assert set(Entry.objects.for_user(user, few=True)) == set(Entry.objects.for_user(user))
    few = Entry.objects.for_user(world.users["徐庄"], few=True)
    assert few.count() == 1
    all_of_the_unit = 'SELECT U0."entry_id" AS "entry_id" FROM "ledger_entryconcern"'
    assert all_of_the_unit not in str(few.query)
    listed = Entry.objects.for_user(world.users["徐庄"])
    assert all_of_the_unit in str(listed.query)


def test_evidence_is_seen_by_its_unit_and_by_who_sees_an_entry_it_hangs_on(world: World) -> None:
    unit = world.units["财政局"]
    hung = Evidence.objects.unscoped("测试").get()
    loose = evidence.store(
        by=world.users["财政"], organization=unit, upload=SimpleUploadedFile("a.pdf", b"%PDF-1.4")
    )
    seen = {
        name: set(Evidence.objects.for_user(world.users[name]).values_list("pk", flat=True))
        for name in ("徐庄", "店子", "财政")
    }
    assert seen == {"徐庄": {hung.pk}, "店子": set(), "财政": {hung.pk, loose.pk}}
