"""What the database itself refuses, by raw SQL and by every way the ORM has; other clients: test_clients.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from audit import triggers
from audit.models import Event
from funds.models import FundFlow
from ledger.models import (
    Account,
    Decision,
    Entry,
    EntryEvidence,
    Hold,
    Period,
    PlanRevision,
    Ruling,
    Seal,
    Total,
    Transfer,
)
from tests.ledger.attempts import ATTEMPTS, FORGED, POSTGRES, Attempt, here
from tests.ledger.books import Books


def refused_by(act: Callable[[], Any]) -> str | None:
    """The trigger that refused the act, the rest of which is undone."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        act()
    return triggers.refused_by(refusal.value)


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def named(attempt: Attempt) -> str:
    return f"{attempt.trigger}-{re.sub(r'[^A-Za-z ]', '', attempt.sql)[:30].strip().replace(' ', '_')}"


# --- raw SQL through Django's connection ------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", here(ATTEMPTS), ids=named)
def test_raw_sql_is_refused_by_the_named_trigger(books: Books, attempt: Attempt) -> None:
    connection.check_constraints()  # PostgreSQL truncates no table whose deferred foreign keys still wait
    assert refused_by(lambda: execute(attempt.sql)) == attempt.trigger


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", here(FORGED), ids=named)
def test_a_forged_guard_opens_neither_closed_totals_nor_old_transfers(books: Books, attempt: Attempt) -> None:
    execute("INSERT INTO ledger_postingguard (id) VALUES (1)")
    assert refused_by(lambda: execute(attempt.sql)) == attempt.trigger


@pytest.mark.django_db
def test_every_trigger_of_the_books_has_an_attempt_that_it_refuses(books: Books) -> None:
    tried = {attempt.trigger for attempt in here([*ATTEMPTS, *FORGED])}
    declared = {
        refusal.name
        for refusal in triggers.expected()
        # the rows of one register stand for those of all: the same audit.triggers.append_only makes theirs
        if refusal.is_for(connection.vendor)
        and refusal.table.startswith(("ledger_", "funds_fundflow", "audit_"))
    }
    assert declared == tried


# --- the ORM, by every way it has -------------------------------------------------------------------------------

WHY = "测试"


def another(row: Any) -> Any:
    """An unsaved copy."""
    row.pk, row._state.adding = None, True
    return row


def changed(row: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def entry_in(state: str) -> Entry:
    return Entry.objects.unscoped(WHY).filter(state=state, corrects=None).order_by("pk")[0]


def open_totals() -> QuerySet[Total]:
    """Those of open quarters: on SQLite closed ones are refused by a trigger of their own."""
    return Total.objects.filter(period__is_closed=False)


def new_transfer() -> Transfer:
    return changed(another(Transfer.objects.order_by("pk")[0]), position=99)  # type: ignore[no-any-return]


ORM: dict[str, tuple[str, Callable[[], Any]]] = {
    "transfer_save": ("ledger_transfer_only_by_posting", lambda: new_transfer().save()),
    "transfer_bulk_create": (
        "ledger_transfer_only_by_posting",
        lambda: Transfer.objects.bulk_create([new_transfer()]),
    ),
    "transfer_resave": (
        "ledger_transfer_no_update",
        lambda: changed(Transfer.objects.order_by("pk")[0], amount=1).save(),
    ),
    "transfer_update": ("ledger_transfer_no_update", lambda: Transfer.objects.update(amount=F("amount") + 1)),
    "transfer_bulk_update": (
        "ledger_transfer_no_update",
        lambda: Transfer.objects.bulk_update(
            [changed(Transfer.objects.order_by("pk")[0], amount=1)], ["amount"]
        ),
    ),
    "transfer_delete": ("ledger_transfer_no_delete", lambda: Transfer.objects.latest("pk").delete()),
    "transfer_queryset_raw_delete": (
        "ledger_transfer_no_delete",
        lambda: raw_delete(Transfer.objects.all()),
    ),
    "account_save": (
        "ledger_account_only_by_posting",
        lambda: changed(Account.objects.order_by("pk")[0], balance=1).save(),
    ),
    "account_save_held": (
        "ledger_account_only_by_posting",
        lambda: changed(Account.objects.order_by("pk")[0], held_out=1).save(update_fields=["held_out"]),
    ),
    "account_update": ("ledger_account_only_by_posting", lambda: Account.objects.update(balance=0)),
    "account_bulk_update": (
        "ledger_account_only_by_posting",
        lambda: Account.objects.bulk_update(
            [changed(account, balance=0) for account in Account.objects.all()], ["balance"]
        ),
    ),
    "account_born_rich": (
        "ledger_account_opens_empty",
        lambda: Account.objects.create(code="x", name="x", unit="分", stage="x", balance=1),
    ),
    "account_upsert": (
        "ledger_account_only_by_posting" if connection.vendor == POSTGRES else "ledger_account_no_replace",
        lambda: Account.objects.bulk_create(
            [Account(code="2022/pool", name="x", unit="分", stage="x")],
            update_conflicts=True,
            update_fields=["balance", "name"],
            unique_fields=["code"],
        ),
    ),
    "hold_create": (
        "ledger_hold_insert_only_by_posting",
        lambda: changed(another(Hold.objects.order_by("pk")[0]), position=99).save(),
    ),
    "hold_update": ("ledger_hold_update_only_by_posting", lambda: Hold.objects.update(amount=1)),
    "hold_delete": ("ledger_hold_delete_only_by_posting", lambda: Hold.objects.all().delete()),
    "total_create": (
        "ledger_total_insert_only_by_posting",
        lambda: changed(another(Total.objects.latest("pk")), kind="别的").save(),
    ),
    "total_update": (
        "ledger_total_update_only_by_posting",
        lambda: Total.objects.filter(period__is_closed=False).update(inflow=0),
    ),
    "total_delete": (
        "ledger_total_delete_only_by_posting",
        lambda: Total.objects.filter(period__is_closed=False).delete(),
    ),
    "approved_entry_save": (
        "ledger_entry_approved_is_final",
        lambda: changed(entry_in("approved"), amount=1).save(update_fields=["amount"]),
    ),
    "approved_entry_update": (
        "ledger_entry_approved_is_final",
        lambda: Entry.objects.unscoped(WHY).filter(state="approved").update(summary="x"),
    ),
    "entry_bulk_update": (
        "ledger_entry_approved_is_final",
        lambda: Entry.objects.unscoped(WHY).bulk_update(
            [changed(entry_in("approved"), amount=1)], ["amount"]
        ),
    ),
    "entry_delete": ("ledger_entry_no_delete", lambda: raw_delete(Entry.objects.unscoped(WHY).all())),
    "entry_approve_by_hand": (
        "ledger_entry_approved_by_posting",
        lambda: (
            Entry.objects.unscoped(WHY)
            .filter(pk=entry_in("submitted").pk)
            .update(
                state="approved",
                decided_by=entry_in("approved").decided_by_id,
                decided_at=entry_in("approved").decided_at,
                posted_period=entry_in("approved").posted_period_id,
            )
        ),
    ),
    "period_reopen": (
        "ledger_period_stays_closed",
        lambda: changed(Period.objects.filter(is_closed=True)[0], is_closed=False).save(),
    ),
    "period_reopen_update": ("ledger_period_stays_closed", lambda: Period.objects.update(is_closed=False)),
    "detail_save": (
        "funds_fundflow_no_update",
        lambda: changed(FundFlow.objects.order_by("pk")[0], amount=1).save(),
    ),
    "detail_update": ("funds_fundflow_no_update", lambda: FundFlow.objects.update(amount=1)),
    "detail_delete": ("funds_fundflow_no_delete", lambda: FundFlow.objects.all().delete()),
    "decision_update": ("ledger_decision_no_update", lambda: Decision.objects.update(reason="x")),
    "decision_delete": ("ledger_decision_no_delete", lambda: Decision.objects.all().delete()),
    "evidence_of_a_version_update": (
        "ledger_entryevidence_no_update",
        lambda: EntryEvidence.objects.update(sha256="x"),
    ),
    "evidence_of_a_version_delete": (
        "ledger_entryevidence_no_delete",
        lambda: EntryEvidence.objects.all().delete(),
    ),
    "ruling_update": ("ledger_ruling_no_update", lambda: Ruling.objects.update(reason="x")),
    "ruling_delete": ("ledger_ruling_no_delete", lambda: Ruling.objects.all().delete()),
    "seal_save": ("ledger_seal_no_update", lambda: changed(Seal.objects.all()[0], digest="x").save()),
    "seal_delete": ("ledger_seal_no_delete", lambda: Seal.objects.all().delete()),
    "plan_revision_update": (
        "ledger_planrevision_no_update",
        lambda: PlanRevision.objects.update(content=""),
    ),
    "event_update": ("audit_event_no_update", lambda: Event.objects.update(summary="x")),
    "event_delete": ("audit_event_no_delete", lambda: Event.objects.all().delete()),
}


def raw_delete(rows: Any) -> None:
    """The deletion itself; `rows.delete()` would first be stopped by Django's own PROTECT."""
    rows._raw_delete("default")


@pytest.mark.django_db
@pytest.mark.parametrize("way", ORM)
def test_the_orm_is_refused_by_the_named_trigger(books: Books, way: str) -> None:
    trigger, act = ORM[way]
    assert refused_by(act) == trigger
