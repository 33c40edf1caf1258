"""Every file of records that leaves the system is kept in the audit trail (DOMAIN §6)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from audit.events import record
from directory.models import User


def record_export(
    *,
    by: User | None,
    target: str,
    said: str,
    rows: int,
    data: bytes,
    reason: str = "",
    filters: Sequence[str] | None = None,
) -> None:
    """Keep that `data`, a file of `rows` records, went out; in the transaction that read them. `said`: by which door, and
    of what; `reason`: asked where it names people; `filters`: of a list, what narrowed it."""
    details = {"rows": rows, "reason": reason, "sha256": hashlib.sha256(data).hexdigest()}
    record(
        verb="workbook.exported" if filters is None else "list.exported",
        by=by,
        target=target,
        summary=f"{said}{rows} 行" + (f"，理由：{reason}" if reason else ""),
        details=details if filters is None else details | {"filters": list(filters)},
    )
