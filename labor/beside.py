"""What the rows of labor are compared with: the roster's word on a person, their other jobs, their household.

Each read for many rows at once (Register.beside, Register.conflicts). Of each matter that which waits, else that in force.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import F, Model, Q

from audit.bulk import among
from labor.models import Placement, RosterRow
from ledger.registers import get_register

M = TypeVar("M", bound=Model)


@dataclass
class Known:
    """Of one person: their row of the roster, and the jobs without an end, as natural key → entry id (0: not filed yet)."""

    roster: RosterRow | None = None
    open_jobs: dict[str, int] = field(default_factory=dict)


def standing(model: type[M], **wanted: Any) -> list[M]:
    """The rows of a register that stand or wait and fit: of one matter the waiting one. One query."""
    ((name, values),) = wanted.items()
    rows: Any = model._default_manager.filter(among(name, values), version=F("entry__version"))
    stands, waits = Q(entry__subject__in_force=F("entry")), Q(entry__subject__undecided=F("entry"))
    rows = rows.filter(stands | waits, entry__state__in=("approved", "submitted"))
    rows = rows.exclude(entry__kind="reversal").select_related("entry", "person")
    return list({row.entry.subject_id: row for row in rows.order_by("entry_id")}.values())


def read_placements(rows: Sequence[Placement]) -> None:
    """Give each placement what is known of its person, one Known for all rows of one person."""
    people = {row.person_id for row in rows}
    known: dict[int, Known] = defaultdict(Known)
    key = get_register("placement").natural_key
    jobs, roster = standing(Placement, person=people), standing(RosterRow, person=people)
    for job in jobs:
        if job.ends_on is None:
            known[job.person_id].open_jobs[key(job)] = job.entry_id
    for one in roster:
        known[one.person_id].roster = one
    for row in rows:
        mine = known[row.person_id].open_jobs
        if row.ends_on is None:
            mine.setdefault(key(row), row.entry_id or 0)
        else:
            mine.pop(key(row), None)  # the row at hand ends it
        row.beside = known[row.person_id]


def household_conflicts(rows: Sequence[RosterRow]) -> list[Mapping[str, Sequence[str]]]:
    """One 户主 a household, at most one 配偶: counted over the rows at hand and those of the roster (DOMAIN §4.4)."""
    households = households_of(rows)
    return [_household_problems(row, households.get(row.household_no, {})) for row in rows]


def read_households(rows: Sequence[RosterRow]) -> None:
    """Give each row the people of its household."""
    households = households_of(rows)
    for row in rows:
        row.beside = households.get(row.household_no, {})


def households_of(rows: Sequence[RosterRow]) -> dict[str, dict[int, RosterRow]]:
    """户编号 → person id → their row; a row at hand before one in the books, wherever that one put the person."""
    numbers = {row.household_no for row in rows if row.household_no}
    if not numbers:
        return {}
    at_hand = {row.person_id for row in rows}
    found: dict[str, dict[int, RosterRow]] = defaultdict(dict)
    for row in standing(RosterRow, household_no=numbers):
        if row.person_id not in at_hand:
            found[row.household_no][row.person_id] = row
    for row in rows:
        found[row.household_no][row.person_id] = row
    return found


def _household_problems(row: RosterRow, household: Mapping[int, RosterRow]) -> Mapping[str, Sequence[str]]:
    others = [one for pk, one in household.items() if pk != row.person_id]
    for relation, rule in (("户主", "一户只有一个户主"), ("配偶", "一户最多一个配偶")):
        if row.relation == relation and (same := [one for one in others if one.relation == relation]):
            where = _where(same[0])
            return {"relation": [f"户编号 {row.household_no} 已有{relation}（{where}），{rule}，请核对。"]}
    return {}


def _where(row: RosterRow) -> str:
    return f"{row.entry_id} 号记录" if row.entry_id else "同一文件里的另一行"
