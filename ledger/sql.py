"""Fewer round trips and less query building, where they are the cost and not the SQL: posting (docs/adr/0015) and the
first screen. Elsewhere the ORM as it is does well.

Prepared, read: query sets compiled once, asked often, and several of them in one message. Statement, insert, update, run:
writes that travel in one message. On PostgreSQL the server, too, keeps the plan of what it is asked often. asked_again:
whatever query set a page asks at every request.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, wraps
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


@cache
def on_postgresql() -> bool:
    """Whether the books are on PostgreSQL, for good while the process lives; to ask the connection takes 2 µs."""
    return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


def run(statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    """Execute the statements in order; the rows of the last one, [] if it answers with none.

    PostgreSQL gets all of them in one message. Each sees what those before it did, and what others committed while
    those before it waited for a lock.
    """
    if not statements:
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        if on_postgresql():
            return _run_together(cursor, connection.connection, statements)
        for statement in statements:
            cursor.execute(*statement)
        return cursor.fetchall() if cursor.description else []


class _Kept:
    """What a connection of PostgreSQL has been asked: the text of a statement → the name under which the server has it;
    the texts of several → the message that executes them, once the server has them all."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.messages: dict[tuple[str, ...], str] = {}


_kept: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()
_number = count(1)


def _run_together(cursor: Any, server: Any, statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    known = _kept.get(server)
    if known is None:
        known = _kept[server] = _Kept()
    texts = tuple([text for text, _ in statements])
    values = [value for _, own in statements for value in own]
    message = known.messages.get(texts)
    if message is not None:
        cursor.execute(message, values)
    else:
        message, new, all_kept = _message(known.names, statements)
        cursor.execute(message, values)
        known.names |= new
        if all_kept and not new and len(known.messages) < MOST_KEPT:
            known.messages[texts] = message
    return cursor.fetchall() if cursor.description else []


def _message(kept: dict[str, str], statements: Sequence[Statement]) -> tuple[str, dict[str, str], bool]:
    """What executes the statements; the names it gives; whether the server then has all of them."""
    message: list[str] = []
    new: dict[str, str] = {}
    named = 0
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
            named += 1
            message.append(f"EXECUTE {name}({', '.join(['%s'] * len(own))})" if own else f"EXECUTE {name}")
        else:
            message.append(text)
    return ";\n".join(message), new, named == len(statements)


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
        self.compiled: dict[int, _Compiled | None] = {}  # by the number of arguments
        self.casts: dict[int, list[Callable[[str], Any] | None]] = {}  # likewise

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
        if arguments not in self.compiled:
            self.compiled[arguments] = self._compile(arguments)
        return self.compiled[arguments]

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
    if not on_postgresql():
        run(first)
        return [question(*arguments) for question, arguments in asked]
    text, queries = _one_for_all(tuple([(one.question, len(one.arguments)) for one in asked]))
    values = [
        value
        for one, query in zip(asked, queries, strict=True)
        if query
        for value in query.given(one.arguments)
    ]
    rows = run([*first, Statement(text, values)] if text else first)
    told = iter(rows[0] if text else ())
    answers: list[list[Any]] = []
    for one, query in zip(asked, queries, strict=True):
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


@lru_cache(maxsize=1_000)
def _one_for_all(
    asked: tuple[tuple[Prepared[Any], int], ...],
) -> tuple[str, list[_Compiled | None]]:
    """The statement that asks all of these questions with so many arguments, "" if nothing could match any; and their
    queries."""
    queries = [question.query(arguments) for question, arguments in asked]
    parts = [_as_texts(query) for query in queries if query]
    return f"SELECT {', '.join(parts)}" if parts else "", queries


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
def _writing(model: type[Model], names: tuple[str, ...]) -> _Writing:
    """The named fields."""
    wanted = set(names)
    fields = [f for f in model._meta.concrete_fields if wanted & {f.name, f.attname}]
    assert not any(isinstance(f, DateField) and (f.auto_now or f.auto_now_add) for f in fields), model
    return _Writing(
        [f'"{field.column}"' for field in fields],
        [field.attname for field in fields],
        [adapter(field) for field in fields],
    )


def insert_rows(model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> list[Statement]:
    """What writes new rows of a model; [] for none. `names` are the fields', in the model's order."""
    if not rows:
        return []
    writing = _writing(model, names)
    places = f"({', '.join(['%s'] * len(writing.names))})"
    everything = ", ".join([places] * len(rows))
    return [
        Statement(
            f'INSERT INTO "{model._meta.db_table}" ({", ".join(writing.names)}) VALUES {everything}',  # noqa: S608
            [
                make(value) if make else value
                for row in rows
                for value, make in zip(row, writing.makers, strict=True)
            ],
        )
    ]


def given(text: str, rows: Sequence[Sequence[int | str]]) -> Statement:
    """A statement of which {} stands for SELECT of `rows`, at least one, of whole numbers and texts: the same text
    however many they are, so that the server's plan of it serves them all."""
    columns = list(zip(*rows, strict=True))
    if on_postgresql():
        of_numbers = [isinstance(value, int) for value in rows[0]]
        arrays = ", ".join("%s::bigint[]" if numbers else "%s::text[]" for numbers in of_numbers)
        values = [
            array(column) if numbers else list(column)
            for column, numbers in zip(columns, of_numbers, strict=True)
        ]
        return Statement(text.format(f"SELECT * FROM unnest({arrays})"), values)  # noqa: S608
    each = ", ".join(f"value ->> {place}" for place in range(len(columns)))
    # WHERE: or SQLite would take ON CONFLICT for the condition of a join
    return Statement(text.format(f"SELECT {each} FROM json_each(%s) WHERE true"), [json.dumps(rows)])  # noqa: S608


def of_keys(text: str, keys: Iterable[int], before: Sequence[Any] = ()) -> Statement:
    """A statement of which {} stands for "is one of `keys`", however many, after a column; `before` are its values that
    stand before."""
    among = list(keys)
    if len(among) == 1:  # planned better than a list whose length nobody knows
        return Statement(text.format("= %s"), [*before, *among])
    if on_postgresql():
        return Statement(text.format("= ANY(%s::bigint[])"), [*before, array(among)])
    return Statement(text.format("IN (SELECT value FROM json_each(%s))"), [*before, json.dumps(among)])


def update(row: Model, names: Sequence[str], keys: Sequence[int] = ()) -> Statement:
    """What writes the named fields of a row as `save(update_fields=…)` would; of all rows of these keys, if given."""
    writing = _writing(type(row), tuple(names))
    changes = ", ".join(f"{name} = %s" for name in writing.names)
    text = f'UPDATE "{row._meta.db_table}" SET {changes} WHERE id {{}}'  # noqa: S608  names of ours
    return of_keys(text, keys or [row.pk], writing.values(row))
