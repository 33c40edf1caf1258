"""The review of a workbook as a whole (DESIGN §5): what waits of it, what approving it would do, and the decision.

However long the file is, no request takes long: the rows are decided in their order, as many at a time as a few seconds
allow, and the page asks for the next ones. Where it is broken off, what was decided is decided and the rest still waits.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, QuerySet

from audit.locks import books_if_free
from directory.models import User
from ledger import together
from ledger.acting import need_reason, refusable
from ledger.actions import need_reviewer, return_entry
from ledger.models import Batch, Entry, Plan
from ledger.refusals import Refusal
from ledger.together import Outcome
from workbooks.effects import Effect, differences, standing
from workbooks.planning import Changed

MOST_REHEARSED = 2_000  # rows whose approval is tried out before it is asked for, some two seconds
A_FEW = 100  # so many of longer files, and of rows that are posted one by one
SECONDS_A_STEP = 2.0
AT_ONCE = 100  # rows between two looks at the clock
MOST_SHOWN = 50  # refusals


@dataclass(frozen=True)
class Pending:
    """What waits of a workbook: how many rows, of which kinds; of the first `rehearsed` of them (none while others post), how
    many approving them would take in, what it would change, and why it would leave others out."""

    rows: int
    kinds: list[tuple[str, int]]
    seen: str
    rehearsed: int = 0
    approvable: int = 0
    effects: list[Effect] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)  # the first of those left out

    @property
    def is_whole(self) -> bool:
        """Whether all rows were tried out."""
        return self.rehearsed == self.rows

    @property
    def left_out(self) -> int:
        """Rows tried out that approving would leave out."""
        return self.rehearsed - self.approvable


class Step(NamedTuple):
    """How far a decision has come: rows decided and refused by this step (others were withdrawn or decided meanwhile), the
    last one looked at, rows that are still to be looked at, and what these are now, for the next step."""

    decided: int
    refused: int
    after: int
    left: int
    seen: str


def pending(*, by: User, on: date, batch: Batch) -> Pending:
    """What waits of the workbook for `by`. Keeps everybody else from posting while it tries out, and does not try where
    somebody posts for longer, such as an import. Raises NotAllowed."""
    need_reviewer(by)
    versions = _versions(_waiting(by, batch))
    counted = _waiting(by, batch).order_by().values_list("kind").annotate(n=Count("pk")).order_by("kind")
    kinds = [(str(Entry.Kind(kind).label), number) for kind, number in counted]
    found = Pending(len(versions), kinds, _seen(versions))
    if not versions:
        return found
    rows = list(_waiting(by, batch)[: MOST_REHEARSED if len(versions) <= MOST_REHEARSED else A_FEW])
    if not all(together.stands_alone(entry) for entry in rows):
        rows = rows[:A_FEW]
    return _rehearsed(found, by=by, on=on, batch=batch, rows=rows)


def approve_step(*, by: User, on: date, batch: Batch, seen: str, after: int = 0) -> Step:
    """Approve the next rows, each by itself as far as refusals go. `seen`: as `pending` or the step before said; Changed is
    raised if other rows wait now, or other versions of them. Raises NotAllowed."""

    def decide(rows: Sequence[tuple[Entry, int]]) -> int:
        done = together.approve_many(by=by, on=on, seen=rows)
        return sum(bool(one.refusal) for one in done)

    return _step(by, batch, seen, after, decide)


def return_step(*, by: User, on: date, batch: Batch, seen: str, reason: str, after: int = 0) -> Step:
    """Return the next rows, all for the same reason. Raises as approve_step, ReasonMissing, ReasonNamesPerson."""
    need_reason(reason, "请写明退回理由。")

    def decide(rows: Sequence[tuple[Entry, int]]) -> int:
        refused = 0
        for entry, version in rows:
            try:
                return_entry(by=by, on=on, entry=entry, version=version, reason=reason)
            except Refusal:
                refused += 1
        return refused

    return _step(by, batch, seen, after, decide)


def _step(
    by: User, batch: Batch, seen: str, after: int, decide: Callable[[Sequence[tuple[Entry, int]]], int]
) -> Step:
    need_reviewer(by)
    versions = _versions(_waiting(by, batch).filter(pk__gt=after))
    if _seen(versions) != seen:
        raise Changed("这一批次里的记录刚有变化，请看过再决定。")
    began, looked_at, refused, gone = time.monotonic(), 0, 0, 0
    while looked_at < len(versions) and (not looked_at or time.monotonic() - began < SECONDS_A_STEP):
        some = dict(versions[looked_at : looked_at + AT_ONCE])
        rows = list(_waiting(by, batch).filter(pk__in=some))
        refused += decide([(entry, some[entry.pk]) for entry in rows])
        gone += len(some) - len(rows)
        looked_at += len(some)
        after = max(some)
    return Step(
        looked_at - refused - gone, refused, after, len(versions) - looked_at, _seen(versions[looked_at:])
    )


@refusable("batch.decide_preview")
def _rehearsed(found: Pending, *, by: User, on: date, batch: Batch, rows: Sequence[Entry]) -> Pending:
    # Alone with the books: many postings in one transaction take accounts in no order that others could keep to as well.
    if not any(_free_soon()):
        return found
    plans = list(Plan.objects.order_by("-year"))
    before = standing(plans, by, batch.registers, pending=False)
    done = together.approve_many(by=by, on=on, seen=[(entry, entry.version) for entry in rows])
    effects = differences(before, standing(plans, by, batch.registers, pending=False))
    transaction.set_rollback(True)
    refused = [one for one in done if one.refusal]
    return Pending(
        rows=found.rows,
        kinds=found.kinds,
        seen=found.seen,
        rehearsed=len(done),
        approvable=len(done) - len(refused),
        effects=effects,
        refused=refused[:MOST_SHOWN],
    )


def _free_soon() -> Iterator[bool]:
    """Asks for the books a few times within half a second."""
    for _ in range(10):
        yield books_if_free()
        time.sleep(0.05)


def _waiting(by: User, batch: Batch) -> QuerySet[Entry]:
    return Entry.objects.for_user(by).filter(batch=batch, state=Entry.State.SUBMITTED).order_by("pk")


def _versions(rows: QuerySet[Entry]) -> list[tuple[int, int]]:
    return list(rows.values_list("pk", "version"))


def _seen(versions: Sequence[tuple[int, int]]) -> str:
    return hashlib.sha256("\n".join(f"{pk}:{version}" for pk, version in versions).encode()).hexdigest()
