"""培训班次 and 培训学员 as the ledger, the desk and the workbooks know them (DESIGN §4; DOMAIN §4.6)."""

from __future__ import annotations

from directory.models import Organization
from labor import attendances, courses, estimates
from labor.figures import attendance_tables, cards, course_tables
from labor.models import TrainingAttendance, TrainingCourse
from ledger.registers import Register


def may_file(organization: Organization | None) -> bool:
    """Townships, departments and the bureau of 山亭."""
    return organization is not None and organization.kind in courses.FILES


TRAINING_COURSE = Register(
    code=courses.CODE,
    name="培训班次",
    model=TrainingCourse,
    columns=courses.COLUMNS,
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
    may_file=may_file,
    kinds={courses.CODE: "举办培训班"},
    cards=cards,
    report_tables=course_tables,
)

TRAINING_ATTENDANCE = Register(
    code=attendances.CODE,
    name="培训学员",
    model=TrainingAttendance,
    columns=attendances.COLUMNS,
    make=attendances.make,
    texts=attendances.texts,
    natural_key=attendances.natural_key,
    occurred_on=attendances.occurred_on,
    summary=attendances.summary,
    legs=attendances.legs,
    claims=attendances.claims,
    estimates=estimates.OF_ATTENDANCES,
    errors=attendances.errors,
    warnings=attendances.warnings,
    not_yet=attendances.not_yet,
    may_file=may_file,
    kinds={attendances.CODE: "参加培训"},
    report_tables=attendance_tables,
)

REGISTERS = [TRAINING_COURSE, TRAINING_ATTENDANCE]
