"""All that approvals write, so that one way of approving can be held against another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction

from audit.models import Event
from directory.models import User
from ledger import actions, together
from ledger.models import (
    Account,
    Decision,
    Entry,
    EntryConcern,
    Hold,
    Presence,
    Subject,
    Total,
    Transfer,
)
from ledger.verify import verify

WHY, ON = "测试", date(2022, 7, 8)


def books() -> dict[str, list[Any]]:
    """Every row that an approval changes or makes, without keys and the time of day."""
    accounts = Account.objects.values_list("code", "balance", "held_out", "held_in")
    totals = Total.objects.values_list(
        "account__code", "kind", "organization", "period__code", "inflow", "outflow"
    )
    leg = ("entry", "position", "kind", "source__code", "target__code", "amount", "organization")
    transfers = Transfer.objects.values_list(
        *leg, "reverses__entry", "reverses__position", "period__code", "occurred_on"
    )
    entries = Entry.objects.unscoped(WHY).values_list(
        "pk", "state", "version", "decided_by", "posted_period__code", "posted_note"
    )
    decisions = Decision.objects.values_list("entry", "version", "outcome", "reason", "by")
    events = Event.objects.values_list(
        "verb", "outcome", "target", "summary", "period", "actor_id", "actor_name"
    )
    found: dict[str, Any] = {
        "accounts": accounts,
        "totals": totals.exclude(inflow=0, outflow=0),
        "presences": Presence.objects.values_list("account__code", "person", "approved", "held"),
        "transfers": transfers,
        "holds": Hold.objects.values_list(*leg),
        "entries": entries,
        "subjects": Subject.objects.values_list("register", "key", "in_force", "undecided"),
        "decisions": decisions,
        "remarks": [(d.entry_id, d.fields) for d in Decision.objects.all()],
        "events": events,
        "details": [(e.target, e.verb, e.details) for e in Event.objects.all()],
        "concerns": EntryConcern.objects.values_list("entry", "organization"),
    }
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def both_ways(reviewer: User, waiting: Sequence[Entry]) -> None:
    """Approve the entries one by one, take it back, approve them together, and compare every row."""
    seen = [(entry, entry.version) for entry in waiting]
    with transaction.atomic():
        for entry, version in seen:
            actions.approve(by=reviewer, on=ON, entry=entry, version=version)
        alone = books()
        transaction.set_rollback(True)
    before = books()
    outcomes = together.approve_many(by=reviewer, on=ON, seen=seen)
    assert [(one.entry, one.refusal) for one in outcomes] == [(entry, "") for entry in waiting]
    at_once = books()
    assert at_once != before
    for name, kept in alone.items():
        assert at_once[name] == kept, name
    assert list(verify()) == []
