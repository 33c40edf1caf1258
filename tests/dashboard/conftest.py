"""The real plan of 2022, a small cast, and browsers logged in as them, on 20 October 2022.

徐庄, 店子, 北庄 file for their towns and 财政 for 区财政局; 审核, 复核 and 局里 review at 区乡村振兴局, 领导 leads;
荣成 is of 荣成市乡村振兴局, 系统 keeps the system. Names are invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from directory.loading import load_directory
from directory.models import Organization, User
from funds.loading import load_plan
from ledger.models import BudgetLine
from tests.kept import kept
from tests.ledger.stories import Story
from tests.ledger.world import World

Browse = Callable[[str], Client]

CAST = {
    "财政": ("czj", User.Role.CLERK),
    "徐庄": ("370406106", User.Role.CLERK),
    "店子": ("370406101", User.Role.CLERK),
    "北庄": ("370406104", User.Role.CLERK),
    "局里": ("xczxj", User.Role.REVIEWER),
    "审核": ("xczxj", User.Role.REVIEWER),
    "复核": ("xczxj", User.Role.REVIEWER),
    "领导": ("xczxj", User.Role.LEADER),
    "荣成": ("rcxczxj", User.Role.PARTNER),
    "系统": ("", User.Role.SYSTEM_ADMIN),
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 10, 20, 2, 0, tzinfo=UTC)):
        yield


def make_books() -> World:
    """The plan as loaded from its file; nothing but the 安排 has happened."""
    load_directory()
    units = {unit.short_name: unit for unit in Organization.objects.all()}
    users = {}
    for number, (name, (code, role)) in enumerate(CAST.items()):
        unit = Organization.objects.get(code=code) if code else None
        users[name] = User.objects.create(
            username=f"user{number}",
            full_name=name,
            organization=unit,
            role=role,
            must_change_password=False,
            password_changed_at=datetime(2022, 10, 1, tzinfo=UTC),
        )
    text = (settings.BASE_DIR / "fixtures" / "plan-2022.yaml").read_text("utf-8")
    load_plan(by=users["审核"], on=date(2022, 2, 10), text=text)
    return World(users, units, {line.code: line for line in BudgetLine.objects.all()})


@pytest.fixture
def browse(db: None) -> Browse:
    """browse("领导"): a client logged in as one of the cast."""

    def log_in(name: str) -> Client:
        client = Client()
        user = User.objects.get(full_name=name, is_system=False)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@kept
def story() -> Story:
    """Books in which nothing has happened yet, to tell a story to."""
    return Story(make_books())


YEAR = """
2022-02-25 财政 办 到位 2022 300 #收1
2022-03-01 财政 办 下达 2022-04 徐庄镇 60 #文1
2022-03-02 财政 办 下达 2022-05 店子镇 20 #文2
2022-03-10 财政 办 拨付 2022-04 徐庄镇 40 #拨1
2022-03-20 徐庄 办 支出 2022-04 徐庄镇 4 #记1
2022-05-10 财政 办 拨付 2022-05 店子镇 20 #拨2
2022-05-11 店子 办 支出 2022-05 店子镇 8.888888 #记2
2022-06-10 徐庄 办 支出 2022-04 徐庄镇 12.5 #记3
2022-08-01 徐庄 办 退款 2022-04 徐庄镇 0.5 #退1
2022-08-02 徐庄 报 支出 2022-04 徐庄镇 3 #记4
2022-08-03 店子 报 支出 2022-05 店子镇 1 #记5
2022-08-04 审核 退 #记5 金额与凭证不符
"""


@kept
def year(story: Story) -> Story:
    """Three quarters of YEAR: one payment waits for review since 2 August, one was returned on the 4th."""
    story.tell(YEAR)
    return story
