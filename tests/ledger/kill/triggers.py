"""As of every register: its rows are only added."""

from __future__ import annotations

from audit.triggers import append_only

TRIGGERS = append_only("kill_hotmove", unique=[("entry_id", "version")])
