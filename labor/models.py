"""劳务协作 and 技能培训 (DOMAIN §4.4–4.6).

TrainingCourse: one 班次 as one submitted version of an entry states it, perhaps with an estimated number of people.
TrainingAttendance: one person in one course. Placement: one person's job. JobFair: one 招聘会 or 对接会. RosterRow: one
person able to work. RosterHandover: the roster given to 荣成 for a quarter. RosterHandoverLine: one person of it, as
their row then stood. Rows are only added; who a person is stands in the directory alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models

from directory.models import PersonFact
from ledger.models import Detail, MonthOnly, PersonDetail, PlannedDetail


class CourseKind(models.TextChoices):
    """The kinds the plan names (二（二）二)."""

    EMPLOYMENT = "employment", "就业技能"
    LEADERS = "leaders", "致富带头人"
    FARMERS = "farmers", "高科技农民"
    FARMING = "farming", "农业生产技能"


class TrainingCourse(Detail):
    plan = models.ForeignKey("ledger.Plan", models.PROTECT, related_name="+", verbose_name="方案")
    unit = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="填报单位"
    )
    number = models.CharField("班次编号", max_length=40, blank=True)
    name = models.CharField("培训班名称", max_length=100)
    term = models.CharField("期次", max_length=40, blank=True)
    category = models.CharField("类别", max_length=20, choices=CourseKind)
    trade = models.CharField("工种", max_length=60, blank=True)
    host = models.CharField("举办单位", max_length=100)
    provider = models.CharField("承办机构", max_length=100, blank=True)
    place = models.CharField("地点", max_length=100, blank=True)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    hours = models.PositiveIntegerField("课时", null=True, blank=True)
    days = models.PositiveIntegerField("天数", null=True, blank=True)
    cost = models.BigIntegerField("资金（分）", null=True, blank=True)
    funding = models.CharField("资金来源", max_length=100, blank=True)
    estimate = models.PositiveIntegerField("估计人数", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)
    # whether the plan counts courses at all; frozen, so that a later version of the plan moves nothing of the past
    is_counted = models.BooleanField("计入场次")

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "培训班次"
        constraints = [
            *Detail.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="course_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=models.Q(estimate__isnull=True) | models.Q(estimate__gt=0),
                name="course_estimate_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """ "食用菌种植班（第二期）"."""
        return f"{self.name}（{self.term}）" if self.term else self.name

    @property
    def held(self) -> tuple[date, date] | None:
        """First and last day, as the column 起止时间 holds them."""
        return (self.starts_on, self.ends_on) if self.starts_on and self.ends_on else None


class TrainingAttendance(PersonDetail):
    course = models.ForeignKey(
        "ledger.Subject", models.PROTECT, related_name="+", db_index=False, verbose_name="班次"
    )
    course_title = models.CharField("班次名称", max_length=160)
    occurred_on = models.DateField("日期")
    qualified = models.BooleanField("是否合格", null=True, blank=True)
    certificate_no = models.CharField("证书编号", max_length=60, blank=True)
    employer = models.CharField("培训后就业单位", max_length=100, blank=True)
    subsidy = models.BigIntegerField("补贴（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "培训学员"
        indexes = [models.Index(fields=["course"], name="attendance_of_course")]

    def __str__(self) -> str:
        return f"人员 {self.person_id}"


class Channel(models.TextChoices):
    """How somebody came to their job."""

    GOVERNMENT = "government", "政府组织"
    MARKET = "market", "人力资源机构"
    FIRM = "firm", "企业招聘"
    FRIENDS = "friends", "亲友介绍"
    SELF = "self", "自主就业"


class Placement(MonthOnly, PersonDetail):
    place = models.CharField("务工所在地", max_length=100)
    employer = models.CharField("务工企业名称", max_length=100)
    industry = models.CharField("所属行业", max_length=40, blank=True)
    post = models.CharField("岗位/工种", max_length=60)
    starts_on = models.DateField("上岗时间")
    ends_on = models.DateField("离岗时间", null=True, blank=True)
    planned_months = models.PositiveIntegerField("计划期限", null=True, blank=True)
    months = models.PositiveIntegerField("务工时间（月）", null=True, blank=True)
    wage = models.BigIntegerField("务工月收入（分）", null=True, blank=True)
    has_contract = models.BooleanField("是否签订合同", null=True, blank=True)
    point_to_point = models.BooleanField("是否点对点输送", null=True, blank=True)
    channel = models.CharField("就业渠道", max_length=12, choices=Channel, blank=True)
    subsidy = models.BigIntegerField("补贴金额（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)
    in_rongcheng = models.BooleanField("赴荣成")
    beside: Any = None  # labor/beside.py: what is known of the person elsewhere, read for many at once
    is_counted = models.BooleanField("计入就业人数")
    is_stable = models.BooleanField("稳定就业")

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "转移就业"

    def __str__(self) -> str:
        return f"人员 {self.person_id}"


class JobFair(PlannedDetail):
    held_on = models.DateField("日期")
    name = models.CharField("活动名称", max_length=100)
    host = models.CharField("主办单位", max_length=100)
    place = models.CharField("地点", max_length=100)
    firms = models.PositiveIntegerField("参加企业", null=True, blank=True)
    posts = models.PositiveIntegerField("提供岗位", null=True, blank=True)
    attendees = models.PositiveIntegerField("求职人数", null=True, blank=True)
    matched = models.PositiveIntegerField("达成意向", null=True, blank=True)
    signed = models.PositiveIntegerField("签约人数", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "专场招聘"

    def __str__(self) -> str:
        return self.name


class RosterRow(PersonDetail):
    class Health(models.TextChoices):
        HEALTHY = "healthy", "健康"
        CHRONIC = "chronic", "长期慢性病"
        SERIOUS = "serious", "患有大病"
        DISABLED = "disabled", "残疾"

    class Skill(models.TextChoices):
        ORDINARY = "ordinary", "普通劳动力"
        SKILLED = "skilled", "技能劳动力"
        WEAK = "weak", "弱劳动力或半劳动力"
        LOST = "lost", "丧失劳动力"
        NONE = "none", "无劳动力"

    class Education(models.TextChoices):
        ILLITERATE = "illiterate", "文盲或半文盲"
        PRIMARY = "primary", "小学"
        MIDDLE = "middle", "初中"
        HIGH = "high", "高中"
        COLLEGE = "college", "大专"
        BACHELOR = "bachelor", "本科及以上"

    roster_on = models.DateField("花名册日期")
    household_no = models.CharField("户编号", max_length=40, blank=True)
    member_no = models.CharField("人口编号", max_length=40, blank=True)
    ethnicity = models.CharField("民族", max_length=20, blank=True)
    relation = models.CharField("与户主关系", max_length=20)
    household_type = models.CharField("户类型", max_length=12, choices=PersonFact.HouseholdType)
    monitor_type = models.CharField("监测对象类别", max_length=12, choices=PersonFact.MonitorType, blank=True)
    risk_removed = models.BooleanField("风险是否消除", null=True, blank=True)
    education = models.CharField("文化程度", max_length=12, choices=Education, blank=True)
    schooling = models.CharField("在校生状况", max_length=40, blank=True)
    health = models.CharField("健康状况", max_length=12, choices=Health)
    skill = models.CharField("劳动技能", max_length=12, choices=Skill)
    work_place = models.CharField("务工所在地", max_length=100, blank=True)
    work_months = models.PositiveIntegerField("务工时间（月）", null=True, blank=True)
    employer = models.CharField("务工企业名称", max_length=100, blank=True)
    industry = models.CharField("所属行业", max_length=40, blank=True)
    wage = models.BigIntegerField("务工月收入（分）", null=True, blank=True)
    point_to_point = models.BooleanField("是否点对点输送", null=True, blank=True)
    channel = models.CharField("就业渠道", max_length=12, choices=Channel, blank=True)
    public_post = models.CharField("公益性岗位", max_length=60, blank=True)
    public_months = models.PositiveIntegerField("公益性岗位（月数）", null=True, blank=True)
    wish = models.CharField("就业意愿", max_length=60, blank=True)
    wish_place = models.CharField("意向地", max_length=60, blank=True)
    wish_post = models.CharField("意向岗位", max_length=60, blank=True)
    training_need = models.CharField("培训需求", max_length=100, blank=True)
    beside: Any = None  # labor/beside.py: who else is of the household
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "劳动力花名册"

    def __str__(self) -> str:
        return f"人员 {self.person_id}"

    def says(self) -> list[tuple[str, str]]:
        """户类型 and 监测对象类别 as the national system has them."""
        stated = [(PersonFact.Kind.HOUSEHOLD_TYPE.value, self.household_type)]
        return stated + [(PersonFact.Kind.MONITOR_TYPE.value, self.monitor_type)] * bool(self.monitor_type)


class RosterHandover(PlannedDetail):
    quarter_ends_on = models.DateField("季度末日")
    roster_on = models.DateField("花名册日期")
    people = models.PositiveIntegerField("人数")
    fields = models.CharField("提供的栏目", max_length=300)
    purpose = models.CharField("用途", max_length=200)
    basis = models.CharField("依据", max_length=200)
    approver = models.CharField("批准人", max_length=40)
    receiver = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="接收单位"
    )
    receiver_person = models.CharField("接收人", max_length=100, blank=True)
    sent_on = models.DateField("提供时间")
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "花名册提供荣成"

    def __str__(self) -> str:
        return f"{self.quarter_ends_on}"


class RosterHandoverLine(models.Model):
    """One person of the roster as it was handed over: the very version of their row. Insert-only."""

    handover = models.ForeignKey(RosterHandover, models.PROTECT, related_name="lines", verbose_name="提供")
    roster = models.ForeignKey(RosterRow, models.PROTECT, related_name="+", verbose_name="花名册行")

    class Meta:
        verbose_name = verbose_name_plural = "提供的人员"
        constraints = [models.UniqueConstraint(fields=["handover", "roster"], name="handover_line_unique")]

    def __str__(self) -> str:
        return f"{self.handover_id} {self.roster_id}"
