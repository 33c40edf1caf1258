"""The shell around every page: where a role may go, where it starts, and the lock after wrong passwords."""

import datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.models import Organization, User
from rongshan import context

PASSWORD = "Test-1234"


@pytest.fixture
def bureau() -> Organization:
    return Organization.objects.create(
        code="xczxj", name="山亭区乡村振兴局", short_name="区乡村振兴局", kind="bureau", side="shanting"
    )


def person(role: User.Role, organization: Organization | None = None) -> User:
    user = User(
        username=f"test.{role.value.replace('_', '-')}",
        full_name="张晓",
        role=role,
        organization=organization,
        must_change_password=False,
        password_changed_at=timezone.now(),
    )
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(client: Client, username: str, password: str) -> int:
    return client.post("/login/", {"username": username, "password": password}).status_code


@pytest.mark.django_db
def test_administrators_see_accounts_and_units_and_no_business(client: Client) -> None:
    client.force_login(person(User.Role.SYSTEM_ADMIN))
    answer = client.get("/", follow=True)
    assert answer.redirect_chain == [("/users/", 302)]
    labels = [item.label for item in answer.context["nav"]]
    assert labels == ["参数", "账号", "单位", "移交草稿", "系统维护"]
    assert [item.label for item in answer.context["nav"] if item.current] == ["账号"]


@pytest.mark.django_db
def test_the_auditor_starts_at_the_trail(client: Client) -> None:
    client.force_login(person(User.Role.AUDITOR))
    assert client.get("/").headers["Location"] == "/admin/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "first", "labels"),
    [
        (User.Role.CLERK, "desk:home", ["总览", "待办", "填报记录", "表格导入", "人员", "报表", "待定事项"]),
        (
            User.Role.REVIEWER,
            "desk:review",
            [
                "总览",
                "待办",
                "填报记录",
                "表格导入",
                "审核",
                "人员",
                "季度",
                "参数",
                "报表",
                "待定事项",
                "系统维护",
            ],
        ),
        (User.Role.LEADER, "dashboard:home", ["总览", "人员", "季度", "参数", "报表", "待定事项"]),
    ],
)
def test_each_role_starts_at_its_work_and_sees_only_links_of_its_role(
    role: User.Role, first: str, labels: list[str], client: Client, bureau: Organization
) -> None:
    client.force_login(person(role, bureau))
    assert client.get("/").headers["Location"] == reverse(first)
    answer = client.get("/password/")
    assert [item.label for item in answer.context["nav"]] == labels


@pytest.mark.django_db
def test_the_way_in_asks_for_a_log_in_first(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/login/?next=/"


@pytest.mark.django_db
def test_five_wrong_passwords_lock_the_account_for_half_an_hour_and_no_longer(
    client: Client, bureau: Organization
) -> None:
    user = person(User.Role.CLERK, bureau)
    noon = datetime.datetime(2022, 6, 1, 12, tzinfo=datetime.UTC)
    User.objects.update(active_since=noon, password_changed_at=noon)
    with time_machine.travel(noon, tick=False):
        assert [log_in(client, user.username, "wrong") for _ in range(5)] == [200, 200, 200, 200, 429]
        answer = client.post("/login/", {"username": user.username, "password": PASSWORD})
        assert answer.status_code == 429
        assert "账号已暂时锁定" in answer.content.decode()
        assert "30 分钟" in answer.content.decode()
    with time_machine.travel(noon + datetime.timedelta(minutes=29), tick=False):
        # Trying again and again does not make it longer.
        assert log_in(client, user.username, PASSWORD) == 429
    with time_machine.travel(noon + datetime.timedelta(minutes=31), tick=False):
        assert log_in(client, user.username, PASSWORD) == 302


@pytest.mark.django_db
def test_the_lock_is_on_the_account_and_not_on_the_office_behind_one_address(
    client: Client, bureau: Organization
) -> None:
    clerk, head = person(User.Role.CLERK, bureau), person(User.Role.HEAD, bureau)
    for _ in range(6):
        log_in(client, clerk.username, "wrong")
    assert log_in(client, head.username, PASSWORD) == 302


@pytest.mark.django_db
def test_the_log_of_a_wrong_password_names_neither_the_person_nor_what_was_typed(
    client: Client, bureau: Organization, log_text: list[str]
) -> None:
    clerk = person(User.Role.CLERK, bureau)
    for _ in range(6):
        log_in(client, clerk.username, "wrong-Secret-1")
    log = "\n".join(log_text)
    assert clerk.username not in log
    assert "wrong-Secret-1" not in log


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/login/", "/users/", "/admin/"])
def test_a_demonstration_says_so_on_every_page_the_maintenance_pages_included(
    address: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "不得作为工作依据"
    if address != "/login/":
        client.force_login(person(User.Role.SYSTEM_ADMIN))
    assert words not in client.get(address).content.decode()
    monkeypatch.setattr(context, "is_demonstration", lambda: True)
    assert words in client.get(address).content.decode()
