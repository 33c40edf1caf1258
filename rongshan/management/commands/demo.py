"""`manage.py demo`: fill an empty database with the demonstration, and say who can log in (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directory.models import User
from rongshan import demo


class Command(BaseCommand):
    help = "在空库中载入演示数据（虚构人员，2022 年一年的记录），并列出演示账号。已有正式数据时拒绝执行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="已有数据时不报错，直接结束")

    def handle(self, *args: Any, **options: Any) -> None:
        if demo.is_real():
            if options["if_empty"]:
                return
            raise CommandError("数据库里已有正式数据，演示数据不会写入。")
        demo.load()
        self.stdout.write(f"演示账号（密码都是 {demo.PASSWORD}）：")
        for username, name, role, _ in demo.CAST:
            user = User.objects.select_related("organization").get(username=username)
            self.stdout.write(f"  {username:<10} {User.Role(role).label}  {user.organization or name}")
