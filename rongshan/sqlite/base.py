"""Django's SQLite, but who waits for the one writer waits outside SQLite (docs/adr/0013).

While SQLite's own busy handler sleeps, the connection stays locked. A thread that is inside a transaction, and whose garbage
collector happens on a cursor of a waiting thread, then waits for the waiter, who waits for it: until the waiter's 20
seconds are over. Seen with sixteen threads: one entry in twenty minutes.
"""

from __future__ import annotations

import random
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

PAUSE = (0.001, 0.02)  # seconds, at random, so that no waiter is always the one who comes too late


class DatabaseWrapper(base.DatabaseWrapper):
    """BEGIN IMMEDIATE is tried again and again for as long as `timeout` allows, with SQLite's own waiting switched off."""

    def _start_transaction_under_autocommit(self) -> None:
        seconds = self.settings_dict["OPTIONS"].get("timeout", 5)
        give_up_at = time.monotonic() + seconds
        assert self.connection is not None
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django's own, not in its stubs
                    return
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() >= give_up_at:
                        raise
                time.sleep(random.uniform(*PAUSE))  # noqa: S311  no secret
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
