"""What the database itself refuses: a filed version of a row is never changed or deleted (DESIGN §2.3)."""

from __future__ import annotations

from audit.triggers import Refusal, append_only

TRIGGERS: list[Refusal] = [
    *append_only("funds_fundflow", unique=[("entry_id", "version")]),
    *append_only("funds_priorscale", unique=[("entry_id", "version")]),
]
