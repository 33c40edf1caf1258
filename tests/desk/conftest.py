"""The cast of tests/ledger/world.py, money at 徐庄镇 and 店子镇, and browsers logged in as them, on 1 July 2022."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from directory.models import User
from tests.desk.cast import approved, submitted
from tests.kept import kept
from tests.ledger.world import World, make_world

Browse = Callable[[str], Client]


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 7, 1, 2, 0, tzinfo=UTC)):
        yield


@kept
def world() -> World:
    """300,000 元 lie at 徐庄镇 for 2022-04 and 80,000 元 at 店子镇 for 2022-05, ready to be spent."""
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    User.objects.update(must_change_password=False, password_changed_at=timezone.now())
    for user in made.users.values():
        user.refresh_from_db()
    for number, (line, unit, amount) in enumerate([("2022-04", "徐庄镇", 30), ("2022-05", "店子镇", 8)]):
        for words in (
            f"下达 {line} {unit} {amount + 10} 文件号=山财农指〔2022〕{number + 1}号 日期=2022-03-01",
            f"拨付 {line} {unit} {amount} 凭证号=拨-{number + 1} 日期=2022-03-05",
        ):
            approved(made, submitted(made, "财政", words))
    return made


@pytest.fixture
def browse(world: World) -> Browse:
    """browse("徐庄"): a client logged in as that person."""

    def as_user(name: str) -> Client:
        client = Client()
        client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return as_user


@pytest.fixture
def typed(world: World) -> dict[str, Any]:
    """What a clerk of 徐庄镇 types for a 支出 of 12.5 万元."""
    return {
        "event": "spend",
        "line": world.lines["2022-04"].pk,
        "unit": world.units["徐庄镇"].pk,
        "amount": "１２．５",
        "amount_unit": "万元",
        "occurred_on": "2022-04-02",
        "voucher_no": "记-35",
        "payee": "某建筑公司",
    }
