"""Loading the yearly plan from its file: once, then only by a revision with a reason (DESIGN §5, §7 load_plan)."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from datetime import date

import yaml

from audit.events import record
from audit.locks import share_books
from directory.actions import ensure_system_user
from directory.models import Organization, User
from funds.models import Event, FundFlow
from funds.planfile import PlanFileInvalid, Spec, as_date, beyond_revision, codes, parse
from funds.registers import FUND_FLOW
from ledger import actions
from ledger.accounts import OUTSIDE, POOL, RECEIVED, REMIT, SOURCE, TARGET, money_account
from ledger.acting import NotAllowed, need_reason, refusable
from ledger.filings import ensure_filings
from ledger.models import (
    Account,
    Assignment,
    BudgetLine,
    Clause,
    LineAlias,
    LineGroup,
    OpenQuestion,
    Plan,
    PlanRevision,
    SourceLabel,
    Task,
    Unit,
)
from ledger.money import parse_amount
from ledger.periods import ensure_year
from ledger.permissions import may_review
from ledger.posting import amount_text
from ledger.refusals import Refusal

IMPORTER = "plan-import"
FIRST_REASON = "首次载入"


class PlanChanged(Refusal):
    """The plan is loaded already and the file says something else; `diff` shows what, line by line."""

    def __init__(self, plan: Plan, number: int, diff: str) -> None:
        super().__init__(
            f"“{plan}”已载入（第 {number} 版），文件内容与之不同。方案变更须作为修订载入，并写明理由（--revise 理由）。"
        )
        self.diff = diff


class NotLoaded(Refusal):
    """A revision of a plan that was never loaded."""


class BeyondRevision(Refusal):
    """The new file changes money, codes or readings; those go through entries and rulings, not through a revision."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("这些内容不能通过修订改变：" + "；".join(problems), {"": problems})
        self.problems = problems


@dataclass(frozen=True)
class Loaded:
    """The plan, its revision in force, and whether this call made it."""

    plan: Plan
    revision: PlanRevision
    changed: bool


@refusable("plan.load")
def load_plan(*, by: User, on: date, text: str) -> Loaded:
    """Make the plan of a file: clauses, tasks, lines, accounts, questions, periods, filings, and the arranged money.

    The 安排 are filed by the system user 计划导入 and approved by `by`, a reviewer. The same plan again changes
    nothing. Raises PlanFileInvalid, PlanChanged or NotAllowed.
    """
    share_books()
    _need_reviewer(by)
    spec = parse(text)
    loaded = _latest(spec)
    if loaded is not None:
        if yaml.safe_load(loaded.content) == spec:
            return Loaded(loaded.plan, loaded, changed=False)
        raise PlanChanged(loaded.plan, loaded.number, _diff(loaded, text))
    plan = Plan.objects.create(
        code=spec["plan"]["code"],
        year=spec["plan"]["year"],
        title=spec["plan"]["title"],
        document_no=spec["plan"]["document_no"],
        issuer=Organization.objects.get(code=spec["plan"]["issuer"]),
    )
    _write(plan, spec)
    _open_books(plan, parse_amount(spec["plan"]["budget"]))
    revision = _keep(plan, 1, text, FIRST_REASON, by)
    record(
        verb="plan.loaded",
        by=by,
        target=f"ledger.plan:{plan.pk}",
        summary=f"载入方案 {plan.document_no}",
        details={"sha256": revision.sha256, "lines": len(spec["lines"]), "tasks": len(spec["tasks"])},
    )
    _arrange(plan, spec, by, on)
    return Loaded(plan, revision, changed=True)


@refusable("plan.revise")
def revise_plan(*, by: User, on: date, text: str, reason: str) -> Loaded:
    """Load a changed file as the next version of a loaded plan: wording, aliases, goals, counting rules, assignments.

    Money, codes, units and readings stay (planfile.beyond_revision). An unchanged file makes no version. Raises
    PlanFileInvalid, NotLoaded, BeyondRevision, ReasonMissing or NotAllowed.
    """
    share_books()
    _need_reviewer(by)
    need_reason(reason, "请写明修订理由。")
    spec = parse(text)
    loaded = _latest(spec)
    if loaded is None:
        raise NotLoaded(f"方案 {spec['plan']['code']} 尚未载入，请先不带 --revise 载入。")
    before: Spec = yaml.safe_load(loaded.content)
    if before == spec:
        return Loaded(loaded.plan, loaded, changed=False)
    problems = [*beyond_revision(before, spec), *_maxima_too_low(loaded.plan, spec)]
    if problems:
        raise BeyondRevision(problems)
    plan = loaded.plan
    plan.title, plan.document_no = spec["plan"]["title"], spec["plan"]["document_no"]
    plan.save(update_fields=["title", "document_no"])
    _write(plan, spec)
    revision = _keep(plan, loaded.number + 1, text, reason.strip()[:500], by)
    record(
        verb="plan.revised",
        by=by,
        target=f"ledger.plan:{plan.pk}",
        summary=f"修订方案 {plan.document_no}，第 {revision.number} 版",
        details={"sha256": revision.sha256, "reason": revision.reason, "diff": _diff(loaded, text)},
    )
    return Loaded(plan, revision, changed=True)


def _need_reviewer(by: User) -> None:
    if not may_review(by):
        raise NotAllowed("只有区乡村振兴局的审核员可以载入方案。")


def _latest(spec: Spec) -> PlanRevision | None:
    revisions = PlanRevision.objects.filter(plan__code=spec["plan"]["code"]).select_related("plan")
    return revisions.order_by("-number").first()


def _diff(loaded: PlanRevision, text: str) -> str:
    return "\n".join(
        difflib.unified_diff(
            loaded.content.splitlines(),
            text.splitlines(),
            f"已载入的第 {loaded.number} 版",
            "新文件",
            n=1,
            lineterm="",
        )
    )


def _keep(plan: Plan, number: int, text: str, reason: str, by: User) -> PlanRevision:
    return PlanRevision.objects.create(
        plan=plan,
        number=number,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        content=text,
        reason=reason,
        loaded_by=by,
    )


# --- writing what the file says; safe to repeat -----------------------------------------------------------------


def _write(plan: Plan, spec: Spec) -> None:
    units = {unit.code: unit for unit in Organization.objects.all()}
    _write_clauses(plan, spec)
    _write_lines(plan, spec)
    _write_targets(plan, spec)
    _write_tasks(plan, spec, units)
    _write_questions(plan, spec)
    for row in spec["assignments"]:
        for code in row["units"]:
            Assignment.objects.get_or_create(
                register=row["register"], organization=units[code], duty=row["duty"]
            )
    quarters = ensure_year(plan.year)
    ensure_year(plan.year + 1)  # acceptance and retention money run on into the next year
    for period in quarters:
        if not period.is_closed:
            ensure_filings(period)


def _write_clauses(plan: Plan, spec: Spec) -> None:
    for position, row in enumerate(spec["clauses"], 1):
        Clause.objects.update_or_create(
            plan=plan,
            code=row["code"],
            defaults={"position": position, "title": row["title"], "text": row["text"]},
        )


def _write_lines(plan: Plan, spec: Spec) -> None:
    for position, row in enumerate(spec["lines"], 1):
        line, _ = BudgetLine.objects.update_or_create(
            plan=plan,
            code=row["code"],
            defaults={"position": position, "name": row["name"], "place": row.get("place", "")},
        )
        aliases = row.get("aliases", [])
        LineAlias.objects.filter(line=line).exclude(name__in=aliases).delete()
        for name in aliases:
            LineAlias.objects.get_or_create(line=line, name=name)
        for reading, labels in spec["sources"]["readings"].items():
            SourceLabel.objects.update_or_create(
                line=line,
                reading=reading,
                defaults={
                    "source": labels[row["code"]],
                    "valid_from": as_date(spec["sources"]["valid_from"]),
                },
            )


def _write_targets(plan: Plan, spec: Spec) -> None:
    for row in spec["targets"]:
        Account.objects.update_or_create(
            code=f"{plan.code}/{TARGET}/{row['code']}",
            defaults={
                "name": row["name"],
                "unit": row["unit"],
                "plan": plan,
                "stage": TARGET,
                "goal": row.get("goal"),
                "maximum": row.get("maximum"),
                "counts_people": row["unit"] == Unit.PERSON,
            },
        )
    for unit in {row["unit"] for row in spec["targets"]}:
        Account.objects.get_or_create(
            code=f"{plan.code}/{OUTSIDE}/{unit}",
            defaults={
                "name": f"账外（{unit}）",
                "unit": unit,
                "plan": plan,
                "stage": OUTSIDE,
                "minimum": None,
            },
        )


def _write_tasks(plan: Plan, spec: Spec, units: dict[str, Organization]) -> None:
    clauses = {clause.code: clause for clause in plan.clauses.all()}
    targets = {account.code: account for account in Account.objects.filter(plan=plan, stage=TARGET)}
    for position, row in enumerate(spec["tasks"], 1):
        target = row.get("target")
        task, _ = Task.objects.update_or_create(
            plan=plan,
            code=row["code"],
            defaults={
                "clause": clauses[row["clause"]],
                "position": position,
                "name": row["name"],
                "rule": row["rule"],
                "is_effort": row.get("is_effort", False),
                "counting_rule": row.get("counting_rule", ""),
                "due_on": as_date(row["due_on"]) if row.get("due_on") else None,
                "target": targets[f"{plan.code}/{TARGET}/{target}"] if target else None,
                "lead": units[row["lead"]] if row.get("lead") else None,
            },
        )
        task.helpers.set(units[code] for code in row.get("helpers", ()))


def _write_questions(plan: Plan, spec: Spec) -> None:
    for position, row in enumerate(spec["questions"], 1):
        OpenQuestion.objects.update_or_create(
            plan=plan,
            code=row["code"],
            defaults={
                "position": position,
                "title": row["title"],
                "statement": row["statement"],
                "readings": row["readings"],
                "default_reading": row["default"],
                "concerns": row["concerns"],
            },
        )
    for row in spec["groups"]:
        group, _ = LineGroup.objects.update_or_create(
            plan=plan,
            code=row["code"],
            defaults={
                "name": row["name"],
                "question": OpenQuestion.objects.get(plan=plan, code=row["question"]),
            },
        )
        group.lines.set(BudgetLine.objects.filter(plan=plan, code__in=row["lines"]))


def _maxima_too_low(plan: Plan, spec: Spec) -> list[str]:
    """A new maximum below what is counted and held (DESIGN §1: refused), read under lock."""
    wanted = {f"{plan.code}/{TARGET}/{row['code']}": row.get("maximum") for row in spec["targets"]}
    accounts = Account.objects.select_for_update(no_key=True).filter(code__in=wanted).order_by("pk")
    return [
        f"{account.name}上限不能改为 {amount_text(maximum, account.unit)}："
        f"已有 {amount_text(account.balance, account.unit)}，待审核 {amount_text(account.held_in, account.unit)}"
        for account in accounts
        if (maximum := wanted[account.code]) is not None and maximum < account.balance + account.held_in
    ]


# --- the money, at the first load only --------------------------------------------------------------------------


def _open_books(plan: Plan, budget: int) -> None:
    """The plan-level accounts. What 荣成 gives ends at the budget (分): the two sources go no lower than −budget."""
    for stage in (SOURCE, REMIT):
        account = money_account(plan, stage)
        account.minimum = -budget
        account.save(update_fields=["minimum"])
    for stage in (POOL, RECEIVED, OUTSIDE):
        money_account(plan, stage)


def _arrange(plan: Plan, spec: Spec, by: User, on: date) -> None:
    """One 安排 entry a line, filed by the system and approved by the reviewer."""
    importer = ensure_system_user(username=IMPORTER, full_name="计划导入")
    lines = {line.code: line for line in plan.lines.all()}
    for row in spec["lines"]:
        flow = FundFlow(
            event=Event.ARRANGE,
            plan=plan,
            line=lines[row["code"]],
            amount=parse_amount(row["amount"]),
            occurred_on=as_date(spec["plan"]["arranged_on"]),
            document_no=plan.document_no,
            purpose="方案附件安排",
        )
        problems = FUND_FLOW.errors(flow, importer, on)
        if problems:
            raise PlanFileInvalid([f"项目 {row['code']}：{m}" for texts in problems.values() for m in texts])
        entry = actions.submit(
            by=importer, on=on, register=FUND_FLOW, row=flow, filed_for=plan.issuer, origin="方案导入"
        )
        actions.approve(by=by, on=on, entry=entry, version=entry.version)


def counts(loaded: Loaded) -> str:
    """ "16 条条款、35 项任务、5 个项目、12 个待定问题" of a loaded plan, for the command's answer."""
    spec: Spec = yaml.safe_load(loaded.revision.content)
    return (
        f"{len(codes(spec, 'clauses'))} 条条款、{len(codes(spec, 'tasks'))} 项任务、"
        f"{len(codes(spec, 'lines'))} 个项目、{len(codes(spec, 'questions'))} 个待定问题"
    )
