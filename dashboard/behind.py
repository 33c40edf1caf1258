"""What stands behind a figure: the entries whose moves add up to it, and apart from them those still undecided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, Sum
from django.urls import reverse

from dashboard.as_of import AsOf
from dashboard.figures import TOTAL, Choice, as_of_choices, opened_by, scope_for, sum_of
from dashboard.flags import Flag, flag_of, flags_by_code
from directory.models import Organization, User
from ledger import figures
from ledger.accounts import ARRANGED, RECEIVED
from ledger.figures import STAGE_NAMES, LineMoney
from ledger.models import BudgetLine, Entry, Hold, LineGroup, Period, Plan, Transfer
from ledger.money import wan, yuan
from ledger.registers import all_registers
from ledger.scope import Scope, scope_of

PER_PAGE = 50
HELD_SHOWN = 50


class NoSuchFigure(LookupError):
    """There is no figure of that name, or none that the user may see; the page answers 404 for both."""


@dataclass(frozen=True)
class Where:
    """What a money figure is about: the whole plan, a line with its sub-lines, or a group; and perhaps one unit."""

    plan: Plan
    stage: str
    name: str
    line: BudgetLine | None = None
    group: LineGroup | None = None
    unit: Organization | None = None


def find(plan: Plan, what: str, stage: str, unit: str) -> Where:
    """The figure which an address names. Raises NoSuchFigure."""
    if stage not in STAGE_NAMES:
        raise NoSuchFigure(stage)
    organization = None
    if unit:
        organization = Organization.objects.filter(pk=int(unit)).first() if unit.isdecimal() else None
        if organization is None:
            raise NoSuchFigure(unit)
    if what == TOTAL:
        return Where(plan, stage, "协作资金合计", unit=organization)
    line = BudgetLine.objects.select_related("parent").filter(plan=plan, code=what).first()
    if line is not None:
        return Where(plan, stage, line.name, line=line, unit=organization)
    group = LineGroup.objects.filter(plan=plan, code=what).prefetch_related("lines").first()
    if group is None:
        raise NoSuchFigure(what)
    return Where(plan, stage, f"{group.name}（合计视图）", group=group, unit=organization)


@dataclass(frozen=True)
class MoveRow:
    """One move behind a figure: + what came in, − what went back."""

    entry_url: str
    number: int
    summary: str
    remark: str
    kind: str
    unit: str
    filed_for: str
    occurred_on: str
    period: str
    amount: str


@dataclass(frozen=True)
class PartRow:
    """An entry with people of a 人 figure, whether or not it was the first to reach them."""

    entry_url: str
    number: int
    summary: str
    filed_for: str
    occurred_on: str
    people: str


@dataclass
class BehindPage:
    """A figure with the moves that make it. `figure` is what the screen says, `listed` what the moves add up to."""

    plan: Plan
    title: str
    subtitle: str
    unit: str  # of measure
    figure: str
    listed: str
    column: str  # the heading of the amounts listed: money is listed in 元, as vouchers state it
    agrees: bool
    count: int
    rows: list[MoveRow]
    page: Page[Transfer]
    held: list[MoveRow]
    held_count: int
    held_sum: str
    as_of: AsOf
    choices: list[Choice]
    quarter: Period | None
    quarters: list[Choice]
    flags: list[Flag]
    keep: list[tuple[str, str]]  # what the filter form carries along
    back_url: str
    back_label: str
    part: list[PartRow] = field(default_factory=list)  # entries with people who were reached before
    part_count: int = 0
    held_part: list[PartRow] = field(default_factory=list)
    held_part_count: int = 0
    held_people: int = 0


def money_page(
    *, user: User, where: Where, periods: Sequence[Period], as_of: AsOf, quarter: Period | None, number: str
) -> BehindPage:
    """The moves behind a money figure, up to `as_of` or of one `quarter` alone. Raises NoSuchFigure.

    A unit has no 安排 and 到位 of its own, so for it those figures do not exist.
    """
    scope = scope_for(user)
    if not scope.everything and where.stage in (ARRANGED, RECEIVED):
        raise NoSuchFigure(where.stage)
    if where.stage not in opened_by(user):
        raise NoSuchFigure(where.stage)
    plan, stage = where.plan, where.stage
    moves = figures.movements(
        plan,
        scope=scope,
        user=user,
        stage=stage,
        line=where.line,
        group=where.group,
        unit=where.unit,
        as_of=as_of.period,
    )
    waiting: QuerySet[Hold] | None = None
    if as_of.period is None and quarter is None:
        waiting = figures.waiting(
            plan, scope=scope, user=user, stage=stage, line=where.line, group=where.group, unit=where.unit
        )
    questions = figures.questions(plan, scope=scope)
    if where.line is not None:
        asked = flags_by_code(questions).get(where.line.code, [])
    else:  # the plan's total is in doubt where one of its groups is
        groups = [where.group] if where.group else LineGroup.objects.filter(plan=plan).order_by("pk")
        doubted = {group.question_id for group in groups}
        asked = [flag_of(q) for q in questions if q.question.pk in doubted]
    titled = f"{where.name} · {STAGE_NAMES[stage]}" + (f" · {where.unit}" if where.unit else "")
    line = where.line
    return _page(
        plan=plan,
        title=titled,
        measure="万元",
        fen=True,
        expected=None if quarter else _figure(where, scope, as_of),
        moves=moves,
        waiting=waiting,
        periods=periods,
        as_of=as_of,
        quarter=quarter,
        number=number,
        flags=[] if scope.partner else asked,
        keep=[("unit", str(where.unit.pk))] if where.unit else [],
        back=(reverse("dashboard:line", args=[line.code]) + as_of.query, line.name) if line else None,
    )


def _figure(where: Where, scope: Scope, as_of: AsOf) -> int:
    """The figure as the other pages show it, from the kept balances: the list must add up to it."""
    plan, stage = where.plan, where.stage
    if where.unit is not None:
        units = figures.units(plan, scope=scope, line=where.line, as_of=as_of.period)
        mine = [unit for unit in units if unit.organization_id == where.unit.pk]
        if not mine or where.group is not None or not hasattr(mine[0], stage):
            raise NoSuchFigure(stage)
        value: int = getattr(mine[0], stage)
        return value
    money = figures.money(plan, scope=scope, as_of=as_of.period)
    every = [*money.lines, *(below for each in money.sublines.values() for below in each)]
    if where.line is not None:
        found: LineMoney | None = next((one for one in every if one.code == where.line.code), None)
    elif where.group is not None:
        inside = {line.pk for line in where.group.lines.all()}
        found = sum_of(
            where.group.code, where.group.name, [m for m in every if m.line and m.line.pk in inside]
        )
    else:
        found = money.total
    return (getattr(found, stage) or 0) if found else 0


def count_page(
    *,
    user: User,
    plan: Plan,
    code: str,
    periods: Sequence[Period],
    as_of: AsOf,
    quarter: Period | None,
    number: str,
) -> BehindPage:
    """The moves behind a target's count. Raises NoSuchFigure."""
    scope = scope_of(user)
    targets = figures.targets(plan, scope=scope, as_of=as_of.period)
    target = next((one for one in targets if one.code == code), None)
    if target is None:
        raise NoSuchFigure(code)
    waiting = None
    if as_of.period is None and quarter is None:
        waiting = figures.waiting_to_count(target.account_id, scope=scope, user=user)
    made = _page(
        plan=plan,
        title=target.name,
        measure=target.unit,
        fen=False,
        expected=None if quarter else target.approved,
        moves=figures.counted(target.account_id, scope=scope, user=user, as_of=as_of.period),
        waiting=waiting,
        periods=periods,
        as_of=as_of,
        quarter=quarter,
        number=number,
        flags=[] if scope.partner else flags_by_code(figures.questions(plan, scope=scope)).get(code, []),
        keep=[],
        back=None,
        subtitle=target.rule,
    )
    if target.counts_people and as_of.period is None and quarter is None:
        standing = figures.taking_part(target.account_id, scope=scope, user=user, state=Entry.State.APPROVED)
        made.part, made.part_count = _part_rows(standing), standing.count()
        undecided = figures.taking_part(
            target.account_id, scope=scope, user=user, state=Entry.State.SUBMITTED
        )
        made.held_part, made.held_part_count = _part_rows(undecided), undecided.count()
        made.held_people = target.held or 0
    return made


def _part_rows(entries: QuerySet[Entry]) -> list[PartRow]:
    return [
        PartRow(
            entry_url=reverse("desk:entry", args=[entry.pk]),
            number=entry.pk,
            summary=entry.summary,
            filed_for=str(entry.filed_for),
            occurred_on=f"{entry.occurred_on:%Y-%m-%d}",
            people=_plain(entry.people),  # type: ignore[attr-defined]  # annotated by ledger.figures
        )
        for entry in entries[:PER_PAGE]
    ]


def _page(
    *,
    plan: Plan,
    title: str,
    measure: str,
    fen: bool,
    expected: int | None,
    moves: QuerySet[Transfer],
    waiting: QuerySet[Hold] | None,
    periods: Sequence[Period],
    as_of: AsOf,
    quarter: Period | None,
    number: str,
    flags: list[Flag],
    keep: list[tuple[str, str]],
    back: tuple[str, str] | None,
    subtitle: str = "",
) -> BehindPage:
    if quarter is not None:
        moves = moves.filter(period=quarter)
    listed: int = moves.aggregate(sum=Sum("signed"))["sum"] or 0
    paginator = Paginator(moves, PER_PAGE)
    page = paginator.get_page(number)
    held_sum, held_count, held_rows = 0, 0, list[MoveRow]()
    if waiting is not None:
        held_sum = waiting.aggregate(sum=Sum("signed"))["sum"] or 0
        held_count = waiting.count()
        held_rows = [_row(hold, fen) for hold in waiting[:HELD_SHOWN]]
    shown = wan if fen else _plain
    column = yuan if fen else _plain
    home = reverse("dashboard:plan_home", args=[plan.code]) + as_of.query
    return BehindPage(
        plan=plan,
        title=title,
        subtitle=subtitle,
        unit=measure,
        figure=shown(listed if expected is None else expected),
        listed=column(listed),
        column="金额（元）" if fen else measure,
        agrees=expected is None or expected == listed,
        count=paginator.count,
        rows=[_row(move, fen) for move in page.object_list],
        page=page,
        held=held_rows,
        held_count=held_count,
        held_sum=shown(held_sum),
        as_of=as_of,
        choices=as_of_choices(periods, as_of),
        quarter=quarter,
        quarters=[
            Choice("", "全部季度", quarter is None),
            *(
                Choice(p.code, f"只看{p.label}", p == quarter)
                for p in periods[::-1]
                if p.starts_on <= as_of.day or p == quarter
            ),
        ],
        flags=flags,
        keep=keep,
        back_url=back[0] if back else home,
        back_label=back[1] if back else "总览",
    )


def _row(move: Transfer | Hold, fen: bool) -> MoveRow:
    entry = move.entry
    signed: int = move.signed  # type: ignore[union-attr]  # annotated by ledger.figures
    register = all_registers().get(entry.register)
    kind = (register.kinds.get(move.kind, "") if register else "") or entry.get_kind_display()
    return MoveRow(
        entry_url=reverse("desk:entry", args=[entry.pk]),
        number=entry.pk,
        summary=entry.summary,
        remark="" if entry.kind == Entry.Kind.NEW else entry.get_kind_display(),
        kind=f"{kind}（冲回）" if move.reverses_id else kind,
        unit=str(move.organization),
        filed_for=str(entry.filed_for),
        occurred_on=f"{entry.occurred_on:%Y-%m-%d}",
        period=move.period.label if isinstance(move, Transfer) else "待审核",
        amount=("+" if signed > 0 else "") + (yuan(signed) if fen else _plain(signed)),
    )


def _plain(amount: int) -> str:
    return f"{amount:,}"


def entry_rows(entries: Iterable[Entry]) -> list[EntryRow]:
    """Entries with `filed_for` loaded, as lists show them."""
    return [
        EntryRow(
            url=reverse("desk:entry", args=[entry.pk]),
            number=entry.pk,
            summary=entry.summary,
            remark="" if entry.kind == Entry.Kind.NEW else entry.get_kind_display(),
            filed_for=str(entry.filed_for),
            occurred_on=f"{entry.occurred_on:%Y-%m-%d}",
            state=entry.get_state_display(),
            state_class=STATE_CLASS[entry.state],
        )
        for entry in entries
    ]


@dataclass(frozen=True)
class EntryRow:
    """An entry in a list."""

    url: str
    number: int
    summary: str
    remark: str
    filed_for: str
    occurred_on: str
    state: str
    state_class: str


STATE_CLASS: dict[str, str] = {
    Entry.State.SUBMITTED: "wait",
    Entry.State.RETURNED: "warn",
    Entry.State.WITHDRAWN: "idle",
    Entry.State.APPROVED: "ok",
    Entry.State.VOID: "idle",
}
