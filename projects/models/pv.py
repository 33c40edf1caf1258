"""PvStation: one station and who shares in it. PvYield: what it made in one month. PvShare: one use of its income."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from django.db import models

from ledger.models import PlannedDetail


class PvStation(PlannedDetail):
    class Kind(models.TextChoices):
        ONE = "one", "单村"
        JOINT = "joint", "联村"

    class Feed(models.TextChoices):
        ALL = "all", "全额上网"
        REST = "rest", "自发自用余电上网"

    name = models.CharField("电站名称", max_length=100)
    number = models.CharField("发电户号", max_length=40, blank=True)
    line = models.ForeignKey(
        "ledger.BudgetLine",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="项目",
    )
    place = models.ForeignKey("directory.Division", models.PROTECT, related_name="+", verbose_name="所在村")
    kind = models.CharField("电站类型", max_length=8, choices=Kind)
    capacity = models.DecimalField("装机容量（kW）", max_digits=10, decimal_places=2)
    modules = models.CharField("组件和逆变器", max_length=200, blank=True)
    grid_on = models.DateField("并网日期")
    feed = models.CharField("上网方式", max_length=8, choices=Feed)
    owner = models.CharField("产权单位", max_length=100)
    shares = models.CharField("各村份额", max_length=500)
    keeper = models.CharField("管护单位", max_length=100, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "光伏电站"

    def __str__(self) -> str:
        return self.name


class PvYield(PlannedDetail):
    station = models.ForeignKey(
        "ledger.Subject", models.PROTECT, related_name="+", db_index=False, verbose_name="电站"
    )
    station_name = models.CharField("电站名称", max_length=100)
    month = models.CharField("月份", max_length=7)
    generated = models.DecimalField("发电量（千瓦时）", max_digits=14, decimal_places=2)
    on_grid = models.DecimalField("上网电量（千瓦时）", max_digits=14, decimal_places=2)
    price = models.DecimalField("电价（元/千瓦时）", max_digits=8, decimal_places=4)
    income = models.BigIntegerField("收入（分）")
    received_on = models.DateField("到账日", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)
    # what was odd when it was filed: against what was known of the year then, and the thresholds of then
    doubts = models.CharField("存疑", max_length=300, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "光伏发电收入"
        indexes = [models.Index(fields=["station", "month"], name="pv_yield_of_station")]

    def __str__(self) -> str:
        return f"{self.station_name} {self.month}"

    @property
    def first_day(self) -> date:
        """The month's first day."""
        return date(int(self.month[:4]), int(self.month[5:]), 1)

    @property
    def last_day(self) -> date:
        """The month's last day."""
        first = self.first_day
        return first.replace(day=monthrange(first.year, first.month)[1])


class PvShare(PlannedDetail):
    class Kind(models.TextChoices):
        WAGES = "wages", "公益岗位工资"
        WORKS = "works", "小型公益事业"
        REWARDS = "rewards", "奖励补助"
        UPKEEP = "upkeep", "运维"
        COLLECTIVE = "collective", "村集体积累"

    station = models.ForeignKey("ledger.Subject", models.PROTECT, related_name="+", verbose_name="电站")
    station_name = models.CharField("电站名称", max_length=100)
    given_on = models.DateField("分配日期")
    kind = models.CharField("分配用途", max_length=12, choices=Kind)
    amount = models.BigIntegerField("金额（分）")
    used_for = models.CharField("具体内容", max_length=200)
    people = models.PositiveIntegerField("涉及人数", null=True, blank=True)
    plan_no = models.CharField("分配方案备案号", max_length=60, blank=True)
    voucher_no = models.CharField("凭证号", max_length=60, blank=True)
    is_public = models.BooleanField("是否公示", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "光伏收益分配"

    def __str__(self) -> str:
        return f"{self.station_name} {self.get_kind_display()}"
