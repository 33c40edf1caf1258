"""Books to break: told once a module, given back whole after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from tests.ledger.books import Books, tell_books


@pytest.fixture(scope="module")
def told(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """One set of books for the module, in a transaction that is rolled back at its end."""
    files = tmp_path_factory.mktemp("evidence")
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(EVIDENCE_ROOT=files):
        yield tell_books(files)
        transaction.set_rollback(True)


@pytest.fixture
def books(told: Books, db: None, settings: Any) -> Iterator[Books]:
    """The module's books, for one test: what it does to them is undone."""
    settings.EVIDENCE_ROOT = told.files
    with transaction.atomic():
        yield told
        transaction.set_rollback(True)
