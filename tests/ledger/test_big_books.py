"""The big books of benchmarks/books.py are books: of every kind of row, and every rule holds."""

from __future__ import annotations

import pytest

from benchmarks.filling import fill
from ledger.models import Entry, Hold, Participation, Period, Presence, Seal, Transfer
from ledger.verify import verify


@pytest.mark.django_db
def test_big_books_hold_and_have_every_kind_of_row() -> None:
    made = fill(entries=1500, seed=7)
    assert list(verify()) == []
    entries = Entry.objects.unscoped("测试")
    assert entries.filter(state="approved").count() >= made.entries == 1500
    assert set(entries.values_list("kind", flat=True)) == {"new", "correction", "reversal"}
    assert set(entries.values_list("state", flat=True)) == {"approved", "submitted", "returned", "withdrawn"}
    assert entries.filter(version=2).exists()
    assert entries.filter(posted_note__contains="该季度已关账").exists()
    assert len(set(Transfer.objects.values_list("kind", flat=True))) > 10
    for model in (Hold, Participation, Presence):
        assert model._default_manager.exists(), model
    assert Seal.objects.count() == 3
    assert Period.objects.filter(is_closed=False).exists()
    with pytest.raises(RuntimeError, match="has a plan already"):
        fill(entries=10, seed=7)
