"""What the registers of liaison ask of their rows (DOMAIN §4.14–4.16; the plan, 三)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from directory.models import User
from ledger.making import Problem, collect, joined, pointed_at
from liaison.models import Meeting, MeetingDecision, Publicity, WorkPlan

_DASHES = re.compile(r"[—–－‒―-]+")
_QUOTES = re.compile(r"[“”„‟\"'‘’「」『』《》]")


def publicity_key(row: Publicity) -> str:
    """媒体+标题+刊发日期; dashes and quotes of titles are told apart by nobody (DOMAIN §4.15)."""
    title = _QUOTES.sub("", _DASHES.sub("-", row.title))
    return joined(row.outlet, title, row.published_on)


def set_meetings(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """The name and the day of the meeting that decided."""
    for row, meeting in pointed_at(Meeting, lines, "meeting"):
        row.meeting_name, row.decided_on = meeting.name, meeting.held_on


def decision_errors(row: MeetingDecision, by: User, on: date) -> Mapping[str, list[str]]:
    """Due after it was decided; what is done has its day and its result."""
    return collect(_decision_problems(row, on))


def _decision_problems(row: MeetingDecision, on: date) -> Iterator[Problem]:
    if row.due_on < row.decided_on:
        yield "due_on", f"完成期限 {row.due_on} 早于会议日期 {row.decided_on}，请核对。"
    if row.state == MeetingDecision.State.DONE:
        if row.done_on is None:
            yield "done_on", "办结的请填办结日期。"
        if not row.result:
            yield "result", "办结的请写落实情况。"
    yield from _done_between(row, row.decided_on, on)
    if row.before is not None and row.before.state == MeetingDecision.State.DONE != row.state:
        yield "state", "上一步已办结；填错了请用“更正”。"


def _done_between(row: Any, first: date, on: date) -> Iterator[Problem]:
    if row.done_on is not None and not first <= row.done_on <= on:
        yield "done_on", f"日期 {row.done_on} 应在 {first} 到今天（{on}）之间，请核对。"


def decision_warnings(row: MeetingDecision) -> list[str]:
    """Overdue."""
    late = (timezone.localdate() - row.due_on).days
    if row.state != MeetingDecision.State.DONE and late > 0:
        return [f"完成期限 {row.due_on} 已过 {late} 天，仍未办结。"]
    return []


def plan_errors(row: WorkPlan, by: User, on: date) -> Mapping[str, list[str]]:
    """A stage goal has its stage and its date; what is done has its result."""
    return collect(_plan_problems(row, on))


def _plan_problems(row: WorkPlan, on: date) -> Iterator[Problem]:
    if row.kind == WorkPlan.Kind.STAGE and row.due_on is None:
        yield "due_on", "阶段目标请填计划完成日期。"
    if row.kind == WorkPlan.Kind.RESULT and row.state != WorkPlan.State.DONE:
        yield "state", "具体成果的状态应为“完成”；还没有完成的填作阶段目标。"
    if row.state != WorkPlan.State.PLANNED and not row.result:
        yield "result", f"状态是“{row.get_state_display()}”，请写完成情况。"
    if row.state == WorkPlan.State.DONE and row.done_on is None:
        yield "done_on", "完成的请填完成日期。"
    if row.done_on is not None and row.done_on > on:
        yield "done_on", f"完成日期 {row.done_on} 晚于今天（{on}）。"
