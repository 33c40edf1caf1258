"""A run of all rules: on one state of the database, in one process or in several that see the same."""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connection, connections

from ledger import accounts
from ledger.snapshot import followed, snapshot
from ledger.verify.core import CHECKS, Check, Difference, Finding, Named, as_printed, printed_seals

PATIENCE = 60  # seconds in which every process must have begun

Watch = Callable[[Check, float, int], None]  # the check, the seconds it took, how many differences it found


def verify(
    *, printed: Mapping[str, str] | None = None, watch: Watch | None = None, processes: int = 1
) -> Iterator[Difference]:
    """Every difference, check by check, in the order of CHECKS; nothing if the books hold.

    `printed`: quarter → the seal on the printed report, or its first 16 characters at least; compared with the seals
    in the database. `watch` is told of each check when it is done; its seconds are those of all processes together.
    Reads one state of the database, so it may run beside people who work: it neither waits for them nor makes them wait.
    Within a transaction, which no other process sees, one process does it all.
    """
    with as_printed(printed or {}):
        one = processes < 2 or connection.in_atomic_block
        for part in _in_turn() if one else _side_by_side(processes):
            count = 0
            names = {rule.code: rule.name for rule in part.check.rules}
            for code, finding in part.found:
                count += 1
                yield Difference(code, names[code], *finding)
            if watch is not None:
                watch(part.check, sum(part.seconds), count)


@dataclass(frozen=True)
class _Part:
    """What a check found; the seconds are known when all of it was read."""

    check: Check
    found: Named
    seconds: list[float]


def _in_turn() -> Iterator[_Part]:
    with _reading():
        for check in CHECKS:
            seconds: list[float] = []
            yield _Part(check, _one_by_one(check, seconds), seconds)


def _one_by_one(check: Check, seconds: list[float]) -> Named:
    for piece in check.pieces():
        began = time.perf_counter()
        yield from check.run(piece)
        seconds.append(time.perf_counter() - began)


@contextmanager
def _reading(state: str = "") -> Iterator[None]:
    """What is read inside is one state of the database: that which another process holds, if given."""
    with _room(), snapshot(state), accounts.only_existing():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # whole tables are read to the end, and sums sorted in memory; for this transaction only
                cursor.execute("SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB'")
        yield


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


# --- several processes ------------------------------------------------------------------------------------------

Answer = tuple[list[tuple[str, Finding]], float]  # what a piece found, and the seconds it took


def _side_by_side(processes: int) -> Iterator[_Part]:
    """The same as _in_turn. The processes begin at one state of the database, held until each of them has seen it."""
    connections.close_all()  # neither engine bears a connection that two processes have
    fork = multiprocessing.get_context("fork")
    states, begun = fork.SimpleQueue(), fork.Barrier(processes + 1)
    with ProcessPoolExecutor(processes, fork, _begin, (states, begun, printed_seals())) as pool:
        pool.submit(int)  # now the processes are there
        with followed() as state:
            for _ in range(processes):
                states.put(state)
            begun.wait(PATIENCE)
            pieces = [check.pieces() for check in CHECKS]
        # what comes in many small pieces goes last: they are shared to the end, whatever the others took
        order = sorted(range(len(CHECKS)), key=lambda number: len(pieces[number]))
        found: dict[int, list[Future[Answer]]] = {
            number: [pool.submit(_answer, number, piece) for piece in pieces[number]] for number in order
        }
        for number, check in enumerate(CHECKS):
            seconds: list[float] = []
            yield _Part(check, _gathered(found.pop(number), seconds), seconds)


def _gathered(answers: list[Future[Answer]], seconds: list[float]) -> Named:
    for answer in answers:
        found, took = answer.result()
        yield from found
        seconds.append(took)


_open = ExitStack()  # of a process that _begin began: what it reads in until it ends


def _begin(states: Any, begun: Barrier, printed: Mapping[str, str]) -> None:
    """What each process does first."""
    gc.freeze()  # millions of rows are made and dropped, none of them in a circle: looking for those took a tenth
    gc.set_threshold(50_000, 20, 20)
    try:
        _open.enter_context(as_printed(printed))
        _open.enter_context(_reading(states.get()))
        begun.wait(PATIENCE)
    except BaseException:
        begun.abort()
        raise


def _answer(number: int, piece: Any) -> Answer:
    """What a piece of the check with that number finds."""
    began = time.perf_counter()
    return list(CHECKS[number].run(piece)), time.perf_counter() - began
