"""The light and the sentence beside it, at every edge; months, working days, thresholds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import timezone

from dashboard.alerts import working_days_before
from dashboard.figures import bar
from dashboard.lights import judge, months_of, points, thresholds
from dashboard.parameters import PARAMETERS
from ledger.models import Threshold

WAN = 1_000_000
DEFAULTS = {parameter.code: Decimal(parameter.default) for parameter in PARAMETERS}


@pytest.mark.parametrize(
    ("day", "months"),
    [
        (date(2021, 12, 31), 0),
        (date(2022, 1, 30), 0),
        (date(2022, 1, 31), 1),
        (date(2022, 2, 28), 2),
        (date(2022, 6, 30), 6),
        (date(2022, 7, 1), 6),
        (date(2022, 12, 30), 11),
        (date(2022, 12, 31), 12),
        (date(2023, 1, 1), 12),
        (date(2026, 11, 23), 12),
    ],
)
def test_only_whole_months_of_the_plans_year_count_as_gone_by(day: date, months: int) -> None:
    assert months_of(2022, day) == months


@pytest.mark.parametrize(
    ("spent", "gross", "months", "code", "reason"),
    [
        (0, 0, 6, "grey", "尚未下达，没有支出率。"),
        (50 * WAN, 100 * WAN, 6, "green", "支出率 50.00%，序时 50.00%，与序时持平。"),
        (50 * WAN - 1, 100 * WAN, 6, "yellow", "支出率 50.00%，序时 50.00%，落后 0.000001 个百分点。"),
        (60 * WAN, 100 * WAN, 6, "green", "支出率 60.00%，序时 50.00%，超前 10.00 个百分点。"),
        (40 * WAN, 100 * WAN, 6, "yellow", "支出率 40.00%，序时 50.00%，落后 10.00 个百分点。"),
        (40 * WAN - 1, 100 * WAN, 6, "red", "落后 10.000001 个百分点，超过 10 个百分点。"),
        (42 * WAN + 20_000, 100 * WAN, 4, "green", "支出率 42.02%，序时 33.33%，超前 8.69 个百分点。"),
        (0, 100 * WAN, 0, "green", "支出率 0.00%，序时 0.00%，与序时持平。"),
        (92 * WAN, 100 * WAN, 12, "yellow", "年末支出率 92.00%，还有 8.00 万元未支出。"),
        (92 * WAN - 1, 100 * WAN, 12, "red", "低于 92%，还有 8.000001 万元未支出。"),
        (100 * WAN - 1, 100 * WAN, 12, "yellow", "年末支出率 99.99%，还有 0.000001 万元未支出。"),
        (100 * WAN, 100 * WAN, 12, "green", "与序时持平。"),
        (105 * WAN, 100 * WAN, 12, "green", "支出率 105.00%"),
        (1, 100 * WAN, None, "grey", "支出率 0.01%；按 C9 的裁定不与序时对照。"),
    ],
)
def test_the_light_follows_the_exact_gap_and_says_why(
    spent: int, gross: int, months: int | None, code: str, reason: str
) -> None:
    light = judge(spent, gross, months, DEFAULTS)
    assert light.code == code
    assert reason in light.reason
    assert light.word in "红黄绿灰"


def test_a_gap_shows_more_places_only_where_two_would_hide_it() -> None:
    assert points(Fraction(26, 3)) == "8.67"
    assert points(Fraction(10_001, 1000)) == "10.0010"
    assert points(Fraction(1, 100_000)) == "0.000010"
    assert points(Fraction(18)) == "18.00"


@pytest.mark.django_db
def test_the_bureaus_threshold_wins_over_the_default() -> None:
    assert thresholds() == DEFAULTS
    Threshold.objects.create(code="light_red_pp", name="红灯", value=Decimal("5.5"), unit="个百分点")
    assert thresholds()["light_red_pp"] == Decimal("5.5")
    light = judge(44 * WAN, 100 * WAN, 6, thresholds())
    assert (light.code, light.reason[-13:]) == ("red", "，超过 5.5 个百分点。")


@pytest.mark.parametrize(
    ("today", "days", "begins"),
    [
        (date(2022, 10, 20), 2, date(2022, 10, 18)),  # Thursday → Tuesday
        (date(2022, 10, 17), 2, date(2022, 10, 13)),  # Monday → Thursday
        (date(2022, 10, 16), 1, date(2022, 10, 14)),  # Sunday → Friday
        (date(2022, 10, 20), 0, date(2022, 10, 20)),
    ],
)
def test_working_days_leave_out_the_weekend(today: date, days: int, begins: date) -> None:
    assert timezone.localdate(working_days_before(today, days)) == begins


def test_a_bar_is_clamped_and_the_number_beside_it_is_not() -> None:
    over = bar(120, 100, 6, "完成率")
    assert over is not None
    assert (over.done, over.pace, over.says) == ("100.00", "50.00", "完成率 120.00%，序时 50.00%")
    assert bar(1, 0, 6, "完成率") is None
    assert bar(1, None, 6, "完成率") is None
    below = bar(-1, 100, None, "完成率")
    assert below is not None
    assert (below.done, below.pace) == ("0.00", "")
