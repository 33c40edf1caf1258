"""协作资金台账 as the ledger, the desk and the workbooks know it (DESIGN §4; DOMAIN §4.1)."""

from __future__ import annotations

from datetime import date

from django.forms import Form

from directory.models import Organization
from funds import events, rules
from funds.events import EVENT_FIELDS, RULES
from funds.models import AdjustLevel, Event, FundFlow
from ledger.models import BudgetLine
from ledger.money import wan, yuan
from ledger.registers import Register, Shown


def _form() -> type[Form]:
    from funds.forms import FundFlowForm  # the form needs this declaration's rules, not the reverse

    return FundFlowForm


def natural_key(row: FundFlow) -> str:
    """Plan, line, event, unit and number; without a number, date and amount (DOMAIN §4.1).

    Voucher numbers begin anew every year, so the year is part of a key made of one; a 文号 names its year itself.
    """
    number = row.document_no
    if row.voucher_no and "voucher_no" in RULES[row.event].required:
        number = f"{row.occurred_on.year}:{row.voucher_no}"
    parts = [
        row.plan.code,
        row.line.code if row.line else "-",
        row.event,
        row.unit.code if row.unit else "-",
        number.casefold() or f"{row.occurred_on.isoformat()}:{row.amount}",
    ]
    if row.event == Event.ADJUST:
        parts += [
            row.adjust_level,
            row.other_line.code if row.other_line else "-",
            row.other_unit.code if row.other_unit else "-",
        ]
    if row.event == Event.RECALL:
        parts.append(row.recall_from)
    return "/".join(parts)


def summary(row: FundFlow) -> str:
    """ "支出 125,000.00 元 · 美丽乡村提升工程 · 徐庄镇 · 记-35"."""
    where = [row.line.name if row.line else "未指定项目", str(row.unit or "")]
    if row.event == Event.ADJUST and row.other_line is not None:
        giver = f"{row.line.name if row.line else ''}{row.unit or ''}"
        where = [f"{giver}→{row.other_line.name}{row.other_unit or ''}"]
    number = row.voucher_no or row.document_no
    return " · ".join([f"{row.get_event_display()} {yuan(row.amount)} 元", *filter(None, [*where, number])])


def evidence_rule(row: FundFlow) -> str:
    """What must hang on the entry before approval; "" for a 安排 whose document is the plan itself."""
    if row.event == Event.ARRANGE and row.document_no == row.plan.document_no:
        return ""
    return RULES[row.event].evidence


def shown(row: FundFlow) -> list[Shown]:
    """Every filled field in the form's order, as a page prints it."""
    values = {
        "event": row.get_event_display(),
        "plan": str(row.plan) if row.line is None else "",
        "line": _line_text(row.line),
        "unit": str(row.unit or ""),
        "adjust_level": AdjustLevel(row.adjust_level).label if row.adjust_level else "",
        "other_line": _line_text(row.other_line),
        "other_unit": str(row.other_unit or ""),
        "recall_from": row.get_recall_from_display() if row.recall_from else "",
        "amount": f"{yuan(row.amount)} 元（{wan(row.amount)} 万元）",
        "occurred_on": f"{row.occurred_on:%Y-%m-%d}",
    }
    return [
        Shown(name, rules.label(name, row.event), value)
        for name in events.FORM_ORDER
        if (value := values.get(name) if name in values else getattr(row, name))
    ]


def _line_text(line: BudgetLine | None) -> str:
    return f"{line.code} {line.name}" if line else ""


def occurred_on(row: FundFlow) -> date:
    """The day the money moved."""
    return row.occurred_on


def amount(row: FundFlow) -> int:
    """分."""
    return row.amount


def may_file(organization: Organization | None) -> bool:
    """Whether a unit files this register at all: every unit of 山亭."""
    return organization is not None and organization.kind in events.UNIT_ITSELF


FUND_FLOW = Register(
    code="fund_flow",
    name="协作资金台账",
    model=FundFlow,
    form=_form,
    natural_key=natural_key,
    occurred_on=occurred_on,
    summary=summary,
    amount=amount,
    legs=events.legs,
    errors=rules.errors,
    warnings=rules.warnings,
    evidence_rule=evidence_rule,
    shown=shown,
    may_file=may_file,
    kinds={event.value: event.label for event in Event},
)

REGISTERS = [FUND_FLOW]

__all__ = ["EVENT_FIELDS", "FUND_FLOW", "REGISTERS"]
