"""户类型 and 监测对象类别: two facts kept apart, each with its date; who is eligible on a day (DOMAIN §0.4, §4.4).

A fact holds from its day until the next of its kind begins. Merged people have one time line together.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import events
from audit.bulk import among, insert
from directory.actions import NotAllowed
from directory.models import Person, PersonFact, User
from directory.people import (
    FACT_WITHDRAWN,
    checked_reason,
    holds_long_number,
    may_reveal,
    merged_members,
    survivors,
)

HOUSEHOLD = PersonFact.Kind.HOUSEHOLD_TYPE
MONITOR = PersonFact.Kind.MONITOR_TYPE


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact to be recorded: `value` a code of PersonFact.HouseholdType or .MonitorType, as `kind` says."""

    person_id: int
    kind: str
    value: str
    valid_from: date
    risk_removed_on: date | None = None


class FactClash(Exception):
    """Facts of these people say otherwise for the very same day; `person_ids`. Withdraw them first."""

    def __init__(self, person_ids: list[int]) -> None:
        named = "、".join(str(pk) for pk in person_ids[:10])
        super().__init__(
            f"同一天已登记了不同的类别，请先撤销原来的：人员 {named}{'等' * (len(person_ids) > 10)}。"
        )
        self.person_ids = person_ids


def read_value(kind: str, text: str) -> str | None:
    """The code of what a sheet says ("脱贫户" → "lifted", no 监测类别 → "none"); None when it says nothing we know."""
    choices = PersonFact.HouseholdType if kind == HOUSEHOLD else PersonFact.MonitorType
    text = "".join(text.split())
    if kind == MONITOR and text in ("", "-", "–", "—", "否"):
        return PersonFact.MonitorType.NONE
    return next((value for value, label in choices.choices if label == text), None)


def add_fact(
    *,
    by: User | None,
    person: Person,
    kind: str,
    value: str,
    valid_from: date,
    source: str,
    risk_removed_on: date | None = None,
) -> None:
    """Record one fact; it ends the one before it. `source`: the document or list that says so.

    Raises NotAllowed, FactClash; ValidationError with all errors at their fields.
    """
    _allow(by, person, "person.fact_added")
    fact = Fact(person.pk, kind, value, valid_from, risk_removed_on)
    with transaction.atomic():
        _row(fact, source.strip(), by).full_clean(exclude=["person", "recorded_by"])
        if holds_long_number(source):
            raise ValidationError({"source": "依据会长期留存，请不要写证件号码或电话。"})
        if risk_removed_on is not None and risk_removed_on < valid_from:
            raise ValidationError({"risk_removed_on": f"早于起始日期 {valid_from}，请核对。"})
        if not add_facts(by=by, facts=[fact], source=source):
            raise ValidationError({"value": "这一天的类别已经是这样，无需再登记。"})


def add_facts(*, by: User | None, facts: Sequence[Fact], source: str) -> int:
    """Record what of `facts` is news, and say how many that were. What holds already on its day is not written again.

    Set-based, for imports: rights are the caller's question, values were read by `read_value`. Raises FactClash.
    """
    person_ids = sorted({fact.person_id for fact in facts})
    with transaction.atomic():
        # Two imports that bring facts of one person take turns, in one order.
        people = Person.objects.filter(among("pk", person_ids))
        list(people.select_for_update().order_by("pk").values_list("pk"))
        known = _time_lines({pk: pk for pk in person_ids})
        new: list[Fact] = []
        clashes: set[int] = set()
        for fact in sorted(facts, key=lambda fact: fact.valid_from):
            line = known.setdefault((fact.person_id, fact.kind), [])
            there = _in_force(line, fact.valid_from)
            if there is not None and (there.value, there.risk_removed_on) == (
                fact.value,
                fact.risk_removed_on,
            ):
                continue
            if there is not None and there.valid_from == fact.valid_from:
                clashes.add(fact.person_id)
                continue
            new.append(fact)
            insort(
                line,
                _Held(fact.valid_from, 0, fact.value, fact.risk_removed_on),
                key=lambda held: held.valid_from,
            )
        if clashes:
            raise FactClash(sorted(clashes))
        now, source, by_id = timezone.now(), source.strip(), by.pk if by else None
        insert(
            PersonFact,
            (
                "person_id",
                "kind",
                "value",
                "valid_from",
                "risk_removed_on",
                "source",
                "recorded_by_id",
                "recorded_at",
            ),
            [
                (f.person_id, f.kind, f.value, f.valid_from, f.risk_removed_on, source, by_id, now)
                for f in new
            ],
        )
        if new:
            one = f":{new[0].person_id}" if len(new) == 1 else ""
            events.record(
                verb="person.fact_added",
                by=by,
                target=f"directory.person{one}",
                summary=f"登记户类型和监测类别：{len(new)}条",
                details={"count": len(new), "kinds": sorted({fact.kind for fact in new})},
            )
    return len(new)


def withdraw_fact(*, by: User, fact: PersonFact, reason: str) -> None:
    """The fact was wrong: the one before it holds again. Raises NotAllowed, ValidationError at "reason"."""
    _allow(by, fact.person, FACT_WITHDRAWN)
    reason = checked_reason(reason)
    with transaction.atomic():
        if not PersonFact.objects.filter(pk=fact.pk, withdrawn_at=None).update(withdrawn_at=timezone.now()):
            raise ValidationError("这一条已经撤销，请刷新后再看。")
        events.record(
            verb=FACT_WITHDRAWN,
            by=by,
            target=f"directory.person:{fact.person_id}",
            summary=f"撤销{fact.get_kind_display()}（{fact.valid_from:%Y-%m-%d}起），理由：{reason}",
            details={"fact": fact.pk, "kind": fact.kind, "value": fact.value, "reason": reason},
        )


def is_eligible(person: Person, on: date) -> bool:
    """Whether the person counts as a beneficiary on that day; the rule is that of `eligible_ids`."""
    return person.pk in eligible_ids([person.pk], on)


def eligible_ids(person_ids: Iterable[int], on: date) -> set[int]:
    """Those of `person_ids` who on that day are of a 脱贫户 or a 监测对象: a union, never a sum (DOMAIN §0.4).

    A 监测对象 whose risk was removed counts up to and including the day of removal, not after it; somebody of a
    脱贫户 counts whether or not the household is also monitored. Without a fact on that day: not eligible.
    """
    asked = list(person_ids)
    counted_as = survivors(asked)
    lines = _time_lines(merged_members(counted_as.values()))
    return {pk for pk in asked if _eligible(lines, counted_as[pk], on)}


@dataclass(frozen=True, slots=True)
class Group:
    """What a person is on a day. `known_*`: whether any fact says so; without one nobody is anything."""

    lifted: bool
    monitored: bool
    known_household: bool
    known_monitor: bool

    @property
    def eligible(self) -> bool:
        """Of a 脱贫户 or a 监测对象: the rule of `eligible_ids`."""
        return self.lifted or self.monitored


def groups_on(person_ids: Iterable[int], on: date) -> dict[int, Group]:
    """Each of `person_ids` → what they are on that day. As many queries as `eligible_ids`."""
    asked = list(person_ids)
    counted_as = survivors(asked)
    lines = _time_lines(merged_members(counted_as.values()))
    found = {}
    for pk in asked:
        household = _in_force(lines.get((counted_as[pk], HOUSEHOLD), []), on)
        monitor = _in_force(lines.get((counted_as[pk], MONITOR), []), on)
        found[pk] = Group(
            lifted=household is not None and household.value == PersonFact.HouseholdType.LIFTED,
            monitored=_is_monitored(monitor, on),
            known_household=household is not None,
            known_monitor=monitor is not None,
        )
    return found


class _Held(NamedTuple):
    """A fact on a time line. Of two of one day (only of merged people) the one recorded later counts."""

    valid_from: date
    order: int
    value: str
    risk_removed_on: date | None


def _eligible(lines: dict[tuple[int, str], list[_Held]], person_id: int, on: date) -> bool:
    household = _in_force(lines.get((person_id, HOUSEHOLD), []), on)
    if household is not None and household.value == PersonFact.HouseholdType.LIFTED:
        return True
    return _is_monitored(_in_force(lines.get((person_id, MONITOR), []), on), on)


def _is_monitored(fact: _Held | None, on: date) -> bool:
    if fact is None or fact.value == PersonFact.MonitorType.NONE:
        return False
    return fact.risk_removed_on is None or on <= fact.risk_removed_on


def _in_force(line: list[_Held], on: date) -> _Held | None:
    begun = bisect_right(line, on, key=lambda held: held.valid_from)
    return line[begun - 1] if begun else None


def _time_lines(counted_as: Mapping[int, int]) -> dict[tuple[int, str], list[_Held]]:
    """(survivor, kind) → facts in the order in which they begin; `counted_as`: id → survivor."""
    lines: dict[tuple[int, str], list[_Held]] = {}
    facts = PersonFact.objects.filter(among("person", counted_as), withdrawn_at=None)
    columns = ("person_id", "kind", "valid_from", "pk", "value", "risk_removed_on")
    for person_id, kind, valid_from, pk, value, removed in facts.values_list(*columns):
        lines.setdefault((counted_as[person_id], kind), []).append(_Held(valid_from, pk, value, removed))
    for line in lines.values():
        line.sort(key=lambda held: (held.valid_from, held.order))
    return lines


def _row(fact: Fact, source: str, by: User | None) -> PersonFact:
    return PersonFact(
        person_id=fact.person_id,
        kind=fact.kind,
        value=fact.value,
        valid_from=fact.valid_from,
        risk_removed_on=fact.risk_removed_on,
        source=source,
        recorded_by=by,
    )


def _allow(by: User | None, person: Person, verb: str) -> None:
    if by is None or may_reveal(by, person):
        return
    reason = "只有本单位的填报员、负责人和区乡村振兴局审核员可以登记户类型和监测类别。"
    events.record_refusal(
        verb=verb, by=by, target=f"directory.person:{person.pk}", summary=f"被拒绝：{reason}"
    )
    raise NotAllowed(reason)
