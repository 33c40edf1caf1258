"""Django's migrate, with our refusing triggers lifted before and installed after."""

from __future__ import annotations

import gc
from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from audit import triggers


class Command(DjangoMigrate):
    """A SQLite table remake silently drops the table's triggers and fails when another table's trigger names
    it; a data migration may have to touch rows that are immutable in daily work. So: drop, migrate, install.
    Run it while the application is stopped: in between, nothing refuses.
    """

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        kwargs: dict[Any, Any] = super().get_check_kwargs(options)
        kwargs.pop("databases", None)  # a missing trigger is an error there, and must not stop its own remedy
        return kwargs

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        connection = connections[options["database"]]
        triggers.drop(connection)
        often = gc.get_threshold()
        # a third of the time went into looking for what nobody holds any more
        gc.set_threshold(100_000, 50, 100)
        try:
            super().handle(*args, **options)
        finally:  # a failed migration too leaves them in place
            gc.set_threshold(*often)
            triggers.install(connection)
