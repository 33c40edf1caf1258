"""Fewer round trips and less query building, where they are the cost and not the SQL: posting (docs/adr/0015) and the
first screen. Elsewhere the ORM as it is does well.

Prepared, read: query sets compiled once, asked often, and several of them in one message. Statement, insert, update, run:
writes that travel in one message. On PostgreSQL the server, too, keeps the plan of what it is asked often. asked_again:
whatever query set a page asks at every request.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache, wraps
from itertools import count
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import DateField, Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler

from audit.bulk import adapter, array

Row = TypeVar("Row")
P = ParamSpec("P")

# Stand-ins for the arguments while a query set is compiled; numbers that even a small integer column takes.
_STAND_IN = 32_000

# What the server keeps the plan of: statements with few values, since those with many are many, and so many of them for
# each connection.
MOST_VALUES, MOST_KEPT = 100, 200


class Statement(NamedTuple):
    """A statement with %s for each of its values."""

    text: str
    values: Sequence[Any] = ()


def run(statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    """Execute the statements in order; the rows of the last one, [] if it answers with none.

    PostgreSQL gets all of them in one message. Each sees what those before it did, and what others committed while
    those before it waited for a lock.
    """
    if not statements:
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _run_together(cursor, connection.connection, statements)
        for statement in statements:
            cursor.execute(*statement)
        return cursor.fetchall() if cursor.description else []


# PostgreSQL's connection → the text of a statement → the name under which the server has it.
_kept: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
_number = count(1)


def _run_together(cursor: Any, server: Any, statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    kept = _kept.setdefault(server, {})
    message: list[str] = []
    values: list[Any] = []
    new: dict[str, str] = {}
    for text, own in statements:
        if text in kept or text in new:
            name = kept.get(text) or new[text]
        elif len(own) <= MOST_VALUES and len(kept) + len(new) < MOST_KEPT and (body := _numbered(text)):
            # a name of its own each time: one that was tried in a message that failed may be taken, or may not
            name = new[text] = f"kept_{next(_number)}"
            message.append(f"PREPARE {name} AS {body}")
        else:
            name = ""
        if name:
            message.append(f"EXECUTE {name}({', '.join(['%s'] * len(own))})" if own else f"EXECUTE {name}")
        else:
            message.append(text)
        values += own
    cursor.execute(";\n".join(message), values)
    kept |= new
    return cursor.fetchall() if cursor.description else []


def _numbered(text: str) -> str:
    """The text with $1, $2 … for its %s; "" if it has other signs that the driver would read."""
    first, *others = text.split("%s")
    body = first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))
    return "" if "%" in body or ";" in body else body


class _Compiled(NamedTuple):
    compiler: SQLCompiler
    text: str
    values: list[Any]
    places: list[tuple[int, int]]  # which of the values is which argument
    converters: Any
    model: Any  # whose instances the rows are; None: plain tuples
    attributes: list[str]
    width: int  # columns

    def given(self, arguments: Sequence[int]) -> list[Any]:
        """The statement's values for these arguments."""
        values = list(self.values)
        for place, argument in self.places:
            values[place] = arguments[argument]
        return values

    def made_of(self, rows: Any) -> list[Any]:
        """What the query set would give for the rows."""
        if self.converters:
            rows = self.compiler.apply_converters(rows, self.converters)
        if self.model is None:
            return [tuple(row) for row in rows]
        return [self.model.from_db(DEFAULT_DB_ALIAS, self.attributes, row) for row in rows]


class Prepared(Generic[Row]):
    """A query set compiled at its first use. `make` gets the arguments, whole numbers, and builds it.

    It may lock, order, group and annotate; not follow select_related or prefetch_related.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]]) -> None:
        self.make = make
        self.compiled: dict[tuple[str, int], _Compiled | None] = {}
        self.casts: dict[int, list[Callable[[str], Any] | None]] = {}  # by the number of arguments

    def __call__(self, *arguments: int, first: Sequence[Statement] = ()) -> list[Row]:
        """The rows; `first` is executed before, in the same message."""
        found = self.query(len(arguments))
        if found is None:  # no row could ever match, as with an empty list of ids
            run(first)
            return []
        rows = run([*first, Statement(found.text, found.given(arguments))])
        return [cast("Row", row) for row in found.made_of(rows)]

    def of(self, *arguments: int) -> Asked:
        """The question with its arguments, for `read`."""
        return Asked(self, arguments)

    def query(self, arguments: int) -> _Compiled | None:
        """The query for so many arguments; None if no row could ever match."""
        key = connections[DEFAULT_DB_ALIAS].vendor, arguments
        if key not in self.compiled:
            self.compiled[key] = self._compile(arguments)
        return self.compiled[key]

    def _compile(self, count: int) -> _Compiled | None:
        stand_ins = range(_STAND_IN, _STAND_IN + count)
        queryset = self.make(*stand_ins)
        connection = connections[DEFAULT_DB_ALIAS]
        compiler = queryset.query.get_compiler(connection=connection)
        try:
            text, values = compiler.as_sql()
        except EmptyResultSet:
            return None
        places = [(place, value - _STAND_IN) for place, value in enumerate(values) if value in stand_ins]
        assert {argument for _, argument in places} == set(range(count)), text
        model = queryset.model if issubclass(queryset._iterable_class, ModelIterable) else None
        attributes = [field.attname for field in model._meta.concrete_fields] if model else []
        columns = [column for column, _, _ in compiler.select]
        converters = compiler.get_converters(columns)
        return _Compiled(compiler, text, list(values), places, converters, model, attributes, len(columns))


class Asked(NamedTuple):
    """A question with its arguments."""

    question: Prepared[Any]
    arguments: Sequence[int]


def read(asked: Sequence[Asked], first: Sequence[Statement] = ()) -> list[list[Any]]:
    """The rows of every question, after `first` was executed; on PostgreSQL in one message, and as of one moment.

    The questions may not lock: what is locked by `first` is read here as it is once locked.
    """
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        run(first)
        return [question(*arguments) for question, arguments in asked]
    queries = [(one, one.question.query(len(one.arguments))) for one in asked]
    parts = [_as_texts(query) for _, query in queries if query]
    values = [value for one, query in queries if query for value in query.given(one.arguments)]
    everything = [Statement(f"SELECT {', '.join(parts)}", values)] if parts else []
    rows = run([*first, *everything])
    told = iter(rows[0] if parts else ())
    answers: list[list[Any]] = []
    for one, query in queries:
        texts = next(told) if query else []
        if not query or not texts:
            answers.append([])
            continue
        casts = one.question.casts.get(len(one.arguments))
        if casts is None:
            casts = one.question.casts[len(one.arguments)] = _casts(query)
        answers.append(
            query.made_of(
                [
                    [
                        text if text is None or make is None else make(text)
                        for text, make in zip(row, casts, strict=True)
                    ]
                    for row in texts
                ]
            )
        )
    return answers


def _as_texts(query: _Compiled) -> str:
    """All rows of the query as one value: a list of lists of texts. Its own order is kept."""
    names = [f"c{number}" for number in range(query.width)]
    texts = ", ".join(f"{name}::text" for name in names)
    return f"ARRAY(SELECT ARRAY[{texts}] FROM ({query.text}) AS t({', '.join(names)}))"  # noqa: S608


def _casts(query: _Compiled) -> list[Callable[[str], Any] | None]:
    """What makes each column's value of its text, as the driver itself does; None where the text is the value."""
    from psycopg2 import extensions

    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query.text}) AS t LIMIT 0", query.values)  # noqa: S608
        kinds = [column.type_code for column in cursor.description]
    # a cursor keeps what times are given their zone by; the driver asks it
    asked = connection.create_cursor()

    def cast_of(kind: int) -> Callable[[str], Any] | None:
        own = connection.connection.string_types.get(kind) or extensions.string_types.get(kind)
        if own is None or own is extensions.UNICODE or kind in _TEXTS:
            return None
        if kind in _NUMBERS:
            return int
        return lambda text: own(text, asked)

    return [cast_of(kind) for kind in kinds]


# PostgreSQL's numbers of types: json, jsonb and text as they come; smallint, integer and bigint.
_TEXTS, _NUMBERS = (25, 114, 1043, 3802), (20, 21, 23)


# What asked_again keeps, a connection: a page asks some forty, in the name of each unit and of each day.
MOST_ASKED = 1_000

# Connection → (function, arguments) → its query set, compiled.
_asked: WeakKeyDictionary[Any, OrderedDict[Any, QuerySet[Any, Any]]] = WeakKeyDictionary()


def asked_again(make: Callable[P, QuerySet[Any, Row]]) -> Callable[P, list[Row]]:
    """`make` gives a query set that follows from its arguments alone; the function made of it gives the rows, read at
    every call. What is kept is the SQL for these arguments: to put it together takes Django ten times as long as to ask.

    The arguments have to be values: of a row its key, of a user the Scope, since a row may have changed meanwhile and
    still be the same row. Raises TypeError for others. Follows select_related, not prefetch_related.
    """

    @wraps(make)
    def ask(*args: P.args, **kwargs: P.kwargs) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        kept = _asked.setdefault(connection, OrderedDict())
        key = (make, args, tuple(kwargs.items()))
        queryset = kept.get(key)
        if queryset is None:
            if any(isinstance(value, Model) for value in (*args, *kwargs.values())):
                raise TypeError(f"{make.__qualname__}: a row is no value")
            queryset = make(*args, **kwargs)
            query: Any = queryset.query
            compiler: Any = query.get_compiler(connection=connection)
            try:
                statement = compiler.as_sql()
            except EmptyResultSet:  # no row could ever match
                return []
            compiler.as_sql = lambda: statement
            query.get_compiler = lambda *_, **__: compiler
            kept[key] = queryset
            if len(kept) > MOST_ASKED:
                kept.popitem(last=False)
        return list(cast("Any", queryset)._iterable_class(queryset))

    return ask


class _Writing(NamedTuple):
    """Columns of a table: their names, the attributes of the model that hold them, and what adapts those."""

    names: list[str]
    attributes: list[str]
    makers: list[Callable[[Any], Any] | None]

    def values(self, row: Model) -> list[Any]:
        """The row's, as the driver stores them."""
        given = (getattr(row, name) for name in self.attributes)
        return [make(value) if make else value for value, make in zip(given, self.makers, strict=True)]


@cache
def _writing(model: type[Model], names: tuple[str, ...] = ()) -> _Writing:
    """The named fields, or all but the key, which the database gives."""
    wanted = set(names)
    fields = [
        f
        for f in model._meta.concrete_fields
        if (wanted & {f.name, f.attname} if names else not f.primary_key)
    ]
    assert not any(isinstance(f, DateField) and (f.auto_now or f.auto_now_add) for f in fields), model
    return _Writing(
        [f'"{field.column}"' for field in fields],
        [field.attname for field in fields],
        [adapter(field) for field in fields],
    )


def insert(objects: Sequence[Model]) -> list[Statement]:
    """What writes new rows of one model; [] for none. The objects do not learn their keys."""
    if not objects:
        return []
    writing = _writing(type(objects[0]))
    return _insert(type(objects[0]), writing, [writing.values(row) for row in objects])


def insert_rows(model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> list[Statement]:
    """As insert, of plain rows: `names` are the fields', in the model's order."""
    writing = _writing(model, names)
    made = [
        [make(value) if make else value for value, make in zip(row, writing.makers, strict=True)]
        for row in rows
    ]
    return _insert(model, writing, made) if made else []


def _insert(model: type[Model], writing: _Writing, rows: Sequence[Sequence[Any]]) -> list[Statement]:
    places = f"({', '.join(['%s'] * len(writing.names))})"
    everything = ", ".join([places] * len(rows))
    return [
        Statement(
            f'INSERT INTO "{model._meta.db_table}" ({", ".join(writing.names)}) VALUES {everything}',  # noqa: S608
            [value for row in rows for value in row],
        )
    ]


def given(text: str, rows: Sequence[Sequence[int]]) -> Statement:
    """A statement of which {} stands for SELECT of `rows`, at least one, of whole numbers: the same text however many
    they are, so that the server's plan of it serves them all."""
    columns = list(zip(*rows, strict=True))
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        arrays = ", ".join(["%s::bigint[]"] * len(columns))
        values = [array(column) for column in columns]
        return Statement(text.format(f"SELECT * FROM unnest({arrays})"), values)  # noqa: S608
    each = ", ".join(f"value ->> {place}" for place in range(len(columns)))
    # WHERE: or SQLite would take ON CONFLICT for the condition of a join
    return Statement(text.format(f"SELECT {each} FROM json_each(%s) WHERE true"), [json.dumps(rows)])  # noqa: S608


def update(row: Model, names: Sequence[str], keys: Sequence[int] = ()) -> Statement:
    """What writes the named fields of a row as `save(update_fields=…)` would; of all rows of these keys, if given."""
    writing = _writing(type(row), tuple(names))
    changes = ", ".join(f"{name} = %s" for name in writing.names)
    places = ", ".join(["%s"] * len(keys or [row.pk]))
    return Statement(
        f'UPDATE "{row._meta.db_table}" SET {changes} WHERE id IN ({places})',  # noqa: S608  names of ours
        [*writing.values(row), *(keys or [row.pk])],
    )
