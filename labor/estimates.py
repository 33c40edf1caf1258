"""约N人: an estimated number of attendances stands while its course has no approved attendance (DESIGN §4, DOMAIN §4.6).

The first attendance that is approved takes it back, in its own posting; the last that is reversed brings it back. So
人次 never holds a course's estimate beside its roster, in whatever order people submit, return, correct and approve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Q

from labor.models import TrainingAttendance, TrainingCourse
from ledger.accounts import outside_account, target_account
from ledger.models import Account, Entry, Unit
from ledger.registers import ESTIMATED, REPLACED, Estimates, Leg

ATTENDANCES = "training_attendances"
Standing = tuple[int, int, int]  # account, organization, attendances
NONE: Standing = (0, 0, 0)


def _accounts(row: TrainingCourse | TrainingAttendance) -> list[Account]:
    target = target_account(row.plan, ATTENDANCES)
    return [target, outside_account(row.plan, Unit.ATTENDANCE)] if target else []


def _moves(entry: Entry, row: Any, others: int = 0) -> list[Leg]:
    """What approving the entry changes of what stands. Called with the accounts of `_accounts` locked. `others`: of the same
    course, approved with it; reversals are taken to be gone, of new ones the first decides.
    """
    about_courses = isinstance(row, TrainingCourse)
    old = entry.corrects
    if about_courses:
        touched = {entry.subject_id, old.subject_id if old else entry.subject_id}
    else:
        touched = {row.course_id}
        if old is not None:
            before = TrainingAttendance.objects.get(entry=old, version=old.version)
            touched.add(before.course_id)
    said, rosters = _said(touched), _rosters(touched)
    if entry.kind == Entry.Kind.REVERSAL and not about_courses:
        rosters[row.course_id] -= others
    was = {course: _stands(said, rosters, course) for course in touched}
    if about_courses:
        if old is not None:
            said.pop(old.subject_id, None)
        if entry.kind != Entry.Kind.REVERSAL:
            said[entry.subject_id] = _of(row)
    else:
        if old is not None:
            rosters[before.course_id] -= 1
        if entry.kind != Entry.Kind.REVERSAL:
            rosters[row.course_id] += 1
    now = {course: _stands(said, rosters, course) for course in touched}
    return _legs(row, was.values(), now.values())


def _legs(row: Any, was: Iterable[Standing], now: Iterable[Standing]) -> list[Leg]:
    change: dict[tuple[int, int], int] = defaultdict(int)
    for sign, standings in ((-1, was), (1, now)):
        for account, organization, amount in standings:
            change[account, organization] += sign * amount
    target, outside = _accounts(row) or (None, None)
    legs = []
    for (account, organization), amount in sorted(change.items()):
        if not amount or target is None or outside is None:
            continue
        assert account == target.pk  # a course never changes its plan: its natural key names it
        ends = (outside, target) if amount > 0 else (target, outside)
        kind = ESTIMATED if amount > 0 else REPLACED
        legs.append(Leg(kind, *ends, abs(amount), organization))
    return legs


def _stands(said: Mapping[int, Standing], rosters: Mapping[int, int], course: int) -> Standing:
    return NONE if rosters.get(course, 0) > 0 else said.get(course, NONE)


def _of(row: TrainingCourse) -> Standing:
    accounts = _accounts(row)
    return (accounts[0].pk, row.unit_id, row.estimate or 0) if accounts else NONE


def _said(courses: Iterable[int] | None = None) -> dict[int, Standing]:
    """Course (Subject) → the estimate of the course in force; of all courses when None."""
    rows = TrainingCourse.objects.filter(
        estimate__isnull=False, entry__subject__in_force=F("entry"), version=F("entry__version")
    ).select_related("entry", "plan")
    if courses is not None:
        rows = rows.filter(entry__subject__in=list(courses))
    return {row.entry.subject_id: _of(row) for row in rows}


def _rosters(courses: Iterable[int] | None = None) -> dict[int, int]:
    """Course (Subject) → how many of its attendances are in force."""
    rows = TrainingAttendance.objects.filter(entry__subject__in_force=F("entry"), version=F("entry__version"))
    if courses is not None:
        rows = rows.filter(course__in=list(courses))
    counts: dict[int, int] = defaultdict(int)
    for course in rows.values_list("course_id", flat=True):
        counts[course] += 1
    return counts


def _standing() -> dict[int, int]:
    said, rosters = _said(), _rosters()
    sums: dict[int, int] = defaultdict(int)
    for course in said:
        account, _, amount = _stands(said, rosters, course)
        sums[account] += amount
    return {account: amount for account, amount in sums.items() if account}


OF_COURSES = Estimates(accounts=_accounts, moves=_moves, standing=_standing)
# The attendances change the same standing sums; they are stated once, by the courses.
OF_ATTENDANCES = Estimates(accounts=_accounts, moves=_moves, standing=dict, once=lambda row: row.course_id)


def live_attendances(course_id: int) -> list[int]:
    """The entries, waiting or in force, that put somebody into the course (a Subject)."""
    live = Q(entry__state=Entry.State.SUBMITTED) | Q(entry__subject__in_force=F("entry"))
    rows = TrainingAttendance.objects.filter(live, course=course_id, version=F("entry__version"))
    rows = rows.exclude(entry__kind=Entry.Kind.REVERSAL)
    return list(rows.order_by("entry_id").values_list("entry_id", flat=True))
