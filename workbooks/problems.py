"""What is wrong, doubtful or worth telling in an uploaded workbook, each with sheet, cell and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from openpyxl.utils import column_index_from_string

from directory.identity import hide_long_numbers


@dataclass(frozen=True)
class Problem:
    """One sentence about one cell. `cell` is "B12", "12" for a whole row or "" for the sheet; `value` is masked
    where the column is personal; `rule` is a short name of what was checked."""

    sheet: str
    cell: str
    column: str
    value: str
    rule: str
    message: str

    @property
    def place(self) -> tuple[int, int]:
        """Row and column, from 1; 0 where none is named."""
        found = re.fullmatch(r"([A-Z]*)(\d*)", self.cell)
        letters, digits = found.groups() if found else ("", "")
        return int(digits or 0), column_index_from_string(letters) if letters else 0

    def as_dict(self) -> dict[str, str]:
        """As `import_workbook --json` prints it (DESIGN §7)."""
        return asdict(self)


def _problem(sheet: str, cell: str, column: str, value: str, rule: str, message: str) -> Problem:
    """A number typed into the wrong column is quoted no more than one in its own."""
    return Problem(sheet, cell, column, hide_long_numbers(value)[:60], rule, hide_long_numbers(message))


@dataclass
class Findings:
    """All errors and all warnings of a workbook, apart: warnings never drown errors."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(
        self, sheet: str, cell: str, rule: str, message: str, *, column: str = "", value: str = ""
    ) -> None:
        """Something that must be changed in the file."""
        self.errors.append(_problem(sheet, cell, column, value, rule, message))

    def warning(
        self, sheet: str, cell: str, rule: str, message: str, *, column: str = "", value: str = ""
    ) -> None:
        """Something to look at; the row is read nevertheless."""
        self.warnings.append(_problem(sheet, cell, column, value, rule, message))

    def add_to(self, sheet: str, cell: str, more: str) -> None:
        """Say more in the last error told of that cell."""
        for index in reversed(range(len(self.errors))):
            one = self.errors[index]
            if (one.sheet, one.cell) == (sheet, cell):
                self.errors[index] = replace(one, message=f"{one.message}{hide_long_numbers(more)}")
                return


def in_order(problems: Sequence[Problem], sheets: Sequence[str]) -> list[Problem]:
    """As one meets them going through the file: sheet by sheet, row by row, from the left. What is said of a whole sheet,
    or of the file, comes first. Cells are checked before rules and people, which is not the order one corrects in."""
    places = {name: n for n, name in enumerate(sheets)}
    return sorted(problems, key=lambda one: (places.get(one.sheet, -1), *one.place))
