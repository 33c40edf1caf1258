"""training_course: one 班次 a row. Its columns, rules and moves (DOMAIN §4.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from directory.models import Organization, User
from directory.names import plain
from labor.estimates import ATTENDANCES, live_attendances
from labor.models import CourseKind, TrainingCourse
from ledger.accounts import outside_account, remembered, target_account
from ledger.making import NOTE, Problem, collect, long_texts
from ledger.models import Entry, Plan, Unit
from ledger.registers import Column, Leg, Made

CODE = "training_course"
COURSES = "training_courses"
LONGEST_COURSE = 366  # days

KINDS = (
    *CourseKind.choices,
    (
        "farmers",
        "高素质农民",
    ),  # the plan's 高科技农民 may be a slip for it (C5); read as the same, shown as written
    ("employment", "就业技能培训"),
    ("leaders", "致富带头人培训"),
    ("farming", "农业技能"),
)
COLUMNS = (
    Column("number", "班次编号", "text", aliases=("编号", "班次号"), numbered=True, example="2022-PX-03",
           help="没有编号可不填，用名称、期次和开始日期区分。"),
    Column("name", "培训班名称", "text", required=True, aliases=("班次名称", "培训名称", "名称", "培训班名称/期次"),
           example="食用菌种植班"),
    Column("term", "期次", "text", aliases=("期数",), example="第二期"),
    Column("category", "类别", "choice", required=True, aliases=("培训类别", "培训类型"), choices=KINDS),
    Column("trade", "工种", "text", aliases=("培训工种", "培训内容"), example="食用菌栽培"),
    Column("host", "举办单位", "text", required=True, aliases=("主办单位",), example="荣成市人社局"),
    Column("provider", "承办机构", "text", aliases=("承办单位", "培训机构")),
    Column("place", "地点", "text", aliases=("培训地点",)),
    Column("held", "起止时间", "dates", required=True, aliases=("培训时间", "培训起止时间", "时间"),
           example="2022.6.6-6.10", help="写成 2022.6.6-6.10；只有一天的写那一天。"),
    Column("hours", "课时", "integer", aliases=("学时",), example="40"),
    Column("days", "天数", "integer", aliases=("培训天数",), example="5"),
    Column("cost", "资金", "money", unit="元", aliases=("培训资金", "资金(元)", "资金（元）", "费用"), example="12000"),
    Column("funding", "资金来源", "text", aliases=("来源",)),
    Column("estimate", "估计人数", "integer", unit="人", aliases=("培训人数", "约培训人数", "人数"), example="60",
           help="只在没有花名册时填：按人次计、不计人；学员登记并通过后，由花名册替代。"),
    NOTE,
)  # fmt: skip
PLAIN = ("number", "name", "term", "category", "trade", "host", "provider", "place", "hours", "days", "cost",
         "funding", "estimate", "note")  # fmt: skip


def make(rows: Sequence[Mapping[str, Any]], by: User, on: date) -> list[Made]:
    """Unsaved courses. Two queries, however many rows; those that correct a filed course ask once more each."""
    plans = {plan.year: plan for plan in Plan.objects.select_related("issuer").order_by("-code")}
    counting = {plan.pk: target_account(plan, COURSES) is not None for plan in plans.values()}
    unit = by.organization
    if unit is None:
        return [Made(None, {"name": ["您的账号没有单位，不能填报。"]}) for _ in rows]
    with remembered():
        return _make(rows, unit, plans, counting, by, on)


def _make(
    rows: Sequence[Mapping[str, Any]],
    unit: Organization,
    plans: Mapping[int, Plan],
    counting: Mapping[int, bool],
    by: User,
    on: date,
) -> list[Made]:
    made, seen = [], dict[str, str]()
    for number, values in enumerate(rows, 1):
        held = values.get("held")
        plan = plans.get(held[0].year) if held else None
        if held and plan is None:
            made.append(Made(None, {"held": [f"没有{held[0].year}年的方案，请核对起止时间。"]}))
            continue
        if plan is None or held is None:
            made.append(Made(None, {"held": ["请填写起止时间。"]}))
            continue
        course = TrainingCourse(
            plan=plan,
            unit=unit,
            starts_on=held[0],
            ends_on=held[1],
            is_counted=counting[plan.pk],
            **{name: _given(values, name) for name in PLAIN},
        )
        problems = {name: list(texts) for name, texts in errors(course, by, on).items()}
        where = str(values.get("where") or f"第 {number} 条")
        key = natural_key(course)
        if key in seen:
            column = "number" if course.number else "name"
            problems.setdefault(column, []).append(f"与{seen[key]}是同一个班次，请合并或补充期次、编号。")
        seen.setdefault(key, where)
        before = values.get("replaces")
        if before is not None and natural_key(before) != key and live_attendances(before.entry.subject_id):
            problems.setdefault("number" if course.number != before.number else "name", []).append(
                "这个班次已有学员，编号、名称、期次和开始日期不能改；确需更改的，请先红冲学员记录。"
            )
        made.append(Made(None if problems else course, problems, warnings(course)))
    return made


def _given(values: Mapping[str, Any], name: str) -> Any:
    value = values.get(name)
    return value if value is not None or name in ("hours", "days", "cost", "estimate") else ""


def natural_key(row: TrainingCourse) -> str:
    """年度+班次编号; without a number 期次+名称+开始日期 (DESIGN §4)."""
    if row.number:
        return f"{row.plan.code}/{plain(row.number)}"
    return f"{row.plan.code}/{plain(row.term) or '-'}/{plain(row.name)}/{row.starts_on.isoformat()}"


def called(row: TrainingCourse) -> list[str]:
    """What a roster may write for the course."""
    return [text for text in (row.number, row.title, f"{row.name}{row.term}", row.name) if text]


def summary(row: TrainingCourse) -> str:
    """ "食用菌种植班（第二期） · 就业技能 · 2022-06-06 · 约 60 人，无花名册"."""
    parts = [row.title, row.get_category_display(), f"{row.starts_on:%Y-%m-%d}"]
    return " · ".join([*parts, *([f"约 {row.estimate} 人，无花名册"] if row.estimate else [])])


def occurred_on(row: TrainingCourse) -> date:
    """The first day."""
    return row.starts_on


def legs(row: TrainingCourse) -> list[Leg]:
    """1 场, where the plan counts courses."""
    target = target_account(row.plan, COURSES) if row.is_counted else None
    if target is None:
        return []
    return [Leg(CODE, outside_account(row.plan, Unit.EVENT), target, 1, row.unit_id)]


def errors(row: TrainingCourse, by: User, on: date) -> Mapping[str, list[str]]:
    """Everything wrong with a course by itself, at its column."""
    return collect(_problems(row, on))


def _problems(row: TrainingCourse, on: date) -> Iterator[Problem]:
    yield from long_texts(row, COLUMNS)
    if row.starts_on > on:
        yield "held", f"开始日期 {row.starts_on} 晚于今天（{on}），开班后再填报。"
    if row.ends_on < row.starts_on:
        yield "held", f"结束日期 {row.ends_on} 早于开始日期 {row.starts_on}，请核对。"
    if (row.ends_on - row.starts_on).days > LONGEST_COURSE:
        yield "held", f"起止时间超过 {LONGEST_COURSE} 天，请核对年份。"
    for name, label in (("hours", "课时"), ("days", "天数"), ("estimate", "估计人数")):
        if getattr(row, name) == 0:
            yield name, f"{label}不能为 0；没有就不填。"
    if row.days and row.days > (row.ends_on - row.starts_on).days + 1:
        yield "days", f"天数 {row.days} 多于起止时间的 {(row.ends_on - row.starts_on).days + 1} 天，请核对。"
    if row.estimate and row.estimate > 5000:
        yield "estimate", f"一个班次估计 {row.estimate} 人，请核对。"
    if row.estimate and target_account(row.plan, ATTENDANCES) is None:
        yield "estimate", f"{row.plan}没有培训人次的计数指标，不能填估计人数。"


def warnings(row: TrainingCourse) -> list[str]:
    """What the clerk and the reviewer should know."""
    found = []
    if row.estimate:
        found.append(
            f"没有花名册：通过后先按约 {row.estimate} 人次计入，不计人数；学员记录通过后由花名册替代。"
        )
    filed = timezone.localdate(row.entry.submitted_at) if row.entry_id else timezone.localdate()
    if (filed - row.ends_on).days > 366:
        found.append(f"结束日期 {row.ends_on} 距填报日（{filed}）超过 12 个月，请核对年份。")
    return found


def evidence_rule(row: TrainingCourse) -> str:
    """What must hang on a course; one that came with a workbook has the workbook."""
    return "" if row.entry_id and row.entry.batch_id else "开班通知或签到表"


def not_yet(row: TrainingCourse) -> str:
    """A course people are in cannot be taken back before they are."""
    entry = row.entry
    if entry.kind != Entry.Kind.REVERSAL:
        return ""
    live = live_attendances(entry.subject_id)
    if not live:
        return ""
    numbers = "、".join(f"{pk} 号" for pk in live[:10])
    return f"这个班次还有 {len(live)} 条学员记录（{numbers}{'等' * (len(live) > 10)}），请先红冲或退回。"
