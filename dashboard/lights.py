"""Traffic lights of the money: 支出率 against 序时, each with the sentence that says why (DOMAIN §2, §8)."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from dashboard.parameters import PARAMETERS
from ledger.money import percent, wan
from ledger.parameters import plain, read_once

# C9: the plan names no dates, so the pace line is an assumption; under this reading it is not drawn at all.
NO_PACE = ("C9", "none")


def thresholds() -> dict[str, Decimal]:
    """Every threshold by code: the bureau's value where there is one, else the default. One query."""
    with read_once():
        return {parameter.code: parameter.exact() for parameter in PARAMETERS}


def months_of(year: int, day: date) -> int:
    """How many whole months of the plan's year have passed at the end of `day`: 0 to 12."""
    if day.year != year:
        return 0 if day.year < year else 12
    last = calendar.monthrange(day.year, day.month)[1]
    return day.month if day.day == last else day.month - 1


@dataclass(frozen=True)
class Light:
    """`code` is red, yellow, green or grey; `word` stands beside the sign, so colour is never the only signal."""

    code: str
    reason: str

    @property
    def word(self) -> str:
        return {"red": "红", "yellow": "黄", "green": "绿", "grey": "灰"}[self.code]

    @property
    def state(self) -> str:
        """The state class of the style sheet."""
        return {"red": "bad", "yellow": "warn", "green": "ok", "grey": "idle"}[self.code]


def judge(spent: int, gross: int, months: int | None, limits: Mapping[str, Decimal]) -> Light:
    """The light of `spent` 分 of `gross` 分 allocated after `months` of the year; None: no pace is compared (C9).

    Grey where nothing is allocated, so that no rate exists. At the year's end everything should be spent, and the
    red limit is `year_end_yellow`.
    """
    rate = percent(spent, gross)
    if not gross:
        return Light("grey", "尚未下达，没有支出率。")
    if months is None:
        return Light("grey", f"支出率 {rate}；按 C9 的裁定不与序时对照。")
    pace = Fraction(months * 100, 12)
    gap = Fraction(spent * 100, gross) - pace
    said = f"支出率 {rate}，序时 {percent(months, 12) if months else '0.00%'}，"
    if gap >= 0:
        return Light("green", said + (f"超前 {points(gap)} 个百分点。" if gap else "与序时持平。"))
    behind = f"落后 {points(-gap)} 个百分点"
    if months == 12:
        floor = limits["year_end_yellow"]
        if Fraction(spent * 100, gross) < Fraction(floor):
            return Light(
                "red", f"年末支出率 {rate}，低于 {plain(floor)}%，还有 {wan(gross - spent)} 万元未支出。"
            )
        return Light("yellow", f"年末支出率 {rate}，还有 {wan(gross - spent)} 万元未支出。")
    if -gap > Fraction(limits["light_red_pp"]):
        return Light("red", f"{said}{behind}，超过 {plain(limits['light_red_pp'])} 个百分点。")
    if -gap > Fraction(limits["light_yellow_pp"]):
        return Light("yellow", f"{said}{behind}。")
    return Light("green", f"{said}{behind}，在允许范围内。")


def points(gap: Fraction) -> str:
    """ "8.33" of a gap in percentage points; more places only where two would read as a limit that was passed."""
    for places in ("0.01", "0.0001", "0.000001"):
        shown = (Decimal(gap.numerator) / Decimal(gap.denominator)).quantize(Decimal(places), ROUND_HALF_UP)
        if Fraction(shown) == gap or shown != shown.to_integral_value():
            break
    return str(shown)
