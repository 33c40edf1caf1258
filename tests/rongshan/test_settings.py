"""Settings are read once, at start: each case here is a start of its own, in a process of its own."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

KEYS = {
    "RONGSHAN_SECRET_KEY": "s" * 60,
    "RONGSHAN_FIELD_KEYS": f"{Fernet.generate_key().decode()}, {Fernet.generate_key().decode()}",
    "RONGSHAN_HMAC_KEY": "h" * 60,
    "RONGSHAN_SEAL_KEY": "e" * 60,
}
PRODUCTION = {"RONGSHAN_PRODUCTION": "1", "RONGSHAN_HOSTS": "ledger.example", **KEYS}


def start(folder: Path, read: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Loads the settings with nothing but `environment` set, and prints {name: value} of those read."""
    code = (
        "import json; from rongshan import settings;"
        f"print(json.dumps({{name: getattr(settings, name) for name in {read.split()!r}}}))"
    )
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=settings.BASE_DIR,
        env={**inherited, "RONGSHAN_DATA_DIR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", sorted(set(PRODUCTION) - {"RONGSHAN_PRODUCTION"}))
def test_production_refuses_to_start_without_each_key_and_says_which(missing: str, tmp_path: Path) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = start(tmp_path, "DEBUG", **given)
    assert done.returncode != 0
    assert missing in done.stderr
    assert not (tmp_path / "keys").exists()


def test_production_is_https_only_and_takes_the_keys_as_given(tmp_path: Path) -> None:
    names = (
        "DEBUG SECURE_SSL_REDIRECT SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_HSTS_SECONDS "
        "ALLOWED_HOSTS RONGSHAN_FIELD_KEYS"
    )
    done = start(tmp_path, names, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "DEBUG": False,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "ALLOWED_HOSTS": ["ledger.example"],
        "RONGSHAN_FIELD_KEYS": KEYS["RONGSHAN_FIELD_KEYS"].split(", "),
    }
    assert not (tmp_path / "keys").exists()


def test_the_demo_makes_keys_that_only_their_owner_reads_and_keeps_them(tmp_path: Path) -> None:
    names = "SECRET_KEY RONGSHAN_FIELD_KEYS RONGSHAN_HMAC_KEY RONGSHAN_SEAL_KEY"
    first, second = start(tmp_path, names), start(tmp_path, names)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    files = sorted((tmp_path / "keys").iterdir())
    assert [file.name for file in files] == ["field_keys", "hmac_key", "seal_key", "secret_key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_the_data_folder_is_closed_to_other_users_of_the_machine(tmp_path: Path) -> None:
    assert start(tmp_path / "data", "DEBUG").returncode == 0
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_processes_that_start_at_the_same_moment_end_with_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: start(tmp_path, "SECRET_KEY").stdout, range(4)))
    assert len(set(answers)) == 1
    assert answers[0].strip()


def test_the_proxy_is_believed_only_when_its_header_is_named(tmp_path: Path) -> None:
    trusted = start(
        tmp_path, "SECURE_PROXY_SSL_HEADER", RONGSHAN_PROXY_HEADER="X-Forwarded-Proto", **PRODUCTION
    )
    assert json.loads(trusted.stdout) == {"SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"]}
    assert start(tmp_path, "SECURE_PROXY_SSL_HEADER", **PRODUCTION).returncode != 0  # not set at all


def test_a_session_ends_after_half_an_hour_without_a_request() -> None:
    assert settings.SESSION_COOKIE_AGE == 1800  # and moves on: tests/directory/test_login.py
