"""project: what a row must say in its state, in what order, and what it fixes of the books (DOMAIN §3, §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from directory.codes import credit_code_problem
from directory.models import Organization, User
from directory.names import plain
from ledger.accounts import SPENT
from ledger.documents import normal_document_no, normal_number
from ledger.fixing import beyond, taken_below
from ledger.making import Problem, collect
from ledger.models import BudgetLine
from ledger.money import wan, yuan
from ledger.registers import Fixed, Maximum, Opening, Parameter
from projects.models.project import Project, State
from projects.standing import Beside, in_force
from projects.states import DATES, LIFE, OVER, PAPERS, TENDERED, rank

LATE_DAYS = Parameter("project_late_days", "项目逾期转红天数", 15, "天", "计划日期过后超过即为红灯，按惯例")
DUE_DAYS = Parameter("project_due_days", "项目临期提醒天数", 15, "天", "计划日期前多少天起为黄灯，按惯例")
RETENTION = Parameter("project_retention", "质保金上限", 3, "%", "占合同金额；更早的区县办法为 10%")
TENDER_WORKS = Parameter(
    "project_tender_wan", "施工必须招标的金额", 400, "万元", "施工 400、货物 200、服务 100 万元"
)

LABELS = {f.name: str(f.verbose_name).removesuffix("（分）") for f in Project._meta.concrete_fields}
FUNDS = ("fund", "district_fund", "other_fund")
# whom a project reaches: (part, whole) that must not exceed it
PARTS = (
    ("households", "people"),
    ("lifted_households", "households"),
    ("lifted_people", "people"),
    ("lifted_households", "lifted_people"),
    ("monitored_households", "households"),
    ("monitored_people", "people"),
    ("monitored_households", "monitored_people"),
)
NO_MONEY = (State.RESERVE, State.VOID, State.ENDED)  # of a sub-project that takes no room of its line
# what only a document of its own may change once the project is approved (DOMAIN §3 项目变更)
SCOPE = ("place", "content", "total", "approved_amount", "contract_amount")


# --- payment terms ----------------------------------------------------------------------------------------------


class PaymentTerm(NamedTuple):
    """Up to `percent` of the contract may have been paid once the project is in `state`."""

    state: State
    percent: Decimal


TERM_STATES = {
    "合同": State.TENDER,
    "签订合同": State.TENDER,
    "预付": State.TENDER,
    "开工": State.BUILDING,
    "在建": State.BUILDING,
    "完工": State.BUILT,
    "竣工": State.BUILT,
    "验收": State.ACCEPTED,
    "审定": State.SETTLED,
    "决算": State.SETTLED,
    "移交": State.HANDED,
    "质保期满": State.HANDED,
}


class BadTerms(ValueError):
    """The text says no payment terms; the message says what to write."""


def read_terms(text: str) -> list[PaymentTerm]:
    """ "开工40、完工90、验收100": cumulative percentages by stage (DOMAIN §2 payment schedules). Raises BadTerms."""
    found: list[PaymentTerm] = []
    for part in re.split(r"[、，,；;\s]+", text.strip()):
        match = re.fullmatch(r"([一-鿿]+?)(?:累计|至|到|：|:)*(\d+(?:\.\d+)?)[%％]?", part)
        if match is None or match[1] not in TERM_STATES:
            raise BadTerms(f"付款节点“{part}”看不懂，请写成“开工40、完工90、验收100”（各节点的累计百分比）。")
        found.append(PaymentTerm(TERM_STATES[match[1]], Decimal(match[2])))
    ranks = [rank(term.state) for term in found]
    percents = [term.percent for term in found]
    if ranks != sorted(set(ranks)) or percents != sorted(percents) or percents[-1] > 100:
        raise BadTerms("付款节点请按先后写累计百分比，逐个不减，最后不超过 100。")
    return found


def may_be_paid(row: Project) -> int | None:
    """How much of the contract, in 分, the terms allow in the row's state; None without terms or contract."""
    if not row.terms or not row.contract_amount:
        return None
    reached = [term.percent for term in read_terms(row.terms) if rank(term.state) <= rank(row.state)]
    basis = row.contract_audited or row.audited or row.contract_amount
    return int(min(row.contract_amount, basis) * max(reached, default=Decimal(0)) / 100)


# --- a row on its way -------------------------------------------------------------------------------------------


def tidy(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """A sub-project is named below its line, a line by itself; codes and numbers have one form."""
    for row, _ in lines:
        row.code = plain(row.code) or row.line.code
        if row.line.parent is not None and row.code == row.line.code:
            row.line = row.line.parent
        row.plan = row.line.plan
        for name in ("contractor_code", "designer_code", "supervisor_code"):
            setattr(row, name, plain(getattr(row, name)).upper())
        row.contract_no = normal_number(row.contract_no)
        for name in ("plan_no", "approval_no", "decision_no", "change_no"):
            setattr(row, name, normal_document_no(getattr(row, name)))
    standing = in_force([row.code for row, _ in lines])
    books = Books([row for row, _ in lines])
    for row, values in lines:
        row.books = books
        if "before" not in values:  # a sheet's row goes on from what is in force
            row.before = standing.get(row.code)


class Books(Beside):
    """What projects are compared with."""

    @cached_property
    def taken(self) -> dict[int, dict[str, int]]:
        """Line → code of a sub-project → what it takes of the line, in 分: as the books know it, the rows at hand with it."""
        found = {row.line.pk: taken_below(row.line) for row in self.rows if row.is_sub}
        for row in self.rows:
            if row.is_sub:
                below = found[row.line.pk]
                below[row.code] = max(below.get(row.code, 0), _takes(row))
        return found

    @cached_property
    def limits(self) -> dict[str, int]:
        """What the register's parameters are set to."""
        return {RETENTION.code: RETENTION.value(), TENDER_WORKS.code: TENDER_WORKS.value()}


def _books(row: Project) -> Books:
    if row.books is None:
        row.books = Books([row])
    books: Books = row.books
    return books


def read_together(rows: Sequence[Project]) -> None:
    """Give rows that have none yet one Books for all; for `Register.beside`."""
    bare = [row for row in rows if row.books is None]
    if bare:
        books = Books(bare)
        for row in bare:
            row.books = books


def natural_key(row: Project) -> str:
    """Plan and line code."""
    return f"{row.plan.code}/{row.code}"


def occurred_on(row: Project) -> date:
    """The day its present state, or the last change of it, began."""
    began = getattr(row, LIFE[row.state].date)
    days = [day for day in (began, row.changed_on) if day is not None]
    return max(days) if days else date(row.plan.year, 1, 1)


def summary(row: Project) -> str:
    return f"{row.name} · {row.get_state_display()} · {occurred_on(row):%Y-%m-%d}"


def errors(row: Project, by: User, on: date) -> Mapping[str, list[str]]:
    """Everything wrong with a row, at its field."""
    checks = (_place, _next, _needed, _dates, _sums, _people, _papers, _change, _zone_room)
    return collect(problem for check in checks for problem in check(row, on))


def _place(row: Project, on: date) -> Iterator[Problem]:
    """Which line it is."""
    if row.is_sub:
        if not re.fullmatch(rf"{re.escape(row.line.code)}-\w{{1,8}}", row.code):
            yield "code", f"子项目编码请写成 {row.line.code}-01 这样。"
        if row.line.parent_id is not None:
            yield "line", "子项目下面不再设子项目，请选上一级预算项目。"
        if row.line.state != BudgetLine.State.OPEN and row.before is None:
            yield "line", f"“{row.line.name}”{row.line.get_state_display()}，不能再设子项目。"
    if row.is_sub and not row.tag:
        yield "tag", "推进区的子项目请选择六项内容之一。"
    if row.implementer.side != Organization.Side.SHANTING:
        yield "implementer", f"{row.implementer}是荣成方单位，请选山亭的实施单位。"


def _next(row: Project, on: date) -> Iterator[Problem]:
    """Which state may follow which."""
    before: Project | None = row.before
    if before is None:
        if row.state in (State.VOID, State.ENDED, State.SUSPENDED):
            yield "state", f"新登记的项目不能直接是“{row.get_state_display()}”。"
        return
    now, was = State(row.state), State(before.state)
    if was in OVER and now != was:
        yield "state", f"“{was.label}”的项目不能再改状态；填错了请用“更正”。"
    elif now not in (was, *LIFE[was].then):
        then = "、".join(state.label for state in LIFE[was].then)
        yield "state", f"“{was.label}”之后只能是：{then}；不能直接到“{now.label}”。"
    elif was == State.ACCEPTED and before.conclusion == Project.Conclusion.RECTIFY and now != State.BUILDING:
        if now != was:
            yield "state", "验收结论是整改，须先回到“在建”，整改后重新完工、验收。"
    elif was == State.ACCEPTED and now == State.BUILDING and before.conclusion != Project.Conclusion.RECTIFY:
        yield "state", "验收已合格，不能回到“在建”；结论填错了请用“更正”。"


def _needed(row: Project, on: date) -> Iterator[Problem]:
    """The date and the papers of its state."""
    step = LIFE[row.state]
    for name in (step.date, *step.needs):
        if getattr(row, name) in (None, ""):
            yield name, f"状态是“{row.get_state_display()}”，请填写{LABELS[name]}。"
    if rank(row.state) >= 4 and row.method:
        if row.tender_on is None:
            if not row.no_tender:
                yield "no_tender", "没有招标公告日，未经招标采购的请写明未招标原因。"
        else:
            for name in TENDERED:
                if getattr(row, name) in (None, ""):
                    yield name, f"经过招标采购的，开工前请填写{LABELS[name]}。"
    if row.conclusion == Project.Conclusion.RECTIFY and row.rectify_by is None:
        yield "rectify_by", "结论是整改，请填写整改期限。"
    if row.conclusion == Project.Conclusion.RECTIFY and rank(row.state) > rank(State.ACCEPTED):
        yield "conclusion", "验收结论还是整改，合格后才能决算、移交。"
    if bool(row.contract_no) != bool(row.contract_amount):
        name = "contract_amount" if row.contract_no else "contract_no"
        yield name, "合同编号和合同金额请一起填写。"


def _dates(row: Project, on: date) -> Iterator[Problem]:
    """No date before one that it follows, none of a state not reached, none of what has not happened."""
    latest: tuple[str, date] | None = None
    for name, state in DATES:
        day: date | None = getattr(row, name)
        if day is None:
            continue
        # a project that stopped stays as far as it was; tender dates may be known before the works begin
        if rank(row.state) >= 0 and rank(state) > rank(row.state):
            yield (
                name,
                f"状态还是“{row.get_state_display()}”，不填{LABELS[name]}；已到“{state.label}”的请改选状态。",
            )
            continue
        if day > on:
            yield name, f"{LABELS[name]} {day} 晚于今天（{on}），发生后再填报。"
        if latest is not None and day < latest[1]:
            yield name, f"{LABELS[name]} {day} 早于{LABELS[latest[0]]} {latest[1]}，请核对。"
        if latest is None or day >= latest[1]:
            latest = name, day
    for name in ("stopped_on", "changed_on"):
        day = getattr(row, name)
        if day is not None and day > on:
            yield name, f"{LABELS[name]} {day} 晚于今天（{on}），发生后再填报。"
    if row.planned_start and row.planned_finish and row.planned_finish < row.planned_start:
        yield "planned_finish", f"计划完工 {row.planned_finish} 早于计划开工 {row.planned_start}，请核对。"


def _sums(row: Project, on: date) -> Iterator[Problem]:
    """总投资 is the sum of its sources; what is audited stays within the contract and the whole."""
    if row.total is None or row.total <= 0:
        yield "total", "总投资须大于 0。"
        return
    parts = sum(getattr(row, name) or 0 for name in FUNDS)
    if parts != row.total:
        yield (
            "total",
            f"总投资 {wan(row.total)} 万元，各来源合计 {wan(parts)} 万元，相差 {wan(abs(row.total - parts))} 万元。",
        )
    if row.contract_audited is not None:
        if row.contract_amount is None or row.audited is None:
            yield "contract_audited", "合同审定金额要和合同金额、审定金额一起填写。"
        elif row.contract_audited > min(row.contract_amount, row.audited):
            yield "contract_audited", "合同审定金额不能大于合同金额，也不能大于审定金额。"
    if row.terms:
        try:
            read_terms(row.terms)
        except BadTerms as error:
            yield "terms", str(error)


def _people(row: Project, on: date) -> Iterator[Problem]:
    """其中 ≤ total, 户 ≤ 人 (DOMAIN §4.2)."""
    for part, whole in PARTS:
        few, many = getattr(row, part), getattr(row, whole)
        if few is not None and few > (many or 0):
            yield part, f"{LABELS[part]} {few:,} 多于{LABELS[whole]} {many or 0:,}，请核对。"


def _papers(row: Project, on: date) -> Iterator[Problem]:
    """The firms' codes."""
    for name in ("contractor_code", "designer_code", "supervisor_code"):
        code = getattr(row, name)
        if code and (problem := credit_code_problem(code)):
            yield name, problem


def _change(row: Project, on: date) -> Iterator[Problem]:
    """A change of place, content or amount has a document of its own, which says who approved it (DOMAIN §3)."""
    before: Project | None = row.before
    if before is None or rank(before.state) < rank(State.APPROVED):
        return
    changed = [
        name
        for name in SCOPE
        if getattr(before, name) not in (None, "") and getattr(row, name) != getattr(before, name)
    ]
    if not changed:
        return
    what = "、".join(LABELS[name] for name in changed)
    if not row.change_no or row.change_no in (before.change_no, before.approval_no):
        yield "change_no", f"{what}有变，请填写这次变更自己的批准文号。"
    if not row.change_body:
        yield "change_body", f"{what}有变，请填写变更批准单位。"
    if row.changed_on is None or row.changed_on == before.changed_on:
        yield "changed_on", f"{what}有变，请填写这次变更的日期。"


def _zone_room(row: Project, on: date) -> Iterator[Problem]:
    """Sub-projects together have no more than their line was given (CLAUSES: CAP 245)."""
    before: Project | None = row.before
    if not row.is_sub or _takes(row) <= (_takes(before) if before is not None else 0):
        return
    books = _books(row)
    given = books.money(row.line.code).arranged or 0
    others = sum(amount for code, amount in books.taken[row.line.pk].items() if code != row.code)
    if text := beyond(row.line, given, others, _takes(row)):
        yield "fund", text


def _takes(row: Project) -> int:
    """What a sub-project takes of its line, in 分."""
    return 0 if row.state in NO_MONEY else row.fund or 0


def warnings(row: Project) -> list[str]:
    """What is unusual and may be right."""
    found = []
    for name, state in DATES:
        passed = rank(state) < rank(row.state) and name not in ("opened_on",)
        skipped = state == State.TENDER and row.tender_on is None
        if passed and not skipped and getattr(row, name) is None:
            found.append(f"还没有{LABELS[name]}，请补上。")
    if (
        not row.is_sub
        and row.fund is not None
        and row.fund != (given := _books(row).money(row.code).arranged or 0)
    ):
        found.append(f"协作资金填的是 {wan(row.fund)} 万元，账上安排 {wan(given)} 万元，请核对。")
    if row.contract_amount and row.retention:
        most = _books(row).limits[RETENTION.code]
        if row.retention * 100 > row.contract_amount * most:
            found.append(f"质保金 {yuan(row.retention)} 元超过合同金额的 {most}%。")
    tendered = row.method in (Project.Method.OPEN, Project.Method.INVITED)
    if row.contract_amount and row.method and not tendered:
        limit = _books(row).limits[TENDER_WORKS.code]
        if row.contract_amount >= limit * 1_000_000:
            found.append(
                f"合同金额 {wan(row.contract_amount)} 万元，施工 {limit} 万元以上一般须招标，请核对。"
            )
    if row.audited is not None and row.audited > row.total:
        found.append(f"审定金额 {wan(row.audited)} 万元大于总投资 {wan(row.total)} 万元，请核对。")
    if row.contract_amount and row.approved_amount and row.contract_amount > row.approved_amount:
        found.append(
            f"合同金额 {wan(row.contract_amount)} 万元大于批复金额 {wan(row.approved_amount)} 万元，请核对。"
        )
    if overpaid := beyond_terms(row, _books(row).money(row.code).spent):
        found.append(overpaid)
    return found


def beyond_terms(row: Project, spent: int) -> str:
    """Says that more was spent than the payment terms allow in this state; "" if not."""
    allowed = may_be_paid(row)
    if allowed is None or spent <= allowed:
        return ""
    return (
        f"已支出 {wan(spent)} 万元，按付款节点（{row.terms}）在“{row.get_state_display()}”只应付到 "
        f"{wan(allowed)} 万元，超出 {wan(spent - allowed)} 万元。"
    )


def evidence_rule(row: Project) -> str:
    """What DOMAIN §3 asks for in the state."""
    return PAPERS[row.state]


# --- what it fixes ----------------------------------------------------------------------------------------------


def fixes(row: Project) -> Fixed | None:
    """The sub-line a row opens, its end, and what may be spent: by the contract, then by the audited figure.

    The maxima of the contract's account and of the one without contract add up to the audited figure.
    """
    if row.state in (State.RESERVE, State.VOID):
        return None
    opens = Opening(row.line, row.name, row.place, _takes(row)) if row.is_sub else None
    states = {State.ENDED: BudgetLine.State.CANCELLED, State.ARCHIVED: BudgetLine.State.CLOSED}
    state = states.get(State(row.state), BudgetLine.State.OPEN)
    maxima = []
    of_contract = row.contract_amount
    if row.audited is not None and of_contract is not None:
        of_contract = (
            row.contract_audited if row.contract_audited is not None else min(of_contract, row.audited)
        )
    if row.contract_no and of_contract is not None:
        maxima.append(Maximum(SPENT, row.implementer, row.contract_no, of_contract))
    if row.audited is not None:
        without = row.audited - (of_contract or 0 if row.contract_no else 0)
        maxima.append(Maximum(SPENT, row.implementer, "", without))
    return Fixed(row.plan, row.code, state, opens, tuple(maxima))


# --- lateness ---------------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """The next planned day of a project: what is to be done by then, and how many days it is late (negative: ahead)."""

    what: str
    day: date
    late: int


def due(row: Project, on: date) -> Due | None:
    """What the project owes next by its own dates on `on`; None if it has none, or is over."""
    if rank(row.state) < 0 or row.state in OVER:
        return None
    if row.conclusion == Project.Conclusion.RECTIFY and row.rectify_by and rank(row.state) <= 6:
        return Due("整改", row.rectify_by, (on - row.rectify_by).days)
    if row.started_on is None and row.planned_start is not None:
        return Due("开工", row.planned_start, (on - row.planned_start).days)
    if row.finished_on is None and row.planned_finish is not None:
        return Due("完工", row.planned_finish, (on - row.planned_finish).days)
    return None
