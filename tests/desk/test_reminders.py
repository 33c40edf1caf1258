"""Reminders of what a unit owes: five days before the due date, one before, one after; late units for the bureau (DOMAIN §7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from dashboard.alerts import alerts_for
from dashboard.as_of import AsOf
from desk.figures import home, overdue_units
from ledger import bookkeeping, filings
from ledger.models import Filing, Period, Threshold
from tests.desk.cast import page_text, spend, submitted
from tests.desk.conftest import Browse
from tests.ledger.world import World

LIMITS = {"return_days": Decimal(2), "review_days": Decimal(3)}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def owed(world: World) -> None:
    """The second quarter is owed, due on 5 July; the first was reported."""
    filings.ensure_filings(Period.objects.get(code="2022Q2"))


def told(world: World, day: date, who: str = "徐庄") -> list[tuple[str, str]]:
    return [(one.code, one.text) for one in home(world.users[who], day).reminders]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2022, 6, 29), []),
        (date(2022, 6, 30), [("first", "还有 5 天到期（2022-07-05）")]),
        (date(2022, 7, 3), [("first", "还有 2 天到期（2022-07-05）")]),
        (date(2022, 7, 4), [("again", "明天到期（2022-07-05）")]),
        (date(2022, 7, 5), [("again", "今天到期（2022-07-05）")]),
        (date(2022, 7, 6), [("late", "已逾期 1 天（期限 2022-07-05）")]),
        (date(2022, 8, 4), [("late", "已逾期 30 天（期限 2022-07-05）")]),
    ],
)
def test_a_unit_is_reminded_before_and_after_the_due_date(
    world: World, day: date, said: list[tuple[str, str]]
) -> None:
    assert told(world, day) == said


def test_the_days_are_the_bureaus(world: World) -> None:
    for code, days in (("remind_first_days", 10), ("remind_again_days", 3), ("remind_late_days", 4)):
        Threshold.objects.create(code=code, value=Decimal(days))
    assert told(world, date(2022, 6, 25)) == [("first", "还有 10 天到期（2022-07-05）")]
    assert told(world, date(2022, 7, 2)) == [("again", "还有 3 天到期（2022-07-05）")]
    assert told(world, date(2022, 7, 8)) == [("again", "已逾期 3 天（期限 2022-07-05）")]
    assert told(world, date(2022, 7, 9)) == [("late", "已逾期 4 天（期限 2022-07-05）")]


def test_what_was_filed_or_said_to_be_nothing_is_not_asked_for_again(world: World) -> None:
    submitted(world, "徐庄", spend() + " 日期=2022-06-20")
    assert told(world, date(2022, 7, 9)) == []
    nil = Filing.objects.unscoped("测试").get(organization=world.units["店子镇"], period__code="2022Q2")
    assert told(world, date(2022, 7, 9), "店子") != []
    bookkeeping.declare_nil(by=world.users["店子"], on=date(2022, 7, 9), filing=nil)
    assert told(world, date(2022, 7, 9), "店子") == []


def test_the_bureau_has_a_list_of_who_is_late_on_both_its_pages(world: World, browse: Browse) -> None:
    reviewer = world.users["审核"]
    late = [(str(one.organization), one.days) for one in overdue_units(reviewer, date(2022, 7, 8))]
    assert ("徐庄镇", -3) in late
    assert overdue_units(reviewer, date(2022, 7, 5)) == []
    Threshold.objects.create(code="remind_late_days", value=Decimal(4))
    for day, there in ((date(2022, 7, 8), False), (date(2022, 7, 9), True)):
        as_of = AsOf(period=None, day=day, today=day)
        groups = alerts_for(user=reviewer, rows=(), as_of=as_of, limits=LIMITS).groups
        assert ("逾期未报" in [group.title for group in groups]) is there


def test_the_pages_say_it(world: World, browse: Browse) -> None:
    mine = page_text(browse("徐庄").get(reverse("desk:home")))  # on 1 July
    assert "报送提醒（1）" in mine
    assert "还有 4 天到期（2022-07-05）" in mine
    assert "还没有报：协作资金台账。" in mine
    assert "逾期未报的单位" not in mine
    Filing.objects.unscoped("测试").filter(period__code="2022Q2").update(due_on=date(2022, 6, 20))
    bureau = page_text(browse("审核").get(reverse("desk:home")))
    assert "逾期未报的单位（" in bureau
    assert "已逾期 11 天（期限 2022-06-20）" in bureau
    mine = page_text(browse("徐庄").get(reverse("desk:home")))
    assert "已列入区乡村振兴局的逾期名单" in mine
    assert "逾期未报的单位" not in page_text(browse("领导").get(reverse("desk:home")))
