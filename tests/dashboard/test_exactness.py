"""A random small book, told through the actions and kept a second time in plain dictionaries: every figure that a
page or the API shows, now and at each quarter's end, equals the second book, and so does the list behind it."""

from __future__ import annotations

import random
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from dashboard import behind
from dashboard.as_of import AsOf, read_as_of
from dashboard.figures import home
from ledger.models import Period, Plan
from ledger.money import percent, wan, yuan
from tests.dashboard.conftest import Browse
from tests.ledger.stories import Story
from tests.ledger.world import World

ARRANGED = {"2022-01": 245, "2022-02": 68, "2022-03": 17, "2022-04": 100, "2022-05": 20}
CLERKS = {"徐庄镇": "徐庄", "店子镇": "店子", "北庄镇": "北庄"}
STAGES = ("allocated", "disbursed", "spent", "claimed")
TODAY = date(2022, 10, 20)


@dataclass
class Sums:
    """Cumulative figures of one line and unit; `gross` is what was ever allocated."""

    allocated: int = 0
    disbursed: int = 0
    spent: int = 0
    claimed: int = 0
    gross: int = 0


@dataclass
class SecondBook:
    arranged: dict[str, int] = field(
        default_factory=lambda: {code: amount * 1_000_000 for code, amount in ARRANGED.items()}
    )
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # stage → pending change
    cells: dict[tuple[str, str], Sums] = field(default_factory=lambda: defaultdict(Sums))

    def figure(self, stage: str, line: str | None = None, unit: str | None = None) -> int:
        return sum(
            getattr(sums, stage)
            for (at, who), sums in self.cells.items()
            if line in (None, at) and unit in (None, who)
        )


class Teller:
    """Makes legal events at random, tells them to the story and to the second book."""

    def __init__(self, story: Story, seed: int) -> None:
        self.story, self.random, self.book = story, random.Random(seed), SecondBook()
        self.number = 0

    def act(self, day: date) -> None:
        line = self.random.choice(list(ARRANGED))
        unit = self.random.choice(list(CLERKS))
        sums = self.book.cells[line, unit]
        free = self.book.arranged[line] - self.book.figure("allocated", line)
        room = {  # event → how much of it there is room for
            "下达": free,
            "拨付": sums.allocated - sums.disbursed,
            "支出": sums.disbursed - sums.spent,
            "报账": sums.spent - sums.claimed,
            "直接支付": sums.allocated - sums.disbursed,
            "退款": sums.spent - sums.claimed,
            "退回": sums.disbursed - sums.spent,
            "收回": sums.allocated - sums.disbursed,
        }
        possible = [event for event, most in room.items() if most > 0]
        event = self.random.choice(possible)
        amount = self.random.randint(1, room[event])
        if event in ("退款", "退回", "收回"):
            amount = max(1, amount // 10)
        self.number += 1
        name = f"#号{self.number}"
        by = CLERKS[unit] if event in ("支出", "报账", "退款") else "财政"
        self.story.tell(f"{day} {by} 办 {event} {line} {unit} {_yuan(amount)} {name}")
        before = deepcopy(sums)
        self._note(sums, event, amount)
        reversible = event in ("支出", "报账", "下达", "拨付")
        if reversible and self.random.random() < 0.15:
            self.story.tell(f"{day} {by} 冲 {name}\n{day} 审核 批 {name}冲")
            self.book.cells[line, unit] = before

    def hold(self, day: date) -> None:
        """Leave one payment undecided."""
        for (line, unit), sums in self.book.cells.items():
            if sums.disbursed > sums.spent:
                amount = sums.disbursed - sums.spent
                self.story.tell(f"{day} {CLERKS[unit]} 报 支出 {line} {unit} {_yuan(amount)} #待审{line}")
                self.book.held["spent"] += amount
                return

    def _note(self, sums: Sums, event: str, amount: int) -> None:
        if event == "下达":
            sums.allocated += amount
            sums.gross += amount
        elif event == "拨付":
            sums.disbursed += amount
        elif event == "支出":
            sums.spent += amount
        elif event == "报账":
            sums.claimed += amount
        elif event == "直接支付":
            sums.disbursed += amount
            sums.spent += amount
        elif event == "退款":
            sums.spent -= amount
        elif event == "退回":
            sums.disbursed -= amount
        else:
            sums.allocated -= amount


def _yuan(fen: int) -> str:
    return yuan(fen).replace(",", "") + "元"


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_equals_a_second_book_and_the_list_behind_it(
    story: Story, browse: Browse, seed: int
) -> None:
    world, teller = story.world, Teller(story, seed)
    books: dict[str, SecondBook] = {}
    for code, first in (
        ("2022Q1", date(2022, 2, 11)),
        ("2022Q2", date(2022, 4, 1)),
        ("2022Q3", date(2022, 7, 1)),
    ):
        for step in range(13):
            teller.act(first + timedelta(days=step * 3))
        books[code] = deepcopy(teller.book)
    teller.hold(date(2022, 10, 1))
    books[""] = teller.book
    plan, periods = Plan.objects.get(), list(Period.objects.order_by("starts_on"))

    for code, book in books.items():
        answer = browse("领导").get(f"/api/plans/2022/summary?as_of={code}").json()["money"]
        for stage in STAGES:
            assert answer["total"][stage] == book.figure(stage), (code, stage)
            for line in answer["lines"]:
                assert line[stage] == book.figure(stage, line["code"]), (code, stage, line["code"])
        assert answer["total"]["arranged"] == 450_000_000
        assert [line["arranged"] for line in answer["lines"]] == list(book.arranged.values())
        spent = book.held["spent"] if not code else 0
        assert answer["total"]["available"] == book.figure("allocated") - book.figure("spent") - spent
        assert (answer["total"]["held"] is None) == bool(code)

        as_of = read_as_of(code, periods, TODAY)
        leader = world.users["领导"]
        page = home(user=leader, plan=plan, plans=[plan], periods=periods, as_of=as_of)
        for row in page.rows:
            expected = percent(book.figure("spent", row.code), book.figure("gross", row.code))
            assert row.spent_rate == expected, (code, row.code)

        for what in ("total", "137", *ARRANGED):
            for stage in ("arranged", *STAGES):
                _assert_list_agrees(world, plan, periods, as_of, "领导", what, stage)
        for stage in STAGES:
            for unit, clerk in CLERKS.items():
                shown = _assert_list_agrees(world, plan, periods, as_of, clerk, "total", stage)
                assert shown == wan(book.figure(stage, None, unit)), (code, unit, stage)

    town = "徐庄镇"
    answer = browse("徐庄").get("/api/plans/2022/summary").json()["money"]
    assert {line["code"] for line in answer["lines"]} == {
        line for line, who in teller.book.cells if who == town and _touched(teller.book, line, who)
    }
    for line in answer["lines"]:
        for stage in STAGES:
            assert line[stage] == teller.book.figure(stage, line["code"], town)


def _touched(book: SecondBook, line: str, unit: str) -> bool:
    return book.cells[line, unit].gross > 0


def _assert_list_agrees(
    world: World, plan: Plan, periods: list[Period], as_of: AsOf, who: str, what: str, stage: str
) -> str:
    where = behind.find(plan, what, stage, "")
    page = behind.money_page(
        user=world.users[who], where=where, periods=periods, as_of=as_of, quarter=None, number="1"
    )
    assert page.agrees, (who, what, stage, as_of.label, page.figure, page.listed)
    return page.figure
