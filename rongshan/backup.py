"""Backup and restore: one .tar.gz with the database, the evidence files and a manifest of their hashes.

The keys are not in it: a backup that is stolen must stay unreadable, so keys are kept apart (docs/部署与备份.md).
Instead it carries a proof by which a restore sees at once whether the keys of this machine fit.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from directory.files import HALF, unchanging
from directory.models import User
from directory.privacy import UnreadableText, decrypt, encrypt
from ledger.verify import Difference, verify

FORMAT = 1
PROOF = "荣成—山亭协作帮扶台账"


class CannotBackUp(Exception):
    """The backup cannot be made; the message says what is missing."""


class CannotRestore(Exception):
    """The file is damaged, foreign, its keys are not here, or the database is not empty. Nothing was changed."""


class BooksDiffer(CannotRestore):
    """Everything was restored, but verify_ledger finds differences; `differences` names them."""

    def __init__(self, differences: list[Difference]) -> None:
        super().__init__(
            f"已恢复，但核对发现 {len(differences)} 处不符，请运行 manage.py verify_ledger 查看。"
        )
        self.differences = differences


def backup(out: Path) -> dict[str, Any]:
    """Write a backup of everything to `out` (.tar.gz) and return its manifest. People may go on working meanwhile.

    The database is copied first and the evidence after it: files are only ever added, so every file that the copied
    rows name is there. `out` appears only when it is complete. Raises CannotBackUp.
    """
    if out.exists():
        raise CannotBackUp(f"{out} 已存在，请换一个文件名。")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".backup-") as scratch:
        folder = Path(scratch)
        name = _dump(folder)
        half = folder / "half.tar.gz"
        with unchanging():  # a file encrypted anew between the two readings would not fit its hash
            files = {name: folder / name} | {f"evidence/{key}": path for key, path in _evidence()}
            manifest = {
                "format": FORMAT,
                "made_at": timezone.localtime().isoformat(timespec="seconds"),
                "engine": connection.vendor,
                "keys": _proofs(),
                "files": {key: _sha256(path) for key, path in files.items()},
            }
            (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
            with tarfile.open(half, "w:gz") as archive:
                archive.add(folder / "manifest.json", "manifest.json")
                for key, path in files.items():
                    archive.add(path, key)
        with half.open("rb") as written:
            os.fsync(written.fileno())
        half.chmod(0o600)
        half.rename(out)
    return manifest


def restore(file: Path) -> dict[str, Any]:
    """Restore a backup into the empty database of DATABASE_URL and the empty evidence folder; returns the manifest.

    Everything is checked before anything is written: the hashes, the engine, the keys, that nothing is here yet.
    Raises CannotRestore, or BooksDiffer if the restored books do not prove.
    """
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=".restore-") as scratch:
        folder = Path(scratch)
        manifest = _unpack(file, folder)
        _check(manifest, folder)
        _load(folder)
        _put_evidence(folder)
    call_command(
        "migrate", verbosity=0, interactive=False
    )  # an older backup; and every trigger is back in place
    differences = list(verify())
    if differences:
        raise BooksDiffer(differences)
    return manifest


# --- the database -----------------------------------------------------------------------------------------------


def _dump(folder: Path) -> str:
    if connection.vendor == "sqlite":
        target = folder / "database.sqlite3"
        source = _database()["NAME"]
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
        return target.name
    target = folder / "database.dump"
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    return target.name


def _load(folder: Path) -> None:
    if connection.vendor == "sqlite":
        connection.close()
        name = Path(_database()["NAME"])
        for suffix in (
            "",
            "-wal",
            "-shm",
        ):  # a journal left beside another database would be applied to this one
            Path(f"{name}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(folder / "database.sqlite3", name)
        return
    _run(
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--clean",
        "--if-exists",
        "--single-transaction",
        f"--dbname={_database()['NAME']}",
        str(folder / "database.dump"),
    )
    connection.close()


def _database() -> dict[str, Any]:
    return connection.settings_dict


def _run(program: str, *arguments: str) -> None:
    """Run a PostgreSQL client program; the password goes by environment, never on the command line."""
    path = shutil.which(
        program, path=f"{os.environ.get('RONGSHAN_PG_BIN', '')}{os.pathsep}{os.environ['PATH']}"
    )
    if path is None:
        raise CannotBackUp(f"没有找到 {program}，请安装 postgresql-client，或用 RONGSHAN_PG_BIN 指出其目录。")
    database = _database()
    environment = {
        **os.environ,
        "PGHOST": str(database.get("HOST") or ""),
        "PGPORT": str(database.get("PORT") or ""),
        "PGUSER": str(database.get("USER") or ""),
        "PGPASSWORD": str(database.get("PASSWORD") or ""),
        "PGDATABASE": str(database["NAME"]),
    }
    environment = {name: value for name, value in environment.items() if value or not name.startswith("PG")}
    done = subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CannotBackUp(f"{program} 失败：{done.stderr.strip()[-500:]}")


# --- the files --------------------------------------------------------------------------------------------------


def _evidence() -> Iterator[tuple[str, Path]]:
    root = Path(settings.EVIDENCE_ROOT)
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != HALF:
            yield path.relative_to(root).as_posix(), path


def _put_evidence(folder: Path) -> None:
    root = Path(settings.EVIDENCE_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / "evidence").is_dir():
        shutil.copytree(folder / "evidence", root, dirs_exist_ok=True)


def extract(archive: tarfile.TarFile, folder: Path) -> None:
    """The files of a backup below `folder`. Raises TarError for anything but files and folders, and for names that leave
    it: what tarfile's filter "data" does, which Python 3.11.2, Debian 12's, does not have."""
    folder = folder.resolve()
    for member in archive:
        place = (folder / member.name).resolve()
        if not (member.isreg() or member.isdir()) or not place.is_relative_to(folder):
            raise tarfile.TarError(f"{member.name} 不是备份里应有的文件")
        if member.isdir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(member)
        assert content is not None  # of a regular file there is one
        with content, place.open("wb") as out:
            shutil.copyfileobj(content, out)


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            extract(archive, folder)
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise CannotRestore(f"{file} 不是完整的备份文件：{error}") from error
    return manifest


def _check(manifest: dict[str, Any], folder: Path) -> None:
    if manifest.get("format") != FORMAT:
        raise CannotRestore(f"备份格式 {manifest.get('format')} 不被本版本支持。")
    damaged = [
        name
        for name, digest in manifest["files"].items()
        if not (folder / name).is_file() or _sha256(folder / name) != digest
    ]
    if damaged:
        raise CannotRestore(f"备份中有 {len(damaged)} 个文件损坏或缺失：{'、'.join(damaged[:5])}。")
    if manifest["engine"] != connection.vendor:
        raise CannotRestore(
            f"备份来自 {manifest['engine']}，本机配置的是 {connection.vendor}，请用同一种数据库。"
        )
    wrong = [name for name, fits in _fitting(manifest["keys"]).items() if not fits]
    if wrong:
        raise CannotRestore(f"本机的密钥与备份不符：{'、'.join(wrong)}。请先恢复当时的密钥。")
    if _has_data() or any(_evidence()):
        raise CannotRestore("目标数据库或凭据目录不是空的。请在新的空库上恢复，或先移走现有数据。")


def _has_data() -> bool:
    return User._meta.db_table in connection.introspection.table_names() and User.objects.exists()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the keys ---------------------------------------------------------------------------------------------------


def _proofs() -> dict[str, str]:
    return {
        "RONGSHAN_FIELD_KEYS": encrypt(PROOF),
        "RONGSHAN_HMAC_KEY": _mac(settings.RONGSHAN_HMAC_KEY),
        "RONGSHAN_SEAL_KEY": _mac(settings.RONGSHAN_SEAL_KEY),
    }


def _fitting(proofs: dict[str, str]) -> dict[str, bool]:
    try:
        opens = decrypt(proofs["RONGSHAN_FIELD_KEYS"]) == PROOF
    except UnreadableText:
        opens = False
    return {
        "RONGSHAN_FIELD_KEYS": opens,
        "RONGSHAN_HMAC_KEY": hmac.compare_digest(
            proofs["RONGSHAN_HMAC_KEY"], _mac(settings.RONGSHAN_HMAC_KEY)
        ),
        "RONGSHAN_SEAL_KEY": hmac.compare_digest(
            proofs["RONGSHAN_SEAL_KEY"], _mac(settings.RONGSHAN_SEAL_KEY)
        ),
    }


def _mac(key: str) -> str:
    return hmac.new(key.encode(), b"backup proof", hashlib.sha256).hexdigest()


def file_name(now: datetime) -> str:
    """What a backup is called when only a folder is given."""
    return f"rongshan-{now:%Y%m%d-%H%M%S}.tar.gz"
