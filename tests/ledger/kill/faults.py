"""Ways to break the posting, each of which the harness must notice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import connection

from audit import triggers
from ledger import posting
from ledger.models import Account
from ledger.sql import Statement

P = ParamSpec("P")
R = TypeVar("R")
Deltas = dict[int, tuple[int, int, int]]


def _slowly(read: Callable[P, R]) -> Callable[P, R]:
    def then_wait(*args: P.args, **kwargs: P.kwargs) -> R:
        found = read(*args, **kwargs)
        time.sleep(0.1)  # so that a short run meets what a long one would
        return found

    return then_wait


def no_lock() -> None:
    """The accounts are read without a lock: two clients see the same money, and only the CHECK stops the second."""
    posting.locking = lambda ids: []
    posting.lock, posting.read_with_ends = _slowly(posting.lock), _slowly(posting.read_with_ends)


def debit_first() -> None:
    """No lock, and the debit is written before the credit: traffic both ways deadlocks (DESIGN §2 How)."""
    apply_at_once = posting._apply

    def one_by_one(deltas: Deltas) -> list[Statement]:
        ordered = sorted(deltas.items(), key=lambda item: item[1])
        # both come in one message: without the wait a short run would hardly ever meet another between them
        wait = Statement("SELECT pg_sleep(0.02)")
        return [
            statement for account, delta in ordered for statement in (*apply_at_once({account: delta}), wait)
        ]

    no_lock()
    posting._apply = one_by_one


def read_and_write() -> None:
    """What was read is written back with the change added: of two at once, one is lost."""

    def overwrite(deltas: Deltas) -> list[Statement]:
        return [
            Statement(
                "UPDATE ledger_account SET balance = %s, held_out = %s, held_in = %s WHERE id = %s",
                [
                    account.balance + deltas[account.pk][0],
                    max(0, account.held_out + deltas[account.pk][1]),
                    max(0, account.held_in + deltas[account.pk][2]),
                    account.pk,
                ],
            )
            for account in posting.lock(deltas).values()
        ]

    no_lock()
    posting._apply = overwrite


def nothing() -> None:
    """The posting as it is: broken is the database (break_database), its mode (settings.py), or the pages (apps.py)."""


FAULTS: dict[str, Callable[[], None]] = {
    "": nothing,
    "no-lock": no_lock,
    "debit-first": debit_first,
    "read-and-write": read_and_write,
    "no-check": nothing,
    "no-trigger": nothing,
    "deferred": nothing,
    "torn": nothing,
}


def break_database(broken: str) -> None:
    """Take away the CHECK that no account falls below its minimum, or the trigger that only a posting moves one."""
    if broken == "no-check":
        every = Account._meta.constraints
        taken = next(one for one in every if one.name == "account_not_below_minimum")
        Account._meta.constraints = [
            one for one in every if one is not taken
        ]  # what SQLite makes the table anew from
        with triggers.lifted(connection), connection.schema_editor() as editor:
            editor.remove_constraint(Account, taken)
        Account._meta.constraints = every
    if broken == "no-trigger":
        lost = next(one for one in triggers.expected() if one.name == "ledger_account_only_by_posting")
        on_table = f" ON {lost.table}" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {lost.name}{on_table}")
