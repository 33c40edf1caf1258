"""Household, Person, PersonVersion, PersonFact: whom the cooperation helps (DESIGN §1, DOMAIN §0.4, §4.4, §6).

Identity numbers, phones and disability live only here, encrypted; every other table holds a person's id.
"""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from directory.fields import EncryptedTextField
from directory.models.places import Division, Organization
from directory.models.users import User


class Household(models.Model):
    """Who heads it is said by the people in it. Numbers are the national system's: one number in one village."""

    code = models.CharField("户编号", max_length=40)
    division = models.ForeignKey(Division, models.PROTECT, related_name="households", verbose_name="村居")

    class Meta:
        verbose_name = verbose_name_plural = "户"
        constraints = [
            models.UniqueConstraint(
                fields=["division", "code"],
                name="household_unique_in_village",
                violation_error_message="这个村居已有这个户编号。",
            ),
        ]

    def __str__(self) -> str:
        return f"户 {self.pk}"


class Person(models.Model):
    """Found by `id_hash`, or, without a number, by `provisional_key`. Never deleted: a double is merged into another.

    A provisional person who gets a number keeps the key: the row without number, sent again, is still they.
    """

    class Sex(models.TextChoices):
        MALE = "male", "男"
        FEMALE = "female", "女"

    name = models.CharField("姓名", max_length=60)
    sex = models.CharField("性别", max_length=6, choices=Sex.choices, blank=True)
    birth_date = models.DateField("出生日期", null=True, blank=True)
    birth_month = models.CharField(
        "出生年月",
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^\d{4}-(0[1-9]|1[0-2])$", "出生年月应写作 1979-06。")],
    )
    id_number = EncryptedTextField("身份证号", help_text="18位，加密")
    # Null and not "" where there is none: many people may have none, and the column is unique.
    id_hash = models.CharField(  # noqa: DJ001
        "身份证号的检索码", max_length=64, null=True, editable=False
    )
    disability = EncryptedTextField("残疾类别和等级", help_text="残疾人证末两位，加密")
    phones = EncryptedTextField("电话", help_text="多个用顿号隔开，加密")
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="people", verbose_name="镇街或村居"
    )
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="registered_people",
        db_index=False,
        verbose_name="登记单位",
    )
    household = models.ForeignKey(
        Household,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="members",
        verbose_name="户",
        db_index=False,
    )
    provisional_key = models.CharField(  # noqa: DJ001  as id_hash
        "临时人员检索码", max_length=64, null=True, editable=False
    )
    # What provisional_key is the hash of, so that the hash can be made anew under another key.
    provisional_text = EncryptedTextField("临时人员检索码的原文", help_text="加密")
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        verbose_name="已并入",
        db_index=False,
    )
    # A child whom a register names that only users with a named right may look into (rights.py). Never taken back.
    is_restricted = models.BooleanField("受限", default=False)
    version = models.PositiveIntegerField("版本", default=1)
    created_at = models.DateTimeField("登记时间", default=timezone.now)
    updated_at = models.DateTimeField("更新时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "人员"
        constraints = [
            models.CheckConstraint(
                condition=Q(id_hash__isnull=False) | Q(provisional_key__isnull=False),
                name="person_can_be_found",
                violation_error_message="须有身份证号，或有姓名、单位和出生年月。",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")),
                name="person_not_merged_into_itself",
                violation_error_message="不能并入本人。",
            ),
            # not the fields' own unique=True: that makes a second index of each, for texts that begin so
            models.UniqueConstraint(fields=["id_hash"], name="person_id_hash_unique"),
            models.UniqueConstraint(fields=["provisional_key"], name="person_provisional_key_unique"),
        ]
        indexes = [
            models.Index(fields=["organization", "name"], name="person_of_unit_by_name"),
            models.Index(fields=["household"], name="person_household", condition=Q(household__isnull=False)),
            models.Index(
                fields=["merged_into"], name="person_merged", condition=Q(merged_into__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"人员 {self.pk}"

    @property
    def is_provisional(self) -> bool:
        """Has no identity number yet: counted, but flagged."""
        return self.id_hash is None


class PersonVersion(models.Model):
    """Insert-only, version 1 included; a trigger lets nothing change but the key the snapshot is encrypted under."""

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="versions", db_index=False, verbose_name="人员"
    )
    version = models.PositiveIntegerField("版本")
    snapshot = EncryptedTextField("内容", help_text="JSON，加密")
    changed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="修改人", db_index=False
    )
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "人员历次版本"
        constraints = [
            models.UniqueConstraint(fields=["person", "version"], name="person_version_unique"),
        ]

    def __str__(self) -> str:
        return f"人员 {self.person_id} 第 {self.version} 版"


class PersonFact(models.Model):
    """Holds from `valid_from` until the next fact of its kind begins, so two can never overlap.

    Insert-only; one that was wrong is withdrawn, and then the one before it holds again.
    """

    class Kind(models.TextChoices):
        HOUSEHOLD_TYPE = "household_type", "户类型"
        MONITOR_TYPE = "monitor_type", "监测对象类别"

    class HouseholdType(models.TextChoices):
        ORDINARY = "ordinary", "普通农户"
        LIFTED = "lifted", "脱贫户"

    class MonitorType(models.TextChoices):
        NONE = "none", "无"
        UNSTABLE = "unstable", "脱贫不稳定户"
        MARGINAL = "marginal", "边缘易致贫户"
        SUDDEN = "sudden", "突发严重困难户"

    person = models.ForeignKey(Person, models.PROTECT, related_name="facts", verbose_name="人员")
    kind = models.CharField("项目", max_length=20, choices=Kind.choices)
    value = models.CharField("类别", max_length=20, choices=[*HouseholdType.choices, *MonitorType.choices])
    risk_removed_on = models.DateField("风险消除日期", null=True, blank=True)
    valid_from = models.DateField("起始日期")
    source = models.CharField("依据", max_length=200)
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="登记人", db_index=False
    )
    recorded_at = models.DateTimeField("登记时间", default=timezone.now)
    withdrawn_at = models.DateTimeField("撤销时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "户类型和监测类别"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="household_type", value__in=["ordinary", "lifted"])
                | Q(kind="monitor_type", value__in=["none", "unstable", "marginal", "sudden"]),
                name="person_fact_value_fits_kind",
                violation_error_message="类别与项目不符。",
            ),
            models.CheckConstraint(
                condition=Q(risk_removed_on=None) | Q(value__in=["unstable", "marginal", "sudden"]),
                name="person_fact_risk_of_monitored",
                violation_error_message="只有监测对象才有风险消除日期。",
            ),
            models.UniqueConstraint(
                fields=["person", "kind", "valid_from"],
                condition=Q(withdrawn_at=None),
                name="person_fact_one_a_day",
                violation_error_message="这一天已经登记了类别，请先撤销原来的。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_value_display()}"
