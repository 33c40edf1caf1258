"""A twentieth of the kills of tests/workbooks/kill.py, with the worker's real process and the real queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.db import connection

ENGINE = "postgres" if connection.vendor == "postgresql" else "sqlite"
PATIENCE = 300  # seconds on a busy machine; on an idle one it takes thirty


def test_a_killed_workers_file_is_done_again_by_itself_and_counted_once() -> None:
    # another seed every day; printed, so that a failure can be run again
    options = ["--rows", "300", "--kills", "5", "--stale", "2", "--seed", str(int(time.time()) // 86400)]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.workbooks.kill", "--engine", ENGINE, *options],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # with it go the worker and the server it started
            process.wait()
    print(output)  # noqa: T201
    assert process.returncode == 0, output
    answer = json.loads(next(line for line in output.splitlines() if line.startswith("{")))
    assert answer["killed"] == 5
    assert answer["begun_again_by_itself"] + answer["by_the_page"] > 0
    assert answer["people"] == 300 * answer["files"]
