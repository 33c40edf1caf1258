"""The answer to a workbook: what it would do to the books, or did, and what is wrong in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils import timezone

from ledger.models import Batch
from workbooks.effects import Effect
from workbooks.problems import Problem

MOST_MARKED = 5_000  # errors, and warnings, that a returned workbook lists


@dataclass(frozen=True)
class Change:
    """A row whose record exists with other content: each column's (label, old, new)."""

    sheet: str
    row: int
    entry_id: int
    summary: str
    becomes: str  # how the record stands and what is filed on it
    columns: list[tuple[str, str, str]]


@dataclass(frozen=True)
class SheetSummary:
    """What was made of one sheet."""

    name: str
    register: str
    header_row: int
    rows: int


@dataclass
class Report:
    """The answer to a file. `errors` stop it; with `valid_only` the rows that have none go in nevertheless, unless
    `stopped`: then the file as a whole is wrong."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    bad_rows: int = 0
    missing: list[tuple[int, str]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    sheets: list[SheetSummary] = field(default_factory=list)
    stopped: bool = False
    same_file: Batch | None = None
    batch: Batch | None = None
    seen: str = ""

    @property
    def to_write(self) -> int:
        """Rows that would be submitted."""
        return self.added + self.changed

    def as_page(self, most: int) -> dict[str, Any]:
        """What the preview page shows, as plain values; of long lists the first `most` and how many there are."""
        lists = {
            "errors": [problem.as_dict() for problem in self.errors[:most]],
            "warnings": [problem.as_dict() for problem in self.warnings[:most]],
            "changes": [asdict(change) for change in self.changes[:most]],
            "missing": [list(one) for one in self.missing[:most]],
        }
        found = [("error", one) for one in self.errors[:MOST_MARKED]]
        found += [("warning", one) for one in self.warnings[:MOST_MARKED]]
        numbers = ("rows", "added", "changed", "unchanged", "bad_rows", "to_write", "stopped", "seen")
        same = self.same_file
        return {
            **{name: getattr(self, name) for name in numbers},
            **lists,
            "marks": [{"level": level, **problem.as_dict()} for level, problem in found],
            "counts": {name: len(getattr(self, name)) for name in lists} | {"changes": self.changed},
            "sheets": [asdict(one) for one in self.sheets],
            "effects": [asdict(one) for one in self.effects],
            "same_file": same
            and {
                "pk": same.pk,
                "at": f"{timezone.localtime(same.uploaded_at):%Y-%m-%d %H:%M}",
                "by": same.uploaded_by.full_name,
            },
        }

    def as_json(self) -> str:
        """What `import_workbook --json` prints (DESIGN §7)."""
        return json.dumps(
            {
                "rows": self.rows,
                "added": self.added,
                "changed": self.changed,
                "unchanged": self.unchanged,
                "missing": len(self.missing),
                "errors": [problem.as_dict() for problem in self.errors],
                "warnings": [problem.as_dict() for problem in self.warnings],
                "batch": self.batch.pk if self.batch else None,
            },
            ensure_ascii=False,
        )
