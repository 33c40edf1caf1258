"""Triggers that only refuse: declared once, installed on SQLite and PostgreSQL alike (DESIGN §2).

An app that needs some has a module `triggers` with `TRIGGERS: list[Refusal]`; `expected()` collects them.
They are not part of migrations: a table remake on SQLite silently drops a table's triggers, so `migrate`
(management/commands/migrate.py) drops all of ours before and installs all of them after, and `missing()`
compares the list with the database's own catalogue, for `check` and `verify_ledger`.
They guard against every door that ends in SQL: ORM, bulk operations, raw statements, another program.
They do not guard against someone who may change the schema; `missing()` tells of that afterwards.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.module_loading import module_has_submodule

# On PostgreSQL the name of the one function all our triggers call, on SQLite a comment in each trigger:
# by it `drop` also finds triggers that an older release installed and this one no longer knows.
MARK = "rongshan_refuse"

_APPEND_ONLY = "只能新增，不能修改或删除已有记录。"

# check_violation makes Django raise IntegrityError, like a named CHECK would.
_FUNCTION_BODY = """
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_NAME || ': ' || TG_ARGV[0], ERRCODE = 'check_violation',
        CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
"""
_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION {MARK}() RETURNS trigger LANGUAGE plpgsql"
    f" AS $refuse${_FUNCTION_BODY}$refuse$"
)


class TriggerMisdeclared(Exception):
    """Two triggers share a name, or a declaration says something no engine could install."""


@dataclass(frozen=True)
class Refusal:
    """A trigger that raises `IntegrityError("name: message")` when `when` happens and the condition holds.

    `when`: INSERT, UPDATE, DELETE, "UPDATE OF a, b" (asked for each row, before the change) or TRUNCATE
    (for the statement; PostgreSQL only, SQLite has none). "UPDATE OF a" fires when `a` stands in the SET
    list, changed or not. A condition may use OLD.column and NEW.column; None means always. On PostgreSQL it
    goes into WHEN, which allows no subquery (`current_setting(...)` is fine); on SQLite it may read other
    tables.
    """

    name: str
    table: str
    when: str
    message: str
    condition_pg: str | None = None
    condition_sqlite: str | None = None
    engines: tuple[str, ...] = ("postgresql", "sqlite")

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", self.name):
            raise TriggerMisdeclared(f"trigger name {self.name!r}: at most 63 of a-z, 0-9 and _")
        if not re.fullmatch(r"INSERT|UPDATE|DELETE|TRUNCATE|UPDATE OF \w+(, *\w+)*", self.when):
            raise TriggerMisdeclared(f"trigger {self.name}: when={self.when!r}")

    def is_for(self, vendor: str) -> bool:
        return vendor in self.engines and not (vendor == "sqlite" and self.when == "TRUNCATE")

    def condition(self, vendor: str) -> str | None:
        return self.condition_pg if vendor == "postgresql" else self.condition_sqlite

    def columns(self, vendor: str) -> set[str]:
        """The columns of `table` that the trigger reads or watches."""
        watched = re.split(r", *", self.when.removeprefix("UPDATE OF ")) if " OF " in self.when else []
        read = re.findall(r'\b(?:OLD|NEW)\."?(\w+)', self.condition(vendor) or "", re.IGNORECASE)
        return {*watched, *read}

    def sql(self, vendor: str) -> str:
        """The CREATE TRIGGER statement, always the same text: SQLite's catalogue keeps it verbatim."""
        condition = self.condition(vendor)
        when = f" WHEN ({condition})" if condition else ""
        event = f'BEFORE {self.when} ON "{self.table}"'
        message = self.message.replace("'", "''")
        if vendor == "postgresql":
            each = "STATEMENT" if self.when == "TRUNCATE" else "ROW"
            return (
                f'CREATE TRIGGER "{self.name}" {event} FOR EACH {each}{when}'
                f" EXECUTE FUNCTION {MARK}('{message}')"
            )
        return (
            f'CREATE TRIGGER "{self.name}" {event} FOR EACH ROW{when}'
            f" BEGIN SELECT /* {MARK} */ RAISE(ABORT, '{self.name}: {message}'); END"
        )


def append_only(table: str, *, key: str = "id", unique: Sequence[Sequence[str]] = ()) -> list[Refusal]:
    """Refusals that leave INSERT as the only thing possible on `table` (DESIGN §2.3).

    `{table}_no_update`, `_no_delete`, `_no_truncate` (PostgreSQL) and `_no_replace` (SQLite, see `no_replace`).
    `unique`: the table's unique keys besides `key`, each as its columns.
    """
    return [
        Refusal(f"{table}_no_update", table, "UPDATE", _APPEND_ONLY),
        Refusal(f"{table}_no_delete", table, "DELETE", _APPEND_ONLY),
        Refusal(f"{table}_no_truncate", table, "TRUNCATE", _APPEND_ONLY),
        no_replace(table, key=key, unique=unique)[0],
    ]


def no_replace(
    table: str, *, key: str = "id", unique: Sequence[Sequence[str]] = (), also: str = ""
) -> list[Refusal]:
    """Refusals, on SQLite, of INSERT and UPDATE of a row whose `key` or unique columns another row has.

    INSERT OR REPLACE and UPDATE OR REPLACE delete that other row without asking its DELETE trigger. `also`: one more
    condition on `kept` and NEW, for a partial unique index.
    """
    keys = [(key,), *unique]
    same = " OR ".join(
        "(" + " AND ".join(f'kept."{column}" = NEW."{column}"' for column in columns) + ")"
        for columns in keys
    ) + (f" OR ({also})" if also else "")
    kept = f'SELECT 1 FROM "{table}" AS kept WHERE '  # noqa: S608
    return [
        Refusal(
            f"{table}_no_replace",
            table,
            "INSERT",
            _APPEND_ONLY,
            condition_sqlite=f"EXISTS ({kept}{same})",
            engines=("sqlite",),
        ),
        Refusal(
            f"{table}_no_replace_by_update",
            table,
            "UPDATE",
            _APPEND_ONLY,
            condition_sqlite=f'EXISTS ({kept}kept."{key}" <> OLD."{key}" AND ({same}))',
            engines=("sqlite",),
        ),
    ]


TRIGGERS: list[Refusal] = append_only("audit_event")


def expected() -> list[Refusal]:
    """Every declared trigger, in the order of the installed apps. Raises TriggerMisdeclared."""
    found: dict[str, Refusal] = {}
    for app in apps.get_app_configs():
        if app.module is None or not module_has_submodule(app.module, "triggers"):
            continue
        for refusal in getattr(import_module(f"{app.name}.triggers"), "TRIGGERS", ()):
            if not isinstance(refusal, Refusal):
                continue  # another package's module of the same name
            if refusal.name in found:
                raise TriggerMisdeclared(f"trigger {refusal.name} is declared twice")
            found[refusal.name] = refusal
    return list(found.values())


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the database's triggers equal to `expected()`; changes nothing that is right already.

    Skips what cannot be yet (a table or column that a migration is still to make, or has taken back);
    `missing` reports such a column once its table exists, so a misspelt one cannot hide here.
    """
    vendor = connection.vendor
    tables = _tables(connection)
    wanted = {
        refusal.name: refusal
        for refusal in expected()
        if refusal.is_for(vendor)
        and refusal.table in tables
        and refusal.columns(vendor) <= tables[refusal.table]
    }
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if vendor == "postgresql":
            cursor.execute(_FUNCTION)
        found = _catalogue(connection)
        right = {
            name for name, row in found.items() if name in wanted and row.is_intact(wanted[name], vendor)
        }
        for name in found.keys() - right:
            cursor.execute(found[name].drop_sql(vendor))
        new = [refusal for name, refusal in wanted.items() if name not in right]
        for refusal in new:
            cursor.execute(refusal.sql(vendor))
        if vendor == "postgresql" and new:
            found = _catalogue(connection)
            # PostgreSQL rewrites a definition when it stores it, so ours cannot be compared with it later.
            # The trigger's comment keeps the fingerprint of both as they were when we installed it.
            for refusal in new:
                stamp = found[refusal.name].fingerprint(refusal)
                cursor.execute(f'COMMENT ON TRIGGER "{refusal.name}" ON "{refusal.table}" IS \'{stamp}\'')


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take away every trigger that is ours, also those of an older release."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for row in _catalogue(connection).values():
            cursor.execute(row.drop_sql(connection.vendor))


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For tests: our triggers refuse nothing inside the block (a flush, a planted fault), all of them do after.

    On PostgreSQL they are disabled and enabled, a thirtieth of the work of dropping and making them.
    """
    if connection.vendor != "postgresql":
        drop(connection)
        try:
            yield
        finally:
            install(connection)
        return
    found = list(_catalogue(connection).values())
    _switch(connection, found, "DISABLE")
    try:
        yield
    finally:
        _switch(connection, found, "ENABLE")


def _switch(connection: BaseDatabaseWrapper, found: Sequence[_Found], to: str) -> None:
    """On PostgreSQL: DISABLE or ENABLE these triggers, one ALTER TABLE a table."""
    of_table: dict[str, list[str]] = {}
    for row in found:
        of_table.setdefault(row.table, []).append(f'{to} TRIGGER "{row.name}"')
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # A table cannot be altered while its deferred checks wait: let them speak now.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, switches in of_table.items():
            cursor.execute(f'ALTER TABLE "{table}" {", ".join(switches)}')


def installed(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """What the database's catalogue says of our triggers: name → SHA-256 of table, definition and state."""
    return {name: row.digest() for name, row in _catalogue(connection).items()}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Every difference between `expected()` and the catalogue, one Chinese sentence each, [] if none.

    Tables that do not exist are passed over: there, no row can be changed.
    """
    vendor = connection.vendor
    tables = _tables(connection)
    found = _catalogue(connection)
    wanted = {r.name: r for r in expected() if r.is_for(vendor) and r.table in tables}
    problems: list[str] = []
    for name, refusal in wanted.items():
        absent = sorted(refusal.columns(vendor) - tables[refusal.table])
        if absent:
            problems.append(f"触发器 {name} 无法安装：表 {refusal.table} 没有列 {'、'.join(absent)}。")
        elif name not in found:
            problems.append(f"缺少触发器 {name}（表 {refusal.table}），该表的数据未受保护。")
        elif not found[name].is_intact(refusal, vendor):
            problems.append(f"触发器 {name}（表 {refusal.table}）的内容与程序所定不一致，或已被停用。")
    problems += [
        f"数据库中有程序已不使用的触发器 {name}（表 {row.table}）。"
        for name, row in found.items()
        if name not in wanted
    ]
    return problems


def refused_by(error: IntegrityError) -> str | None:
    """The name of the trigger or CHECK that refused, on either engine; None if the error does not tell."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name) if diagnosis.constraint_name else None
    said = re.match(r"CHECK constraint failed: (\w+)$|(\w+): ", str(error))
    return said and (said[1] or said[2])


@dataclass(frozen=True)
class _Found:
    """A trigger as the catalogue has it. On SQLite `state` and `stamp` are empty."""

    name: str
    table: str
    definition: str
    state: str = ""
    stamp: str = ""

    def digest(self) -> str:
        return _sha256(self.table, self.definition, self.state)

    def fingerprint(self, refusal: Refusal) -> str:
        return _sha256(refusal.sql("postgresql"), _FUNCTION, self.digest())

    def is_intact(self, refusal: Refusal, vendor: str) -> bool:
        if vendor == "postgresql":
            return self.stamp == self.fingerprint(refusal)
        return self.definition == refusal.sql(vendor)

    def drop_sql(self, vendor: str) -> str:
        on_table = f' ON "{self.table}"' if vendor == "postgresql" else ""
        return f'DROP TRIGGER "{self.name}"{on_table}'


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _catalogue(connection: BaseDatabaseWrapper) -> dict[str, _Found]:
    """Our triggers in the database: those with our mark, and any that bear an expected name."""
    names = [refusal.name for refusal in expected()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                """
                SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid),
                       t.tgenabled::text || ' ' || p.prosrc,
                       coalesce(obj_description(t.oid, 'pg_trigger'), '')
                FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
                WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)
                  AND (p.proname = %s OR t.tgname = ANY(%s))
                ORDER BY t.tgname
                """,
                [MARK, names],
            )
            return {row[0]: _Found(*row) for row in cursor.fetchall()}
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        rows = [_Found(*row) for row in cursor.fetchall()]
    return {row.name: row for row in rows if MARK in row.definition or row.name in names}


def _tables(connection: BaseDatabaseWrapper) -> dict[str, set[str]]:
    """Every table with its columns, in one query."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                """
                SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
                  AND a.attnum > 0 AND NOT a.attisdropped
                """
            )
        else:
            cursor.execute(
                "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
                " WHERE m.type = 'table'"
            )
        tables: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            tables.setdefault(table, set()).add(column)
    return tables
