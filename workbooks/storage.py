"""The files people uploaded: encrypted, under random names, outside the web root.

A file waits in pending/ between preview and confirmation; an accepted one stays in evidence/batches/, where the backup
finds it and Batch.path names it.
"""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from django.conf import settings

from directory import files

PENDING_HOURS = 24


class NoSuchFile(Exception):
    """The pending file was confirmed, swept, or never existed."""


def keep(data: bytes) -> str:
    """Write an accepted original and return its path below EVIDENCE_ROOT. It is on disk before its row exists."""
    key = secrets.token_hex(16)
    path = f"batches/{key[:2]}/{key}.enc"
    files.write(Path(settings.EVIDENCE_ROOT) / path, data)
    return path


def discard(path: str) -> None:
    """Remove an original whose batch was not written after all."""
    (Path(settings.EVIDENCE_ROOT) / path).unlink(missing_ok=True)


def original(path: str) -> bytes:
    """An accepted file as it was uploaded. FileNotFoundError if it is gone; UnreadableText without its key."""
    return files.read(Path(settings.EVIDENCE_ROOT) / path)


def put_pending(data: bytes) -> str:
    """Keep a file until it is confirmed; returns the token that names it. Older ones are swept."""
    folder = files.pending()
    if folder.is_dir():
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - PENDING_HOURS * 3600:
                old.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    files.write(folder / f"{token}.enc", data)
    return token


def get_pending(token: str) -> bytes:
    """The waiting file. Raises NoSuchFile."""
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        raise NoSuchFile
    try:
        return files.read(files.pending() / f"{token}.enc")
    except FileNotFoundError:
        raise NoSuchFile from None


def drop_pending(token: str) -> None:
    """Forget a waiting file."""
    if re.fullmatch(r"[0-9a-f]{32}", token):
        (files.pending() / f"{token}.enc").unlink(missing_ok=True)
