"""Work for the background worker."""

from __future__ import annotations

import logging
from dataclasses import asdict
from itertools import islice

from django.utils import timezone
from django_tasks import task

from ledger.models import BooksCheck
from ledger.verify import verify

log = logging.getLogger(__name__)

KEPT = 100  # differences kept word for word; the count is of all


class TaskFailed(Exception):
    """The work failed: what failed is in the log. The queue keeps an exception's words, which may quote a person."""


@task()
def check_books(check_id: int) -> None:
    """Run verify_ledger for a BooksCheck row and keep what it found. Safe to run again. Raises TaskFailed."""
    try:
        _check_books(check_id)
    except Exception as error:
        log.exception("check_books failed")
        raise TaskFailed(f"{type(error).__module__}.{type(error).__qualname__}") from None


def _check_books(check_id: int) -> None:
    found = verify()
    kept = [asdict(one) for one in islice(found, KEPT)]
    count = len(kept) + sum(1 for _ in found)
    BooksCheck.objects.filter(pk=check_id).update(finished_at=timezone.now(), count=count, differences=kept)
