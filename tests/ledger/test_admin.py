"""The books in the admin: the bureau reads, nobody writes; data of the bureau is edited and audited."""

from __future__ import annotations

from datetime import date

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from audit.models import Event
from ledger.models import Assignment, Filing, HeadingAlias, Period
from tests.kept import kept
from tests.ledger.world import World, make_world

pytestmark = pytest.mark.django_db

BOOKS = (
    "plan",
    "clause",
    "budgetline",
    "account",
    "transfer",
    "openquestion",
    "ruling",
    "seal",
    "thresholdchange",
)
DATA = ("task", "period", "assignment", "linealias", "headingalias")


@kept
def world() -> World:
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    return made


def as_user(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("model", [*BOOKS, *DATA])
def test_a_reviewer_may_read_every_page_of_the_books(world: World, model: str) -> None:
    assert as_user(world, "审核").get(f"/admin/ledger/{model}/").status_code == 200


@pytest.mark.parametrize("model", BOOKS)
def test_nobody_may_add_to_the_books_here(world: World, model: str) -> None:
    assert as_user(world, "审核").get(f"/admin/ledger/{model}/add/").status_code == 403


def test_a_system_administrator_sees_nothing_of_the_books(world: World) -> None:
    boss = world.users["北庄"]
    boss.role, boss.organization = "system_admin", None
    boss.save()
    client = as_user(world, "北庄")
    assert client.get("/admin/").status_code == 200
    for model in (*BOOKS, *DATA):
        assert client.get(f"/admin/ledger/{model}/").status_code == 403


def test_entries_drafts_and_evidence_are_not_in_the_admin() -> None:
    hidden = {"Entry", "Draft", "Evidence", "Subject", "Hold", "Total", "Filing"}
    registered = {model.__name__ for model in admin.site._registry}
    assert hidden & registered == set()
    assert {model.__name__ for model in apps.get_app_config("ledger").get_models()} >= hidden


def test_a_moved_due_date_moves_the_filings_and_leaves_an_event(world: World) -> None:
    period = Period.objects.get(code="2022Q2")
    Filing.objects.unscoped("测试").create(
        organization=world.units["徐庄镇"], register="fund_flow", period=period, due_on=period.due_on
    )
    answer = as_user(world, "审核").post(
        f"/admin/ledger/period/{period.pk}/change/",
        {
            "as_of": "2022-06-30",
            "due_on": "2022-07-08",
            "review_due_on": "2022-07-10",
            "report_due_on": "2022-07-12",
        },
    )
    assert answer.status_code == 302
    filing = Filing.objects.unscoped("测试").get(period=period, organization=world.units["徐庄镇"])
    assert filing.due_on == date(2022, 7, 8)
    assert Event.objects.filter(verb="period.changed").exists()


def test_a_new_assignment_owes_filings_in_every_open_quarter(world: World) -> None:
    as_user(world, "审核").post(
        "/admin/ledger/assignment/add/",
        {"register": "fund_flow", "organization": world.units["北庄镇"].pk, "duty": "files"},
    )
    assert Assignment.objects.filter(organization=world.units["北庄镇"]).exists()
    owed = Filing.objects.unscoped("测试").filter(organization=world.units["北庄镇"])
    assert owed.count() == Period.objects.filter(is_closed=False).count()


def test_a_heading_is_kept_for_a_column_and_not_for_two(world: World) -> None:
    client = as_user(world, "审核")
    add = "/admin/ledger/headingalias/add/"
    assert client.post(add, {"where": "fund_flow:payee", "heading": "领款单位"}).status_code == 302
    alias = HeadingAlias.objects.get()
    assert (alias.register, alias.column, alias.heading) == ("fund_flow", "payee", "领款单位")
    assert "收款方" in client.get("/admin/ledger/headingalias/").content.decode()
    page = client.post(add, {"where": "fund_flow:payee", "heading": "凭证号"})
    assert "这种写法已是“凭证号”" in page.content.decode()
    page = client.get(f"/admin/ledger/headingalias/{alias.pk}/change/")
    assert 'value="fund_flow:payee" selected' in page.content.decode()
