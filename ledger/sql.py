"""Fewer round trips and less query building, for the posting path: there they are the cost, not the SQL
(benchmarks/README.md). Elsewhere the ORM as it is does well.

Prepared: a query set compiled once and asked often. Statement, insert, update, run: writes that travel in one message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row")

# Stand-ins for the arguments while a query set is compiled; numbers that even a small integer column takes.
_STAND_IN = 32_000


class Statement(NamedTuple):
    """A statement with %s for each of its values."""

    text: str
    values: Sequence[Any] = ()


def run(statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    """Execute the statements in order; the rows of the last one, [] if it answers with none.

    PostgreSQL gets all of them in one message. Each sees what those before it did, and what others committed while
    those before it waited for a lock.
    """
    if statements and connection.vendor == "postgresql":
        text = ";\n".join(statement.text for statement in statements)
        statements = [Statement(text, [value for statement in statements for value in statement.values])]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(*statement)
        return cursor.fetchall() if statements and cursor.description else []


class _Compiled(NamedTuple):
    compiler: SQLCompiler
    text: str
    values: list[Any]
    places: list[tuple[int, int]]  # which of the values is which argument
    converters: Any
    model: Any  # whose instances the rows are; None: plain tuples
    attributes: list[str]


class Prepared(Generic[Row]):
    """A query set compiled at its first use. `make` gets the arguments, whole numbers, and builds it.

    It may lock, order, group and annotate; not follow select_related or prefetch_related.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]]) -> None:
        self.make = make
        self.compiled: dict[tuple[str, int], _Compiled | None] = {}

    def __call__(self, *arguments: int, first: Sequence[Statement] = ()) -> list[Row]:
        """The rows; `first` is executed before, in the same message."""
        key = (connection.vendor, len(arguments))
        if key not in self.compiled:
            self.compiled[key] = self._compile(len(arguments))
        found = self.compiled[key]
        if found is None:  # no row could ever match, as with an empty list of ids
            if first:
                run(first)
            return []
        values = list(found.values)
        for place, argument in found.places:
            values[place] = arguments[argument]
        rows: Any = run([*first, Statement(found.text, values)])
        if found.converters:
            rows = found.compiler.apply_converters(rows, found.converters)
        if found.model is None:
            return [cast("Row", tuple(row)) for row in rows]
        return [found.model.from_db(connection.alias, found.attributes, row) for row in rows]

    def _compile(self, count: int) -> _Compiled | None:
        stand_ins = range(_STAND_IN, _STAND_IN + count)
        queryset = self.make(*stand_ins)
        compiler = queryset.query.get_compiler(connection=connection)
        try:
            text, values = compiler.as_sql()
        except EmptyResultSet:
            return None
        places = [(place, value - _STAND_IN) for place, value in enumerate(values) if value in stand_ins]
        assert {argument for _, argument in places} == set(range(count)), text
        model = queryset.model if issubclass(queryset._iterable_class, ModelIterable) else None
        attributes = [field.attname for field in model._meta.concrete_fields] if model else []
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return _Compiled(compiler, text, list(values), places, converters, model, attributes)


def insert(objects: Sequence[Model]) -> list[Statement]:
    """What writes new rows of one model; [] for none. The objects do not learn their keys."""
    if not objects:
        return []
    meta = objects[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    rows = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(objects))
    return [
        Statement(
            f'INSERT INTO "{meta.db_table}" ({names}) VALUES {rows}',  # noqa: S608  names of ours
            [f.get_db_prep_save(f.pre_save(row, True), connection) for row in objects for f in fields],
        )
    ]


def update(row: Model, names: Sequence[str]) -> Statement:
    """What writes the named fields of a row as `save(update_fields=…)` would."""
    fields = [field for field in row._meta.concrete_fields if field.name in names]
    changes = ", ".join(f'"{field.column}" = %s' for field in fields)
    return Statement(
        f'UPDATE "{row._meta.db_table}" SET {changes} WHERE id = %s',  # noqa: S608  names of ours
        [*(f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields), row.pk],
    )
