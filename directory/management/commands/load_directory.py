"""manage.py load_directory: divisions, units and aliases from fixtures/."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from directory.loading import load_directory


class Command(BaseCommand):
    help = "载入行政区划、单位和别名（fixtures/）；只补缺少的，可以重复运行。"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(str(load_directory()))
