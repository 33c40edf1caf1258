"""The cast of tests/ledger/world.py on 1 July 2022, a plan that counts training, and rows typed as a clerk types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.db import transaction

from directory.identity import check_character
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger import actions
from ledger.models import Account, Entry, Plan, Presence, Unit
from ledger.registers import Made, Register
from ledger.verify import verify
from tests.desk.cast import stored
from tests.kept import kept
from tests.ledger.world import World, make_world

ON = date(2022, 7, 1)
TARGETS = {
    "benefit_people": Unit.PERSON,
    "trained_people": Unit.PERSON,
    "trained_or_employed": Unit.PERSON,
    "training_attendances": Unit.ATTENDANCE,
    "training_courses": Unit.EVENT,
}
NAMES = "甲乙丙丁戊己庚辛壬癸"


def number(serial: int) -> str:
    """The identity number of the invented person `serial`: area 990000, a man of 1980."""
    first17 = f"99000019800101{serial * 2 + 1:03}"
    return first17 + check_character(first17)


def name(serial: int) -> str:
    return f"演示{NAMES[serial // 10 % 10]}{NAMES[serial % 10]}"


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 7, 1, 2, 0, tzinfo=UTC)):
        yield


@dataclass
class Training:
    """What the tests do with the two registers, in few words."""

    world: World
    plan: Plan

    def course(self, title: str = "食用菌种植班", *, who: str = "徐庄", **values: Any) -> Entry:
        """A course filed, with its evidence."""
        return self.filed(TRAINING_COURSE, self.course_values(title, **values), who)

    def course_values(self, title: str = "食用菌种植班", **values: Any) -> dict[str, Any]:
        held = (date(2022, 6, 6), date(2022, 6, 10))
        return {"name": title, "category": "farming", "host": "荣成市人社局", "held": held, **values}

    def person_values(self, course: Entry, serial: int, **values: Any) -> dict[str, Any]:
        return {
            "course": course,
            "name": name(serial),
            "id_number": number(serial),
            "category": "lifted",
            **values,
        }

    def attends(self, course: Entry, serial: int, *, who: str = "徐庄", **values: Any) -> Entry:
        """Person `serial` filed as attending."""
        return self.filed(TRAINING_ATTENDANCE, self.person_values(course, serial, **values), who)

    def make(self, register: Register, rows: list[dict[str, Any]], who: str = "徐庄") -> list[Made]:
        assert register.make is not None
        return register.make(rows, self.world.users[who], ON)

    def filed(self, register: Register, values: dict[str, Any], who: str = "徐庄") -> Entry:
        (made,) = self.make(register, [values], who)
        assert made.row is not None, made.errors
        user = self.world.users[who]
        files = [stored(user)] if register is TRAINING_COURSE else []
        return actions.submit(by=user, on=ON, register=register, row=made.row, evidence=files)

    def approve(self, *entries: Entry, by: str = "审核") -> Entry:
        for entry in entries:
            entry.refresh_from_db()
            actions.approve(by=self.world.users[by], on=ON, entry=entry, version=entry.version)
            entry.refresh_from_db()
        return entries[-1]

    def reverse(self, entry: Entry, who: str = "徐庄") -> Entry:
        """A reversal of the entry, approved."""
        made = actions.reverse(by=self.world.users[who], on=ON, entry=entry, reason="重复填报")
        return self.approve(made)

    def correct(self, entry: Entry, register: Register, values: dict[str, Any], who: str = "徐庄") -> Entry:
        """A correction of the entry, approved."""
        before = actions.detail_of(entry)
        (made,) = self.make(register, [{"replaces": before, **values}], who)
        assert made.row is not None, made.errors
        files = [stored(self.world.users[who])] if register is TRAINING_COURSE else []
        corrected = actions.correct(
            by=self.world.users[who], on=ON, entry=entry, row=made.row, reason="填错", evidence=files
        )
        return self.approve(corrected)

    def count(self, target: str) -> tuple[int, int]:
        """Approved and waiting, of a counting rule."""
        account = Account.objects.get(code=f"2022/target/{target}")
        return account.balance, account.held_in

    def counts(self) -> dict[str, int]:
        """人, 人次, 场 approved."""
        return {
            "人": self.count("trained_people")[0],
            "人次": self.count("training_attendances")[0],
            "场": self.count("training_courses")[0],
            "带动": self.count("benefit_people")[0],
        }

    def check(self) -> None:
        """The books hold."""
        with transaction.atomic():
            assert [f"{d.rule}: {d.target} {d.expected} / {d.found}" for d in verify()] == []


@kept
def training() -> Training:
    world = make_world()
    plan = world.add_plan(2022, on=date(2022, 2, 10))
    for code, unit in TARGETS.items():
        Account.objects.create(
            code=f"2022/target/{code}",
            name=code,
            unit=unit,
            plan=plan,
            stage="target",
            counts_people=unit == Unit.PERSON,
        )
    assert not Presence.objects.exists()
    return Training(world, plan)
