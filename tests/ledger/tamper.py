"""Random changes behind the application's back, as somebody with the database's password makes them: triggers lifted,
seals rewritten to fit as well as can be, but without the seal's key.

`tamper` makes one. It is for tests/ledger/test_tamper.py, which asks whether verify_ledger tells of it.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.test import override_settings

from audit.models import Event
from directory.models import Person
from ledger import seals
from ledger.models import (
    Account,
    Decision,
    Entry,
    EntryConcern,
    EntryEvidence,
    Evidence,
    Filing,
    Hold,
    Participation,
    Period,
    Presence,
    Seal,
    Subject,
    Total,
    Transfer,
)
from ledger.registers import all_registers

# table → how often it is chosen
WEIGHTS: dict[type[models.Model], int] = {
    Transfer: 5, Entry: 5, Decision: 3, EntryEvidence: 2, Evidence: 2, Event: 4, Participation: 3, Presence: 2, Total: 3,
    Account: 3, Hold: 2, Seal: 2, Period: 2, Subject: 2, EntryConcern: 1, Filing: 1, Person: 1,
}  # fmt: skip
DETAIL = 5  # of all registers' rows together
SUMMED = (Transfer, Hold)
GUESSED = "the attacker's guess at the key"


@dataclass(frozen=True)
class Tampered:
    """What was done: to which table and column ("+" a row added, "-" one taken away), in words with the numbers needed to
    do it again, and whether a seal covers, or covered, what it was done to."""

    table: str
    column: str
    text: str
    sealed: bool


class Refused(Exception):
    """A constraint of the database itself did not let it happen; or there was nothing to do it to."""


def tamper(rng: random.Random) -> Tampered:
    """Do something to a row of these books. Inside a transaction with the triggers lifted. Raises Refused."""
    done = rng.choices([edit, delete, insert, exchange, rechain, exchange_file], [50, 16, 12, 6, 14, 2])[0]
    try:
        with transaction.atomic():
            found = done(rng)
            summed = found.table in {m._meta.db_table for m in SUMMED} and rng.random() < 0.4
            if summed:
                resum()
    except (IntegrityError, ValueError) as error:
        raise Refused(str(error).splitlines()[0]) from error
    more = "，并使余额、占用、合计与转账重新相符" if summed else ""
    return Tampered(found.table, found.column, found.text + more, found.sealed)


# --- what is done to one row -------------------------------------------------------------------------------------


def edit(rng: random.Random) -> Tampered:
    """One column of a row gets another value that looks like one."""
    model, pk = _any_row(rng)
    return _edit(rng, model, pk, rng.choice([f for f in _fields(model) if not f.primary_key]))


def every_edit() -> Iterator[Callable[[random.Random], Tampered]]:
    """An edit of every column of every row, one after the other; each raises Refused as tamper does."""
    for model in [*WEIGHTS, *_filled()]:
        for pk in model._base_manager.order_by("pk").values_list("pk", flat=True):
            for field in _fields(model):
                if not field.primary_key:
                    yield partial(_edited, model=model, pk=int(pk), field=field)


def _edited(rng: random.Random, *, model: type[models.Model], pk: int, field: Any) -> Tampered:
    try:
        with transaction.atomic():
            return _edit(rng, model, pk, field)
    except (IntegrityError, ValueError) as error:
        raise Refused(str(error).splitlines()[0]) from error


def _edit(rng: random.Random, model: type[models.Model], pk: int, field: Any) -> Tampered:
    sealed = is_sealed(model, pk)
    (old,) = _values(model, pk, [field.column])
    new = _other(rng, model, field, old)
    if new == old:
        raise Refused("the same value")
    _set(model, pk, {field.column: new})
    return _told(model, pk, field.column, f"{old!r} → {new!r}", sealed)


def exchange(rng: random.Random) -> Tampered:
    """Two rows of a table exchange a column."""
    model, pk = _any_row(rng)
    other = _pick(rng, model)
    field = rng.choice([f for f in _fields(model) if not f.unique])
    one, two = _values(model, pk, [field.column]), _values(model, other, [field.column])
    if one == two:
        raise Refused("the same value")
    sealed = is_sealed(model, pk) or is_sealed(model, other)
    _set(model, pk, {field.column: two[0]})
    _set(model, other, {field.column: one[0]})
    return _told(model, pk, field.column, f"exchanged with {other}", sealed)


def delete(rng: random.Random) -> Tampered:
    """A row is gone; of an entry sometimes everything that tells of it."""
    model, pk = _any_row(rng)
    sealed = is_sealed(model, pk)
    also = ""
    if model is Entry and rng.random() < 0.5:
        also = "with all that tells of it"
        _forget(pk)
    _sql(f'DELETE FROM "{model._meta.db_table}" WHERE id = %s', pk)
    return _told(model, pk, "-", f"deleted {also}", sealed)


def insert(rng: random.Random) -> Tampered:
    """A row is there a second time, with as much changed as unique keys ask for."""
    model, pk = _any_row(rng)
    fields = [f for f in _fields(model) if not f.primary_key]
    values = dict(
        zip((f.column for f in fields), _values(model, pk, [f.column for f in fields]), strict=True)
    )
    for field in fields:
        if field.unique or field.name in ("position", "version") or rng.random() < 0.15:
            values[field.column] = _other(rng, model, field, values[field.column])
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(["%s"] * len(values))
    table = model._meta.db_table
    new = 900_000 + rng.randrange(100_000)
    _sql(f'INSERT INTO "{table}" (id, {names}) VALUES (%s, {marks})', new, *values.values())
    return _told(model, new, "+", f"copied from {pk}", is_sealed(model, new))


def exchange_file(rng: random.Random) -> Tampered:
    """Another file lies where an evidence's was, with the same number of bytes."""
    pk = _pick(rng, Evidence)
    (path,) = _values(Evidence, pk, ["path"])
    file = Path(settings.EVIDENCE_ROOT) / path
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1
    file.write_bytes(content)
    return Tampered(Evidence._meta.db_table, "file", f"evidence {pk}: one bit of the file", True)


# --- what is done to the seals ------------------------------------------------------------------------------------


def rechain(rng: random.Random) -> Tampered:
    """A sealed quarter is changed and sealed anew with another key; or a seal is taken away, put on another quarter, or
    says that it covers less."""
    how = rng.choice(["seal anew", "seal anew", "reopen", "exchange", "cover less", "cover nothing"])
    if how == "reopen":
        period = Period.objects.filter(seal__isnull=False).order_by("-starts_on")[0]
        _sql("DELETE FROM ledger_seal WHERE period_id = %s", period.pk)
        _sql("UPDATE ledger_period SET is_closed = %s WHERE id = %s", False, period.pk)
    elif how == "exchange":
        one, two = rng.sample(list(Seal.objects.order_by("pk")), 2)
        for seal, other in ((one, two), (two, one)):
            _set(Seal, seal.pk, {"digest": other.digest, "previous": other.previous})
    elif how == "seal anew":
        with _quietly(rng):
            edit(rng)
        _seal_anew(None)
    else:
        with _quietly(rng):
            edit(rng)
        covers = seals.compute(Period.objects.order_by("starts_on")[0], "").covers
        kept = rng.sample(sorted(covers), 3) if how == "cover less" else []
        _seal_anew({table: covers[table] for table in kept})
    return Tampered(Seal._meta.db_table, "digest", f"re-chained: {how}", True)


@contextmanager
def _quietly(rng: random.Random) -> Iterator[None]:
    """What need not succeed."""
    try:
        with transaction.atomic():
            yield
    except (Refused, IntegrityError):
        return


def _seal_anew(covers: seals.Covers | None) -> None:
    """A chain that holds in itself, made with a key that is not ours."""
    previous = ""
    with override_settings(RONGSHAN_SEAL_KEY=GUESSED):
        for period in Period.objects.filter(seal__isnull=False).order_by("starts_on"):
            now = seals.compute(period, previous, covers)
            Seal.objects.filter(period=period).update(
                previous=previous, digest=now.digest, covers=now.covers,
                transfer_count=now.transfers, event_count=now.events,
            )  # fmt: skip
            previous = now.digest


def is_sealed(model: type[models.Model], pk: int) -> bool:
    """Whether a seal covers the row, or it is a seal itself."""
    if model is Seal:
        return True
    which = seals.parts().get(model._meta.db_table)
    if which is None:
        return False
    which = which.partition(" ORDER BY ")[0]
    for period in Period.objects.filter(seal__isnull=False):
        of = period.code if model is Event else period.pk
        sql = f'SELECT COUNT(*) FROM "{model._meta.db_table}" t {which} AND t.id = %s'
        with connection.cursor() as cursor:
            cursor.execute(sql, [of, pk])
            if cursor.fetchone()[0]:
                return True
    return False


# --- tools ----------------------------------------------------------------------------------------------------


def _told(model: type[models.Model], pk: int, column: str, text: str, sealed: bool) -> Tampered:
    after = column != "-" and is_sealed(model, pk)
    table = model._meta.db_table
    return Tampered(table, column, f"{table} {pk} {column}: {text}"[:300], sealed or after)


def _fields(model: type[models.Model]) -> list[Any]:
    return list(model._meta.concrete_fields)


def _any_row(rng: random.Random) -> tuple[type[models.Model], int]:
    models_ = [*WEIGHTS, None]
    model = rng.choices(models_, [*WEIGHTS.values(), DETAIL])[0]
    if model is None:
        model = rng.choice(_filled())
    return model, _pick(rng, model)


def _filled() -> list[type[models.Model]]:
    """The registers' tables that have rows."""
    details = {r.model._meta.db_table: r.model for r in all_registers().values()}
    return [details[table] for table in sorted(details) if details[table]._base_manager.exists()]


def _pick(rng: random.Random, model: type[models.Model]) -> int:
    keys = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
    if not keys:
        raise Refused(f"no row in {model._meta.db_table}")
    return int(rng.choice(keys))


def _values(model: type[models.Model], pk: int, columns: list[str]) -> list[Any]:
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {names} FROM "{model._meta.db_table}" WHERE id = %s', [pk])
        values = list(cursor.fetchone())
    jsons = {f.column for f in model._meta.concrete_fields if isinstance(f, models.JSONField)}
    return [
        json.dumps(v) if name in jsons and not isinstance(v, str) else v
        for name, v in zip(columns, values, strict=True)
    ]


def _set(model: type[models.Model], pk: int, values: dict[str, Any]) -> None:
    changes = ", ".join(f'"{name}" = %s' for name in values)
    _sql(f'UPDATE "{model._meta.db_table}" SET {changes} WHERE id = %s', *values.values(), pk)


def _sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _forget(entry: int) -> None:
    """All rows that tell of an entry, itself apart."""
    for table in seals.parts():
        if table == Event._meta.db_table:
            _sql("DELETE FROM audit_event WHERE target = %s", f"ledger.entry:{entry}")
        elif table not in (Entry._meta.db_table, Evidence._meta.db_table):
            _sql(f'DELETE FROM "{table}" WHERE entry_id = %s', entry)
    for table in ("ledger_hold", "ledger_entryconcern"):
        _sql(f"DELETE FROM {table} WHERE entry_id = %s", entry)
    _sql("UPDATE ledger_subject SET in_force_id = NULL WHERE in_force_id = %s", entry)
    _sql("UPDATE ledger_subject SET undecided_id = NULL WHERE undecided_id = %s", entry)


def _other(rng: random.Random, model: type[models.Model], field: Any, old: Any) -> Any:
    """Another value that the column takes."""
    if field.is_relation:
        keys = list(field.related_model._base_manager.order_by("pk").values_list("pk", flat=True)[:500])
        if not keys:
            raise Refused(f"no row in {field.related_model._meta.db_table}")
        return rng.choice(keys)
    if field.null and old is not None and rng.random() < 0.15:
        return None
    if field.choices and rng.random() < 0.9:
        return rng.choice([value for value, _ in field.flatchoices])
    if isinstance(field, models.BooleanField):
        return not old
    if isinstance(field, models.DecimalField):
        return Decimal(str(old or 0)) + 1
    if isinstance(field, models.IntegerField):
        return max(
            (old or 0) + rng.choice([-1, 1, 1, 100]), 0 if "Positive" in type(field).__name__ else -(10**12)
        )
    if isinstance(field, models.UUIDField):
        made = uuid.UUID(int=rng.getrandbits(128))
        return made.hex if connection.vendor == "sqlite" else str(made)
    if isinstance(field, models.DateTimeField):
        when = old if isinstance(old, datetime) else datetime.fromisoformat(str(old or "2022-05-05 10:00:00"))
        return str(when + timedelta(minutes=rng.choice([-1, 1, 60, 60 * 24 * 30])))
    if isinstance(field, models.DateField):
        day = old if isinstance(old, date) else date.fromisoformat(str(old or "2022-05-05"))
        return str(day + timedelta(days=rng.choice([-1, 1, 30, -90])))
    if isinstance(field, models.JSONField):
        return '{"amount": 1}'
    if not isinstance(field, models.CharField | models.TextField):
        raise Refused(f"no other value of a {type(field).__name__}")
    seen = model._base_manager.order_by().values_list(field.name, flat=True).distinct()[:50]
    others = sorted({str(value) for value in seen} - {old})
    if others and rng.random() < 0.5:
        return rng.choice(others)
    longest = field.max_length or 100
    return ((old or "") + "〇")[-longest:]


def resum() -> None:
    """Make balances, held amounts and totals agree with the moves again, so that only the fault itself is left."""
    statements = """
        UPDATE ledger_account SET balance =
            COALESCE((SELECT SUM(amount) FROM ledger_transfer WHERE target_id = ledger_account.id), 0)
            - COALESCE((SELECT SUM(amount) FROM ledger_transfer WHERE source_id = ledger_account.id), 0);
        UPDATE ledger_account SET
            held_out = COALESCE((SELECT SUM(CASE WHEN net < 0 THEN -net ELSE 0 END) FROM (
                SELECT SUM(CASE WHEN target_id = ledger_account.id THEN amount ELSE -amount END) AS net
                FROM ledger_hold WHERE ledger_account.id IN (source_id, target_id) GROUP BY entry_id) n), 0),
            held_in = COALESCE((SELECT SUM(CASE WHEN net > 0 THEN net ELSE 0 END) FROM (
                SELECT SUM(CASE WHEN target_id = ledger_account.id THEN amount ELSE -amount END) AS net
                FROM ledger_hold WHERE ledger_account.id IN (source_id, target_id) GROUP BY entry_id) n), 0);
        DELETE FROM ledger_total;
        INSERT INTO ledger_total (account_id, kind, organization_id, period_id, inflow, outflow)
            SELECT account_id, kind, organization_id, period_id, SUM(inflow), SUM(outflow) FROM (
                SELECT source_id AS account_id, kind, organization_id, period_id,
                    CASE WHEN reverses_id IS NULL THEN 0 ELSE -amount END AS inflow,
                    CASE WHEN reverses_id IS NULL THEN amount ELSE 0 END AS outflow FROM ledger_transfer
                UNION ALL SELECT target_id, kind, organization_id, period_id,
                    CASE WHEN reverses_id IS NULL THEN amount ELSE 0 END,
                    CASE WHEN reverses_id IS NULL THEN 0 ELSE -amount END FROM ledger_transfer
            ) moves GROUP BY account_id, kind, organization_id, period_id
    """
    for statement in statements.split(";"):
        _sql(statement)
