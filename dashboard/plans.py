"""The plan as its readers see it: clauses with their tasks, and the open questions with their rulings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from dashboard.as_of import AsOf
from dashboard.figures import scope_for
from dashboard.flags import Flag, flag_of, flags_by_code, sources_of
from directory.models import User
from ledger import figures
from ledger.figures import Target
from ledger.models import BudgetLine, Clause, LineGroup, OpenQuestion, Plan, Ruling, SourceLabel, Task
from ledger.permissions import may_rule
from ledger.scope import scope_of

NO_LEAD = "— 方案未指定"


@dataclass(frozen=True)
class TaskView:
    """A task as the plan page shows it; `target` says what is counted and against which number, if any."""

    code: str
    name: str
    rule: str
    lead: str
    helpers: str
    counting_rule: str
    due: str
    target: str
    target_url: str
    flags: list[Flag]


@dataclass(frozen=True)
class ClauseView:
    clause: Clause
    paragraphs: list[str]
    tasks: list[TaskView]


@dataclass
class PlanPage:
    plan: Plan
    version: str
    clauses: list[ClauseView]
    task_count: int


def plan_page(*, user: User, plan: Plan, as_of: AsOf) -> PlanPage:
    """The plan's clauses verbatim, each with its tasks; five queries whatever their number."""
    scope = scope_of(user)
    targets = {target.account_id: target for target in figures.targets(plan, scope=scope)}
    flags = flags_by_code(figures.questions(plan, scope=scope))
    tasks: dict[int, list[TaskView]] = defaultdict(list)
    rows = (
        Task.objects.filter(plan=plan)
        .select_related("lead")
        .prefetch_related("helpers")
        .order_by("position", "pk")
    )
    for task in rows:
        tasks[task.clause_id].append(_task(task, plan, targets, flags, as_of))
    revision = plan.revisions.order_by("-number").first()
    return PlanPage(
        plan=plan,
        version=f"第 {revision.number} 版，{timezone.localdate(revision.loaded_at):%Y-%m-%d} 载入"
        if revision
        else "",
        clauses=[
            ClauseView(clause, clause.text.split("\n"), tasks[clause.pk])
            for clause in Clause.objects.filter(plan=plan).order_by("position", "pk")
        ],
        task_count=sum(len(each) for each in tasks.values()),
    )


def _task(
    task: Task, plan: Plan, targets: dict[int, Target], flags: dict[str, list[Flag]], as_of: AsOf
) -> TaskView:
    target = targets.get(task.target_id) if task.target_id else None
    rule = task.get_rule_display() + ("（力争）" if task.is_effort else "")
    said = ""
    if target is not None:
        goal = target.goal if target.goal is not None else target.maximum
        said = (
            f"{target.name} {target.approved:,}"
            + (f" / {goal:,}" if goal is not None else "")
            + f" {target.unit}"
        )
    return TaskView(
        code=task.code,
        name=task.name,
        rule=rule,
        lead=str(task.lead) if task.lead else NO_LEAD,
        helpers="、".join(str(helper) for helper in task.helpers.all()),
        counting_rule=task.counting_rule,
        due=f"{task.due_on:%Y-%m-%d}" if task.due_on else "",
        target=said,
        target_url=reverse("dashboard:counted", args=[plan.code, target.code]) + as_of.query
        if target
        else "",
        flags=flags.get(target.code, []) if target else [],
    )


# --- open questions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadingView:
    code: str
    label: str
    in_force: bool
    is_default: bool


@dataclass(frozen=True)
class RulingView:
    label: str
    reason: str
    by: str
    at: str


@dataclass(frozen=True)
class Concern:
    """A number the question concerns."""

    name: str
    url: str


@dataclass
class QuestionView:
    question: OpenQuestion
    flag: Flag
    readings: list[ReadingView]
    rulings: list[RulingView]
    concerns: list[Concern]


@dataclass
class QuestionsPage:
    plan: Plan
    questions: list[QuestionView]
    ruled: int
    may_rule: bool


def questions_page(*, user: User, plan: Plan) -> QuestionsPage:
    """All open questions of the plan with the reading in force and the history of rulings."""
    found = figures.questions(plan, scope=scope_for(user))
    rulings: dict[int, list[RulingView]] = defaultdict(list)
    names = _names(plan, user)
    rows = (
        Ruling.objects.filter(question__plan=plan)
        .select_related("ruled_by__organization", "question")
        .order_by("-pk")
    )
    for ruling in rows:
        rulings[ruling.question_id].append(
            RulingView(
                label=ruling.question.label_of(ruling.reading),
                reason=ruling.reason,
                by=str(ruling.ruled_by),
                at=f"{timezone.localtime(ruling.ruled_at):%Y-%m-%d %H:%M}",
            )
        )
    views = [_view(one, rulings[one.question.pk], names) for one in found]
    return QuestionsPage(plan, views, sum(view.flag.is_ruled for view in views), may_rule(user))


def _view(found: figures.Question, rulings: list[RulingView], names: dict[str, Concern]) -> QuestionView:
    question = found.question
    return QuestionView(
        question=question,
        flag=flag_of(found),
        readings=[
            ReadingView(
                code=str(reading["code"]),
                label=str(reading["label"]),
                in_force=str(reading["code"]) == found.reading,
                is_default=str(reading["code"]) == question.default_reading,
            )
            for reading in question.readings
        ],
        rulings=rulings,
        concerns=[names.get(str(code), Concern(str(code), "")) for code in question.concerns],
    )


def _names(plan: Plan, user: User) -> dict[str, Concern]:
    """Code of a line, group, target or the plan → its name and the page of its number, if the user has one."""
    home = reverse("dashboard:plan_home", args=[plan.code])
    found = {plan.code: Concern("全部进度对照", home)}
    for line in BudgetLine.objects.filter(plan=plan).order_by("position"):
        found[line.code] = Concern(line.name, reverse("dashboard:line", args=[line.code]))
    for group in LineGroup.objects.filter(plan=plan).order_by("pk"):
        found[group.code] = Concern(f"{group.name}（{group.code} 万元）", f"{home}#group-{group.code}")
    own = {
        target.code for target in figures.targets(plan, scope=scope_of(user))
    }  # a unit's: what it has reached
    targets = Task.objects.filter(plan=plan, target__isnull=False).order_by("position")
    for code, name in targets.values_list("target__code", "target__name"):
        short = code.rsplit("/", 1)[-1]
        page = reverse("dashboard:counted", args=[plan.code, short]) if short in own else ""
        found[short] = Concern(name, page)
    return found


@dataclass(frozen=True)
class SourceRow:
    """A line with its source of money under each reading, in the order of the readings."""

    line: str
    url: str
    sources: list[tuple[str, str, bool]]  # (reading, source, in force)


@dataclass
class QuestionPage:
    plan: Plan
    view: QuestionView
    sources: list[SourceRow]
    may_rule: bool


def question_page(*, user: User, question: OpenQuestion) -> QuestionPage:
    """One open question; where its readings name sources of money, each line's source under each."""
    plan = question.plan
    page = questions_page(user=user, plan=plan)
    view = next(one for one in page.questions if one.question.pk == question.pk)
    labels = list(SourceLabel.objects.filter(line__plan=plan).select_related("line"))
    sources = sources_of(labels, figures.questions(plan, scope=scope_for(user)))
    rows: list[SourceRow] = []
    if sources.question is not None and sources.question.question.pk == question.pk:
        lines = sorted({label.line for label in labels}, key=lambda line: line.position)
        rows = [
            SourceRow(line.name, reverse("dashboard:line", args=[line.code]), sources.every[line.pk])
            for line in lines
        ]
    return QuestionPage(plan, view, rows, page.may_rule)
