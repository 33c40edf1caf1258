"""What liaison has to say of its registers: decisions open and overdue, plans incomplete, reports in the media."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from directory.models import User
from ledger.figures import rows_in_force
from ledger.models import Assignment, Period, Plan
from ledger.registers import Notice, Notices, OpenTask, Parameter, ReportTable
from ledger.scope import Scope, scope_of
from ledger.sql import asked_again
from ledger.tables import Measure, by_kind, standing
from liaison.models import Level, Meeting, MeetingDecision, Publicity, Visit, WorkPlan

RESULT_MONTH = Parameter(
    "result_month",
    "部门具体成果应有的月份",
    12,
    "月",
    "到这个月还没有具体成果的部门列为“不全”；方案未写",
    least=1,
    most=12,
)


@asked_again
def open_decisions(scope: Scope) -> QuerySet[MeetingDecision]:
    """The decisions in force that are not done, as far as the scope may see them, the earliest due first."""
    rows = rows_in_force(MeetingDecision, scope=scope).exclude(state=MeetingDecision.State.DONE)
    return rows.select_related("owner").order_by("due_on", "entry_id")


def open_tasks(user: User) -> list[OpenTask]:
    """Every decision that is not done, as a task with its owner and its day. One query."""
    return [
        OpenTask(
            text=row.text,
            source=f"{row.meeting_name}（{row.decided_on:%Y-%m-%d}）",
            arose_on=row.decided_on,
            owner=str(row.owner),
            owner_id=row.owner_id,
            due_on=row.due_on,
            state=row.get_state_display(),
            entry_id=row.entry_id,
        )
        for row in open_decisions(scope_of(user))
    ]


def decision_notices(user: User, today: date, each: int) -> list[Notices]:
    """Decisions whose day has passed."""
    late = [row for row in open_decisions(scope_of(user)) if row.due_on < today]
    found = [
        Notice(
            f"{row.owner} · {row.text[:40]}",
            f"{row.meeting_name}议定，应于 {row.due_on} 前办结，已逾期 {(today - row.due_on).days} 天。",
            row.entry_id,
        )
        for row in late[:each]
    ]
    return [Notices("议定事项逾期", "过了完成期限，还没有登记办结", found, len(late))]


def plan_notices(user: User, today: date, each: int) -> list[Notices]:
    """Which assigned department lacks its yearly plan, stage goals or results, and which goals are late (三（二）)."""
    late = [
        Notice(
            f"{row.unit} · {row.content[:40]}",
            f"{row.get_stage_display()}目标应于 {row.due_on} 前完成，已逾期 {(today - row.due_on).days} 天。",
            row.entry_id,
        )
        for row in _late_goals(scope_of(user), today)
        if row.due_on is not None
    ]
    lacking = lacking_plans(user, today)
    return [
        Notices(
            "部门工作计划不全", "分工报送工作计划的部门，三项缺一即列出", lacking[:each], len(lacking), False
        ),
        Notices("阶段目标逾期", "过了计划完成日期，还没有登记完成情况", late[:each], len(late), False),
    ]


@asked_again
def _late_goals(scope: Scope, today: date) -> QuerySet[WorkPlan]:
    goals = rows_in_force(WorkPlan, scope=scope).filter(kind=WorkPlan.Kind.STAGE, due_on__lt=today)
    return goals.filter(state=WorkPlan.State.PLANNED).select_related("unit")


def lacking_plans(user: User, today: date) -> list[Notice]:
    """The assigned units that `user` sees which lack one of the three in the plan of the year. Four queries."""
    plan = next(iter(_plan_of(today.year)), None)
    scope = scope_of(user).for_register("work_plan")
    if plan is None or scope.partner:
        return []
    have: dict[int, set[str]] = defaultdict(set)
    for unit_id, kind in _kinds(scope_of(user), plan.pk):
        have[unit_id].add(kind)
    wanted = [WorkPlan.Kind.YEAR, WorkPlan.Kind.STAGE]
    if (today.year, today.month) >= (plan.year, RESULT_MONTH.value()):
        wanted.append(WorkPlan.Kind.RESULT)
    found = []
    for one in _owing():
        missing = [str(kind.label) for kind in wanted if kind not in have[one.organization_id]]
        if missing and (scope.everything or one.organization_id in scope.organization_ids):
            found.append(Notice(str(one.organization), f"{plan.year} 年缺{'、'.join(missing)}。"))
    return found


@asked_again
def _plan_of(year: int) -> QuerySet[Plan]:
    return Plan.objects.filter(year__lte=year).order_by("-year", "code")[:1]


@asked_again
def _kinds(scope: Scope, plan: int) -> QuerySet[WorkPlan, Any]:
    return rows_in_force(WorkPlan, scope=scope).filter(plan=plan).values_list("unit_id", "kind")


@asked_again
def _owing() -> QuerySet[Assignment]:
    owing = Assignment.objects.filter(register="work_plan", duty=Assignment.Duty.FILES)
    return owing.select_related("organization").order_by("organization__code")


def publicity_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """Reports by 级别 and 载体, 原发 and 转载 apart, 本季 and 累计 in the plan's year. One query."""
    rows: Any = Publicity.objects.filter(plan=plan, published_on__lte=as_of.ends_on, **_standing(scope))
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for level, carrier, source, day in rows.values_list("level", "carrier", "source", "published_on"):
        counts[level, carrier, source, False] += 1
        counts[level, carrier, source, True] += day >= as_of.starts_on
    if not counts:
        return []
    kinds = [(source, quarter) for source in Publicity.Source.values for quarter in (True, False)]
    table = [
        [
            f"{level.label} · {carrier.label}",
            *(f"{counts[level.value, carrier.value, *kind]:,}" for kind in kinds),
        ]
        for level in Publicity.Level
        for carrier in Publicity.Carrier
        if any(counts[level.value, carrier.value, *kind] for kind in kinds)
    ]
    sums = [sum(n for (_, _, *kind), n in counts.items() if tuple(kind) == wanted) for wanted in kinds]
    table.append(["合计", *(f"{n:,}" for n in sums)])
    headings = ["级别 · 载体", "原发 本季", "原发 累计", "转载 本季", "转载 累计"]
    return [
        ReportTable(
            "宣传报道", headings, table, unit="篇", note="同一篇报道原发一次，转载另计。", has_total=True
        )
    ]


def _standing(scope: Scope) -> dict[str, Any]:
    from django.db.models import F

    found: dict[str, Any] = {
        "entry__state": "approved",
        "entry__subject__in_force": F("entry_id"),
        "version": F("entry__version"),
    }
    return found if scope.everything else {**found, "entry__filed_for__in": scope.organization_ids}


def meeting_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """联席会议 and what else was held together, by kind."""
    return by_kind(
        "联席会议和对接会",
        "类型",
        list(standing("meeting", plan, scope, as_of)),
        lambda row: row.get_kind_display(),
        [kind.label for kind in Meeting.Kind],
        [Measure("次数", lambda row: 1), Measure("参加人数", lambda row: row.people)],
        since=lambda row: row.held_on,
        as_of=as_of,
        unit="次、人",
    )


def visit_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """两地互访 by direction and level."""
    return by_kind(
        "两地互访",
        "方向 · 层级",
        list(standing("visit", plan, scope, as_of)),
        lambda row: f"{row.get_direction_display()} · {row.get_level_display()}",
        [f"{way.label} · {level.label}" for way in Visit.Direction for level in Level],
        [Measure("次数", lambda row: 1), Measure("人次", lambda row: row.people)],
        since=lambda row: row.visited_on,
        as_of=as_of,
        unit="次、人次",
    )
