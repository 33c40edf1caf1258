"""What undoing a batch would do, so that the page can show both numbers before anybody agrees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from directory.models import User
from ledger import batches
from ledger.acting import refusable
from ledger.models import Batch, Entry, Plan
from workbooks.effects import Effect, differences, standing


@dataclass(frozen=True)
class Undoing:
    """Rows set to 作废 at once, reversals filed for approved ones, rows that stay as they are; and what moves."""

    void: int
    reversals: int
    left: int
    effects: list[Effect]


@refusable("batch.void_preview")
def preview_void(*, by: User, on: date, batch: Batch) -> Undoing:
    """What `void_batch` would do: it is done and taken back. Raises its refusals."""
    plans = list(Plan.objects.order_by("-year"))
    before = standing(plans, by, batch.registers)
    total = Entry.objects.for_user(by).filter(batch=batch).exclude(kind=Entry.Kind.REVERSAL).count()
    done = batches.void_batch(by=by, on=on, batch=batch, reason="预览")
    effects = differences(before, standing(plans, by, batch.registers))
    transaction.set_rollback(True)
    return Undoing(len(done.void), len(done.reversals), total - len(done.void) - len(done.reversals), effects)
