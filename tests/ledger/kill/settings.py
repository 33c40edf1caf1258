"""The application's own settings, with the register of the kill test, over the database that the harness made."""

import os

from rongshan.settings import *  # noqa: F403
from rongshan.settings import DATABASES, INSTALLED_APPS, STORAGES

INSTALLED_APPS = ["tests.ledger.kill", *INSTALLED_APPS]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
SILENCED_SYSTEM_CHECKS = ["axes.W006"]


class NoMigrations:
    """Every table is made as its model says: an empty database has nothing to migrate, and the way there takes longer than
    the killing."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


MIGRATION_MODULES = NoMigrations()
if os.environ.get("KILL_BROKEN") == "deferred":
    DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"
