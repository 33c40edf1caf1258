"""What many tests begin with, made once for all that follow one another.

It is made in a transaction that stays open. The transaction of each test is a savepoint in it, so what a test does is
undone and what it began with is there for the next one. A test that begins with something else, or with nothing, has
it rolled back first (tests/conftest.py, `begun`).
"""

from __future__ import annotations

import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings


@dataclass(frozen=True)
class Kept:
    """`make` makes it, at the time that the fixture `today` sets."""

    make: Callable[..., Any]
    today: Callable[..., Any] | None

    @property
    def name(self) -> str:
        return self.make.__name__


def kept(make: Callable[..., Any]) -> Any:
    """A fixture that is made once for the tests that follow one another and begin with it; each gets a copy.

    For a function that writes to the database. Its parameters are other kept fixtures; what it returns has to be
    picklable; files go to settings.EVIDENCE_ROOT. Not for tests that commit.
    """

    def given(begun: Mapping[str, Any], **_: Any) -> Any:
        return begun[make.__name__]

    given.__name__, given.__doc__, given.__module__ = make.__name__, make.__doc__, make.__module__
    asked = [Parameter(name, Parameter.KEYWORD_ONLY) for name in ("begun", "db", *signature(make).parameters)]
    given.__signature__ = Signature(asked)  # type: ignore[attr-defined]  # by it pytest knows what to give
    given.make = make  # type: ignore[attr-defined]  # how `wanted` knows it
    return pytest.fixture(given)


def wanted(item: Any) -> list[Kept]:
    """What the test begins with, each after what it needs."""
    fixtures: Mapping[str, Sequence[Any]] = item._fixtureinfo.name2fixturedefs
    today = fixtures["today"][-1].func if "today" in fixtures else None
    found: dict[str, Kept] = {}

    def add(name: str) -> None:
        make = getattr(fixtures[name][-1].func, "make", None)
        if make is None or name in found:
            return
        for need in signature(make).parameters:
            add(need)
        found[name] = Kept(make, today)

    for name in sorted(fixtures):
        add(name)
    return list(found.values())


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is rolled back. Marked as a test's own, as TestCase marks its, or an audit event in a
    transaction of its own (a refusal) would not be let in."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # private, but the only door
    with block:
        yield
        transaction.set_rollback(True)


@dataclass
class Layer:
    """One thing that is kept: its open transaction; what was made up to here, by name, pickled; all files up to here."""

    kept: Kept
    made: bytes
    files: Path
    undo: ExitStack


class Ground:
    """What lies in the database now, undermost first."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def lay(self, wanted: Sequence[Kept]) -> None:
        """Have just these, keeping what is already right."""
        same = 0
        while same < min(len(wanted), len(self.layers)) and self.layers[same].kept == wanted[same]:
            same += 1
        assert len(connection.atomic_blocks) == len(self.layers), (
            "a test has ended a transaction that is not its own, or left one open"
        )
        self.lift(same)
        for one in wanted[same:]:
            self._add(one)

    def _add(self, one: Kept) -> None:
        below = self.made()
        with ExitStack() as undo:
            files = Path(undo.enter_context(tempfile.TemporaryDirectory()))
            if self.layers:
                shutil.copytree(self.layers[-1].files, files, dirs_exist_ok=True)
            undo.enter_context(undone())
            with override_settings(EVIDENCE_ROOT=files):
                value = one.make(**{name: below[name] for name in signature(one.make).parameters})
            connection.check_constraints()
            connection.run_on_commit = []  # nothing is committed here
            made = pickle.dumps({**below, one.name: value})
            self.layers.append(Layer(one, made, files, undo.pop_all()))

    def lift(self, but: int = 0) -> None:
        """Roll back all but the undermost `but`."""
        while len(self.layers) > but:
            self.layers.pop().undo.close()

    def made(self) -> dict[str, Any]:
        """Copies of what was made, by name."""
        found: dict[str, Any] = pickle.loads(self.layers[-1].made) if self.layers else {}  # noqa: S301  our own
        return found

    def copy_files(self, folder: Path) -> None:
        """Puts copies of the files into a new folder, if there are any."""
        if self.layers and any(self.layers[-1].files.iterdir()):
            shutil.copytree(self.layers[-1].files, folder)
