"""EncryptedTextField: a column of text that nobody can read without the key, and that code must open on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from directory.privacy import decrypt, encrypt


class Sealed:
    """A text that shows itself only to whoever calls `open()`: not in a log, a template, an error page or an f-string.

    Opened late: a list of a thousand people whose numbers nobody asks for costs no decryption.
    """

    __slots__ = ("_plain", "_token")

    def __init__(self, *, plain: str | None = None, token: str = "") -> None:
        self._plain = plain
        self._token = token

    def open(self) -> str:
        """The text itself. Raises UnreadableText when the key is missing."""
        if self._plain is not None:
            return self._plain
        return decrypt(self._token) if self._token else ""

    def token(self) -> str:
        """What the column holds: "" for an empty text, else the text encrypted."""
        if self._plain is not None:
            return encrypt(self._plain) if self._plain else ""
        return self._token

    def __bool__(self) -> bool:
        return bool(self._token if self._plain is None else self._plain)

    def __str__(self) -> str:
        return "（已加密）"

    def __repr__(self) -> str:
        return "<Sealed>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            _from_token,
            (self.token(),),
        )  # a pickle, in a cache or between processes, holds no plain text


def _from_token(token: str) -> Sealed:
    return Sealed(token=token)


class _SealedAttribute(DeferredAttribute):
    """Whatever is assigned is sealed at once: an instance never holds the plain text under the field's name."""

    def __set__(self, instance: models.Model, value: str | Sealed) -> None:
        instance.__dict__[self.field.attname] = value if isinstance(value, Sealed) else Sealed(plain=value)


class EncryptedTextField(models.Field[str | Sealed, Sealed]):
    """Takes a str or a Sealed, gives a Sealed. Empty text stays empty. Cannot be searched, sorted or serialized.

    `manage.py rotate_keys` finds every such field of every app by `encrypted_fields()`.
    """

    descriptor_class = _SealedAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": "", "blank": True, "editable": False, **kwargs})

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(token=value)

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Sealed) else Sealed(plain=value)

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(value).token() if value is not None else None

    def get_default(self) -> Sealed:
        return Sealed(plain="")

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Nothing to check: what is in it was checked as plain text."""

    def get_lookup(self, lookup_name: str) -> None:
        """None: Django then says that the field supports no such look-up. Two encryptions of a text differ anyway."""

    def get_transform(self, lookup_name: str) -> None:
        """As get_lookup."""

    def value_to_string(self, obj: models.Model) -> str:
        raise FieldError(f"{self.model.__name__}.{self.name} 已加密，不能导出；备份请用 manage.py backup。")


def encrypted_fields() -> Iterator[EncryptedTextField]:
    """Every encrypted field of every table of every app."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield field
