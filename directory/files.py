"""Encrypted files: each holds one token of directory/privacy.py, under a name that ends in .enc, on disk before it is told.

They stand below settings.EVIDENCE_ROOT, where the backup finds them, and in pending/ beside it, which nobody misses.
"""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from directory.privacy import PREFIX_LENGTH, current_prefix, decrypt, encrypt

ENDING = ".enc"
HALF = ".half"  # of a file being written anew; one left behind is an interrupted rotation's


def write(path: Path, data: bytes) -> None:
    """Encrypt `data` into a new file. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _put(path, encrypt(base64.b64encode(data).decode("ascii")))
    _keep_name(path)


def read(path: Path) -> bytes:
    """What was written. Raises FileNotFoundError, or UnreadableText without the key."""
    return base64.b64decode(decrypt(path.read_text("ascii")))


def pending() -> Path:
    """Where files wait for somebody's answer. Not below EVIDENCE_ROOT: the backup counts on files there staying."""
    return Path(settings.EVIDENCE_ROOT).parent / "pending"


def outdated() -> list[Path]:
    """Every encrypted file that is still under another key than the first."""
    folders = (Path(settings.EVIDENCE_ROOT), pending())
    found = (path for folder in folders for path in sorted(folder.rglob(f"*{ENDING}")))
    return [path for path in found if not _is_current(path)]


def reseal(path: Path) -> None:
    """Encrypt a file anew under the first key: written beside, on disk, then put in its place in one step, so that
    whenever this is cut short there is one whole file. Inside `unchanging()`. Raises UnreadableText."""
    half = path.with_name(path.name + HALF)
    half.unlink(missing_ok=True)
    _put(half, encrypt(decrypt(path.read_text("ascii"))))
    half.replace(path)
    _keep_name(path)


@contextmanager
def unchanging() -> Iterator[None]:
    """Wait for, and keep out, whoever else rewrites the files or copies them: rotation and backup take turns."""
    lock = Path(settings.EVIDENCE_ROOT).parent / "files.lock"
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _put(path: Path, token: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
        file.flush()
        os.fsync(file.fileno())


def _keep_name(path: Path) -> None:
    """A name is on disk when its folder is."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_current(path: Path) -> bool:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(PREFIX_LENGTH) == current_prefix()
    except FileNotFoundError:
        return True  # a pending one that was confirmed meanwhile
