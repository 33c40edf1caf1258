"""What the rules of the registers here share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.db import models

from ledger.models import Detail
from ledger.registers import Column

Problem = tuple[str, str]  # column, message
LONGEST_COURSE = 366  # days


def collect(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """Column → messages, in order."""
    found: dict[str, list[str]] = {}
    for name, message in problems:
        found.setdefault(name, []).append(message)
    return found


def long_texts(row: Detail, columns: Sequence[Column]) -> Iterator[Problem]:
    """Texts longer than their field."""
    labels = {column.name: column.label for column in columns}
    for field in row._meta.concrete_fields:
        if isinstance(field, models.CharField) and field.max_length and field.name in labels:
            length = len(getattr(row, field.name) or "")
            if length > field.max_length:
                yield (
                    field.name,
                    f"{labels[field.name]}最多 {field.max_length} 个字，现有 {length} 个，请精简。",
                )
