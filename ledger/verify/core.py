"""One run of all rules on one snapshot of the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ledger.models import Entry
from ledger.snapshot import snapshot

FETCHED = 2000  # rows at a time from a cursor

Finding = tuple[str, str, str]  # target, expected, found: three Chinese texts without personal data
Findings = Iterator[Finding]
Named = Iterator[tuple[str, Finding]]  # the code of the rule, and the finding


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
    """One pass over the books. It proves one rule, or the several that need the same rows."""

    rules: tuple[Rule, ...]
    run: Callable[[], Named]


CHECKS: list[Check] = []
RULES: list[Rule] = []

Watch = Callable[[Check, float, int], None]  # the check, the seconds it took, how many differences it found


def rule(name: str) -> Callable[[Callable[[], Findings]], Callable[[], Findings]]:
    """Put a generator function on the list as a rule: its code is the function's name, `name` the Chinese one."""

    def add(check: Callable[[], Findings]) -> Callable[[], Findings]:
        code = check.__name__

        def run() -> Named:
            for finding in check():
                yield code, finding

        _add(run, {code: name})
        return check

    return add


def rules(**names: str) -> Callable[[Callable[[], Named]], Callable[[], Named]]:
    """Put a generator function on the list that proves several rules in one pass: code → Chinese name."""

    def add(check: Callable[[], Named]) -> Callable[[], Named]:
        _add(check, names)
        return check

    return add


def _add(run: Callable[[], Named], names: Mapping[str, str]) -> None:
    proved = tuple(Rule(code, name) for code, name in names.items())
    CHECKS.append(Check(proved, run))
    RULES.extend(proved)


_printed: ContextVar[Mapping[str, str]] = ContextVar("printed", default={})  # noqa: B039  never changed


def printed_seals() -> Mapping[str, str]:
    """Quarter → the seal printed on its report, as the caller of this run has it."""
    return _printed.get()


def verify(*, printed: Mapping[str, str] | None = None, watch: Watch | None = None) -> Iterator[Difference]:
    """Every difference, check by check, in the order of CHECKS; nothing if the books hold.

    `printed`: quarter → the seal on the printed report, or its first 16 characters at least; compared with the seals
    in the database. `watch` is told of each check when it is done. Reads one snapshot, so it may run beside people who
    work: it neither waits for them nor makes them wait.
    """
    token = _printed.set(dict(printed or {}))
    try:
        with _room(), snapshot():
            _prepare()
            for check in CHECKS:
                began, count = time.perf_counter(), 0
                names = {one.code: one.name for one in check.rules}
                for code, finding in check.run():
                    count += 1
                    yield Difference(code, names[code], *finding)
                if watch is not None:
                    watch(check, time.perf_counter() - began, count)
    finally:
        _printed.reset(token)


def _prepare() -> None:
    """On PostgreSQL: whole tables are read to the end, and sums sorted in memory. For this transaction only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB'")


@contextmanager
def _room() -> Iterator[None]:
    """SQLite's page cache, 2 MB else: each rule reads tables of hundreds of megabytes."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        (before,) = cursor.fetchone()
        cursor.execute("PRAGMA cache_size = -65536")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA cache_size = {int(before)}")


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
