"""The cast: 刘洋 keeps the accounts, 周敏 the roles, 吴强 reads the trail; 王芳 files for 徐庄镇."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from directory import actions
from directory.loading import load_directory
from directory.matching import Names, load_names
from directory.models import Organization, User
from tests.kept import Ground, kept

PASSWORD = "Shanting-2022"

Make = Callable[..., User]


@pytest.fixture(scope="module")
def names(ground: Ground, django_db_blocker: DjangoDbBlocker) -> Names:
    """The real directory, read once for a module and rolled back."""
    with django_db_blocker.unblock():
        ground.lift()
        with transaction.atomic():
            load_directory()
            known = load_names()
            transaction.set_rollback(True)
    return known


@kept
def directory() -> None:
    load_directory()


@pytest.fixture
def make(directory: None) -> Make:
    """make("wangfang", "王芳", "clerk", "370406106"): a person who may log in with PASSWORD."""

    def make_user(username: str, full_name: str, role: str, code: str | None = None) -> User:
        unit = Organization.objects.get(code=code) if code else None
        user, _ = actions.create_user(
            by=None, username=username, full_name=full_name, role=role, organization=unit
        )
        actions.change_password(by=user, new_password=PASSWORD)
        return user

    return make_user


@pytest.fixture
def admin(make: Make) -> User:
    return make("liuyang", "刘洋", "system_admin")


@pytest.fixture
def security(make: Make) -> User:
    return make("zhoumin", "周敏", "security_admin")


@pytest.fixture
def auditor(make: Make) -> User:
    return make("wuqiang", "吴强", "auditor")


@pytest.fixture
def clerk(make: Make) -> User:
    return make("wangfang", "王芳", "clerk", "370406106")


@pytest.fixture
def browse(client: Client) -> Callable[[User], Client]:
    """browse(user): a browser in which that person is logged in."""

    def log_in(user: User) -> Client:
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
