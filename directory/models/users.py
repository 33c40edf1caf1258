"""User, PasswordHistory: who may log in. Roles: DOMAIN §7; passwords: DOMAIN §6 (等保2.0 level 2)."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from directory import names
from directory.models.places import Organization
from directory.permissions import allows, allows_module


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
