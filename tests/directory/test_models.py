"""What the tables themselves refuse, and what a role is."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction

from audit.triggers import refused_by
from directory.models import Division, Organization, User


def refused(rows: Any, **values: Any) -> str | None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        rows.create(**values)
    return refused_by(caught.value)


@pytest.mark.django_db
def test_the_database_refuses_what_cannot_be() -> None:
    places, units, people = Division.objects, Organization.objects, User.objects
    assert refused(places, code="1", name="x", level="village") == "division_level_has_parent"
    assert (
        refused(places, code="1", name="x", level="county", valid_from="2022-02-01", valid_to="2022-01-01")
        == "division_valid_dates"
    )
    odd = {"code": "x", "name": "x", "short_name": "x"}
    assert refused(units, **odd, kind="bureau", side="rongcheng") == "organization_kind_fits_side"
    assert refused(units, **odd, kind="township", side="shanting") == "organization_township_has_division"
    assert refused(people, username="Wang", full_name="x", role="auditor") == "user_username_lower"
    assert refused(people, username="wang", full_name="x", role="clerk") == "user_role_has_organization"
    assert refused(people, username="wang", full_name="x", role="") == "user_role_has_organization"
    assert refused(people, username="wang", full_name="x", role="auditor", is_system=True) is not None


@pytest.mark.django_db
def test_a_code_tells_level_and_parent() -> None:
    county = Division.objects.create(code="370406", name="山亭区", level="county")
    with pytest.raises(ValidationError, match="应为9位"):
        Division(code="370406106204", name="x", level="township", parent=county).full_clean()
    with pytest.raises(ValidationError, match="不是本代码的开头"):
        Division(code="371082001", name="x", level="township", parent=county).full_clean()
    Division(code="370406106", name="徐庄镇", level="township", parent=county).full_clean()


@pytest.mark.parametrize("role", User.Role)
def test_roles_divide_into_business_and_administration(role: User.Role) -> None:
    user = User(role=role)
    administrator = role in {"system_admin", "security_admin", "auditor"}
    assert user.is_business is not administrator
    assert user.is_staff is (administrator or role == "reviewer")
    assert user.is_superuser is False
    user.is_active = False
    assert user.is_staff is False


def test_permissions_follow_the_role_and_higher_floors_may_add(settings: LazySettings) -> None:
    settings.ROLE_PERMISSIONS = {"reviewer": ["ledger.view_*"]}
    reviewer = User(role="reviewer")
    assert reviewer.has_perms(["ledger.view_entry", "directory.add_alias"])
    assert reviewer.has_module_perms("ledger")
    assert not reviewer.has_perm("ledger.change_entry")
    assert not reviewer.has_perm("audit.view_event")
    assert not User(role="clerk").has_module_perms("directory")
    assert not User(role="reviewer", is_active=False).has_perm("ledger.view_entry")
    assert not User(role="", is_system=True).has_perm("directory.view_user")


def test_there_is_no_superuser(db: None) -> None:
    with pytest.raises(NotImplementedError, match="create_admin"):
        call_command("createsuperuser", username="root", full_name="x", interactive=False)
