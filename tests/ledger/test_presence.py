"""One person counts once per counting account, whatever the order of events (DESIGN §2.5)."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from django.db import OperationalError, connection

from directory.models import Organization, Person
from ledger import actions, posting, sql
from ledger.models import Account, Entry, Participation, Transfer
from ledger.refusals import Refusal
from ledger.registers import Register
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.stories import Story
from tests.ledger.world import World, make_world
from tests.made_up.models import Reached
from tests.made_up.registers import COURSE, DONATION, PLACEMENT

ON = date(2022, 5, 10)
TARGETS = ("benefit_people", "trained_people", "employed_people", "trained_or_employed")


def a_world() -> World:
    made = make_world()
    plan = made.add_plan(2022, on=date(2022, 2, 10))
    for code in (*TARGETS, "training_attendances"):
        people = code != "training_attendances"
        Account.objects.create(
            code=f"2022/target/{code}", name=code, unit="人" if people else "人次", plan=plan, stage="target",
            counts_people=people,
        )  # fmt: skip
    return made


@kept
def world() -> World:
    return a_world()


def people(count: int, start: int = 0) -> list[Person]:
    """Invented persons of 徐庄镇, without a number."""
    unit = Organization.objects.get(short_name="徐庄镇")
    return [
        Person.objects.create(name=f"试验{number}", provisional_key=f"test-{number}", organization=unit)
        for number in range(start, start + count)
    ]


def file(
    world: World, register: Register, number: str, who: list[Person], unit: str = "徐庄镇", **fields: object
) -> Entry:
    row = Reached(
        number=number,
        plan=world.lines["2022-01"].plan,
        unit=world.units[unit],
        occurred_on=ON,
        people=[person.pk for person in who],
        **fields,
    )
    clerk = world.users["徐庄" if unit == "徐庄镇" else "店子"]
    return actions.submit(by=clerk, on=ON, register=register, row=row)


def approve(world: World, entry: Entry) -> Entry:
    actions.approve(by=world.users["审核"], on=ON, entry=entry, version=entry.version)
    return Entry.objects.unscoped("测试").select_related("filed_for", "subject").get(pk=entry.pk)


def counts(target: str) -> tuple[int, int]:
    """(approved, held) of a counting rule."""
    account = Account.objects.get(code=f"2022/target/{target}")
    return account.balance, account.held_in


def test_a_person_in_two_courses_a_placement_and_a_donation_is_one_person(world: World) -> None:
    one, two = people(2)
    first = file(world, COURSE, "c1", [one, two])
    second = file(world, COURSE, "c2", [one])
    assert counts("benefit_people") == (0, 2)  # two pending entries count the person once
    first = approve(world, first)
    assert counts("benefit_people") == (2, 0)
    second = approve(world, second)
    third = approve(world, file(world, PLACEMENT, "p1", [one]))
    fourth = approve(world, file(world, DONATION, "d1", [one]))
    assert counts("benefit_people") == (2, 0)
    assert counts("trained_people") == (2, 0)
    assert counts("employed_people") == (1, 0)
    assert counts("trained_or_employed") == (2, 0)
    assert counts("training_attendances") == (3, 0)

    clerk = world.users["徐庄"]
    approve(world, actions.reverse(by=clerk, on=ON, entry=first, reason="名单有误"))
    assert counts("benefit_people") == (1, 0)  # 二 is gone, 一 is still in three others
    assert counts("training_attendances") == (1, 0)
    for entry in (second, third):
        approve(world, actions.reverse(by=clerk, on=ON, entry=entry, reason="名单有误"))
    assert counts("benefit_people") == (1, 0)
    assert counts("trained_or_employed") == (0, 0)
    last = actions.reverse(by=clerk, on=ON, entry=fourth, reason="名单有误")
    assert counts("benefit_people") == (1, 0)  # a waiting reversal takes nobody away yet
    approve(world, last)
    assert counts("benefit_people") == (0, 0)
    moves = Transfer.objects.filter(kind__in=("counted", "uncounted"), entry__register="donation_like")
    assert Counter(moves.values_list("kind", "target__code")) == {
        ("uncounted", "2022/outside/人"): 2
    }  # the donation counted nobody new, and taking it back removed the last: overall and at the unit
    assert list(verify()) == []


@pytest.mark.parametrize("what", ["people", "money", "money of another quarter"])
def test_an_approval_takes_its_subject_before_its_accounts(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """An import may hold a subject and wait for accounts: who has those and then wants the subject would wait for ever."""
    story, asked = Story(world), list[str]()
    story.tell("2022-06-01 财政 办 下达 2022-04 徐庄镇 60")
    if what == "people":
        story.entries["#一"] = file(world, COURSE, "c1", people(1))
    else:
        happened = "发生=2022-06-28" if what == "money of another quarter" else ""
        story.tell(f"""
        2022-07-02 财政 办 拨付 2022-04 徐庄镇 40
        2022-07-03 徐庄 报 支出 2022-04 徐庄镇 12 #一 {happened}
        """)
    run = sql.run

    def noted(statements: Sequence[sql.Statement]) -> list[tuple[Any, ...]]:
        asked.extend(text for text, _ in statements)
        return run(statements)

    monkeypatch.setattr(sql, "run", noted)
    monkeypatch.setattr(posting, "run", noted)
    story.tell("2022-07-04 审核 批 #一")
    subject = [n for n, text in enumerate(asked) if "ledger_subject" in text and "UPDATE" in text]
    accounts = [n for n, text in enumerate(asked) if "ledger_account" in text and "UPDATE" in text]
    again = what == "money of another quarter"  # tried in one quarter, taken back, then posted in the next
    tries = [n for n, text in enumerate(asked) if "ledger_hold" in text and text.startswith("SELECT")]
    assert len(tries) == 1 + again
    for began, ended in zip(tries, [*tries[1:], len(asked)], strict=True):
        first = [min(n for n in found if began < n < ended) for found in (subject, accounts)]
        assert first == sorted(first), asked


def test_who_is_not_eligible_is_recorded_and_not_counted(world: World) -> None:
    one, two = people(2)
    entry = approve(world, file(world, COURSE, "c1", [one, two], not_eligible=[two.pk]))
    assert counts("benefit_people") == (1, 0)
    assert Participation.objects.filter(entry=entry, person=two, eligible=False).exists()
    assert list(verify()) == []


def test_a_return_releases_and_a_correction_exchanges_people_in_one_posting(world: World) -> None:
    one, two, three = people(3)
    entry = file(world, COURSE, "c1", [one, two])
    actions.return_entry(by=world.users["审核"], on=ON, entry=entry, version=1, reason="缺签到表")
    assert counts("benefit_people") == (0, 0)
    entry = Entry.objects.unscoped("测试").select_related("filed_for", "subject").get(pk=entry.pk)
    row = Reached(number="c1", plan=world.lines["2022-01"].plan, unit=world.units["徐庄镇"], occurred_on=ON,
                  people=[one.pk, two.pk])  # fmt: skip
    entry = actions.resubmit(by=world.users["徐庄二"], on=ON, entry=entry, version=1, row=row)
    entry = approve(world, entry)
    row = Reached(number="c1", plan=world.lines["2022-01"].plan, unit=world.units["徐庄镇"], occurred_on=ON,
                  people=[two.pk, three.pk])  # fmt: skip
    fixed = actions.correct(by=world.users["徐庄"], on=ON, entry=entry, row=row, reason="一人写错")
    assert counts("benefit_people") == (2, 1)
    approve(world, fixed)
    assert counts("benefit_people") == (2, 0)
    assert counts("training_attendances") == (2, 0)
    assert list(verify()) == []


def test_units_have_their_own_counts_and_their_sum_may_exceed_the_total(world: World) -> None:
    one, two = people(2)
    approve(world, file(world, COURSE, "c1", [one, two]))
    approve(world, file(world, COURSE, "c2", [one], unit="店子镇"))
    by_unit = Account.objects.filter(code__startswith="2022/target/benefit_people@").values_list(
        "organization__short_name", "balance"
    )
    assert dict(by_unit) == {"徐庄镇": 2, "店子镇": 1}
    assert counts("benefit_people") == (2, 0)
    assert list(verify()) == []


# --- at random, by many at once, against an oracle ----------------------------------------------------------------


@dataclass
class Oracle:
    """What a few lines of Python believe: which entries stand and whom each counts by which rule."""

    standing: dict[int, tuple[tuple[str, ...], tuple[int, ...]]] = field(default_factory=dict)

    def counts(self, target: str) -> int:
        return len({p for targets, who in self.standing.values() if target in targets for p in who})


RULES = {
    "course": ("benefit_people", "trained_people", "trained_or_employed"),
    "placement_like": ("benefit_people", "employed_people", "trained_or_employed"),
    "donation_like": ("benefit_people",),
}


def client(world: World, seed: int, steps: int, cast: list[Person]) -> None:
    """File, approve, return and reverse at random; only this client touches its own entries."""
    dice, mine, number = random.Random(seed), list[Entry](), 0
    for _ in range(steps):
        number += 1
        try:
            _step(world, dice, mine, f"{seed}-{number}", cast)
        except Refusal:
            continue
        except OperationalError as error:
            # SQLite serves one writer at a time and not in turn: on a busy machine one may wait in vain
            if "database is locked" not in str(error):
                raise


def _step(world: World, dice: random.Random, mine: list[Entry], number: str, cast: list[Person]) -> None:
    waiting = [e for e in mine if e.state == "submitted"]
    standing = [e for e in mine if e.state == "approved" and e.kind != "reversal"]
    act = dice.random()
    if act < 0.45 or not mine:
        register = dice.choice([COURSE, PLACEMENT, DONATION])
        mine.append(file(world, register, number, dice.sample(cast, dice.randint(1, 3)),
                         dice.choice(["徐庄镇", "店子镇"])))  # fmt: skip
    elif act < 0.75 and waiting:
        entry = dice.choice(waiting)
        fresh = approve(world, entry)
        mine[mine.index(entry)] = fresh
        if fresh.kind == "reversal":
            mine[:] = [e for e in mine if e.pk not in (fresh.pk, fresh.corrects_id)]
    elif act < 0.85 and waiting:
        entry = dice.choice(waiting)
        actions.return_entry(by=world.users["审核"], on=ON, entry=entry, version=entry.version, reason="再核")
        mine.remove(entry)
    elif standing:
        entry = dice.choice(standing)
        by = world.users["徐庄" if entry.filed_for == world.units["徐庄镇"] else "店子"]
        mine.append(actions.reverse(by=by, on=ON, entry=entry, reason="重复"))


def believed() -> Oracle:
    """The oracle, told by the entries alone: approved and not taken back."""
    oracle = Oracle()
    gone = set(
        Entry.objects.unscoped("测试")
        .filter(state="approved", kind="reversal")
        .values_list("corrects_id", flat=True)
    )
    for row in Reached.objects.filter(entry__state="approved", entry__kind="new").select_related("entry"):
        if row.entry_id not in gone:
            oracle.standing[row.entry_id] = (RULES[row.entry.register], tuple(row.people))
    return oracle


@pytest.mark.django_db(transaction=True)
def test_clients_at_random_agree_with_an_oracle() -> None:
    """16 clients. CI does 250 steps, a fortieth; PRESENCE_STEPS=10000 is the whole, logged in docs/runs.md."""
    steps = int(os.environ.get("PRESENCE_STEPS", "250"))
    seed = int(os.environ.get("PRESENCE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"PRESENCE_SEED={seed} PRESENCE_STEPS={steps}")  # noqa: T201  to run a failure again
    run_clients(clients=16, steps=steps // 16, seed=seed)


def run_clients(*, clients: int, steps: int, seed: int) -> None:
    world = a_world()
    cast = people(12)
    failures: list[BaseException] = []

    def run(index: int) -> None:
        try:
            client(world, seed * 100 + index, steps, cast)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    assert failures == []
    oracle = believed()
    for target in TARGETS:
        assert counts(target)[0] == oracle.counts(target), (target, seed)
    assert list(verify()) == []
