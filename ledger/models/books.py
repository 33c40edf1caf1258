"""The books: accounts, the transfers between them, what is held, what was summed, and the sealed quarters."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Unit(models.TextChoices):
    """The units an account may hold, each a whole number of the smallest part."""

    FEN = "分", "分"
    PERSON = "人", "人"
    ATTENDANCE = "人次", "人次"
    HOUSEHOLD = "户", "户"
    PIECE = "个", "个"
    EVENT = "场", "场"
    TIME = "次", "次"
    ARTICLE = "篇", "篇"
    FIRM = "家", "家"
    PAIR = "对", "对"
    CENTI_KWH = "0.01kWh", "0.01 千瓦时"


class Period(models.Model):
    """A quarter. Its as-of and due dates are data (DOMAIN §7 Rhythm); only open or closed binds the books."""

    code = models.CharField("季度", max_length=10, unique=True)
    starts_on = models.DateField("起")
    ends_on = models.DateField("止")
    as_of = models.DateField("截至日期")
    due_on = models.DateField("报送期限")
    review_due_on = models.DateField("审核期限")
    report_due_on = models.DateField("季报期限")
    is_closed = models.BooleanField("已关账", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "季度"

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """ "2022年第2季度" for "2022Q2"."""
        return f"{self.code[:4]}年第{self.code[-1]}季度"


class Account(models.Model):
    """Something that holds an amount of one unit. Only posting.py changes balance, held_out and held_in."""

    code = models.CharField("代码", max_length=120, unique=True)
    name = models.CharField("名称", max_length=200)
    unit = models.CharField("单位", max_length=10, choices=Unit)
    plan = models.ForeignKey(
        "ledger.Plan", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="方案"
    )
    line = models.ForeignKey(
        "ledger.BudgetLine", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="预算项目"
    )
    stage = models.CharField("环节", max_length=30)
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单位"
    )
    contract = models.CharField("合同编号", max_length=100, blank=True)
    minimum = models.BigIntegerField("下限", null=True, blank=True, default=0)
    maximum = models.BigIntegerField("上限", null=True, blank=True)
    goal = models.BigIntegerField("目标", null=True, blank=True)
    closed = models.BooleanField("停止新增", default=False)
    counts_people = models.BooleanField("按人去重", default=False)
    balance = models.BigIntegerField("余额", default=0)
    held_out = models.BigIntegerField("待审转出", default=0)
    held_in = models.BigIntegerField("待审转入", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "账户"
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum__isnull=True) | Q(balance__gte=F("minimum") + F("held_out")),
                name="account_not_below_minimum",
            ),
            models.CheckConstraint(
                condition=Q(maximum__isnull=True) | Q(balance__lte=F("maximum") - F("held_in")),
                name="account_not_above_maximum",
            ),
            models.CheckConstraint(
                condition=Q(held_out__gte=0, held_in__gte=0), name="account_held_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def available(self) -> int | None:
        """What may still be taken: balance − held_out − minimum; None where there is no minimum."""
        return None if self.minimum is None else self.balance - self.held_out - self.minimum


class Move(models.Model):
    """Abstract: what Transfer and Hold share, one leg of an entry."""

    entry = models.ForeignKey(
        "ledger.Entry", models.PROTECT, related_name="+", db_index=False, verbose_name="记录"
    )
    position = models.PositiveSmallIntegerField("序")
    kind = models.CharField("种类", max_length=30)
    source = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="转出账户")
    target = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="转入账户")
    amount = models.BigIntegerField("数量")
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", db_index=False, verbose_name="涉及单位"
    )
    reverses = models.ForeignKey(
        "ledger.Transfer", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="冲销"
    )

    class Meta:
        abstract = True


class Transfer(Move):
    """An immutable move of amount > 0; inserted only when an entry is approved, never updated or deleted."""

    period = models.ForeignKey(
        Period, models.PROTECT, related_name="+", db_index=False, verbose_name="记账季度"
    )
    occurred_on = models.DateField("发生日期")
    posted_at = models.DateTimeField("记账时间")

    class Meta:
        verbose_name = verbose_name_plural = "转账"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_between_two_accounts"),
            models.UniqueConstraint(fields=["entry", "position"], name="transfer_position_unique"),
            # one transfer is taken back once, whatever the number of reversals filed
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False), name="transfer_reversed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Hold(Move):
    """A leg of a submitted, undecided entry. Deleted at the decision; approval makes it a Transfer."""

    class Meta:
        verbose_name = verbose_name_plural = "待审占用"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
            models.UniqueConstraint(fields=["entry", "position"], name="hold_position_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Total(models.Model):
    """Kept sums per account, kind of move, concerned unit and posting period.

    A reversing transfer counts as a negative in the column of what it takes back, so `inflow` of a stage is the gross
    figure that a refund or claw-back cannot improve (DOMAIN §2: 支出率).
    """

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False, verbose_name="账户"
    )
    kind = models.CharField("种类", max_length=30)
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", db_index=False, verbose_name="涉及单位"
    )
    period = models.ForeignKey(
        Period, models.PROTECT, related_name="+", db_index=False, verbose_name="记账季度"
    )
    inflow = models.BigIntegerField("转入", default=0)
    outflow = models.BigIntegerField("转出", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "合计"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "organization", "period"], name="total_key_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Seal(models.Model):
    """The HMAC of a closed period's rows and of the seal before (seals.py); its key lives outside the database.

    `covers`: table → its columns that were sealed; empty for a seal of an earlier release.
    """

    period = models.OneToOneField(Period, models.PROTECT, related_name="seal", verbose_name="季度")
    previous = models.CharField("上一封签", max_length=64, blank=True)
    transfer_count = models.PositiveIntegerField("转账条数")
    event_count = models.PositiveIntegerField("审计条数")
    digest = models.CharField("封签", max_length=64)
    covers = models.JSONField("所封内容", default=dict)
    sealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="关账人"
    )
    sealed_at = models.DateTimeField("关账时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "封签"

    def __str__(self) -> str:
        return f"{self.period} {self.digest[:12]}"


class PostingGuard(models.Model):
    """SQLite only: a row exists while a posting writes. Outside a posting one left behind is an error."""

    class Meta:
        verbose_name = verbose_name_plural = "记账标记"

    def __str__(self) -> str:
        return "记账中"


class BooksCheck(models.Model):
    """One run of verify_ledger in the background: asked for at every closing, or by hand.

    A run without `finished_at` is under way, or its worker died; asking again is always safe.
    """

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="发起人"
    )
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)
    count = models.PositiveIntegerField("差异数", default=0)
    differences = models.JSONField("差异（前 100 处）", default=list)

    class Meta:
        verbose_name = verbose_name_plural = "账目核对"

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"
