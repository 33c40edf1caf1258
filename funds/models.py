"""The 协作资金台账.

FundFlow: one event of the money, from 安排 to 收回, as one submitted version of an entry states it; rows are only added.
PriorScale: what the partner gave the year before, to which 规模不减 compares.
Event: which events there are. AdjustLevel, RecallFrom: what an adjustment and a claw-back must say besides.
"""

from __future__ import annotations

from django.db import models

from ledger.documents import clean_text, normal_document_no, normal_number
from ledger.figures import LineMoney
from ledger.models import Detail, PlannedDetail


class Event(models.TextChoices):
    """DOMAIN §2, in the order money lives through them."""

    ARRANGE = "arrange", "安排"
    RECEIVE = "receive", "到位"
    ALLOCATE = "allocate", "下达"
    DISBURSE = "disburse", "拨付"
    SPEND = "spend", "支出"
    DIRECT_PAY = "direct_pay", "直接支付"
    CLAIM = "claim", "报账"
    REFUND_PAYEE = "refund_payee", "收款方退款"
    REFUND_TREASURY = "refund_treasury", "单位退回财政"
    RECALL = "recall", "收回"
    ADJUST = "adjust", "调整"


class AdjustLevel(models.TextChoices):
    PLAN = "plan", "计划（调整各项目的安排）"
    QUOTA = "quota", "指标（调整已下达的指标）"


class RecallFrom(models.TextChoices):
    ALLOCATED = "allocated", "未拨指标"
    DISBURSED = "disbursed", "已拨未支"


class FundFlow(Detail):
    total: LineMoney | None = (
        None  # no column: the money of its plan, read for many rows at once (funds/rules.py)
    )

    event = models.CharField("事件", max_length=20, choices=Event)
    plan = models.ForeignKey("ledger.Plan", models.PROTECT, related_name="+", verbose_name="方案")
    line = models.ForeignKey(
        "ledger.BudgetLine", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    unit = models.ForeignKey(
        "directory.Organization", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单位"
    )
    adjust_level = models.CharField("调整层级", max_length=10, choices=AdjustLevel, blank=True)
    other_line = models.ForeignKey(
        "ledger.BudgetLine", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="调入项目"
    )
    other_unit = models.ForeignKey(
        "directory.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="调入单位",
    )
    recall_from = models.CharField("收回来源", max_length=10, choices=RecallFrom, blank=True)
    amount = models.BigIntegerField("金额")
    occurred_on = models.DateField("发生日期")
    document_no = models.CharField("文件号", max_length=100, blank=True)
    voucher_no = models.CharField("凭证号", max_length=60, blank=True)
    payee = models.CharField("收款方", max_length=100, blank=True)
    invoice_no = models.CharField("发票号", max_length=60, blank=True)
    contract_no = models.CharField("合同编号", max_length=50, blank=True)
    handler = models.CharField("经办人", max_length=40, blank=True)
    approver = models.CharField("审批人", max_length=40, blank=True)
    purpose = models.CharField("用途", max_length=200, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "协作资金台账"
        constraints = [
            *Detail.Meta.constraints,
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="fund_flow_amount_positive"),
        ]
        indexes = [models.Index(fields=["voucher_no", "amount", "occurred_on"], name="fund_flow_voucher")]

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.entry_id or ''}".strip()

    def tidy(self) -> None:
        """Bring every text of an unsaved row to its one form and take the plan from the line.

        The register's check does this before anything else, so the natural key is made of tidy texts.
        """
        if self.line is not None:
            self.plan = self.line.plan
        self.document_no = normal_document_no(self.document_no)
        for name in ("voucher_no", "invoice_no", "contract_no"):
            setattr(self, name, normal_number(getattr(self, name)))
        for name in ("payee", "handler", "approver", "purpose", "note"):
            setattr(self, name, clean_text(getattr(self, name)))


class PriorScale(PlannedDetail):
    confirmed_on = models.DateField("认定日期")
    amount = models.BigIntegerField("上年金额（分）")
    source = models.CharField("出处", max_length=200)
    document_no = models.CharField("文件号", max_length=100, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "上年资金规模"
        constraints = [
            *PlannedDetail.Meta.constraints,
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="prior_scale_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.plan.year - 1} 年"
