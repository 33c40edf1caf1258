"""徐庄镇 and its neighbours with the plan's counting accounts, on 5 July 2022, one course approved; and browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from directory.models import User
from ledger import actions
from ledger.models import Account, Batch, Entry, Period
from tests.kept import kept
from tests.ledger.test_presence import a_world
from tests.ledger.world import World
from tests.workbooks.files import COURSE_1, COURSE_2, courses, xlsx
from workbooks import planning
from workbooks.report import Report

ON = date(2022, 7, 5)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 7, 5, 2, 0, tzinfo=UTC), tick=True):
        yield


@kept
def world() -> World:
    made = a_world()
    plan = made.lines["2022-01"].plan
    Account.objects.create(
        code="2022/target/training_courses", name="培训班", unit="场", plan=plan, stage="target"
    )
    return made


@kept
def course(world: World) -> None:
    """Both courses, filed by workbook and approved."""
    report = commit(world, xlsx({"班次": courses(COURSE_1, COURSE_2)}), name="班次.xlsx")
    assert report.errors == []
    approve_batch(world, report.batch)


def upload(
    world: World,
    data: bytes,
    *,
    name: str = "学员.xlsx",
    unit: str = "徐庄镇",
    period: str = "2022Q2",
    **more: Any,
) -> planning.Upload:
    quarter = Period.objects.get(code=period)
    return planning.Upload(data, name, world.units[unit], quarter, **more)


def preview(world: World, data: bytes, **more: Any) -> Report:
    return planning.preview(by=world.users["徐庄"], on=ON, upload=upload(world, data, **more))


def commit(world: World, data: bytes, *, valid_only: bool = False, **more: Any) -> Report:
    return planning.commit(
        by=world.users["徐庄"], on=ON, upload=upload(world, data, **more), valid_only=valid_only
    )


def approve_batch(world: World, batch: Batch | None, count: int | None = None) -> list[Entry]:
    found = Entry.objects.unscoped("测试").filter(batch=batch, state="submitted").order_by("pk")[:count]
    some = list(found)
    for entry in some:
        actions.approve(by=world.users["审核"], on=ON, entry=entry, version=entry.version)
    return some


Browse = Callable[[str], Client]


@pytest.fixture
def browse(world: World) -> Browse:
    User.objects.update(must_change_password=False)

    def as_user(name: str) -> Client:
        client = Client()
        client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return as_user
