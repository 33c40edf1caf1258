"""`manage.py load_plan FILE --as USER`: a plan file becomes plan, clauses, tasks, lines and accounts (DESIGN §7)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from directory.models import User
from funds import loading
from funds.planfile import PlanFileInvalid
from ledger.refusals import Refusal


class Command(BaseCommand):
    help = (
        "载入年度方案（YAML 或 JSON）。同一文件再次载入不改变任何内容；内容有变的文件须写 --revise 理由。"
        "退出码：0 完成，1 文件有问题或无权载入，2 与已载入的方案不同。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="方案文件，例如 fixtures/plan-2022.yaml")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="审核员的用户名")
        parser.add_argument("--revise", metavar="REASON", help="作为修订载入，并写明理由")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"读不出文件 {options['file']}，请核对路径，并存为 UTF-8 编码。") from None
        user = User.objects.filter(username=options["user"], is_system=False).first()
        if user is None:
            raise CommandError(f"没有用户 {options['user']}。")
        today, reason = timezone.localdate(), options["revise"]
        try:
            if reason is None:
                loaded = loading.load_plan(by=user, on=today, text=text)
            else:
                loaded = loading.revise_plan(by=user, on=today, text=text, reason=reason)
        except loading.PlanChanged as refusal:
            raise CommandError(f"{refusal.message}\n{refusal.diff}", returncode=2) from None
        except (PlanFileInvalid, loading.BeyondRevision) as refusal:
            raise CommandError("没有载入：\n" + "\n".join(f"- {p}" for p in refusal.problems)) from None
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        if loaded.changed:
            self.stdout.write(
                f"已载入“{loaded.plan}”第 {loaded.revision.number} 版：{loading.counts(loaded)}。"
            )
        else:
            self.stdout.write(f"“{loaded.plan}”第 {loaded.revision.number} 版已经载入，文件没有变化。")
