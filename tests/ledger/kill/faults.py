"""Ways to break the posting, each of which the harness must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import connection

from ledger import posting
from ledger.models import Account

Deltas = dict[int, tuple[int, int, int]]


def _unlocked(ids: Iterable[int]) -> dict[int, Account]:
    return {account.pk: account for account in Account.objects.filter(pk__in=set(ids)).order_by("pk")}


def no_lock() -> None:
    """The accounts are read without a lock: two clients see the same money, and only the CHECK stops the second."""
    posting._lock = _unlocked


def debit_first() -> None:
    """No lock, and the debit is written before the credit: traffic both ways deadlocks (DESIGN §2 How)."""
    apply_at_once = posting._apply

    def one_by_one(deltas: Deltas) -> None:
        for account, delta in sorted(deltas.items(), key=lambda item: item[1]):
            apply_at_once({account: delta})

    posting._lock = _unlocked
    posting._apply = one_by_one


def read_and_write() -> None:
    """What was read is written back with the change added: of two at once, one is lost."""

    def overwrite(deltas: Deltas) -> None:
        for account in _unlocked(deltas).values():
            balance, held_out, held_in = deltas[account.pk]
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE ledger_account SET balance = %s, held_out = %s, held_in = %s WHERE id = %s",
                    [
                        account.balance + balance,
                        max(0, account.held_out + held_out),
                        max(0, account.held_in + held_in),
                        account.pk,
                    ],
                )

    posting._lock = _unlocked
    posting._apply = overwrite


def nothing() -> None:
    """The posting as it is; "deferred" is broken by settings.py."""


FAULTS: dict[str, Callable[[], None]] = {
    "": nothing,
    "no-lock": no_lock,
    "debit-first": debit_first,
    "read-and-write": read_and_write,
    "deferred": nothing,
}
