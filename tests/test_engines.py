"""What both database engines must be set to, on the connection really used."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from ledger.checks import saved_means_on_disk

REQUIREMENTS = Path(settings.BASE_DIR) / "requirements"


@pytest.mark.django_db
def test_sqlite_waits_for_locks_and_survives_a_power_cut_and_postgresql_speaks_through_psycopg2() -> None:
    if connection.vendor == "postgresql":
        assert connection.Database.__name__ == "psycopg2"  # type: ignore[attr-defined]
        return
    assert connection.vendor == "sqlite"

    def pragma(name: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {name}")
            return cursor.fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL
    assert pragma("foreign_keys") == 1
    assert pragma("busy_timeout") == 20_000
    assert connection.transaction_mode == "IMMEDIATE"  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_postgresql_that_says_saved_before_it_is_on_disk_does_not_pass_the_check() -> None:
    assert saved_means_on_disk(["default"]) == []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        assert [message.msg.partition("：")[0] for message in saved_means_on_disk(["default"])] == [
            "数据库设置 synchronous_commit = off"
        ]


@pytest.mark.parametrize("lock", ["app.txt", "dev.txt"])
def test_psycopg_3_is_in_no_lock_because_django_would_silently_prefer_it(lock: str) -> None:
    names = set(re.findall(r"^([A-Za-z0-9._-]+)==", (REQUIREMENTS / lock).read_text(), re.MULTILINE))
    assert "psycopg2-binary" in names
    assert not {name for name in names if name.split("-")[0] == "psycopg"}


def test_both_locks_name_the_same_versions_and_a_hash_for_everything() -> None:
    def versions(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (REQUIREMENTS / lock).read_text(), re.MULTILINE))

    production, development = versions("app.txt"), versions("dev.txt")
    assert production.items() <= development.items()
    for lock in ("app.txt", "dev.txt", "setup.txt"):
        for requirement in re.split(r"\n(?=\S)", (REQUIREMENTS / lock).read_text()):
            assert requirement.startswith("#") or "--hash=sha256:" in requirement, requirement


@pytest.mark.parametrize("lock", ["app", "dev", "setup"])
def test_every_direct_dependency_says_why_it_is_there_and_is_locked(lock: str) -> None:
    locked = (REQUIREMENTS / f"{lock}.txt").read_text().lower()
    for line in (REQUIREMENTS / f"{lock}.in").read_text().splitlines():
        if line.startswith(("#", "-")) or not line.strip():
            continue
        requirement, _, reason = line.partition("#")
        assert len(reason.strip()) > 10, line
        name = re.split(r"[~=<>\[ ]", requirement)[0].lower()
        assert re.search(rf"^{re.escape(name)}(\[[^\]]+\])?==", locked, re.MULTILINE), (
            f"{name}: compile again"
        )
