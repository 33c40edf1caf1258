"""The 技能培训台账, in two registers (DOMAIN §4.6).

TrainingCourse: one 班次 as one submitted version of an entry states it, perhaps with an estimated number of people.
TrainingAttendance: one person in one course. Rows are only added; who the person is stands in the directory alone.
"""

from __future__ import annotations

from datetime import date

from django.db import models

from ledger.models import Detail


class CourseKind(models.TextChoices):
    """The kinds the plan names (二（二）二)."""

    EMPLOYMENT = "employment", "就业技能"
    LEADERS = "leaders", "致富带头人"
    FARMERS = "farmers", "高科技农民"
    FARMING = "farming", "农业生产技能"


class Category(models.TextChoices):
    """人员类别, as rosters state it; what counts is the directory's dated facts."""

    LIFTED = "lifted", "脱贫人口"
    MONITORED = "monitored", "监测对象"
    UNSTABLE = "unstable", "脱贫不稳定户"
    MARGINAL = "marginal", "边缘易致贫户"
    SUDDEN = "sudden", "突发严重困难户"
    ORDINARY = "ordinary", "一般农村劳动力"
    OTHER = "other", "其他"


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


class TrainingAttendance(Detail):
    """`eligible`, `lifted` and `monitored` are the directory's answers on the course's first day, frozen at filing."""

    course = models.ForeignKey("ledger.Subject", models.PROTECT, related_name="+", verbose_name="班次")
    course_title = models.CharField("班次名称", max_length=160)
    plan = models.ForeignKey("ledger.Plan", models.PROTECT, related_name="+", verbose_name="方案")
    person = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="人员")
    unit = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="计入单位"
    )
    division = models.ForeignKey(
        "directory.Division", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="镇村"
    )
    category = models.CharField("人员类别", max_length=20, choices=Category)
    occurred_on = models.DateField("日期")
    qualified = models.BooleanField("是否合格", null=True, blank=True)
    certificate_no = models.CharField("证书编号", max_length=60, blank=True)
    employer = models.CharField("培训后就业单位", max_length=100, blank=True)
    subsidy = models.BigIntegerField("补贴（分）", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)
    eligible = models.BooleanField("计入带动人口")
    lifted = models.BooleanField("脱贫人口")
    monitored = models.BooleanField("监测对象")

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "培训学员"
        indexes = [models.Index(fields=["course"], name="attendance_of_course")]

    def __str__(self) -> str:
        return f"人员 {self.person_id}"

    @property
    def sex(self) -> str:
        """As the directory has it."""
        return self.person.sex

    @property
    def birth_month(self) -> str:
        """Of a person without a number, whom it helps to find."""
        return self.person.birth_month if self.person.is_provisional else ""
