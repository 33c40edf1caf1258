"""How far a workbook is on its way into the books: told stage by stage by planning.py, shown by the page of a large one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """A part of the way: how it is called, and which percent of the whole it ends at, as measured with 10,000 new people."""

    READ = "读取文件", 5
    CELLS = "逐格核对", 15
    RULES = "核对规则和人员", 50
    BOOKS = "计入账目", 95
    EFFECTS = "汇总影响", 100

    def __init__(self, label: str, until: int) -> None:
        self.label = label
        self.until = until


@dataclass(frozen=True)
class Progress:
    """In which stage, and how many of its rows are done; of a file in pieces, of which of them: from 0."""

    stage: Stage = Stage.READ
    done: int = 0
    total: int = 0
    piece: int = 0
    pieces: int = 1

    @property
    def percent(self) -> int:
        """How much of the whole way is behind, from 0 to 100."""
        stages = list(Stage)
        place = stages.index(self.stage)
        begins = stages[place - 1].until if place else 0
        part = self.done / self.total if self.total else 0.0
        reached = begins + (self.stage.until - begins) * min(part, 1.0)
        first, last = Stage.READ.until, Stage.BOOKS.until
        if first <= begins < last:  # every piece goes through the stages between
            reached = first + (self.piece * (last - first) + reached - first) / self.pieces
        return int(reached)

    def seconds_left(self, seconds: float) -> int | None:
        """About how long it still takes, after so many seconds; None as long as nobody can say."""
        if self.percent < 10:
            return None
        return max(1, round(seconds * (100 - self.percent) / self.percent))


Tell = Callable[[Progress], None]


def tell_nobody(progress: Progress) -> None:
    """For a file that is done within a request."""
