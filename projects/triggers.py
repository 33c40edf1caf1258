"""What the database itself refuses: a filed version of a row is never changed (DESIGN §2.3)."""

from __future__ import annotations

from audit.triggers import Refusal, append_only

TABLES = (
    "project",
    "hoperoom",
    "progress",
    "work",
    "notice",
    "asset",
    "zonemember",
    "pvstation",
    "pvyield",
    "pvshare",
)
TRIGGERS: list[Refusal] = [
    trigger
    for table in TABLES
    for trigger in append_only(f"projects_{table}", unique=[("entry_id", "version")])
]
