"""Reached: some people, by one benefit, on one day."""

from __future__ import annotations

from django.db import models

from ledger.models import Detail


class Reached(Detail):
    number = models.CharField("编号", max_length=40)
    plan = models.ForeignKey("ledger.Plan", models.PROTECT, related_name="+")
    unit = models.ForeignKey("directory.Organization", models.PROTECT, related_name="+")
    occurred_on = models.DateField("日期")
    people = models.JSONField("人员", default=list)  # ids
    not_eligible = models.JSONField("不计入的人员", default=list)  # ids

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "虚构台账"

    def __str__(self) -> str:
        return self.number
