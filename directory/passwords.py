"""Password rules of 等保2.0 level 2 (DOMAIN §6) that Django does not bring, and one-time passwords."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from directory.identity import holds_number
from directory.models import PasswordHistory, User
from directory.privacy import hash_identity

# Without 0 O 1 l I: a one-time password is read from a slip of paper.
_LOWER, _UPPER, _DIGITS = "abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"


def tried_username(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The name under which axes counts failures and keeps them, in plain text: a person's number typed into that box
    becomes its keyed hash."""
    given = credentials if credentials else request.POST
    name = str(given.get("username") or "")
    return hash_identity(name) if holds_number(name) else name


def one_time_password() -> str:
    """Twelve random characters of three classes in groups of four, such as "Kp7w-mT3x-9dRe" (65 bits)."""
    while True:
        letters = [secrets.choice(_LOWER + _UPPER + _DIGITS) for _ in range(12)]
        if all(any(letter in group for letter in letters) for group in (_LOWER, _UPPER, _DIGITS)):
            return "-".join("".join(letters[i : i + 4]) for i in (0, 4, 8))


class LengthValidator(MinimumLengthValidator):
    """Django's own, in Chinese: its message is not translated."""

    def get_error_message(self) -> str:
        return self.get_help_text()

    def get_help_text(self) -> str:
        return f"密码至少{self.min_length}个字符。"


class CharacterClassesValidator:
    """At least three of: lower-case letters, upper-case letters, digits, other signs."""

    def validate(self, password: str, user: User | None = None) -> None:
        classes = {
            "lower" if c.islower() else "upper" if c.isupper() else "digit" if c.isdigit() else "sign"
            for c in password
        }
        if len(classes) < 3:
            raise ValidationError(self.get_help_text(), code="password_too_few_classes")

    def get_help_text(self) -> str:
        return "密码要包含大写字母、小写字母、数字、其他符号中的至少三类。"


class ReuseValidator:
    """Not one of the last five. Django calls `password_changed` from `User.save()`, so none is forgotten."""

    def __init__(self, last: int = 5) -> None:
        self.last = last

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None or user.pk is None:
            return
        for used in user.password_history.order_by("-id")[: self.last]:
            if check_password(password, used.password):
                raise ValidationError(self.get_help_text(), code="password_reused")

    def password_changed(self, password: str, user: User | None = None) -> None:
        """Remember the new hash, forget those older than the last five."""
        if user is None or not user.has_usable_password():
            return
        PasswordHistory.objects.create(user=user, password=user.password)
        kept = list(user.password_history.order_by("-id").values_list("pk", flat=True)[: self.last])
        user.password_history.exclude(pk__in=kept).delete()

    def get_help_text(self) -> str:
        return f"不能使用最近{self.last}次用过的密码。"
