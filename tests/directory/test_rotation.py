"""Keys change, everything stays readable; without the keys nothing is."""

from __future__ import annotations

import base64
import os
import pickle
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import Event
from audit.triggers import refused_by
from directory import files, people, rotation
from directory.checks import field_keys_are_keys
from directory.fields import EncryptedTextField, Sealed, encrypted_fields
from directory.models import Organization, Person, PersonVersion
from directory.people import PersonRow
from directory.privacy import (
    UnreadableText,
    current_prefix,
    decrypt,
    encrypt,
    hash_identity,
    hash_provisional,
)
from tests.directory.invented import name, number, phone, row
from tests.kept import kept
from tests.ledger.world import make_world

TODAY = date(2022, 7, 5)


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def columns(column: str, table: str = "directory_person") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
        return [value for (value,) in cursor.fetchall()]


@kept
def unit() -> Organization:
    return make_world().units["徐庄镇"]


@pytest.fixture
def register(unit: Organization) -> Callable[..., None]:
    def add(count: int, first: int = 0) -> None:
        rows = [
            *(row(first + serial) for serial in range(count)),
            PersonRow(name="王大五", birth_month="1980-02"),
        ]
        assert people.resolve_people(by=None, on=TODAY, organization=unit, rows=rows).problems == []

    return add


# Privacy ----------------------------------------------------------------------------------------------------------


def test_every_encryption_of_a_text_is_another_and_opens_to_it() -> None:
    one, two = encrypt("990000197906120027"), encrypt("990000197906120027")
    assert one != two
    assert one.startswith(current_prefix())
    assert decrypt(one) == decrypt(two) == "990000197906120027"
    assert "990000" not in one


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-6] + "AAAA==", lambda t: t[:20], lambda t: "x" + t, lambda t: t + "é"]
)
def test_a_damaged_text_is_refused_and_never_half_read(damage: Callable[[str], str]) -> None:
    with pytest.raises(UnreadableText):
        decrypt(damage(encrypt("990000197906120027")))


def test_another_key_opens_nothing_and_names_itself_otherwise(settings: Any) -> None:
    token, name_of_old = encrypt("x"), current_prefix()
    settings.RONGSHAN_FIELD_KEYS = [new_key()]
    assert current_prefix() != name_of_old
    with pytest.raises(UnreadableText, match="RONGSHAN_FIELD_KEYS"):
        decrypt(token)


def test_what_release_0_1_wrote_is_still_read(settings: Any) -> None:
    key = settings.RONGSHAN_FIELD_KEYS[0]
    token = Fernet(key).encrypt("一份草稿".encode()).decode()
    settings.RONGSHAN_FIELD_KEYS = [new_key(), key]
    assert decrypt(token) == "一份草稿"
    settings.RONGSHAN_FIELD_KEYS = [new_key()]
    with pytest.raises(UnreadableText):
        decrypt(token)


@pytest.mark.parametrize("keys", [[], ["abc"], ["密钥"], [base64.urlsafe_b64encode(b"too short").decode()]])
def test_a_key_that_is_none_is_named_by_check(settings: Any, keys: list[str]) -> None:
    assert field_keys_are_keys() == []
    settings.RONGSHAN_FIELD_KEYS = keys
    assert [error.id for error in field_keys_are_keys()] == ["directory.E001"]


def test_hashes_depend_on_the_key_and_on_what_they_are_for(settings: Any) -> None:
    before = hash_identity("990000197906120027")
    assert len(before) == 64
    assert before != hash_provisional("990000197906120027")
    settings.RONGSHAN_HMAC_KEY = "another key"
    assert before != hash_identity("990000197906120027")


# The field --------------------------------------------------------------------------------------------------------


def test_a_sealed_text_shows_itself_to_open_alone() -> None:
    for sealed in (Sealed(plain="13800001234"), Sealed(token=encrypt("13800001234"))):
        assert sealed.open() == "13800001234"
        shown = f"{sealed} {sealed!r} {[sealed]} {pickle.dumps(sealed)!r}"
        assert "1380000" not in shown
        assert pickle.loads(pickle.dumps(sealed)).open() == "13800001234"  # noqa: S301  our own bytes
        assert sealed
    assert not Sealed(plain="")
    assert Sealed(token="").open() == ""


@pytest.mark.django_db
def test_an_encrypted_column_is_neither_searched_nor_exported(
    register: Callable[..., None],
) -> None:
    register(1)
    for attempt in (
        lambda: Person.objects.filter(id_number="990000197906120027").exists(),
        lambda: Person.objects.filter(phones__contains="138").exists(),
        lambda: Person.objects.filter(phones__startswith="138").exists(),
        lambda: Person.objects.exclude(phones__isnull=True).exists(),
        lambda: serializers.serialize("json", Person.objects.all()),
    ):
        with pytest.raises(FieldError):
            attempt()
    person = Person.objects.order_by("pk")[0]
    person.phones = "13800001234"
    assert isinstance(person.phones, Sealed)  # sealed as soon as it is assigned
    numbered = Person.objects.filter(id_hash__isnull=False)
    assert numbered.values_list("id_number", flat=True)[0].open() == number(0)


@pytest.mark.django_db(transaction=True)
def test_nothing_of_200_people_can_be_read_in_the_database(tmp_path: Path) -> None:
    unit = make_world().units["徐庄镇"]
    people.resolve_people(by=None, on=TODAY, organization=unit, rows=[row(serial) for serial in range(200)])
    person = Person.objects.get(id_hash=hash_identity(number(7)))
    people.change_person(by=None, on=TODAY, person=person, seen=1, phones=phone(777))
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        files = Path(connection.settings_dict["NAME"])
        content = b"".join(file.read_bytes() for file in files.parent.glob(files.name + "*"))
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            tables = [table for (table,) in cursor.fetchall()]
            content = b""
            for table in tables:
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                content += "\n".join(line for (line,) in cursor.fetchall()).encode()
    assert "徐庄镇".encode() in content  # the dump is one
    assert hash_identity(number(0)).encode() in content
    for serial in range(200):
        assert number(serial).encode() not in content
        assert number(serial)[:17].encode() not in content
        assert phone(serial).encode() not in content
    assert phone(777).encode() not in content


# Rotation ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_after_rotation_the_new_key_alone_opens_everything(
    settings: Any, register: Callable[..., None]
) -> None:
    register(30)
    old, new = settings.RONGSHAN_FIELD_KEYS, new_key()
    settings.RONGSHAN_FIELD_KEYS = [new, *old]
    said = rotate("--batch", "7")
    assert "directory.Person.id_number：重新加密30条" in said
    assert "directory.PersonVersion.snapshot：重新加密31条" in said
    assert said.endswith("全部内容都在新密钥下，可以去掉旧密钥。\n")
    assert Event.objects.filter(verb="keys.rotated", target="directory.Person.id_number").count() == 5
    settings.RONGSHAN_FIELD_KEYS = [new]
    person = people.find_by_identity(number(3))
    assert person is not None
    assert (person.id_number.open(), person.phones.open()) == (number(3), phone(3))
    assert name(3) in PersonVersion.objects.get(person=person).snapshot.open()
    assert all(column == "" or column.startswith(current_prefix()) for column in columns("phones"))
    assert "重新加密0条" in rotate()
    settings.RONGSHAN_FIELD_KEYS = old
    with pytest.raises(UnreadableText):
        Person.objects.get(pk=person.pk).id_number.open()


@pytest.mark.django_db(transaction=True)
def test_a_broken_rotation_keeps_what_it_did_and_goes_on(
    settings: Any, register: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    register(30)
    settings.RONGSHAN_FIELD_KEYS = [new_key(), *settings.RONGSHAN_FIELD_KEYS]
    written = rotation._write

    def fail_at_the_third(field: EncryptedTextField, fresh: list[Any]) -> int:
        if sum(column.startswith(current_prefix()) for column in columns("id_number")) >= 20:
            raise DatabaseError("cut")
        return written(field, fresh)

    monkeypatch.setattr(rotation, "_write", fail_at_the_third)
    with pytest.raises(DatabaseError):
        rotate("--batch", "10")
    monkeypatch.undo()
    assert sum(column.startswith(current_prefix()) for column in columns("id_number")) == 20
    assert people.find_by_identity(number(3)) is not None
    assert "directory.Person.id_number：重新加密10条" in rotate()


@pytest.fixture
def originals(settings: Any, tmp_path: Path) -> list[Path]:
    """Five encrypted files, one of them waiting, and a voucher, which is not encrypted."""
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    paths = [tmp_path / f"evidence/batches/{n}a/{n}.enc" for n in range(4)] + [files.pending() / "4.enc"]
    for n, path in enumerate(paths):
        files.write(path, content(n))
    (tmp_path / "evidence/voucher.pdf").write_bytes(b"%PDF-1.7")
    return paths


def content(n: int) -> bytes:
    return f"学员名册{n}".encode() * 1000 + bytes(range(256))


@pytest.mark.django_db
def test_after_rotation_the_new_key_alone_opens_every_file(settings: Any, originals: list[Path]) -> None:
    old, new = settings.RONGSHAN_FIELD_KEYS, new_key()
    assert files.outdated() == []
    settings.RONGSHAN_FIELD_KEYS = [new, *old]
    assert sorted(files.outdated()) == sorted(originals)
    said = rotate()
    assert "文件：重新加密5个" in said
    assert said.endswith("全部内容都在新密钥下，可以去掉旧密钥。\n")
    (event,) = Event.objects.filter(verb="keys.rotated", target="files")
    assert event.details["count"] == 5
    settings.RONGSHAN_FIELD_KEYS = [new]
    assert [files.read(path) for path in originals] == [content(n) for n in range(5)]
    assert {path.stat().st_mode & 0o777 for path in originals} == {0o600}
    assert (Path(settings.EVIDENCE_ROOT) / "voucher.pdf").read_bytes() == b"%PDF-1.7"
    assert "文件：重新加密0个" in rotate()


@pytest.mark.parametrize("where", ["_put", "_keep_name"])
@pytest.mark.django_db
def test_a_rotation_killed_at_a_file_leaves_every_file_whole_and_goes_on(
    settings: Any, originals: list[Path], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    old, new = settings.RONGSHAN_FIELD_KEYS, new_key()
    settings.RONGSHAN_FIELD_KEYS = [new, *old]
    real, calls = getattr(files, where), []

    def killed_at_the_third(path: Path, *token: str) -> None:
        calls.append(path)
        if len(calls) < 3:
            real(path, *token)
            return
        if token:
            path.write_text(token[0][:50])  # half of it was written
        raise KeyboardInterrupt

    monkeypatch.setattr(files, where, killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        rotate()
    monkeypatch.undo()
    assert [files.read(path) for path in originals] == [content(n) for n in range(5)]
    done = 2 if where == "_put" else 3
    assert len(files.outdated()) == 5 - done
    assert f"文件：重新加密{5 - done}个" in rotate()
    settings.RONGSHAN_FIELD_KEYS = [new]
    assert [files.read(path) for path in originals] == [content(n) for n in range(5)]
    assert not list(Path(settings.EVIDENCE_ROOT).rglob(f"*{files.HALF}"))


@pytest.mark.django_db
def test_a_file_under_a_lost_key_is_told_and_left_alone(settings: Any, originals: list[Path]) -> None:
    settings.RONGSHAN_FIELD_KEYS = [new_key()]
    before = [path.read_bytes() for path in originals]
    with pytest.raises(CommandError, match="有5条没有密钥能解开"):
        rotate()
    assert [path.read_bytes() for path in originals] == before


@pytest.mark.django_db
def test_a_text_under_a_lost_key_is_counted_and_the_old_keys_are_kept(
    settings: Any, register: Callable[..., None]
) -> None:
    settings.RONGSHAN_FIELD_KEYS = [new_key()]
    register(3)
    settings.RONGSHAN_FIELD_KEYS = [new_key()]
    register(2, first=100)
    with pytest.raises(CommandError, match="没有密钥能解开"):
        rotate("--batch", "2")
    assert people.find_by_identity(number(101)) is not None


@pytest.mark.django_db
def test_new_hashes_find_everybody_and_old_ones_nobody(settings: Any, register: Callable[..., None]) -> None:
    register(20)
    settings.RONGSHAN_HMAC_KEY = "another key"
    assert people.find_by_identity(number(3)) is None
    assert rotate("--hash") == "已重新计算21人的检索码。\n"
    found = people.find_by_identity(number(3))
    assert found is not None
    assert found.id_number.open() == number(3)
    register(20)  # the same rows, also the one without a number
    assert Person.objects.count() == 21
    assert Event.objects.get(verb="keys.rehashed").details == {"count": 21}


@pytest.mark.django_db
def test_without_the_field_keys_no_hash_is_changed(settings: Any, register: Callable[..., None]) -> None:
    register(2)
    before = columns("id_hash")
    settings.RONGSHAN_FIELD_KEYS = [new_key()]
    with pytest.raises(CommandError, match="没有改动"):
        rotate("--hash")
    assert columns("id_hash") == before


@pytest.mark.django_db
def test_a_version_moves_to_another_key_and_changes_in_no_other_way(
    settings: Any, register: Callable[..., None]
) -> None:
    register(1)
    version = PersonVersion.objects.order_by("pk")[0]
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PersonVersion.objects.filter(pk=version.pk).update(snapshot=version.snapshot.open())
    assert refused_by(caught.value) == "directory_personversion_no_update"


@pytest.mark.django_db
def test_every_encrypted_field_of_every_app_is_found() -> None:
    labels = {f"{field.model._meta.label}.{field.name}" for field in encrypted_fields()}
    assert {
        "directory.Person.id_number",
        "directory.Person.phones",
        "directory.PersonVersion.snapshot",
    } <= labels
    assert len(labels) == len(list(encrypted_fields()))
