"""Passwords: three classes of four, none of the last five, ninety days."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from directory import actions
from directory.models import PasswordHistory, User
from directory.passwords import CharacterClassesValidator, one_time_password
from tests.directory.conftest import PASSWORD


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Shanting2022", True),
        ("shanting-2022", True),
        ("SHANTING-2022", True),
        ("山亭Rongcheng1", True),
        ("shanting2022", False),
        ("SHANTING2022", False),
        ("shantingrongcheng", False),
    ],
)
def test_three_classes_of_four_are_needed(password: str, good: bool) -> None:
    if good:
        CharacterClassesValidator().validate(password)
    else:
        with pytest.raises(ValidationError, match="至少三类"):
            CharacterClassesValidator().validate(password)


def test_short_common_and_personal_passwords_are_refused(clerk: User) -> None:
    for password in ("Ab1-", "Wangfang-1"):
        with pytest.raises(ValidationError):
            validate_password(password, clerk)


def test_one_time_passwords_pass_the_rules_and_differ() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        validate_password(password)
        assert not set(password) & set("0O1lI")


def test_the_last_five_passwords_cannot_be_used_again(clerk: User) -> None:
    used = [PASSWORD] + [f"Fengmao-{year}" for year in range(2016, 2020)]
    for password in used[1:]:
        actions.change_password(by=clerk, new_password=password)
    for password in used:
        with pytest.raises(ValidationError, match="最近5次"):
            actions.change_password(by=clerk, new_password=password)
    actions.change_password(by=clerk, new_password="Fengmao-2020")
    actions.change_password(by=clerk, new_password=PASSWORD)  # the sixth last is free again
    assert PasswordHistory.objects.filter(user=clerk).count() == 5


def test_a_password_must_be_renewed_after_ninety_days(clerk: User) -> None:
    now = timezone.now()
    assert not clerk.must_renew_password(now + datetime.timedelta(days=89))
    assert clerk.must_renew_password(now + datetime.timedelta(days=91))


def test_a_password_set_by_another_must_be_renewed_at_once(clerk: User, admin: User) -> None:
    actions.reset_password(by=admin, user=clerk)
    assert clerk.must_renew_password(timezone.now())
    actions.change_password(by=clerk, new_password="Fengmao-2020")
    assert not clerk.must_renew_password(timezone.now())
