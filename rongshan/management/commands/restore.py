"""`manage.py restore FILE`: a backup into an empty database, keys checked, books proved (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rongshan.backup import CannotBackUp, CannotRestore, restore


class Command(BaseCommand):
    help = "把备份恢复到空的数据库和凭据目录：先查文件指纹、数据库类型和密钥，恢复后核对账目。"
    requires_system_checks: list[str] = []  # the database is still empty

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = restore(options["file"])
        except (CannotRestore, CannotBackUp) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"已恢复 {manifest['made_at']} 的备份（凭据 {len(manifest['files']) - 1} 份），密钥相符，账目核对无差异。"
        )
