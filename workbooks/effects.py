"""What an import, its undoing or its approval would change: every line and target, before and after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from directory.models import User
from ledger import figures
from ledger.models import Plan
from ledger.money import yuan
from ledger.scope import Scope, scope_of

_STAGES = {
    "arranged": "安排",
    "received": "到位",
    "allocated": "下达",
    "disbursed": "拨付",
    "spent": "支出",
    "claimed": "报账",
}
Standing = dict[tuple[str, str, str], int]


@dataclass(frozen=True)
class Effect:
    """What changes on a line or in what counts towards a target: before → after."""

    name: str
    what: str
    before: str
    after: str
    difference: str


def standing(
    plans: Sequence[Plan], by: User, registers: Collection[str] = (), *, pending: bool = True
) -> Standing:
    """(name, what, unit) → amount, with what is `pending` or without, for every line and target the user may see.

    `registers`: what a file brings. Whose unit oversees all of them sees every entry of theirs, and so the lines whole.
    """
    scope = scope_of(by)
    whole = bool(registers) and set(registers) <= scope.registers
    found: Standing = {}
    for plan in plans:
        money = figures.money(plan, scope=Scope(everything=True) if whole else scope)
        for line in money.lines:
            for stage, label in _STAGES.items():
                held = (line.held or {}).get(stage, 0) if pending else 0
                found[f"{line.code} {line.name}", label, "分"] = (getattr(line, stage) or 0) + held
        for target in figures.targets(plan, scope=scope):
            held = (target.held or 0) if pending else 0
            found[target.name, "计数", target.unit] = target.approved + held
    return found


def differences(before: Standing, after: Standing) -> list[Effect]:
    """What is not the same, in the order of lines and targets."""
    found = []
    for (name, what, unit), value in after.items():
        old = before.get((name, what, unit), 0)
        if value != old:
            sign = "+" if value > old else "−"
            found.append(
                Effect(
                    name,
                    what,
                    _amount(old, unit),
                    _amount(value, unit),
                    f"{sign}{_amount(abs(value - old), unit)}",
                )
            )
    return found


def _amount(value: int, unit: str) -> str:
    return f"{yuan(value)} 元" if unit == "分" else f"{value:,} {unit}"
