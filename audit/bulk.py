"""Many rows at once, as plain tuples: one model instance a row costs more than the row itself (docs/adr/0009).

`columns` are names of table columns: every one that has no default in the database. Dates, times, UUIDs, decimals and
JSON are stored as their Django fields would; encrypted fields take tokens. Triggers and constraints speak as always.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

Row = Sequence[Any]

_ROWS = 1_000  # of one statement on PostgreSQL
_MANY = 100  # from here on rows are first tried by COPY
_LINES = 2_000  # of a COPY, handed over at once


@models.Field.register_lookup
@models.ForeignKey.register_lookup
class Among(models.Lookup[Any]):
    """`field__among=values`: as `in`, of any number of whole numbers or texts, which travel as one parameter.

    An `in` of ten thousand is ten thousand parameters, each looked at by Django several times.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        left, params = self.process_lhs(compiler, connection)
        values = list(self.rhs)
        if not values:
            raise EmptyResultSet
        if connection.vendor == "sqlite":
            return f"{left} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(values)]  # noqa: S608
        if isinstance(values[0], int):
            return f"{left} = ANY(%s::bigint[])", [*params, array(values)]
        return f"{left} = ANY(%s::text[])", [*params, values]


def among(name: str, values: Iterable[int] | Iterable[str]) -> models.Q:
    """The rows whose field `name` is one of `values`, however many."""
    return models.Q(**{f"{name}__among": frozenset(values)})


def array(numbers: Iterable[int]) -> str:
    """Whole numbers as PostgreSQL reads an array of them: one text, where a list would be a parameter each."""
    return f"{{{','.join(map(str, numbers))}}}"


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows whose unique keys nobody has yet, and pass over the others. Inside a transaction.

    On PostgreSQL a row waits for another transaction that is inserting the same key: give the rows in one order of
    that key. Many go by COPY, in half the time; only if one of them is there already, as INSERT.
    """
    if connection.vendor == "postgresql" and len(rows) >= _MANY:
        with suppress(IntegrityError), transaction.atomic():
            copy(model, columns, rows)
            return
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
        with connection.wrap_database_errors:
            cursor.copy_expert(
                f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN",
                _Lines(_copied(model, columns, rows)),
            )


class _Lines:
    """A file of lines made as they are read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines

    def read(self, size: int) -> str:
        """Some more lines, "" after the last; the driver takes more than the `size` it asks for."""
        return "".join(islice(self.lines, _LINES))


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
                [array(values), array(values.values())],
            )


def _statement(model: type[models.Model], columns: Sequence[str]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    head = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608  names of ours
    return head, f"({', '.join(['%s'] * len(columns))})"


def _adapted(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Row]:
    """The rows with every value as the driver stores it."""
    made = [(index, make) for index, make in enumerate(_makers(model, columns)) if make is not None]
    for row in rows:
        values = list(row)
        for index, make in made:
            values[index] = make(values[index])
        yield values


def _makers(model: type[models.Model], columns: Sequence[str]) -> list[Callable[[Any], Any] | None]:
    """The adapter of each column."""
    fields = _fields(model)
    # the days and moments of an import repeat
    return [
        cache(make) if (make := adapter(field)) and isinstance(field, models.DateField) else make
        for field in (fields[name] for name in columns)
    ]


def _fields(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {str(field.column): field for field in model._meta.concrete_fields}


def adapter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """What turns a value of the field into what its column stores; None where that is the value itself."""
    if isinstance(field, models.JSONField):
        encode = (field.encoder or json.JSONEncoder)().encode
        return lambda value: None if value is None else encode(value)
    typed = isinstance(field, models.DateField | models.UUIDField | models.DecimalField | models.TimeField)
    if typed and connection.vendor == "sqlite":  # PostgreSQL's driver takes them as they are
        return lambda value: field.get_db_prep_save(value, connection)
    return None


def _copied(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """The rows as lines of COPY's text format. Raises TypeError for a value that no text column takes."""
    fields = _fields(model)
    makers = [
        _as_text(fields[name], make) for name, make in zip(columns, _makers(model, columns), strict=True)
    ]
    if all(make is str for make in makers):
        for row in rows:
            yield "\t".join(map(str, row)) + "\n"
        return
    for row in rows:
        yield "\t".join([make(value) for make, value in zip(makers, row, strict=True)]) + "\n"


_PLAIN = (
    models.IntegerField,
    models.BooleanField,
    models.FloatField,
    models.DecimalField,
    models.DateField,
    models.TimeField,
    models.UUIDField,
)


def _as_text(field: models.Field[Any, Any], make: Callable[[Any], Any] | None) -> Callable[[Any], str]:
    """What gives a column's value to COPY."""
    kind = field.target_field if isinstance(field, models.ForeignKey) else field
    text: Callable[[Any], str] = str if isinstance(kind, _PLAIN) else _escaped
    if isinstance(kind, models.JSONField):
        return lambda value: r"\N" if value is None else _escaped(make(value) if make else value)
    if isinstance(kind, models.DateField):
        text = cache(str)
    if field.null:
        return lambda value: r"\N" if value is None else text(value)
    return text


def _escaped(value: str) -> str:
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value:
        value = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return value
