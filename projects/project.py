"""project: what a row must say in its state, in what order, and what it fixes of the books (DOMAIN §3, §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F

from directory.codes import credit_code_problem
from directory.models import Organization, User
from directory.names import plain
from ledger import figures
from ledger.accounts import SPENT
from ledger.documents import normal_document_no, normal_number
from ledger.figures import LineMoney
from ledger.making import NOTE, Problem, collect, towns_and_departments
from ledger.models import BudgetLine
from ledger.money import wan, yuan
from ledger.registers import Column, Fixed, Maximum, Opening, Parameter, Register
from ledger.scope import Scope
from projects.models.project import Project, State
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
        if "replaces" not in values:  # a sheet's row goes on from what is in force
            row.before = standing.get(row.code)


@dataclass
class Books:
    """What rows are compared with, each asked once, when first needed."""

    rows: Sequence[Project]

    @cached_property
    def money(self) -> dict[str, LineMoney]:
        """Line code → its money, of every plan concerned."""
        found: dict[str, LineMoney] = {}
        for plan in {row.plan.pk: row.plan for row in self.rows}.values():
            money = figures.money(plan, scope=Scope(everything=True))
            for one in (*money.lines, *(below for each in money.sublines.values() for below in each)):
                found[one.code] = one
        return found

    @cached_property
    def subprojects(self) -> dict[str, Project]:
        """Code → sub-project of the lines concerned: of each the row at hand, else the undecided, else the one in force."""
        parents = {row.line_id for row in self.rows if row.is_sub}
        rows = Project.objects.filter(line__in=parents, version=F("entry__version")).select_related("line")
        found = {row.code: row for row in rows.filter(entry__subject__in_force=F("entry"))}
        undecided = rows.filter(entry__subject__undecided=F("entry")).exclude(entry__kind="reversal")
        found |= {row.code: row for row in undecided}
        found |= {row.code: row for row in self.rows}
        return {code: row for code, row in found.items() if row.is_sub}

    @cached_property
    def limits(self) -> dict[str, int]:
        """What the register's parameters are set to."""
        return {one.code: one.value() for one in (RETENTION, TENDER_WORKS)}

    def arranged(self, code: str) -> int:
        """What is arranged for a line, its sub-lines with it, in 分."""
        return (self.money[code].arranged or 0) if code in self.money else 0

    def spent(self, code: str) -> int:
        """What a line has spent, its sub-lines with it, in 分."""
        return self.money[code].spent if code in self.money else 0


def _books(row: Project) -> Books:
    if row.books is None:
        row.books = Books([row])
    books: Books = row.books
    return books


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
    if not row.is_sub or row.state in NO_MONEY:
        return
    books = _books(row)
    given = books.arranged(row.line.code)
    others = sum(
        other.fund or 0
        for code, other in books.subprojects.items()
        if other.line_id == row.line_id and code != row.code and other.state not in NO_MONEY
    )
    if (row.fund or 0) > given - others:
        yield (
            "fund",
            f"“{row.line.name}”共安排 {wan(given)} 万元，其他子项目 {wan(others)} 万元，"
            f"还可安排 {wan(max(given - others, 0))} 万元，本项目 {wan(row.fund or 0)} 万元，"
            f"超出 {wan((row.fund or 0) - max(given - others, 0))} 万元。",
        )


def in_force(codes: Sequence[str] | None = None) -> dict[str, Project]:
    """Line code → the row in force of its project; of these codes, or of all. One query."""
    rows = Project.objects.filter(entry__subject__in_force=F("entry"), version=F("entry__version"))
    if codes is not None:
        rows = rows.filter(code__in=codes)
    found = rows.select_related("entry", "line__parent", "line__plan", "plan", "implementer", "unit")
    return {row.code: row for row in found.order_by("entry_id")}


def warnings(row: Project) -> list[str]:
    """What is unusual and may be right."""
    found = []
    for name, state in DATES:
        passed = rank(state) < rank(row.state) and name not in ("opened_on",)
        skipped = state == State.TENDER and row.tender_on is None
        if passed and not skipped and getattr(row, name) is None:
            found.append(f"还没有{LABELS[name]}，请补上。")
    if not row.is_sub and row.fund is not None and row.fund != (given := _books(row).arranged(row.code)):
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
    if overpaid := beyond_terms(row, _books(row).spent(row.code)):
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
    opens = Opening(row.line, row.name, row.place) if row.is_sub else None
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


def _day(name: str, *aliases: str, help: str = "") -> Column:
    return Column(name, LABELS[name], "date", aliases=aliases, help=help)


def _text(name: str, *aliases: str, numbered: bool = False, example: str = "", help: str = "") -> Column:
    return Column(name, LABELS[name], "text", aliases=aliases, numbered=numbered, example=example, help=help)


def _money(name: str, *aliases: str, required: bool = False, unit: str = "万元") -> Column:
    label = LABELS[name]
    spelled = tuple(f"{one}{left}{u}{right}" for one in (label, *aliases) for u in ("万元", "元")
                    for left, right in (("(", ")"), ("（", "）")))  # fmt: skip
    return Column(name, label, "money", required=required, unit=unit, aliases=(*aliases, *spelled))


def _number(name: str, unit: str, *aliases: str) -> Column:
    return Column(name, LABELS[name], "integer", unit=unit, aliases=aliases)


PROJECT = Register(
    code="project",
    name="项目",
    model=Project,
    columns=(
        Column("line", "预算项目", "line", required=True, aliases=("所属项目",), help="新设子项目的选上一级，如推进区。"),
        Column("code", "子项目编码", "text", aliases=("项目编码",), example="2022-01-04",
               help="新设子项目时填；预算项目本身不用填。"),
        Column("name", "项目名称", "text", required=True, example="食用菌大棚"),
        Column("kind", "项目类别", "choice", required=True, aliases=("类别",),
               choices=(*Project.Kind.choices, ("zone", "综合"), ("zone", "推进区"), ("welfare", "民生(希望小屋)"))),
        _text("subkind"),
        Column("tag", "推进区内容", "choice", aliases=("六项内容",), choices=(*Project.Tag.choices,),
               help="推进区的子项目填。"),
        Column("nature", "建设性质", "choice", required=True, choices=(*Project.Nature.choices,)),
        Column("place", "建设地点", "text", required=True, aliases=("建设地点(镇/村)", "地点"), example="冯卯镇别庄村"),
        Column("content", "建设内容及规模", "text", required=True, aliases=("建设内容",)),
        Column("state", "项目状态", "choice", required=True, aliases=("状态",),
               choices=(*State.choices, ("tender", "招标"), ("tender", "采购"), ("archived", "归档"),
                        ("archived", "绩效评价"), ("ended", "取消"), ("planned", "立项"), ("approved", "批复"))),
        _money("total", required=True),
        _money("fund", "其中：协作资金", "其中/协作资金"),
        _money("district_fund", "其中：区级", "其中/区级"),
        _money("other_fund", "其中：其他", "其中/其他"),
        Column("in_charge", "责任单位", "text", required=True, aliases=("主管单位",)),
        Column("implementer", "实施单位", "organization", required=True, aliases=("项目实施单位",)),
        Column("leader", "责任人", "text", required=True),
        _text("villages"),
        _number("households", "户", "受益户(户)"),
        _number("people", "人", "受益人口(人)"),
        _number("lifted_households", "户", "其中脱贫户(户)"),
        _number("lifted_people", "人"),
        _number("monitored_households", "户"),
        _number("monitored_people", "人"),
        _day("planned_start", "计划开工时间", "计划开工日期"),
        _day("planned_finish", "计划完工时间", "计划完工日期"),
        _text("goal"),
        _text("mechanism"),
        _day("listed_on", "入库日期"),
        _day("planned_on", "立项日期"),
        _text("plan_no", numbered=True, example="山乡振发〔2022〕10号"),
        _day("approved_on", "批复日期"),
        _text("approval_no", numbered=True),
        _money("approved_amount"),
        Column("method", "招标方式", "choice", aliases=("采购方式",), choices=(*Project.Method.choices,)),
        _text("no_tender", help="不经招标采购直接开工的填。"),
        _day("tender_on", "公告日"),
        _day("opened_on"),
        _day("won_on", "中标日期"),
        _text("contractor", "施工单位"),
        _text("contractor_code", numbered=True),
        _text("designer"),
        _text("designer_code", numbered=True),
        _text("supervisor"),
        _text("supervisor_code", numbered=True),
        _day("contract_on", "合同日期", "合同签订日期"),
        _text("contract_no", numbered=True, help="支出台账填同一个编号，支出就不能超过合同金额。"),
        _money("contract_amount", unit="元"),
        _text("terms", example="开工40、完工90、验收100", help="各节点累计可付合同金额的百分之几。"),
        _money("retention", unit="元"),
        _number("warranty_months", "个月"),
        _day("started_on", "实际开工时间", "开工时间", "开工日期"),
        _day("finished_on", "实际完工时间", "完工时间", "完工日期"),
        _day("accepted_on", "验收日期"),
        Column("conclusion", "验收结论", "choice", choices=(*Project.Conclusion.choices,)),
        _day("rectify_by"),
        _day("audited_on", "审定日期"),
        _money("audited", "审定额", unit="元"),
        _money("contract_audited", unit="元"),
        _day("handed_on", "移交日期"),
        _text("owner", "产权归属"),
        _text("keeper"),
        _day("evaluated_on"),
        _text("grade"),
        _day("stopped_on"),
        _text("decision_no", numbered=True),
        _text("reason"),
        _day("changed_on", help="地点、内容、金额有变时填。"),
        _text("change_no", numbered=True),
        _text("change_body"),
        NOTE,
    ),
    prepare=tidy,
    natural_key=natural_key,
    occurred_on=occurred_on,
    counts_on=lambda row: date(row.plan.year, 1, 1),
    summary=summary,
    amount=lambda row: row.total,
    errors=errors,
    warnings=warnings,
    evidence_rule=evidence_rule,
    may_file=towns_and_departments,
    next_step="登记项目进展",
    fixes=fixes,
    parameters=(LATE_DAYS, DUE_DAYS, RETENTION, TENDER_WORKS),
)  # fmt: skip
