import os
from contextlib import nullcontext

from django.apps import AppConfig

from ledger import snapshot


class KillConfig(AppConfig):
    name = "tests.ledger.kill"
    label = "kill"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if (
            os.environ.get("KILL_BROKEN") == "torn"
        ):  # before the pages are imported, which comes with the first request
            snapshot.snapshot = nullcontext  # type: ignore[assignment]
        if "KILL_STALE" in os.environ:  # tests/workbooks/kill.py: a hundred half minutes are an hour
            from workbooks import jobs

            jobs.STALE = float(os.environ["KILL_STALE"])
            jobs.BEAT, jobs.LOOK = min(jobs.BEAT, jobs.STALE / 6), min(jobs.LOOK, jobs.STALE / 3)
            jobs.IN_REQUEST = int(os.environ["KILL_IN_REQUEST"])
