"""Writing the trail: `record` in the transaction of what was done, `record_refusal` after a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from audit import bulk
from audit.locks import BOOKS, share_books
from audit.models import Event

SYSTEM = "系统"
REFUSALS_PER_MINUTE = 20


class Actor(Protocol):
    """Whoever acts: has a number, and says "姓名（单位）" of itself. A directory.User is one."""

    @property
    def pk(self) -> Any: ...


class Deed(NamedTuple):
    """What was done to which thing; the arguments of `record` that differ from deed to deed."""

    target: str
    summary: str
    details: Mapping[str, Any]
    period: str | None = None


class AuditOutsideTransaction(Exception):
    """An event recorded outside a transaction: the deed could be kept and its trace lost, or the reverse."""


def record(
    *,
    verb: str,
    by: Actor | None,
    target: str,
    summary: str,
    details: Mapping[str, Any] | None = None,
    outcome: str = Event.Outcome.DONE,
    period: str | None = None,
) -> Event:
    """Write one event in the transaction of the deed itself (DESIGN §2.8).

    `verb` a short slug ("entry.approved"); `by` who acts, None for 系统; `target` "app.model:pk"; `summary`
    one Chinese sentence and `details` JSON, both without personal data (ids, amounts in 分, codes); `period`
    the code of the period the event belongs to, None = what settings.AUDIT_PERIOD_OF answers.
    Takes the books' lock shared, so the period cannot be closed between naming it and committing.
    Raises AuditOutsideTransaction.
    """
    if not connection.in_atomic_block:
        raise AuditOutsideTransaction(f"审计记录 {verb} 必须与所记的操作写在同一事务中。")
    share_books()
    deed = Deed(target, summary, dict(details or {}), _period_now() if period is None else period)
    (row,) = rows_of(verb, by, [deed], outcome)
    made = Event(**dict(zip(COLUMNS, row, strict=True)))
    made.save(force_insert=True)
    return made


COLUMNS = ("at", "actor_id", "actor_name", "verb", "outcome", "target", "summary", "details", "period")


def rows_of(
    verb: str, by: Actor | None, deeds: Sequence[Deed], outcome: str = Event.Outcome.DONE
) -> list[tuple[Any, ...]]:
    """The COLUMNS of an event a deed, each with its period, not yet written: for a deed that writes them together with
    its own rows, and has shared the books itself."""
    actor = (None if by is None else by.pk, SYSTEM if by is None else str(by))
    common = (timezone.now(), *actor, verb, str(outcome))
    return [(*common, *deed) for deed in deeds]


def at_rest() -> int | None:
    """The newest event's number while no deed is under way; None while one is: it may yet commit a lower number.

    On SQLite deeds run one by one, so there is never one that others cannot wait for.
    """
    under_way = "false"
    if connection.vendor == "postgresql":
        under_way = (
            "EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND granted "
            f"AND (classid::bigint << 32) | objid::bigint = {BOOKS} AND datname = current_database() "
            "AND pid <> pg_backend_pid())"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (SELECT max(id) FROM audit_event), {under_way}")  # noqa: S608  a number of ours
        number, busy = cursor.fetchone()
    return None if busy else number or 0


def newest() -> tuple[int, datetime | None]:
    """Number and time of the newest event: if at_rest gave the same number before, they stand for every deed that the
    caller's transaction sees."""
    event = Event.objects.order_by("-pk").values_list("pk", "at").first()
    return event or (0, None)


def record_all(*, verb: str, by: Actor | None, deeds: Sequence[Deed]) -> None:
    """One event a deed, as `record` would write it, in one go. Raises AuditOutsideTransaction."""
    if not connection.in_atomic_block:
        raise AuditOutsideTransaction(f"审计记录 {verb} 必须与所记的操作写在同一事务中。")
    share_books()
    if any(deed.period is None for deed in deeds):
        now = _period_now()
        deeds = [deed._replace(period=now) if deed.period is None else deed for deed in deeds]
    bulk.copy(Event, COLUMNS, rows_of(verb, by, deeds))


def record_refusal(
    *,
    verb: str,
    by: Actor | None,
    target: str,
    summary: str,
    details: Mapping[str, Any] | None = None,
) -> Event | None:
    """Write that an attempt was refused, in a transaction of its own after the attempt's was rolled back.

    Arguments as for `record`. Keeps at most REFUSALS_PER_MINUTE per actor and verb in any 60 seconds, so that
    a stuck script cannot fill the disk; the last one kept says so, later ones return None. (Requests running
    at the same moment may each keep one more: the limit guards the disk, not a rule of the books.)

    Raises RuntimeError inside an open transaction: the trace would be rolled back with the deed. That is
    Django's own `atomic(durable=True)`, which makes an exception only for the transaction a TestCase wraps
    around a test.
    """
    with transaction.atomic(durable=True):
        minute_ago = timezone.now() - timedelta(minutes=1)
        kept = Event.objects.filter(
            actor_id=None if by is None else by.pk,
            verb=verb,
            outcome=Event.Outcome.REFUSED,
            at__gt=minute_ago,
        ).count()
        if kept >= REFUSALS_PER_MINUTE:
            return None
        if kept == REFUSALS_PER_MINUTE - 1:
            summary += f"（一分钟内同类拒绝已达 {REFUSALS_PER_MINUTE} 次，一分钟内的后续拒绝不再逐条记录）"
        return record(
            verb=verb, by=by, target=target, summary=summary, details=details, outcome=Event.Outcome.REFUSED
        )


def _period_now() -> str:
    path: str = getattr(settings, "AUDIT_PERIOD_OF", "")
    if not path:
        return ""
    # Looked up by name and late: the function lives floors above this app.
    period_of: Callable[[], str] = import_string(path)
    return period_of()
