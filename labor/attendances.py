"""training_attendance: one person in one course a row. Its columns and rules (DOMAIN §4.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from directory.models import User
from labor.models import TrainingAttendance, TrainingCourse
from ledger.making import NOTE, PERSON, pointed_at, waits_for
from ledger.models import Category
from ledger.registers import Column

CODE = "training_attendance"

COLUMNS = (
    Column("course", "班次", "subject", required=True, register="training_course",
           aliases=("培训班名称", "班次编号", "班次名称", "培训班", "培训班次"), help="列表里没有的，请先填报培训班次。"),
    *PERSON,
    Column("qualified", "是否合格", "yesno", aliases=("考核结果", "是否取证")),
    Column("certificate_no", "证书编号", "text", aliases=("证书号",), help="以身份证号作证书编号的，请不要填。"),
    Column("employer", "培训后就业单位", "text", aliases=("培训后就业", "就业单位", "培训后就业(单位)")),
    Column("subsidy", "补贴", "money", unit="元", aliases=("补贴(元)", "补贴（元）", "培训补贴"), example="300"),
    NOTE,
)  # fmt: skip


_CATEGORIES = {
    "": "",
    **dict(Category.choices),
}  # Django's get_category_display makes this anew for every row


def set_courses(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """What the course says: its title, its plan, and the day from which its people count."""
    for row, course in pointed_at(TrainingCourse, lines, "course", "plan"):
        row.course_title, row.plan, row.occurred_on = course.title[:160], course.plan, course.starts_on


def natural_key(row: TrainingAttendance) -> str:
    """班次+人员: ids, never numbers (DESIGN §1 Subject)."""
    return f"{row.course_id}/{row.person_id}"


def summary(row: TrainingAttendance) -> str:
    """ "食用菌种植班（第二期） · 人员 12 · 脱贫人口": no name, as the entry's texts are kept for ever."""
    return f"{row.course_title} · 人员 {row.person_id} · {_CATEGORIES[row.category]}"


def occurred_on(row: TrainingAttendance) -> date:
    """The day the course began."""
    return row.occurred_on


def errors(row: TrainingAttendance, by: User, on: date) -> Mapping[str, list[str]]:
    """What is wrong with a row by itself, whoever made it."""
    if row.subsidy is not None and row.subsidy <= 0:
        return {"subsidy": ["补贴须大于 0；没有就不填。"]}
    return {}


def not_yet(row: TrainingAttendance) -> str:
    """A person is counted only in a course that is itself approved."""
    return waits_for(row.entry, row.course, f"所属班次“{row.course_title}”")
