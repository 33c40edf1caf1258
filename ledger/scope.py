"""Who sees which rows. Entry, Filing and Evidence have no other way in than `for_user`, `for_scope` (what a user's scope
is, where it is known already) and `unscoped` (DESIGN §3).

A unit sees entries it filed or is concerned by; a department also the registers assigned to it; the bureau and the
leaders see all. What a register shares beyond that, with the unit a row names or with 荣成, stands in its declaration.
Administrators see no business detail. Nobody sees anything by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull

from directory.models import Organization, User
from ledger.registers import all_registers

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

M = TypeVar("M", bound=models.Model)


class UnscopedAccess(RuntimeError):
    """`Model.objects` was used without saying for whom; call .for_user(user) or .unscoped(reason)."""


@dataclass(frozen=True)
class Scope:
    """What a user may see: everything, or the rows of some organizations and of some registers.

    `partner`: the user is of 荣成, to whom registers open what they share, and the figures of `figures` as a whole.
    """

    everything: bool = False
    organization_ids: frozenset[int] = frozenset()
    registers: frozenset[str] = frozenset()
    partner: bool = False
    figures: frozenset[str] = frozenset()

    def for_register(self, code: str) -> Scope:
        """The same scope, widened to everything where the register `code` is assigned to the user's unit, or its
        figures are shared with 荣成."""
        return replace(self, everything=True) if code in self.registers | self.figures else self


NOTHING = Scope()


_overseen: ContextVar[dict[int, frozenset[str]] | None] = ContextVar("overseen", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, the registers assigned to a unit are read once, however often a page asks what somebody may see; for a
    page that is of one moment anyway."""
    token = _overseen.set({})
    try:
        yield
    finally:
        _overseen.reset(token)


def scope_of(user: User | AnonymousUser) -> Scope:
    """What `user` may see. One query for a unit's assignments, none for the others and none again within
    `asked_once()`."""
    if not isinstance(user, User) or not user.is_active or not user.is_business:
        return NOTHING
    if user.role == User.Role.LEADER or user.organization is None:
        return Scope(everything=user.role == User.Role.LEADER)
    if user.organization.kind == Organization.Kind.BUREAU:
        return Scope(everything=True)
    if user.organization.kind == Organization.Kind.PARTNER:
        figures = {code for code, register in all_registers().items() if register.shared.figures}
        return Scope(
            organization_ids=frozenset([user.organization.pk]), partner=True, figures=frozenset(figures)
        )
    unit, kept = user.organization.pk, _overseen.get()
    registers = _registers_of(unit) if kept is None or unit not in kept else kept[unit]
    if kept is not None:
        kept[unit] = registers
    return Scope(organization_ids=frozenset([unit]), registers=registers)


def _registers_of(unit: int) -> frozenset[str]:
    assignment = apps.get_model("ledger", "Assignment")
    assigned = assignment.objects.filter(organization_id=unit, duty="oversees")
    return frozenset(assigned.values_list("register", flat=True))


class ScopedManager(models.Manager[M]):
    """A manager that refuses to answer until told for whom (DESIGN §3: row scope fails closed)."""

    def get_queryset(self) -> models.QuerySet[M]:
        raise UnscopedAccess(f"{self.model.__name__}.objects: 请用 .for_user(user) 或 .unscoped(reason)")

    def unscoped(self, reason: str) -> models.QuerySet[M]:
        """All rows. `reason` says why no user is asked; tests/ledger/test_scope.py lists every use."""
        if not reason:
            raise UnscopedAccess("unscoped 需要理由")
        return super().get_queryset()

    def for_user(self, user: User | AnonymousUser, *, few: bool = False) -> models.QuerySet[M]:
        """The rows `user` may see; none for anyone unknown, inactive or without business.

        `few`: of entries and evidence, where what else is asked leaves few (what waits, what one register has, what bears a
        name). Each of those is then looked at, where else the list of all that concerns the user's unit is made first: a
        tenth of the books.
        """
        return self.for_scope(scope_of(user), few=few)

    def for_scope(self, scope: Scope, *, few: bool = False) -> models.QuerySet[M]:
        """As for_user, of one whose scope this is."""
        rows = super().get_queryset()
        if self.model.__name__ == "Evidence":
            rows = rows.filter(Q(addressee=None) | _addressed(scope))
        # nothing is joined in it, so no row comes twice: a DISTINCT would read all of them before showing fifty
        return rows if scope.everything else rows.filter(_visible(self.model, scope, few))


def _visible(model: type[Any], scope: Scope, few: bool) -> Q:
    units = list(scope.organization_ids)
    if not units:
        return Q(pk__in=[])
    registers = list(scope.registers)
    if model.__name__ == "Entry":  # an entry concerns the unit that filed it, too
        of_units = apps.get_model("ledger", "EntryConcern").objects.filter(organization_id__in=units)
        if few:
            # not EXISTS, of which PostgreSQL makes a list of all after all
            one = Subquery(of_units.filter(entry=OuterRef("pk")).values("pk")[:1])
            named = Q(IsNull(one, False)) | Q(pk__in=_all_of(_shared(scope)))
        else:  # one list of numbers, or every entry of the books would be asked whether it is of any of several
            named = Q(pk__in=_all_of([of_units.values("entry_id"), *_shared(scope)]))
        return named | Q(register__in=registers)
    if model.__name__ in ("Filing", "Batch"):
        if model.__name__ == "Batch":
            return Q(organization_id__in=units)
        return Q(organization_id__in=units) | Q(register__in=registers)
    entries = apps.get_model("ledger", "Entry").objects.for_scope(scope, few=few)
    hung = apps.get_model("ledger", "EntryEvidence").objects
    if few:
        on_one = entries.filter(pk=OuterRef("entry"))
        on_any = Q(Exists(hung.filter(Exists(on_one), evidence=OuterRef("pk"))))
    else:
        on_any = Q(pk__in=hung.filter(entry__in=entries).values("evidence_id"))
    return Q(organization_id__in=units) | on_any


def _addressed(scope: Scope) -> Q:
    """The files that go to one of the scope's units alone, while the entry they hang on stands approved: nobody else's,
    however much they see."""
    hung = apps.get_model("ledger", "EntryEvidence").objects
    sent = hung.filter(entry__state="approved", entry__subject__in_force=F("entry_id"))
    return Q(addressee__in=scope.organization_ids, pk__in=sent.values("evidence_id"))


def _all_of(lists: Sequence[models.QuerySet[Any, Any]]) -> Any:
    """What stands in any of the lists of numbers."""
    if not lists:
        return []
    return lists[0].union(*lists[1:]) if len(lists) > 1 else lists[0]


@lru_cache(maxsize=512)
def _shared(scope: Scope) -> Sequence[models.QuerySet[Any, Any]]:
    """The numbers of approved entries whose rows, as they stand, their registers share with the scope's units, a list for
    each register. Asked several times a page, and the same for a scope as long as the program runs."""
    found = []
    for register in all_registers().values():
        sharing, model = register.shared, register.model
        open_to = Q(pk__in=[])
        for column in sharing.with_units:
            open_to |= Q(**{f"{column}__in": scope.organization_ids})
        if scope.partner and sharing.with_partner is not None:
            open_to |= sharing.with_partner
        elif not sharing.with_units:
            continue
        approved = {"entry__register": register.code, "entry__state": "approved"}
        rows: Any = model.objects.filter(open_to, version=F("entry__version"), **approved)  # type: ignore[attr-defined]
        found.append(rows.order_by().values("entry_id"))
    return found
