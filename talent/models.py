"""人才交流 and 科技文化交流 (DOMAIN §4.7–4.10).

Secondment: one person's 挂职. SupportPost: one doctor or teacher at a host. SupportWork: what they did in a quarter.
TechExchange, CultureExchange: one event. Rows are only added.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ledger.models import Detail, MonthOnly, PersonDetail, PlannedDetail


class Direction(models.TextChoices):
    """Who goes where (C11)."""

    OUT = "out", "山亭→荣成"
    IN = "in", "荣成→山亭"


class Stay(models.TextChoices):
    """How a post stands."""

    THERE = "there", "在岗"
    COMPLETED = "completed", "期满"
    EARLY = "early", "提前返回"


class Secondment(MonthOnly, PersonDetail):
    class Kind(models.TextChoices):
        CADRE = "cadre", "党政干部挂职"
        EXPERT = "expert", "专业技术人才"
        SHADOW = "shadow", "跟班学习"

    class Grade(models.TextChoices):
        EXCELLENT = "excellent", "优秀"
        GOOD = "good", "称职"
        FAIR = "fair", "基本称职"
        POOR = "poor", "不称职"
        NONE = "none", "不定等次"

    politics = models.CharField("政治面貌", max_length=20, blank=True)
    education = models.CharField("学历", max_length=20, blank=True)
    home_unit = models.CharField("原单位", max_length=100)
    home_post = models.CharField("原职务", max_length=100, blank=True)
    rank = models.CharField("职级", max_length=40, blank=True)
    direction = models.CharField("派出方向", max_length=10, choices=Direction)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    host_unit = models.CharField("挂职单位", max_length=100)
    host_post = models.CharField("挂职职务", max_length=100, blank=True)
    order_no = models.CharField("派出文号", max_length=60, blank=True)
    planned_months = models.PositiveIntegerField("计划期限", null=True, blank=True)
    starts_on = models.DateField("起始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=Stay)
    grade = models.CharField("考核等次", max_length=10, choices=Grade, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)
    is_counted = models.BooleanField("计入挂职人数")

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "干部人才挂职"

    def __str__(self) -> str:
        return f"人员 {self.person_id}"


class SupportPost(MonthOnly, PersonDetail):
    class Kind(models.TextChoices):
        DOCTOR = "doctor", "支医"
        TEACHER = "teacher", "支教"

    kind = models.CharField("类别", max_length=10, choices=Kind)
    specialty = models.CharField("专业/学科", max_length=60)
    title = models.CharField("职称", max_length=40, blank=True)
    home_unit = models.CharField("派出单位", max_length=100)
    host_unit = models.CharField("受援单位", max_length=100)
    planned_months = models.PositiveIntegerField("期限", null=True, blank=True)
    starts_on = models.DateField("起始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=Stay)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "支医支教"

    def __str__(self) -> str:
        return f"人员 {self.person_id}"


class SupportWork(Detail):
    """The counters of one quarter, not cumulative."""

    COUNTERS: ClassVar[tuple[str, ...]] = (
        "outpatients",
        "operations",
        "consultations",
        "apprentices",
        "talks",
        "lessons",
        "observed",
        "seminars",
        "trained",
        "pupils",
    )

    post = models.ForeignKey("ledger.Subject", models.PROTECT, related_name="+", verbose_name="支医支教人员")
    kind = models.CharField("类别", max_length=10, choices=SupportPost.Kind)
    person = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="人员")
    quarter_ends_on = models.DateField("季度末日")
    outpatients = models.PositiveIntegerField("门诊人次", null=True, blank=True)
    operations = models.PositiveIntegerField("手术例数", null=True, blank=True)
    consultations = models.PositiveIntegerField("会诊次数", null=True, blank=True)
    apprentices = models.PositiveIntegerField("带教人数", null=True, blank=True)
    talks = models.PositiveIntegerField("讲座场次", null=True, blank=True)
    lessons = models.PositiveIntegerField("授课节数", null=True, blank=True)
    observed = models.PositiveIntegerField("听评课节数", null=True, blank=True)
    seminars = models.PositiveIntegerField("教研活动次数", null=True, blank=True)
    trained = models.PositiveIntegerField("培训教师人次", null=True, blank=True)
    pupils = models.PositiveIntegerField("受益学生人数", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "支医支教工作量"

    def __str__(self) -> str:
        return f"人员 {self.person_id} {self.quarter_ends_on}"


class TechExchange(PlannedDetail):
    class Kind(models.TextChoices):
        ENVOYS = "envoys", "科技特派员服务团"
        STATION = "station", "农科驿站交流"
        TRAINING = "training", "技术培训"
        VARIETY = "variety", "品种/成果引进"

    class Crop(models.TextChoices):
        MUSHROOM = "mushroom", "食用菌"
        HERB = "herb", "中药材"
        PEANUT = "peanut", "花生"
        OTHER = "other", "其他"

    class Stage(models.TextChoices):
        GROWING = "growing", "种植"
        PROCESSING = "processing", "加工"
        OTHER = "other", "其他"

    held_on = models.DateField("日期")
    name = models.CharField("活动名称", max_length=100)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    crop = models.CharField("领域", max_length=10, choices=Crop)
    stage = models.CharField("环节", max_length=10, choices=Stage, blank=True)
    rongcheng = models.CharField("荣成方单位/人员", max_length=200)
    shanting = models.CharField("山亭方单位/驿站", max_length=200)
    place = models.CharField("地点", max_length=100)
    participants = models.PositiveIntegerField("参加人数", null=True, blank=True)
    trainees = models.PositiveIntegerField("培训人次", null=True, blank=True)
    introduced = models.CharField("引进品种/技术", max_length=200, blank=True)
    area = models.DecimalField("示范面积", max_digits=12, decimal_places=2, null=True, blank=True)
    households = models.PositiveIntegerField("受益户", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "农技科技交流"

    def __str__(self) -> str:
        return self.name


class CultureExchange(PlannedDetail):
    class Kind(models.TextChoices):
        DANCE = "dance", "舞蹈"
        SINGING = "singing", "声乐"
        HERITAGE = "heritage", "非遗"
        RELICS = "relics", "文物保护"
        EXHIBITION = "exhibition", "陈列展览"
        CREATIVE = "creative", "文创"
        FAIR = "fair", "展销"

    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    name = models.CharField("活动名称", max_length=100)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    host = models.CharField("主办/承办", max_length=100)
    rongcheng = models.CharField("荣成参与单位", max_length=200)
    place = models.CharField("地点", max_length=100)
    sessions = models.PositiveIntegerField("场次", null=True, blank=True)
    trainees = models.PositiveIntegerField("培训人次", null=True, blank=True)
    audience = models.PositiveIntegerField("观众人次", null=True, blank=True)
    sales = models.BigIntegerField("展销额（分）", null=True, blank=True)
    link = models.CharField("链接", max_length=300, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "文化交流"

    def __str__(self) -> str:
        return self.name

    @property
    def held(self) -> tuple[object, object] | None:
        """First and last day, as the column 起止时间 holds them."""
        return (self.starts_on, self.ends_on) if self.starts_on else None
