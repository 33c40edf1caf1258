"""Django's admin: directory data for the system administrator, the trail for the auditor, events for all."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client

from audit.models import Event
from directory.models import Alias, Division, Organization, User
from tests.directory.conftest import Make

Browse = Callable[[User], Client]

DATA = ("division", "organization", "alias")


def test_the_system_administrator_edits_directory_data_and_does_not_see_the_trail(
    browse: Browse, admin: User
) -> None:
    client = browse(admin)
    for model in DATA:
        assert client.get(f"/admin/directory/{model}/").status_code == 200
        assert client.get(f"/admin/directory/{model}/add/").status_code == (
            403 if model == "organization" else 200
        )
    assert client.get("/admin/audit/event/").status_code == 403


def test_the_auditor_reads_the_trail_and_writes_nothing(browse: Browse, auditor: User) -> None:
    client = browse(auditor)
    event = Event.objects.earliest("pk")
    assert "载入名录" in client.get("/admin/audit/event/").content.decode()
    assert client.get(f"/admin/audit/event/{event.pk}/change/").status_code == 200
    assert client.post(f"/admin/audit/event/{event.pk}/change/", {"verb": "x"}).status_code == 403
    assert client.get(f"/admin/audit/event/{event.pk}/delete/").status_code == 403
    assert client.get("/admin/audit/event/add/").status_code == 403
    for model in DATA:
        assert client.get(f"/admin/directory/{model}/").status_code == 403


def test_others_see_what_their_role_allows(browse: Browse, security: User, clerk: User, make: Make) -> None:
    reviewer = make("chenjie", "陈杰", "reviewer", "xczxj")
    leader = make("sunlei", "孙磊", "leader", "xczxj")
    assert browse(reviewer).get("/admin/directory/alias/add/").status_code == 200
    assert browse(reviewer).get("/admin/audit/event/").status_code == 403
    assert browse(reviewer).get("/admin/directory/division/add/").status_code == 403
    assert browse(security).get("/admin/directory/division/").status_code == 200
    assert browse(security).get("/admin/directory/alias/add/").status_code == 403
    for person in (clerk, leader):
        assert browse(person).get("/admin/").status_code == 302
    assert browse(reviewer).get("/admin/directory/user/").status_code == 404  # accounts have their own pages


def test_changes_through_the_admin_are_in_the_trail(browse: Browse, admin: User) -> None:
    client = browse(admin)
    village = Division.objects.get(code="370406106204")
    form = {"kind": "village", "text": "湖沟新村", "division": village.pk}
    assert client.post("/admin/directory/alias/add/", form).status_code == 302
    alias = Alias.objects.get(text="湖沟新村")
    assert alias.normalized == "湖沟新"
    client.post(f"/admin/directory/alias/{alias.pk}/change/", {**form, "text": "湖沟老村"})
    client.post(f"/admin/directory/alias/{alias.pk}/delete/", {"post": "yes"})
    events = Event.objects.filter(actor_id=admin.pk, verb__startswith="alias.").order_by("pk")
    assert [(e.verb, e.target) for e in events] == [
        ("alias.created", f"directory.alias:{alias.pk}"),
        ("alias.changed", f"directory.alias:{alias.pk}"),
        ("alias.deleted", f"directory.alias:{alias.pk}"),
    ]
    assert events[1].details == {"fields": ["text"]}


def test_deleting_several_aliases_leaves_an_event_for_each(browse: Browse, admin: User) -> None:
    chosen = list(Alias.objects.order_by("pk").values_list("pk", flat=True)[:3])
    browse(admin).post(
        "/admin/directory/alias/", {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    )
    assert not Alias.objects.filter(pk__in=chosen).exists()
    assert Event.objects.filter(verb="alias.deleted").count() == 3


def test_the_code_of_a_unit_stays_as_it_is(browse: Browse, admin: User) -> None:
    unit = Organization.objects.get(code="kjj")
    page = browse(admin).get(f"/admin/directory/organization/{unit.pk}/change/").content.decode()
    assert 'name="code"' not in page
    assert 'name="name"' in page


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "village", "text": "某村"}, "只选一个"),
        ({"kind": "township", "text": "某镇", "division": "370406106204"}, "请选择一个镇街"),
        ({"kind": "organization", "text": "开发区管委会", "organization": "czj"}, "已经登记过"),
    ],
)
def test_a_faulty_alias_is_refused_in_chinese(
    browse: Browse, admin: User, form: dict[str, str], words: str
) -> None:
    data: dict[str, object] = dict(form)
    if "division" in form:
        data["division"] = Division.objects.get(code=form["division"]).pk
    if "organization" in form:
        data["organization"] = Organization.objects.get(code=form["organization"]).pk
    response = browse(admin).post("/admin/directory/alias/add/", data)
    assert words in response.content.decode()


def test_villages_are_offered_with_code_and_township(browse: Browse, admin: User) -> None:
    page = browse(admin).get("/admin/directory/alias/add/").content.decode()
    assert "370406106204 徐庄镇湖沟村委会" in page


def test_the_index_is_chinese_also_for_those_who_hear_it(browse: Browse, make: Make) -> None:
    reviewer = make("chenjie", "陈杰", "reviewer", "xczxj")
    for address in ("/admin/", "/admin/directory/", "/admin/directory/alias/", "/admin/directory/alias/add/"):
        page = html.unescape(browse(reviewer).get(address).content.decode())
        body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<!--.*?-->", " ", page)
        titles = re.findall(r'(?:title|aria-label|placeholder)="([^"]*)"', body)
        words = re.findall(r"[A-Za-z]{3,}", " ".join([re.sub(r"<[^>]*>", " ", body), *titles]))
        assert words == [], address
