"""One search box: where a text stands in what a user may see. Entries, budget lines, documents and the plan's text.

Each kind is asked once, for the first few and how many more there are; what grows with the years is looked through from the
newest: entries as their list begins, which goes on; files as far as lists.LOOKED_ON. People and units are the directory's
to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from directory.models import Organization, User
from directory.names import plain
from directory.rights import may_see_restricted
from ledger import figures, lists
from ledger.models import BudgetLine, Clause, Entry, EntryEvidence, Evidence, LineAlias
from ledger.registers import all_registers
from ledger.scope import scope_of

M = TypeVar("M", bound=Model)

FIRST_FEW = 8
SHOWN_ALONE = 50  # of one kind, asked for by itself
MOST = 1_000  # more are not counted, only said to be more


@dataclass(frozen=True)
class Found(Generic[M]):
    """The first few of what was found, and how many there are; `goes_on`: more than were counted."""

    rows: list[M]
    count: int

    @property
    def more(self) -> int:
        """How many are not among the first."""
        return self.count - len(self.rows)

    @property
    def goes_on(self) -> bool:
        """Whether the count stops short of all."""
        return self.count > MOST


def entries(user: User, text: str, few: int = FIRST_FEW) -> tuple[Found[Entry], bool]:
    """Entries of that number, or with the text in their summary or in the numbers of their papers; the newest first.
    And whether they were looked for in the newest only."""
    rows, rest = lists.entries_of_stage(user, {"q": text})
    pages = lists.Pages(rows, reach=MOST)
    return Found(pages.read(0, few), len(pages.numbers)), rest > 0


def lines(user: User, text: str, few: int = FIRST_FEW) -> Found[BudgetLine]:
    """Projects and lines of the budget by code, name, place or another name. A unit finds those that hold money for it."""
    match = Q(name__icontains=text) | Q(code__icontains=text) | Q(place__icontains=text)
    called = LineAlias.objects.filter(name__icontains=text).values("line")
    rows = BudgetLine.objects.filter(match | Q(pk__in=called)).select_related("plan", "parent")
    scope = scope_of(user)
    if not scope.everything and not scope.registers:
        rows = rows.filter(pk__in=figures.lines_with_money(scope))
    return _first_of(rows.order_by("-plan__year", "code"), few)


def files(user: User, text: str, few: int = FIRST_FEW) -> Found[Evidence]:
    """Evidence by its file's name, among the newest of all units'; the newest first."""
    rows = Evidence.objects.for_user(user, few=True)
    closed = [register.code for register in all_registers().values() if register.is_restricted]
    if closed and not may_see_restricted(user):  # such a file may be named after a child
        hung = EntryEvidence.objects.filter(entry__register__in=closed)
        rows = rows.exclude(pk__in=hung.values("evidence"))
    every = Evidence.objects.unscoped("只取编号，用来限定查找的范围")
    newest = lists.before_newest(every, lists.LOOKED_ON)
    found = rows.filter(name__icontains=text, pk__gt=newest)
    return _first_of(found.order_by("-pk"), few)


def clauses(user: User, text: str, few: int = FIRST_FEW) -> Found[Clause]:
    """Sentences of the plans that hold the text."""
    rows = Clause.objects.filter(Q(text__icontains=text) | Q(title__icontains=text) | Q(code=text))
    if not user.is_business:
        rows = rows.none()
    return _first_of(rows.select_related("plan").order_by("-plan__year", "position"), few)


def units(user: User, text: str, few: int = FIRST_FEW) -> Found[Organization]:
    """Units by name, short name, code or another name."""
    match = Q(name__icontains=text) | Q(short_name__icontains=text) | Q(code=plain(text))
    rows = Organization.objects.filter(match | Q(aliases__text__icontains=text)).distinct()
    if not user.is_business:
        rows = rows.none()
    return _first_of(rows.order_by("-side", "kind", "code"), few)


def _first_of(rows: QuerySet[M], few: int) -> Found[M]:
    """The first few with a count that stops at MOST: two queries."""
    numbers = list(rows.select_related(None).values_list("pk", flat=True)[: MOST + 1])
    read = {row.pk: row for row in rows.order_by().filter(pk__in=numbers[:few])}
    return Found([read[pk] for pk in numbers if pk in read], len(numbers))
