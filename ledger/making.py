"""From parsed values to a register's unsaved rows: one of a form, thousands of a file, by the same rules.

What registers have in common is done here, so that each states only its own rules: required columns, the plan of its
year, the unit it counts for, who a named person is and what they are on that day, the same thing twice in one file. A
number of queries that does not grow with the rows, but for chunks of look-ups by id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, F

from audit.bulk import among
from directory import facts, rights
from directory.identity import is_child, mask_id_export, mask_id_staff, mask_name, mask_person, mask_phone
from directory.models import Division, Organization, Person, User
from directory.names import plain
from directory.people import PersonRow, match_people, resolve_people, survivors
from ledger.accounts import count_accounts, outside_account, remembered, target_account
from ledger.models import Account, Category, Detail, Entry, PersonDetail, Plan, PlannedDetail, Subject
from ledger.parameters import read_once
from ledger.parsing import MONTH_ONLY, WholeMonth
from ledger.registers import Claim, Column, Leg, Made, Register, filed_by

Problem = tuple[str, str]  # column, message

BENEFIT = "benefit_people"  # whom the plan reaches: only who is eligible counts (DESIGN §2.5)
LIFTED, MONITORED = "脱贫", "监测"  # the published 其中
WITHHELD = "（不显示）"  # stands where nothing of a value may be shown
MONITOR_TYPES = {Category.UNSTABLE, Category.MARGINAL, Category.SUDDEN}
CATEGORIES = (
    *Category.choices,
    ("lifted", "脱贫户"),
    ("lifted", "脱贫享受政策人口"),
    ("monitored", "监测帮扶对象"),
    ("monitored", "监测户"),
    ("monitored", "防止返贫监测对象"),
    ("ordinary", "普通农户"),
    ("ordinary", "一般农户"),
)

# The columns of a PersonDetail: what is the person's goes to the directory, the row keeps their id.
NAME = Column(
    "name", "姓名", "person_name", required=True, personal=True, aliases=("学员姓名",), example="张三"
)
SEX = Column("sex", "性别", "choice", choices=(*Person.Sex.choices,))
ID_NUMBER = Column(
    "id_number",
    "身份证号",
    "identity",
    personal=True,
    aliases=("身份证号码", "证件号码", "公民身份号码"),
    help="18位。没有身份证号的填出生年月，先登记为临时人员。",
)
BIRTH_MONTH = Column(
    "birth_month", "出生年月", "month", personal=True, aliases=("出生日期",), help="有身份证号的不用填。"
)
DIVISION = Column(
    "division",
    "镇村",
    "village",
    aliases=("镇（街）村", "镇街村", "所在镇村", "住址", "家庭住址"),
    example="徐庄镇湖沟村",
)
CATEGORY = Column(
    "category", "人员类别", "choice", required=True, aliases=("类别", "人员类型"), choices=CATEGORIES
)
PHONES = Column(
    "phones",
    "电话",
    "phone",
    personal=True,
    aliases=("联系电话", "手机", "手机号"),
    example="13800001234",
)
NOTE = Column("note", "备注", "text")
PERSON = (NAME, SEX, ID_NUMBER, BIRTH_MONTH, DIVISION, CATEGORY, PHONES)
# who works for the plan in 山亭, the treasury apart
towns_and_departments = filed_by(
    Organization.Kind.TOWNSHIP, Organization.Kind.DEPARTMENT, Organization.Kind.BUREAU
)
OF_THE_PERSON = ("name", "sex", "id_number", "birth_month", "phones")


@dataclass
class _Line:
    """One row on its way: what is known of it so far."""

    values: Mapping[str, Any]
    where: str
    row: Any
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    person: Person | None = None


def make(register: Register, rows: Sequence[Mapping[str, Any]], by: User, on: date) -> list[Made]:
    """Unsaved rows, and what is wrong with each, all at once. Registers people not known yet, of rows in which nothing
    else is wrong."""
    unit = by.organization
    if unit is None:
        return [Made(None, {"": ["您的账号没有单位，不能填报。"]}) for _ in rows]
    if not rows:
        return []
    own, limits = _own_columns(register), _limits(register.model, register.columns)
    blank, required = _blank(register.model), [column for column in register.columns if column.required]
    lines = [
        _Line(values, str(values.get("where") or f"第 {n} 条"), _row(blank(), own, values, unit))
        for n, values in enumerate(rows, 1)
    ]
    for line in lines:
        line.problems += _missing(required, line.values)
    with remembered():
        register.prepare([(line.row, line.values) for line in lines if not line.problems])
        _set_plans(register, lines)
        for line in lines:
            if not line.problems:
                line.problems += _own_problems(register, limits, line.row, by, on)
    if register.names_person:
        _name_people(register, lines, by, unit, on)
    right = [line for line in lines if not line.problems]
    if register.is_restricted:
        rights.restrict(by=by, person_ids={line.row.person_id for line in right})
    register.complete([(line.row, line.values) for line in right], by)
    for line, found in zip(right, register.conflicts([line.row for line in right]), strict=True):
        line.problems += [(name, message) for name, messages in found.items() for message in messages]
    _refuse_twice(register, lines)
    right = [line for line in right if not line.problems]
    for line, messages in zip(right, warnings_of(register, [line.row for line in right]), strict=True):
        line.warnings += messages
    return [
        Made(None if line.problems else line.row, collect(line.problems), line.warnings) for line in lines
    ]


def joined(*parts: object) -> str:
    """A natural key of dates, ids and texts; texts as a person reads them, widths and spaces apart."""
    return "/".join(part.isoformat() if isinstance(part, date) else plain(str(part)) for part in parts)


def collect(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """Column → messages, in order."""
    found: dict[str, list[str]] = {}
    for name, message in problems:
        found.setdefault(name, []).append(message)
    return found


# --- what rules have in common -----------------------------------------------------------------------------------


def quarter_end_problem(name: str, day: date) -> Iterator[Problem]:
    """A day that must be the last one of a quarter."""
    if day.month % 3 or (day + timedelta(days=1)).month == day.month:
        yield name, f"{day} 不是季度的最后一天，应为 3-31、6-30、9-30 或 12-31。"


def months_between(start: date, end: date) -> int:
    """Whole months from the first to the last day, both inclusive: 2022-04-01 to 2022-09-30 are 6."""
    after = end + timedelta(days=1)
    return (after.year - start.year) * 12 + after.month - start.month - (after.day < start.day)


def pointed_at(
    model: Any, lines: Sequence[tuple[Any, Mapping[str, Any]]], name: str, *related: str
) -> Iterator[tuple[Any, Any]]:
    """Each row with the row of `model` that its column `name` points at, for a register's `prepare`. One query."""
    wanted = {values[name].pk for _, values in lines}
    found = model.objects.filter(entry__in=wanted, version=F("entry__version")).select_related(*related)
    rows = {one.entry_id: one for one in found}
    for row, values in lines:
        yield row, rows[values[name].pk]


def waits_for(entry: Entry, subject: Subject, what: str) -> str:
    """Why an entry may not be approved yet: what it belongs to, called `what`, is not in force; "" if it may."""
    if entry.kind == Entry.Kind.REVERSAL or subject.in_force_id is not None:
        return ""
    waiting = subject.undecided_id
    then = f"请先审核 {waiting} 号记录。" if waiting else "请先退回本条，待其重新填报。"
    return f"{what}还没有通过审核，{then}"


# --- the row by itself --------------------------------------------------------------------------------------------


def _blank(model: Any) -> Callable[[], Any]:
    """What makes rows that say nothing yet; plain defaults are asked for once."""
    fields = model._meta.concrete_fields
    defaults = [one.get_default() for one in fields]
    anew = [(place, one) for place, one in enumerate(fields) if callable(one.default)]

    def blank() -> Any:
        values = list(defaults)
        for place, one in anew:
            values[place] = one.get_default()
        return model(*values)

    return blank


def _row(row: Any, own: Sequence[_Own], values: Mapping[str, Any], unit: Organization) -> Any:
    """The row as far as its own columns say; `dates` fill starts_on and ends_on, a subject's Entry gives its Subject."""
    kept = _kept(values)
    for name, kind, blank in own:
        value = values.get(name)
        if kind == "dates":
            row.starts_on, row.ends_on = value or (None, None)
            continue
        if isinstance(value, Entry):
            value = value.subject
        if name in kept:
            value = getattr(values["replaces"], name)
        if value is not None or not blank:
            setattr(row, name, value)
        if isinstance(value, WholeMonth):
            setattr(row, f"{name}{MONTH_ONLY}", True)
    if isinstance(row, PlannedDetail):
        row.unit = unit
    row.before, row.replaces = values.get("before"), values.get("replaces")
    return row


class _Own(NamedTuple):
    """A column that is the row's own, not its person's; whether an empty one is ""."""

    name: str
    kind: str
    blank: bool


def _own_columns(register: Register) -> list[_Own]:
    fields = {f.name: f for f in register.model._meta.concrete_fields}
    found = []
    for column in register.columns:
        if column.kind == "dates":
            found.append(_Own(column.name, column.kind, False))
        elif column.name in fields and not (register.names_person and column.name in OF_THE_PERSON):
            field = fields[column.name]
            found.append(_Own(column.name, column.kind, isinstance(field, CharField) and not field.null))
    return found


def _missing(required: Sequence[Column], values: Mapping[str, Any]) -> Iterator[Problem]:
    for column in required:
        if values.get(column.name) in (None, "") and column.name not in _kept(values):
            chosen = column.kind in ("choice", "organization", "line", "subject")
            yield column.name, f"请{'选择' if chosen else '填写'}{column.label}。"


def _kept(values: Mapping[str, Any]) -> Iterable[str]:
    """The columns that came back as they were shown, masked: they stay what they are."""
    kept: Iterable[str] = values.get("kept", ())
    return kept


def _set_plans(register: Register, lines: Sequence[_Line]) -> None:
    """The plan of the year in which it happened; it must count what the register counts."""
    if not issubclass(register.model, PlannedDetail):
        return
    plans = {plan.year: plan for plan in Plan.objects.order_by("-code")}
    where = _day_column(register)
    lacking: dict[int, list[str]] = {}  # plan → the targets it has not
    for line in lines:
        if line.problems:
            continue
        if line.row.plan_id is None:
            year = register.counts_on(line.row).year
            if year not in plans:
                line.problems.append((where, f"没有{year}年的方案，请核对{_label(register, where)}。"))
                continue
            line.row.plan = plans[year]
        plan = line.row.plan
        if plan.pk not in lacking:
            lacking[plan.pk] = [code for code in register.targets if target_account(plan, code) is None]
        if absent := lacking[plan.pk]:
            text = (
                f"{line.row.plan}没有{register.name}的计数指标（{'、'.join(absent)}），请联系区乡村振兴局。"
            )
            line.problems.append((where, text))


def _own_problems(
    register: Register, limits: Sequence[_Limit], row: Any, by: User, on: date
) -> Iterator[Problem]:
    yield from _too_long(row, limits)
    day = register.occurred_on(row)
    if day > on:
        where = _day_column(register)
        yield where, f"{_label(register, where)} {day} 晚于今天（{on}），发生后再填报。"
    for name, messages in register.errors(row, by, on).items():
        for message in messages:
            yield name, message


def long_texts(row: Detail, columns: Sequence[Column]) -> Iterator[Problem]:
    """Texts longer than their field."""
    return _too_long(row, _limits(type(row), columns))


def _too_long(row: Detail, limits: Sequence[_Limit]) -> Iterator[Problem]:
    for name, label, most in limits:
        length = len(getattr(row, name) or "")
        if length > most:
            yield name, f"{label}最多 {most} 个字，现有 {length} 个，请精简。"


class _Limit(NamedTuple):
    """A text column of limited length, and how many characters it takes."""

    name: str
    label: str
    most: int


def _limits(model: type[Detail], columns: Sequence[Column]) -> list[_Limit]:
    labels = {column.name: column.label for column in columns}
    return [
        _Limit(one.name, labels[one.name], one.max_length)
        for one in model._meta.concrete_fields
        if isinstance(one, CharField) and one.max_length and one.name in labels
    ]


def _day_column(register: Register) -> str:
    """Where a wrong date is told: the first column that holds one."""
    days = [column.name for column in register.columns if column.kind in ("date", "dates")]
    return (days or [register.columns[0].name])[0]


def _label(register: Register, name: str) -> str:
    return next(column.label for column in register.columns if column.name == name)


def _refuse_twice(register: Register, lines: Sequence[_Line]) -> None:
    """The same thing twice in the rows at hand; the books' own rows are the Subject's question."""
    seen: dict[str, _Line] = {}
    where = "id_number" if register.names_person else register.columns[0].name
    for line in lines:
        if line.problems:
            continue
        first = seen.setdefault(register.natural_key(line.row), line)
        if first is not line:
            line.problems.append((where, f"与{first.where}是同一条{register.name}记录，请删去一条。"))
            first.problems.append((where, f"与{line.where}是同一条{register.name}记录，请删去一条。"))


# --- the person -------------------------------------------------------------------------------------------------


def _name_people(
    register: Register, lines: Sequence[_Line], by: User, organization: Organization, on: date
) -> None:
    """Say who every row is, whom they count for and what they are on the row's day."""
    _resolve(lines, by, organization, on)
    good = [line for line in lines if not line.problems and line.person is not None]
    days = {id(line): register.counts_on(line.row) for line in good}
    _add_stated_facts(good, days, by, register)
    groups = _groups(good, days)
    units = township_units({d for line in good if (d := line.row.division) is not None})
    for line in good:
        row, person = line.row, line.person
        assert person is not None
        group = groups[days[id(line)]][person.pk]
        row.person = person
        row.unit = units.get(row.division_id, organization)
        row.eligible, row.lifted, row.monitored = group.eligible, group.lifted, group.monitored


def _resolve(lines: Sequence[_Line], by: User, organization: Organization, on: date) -> None:
    """Register those of rows that are right, only look at the others."""
    ids: dict[int, int | None] = {}
    for right in (True, False):
        some = [line for line in lines if bool(line.problems) is not right]
        if not some:
            continue
        people = [_person_row(line) for line in some]
        if right:
            found = resolve_people(by=by, on=on, organization=organization, rows=people)
        else:
            found = match_people(on=on, organization=organization, rows=people)
        ids |= {id(line): person_id for line, person_id in zip(some, found.ids, strict=True)}
        for problem in found.problems:
            line = some[problem.index]
            name = problem.field if problem.field in OF_THE_PERSON else "id_number"
            if name not in dict(line.problems):
                line.problems.append((name, problem.message))
        for warning in found.warnings:
            some[warning.index].warnings.append(warning.message)
    counted_as = survivors({pk for pk in ids.values() if pk is not None})
    people_by_id = {person.pk: person for person in Person.objects.filter(among("pk", counted_as.values()))}
    for line in lines:
        pk = ids.get(id(line))
        line.person = people_by_id[counted_as[pk]] if pk is not None else None


def _person_row(line: _Line) -> PersonRow:
    """What the row says of its person; what a form left as it was shown comes from the person it showed."""
    values = line.values
    before = values.get("replaces")
    if before is not None:
        values, person = dict(values), before.person
        plain = {
            "name": person.name,
            "id_number": person.id_number.open() + person.disability.open(),
            "phones": person.phones.open(),
            "birth_month": person.birth_month if person.is_provisional else "",
        }
        values |= {name: plain[name] for name in _kept(values) if name in plain}
    division = values.get("division")
    return PersonRow(
        name=values.get("name") or "",
        id_number=values.get("id_number") or "",
        sex=values.get("sex") or "",
        birth_month=values.get("birth_month") or "",
        phones=values.get("phones") or "",
        division_id=division.pk if division is not None else None,
    )


def _add_stated_facts(lines: Sequence[_Line], days: Mapping[int, date], by: User, register: Register) -> None:
    """What the filer says of a person becomes a dated fact of people of whom the directory says nothing of that kind that day."""
    groups = _groups(lines, days)
    stated: dict[tuple[int, str, date], facts.Fact] = {}
    for line in lines:
        assert line.person is not None
        day, person_id = days[id(line)], line.person.pk
        group = groups[day][person_id]
        for kind, value in line.row.says():
            known = group.known_monitor if kind == facts.MONITOR else group.known_household
            if not known:
                stated.setdefault((person_id, kind, day), facts.Fact(person_id, kind, value, day))
    if stated:
        source = f"{by.organization}填报的{register.name}"
        facts.add_facts(by=by, facts=list(stated.values()), source=source)


def _groups(lines: Sequence[_Line], days: Mapping[int, date]) -> dict[date, dict[int, facts.Group]]:
    """Day → person → what they are on that day. One look-up a day."""
    people: dict[date, set[int]] = defaultdict(set)
    for line in lines:
        assert line.person is not None
        people[days[id(line)]].add(line.person.pk)
    return {day: facts.groups_on(ids, day) for day, ids in people.items()}


def township_units(divisions: Iterable[Division]) -> dict[int, Organization]:
    """Division id (village or township) → the unit that governs it. One query."""
    towns = {d.pk: (d.parent_id if d.level == "village" else d.pk) for d in divisions}
    units = {
        unit.division_id: unit
        for unit in Organization.objects.filter(
            division__in=set(towns.values()), kind=Organization.Kind.TOWNSHIP, active=True
        )
    }
    return {pk: units[town] for pk, town in towns.items() if town in units}


def warnings_of(register: Register, rows: Sequence[Any]) -> list[list[str]]:
    """What is unusual of each row of the register, saved or not; a number of queries that does not grow with the rows."""
    if not rows:
        return []
    with read_once():
        register.beside(rows)
        return [
            [*(disagreements(row) if register.names_person else ()), *register.warnings(row)] for row in rows
        ]


def disagreements(row: PersonDetail) -> list[str]:
    """Where the sheet's 人员类别 and the directory disagree; the directory decides."""
    found = []
    says_lifted = row.category == Category.LIFTED
    says_monitored = row.category == Category.MONITORED or row.category in MONITOR_TYPES
    if says_lifted and not row.lifted:
        found.append("填的是脱贫人口，人员名录在这一天不是脱贫户：以名录为准，请核对。")
    if says_monitored and not row.monitored:
        found.append(
            f"填的是{row.get_category_display()}，人员名录在这一天没有监测类别：以名录为准；"
            "确属监测对象的，请先在人员名录登记是哪一类。"
        )
    if row.category in (Category.ORDINARY, Category.OTHER) and row.eligible:
        which = "脱贫户" if row.lifted else "监测对象"
        found.append(f"填的是{row.get_category_display()}，人员名录在这一天是{which}：以名录为准。")
    return found


def person_texts(row: PersonDetail, published: bool, on: date, *, restricted: bool = False) -> dict[str, str]:
    """The columns that are the person's, masked: for staff, or as exports and notices are (DOMAIN §6). Of a child the
    code and the age band, for both; in a register that is `restricted` also only the township."""
    person = row.person
    number, phones = person.id_number.open(), person.phones.open()
    closed = restricted or person.is_restricted
    masked = mask_person(person.pk, person.name, person.birth_date, on=on, restricted=closed)
    if closed or is_child(person.birth_date, on):
        withheld = {"id_number": WITHHELD if number else "", "phones": WITHHELD if phones else ""}
        place = {"division": _township(row.division)} if restricted else {}
        return {"name": masked, **withheld, **place}
    return {
        "name": mask_name(person.name) if published else masked,
        "id_number": (mask_id_export if published else mask_id_staff)(number) if number else "",
        "phones": "、".join(mask_phone(phone) for phone in phones.split("、") if phone),
    }


def _township(division: Division | None) -> str:
    if division is None:
        return ""
    town = division.parent if division.level == "village" else division
    return town.name if town is not None else ""


# --- what a row moves -------------------------------------------------------------------------------------------


def legs(register: Register, row: Any) -> list[Leg]:
    """What the row adds to the plan's counting rules. Raises Account.DoesNotExist for a rule the plan has not."""
    found = []
    for code, how_many in register.adds.items():
        amount = how_many(row)
        if amount:
            target = target_account(row.plan, code)
            if target is None:
                raise Account.DoesNotExist(f"{row.plan.code}: {code}")
            source = outside_account(row.plan, target.unit)
            found.append(Leg(register.code, source, target, amount, row.unit_id))
    return found


def claims(register: Register, row: Any) -> list[Claim]:
    """Whom the row counts: over all, for the unit, and as a published 其中. For `benefit_people` who is not eligible is
    recorded and does not count."""
    parts = tuple(part for part, holds in ((LIFTED, row.lifted), (MONITORED, row.monitored)) if holds)
    parts += tuple(register.parts(row))
    plan, unit, person_id = row.plan, row.unit, row.person_id
    return [
        Claim(account, person_id, unit.pk, row.eligible or code != BENEFIT)
        for code, does in register.counts.items()
        if does(row)
        for account in count_accounts(plan, code, unit, parts)
    ]
