"""Books to break: told once, given back whole after each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from tests.kept import kept, undone
from tests.ledger.books import Books, tell_books


@kept
def told() -> Books:
    return tell_books(settings.EVIDENCE_ROOT)


@pytest.fixture
def books(told: Books, evidence_folder: Path) -> Iterator[Books]:
    """The books, for one test: what it does to them and to their files is undone."""
    with (
        undone()
    ):  # before Django looks whether the test has left a foreign key that leads nowhere: some plant one
        yield replace(told, files=evidence_folder)
