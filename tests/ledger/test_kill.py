"""Clients or server killed with -9: nothing acknowledged is lost or doubled; and a broken posting does not pass.

A twentieth of the full size, which `python -m tests.ledger.kill --engine … --transfers 3000 --kills 3` runs; its
results are in docs/runs.md. Everything happens in a temporary folder of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

ENGINE = "postgres" if connection.vendor == "postgresql" else "sqlite"
TODAY = int(time.time()) // 86400  # the seed: another every day; printed, so that a failure can be run again
PATIENCE = 240  # seconds for a run on a busy machine; on an idle one it takes ten


def run(*options: str) -> tuple[int, dict[str, Any], str]:
    """Run the harness; its exit code, its line of JSON and all it printed."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.ledger.kill", "--engine", ENGINE, *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    process = subprocess.Popen(
        [*command, "--seconds", str(PATIENCE - 60)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # with it goes the server it started
            process.wait()
    answers = [line for line in output.splitlines() if line.startswith("{")]
    assert answers, output
    return process.returncode, json.loads(answers[-1]), output


def test_nothing_acknowledged_is_lost_or_doubled_when_killed_and_every_page_adds_up() -> None:
    # how long PostgreSQL recovers is the disk's business, which on a busy machine may take longer than five seconds
    code, answer, output = run(
        "--transfers", "150", "--kills", "3", "--clients", "8", "--seed", str(TODAY), "--outage", "30"
    )
    print(output)  # noqa: T201
    assert code == 0, output
    assert answer["killed"] >= 3
    assert answer["approved"] + answer["returned"] + answer["refused"] == 150
    assert answer["refused"] > 0
    assert answer["pages_read"] > 0


def test_an_import_killed_anywhere_is_whole_or_nothing_and_counted_once_when_sent_again() -> None:
    code, answer, output = run("--imports", "--kills", "5", "--seed", str(TODAY))
    print(output)  # noqa: T201
    assert code == 0, output
    assert answer["whole"] + answer["nothing"] == 5


BROKEN = {
    "postgres": [
        ("no-lock", "150", lambda answer: answer["check"] or answer["deadlocks"]),
        ("debit-first", "40", lambda answer: answer["deadlocks"]),
        ("read-and-write", "40", lambda answer: answer["differences"]),
        ("no-check", "16", lambda answer: "overdrawn" in str(answer["faults"])),
        ("no-trigger", "16", lambda answer: answer["differences"]),
    ],
    "sqlite": [
        ("deferred", "24", lambda answer: answer["locked"]),
        ("no-check", "16", lambda answer: "overdrawn" in str(answer["faults"])),
        ("no-trigger", "16", lambda answer: answer["differences"]),
    ],
}


def two_a_day(every: list[Any]) -> list[Any]:
    """Others tomorrow; BROKEN=all has them all. Each makes books and a server of its own."""
    if os.environ.get("BROKEN") == "all":
        return every
    return [every[(2 * TODAY + one) % len(every)] for one in (0, 1)]


@pytest.mark.parametrize(
    ("broken", "transfers", "noticed"), two_a_day(BROKEN[ENGINE]), ids=lambda value: str(value)[:14]
)
def test_books_without_lock_check_or_trigger_fail_the_same_run(
    broken: str, transfers: str, noticed: Any
) -> None:
    code, answer, output = run("--transfers", transfers, "--kills", "0", "--no-readers", "--broken", broken)
    assert code == 1, output
    assert noticed(answer), output
