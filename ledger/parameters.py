"""Every value the bureau may change: what is declared, what holds, who changed it when and why (DOMAIN, every [G]).

Registers declare theirs as `parameters`; what belongs to no register stands in `<app>/parameters.py` as PARAMETERS, under
its TITLE. Rules ask a Parameter for its value; nothing else reads Threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.utils.module_loading import module_has_submodule

from ledger.models import Threshold, ThresholdChange
from ledger.registers import Parameter, all_registers
from ledger.sql import asked_again

_read: ContextVar[dict[str, Decimal] | None] = ContextVar("parameters_read", default=None)


@dataclass(frozen=True)
class Group:
    """The parameters that one heading of the page lists."""

    title: str
    parameters: tuple[Parameter, ...]


def all_groups() -> list[Group]:
    """Every declared parameter under its heading, each once: the books' own, the apps', then the registers'."""
    from ledger.filings import REMIND_AGAIN, REMIND_FIRST, REMIND_LATE  # which read values
    from ledger.periods import DUE_DAYS, REPORT_DAYS, REVIEW_DAYS

    reminding = (REMIND_FIRST, REMIND_AGAIN, REMIND_LATE)
    groups = [Group("季度与报送", (DUE_DAYS, REVIEW_DAYS, REPORT_DAYS, *reminding))]
    for config in apps.get_app_configs():
        if config.name != "ledger" and module_has_submodule(config.module, "parameters"):
            declared = import_module(f"{config.name}.parameters")
            groups.append(Group(declared.TITLE, declared.PARAMETERS))
    groups += [Group(register.name, register.parameters) for register in all_registers().values()]
    known: set[str] = set()
    found = []
    for group in groups:
        new = tuple(one for one in group.parameters if one.code not in known)
        known |= {one.code for one in new}
        if new:
            found.append(Group(group.title, new))
    return found


def find(code: str) -> Parameter | None:
    """The parameter of that code."""
    return next((one for group in all_groups() for one in group.parameters if one.code == code), None)


def changed(code: str, default: Decimal) -> Decimal:
    """The bureau's value of `code`, else `default`. One query, none within `read_once()` after the first."""
    kept = _read.get()
    if kept is None:
        found = Threshold.objects.filter(code=code).values_list("value", flat=True).first()
        return default if found is None else found
    if not kept:
        kept.update(_all())
        kept.setdefault("", Decimal(0))  # so that an empty table is read once, too
    return kept.get(code, default)


@asked_again
def _all() -> QuerySet[Threshold, Any]:
    return Threshold.objects.values_list("code", "value")


@contextmanager
def read_once() -> Iterator[None]:
    """Inside, what the bureau changed is read once, however many rows ask; for a page or a batch."""
    token = _read.set(kept if (kept := _read.get()) is not None else {})
    try:
        yield
    finally:
        _read.reset(token)


def plain(value: Decimal) -> str:
    """ "10", "7.5": without the zeros a database adds."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Shown:
    """One parameter as the page shows it; `last` is its latest change, None if nobody ever made one."""

    parameter: Parameter
    value: str
    default: str
    is_changed: bool
    last: ThresholdChange | None


def shown() -> list[tuple[str, list[Shown]]]:
    """Every heading with its parameters as they hold now. Two queries."""
    values = dict(Threshold.objects.values_list("code", "value"))
    last = {
        change.code: change
        for change in ThresholdChange.objects.select_related("by__organization").order_by("pk")
    }
    return [
        (group.title, [_shown(one, values.get(one.code), last.get(one.code)) for one in group.parameters])
        for group in all_groups()
    ]


def _shown(parameter: Parameter, value: Decimal | None, last: ThresholdChange | None) -> Shown:
    now = Decimal(parameter.default) if value is None else value
    return Shown(parameter, plain(now), str(parameter.default), now != parameter.default, last)


def history(parameter: Parameter) -> list[tuple[str, str, ThresholdChange]]:
    """(old, new, change) of every change, the latest first; the default by its number."""
    rows = (
        ThresholdChange.objects.filter(code=parameter.code).select_related("by__organization").order_by("-pk")
    )

    def said(value: Decimal | None) -> str:
        return f"{parameter.default}（默认）" if value is None else plain(value)

    return [(said(change.old), said(change.new), change) for change in rows]
