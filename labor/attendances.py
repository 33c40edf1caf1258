"""training_attendance: one person in one course a row. Its columns, rules, moves and whom it counts (DOMAIN §4.6).

Numbers, names and phones go to the directory; the row keeps the person's id. People are resolved in bulk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F

from audit.bulk import portions
from directory import facts
from directory.identity import mask_id_export, mask_id_staff, mask_name, mask_person, mask_phone
from directory.models import Organization, Person, User
from directory.people import PersonRow, match_people, resolve_people, survivors
from labor.estimates import ATTENDANCES, township_unit
from labor.models import Category, TrainingAttendance, TrainingCourse
from labor.rules import Problem, collect, long_texts
from ledger.accounts import count_accounts, outside_account, remembered, target_account
from ledger.models import Entry, Unit
from ledger.registers import Claim, Column, Leg, Made

CODE = "training_attendance"
COUNTED_BY = ("trained_people", "trained_or_employed")
BENEFIT = "benefit_people"
LIFTED, MONITORED = "脱贫", "监测"  # the published 其中
MONITOR_TYPES = {Category.UNSTABLE, Category.MARGINAL, Category.SUDDEN}

CATEGORIES = (
    *Category.choices,
    ("lifted", "脱贫户"),
    ("lifted", "脱贫享受政策人口"),
    ("monitored", "监测帮扶对象"),
    ("monitored", "防止返贫监测对象"),
    ("ordinary", "普通农户"),
    ("ordinary", "一般农户"),
)
COLUMNS = (
    Column("course", "班次", "subject", required=True, register="training_course",
           aliases=("培训班名称", "班次编号", "班次名称", "培训班"), help="列表里没有的，请先填报培训班次。"),
    Column("name", "姓名", "person_name", required=True, personal=True, aliases=("学员姓名",), example="张三"),
    Column("sex", "性别", "choice", choices=(*Person.Sex.choices,)),
    Column("id_number", "身份证号", "identity", personal=True, aliases=("身份证号码", "证件号码", "公民身份号码"),
           help="18位。没有身份证号的填出生年月，先登记为临时人员。"),
    Column("birth_month", "出生年月", "month", personal=True, aliases=("出生日期",), help="有身份证号的不用填。"),
    Column("division", "镇村", "village", aliases=("镇（街）村", "镇街村", "所在镇村", "住址", "家庭住址"),
           example="徐庄镇湖沟村"),
    Column("category", "人员类别", "choice", required=True, aliases=("类别", "人员类型"), choices=CATEGORIES),
    Column("phones", "电话", "phone", personal=True, aliases=("联系电话", "手机", "手机号"), example="13800001234"),
    Column("qualified", "是否合格", "yesno", aliases=("考核结果", "是否取证")),
    Column("certificate_no", "证书编号", "text", aliases=("证书号",), help="以身份证号作证书编号的，请不要填。"),
    Column("employer", "培训后就业单位", "text", aliases=("培训后就业", "就业单位", "培训后就业(单位)")),
    Column("subsidy", "补贴", "money", unit="元", aliases=("补贴(元)", "补贴（元）", "培训补贴"), example="300"),
    Column("note", "备注", "text"),
)  # fmt: skip
PERSONAL = ("name", "sex", "id_number", "birth_month", "phones")
Groups = Mapping[date, Mapping[int, facts.Group]]  # day → person → what they are on that day


@dataclass
class _Line:
    """One row on its way: what is known of it so far."""

    values: Mapping[str, Any]
    where: str
    course: TrainingCourse | None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    person_id: int | None = None
    person: Person | None = None


def make(rows: Sequence[Mapping[str, Any]], by: User, on: date) -> list[Made]:
    """Unsaved attendances. Registers people not known yet, of rows in which nothing else is wrong.

    A number of queries that does not grow with the rows, but for chunks of look-ups by id.
    """
    if by.organization is None:
        return [Made(None, {"course": ["您的账号没有单位，不能填报。"]}) for _ in rows]
    courses = _courses(rows)
    lines = [
        _Line(values, str(values.get("where") or f"第 {n} 条"), courses.get(_entry_id(values)))
        for n, values in enumerate(rows, 1)
    ]
    with remembered():
        for line in lines:
            line.problems += _problems(line, on)
    _resolve(lines, by, on)
    _refuse_twice(lines)
    groups = _add_stated_facts(lines, by)
    units = township_unit({d for line in lines if (d := line.values.get("division"))})
    made = []
    for line in lines:
        row = _row(line, groups, units, by.organization) if not line.problems else None
        if row is not None:
            line.problems += long_texts(row, COLUMNS)
            line.warnings += warnings(row)
        made.append(Made(None if line.problems else row, collect(line.problems), line.warnings))
    return made


def _entry_id(values: Mapping[str, Any]) -> int:
    return values["course"].pk if values.get("course") is not None else 0


def _courses(rows: Sequence[Mapping[str, Any]]) -> dict[int, TrainingCourse]:
    """Entry id → the course row of its latest version, with its plan."""
    wanted = {_entry_id(values) for values in rows}
    found = TrainingCourse.objects.filter(entry__in=wanted, version=F("entry__version"))
    return {row.entry_id: row for row in found.select_related("plan", "entry")}


def _problems(line: _Line, on: date) -> Iterator[Problem]:
    course = line.course
    if course is None:
        yield "course", "请选择班次。"
        return
    if target_account(course.plan, ATTENDANCES) is None or any(
        target_account(course.plan, target) is None for target in (*COUNTED_BY, BENEFIT)
    ):
        yield "course", f"{course.plan}没有培训人数、人次或带动人口的计数指标，不能登记学员。"
    if not line.values.get("category"):
        yield "category", "请选择人员类别。"
    if not line.values.get("name") and "name" not in line.values.get("kept", ()):
        yield "name", "请填写姓名。"


def _resolve(lines: Sequence[_Line], by: User, on: date) -> None:
    """Say who every row is; register those of rows that are right, only look at the others."""
    organization = by.organization
    assert organization is not None
    for right in (True, False):
        some = [line for line in lines if bool(line.problems) is not right]
        people = [_person_row(line) for line in some]
        if not some:
            continue
        if right:
            found = resolve_people(by=by, on=on, organization=organization, rows=people)
        else:
            found = match_people(on=on, organization=organization, rows=people)
        for line, person_id in zip(some, found.ids, strict=True):
            line.person_id = person_id
        for problem in found.problems:
            some[problem.index].problems.append((_column(problem.field), problem.message))
        for warning in found.warnings:
            some[warning.index].warnings.append(warning.message)
    counted_as = survivors({line.person_id for line in lines if line.person_id is not None})
    people_by_id: dict[int, Person] = {}
    for part in portions(set(counted_as.values())):
        people_by_id |= Person.objects.in_bulk(part)
    for line in lines:
        if line.person_id is not None:
            line.person_id = counted_as[line.person_id]
            line.person = people_by_id[line.person_id]


def _column(name: str) -> str:
    return name if name in PERSONAL else "id_number"


def _person_row(line: _Line) -> PersonRow:
    """What the row says of its person; what a form left as it was shown comes from the person it showed."""
    values = dict(line.values)
    before: TrainingAttendance | None = values.get("replaces")
    if before is not None:
        person = before.person
        plain = {
            "name": person.name,
            "id_number": person.id_number.open() + person.disability.open(),
            "phones": person.phones.open(),
            "birth_month": person.birth_month if person.is_provisional else "",
        }
        values |= {name: plain[name] for name in values.get("kept", ()) if name in plain}
    division = values.get("division")
    return PersonRow(
        name=values.get("name") or "",
        id_number=values.get("id_number") or "",
        sex=values.get("sex") or "",
        birth_month=values.get("birth_month") or "",
        phones=values.get("phones") or "",
        division_id=division.pk if division is not None else None,
    )


def _refuse_twice(lines: Sequence[_Line]) -> None:
    """One person twice in one course, in the rows at hand; the books' own rows are the Subject's question."""
    seen: dict[tuple[int, int], _Line] = {}
    for line in lines:
        if line.course is None or line.person_id is None:
            continue
        first = seen.setdefault((line.course.entry.subject_id, line.person_id), line)
        if first is not line:
            line.problems.append(("id_number", f"与{first.where}是同一人、同一班次，请删去一条。"))
            first.problems.append(("id_number", f"与{line.where}是同一人、同一班次，请删去一条。"))


def _add_stated_facts(lines: Sequence[_Line], by: User) -> Groups:
    """The filer's 人员类别 becomes a dated fact of people of whom the directory says nothing of that kind that day.
    Returns what everybody is then."""
    groups = _groups(lines)
    stated: dict[tuple[int, str, date], facts.Fact] = {}
    for line in lines:
        if line.problems or line.person_id is None or line.course is None:
            continue
        group, day = groups[line.course.starts_on][line.person_id], line.course.starts_on
        category = line.values["category"]
        kind, value = facts.HOUSEHOLD, category
        if category in MONITOR_TYPES:
            kind = facts.MONITOR
        elif category not in (Category.LIFTED, Category.ORDINARY):
            continue
        known = group.known_monitor if kind == facts.MONITOR else group.known_household
        if not known:
            stated.setdefault((line.person_id, kind, day), facts.Fact(line.person_id, kind, value, day))
    if not stated:
        return groups
    facts.add_facts(by=by, facts=list(stated.values()), source=f"{by.organization}填报的培训学员名册")
    return _groups(lines)


def _groups(lines: Sequence[_Line]) -> Groups:
    """Day → person → what they are on that day. One look-up a day on which a course began."""
    people: dict[date, set[int]] = defaultdict(set)
    for line in lines:
        if line.course is not None and line.person_id is not None:
            people[line.course.starts_on].add(line.person_id)
    return {day: facts.groups_on(ids, day) for day, ids in people.items()}


def _row(
    line: _Line,
    groups: Groups,
    units: Mapping[int, Organization],
    organization: Organization,
) -> TrainingAttendance:
    course, person, values = line.course, line.person, line.values
    assert course is not None
    assert person is not None
    division = values.get("division")
    group = groups[course.starts_on][person.pk]
    return TrainingAttendance(
        course=course.entry.subject,
        course_title=course.title[:160],
        plan=course.plan,
        person=person,
        unit=units.get(division.pk, organization) if division is not None else organization,
        division=division,
        category=values["category"],
        occurred_on=course.starts_on,
        qualified=values.get("qualified"),
        certificate_no=values.get("certificate_no") or "",
        employer=values.get("employer") or "",
        subsidy=values.get("subsidy"),
        note=values.get("note") or "",
        eligible=group.eligible,
        lifted=group.lifted,
        monitored=group.monitored,
    )


def natural_key(row: TrainingAttendance) -> str:
    """班次+人员: ids, never numbers (DESIGN §1 Subject)."""
    return f"{row.course_id}/{row.person_id}"


def summary(row: TrainingAttendance) -> str:
    """ "食用菌种植班（第二期） · 人员 12 · 脱贫人口": no name, as the entry's texts are kept for ever."""
    return f"{row.course_title} · 人员 {row.person_id} · {row.get_category_display()}"


def occurred_on(row: TrainingAttendance) -> date:
    """The day the course began."""
    return row.occurred_on


def legs(row: TrainingAttendance) -> list[Leg]:
    """1 人次."""
    target = target_account(row.plan, ATTENDANCES)
    if target is None:
        return []
    return [Leg(CODE, outside_account(row.plan, Unit.ATTENDANCE), target, 1, row.unit_id)]


def claims(row: TrainingAttendance) -> list[Claim]:
    """Trained, trained or employed, and, if eligible that day, reached: over all, for the unit, and as a 其中."""
    parts = [part for part, holds in ((LIFTED, row.lifted), (MONITORED, row.monitored)) if holds]
    found = [
        Claim(account, row.person_id, row.unit_id)
        for target in COUNTED_BY
        for account in count_accounts(row.plan, target, row.unit, parts)
    ]
    reached = count_accounts(row.plan, BENEFIT, row.unit, parts)
    return found + [Claim(account, row.person_id, row.unit_id, eligible=row.eligible) for account in reached]


def errors(row: TrainingAttendance, by: User, on: date) -> Mapping[str, list[str]]:
    """What is wrong with a row by itself, whoever made it."""
    return collect(_row_problems(row, on))


def _row_problems(row: TrainingAttendance, on: date) -> Iterator[Problem]:
    yield from long_texts(row, COLUMNS)
    if row.occurred_on > on:
        yield "course", f"班次的开始日期 {row.occurred_on} 晚于今天（{on}），开班后再登记学员。"
    if row.subsidy is not None and row.subsidy <= 0:
        yield "subsidy", "补贴须大于 0；没有就不填。"


def warnings(row: TrainingAttendance) -> list[str]:
    """Where the sheet's 人员类别 and the directory disagree; the directory decides."""
    found = []
    says_lifted = row.category == Category.LIFTED
    says_monitored = row.category == Category.MONITORED or row.category in MONITOR_TYPES
    if says_lifted and not row.lifted:
        found.append(f"填的是脱贫人口，人员名录在 {row.occurred_on} 不是脱贫户：以名录为准，请核对。")
    if says_monitored and not row.monitored:
        found.append(
            f"填的是{row.get_category_display()}，人员名录在 {row.occurred_on} 没有监测类别：以名录为准；"
            "确属监测对象的，请先在人员名录登记是哪一类。"
        )
    if row.category in (Category.ORDINARY, Category.OTHER) and row.eligible:
        which = "脱贫户" if row.lifted else "监测对象"
        found.append(
            f"填的是{row.get_category_display()}，人员名录在 {row.occurred_on} 是{which}：以名录为准。"
        )
    return found


def not_yet(row: TrainingAttendance) -> str:
    """A person is counted only in a course that is itself approved."""
    if row.entry.kind == Entry.Kind.REVERSAL or row.course.in_force_id is not None:
        return ""
    waiting = row.course.undecided_id
    return f"所属班次“{row.course_title}”还没有通过审核" + (
        f"，请先审核 {waiting} 号记录。" if waiting else "，请先退回本条，待班次重新填报。"
    )


def texts(row: TrainingAttendance, published: bool) -> dict[str, str]:
    """The columns that are the person's, masked: for staff, or as exports and notices are (DOMAIN §6)."""
    person = row.person
    number = person.id_number.open()
    phones = person.phones.open()
    return {
        "course": row.course_title,
        "name": mask_name(person.name)
        if published
        else mask_person(person.pk, person.name, person.birth_date, on=row.occurred_on),
        "id_number": (mask_id_export if published else mask_id_staff)(number) if number else "",
        "phones": "、".join(mask_phone(phone) for phone in phones.split("、") if phone),
    }
