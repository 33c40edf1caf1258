"""Logging in and out, the time-out, the first password, the locked account."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from zeal import zeal_ignore

from audit.models import Event
from directory import actions
from directory.models import User
from tests.directory.conftest import PASSWORD

Browse = Callable[[User], Client]


def log_in(client: Client, username: str, password: str = PASSWORD, **more: str) -> HttpResponse:
    return client.post(reverse("login"), {"username": username, "password": password, **more})  # type: ignore[return-value]


def test_logging_in_leads_on_and_is_in_the_trail(client: Client, clerk: User) -> None:
    response = log_in(client, "wangfang", next="/users/?page=2")
    assert (response.status_code, response["Location"]) == (302, "/users/?page=2")
    event = Event.objects.get(verb="user.logged_in")
    assert (event.actor_id, event.target) == (clerk.pk, f"directory.user:{clerk.pk}")


@pytest.mark.parametrize("username", ["WangFang", " wangfang ", "ｗａｎｇｆａｎｇ"])
def test_the_user_name_is_the_same_in_any_case_and_width(client: Client, clerk: User, username: str) -> None:
    assert log_in(client, username).status_code == 302


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"]
)
def test_next_leads_to_this_site_only(client: Client, clerk: User, target: str) -> None:
    response = log_in(client, "wangfang", next=target)
    assert response["Location"] == reverse("home")


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(client: Client, clerk: User) -> None:
    answers = [log_in(client, name, "Falsch-2022").content.decode() for name in ("wangfang", "niemand")]
    assert all("用户名或密码不正确" in answer for answer in answers)
    refused = Event.objects.filter(verb="user.login_refused").order_by("pk")
    assert [event.target for event in refused] == [f"directory.user:{clerk.pk}", "directory.user"]
    assert "niemand" not in str(list(refused.values()))
    assert "Falsch" not in str(list(refused.values()))


def test_an_empty_form_is_no_failed_attempt(client: Client, db: None) -> None:
    assert "这个字段是必填项" in log_in(client, "", "").content.decode()
    assert not Event.objects.exists()


def test_five_wrong_passwords_lock_the_account_however_the_name_is_written(
    client: Client, clerk: User
) -> None:
    for name in ("wangfang", "WANGFANG", "Wangfang", " wangfang"):
        assert log_in(client, name, "Falsch-2022").status_code == 200
    assert log_in(client, "wangfanG", "Falsch-2022").status_code == 429
    locked = log_in(client, "wangfang")
    assert locked.status_code == 429
    assert "锁定" in locked.content.decode()
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=31)):
        assert log_in(client, "wangfang").status_code == 302


def test_a_stopped_account_cannot_log_in(client: Client, clerk: User, admin: User) -> None:
    actions.deactivate_user(by=admin, user=clerk)
    assert log_in(client, "wangfang").status_code == 200


def test_stopping_an_account_ends_its_sessions(browse: Browse, clerk: User, admin: User) -> None:
    client = browse(clerk)
    assert client.get(reverse("password_change")).status_code == 200
    actions.deactivate_user(by=admin, user=clerk)
    assert client.get(reverse("password_change")).status_code == 302


def test_an_account_not_used_for_ninety_days_stays_out_until_it_is_put_back(
    client: Client, clerk: User, admin: User
) -> None:
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=91)):
        answer = log_in(client, "wangfang")
        assert "超过 90 天没有使用" in answer.content.decode()
        assert Event.objects.latest("pk").details == {"reasons": ["idle"]}
        actions.reactivate_user(by=admin, user=clerk)
        assert log_in(client, "wangfang").status_code == 302


def test_whoever_works_stays_logged_in_and_reading_seldom_writes(client: Client, clerk: User) -> None:
    log_in(client, "wangfang")
    start = datetime.datetime.now(datetime.UTC)
    for minutes in (20, 40, 60):
        with time_machine.travel(start + datetime.timedelta(minutes=minutes), tick=False):
            with CaptureQueriesContext(connection) as first:
                assert client.get(reverse("password_change")).status_code == 200
            with CaptureQueriesContext(connection) as second:
                assert client.get(reverse("password_change")).status_code == 200
        assert [sum("UPDATE" in query["sql"] for query in asked) for asked in (first, second)] == [1, 0]
    with time_machine.travel(start + datetime.timedelta(minutes=91)):
        assert client.get(reverse("password_change")).status_code == 302


def test_after_the_time_out_the_log_in_page_says_so_and_leads_back(client: Client, clerk: User) -> None:
    log_in(client, "wangfang")
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=31)):
        response = client.get(reverse("password_change"), follow=True)
    page = response.content.decode()
    assert "登录已超时，请重新登录；填写的内容会保留。" in page
    assert f'name="next" value="{reverse("password_change")}"' in page


def test_who_never_logged_in_or_logged_out_is_not_told_of_a_time_out(client: Client, clerk: User) -> None:
    assert "登录已超时" not in client.get(reverse("login")).content.decode()
    log_in(client, "wangfang")
    response = client.post(reverse("logout"), follow=True)
    assert "登录已超时" not in response.content.decode()
    assert Event.objects.latest("pk").verb == "user.logged_out"


def test_logging_out_needs_a_post(browse: Browse, clerk: User) -> None:
    assert browse(clerk).get(reverse("logout")).status_code == 405


def test_the_fields_tell_a_password_manager_what_they_are(client: Client, db: None) -> None:
    page = client.get(reverse("login")).content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert 'lang="zh-Hans"' in page


def test_a_one_time_password_must_be_changed_before_anything_else(
    client: Client, clerk: User, admin: User
) -> None:
    password = actions.reset_password(by=admin, user=clerk)
    log_in(client, "wangfang", password)
    response = client.get(reverse("users"))
    assert response["Location"] == "/password/?next=%2Fusers%2F"
    assert client.post(reverse("user_new"))["Location"] == "/password/"
    htmx = client.get(reverse("users"), headers={"HX-Request": "true"})
    assert (htmx.status_code, htmx["HX-Redirect"]) == (200, "/password/?next=%2Fusers%2F")
    assert client.get("/healthz").status_code == 200
    assert "一次性密码" in client.get("/password/?next=/users/").content.decode()
    response = client.post(
        reverse("password_change"),
        {
            "old_password": password,
            "new_password": "Fengmao-2020",
            "new_password_again": "Fengmao-2020",
            "next": "/users/",
        },
    )
    assert response["Location"] == "/users/"
    assert client.get(reverse("users")).status_code == 403  # let through; a clerk has no business there


def test_a_password_too_old_must_be_changed(client: Client, clerk: User) -> None:
    User.objects.filter(pk=clerk.pk).update(
        password_changed_at=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=91)
    )
    log_in(client, "wangfang")
    response = client.get(reverse("users"), follow=True)
    assert "密码使用已满规定天数" in response.content.decode()


def test_changing_the_password_shows_every_error_and_keeps_only_this_session(
    clerk: User,
) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        log_in(client, "wangfang")
    url = reverse("password_change")
    page = here.post(
        url, {"old_password": "x", "new_password": "Fengmao-2020", "new_password_again": "other"}
    ).content.decode()
    assert "现在的密码不正确" in page
    assert "两次输入的新密码不一样" in page
    page = here.post(
        url, {"old_password": PASSWORD, "new_password": "fengmao", "new_password_again": "fengmao"}
    ).content.decode()
    assert "至少三类" in page
    assert "密码至少8个字符。" in page
    assert "fengmao" not in page  # a password is never written back into a page
    assert clerk.check_password(PASSWORD)
    data = {"old_password": PASSWORD, "new_password": "Fengmao-2020", "new_password_again": "Fengmao-2020"}
    assert here.post(url, {**data, "next": "//elsewhere.example"})["Location"] == reverse("home")
    assert here.get(url).status_code == 200
    with zeal_ignore([{"model": "sessions.Session"}]):  # Django itself asks twice before it ends a session
        assert elsewhere.get(url).status_code == 302
    assert Event.objects.filter(verb="user.password_changed", actor_id=clerk.pk).count() == 2


def test_the_admins_own_log_in_and_password_pages_are_ours(
    client: Client, clerk: User, browse: Browse
) -> None:
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/login/?next=%2Fadmin%2F"
    assert client.post("/admin/login/", {"username": "wangfang", "password": PASSWORD}).status_code == 405
    browse(clerk)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/password_change/")["Location"] == reverse("password_change")
