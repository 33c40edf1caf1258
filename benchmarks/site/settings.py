"""The application's own settings, with the addresses of benchmarks/site/urls.py."""

from rongshan.settings import *  # noqa: F403
from rongshan.settings import BASE_DIR, TEMPLATES

ROOT_URLCONF = "benchmarks.site.urls"
TEMPLATES = [{**TEMPLATES[0], "DIRS": [*TEMPLATES[0]["DIRS"], BASE_DIR / "benchmarks" / "site"]}]
