"""The lock between posting and closing: whatever writes into a period shares it, closing takes it alone.

Without it a posting that has read "2022Q2 is open" could commit after 2022Q2 was sealed.
PostgreSQL: a transaction-level advisory lock, given back by commit or rollback. SQLite: nothing to do,
because every transaction begins with BEGIN IMMEDIATE (settings: transaction_mode) and they run one by one.
"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections

# Any number will do, so long as nobody else in this database uses it.
BOOKS = 0x524F4E47_5348414E  # "RONGSHAN"


class LockOutsideTransaction(Exception):
    """The lock is asked for outside a transaction, where PostgreSQL would give it back at once."""


def share_books(using: str = DEFAULT_DB_ALIAS) -> None:
    """Wait until nobody is closing a period, and keep anyone from closing one until this transaction ends.

    Any number of transactions may share the lock. Raises LockOutsideTransaction.
    """
    _lock(asking(using=using), using)


def close_books(using: str = DEFAULT_DB_ALIAS) -> None:
    """Wait until all who share the lock are done, and keep everyone out until this transaction ends.

    Must be the first thing a closing transaction does: two transactions that both share the lock and then
    both ask for it alone would wait for each other. Raises LockOutsideTransaction.
    """
    _lock(asking(alone=True, using=using), using)


def books_if_free(using: str = DEFAULT_DB_ALIAS) -> bool:
    """As close_books, but only if nobody has the lock at this moment: whether that was so. Raises LockOutsideTransaction.

    Does not wait: whoever waits for it alone keeps all others waiting behind, as long as a long import takes.
    """
    statements = asking(alone=True, using=using)
    if not statements:
        return True
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [BOOKS])
        return bool(cursor.fetchone()[0])


def asking(*, alone: bool = False, using: str = DEFAULT_DB_ALIAS) -> list[tuple[str, list[int]]]:
    """What share_books, or (`alone`) close_books, asks the database: statements with their values, for whoever asks more
    in the same message. Raises LockOutsideTransaction."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise LockOutsideTransaction("share_books 和 close_books 必须在事务之内调用。")
    if connection.vendor != "postgresql":
        return []
    return [(f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}(%s)", [BOOKS])]


def _lock(statements: list[tuple[str, list[int]]], using: str) -> None:
    for text, values in statements:
        with connections[using].cursor() as cursor:
            cursor.execute(text, values)
