"""prior_scale: what the year before amounted to, and whether this year's 规模不减 (the plan, 二（一）一; DOMAIN §9-2).

The plan does not say the amount of 2021: the bureau enters it with its source, and until then the answer is "未录入". The
sum of this year depends on the reading of C1, so every reading is answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import F

from directory.models import Organization, User
from funds.figures import UNIT
from funds.models import PriorScale
from ledger.figures import money
from ledger.models import OpenQuestion, Period, Plan, SourceLabel
from ledger.money import wan, yuan
from ledger.registers import Column, Register, ReportTable
from ledger.scope import Scope

PARTNER = "荣成"  # in the name of a source: money of the partner, which alone is the scale


def may_file(organization: Organization | None) -> bool:
    """The bureau and 财政局, who have the papers."""
    kinds = (Organization.Kind.BUREAU, Organization.Kind.FINANCE)
    return organization is not None and organization.kind in kinds


def warnings(row: PriorScale) -> list[str]:
    """Units mixed up: the pair moved 400 to 450 万元 a year."""
    if not 100_000_00 <= row.amount <= 100_000_000_00:
        return [f"上年金额为 {yuan(row.amount)} 元，请核对单位是元还是万元。"]
    return []


def errors(row: PriorScale, by: User, on: date) -> Mapping[str, list[str]]:
    """Confirmed on a day that has come."""
    if row.confirmed_on > on:
        return {"confirmed_on": [f"认定日期 {row.confirmed_on} 晚于今天（{on}），请核对。"]}
    return {}


def report_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """规模不减 under every reading of where the money comes from, in 万元; for those who see all of the money."""
    if not scope.everything:
        return []
    found = _in_force(plan, as_of)
    rows = []
    for reading, amount in _this_year(plan, scope, as_of).items():
        if found is None:
            rows.append([reading, wan(amount), "未录入", "—", "待录入"])
        else:
            verdict = "规模不减" if amount >= found.amount else "低于上年"
            rows.append([reading, wan(amount), wan(found.amount), wan(amount - found.amount), verdict])
    return [
        ReportTable(
            title="协作资金规模",
            headings=["读法", f"{plan.year} 年", f"{plan.year - 1} 年", "增减", "结论"],
            rows=rows,
            unit=UNIT,
            note=f"上年金额出处：{found.source}"
            if found
            else "方案没有写上年金额，请由区乡村振兴局或财政局填报“上年资金规模”。",
        )
    ]


def _in_force(plan: Plan, as_of: Period) -> PriorScale | None:
    """The amount that stands, if it was posted by the end of the quarter."""
    standing = PriorScale.objects.filter(
        plan=plan, entry__subject__in_force=F("entry"), version=F("entry__version")
    )
    return standing.filter(entry__posted_period__ends_on__lte=as_of.ends_on).order_by("-pk").first()


def _this_year(plan: Plan, scope: Scope, as_of: Period) -> dict[str, int]:
    """Reading of C1 → what the partner gives under it, in 分: the arranged money of the lines whose source names it."""
    arranged = {line.code: line.arranged or 0 for line in money(plan, scope=scope, as_of=as_of).lines}
    sums: dict[str, int] = defaultdict(int)
    for label in SourceLabel.objects.filter(line__plan=plan).select_related("line").order_by("pk"):
        if PARTNER in label.source:
            sums[label.reading] += arranged.get(label.line.code, 0)
    return {
        str(reading["label"]): sums[reading["code"]]
        for question in OpenQuestion.objects.filter(plan=plan).order_by("position")
        for reading in question.readings
        if reading["code"] in sums
    }


PRIOR_SCALE = Register(
    code="prior_scale",
    name="上年资金规模",
    model=PriorScale,
    columns=(
        Column("confirmed_on", "认定日期", "date", required=True, help="与哪一年的方案比较，就填那一年的日期。"),
        Column("amount", "上年金额", "money", unit="万元", required=True,
               aliases=("上年金额(万元)", "上年金额（万元）", "上年协作资金")),
        Column("source", "出处", "text", required=True, example="荣成市—山亭区2021年协作帮扶工作方案附件"),
        Column("document_no", "文件号", "text", aliases=("文号",), numbered=True),
        Column("note", "备注", "text"),
    ),
    natural_key=lambda row: row.plan.code,
    occurred_on=lambda row: row.confirmed_on,
    summary=lambda row: f"{row.plan.year - 1} 年协作资金 {wan(row.amount)} 万元",
    amount=lambda row: row.amount,
    errors=errors,
    warnings=warnings,
    evidence_rule=lambda row: "载明上年金额的文件",
    may_file=may_file,
    report_tables=report_tables,
)  # fmt: skip
