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
