"""What the database itself refuses: a filed version of a row is never changed (DESIGN §2.3)."""

from __future__ import annotations

from audit.triggers import Refusal

TRIGGERS: list[Refusal] = []
