"""`python3 run.py` itself, as a person starts and stops it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def complaints() -> list[str]:
    """These tests open no browser."""
    return []


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the first start leaves it: the demo is made once for these tests."""
    folder = tmp_path_factory.mktemp("start")
    with started(folder):
        pass
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """run.py on its own data folder, once it says where it serves; ended at the end if it has not ended."""
    port = free_port()
    environment = {**os.environ, "RONGSHAN_DATA_DIR": str(data), "PORT": str(port)}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-u", str(ROOT / "run.py")]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        said = ""
        for line in running.stdout:
            said += line
            if f"http://127.0.0.1:{port}/" in line:
                break
        else:
            pytest.fail(f"run.py ended with {running.wait()}\n{said}")
        try:
            yield running, f"http://127.0.0.1:{port}"
        finally:
            if running.poll() is None:
                running.terminate()


def everybody_started_by(running: subprocess.Popen[str]) -> list[psutil.Process]:
    """gunicorn with its two workers, and the task worker; on a busy machine the workers come a moment after the port."""
    for _ in range(100):
        children: list[psutil.Process] = psutil.Process(running.pid).children(recursive=True)
        if len(children) >= 4:
            break
        time.sleep(0.2)
    assert len(children) >= 4
    return children


def at_work(child: psutil.Process) -> bool:
    """Whether it still runs; one that has ended and only waits for the machine's first process to take note does not."""
    try:
        return bool(child.is_running() and child.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop_and_leaves_nothing_running(how: signal.Signals, data: Path) -> None:
    with started(data) as (running, url):
        children = everybody_started_by(running)
        with urllib.request.urlopen(f"{url}/healthz", timeout=30) as answer:  # noqa: S310  our own
            assert answer.status == 200
        running.send_signal(how)
        assert running.wait(timeout=30) == 0
    assert not [child for child in children if at_work(child)]


def test_when_a_part_dies_the_whole_stops_and_says_so(data: Path) -> None:
    with started(data) as (running, _url):
        children = everybody_started_by(running)
        next(child for child in children if "db_worker" in child.cmdline()).kill()
        assert running.stdout is not None
        assert "db_worker 意外停止" in running.stdout.read()
        assert running.wait(timeout=30) == 1
    assert not [child for child in children if at_work(child)]


def test_a_second_start_takes_seconds(data: Path) -> None:
    began = time.monotonic()
    with started(data):
        assert time.monotonic() - began < 15
