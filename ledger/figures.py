"""Numbers for screens. Account, Total and Presence are read nowhere else, and never without a scope (DESIGN §3).

Nothing here sums history: "now" reads kept balances, a quarter reads kept totals. Amounts are whole 分 (or the
account's own unit). Stage figures are cumulative and net: the balances of a stage and of all later ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, When

from directory.models import Organization, User
from ledger import accounts
from ledger.models import (
    Account,
    BudgetLine,
    Entry,
    Filing,
    Hold,
    LineGroup,
    OpenQuestion,
    Participation,
    Period,
    Plan,
    Ruling,
    Task,
    Total,
    Transfer,
)
from ledger.scope import Scope
from ledger.sql import asked_again

# Kinds of move that make up the gross 下达 (DOMAIN §2: ΣC + in − out), which a claw-back or refund does not change.
GROSS_KINDS = ("allocate", "adjust")

STAGES = (*accounts.CHAIN, accounts.CLAIMED)
STAGE_NAMES = {
    accounts.ARRANGED: "安排",
    accounts.RECEIVED: "到位",
    accounts.ALLOCATED: "下达",
    accounts.DISBURSED: "拨付",
    accounts.SPENT: "支出",
    accounts.CLAIMED: "报账",
}


@dataclass
class LineMoney:
    """The money of a line with its sub-lines, or of the whole plan, in 分.

    `arranged` and `received` are None for a unit (it sees its own accounts only); `received` also where no receipt
    names the line. `held` is what undecided entries would change each cumulative stage by (a unit has no 安排 and
    到位); None for the past.
    `available` = 下达 − 支出 − 待审支出. `gross_allocated` is the denominator of 支出率.
    """

    code: str
    name: str
    line: BudgetLine | None = None
    arranged: int | None = None
    received: int | None = None
    allocated: int = 0
    disbursed: int = 0
    spent: int = 0
    claimed: int = 0
    available: int = 0
    gross_allocated: int = 0
    held: dict[str, int] | None = None


@dataclass
class Money:
    """A plan's money: its top lines, each with its sub-lines below it, and the total."""

    total: LineMoney
    lines: list[LineMoney]
    sublines: dict[str, list[LineMoney]] = field(default_factory=dict)


@dataclass
class _Cell:
    """One stage of one line: balance (or its part up to a quarter), pending changes, gross inflow."""

    balance: int = 0
    held_in: int = 0
    held_out: int = 0
    gross: int = 0
    seen: bool = False


def money(plan: Plan, *, scope: Scope, as_of: Period | None = None) -> Money:
    """What each line of `plan` has at each stage, now or at the end of the quarter `as_of`. Three queries."""
    lines = lines_of(plan.pk)
    cells = _cells(plan, scope, as_of)
    children: dict[int | None, list[BudgetLine]] = defaultdict(list)
    for line in lines:
        children[line.parent_id].append(line)
    tops, sublines = [], {}
    for line in children[None]:
        family = [line, *children[line.pk]]
        figures = _line_money(line.code, line.name, cells, [one.pk for one in family], scope, as_of)
        figures.line = line
        if not scope.everything and not _has(cells, family):
            continue
        tops.append(figures)
        below = [child for child in children[line.pk] if scope.everything or _has(cells, [child])]
        sublines[line.code] = [
            _line_money(child.code, child.name, cells, [child.pk], scope, as_of) for child in below
        ]
        for child, child_money in zip(below, sublines[line.code], strict=True):
            child_money.line = child
    every_line: list[int | None] = [line.pk for line in lines]
    total = _line_money("total", "合计", cells, [*every_line, None], scope, as_of)
    return Money(total, tops, sublines)


def _has(cells: dict[tuple[int | None, str], _Cell], lines: Iterable[BudgetLine]) -> bool:
    return any(cells[line.pk, stage].seen for line in lines for stage in STAGES if (line.pk, stage) in cells)


def _visible(scope: Scope) -> Q:
    return Q() if scope.everything else Q(organization__in=scope.organization_ids)


def lines_with_money(scope: Scope) -> QuerySet[Account, Any]:
    """The lines that hold an account the scope may see; for a filter."""
    return Account.objects.filter(_visible(scope), line__isnull=False).values("line")


def _cells(plan: Plan, scope: Scope, as_of: Period | None) -> dict[tuple[int | None, str], _Cell]:
    cells: dict[tuple[int | None, str], _Cell] = defaultdict(_Cell)
    day = None if as_of is None else as_of.starts_on
    if day is None:
        for line_id, stage, balance, held_in, held_out in _balances(plan.pk, scope):
            cells[line_id, stage] = _Cell(balance, held_in, held_out, 0, True)
    else:
        for line_id, stage, balance in _balances_until(plan.pk, scope, day):
            cells[line_id, stage] = _Cell(balance, seen=True)
    for line_id, amount in _gross(plan.pk, scope, day):
        cells[line_id, accounts.ALLOCATED].gross = amount
    return cells


@asked_again
def _balances(plan: int, scope: Scope) -> QuerySet[Account, Any]:
    rows = _of_money(plan, scope).order_by().values_list("line_id", "stage")
    return rows.annotate(Sum("balance"), Sum("held_in"), Sum("held_out"))


@asked_again
def _balances_until(plan: int, scope: Scope, day: date) -> QuerySet[Total, Any]:
    rows = _totals(plan, scope, day).values_list("account__line_id", "account__stage")
    return rows.annotate(change=Sum(F("inflow") - F("outflow")))


@asked_again
def _gross(plan: int, scope: Scope, day: date | None) -> QuerySet[Total, Any]:
    rows = _totals(plan, scope, day).filter(account__stage=accounts.ALLOCATED, kind__in=GROSS_KINDS)
    change = Sum(F("inflow") - Case(When(kind="adjust", then=F("outflow")), default=0))
    return rows.values_list("account__line_id").annotate(change=change)


def _of_money(plan: int, scope: Scope) -> QuerySet[Account]:
    return Account.objects.filter(_visible(scope), plan=plan).exclude(stage=accounts.TARGET)


def _totals(plan: int, scope: Scope, day: date | None) -> QuerySet[Total]:
    """Of all quarters, or of those that had begun by the day."""
    rows = Total.objects.filter(account__in=_of_money(plan, scope)).order_by()
    return rows if day is None else rows.filter(period__starts_on__lte=day)


@asked_again
def lines_of(plan: int) -> QuerySet[BudgetLine]:
    """The plan's lines and sub-lines in their order."""
    return BudgetLine.objects.filter(plan=plan).order_by("position", "pk")


def _line_money(
    code: str,
    name: str,
    cells: dict[tuple[int | None, str], _Cell],
    line_ids: Iterable[int | None],
    scope: Scope,
    as_of: Period | None,
) -> LineMoney:
    ids = list(line_ids)

    def add(stage: str, what: str = "balance") -> int:
        return sum(getattr(cells[i, stage], what) for i in ids if (i, stage) in cells)

    cumulative, pending = {}, {}
    balance = change = 0
    for stage in reversed(accounts.CHAIN):
        balance += add(stage)
        change += add(stage, "held_in") - add(stage, "held_out")
        cumulative[stage], pending[stage] = balance, change
    for stage in (accounts.CLAIMED, accounts.RECEIVED):
        pending[stage] = add(stage, "held_in") - add(stage, "held_out")
    if not scope.everything:
        del pending[accounts.ARRANGED], pending[accounts.RECEIVED]
    received = add(accounts.RECEIVED)
    names_it = received or any(add(accounts.RECEIVED, what) for what in ("held_in", "held_out"))
    return LineMoney(
        code=code,
        name=name,
        arranged=cumulative[accounts.ARRANGED] if scope.everything else None,
        received=received if scope.everything and (names_it or code == "total") else None,
        allocated=cumulative[accounts.ALLOCATED],
        disbursed=cumulative[accounts.DISBURSED],
        spent=cumulative[accounts.SPENT],
        claimed=add(accounts.CLAIMED),
        available=cumulative[accounts.ALLOCATED]
        - cumulative[accounts.SPENT]
        - (add(accounts.SPENT, "held_in") if as_of is None else 0),
        gross_allocated=add(accounts.ALLOCATED, "gross"),
        held=pending if as_of is None else None,
    )


@dataclass
class UnitMoney:
    """What a unit holds of a line or of the whole plan: cumulative stages in 分. `available` = 下达 − 支出."""

    organization_id: int
    name: str
    allocated: int = 0
    disbursed: int = 0
    spent: int = 0

    @property
    def available(self) -> int:
        return self.allocated - self.spent


def units(
    plan: Plan, *, scope: Scope, line: BudgetLine | None = None, as_of: Period | None = None
) -> list[UnitMoney]:
    """The units that hold, or held, money of a line with its sub-lines, by unit code. One query."""
    own = _own(plan, scope, line=line).filter(organization__isnull=False, stage__in=accounts.CHAIN)
    sums: Iterable[tuple[int, str, str, int]]
    if as_of is None:
        keys = ("organization_id", "organization__short_name", "stage")
        sums = own.order_by("organization__code").values_list(*keys).annotate(sum=Sum("balance"))
    else:
        keys = ("account__organization_id", "account__organization__short_name", "account__stage")
        rows = Total.objects.filter(account__in=own, period__starts_on__lte=as_of.starts_on)
        change = Sum(F("inflow") - F("outflow"))
        sums = rows.order_by("account__organization__code").values_list(*keys).annotate(sum=change)
    found: dict[int, UnitMoney] = {}
    for unit_id, name, stage, amount in sums:
        unit = found.setdefault(unit_id, UnitMoney(unit_id, name))
        for reached in accounts.CHAIN[1 : accounts.CHAIN.index(stage) + 1]:
            setattr(unit, reached, getattr(unit, reached) + amount)
    return list(found.values())


def quarters(
    plan: Plan, *, scope: Scope, line: BudgetLine | None = None
) -> list[tuple[Period, dict[str, int]]]:
    """What each quarter in which something was posted changed every cumulative stage by (本季), oldest first.

    The running sum is the figure that `money` gives for the quarter's end. Two queries.
    """
    own = _own(plan, scope, line=line).filter(stage__in=STAGES)
    rows = Total.objects.filter(account__in=own).order_by().values_list("period_id", "account__stage")
    found: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STAGES, 0))
    for period_id, stage, change in rows.annotate(change=Sum(F("inflow") - F("outflow"))):
        reached = accounts.CHAIN[: accounts.CHAIN.index(stage) + 1] if stage in accounts.CHAIN else (stage,)
        for one in reached:
            found[period_id][one] += change
    return [
        (period, found[period.pk]) for period in Period.objects.filter(pk__in=found).order_by("starts_on")
    ]


@dataclass(frozen=True)
class Target:
    """A counted promise: `approved` counts, `held` is waiting; goal and maximum are None where the plan has none."""

    code: str
    name: str
    unit: str
    rule: str
    goal: int | None
    maximum: int | None
    approved: int
    held: int | None
    account_id: int
    is_effort: bool
    counts_people: bool = False


def targets(plan: Plan, *, scope: Scope, as_of: Period | None = None) -> list[Target]:
    """The plan's counting accounts in the order of their tasks. A unit sees its own, without goal and maximum."""
    tasks = {task.target_id: task for task in _counting_tasks(plan.pk)}
    past = {} if as_of is None else dict(_counts_until(plan.pk, scope, as_of.starts_on))
    found = []
    for account in _counting(plan.pk, scope):
        task = tasks.get(account.pk)
        found.append(
            Target(
                code=account.code.rsplit("/", 1)[-1].partition("@")[0],
                name=account.name,
                unit=account.unit,
                rule=task.counting_rule if task else "",
                goal=account.goal if scope.everything else None,
                maximum=account.maximum if scope.everything else None,
                approved=account.balance if as_of is None else past.get(account.pk, 0),
                held=account.held_in if as_of is None else None,
                account_id=account.pk,
                is_effort=bool(task and task.is_effort),
                counts_people=account.counts_people,
            )
        )
    return found


def _targets(plan: int, scope: Scope) -> QuerySet[Account]:
    own = Account.objects.filter(_visible(scope), plan=plan, stage=accounts.TARGET)
    # the units' own counts stand beside the overall one and must not be added to it
    return own.filter(organization=None) if scope.everything else own


@asked_again
def _counting(plan: int, scope: Scope) -> QuerySet[Account]:
    return _targets(plan, scope).order_by("pk")


@asked_again
def _counting_tasks(plan: int) -> QuerySet[Task]:
    return Task.objects.filter(plan=plan, target__isnull=False)


@asked_again
def _counts_until(plan: int, scope: Scope, day: date) -> QuerySet[Total, Any]:
    rows = Total.objects.filter(account__in=_targets(plan, scope), period__starts_on__lte=day)
    return rows.order_by().values_list("account_id").annotate(change=Sum(F("inflow") - F("outflow")))


@dataclass
class UnitCount:
    """What a counting rule gives of one unit: in the quarter (本季), and up to its end (累计)."""

    code: str
    name: str
    quarter: int = 0
    total: int = 0


def counts_by_unit(
    plan: Plan, target: str, *, scope: Scope, as_of: Period
) -> tuple[list[UnitCount], UnitCount | None]:
    """What a counting rule of `plan` gives unit by unit, by unit code, and over all (None for who sees no overall count).

    People stand in their units' own accounts, so that the units' sum may exceed the overall count (DESIGN §1 Total);
    all else is told apart by the unit that each move concerns. Two queries.
    """
    code = f"{plan.code}/{accounts.TARGET}/{target}"
    whole = Q(account__code=code)
    rows = Total.objects.filter(
        whole | Q(account__code__startswith=f"{code}@"), period__starts_on__lte=as_of.starts_on
    )
    change = F("inflow") - F("outflow")
    sums = rows.order_by().values_list(
        "account__code", "account__counts_people", "account__organization_id", "organization_id"
    )
    units: dict[int, UnitCount] = defaultdict(lambda: UnitCount("", ""))
    overall = UnitCount("", "合计")
    for account, of_people, own, concerned, total, quarter in sums.annotate(
        total=Sum(change), quarter=Sum(change, filter=Q(period=as_of), default=0)
    ):
        counts = []
        if account == code:
            counts.append(overall)
        if (account == code) != of_people:
            counts.append(units[own or concerned])
        for count in counts:
            count.total += total
            count.quarter += quarter
    shown = []
    for unit in Organization.objects.filter(pk__in=units).order_by("code"):
        count = units[unit.pk]
        count.code, count.name = unit.code, unit.short_name
        if (count.total or count.quarter) and (scope.everything or unit.pk in scope.organization_ids):
            shown.append(count)
    return shown, overall if scope.everything else None


def own_counts(plan: Plan, stages: str, *, scope: Scope, as_of: Period) -> dict[str, UnitCount]:
    """Stage → what an account that an app keeps for itself (accounts.own_account) holds at the end of a quarter, and
    what of it came in the quarter; of the stages that begin with `stages`. Two queries."""
    own = Account.objects.filter(_visible(scope), plan=plan, stage__startswith=stages)
    found = {
        account.pk: (account.stage, UnitCount(account.organization.code, account.name))
        for account in own.select_related("organization").order_by("stage")
        if account.organization is not None
    }
    change = F("inflow") - F("outflow")
    sums = Total.objects.filter(account__in=list(found), period__starts_on__lte=as_of.starts_on).order_by()
    for pk, total, quarter in sums.values_list("account").annotate(
        total=Sum(change), quarter=Sum(change, filter=Q(period=as_of), default=0)
    ):
        found[pk][1].total, found[pk][1].quarter = total, quarter
    return dict(found.values())


@dataclass(frozen=True)
class Question:
    """An open question with the reading that holds: the latest ruling's, else the default."""

    question: OpenQuestion
    ruling: Ruling | None
    reading: str
    label: str


def questions(plan: Plan, *, scope: Scope) -> list[Question]:
    """Every open question of the plan with its ruling, in order. Open to all who have business here. Two queries."""
    rulings = {ruling.question_id: ruling for ruling in _rulings(plan.pk)}
    found = []
    for question in _open_questions(plan.pk):
        latest = rulings.get(question.pk)
        reading = latest.reading if latest else question.default_reading
        found.append(Question(question, latest, reading, question.label_of(reading)))
    return found


@asked_again
def _rulings(plan: int) -> QuerySet[Ruling]:
    return Ruling.objects.filter(question__plan=plan).order_by("pk")


@asked_again
def _open_questions(plan: int) -> QuerySet[OpenQuestion]:
    return OpenQuestion.objects.filter(plan=plan).select_related("plan").order_by("position")


def reported(period: Period, *, scope: Scope) -> tuple[int, int]:
    """(x, y) of "x/y 单位已报": units that filed or said 本期无 for all they owe in the quarter, of units that owe.

    What was filed and withdrawn or voided is not filed.
    """
    owing = dict[int, bool]()
    for unit, filed, nil in _owed(period.pk, scope):
        owing[unit] = owing.get(unit, True) and (filed or nil is not None)
    return sum(owing.values()), len(owing)


@asked_again
def _owed(period: int, scope: Scope) -> QuerySet[Filing, Any]:
    rows = Filing.objects.unscoped("按范围汇总报送情况").filter(period=period)
    if not scope.everything:
        rows = rows.filter(Q(organization__in=scope.organization_ids) | Q(register__in=scope.registers))
    live = Entry.objects.unscoped("按范围汇总报送情况").exclude(state__in=Entry.GONE)
    rows = rows.annotate(filed=Exists(live.filter(filing=OuterRef("pk"))))
    return rows.values_list("organization_id", "filed", "nil_at")


def movements(
    plan: Plan,
    *,
    scope: Scope,
    user: User,
    stage: str,
    line: BudgetLine | None = None,
    group: LineGroup | None = None,
    unit: Organization | None = None,
    as_of: Period | None = None,
) -> QuerySet[Transfer]:
    """The transfers behind a cumulative stage figure: those that cross into the stage or back out of it.

    Each has `signed`, + what came in and − what went back; they add up to the figure exactly, to the 分: the plan's,
    or that of a line, a group of lines, a unit. Only entries the user may see. Newest first.
    """
    return _crossing(_reaching(plan, scope, stage, line, group, unit), user, as_of)


def counted(account_id: int, *, scope: Scope, user: User, as_of: Period | None = None) -> QuerySet[Transfer]:
    """The transfers behind a target's count, as `movements`; none if the account is outside the scope."""
    inside = Account.objects.filter(_visible(scope), pk=account_id)
    return _crossing(list(inside.values_list("pk", flat=True)), user, as_of)


def waiting(
    plan: Plan,
    *,
    scope: Scope,
    user: User,
    stage: str,
    line: BudgetLine | None = None,
    group: LineGroup | None = None,
    unit: Organization | None = None,
) -> QuerySet[Hold]:
    """The holds of undecided entries that would change a stage figure, as `movements`."""
    return _held_across(_reaching(plan, scope, stage, line, group, unit), user)


def waiting_to_count(account_id: int, *, scope: Scope, user: User) -> QuerySet[Hold]:
    """The holds of undecided entries that would change a target's count, as `counted`."""
    inside = Account.objects.filter(_visible(scope), pk=account_id)
    return _held_across(list(inside.values_list("pk", flat=True)), user)


def taking_part(account_id: int, *, scope: Scope, user: User, state: str) -> QuerySet[Entry]:
    """The entries in `state` whose eligible people the account counts, with `people`, how many of theirs; newest first.

    More than the figure's moves: whoever an earlier entry had reached already moves nothing and stands here all the
    same (DESIGN §1 Participation). What was reversed, corrected or followed by a step is left out. Only entries the user may see.
    """
    inside = Account.objects.filter(_visible(scope), pk=account_id)
    named = Participation.objects.filter(
        account__in=inside, eligible=True, entry=OuterRef("pk"), version=OuterRef("version")
    )
    people = named.order_by().values("entry").annotate(n=Count("pk")).values("n")
    rows = Entry.objects.for_user(user).filter(state=state)
    if state == Entry.State.APPROVED:
        rows = rows.filter(subject__in_force=F("pk"))
    return (
        rows.annotate(people=Subquery(people))
        .filter(people__gt=0)
        .select_related("filed_for")
        .order_by("-pk")
    )


def entries_naming(person_ids: Iterable[int], *, user: User) -> QuerySet[Entry]:
    """The entries, as they stand, that name one of these people; the latest first. Only entries the user may see."""
    named = Participation.objects.filter(
        person__in=list(person_ids), entry=OuterRef("pk"), version=OuterRef("version")
    )
    rows = Entry.objects.for_user(user).filter(Exists(named)).exclude(kind=Entry.Kind.REVERSAL)
    return rows.select_related("subject", "filed_for").order_by("-occurred_on", "-pk")


@dataclass
class TookPart:
    """By which counting rules an entry counts the people asked about, and by which it does not; for whom."""

    units: list[str] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    not_by: list[str] = field(default_factory=list)


def took_part(entries: Iterable[Entry], person_ids: Iterable[int]) -> dict[int, TookPart]:
    """Entry → what its version says of these people. The entries come from `entries_naming`. One query."""
    rows = Participation.objects.filter(
        entry__in=[entry.pk for entry in entries],
        version=F("entry__version"),
        person__in=list(person_ids),
        account__stage=accounts.TARGET,
        account__organization=None,  # the units' own counts and the published 其中 say the same again
    ).order_by("account_id", "pk")
    found: dict[int, TookPart] = defaultdict(TookPart)
    columns = ("entry_id", "account__name", "organization__short_name", "eligible")
    for entry_id, rule, unit, eligible in rows.values_list(*columns):
        part = found[entry_id]
        for text, texts in ((unit, part.units), (rule, part.by if eligible else part.not_by)):
            if text not in texts:
                texts.append(text)
    return found


def _own(
    plan: Plan,
    scope: Scope,
    *,
    line: BudgetLine | None = None,
    group: LineGroup | None = None,
    unit: Organization | None = None,
) -> QuerySet[Account]:
    """The plan's accounts within the scope: of a line with its sub-lines, of a group's lines, of a unit."""
    found = Account.objects.filter(_visible(scope), plan=plan)
    if line is not None:
        found = found.filter(Q(line=line) | Q(line__parent=line))
    if group is not None:
        lines = group.lines.values("pk")
        found = found.filter(Q(line__in=lines) | Q(line__parent__in=lines))
    return found if unit is None else found.filter(organization=unit)


def _reaching(
    plan: Plan,
    scope: Scope,
    stage: str,
    line: BudgetLine | None,
    group: LineGroup | None,
    unit: Organization | None,
) -> list[int]:
    """The accounts of a stage and of all later ones."""
    chain = accounts.CHAIN[accounts.CHAIN.index(stage) :] if stage in accounts.CHAIN else (stage,)
    inside = _own(plan, scope, line=line, group=group, unit=unit).filter(stage__in=chain)
    return list(inside.values_list("pk", flat=True))


def _crossing(inside: list[int], user: User, as_of: Period | None) -> QuerySet[Transfer]:
    into = Q(target__in=inside) & ~Q(source__in=inside)
    out = Q(source__in=inside) & ~Q(target__in=inside)
    rows = Transfer.objects.filter(into | out, entry__in=Entry.objects.for_user(user))
    if as_of is not None:
        rows = rows.filter(period__starts_on__lte=as_of.starts_on)
    return (
        rows.annotate(signed=Case(When(into, then=F("amount")), default=-F("amount")))
        .select_related("entry__filed_for", "period", "organization")
        .order_by("-posted_at", "-pk")
    )


def _held_across(inside: list[int], user: User) -> QuerySet[Hold]:
    into = Q(target__in=inside) & ~Q(source__in=inside)
    out = Q(source__in=inside) & ~Q(target__in=inside)
    return (
        Hold.objects.filter(into | out, entry__in=Entry.objects.for_user(user))
        .annotate(signed=Case(When(into, then=F("amount")), default=-F("amount")))
        .select_related("entry__filed_for", "organization")
        .order_by("-pk")
    )


def rows_in_force(model: Any, *, scope: Scope) -> QuerySet[Any]:
    """The rows of a register that stand approved, one a subject, as far as the scope may see them.

    Asked of each row of the register: a list of all entries that stand would be as long as the books.
    """
    standing = Entry.objects.for_scope(scope, few=True).filter(
        pk=OuterRef("entry_id"),
        version=OuterRef("version"),
        state=Entry.State.APPROVED,
        subject__in_force=OuterRef("entry_id"),
    )
    # all in the one question: of a join with the entries SQLite may look through these first
    found: QuerySet[Any] = model.objects.filter(Exists(standing.exclude(kind=Entry.Kind.REVERSAL).order_by()))
    return found


@asked_again
def plans_counting(target: str) -> QuerySet[Plan]:
    """The plans that have the counting rule. One query."""
    rows = Account.objects.filter(
        stage=accounts.TARGET, organization=None, code__endswith=f"/{accounts.TARGET}/{target}"
    )
    return Plan.objects.filter(pk__in=rows.values("plan")).order_by("year")


def is_demonstration() -> bool:
    """Whether the books hold the demonstration, which every page must say."""
    return Plan.objects.filter(is_demo=True).exists()
