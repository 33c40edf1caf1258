"""What a rule is, how it is put on the list, and how it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection

from ledger.models import Entry

FETCHED = 2000  # rows at a time from a cursor

Finding = tuple[str, str, str]  # target, expected, found: three Chinese texts without personal data
Findings = Iterator[Finding]
Named = Iterator[tuple[str, Finding]]  # the code of the rule, and the finding

T = TypeVar("T")


@dataclass(frozen=True)
class Difference:
    """One place where the books are not what they must be. `rule` is the code of the rule, `name` its Chinese name."""

    rule: str
    name: str
    target: str
    expected: str
    found: str


@dataclass(frozen=True)
class Rule:
    """A rule of the books."""

    code: str
    name: str


@dataclass(frozen=True)
class Check:
    """One pass over the books. It proves one rule, or the several that need the same rows.

    `pieces`: what of it can be proved apart, each given to `run`; where all is one, [None].
    """

    rules: tuple[Rule, ...]
    run: Callable[[Any], Named]
    pieces: Callable[[], Sequence[Any]]


CHECKS: list[Check] = []
RULES: list[Rule] = []


def rule(name: str) -> Callable[[Callable[[], Findings]], Callable[[], Findings]]:
    """Put a generator function on the list as a rule: its code is the function's name, `name` the Chinese one."""

    def add(check: Callable[[], Findings]) -> Callable[[], Findings]:
        code = check.__name__

        def run(_: None) -> Named:
            for finding in check():
                yield code, finding

        rules(lambda: [None], **{code: name})(run)
        return check

    return add


def rules(
    pieces: Callable[[], Sequence[T]], **names: str
) -> Callable[[Callable[[T], Named]], Callable[[T], Named]]:
    """Put a generator function on the list that proves rules (code → Chinese name) piece by piece."""

    def add(check: Callable[[T], Named]) -> Callable[[T], Named]:
        proved = tuple(Rule(code, name) for code, name in names.items())
        CHECKS.append(Check(proved, check, pieces))
        RULES.extend(proved)
        return check

    return add


_printed: ContextVar[Mapping[str, str]] = ContextVar("printed", default={})  # noqa: B039  never changed


def printed_seals() -> Mapping[str, str]:
    """Quarter → the seal printed on its report, as the caller of this run has it."""
    return _printed.get()


@contextmanager
def as_printed(seals: Mapping[str, str]) -> Iterator[None]:
    """Inside, `printed_seals` answers with these."""
    token = _printed.set(dict(seals))
    try:
        yield
    finally:
        _printed.reset(token)


def select(sql: str, values: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a query as a stream: a cursor in the database on PostgreSQL, step by step on SQLite."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(FETCHED):
            yield from rows


def state_text(code: str) -> str:
    """ "已通过" for "approved"; a state nobody knows as it is."""
    return str(Entry.State(code).label) if code in Entry.State else code


def kind_text(code: str) -> str:
    """ "红冲" for "reversal"; a kind nobody knows as it is."""
    return str(Entry.Kind(code).label) if code in Entry.Kind else code
