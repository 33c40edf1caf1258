"""The seal of a closed period: an HMAC over everything that was posted in it and onto the seal before (DESIGN §2.8).

The key is settings.RONGSHAN_SEAL_KEY, outside the database: whoever can rewrite the tables cannot seal them anew. What a
period's seal covers, table by table, is `parts()`: its transfers and audit events; the entries posted in it with the rows
of all their versions, the decisions on them, whom they reached, and the evidence that hangs on them.

The database writes each row as one line of text, which costs a fraction of what reading it into Python does; a restored
backup is of the same engine and writes the same lines. The columns are kept with the seal (Seal.covers), so a column that
a later release adds does not change what an earlier one sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import DecimalField, FloatField, Model

from audit.models import Event
from ledger.models import (
    Decision,
    Entry,
    EntryEvidence,
    Evidence,
    Participation,
    Period,
    Seal,
    Transfer,
)
from ledger.registers import all_registers

Covers = Mapping[str, Sequence[str]]  # table → its columns, in the order in which they are written

_OF_ENTRY = "JOIN ledger_entry e ON e.id = t.entry_id WHERE e.posted_period_id = %s ORDER BY t.entry_id, t.id"
_FETCHED = 5000

# what the first seals covered
_FIRST_TRANSFER = (
    "id", "entry_id", "position", "kind", "source_id", "target_id", "amount", "organization_id", "reverses_id",
    "occurred_on", "posted_at",
)  # fmt: skip
_FIRST_EVENT = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "verb",
    "outcome",
    "target",
    "summary",
    "details",
    "period",
)


class CannotSeal(Exception):
    """A seal names a table or column that there is no more."""


@dataclass(frozen=True)
class Digest:
    """What a period's rows come to: how many of each, what was covered, and the seal."""

    transfers: int
    events: int
    covers: Covers
    digest: str


def parts() -> dict[str, str]:
    """Table → what of it belongs to a period, as SQL after "FROM table t"; `%s` is the period's key, or its code for the
    audit trail."""
    details = [register.model for register in all_registers().values()]
    of_entries: list[type[Model]] = [*details, Decision, Participation, EntryEvidence]
    found = {
        Transfer._meta.db_table: "WHERE t.period_id = %s ORDER BY t.id",
        Event._meta.db_table: "WHERE t.period = %s ORDER BY t.id",
        Entry._meta.db_table: "WHERE t.posted_period_id = %s ORDER BY t.id",
    }
    found |= {model._meta.db_table: _OF_ENTRY for model in of_entries}
    found[Evidence._meta.db_table] = (
        "JOIN ledger_entryevidence x ON x.evidence_id = t.id JOIN ledger_entry e ON e.id = x.entry_id "
        "WHERE e.posted_period_id = %s ORDER BY x.entry_id, x.id"
    )
    return found


def compute(period: Period, previous: str, covers: Covers | None = None) -> Digest:
    """The seal of a period's rows as they are now, onto the previous seal. `covers`: what an earlier seal covered.

    Raises CannotSeal.
    """
    if covers is not None and not covers:
        return _first_form(period, previous)
    fields, which = _fields(), parts()
    columns = {table: list(of_table) for table, of_table in fields.items()}
    covers = {table: columns[table] for table in which} if covers is None else covers
    for table, names in covers.items():
        if table not in which or not set(names) <= set(columns[table]):
            raise CannotSeal(table)
    head = json.dumps([period.code, previous, {table: list(covers[table]) for table in sorted(covers)}])
    seal = hmac.new(settings.RONGSHAN_SEAL_KEY.encode(), head.encode(), hashlib.sha256)
    counts: dict[str, int] = {}
    for table in sorted(covers):
        seal.update(f"\n\n{table}\n".encode())
        of = period.code if table == Event._meta.db_table else period.pk
        written = {name: fields[table][name] for name in covers[table]}
        counts[table] = _feed(seal, table, written, which[table], of)
        seal.update(f"\n{counts[table]}".encode())
    return Digest(
        counts.get(Transfer._meta.db_table, 0), counts.get(Event._meta.db_table, 0), covers, seal.hexdigest()
    )


def last_seal_before(period: Period) -> str:
    """The digest of the latest seal of an earlier period, "" for the first."""
    seal = Seal.objects.filter(period__starts_on__lt=period.starts_on).order_by("-period__starts_on").first()
    return seal.digest if seal else ""


def _fields() -> dict[str, dict[str, Any]]:
    """Table → column → field."""
    return {
        model._meta.db_table: {str(field.column): field for field in model._meta.concrete_fields}
        for model in apps.get_models()
    }


def _feed(seal: hmac.HMAC, table: str, columns: Mapping[str, Any], which: str, of: Any) -> int:
    """Seal the rows, one line each, and return how many. No two different sets of rows give the same lines."""
    quote = connection.ops.quote_name
    names = [f"t.{quote(name)}" for name in columns]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            given = cursor.mogrify(which, [of]).decode()
            select = f"SELECT {', '.join(names)} FROM {quote(table)} t {given}"  # noqa: S608  names of ours
            cursor.copy_expert(f"COPY ({select}) TO STDOUT", _Into(seal))
            return int(cursor.rowcount)
        # json_array is three times as fast as joining columns, and tells 1 from '1' from nothing; how it writes a real
        # number differs between releases of SQLite, how such a number becomes a text does not
        texts = [
            f"CAST({name} AS text)" if isinstance(field, DecimalField | FloatField) else name
            for name, field in zip(names, columns.values(), strict=True)
        ]
        line = f"json_array({', '.join(texts)})"
        cursor.execute(f"SELECT {line} FROM {quote(table)} t {which}", [of])  # noqa: S608  names of ours
        count = 0
        while rows := cursor.fetchmany(_FETCHED):
            count += len(rows)
            seal.update("".join([f"{line}\n" for (line,) in rows]).encode())
        return count


class _Into:
    """A file for COPY that keeps nothing."""

    def __init__(self, seal: hmac.HMAC) -> None:
        self.write = seal.update


def _first_form(period: Period, previous: str) -> Digest:
    """As seals were made until they covered more than transfers and audit events: a link for every row."""
    key = settings.RONGSHAN_SEAL_KEY.encode()
    link = hmac.new(key, f"{period.code}|{previous}".encode(), hashlib.sha256).digest()
    counts: list[int] = []
    for rows in (
        Transfer.objects.filter(period=period).order_by("pk").values_list(*_FIRST_TRANSFER),
        Event.objects.filter(period=period.code).order_by("pk").values_list(*_FIRST_EVENT),
    ):
        counts.append(0)
        for row in rows.iterator(chunk_size=_FETCHED):
            text = json.dumps(row, default=str, ensure_ascii=False, sort_keys=True)
            link = hmac.new(key, link + text.encode(), hashlib.sha256).digest()
            counts[-1] += 1
    return Digest(counts[0], counts[1], {}, link.hex())
