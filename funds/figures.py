"""What funds offers the reports: the money by line and by unit; dates and scope are passed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ledger import figures
from ledger.accounts import ALLOCATED, ARRANGED, CLAIMED, DISBURSED, RECEIVED, SPENT
from ledger.figures import STAGE_NAMES, LineMoney, Money, UnitMoney
from ledger.models import Period, Plan
from ledger.money import percent, wan
from ledger.registers import ReportTable
from ledger.scope import Scope

UNIT = "万元"
OF_LINES = (ARRANGED, RECEIVED, ALLOCATED, DISBURSED, SPENT, CLAIMED)
OF_UNITS = (ALLOCATED, DISBURSED, SPENT)


def report_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """项目 × 阶段 and 单位 × 阶段: what the quarter changed (本季) and what stood at its end (累计), in 万元."""
    before = Period.objects.filter(starts_on__lt=as_of.starts_on).order_by("-starts_on").first()
    return [_by_line(plan, scope, as_of, before), _by_unit(plan, scope, as_of, before)]


def _by_line(plan: Plan, scope: Scope, as_of: Period, before: Period | None) -> ReportTable:
    now = figures.money(plan, scope=scope, as_of=as_of)
    was = _rows(figures.money(plan, scope=scope, as_of=before)) if before else {}
    # a unit sees neither 安排 nor 到位
    stages = OF_LINES if scope.everything else (*OF_UNITS, CLAIMED)
    rows = []
    for code, (name, money) in _rows(now).items():
        old = was[code][1] if code in was else LineMoney(code, name)
        rate, left = percent(money.spent, money.gross_allocated), wan(money.available)
        rows.append([name, *_texts(stages, money, old), rate, left])
    return ReportTable(
        title="各项目资金",
        headings=["项目", *_headings(stages), "支出率", "余额"],
        rows=rows,
        unit=UNIT,
        note="支出率＝支出÷下达（收回、退款不减少分母）；余额＝下达－支出。子项目已含在所属项目内。",
        has_total=True,
    )


def _rows(money: Money) -> dict[str, tuple[str, LineMoney]]:
    """Code → (name, money) of every line, its sub-lines right below it, and the total."""
    found = {}
    for line in money.lines:
        found[line.code] = (line.name, line)
        for below in money.sublines.get(line.code, []):
            found[below.code] = (f"　└ {below.name}", below)
    return found | {"total": (money.total.name, money.total)}


def _by_unit(plan: Plan, scope: Scope, as_of: Period, before: Period | None) -> ReportTable:
    now = figures.units(plan, scope=scope, as_of=as_of)
    was = {u.organization_id: u for u in figures.units(plan, scope=scope, as_of=before)} if before else {}
    rows = []
    for unit in now:
        old = was.get(unit.organization_id, UnitMoney(unit.organization_id, unit.name))
        rows.append([unit.name, *_texts(OF_UNITS, unit, old), wan(unit.available)])
    return ReportTable("各单位资金", ["单位", *_headings(OF_UNITS), "余额"], rows, unit=UNIT)


def _headings(stages: Iterable[str]) -> list[str]:
    return [f"{STAGE_NAMES[stage]} {span}" for stage in stages for span in ("本季", "累计")]


def _texts(stages: Iterable[str], now: LineMoney | UnitMoney, old: LineMoney | UnitMoney) -> list[str]:
    """本季 and 累计 of every stage; "—" where there is no amount, such as a 到位 that names no line."""
    texts = []
    for stage in stages:
        value, was = getattr(now, stage), getattr(old, stage) or 0
        texts += ["—", "—"] if value is None else [wan(value - was), wan(value)]
    return texts
