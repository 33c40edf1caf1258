"""manage.py export_workbook: what the books hold of one register, as a workbook (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from ledger.models import Entry
from workbooks import writing
from workbooks.exporting import record_export
from workbooks.management.commands._given import organization_of, period_of, put, register_of


class Command(BaseCommand):
    help = "导出一个台账（.xlsx）：有效的和待审核的记录；个人信息按公示规则遮盖。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT.xlsx")
        parser.add_argument("--register", required=True, metavar="CODE")
        parser.add_argument("--organization", metavar="CODE")
        parser.add_argument("--period", metavar="2022Q2")

    def handle(self, *args: Any, **options: Any) -> None:
        register = register_of(options["register"])
        entries = writing.live(Entry.objects.unscoped("命令行导出，由系统管理员在服务器上执行"), register)
        title, organization, period = register.name, None, None
        if options["organization"]:
            organization = organization_of(options["organization"])
            entries, title = entries.filter(filed_for=organization), f"{organization}{title}"
        if options["period"]:
            period = period_of(options["period"])
            entries, title = entries.filter(filing__period=period), f"{title}（{period.label}）"
        with transaction.atomic():
            data = writing.export(
                register=register,
                entries=entries,
                title=title,
                on=timezone.localdate(),
                organization=organization,
                period=period,
            )
            put(options["out"], data)
            count = entries.count()
            record_export(by=None, target=register.code, said=f"命令行导出“{title}”", rows=count, data=data)
        self.stdout.write(f"已导出 {count} 行到 {options['out']}。")
