"""The 协作资金台账 as it is kept by hand: one row a project, one column a stage, cumulative figures (DOMAIN §4.1, §0.6).

What a figure says beyond the books is proposed as an event of that stage; the figure itself is never stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import F, Q

from directory.models import User
from funds.events import may_file_event
from funds.models import AdjustLevel, Event, FundFlow, RecallFrom
from ledger.models import Entry
from ledger.registers import Column, Stage, Wide

COLUMNS = (
    Column("line", "项目名称", "line", required=True, aliases=("项目", "项目编码", "协作项目")),
    Column("unit", "项目实施单位", "organization", aliases=("实施单位", "单位", "资金使用单位")),
    Column("town", "所属镇", "organization", aliases=("所属镇街", "镇街", "乡镇")),
    Column("year", "年度", "text"),
    Column("source", "资金来源", "text", aliases=("资金名称",)),
    Column("arranged", "计划数", "money", unit="元", may_be_zero=True,
           aliases=("安排资金", "安排数", "计划安排", "计划资金", "安排")),
    Column("received", "到账数", "money", unit="元", may_be_zero=True, aliases=("到位", "到位数", "到位资金", "到账资金")),
    Column("allocated", "下达数", "money", unit="元", may_be_zero=True, aliases=("下达", "下达资金", "累计下达", "已下达")),
    Column("disbursed", "拨付", "money", unit="元", may_be_zero=True, aliases=("拨付数", "拨付资金", "累计拨付", "已拨付")),
    Column("spent", "支付数", "money", unit="元", may_be_zero=True,
           aliases=("支出", "支出数", "支出资金", "累计支出", "累计支付", "已支出", "已支付")),
    Column("rate", "支出率", "percent", aliases=("支付率", "支出进度")),
    Column("document_no", "文件依据", "text", numbered=True, aliases=("文件号", "文号", "下达文号")),
    Column("allocated_on", "下达时间", "text", aliases=("下达日期", "文件日期")),
    Column("received_on", "到账时间", "text", aliases=("到位时间", "到账日期")),
    Column("voucher_no", "凭证号", "text", numbered=True, aliases=("支付凭证号", "拨款凭证号")),
    Column("disbursed_on", "拨款时间", "text", aliases=("拨付时间", "拨付日期", "拨款日期")),
    Column("spent_on", "支付时间", "text", aliases=("支出时间", "支付日期", "支出日期")),
    Column("payee", "收款单位", "text", aliases=("收款方",)),
    Column("handler", "经办人", "text"),
    Column("approver", "审批人", "text"),
    Column("note", "备注", "text"),
)  # fmt: skip
ANYWHERE = {"line": ("line",), "handler": ("handler",), "approver": ("approver",)}
UNIT = {"unit": ("unit", "town")}
STAGES = (
    Stage("arranged", {"event": Event.ARRANGE.value},
          {**ANYWHERE, "document_no": ("document_no",), "occurred_on": ("allocated_on",)}),
    Stage("received", {"event": Event.RECEIVE.value},
          {**ANYWHERE, "voucher_no": ("voucher_no",), "occurred_on": ("received_on",)}),
    Stage("allocated", {"event": Event.ALLOCATE.value},
          {**ANYWHERE, **UNIT, "document_no": ("document_no",), "occurred_on": ("allocated_on",)}, "arranged"),
    Stage("disbursed", {"event": Event.DISBURSE.value},
          {**ANYWHERE, **UNIT, "voucher_no": ("voucher_no",), "payee": ("payee",), "occurred_on": ("disbursed_on",)},
          "allocated"),
    Stage("spent", {"event": Event.SPEND.value},
          {**ANYWHERE, **UNIT, "voucher_no": ("voucher_no",), "payee": ("payee",),
           "occurred_on": ("spent_on", "disbursed_on")}, "disbursed"),
)  # fmt: skip
OF_THE_LINE = ("arranged", "received")


def standing(rows: Sequence[Mapping[str, Any]], by: User, until: date) -> list[dict[str, int | None]]:
    """Of each row of a sheet, what the books have of each stage until that day, in 分, what waits for review included;
    None where the user's unit does not file the stage and may not see it. One query."""
    lines = {row["line"].pk for row in rows if row.get("line")}
    sums: dict[tuple[str, int, int | None], int] = defaultdict(int)
    live = Q(entry__state=Entry.State.SUBMITTED) | Q(
        entry__state=Entry.State.APPROVED, entry__subject__in_force=F("entry")
    )
    flows = FundFlow.objects.filter(live, version=F("entry__version"), occurred_on__lte=until)
    flows = flows.filter(Q(line__in=lines) | Q(other_line__in=lines))
    for flow in flows.exclude(entry__kind=Entry.Kind.REVERSAL).select_related("entry"):
        if flow.entry.corrects_id is not None and flow.entry.state == Entry.State.SUBMITTED:
            continue  # what it would put right still stands
        for name, line_id, unit_id, amount in _moves(flow):
            sums[name, line_id, None if name in OF_THE_LINE else unit_id] += amount
    found = []
    for row in rows:
        unit = row.get("unit") or row.get("town")
        answer: dict[str, int | None] = {}
        for stage in STAGES:
            may = may_file_event(by, stage.values["event"])
            key = (stage.column, row["line"].pk, None if stage.column in OF_THE_LINE or not unit else unit.pk)
            answer[stage.column] = sums[key] if may and row.get("line") else None
        found.append(answer)
    return found


def _moves(flow: FundFlow) -> Iterator[tuple[str, int, int | None, int]]:
    """(stage, line, unit, 分) by which an event changes cumulative net figures (DESIGN §1)."""
    line, unit, amount = flow.line_id or 0, flow.unit_id, flow.amount
    from_disbursed = flow.recall_from == RecallFrom.DISBURSED
    changes: dict[str, tuple[tuple[str, int], ...]] = {
        Event.ARRANGE: (("arranged", 1),),
        Event.RECEIVE: (("received", 1),),
        Event.ALLOCATE: (("allocated", 1),),
        Event.DISBURSE: (("disbursed", 1),),
        Event.SPEND: (("spent", 1),),
        Event.DIRECT_PAY: (("disbursed", 1), ("spent", 1)),
        Event.REFUND_PAYEE: (("spent", -1),),
        Event.REFUND_TREASURY: (("disbursed", -1),),
        Event.RECALL: (("allocated", -1), ("disbursed", -1 if from_disbursed else 0)),
    }
    for stage, sign in changes.get(flow.event, ()):
        yield stage, line, unit, sign * amount
    if flow.event == Event.ADJUST:
        stages = ("arranged", "allocated") if flow.adjust_level == AdjustLevel.QUOTA else ("arranged",)
        for stage in stages:
            yield stage, line, unit, -amount
            yield stage, flow.other_line_id or 0, flow.other_unit_id, amount


def doubts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """支出率 is what the two figures give; (column, message) where the sheet says otherwise."""
    spent, allocated, rate = row.get("spent"), row.get("allocated"), row.get("rate")
    if rate is None or spent is None or not allocated:
        return
    real = (Decimal(spent) * 100 / Decimal(allocated)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(real - rate) >= 1:
        yield "rate", f"支出率写的是 {rate}%，按支付数÷下达数应为 {real}%，请核对。"


WIDE = Wide(columns=COLUMNS, stages=STAGES, amount="amount", standing=standing, doubts=doubts)
