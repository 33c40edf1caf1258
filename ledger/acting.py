"""What every action is: one transaction, which a Refusal rolls back and leaves on record; and what all of them refuse."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import date, datetime
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from django.db import transaction
from django.utils import timezone

from audit.events import record_refusal
from directory.identity import holds_number
from directory.models import User
from ledger.models import Entry
from ledger.refusals import Refusal

P = ParamSpec("P")
R = TypeVar("R")

_acting: ContextVar[bool] = ContextVar("acting", default=False)


class InvalidEntry(Refusal):
    """The row breaks rules of its register; `fields` has every message at its field."""


class SubjectTaken(Refusal):
    """Another entry about the same thing is in force or undecided."""


class NotAllowed(Refusal):
    """The user's role or unit does not permit this."""


class AlreadyDecided(Refusal):
    """The entry is no longer what the user saw: another decided, withdrew or resubmitted it meanwhile."""


class OwnEntry(Refusal):
    """The decider filed or submitted the entry (DESIGN §2.6)."""


class EvidenceMissing(Refusal):
    """Approval needs evidence that does not hang on this version."""


class NotYet(Refusal):
    """Something the entry rests on is not approved yet, or rests on the entry that would be taken back."""


class ReasonMissing(Refusal):
    """A return, correction or reversal without a reason."""


class ReasonNamesPerson(Refusal):
    """A reason or remark with somebody's number in it: it is kept in plain text, for ever."""


class NotInForce(Refusal):
    """Only an approved entry still in force can be corrected or reversed; a reversal cannot be reversed."""


class NotAStep(Refusal):
    """There is nothing in force to go on from, the register has no steps, or the row is about something else."""


def moment(on: date) -> datetime:
    """The timestamp of something done on `on`: now, if that is today."""
    return timezone.make_aware(datetime.combine(on, timezone.localtime().time()))


def refusable(verb: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function an action: one transaction; a Refusal rolls it back and leaves a `refused` audit event.

    An action called by another is part of it: the outermost one, whose transaction is gone, leaves the event.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            outermost = not _acting.get()
            acting = _acting.set(True)
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except Refusal as refusal:
                if not outermost:
                    raise
                target = kwargs.get("entry") or kwargs.get("register")
                named = (
                    f"ledger.entry:{target.pk}" if isinstance(target, Entry) else getattr(target, "code", "")
                )
                record_refusal(
                    verb=verb,
                    by=cast("User", kwargs["by"]),
                    target=named,
                    summary=refusal.message,
                    details={"rule": type(refusal).__name__},
                )
                raise
            finally:
                _acting.reset(acting)

        return run

    return wrap


def is_part() -> bool:
    """Whether an action is under way: what it calls leaves no refusal of its own on record."""
    return _acting.get()


def need_reason(reason: str, ask: str = "请写明理由。") -> None:
    """A reason is given and names nobody's number. Raises ReasonMissing, which says `ask`, or ReasonNamesPerson."""
    if not reason.strip():
        raise ReasonMissing(ask, {"reason": [ask]})
    refuse_numbers(reason)


def refuse_numbers(*texts: str) -> None:
    """Reasons and remarks name nobody's number. Raises ReasonNamesPerson."""
    if any(holds_number(text) for text in texts):
        message = "理由和意见会长期留存，请不要写身份证号或电话。"
        raise ReasonNamesPerson(message, {"reason": [message]})
