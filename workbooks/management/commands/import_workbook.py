"""manage.py import_workbook: a workbook becomes submitted entries, through the same planner as the page (DESIGN §7)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.refusals import Refusal
from workbooks import planning
from workbooks.management.commands._given import (
    REFUSED,
    bytes_of,
    organization_of,
    period_of,
    register_of,
    user_of,
)
from workbooks.problems import Problem
from workbooks.reading import marked
from workbooks.report import Report


class Command(BaseCommand):
    help = (
        "导入一个工作簿（.xlsx、.xls、.csv），作为待审核的记录。"
        "退出码：0 已接受，1 有错误的行（什么都没有写入），2 整个文件被拒绝。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--register", action="append", default=[], metavar="CODE", help="只找这些台账，可多次"
        )
        parser.add_argument("--organization", required=True, metavar="CODE", help="填报单位代码")
        parser.add_argument("--period", required=True, metavar="2022Q2", help="季度")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="以谁的名义提交")
        parser.add_argument("--dry-run", action="store_true", help="只检查，什么都不写入")
        parser.add_argument("--valid-rows-only", action="store_true", help="有错误的行不导入，其余照常导入")
        parser.add_argument(
            "--marked", type=Path, metavar="OUT.xlsx", help="有错误或提示时，把标好的原表写到这个文件"
        )
        parser.add_argument("--json", action="store_true", help="以 JSON 输出")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_of(options["user"])
        for code in options["register"]:
            register_of(code)
        upload = planning.Upload(
            bytes_of(options["file"]),
            options["file"].name,
            organization_of(options["organization"]),
            period_of(options["period"]),
            tuple(options["register"]),
        )
        by, on = user, timezone.localdate()
        valid_only = options["valid_rows_only"]
        try:
            if options["dry_run"]:
                report = planning.preview(by=by, on=on, upload=upload)
            else:
                report = planning.commit(by=by, on=on, upload=upload, valid_only=valid_only)
        except Refusal as refusal:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": refusal.message}, ensure_ascii=False))
            raise CommandError(refusal.message, returncode=REFUSED) from None
        if options["marked"] is not None and (report.errors or report.warnings):
            options["marked"].write_bytes(_marked(upload.data, report))
        self.stdout.write(report.as_json() if options["json"] else _words(report))
        if report.stopped or (report.errors and not valid_only):
            raise CommandError(f"有 {len(report.errors)} 处错误，什么都没有写入。", returncode=1)


def _marked(data: bytes, report: Report) -> bytes:
    page = report.as_page(0)
    return marked(data, page["marks"], {sheet["name"]: sheet["header_row"] for sheet in page["sheets"]})


def _words(report: Report) -> str:
    lines = [
        f"共 {report.rows} 行：新增 {report.added}，变更 {report.changed}，未变 {report.unchanged}，"
        f"有错误 {report.bad_rows}；系统中有而文件里没有 {len(report.missing)}。"
    ]
    lines += [f"错误　{_line(problem)}" for problem in report.errors]
    lines += [f"提示　{_line(problem)}" for problem in report.warnings]
    lines += [f"影响　{e.name} {e.what}：{e.before} → {e.after}（{e.difference}）" for e in report.effects]
    if report.same_file is not None:
        lines.append(f"同一个文件已导入过（{report.same_file.pk} 号批次）。")
    if report.batch is not None:
        lines.append(f"已提交，{report.batch.pk} 号批次。")
    return "\n".join(lines)


def _line(problem: Problem) -> str:
    where = f"{problem.sheet}!{problem.cell}" if problem.cell else problem.sheet
    return " ".join(part for part in (where, problem.column, problem.message) if part)
