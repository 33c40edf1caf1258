"""Steps: what lives on moves by steps; each carries the whole row and moves only the difference (DESIGN §5).

The stories are about one thing of a register that counts people and attendances. One event a line, what is said of a
refusal after the bar; letters are people:

    报 甲乙      filed          步 甲      the next step, with these people      更 甲丙    a correction of the one in force
    冲          a reversal      批         approve what waits                    退 撤       return it, withdraw it
    重 甲        the returned one submitted again                                别 甲       a step under another number
    = 人 2 待 0 人次 2 占 0 生效 1      people, people waiting, attendances, attendances held (− to go), which is in force
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from directory.models import Person
from ledger import acting, actions
from ledger.models import Account, Entry, Subject, Total
from ledger.refusals import Refusal
from ledger.verify import verify
from tests.ledger.test_presence import a_world, people
from tests.made_up.models import Reached
from tests.made_up.registers import COURSE, STAY

ON = date(2022, 5, 10)


class Life:
    """The life of one thing, number 住-1, as a table."""

    def __init__(self) -> None:
        self.world = a_world()
        self.people: dict[str, Person] = dict(zip("甲乙丙", people(3), strict=True))
        self.entries: list[Entry] = []

    def tell(self, text: str) -> None:
        for line in filter(None, (line.strip() for line in text.strip().splitlines())):
            told, _, said = (part.strip() for part in line.partition("|"))
            verb, *words = told.split()
            if verb == "=":
                assert self.looks() == dict(zip(words[::2], map(int, words[1::2]), strict=True)), line
                continue
            met = ""
            try:
                self.act(verb, words)
            except Refusal as refusal:
                met = refusal.message
            assert bool(met) == bool(said), f"{line}: {met or 'was not refused'}"
            assert said in met, f"{line}: {met}"

    def act(self, verb: str, words: list[str]) -> None:
        clerk, reviewer = self.world.users["徐庄"], self.world.users["审核"]
        row = self.row(words[0] if words else "", number="住-2" if verb == "别" else "住-1")
        waiting = self.fresh(self.entries[-1]) if self.entries else None
        if verb == "报":
            self.entries.append(actions.submit(by=clerk, on=ON, register=STAY, row=row))
        elif verb in ("步", "别"):
            self.entries.append(actions.step(by=clerk, on=ON, entry=self.in_force(), row=row))
        elif verb == "更":
            self.entries.append(
                actions.correct(by=clerk, on=ON, entry=self.in_force(), row=row, reason="名单有误")
            )
        elif verb == "冲":
            self.entries.append(actions.reverse(by=clerk, on=ON, entry=self.in_force(), reason="并无此事"))
        else:
            assert waiting is not None
            seen: dict[str, Any] = {"on": ON, "entry": waiting, "version": waiting.version}
            if verb == "批":
                actions.approve(by=reviewer, **seen)
            elif verb == "退":
                actions.return_entry(by=reviewer, reason="缺材料", **seen)
            elif verb == "撤":
                actions.withdraw(by=clerk, **seen)
            elif verb == "重":
                actions.resubmit(by=clerk, row=row, **seen)
            else:
                raise AssertionError(verb)

    def row(self, who: str, number: str = "住-1") -> Reached:
        ids = [self.people[one].pk for one in who]
        plan, unit = self.world.lines["2022-01"].plan, self.world.units["徐庄镇"]
        return Reached(number=number, plan=plan, unit=unit, occurred_on=ON, people=ids)

    def fresh(self, entry: Entry) -> Entry:
        rows = Entry.objects.unscoped("测试").select_related("filed_for", "subject")
        return rows.get(pk=entry.pk)

    def in_force(self) -> Entry:
        subject = Subject.objects.get(register="stay_like", key="住-1")
        return self.fresh(subject.in_force or self.entries[0])

    def looks(self) -> dict[str, int]:
        people_account = Account.objects.get(code="2022/target/benefit_people")
        attendances = Account.objects.get(code="2022/target/training_attendances")
        subject = Subject.objects.get(register="stay_like", key="住-1")
        return {
            "人": people_account.balance,
            "待": people_account.held_in,
            "人次": attendances.balance,
            "占": attendances.held_in - attendances.held_out,
            "生效": 1 + self.entries.index(subject.in_force) if subject.in_force else 0,
        }


@pytest.fixture
def life(db: None) -> Any:
    """After every story the books must prove."""
    made = Life()
    yield made
    assert list(verify()) == []


def test_a_step_moves_only_the_difference_and_is_no_correction(life: Life) -> None:
    life.tell("""
    报 甲乙
    批
    = 人 2 待 0 人次 2 占 0 生效 1
    步 甲乙丙
    = 人 2 待 1 人次 2 占 1 生效 1
    批
    = 人 3 待 0 人次 3 占 0 生效 2
    步 甲
    = 人 3 待 0 人次 3 占 -2 生效 2
    批
    = 人 1 待 0 人次 1 占 0 生效 3
    """)
    attendances = Total.objects.get(account__code="2022/target/training_attendances", period__code="2022Q2")
    assert (attendances.inflow, attendances.outflow) == (3, 2)  # three came and two left: all of it happened


def test_a_step_that_moves_nothing_is_a_step_all_the_same(life: Life) -> None:
    life.tell("""
    报 甲
    批
    步 甲
    批
    = 人 1 待 0 人次 1 占 0 生效 2
    """)


def test_a_reversed_step_gives_way_to_the_one_before(life: Life) -> None:
    life.tell("""
    报 甲乙
    批
    步 乙丙
    批
    步 丙
    批
    = 人 1 待 0 人次 1 占 0 生效 3
    冲
    = 人 1 待 0 人次 1 占 1 生效 3
    批
    = 人 2 待 0 人次 2 占 0 生效 2
    冲
    批
    = 人 2 待 0 人次 2 占 0 生效 1
    步 甲
    批
    = 人 1 待 0 人次 1 占 0 生效 6
    冲
    批
    冲
    批
    = 人 0 待 0 人次 0 占 0 生效 0
    报 丙
    批
    = 人 1 待 0 人次 1 占 0 生效 9
    """)


def test_a_corrected_step_stands_on_the_same_ground(life: Life) -> None:
    life.tell("""
    报 甲乙
    批
    步 甲
    批
    更 甲乙丙
    = 人 1 待 2 人次 1 占 2 生效 2
    批
    = 人 3 待 0 人次 3 占 0 生效 3
    步 丙
    批
    = 人 1 待 0 人次 1 占 0 生效 4
    冲
    批
    = 人 3 待 0 人次 3 占 0 生效 3
    冲
    批
    = 人 2 待 0 人次 2 占 0 生效 1
    """)


def test_a_step_can_be_returned_submitted_again_and_withdrawn(life: Life) -> None:
    life.tell("""
    报 甲
    步 甲乙 | 不能登记下一步
    批
    步 甲乙
    步 甲丙 | 正在审核
    更 丙 | 正在审核
    冲 | 正在审核
    退
    = 人 1 待 0 人次 1 占 0 生效 1
    重 甲丙
    = 人 1 待 1 人次 1 占 1 生效 1
    撤
    = 人 1 待 0 人次 1 占 0 生效 1
    重 乙
    批
    = 人 1 待 0 人次 1 占 0 生效 2
    别 丙 | 不能改成另一笔业务
    """)


def test_a_returned_step_follows_what_has_come_into_force_meanwhile(life: Life) -> None:
    life.tell("""
    报 甲
    批
    步 甲乙
    退
    """)
    step = life.entries[-1]
    life.tell("""
    更 丙
    批
    = 人 1 待 0 人次 1 占 0 生效 3
    """)
    life.entries.append(life.entries.pop(1))
    life.tell("""
    重 乙丙
    批
    = 人 2 待 0 人次 2 占 0 生效 3
    """)
    assert life.fresh(step).follows == life.entries[1]


def test_a_returned_step_whose_ground_was_reversed_is_refused(life: Life) -> None:
    life.tell("""
    报 甲
    批
    步 甲乙
    退
    """)
    life.tell("""
    冲
    批
    = 人 0 待 0 人次 0 占 0 生效 0
    """)
    life.entries.append(life.entries[1])
    life.tell("""
    重 乙 | 不能登记下一步
    """)


def test_a_register_without_steps_takes_corrections_only(life: Life) -> None:
    row = Reached(
        number="班-1",
        plan=life.world.lines["2022-01"].plan,
        unit=life.world.units["徐庄镇"],
        occurred_on=ON,
        people=[life.people["甲"].pk],
    )
    clerk = life.world.users["徐庄"]
    entry = actions.submit(by=clerk, on=ON, register=COURSE, row=row)
    actions.approve(by=life.world.users["审核"], on=ON, entry=entry, version=1)
    row.pk, row._state.adding = None, True
    with pytest.raises(acting.NotAStep, match="用“更正”"):
        actions.step(by=clerk, on=ON, entry=life.fresh(entry), row=row)
