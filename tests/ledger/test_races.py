"""The second user arrives at the same moment: two reviewers, two clerks, one form twice, approval against closing.

Each test runs its actors in threads with connections of their own and accepts either order, but only a whole result.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from funds.models import FundFlow
from funds.registers import FUND_FLOW
from ledger import actions, bookkeeping
from ledger.models import Account, Entry, Hold, Period, Transfer
from ledger.refusals import Refusal
from ledger.verify import verify
from tests.ledger.stories import Story
from tests.ledger.world import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "测试"


@pytest.fixture
def world() -> World:
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    return made


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same moment; each result, or the Refusal it met."""
    results: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(index: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            results[index] = act()
        except Refusal as refusal:
            results[index] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "an act never came to an end"
    return results


def payment(world: World, voucher: str, amount: int = 500_000) -> FundFlow:
    line = world.lines["2022-04"]
    return FundFlow(
        event="spend",
        plan=line.plan,
        line=line,
        unit=world.units["徐庄镇"],
        amount=amount,
        occurred_on=date(2022, 6, 20),
        voucher_no=voucher,
        payee="某建筑公司",
    )


def books_with(world: World, disbursed: str) -> Story:
    story = Story(world)
    story.tell(f"""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 {disbursed}
    """)
    return story


def refusals(results: list[Any]) -> list[str]:
    return [type(result).__name__ for result in results if isinstance(result, Refusal)]


@pytest.mark.parametrize("turn", range(3))
def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told_by_whom(world: World, turn: int) -> None:
    story = books_with(world, "40")
    story.tell("2022-06-20 徐庄 报 支出 2022-04 徐庄镇 12.5 #记1")
    entry, on = story.entries["#记1"], date(2022, 6, 21)
    first, second = world.users["审核"], world.users["复核"]
    results = together(
        lambda: actions.approve(by=first, on=on, entry=entry, version=1),
        lambda: actions.return_entry(by=second, on=on, entry=entry, version=1, reason="凭证不清"),
    )
    assert refusals(results) == ["AlreadyDecided"]
    loser = next(result for result in results if isinstance(result, Refusal))
    winner = Entry.objects.unscoped(WHY).get(pk=entry.pk).decided_by
    assert winner is not None
    assert str(winner) in loser.message
    assert list(verify()) == []


def test_the_last_money_of_a_unit_goes_to_one_of_two_clerks(world: World) -> None:
    books_with(world, "10")
    on = date(2022, 6, 21)
    results = together(
        lambda: actions.submit(by=world.users["徐庄"], on=on, register=FUND_FLOW,
                               row=payment(world, "记-1", 6_000_000)),
        lambda: actions.submit(by=world.users["徐庄二"], on=on, register=FUND_FLOW,
                               row=payment(world, "记-2", 6_000_000)),
    )  # fmt: skip
    assert refusals(results) == ["InsufficientFunds"]
    message = next(result.message for result in results if isinstance(result, Refusal))
    winner = next(result for result in results if isinstance(result, Entry))
    assert f"另有 60,000.00 元待审核（{winner.pk} 号记录）" in message
    assert list(verify()) == []


def test_one_voucher_filed_by_two_clerks_at_once_is_filed_once(world: World) -> None:
    books_with(world, "40")
    on = date(2022, 6, 21)
    results = together(
        *[
            lambda name=name: actions.submit(
                by=world.users[name], on=on, register=FUND_FLOW, row=payment(world, "记-35")
            )
            for name in ("徐庄", "徐庄二")
        ]
    )
    assert refusals(results) == ["SubjectTaken"]
    assert Hold.objects.filter(kind="spend", source__stage="disbursed").count() == 1
    assert list(verify()) == []


def test_the_same_form_sent_twice_at_once_makes_one_entry(world: World) -> None:
    books_with(world, "40")
    token, on = uuid.uuid4(), date(2022, 6, 21)
    results = together(
        *[
            lambda: actions.submit(
                by=world.users["徐庄"], on=on, register=FUND_FLOW, row=payment(world, "记-35"), token=token
            )
        ]
        * 3
    )
    assert refusals(results) == []
    assert len({result.pk for result in results}) == 1
    assert Entry.objects.unscoped(WHY).filter(token=token).count() == 1
    assert list(verify()) == []


@pytest.mark.parametrize("turn", range(4))
def test_an_approval_racing_with_closing_is_wholly_in_the_quarter_or_in_the_next(
    world: World, turn: int
) -> None:
    story = books_with(world, "40")
    story.tell("""
    2022-04-06 领导 关 2022Q1
    2022-06-20 徐庄 报 支出 2022-04 徐庄镇 12.5 #记1
    """)
    entry, on = story.entries["#记1"], date(2022, 7, 6)
    quarter = Period.objects.get(code="2022Q2")
    results = together(
        lambda: actions.approve(by=world.users["审核"], on=on, entry=entry, version=1),
        lambda: bookkeeping.close_period(by=world.users["领导"], on=on, period=quarter),
    )
    assert refusals(results) == []
    posted = Transfer.objects.filter(entry=entry).values_list("period__code", flat=True).distinct().get()
    assert posted in ("2022Q2", "2022Q3")
    assert results[1].transfer_count == (2 if posted == "2022Q2" else 0)
    assert list(verify()) == []


def test_payments_and_refunds_crossing_each_other_do_not_deadlock(world: World) -> None:
    story = books_with(world, "40")
    story.tell("2022-06-01 徐庄 办 支出 2022-04 徐庄镇 20")
    on = date(2022, 6, 21)

    def pay(name: str, event: str, count: int) -> None:
        for number in range(count):
            row = payment(world, f"{event}-{number}", 100)
            row.event = event
            if event == "refund_payee":
                row.payee = ""
            entry = actions.submit(by=world.users[name], on=on, register=FUND_FLOW, row=row,
                                   evidence=story._evidence(world.users[name]))  # fmt: skip
            actions.approve(by=world.users["审核"], on=on, entry=entry, version=1)

    story.count = 1000
    together(lambda: pay("徐庄", "spend", 12), lambda: pay("徐庄二", "refund_payee", 12))
    spent = Account.objects.get(line=world.lines["2022-04"], stage="spent")
    assert spent.balance == 20_000_000
    assert list(verify()) == []
