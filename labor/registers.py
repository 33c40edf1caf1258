"""花名册, 就业, 招聘 and 培训 as the ledger, the desk and the workbooks know them (DESIGN §4; DOMAIN §4.4–4.6)."""

from __future__ import annotations

from labor import attendances, courses, estimates
from labor.figures import attendance_tables, cards, course_tables
from labor.handovers import ROSTER_HANDOVER
from labor.models import TrainingAttendance, TrainingCourse
from labor.placements import JOB_FAIR, PLACEMENT
from labor.rosters import ROSTER
from ledger.making import BENEFIT, towns_and_departments
from ledger.registers import Register, always

TRAINING_COURSE = Register(
    code=courses.CODE,
    name="培训班次",
    model=TrainingCourse,
    columns=courses.COLUMNS,
    headings={"number": "班次", "host": "谁办，在哪里办", "held": "时间和规模"},
    folded=("number", "term", "trade", "provider", "place", "days", "funding", "note"),
    make=courses.make,
    called=courses.called,
    natural_key=courses.natural_key,
    occurred_on=courses.occurred_on,
    summary=courses.summary,
    legs=courses.legs,
    estimates=estimates.OF_COURSES,
    errors=courses.errors,
    warnings=courses.warnings,
    evidence_rule=courses.evidence_rule,
    not_yet=courses.not_yet,
    may_file=towns_and_departments,
    kinds={courses.CODE: "举办培训班"},
    cards=cards,
    report_tables=course_tables,
)

TRAINING_ATTENDANCE = Register(
    code=attendances.CODE,
    name="培训学员",
    model=TrainingAttendance,
    columns=attendances.COLUMNS,
    headings={"course": "班次和学员", "qualified": "结果"},
    folded=("sex", "phones", "certificate_no", "subsidy", "note"),
    prepare=attendances.set_courses,
    texts=lambda row, published: {"course": row.course_title},
    natural_key=attendances.natural_key,
    occurred_on=attendances.occurred_on,
    summary=attendances.summary,
    estimates=estimates.OF_ATTENDANCES,
    errors=attendances.errors,
    not_yet=attendances.not_yet,
    may_file=towns_and_departments,
    adds={estimates.ATTENDANCES: lambda row: 1},
    counts={"trained_people": always, "trained_or_employed": always, BENEFIT: always},
    kinds={attendances.CODE: "参加培训"},
    report_tables=attendance_tables,
)

REGISTERS = [
    ROSTER,
    ROSTER_HANDOVER,
    PLACEMENT,
    JOB_FAIR,
    TRAINING_COURSE,
    TRAINING_ATTENDANCE,
]
