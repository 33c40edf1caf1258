"""verify_ledger: recompute everything; exit 0 only if all rules of the books hold (DESIGN §2.4, §7)."""

from __future__ import annotations

import json
import os
import re
import resource
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.verify import RULES, Check, verify


class Command(BaseCommand):
    """Names every difference: the rule, where, what it should be and what it is. Changes nothing."""

    help = "逐条核对账目，列出全部差异；全部相符时退出码为 0，否则为 1。-v 2 另列每条规则用时。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="以 JSON 输出")
        parser.add_argument(
            "--processes",
            type=int,
            default=min(2, os.cpu_count() or 1),
            metavar="个数",
            help="同时核对的进程数，默认 %(default)s",
        )
        parser.add_argument(
            "--seal",
            action="append",
            default=[],
            metavar="季度=封签",
            help="季报上所印的封签，例如 2022Q1=9f86d081884c7d65（至少前 16 位）；可写多个",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        printed = dict(_seal(text) for text in options["seal"])
        watch = self._tell if options["verbosity"] > 1 and not options["json"] else None
        found = verify(printed=printed, watch=watch, processes=options["processes"])
        if options["json"]:
            differences = [asdict(one) for one in found]
            rules = [{"rule": one.code, "name": one.name} for one in RULES]
            answer = {"ok": not differences, "rules": rules, "differences": differences}
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
            count = len(differences)
        else:
            count = 0
            for one in found:
                count += 1
                self.stdout.write(f"【{one.name}】{one.target}：应为 {one.expected}；实为 {one.found}。")
        if watch:
            whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # of its own processes the biggest
            peak = max(resource.getrusage(who).ru_maxrss for who in whose) // 1024
            self.stdout.write(f"内存最多 {peak} MB（每个进程）")
        if count:
            raise CommandError(f"核对了 {len(RULES)} 条规则，发现 {count} 处差异。")
        if not options["json"]:
            self.stdout.write(f"核对了 {len(RULES)} 条规则，全部相符。")

    def _tell(self, check: Check, seconds: float, count: int) -> None:
        for rule in check.rules[:-1]:
            self.stdout.write(f"         ┌ {rule.name}")
        more = f"，{count} 处差异" if count else ""
        self.stdout.write(f"{seconds:7.2f} 秒 {check.rules[-1].name}{more}")


def _seal(text: str) -> tuple[str, str]:
    """Quarter and seal of "2022Q1=9f86…". Raises CommandError."""
    code, _, digest = text.strip().partition("=")
    digest = digest.strip().rstrip("…").lower()
    if not re.fullmatch(r"[0-9a-f]{16,64}", digest):  # pages and reports show the first 16
        raise CommandError(f"看不懂 --seal {text}：请写成 2022Q1=封签，封签抄季报上的，至少前 16 位。")
    return code.strip().upper(), digest
