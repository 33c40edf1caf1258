"""Distinct persons: what changes when participations are held, released, approved or taken back (DESIGN §1 Presence).

Everything here runs inside a posting, with the counting accounts locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, Q

from audit.bulk import among
from directory.people import survivors
from ledger.models import Participation, Presence
from ledger.sql import Prepared, Statement, given

Pair = tuple[int, int]  # account, person
Change = tuple[Pair, int, int]  # change of approved, change of held


@dataclass
class Shift:
    """What a change of participations does: persons newly there or gone per account, and the new Presence rows."""

    gained: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    lost: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    held_in: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    rows: list[tuple[int, int, int, int]] = field(default_factory=list)  # account, person, approved, held

    def balance(self, account_id: int) -> int:
        """The change of an account's balance, in persons."""
        return self.gained.get(account_id, 0) - self.lost.get(account_id, 0)


# (account, person) of every eligible participation of a version of an entry
eligible: Prepared[Pair] = Prepared(
    lambda entry, version: Participation.objects.filter(
        entry=entry, version=version, eligible=True
    ).values_list("account_id", "person_id")
)


def shift(changes: Iterable[Change], moved: Iterable[Change] = ()) -> Shift:
    """What the changes come to. Reads, does not write.

    Persons that were merged count as the one they were merged into; those of `moved`, which come from a merge itself,
    as they are named.
    """
    listed = list(changes)
    canonical = survivors({pair[1] for pair, _, _ in listed})
    sums: dict[Pair, list[int]] = {}
    for (account, person), approved, held in listed:
        pair = account, canonical[person]
        if pair not in sums:
            sums[pair] = [approved, held]
            continue
        cell = sums[pair]
        cell[0] += approved
        cell[1] += held
    for pair, approved, held in moved:
        cell = sums.setdefault(pair, [0, 0])
        cell[0] += approved
        cell[1] += held
    return _come_to(sums, _presences(sums))


class Counting:
    """Presences while many entries are decided one after the other, to be written together: `rows`.

    Made with the accounts locked, of everybody whom the entries name.
    """

    def __init__(self, people: Iterable[Pair]) -> None:
        pairs = set(people)
        self._survivors = survivors({person for _, person in pairs})
        self._now = _presences({(account, self._survivors[person]): None for account, person in pairs})
        self._changed: dict[Pair, None] = {}

    def take(self, changes: Iterable[Change]) -> Shift:
        """What one entry's changes come to, after those taken before."""
        sums: dict[Pair, list[int]] = defaultdict(lambda: [0, 0])
        for (account, person), approved, held in changes:
            cell = sums[account, self._survivors[person]]
            cell[0] += approved
            cell[1] += held
        result = _come_to(sums, self._now)
        for account, person, approved, held in result.rows:
            self._now[account, person] = approved, held
            self._changed[account, person] = None
        return result

    @property
    def rows(self) -> list[tuple[int, int, int, int]]:
        """Account, person, approved, held, as they are now."""
        return [(*pair, *self._now[pair]) for pair in sorted(self._changed)]


def _come_to(sums: Mapping[Pair, Sequence[int]], before: Mapping[Pair, tuple[int, int]]) -> Shift:
    result, nothing = Shift(), (0, 0)
    held_in, rows = result.held_in, result.rows
    for pair in sorted(sums):
        account, person = pair
        more_approved, more_held = sums[pair]
        approved, held = before.get(pair, nothing)
        now_approved, now_held = approved + more_approved, held + more_held
        # who is not there yet, and waits
        held_in[account] += (not now_approved and now_held > 0) - (not approved and held > 0)
        if not approved and now_approved:
            result.gained[account] += 1
        elif approved and not now_approved:
            result.lost[account] += 1
        rows.append((account, person, now_approved, now_held))
    return result


def write(rows: list[tuple[int, int, int, int]]) -> list[Statement]:
    """What keeps the new counts: one statement, however many rows; [] for none."""
    if not rows:
        return []
    return [
        given(
            "INSERT INTO ledger_presence (account_id, person_id, approved, held) {} "
            "ON CONFLICT (account_id, person_id) DO UPDATE SET approved = excluded.approved, held = excluded.held",
            rows,
        )
    ]


def live_counts(people: Iterable[int]) -> list[tuple[int, int, int]]:
    """(account, approved, held): how many participations filed for these very persons stand or wait, per account."""
    rows = Participation.objects.filter(
        Q(entry__state="submitted") | Q(entry__subject__in_force=F("entry")),
        person__in=set(people),
        eligible=True,
        version=F("entry__version"),
    )
    waiting = Count("pk", filter=Q(entry__state="submitted"))
    standing = Count("pk", filter=Q(entry__state="approved"))
    return list(rows.order_by().values_list("account_id").annotate(standing=standing, waiting=waiting))


def _presences(pairs: Mapping[Pair, object]) -> dict[Pair, tuple[int, int]]:
    people = {person for _, person in pairs}
    rows = Presence.objects.filter(among("person", people), account__in={account for account, _ in pairs})
    return {
        (account, person): (approved, held)
        for account, person, approved, held in rows.values_list("account_id", "person_id", "approved", "held")
    }
