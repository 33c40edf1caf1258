"""What the database itself refuses: a filed version of a course or an attendance is never changed (DESIGN §2.3)."""

from __future__ import annotations

from audit.triggers import Refusal, append_only

TRIGGERS: list[Refusal] = [
    *append_only("labor_trainingcourse", unique=[("entry_id", "version")]),
    *append_only("labor_trainingattendance", unique=[("entry_id", "version")]),
    *append_only("labor_placement", unique=[("entry_id", "version")]),
    *append_only("labor_jobfair", unique=[("entry_id", "version")]),
    *append_only("labor_rosterrow", unique=[("entry_id", "version")]),
    *append_only("labor_rosterhandover", unique=[("entry_id", "version")]),
    *append_only("labor_rosterhandoverline", unique=[("handover_id", "roster_id")]),
]
