"""verify_ledger in several processes: they see one state of the database, and find what one process finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from audit.triggers import lifted
from ledger import verify
from ledger.models import Filing
from ledger.verify import CHECKS, running
from ledger.verify.core import Named
from tests.ledger.books import tell_books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def told(tmp_path: Path, settings: Any) -> None:
    """Books that other processes see."""
    settings.EVIDENCE_ROOT = tmp_path
    tell_books(tmp_path)


def one_fen_more() -> None:
    with transaction.atomic(), lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET balance = balance + 1 WHERE code = '2022/2022-01/arranged'")


def test_two_processes_find_what_one_finds_in_the_same_order() -> None:
    one_fen_more()
    with transaction.atomic(), lifted(connection), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET amount = amount + 1 WHERE id IN (SELECT MAX(id) FROM ledger_entry)"
        )
        cursor.execute(
            "UPDATE ledger_entry SET summary = '另一事' WHERE id IN (SELECT MIN(id) FROM ledger_entry)"
        )
    alone = list(verify.verify())
    seen: list[tuple[str, int]] = []
    found = list(
        verify.verify(processes=2, watch=lambda check, _, count: seen.append((check.rules[0].code, count)))
    )
    assert found == alone
    assert len(found) > 4
    assert [code for code, _ in seen] == [check.rules[0].code for check in CHECKS]
    assert sum(count for _, count in seen) == len(found)


def test_what_is_saved_after_they_began_is_not_seen() -> None:
    saved: list[str] = []

    def save(*_: object) -> None:
        if not saved:
            Filing.objects.unscoped("测试").update(first_submitted_at=None)
            saved.append("now")

    assert list(verify.verify(processes=2, watch=save)) == []
    assert saved
    assert {one.rule for one in verify.verify(processes=2)} == {"entries_are_in_their_filing"}


def test_what_goes_wrong_in_another_process_is_told_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(piece: Any) -> Named:
        yield from ()
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(running, "CHECKS", [replace(check, run=broken) for check in CHECKS])
    with pytest.raises(RuntimeError, match="the disk is full"):
        list(verify.verify(processes=2))
