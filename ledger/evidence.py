"""Evidence files: accepted by content, limited in size, kept under random names outside the web root (issue 2 §5)."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from directory import files
from directory.identity import hide_numbers
from directory.models import Organization, User
from directory.rights import may_see_restricted
from ledger.models import EntryEvidence, Evidence
from ledger.refusals import Refusal
from ledger.registers import all_registers

LARGEST = 20 * 1024 * 1024  # bytes: a scanned contract of some thirty pages


class UnacceptableFile(Refusal):
    """Too large, empty, or of a kind that is not accepted; the message says what to do."""


# first bytes → (media type, extension). What the browser claims is not believed.
_MAGIC: list[tuple[bytes, str, str]] = [
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
]
ACCEPTED = ".pdf,.jpg,.jpeg,.png,.docx,.xlsx"
_OFFICE = {
    b"word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    b"xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}


def sniff(head: bytes) -> tuple[str, str] | None:
    """(media type, extension) by the first bytes of a file; None if the kind is not accepted."""
    for magic, media_type, extension in _MAGIC:
        if head.startswith(magic):
            return media_type, extension
    if head.startswith(b"PK\x03\x04"):
        for folder, kind in _OFFICE.items():
            if folder in head:
                return kind
    return None


def store(*, by: User, organization: Organization, upload: UploadedFile[Any]) -> Evidence:
    """Keep an uploaded file and return its row. The file is on disk (fsync) before the row exists.

    Raises UnacceptableFile. Hanging it on an entry is the actions' part; a file never hung is swept later.
    """
    name = hide_numbers(Path(upload.name or "").name)[-200:] or "未命名"
    if not upload.size:
        raise UnacceptableFile(f"“{name}”是空文件，请重新选择。")
    if upload.size > LARGEST:
        raise UnacceptableFile(
            f"“{name}”有 {upload.size / 1024 / 1024:.1f} MB，超过 {LARGEST // 1024 // 1024} MB，请压缩或分开上传。"
        )
    head = upload.read(64 * 1024)
    upload.seek(0)
    kind = sniff(head)
    if kind is None:
        raise UnacceptableFile(
            f"“{name}”不是 PDF、JPG、PNG、Word（docx）或 Excel（xlsx）文件，请转换后上传。"
        )
    media_type, extension = kind
    key = secrets.token_hex(16)
    path = f"{key[:2]}/{key}.{extension}"
    digest = _write(_absolute(path), upload)
    evidence = Evidence(
        organization=organization,
        uploaded_by=by,
        name=name,
        media_type=media_type,
        size=upload.size,
        sha256=digest,
        path=path,
    )
    evidence.save(force_insert=True)
    return evidence


def store_sealed(
    *, by: User, organization: Organization, addressee: Organization, name: str, media_type: str, data: bytes
) -> Evidence:
    """Keep a file that the system made for `addressee` alone: encrypted on disk, its hash that of what it holds."""
    key = secrets.token_hex(16)
    path = f"sealed/{key[:2]}/{key}{files.ENDING}"
    files.write(_absolute(path), data)
    evidence = Evidence(
        organization=organization,
        uploaded_by=by,
        name=name,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        path=path,
        addressee=addressee,
    )
    evidence.save(force_insert=True)
    return evidence


def open_file(evidence: Evidence) -> BinaryIO:
    """The stored file, for reading. FileNotFoundError if it is gone; verify_ledger names such files."""
    path = _absolute(evidence.path)
    return io.BytesIO(files.read(path)) if path.suffix == files.ENDING else path.open("rb")


def may_open(user: User, evidence: Evidence) -> bool:
    """Whether the content of a file in `user`'s scope is open to them: what hangs on an entry of a restricted register,
    such as a guardian's consent, only to its uploader and to who has the named right (directory/rights.py)."""
    codes = [code for code, register in all_registers().items() if register.is_restricted]
    return (
        evidence.uploaded_by_id == user.pk
        or not EntryEvidence.objects.filter(evidence=evidence, entry__register__in=codes).exists()
        or may_see_restricted(user)
    )


def sha256_of(evidence: Evidence) -> str | None:
    """The hash of the file as it is on disk now; None if it is gone."""
    path = _absolute(evidence.path)
    if not path.is_file():
        return None
    with open_file(evidence) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _absolute(path: str) -> Path:
    return Path(settings.EVIDENCE_ROOT) / path


def _write(path: Path, upload: UploadedFile[Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in upload.chunks():
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
