"""What stands beside a row: other rows of its register, its project, the money of its line; each asked once for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet

from ledger import figures
from ledger.figures import LineMoney
from ledger.models import BudgetLine, EntryConcern, Period
from ledger.registers import EVERY_ROW, get_register
from ledger.scope import Scope
from ledger.sql import asked_again
from projects.models.project import Project

M = TypeVar("M", bound=Model)


def standing(model: type[M], lines: Sequence[int]) -> list[M]:
    """The rows of a register about these lines (keys): of each subject the undecided one, else the one in force."""
    rows: Any = model._default_manager.filter(line__in=lines, version=F("entry__version"))
    rows = rows.select_related("line", "entry")
    found = {row.entry.subject_id: row for row in rows.filter(entry__subject__in_force=F("entry"))}
    undecided = rows.filter(entry__subject__undecided=F("entry")).exclude(entry__kind="reversal")
    return list((found | {row.entry.subject_id: row for row in undecided}).values())


def seen_by(scope: Scope, register: str) -> Q:
    """Of a detail's rows, those whose entries the reader may see."""
    if scope.everything or register in scope.registers:
        return Q()
    if scope.partner and get_register(register).shared.with_partner is EVERY_ROW:
        return Q()
    units = list(scope.organization_ids)
    concerned = EntryConcern.objects.filter(organization__in=units).values("entry_id")
    return Q(entry__filed_for__in=units) | Q(entry__in=concerned)


def seen_in_force(model: type[M], register: str, scope: Scope, lines: Sequence[BudgetLine]) -> list[M]:
    """The rows in force about these lines that the reader may see. One query."""
    return _seen_in_force(model, register, scope, tuple(line.pk for line in lines))


@asked_again
def _seen_in_force(model: type[M], register: str, scope: Scope, lines: tuple[int, ...]) -> QuerySet[M]:
    rows = model._default_manager.filter(
        seen_by(scope, register),
        line__in=lines,
        entry__subject__in_force=F("entry"),
        version=F("entry__version"),
    )
    return rows.select_related("line", "entry", "unit").order_by("entry_id")


def in_force(codes: Sequence[str] | None = None) -> dict[str, Project]:
    """Line code → the row in force of its project; of these codes, or of all. One query."""
    rows = Project.objects.filter(entry__subject__in_force=F("entry"), version=F("entry__version"))
    if codes is not None:
        rows = rows.filter(code__in=codes)
    found = rows.select_related("entry", "line__parent", "line__plan", "plan", "implementer", "unit")
    return {row.code: row for row in found.order_by("entry_id")}


def money_by_line(plans: Sequence[Any], as_of: Period | None = None) -> dict[str, LineMoney]:
    """Line code → its money, its sub-lines with it, of every line of the plans. Three queries a plan."""
    found: dict[str, LineMoney] = {}
    for plan in {plan.pk: plan for plan in plans}.values():
        money = figures.money(plan, scope=Scope(everything=True), as_of=as_of)
        for one in (*money.lines, *(below for each in money.sublines.values() for below in each)):
            found[one.code] = one
    return found


@dataclass
class Beside:
    """What rows at hand, each about a `line`, are compared with; each asked once, when first needed."""

    rows: Sequence[Any]
    _money: dict[str, Mapping[str, LineMoney]] = field(default_factory=dict)

    @property
    def lines(self) -> dict[int, BudgetLine]:
        return {row.line.pk: row.line for row in self.rows if row.line is not None}

    @cached_property
    def projects(self) -> dict[str, Project]:
        """Line code → its project in force."""
        return in_force([line.code for line in self.lines.values()])

    @cached_property
    def others(self) -> list[Any]:
        """What stands of the same register about the same lines, of one subject once; the rows at hand not with it."""
        return standing(type(self.rows[0]), list(self.lines))

    def money(self, code: str, on: date | None = None) -> LineMoney:
        """The line's money now, or at the end of the quarter of `on`."""
        quarter = f"{on.year}Q{(on.month + 2) // 3}" if on is not None else ""
        if quarter not in self._money:
            period = Period.objects.filter(code=quarter).first() if quarter else None
            self._money[quarter] = money_by_line([line.plan for line in self.lines.values()], period)
        return self._money[quarter].get(code) or LineMoney(code, code)


def beside(row: Any) -> Beside:
    """What was read for the row, or is read for it alone."""
    if row.books is None:
        row.books = Beside([row])
    found: Beside = row.books
    return found


def read_together(rows: Sequence[Any]) -> None:
    """Give rows that have none yet one Beside for all; for `Register.beside`."""
    bare = [row for row in rows if row.books is None]
    if bare:
        about = Beside(bare)
        for row in bare:
            row.books = about


def set_beside(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Give rows the plan of their line, and one Beside for all; for `Register.prepare`."""
    about = Beside([row for row, _ in lines])
    for row, _ in lines:
        if row.line is not None:
            row.plan = row.line.plan
        row.books = about
