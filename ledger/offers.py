"""What a register may offer a page about one line of the budget: how it stands, and its story. Data only; pages show it.

Every callable is given the reader's scope of the register, and dates; it asks a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.models import BudgetLine, Plan
    from ledger.scope import Scope


@dataclass(frozen=True)
class LineState:
    """How a line stands on a day. `light` is red, yellow, green or grey; `facts` are (label, text)."""

    light: str
    reason: str
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Milestone:
    """One thing that happened, or is to happen: `kind` is done, now, planned or late."""

    day: date | None
    title: str
    kind: str
    text: str = ""
    entry_id: int | None = None


@dataclass(frozen=True)
class Owed:
    """What is next, who owes it, by when; `late`: days past it, 0 if none."""

    what: str
    who: str
    day: date | None = None
    late: int = 0
    entry_id: int | None = None


@dataclass(frozen=True)
class StoryTable:
    """Rows about the line, each with the entry it comes from; the columns in `numbers` are figures."""

    title: str
    headings: Sequence[str]
    rows: Sequence[tuple[Sequence[str], int | None]]
    numbers: Sequence[int] = ()
    note: str = ""


@dataclass(frozen=True)
class StoryPapers:
    """Entries whose files belong to the story: their pictures under `group` (施工前 …), the others as documents."""

    group: str
    titles: Mapping[int, str]  # entry id → what it is


@dataclass(frozen=True)
class Story:
    """What one register tells of a line."""

    facts: Sequence[tuple[str, str]] = ()
    measures: Sequence[tuple[str, Decimal]] = ()  # (label, percent), drawn as bars
    milestones: Sequence[Milestone] = ()
    owed: Sequence[Owed] = ()
    tables: Sequence[StoryTable] = ()
    papers: Sequence[StoryPapers] = ()


# the plan, what the reader may see of the register, the day: line code → how it stands
Lines = Callable[["Plan", "Scope", date], Mapping[str, LineState]]
# the line, what the reader may see of the register, the day
Stories = Callable[["BudgetLine", "Scope", date], Story]
