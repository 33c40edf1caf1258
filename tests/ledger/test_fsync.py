"""The audit of what is on disk, on logs as strace writes them: what it lets pass, and what it does not.

The audit itself needs strace: `python -m tests.ledger.fsync`, which `run.py test` runs after the other tests.
"""

from __future__ import annotations

import pytest

from tests.ledger.fsync import audit, calls

MARKS, WAL, HEAP = "/tmp/x/marks", "/tmp/x/data/pg_wal/000000010000000000000001", "/tmp/x/data/base/5/1259"
CLIENT, BACKEND, OTHER = 7, 8, 9


def mark(text: str) -> str:
    return f'{CLIENT} write(5<{MARKS}>, "{text}\\n", 8) = 8'


def wrote(pid: int = BACKEND, file: str = WAL) -> str:
    return f'{pid} pwrite64(9<{file}>, "\\30\\321"..., 8192, 0) = 8192'


def synced(pid: int = BACKEND, file: str = WAL, result: str = "0") -> str:
    return f"{pid} fdatasync(9<{file}>) = {result}"


BEGUN = f"{BACKEND} fdatasync(9<{WAL}> <unfinished ...>"
DONE = f"{BACKEND} <... fdatasync resumed>) = 0"


@pytest.mark.parametrize(
    ("between", "fault"),
    [
        ([wrote(), synced()], ""),
        ([wrote(), BEGUN, wrote(OTHER, HEAP), DONE], ""),
        ([wrote(), synced(OTHER)], ""),
        ([wrote()], "acknowledged before a sync"),
        ([wrote(), BEGUN], "acknowledged before a sync"),
        ([wrote(), synced(result="-1 EIO (Input/output error)")], "acknowledged before a sync"),
        ([wrote(), synced(), wrote()], "acknowledged before a sync"),
        ([BEGUN, wrote(OTHER), DONE, wrote()], "acknowledged before a sync"),
        ([wrote(), synced(file=HEAP)], "acknowledged before a sync"),
        ([], "acknowledged, nothing written"),
    ],
)
def test_an_entry_is_on_disk_by_a_sync_after_its_last_write_and_before_its_answer(
    between: list[str], fault: str
) -> None:
    log = [mark(f"writer {BACKEND}"), mark("begin 1"), *between, mark("ack 1")]
    assert [entry.fault for entry in audit(calls(log))] == [fault]


def test_no_two_entries_share_a_sync() -> None:
    first = [mark("begin 1"), wrote(), synced(), mark("ack 1")]
    second = [mark("begin 2"), wrote(), mark("ack 2"), synced()]
    found = audit(calls([mark(f"writer {BACKEND}"), *first, *second]))
    assert [(entry.syncs, entry.fault) for entry in found] == [(1, ""), (0, "acknowledged before a sync")]
