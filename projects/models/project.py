"""Project: one budget line or sub-project as it stands, from 储备 to 归档 (DOMAIN §3, §4.2). Rows are only added."""

from __future__ import annotations

from typing import Any

from django.db import models

from ledger.models import PlannedDetail


class State(models.TextChoices):
    """DOMAIN §3, in the order of a project's life; 暂停, 作废 and 终止 stand beside it."""

    RESERVE = "reserve", "储备"
    PLANNED = "planned", "已立项"
    APPROVED = "approved", "已批复"
    TENDER = "tender", "招标采购"
    BUILDING = "building", "在建"
    BUILT = "built", "已完工"
    ACCEPTED = "accepted", "已验收"
    SETTLED = "settled", "已决算"
    HANDED = "handed", "已移交"
    ARCHIVED = "archived", "已归档"
    SUSPENDED = "suspended", "暂停"
    VOID = "void", "作废"
    ENDED = "ended", "终止"


class Project(PlannedDetail):
    """`books` is no column: what a row is compared with, read once for all rows at hand (projects/project.py)."""

    books: Any = None

    class Kind(models.TextChoices):
        INDUSTRY = "industry", "产业"
        INFRASTRUCTURE = "infrastructure", "基础设施"
        VILLAGE = "village", "美丽乡村"
        WELFARE = "welfare", "民生"
        JOBS = "jobs", "就业"
        TALENT = "talent", "人才"
        SERVICES = "services", "公共服务"
        ZONE = "zone", "综合（推进区）"

    class Tag(models.TextChoices):
        """The six contents of the zone, in the plan's words."""

        INDUSTRY = "industry", "产业发展"
        JOBS = "jobs", "就业带动"
        ENVIRONMENT = "environment", "环境整治"
        TALENT = "talent", "人才培养"
        GOVERNANCE = "governance", "乡村治理"
        RESULTS = "results", "巩固成果"

    class Nature(models.TextChoices):
        NEW = "new", "新建"
        EXTENSION = "extension", "改扩建"
        CONTINUED = "continued", "续建"

    class Method(models.TextChoices):
        OPEN = "open", "公开招标"
        INVITED = "invited", "邀请招标"
        CONSULTATION = "consultation", "竞争性磋商"
        NEGOTIATION = "negotiation", "竞争性谈判"
        INQUIRY = "inquiry", "询价"
        SINGLE = "single", "单一来源"
        VILLAGERS = "villagers", "村民自建"
        OWN = "own", "自行组织实施"

    class Conclusion(models.TextChoices):
        PASSED = "passed", "合格"
        RECTIFY = "rectify", "整改"

    line = models.ForeignKey(
        "ledger.BudgetLine", models.PROTECT, related_name="+", verbose_name="预算项目"
    )  # the line itself, or of a sub-project the line above it
    code = models.CharField("项目编码", max_length=30)
    name = models.CharField("项目名称", max_length=100)
    kind = models.CharField("项目类别", max_length=20, choices=Kind)
    subkind = models.CharField("二级类别", max_length=40, blank=True)
    tag = models.CharField("推进区内容", max_length=20, choices=Tag, blank=True)
    nature = models.CharField("建设性质", max_length=20, choices=Nature)
    place = models.CharField("建设地点", max_length=100)
    content = models.CharField("建设内容及规模", max_length=500)
    state = models.CharField("项目状态", max_length=12, choices=State)

    total = models.BigIntegerField("总投资（分）")
    fund = models.BigIntegerField("协作资金（分）", null=True, blank=True)
    district_fund = models.BigIntegerField("区级资金（分）", null=True, blank=True)
    other_fund = models.BigIntegerField("其他资金（分）", null=True, blank=True)

    in_charge = models.CharField("责任单位", max_length=100)
    implementer = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="实施单位"
    )
    leader = models.CharField("责任人", max_length=40)

    villages = models.CharField("受益村", max_length=200, blank=True)
    households = models.PositiveIntegerField("受益户", null=True, blank=True)
    people = models.PositiveIntegerField("受益人口", null=True, blank=True)
    lifted_households = models.PositiveIntegerField("其中脱贫户", null=True, blank=True)
    lifted_people = models.PositiveIntegerField("其中脱贫人口", null=True, blank=True)
    monitored_households = models.PositiveIntegerField("其中监测对象户", null=True, blank=True)
    monitored_people = models.PositiveIntegerField("其中监测对象人口", null=True, blank=True)

    planned_start = models.DateField("计划开工", null=True, blank=True)
    planned_finish = models.DateField("计划完工", null=True, blank=True)
    goal = models.CharField("绩效目标", max_length=500, blank=True)
    mechanism = models.CharField("联农带农机制", max_length=300, blank=True)

    listed_on = models.DateField("入库时间", null=True, blank=True)
    planned_on = models.DateField("立项时间", null=True, blank=True)
    plan_no = models.CharField("计划文号", max_length=100, blank=True)
    approved_on = models.DateField("批复时间", null=True, blank=True)
    approval_no = models.CharField("批复文号", max_length=100, blank=True)
    approved_amount = models.BigIntegerField("批复金额（分）", null=True, blank=True)
    method = models.CharField("招标方式", max_length=20, choices=Method, blank=True)
    no_tender = models.CharField("未招标原因", max_length=200, blank=True)
    tender_on = models.DateField("招标公告日", null=True, blank=True)
    opened_on = models.DateField("开标日", null=True, blank=True)
    won_on = models.DateField("中标日", null=True, blank=True)
    contractor = models.CharField("中标单位", max_length=100, blank=True)
    contractor_code = models.CharField("中标单位信用代码", max_length=18, blank=True)
    designer = models.CharField("设计单位", max_length=100, blank=True)
    designer_code = models.CharField("设计单位信用代码", max_length=18, blank=True)
    supervisor = models.CharField("监理单位", max_length=100, blank=True)
    supervisor_code = models.CharField("监理单位信用代码", max_length=18, blank=True)
    contract_on = models.DateField("合同日", null=True, blank=True)
    contract_no = models.CharField("合同编号", max_length=50, blank=True)
    contract_amount = models.BigIntegerField("合同金额（分）", null=True, blank=True)
    terms = models.CharField("付款节点", max_length=200, blank=True)
    retention = models.BigIntegerField("质保金（分）", null=True, blank=True)
    warranty_months = models.PositiveIntegerField("质保期（月）", null=True, blank=True)
    started_on = models.DateField("实际开工", null=True, blank=True)
    finished_on = models.DateField("实际完工", null=True, blank=True)
    accepted_on = models.DateField("验收时间", null=True, blank=True)
    conclusion = models.CharField("验收结论", max_length=10, choices=Conclusion, blank=True)
    rectify_by = models.DateField("整改期限", null=True, blank=True)
    audited_on = models.DateField("审定时间", null=True, blank=True)
    audited = models.BigIntegerField("审定金额（分）", null=True, blank=True)
    contract_audited = models.BigIntegerField("合同审定金额（分）", null=True, blank=True)
    handed_on = models.DateField("移交时间", null=True, blank=True)
    owner = models.CharField("产权单位", max_length=100, blank=True)
    keeper = models.CharField("管护责任人", max_length=100, blank=True)
    evaluated_on = models.DateField("评价时间", null=True, blank=True)
    grade = models.CharField("评价等级", max_length=40, blank=True)

    stopped_on = models.DateField("暂停、终止日期", null=True, blank=True)
    decision_no = models.CharField("终止决定文号", max_length=100, blank=True)
    reason = models.CharField("暂停、终止原因", max_length=300, blank=True)
    changed_on = models.DateField("变更日期", null=True, blank=True)
    change_no = models.CharField("变更文号", max_length=100, blank=True)
    change_body = models.CharField("变更批准单位", max_length=100, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PlannedDetail.Meta):
        verbose_name = verbose_name_plural = "项目"

    def __str__(self) -> str:
        return self.name

    @property
    def is_sub(self) -> bool:
        """Whether it is a sub-project of its line."""
        return self.code != self.line.code
