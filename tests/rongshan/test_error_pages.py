"""Every page that tells of an error: in Chinese, saying what to do next, betraying nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from rongshan import views

SECRET = "990000197906120027"


def refuse(error: Exception) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


def test_an_unknown_address_is_answered_in_chinese_without_a_log_in_or_a_database(client: Client) -> None:
    # No django_db mark: touching the database would fail this test.
    answer = client.get("/no/such/page/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "没有找到这个页面" in page
    assert "返回首页" in page
    assert "no/such/page" not in page


@pytest.mark.parametrize(
    ("status", "view", "words"),
    [
        (400, views.bad_request, "请求有误"),
        (403, views.permission_denied, "没有权限"),
        (404, views.page_not_found, "不在您单位的查看范围内"),
    ],
)
def test_refusals_do_not_repeat_what_caused_them(
    status: int, view: Callable[..., HttpResponse], words: str, rf: RequestFactory
) -> None:
    answer = view(rf.get(f"/?number={SECRET}"), PermissionDenied(SECRET))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert SECRET not in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_with_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"username": "somebody", "password": SECRET})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "页面已过期" in page
    assert "CSRF" not in page
    assert SECRET not in page


@pytest.mark.django_db
def test_a_failure_in_our_code_shows_the_500_page_and_logs_no_data(
    monkeypatch: pytest.MonkeyPatch, log_text: list[str]
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise ValueError(SECRET)

    monkeypatch.setattr(views, "DBTaskResult", Broken())
    answer = Client(raise_request_exception=False).get("/healthz", {"number": SECRET})
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "这次操作没有保存" in page
    assert SECRET not in page
    log = "\n".join(log_text)
    assert "Internal Server Error: /healthz" in log
    assert "builtins.ValueError" in log
    assert SECRET not in log


def test_the_500_page_needs_no_database(rf: RequestFactory) -> None:
    # No django_db mark: touching the database would fail this test.
    assert views.server_error(rf.get("/")).status_code == 500


def test_every_answer_carries_the_strict_policy_and_stays_out_of_frames(client: Client) -> None:
    answer = client.get("/no/such/page/")
    assert set(answer["Content-Security-Policy"].split("; ")) == {
        "default-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    }
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("said", "vendor", "status"),
    [
        ("database is locked", "sqlite", 503),
        ("disk I/O error", "sqlite", 500),
        ("connection to server on socket … failed: Connection refused", "postgresql", 503),
    ],
)
def test_a_database_that_will_be_back_in_a_moment_asks_to_try_again(
    said: str, vendor: str, status: int, monkeypatch: pytest.MonkeyPatch, rf: RequestFactory
) -> None:
    monkeypatch.setattr(connection, "vendor", vendor)
    try:
        raise OperationalError(said)
    except OperationalError:
        answer = views.server_error(rf.post("/desk/new/fund_flow/"))
    assert answer.status_code == status
    assert answer.get("Retry-After") == ("5" if status == 503 else None)
    assert ("重复提交不会重复记账" in answer.content.decode()) == (status == 503)


def test_a_fault_of_ours_is_no_busy_database(rf: RequestFactory) -> None:
    try:
        raise ValueError("database is locked")
    except ValueError:
        assert views.server_error(rf.get("/")).status_code == 500


@pytest.mark.django_db
def test_a_session_that_could_not_be_saved_is_no_bad_request(
    monkeypatch: pytest.MonkeyPatch, client: Client, django_user_model: Any
) -> None:
    person = django_user_model.objects.create(username="someone", role="auditor", must_change_password=False)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def gone(self: object, **options: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(Session, "save", gone)
    answer = client.get("/password/")
    assert answer.status_code == 503
    assert "重复提交不会重复记账" in answer.content.decode()
