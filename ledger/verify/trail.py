"""The audit trail, evidence and its files, and what guards the tables."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

from audit import triggers
from ledger.evidence import sha256_of
from ledger.models import Evidence
from ledger.verify.core import Findings, rule, select


@rule("每次提交和审核都有审计记录")
def every_deed_has_its_event() -> Findings:
    sql = """
        SELECT target, verb, SUM(wanted), SUM(kept) FROM (
            SELECT 'ledger.entry:' || id AS target, 'entry.submitted' AS verb, version AS wanted, 0 AS kept
            FROM ledger_entry
            UNION ALL SELECT 'ledger.entry:' || entry_id, 'entry.' || outcome, 1, 0 FROM ledger_decision
            UNION ALL SELECT 'ledger.entry:' || entry_id, 'entry.acknowledged', 1, 0 FROM ledger_acknowledgement
            UNION ALL SELECT target, verb, 0, 1 FROM audit_event
            WHERE outcome = 'done'
              AND verb IN ('entry.submitted', 'entry.approved', 'entry.returned', 'entry.withdrawn', 'entry.void',
                           'entry.acknowledged')
        ) deeds
        GROUP BY target, verb HAVING SUM(wanted) <> SUM(kept) ORDER BY target, verb
    """
    for target, verb, wanted, kept in select(sql):
        yield f"{target.rpartition(':')[2]} 号记录", f"{verb} {int(wanted)} 次", f"审计记录 {int(kept)} 条"


@rule("凭据的指纹与记录版本所记一致")
def evidence_is_what_was_hung() -> Findings:
    sql = """
        SELECT x.entry_id, x.version, e.id, e.sha256, x.sha256
        FROM ledger_entryevidence x JOIN ledger_evidence e ON e.id = x.evidence_id
        WHERE e.sha256 <> x.sha256 ORDER BY x.id
    """
    for pk, version, evidence, expected, found in select(sql):
        yield f"{pk} 号记录第 {version} 版，凭据 {evidence}", found[:16], expected[:16]


@rule("凭据文件在且未被改动")
def evidence_files_are_whole() -> Findings:
    for evidence in Evidence.objects.unscoped("核对全部凭据文件").order_by("pk").iterator():
        found = sha256_of(evidence)
        if found != evidence.sha256:
            where = f"凭据 {evidence.pk}（{evidence.path}）"
            yield where, evidence.sha256[:16], found[:16] if found else "文件不在"


@rule("数据库的触发器齐全、未被改动")
def triggers_are_in_place() -> Findings:
    for problem in triggers.missing(connection):
        yield "触发器", "与程序所定一致", problem


@rule("没有遗留的记账标记")
def no_posting_is_left_open() -> Findings:
    """SQLite's guard row; on PostgreSQL the guard ends with its transaction."""
    for (count,) in select("SELECT COUNT(*) FROM ledger_postingguard HAVING COUNT(*) > 0"):
        yield "表 ledger_postingguard", "没有行", f"{count} 行，触发器此刻不起作用"


@rule("没有指向空处的外键")
def no_reference_dangles() -> Findings:
    """SQLite's own clients leave foreign keys unchecked unless told otherwise; on PostgreSQL whoever may lift triggers may
    lift these too."""
    if connection.vendor == "sqlite":
        for table, rowid, parent, _ in select("PRAGMA foreign_key_check"):
            yield f"表 {table} 第 {rowid} 行", f"指向 {parent} 中的一行", "所指的行不存在"
        return
    for model in apps.get_models(include_auto_created=True):
        table, key = model._meta.db_table, model._meta.pk.column
        fields: list[Any] = list(model._meta.concrete_fields)
        pointers = [f for f in fields if f.remote_field and f.db_constraint]
        if not pointers:
            continue
        parents = [(f.column, f.remote_field.model._meta.db_table, f.target_field.column) for f in pointers]
        joins = " ".join(
            f'LEFT JOIN "{parent}" p{n} ON p{n}."{of}" = t."{column}"'
            for n, (column, parent, of) in enumerate(parents)
        )
        lost = [
            f't."{column}" IS NOT NULL AND p{n}."{of}" IS NULL' for n, (column, _, of) in enumerate(parents)
        ]
        sql = f"""
            SELECT t."{key}", {", ".join(lost)} FROM "{table}" t {joins}
            WHERE {" OR ".join(f"({one})" for one in lost)} ORDER BY 1
        """  # noqa: S608  names of ours
        for pk, *which in select(sql):
            for (_, parent, _), is_lost in zip(parents, which, strict=True):
                if is_lost:
                    yield f"表 {table} 第 {pk} 行", f"指向 {parent} 中的一行", "所指的行不存在"
