"""verify_ledger: recompute everything; exit 0 only if all rules of the books hold (DESIGN §2.4, §7)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.verify import RULES, verify


class Command(BaseCommand):
    """Names every difference: the rule, where, what it should be and what it is. Changes nothing."""

    help = "逐条核对账目，列出全部差异；全部相符时退出码为 0，否则为 1。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="以 JSON 输出")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["json"]:
            differences = [asdict(one) for one in verify()]
            rules = [{"rule": one.code, "name": one.name} for one in RULES]
            answer = {"ok": not differences, "rules": rules, "differences": differences}
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
            count = len(differences)
        else:
            count = 0
            for one in verify():
                count += 1
                self.stdout.write(f"【{one.name}】{one.target}：应为 {one.expected}；实为 {one.found}。")
        if count:
            raise CommandError(f"核对了 {len(RULES)} 条规则，发现 {count} 处差异。")
        if not options["json"]:
            self.stdout.write(f"核对了 {len(RULES)} 条规则，全部相符。")
