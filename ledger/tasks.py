"""Work for the background worker."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice

from django.utils import timezone
from django_tasks import task

from ledger.models import BooksCheck
from ledger.verify import verify

KEPT = 100  # differences kept word for word; the count is of all


@task()
def check_books(check_id: int) -> None:
    """Run verify_ledger for a BooksCheck row and keep what it found. Safe to run again."""
    found = verify()
    kept = [asdict(one) for one in islice(found, KEPT)]
    count = len(kept) + sum(1 for _ in found)
    BooksCheck.objects.filter(pk=check_id).update(finished_at=timezone.now(), count=count, differences=kept)
