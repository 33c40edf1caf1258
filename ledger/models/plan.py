"""The plan as data: clauses, tasks, budget lines, open questions and their rulings (CLAUSES.md)."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Plan(models.Model):
    """One plan per pair of counties and year."""

    code = models.CharField("代码", max_length=20, unique=True)
    year = models.PositiveSmallIntegerField("年度")
    title = models.CharField("名称", max_length=200)
    document_no = models.CharField("文号", max_length=100)
    issuer = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="印发单位"
    )
    is_demo = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "方案"

    def __str__(self) -> str:
        return self.title


class PlanRevision(models.Model):
    """The plan file as it was loaded; a changed plan is a new row with a reason, never an edit."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="revisions", verbose_name="方案")
    number = models.PositiveSmallIntegerField("版本")
    sha256 = models.CharField("文件指纹", max_length=64)
    content = models.TextField("内容")
    reason = models.CharField("理由", max_length=500)
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="载入人"
    )
    loaded_at = models.DateTimeField("载入时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "方案版本"
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_revision_unique")]

    def __str__(self) -> str:
        return f"{self.plan} 第 {self.number} 版"


class Clause(models.Model):
    """A numbered sentence of the plan, verbatim."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="clauses", verbose_name="方案")
    code = models.CharField("条款号", max_length=30)
    position = models.PositiveSmallIntegerField("次序")
    title = models.CharField("标题", max_length=100)
    text = models.TextField("原文")

    class Meta:
        verbose_name = verbose_name_plural = "条款"
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="clause_code_unique")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Task(models.Model):
    """What a clause asks of whom. The plan names no lead unit, so the lead is data (CLAUSES.md)."""

    class Rule(models.TextChoices):
        EXACT = "exact", "等于"
        FLOOR = "floor", "不少于"
        CAP = "cap", "不超过"
        COUNT = "count", "只计数"

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="tasks", verbose_name="方案")
    clause = models.ForeignKey(Clause, models.PROTECT, related_name="tasks", verbose_name="条款")
    code = models.CharField("任务编码", max_length=30)
    position = models.PositiveSmallIntegerField("次序")
    name = models.CharField("任务", max_length=200)
    rule = models.CharField("规则", max_length=10, choices=Rule)
    is_effort = models.BooleanField("力争", default=False)
    counting_rule = models.CharField("口径", max_length=300, blank=True)
    due_on = models.DateField("完成期限", null=True, blank=True)
    lead = models.ForeignKey(
        "directory.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="牵头单位",
    )
    helpers = models.ManyToManyField(
        "directory.Organization", related_name="+", blank=True, verbose_name="配合单位"
    )
    target = models.ForeignKey(
        "ledger.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="计数账户"
    )

    class Meta:
        verbose_name = verbose_name_plural = "任务"
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="task_code_unique")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class OpenQuestion(models.Model):
    """A contradiction or gap of the plan (C1–C12 of CLAUSES.md): shown until someone rules, never picked silently.

    `readings` is a list of {"code", "label"}; `concerns` lists the codes (lines, groups, targets) it shows beside.
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="questions", verbose_name="方案")
    code = models.CharField("编号", max_length=10)
    position = models.PositiveSmallIntegerField("次序")
    title = models.CharField("问题", max_length=100)
    statement = models.TextField("说明")
    readings = models.JSONField("读法")
    default_reading = models.CharField("默认读法", max_length=30)
    concerns = models.JSONField("涉及", default=list)

    class Meta:
        verbose_name = verbose_name_plural = "待定问题"
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="question_code_unique")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def label_of(self, reading: str) -> str:
        """The Chinese label of a reading's code; the code itself if the reading is unknown."""
        return next((str(r["label"]) for r in self.readings if r["code"] == reading), reading)


class Ruling(models.Model):
    """Who chose which reading of an open question, when and why. A later ruling supersedes; none is edited."""

    question = models.ForeignKey(OpenQuestion, models.PROTECT, related_name="rulings", verbose_name="问题")
    reading = models.CharField("采用读法", max_length=30)
    reason = models.CharField("理由", max_length=500)
    ruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="裁定人"
    )
    ruled_at = models.DateTimeField("裁定时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "裁定"

    def __str__(self) -> str:
        return f"{self.question.code}：{self.question.label_of(self.reading)}"


class BudgetLine(models.Model):
    """A line of the budget or, below it, a project or sub-project. Its money is in its stage accounts."""

    class State(models.TextChoices):
        OPEN = "open", "进行中"
        CLOSED = "closed", "已关闭"
        CANCELLED = "cancelled", "已取消"

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="lines", verbose_name="方案")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    code = models.CharField("项目编码", max_length=30, unique=True)
    position = models.PositiveSmallIntegerField("次序")
    name = models.CharField("项目名称", max_length=100)
    place = models.CharField("地点", max_length=100, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)

    class Meta:
        verbose_name = verbose_name_plural = "预算项目"

    def __str__(self) -> str:
        return self.name


class LineAlias(models.Model):
    """Another name of a budget line, as text and ledgers write it (C4)."""

    line = models.ForeignKey(BudgetLine, models.CASCADE, related_name="aliases", verbose_name="预算项目")
    name = models.CharField("别名", max_length=100)

    class Meta:
        verbose_name = verbose_name_plural = "项目别名"
        # not unique by itself: next year's plan has a 希望小屋 again
        constraints = [models.UniqueConstraint(fields=["line", "name"], name="line_alias_unique")]

    def __str__(self) -> str:
        return self.name


class SourceLabel(models.Model):
    """Where a line's money comes from under one reading of the disputed source (C1), from a date on.

    A label only: choosing another reading moves no money (DESIGN §1 BudgetLine).
    """

    line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="sources", verbose_name="预算项目")
    reading = models.CharField("读法", max_length=30)
    source = models.CharField("资金来源", max_length=100)
    valid_from = models.DateField("起始日期")

    class Meta:
        verbose_name = verbose_name_plural = "资金来源"
        constraints = [models.UniqueConstraint(fields=["line", "reading"], name="source_label_unique")]

    def __str__(self) -> str:
        return f"{self.line}：{self.source}"


class LineGroup(models.Model):
    """Lines which the plan's text sums up (民生帮扶项目 137 万元): a view, it holds no account."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="groups", verbose_name="方案")
    code = models.CharField("代码", max_length=30)
    name = models.CharField("名称", max_length=100)
    question = models.ForeignKey(OpenQuestion, models.PROTECT, related_name="+", verbose_name="待定问题")
    lines = models.ManyToManyField(BudgetLine, related_name="groups", verbose_name="预算项目")

    class Meta:
        verbose_name = verbose_name_plural = "项目组"
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="line_group_unique")]

    def __str__(self) -> str:
        return self.name


class Threshold(models.Model):
    """What the bureau put instead of a Parameter's default (DOMAIN §2 Thresholds, §8 Traffic light, every [G])."""

    code = models.CharField("代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=100)
    value = models.DecimalField("值", max_digits=10, decimal_places=2)
    unit = models.CharField("单位", max_length=10)
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "预警阈值"

    def __str__(self) -> str:
        return f"{self.name} {self.value}{self.unit}"


class ThresholdChange(models.Model):
    """Who gave a Parameter which value, when and why. Insert-only; a null value is its default again."""

    code = models.CharField("代码", max_length=40)
    old = models.DecimalField("原值", max_digits=10, decimal_places=2, null=True)
    new = models.DecimalField("新值", max_digits=10, decimal_places=2, null=True)
    reason = models.CharField("理由", max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="修改人")
    at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = verbose_name_plural = "参数修改"
        indexes = [models.Index(fields=["code", "-id"], name="threshold_history")]

    def __str__(self) -> str:
        return f"{self.code} {self.new}"
