"""What the ledger, the desk and the workbooks know of a register: this declaration, and no register by name.

An app declares its registers in `<app>/registers.py` as REGISTERS; `all_registers()` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

if TYPE_CHECKING:
    from django.forms import Form

    from directory.models import Organization, User
    from ledger.models import Account, Detail


@dataclass(frozen=True)
class Leg:
    """One move an entry makes: `amount` of the accounts' unit from `source` to `target`, for one concerned unit."""

    kind: str
    source: Account
    target: Account
    amount: int
    organization_id: int
    reverses_id: int | None = None
    forward: bool = True  # a closed account takes no new forward moves; refunds and claw-backs still pass


@dataclass(frozen=True)
class Claim:
    """One person an entry says was reached, for one counting account and one concerned unit.

    `eligible` False is recorded and does not count (DESIGN §2.5).
    """

    account: Account
    person_id: int
    organization_id: int
    eligible: bool = True


def no_claims(row: Any) -> list[Claim]:
    """The claims of a register that reaches nobody."""
    return []


@dataclass(frozen=True)
class Shown:
    """One field of an entry as a page shows it; `name` is the form field a remark may point at."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Register:
    """One 台账 as a kind. Every callable takes the register's detail row, saved or not."""

    code: str
    name: str
    model: type[Detail]
    form: Callable[[], type[Form]]
    natural_key: Callable[[Any], str]
    occurred_on: Callable[[Any], date]
    summary: Callable[[Any], str]
    amount: Callable[[Any], int | None]
    legs: Callable[[Any], list[Leg]]
    # field → messages; all that is wrong, at once; {} if nothing is
    errors: Callable[[Any, User, date], Mapping[str, list[str]]]
    warnings: Callable[[Any], Sequence[str]]
    # what evidence must hang on it before approval; "" if none
    evidence_rule: Callable[[Any], str]
    shown: Callable[[Any], list[Shown]]
    may_file: Callable[[Organization | None], bool]
    # kind of move → the words a statement uses for it
    kinds: Mapping[str, str]
    claims: Callable[[Any], list[Claim]] = no_claims


@cache
def all_registers() -> dict[str, Register]:
    """Every declared register by code, in the order of the installed apps."""
    found: dict[str, Register] = {}
    for config in apps.get_app_configs():
        if config.name != "ledger" and module_has_submodule(config.module, "registers"):
            for register in getattr(import_module(f"{config.name}.registers"), "REGISTERS", ()):
                found[register.code] = register
    return found


def get_register(code: str) -> Register:
    """The register; KeyError if no app declares it."""
    return all_registers()[code]


def name_of(code: str) -> str:
    """Its Chinese name; the code itself for a register no longer declared."""
    register = all_registers().get(code)
    return register.name if register else code
