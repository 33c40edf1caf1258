"""Changing the keys: encrypt everything anew under the first key, files too, or make the keyed hashes anew.

How: put the new key in front of RONGSHAN_FIELD_KEYS and restart everything (now both open, the new one writes); run
`manage.py rotate_keys`; when it says that nothing is left, take the old key away. For RONGSHAN_HMAC_KEY: stop the
application, change the key, run `manage.py rotate_keys --hash`, start. Old backups need the old keys: keep those apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from audit import events
from directory import files
from directory.fields import EncryptedTextField, encrypted_fields
from directory.models import Person
from directory.privacy import (
    UnreadableText,
    current_prefix,
    decrypt,
    encrypt,
    hash_identity,
    hash_provisional,
)

BATCH = 500
FILES = "files"


@dataclass(frozen=True)
class Rotated:
    """What became of one encrypted field: `label` "app.Model.field"; rows moved; rows that no key opens. Of the files
    likewise: `label` FILES."""

    label: str
    moved: int
    unreadable: int


def reseal(*, batch: int = BATCH) -> list[Rotated]:
    """Encrypt every encrypted field of every app and every encrypted file under the first key. One transaction a
    batch, one step a file: what a broken run has done stays done, the next begins where it ended. People may go on
    working. One entry of the trail a batch.
    """
    return [*(_reseal(field, batch) for field in encrypted_fields()), _reseal_files(batch)]


def remaining() -> int:
    """How many rows and files are still under another key."""
    return sum(left(field) for field in encrypted_fields()) + len(files.outdated())


def left(field: EncryptedTextField) -> int:
    """How many rows of a field are still under another key."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {_where(field)}", _not_current())  # noqa: S608  names of our own
        count: int = cursor.fetchone()[0]
    return count


def rehash() -> int:
    """Make every person's hashes anew under the HMAC key now configured: how many people. All or nothing.

    Only while the application is stopped: until it is done nobody is found by their number. Raises UnreadableText.
    """
    with transaction.atomic():
        people: list[Person] = []
        for person in Person.objects.order_by("pk").only(
            "id_number", "id_hash", "provisional_text", "provisional_key"
        ):
            if person.id_hash is not None:
                person.id_hash = hash_identity(person.id_number.open())
            if person.provisional_key is not None:
                person.provisional_key = hash_provisional(person.provisional_text.open())
            people.append(person)
        Person.objects.bulk_update(people, ["id_hash", "provisional_key"], batch_size=BATCH)
        events.record(
            verb="keys.rehashed",
            by=None,
            target="directory.person",
            summary=f"更换检索密钥，重新计算{len(people)}人的检索码",
            details={"count": len(people)},
        )
    return len(people)


def _reseal(field: EncryptedTextField, batch: int) -> Rotated:
    label = f"{field.model._meta.label}.{field.name}"
    moved = unreadable = 0
    after = 0
    while True:
        with transaction.atomic():
            tokens = _next_batch(field, after, batch)
            fresh: list[tuple[str, int, str]] = []
            for pk, token in tokens:
                try:
                    fresh.append((encrypt(decrypt(token)), pk, token))
                except UnreadableText:
                    unreadable += 1
            done = _write(field, fresh)
            if done:
                events.record(
                    verb="keys.rotated",
                    by=None,
                    target=label,
                    summary=f"更换加密密钥：{label}，{done}条",
                    details={"count": done, "from": tokens[0][0], "to": tokens[-1][0]},
                )
        moved += done
        if not tokens:
            return Rotated(label, moved, unreadable)
        after = tokens[-1][0]


def _reseal_files(batch: int) -> Rotated:
    unreadable = 0
    done: list[str] = []
    with files.unchanging():
        for path in files.outdated():
            try:
                files.reseal(path)
            except FileNotFoundError:
                continue  # a pending one that was confirmed meanwhile
            except UnreadableText:
                unreadable += 1
            else:
                done.append(path.name)
    for start in range(0, len(done), batch):
        some = done[start : start + batch]
        with transaction.atomic():
            events.record(
                verb="keys.rotated",
                by=None,
                target=FILES,
                summary=f"更换加密密钥：文件，{len(some)}个",
                details={"count": len(some), "files": some},
            )
    return Rotated(FILES, len(done), unreadable)


def _next_batch(field: EncryptedTextField, after: int, batch: int) -> list[tuple[int, str]]:
    _, key, column = _quoted(field)
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {column} FROM {_where(field)} AND {key} > %s ORDER BY {key} LIMIT %s{lock}",  # noqa: S608
            [*_not_current(), after, batch],
        )
        return [(pk, token) for pk, token in cursor.fetchall()]


def _write(field: EncryptedTextField, fresh: list[tuple[str, int, str]]) -> int:
    table, key, column = _quoted(field)
    with connection.cursor() as cursor:
        # the old token in the condition: what somebody has written meanwhile is under the new key already
        cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s", fresh)  # noqa: S608
    return len(fresh)


def _where(field: EncryptedTextField) -> str:
    """Table and condition: neither empty nor under the current key; with the parameters of `_not_current`."""
    table, _, column = _quoted(field)
    return f"{table} WHERE {column} <> '' AND substr({column}, 1, %s) <> %s"


def _quoted(field: EncryptedTextField) -> tuple[str, str, str]:
    """Table, key column and column of a field, as they stand in SQL."""
    meta = field.model._meta
    assert field.column is not None
    assert meta.pk.column is not None
    quote = connection.ops.quote_name
    return quote(meta.db_table), quote(meta.pk.column), quote(field.column)


def _not_current() -> list[int | str]:
    prefix = current_prefix()
    return [len(prefix), prefix]
