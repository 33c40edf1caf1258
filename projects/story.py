"""What projects tell of a line: how it stands on the first screen, and its story (DESIGN §8; DOMAIN §3, §8).

Numbers for screens: dates and scope are passed in. A day in the past is told by the steps that had happened by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from ledger import figures
from ledger.models import BudgetLine, Entry, Period, Plan
from ledger.money import percent, wan, yuan
from ledger.offers import LineState, Milestone, Owed, Story, StoryPapers, StoryTable
from ledger.registers import ReportTable
from ledger.scope import Scope
from ledger.sql import asked_again
from projects.models.papers import Asset, Notice, Work, ZoneMember
from projects.models.progress import Progress
from projects.models.project import Project, State
from projects.papers import NOTICE_DAYS
from projects.project import DUE_DAYS, LABELS, LATE_DAYS, beyond_terms, due
from projects.standing import seen_by, seen_in_force
from projects.states import LIFE, OVER, PAPERS, next_state, rank

BEFORE, DURING, AFTER = "施工前", "施工中", "完工后"
# which notices a project owes by the state it is in (DOMAIN §2 公示公告 checklist)
NOTICES = (
    (Notice.Kind.LISTING, State.PLANNED),
    (Notice.Kind.PLAN, State.APPROVED),
    (Notice.Kind.BEFORE, State.BUILDING),
    (Notice.Kind.BOARD, State.BUILDING),
    (Notice.Kind.RESULT, State.SETTLED),
)
BUREAU = "区乡村振兴局"
ZONE_NOTE = "是否在推进区内单独登记，不由所属镇推定（C3）。"


# --- what happened ----------------------------------------------------------------------------------------------


def histories(scope: Scope, *, plan: Plan | None = None, code: str = "") -> dict[str, list[Project]]:
    """Line code → the steps that stand of its project, the oldest first; of a plan, or of one line. Two queries.

    What was corrected or reversed is not among them.
    """
    by_entry = {row.entry_id: row for row in _steps(scope, None if plan is None else plan.pk, code)}
    found = {}
    for row in by_entry.values():
        if row.entry.subject.in_force_id != row.entry_id:
            continue
        steps, at = [], row
        while True:
            steps.append(at)
            before = by_entry.get(at.entry.follows_id or 0)
            if before is None:
                break
            at = before
        found[row.code] = steps[::-1]
    return found


@asked_again
def _steps(scope: Scope, plan: int | None, code: str) -> QuerySet[Project]:
    rows = Project.objects.filter(seen_by(scope, "project"), version=F("entry__version"))
    rows = rows.filter(entry__state=Entry.State.APPROVED).exclude(entry__kind=Entry.Kind.REVERSAL)
    rows = rows.filter(plan=plan) if plan is not None else rows.filter(code=code)
    return rows.select_related("entry__subject", "line", "plan", "implementer")


def at_day(steps: Sequence[Project], day: date) -> Project | None:
    """The step that held on `day`, by the day it says it happened; None before the first."""
    held = [step for step in steps if _began(step) <= day]
    return held[-1] if held else None


def _began(row: Project) -> date:
    return row.entry.occurred_on


def _progress(scope: Scope, lines: Sequence[BudgetLine], day: date) -> dict[str, list[Progress]]:
    """Line code → its reports up to the day, the oldest first."""
    found: dict[str, list[Progress]] = defaultdict(list)
    rows = seen_in_force(Progress, "project_progress", scope, lines)
    for row in sorted(rows, key=lambda one: one.as_of):
        if row.as_of <= day:
            found[row.line.code].append(row)
    return found


# --- how it stands ----------------------------------------------------------------------------------------------


def states_of_lines(plan: Plan, scope: Scope, day: date) -> Mapping[str, LineState]:
    """Line code → light, 工程进度 and next date of its project on `day` (DOMAIN §8 Traffic light). Six queries."""
    steps = histories(scope, plan=plan)
    reports = _progress(scope, figures.lines_of(plan.pk), day)
    limits = LATE_DAYS.value(), DUE_DAYS.value()
    owed = last_ended(day)
    found = {}
    for code, each in steps.items():
        row = at_day(each, day)
        if row is not None:
            found[code] = state_of(row, reports.get(code, []), day, limits, owed)
    return found


def last_ended(day: date) -> Period | None:
    """The latest quarter that has ended by `day`. One query."""
    return next(iter(_ended(day)), None)


@asked_again
def _ended(day: date) -> QuerySet[Period]:
    return Period.objects.filter(ends_on__lte=day).order_by("-ends_on")[:1]


def state_of(
    row: Project, reports: Sequence[Progress], day: date, limits: tuple[int, int], ended: Period | None
) -> LineState:
    """The light of one project, with its reasons."""
    late, near = limits
    said = row.get_state_display()
    facts = [("状态", said)]
    if (done := works_done(row, reports)) is not None:
        facts.append(("工程", f"{_plain(done)}%"))
    next_day = due(row, day)
    if next_day is not None:
        facts.append(("下一步", f"{next_day.day} {next_day.what}"))
    if row.state in OVER:
        return LineState("grey", f"项目{said}。", facts)
    if next_day is not None and (next_day.late > late or (next_day.what == "整改" and next_day.late > 0)):
        return LineState("red", f"{next_day.what}应于 {next_day.day} 前，已逾期 {next_day.late} 天。", facts)
    if silent(row, reports, ended):
        assert ended is not None
        return LineState("red", f"{ended.label}没有项目进度。", facts)
    if next_day is not None and next_day.late > 0:
        return LineState(
            "yellow", f"{next_day.what}应于 {next_day.day} 前，已逾期 {next_day.late} 天。", facts
        )
    if next_day is not None and -next_day.late <= near:
        return LineState("yellow", f"离计划{next_day.what}还有 {-next_day.late} 天。", facts)
    if row.state == State.SUSPENDED:
        return LineState("yellow", f"暂停：{row.reason}", facts)
    if next_day is not None:
        return LineState("green", f"离计划{next_day.what}还有 {-next_day.late} 天。", facts)
    if rank(row.state) < rank(State.APPROVED):
        return LineState("grey", "还没有计划日期。", facts)
    return LineState("green", f"{said}，没有逾期。", facts)


def works_done(row: Project, reports: Sequence[Progress]) -> Decimal | None:
    """工程进度: all of it from 已完工 on, else as last reported; None before the first report."""
    if rank(row.state) >= rank(State.BUILT):
        return Decimal(100)
    return reports[-1].percent if reports else None


def silent(row: Project, reports: Sequence[Progress], ended: Period | None) -> bool:
    """Whether works go on, and nothing was said of the quarter that has ended (DOMAIN §8: no update in the period)."""
    if ended is None or row.state not in (State.BUILDING, State.SUSPENDED):
        return False
    began = row.started_on is not None and row.started_on <= ended.ends_on
    return began and not any(report.as_of >= ended.starts_on for report in reports)


def _plain(value: Any) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- the story --------------------------------------------------------------------------------------------------


def project_story(line: BudgetLine, scope: Scope, day: date) -> Story:
    """Its states with their days, what it says of itself, and what is next."""
    steps = histories(scope, code=line.code).get(line.code, [])
    row = at_day(steps, day)
    if row is None:
        return Story()
    papers: dict[str, dict[int, str]] = {BEFORE: {}, DURING: {}, AFTER: {}}
    for step in steps:
        if _began(step) <= day:
            group = BEFORE if rank(step.state) < 4 else DURING if rank(step.state) < 5 else AFTER
            papers[group][step.entry_id] = f"{step.get_state_display()} {_began(step)}"
    return Story(
        facts=_facts(row),
        milestones=_milestones(row, steps, day),
        owed=_owed(row, day),
        papers=[StoryPapers(group, titles) for group, titles in papers.items() if titles],
    )


def _facts(row: Project) -> list[tuple[str, str]]:
    money = figures.money(row.plan, scope=Scope(everything=True))
    every = (*money.lines, *(below for each in money.sublines.values() for below in each))
    spent = next((one.spent for one in every if one.code == row.code), 0)
    found = [
        ("状态", row.get_state_display()),
        ("类别", " · ".join(filter(None, [row.get_kind_display(), row.get_tag_display() if row.tag else ""]))),
        ("建设地点", row.place),
        ("建设内容及规模", row.content),
        ("总投资", f"{wan(row.total)} 万元" + "".join(
            f"，{label} {wan(amount)}" for label, amount in (("协作资金", row.fund), ("区级", row.district_fund),
                                                             ("其他", row.other_fund)) if amount)),
        ("责任单位", row.in_charge),
        ("实施单位", str(row.implementer)),
    ]  # fmt: skip
    if row.contract_no:
        firm = f"（{row.contractor}）" if row.contractor else ""
        found.append(("合同", f"{row.contract_no}{firm} {yuan(row.contract_amount or 0)} 元"))
    if row.terms:
        found.append(("付款节点", row.terms))
    if over := beyond_terms(row, spent):
        found.append(("付款提醒", over))
    if row.audited is not None:
        found.append(("审定金额", f"{yuan(row.audited)} 元"))
    if row.people:
        parts = [f"脱贫 {row.lifted_people:,} 人"] if row.lifted_people else []
        parts += [f"监测 {row.monitored_people:,} 人"] if row.monitored_people else []
        inside = f"（其中{'、'.join(parts)}）" if parts else ""
        found.append(("受益", f"{row.households or 0:,} 户 {row.people:,} 人{inside}"))
    for label, text in (("绩效目标", row.goal), ("产权单位", row.owner), ("管护责任人", row.keeper)):
        if text:
            found.append((label, text))
    if row.change_no:
        found.append(("变更", f"{row.changed_on} {row.change_no} {row.change_body}"))
    return found


def _milestones(row: Project, steps: Sequence[Project], day: date) -> list[Milestone]:
    """Every step that happened, then what is planned."""
    found = []
    happened = [step for step in steps if _began(step) <= day]
    for before, step in zip([None, *happened], happened, strict=False):
        if before is not None and before.state == step.state:
            text = _changed(before, step)
            title = "变更" if step.change_no != before.change_no else f"{step.get_state_display()}（补充）"
        else:
            text, title = _said_of(step), step.get_state_display()
        kind = "now" if step is happened[-1] else "done"
        found.append(Milestone(_began(step), title, kind, text, step.entry_id))
    next_day = due(row, day)
    if next_day is not None:
        text = f"已逾期 {next_day.late} 天" if next_day.late > 0 else f"还有 {-next_day.late} 天"
        kind = "late" if next_day.late > 0 else "planned"
        found.append(Milestone(next_day.day, f"计划{next_day.what}", kind, text))
    not_yet = row.finished_on is None and row.state not in OVER
    if row.planned_finish and not_yet and (next_day is None or next_day.what == "开工"):
        found.append(Milestone(row.planned_finish, "计划完工", "planned"))
    return found


def _said_of(step: Project) -> str:
    """What a step into a state tells beside its day."""
    parts: list[str] = []
    match State(step.state):
        case State.PLANNED:
            parts = [step.plan_no]
        case State.APPROVED:
            parts = [step.approval_no, f"{wan(step.approved_amount)} 万元" if step.approved_amount else ""]
        case State.TENDER:
            parts = [step.get_method_display()]
        case State.BUILDING:
            parts = [step.contractor, f"合同 {yuan(step.contract_amount)} 元" if step.contract_amount else ""]
            if step.planned_start and step.started_on and step.started_on > step.planned_start:
                parts.append(f"比计划晚 {(step.started_on - step.planned_start).days} 天")
        case State.BUILT:
            if step.planned_finish and step.finished_on and step.finished_on > step.planned_finish:
                parts = [f"比计划晚 {(step.finished_on - step.planned_finish).days} 天"]
        case State.ACCEPTED:
            parts = [step.get_conclusion_display(), f"整改期限 {step.rectify_by}" if step.rectify_by else ""]
        case State.SETTLED:
            parts = [f"审定 {yuan(step.audited)} 元" if step.audited is not None else ""]
        case State.HANDED:
            parts = [step.owner, f"管护 {step.keeper}"]
        case State.ARCHIVED:
            parts = [step.grade]
        case State.SUSPENDED | State.VOID | State.ENDED:
            parts = [step.decision_no, step.reason]
    return "，".join(part for part in parts if part)


def _changed(before: Project, step: Project) -> str:
    """Which columns a further record of the same state changed, the amounts and plans with old and new."""
    found = []
    for name in (
        "place",
        "content",
        "total",
        "approved_amount",
        "contract_amount",
        "planned_start",
        "planned_finish",
    ):
        old, new = getattr(before, name), getattr(step, name)
        if old != new and old not in (None, ""):
            texts = [f"{wan(one)} 万元" if isinstance(one, int) else str(one) for one in (old, new)]
            found.append(f"{LABELS[name]} {texts[0]} → {texts[1]}")
    return "；".join(found)


def _owed(row: Project, day: date) -> list[Owed]:
    """The next state with what it asks for, and what waits for a decision."""
    found = []
    who = row.implementer.short_name
    next_day = due(row, day)
    following = next_state(row.state)
    if row.conclusion == Project.Conclusion.RECTIFY and row.state == State.ACCEPTED:
        following = State.BUILDING
    if following is not None:
        step = LIFE[following]
        needs = "、".join(
            LABELS[name] for name in (step.date, *step.needs) if getattr(row, name) in (None, "")
        )
        found.append(
            Owed(
                f"登记“{following.label}”" + (f"：{needs}" if needs else "") + f"；附{PAPERS[following]}",
                who,
                next_day.day if next_day else None,
                max(next_day.late, 0) if next_day else 0,
                row.entry_id,
            )
        )
    waiting = row.entry.subject.undecided_id
    if waiting:
        found.append(Owed(f"{waiting} 号记录待审核", BUREAU, entry_id=waiting))
    return found


def progress_story(line: BudgetLine, scope: Scope, day: date) -> Story:
    """工程进度 quarter by quarter."""
    reports = _progress(scope, [line], day).get(line.code, [])
    steps = histories(scope, code=line.code).get(line.code, [])
    row = at_day(steps, day)
    ended = last_ended(day)
    owed = []
    if row is not None and silent(row, reports, ended):
        assert ended is not None
        owed = [
            Owed(
                f"{ended.label}的项目进度",
                row.implementer.short_name,
                ended.due_on,
                max((day - ended.due_on).days, 0),
            )
        ]
    done = works_done(row, reports) if row is not None else None
    measures = [("工程进度", done)] if done is not None else []
    if not reports:
        return Story(owed=owed, measures=measures)
    rows = [
        (
            [
                f"{one.as_of}",
                one.image,
                f"{_plain(one.percent)}%"
                + (f"（{one.stated}）" if not one.stated.rstrip("%％").isdigit() else ""),
                wan(one.disbursed),
                wan(one.spent),
                one.problems,
                one.measures,
            ],
            one.entry_id,
        )
        for one in reports[::-1]
    ]
    headings = ["截至", "形象进度", "工程进度", "累计拨付", "累计支出", "存在问题", "下一步措施"]
    return Story(
        measures=measures,
        owed=owed,
        tables=[
            StoryTable(
                "项目进度", headings, rows, (2, 3, 4), "金额单位万元，为填报数；以资金一栏的账上数为准。"
            )
        ],
        papers=[StoryPapers(DURING, {one.entry_id: f"进度 {one.as_of}" for one in reports})],
    )


def works_story(line: BudgetLine, scope: Scope, day: date) -> Story:
    """Planned against actual, village by village; of a line with its sub-lines."""
    rows = [one for one in _of_family(Work, "village_works", scope, line, "village") if one.as_of <= day]
    if not rows:
        return Story()
    shown = [
        (
            [
                one.village.name,
                one.get_item_display() + (f"（{one.detail}）" if one.detail else ""),
                f"{_plain(one.planned)} {one.get_measure_display()}",
                f"{_plain(one.actual)} {one.get_measure_display()}" if one.actual is not None else "—",
                percent(int(one.actual * 100), int(one.planned * 100)) if one.actual is not None else "—",
                yuan(one.amount) if one.amount is not None else "—",
                one.keeper or "—",
            ],
            one.entry_id,
        )
        for one in rows
    ]
    headings = ["村", "建设内容", "计划", "完成", "完成率", "金额（元）", "管护责任人"]
    return Story(
        tables=[StoryTable("建设内容：计划与完成", headings, shown, (2, 3, 4, 5))],
        papers=[
            StoryPapers(DURING, {one.entry_id: f"{one.village.name}{one.get_item_display()}" for one in rows})
        ],
    )


def notice_story(line: BudgetLine, scope: Scope, day: date) -> Story:
    """The checklist of notices: what was shown, where and how long, and what is still owed."""
    rows = [one for one in seen_in_force(Notice, "notice", scope, [line]) if one.starts_on <= day]
    least = NOTICE_DAYS.value()
    steps = histories(scope, code=line.code).get(line.code, [])
    row = at_day(steps, day)
    shown: list[tuple[Sequence[str], int | None]] = [
        (
            [
                one.get_kind_display(),
                one.content,
                one.place,
                f"{one.starts_on} 至 {one.ends_on}",
                f"{one.days} 天",
                {True: f"有异议：{one.answer}", False: "无异议"}.get(one.objected, "—"),  # type: ignore[arg-type]
            ],
            one.entry_id,
        )
        for one in sorted(rows, key=lambda one: one.starts_on)
    ]
    have = {one.kind for one in rows}
    missing = [
        kind
        for kind, state in NOTICES
        if row is not None and rank(row.state) >= rank(state) and kind not in have
    ]
    shown += [([kind.label, "还没有登记", "—", "—", "—", "—"], None) for kind in missing]
    if not shown:
        return Story()
    who = row.implementer.short_name if row is not None else ""
    return Story(
        owed=[Owed(f"登记{kind.label}", who) for kind in missing],
        tables=[
            StoryTable(
                "公示公告",
                ["类别", "内容", "地点", "起止", "天数", "异议"],
                shown,
                (4,),
                f"起止两天都算，不少于 {least} 天。",
            )
        ],
        papers=[StoryPapers("公示", {one.entry_id: one.get_kind_display() for one in rows})],
    )


def asset_story(line: BudgetLine, scope: Scope, day: date) -> Story:
    """Asset cards, and that a project handed over has some."""
    rows = [one for one in _of_family(Asset, "asset", scope, line) if one.got_on <= day]
    if not rows:
        row = at_day(histories(scope, code=line.code).get(line.code, []), day)
        late = row is not None and rank(row.state) >= rank(State.HANDED)
        return Story(owed=[Owed("登记资产卡片", row.implementer.short_name)] if late and row else [])
    shown = [
        (
            [
                one.name,
                one.get_category_display(),
                yuan(one.value),
                f"{one.get_level_display()} {one.owner}",
                one.keeper,
                one.get_state_display(),
                yuan(one.income) if one.income is not None else "—",
            ],
            one.entry_id,
        )
        for one in rows
    ]
    headings = ["资产", "类别", "原值（元）", "所有权", "管护责任人", "状态", "年收益（元）"]
    return Story(
        tables=[StoryTable("资产", headings, shown, (2, 6))],
        papers=[StoryPapers(AFTER, {one.entry_id: one.name for one in rows})],
    )


def zone_story(line: BudgetLine, scope: Scope, day: date) -> Story:
    """Which villages a zone has, whichever town they lie in (C3)."""
    rows = [
        one
        for one in _of_family(ZoneMember, "zone_member", scope, line, "village__parent")
        if one.joined_on <= day
    ]
    if not rows:
        return Story()
    shown = [
        (
            [
                (one.village.parent.name if one.village.parent else "") + one.village.name,
                f"{one.joined_on}",
                one.document_no,
                f"{one.left_on}" if one.left_on and one.left_on <= day else "—",
            ],
            one.entry_id,
        )
        for one in rows
    ]
    return Story(
        tables=[
            StoryTable(
                "推进区成员村",
                ["镇村", "纳入", "依据", "退出"],
                shown,
                (),
                "是否在推进区内单独登记，不由所属镇推定（C3）。",
            )
        ],
    )


def _of_family(model: Any, register: str, scope: Scope, line: BudgetLine, *further: str) -> list[Any]:
    """The rows in force about a line or its sub-lines that the reader may see. One query."""
    rows = model._default_manager.filter(
        seen_by(scope, register), entry__subject__in_force=F("entry"), version=F("entry__version")
    )
    rows = rows.filter(line=line) | rows.filter(line__parent=line)
    return list(rows.select_related("line", "entry", *further).order_by("entry_id"))


# --- reports ----------------------------------------------------------------------------------------------------


def progress_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """附表 项目进度 (DOMAIN §8): state, 工程进度 beside 支出进度, planned and actual end, line by line."""
    day = as_of.as_of
    steps = histories(scope, plan=plan)
    lines = list(BudgetLine.objects.filter(plan=plan).order_by("code"))
    reports = _progress(scope, lines, day)
    money = figures.money(plan, scope=Scope(everything=True), as_of=as_of)
    every = {one.code: one for one in (*money.lines, *(b for each in money.sublines.values() for b in each))}
    limits, ended = (LATE_DAYS.value(), DUE_DAYS.value()), last_ended(day)
    words = {"red": "红", "yellow": "黄", "green": "绿", "grey": "灰"}
    rows = []
    for line in lines:
        row = at_day(steps.get(line.code, []), day)
        if row is None:
            continue
        said = reports.get(line.code, [])
        now = state_of(row, said, day, limits, ended)
        own = every[line.code]
        rows.append(
            [
                f"　└ {line.name}" if line.parent_id else line.name,
                row.get_state_display(),
                words[now.light],
                f"{_plain(done)}%" if (done := works_done(row, said)) is not None else "—",
                percent(own.spent, own.gross_allocated),
                f"{row.planned_finish or '—'}",
                f"{row.finished_on or '—'}",
                now.reason,
            ]
        )
    if not rows:
        return []
    headings = ["项目", "状态", "灯", "工程进度", "支出率", "计划完工", "实际完工", "说明"]
    return [ReportTable("项目进度", headings, rows, note="工程进度为填报数，支出率＝支出÷下达。")]
