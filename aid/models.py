"""产业合作 and 社会帮扶 (DOMAIN §4.11–4.13).

EnterpriseLead: one firm's way from 考察 to 投产. Donation: money or goods received from a donor, or handed out.
DonationReceiver: one named person who was given something. Wish: one 微心愿 from 征集 to 送达. Volunteering: one
activity. Pairing: one long-term pair. Rows are only added.
"""

from __future__ import annotations

from django.db import models

from ledger.models import PersonDetail, PlannedDetail


class EnterpriseLead(PlannedDetail):
    class Industry(models.TextChoices):
        MEDICINE = "medicine", "医药健康"
        TEXTILE = "textile", "纺织服装"
        FOOD = "food", "食品加工"
        OTHER = "other", "其他"

    class Stage(models.TextChoices):
        VISIT = "visit", "考察"
        INTENT = "intent", "意向"
        SIGNED = "signed", "签约"
        REGISTERED = "registered", "注册"
        STARTED = "started", "开工"
        RUNNING = "running", "投产"
        ENDED = "ended", "终止"

    visited_on = models.DateField("日期")
    changed_on = models.DateField("进展日期", null=True, blank=True)
    firm = models.CharField("企业名称", max_length=100)
    credit_code = models.CharField("统一社会信用代码", max_length=18, blank=True)
    industry = models.CharField("行业", max_length=10, choices=Industry)
    leader = models.CharField("带队人（职务）", max_length=60)
    department = models.CharField("对接部门", max_length=100)
    site = models.CharField("考察地点", max_length=100)
    intention = models.CharField("意向内容", max_length=300)
    stage = models.CharField("阶段", max_length=12, choices=Stage)
    agreed = models.BigIntegerField("协议投资（分）", null=True, blank=True)
    invested = models.BigIntegerField("到位投资（分）", null=True, blank=True)
    jobs = models.PositiveIntegerField("吸纳就业", null=True, blank=True)
    jobs_lifted = models.PositiveIntegerField("其中脱贫人口", null=True, blank=True)
    jobs_monitored = models.PositiveIntegerField("其中监测对象", null=True, blank=True)
    town = models.ForeignKey(
        "directory.Division", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="落地镇街"
    )
    why_not = models.CharField("未落地原因", max_length=200, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "产业对接"

    def __str__(self) -> str:
        return self.firm

    @property
    def has_landed(self) -> bool:
        """落地: registered, and money has come (DOMAIN §4.11 [G])."""
        there = (self.Stage.REGISTERED, self.Stage.STARTED, self.Stage.RUNNING)
        return self.stage in there and bool(self.invested)


class Donation(PlannedDetail):
    class Event(models.TextChoices):
        RECEIVED = "received", "收到捐赠"
        HANDED = "handed", "发放使用"

    class Donor(models.TextChoices):
        FIRM = "firm", "企业"
        SOCIETY = "society", "社会组织"
        ASSOCIATION = "association", "人民团体"
        OFFICE = "office", "机关"
        PERSON = "person", "个人"

    class Form(models.TextChoices):
        MONEY = "money", "资金"
        GOODS = "goods", "物资"
        SERVICE = "service", "服务"

    event = models.CharField("事项", max_length=10, choices=Event)
    given_on = models.DateField("日期")
    donor = models.CharField("捐赠方", max_length=100)
    donor_kind = models.CharField("捐赠方类型", max_length=12, choices=Donor)
    form = models.CharField("形式", max_length=10, choices=Form)
    amount = models.BigIntegerField("金额（分）", null=True, blank=True)
    goods = models.CharField("物资名称", max_length=200, blank=True)
    quantity = models.CharField("数量和单位", max_length=60, blank=True)
    worth = models.BigIntegerField("折价（分）", null=True, blank=True)
    purpose = models.CharField("定向用途", max_length=200, blank=True)
    receiver = models.CharField("受赠单位/人", max_length=100)
    received_by = models.CharField("接收单位", max_length=100, blank=True)
    receipt_no = models.CharField("票据号", max_length=60, blank=True)
    used_for = models.CharField("使用情况", max_length=300, blank=True)
    is_public = models.BooleanField("是否公示", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "社会捐赠"

    def __str__(self) -> str:
        return f"{self.donor} {self.given_on}"

    @property
    def value(self) -> int:
        """What it is worth, in 分: the money, or the 折价 of goods and services."""
        return (self.amount if self.form == self.Form.MONEY else self.worth) or 0


class DonationReceiver(PersonDetail):
    donation = models.ForeignKey("ledger.Subject", models.PROTECT, related_name="+", verbose_name="捐赠")
    given_on = models.DateField("领取日期")
    what = models.CharField("领取内容", max_length=100)
    value = models.BigIntegerField("折合（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "受赠人员"

    def __str__(self) -> str:
        return f"人员 {self.person_id}"


class Wish(PersonDetail):
    class Kind(models.TextChoices):
        WOMAN = "woman", "妇女"
        STUDENT = "student", "学生"
        CHILD = "child", "儿童"
        OLD = "old", "老人"
        DISABLED = "disabled", "残疾"

    class State(models.TextChoices):
        COLLECTED = "collected", "征集"
        PUBLISHED = "published", "发布"
        CLAIMED = "claimed", "认领"
        DELIVERED = "delivered", "送达"
        CANCELLED = "cancelled", "取消"

    number = models.CharField("微心愿编号", max_length=40, blank=True)
    term = models.CharField("期次", max_length=40, blank=True)
    collected_on = models.DateField("征集日期")
    content = models.CharField("心愿内容", max_length=100)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    school = models.CharField("学校/村", max_length=100, blank=True)
    has_consent = models.BooleanField("监护人同意", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=State)
    published_on = models.DateField("发布日", null=True, blank=True)
    claimed_by = models.CharField("认领人/单位", max_length=100, blank=True)
    claimed_on = models.DateField("认领日", null=True, blank=True)
    delivered_on = models.DateField("送达日", null=True, blank=True)
    worth = models.BigIntegerField("折合（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "微心愿"

    def __str__(self) -> str:
        return f"{self.content} 人员 {self.person_id}"


class Volunteering(PlannedDetail):
    held_on = models.DateField("日期")
    team = models.CharField("队伍", max_length=100)
    activity = models.CharField("活动内容", max_length=200)
    place = models.CharField("地点", max_length=100, blank=True)
    volunteers = models.PositiveIntegerField("志愿者人数")
    hours = models.DecimalField("时长", max_digits=8, decimal_places=2, null=True, blank=True)
    served = models.PositiveIntegerField("服务对象人次", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "志愿服务"

    def __str__(self) -> str:
        return self.activity


class Pairing(PersonDetail):
    class State(models.TextChoices):
        ONGOING = "ongoing", "帮扶中"
        ENDED = "ended", "已结束"

    helper = models.CharField("帮扶方", max_length=100)
    relation = models.CharField("帮扶方式", max_length=100, blank=True)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=State)
    frequency = models.CharField("频次", max_length=60, blank=True)
    amount = models.BigIntegerField("累计金额（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "结对帮扶"

    def __str__(self) -> str:
        return f"{self.helper} 人员 {self.person_id}"
