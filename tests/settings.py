"""The application's own settings, with the app that exists in tests only."""

from rongshan.settings import *  # noqa: F403
from rongshan.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS[:6], "tests.made_up", *INSTALLED_APPS[6:]]
