"""People: found by the keyed hash of their number, registered, changed version by version, looked at for a reason.

Keyword-only, atomic, audit inside, with ids only. `by=None` is the server's console and the system's own work.
Merging and splitting are reviewed entries of the ledger; what they change of a person is at the end of this file.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple, NoReturn

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import events
from audit.bulk import among, insert
from audit.models import Event
from directory.actions import NotAllowed
from directory.identity import (
    Identity,
    IdentityError,
    PhoneError,
    check_identity,
    clean_name,
    disagreements,
    is_child,
    mask_id_staff,
    mask_person,
    split_phones,
)
from directory.models import (
    Division,
    Guardian,
    Household,
    Organization,
    Person,
    PersonVersion,
    User,
)
from directory.names import plain
from directory.privacy import encrypt, hash_identity, hash_provisional
from directory.rights import may_see_restricted, not_kept_from

SHORTEST_REASON = 5
LONGEST_REASON = 200
SEARCHES_PER_MINUTE = 20
REVEALED = "person.revealed"
FACT_WITHDRAWN = "person.fact_withdrawn"
SEARCHED = "person.searched"
# What may be looked at in full, and what it is called.
SECRETS = {
    "name": "姓名",
    "id_number": "身份证号",
    "birth_date": "出生日期",
    "phones": "电话",
    "disability": "残疾类别和等级",
    "guardian": "监护人",
}


class TooManySearches(NotAllowed):
    """More than SEARCHES_PER_MINUTE searches by one user: nobody needs that, but trying numbers out does."""


class PersonChanged(Exception):
    """Somebody else changed the person meanwhile; look at it again."""


class AlreadyMerged(Exception):
    """The person is merged into another already, or the other way round."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What a form or a row of a workbook says of a person, as typed. Its repr shows nothing of it."""

    name: str = field(repr=False)
    id_number: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)  # "male", "female" or ""
    birth_date: date | None = field(default=None, repr=False)
    birth_month: str = field(default="", repr=False)  # "1979-06"
    phones: str = field(default="", repr=False)
    division_id: int | None = None
    household_id: int | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A sentence about one row: its place in `rows`, the field of PersonRow, the message. Quotes nothing unmasked."""

    index: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom the rows are. `ids` in their order; None where the row is wrong, or (match_people) the person is new."""

    ids: list[int | None]
    new: int  # how many people were registered, or would be
    problems: list[RowProblem]
    warnings: list[RowProblem]


@dataclass(slots=True)
class _Checked:
    index: int
    key: str = field(repr=False)  # id_hash, or provisional_key
    name: str = field(repr=False)
    identity: Identity | None
    row: PersonRow
    phones: str = field(repr=False)
    birth_month: str = field(repr=False)
    provisional_text: str = field(repr=False)


def find_by_identity(number: str) -> Person | None:
    """The person with that number (18, or 20 characters of a 残疾人证), found by its hash alone."""
    return Person.objects.filter(id_hash=hash_identity(plain(number).upper()[:18])).first()


def match_people(*, on: date, organization: Organization, rows: Sequence[PersonRow]) -> Resolved:
    """Whom the rows are, as `resolve_people` would say, without writing anything: for the preview of an import."""
    checked, problems, warnings = _check(rows, on=on, organization=organization)
    known = _known(checked)
    fresh = _fresh(checked, known)
    warnings += _possible_doubles(fresh, organization)
    as_if = known | {c.key: _Known(None, c.name, None) for c in fresh.values()}
    return _resolved(len(rows), checked, as_if, fresh, len(fresh), problems, warnings, on)


def resolve_people(
    *, by: User | None, on: date, organization: Organization, rows: Sequence[PersonRow]
) -> Resolved:
    """Find the people of `rows`, register those not known yet under `organization`, and say who each row is.

    A row with a number is found by it, one without by name, unit and birth month (provisional). Nothing of a known
    person changes. A row that is wrong, or whose number belongs to another name, gets no id and a problem; the other
    rows are registered all the same: the caller who wants all or nothing asks `match_people` first, or rolls back.
    The id is that of the person named, also when they are merged into another (`survivors`).

    Set-based: a handful of queries for 10,000 rows. Two imports at once that bring the same person make one.
    """
    checked, problems, warnings = _check(rows, on=on, organization=organization)
    with transaction.atomic():
        known = _known(checked)
        fresh, new = _fresh(checked, known), 0
        if fresh:
            warnings += _possible_doubles(fresh, organization)
            new = _insert(fresh.values(), by=by, organization=organization)
            known |= _known(fresh.values())
    return _resolved(len(rows), checked, known, fresh, new, problems, warnings, on)


def register_person(*, by: User | None, on: date, organization: Organization, row: PersonRow) -> Person:
    """The person of one row, registered if not known yet. Raises ValidationError with all errors at their fields."""
    with transaction.atomic():
        found = resolve_people(by=by, on=on, organization=organization, rows=[row])
        if found.problems:
            raise ValidationError(_by_field(found.problems))
    pk = found.ids[0]
    assert pk is not None  # it has no problem
    return Person.objects.get(pk=pk)


def change_person(
    *,
    by: User | None,
    on: date,
    person: Person,
    seen: int,
    name: str | None = None,
    id_number: str | None = None,
    sex: str | None = None,
    birth_month: str | None = None,
    phones: str | None = None,
    division: Division | None = None,
    household: Household | None = None,
) -> Person:
    """A new version of the person; None leaves a field as it is. `seen`: the version the change was made on.

    A provisional person who gets a number here goes on being found by name, unit and birth month too.
    Raises NotAllowed, PersonChanged, ValidationError with all errors at their fields.
    """
    if by is not None and not may_reveal(by, person):
        _refuse(
            by, "person.changed", person, "只有本单位的填报员、负责人和区乡村振兴局审核员可以更正人员资料。"
        )
    with transaction.atomic():
        kept = Person.objects.select_for_update(of=("self",)).select_related("organization").get(pk=person.pk)
        if kept.version != seen:
            raise PersonChanged(f"人员资料已更新到第{kept.version}版，请重新打开后再改。")
        before = state_of(kept)
        number = kept.id_number.open() + kept.disability.open() if id_number is None else id_number
        row = PersonRow(
            name=kept.name if name is None else name,
            id_number=number,
            # with a number, sex and month follow from it, and only what is newly typed can disagree
            sex=("" if number else kept.sex) if sex is None else sex,
            birth_month=("" if number else kept.birth_month) if birth_month is None else birth_month,
            phones=kept.phones.open() if phones is None else phones,
        )
        checked, problems, _ = _check([row], on=on, organization=kept.organization)
        if problems:
            raise ValidationError(_by_field(problems))
        _take(kept, checked[0])
        kept.division = division or kept.division
        kept.household = household or kept.household
        after = state_of(kept)
        changed = [key for key in after if after[key] != before[key]]
        if changed:
            _refuse_double(kept)
            _save_version(kept, by)
            events.record(
                verb="person.changed",
                by=by,
                target=f"directory.person:{kept.pk}",
                summary=f"更正人员资料：人员 {kept.pk}，第{kept.version}版",
                details={"fields": changed, "version": kept.version},
            )
    return kept


def reveal(*, by: User, person: Person, reason: str, fields: Collection[str]) -> dict[str, str]:
    """The plain values of `fields` (keys of SECRETS), for a reason, which stays in the audit trail.

    Raises NotAllowed (also kept there) and ValidationError at "reason" or "fields".
    """
    if not may_reveal(by, person):
        why = (
            "这是受限儿童，须由安全管理员专项授权。"
            if person.is_restricted
            else "您只能查看本单位人员的完整信息；确有需要请联系区乡村振兴局。"
        )
        _refuse(by, REVEALED, person, why)
    errors: dict[str, list[str]] = {}
    try:
        reason = checked_reason(reason)
    except ValidationError as error:
        errors |= error.message_dict
    if not fields or set(fields) - set(SECRETS):
        errors["fields"] = ["请选择要查看的内容。"]
    if errors:
        raise ValidationError(errors)
    shown = [key for key in SECRETS if key in fields]
    with transaction.atomic():
        events.record(
            verb=REVEALED,
            by=by,
            target=f"directory.person:{person.pk}",
            summary=f"查看完整信息：人员 {person.pk}（{'、'.join(SECRETS[key] for key in shown)}），理由：{reason}",
            details={"fields": shown, "reason": reason},
        )
        state = state_of(person)
        if "guardian" in shown:
            state["guardian"] = "；".join(
                "，".join(said) for _, said in _kept_guardians([person.pk]).values()
            )
    return {key: str(state[key] or "") for key in shown}


def checked_reason(reason: str) -> str:
    """The reason as it is kept in the audit trail. Raises ValidationError at "reason"."""
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise ValidationError({"reason": f"请写明理由，至少{SHORTEST_REASON}个字。"})
    if len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": f"理由请不超过{LONGEST_REASON}个字。"})
    if holds_long_number(reason):  # nobody may clean the trail afterwards
        raise ValidationError({"reason": "理由会长期留存，请不要写证件号码或电话。"})
    return reason


def holds_long_number(text: str) -> bool:
    """Whether nine digits stand together in a text, which no reason and no name of a document needs."""
    return re.search(r"\d{9}", plain(text)) is not None


def search_identity(*, by: User, number: str, on: date) -> Person | None:
    """The person with that number whom `by` may see, else None. Kept in the trail without the number.

    Raises TooManySearches; ValidationError at "id_number" for what is no identity number.
    """
    try:
        checked = check_identity(number, on=on)
    except IdentityError as error:
        raise ValidationError({"id_number": str(error)}) from None
    with _searching(by):
        person = people_for(by).filter(id_hash=hash_identity(checked.number)).first()
        _record_search(by, "id_number", 1 if person else 0)
    return person


def search_name(*, by: User, name: str, limit: int = 50) -> list[Person]:
    """People whom `by` may see with `name` in their name, by name; one more than `limit` at most.

    Raises TooManySearches; ValidationError at "name" for less than two characters.
    """
    name = plain(name)
    if len(name) < 2:
        raise ValidationError({"name": "请至少输入姓名中的两个字。"})
    with _searching(by):
        people = list(people_for(by).filter(name__icontains=name).order_by("name", "pk")[: limit + 1])
        _record_search(by, "name", len(people))
    return people


def people_for(user: User) -> QuerySet[Person]:
    """The people whose masked page `user` may open: the bureau and the leaders all; a unit those it registered, a
    township also those who live there; administrators and the partner side none. Restricted children only for those
    among them with the named right: who is found by a name or a number is no longer without one.
    """
    unit = user.organization
    if not user.is_active or not user.is_business or unit is None or user.role == User.Role.PARTNER:
        return Person.objects.none()
    known = Person.objects.filter(not_kept_from(user))
    if sees_everybody(user):
        return known
    own = Q(organization=unit)
    if unit.kind == Organization.Kind.TOWNSHIP:
        own |= Q(division=unit.division_id) | Q(division__parent=unit.division_id)
    return known.filter(own)


def candidates(
    *, user: User, on: date, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[str]]:
    """(name, first digits of a damaged number) → people `user` may see who are called so and whose number begins so, as
    "370406********1234（徐庄镇）"; at most three each. Two queries; nobody is chosen (DOMAIN §6)."""
    found: dict[tuple[str, str], list[str]] = {}
    by_name: dict[str, list[Person]] = {}
    people = people_for(user).filter(name__in={name for name, _ in wanted}, merged_into=None)
    for person in people.select_related("division__parent").order_by("pk")[:2000]:
        by_name.setdefault(person.name, []).append(person)
    for name, digits in wanted:
        for person in by_name.get(name, ()):
            number = person.id_number.open()
            if is_child(person.birth_date, on) or not number.startswith(digits):
                continue
            if len(found.setdefault((name, digits), [])) < 3:
                place = person.division
                town = place.parent if place is not None and place.level == "village" else place
                found[name, digits].append(mask_id_staff(number) + (f"（{town.name}）" if town else ""))
    return found


def sees_everybody(user: User) -> bool:
    """Whether the masked pages of all units are open to `user`: the bureau and the leaders."""
    bureau = user.organization is not None and user.organization.kind == Organization.Kind.BUREAU
    return user.is_active and user.is_business and (bureau or user.role == User.Role.LEADER)


def may_reveal(user: User, person: Person) -> bool:
    """Whether `user` may look at the person in full, for a reason, and correct what is wrong: the bureau's reviewers,
    and the clerks and the head of the person's own unit. A restricted child: who has the named right, whatever their
    role, among the people whose pages they may open.
    """
    if not user.is_active or user.organization is None:
        return False
    if person.is_restricted:
        return may_see_restricted(user) and people_for(user).filter(pk=person.pk).exists()
    if user.role == User.Role.REVIEWER:
        return user.organization.kind == Organization.Kind.BUREAU
    if user.role not in (User.Role.CLERK, User.Role.HEAD):
        return False
    if person.organization_id == user.organization_id:
        return True
    place = person.division
    return (
        place is not None
        and user.organization.kind == Organization.Kind.TOWNSHIP
        and user.organization.division_id in (place.pk, place.parent_id)
    )


def state_of(person: Person) -> dict[str, Any]:
    """Everything known of a person, in plain text: what a version keeps, encrypted."""
    return {
        "name": person.name,
        "sex": person.sex,
        "birth_date": person.birth_date,
        "birth_month": person.birth_month,
        "id_number": person.id_number.open(),
        "disability": person.disability.open(),
        "phones": person.phones.open(),
        "division": person.division_id,
        "organization": person.organization_id,
        "household": person.household_id,
        "merged_into": person.merged_into_id,
    }


# Merging: plain functions for the ledger's reviewed entries, which record the deed and recount --------------------


def set_merged_into(*, by: User | None, person: Person, into: Person) -> Person:
    """`person` is `into` (or whoever that is merged into): returns the survivor. Inside a transaction.

    People merged into `person` before stay so, and follow. Raises AlreadyMerged.
    """
    chain = survivors([into.pk])
    kept = {
        p.pk: p
        for p in Person.objects.select_for_update().filter(pk__in=[person.pk, chain[into.pk]]).order_by("pk")
    }
    merged, survivor = kept[person.pk], kept[chain[into.pk]]
    if merged.pk == survivor.pk or merged.merged_into_id is not None or survivor.merged_into_id is not None:
        raise AlreadyMerged(f"人员 {person.pk} 与人员 {into.pk} 已经合并，请刷新后再看。")
    merged.merged_into = survivor
    _save_version(merged, by)
    return survivor


def clear_merged_into(*, by: User | None, person: Person) -> Person:
    """The reverse of `set_merged_into`: `person`, and who had been merged into them, stand alone again."""
    merged = Person.objects.select_for_update().get(pk=person.pk)
    if merged.merged_into_id is None:
        raise AlreadyMerged(f"人员 {person.pk} 没有并入别人，无需拆分。")
    merged.merged_into = None
    _save_version(merged, by)
    return merged


# Guardians ---------------------------------------------------------------------------------------------------------


def guardians_for(*, by: User | None, rows: Sequence[tuple[int, str, str]]) -> list[int]:
    """The ids of the guardians that (person id, name, phones) say, in the rows' order, recorded if not known yet.

    Inside the caller's transaction or none; two queries and one statement, whatever the number of rows.
    """
    known = {(pk, *said): number for number, (pk, said) in _kept_guardians({pk for pk, _, _ in rows}).items()}
    fresh = list(dict.fromkeys(row for row in rows if row not in known))
    if fresh:
        made = Guardian.objects.bulk_create(
            Guardian(person_id=pk, contact=json.dumps([name, phones], ensure_ascii=False), recorded_by=by)
            for pk, name, phones in fresh
        )
        known |= {row: guardian.pk for row, guardian in zip(fresh, made, strict=True)}
    return [known[row] for row in rows]


def _kept_guardians(person_ids: Collection[int]) -> dict[int, tuple[int, tuple[str, str]]]:
    kept = Guardian.objects.filter(among("person", person_ids)).order_by("pk")
    return {guardian.pk: (guardian.person_id, guardian.said()) for guardian in kept}


def survivors(person_ids: Iterable[int]) -> dict[int, int]:
    """Each id → the person it counts as: itself, or whom it was merged into at the end of the chain."""
    asked = set(person_ids)
    into = _merged() if asked else {}
    return {pk: _end(into, pk) for pk in asked}


def merged_members(survivor_ids: Iterable[int]) -> dict[int, int]:
    """Everyone who counts as one of `survivor_ids` (who are merged into nobody), themselves included: id → survivor."""
    counted_as = {pk: pk for pk in survivor_ids}
    into = _merged() if counted_as else {}
    ends = {pk: _end(into, pk) for pk in into}
    return counted_as | {pk: end for pk, end in ends.items() if end in counted_as}


def _merged() -> dict[int, int]:
    """Who was merged → into whom. All of them: they are few, and asking by number for thousands costs more."""
    pairs = Person.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into")
    return {pk: into for pk, into in pairs if into is not None}


def _end(into: Mapping[int, int], pk: int) -> int:
    """Where the chain from `pk` ends."""
    while pk in into:
        pk = into[pk]
    return pk


# Inside ----------------------------------------------------------------------------------------------------------


class _Known(NamedTuple):
    pk: int | None
    name: str
    birth: date | None
    is_restricted: bool = False


def _check(
    rows: Sequence[PersonRow], *, on: date, organization: Organization
) -> tuple[list[_Checked], list[RowProblem], list[RowProblem]]:
    """The rows that are right in themselves, and all problems and warnings of all rows."""
    checked: list[_Checked] = []
    problems: list[RowProblem] = []
    warnings: list[RowProblem] = []
    for index, row in enumerate(rows):
        found: list[RowProblem] = []
        name, phones, identity = "", "", None
        try:
            name = clean_name(row.name)
        except IdentityError as error:
            found.append(RowProblem(index, "name", str(error)))
        try:
            phones = "、".join(split_phones(row.phones))
        except PhoneError as error:
            found.append(RowProblem(index, "phones", str(error)))
        birth_month = row.birth_month or (f"{row.birth_date:%Y-%m}" if row.birth_date else "")
        if row.id_number.strip():
            try:
                identity = check_identity(row.id_number, on=on)
            except IdentityError as error:
                found.append(RowProblem(index, "id_number", str(error)))
            else:
                wrong = disagreements(identity, sex=row.sex, birth=row.birth_date)
                if row.birth_month and row.birth_month != f"{identity.birth:%Y-%m}":
                    wrong.setdefault("birth_month", "出生年月与身份证号里的不一致，请核对。")
                found += [RowProblem(index, where, said) for where, said in wrong.items()]
                warnings += [RowProblem(index, "id_number", said) for said in identity.warnings]
                birth_month = f"{identity.birth:%Y-%m}"
        elif not birth_month:
            found.append(RowProblem(index, "id_number", "没有身份证号的，请填写出生年月，先登记为临时人员。"))
        elif not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", birth_month) or birth_month > f"{on:%Y-%m}":
            found.append(RowProblem(index, "birth_month", "出生年月应写作1979-06，且不晚于本月。"))
        problems += found
        if found:
            continue
        text = f"{plain(name)}|{organization.code}|{birth_month}"
        key = hash_identity(identity.number) if identity else hash_provisional(text)
        checked.append(_Checked(index, key, name, identity, row, phones, birth_month, text))
    return checked, problems, warnings


def _resolved(
    count: int,
    checked: list[_Checked],
    known: dict[str, _Known],
    fresh: dict[str, _Checked],
    new: int,
    problems: list[RowProblem],
    warnings: list[RowProblem],
    on: date,
) -> Resolved:
    conflicts = list(_name_conflicts(checked, known, fresh, on))
    wrong = {problem.index for problem in conflicts}
    ids: list[int | None] = [None] * count
    for c in checked:
        if c.index not in wrong:
            ids[c.index] = known[c.key].pk
    return Resolved(ids, new, _in_order(problems + conflicts), _in_order(warnings))


def _known(checked: Iterable[_Checked]) -> dict[str, _Known]:
    """Who is found by which of their keys."""
    known: dict[str, _Known] = {}
    for column, keys in _by_column(checked).items():
        found = Person.objects.filter(among(column, keys))
        for key, *of in found.values_list(column, "pk", "name", "birth_date", "is_restricted"):
            known[key] = _Known(*of)
    return known


def _by_column(checked: Iterable[_Checked]) -> dict[str, set[str]]:
    """The column by which somebody is found → the keys that are looked for in it."""
    keys: dict[str, set[str]] = defaultdict(set)
    for c in checked:
        keys["id_hash" if c.identity else "provisional_key"].add(c.key)
    return keys


def _fresh(checked: list[_Checked], known: dict[str, _Known]) -> dict[str, _Checked]:
    """The first row of each person who is not known."""
    fresh: dict[str, _Checked] = {}
    for c in checked:
        if c.key not in known:
            fresh.setdefault(c.key, c)
    return fresh


def _name_conflicts(
    checked: list[_Checked], known: dict[str, _Known], fresh: dict[str, _Checked], on: date
) -> Iterator[RowProblem]:
    for c in checked:
        if c.identity is None:
            continue  # their key holds the name; it may have been corrected since
        kept = known[c.key]
        if plain(kept.name) == plain(c.name):
            continue
        birth, restricted = c.identity.birth, kept.is_restricted
        masked = "" if restricted or is_child(birth, on) else mask_id_staff(c.identity.number)
        if c.key in fresh:  # of another row; or of another import at this moment
            message = f"身份证号{masked}在同时登记的另一行里是别的姓名，请核对。"
        else:
            there = mask_person(kept.pk or 0, kept.name, kept.birth, on=on, restricted=restricted)
            here = mask_person(kept.pk or 0, c.name, birth, on=on, restricted=restricted)
            different = "与这里的不同" if here == there else f"与这里的{here}不同"
            message = (
                f"身份证号{masked}已登记的姓名是{there}，{different}，请核对；确已改名的，请先更正人员资料。"
            )
        yield RowProblem(c.index, "name", message)


def _possible_doubles(fresh: dict[str, _Checked], organization: Organization) -> Iterator[RowProblem]:
    """A new person with a number may be a provisional one of the unit, and the reverse: said, for somebody to look."""
    there: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    names = {c.name for c in fresh.values()}
    found = Person.objects.filter(among("name", names), organization=organization, merged_into=None)
    found = found.filter(is_restricted=False)  # or the name would say which code is whose
    for pk, name, month, id_hash in found.values_list("pk", "name", "birth_month", "id_hash"):
        there.setdefault((name, month), []).append((pk, id_hash is None))
    for c in fresh.values():
        for pk, provisional in there.get((c.name, c.birth_month), ()):
            if provisional != (c.identity is None):
                yield RowProblem(
                    c.index, "name", f"与人员 {pk} 同名、同出生年月，可能是同一人；如是，请登记后提请合并。"
                )


def _insert(fresh: Collection[_Checked], *, by: User | None, organization: Organization) -> int:
    """New people and their first versions: how many. Whoever another import registers at this moment is left to it."""
    now = timezone.now()
    people: list[tuple[Any, ...]] = []
    snapshots: dict[str, str] = {}
    # In one order for everybody: two imports that wait for each other's people would wait for ever.
    for c in sorted(fresh, key=lambda c: c.key):
        state = _state_of_row(c, organization)
        snapshots[c.key] = _json(state)
        people.append(
            (
                *(state[column] for column in _PLAIN),
                *(encrypt(state[column]) if state[column] else "" for column in _SEALED),
                c.key if c.identity else None,
                None if c.identity else c.key,
                "" if c.identity else encrypt(c.provisional_text),
                c.row.division_id,
                organization.pk,
                c.row.household_id,
                False,
                1,
                now,
                now,
            )
        )
    # PostgreSQL waits here for another transaction that is inserting the same number, and then passes over it;
    # on SQLite there is no other writer.
    insert(Person, _COLUMNS, people)
    ours: list[tuple[Any, ...]] = []
    for column, keys in _by_column(fresh).items():
        found = Person.objects.filter(among(column, keys), versions=None)
        ours += [
            (pk, 1, encrypt(snapshots[key]), by.pk if by else None, now)
            for key, pk in found.values_list(column, "pk")
        ]
    insert(PersonVersion, ("person_id", "version", "snapshot", "changed_by_id", "at"), ours)
    pks = [row[0] for row in ours]
    if pks:
        one = f":{pks[0]}" if len(pks) == 1 else ""
        events.record(
            verb="person.registered",
            by=by,
            target=f"directory.person{one}",
            summary=f"登记人员：{len(pks)}人，登记单位：{organization}",
            details={
                "count": len(pks),
                "first": min(pks),
                "last": max(pks),
                "organization": organization.code,
            },
        )
    return len(pks)


_PLAIN = ("name", "sex", "birth_date", "birth_month")
_SEALED = ("id_number", "disability", "phones")
_COLUMNS = (
    *_PLAIN,
    *_SEALED,
    *("id_hash", "provisional_key", "provisional_text", "division_id", "organization_id", "household_id"),
    *("is_restricted", "version", "created_at", "updated_at"),
)


def _state_of_row(c: _Checked, organization: Organization) -> dict[str, Any]:
    """As `state_of`, of somebody who is no row of the table yet."""
    identity = c.identity
    return {
        "name": c.name,
        "sex": identity.sex if identity else c.row.sex,
        "birth_date": identity.birth if identity else c.row.birth_date,
        "birth_month": c.birth_month,
        "id_number": identity.number if identity else "",
        "disability": identity.disability if identity else "",
        "phones": c.phones,
        "division": c.row.division_id,
        "organization": organization.pk,
        "household": c.row.household_id,
        "merged_into": None,
    }


def _take(person: Person, c: _Checked) -> None:
    """The checked row's values into the person."""
    person.name = c.name
    person.phones = c.phones
    person.birth_month = c.birth_month
    if c.identity is not None:
        person.id_number = c.identity.number
        person.id_hash = c.key
        person.birth_date = c.identity.birth
        person.sex = c.identity.sex
        person.disability = c.identity.disability
    else:
        person.birth_date = c.row.birth_date
        person.sex = c.row.sex
        person.provisional_key = c.key
        person.provisional_text = c.provisional_text


def _refuse_double(person: Person) -> None:
    same = Q(id_hash=person.id_hash) if person.id_hash else Q(provisional_key=person.provisional_key)
    other = Person.objects.filter(same).exclude(pk=person.pk).first()
    if other is not None:
        where = "id_number" if person.id_hash else "name"
        raise ValidationError({where: f"已有这样一位人员（人员 {other.pk}）；如是同一人，请提请合并。"})


def _save_version(person: Person, by: User | None) -> None:
    """The person as they are now, one version on."""
    person.version += 1
    person.updated_at = timezone.now()
    person.save()
    PersonVersion.objects.create(
        person=person,
        version=person.version,
        snapshot=_json(state_of(person)),
        changed_by=by,
        at=person.updated_at,
    )


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=date.isoformat).encode


def _refuse(by: User | None, verb: str, person: Person, reason: str) -> NoReturn:
    events.record_refusal(
        verb=verb, by=by, target=f"directory.person:{person.pk}", summary=f"被拒绝：{reason}"
    )
    raise NotAllowed(reason)


def _record_search(by: User, kind: str, found: int) -> None:
    events.record(
        verb=SEARCHED,
        by=by,
        target="directory.person",
        summary=f"按{'身份证号' if kind == 'id_number' else '姓名'}查找人员，找到{found}人",
        details={"by": kind, "found": found},
    )


@contextmanager
def _searching(by: User) -> Iterator[None]:
    """A transaction in which `by` may search once more; two searches of one user at once wait for each other."""
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=by.pk)
            minute_ago = timezone.now() - timedelta(minutes=1)
            searches = Event.objects.filter(actor_id=by.pk, verb=SEARCHED, outcome="done", at__gt=minute_ago)
            if searches.count() >= SEARCHES_PER_MINUTE:
                raise TooManySearches(f"一分钟内最多查找{SEARCHES_PER_MINUTE}次，请稍后再试。")
            yield
    except TooManySearches as error:
        events.record_refusal(verb=SEARCHED, by=by, target="directory.person", summary=f"被拒绝：{error}")
        raise


def _in_order(problems: Iterable[RowProblem]) -> list[RowProblem]:
    return sorted(problems, key=lambda problem: problem.index)


def _by_field(problems: Iterable[RowProblem]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for problem in problems:
        fields.setdefault(problem.field, []).append(problem.message)
    return fields
