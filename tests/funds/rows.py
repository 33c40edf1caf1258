"""Fund flows written as words, for the tables: "支出 2022-04 徐庄镇 12.5 凭证号=记-35 收款方=某公司"."""

from __future__ import annotations

from datetime import date
from typing import Any

from funds.models import Event, FundFlow
from ledger.models import Plan
from ledger.money import parse_amount
from tests.ledger.world import World

EVENTS = {event.label: event.value for event in Event}
LABELS = {
    "文件号": "document_no",
    "凭证号": "voucher_no",
    "收款方": "payee",
    "发票号": "invoice_no",
    "合同": "contract_no",
    "用途": "purpose",
    "原因": "note",
    "层级": "adjust_level",
    "来自": "recall_from",
}


def make_row(world: World, words: str) -> FundFlow:
    """An unsaved row: event, line code, unit, amount in 万元, then fields as 名称=值. "-" leaves one out."""
    event, line, unit, amount, *options = words.split()
    fields: dict[str, Any] = {
        "event": EVENTS[event],
        "plan": Plan.objects.get(code="2022"),
        "line": None if line == "-" else world.lines[line],
        "unit": None if unit == "-" else world.units[unit],
        "amount": None if amount == "-" else parse_amount(amount, "万元"),
        "occurred_on": date(2022, 4, 2),
    }
    for option in options:
        name, _, value = option.partition("=")
        if name == "日期":
            fields["occurred_on"] = date.fromisoformat(value) if value else None
        elif name == "到":
            fields["other_line"] = world.lines[value]
        elif name == "到单位":
            fields["other_unit"] = world.units[value]
        else:
            fields[LABELS[name]] = value
    return FundFlow(**fields)
