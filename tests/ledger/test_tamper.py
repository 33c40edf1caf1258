"""Who changes the database behind the application's back is found out (issue 4, docs/adr/0014).

A few random changes in every run, with a seed of their own that is printed; `TAMPER_EDITS=300 TAMPER_SEED=…` with `-s` makes
a long run and says what became of each, `TAMPER_EDITS=every` edits every column of every row once. A change is found by
verify_ledger, given the seals that were printed, wherever a seal covers the row, and in the open quarter wherever it changes
a figure. What else may go unnoticed there is the list in the ADR, and nothing but that.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from audit.triggers import lifted
from dashboard.api import summary
from dashboard.as_of import AsOf
from directory.models import User
from ledger import figures
from ledger.models import Period, Plan, Seal
from ledger.registers import all_registers
from ledger.scope import scope_of
from ledger.verify import verify
from tests.ledger.books import Books
from tests.ledger.tamper import Refused, Tampered, every_edit, tamper

EDITS = os.environ.get("TAMPER_EDITS", "15")
ADR = "docs/adr/0014-what-is-proved-of-the-books.md"
LIFTED = "triggers_are_in_place"  # the attacker puts them back

pytestmark = pytest.mark.django_db


def test_changes_behind_the_applications_back_are_found(books: Books) -> None:
    seed = int(os.environ.get("TAMPER_SEED") or random.SystemRandom().randrange(10**6))
    print(f"TAMPER_SEED={seed}")  # noqa: T201  what a failed run is repeated by
    rng = random.Random(seed)
    printed = dict(Seal.objects.values_list("period__code", "digest"))
    assert len(printed) == 2
    with lifted(connection):
        before = shown(books)
        assert [one for one in verify(printed=printed) if one.rule != LIFTED] == []
        counts: Counter[str] = Counter()
        faults: list[str] = []
        for change in every_edit() if EDITS == "every" else repeat(tamper):
            outcome = one(change, rng, books, printed, before, counts, faults)
            if outcome and len(EDITS) > 2:
                print(outcome)  # noqa: T201  the log of a long run
            if str(counts["made"]) == EDITS:
                break
        assert [one for one in verify(printed=printed) if one.rule != LIFTED] == [], "not taken back"
        if connection.vendor == "postgresql":
            connection.check_constraints()
    print(  # noqa: T201  likewise
        f"seed {seed}: {counts['made']} changes ({counts['refused']} more refused by a constraint), {counts['sealed']} under"
        f" a seal and {counts['open']} not; found {counts['found']}; not found {counts['limit']}, the known limit;"
        f" faults {len(faults)}"
    )
    assert not faults, "\n".join([f"TAMPER_SEED={seed}", *faults])


def one(
    change: Callable[[random.Random], Tampered],
    rng: random.Random,
    books: Books,
    printed: dict[str, str],
    before: Any,
    counts: Counter[str],
    faults: list[str],
) -> str:
    """Make one change, look for it, take it back. What became of it, "" if it could not be made."""
    files = {path: path.read_bytes() for path in books.files.rglob("*.pdf")}
    point = transaction.savepoint()
    try:
        done = change(rng)
        rules = sorted({difference.rule for difference in verify(printed=printed)} - {LIFTED})
        changed = not rules and not done.sealed and shown(books) != before
    except Refused:
        counts["refused"] += 1
        return ""
    finally:
        transaction.savepoint_rollback(point)
        for path, content in files.items():
            path.write_bytes(content)
    counts["made"] += 1
    counts["sealed" if done.sealed else "open"] += 1
    where = "sealed" if done.sealed else "open  "
    if rules:
        counts["found"] += 1
        return f"{where} found by {', '.join(rules)[:70]}: {done.text}"
    if done.sealed or changed or not known_limit(done):
        why = "is sealed" if done.sealed else "changes a figure" if changed else f"is not in {ADR}"
        faults.append(f"not found, and {why}: {done.text}")
        return f"{where} NOT FOUND, {why}: {done.text}"
    counts["limit"] += 1
    return f"{where} not found, known limit: {done.text}"


def shown(books: Books) -> Any:
    """Every figure a leader can see: the summary of now and of each quarter, the reports, each unit's money. What of them
    are words, goals and maxima, is the plan's, and changed by the bureau itself."""
    leader, today = User.objects.get(pk=books.users["领导"]), date(2022, 7, 31)
    scope = scope_of(leader)
    found: list[Any] = []
    for plan in Plan.objects.order_by("code"):
        for period in [None, *Period.objects.order_by("code")]:
            said = summary(user=leader, plan=plan, as_of=AsOf(period, today, today))
            for target in said["targets"]:
                for words in ("name", "rule", "goal", "maximum"):
                    del target[words]
            found.append(said)
            units = figures.units(plan, scope=scope, as_of=period)
            found.append([(u.organization_id, u.allocated, u.disbursed, u.spent) for u in units])
            for register in all_registers().values():
                if register.report_tables and period is not None:
                    tables = register.report_tables(plan, scope.for_register(register.code), period)
                    found += [[list(row) for row in table.rows] for table in tables]
    return found


def known_limit(done: Tampered) -> bool:
    """Whether the ADR says that this goes unnoticed in an open quarter."""
    text = (Path(django_settings.BASE_DIR) / ADR).read_text("utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))
    of_registers = {register.model._meta.db_table for register in all_registers().values()}
    said = listed.get("rows" if done.table in of_registers else done.table, "")
    return done.column in re.findall(r"`([^`]+)`", said) or "every column" in said
