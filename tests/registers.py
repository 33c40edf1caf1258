"""Any register tried as a clerk uses it: typed texts become a row, filed and approved; its next step likewise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import yaml
from django.conf import settings

from ledger import actions
from ledger.models import Account, Entry, Plan, Unit
from ledger.parsing import Known, ParseError, Raw, parse
from ledger.registers import Made, Register
from tests.desk.cast import stored
from tests.ledger.world import World, make_world

ON = date(2022, 11, 30)
PEOPLE = {"secondments", "support_doctors", "support_teachers"}  # of the plan's own targets, those in 人


@cache
def targets() -> list[dict[str, Any]]:
    """The plan file's, read once."""
    text = (settings.BASE_DIR / "fixtures" / "plan-2022.yaml").read_text("utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["targets"]
    return found


def a_county() -> World:
    """The cast, the plan of 2022, and every counting rule that fixtures/plan-2022.yaml has."""
    world = make_world()
    plan = world.add_plan(2022, on=date(2022, 2, 10))
    for target in targets():
        Account.objects.create(
            code=f"2022/target/{target['code']}",
            name=target["name"],
            unit=target["unit"],
            plan=plan,
            stage="target",
            goal=target.get("goal"),
            maximum=target.get("maximum"),
            counts_people=target["unit"] == Unit.PERSON,
        )
    return world


@dataclass
class Trial:
    """What a test does with one register, in few words. `who` files; 审核 decides."""

    world: World
    register: Register
    who: str = "徐庄"

    def made(self, typed: Mapping[str, str], before: Entry | None = None) -> Made:
        """The row of what was typed, or what is wrong by column, parsing and rules alike."""
        known = Known(user=self.world.users[self.who], on=ON, year=2022)
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for column in self.register.columns:
            unit = (column.unit or "元") if column.kind == "money" else ""
            try:
                values[column.name] = parse(column, Raw(typed.get(column.label, ""), unit=unit), known)
            except ParseError as error:
                errors[column.label] = [str(error)]
        unknown = set(typed) - {column.label for column in self.register.columns}
        assert not unknown, f"no such column: {unknown}"
        if errors:
            return Made(None, errors)
        assert self.register.make is not None
        if before is not None:
            values["replaces"] = actions.detail_of(before)
        (made,) = self.register.make([values], self.world.users[self.who], ON)
        labels = {column.name: column.label for column in self.register.columns}
        return Made(made.row, {labels.get(n, n): list(t) for n, t in made.errors.items()}, made.warnings)

    def wrong(self, typed: Mapping[str, str]) -> dict[str, str]:
        """Column label → what is said; the row must be refused."""
        made = self.made(typed)
        assert made.row is None, "was taken"
        return {label: "；".join(texts) for label, texts in made.errors.items()}

    def filed(self, typed: Mapping[str, str]) -> Entry:
        """Submitted with a file."""
        made = self.made(typed)
        assert made.row is not None, made.errors
        user = self.world.users[self.who]
        return actions.submit(by=user, on=ON, register=self.register, row=made.row, evidence=[stored(user)])

    def done(self, typed: Mapping[str, str]) -> Entry:
        """Submitted and approved."""
        return self.approved(self.filed(typed))

    def stepped(self, entry: Entry, typed: Mapping[str, str]) -> Entry:
        """The next step, approved. Raises what the action refuses."""
        made = self.made(typed)
        assert made.row is not None, made.errors
        user = self.world.users[self.who]
        step = actions.step(by=user, on=ON, entry=entry, row=made.row, evidence=[stored(user)])
        return self.approved(step)

    def approved(self, entry: Entry) -> Entry:
        actions.approve(by=self.world.users["审核"], on=ON, entry=entry, version=entry.version)
        return Entry.objects.unscoped("测试").select_related("filed_for", "subject").get(pk=entry.pk)


def count(target: str) -> int:
    """What a counting rule of 2022 stands at."""
    return Account.objects.get(code=f"2022/target/{target}").balance


def plan() -> Plan:
    return Plan.objects.get(year=2022)
