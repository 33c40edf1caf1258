from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from rongshan import views


def waiting_since(**ago: int) -> None:
    task = DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}}, task_path="nowhere.nothing", backend_name="default"
    )
    DBTaskResult.objects.filter(pk=task.pk).update(enqueued_at=timezone.now() - timedelta(**ago))


@pytest.mark.django_db
def test_without_waiting_work_all_is_well(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "worker": "idle"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_work_that_waits_a_little_means_a_busy_worker(client: Client) -> None:
    waiting_since(minutes=4)
    assert client.get("/healthz").json() == {"status": "ok", "database": "ok", "worker": "busy"}


@pytest.mark.django_db
def test_work_that_waits_long_means_a_worker_that_does_not_work(client: Client) -> None:
    waiting_since(minutes=6)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": "ok", "worker": "stalled"}


def test_without_a_database_the_answer_is_503_and_still_an_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def ensure_connection(self) -> None:
            raise OperationalError("server 10.0.0.1 does not answer")

    monkeypatch.setattr(views, "connection", Gone())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failed", "database": "unreachable", "worker": "unknown"}


@pytest.mark.django_db
def test_the_question_changes_nothing(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
