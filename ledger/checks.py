"""System checks of the books: a posting guard left behind means a posting was cut in two, or a guard was forged."""

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
