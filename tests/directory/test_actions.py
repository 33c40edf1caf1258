"""Accounts and units: who may, what is refused with which words, and what the trail keeps."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from audit.models import Event
from directory import actions
from directory.actions import NotAllowed, OwnAccount
from directory.models import Organization, User
from tests.directory.conftest import PASSWORD, Make


def unit(code: str) -> Organization:
    return Organization.objects.get(code=code)


def last_event() -> tuple[str, str, str]:
    event = Event.objects.latest("pk")
    return event.verb, event.outcome, event.actor_name


def test_a_new_account_has_a_one_time_password_that_must_be_changed(admin: User) -> None:
    made = actions.create_user(
        by=admin, username=" ZhangLi ", full_name="张丽", role="clerk", organization=unit("370406101")
    )
    kept = User.objects.get(username="zhangli")
    assert kept.check_password(made.password)
    assert kept.must_change_password
    assert str(kept) == "张丽（店子镇）"
    assert last_event() == ("user.created", "done", "刘洋（系统管理员）")
    assert made.password not in str(list(Event.objects.values()))


def test_all_errors_of_an_account_come_at_once_at_their_fields(admin: User, clerk: User) -> None:
    with pytest.raises(ValidationError) as caught:
        actions.create_user(
            by=admin, username="wangfang", full_name="", role="reviewer", organization=unit("370406106")
        )
    errors = caught.value.message_dict
    assert errors["username"] == ["这个用户名已被使用，请换一个。"]
    assert errors["organization"] == ["审核员须属于区乡村振兴局。"]
    assert "full_name" in errors


@pytest.mark.parametrize(
    ("role", "code", "fits"),
    [
        ("clerk", "370406106", True),
        ("head", "rsj", True),
        ("clerk", "xczxj", True),
        ("reviewer", "xczxj", True),
        ("reviewer", "czj", False),
        ("leader", "xczxj", True),
        ("partner", "rcrsj", True),
        ("partner", "rsj", False),
        ("clerk", "rcrsj", False),
        ("nobody", "rsj", False),
        ("", "rsj", False),
    ],
)
def test_a_role_fits_its_unit(admin: User, role: str, code: str, fits: bool) -> None:
    def create() -> User:
        return actions.create_user(
            by=admin, username="somebody", full_name="某人", role=role, organization=unit(code)
        ).user

    if fits:
        assert create().role == role
    else:
        with pytest.raises(ValidationError):
            create()


def test_a_unit_out_of_use_gets_no_accounts(admin: User) -> None:
    Organization.objects.filter(code="kjj").update(active=False)
    with pytest.raises(ValidationError, match="区科技局已停用"):
        actions.create_user(
            by=admin, username="somebody", full_name="某人", role="clerk", organization=unit("kjj")
        )


def test_only_the_system_administrator_makes_and_stops_accounts(
    clerk: User, security: User, auditor: User, make: Make
) -> None:
    reviewer = make("chenjie", "陈杰", "reviewer", "xczxj")
    attempts: list[Callable[[User], object]] = [
        lambda by: actions.create_user(
            by=by, username="other", full_name="某人", role="clerk", organization=unit("rsj")
        ),
        lambda by: actions.create_organization(
            by=by, code="slj", name="山亭区水利局", short_name="区水利局", kind="department", side="shanting"
        ),
        lambda by: actions.reset_password(by=by, user=clerk),
        lambda by: actions.rename_user(by=by, user=clerk, full_name="王方"),
        lambda by: actions.deactivate_user(by=by, user=clerk),
        lambda by: actions.reactivate_user(by=by, user=clerk),
    ]
    for by in (reviewer, security, auditor):
        for attempt in attempts:
            with pytest.raises(NotAllowed, match="系统管理员"):
                attempt(by)
            assert last_event()[1:] == ("refused", str(by))
    clerk.refresh_from_db()
    assert (clerk.full_name, clerk.is_active, clerk.check_password(PASSWORD)) == ("王芳", True, True)


def test_a_stopped_administrator_may_nothing(admin: User, clerk: User) -> None:
    admin.is_active = False
    with pytest.raises(NotAllowed):
        actions.deactivate_user(by=admin, user=clerk)


def test_an_administrators_account_is_made_and_reset_at_the_console_only(admin: User, auditor: User) -> None:
    with pytest.raises(NotAllowed, match="create_admin"):
        actions.create_user(by=admin, username="second", full_name="某人", role="auditor", organization=None)
    with pytest.raises(NotAllowed, match="create_admin"):
        actions.reset_password(by=admin, user=auditor)
    auditor.refresh_from_db()
    assert auditor.check_password(PASSWORD)


def test_only_the_security_administrator_changes_roles_and_never_their_own(
    admin: User, security: User, clerk: User
) -> None:
    with pytest.raises(NotAllowed, match="安全管理员"):
        actions.change_role(by=admin, user=clerk, role="head")
    actions.change_role(by=security, user=clerk, role="head")
    assert User.objects.get(pk=clerk.pk).role == "head"
    assert Event.objects.latest("pk").summary == "调整角色：王芳（徐庄镇），由填报员改为单位负责人"
    with pytest.raises(OwnAccount):
        actions.change_role(by=security, user=security, role="system_admin")
    with pytest.raises(ValidationError, match="区乡村振兴局"):
        actions.change_role(by=security, user=clerk, role="reviewer")


def test_nobody_stops_or_resets_their_own_account(admin: User) -> None:
    with pytest.raises(OwnAccount):
        actions.deactivate_user(by=admin, user=admin)
    with pytest.raises(OwnAccount):
        actions.reset_password(by=admin, user=admin)


def test_a_stopped_account_cannot_log_in_until_it_is_put_back(admin: User, clerk: User) -> None:
    actions.deactivate_user(by=admin, user=clerk)
    assert last_event()[0] == "user.deactivated"
    assert not User.objects.get(pk=clerk.pk).is_active
    actions.reactivate_user(by=admin, user=clerk)
    assert User.objects.get(pk=clerk.pk).is_active


def test_a_reset_password_replaces_the_old_one(admin: User, clerk: User) -> None:
    password = actions.reset_password(by=admin, user=clerk)
    kept = User.objects.get(pk=clerk.pk)
    assert kept.check_password(password)
    assert not kept.check_password(PASSWORD)
    assert kept.must_change_password


def test_a_unit_is_made_with_all_its_errors_at_once(admin: User) -> None:
    made = actions.create_organization(
        by=admin, code="slj", name="山亭区水利局", short_name="区水利局", kind="department", side="shanting"
    )
    assert Organization.objects.get(code="slj") == made
    assert last_event()[0] == "organization.created"
    with pytest.raises(ValidationError) as caught:
        actions.create_organization(
            by=admin, code="S L J", name="山亭区水利局", short_name="", kind="department", side="rongcheng"
        )
    assert {"code", "name", "short_name", "__all__"} == set(caught.value.message_dict)


def test_the_system_user_is_made_once_and_cannot_log_in(db: None) -> None:
    first = actions.ensure_system_user(username="plan-import", full_name="计划导入")
    assert actions.ensure_system_user(username="plan-import", full_name="计划导入") == first
    assert str(first) == "计划导入"
    assert not first.has_usable_password()
    assert not first.is_business
    assert not first.is_staff
    assert ModelBackend().authenticate(None, username="plan-import", password="") is None
    with pytest.raises(NotAllowed):
        actions.reset_password(by=None, user=first)


def test_create_admin_prints_a_one_time_password_once(db: None) -> None:
    out = StringIO()
    call_command("create_admin", "LiuYang", name="刘洋", stdout=out)
    user = User.objects.get(username="liuyang")
    password = out.getvalue().split("一次性密码：")[1].split()[0]
    assert user.check_password(password)
    assert (user.role, user.must_change_password) == ("system_admin", True)
    assert Event.objects.get(verb="user.created").actor_name == "系统"
    with pytest.raises(CommandError, match="已被使用"):
        call_command("create_admin", "liuyang", name="刘洋")
    with pytest.raises(CommandError, match="--name"):
        call_command("create_admin", "another")
    out = StringIO()
    call_command("create_admin", "liuyang", reset_password=True, stdout=out)
    user.refresh_from_db()
    assert not user.check_password(password)
    with pytest.raises(CommandError, match="没有用户名"):
        call_command("create_admin", "nobody", reset_password=True)


def test_a_fresh_database_has_no_account_at_all(db: None) -> None:
    assert not User.objects.exists()
