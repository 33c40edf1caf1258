"""How lines of the budget stand, by the registers that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.addresses import address
from dashboard.as_of import AsOf
from dashboard.lights import Light
from directory.models import User
from ledger.models import Plan
from ledger.offers import LineState
from ledger.registers import all_registers
from ledger.scope import scope_of


@dataclass(frozen=True)
class Standing:
    """How a line stands, as the first screen shows it."""

    light: Light
    facts: Sequence[tuple[str, str]]
    url: str


def standings(user: User, plan: Plan, as_of: AsOf) -> dict[str, Standing]:
    """Line code → how it stands at the date, by the registers that say so. As many queries for a hundred lines as for one."""
    found: dict[str, LineState] = {}
    scope = scope_of(user)
    for register in all_registers().values():
        if register.lines is not None:
            found |= register.lines(plan, scope.for_register(register.code), as_of.pace_day)
    return {code: _standing(code, state, as_of) for code, state in found.items()}


def _standing(code: str, state: LineState, as_of: AsOf) -> Standing:
    url = address("dashboard:story", code) + as_of.query
    return Standing(Light(state.light, state.reason), state.facts, url)
