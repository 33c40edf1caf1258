"""What hangs on a project beside its own row (DOMAIN §2 公示公告, §3). Rows are only added.

Notice: one 公示 or 公告. Asset: one asset card. Work: one item of a list of works, planned against actual. ZoneMember:
that a village belongs to a zone, from and until when, whichever town it lies in (C3).
"""

from __future__ import annotations

from typing import Any

from django.db import models

from ledger.models import PlannedDetail


class Notice(PlannedDetail):
    class Kind(models.TextChoices):
        LISTING = "listing", "入库公示"
        PLAN = "plan", "年度计划公示"
        BEFORE = "before", "招标或实施前公示"
        RESULT = "result", "验收及资金使用结果公告"
        BOARD = "board", "现场公示牌"

    line = models.ForeignKey("ledger.BudgetLine", models.PROTECT, related_name="+", verbose_name="项目名称")
    kind = models.CharField("公示类别", max_length=10, choices=Kind)
    content = models.CharField("公示内容", max_length=300)
    place = models.CharField("公示地点", max_length=100)
    starts_on = models.DateField("公示开始")
    ends_on = models.DateField("公示结束")
    objected = models.BooleanField("有无异议", null=True, blank=True)
    answer = models.CharField("异议处理", max_length=300, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "公示公告"

    def __str__(self) -> str:
        return f"{self.line} {self.get_kind_display()}"

    @property
    def days(self) -> int:
        """First and last day counted both (DOMAIN §2: 1-6 to 1-15 is 10 days)."""
        return (self.ends_on - self.starts_on).days + 1

    @property
    def shown(self) -> tuple[Any, Any]:
        """First and last day, as its column gives them."""
        return self.starts_on, self.ends_on


class Asset(PlannedDetail):
    """`books` is no column: what a row is compared with, read once for all rows at hand."""

    class Category(models.TextChoices):
        BUSINESS = "business", "经营性"
        PUBLIC = "public", "公益性"
        HOUSEHOLD = "household", "到户类"

    class Level(models.TextChoices):
        COUNTY = "county", "区级"
        TOWNSHIP = "township", "镇级"
        VILLAGE = "village", "村级"
        HOUSEHOLD = "household", "农户"

    class State(models.TextChoices):
        USED = "used", "在用"
        IDLE = "idle", "闲置"
        DAMAGED = "damaged", "损毁"
        DISPOSED = "disposed", "处置"

    books: Any = None

    line = models.ForeignKey(
        "ledger.BudgetLine",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="项目名称",
    )
    name = models.CharField("资产名称", max_length=100)
    number = models.CharField("资产编号", max_length=40, blank=True)
    category = models.CharField("资产类别", max_length=12, choices=Category)
    value = models.BigIntegerField("原值（分）")
    got_on = models.DateField("取得日期")
    level = models.CharField("所有权层级", max_length=12, choices=Level)
    owner = models.CharField("产权单位", max_length=100)
    user = models.CharField("使用或经营单位", max_length=100, blank=True)
    earner = models.CharField("收益权单位", max_length=100, blank=True)
    keeper = models.CharField("管护责任人", max_length=100)
    state = models.CharField("资产状态", max_length=10, choices=State)
    changed_on = models.DateField("状态日期", null=True, blank=True)
    decision_no = models.CharField("处置决定文号", max_length=100, blank=True)
    income = models.BigIntegerField("年收益（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "资产卡片"

    def __str__(self) -> str:
        return self.name


class Work(PlannedDetail):
    """`books` is no column: what a row is compared with, read once for all rows at hand."""

    class Item(models.TextChoices):
        ROAD = "road", "道路硬化"
        DRAIN = "drain", "排水或污水管网"
        LAMP = "lamp", "路灯"
        GREEN = "green", "绿化"
        WALL = "wall", "墙体"
        TOILET = "toilet", "改厕"
        SQUARE = "square", "广场"
        BRIDGE = "bridge", "桥涵"
        SLOPE = "slope", "护坡"
        OTHER = "other", "其他"

    class Measure(models.TextChoices):
        METRE = "m", "米"
        SQUARE_METRE = "m2", "平方米"
        CUBIC_METRE = "m3", "立方米"
        LAMP = "lamp", "盏"
        HOUSEHOLD = "household", "户"
        PLACE = "place", "处"
        TREE = "tree", "株"

    books: Any = None

    line = models.ForeignKey("ledger.BudgetLine", models.PROTECT, related_name="+", verbose_name="项目名称")
    village = models.ForeignKey("directory.Division", models.PROTECT, related_name="+", verbose_name="村")
    item = models.CharField("建设内容", max_length=10, choices=Item)
    detail = models.CharField("具体内容", max_length=100, blank=True)
    measure = models.CharField("计量单位", max_length=12, choices=Measure)
    planned = models.DecimalField("计划数量", max_digits=12, decimal_places=2)
    actual = models.DecimalField("完成数量", max_digits=12, decimal_places=2, null=True, blank=True)
    price = models.BigIntegerField("单价（分）", null=True, blank=True)
    amount = models.BigIntegerField("金额（分）", null=True, blank=True)
    as_of = models.DateField("截至日期")
    households = models.PositiveIntegerField("受益户", null=True, blank=True)
    people = models.PositiveIntegerField("受益人口", null=True, blank=True)
    keeper = models.CharField("管护责任人", max_length=100, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "建设内容清单"

    def __str__(self) -> str:
        return f"{self.village} {self.get_item_display()}"


class ZoneMember(PlannedDetail):
    line = models.ForeignKey("ledger.BudgetLine", models.PROTECT, related_name="+", verbose_name="推进区")
    village = models.ForeignKey("directory.Division", models.PROTECT, related_name="+", verbose_name="村")
    joined_on = models.DateField("纳入日期")
    document_no = models.CharField("依据文号", max_length=100)
    left_on = models.DateField("退出日期", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "推进区成员村"

    def __str__(self) -> str:
        return f"{self.line} {self.village}"
