"""协作资金台账 as the ledger, the desk and the workbooks know it (DESIGN §4; DOMAIN §4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.forms import Form

from directory.models import Organization, User
from funds import events, rules
from funds.events import EVENT_FIELDS, RULES
from funds.figures import report_tables
from funds.models import AdjustLevel, Event, FundFlow, RecallFrom
from funds.scale import PRIOR_SCALE
from funds.wide import WIDE
from ledger.models import BudgetLine, Plan
from ledger.money import wan, yuan
from ledger.registers import Acknowledging, Column, Made, Register, Sharing, Shown, filed_by


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


COLUMNS = (
    Column("event", "事件", "choice", required=True, aliases=("事件类型", "业务类型"), choices=(*Event.choices,)),
    Column("plan", "年度", "integer", aliases=("方案年度",), help="写了项目的可不填。", example="2022"),
    Column("line", "项目", "line", aliases=("项目名称", "项目编码", "协作项目")),
    Column("unit", "单位", "organization", aliases=("项目实施单位", "实施单位", "资金使用单位")),
    Column("adjust_level", "调整层级", "choice", choices=(*AdjustLevel.choices, ("plan", "计划"), ("quota", "指标"))),
    Column("other_line", "调入项目", "line"),
    Column("other_unit", "调入单位", "organization"),
    Column("recall_from", "收回来源", "choice", choices=(*RecallFrom.choices,)),
    Column("amount", "金额", "money", required=True, unit="元", aliases=("金额(元)", "金额（元）", "金额(万元)", "金额（万元）"),
           example="125000.00"),
    Column("occurred_on", "发生日期", "date", required=True, aliases=("日期", "下达时间", "拨款时间", "支付时间"),
           example="2022-03-01"),
    Column("document_no", "文件号", "text", aliases=("文件依据", "文号"), numbered=True, example="山财农指〔2022〕12号"),
    Column("voucher_no", "凭证号", "text", aliases=("报账单号", "收款凭证号"), numbered=True, example="记-35"),
    Column("payee", "收款方", "text", aliases=("收款单位",)),
    Column("invoice_no", "发票号", "text", aliases=("发票号码",), numbered=True),
    Column("contract_no", "合同编号", "text", aliases=("合同号",), numbered=True),
    Column("purpose", "用途", "text"),
    Column("handler", "经办人", "text"),
    Column("approver", "审批人", "text"),
    Column("note", "备注", "text", aliases=("原因", "备注（原因）")),
)  # fmt: skip


def make(rows: Sequence[Mapping[str, Any]], by: User, on: date) -> list[Made]:
    """Unsaved fund flows, checked by the register's own rules. A payment asks for its twins, one query each."""
    plans = {plan.year: plan for plan in Plan.objects.order_by("-code")}
    made, seen = [], dict[str, str]()
    for number, values in enumerate(rows, 1):
        given = {c.name: values[c.name] for c in COLUMNS if values.get(c.name) not in (None, "")}
        year = given.pop("plan", None)
        plan = given["line"].plan if "line" in given else plans.get(year)
        row = FundFlow(**given, **({"plan": plan} if plan else {}))
        before = values.get("replaces")
        if before is not None:
            row.entry = before.entry
        problems = {name: list(texts) for name, texts in rules.errors(row, by, on).items()}
        if year is not None and plan is None:
            problems["plan"] = [f"没有{year}年的方案，请核对年度。"]
        elif year is not None and plan is not None and year != plan.year:
            problems["plan"] = [f"年度写的是{year}，所填项目属于{plan.year}年方案，请核对。"]
        if not problems:
            where, key = str(values.get("where") or f"第 {number} 条"), natural_key(row)
            if key in seen:
                problems["voucher_no" if row.voucher_no else "document_no"] = [
                    f"与{seen[key]}是同一笔业务，请删去一条。"
                ]
            seen.setdefault(key, where)
        made.append(Made(None if problems else row, problems, rules.warnings(row) if not problems else ()))
    return made


def texts(row: FundFlow, published: bool) -> dict[str, str]:
    """The plan by its year."""
    return {"plan": str(row.plan.year)}


def occurred_on(row: FundFlow) -> date:
    """The day the money moved."""
    return row.occurred_on


def amount(row: FundFlow) -> int:
    """分."""
    return row.amount


FUND_FLOW = Register(
    code="fund_flow",
    name="协作资金台账",
    model=FundFlow,
    columns=COLUMNS,
    folded=("purpose", "handler", "approver", "note"),
    make=make,
    texts=texts,
    form=_form,
    natural_key=natural_key,
    occurred_on=occurred_on,
    summary=summary,
    amount=amount,
    legs=events.legs,
    errors=rules.errors,
    warnings=rules.warnings,
    beside=rules.read_totals,
    evidence_rule=evidence_rule,
    shown=shown,
    may_file=filed_by(*events.UNIT_ITSELF),
    # what 荣成 sent, and how far it has come; who was paid is 山亭's
    shared=Sharing(with_partner=Q(event=Event.RECEIVE), figures=True),
    acknowledged=Acknowledging(
        verb="确认已拨出",
        waiting="待荣成确认",
        done="荣成已确认",
        by=lambda row, unit: row.event == Event.RECEIVE and unit.kind == Organization.Kind.PARTNER,
        of=lambda row: bool(row.event == Event.RECEIVE),
    ),
    kinds={event.value: event.label for event in Event},
    report_tables=report_tables,
    wide=WIDE,
)

REGISTERS = [FUND_FLOW, PRIOR_SCALE]

__all__ = ["EVENT_FIELDS", "FUND_FLOW", "REGISTERS"]
