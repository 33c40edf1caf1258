"""Audit of what "saved" means: every entry acknowledged to its clerk is on the disk, by a sync of its own.

    python -m tests.ledger.fsync --engine sqlite --entries 200
    python -m tests.ledger.fsync --engine postgres --entries 200
    python -m tests.ledger.fsync --engine postgres --entries 20 --off      without syncing: must fail

One client submits the entries one after the other; strace writes down, in one log, what client and server ask of the
kernel. Between the moment an entry begins and the moment it is acknowledged the log must show that the write-ahead log
was written, and a sync of it that began after the last such write of this client's process and came back without an
error. The stretches do not overlap, so no two entries share a sync. strace stops a process until a call is written
down, so the order of the log is the order of cause and effect, also between processes.

Needs Debian's package strace (for development only; `run.py test` installs it), Linux, and leave to trace: in a container
perhaps --cap-add=SYS_PTRACE. Everything happens in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TRACED = "fsync,fdatasync,pwrite64,pwritev,write"
MARK = "/marks"  # the file by which the client says where it is
# The write-ahead log of either engine, as strace -y names a file: what is synced makes a commit last.
WAL = re.compile(r"/pg_wal/[0-9A-F]{24}$|/db\.sqlite3-wal$")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.fsync")
    parser.add_argument("--engine", choices=["postgres", "sqlite"], required=True)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--off", action="store_true", help="PRAGMA synchronous=OFF or fsync=off: must fail")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        submit(asked.engine, asked.entries, asked.off, asked.inside)
        return 0
    strace = shutil.which("strace")
    if strace is None:
        sys.exit("strace is missing: apt-get install strace")
    folder = Path(tempfile.mkdtemp(prefix="rongshan-fsync-"))
    log = folder / "strace.log"
    inside = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "tests.ledger.fsync",
        *sys.argv[1:],
        "--inside",
        str(folder),
    ]
    try:
        command = [
            strace,
            "-f",
            "-y",
            "--seccomp-bpf",
            "-s",
            "32",
            "-e",
            f"trace={TRACED}",
            "-o",
            str(log),
            *inside,
        ]
        ended = subprocess.run(command, cwd=ROOT, check=False)
        if ended.returncode:
            sys.exit(f"the traced client ended with {ended.returncode}")
        with log.open(errors="replace") as lines:
            found = audit(calls(lines))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    faults = [f"entry {one.number}: {one.fault}" for one in found if one.fault]
    if len(found) != asked.entries:
        faults.append(f"{len(found)} of {asked.entries} entries were acknowledged")
    answer = {
        "engine": asked.engine,
        "off": asked.off,
        "entries": len(found),
        "synced": sum(not one.fault for one in found),
        "syncs": sum(one.syncs for one in found),
        "faults": len(faults),
    }
    print("\n".join([f"FAULT: {fault}" for fault in faults[:5]] or ["no fault"]))  # noqa: T201  the command's answer
    print(json.dumps(answer))  # noqa: T201
    return 1 if faults else 0


# --- inside strace ----------------------------------------------------------------------------------------------


def submit(engine: str, entries: int, off: bool, folder: Path) -> None:
    """Make the books in `folder`, submit the entries, and mark before and after each."""
    from tests.ledger.kill.servers import Postgres, Sqlite

    server = Postgres(folder, ["-c", "fsync=off"] if off else []) if engine == "postgres" else Sqlite(folder)
    os.environ.update(
        DATABASE_URL=server.url,
        RONGSHAN_DATA_DIR=str(folder),
        DJANGO_SETTINGS_MODULE="tests.ledger.kill.settings",
    )
    os.environ.pop("RONGSHAN_PRODUCTION", None)
    try:
        import django

        django.setup()
        _submit(entries, off, folder)
    finally:
        server.stop()


def _submit(entries: int, off: bool, folder: Path) -> None:
    from django.db import connection

    from directory.models import User
    from ledger import actions
    from ledger.models import Account
    from tests.ledger.kill.harness import Run, make_books
    from tests.ledger.kill.models import HotMove
    from tests.ledger.kill.registers import BOTH_WAYS, DAY, HOT_MOVE, code_of

    make_books(Run(engine="", transfers=entries, kills=0, clients=1, seed=0, folder=folder))
    clerk = User.objects.select_related("organization").get(username="clerk0")
    assert clerk.organization is not None
    source = Account.objects.get(code=code_of(BOTH_WAYS[0], "allocated"))
    target = Account.objects.get(code=code_of(BOTH_WAYS[0], "disbursed"))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            if off:
                cursor.execute("PRAGMA synchronous=OFF")
            pid = os.getpid()
        else:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
    marks = os.open(f"{folder}{MARK}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(marks, f"writer {pid}\n".encode())
    for number in range(entries):
        row = HotMove(number=number, source=source, target=target, amount=1, organization=clerk.organization)
        os.write(marks, f"begin {number}\n".encode())
        actions.submit(by=clerk, on=DAY, register=HOT_MOVE, row=row)
        os.write(marks, f"ack {number}\n".encode())


# --- reading the log --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """One line of interest: a process begins (`ended` None) or ends a call on a file; what it wrote, if a mark."""

    pid: int
    name: str
    file: str
    said: str
    ended: bool | None  # None: began; True: came back well; False: failed


_LINE = re.compile(r'(\d+) +(\w+)\(\d+<([^>]*)>(?:, "((?:[^"\\]|\\.)*)")?')
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>")


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """The calls in strace's log, in order: each begins and ends, on one line or on two."""
    open_calls: dict[int, Call] = {}
    for line in lines:
        resumed = _RESUMED.match(line)
        if resumed:
            begun = open_calls.pop(int(resumed[1]), None)
            if begun is not None:
                yield _ended(begun, line)
            continue
        started = _LINE.match(line)
        if started is None:
            continue
        call = Call(int(started[1]), started[2], started[3], started[4] or "", None)
        yield call
        if line.rstrip().endswith("<unfinished ...>"):
            open_calls[call.pid] = call
        else:
            yield _ended(call, line)


def _ended(call: Call, line: str) -> Call:
    result = re.search(r"= (-?\d+)[^=]*$", line)
    return Call(call.pid, call.name, call.file, call.said, result is not None and int(result[1]) >= 0)


@dataclass
class Entry:
    """An acknowledged entry: how many syncs of the log fell to it alone, and what is wrong, "" if nothing."""

    number: int
    syncs: int = 0
    fault: str = ""


def audit(found: Iterable[Call]) -> list[Entry]:
    """Judge every entry of the log, in order."""
    entries: list[Entry] = []
    writer = 0
    entry: Entry | None = None
    written = synced = False  # since the entry began: the writer wrote; all it wrote is synced
    syncing: set[int] = set()  # processes in a sync that began after the writer's last write
    for call in found:
        if call.file.endswith(MARK) and call.ended is None:
            word, number = call.said.replace("\\n", "").split()
            if word == "writer":
                writer = int(number)
            elif word == "begin":
                entry, written, synced = Entry(int(number)), False, False
                syncing.clear()
            elif entry is not None:
                if not synced:
                    entry.fault = "acknowledged before a sync" if written else "acknowledged, nothing written"
                entries.append(entry)
                entry = None
        elif entry is None or not WAL.search(call.file):
            continue
        elif call.name in ("fsync", "fdatasync"):
            if call.ended is None:
                syncing.add(call.pid)
            elif call.ended and call.pid in syncing:
                entry.syncs += 1
                synced = True
        elif call.pid == writer and call.ended is None:
            written, synced = True, False
            syncing.clear()
    return entries


if __name__ == "__main__":
    sys.exit(main())
