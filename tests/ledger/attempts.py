"""SQL that the database must refuse, and the trigger that must do it: one table for every door."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from ledger.models import Account, Entry, Hold, Presence, Total, Transfer

SQLITE, POSTGRES = "sqlite", "postgresql"
IN_OPEN_QUARTER = "WHERE period_id = (SELECT id FROM ledger_period WHERE code = '2022Q3')"


@dataclass(frozen=True)
class Attempt:
    """A statement, the trigger that must refuse it, and the engines on which it is tried."""

    trigger: str
    sql: str
    engines: tuple[str, ...] = (SQLITE, POSTGRES)


def copy_of(table: str, where: str = "", **changed: str) -> str:
    """INSERT of a copy of the table's first row (that fits `where`), with a new id and these columns changed."""
    model = {m._meta.db_table: m for m in (Account, Entry, Transfer, Hold, Total, Presence)}[table]
    columns = [str(field.column) for field in model._meta.concrete_fields if field.column != "id"]
    values = ", ".join(changed.get(column, column) for column in columns)
    first = f"(SELECT MIN(id) FROM {table} {where})"
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = {first}"


def replaced(table: str, where: str = "") -> str:
    """INSERT OR REPLACE of the table's first row by itself."""
    return f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = (SELECT MIN(id) FROM {table} {where})"


UNCHANGEABLE = {
    "ledger_transfer": "amount = amount + 1",
    "ledger_decision": "reason = '不同意'",
    "ledger_entryevidence": "version = 9",
    "ledger_ruling": "reason = '另有原因'",
    "ledger_planrevision": "content = ''",
    "ledger_seal": "digest = ''",
    "ledger_participation": "version = 9",
    "ledger_acknowledgement": "note = '另有说明'",
    "ledger_thresholdchange": "reason = '另有原因'",
    "ledger_personmerge": "reason = '另有原因'",
    "funds_fundflow": "amount = amount + 1",
    "audit_event": "summary = ''",
}

ATTEMPTS = [
    # transfers and balances only move through a posting
    Attempt("ledger_transfer_only_by_posting", copy_of("ledger_transfer", position="99", reverses_id="NULL")),
    Attempt("ledger_account_only_by_posting", "UPDATE ledger_account SET balance = balance + 1"),
    Attempt("ledger_account_only_by_posting", "UPDATE ledger_account SET held_out = 0"),
    Attempt("ledger_account_only_by_posting", "UPDATE ledger_account SET held_in = 0, name = '别的'"),
    Attempt(
        "ledger_account_opens_empty",
        copy_of("ledger_account", code="'新的'", balance="1", minimum="NULL", maximum="NULL"),
    ),
    Attempt("ledger_account_keeps_its_unit", "UPDATE ledger_account SET unit = '人'"),
    Attempt("ledger_account_no_delete", "DELETE FROM ledger_account"),
    Attempt("ledger_account_no_replace", replaced("ledger_account", "WHERE balance = 0"), (SQLITE,)),
    Attempt(
        "ledger_account_no_replace_by_update",
        "UPDATE OR REPLACE ledger_account SET id = (SELECT MIN(id) FROM ledger_account)"
        " WHERE id = (SELECT MAX(id) FROM ledger_account)",
        (SQLITE,),
    ),
    # holds and totals likewise
    Attempt("ledger_hold_insert_only_by_posting", copy_of("ledger_hold", position="99")),
    Attempt("ledger_hold_update_only_by_posting", "UPDATE ledger_hold SET amount = amount + 1"),
    Attempt("ledger_hold_delete_only_by_posting", "DELETE FROM ledger_hold"),
    Attempt("ledger_presence_insert_only_by_posting", copy_of("ledger_presence")),
    Attempt("ledger_presence_update_only_by_posting", "UPDATE ledger_presence SET approved = approved + 1"),
    Attempt("ledger_presence_delete_only_by_posting", "DELETE FROM ledger_presence"),
    Attempt("ledger_total_insert_only_by_posting", copy_of("ledger_total", IN_OPEN_QUARTER, kind="'别的'")),
    Attempt(
        "ledger_total_update_only_by_posting",
        f"UPDATE ledger_total SET inflow = inflow + 1 {IN_OPEN_QUARTER}",
    ),
    Attempt("ledger_total_delete_only_by_posting", f"DELETE FROM ledger_total {IN_OPEN_QUARTER}"),
    # entries
    Attempt("ledger_entry_approved_is_final", "UPDATE ledger_entry SET amount = 1 WHERE state = 'approved'"),
    Attempt(
        "ledger_entry_approved_is_final",
        "UPDATE ledger_entry SET state = 'returned' WHERE state = 'approved'",
    ),
    Attempt(
        "ledger_entry_approved_by_posting",
        "UPDATE ledger_entry SET state = 'approved', decided_at = submitted_at,"
        " decided_by_id = (SELECT MAX(id) FROM directory_user),"
        " posted_period_id = (SELECT MAX(id) FROM ledger_period) WHERE state = 'submitted'",
    ),
    Attempt(
        "ledger_entry_not_born_approved",
        copy_of(
            "ledger_entry",
            "WHERE state = 'approved' AND corrects_id IS NULL",
            token="'00000000-0000-0000-0000-000000000000'"
            if connection.vendor == POSTGRES
            else "'00000000000000000000000000000000'",
        ),
    ),
    Attempt("ledger_entry_no_delete", "DELETE FROM ledger_entry"),
    Attempt("ledger_entry_no_truncate", "TRUNCATE ledger_entry CASCADE", (POSTGRES,)),
    Attempt(
        "ledger_entry_no_replace",
        "INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry"
        " WHERE id = (SELECT MIN(id) FROM ledger_entry WHERE state = 'submitted')",
        (SQLITE,),
    ),
    Attempt(
        "ledger_entry_no_replace_by_update",
        "UPDATE OR REPLACE ledger_entry SET id = (SELECT MIN(id) FROM ledger_entry WHERE state = 'approved')"
        " WHERE id = (SELECT MAX(id) FROM ledger_entry WHERE state = 'submitted')",
        (SQLITE,),
    ),
    # quarters
    Attempt("ledger_period_stays_closed", "UPDATE ledger_period SET is_closed = false WHERE is_closed"),
    Attempt("ledger_period_no_delete", "DELETE FROM ledger_period"),
    Attempt("ledger_period_no_replace", replaced("ledger_period", "WHERE is_closed"), (SQLITE,)),
    Attempt(
        "ledger_period_no_replace_by_update",
        "UPDATE OR REPLACE ledger_period SET code = '2022Q1' WHERE code = '2022Q4'",
        (SQLITE,),
    ),
    # what is only ever added
    *[
        Attempt(f"{table}_no_update", f"UPDATE {table} SET {change}")
        for table, change in UNCHANGEABLE.items()
    ],
    *[Attempt(f"{table}_no_delete", f"DELETE FROM {table}") for table in UNCHANGEABLE],
    *[Attempt(f"{table}_no_truncate", f"TRUNCATE {table} CASCADE", (POSTGRES,)) for table in UNCHANGEABLE],
    *[
        Attempt(f"{table}_no_replace", replaced(table), (SQLITE,))
        for table in UNCHANGEABLE
        if table != "ledger_transfer"  # there the guard of the posting speaks first
    ],
]

# Refused even while a posting is open: what a quarter's totals were when it was closed, and a transfer once made.
FORGED = [
    Attempt("ledger_total_frozen_update", "UPDATE ledger_total SET inflow = inflow + 1", (SQLITE,)),
    Attempt("ledger_total_frozen_delete", "DELETE FROM ledger_total", (SQLITE,)),
    Attempt("ledger_total_frozen_insert", copy_of("ledger_total", kind="'别的'"), (SQLITE,)),
    Attempt("ledger_transfer_no_replace", replaced("ledger_transfer"), (SQLITE,)),
]


def here(attempts: list[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if connection.vendor in attempt.engines]
