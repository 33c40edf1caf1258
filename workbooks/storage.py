"""The files people uploaded: encrypted, under random names, outside the web root.

A file waits in pending/ between preview and confirmation; an accepted one stays in evidence/batches/, where the backup
finds it and Batch.path names it.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import time
from pathlib import Path

from django.conf import settings

from directory.privacy import decrypt, encrypt

PENDING_HOURS = 24


class NoSuchFile(Exception):
    """The pending file was confirmed, swept, or never existed."""


def keep(data: bytes) -> str:
    """Write an accepted original and return its path below EVIDENCE_ROOT. It is on disk before its row exists."""
    key = secrets.token_hex(16)
    path = f"batches/{key[:2]}/{key}.enc"
    _write(Path(settings.EVIDENCE_ROOT) / path, data)
    return path


def discard(path: str) -> None:
    """Remove an original whose batch was not written after all."""
    (Path(settings.EVIDENCE_ROOT) / path).unlink(missing_ok=True)


def original(path: str) -> bytes:
    """An accepted file as it was uploaded. FileNotFoundError if it is gone; UnreadableText without its key."""
    return _read(Path(settings.EVIDENCE_ROOT) / path)


def put_pending(data: bytes) -> str:
    """Keep a file until it is confirmed; returns the token that names it. Older ones are swept."""
    folder = _pending()
    if folder.is_dir():
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - PENDING_HOURS * 3600:
                old.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    _write(folder / f"{token}.enc", data)
    return token


def get_pending(token: str) -> bytes:
    """The waiting file. Raises NoSuchFile."""
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        raise NoSuchFile
    try:
        return _read(_pending() / f"{token}.enc")
    except FileNotFoundError:
        raise NoSuchFile from None


def drop_pending(token: str) -> None:
    """Forget a waiting file."""
    if re.fullmatch(r"[0-9a-f]{32}", token):
        (_pending() / f"{token}.enc").unlink(missing_ok=True)


def _pending() -> Path:
    # not below evidence/: the backup counts on files there never going away
    return Path(settings.EVIDENCE_ROOT).parent / "pending"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(encrypt(base64.b64encode(data).decode("ascii")))
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    return base64.b64decode(decrypt(path.read_text("ascii")))
