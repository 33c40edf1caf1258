"""Many rows at once, as plain tuples: one model instance a row costs more than the row itself (docs/adr/0009).

`columns` are names of table columns: every one that has no default in the database. Dates, times, UUIDs, decimals and
JSON are stored as their Django fields would; encrypted fields take tokens. Triggers and constraints speak as always.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

T = TypeVar("T")
Row = Sequence[Any]

AT_ONCE = 10_000  # parameters of one query; SQLite as Python ships it takes 32,766
_ROWS = 1_000  # of one statement on PostgreSQL


def portions(keys: Collection[T]) -> Iterator[list[T]]:
    """All of `keys`, as many at once as a query takes parameters."""
    everything = list(keys)
    for start in range(0, len(everything), AT_ONCE):
        yield everything[start : start + AT_ONCE]


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows whose unique keys nobody has yet, and pass over the others. Inside a transaction.

    On PostgreSQL a row waits for another transaction that is inserting the same key: give the rows in one order of
    that key.
    """
    head, one = _statement(model, columns)
    tail = " ON CONFLICT DO NOTHING"
    adapted = list(_adapted(model, columns, rows))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(head + one + tail, adapted)
            return
        for start in range(0, len(adapted), _ROWS):
            some = adapted[start : start + _ROWS]
            cursor.execute(
                head + ", ".join([one] * len(some)) + tail, [value for row in some for value in row]
            )


def copy(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write new rows, all of them or IntegrityError: COPY on PostgreSQL, executemany on SQLite. In a transaction."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany("".join(_statement(model, columns)), list(_adapted(model, columns, rows)))
            return
        connection.validate_no_broken_transaction()
        quote = connection.ops.quote_name
        names = ", ".join(map(quote, columns))
        text = io.StringIO()
        for row in _adapted(model, columns, rows):
            text.write("\t".join(map(_copied, row)) + "\n")
        text.seek(0)
        with connection.wrap_database_errors:
            cursor.copy_expert(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN", text)


def reserve(model: type[models.Model], count: int) -> list[int]:
    """`count` primary keys for rows about to be written by `copy`, ascending. Inside a transaction.

    On PostgreSQL they are drawn from the sequence; on SQLite, where nobody else is writing, they follow the last one
    that was ever given out, and the sequence follows them.
    """
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            found = cursor.fetchone()
            last = found[0] if found else 0
            return list(range(last + 1, last + 1 + count))
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [connection.ops.quote_name(table), key, count],
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def update(model: type[models.Model], column: str, values: Mapping[int, int]) -> None:
    """Set a column of whole numbers, such as a foreign key: primary key → value. The rows are locked already."""
    quote = connection.ops.quote_name
    table, name, key = (quote(text) for text in (model._meta.db_table, column, str(model._meta.pk.column)))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            pairs = [(value, pk) for pk, value in values.items()]
            cursor.executemany(f"UPDATE {table} SET {name} = %s WHERE {key} = %s", pairs)  # noqa: S608  names of ours
        elif values:
            cursor.execute(
                f"UPDATE {table} SET {name} = given.value "  # noqa: S608  names of ours
                "FROM unnest(%s::bigint[], %s::bigint[]) AS given (pk, value) "
                f"WHERE {table}.{key} = given.pk",
                [list(values), list(values.values())],
            )


def _statement(model: type[models.Model], columns: Sequence[str]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    head = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608  names of ours
    return head, f"({', '.join(['%s'] * len(columns))})"


def _adapted(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Row]:
    """The rows with every value as the driver stores it."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    # the days and moments of an import repeat
    makers = [
        cache(make) if (make := adapter(field)) and isinstance(field, models.DateField) else make
        for field in (fields[name] for name in columns)
    ]
    changed = [(index, make) for index, make in enumerate(makers) if make is not None]
    for row in rows:
        values = list(row)
        for index, make in changed:
            values[index] = make(values[index])
        yield values


def adapter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """What turns a value of the field into what its column stores; None where that is the value itself."""
    if isinstance(field, models.JSONField):
        encoder = field.encoder
        return lambda value: None if value is None else json.dumps(value, cls=encoder)
    if isinstance(field, models.DateField | models.UUIDField | models.DecimalField | models.TimeField):
        return lambda value: field.get_db_prep_save(value, connection)
    return None


def _copied(value: Any) -> str:
    """A value as the text format of COPY takes it. Raises TypeError for what it does not know."""
    if isinstance(value, str):
        if "\\" in value or "\t" in value or "\n" in value or "\r" in value:
            value = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        return str(value)
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float | Decimal | date | datetime | time | UUID):
        return str(value)
    raise TypeError(f"no column takes a {type(value).__name__}")
