"""What the first screen and the page of a line show: every number read through ledger.figures, formatted once.

Amounts are shown in 万元, exact to the 分; the address beside an amount leads to the entries behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from dashboard import lights
from dashboard.addresses import address
from dashboard.alerts import ON_FIRST_SCREEN, Alerts, alerts_for
from dashboard.as_of import AsOf, reported_quarter
from dashboard.flags import Flag, Sources, flag_of, flags_by_code, readings_in_force, sources_of
from dashboard.lights import Light
from dashboard.standings import Standing, standings
from directory.models import User
from ledger import figures
from ledger.accounts import ALLOCATED, ARRANGED, CLAIMED, DISBURSED, RECEIVED, SPENT
from ledger.figures import STAGE_NAMES, LineMoney
from ledger.models import BudgetLine, Filing, LineAlias, LineGroup, Period, Plan, SourceLabel
from ledger.money import FEN_PER_WAN, percent, wan
from ledger.registers import Figure, OpenTask, all_registers
from ledger.scope import Scope, scope_of
from ledger.sql import asked_again

# The register whose overseer (财政局) answers for the money and so sees all of it, not only its own accounts.
MONEY_REGISTER = "fund_flow"

TOTAL = "total"
TABLE_STAGES = (ARRANGED, ALLOCATED, DISBURSED, SPENT)
ALL_STAGES = (ARRANGED, RECEIVED, ALLOCATED, DISBURSED, SPENT)
UNIT_STAGES = (ALLOCATED, DISBURSED, SPENT)


def scope_for(user: User) -> Scope:
    """What of the plan's money `user` sees; of its counts they see what scope_of says, as of the entries behind."""
    return scope_of(user).for_register(MONEY_REGISTER)


# --- one amount, one bar ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Amount:
    """A figure as shown: `text` in 万元 or "—"; `pending` is the figure with undecided entries, "" if none wait."""

    stage: str
    label: str
    text: str
    url: str
    pending: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar with the pace line; widths in hundredths, clamped (the number beside it is not)."""

    done: str
    pace: str
    says: str


def bar(part: int, whole: int | None, months: int | None, label: str) -> Bar | None:
    """The bar of part/whole; None without a denominator: no bar where there is no percentage."""
    if not whole:
        return None
    width = min(Fraction(max(part, 0) * 100, whole), Fraction(100))
    pace = f"{months * 100 / 12:.2f}" if months is not None else ""
    says = f"{label} {percent(part, whole)}" + (f"，序时 {percent(months, 12)}" if months else "")
    return Bar(f"{float(width):.2f}", pace, says)


def behind_url(plan: Plan, what: str, stage: str, as_of: AsOf, **further: str) -> str:
    """The address of the entries behind a money figure; `what` is total, a line's code or a group's."""
    query = {"as_of": as_of.period.code} if as_of.period else {}
    query |= further
    page = address("dashboard:behind", plan.code, what, stage)
    return f"{page}?{urlencode(query)}" if query else page


def opened_by(user: User) -> frozenset[str]:
    """The stages whose figures open down to their entries for `user`: 荣成 sees what it sent, and of the rest the
    figures alone."""
    return frozenset([RECEIVED]) if scope_of(user).partner else frozenset(STAGE_NAMES)


def amounts_of(
    money: LineMoney, what: str, plan: Plan, as_of: AsOf, stages: Iterable[str], opens: Container[str]
) -> list[Amount]:
    """The figures of a line, group or plan, one a stage; those in `opens` lead to their entries."""
    shown = []
    for stage in stages:
        value: int | None = getattr(money, stage)
        waits = (money.held or {}).get(stage, 0)
        shown.append(
            Amount(
                stage=stage,
                label=STAGE_NAMES[stage],
                text="—" if value is None else wan(value),
                url="" if value is None or stage not in opens else behind_url(plan, what, stage, as_of),
                pending=wan((value or 0) + waits) if waits and stage in opens else "",
            )
        )
    return shown


# --- rows of money ----------------------------------------------------------------------------------------------


@dataclass
class MoneyRow:
    """A line, a sub-line, a group or the whole plan as a row of a table or a block of figures."""

    code: str
    name: str
    url: str
    amounts: list[Amount]
    available: str
    spent_rate: str
    disbursed_rate: str
    light: Light
    bar: Bar | None
    flags: list[Flag]
    source: str = ""
    place: str = ""
    standing: Standing | None = None
    sublines: list[MoneyRow] = field(default_factory=list)


@dataclass(frozen=True)
class Judging:
    """What a light is judged by, and which figures the reader may open."""

    months: int | None  # whole months of the plan's year gone by; None: not compared (C9)
    limits: Mapping[str, Decimal]
    opens: Container[str]

    @property
    def pace(self) -> str:
        """序时 as "50.00%", "" where none is drawn."""
        if self.months is None:
            return ""
        return percent(self.months, 12) if self.months else "0.00%"


def row_of(
    money: LineMoney,
    *,
    plan: Plan,
    as_of: AsOf,
    judging: Judging,
    flags: list[Flag],
    stages: Iterable[str],
    source: str = "",
) -> MoneyRow:
    """A row of a line or of the total, formatted."""
    line = money.line
    return MoneyRow(
        code=money.code,
        name=money.name,
        url=address("dashboard:line", money.code) + as_of.query if line else "",
        amounts=amounts_of(money, money.code, plan, as_of, stages, judging.opens),
        available=wan(money.available),
        spent_rate=percent(money.spent, money.gross_allocated),
        disbursed_rate=percent(money.disbursed, money.gross_allocated),
        light=lights.judge(money.spent, money.gross_allocated, judging.months, judging.limits),
        bar=bar(money.spent, money.gross_allocated, judging.months, "支出率"),
        flags=flags,
        source=source,
        place=line.place if line else "",
    )


def sum_of(code: str, name: str, parts: Sequence[LineMoney]) -> LineMoney:
    """Several lines as one, for a group; an amount none of them has stays None."""
    total = LineMoney(code, name)
    for each in fields(LineMoney):
        if each.name not in ("code", "name", "line", "held"):
            values = [getattr(part, each.name) for part in parts]
            known = [value for value in values if value is not None]
            setattr(total, each.name, sum(known) if known or each.name not in (ARRANGED, RECEIVED) else None)
    if parts and all(part.held is not None for part in parts):
        total.held = {
            stage: sum((part.held or {}).get(stage, 0) for part in parts) for stage in parts[0].held or {}
        }
    return total


@dataclass(frozen=True)
class Reading:
    """One reading of a disputed source: its label and what each source then carries."""

    label: str
    sums: str
    in_force: bool


@dataclass(frozen=True)
class GroupView:
    """Lines the plan's text sums up, as a view: it holds no money of its own (DESIGN §1)."""

    row: MoneyRow
    lines: list[MoneyRow]
    question: Flag
    readings: list[Reading]


def _readings(sources: Sources, money: figures.Money) -> list[Reading]:
    if sources.question is None:
        return []
    found = []
    for number, reading in enumerate(sources.question.question.readings):
        sums: dict[str, int] = {}
        for line in money.lines:
            if line.line is None or line.arranged is None:
                continue
            labels = sources.every.get(line.line.pk, [])
            if number < len(labels):
                source = labels[number][1].partition("（")[0]  # a remark on a source makes no other source
                sums[source] = sums.get(source, 0) + line.arranged
        said = "；".join(f"{source} {wan(amount)} 万元" for source, amount in sums.items())
        found.append(Reading(str(reading["label"]), said, str(reading["code"]) == sources.question.reading))
    return found


# --- targets ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """What one counting rule gives."""

    name: str
    text: str
    unit: str
    url: str
    pending: str
    in_force: bool = True


@dataclass(frozen=True)
class TargetCard:
    """A promise with a number: the count under the reading in force, the number, and the other readings."""

    name: str
    count: Count
    goal: str
    limit: str
    rate: str
    bar: Bar | None
    is_effort: bool
    rule: str
    flags: list[Flag]
    others: list[Count]


@dataclass(frozen=True)
class CountRow:
    """A promise without a number in the plan: counted, no percentage (C10)."""

    count: Count
    flags: list[Flag]


def target_views(
    targets: Sequence[figures.Target],
    questions: Sequence[figures.Question],
    plan: Plan,
    as_of: AsOf,
    months: int | None,
) -> tuple[list[TargetCard], list[CountRow]]:
    """Targets with a goal as cards, the others as rows.

    Where a ruling chose another counting rule (C5: trained people instead of the union), the card counts by it; the
    goal stays the plan's.
    """
    by_code = {target.code: target for target in targets}
    flags = flags_by_code(questions)
    counts = {target.code: _count(target, plan, as_of) for target in targets}
    cards, rows = [], []
    for target in targets:
        if target.goal is None and target.maximum is None:
            rows.append(CountRow(counts[target.code], flags.get(target.code, [])))
            continue
        read_as, readings = target, []
        for question in questions:
            codes = [str(r["code"]) for r in question.question.readings]
            if target.code in codes:
                read_as = by_code.get(question.reading, target)
                readings = [counts[code] for code in codes if code in counts and code != read_as.code]
        goal = target.goal if target.goal is not None else target.maximum
        cards.append(
            TargetCard(
                name=target.name,
                count=counts[read_as.code],
                goal=f"{goal:,}",
                limit="" if target.maximum is None else f"上限 {target.maximum:,} {target.unit}",
                rate=percent(read_as.approved, goal),
                bar=bar(read_as.approved, goal, months, "完成率"),
                is_effort=target.is_effort,
                rule=target.rule if read_as is target else read_as.rule or f"按裁定计：{read_as.name}",
                flags=flags.get(target.code, []),
                others=readings,
            )
        )
    return cards, rows


@dataclass(frozen=True)
class OfferedCard:
    """A card that a register offers (ledger/registers.py Card): its counts open down to the entries."""

    heading: str
    counts: list[Count]
    note: str


def offered_cards(targets: Sequence[figures.Target], plan: Plan, as_of: AsOf) -> list[OfferedCard]:
    """The cards of every register that offers some, in the registers' order."""
    by_code = {target.code: target for target in targets}
    return [
        OfferedCard(card.heading, [_figure(one, plan, as_of) for one in card.figures], card.note)
        for register in all_registers().values()
        if register.cards
        for card in register.cards(by_code)
    ]


def _figure(figure: Figure, plan: Plan, as_of: AsOf) -> Count:
    url = ""
    if figure.target:
        url = address("dashboard:counted", plan.code, figure.target) + as_of.query
    return Count(
        name=figure.label,
        text=f"{figure.approved:,}",
        unit=figure.unit,
        url=url,
        pending=f"{figure.approved + figure.held:,}" if figure.held else "",
    )


def _count(target: figures.Target, plan: Plan, as_of: AsOf) -> Count:
    return Count(
        name=target.name,
        text=f"{target.approved:,}",
        unit=target.unit,
        url=address("dashboard:counted", plan.code, target.code) + as_of.query,
        pending=f"{target.approved + target.held:,}" if target.held else "",
    )


# --- the first screen -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One option of a picker."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True)
class Reported:
    """ "x/y 单位已报" of a quarter."""

    text: str
    label: str
    url: str


@dataclass(frozen=True)
class Decided:
    """What the last meeting decided and is not done yet; `older` counts what earlier ones left open."""

    source: str
    tasks: list[OpenTask]
    older: int
    today: date


def decided(user: User, today: date) -> Decided | None:
    """The open decisions of the last meeting that left some, the earliest due first; None without any."""
    every = [task for one in all_registers().values() if one.open_tasks for task in one.open_tasks(user)]
    if not every:
        return None
    last = max((task.arose_on, task.source) for task in every)
    tasks = sorted((t for t in every if (t.arose_on, t.source) == last), key=lambda t: t.due_on)
    return Decided(last[1], tasks, len(every) - len(tasks), today)


@dataclass
class Home:
    """The first screen (DESIGN §8)."""

    plan: Plan
    as_of: AsOf
    choices: list[Choice]
    plans: list[Choice]
    sees_all: bool  # of the money
    counts_all: bool
    unit: str
    is_partner: bool
    reported: Reported | None
    total: MoneyRow
    received_rate: str
    judging: Judging
    pace_flags: list[Flag]
    rows: list[MoneyRow]
    columns: list[str]
    groups: list[GroupView]
    cards: list[TargetCard]
    counts: list[CountRow]
    offered: list[OfferedCard]
    alerts: Alerts
    decided: Decided | None
    chart: dict[str, Any]


def home(
    *,
    user: User,
    plan: Plan,
    plans: Sequence[Plan],
    periods: Sequence[Period],
    as_of: AsOf,
    alerts: int = ON_FIRST_SCREEN,
) -> Home:
    """Everything the first screen shows to `user`, with at most `alerts` alerts of a kind.

    The number of queries does not depend on the number of rows.
    """
    scope = scope_for(user)
    money = figures.money(plan, scope=scope, as_of=as_of.period)
    questions = figures.questions(plan, scope=scope)
    flags = {} if scope.partner else flags_by_code(questions)
    judging = _judging(user, plan, as_of, questions)
    sources = sources_of(_labels(plan.pk), questions)
    stages = TABLE_STAGES if scope.everything else UNIT_STAGES

    def as_row(one: LineMoney) -> MoneyRow:
        source = sources.in_force.get(one.line.pk, "") if one.line else ""
        return row_of(
            one,
            plan=plan,
            as_of=as_of,
            judging=judging,
            flags=flags.get(one.code, []),
            stages=stages,
            source=source,
        )

    rows = []
    for line in money.lines:
        row = as_row(line)
        row.sublines = [as_row(below) for below in money.sublines.get(line.code, [])]
        rows.append(row)
    _stand(rows, standings(user, plan, as_of))
    groups = []
    if not scope.partner:
        groups = _groups(plan, money, rows, as_of, judging, questions, sources, stages, scope)
    total = row_of(
        money.total,
        plan=plan,
        as_of=as_of,
        judging=judging,
        flags=[group.question for group in groups],
        stages=ALL_STAGES if scope.everything else UNIT_STAGES,
    )
    counted = scope_of(user)
    targets = figures.targets(plan, scope=counted, as_of=as_of.period)
    cards, counts = target_views(targets, [] if counted.partner else questions, plan, as_of, judging.months)
    quarter = reported_quarter(owed_quarters(user, periods), as_of)
    return Home(
        plan=plan,
        as_of=as_of,
        choices=as_of_choices(periods, as_of),
        plans=[Choice(one.code, one.title, one.pk == plan.pk) for one in plans],
        sees_all=scope.everything,
        counts_all=counted.everything,
        unit="" if scope.everything else str(user.organization or ""),
        is_partner=scope.partner,
        reported=_reported(quarter, counted, as_of) if quarter and not counted.partner else None,
        total=total,
        received_rate=percent(money.total.received or 0, money.total.arranged),
        judging=judging,
        pace_flags=flags.get(plan.code, []),
        rows=rows,
        columns=[STAGE_NAMES[stage] for stage in stages],
        groups=groups,
        cards=cards,
        counts=counts,
        offered=offered_cards(targets, plan, as_of),
        alerts=alerts_for(user=user, rows=[total, *rows], as_of=as_of, limits=judging.limits, each=alerts),
        decided=None if as_of.period else decided(user, as_of.today),
        chart=chart_of(money.lines, rows, stages),
    )


@asked_again
def _labels(plan: int) -> QuerySet[SourceLabel]:
    return SourceLabel.objects.filter(line__plan=plan).order_by("line_id", "pk")


def _stand(rows: Iterable[MoneyRow], found: Mapping[str, Standing]) -> None:
    """Tell rows and the rows below them how their lines stand."""
    for row in rows:
        row.standing = found.get(row.code)
        _stand(row.sublines, found)


def _judging(user: User, plan: Plan, as_of: AsOf, questions: Sequence[figures.Question]) -> Judging:
    question, reading = lights.NO_PACE
    compared = readings_in_force(questions).get(question) != reading
    months = lights.months_of(plan.year, as_of.pace_day) if compared else None
    return Judging(months, lights.thresholds(), opened_by(user))


def _groups(
    plan: Plan,
    money: figures.Money,
    rows: Sequence[MoneyRow],
    as_of: AsOf,
    judging: Judging,
    questions: Sequence[figures.Question],
    sources: Sources,
    stages: Iterable[str],
    scope: Scope,
) -> list[GroupView]:
    found = []
    by_line = {line.line.pk: (line, row) for line, row in zip(money.lines, rows, strict=True) if line.line}
    asked = {question.question.pk: question for question in questions}
    lines_in = defaultdict(list)
    for group_id, line_id in _lines_in_groups(plan.pk):
        lines_in[group_id].append(line_id)
    for group in _line_groups(plan.pk):
        inside = [by_line[pk] for pk in lines_in[group.pk] if pk in by_line]
        if not inside:
            continue
        flag = flag_of(asked[group.question_id])
        row = row_of(
            sum_of(group.code, group.name, [line for line, _ in inside]),
            plan=plan,
            as_of=as_of,
            judging=judging,
            flags=[flag],
            stages=stages,
        )
        readings = _readings(sources, money) if scope.everything else []
        found.append(GroupView(row, [one for _, one in inside], flag, readings))
    return found


@asked_again
def _line_groups(plan: int) -> QuerySet[LineGroup]:
    return LineGroup.objects.filter(plan=plan).order_by("pk")


@asked_again
def _lines_in_groups(plan: int) -> QuerySet[Any, Any]:
    rows = LineGroup.lines.through.objects.filter(linegroup__plan=plan).order_by("pk")
    return rows.values_list("linegroup_id", "budgetline_id")


def owed_quarters(user: User, periods: Sequence[Period]) -> list[Period]:
    """The quarters for which somebody whom `user` sees owes a filing."""
    owed = set(_owed(scope_of(user)))
    return [period for period in periods if period.pk in owed]


@asked_again
def _owed(scope: Scope) -> QuerySet[Filing, int]:
    return Filing.objects.for_scope(scope).order_by().values_list("period_id", flat=True).distinct()


def _reported(period: Period, scope: Scope, as_of: AsOf) -> Reported:
    filed, owing = figures.reported(period, scope=scope)
    return Reported(
        text=f"{filed}/{owing} 单位已报" if owing else "无应报单位",
        label=period.label,
        url=address("dashboard:filings") + "?" + urlencode({"period": period.code}),
    )


def as_of_choices(periods: Sequence[Period], as_of: AsOf) -> list[Choice]:
    """ "此刻" and every quarter that has begun, the latest first; the chosen one always among them."""
    chosen = as_of.period.code if as_of.period else ""
    begun = [p for p in periods if p.starts_on <= as_of.today or p.code == chosen]
    quarters = [Choice(p.code, f"{p.label}末（{p.as_of:%Y-%m-%d}）", p.code == chosen) for p in begun[::-1]]
    return [Choice("", "此刻", not chosen), *quarters]


def chart_of(lines: Sequence[LineMoney], rows: Sequence[MoneyRow], stages: Iterable[str]) -> dict[str, Any]:
    """Names, and per stage the 万元 to draw, the text to say and the address to open; the table is the truth."""
    series = []
    for number, stage in enumerate(stages):
        points = []
        for line, row in zip(lines, rows, strict=True):
            fen: int = getattr(line, stage) or 0
            points.append(
                {
                    "value": fen / FEN_PER_WAN,  # a length on the screen, never shown as a number
                    "text": row.amounts[number].text,
                    "url": row.amounts[number].url,
                }
            )
        series.append({"stage": stage, "name": STAGE_NAMES[stage], "points": points})
    return {"names": [line.name for line in lines], "unit": "万元", "series": series}


# --- one line ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnitRow:
    name: str
    amounts: list[Amount]
    available: str


@dataclass(frozen=True)
class QuarterRow:
    """A quarter of a line: what was posted in it (本季) and what had come together at its end (累计)."""

    label: str
    state: str
    amounts: list[tuple[Amount, Amount]]


@dataclass
class LinePage:
    """The page of a line: its money by stage, unit and quarter, its names, its source under every reading."""

    line: BudgetLine
    as_of: AsOf
    choices: list[Choice]
    row: MoneyRow | None  # None: the user's unit holds nothing of it
    sees_all: bool
    is_partner: bool
    stages: list[str]
    units: list[UnitRow]
    quarters: list[QuarterRow]
    aliases: list[str]
    sources: list[tuple[str, str, bool]]
    flags: list[Flag]
    groups: list[str]
    judging: Judging
    standing: Standing | None  # None: no register says how it stands, or the user may not see it


def line_page(*, user: User, line: BudgetLine, periods: Sequence[Period], as_of: AsOf) -> LinePage:
    """Everything the page of `line` shows to `user`; `line` comes with its plan and parent."""
    scope, plan = scope_for(user), line.plan
    money = figures.money(plan, scope=scope, as_of=as_of.period)
    questions = figures.questions(plan, scope=scope)
    flags = {} if scope.partner else flags_by_code(questions)
    top = line.parent or line
    judging = _judging(user, plan, as_of, questions)
    sources = sources_of(SourceLabel.objects.filter(line=top), questions)
    stages = (*TABLE_STAGES, CLAIMED) if scope.everything else (*UNIT_STAGES, CLAIMED)

    def as_row(one: LineMoney) -> MoneyRow:
        return row_of(
            one, plan=plan, as_of=as_of, judging=judging, flags=flags.get(one.code, []), stages=stages
        )

    every = [*money.lines, *(below for each in money.sublines.values() for below in each)]
    found = next((one for one in every if one.code == line.code), None)
    row = as_row(found) if found else None
    if row:
        row.sublines = [as_row(below) for below in money.sublines.get(line.code, [])]
    found_standings = standings(user, plan, as_of)
    _stand([row] if row else [], found_standings)
    unit_rows = [
        UnitRow(
            name=unit.name,
            amounts=[
                Amount(
                    stage,
                    STAGE_NAMES[stage],
                    wan(getattr(unit, stage)),
                    behind_url(plan, line.code, stage, as_of, unit=str(unit.organization_id)),
                )
                for stage in UNIT_STAGES
            ],
            available=wan(unit.available),
        )
        for unit in figures.units(plan, scope=scope, line=line, as_of=as_of.period)
        if not scope.partner
    ]
    return LinePage(
        line=line,
        as_of=as_of,
        choices=as_of_choices(periods, as_of),
        row=row,
        sees_all=scope.everything,
        is_partner=scope.partner,
        stages=[STAGE_NAMES[stage] for stage in stages],
        units=unit_rows,
        quarters=[] if scope.partner else _quarter_rows(plan, line, scope, as_of, stages),
        aliases=list(LineAlias.objects.filter(line=line).order_by("pk").values_list("name", flat=True)),
        sources=[] if scope.partner else sources.every.get(top.pk, []),
        flags=flags.get(line.code, []) or flags.get(top.code, []),
        groups=list(LineGroup.objects.filter(lines=top).order_by("pk").values_list("name", flat=True)),
        judging=judging,
        standing=found_standings.get(line.code),
    )


def _quarter_rows(
    plan: Plan, line: BudgetLine, scope: Scope, as_of: AsOf, stages: Iterable[str]
) -> list[QuarterRow]:
    sums = dict.fromkeys(stages, 0)
    rows = []
    for period, changes in figures.quarters(plan, scope=scope, line=line):
        if as_of.period is not None and period.starts_on > as_of.period.starts_on:
            break
        pairs = []
        end = AsOf(period, period.as_of, as_of.today)
        for stage in sums:
            sums[stage] += changes[stage]
            pairs.append(
                (
                    Amount(
                        stage,
                        STAGE_NAMES[stage],
                        wan(changes[stage]),
                        behind_url(
                            plan, line.code, stage, AsOf(None, as_of.day, as_of.today), quarter=period.code
                        ),
                    ),
                    Amount(
                        stage, STAGE_NAMES[stage], wan(sums[stage]), behind_url(plan, line.code, stage, end)
                    ),
                )
            )
        rows.append(QuarterRow(period.label, "已关账" if period.is_closed else "未关账", pairs))
    return rows
