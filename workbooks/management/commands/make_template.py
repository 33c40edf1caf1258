"""manage.py make_template: an empty workbook for one register, unit and quarter (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from directory.models import User
from workbooks import writing
from workbooks.management.commands._given import organization_of, period_of, put, register_of


class Command(BaseCommand):
    help = "生成一份空白模板（.xlsx），带下拉选项和填写说明。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT.xlsx")
        parser.add_argument("--register", required=True, metavar="CODE")
        parser.add_argument("--organization", required=True, metavar="CODE")
        parser.add_argument("--period", required=True, metavar="2022Q2")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options["organization"])
        # drop-downs of existing records show what the unit itself may see
        user = User.objects.filter(organization=organization, is_active=True).order_by("pk").first() or User()
        content = writing.template(
            register=register_of(options["register"]),
            organization=organization,
            period=period_of(options["period"]),
            user=user,
            on=timezone.localdate(),
        )
        put(options["out"], content)
        self.stdout.write(f"已生成 {options['out']}。")
