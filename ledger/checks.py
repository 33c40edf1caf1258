"""System checks of the books: no posting guard is left behind (a posting cut in two, or a forged guard), and what the
database calls saved is on its disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections


@register(Tags.database)
def posting_guard_is_down(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """On SQLite: no row in ledger_postingguard outside a posting."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if (
            connection.vendor != "sqlite"
            or "ledger_postingguard" not in connection.introspection.table_names()
        ):
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ledger_postingguard")
            if cursor.fetchone()[0]:
                found.append(
                    Error(
                        "记账标记（ledger_postingguard）没有撤下，触发器此刻不起作用。",
                        hint="确认没有记账正在进行后删除该行，再运行 manage.py verify_ledger。",
                        id="ledger.E001",
                    )
                )
    return found


@register(Tags.database)
def saved_means_on_disk(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """On PostgreSQL: nobody traded safety for speed. (SQLite's setting is our own, made with every connection.)"""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            with connection.cursor() as cursor:
                cursor.execute(f"SHOW {name}")
                if cursor.fetchone()[0] == "off":
                    found.append(
                        Error(
                            f"数据库设置 {name} = off：断电时，已经告诉填报人“已保存”的记录会丢失。",
                            hint=f"在 postgresql.conf 中改为 {name} = on，然后重启数据库。",
                            id="ledger.E002",
                        )
                    )
    return found
