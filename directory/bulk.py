"""Many rows at once, as plain tuples: one model instance a row costs more than the row itself (docs/adr/0009)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import connection, models

T = TypeVar("T")

AT_ONCE = 10_000  # parameters of one query; SQLite as Python ships it takes 32,766
_ROWS = 1_000  # of one statement on PostgreSQL


def portions(keys: Collection[T]) -> Iterator[list[T]]:
    """All of `keys`, as many at once as a query takes parameters."""
    everything = list(keys)
    for start in range(0, len(everything), AT_ONCE):
        yield everything[start : start + AT_ONCE]


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows whose unique keys nobody has yet, and pass over the others. Inside a transaction.

    `columns` are names of table columns, every one that has no default in the database. Dates and times are adapted;
    encrypted fields take tokens. On PostgreSQL a row waits for another transaction that is inserting the same key:
    give the rows in one order of that key.
    """
    quote = connection.ops.quote_name
    head = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, columns))}) VALUES "  # noqa: S608  names of ours
    one = f"({', '.join(['%s'] * len(columns))})"
    tail = " ON CONFLICT DO NOTHING"
    adapted = [tuple(map(_adapt, row)) for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(head + one + tail, adapted)
            return
        for start in range(0, len(adapted), _ROWS):
            some = adapted[start : start + _ROWS]
            cursor.execute(
                head + ", ".join([one] * len(some)) + tail, [value for row in some for value in row]
            )


def _adapt(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value
