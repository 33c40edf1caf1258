"""As of every register: its rows are only added."""

from audit.triggers import append_only

TRIGGERS = [
    *append_only("made_up_reached", unique=[("entry_id", "version")]),
    *append_only("made_up_visited", unique=[("entry_id", "version")]),
    *append_only("made_up_tree", unique=[("entry_id", "version")]),
]
