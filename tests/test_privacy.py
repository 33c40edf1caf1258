"""Every column is declared personal, sensitive or open (fixtures/privacy.yaml), and what is sensitive is unreadable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.test import RequestFactory

from directory.fields import EncryptedTextField, encrypted_fields
from directory.models import Household, Person, PersonFact, PersonVersion, User

OURS = (
    "audit",
    "directory",
    "ledger",
    "funds",
    "projects",
    "labor",
    "talent",
    "aid",
    "liaison",
    "desk",
    "dashboard",
    "rongshan",
)
CLASSES = {"sensitive", "personal", "open"}
DECLARED: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (settings.BASE_DIR / "fixtures" / "privacy.yaml").read_text("utf-8")
)
# Unreadable without being an EncryptedTextField.
KEYED_HASHES = {
    "directory.Person.id_hash",
    "directory.Person.provisional_key",
}  # privacy.hash_identity and its like
PASSWORDS = {"directory.User.password", "directory.PasswordHistory.password"}  # Django's hashers
# A field of such a name holds what must be sensitive.
TELLING = re.compile(
    r"(^|_)(id_number|id_card|identity|phone|phones|mobile|telephone|disability|bank_account)(_|$)"
)


def fields() -> Iterator[tuple[str, models.Field[Any, Any]]]:
    for app in OURS:
        for model in apps.get_app_config(app).get_models(include_auto_created=True):
            for field in model._meta.local_fields:
                yield f"{model._meta.label}.{field.name}", field


def declared(kind: str) -> set[str]:
    return {f"{model}.{name}" for model, kinds in DECLARED.items() for name in kinds.get(kind, ())}


def test_every_field_is_declared_once_and_nothing_else_is() -> None:
    listed = [
        f"{model}.{name}" for model, kinds in DECLARED.items() for names in kinds.values() for name in names
    ]
    there = {label for label, _ in fields()}
    assert sorted(set(listed) - there) == [], "declared, but no more there"
    assert sorted(there - set(listed)) == [], "not declared in fixtures/privacy.yaml"
    assert sorted({label for label in listed if listed.count(label) > 1}) == [], "declared twice"
    assert {kind for kinds in DECLARED.values() for kind in kinds} <= CLASSES


def test_what_is_sensitive_is_encrypted_or_hashed_and_what_is_encrypted_is_sensitive() -> None:
    sealed = {f"{field.model._meta.label}.{field.name}" for field in encrypted_fields()}
    assert KEYED_HASHES.isdisjoint(sealed)
    assert declared("sensitive") == sealed | KEYED_HASHES | PASSWORDS


def test_a_field_that_by_its_name_holds_a_number_or_a_phone_is_sensitive() -> None:
    telling = {label for label, field in fields() if TELLING.search(field.name)}
    assert {"directory.Person.id_number", "directory.Person.phones", "directory.Person.disability"} <= telling
    assert telling <= declared("sensitive")


def test_people_have_pages_of_their_own_and_none_in_the_admin() -> None:
    for model in (Person, PersonVersion, PersonFact, Household):
        assert not admin.site.is_registered(model), f"{model.__name__} has pages of its own, with masks"


@pytest.mark.django_db
def test_no_page_of_the_admin_shows_or_searches_what_is_sensitive() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User(username="x", role=User.Role.SYSTEM_ADMIN)
    for model, page in admin.site._registry.items():
        hidden = {
            label.rpartition(".")[2]
            for label in declared("sensitive")
            if label.startswith(f"{model._meta.label}.")
        }
        shown = {
            *map(str, page.get_list_display(request)),
            *map(str, page.list_filter),
            *(name.lstrip("^=@") for name in page.search_fields),
            *map(str, page.get_readonly_fields(request)),
        }
        if hidden:  # not for all: some forms of ledger rows cannot be made without saying for whom
            shown |= {str(name) for _, group in page.get_fieldsets(request) for name in group["fields"]}
        assert shown.isdisjoint(hidden), model
        reached = re.compile("person__|household__")
        assert not [name for name in shown if reached.search(name)], model


def test_encrypted_fields_are_in_no_form() -> None:
    # editable=False: a ModelForm or an admin that takes all fields leaves them out
    assert not [field for field in encrypted_fields() if field.editable]
    assert isinstance(Person._meta.get_field("phones"), EncryptedTextField)
