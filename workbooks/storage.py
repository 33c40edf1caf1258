"""The files people uploaded: encrypted, under random names, outside the web root.

A file waits in pending/ between preview and confirmation; an accepted one stays in evidence/batches/, where the backup
finds it and Batch.path names it.
"""

from __future__ import annotations

import json
import re
import secrets
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from directory import files
from workbooks.progress import Progress, Stage

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


def put_pending(data: bytes, cells: bytes = b"") -> str:
    """Keep a file until it is confirmed, and what the reader answered of it; returns the token that names it. Older ones
    are swept."""
    folder = files.pending()
    if folder.is_dir():
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - PENDING_HOURS * 3600:
                old.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    files.write(folder / f"{token}.enc", data)
    if cells:
        files.write(folder / f"{token}.cells.enc", zlib.compress(cells, 1))
    return token


def get_pending(token: str) -> bytes:
    """The waiting file. Raises NoSuchFile."""
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        raise NoSuchFile
    try:
        return files.read(files.pending() / f"{token}.enc")
    except FileNotFoundError:
        raise NoSuchFile from None


def get_cells(token: str) -> bytes:
    """What the reader answered of a waiting file; nothing if that was not kept."""
    try:
        return zlib.decompress(files.read(files.pending() / f"{token}.cells.enc"))
    except FileNotFoundError:
        return b""


def drop_pending(token: str) -> None:
    """Forget a waiting file and its preview."""
    if re.fullmatch(r"[0-9a-f]{32}", token):
        for ending in ("enc", "cells.enc", "page.enc", "beat", "stop"):
            (files.pending() / f"{token}.{ending}").unlink(missing_ok=True)


def put_page(token: str, page: Mapping[str, Any]) -> None:
    """Keep the preview of a waiting file beside it."""
    path = files.pending() / f"{token}.page.enc"
    path.unlink(missing_ok=True)
    files.write(path, json.dumps(page).encode())


def get_page(token: str) -> dict[str, Any]:
    """The preview of a waiting file. Raises NoSuchFile."""
    try:
        page: dict[str, Any] = json.loads(files.read(files.pending() / f"{token}.page.enc"))
    except FileNotFoundError:
        raise NoSuchFile from None
    return page


def beat(token: str) -> None:
    """Say that somebody is at work on a waiting file. Not in the database, which the work itself may have locked."""
    files.pending().mkdir(parents=True, exist_ok=True, mode=0o700)
    (files.pending() / f"{token}.beat").touch()


def tell(token: str, progress: Progress) -> None:
    """Say how far the work on a waiting file is."""
    beat(token)
    (files.pending() / f"{token}.beat").write_text(
        f"{progress.stage.name} {progress.done} {progress.total} {progress.piece} {progress.pieces}"
    )


def told(token: str) -> Progress:
    """How far the work on a waiting file is, as it was last told."""
    try:
        name, *numbers = (files.pending() / f"{token}.beat").read_text().split()
        done, total, piece, pieces = map(int, numbers)
        return Progress(Stage[name], done, total, piece, pieces)
    except (FileNotFoundError, ValueError):  # not begun, or being written just now
        return Progress()


def stop(token: str) -> None:
    """Ask whoever is at work on a waiting file to leave off."""
    (files.pending() / f"{token}.stop").touch()


def is_stopped(token: str) -> bool:
    """Whether that was asked."""
    return (files.pending() / f"{token}.stop").exists()


def go_on(token: str) -> None:
    """Take that back: it came too late."""
    (files.pending() / f"{token}.stop").unlink(missing_ok=True)


def last_beat(token: str) -> float:
    """When somebody was last at work on it, in seconds since 1970; 0 if never."""
    try:
        return (files.pending() / f"{token}.beat").stat().st_mtime
    except FileNotFoundError:
        return 0.0
