"""What the commands of this app are given: units, quarters and registers by code, a user by name."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandError

from directory.models import Organization, User
from ledger.models import Period
from ledger.registers import Register, all_registers

REFUSED = 2  # exit code of a file, or a call, refused with a message (DESIGN §7)


def organization_of(code: str) -> Organization:
    """The unit with that code. Raises CommandError."""
    found = Organization.objects.select_related("division").filter(code=code, active=True).first()
    if found is None:
        raise CommandError(f"没有代码为 {code} 的单位。", returncode=REFUSED)
    return found


def period_of(code: str) -> Period:
    """The quarter with that code. Raises CommandError."""
    found = Period.objects.filter(code=code.upper()).first()
    if found is None:
        raise CommandError(f"没有 {code} 这个季度，请写成 2022Q2。", returncode=REFUSED)
    return found


def register_of(code: str) -> Register:
    """The register with that code, if sheets can be made of it. Raises CommandError."""
    found = all_registers().get(code)
    if found is None or not found.columns:
        known = "、".join(r.code for r in all_registers().values() if r.columns)
        raise CommandError(f"没有代码为 {code} 的台账，可用：{known}。", returncode=REFUSED)
    return found


def user_of(username: str) -> User:
    """The active user with that name. Raises CommandError."""
    users = User.objects.select_related("organization").filter(username=username, is_active=True)
    found = users.first()
    if found is None:
        raise CommandError(f"没有用户 {username}。", returncode=REFUSED)
    return found


def bytes_of(path: Path) -> bytes:
    """The file's content. Raises CommandError."""
    try:
        return path.read_bytes()
    except OSError:
        raise CommandError(f"读不出文件 {path}，请核对路径。", returncode=REFUSED) from None


def put(path: Path, content: bytes) -> None:
    """Write the file, readable by its owner only. Raises CommandError."""
    try:
        path.touch(mode=0o600)
        path.write_bytes(content)
    except OSError:
        raise CommandError(f"写不了文件 {path}，请核对路径。", returncode=REFUSED) from None
