"""roster_handover: every quarter, who is able to work goes to 荣成人社 (二（二）一; DOMAIN §6 PIPL; C12).

An act: the system freezes the roster as of a day, makes the file of the few fields that placing people needs, and hangs
it on the entry, encrypted, for the receiver alone. Approving is sending; the receiver signs for it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from directory.identity import age
from directory.models import Division, Organization, User
from directory.people import survivors
from labor.models import RosterHandover, RosterHandoverLine, RosterRow
from ledger.evidence import store_sealed
from ledger.figures import plans_counting, rows_in_force
from ledger.making import NOTE, Problem, collect, quarter_end_problem
from ledger.models import Entry, Evidence, Unit
from ledger.refusals import Refusal
from ledger.registers import (
    Acknowledging,
    Column,
    Notice,
    Notices,
    Parameter,
    Register,
    Sharing,
    Shown,
    filed_by,
)
from ledger.scope import Scope, scope_of
from ledger.sql import asked_again

CODE = "roster_handover"
HANDOVER_DAYS = Parameter(
    "handover_days", "季后提供花名册的期限", 10, "天", "方案只写“每季度”；超过的显示为迟报", most=90
)
RECEIPT_DAYS = Parameter(
    "receipt_days",
    "花名册提供后荣成签收的期限",
    10,
    "天",
    "超过的提示“荣成未签收”；方案未写，按惯例",
    most=90,
)
# What placing somebody needs; no identity number, no address below the township (DOMAIN §6).
FIELDS = ("姓名", "性别", "年龄", "镇街", "电话", "劳动技能", "就业意愿", "意向地", "意向岗位", "培训需求")
ABLE = (RosterRow.Skill.ORDINARY, RosterRow.Skill.SKILLED, RosterRow.Skill.WEAK)
WORKING_AGE = 16  # 劳动法 第十五条
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class RosterChanged(Refusal):
    """The roster changed between filling the form and submitting it."""


def frozen(day: date) -> list[RosterRow]:
    """The roster as of `day`: of everybody able to work their latest approved row up to then, in the order of towns.

    What was reversed or corrected since does not stand. Two registrations of one person are one. Two queries.
    """
    undone = Entry.objects.unscoped("花名册全区汇总").filter(
        corrects=OuterRef("entry"), state=Entry.State.APPROVED
    )
    rows: QuerySet[RosterRow] = RosterRow.objects.filter(
        ~Exists(undone), entry__state=Entry.State.APPROVED, version=F("entry__version"), roster_on__lte=day
    ).exclude(entry__kind=Entry.Kind.REVERSAL)
    found = list(rows.select_related("person", "division__parent").order_by("roster_on", "entry_id"))
    counted_as = survivors({row.person_id for row in found})
    latest = {counted_as[row.person_id]: row for row in found}
    able = [row for row in latest.values() if row.skill in ABLE and _is_of_age(row, day)]
    return sorted(able, key=lambda row: (_town(row.division), row.person_id))


def _is_of_age(row: RosterRow, day: date) -> bool:
    born = row.person.birth_date
    return born is None or age(born, day) >= WORKING_AGE


def _town(division: Division | None) -> str:
    if division is None:
        return ""
    town = division.parent if division.level == Division.Level.VILLAGE else division
    return town.name if town is not None else ""


def count_people(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """How many the roster of the day holds, and which fields are given: nobody types either."""
    for row, _ in lines:
        row.people, row.fields = len(frozen(row.roster_on)), "、".join(FIELDS)


def hand_over(row: RosterHandover, by: User) -> list[Evidence]:
    """Freeze the roster under the saved row and make its file, for the receiver alone. Raises RosterChanged."""
    people = frozen(row.roster_on)
    if len(people) != row.people:
        text = f"花名册刚有变动：填写时 {row.people} 人，现在 {len(people)} 人，请重新提交。"
        raise RosterChanged(text, {"roster_on": [text]})
    RosterHandoverLine.objects.bulk_create(
        [RosterHandoverLine(handover=row, roster=one) for one in people], batch_size=500
    )
    name = f"劳动力花名册_{row.quarter_ends_on:%Y-%m}_{row.people}人.xlsx"
    assert by.organization is not None
    file = store_sealed(
        by=by,
        organization=by.organization,
        addressee=row.receiver,
        name=name,
        media_type=XLSX,
        data=_sheet(row, people),
    )
    return [file]


def _sheet(row: RosterHandover, people: Sequence[RosterRow]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("花名册")
    sheet.append([f"山亭区劳动力花名册（{row.roster_on:%Y-%m-%d}，{row.people} 人）"])
    sheet.append([f"用途：{row.purpose}。只用于上述用途，不得转给第三方，用后及时删除。"])
    sheet.append(list(FIELDS))
    for one in people:
        sheet.append([_text(sheet, text) for text in _line(one, row.roster_on)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _line(one: RosterRow, day: date) -> list[str]:
    person = one.person
    years = str(age(person.birth_date, day)) if person.birth_date else ""
    return [
        person.name,
        person.get_sex_display(),
        years,
        _town(one.division),
        person.phones.open(),
        one.get_skill_display(),
        one.wish,
        one.wish_place,
        one.wish_post,
        one.training_need,
    ]


def _text(sheet: Any, text: str) -> Any:
    """A cell that holds the text as it is, whatever it begins with: never a number, never a formula."""
    cell = WriteOnlyCell(sheet, text)
    if text:
        cell.data_type = "s"
    if text.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True
    return cell


def errors(row: RosterHandover, by: User, on: date) -> Mapping[str, list[str]]:
    """The quarter's last day, a roster with somebody in it, sent after the roster was frozen, to a unit of 荣成."""
    return collect(_problems(row, on))


def _problems(row: RosterHandover, on: date) -> Iterator[Problem]:
    yield from quarter_end_problem("quarter_ends_on", row.quarter_ends_on)
    if row.sent_on < row.roster_on:
        yield "sent_on", f"提供时间 {row.sent_on} 早于花名册日期 {row.roster_on}，请核对。"
    if row.sent_on > on:
        yield "sent_on", f"提供时间 {row.sent_on} 晚于今天（{on}）。"
    if row.receiver.kind != Organization.Kind.PARTNER:
        yield "receiver", f"接收单位应是荣成方单位，{row.receiver}不是。"
    if not row.people:
        yield "roster_on", f"到 {row.roster_on} 为止，花名册里没有已通过的有劳动能力人员，请先登记花名册。"


def warnings(row: RosterHandover) -> list[str]:
    """Late, and what the reviewer approves: that the file goes out."""
    found = []
    days = HANDOVER_DAYS.value()
    late = (row.sent_on - row.quarter_ends_on).days - days
    if late > 0:
        found.append(f"提供时间比期限（季后 {days} 天）晚 {late} 天。")
    return [*found, f"通过后，{row.receiver}即可下载 {row.people} 人的名单（{row.fields}）。"]


def notices(user: User, today: date, each: int) -> list[Notices]:
    """Quarters of the plan's year that nobody handed over in time, and hand-overs that 荣成 has not signed for."""
    days, receipt = HANDOVER_DAYS.value(), RECEIPT_DAYS.value()
    missing = _not_handed_over(user, today, days)
    unsigned = [
        Notice(
            f"{row.quarter_ends_on:%Y-%m} 季度 · {row.receiver}",
            f"{timezone.localdate(row.entry.decided_at)} 提供，至今未签收。",
            row.entry_id,
        )
        for row in _unsigned(scope_of(user))
        if (today - timezone.localdate(row.entry.decided_at)).days > receipt
    ]
    return [
        Notices("花名册迟报", f"季末后超过 {days} 天没有提供荣成人社", missing[:each], len(missing)),
        Notices(
            "荣成未签收", f"提供后超过 {receipt} 天没有签收", unsigned[:each], len(unsigned), is_bad=False
        ),
    ]


def _not_handed_over(user: User, today: date, days: int) -> list[Notice]:
    if not scope_of(user).for_register(CODE).everything or scope_of(user).partner:
        return []
    years = sorted({plan.year for plan in plans_counting("roster_handovers")})
    ends = [date(year, 3 * n, 31 if n in (1, 4) else 30) for year in years for n in (1, 2, 3, 4)]
    late = [day for day in ends if day + timedelta(days=days) < today]
    sent = set(_sent(scope_of(user)))
    return [
        Notice(
            f"{day.year} 年第 {day.month // 3} 季度",
            f"应于 {day + timedelta(days=days)} 前提供，已迟 {(today - day).days - days} 天。",
        )
        for day in late
        if day not in sent
    ]


@asked_again
def _unsigned(scope: Scope) -> QuerySet[RosterHandover]:
    rows = rows_in_force(RosterHandover, scope=scope).filter(entry__acknowledgement=None)
    return rows.select_related("entry", "receiver").order_by("quarter_ends_on")


@asked_again
def _sent(scope: Scope) -> QuerySet[RosterHandover, date]:
    return rows_in_force(RosterHandover, scope=scope).values_list("quarter_ends_on", flat=True)


def shown(row: RosterHandover) -> list[Shown]:
    """What was typed, and what the system says of it."""
    values = ROSTER_HANDOVER.values(row)
    typed = [Shown(c.name, c.label, values[c.name]) for c in ROSTER_HANDOVER.columns if values[c.name]]
    return [*typed, Shown("people", "人数", f"{row.people:,} 人"), Shown("fields", "提供的栏目", row.fields)]


ROSTER_HANDOVER = Register(
    code=CODE,
    name="花名册提供荣成",
    model=RosterHandover,
    columns=(
        Column("quarter_ends_on", "季度末日", "date", required=True, aliases=("季度", "截至日期"), example="2022-06-30"),
        Column("roster_on", "花名册日期", "date", required=True,
               help="系统按这一天已通过的花名册生成名单并冻结；之后的修改不影响这一份。"),
        Column("purpose", "用途", "text", required=True, example="劳务输出岗位匹配"),
        Column("basis", "依据", "text", required=True, example="山乡振发〔2022〕10号 二（二）一"),
        Column("approver", "批准人", "text", required=True),
        Column("receiver", "接收单位", "organization", required=True, example="荣成市人社局",
               help="名单只供这个单位下载，每次下载都有记录。"),
        Column("receiver_person", "接收人", "text"),
        Column("sent_on", "提供时间", "date", required=True),
        NOTE,
    ),
    prepare=count_people,
    natural_key=lambda row: row.quarter_ends_on.isoformat(),
    occurred_on=lambda row: row.sent_on,
    counts_on=lambda row: row.quarter_ends_on,
    summary=lambda row: f"{row.quarter_ends_on:%Y-%m} 季度 · {row.people} 人 · {row.receiver}",
    amount=lambda row: row.people,
    amount_unit=Unit.PERSON,
    errors=errors,
    warnings=warnings,
    shown=shown,
    brings=hand_over,
    may_file=filed_by(Organization.Kind.DEPARTMENT, Organization.Kind.BUREAU),  # the whole roster leaves the district
    shared=Sharing(with_units=("receiver",)),
    acknowledged=Acknowledging(
        verb="签收",
        waiting="待荣成签收",
        done="荣成已签收",
        by=lambda row, unit: bool(row.receiver_id == unit.pk),
    ),
    adds={"roster_handovers": lambda row: 1},
    notices=notices,
    parameters=(HANDOVER_DAYS, RECEIPT_DAYS),
)  # fmt: skip
