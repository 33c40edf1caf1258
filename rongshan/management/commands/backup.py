"""`manage.py backup OUT`: database and evidence into one file (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rongshan.backup import CannotBackUp, backup, file_name


class Command(BaseCommand):
    help = "把数据库和凭据备份成一个 .tar.gz 文件（不含密钥，密钥须另行保管）。OUT 是文件名或目录。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if out.is_dir():
            out /= file_name(timezone.localtime())
        try:
            manifest = backup(out)
        except CannotBackUp as error:
            raise CommandError(str(error)) from None
        size = out.stat().st_size / 1024 / 1024
        self.stdout.write(
            f"已备份到 {out}（{size:.1f} MB，凭据 {len(manifest['files']) - 1} 份）。密钥不在其中。"
        )
