"""Uploaded workbooks and what they created."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from ledger.models.books import Period
from ledger.scope import ScopedManager


class Batch(models.Model):
    """One workbook as it was accepted: its entries carry it. The original is kept encrypted under a random name."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", "已提交"
        VOIDED = "voided", "已作废"

    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="填报单位"
    )
    period = models.ForeignKey(Period, models.PROTECT, related_name="+", verbose_name="季度")
    state = models.CharField("状态", max_length=12, choices=State, default=State.SUBMITTED)
    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("文件指纹", max_length=64, db_index=True)
    path = models.CharField("存放位置", max_length=100, unique=True)
    registers = models.JSONField("台账", default=list)
    counts = models.JSONField("结果", default=dict)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="上传人"
    )
    uploaded_at = models.DateTimeField("上传时间")
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    void_reason = models.CharField("作废理由", max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "导入批次"

    def __str__(self) -> str:
        return f"{self.pk} 号批次 {self.name}"


class ImportJob(models.Model):
    """A workbook too large for one request, on its way through the background worker (workbooks/jobs.py).

    Its file and its preview wait encrypted in pending/ under `token`. `run` counts the attempts: a worker that was
    taken for dead finds a higher number and keeps nothing. `died` counts the workers that died of what is wanted now.
    """

    class State(models.TextChoices):
        ASKED = "asked", "排队"
        RUNNING = "running", "处理中"
        SHOWN = "shown", "待确认"
        DONE = "done", "已完成"
        REFUSED = "refused", "未导入"

    class Wants(models.TextChoices):
        PREVIEW = "preview", "检查"
        ALL = "all", "导入"
        VALID = "valid", "导入没有错误的行"

    token = models.CharField("上传标识", max_length=32, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="上传人"
    )
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="填报单位"
    )
    period = models.ForeignKey(Period, models.PROTECT, related_name="+", verbose_name="季度")
    register = models.CharField("台账", max_length=30, blank=True)
    name = models.CharField("文件名", max_length=200)
    rows = models.PositiveIntegerField("行数")
    wants = models.CharField("要求", max_length=10, choices=Wants, default=Wants.PREVIEW)
    seen = models.CharField("所见结果", max_length=64, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.ASKED)
    run = models.PositiveIntegerField("次数", default=0)
    died = models.PositiveSmallIntegerField("中断次数", default=0)
    message = models.TextField("说明", blank=True)
    asked_at = models.DateTimeField("提出时间")
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批次"
    )

    class Meta:
        verbose_name = verbose_name_plural = "大表导入"

    def __str__(self) -> str:
        return f"{self.name} {self.get_state_display()}"
