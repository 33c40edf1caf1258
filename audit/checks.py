"""`manage.py check --database default` says which refusing triggers are missing or not ours any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from audit import triggers


@register(Tags.database)
def triggers_are_in_place(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """One error per problem that `triggers.missing` names; silent for tables that are not there yet."""
    return [
        Error(problem, hint="请运行 manage.py migrate，它会重新装好全部触发器。", id="audit.E001")
        for alias in databases or ()
        for problem in triggers.missing(connections[alias])
    ]
