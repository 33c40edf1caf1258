"""Approving many entries: what stands together is one transaction, everything else is approved one by one
(docs/adr/0015). The rules and refusals are those of actions.approve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F

from audit.bulk import copy
from audit.events import record_all, record_refusal
from audit.locks import share_books
from directory.models import User
from ledger import posting
from ledger.accounts import remembered
from ledger.acting import is_part, moment
from ledger.actions import (
    OF_DECISION,
    approval,
    approve,
    approved,
    concern_moved,
    may_decide,
    refuse_decided,
    refuse_row,
)
from ledger.merging import PERSON_MERGE
from ledger.models import Decision, Entry, EntryEvidence
from ledger.refusals import Refusal
from ledger.registers import Register, get_register, nothing_to_wait_for


@dataclass(frozen=True)
class Outcome:
    """What became of one entry of a bulk approval: `refusal` is "" if it was approved."""

    entry: Entry
    refusal: str


# entries in one transaction; SQLite refuses what Django asks of a thousand rows and their people
AT_ONCE = 900


def approve_many(*, by: User, on: date, seen: Sequence[tuple[Entry, int]]) -> list[Outcome]:
    """Approve each (entry, version seen) in their order; those it may not decide are skipped and listed.

    What stands together and can be posted together is one transaction (docs/adr/0015), every other entry one of its own.
    """
    outcomes = []
    for some in _runs(seen):
        if len(some) > 1:
            outcomes += _approve_together(by, on, some)
        else:
            outcomes.append(_approve_alone(by, on, *some[0]))
    return outcomes


def _approve_alone(by: User, on: date, entry: Entry, version: int) -> Outcome:
    try:
        approve(by=by, on=on, entry=entry, version=version)
    except Refusal as refusal:
        return Outcome(entry, refusal.message)
    return Outcome(entry, "")


def _runs(seen: Sequence[tuple[Entry, int]]) -> Iterator[list[tuple[Entry, int]]]:
    """The list cut into what is approved together: entries of one register and kind that know nothing of each other."""
    run: list[tuple[Entry, int]] = []
    among: set[int] = set()
    for entry, version in seen:
        together = stands_alone(entry)
        if run and (
            not together or _make(entry) != _make(run[0][0]) or entry.pk in among or len(run) == AT_ONCE
        ):
            yield run
            run, among = [], set()
        run.append((entry, version))
        among.add(entry.pk)
        if not together:
            yield run
            run, among = [], set()
    if run:
        yield run


def _make(entry: Entry) -> tuple[str, str]:
    return entry.register, entry.kind


def stands_alone(entry: Entry) -> bool:
    """Whether what approving the entry does and needs is the same whichever others of its register were approved just
    before: all but merges, rows that fix lines, and steps, corrections and reversals that ask what rests on them. On a
    person in a list nothing rests."""
    register = get_register(entry.register)
    if entry.register == PERSON_MERGE.code or register.fixes:
        return False
    asks = register.not_yet is not nothing_to_wait_for or register.estimates is not None
    takes_back_a_person = entry.kind == Entry.Kind.REVERSAL and register.rows_stand_alone
    if asks and entry.kind != Entry.Kind.NEW and not takes_back_a_person:
        return False
    return register.estimates is None or register.estimates.once is not None


def _approve_together(by: User, on: date, seen: Sequence[tuple[Entry, int]]) -> list[Outcome]:
    """What approve does of each, in one transaction. Refusals leave their entry out and their trace afterwards."""
    try:
        with transaction.atomic(), remembered():
            refused = _post_together(by, on, seen)
    except DatabaseError:  # nothing of it was written; one by one the cause shows at the entry that has it
        return [_approve_alone(by, on, entry, version) for entry, version in seen]
    for pk, refusal in refused.items() if not is_part() else ():
        record_refusal(
            verb="entry.approve",
            by=by,
            target=f"ledger.entry:{pk}",
            summary=refusal.message,
            details={"rule": type(refusal).__name__},
        )
    return [Outcome(e, refused[e.pk].message if e.pk in refused else "") for e, _ in seen]


def _post_together(by: User, on: date, seen: Sequence[tuple[Entry, int]]) -> dict[int, Refusal]:
    """Entry id → why it was left out; the others are posted, decided and on record."""
    share_books()
    ids = [entry.pk for entry, _ in seen]
    register = get_register(seen[0][0].register)
    rows = Entry.objects.unscoped("按主键加锁，随后逐条核对").filter(pk__in=ids).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))  # locked first and read afterwards
    locked = {entry.pk: entry for entry in rows}
    hung = set(
        EntryEvidence.objects.filter(entry__in=ids, version=F("entry__version")).values_list(
            "entry_id", flat=True
        )
    )
    details = _rows_of(register, locked)
    refused: dict[int, Refusal] = {}
    for seen_entry, version in seen:
        entry = locked[seen_entry.pk]
        try:
            refuse_decided(entry, version)
            may_decide(by, entry)
            refuse_row(register, details[entry.pk], has_evidence=entry.pk in hung)
        except Refusal as refusal:
            refused[entry.pk] = refusal
    entries = [locked[pk] for pk in ids if pk not in refused]
    if not entries:
        return refused
    at = moment(on)
    answers = posting.post_all(entries, details, by_id=by.pk, at=at)
    refused |= {pk: answer for pk, answer in answers.items() if isinstance(answer, Refusal)}
    posted = [(e, answer) for e in entries if isinstance(answer := answers[e.pk], posting.Posted)]
    copy(Decision, OF_DECISION, [approved(e, to, by, at) for e, to in posted])
    record_all(verb="entry.approved", by=by, deeds=[approval(e, to) for e, to in posted])
    if register.estimates:
        concern_moved([e.pk for e, _ in posted])
    return refused


def _rows_of(register: Register, entries: Mapping[int, Entry]) -> dict[int, Any]:
    """Entry id → its row, with what it points at."""
    model: Any = register.model
    rows = model.objects.filter(entry__in=list(entries), version=F("entry__version"))
    found = {}
    for row in rows.prefetch_related(*register.pointers()):
        row.entry = entries[row.entry_id]
        found[row.entry_id] = row
    return found
