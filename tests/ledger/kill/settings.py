"""The application's own settings, with the register of the kill test, over the database that the harness made."""

import os

from rongshan.settings import *  # noqa: F403
from rongshan.settings import DATABASES, INSTALLED_APPS, STORAGES

INSTALLED_APPS = ["tests.ledger.kill", *INSTALLED_APPS]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
if os.environ.get("KILL_BROKEN") == "deferred":
    DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"
