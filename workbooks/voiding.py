"""What undoing a batch would do, tried on the books and taken back, so that the page can show both numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from directory.models import User
from ledger import batches
from ledger.actions import refusable
from ledger.models import Batch, Plan
from workbooks.effects import Effect, differences, standing


@dataclass(frozen=True)
class Undoing:
    """Rows set to 作废 at once, reversals filed for approved ones, rows that stay as they are; and what moves."""

    void: int
    reversals: int
    effects: list[Effect]


@refusable("batch.void_preview")
def preview_void(*, by: User, on: date, batch: Batch) -> Undoing:
    """Raises the refusals of `void_batch`; keeps nothing."""
    plans = list(Plan.objects.order_by("-year"))
    before = standing(plans, by)
    done = batches.void_batch(by=by, on=on, batch=batch, reason="预览")
    found = Undoing(len(done.void), len(done.reversals), differences(before, standing(plans, by)))
    transaction.set_rollback(True)
    return found
