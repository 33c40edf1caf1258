"""`manage.py close_period 2022Q2 --as USER`: close a quarter, as its page does (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from directory.models import User
from ledger.bookkeeping import close_period
from ledger.models import Period
from ledger.refusals import Refusal


class Command(BaseCommand):
    help = "关账：合计从此不变，转账和审计加封签。季度须已结束，并按先后顺序关账。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("period", metavar="2022Q2", help="季度代码")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="审核员或领导的用户名")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_system=False).first()
        if user is None:
            raise CommandError(f"没有用户 {options['user']}。")
        period = Period.objects.filter(code=options["period"].upper()).first()
        if period is None:
            raise CommandError(f"没有季度 {options['period']}，请写成 2022Q2 这样的代码。")
        try:
            seal = close_period(by=user, on=timezone.localdate(), period=period)
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(
            f"{period.label}已关账：转账 {seal.transfer_count} 条，审计 {seal.event_count} 条，封签 {seal.digest}"
        )
