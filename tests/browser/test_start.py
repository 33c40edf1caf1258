"""`python3 run.py` itself, as a person starts and stops it."""

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.browser.conftest import ROOT, started
from tests.serving import environment_of


@pytest.fixture(autouse=True)
def complaints() -> list[str]:
    """These tests open no browser."""
    return []


@pytest.fixture(scope="module")
def data(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the first start leaves it."""
    folder = tmp_path_factory.mktemp("start")
    shutil.copytree(demo_data, folder, dirs_exist_ok=True)
    return folder


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
    began = time.monotonic()
    with started(data) as (running, url):
        assert time.monotonic() - began < 20  # a second start takes seconds
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


FROM_MODELS = """
import django; django.setup()
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)
"""


def test_migrate_makes_what_the_models_say(demo_data: Path, tmp_path: Path) -> None:
    """To the index, key, constraint and trigger: the tests on SQLite run over tables made from the models."""
    environment = {**environment_of(tmp_path), "DJANGO_SETTINGS_MODULE": "rongshan.settings"}
    subprocess.run([sys.executable, "-c", FROM_MODELS], cwd=ROOT, env=environment, check=True)
    migrated, made = schema(demo_data / "db.sqlite3"), schema(tmp_path / "db.sqlite3")
    assert migrated.pop("django_migrations")
    assert migrated == made


def schema(file: Path) -> dict[str, list[str]]:
    """Name → what its SQL says; of a table in no order, which a remake changes."""
    with closing(sqlite3.connect(file)) as books:
        found = books.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    parts = re.compile(r', (?="|CONSTRAINT )')
    return {name: sorted(parts.split(sql.partition("(")[2].removesuffix(")"))) for name, sql in found}
