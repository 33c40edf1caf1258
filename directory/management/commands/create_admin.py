"""manage.py create_admin: the one way to an administrator's account (there are no default accounts)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from directory import actions
from directory.models import User


class Command(BaseCommand):
    help = "建立一个管理员账号（三员之一），或重置其密码；一次性密码只显示这一次。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="用户名：小写字母、数字、点、横线")
        parser.add_argument("--name", help="姓名（建立账号时必填）")
        parser.add_argument(
            "--role",
            choices=sorted(User.ADMINISTRATORS),
            default=str(User.Role.SYSTEM_ADMIN),
            help="system_admin 系统管理员（默认）、security_admin 安全管理员、auditor 审计员",
        )
        parser.add_argument("--reset-password", action="store_true", help="为已有账号重置密码")

    def handle(self, *args: Any, **options: Any) -> None:
        username = User.normalize_username(options["username"])
        if options["reset_password"]:
            user = User.objects.filter(username=username, is_system=False).first()
            if user is None:
                raise CommandError(f"没有用户名为 {username} 的账号。")
            password = actions.reset_password(by=None, user=user)
        else:
            if not options["name"]:
                raise CommandError("请用 --name 写明姓名。")
            try:
                user, password = actions.create_user(
                    by=None,
                    username=username,
                    full_name=options["name"],
                    role=options["role"],
                    organization=None,
                )
            except ValidationError as error:
                raise CommandError("；".join(error.messages)) from error
        self.stdout.write(f"{user.get_role_display()} {user.full_name}，用户名：{user.username}")
        self.stdout.write(f"一次性密码：{password}")
        self.stdout.write("密码只显示这一次，首次登录须修改。")
