"""Many entries of any register, written past the actions: one row as its table allows it, then as many copies as wanted
by one INSERT … SELECT a table. For tests of how lists behave; the books do not add up with them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils import timezone

from directory.models import Division, Guardian, Organization, Person
from ledger.models import BudgetLine, Entry, EntryConcern, Filing, Period, Plan, Subject
from ledger.registers import Register
from tests.ledger.world import World

DAY = date(2022, 6, 30)


def made_of(
    world: World, register: Register, count: int, *, unit: str = "徐庄镇", who: str = "徐庄"
) -> Entry:
    """`count` undecided entries of the register, of the unit; the first is returned."""
    organization = world.units[unit]
    filing = Filing.objects.unscoped("测试").get_or_create(
        organization=organization,
        register=register.code,
        period=Period.objects.get(code="2022Q2"),
        defaults={"due_on": DAY},
    )[0]
    now = timezone.now()
    subject = Subject.objects.create(register=register.code, key=f"many-{uuid.uuid4().hex}-")
    entry = Entry(
        register=register.code, subject=subject, filed_for=organization, filing=filing, occurred_on=DAY,
        summary=f"{register.name} 一条", amount=1, filed_by=world.users[who], filed_at=now,
        submitted_by=world.users[who], submitted_at=now,
    )  # fmt: skip
    entry.save(force_insert=True)
    detail = register.model(
        **{
            field.name: value_for(world, register, field)
            for field in register.model._meta.concrete_fields
            if field.name not in ("id", "entry", "version")
        },
        entry=entry,
        version=1,
    )
    detail.save(force_insert=True)
    concern = EntryConcern.objects.create(entry=entry, organization=organization)
    if count > 1:
        _copies(entry, detail, concern, count - 1)
    if connection.vendor == "postgresql":  # what autovacuum does outside a test's transaction
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE ledger_entry, ledger_entryconcern, {register.model._meta.db_table}")
    return entry


def value_for(world: World, register: Register, field: Any) -> Any:
    """Some value the column takes; one of its own choices if it has any."""
    column = next((c for c in register.columns if c.name == field.name), None)
    if column is not None and column.kind == "choice":
        return column.choices[0][0]
    if isinstance(field, models.ForeignKey):
        return _pointed_at(world, field.related_model)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.DateTimeField):
        return datetime(2022, 6, 30, tzinfo=timezone.get_current_timezone())
    if isinstance(field, models.DateField):
        return DAY
    if isinstance(field, models.DecimalField):
        return Decimal(1)
    if isinstance(field, models.IntegerField):
        return 2022 if field.name == "year" else 1
    if isinstance(field, models.JSONField):
        return []
    if column is not None and column.kind == "month":
        return "2022-06"
    return f"{field.verbose_name}甲"[: field.max_length]


def _pointed_at(world: World, model: Any) -> Any:
    if model is Subject:
        return Subject.objects.create(register="", key=uuid.uuid4().hex)
    if model is Person:
        unit = world.units["徐庄镇"]
        return Person.objects.get_or_create(
            provisional_key="many",
            defaults={"name": "张小三", "organization": unit, "birth_month": "1980-01"},
        )[0]
    if model is Guardian:
        person = _pointed_at(world, Person)
        return Guardian.objects.get_or_create(person=person, defaults={"contact": "[]"})[0]
    known = {Plan: Plan, BudgetLine: BudgetLine, Organization: Organization, Division: Division}
    found = known.get(model, model)._default_manager.order_by("pk").first()
    assert found is not None, f"nothing for {model.__name__}"
    return found


def _copies(entry: Entry, detail: Any, concern: EntryConcern, count: int) -> None:
    # all about one subject, and of no other unit's concern: fewer rows, and no list asks
    token = "printf('%%032x', {})" if connection.vendor == "sqlite" else "lpad(to_hex({}), 32, '0')::uuid"
    number = Entry.objects.unscoped("测试").order_by("-pk").values_list("pk", flat=True)[0]
    new_entry = f"{number} + n.i"
    _multiply(entry, count, {"id": new_entry, "token": token.format(new_entry), "amount": "1 + n.i"})
    for row in (detail, concern):
        _multiply(row, count, {"id": f"{_last(type(row))} + n.i", "entry_id": new_entry})


def _last(model: Any) -> int:
    return int(model._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0)


def _column(name: str) -> str:
    return connection.ops.quote_name(name)


def _multiply(row: models.Model, count: int, changed: dict[str, str]) -> None:
    table = connection.ops.quote_name(row._meta.db_table)
    names = [str(field.column) for field in row._meta.concrete_fields]
    values = ", ".join(changed.get(name, _column(name)) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(_column(n) for n in names)})"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
            f" SELECT {values} FROM {table} t, n WHERE t.id = %s",
            [count, row.pk],
        )
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {table}",
                [row._meta.db_table],
            )
