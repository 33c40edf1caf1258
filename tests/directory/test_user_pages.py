"""The administrators' pages: who sees them, what they show, how many queries they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Event
from directory.models import Organization, User
from tests.directory.conftest import PASSWORD, Make

Browse = Callable[[User], Client]


def test_anonymous_people_are_sent_to_the_log_in_page(client: Client, db: None) -> None:
    for name in ("users", "user_new", "organizations", "organization_new"):
        response = client.get(reverse(name))
        assert (response.status_code, response["Location"]) == (302, f"/login/?next={reverse(name)}")


def test_business_roles_have_no_business_here(browse: Browse, clerk: User) -> None:
    client = browse(clerk)
    for name in ("users", "user_new", "organizations", "organization_new"):
        assert client.get(reverse(name)).status_code == 403
    assert client.post(reverse("user_active", args=[clerk.pk]), {"active": "0"}).status_code == 403


def test_every_administrator_sees_the_lists_and_only_the_right_one_acts(
    browse: Browse, admin: User, security: User, auditor: User, clerk: User
) -> None:
    acts = {
        "user_password": "system_admin",
        "user_name": "system_admin",
        "user_active": "system_admin",
        "user_role": "security_admin",
    }
    for person in (admin, security, auditor):
        client = browse(person)
        assert client.get(reverse("users")).status_code == 200
        assert client.get(reverse("organizations")).status_code == 200
        page = client.get(reverse("user", args=[clerk.pk]))
        assert page.status_code == 200
        for name, role in acts.items():
            address = reverse(name, args=[clerk.pk])
            assert (address in page.content.decode()) == (person.role == role)
            if person.role != role:
                assert client.post(address).status_code == 403
        assert client.get(reverse("user_new")).status_code == (200 if person == admin else 403)


def test_a_new_account_shows_its_password_once(browse: Browse, admin: User) -> None:
    client = browse(admin)
    unit = Organization.objects.get(code="370406101")
    data = {"full_name": "张丽", "username": "zhangli", "organization": unit.pk, "role": "clerk"}
    response = client.post(reverse("user_new"), data)
    user = User.objects.get(username="zhangli")
    password = response.context["password"]
    assert password in response.content.decode()
    assert user.check_password(password)
    assert "no-store" in response["Cache-Control"]
    assert password not in client.get(reverse("user", args=[user.pk])).content.decode()
    again = client.post(reverse("user_new"), data)  # a page sent twice makes no second account
    assert "这个用户名已被使用" in again.content.decode()
    assert User.objects.filter(username="zhangli").count() == 1


def test_a_faulty_account_keeps_what_was_typed_and_names_all_errors(browse: Browse, admin: User) -> None:
    unit = Organization.objects.get(code="370406101")
    data = {"full_name": "张丽", "username": "z!", "organization": unit.pk, "role": "reviewer"}
    page = browse(admin).post(reverse("user_new"), data).content.decode()
    assert 'value="张丽"' in page
    assert "用户名用3到40位小写字母" in page
    assert "审核员须属于区乡村振兴局" in page
    page = browse(admin).post(reverse("user_new"), {}).content.decode()
    assert page.count("这个字段是必填项") == 3
    assert page.count("请选择角色。") == 1
    assert "三员" not in page  # administrators are not made here
    assert 'value="auditor"' not in page


def test_the_account_page_acts(browse: Browse, admin: User, clerk: User) -> None:
    client = browse(admin)
    page = client.post(reverse("user_name", args=[clerk.pk]), {"full_name": "王方"}, follow=True)
    assert "姓名已更正：王方（徐庄镇）" in page.content.decode()
    page = client.post(reverse("user_name", args=[clerk.pk]), {"full_name": ""})
    assert "必填" in page.content.decode()
    page = client.post(reverse("user_active", args=[clerk.pk]), {"active": "0"}, follow=True)
    assert "账号已停用" in page.content.decode()
    page = client.post(reverse("user_active", args=[clerk.pk]), {"active": "1"}, follow=True)
    assert "账号已恢复" in page.content.decode()
    page = client.post(reverse("user_password", args=[clerk.pk]))
    clerk.refresh_from_db()
    assert clerk.check_password(page.context["password"])
    verbs = Event.objects.filter(actor_id=admin.pk, target=f"directory.user:{clerk.pk}")
    assert list(verbs.order_by("pk").values_list("verb", flat=True)) == [
        "user.renamed",
        "user.deactivated",
        "user.reactivated",
        "user.password_reset",
    ]


def test_what_an_administrator_may_not_is_said_in_words(
    browse: Browse, admin: User, auditor: User, security: User, clerk: User
) -> None:
    client = browse(admin)
    page = client.post(reverse("user_active", args=[admin.pk]), {"active": "0"}, follow=True)
    assert "不能对自己的账号进行这项操作" in page.content.decode()
    page = client.post(reverse("user_password", args=[auditor.pk]), follow=True)
    assert "create_admin" in page.content.decode()
    auditor.refresh_from_db()
    assert auditor.check_password(PASSWORD)
    client = browse(security)
    page = client.post(reverse("user_role", args=[clerk.pk]), {"role": "reviewer"})
    assert "审核员须属于区乡村振兴局" in page.content.decode()
    assert "填报员" in page.content.decode()  # the page still shows the role that holds
    page = client.post(reverse("user_role", args=[clerk.pk]), {"role": "head"}, follow=True)
    assert "现为单位负责人" in page.content.decode()
    page = client.post(reverse("user_role", args=[security.pk]), {"role": "auditor"}, follow=True)
    assert "不能对自己的账号进行这项操作" in page.content.decode()


def test_the_system_user_has_no_page(browse: Browse, admin: User) -> None:
    from directory.actions import ensure_system_user

    system = ensure_system_user(username="plan-import", full_name="计划导入")
    client = browse(admin)
    assert client.get(reverse("user", args=[system.pk])).status_code == 404
    assert "计划导入" not in client.get(reverse("users")).content.decode()


def test_users_are_found_by_name_unit_and_state(browse: Browse, admin: User, clerk: User, make: Make) -> None:
    make("zhangli", "张丽", "clerk", "370406101")
    client = browse(admin)

    def found(**query: str | int) -> list[str]:
        return [user.username for user, _ in client.get(reverse("users"), query).context["rows"]]

    assert set(found()) == {"liuyang", "wangfang", "zhangli"}
    assert found(q="张") == ["zhangli"]
    assert found(q="WANG") == ["wangfang"]
    assert found(organization=Organization.objects.get(code="370406106").pk) == ["wangfang"]
    assert found(state="inactive") == []
    User.objects.filter(username="zhangli").update(is_active=False)
    assert found(state="inactive") == ["zhangli"]
    assert set(found(state="active")) == {"liuyang", "wangfang"}
    User.objects.filter(username="wangfang").update(active_since="2020-01-01T00:00Z")
    assert found(state="idle") == ["wangfang"]
    User.objects.filter(username="wangfang").update(last_login="2020-02-01T00:00Z")
    assert found(state="idle") == ["wangfang"]
    assert found(q="nobody") == []
    assert found(organization="999999") != []  # a filter that means nothing filters nothing


@pytest.mark.parametrize("name", ["users", "organizations"])
def test_a_list_takes_the_same_few_queries_however_long_it_is(
    browse: Browse, admin: User, make: Make, name: str
) -> None:
    client = browse(admin)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse(name)).status_code == 200
        return len(captured)

    queries()  # the first request after log-in also writes the session
    before = queries()
    units = Organization.objects.filter(side="shanting")
    User.objects.bulk_create(
        User(username=f"clerk{i}", full_name=f"某人{i}", role="clerk", organization=units[i % 20])
        for i in range(60)
    )
    assert queries() == before
    assert before <= 7  # of them 3 for every page: session, user, demonstration mark


def test_long_lists_have_pages_that_keep_the_filter(browse: Browse, admin: User) -> None:
    unit = Organization.objects.get(code="rsj")
    User.objects.bulk_create(
        User(username=f"clerk{i:02}", full_name=f"某人{i}", role="clerk", organization=unit)
        for i in range(60)
    )
    response = browse(admin).get(reverse("users"), {"q": "clerk"})
    page = response.content.decode()
    assert len(response.context["rows"]) == 50
    assert "第 1 / 2 页，共 60 条" in page
    assert 'href="?q=clerk&amp;page=2"' in page


def test_a_unit_is_made_and_listed(browse: Browse, admin: User) -> None:
    client = browse(admin)
    data: dict[str, Any] = {
        "name": "山亭区水利局",
        "short_name": "区水利局",
        "code": "slj",
        "kind": "department",
        "side": "shanting",
    }
    page = client.post(reverse("organization_new"), {**data, "side": "rongcheng"}).content.decode()
    assert "类别与所属方不符" in page
    page = client.post(reverse("organization_new"), data, follow=True).content.decode()
    assert "单位已建立：区水利局" in page
    assert "slj" in page
