"""What undoing a batch would do, so that the page can show both numbers before anybody agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.db.models import F

from directory.models import User
from ledger import batches
from ledger.actions import refusable
from ledger.models import Batch, Entry, Plan
from workbooks.effects import Effect, differences, standing

REHEARSED = (
    200  # rows: up to here the voiding is tried on the books and taken back, which takes some 20 ms a row
)
UNDECIDED = (Entry.State.SUBMITTED, Entry.State.RETURNED, Entry.State.WITHDRAWN)


@dataclass(frozen=True)
class Undoing:
    """Rows set to 作废 at once, reversals filed for approved ones, rows that stay as they are; and what moves.

    `effects` is None for a batch too large to rehearse.
    """

    void: int
    reversals: int
    left: int
    effects: list[Effect] | None = field(default=None)


def preview_void(*, by: User, on: date, batch: Batch) -> Undoing:
    """What `void_batch` would do; keeps nothing. Raises its refusals."""
    rows = Entry.objects.for_user(by).filter(batch=batch).exclude(kind=Entry.Kind.REVERSAL)
    total = rows.count()
    void = rows.filter(state__in=UNDECIDED).count()
    reversals = rows.filter(
        state=Entry.State.APPROVED, subject__in_force=F("pk"), subject__undecided=None
    ).count()
    effects = _rehearsed(by=by, on=on, batch=batch) if total <= REHEARSED else None
    return Undoing(void, reversals, total - void - reversals, effects)


@refusable("batch.void_preview")
def _rehearsed(*, by: User, on: date, batch: Batch) -> list[Effect]:
    plans = list(Plan.objects.order_by("-year"))
    before = standing(plans, by)
    batches.void_batch(by=by, on=on, batch=batch, reason="预览")
    found = differences(before, standing(plans, by))
    transaction.set_rollback(True)
    return found
