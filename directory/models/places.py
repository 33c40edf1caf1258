"""Division, Organization, Alias: where things are and who files. Codes and names: DOMAIN §5."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from directory import names


class Division(models.Model):
    """Villages merge and are renamed: a division that ended keeps its row, with `valid_to` set."""

    class Level(models.TextChoices):
        COUNTY = "county", "县（区、市）"
        TOWNSHIP = "township", "镇街"
        VILLAGE = "village", "村居"

    code = models.CharField(
        "区划代码",
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^(\d{6}|\d{9}|\d{12})$", "区划代码应为6位、9位或12位数字。")],
    )
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=Level.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级区划"
    )
    valid_from = models.DateField("启用日期", null=True, blank=True)
    valid_to = models.DateField("停用日期", null=True, blank=True, help_text="含当日；空白表示仍在使用。")

    class Meta:
        verbose_name = verbose_name_plural = "行政区划"
        constraints = [
            models.CheckConstraint(
                condition=Q(level="county", parent=None)
                | Q(level__in=["township", "village"], parent__isnull=False),
                name="division_level_has_parent",
                violation_error_message="县没有上级区划，镇街和村居必须有上级区划。",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lte=F("valid_to")),
                name="division_valid_dates",
                violation_error_message="启用日期不能晚于停用日期。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A code names its level by its length and its parent by its beginning."""
        length = {"county": 6, "township": 9, "village": 12}.get(self.level)
        if length and len(self.code) != length:
            raise ValidationError({"code": f"{self.get_level_display()}的区划代码应为{length}位。"})
        if self.parent is not None and self.code[: len(self.parent.code)] != self.parent.code:
            raise ValidationError({"parent": f"上级区划的代码 {self.parent.code} 不是本代码的开头，请核对。"})


class Organization(models.Model):
    class Kind(models.TextChoices):
        TOWNSHIP = "township", "镇街"
        DEPARTMENT = "department", "部门"
        BUREAU = "bureau", "区乡村振兴局"
        FINANCE = "finance", "区财政局"
        PARTNER = "partner", "荣成方单位"

    class Side(models.TextChoices):
        SHANTING = "shanting", "山亭"
        RONGCHENG = "rongcheng", "荣成"

    code = models.CharField(
        "单位代码",
        max_length=20,
        unique=True,
        validators=[
            RegexValidator(r"^(\d{9}|[a-z][a-z0-9]{1,19})$", "镇街用9位区划代码，其他单位用小写字母短码。")
        ],
        help_text="镇街用9位区划代码，其他单位用小写字母短码；建立后不要再改，导入的表格按它认单位。",
    )
    name = models.CharField("单位全称", max_length=100, unique=True)
    short_name = models.CharField("简称", max_length=40, unique=True)
    kind = models.CharField("类别", max_length=12, choices=Kind.choices)
    side = models.CharField("所属方", max_length=10, choices=Side.choices)
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="organizations", verbose_name="所在区划"
    )
    active = models.BooleanField("在用", default=True)
    valid_from = models.DateField("启用日期", null=True, blank=True)
    valid_to = models.DateField("停用日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "单位"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="partner", side="rongcheng") | (~Q(kind="partner") & Q(side="shanting")),
                name="organization_kind_fits_side",
                violation_error_message="类别与所属方不符：荣成方单位选“荣成”，其余选“山亭”。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="township") | Q(division__isnull=False),
                name="organization_township_has_division",
                violation_error_message="镇街必须选择所在区划。",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lte=F("valid_to")),
                name="organization_valid_dates",
                violation_error_message="启用日期不能晚于停用日期。",
            ),
        ]

    def __str__(self) -> str:
        return self.short_name


class Alias(models.Model):
    """Editable data: "冯卯" or "开发区" need no new release of the software."""

    class Kind(models.TextChoices):
        TOWNSHIP = "township", "镇街"
        VILLAGE = "village", "村居"
        ORGANIZATION = "organization", "单位"

    kind = models.CharField("类别", max_length=12, choices=Kind.choices)
    text = models.CharField("别名", max_length=100)
    # Filled by save(): what `matching` compares.
    normalized = models.CharField("比较形式", max_length=100, editable=False)
    division = models.ForeignKey(
        Division, models.CASCADE, null=True, blank=True, related_name="aliases", verbose_name="指镇街或村居"
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, null=True, blank=True, related_name="aliases", verbose_name="指单位"
    )
    valid_from = models.DateField("启用日期", null=True, blank=True)
    valid_to = models.DateField("停用日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "别名"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="organization", organization__isnull=False, division=None)
                | Q(kind__in=["township", "village"], organization=None, division__isnull=False),
                name="alias_has_one_target",
                violation_error_message="别名须指向一个单位，或一个镇街、村居。",
            ),
            models.UniqueConstraint(
                fields=["kind", "normalized"],
                condition=~Q(kind="village"),
                name="alias_unique_per_kind",
                violation_error_message="这个别名已经登记过。",
            ),
            # Two towns may call different villages by the same by-name, as they do by the same name.
            models.UniqueConstraint(
                fields=["normalized", "division"],
                condition=Q(kind="village"),
                name="alias_unique_per_village",
                violation_error_message="这个村居已经有这个别名。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text} → {self.division or self.organization}"

    def clean(self) -> None:
        self.normalized = self.normalize(self.kind, self.text)
        if self.division is not None and self.division.level != self.kind:
            raise ValidationError({"division": f"请选择一个{self.get_kind_display()}。"})
        if (self.kind == "organization") != (self.organization is not None) or (
            (self.kind == "organization") == (self.division is not None)
        ):
            raise ValidationError("单位的别名请选“指单位”，镇街和村居的别名请选“指镇街或村居”，只选一个。")
        # Said here because a form leaves constraints over fields it does not show to the database.
        same = Alias.objects.filter(kind=self.kind, normalized=self.normalized).exclude(pk=self.pk)
        if same.filter(division=self.division).exists() if self.kind == "village" else same.exists():
            raise ValidationError({"text": "这个别名已经登记过。"})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalized = self.normalize(self.kind, self.text)
        super().save(*args, **kwargs)

    @staticmethod
    def normalize(kind: str, text: str) -> str:
        """The form in which `matching` looks an alias up."""
        if kind == "village":
            return names.village_key(text)
        return names.township_key(text) if kind == "township" else names.plain(text)
