"""Entries, what they are about, their drafts, decisions and evidence, and the filings they belong to."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from directory.fields import EncryptedTextField
from ledger.models.books import Period
from ledger.scope import ScopedManager


class Subject(models.Model):
    """What an entry is about: register + natural key. A pointer to the entry in force and the one undecided.

    Claimed at submission, so two clerks filing one voucher at once cannot both pass (DESIGN §1 Subject).
    """

    register = models.CharField("台账", max_length=30)
    key = models.CharField("业务主键", max_length=300)
    in_force = models.ForeignKey(
        "ledger.Entry", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="生效记录"
    )
    undecided = models.ForeignKey(
        "ledger.Entry", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="待审记录"
    )

    class Meta:
        verbose_name = verbose_name_plural = "业务对象"
        constraints = [models.UniqueConstraint(fields=["register", "key"], name="subject_key_unique")]
        indexes = [
            models.Index(fields=["undecided"], condition=Q(undecided__isnull=False), name="subject_undecided")
        ]

    def __str__(self) -> str:
        return f"{self.register}：{self.key}"


class Assignment(models.Model):
    """Who files a register, and who oversees it. The plan names nobody, so this is data (CLAUSES.md)."""

    class Duty(models.TextChoices):
        FILES = "files", "报送"
        OVERSEES = "oversees", "主管"

    register = models.CharField("台账", max_length=30)
    organization = models.ForeignKey(
        "directory.Organization", models.CASCADE, related_name="+", verbose_name="单位"
    )
    duty = models.CharField("职责", max_length=10, choices=Duty, default=Duty.FILES)

    class Meta:
        verbose_name = verbose_name_plural = "台账分工"
        constraints = [
            models.UniqueConstraint(fields=["register", "organization", "duty"], name="assignment_unique")
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.get_duty_display()} {self.register}"


class Filing(models.Model):
    """报送: what a unit owes of a register for a period. Its state is derived from its entries (filings.py)."""

    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="单位"
    )
    register = models.CharField("台账", max_length=30)
    period = models.ForeignKey(Period, models.PROTECT, related_name="+", verbose_name="季度")
    due_on = models.DateField("报送期限")
    first_submitted_at = models.DateTimeField("首次提交", null=True, blank=True)
    nil_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="本期无申报人",
    )
    nil_at = models.DateTimeField("本期无申报时间", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "报送"
        constraints = [
            models.UniqueConstraint(fields=["organization", "register", "period"], name="filing_unique")
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.register} {self.period}"


class Entry(models.Model):
    """One filed row of a register. Its fields live in the register's Detail rows, one per submitted version."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", "待审核"
        RETURNED = "returned", "已退回"
        WITHDRAWN = "withdrawn", "已撤回"
        APPROVED = "approved", "已通过"
        VOID = "void", "已作废"

    GONE = (State.WITHDRAWN, State.VOID)  # taken back by its own unit: as if it had not been filed

    class Kind(models.TextChoices):
        NEW = "new", "新增"
        STEP = "step", "进展"
        CORRECTION = "correction", "更正"
        REVERSAL = "reversal", "红冲"

    register = models.CharField("台账", max_length=30)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="业务对象")
    kind = models.CharField("性质", max_length=12, choices=Kind, default=Kind.NEW)
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="所更正或红冲的记录",
    )
    # of a step, and of whatever corrects it: what stood before, and stands again if it is reversed
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name="上一步"
    )
    version = models.PositiveSmallIntegerField("版本", default=1)
    state = models.CharField("状态", max_length=12, choices=State, default=State.SUBMITTED)
    filed_for = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", db_index=False, verbose_name="填报单位"
    )
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="+", verbose_name="报送")
    occurred_on = models.DateField("发生日期")
    posted_period = models.ForeignKey(
        Period,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="记账季度",
    )
    posted_note = models.CharField("记账说明", max_length=300, blank=True)
    summary = models.CharField("摘要", max_length=200)
    amount = models.BigIntegerField("数量", null=True, blank=True)
    reason = models.CharField("更正或红冲理由", max_length=500, blank=True)
    origin = models.CharField("来源", max_length=100, default="表单")
    batch = models.ForeignKey(
        "ledger.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="批次",
    )
    token = models.UUIDField("表单标识", unique=True, default=uuid.uuid4)
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False, verbose_name="填报人"
    )
    filed_at = models.DateTimeField("填报时间")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False, verbose_name="提交人"
    )
    submitted_at = models.DateTimeField("提交时间")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="审核人",
    )
    decided_at = models.DateTimeField("审核时间", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "记录"
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="entry_queue"),
            models.Index(fields=["filed_for", "state", "-id"], name="entry_of_unit"),
            models.Index(fields=["-occurred_on", "-id"], name="entry_by_day"),
            # most entries have none of these
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="entry_corrects"),
            models.Index(fields=["follows"], condition=Q(follows__isnull=False), name="entry_follows"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="entry_batch"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | (~Q(decided_by=F("filed_by")) & ~Q(decided_by=F("submitted_by"))),
                name="entry_decider_is_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(posted_period__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="entry_approved_is_posted",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["new", "step"], corrects__isnull=True)
                | Q(kind__in=["correction", "reversal"], corrects__isnull=False),
                name="entry_correction_names_its_target",
            ),
            models.CheckConstraint(
                condition=Q(kind="step", follows__isnull=False)
                | Q(kind__in=["new", "reversal"], follows__isnull=True)
                | Q(kind="correction"),
                name="entry_step_names_what_it_follows",
            ),
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(corrects__isnull=False, state__in=["submitted", "approved"]),
                name="entry_one_live_correction",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} 号 {self.summary}"

    @property
    def after_id(self) -> int | None:
        """The number of the entry it corrects, takes back or goes on from."""
        return self.corrects_id or self.follows_id


class Detail(models.Model):
    """Abstract: the register's own fields of one submitted version of an entry. Insert-only.

    `before` and `replaces` are no columns: of a next step, the row in force; of a form that corrects, the row it opened
    with. The actions set `before`, making both, before a register's rules are asked.
    """

    before: Any = None
    replaces: Any = None
    names_person: ClassVar[bool] = False  # whether it is a PersonDetail

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+", db_index=False, verbose_name="记录")
    version = models.PositiveSmallIntegerField("版本")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "version"], name="%(app_label)s_%(class)s_version_unique"
            )
        ]


class EntryConcern(models.Model):
    """A unit whose accounts (or people) an entry moves; it may see the entry."""

    entry = models.ForeignKey(
        Entry, models.CASCADE, related_name="concerns", db_index=False, verbose_name="记录"
    )
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", db_index=False, verbose_name="单位"
    )

    class Meta:
        verbose_name = verbose_name_plural = "涉及单位"
        constraints = [models.UniqueConstraint(fields=["entry", "organization"], name="entry_concern_unique")]
        indexes = [models.Index(fields=["organization", "entry"], name="entry_concern_of_unit")]

    def __str__(self) -> str:
        return str(self.organization)


class Decision(models.Model):
    """An approval, return or withdrawal of one version; `fields` maps field names to the reviewer's remark."""

    class Outcome(models.TextChoices):
        APPROVED = "approved", "通过"
        RETURNED = "returned", "退回"
        WITHDRAWN = "withdrawn", "撤回"
        VOID = "void", "作废"

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="decisions", verbose_name="记录")
    version = models.PositiveSmallIntegerField("版本")
    outcome = models.CharField("结果", max_length=12, choices=Outcome)
    reason = models.CharField("意见", max_length=500, blank=True)
    fields: models.JSONField[Any, Any] = models.JSONField("逐项意见", default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经手人")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "审核意见"

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} 第 {self.version} 版"


class Acknowledgement(models.Model):
    """That the one to whom an approved entry was addressed says so: a receipt, who and when. Insert-only, one an entry."""

    entry = models.OneToOneField(Entry, models.PROTECT, related_name="acknowledgement", verbose_name="记录")
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="单位"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经手人")
    at = models.DateTimeField("时间")
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "签收"

    def __str__(self) -> str:
        return f"{self.organization} {self.at:%Y-%m-%d}"


class Draft(models.Model):
    """A form as typed, however half-filled: encrypted, its owner's alone, deleted at submission.

    `entry` is the entry to be resubmitted (`kind` new), corrected, or followed by a step.
    """

    token = models.UUIDField("表单标识", unique=True)
    register = models.CharField("台账", max_length=30)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="填报人"
    )
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="填报单位"
    )
    entry = models.ForeignKey(
        Entry, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="所修改的记录"
    )
    kind = models.CharField("性质", max_length=12, choices=Entry.Kind, default=Entry.Kind.NEW)
    title = models.CharField("摘要", max_length=100, blank=True)
    body = EncryptedTextField("内容", help_text="JSON，加密")
    updated_at = models.DateTimeField("保存时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "草稿"

    def __str__(self) -> str:
        return f"草稿 {self.pk}"


class Evidence(models.Model):
    """A file that proves something. Stored under a random name outside the web root (evidence.py)."""

    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="单位"
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="上传人"
    )
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    name = models.CharField("文件名", max_length=200)
    media_type = models.CharField("类型", max_length=100)
    size = models.PositiveIntegerField("大小（字节）")
    sha256 = models.CharField("指纹", max_length=64)
    path = models.CharField("存放位置", max_length=100, unique=True)
    # a file with people's data that goes to one unit: it alone may open it, and every time is kept
    addressee = models.ForeignKey(
        "directory.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="接收单位",
    )

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "凭据"

    def __str__(self) -> str:
        return self.name


class EntryEvidence(models.Model):
    """Which file hung on which version of an entry, with its hash at that time. Insert-only."""

    entry = models.ForeignKey(
        Entry, models.PROTECT, related_name="evidence", db_index=False, verbose_name="记录"
    )
    version = models.PositiveSmallIntegerField("版本")
    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="+", verbose_name="凭据")
    sha256 = models.CharField("指纹", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "记录凭据"
        constraints = [
            models.UniqueConstraint(fields=["entry", "version", "evidence"], name="entry_evidence_unique")
        ]

    def __str__(self) -> str:
        return str(self.evidence)
