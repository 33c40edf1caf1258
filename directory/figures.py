"""Lists for the administrators' screens; people as they are shown, masked."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from audit.models import Event
from directory.identity import age, is_child, mask_id_export, mask_id_staff, mask_person, mask_phone
from directory.models import Organization, Person, PersonFact, User
from directory.people import FACT_WITHDRAWN, REVEALED, merged_members, survivors


def users(
    *,
    now: datetime.datetime,
    text: str = "",
    organization: Organization | None = None,
    state: str = "",
    idle_days: int = 90,
) -> QuerySet[User]:
    """People's accounts by unit and name, units loaded. `text`: part of the name or of the log-in name;
    `state`: "active", "inactive", "idle" (may log in, but has not for `idle_days`), "" for all.
    """
    found = User.objects.filter(is_system=False).select_related("organization")
    if text:
        found = found.filter(Q(full_name__icontains=text) | Q(username__icontains=text))
    if organization is not None:
        found = found.filter(organization=organization)
    if state:
        found = found.filter(is_active=state != "inactive")
    if state == "idle":
        used = Greatest("active_since", Coalesce("last_login", "active_since"))
        found = found.annotate(used=used).filter(used__lte=now - datetime.timedelta(days=idle_days))
    # Administrators, who have no unit, first: said, because the engines differ in where they sort "none".
    side = F("organization__side").desc(nulls_first=True)
    return found.order_by(side, "organization__kind", "organization__code", "username")


def organizations() -> QuerySet[Organization]:
    """All units, each with `people`: how many accounts of it may log in."""
    return (
        Organization.objects.select_related("division")
        .annotate(people=Count("users", filter=Q(users__is_active=True)))
        .order_by("-side", "kind", "code")  # 山亭 first
    )


@dataclass(frozen=True)
class MaskedPerson:
    """A person as a page may show them without a reason."""

    pk: int
    name: str  # 张*三; of a child the code and the age band
    sex: str
    years: str  # "43岁"; of a child nothing: the band says it
    id_number: str
    phones: str
    place: str  # township and village, no address
    unit: str
    is_child: bool  # or one who is restricted since they were
    is_provisional: bool
    version: int
    updated_at: datetime.datetime


def masked(person: Person, *, on: datetime.date, outside: bool = False) -> MaskedPerson:
    """Needs organization and division__parent loaded. `outside`: by the rule for public notices (DOMAIN §6)."""
    birth = person.birth_date
    withheld = person.is_restricted or is_child(birth, on)
    number = person.id_number.open()
    if withheld:
        number = phones = ""
    else:
        number = mask_id_export(number) if outside else mask_id_staff(number)
        phones = "、".join(mask_phone(phone) for phone in person.phones.open().split("、") if phone)
    place = person.division
    town = place.parent.name if place and place.parent and place.level == "village" else ""
    return MaskedPerson(
        pk=person.pk,
        name=mask_person(person.pk, person.name, birth, on=on, restricted=person.is_restricted),
        sex="" if person.is_restricted else person.get_sex_display(),
        years=f"{age(birth, on)}岁" if birth and not withheld else "",
        id_number=number,
        phones=phones,
        place=(town or place.name if person.is_restricted else town + place.name) if place else "",
        unit=str(person.organization),
        is_child=withheld,
        is_provisional=person.is_provisional,
        version=person.version,
        updated_at=person.updated_at,
    )


@dataclass(frozen=True)
class FactRow:
    """A fact with the last day on which it holds: the day before the next of its kind, None if there is none."""

    fact: PersonFact
    until: datetime.date | None
    withdrawn: str = ""  # by whom, when and why

    @property
    def holds(self) -> bool:
        """False for one withdrawn, and for one that another of the same day, of a merged person, stands before."""
        return not self.withdrawn and (self.until is None or self.until >= self.fact.valid_from)


def facts_of(person: Person) -> list[FactRow]:
    """户类型 and 监测类别 of a person, the latest first, withdrawn ones among them.

    Merged people have one time line: a fact may end with one that another registration of the person holds.
    """
    facts = PersonFact.objects.filter(person=person).select_related("recorded_by__organization")
    members = merged_members(survivors([person.pk]).values())
    line = PersonFact.objects.filter(person__in=members, withdrawn_at=None)
    starts = sorted(line.values_list("kind", "valid_from", "pk"))
    withdrawals = Event.objects.filter(
        target=f"directory.person:{person.pk}", verb=FACT_WITHDRAWN, outcome=Event.Outcome.DONE
    )
    said = {event.details["fact"]: event for event in withdrawals}
    rows = []
    for fact in facts.order_by("kind", "-valid_from", "-pk"):
        if fact.withdrawn_at is not None:
            event = said.get(fact.pk)
            who = f"{event.actor_name}，理由：{event.details['reason']}" if event else ""
            rows.append(FactRow(fact, None, f"{timezone.localtime(fact.withdrawn_at):%Y-%m-%d} 撤销，{who}"))
            continue
        after = starts[bisect_right(starts, (fact.kind, fact.valid_from, fact.pk)) :][:1]
        follows = [start for kind, start, _ in after if kind == fact.kind]
        rows.append(FactRow(fact, follows[0] - datetime.timedelta(days=1) if follows else None))
    return rows


def looks_at(person: Person, *, limit: int = 50) -> list[Event]:
    """Who has looked at the person in full, or tried to, and why: the latest first."""
    events = Event.objects.filter(target=f"directory.person:{person.pk}", verb=REVEALED)
    return list(events.order_by("-pk")[:limit])
