"""组织协调 and 宣传 (DOMAIN §4.14–4.16; the plan, 三).

Meeting: one 联席会议 or 部门对接. MeetingDecision: one 议定事项 of it, with its owner and date. Visit: one 互访. WorkPlan: one
item of a department's yearly plan, stage goals or results. Publicity: one report in the media. Rows are only added.
"""

from __future__ import annotations

from django.db import models

from ledger.models import Detail, PlannedDetail


class Level(models.TextChoices):
    """Who led."""

    CHIEF = "chief", "县级主要领导"
    DEPUTY = "deputy", "县级分管领导"
    DEPARTMENT = "department", "部门"
    TOWN = "town", "镇街"


class Meeting(PlannedDetail):
    class Kind(models.TextChoices):
        JOINT = "joint", "联席会议"
        DEPARTMENTS = "departments", "部门对接"
        WORKING = "working", "工作会商"

    held_on = models.DateField("日期")
    kind = models.CharField("类型", max_length=12, choices=Kind)
    name = models.CharField("名称/次数", max_length=100)
    place = models.CharField("地点", max_length=100)
    level = models.CharField("层级", max_length=12, choices=Level)
    rongcheng = models.CharField("荣成方出席", max_length=300)
    shanting = models.CharField("山亭方出席", max_length=300)
    people = models.PositiveIntegerField("人数", null=True, blank=True)
    agenda = models.CharField("议题", max_length=500)
    decisions = models.CharField("议定事项", max_length=1000, blank=True)
    agreements = models.CharField("签署协议", max_length=300, blank=True)
    funds = models.BigIntegerField("拨付资金（分）", null=True, blank=True)
    minutes_no = models.CharField("纪要文号", max_length=60, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "联席会议"

    def __str__(self) -> str:
        return self.name


class MeetingDecision(Detail):
    class State(models.TextChoices):
        OPEN = "open", "未办"
        ONGOING = "ongoing", "在办"
        DONE = "done", "办结"

    meeting = models.ForeignKey("ledger.Subject", models.PROTECT, related_name="+", verbose_name="会议")
    meeting_name = models.CharField("会议名称", max_length=100)
    number = models.PositiveIntegerField("序号")
    text = models.CharField("议定事项", max_length=500)
    owner = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="责任单位"
    )
    decided_on = models.DateField("议定日期")
    due_on = models.DateField("完成期限")
    state = models.CharField("办理状态", max_length=10, choices=State)
    result = models.CharField("落实情况", max_length=500, blank=True)
    done_on = models.DateField("办结日期", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "议定事项"

    def __str__(self) -> str:
        return self.text[:40]


class Visit(PlannedDetail):
    class Direction(models.TextChoices):
        IN = "in", "来山"
        OUT = "out", "赴荣"

    visited_on = models.DateField("日期")
    direction = models.CharField("方向", max_length=10, choices=Direction)
    leader = models.CharField("带队领导（职务）", max_length=100)
    level = models.CharField("层级", max_length=12, choices=Level)
    host = models.CharField("接待方", max_length=200, blank=True)
    people = models.PositiveIntegerField("人数", null=True, blank=True)
    place = models.CharField("地点", max_length=100, blank=True)
    agenda = models.CharField("议题", max_length=500)
    outcome = models.CharField("成果", max_length=500, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "两地互访"

    def __str__(self) -> str:
        return f"{self.leader} {self.visited_on}"


class WorkPlan(PlannedDetail):
    class Kind(models.TextChoices):
        YEAR = "year", "年度计划"
        STAGE = "stage", "阶段目标"
        RESULT = "result", "具体成果"

    class Stage(models.TextChoices):
        YEAR = "year", "全年"
        Q1 = "q1", "一季度"
        Q2 = "q2", "二季度"
        Q3 = "q3", "三季度"
        Q4 = "q4", "四季度"

    class State(models.TextChoices):
        PLANNED = "planned", "计划"
        DONE = "done", "完成"
        MISSED = "missed", "未完成"

    filed_on = models.DateField("日期")
    kind = models.CharField("内容类别", max_length=10, choices=Kind)
    stage = models.CharField("阶段", max_length=10, choices=Stage)
    content = models.CharField("内容", max_length=300)
    due_on = models.DateField("计划完成日期", null=True, blank=True)
    state = models.CharField("完成状态", max_length=10, choices=State)
    result = models.CharField("完成情况", max_length=500, blank=True)
    done_on = models.DateField("完成日期", null=True, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "部门工作计划"

    def __str__(self) -> str:
        return self.content[:40]


class Publicity(PlannedDetail):
    class Level(models.TextChoices):
        NATIONAL = "national", "中央"
        PROVINCE = "province", "省"
        CITY = "city", "市"
        COUNTY = "county", "区县"
        SELF = "self", "自媒体"

    class Carrier(models.TextChoices):
        PAPER = "paper", "报刊"
        BROADCAST = "broadcast", "广播电视"
        SITE = "site", "政府网站"
        NEW = "new", "新媒体"

    class Source(models.TextChoices):
        ORIGINAL = "original", "原发"
        REPRINT = "reprint", "转载"

    published_on = models.DateField("刊发日期")
    title = models.CharField("标题", max_length=150)
    outlet = models.CharField("媒体名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=Level)
    carrier = models.CharField("载体", max_length=10, choices=Carrier)
    link = models.CharField("版面/链接", max_length=300, blank=True)
    author = models.CharField("作者/供稿单位", max_length=100)
    topic = models.CharField("主题", max_length=100, blank=True)
    source = models.CharField("原发/转载", max_length=10, choices=Source)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "宣传报道"

    def __str__(self) -> str:
        return self.title
