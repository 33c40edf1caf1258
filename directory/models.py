"""A Division is a place of the national statistical code: county, township or village. An Organization is
a unit that files, reviews or receives, on the 山亭 or the 荣成 side. An Alias is another name people write
for a division or a unit. A User is a person who may log in, with one role at one unit (or the system itself,
which acts but cannot log in). A PasswordHistory row is a password hash a user must not use again yet.

Codes and names: DOMAIN §5; roles: DOMAIN §7; passwords: DOMAIN §6 (等保2.0 level 2).
"""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from directory import names
from directory.permissions import allows, allows_module


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


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        """Log-in names differ by more than upper and lower case, or they are the same."""
        return self.get(username=User.normalize_username(username or ""))

    def create_superuser(self, *args: Any, **kwargs: Any) -> User:
        raise NotImplementedError("本系统没有超级用户，请用 manage.py create_admin。")


class User(AbstractBaseUser):
    class Role(models.TextChoices):
        """One role a person: so the three administrators exclude each other, and none sees business data."""

        CLERK = "clerk", "填报员"
        HEAD = "head", "单位负责人"
        REVIEWER = "reviewer", "审核员"
        LEADER = "leader", "领导"
        PARTNER = "partner", "荣成方"
        SYSTEM_ADMIN = "system_admin", "系统管理员"
        SECURITY_ADMIN = "security_admin", "安全管理员"
        AUDITOR = "auditor", "审计员"

    ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})

    username = models.CharField(
        "用户名",
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9._-]{2,39}$", "用户名用3到40位小写字母、数字、点、横线。")
        ],
        error_messages={"unique": "这个用户名已被使用，请换一个。"},
    )
    full_name = models.CharField("姓名", max_length=40)
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="users", verbose_name="单位"
    )
    role = models.CharField("角色", max_length=20, choices=Role.choices, blank=True)
    is_active = models.BooleanField("启用", default=True)
    is_system = models.BooleanField("系统账号", default=False, help_text="只代表系统自身的操作，不能登录。")
    must_change_password = models.BooleanField("须修改密码", default=True)
    password_changed_at = models.DateTimeField("密码修改时间", null=True, blank=True)
    created_at = models.DateTimeField("建立时间", default=timezone.now)
    # Set when the account is made or put back into use; the idle days count from here or the last log-in.
    active_since = models.DateTimeField("启用时间", default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        verbose_name = verbose_name_plural = "用户"
        constraints = [
            models.CheckConstraint(
                condition=Q(username=Lower("username")),
                name="user_username_lower",
                violation_error_message="用户名只用小写字母。",
            ),
            models.CheckConstraint(
                condition=Q(is_system=True, role="")
                | Q(is_system=False, role__in=["system_admin", "security_admin", "auditor"])
                | Q(
                    is_system=False,
                    role__in=["clerk", "head", "reviewer", "leader", "partner"],
                    organization__isnull=False,
                ),
                name="user_role_has_organization",
                violation_error_message="请为这个角色选择单位。",
            ),
        ]

    def __str__(self) -> str:
        """姓名（单位）: how the audit trail and every page name a person. Needs `organization` loaded."""
        if self.is_system:
            return self.full_name
        return f"{self.full_name}（{self.organization or self.get_role_display()}）"

    @classmethod
    def normalize_username(cls, username: str) -> str:
        return names.plain(username)

    def clean(self) -> None:
        self.username = self.normalize_username(self.username)

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name

    @property
    def is_business(self) -> bool:
        """Takes part in the business; the three administrators and the system do not."""
        return not self.is_system and self.role not in self.ADMINISTRATORS

    @property
    def is_staff(self) -> bool:
        """May open Django's admin, where `permissions` says what is there to see."""
        return self.is_active and (self.role in self.ADMINISTRATORS or self.role == self.Role.REVIEWER)

    @property
    def is_superuser(self) -> bool:
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """By role alone (`permissions.py`)."""
        return self.is_active and allows(self.role, perm)

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and allows_module(self.role, app_label)

    def password_expired(self, now: datetime.datetime) -> bool:
        """Older than PASSWORD_MAX_AGE_DAYS (90), or never set by its owner."""
        limit = datetime.timedelta(days=getattr(settings, "PASSWORD_MAX_AGE_DAYS", 90))
        return self.password_changed_at is None or self.password_changed_at + limit <= now

    def must_renew_password(self, now: datetime.datetime) -> bool:
        """Must set a new password before anything else: first log-in, reset, or too old."""
        return self.must_change_password or self.password_expired(now)

    def idle_too_long(self, now: datetime.datetime) -> bool:
        """Not used for ACCOUNT_IDLE_DAYS (90): log-in is refused until the account is put back into use."""
        limit = datetime.timedelta(days=getattr(settings, "ACCOUNT_IDLE_DAYS", 90))
        return max(self.active_since, self.last_login or self.active_since) + limit <= now


class PasswordHistory(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="password_history", verbose_name="用户")
    password = models.CharField("密码散列", max_length=128)
    created_at = models.DateTimeField("设置时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "用过的密码"

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d}"
