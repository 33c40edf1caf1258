"""Reached: some people, by one benefit, on one day. Tree: what a register can be made of columns alone. Visited: one
person, visited on one day, by columns alone."""

from __future__ import annotations

from django.db import models

from ledger.models import Detail, PersonDetail


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


class Tree(Detail):
    number = models.CharField("编号", max_length=40)
    planted_on = models.DateField("栽植日期")
    sort = models.CharField("树种", max_length=10)
    height = models.PositiveIntegerField("高度", null=True)
    cost = models.BigIntegerField("费用", null=True)
    village = models.ForeignKey("directory.Division", models.PROTECT, null=True, related_name="+")
    planter = models.ForeignKey("directory.Organization", models.PROTECT, related_name="+")
    is_alive = models.BooleanField("成活", null=True)
    note = models.CharField("备注", max_length=200, blank=True)

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "虚构的树"

    def __str__(self) -> str:
        return self.number


class Visited(PersonDetail):
    visited_on = models.DateField("走访日期")
    hours = models.PositiveIntegerField("时长", null=True)
    note = models.CharField("备注", max_length=20, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "虚构的走访"

    def __str__(self) -> str:
        return f"{self.person_id} {self.visited_on}"
