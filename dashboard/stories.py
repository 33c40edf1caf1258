"""The page that tells the story of one line of the budget, from what the registers offer of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F

from dashboard.as_of import AsOf
from dashboard.figures import Bar, LinePage, line_page
from dashboard.standings import Standing
from directory.models import User
from ledger.models import BudgetLine, Entry, EntryEvidence, Evidence, Period
from ledger.offers import Milestone, Owed, Story, StoryTable
from ledger.registers import all_registers
from ledger.scope import scope_of

PICTURES = ("image/jpeg", "image/png")


@dataclass(frozen=True)
class Picture:
    evidence: Evidence
    caption: str
    entry_id: int


@dataclass(frozen=True)
class Cell:
    heading: str
    text: str
    is_number: bool


@dataclass(frozen=True)
class Shown:
    """A table as the template writes it: each row with the entry it comes from."""

    offered: StoryTable
    headings: list[tuple[str, bool]]
    rows: list[tuple[list[Cell], int | None]]


def _shown(table: StoryTable) -> Shown:
    numbers = [position in table.numbers for position in range(len(table.headings))]
    rows = [
        ([Cell(*cell) for cell in zip(table.headings, cells, numbers, strict=True)], entry)
        for cells, entry in table.rows
    ]
    return Shown(table, list(zip(table.headings, numbers, strict=True)), rows)


@dataclass
class StoryPage:
    """One line's story: what every register tells of it, beside its money."""

    line: BudgetLine
    as_of: AsOf
    money: LinePage
    standing: Standing | None
    facts: list[tuple[str, str]]
    bars: list[tuple[str, str, Bar]]
    milestones: list[Milestone]
    owed: list[Owed]
    tables: list[Shown]
    pictures: list[tuple[str, list[Picture]]]
    documents: list[Picture]

    @property
    def is_empty(self) -> bool:
        return not (self.facts or self.milestones or self.tables)


def story_page(*, user: User, line: BudgetLine, periods: Sequence[Period], as_of: AsOf) -> StoryPage:
    """Everything the page shows to `user`; a number of queries that does not depend on how much there is to tell."""
    scope, day = scope_of(user), as_of.pace_day
    told = [
        register.story(line, scope.for_register(register.code), day)
        for register in all_registers().values()
        if register.story is not None
    ]
    money = line_page(user=user, line=line, periods=periods, as_of=as_of)
    bars = [
        (label, f"{percent:.2f}%", Bar(f"{min(percent, 100):.2f}", "", f"{label} {percent:.2f}%"))
        for story in told
        for label, percent in story.measures
    ]
    if bars and money.row is not None and money.row.bar is not None:
        bars.append(("支出率", money.row.spent_rate, money.row.bar))
    pictures, documents = _files(user, told)
    return StoryPage(
        line=line,
        as_of=as_of,
        money=money,
        standing=money.standing,
        facts=[fact for story in told for fact in story.facts],
        bars=bars,
        milestones=[one for story in told for one in story.milestones],
        owed=sorted((one for story in told for one in story.owed), key=_urgency),
        tables=[_shown(table) for story in told for table in story.tables],
        pictures=pictures,
        documents=documents,
    )


def _urgency(owed: Owed) -> tuple[int, date]:
    """What is late first, then by day, then what has none."""
    return -owed.late, owed.day or date.max


def _files(user: User, told: Sequence[Story]) -> tuple[list[tuple[str, list[Picture]]], list[Picture]]:
    """Pictures by group, in the groups' order, and the other files; of entries that `user` may see. One query."""
    group_of: dict[int, str] = {}
    titles: dict[int, str] = {}
    groups: list[str] = []
    for papers in (one for story in told for one in story.papers):
        groups += [papers.group] if papers.group not in groups else []
        group_of |= dict.fromkeys(papers.titles, papers.group)
        titles |= papers.titles
    seen = Entry.objects.for_user(user, few=True).filter(pk__in=list(titles)).values("pk")
    hung = EntryEvidence.objects.filter(entry__in=seen, version=F("entry__version")).select_related(
        "evidence"
    )
    pictures: Mapping[str, list[Picture]] = {group: [] for group in groups}
    documents = []
    for one in _each_once(hung.order_by("entry_id", "pk")):
        shown = Picture(one.evidence, titles[one.entry_id], one.entry_id)
        if one.evidence.media_type in PICTURES:
            pictures[group_of[one.entry_id]].append(shown)
        else:
            documents.append(shown)
    return [(group, found) for group, found in pictures.items() if found], documents


def _each_once(rows: Iterable[EntryEvidence]) -> Iterator[EntryEvidence]:
    """A file that hangs on several entries, at its first."""
    seen: set[int] = set()
    for row in rows:
        if row.evidence_id not in seen:
            seen.add(row.evidence_id)
            yield row
