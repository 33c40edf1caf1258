"""Grant, Guardian: what is kept closer than the rest of the directory, and who was let in (DESIGN §6; DOMAIN §6 PIPL)."""

from __future__ import annotations

import json

from django.db import models
from django.db.models import Q
from django.utils import timezone

from directory.fields import EncryptedTextField
from directory.models.people import Person
from directory.models.users import User


class Grant(models.Model):
    """A right one user has by name, no role has: who gave it, when and why, and who took it back. Never deleted."""

    class Right(models.TextChoices):
        RESTRICTED = "restricted", "查看受限儿童资料"

    user = models.ForeignKey(User, models.PROTECT, related_name="grants", verbose_name="用户")
    right = models.CharField("权限", max_length=20, choices=Right)
    reason = models.CharField("理由", max_length=200)
    granted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="授权人"
    )
    granted_at = models.DateTimeField("授权时间", default=timezone.now)
    revoked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="收回人"
    )
    revoked_at = models.DateTimeField("收回时间", null=True, blank=True)
    revoke_reason = models.CharField("收回理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "专项授权"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "right"],
                condition=Q(revoked_at=None),
                name="grant_once_at_a_time",
                violation_error_message="这位用户已有这项权限。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_right_display()} {self.user_id}"


class Guardian(models.Model):
    """Who consented for a child, as the unit that filed it wrote it; a change is another row."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="guardians", verbose_name="被监护人")
    contact = EncryptedTextField("姓名和电话", help_text="JSON，加密")
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="登记人"
    )
    recorded_at = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "监护人"

    def __str__(self) -> str:
        return f"监护人 {self.pk}"

    def said(self) -> tuple[str, str]:
        """Name and phones, in plain text: for the directory and the rules of a register, never for a page."""
        name, phones = json.loads(self.contact.open())
        return name, phones
