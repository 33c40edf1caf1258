"""project_progress: 工程进度 beside 支出进度, quarter by quarter (DOMAIN §3, §4.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from directory.models import User
from directory.names import plain
from ledger.making import Problem, collect
from ledger.money import percent, wan
from ledger.registers import Parameter
from projects.models.progress import Progress
from projects.models.project import State
from projects.project import LATE_DAYS, due
from projects.standing import beside, set_beside
from projects.states import rank

GAP = Parameter(
    "project_gap_pp", "工程进度与支出进度之差提醒", 30, "个百分点", "两者相差超过即提醒，按惯例", most=100
)


def read_percent(text: str) -> Decimal | None:
    """The number of "60", "60%" or "60.5％"; None of words, and of 0.6, which may be either."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,2})?)(%?)", plain(text))
    if match is None:
        return None
    value = Decimal(match[1])
    unclear = not match[2] and 0 < value <= 1
    return None if unclear or value > 100 else value.quantize(Decimal("0.01"))


def tidy(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """A 工程进度 that is a number is one; words are kept as they are and have the number beside them."""
    set_beside(lines)
    for row, _ in lines:
        if row.percent is None:
            row.percent = read_percent(row.stated)


def natural_key(row: Progress) -> str:
    return f"{row.line.code}/{row.quarter}"


def errors(row: Progress, by: User, on: date) -> Mapping[str, list[str]]:
    """A number, no less than was said before, and the problems of what is late."""
    return collect(_problems(row))


def _problems(row: Progress) -> Iterator[Problem]:
    number = read_percent(row.stated)
    value: Any = row.percent  # None, if words were all that was written
    if value is None:
        yield "percent", f"工程进度“{row.stated}”不是明确的百分数，原文照留，请在这里填数值，例如 80。"
    elif number is not None and number != value:
        yield "percent", f"工程进度写的是“{row.stated}”，与数值 {row.percent}% 不一致，请改成一样的。"
    found = beside(row)
    project = found.projects.get(row.line.code)
    if project is not None and (owed := due(project, row.as_of)) is not None:
        limit = LATE_DAYS.value()
        if owed.late > limit and not row.problems:
            yield "problems", f"{owed.what}已逾期 {owed.late} 天（超过 {limit} 天为红灯），请写明存在问题。"
    if value is not None:
        yield from _falls(row)


def _others(row: Progress) -> list[Progress]:
    return [one for one in beside(row).others if one.line_id == row.line_id and one.quarter != row.quarter]


def _falls(row: Progress) -> Iterator[Problem]:
    """工程进度 never falls; what was wrong is corrected where it was said."""
    for other in sorted(_others(row), key=lambda one: one.as_of):
        if other.as_of < row.as_of and other.percent > row.percent:
            yield (
                "percent",
                f"工程进度 {row.percent}% 低于 {other.as_of} 已报的 {other.percent}%（{other.entry_id} 号记录），"
                "工程进度不能倒退；那一条填错了请先更正它。",
            )
        if other.as_of > row.as_of and other.percent < row.percent:
            yield (
                "percent",
                f"工程进度 {row.percent}% 高于以后 {other.as_of} 报的 {other.percent}%（{other.entry_id} 号记录），"
                "请核对；那一条填错了请先更正它。",
            )


def warnings(row: Progress) -> list[str]:
    """What disagrees with the books, with the project, or with nothing having happened."""
    found = []
    money = beside(row).money(row.line.code, row.as_of)
    for label, said, booked in (("拨付", row.disbursed, money.disbursed), ("支出", row.spent, money.spent)):
        if said != booked:
            found.append(f"累计{label}填的是 {wan(said)} 万元，账上到该季末是 {wan(booked)} 万元，请核对。")
    if money.gross_allocated:
        spent = Fraction(money.spent * 100, money.gross_allocated)
        gap = Fraction(row.percent) - spent
        limit = GAP.value()
        if abs(gap) > limit:
            rate = percent(money.spent, money.gross_allocated)
            what = "工程走在前面，可能有欠款" if gap > 0 else "付款走在前面，可能是预付"
            found.append(
                f"工程进度 {row.percent}%，支出率 {rate}，相差超过 {limit} 个百分点：{what}，请说明。"
            )
    earlier = [one for one in _others(row) if one.as_of < row.as_of]
    if earlier:
        last = max(earlier, key=lambda one: one.as_of)
        same = ("image", "percent", "disbursed", "spent", "problems", "measures")
        if all(getattr(last, name) == getattr(row, name) for name in same):
            found.append(f"与 {last.as_of} 报的完全一样，请核对是否沿用了旧表。")
    if rank(row.state) >= rank(State.BUILT) and row.percent < 100:
        found.append(f"状态是“{row.get_state_display()}”，工程进度应为 100%，请核对。")
    project = beside(row).projects.get(row.line.code)
    if project is None:
        found.append(f"“{row.line.name}”还没有通过的项目记录，请登记项目，逾期才能提醒。")
    elif project.state != row.state:
        found.append(
            f"项目状态填的是“{row.get_state_display()}”，项目台账现为“{project.get_state_display()}”，请核对。"
        )
    return found
