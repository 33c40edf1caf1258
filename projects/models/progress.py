"""Progress: how far a project was at a day, quarter by quarter (DOMAIN §4.3). Rows are only added."""

from __future__ import annotations

from typing import Any

from django.db import models

from ledger.models import PlannedDetail
from projects.models.project import State


class Progress(PlannedDetail):
    """`books` is no column: what a row is compared with, read once for all rows at hand (projects/progress.py)."""

    books: Any = None

    line = models.ForeignKey("ledger.BudgetLine", models.PROTECT, related_name="+", verbose_name="项目名称")
    as_of = models.DateField("截至日期")
    state = models.CharField("项目状态", max_length=12, choices=State)
    image = models.CharField("形象进度", max_length=200)
    stated = models.CharField("工程进度", max_length=60)
    percent = models.DecimalField("工程进度数值", max_digits=5, decimal_places=2)
    disbursed = models.BigIntegerField("累计拨付（分）")
    spent = models.BigIntegerField("累计支出（分）")
    expected = models.BigIntegerField("预计支出数（分）", null=True, blank=True)
    problems = models.CharField("存在问题", max_length=500, blank=True)
    measures = models.CharField("下一步措施", max_length=500, blank=True)
    expected_finish = models.DateField("预计完工", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "项目进度"

    def __str__(self) -> str:
        return f"{self.line} {self.as_of}"

    @property
    def quarter(self) -> str:
        """ "2022Q2"."""
        return f"{self.as_of.year}Q{(self.as_of.month + 2) // 3}"
