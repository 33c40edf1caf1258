"""Who was reached: what each entry says of a person, and how often a person stands in each counting account."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ledger.models.books import Account
from ledger.models.entries import Entry


class Participation(models.Model):
    """One person in one version of an entry, for one counting account. Decided at submission and frozen.

    `eligible` is False where the person was there but does not count (DESIGN §2.5); later facts act by correction.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+", db_index=False, verbose_name="记录")
    version = models.PositiveSmallIntegerField("版本")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="计数账户")
    person = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="人员")
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", db_index=False, verbose_name="涉及单位"
    )
    eligible = models.BooleanField("计入")

    class Meta:
        verbose_name = verbose_name_plural = "参与"
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "version", "account", "person"], name="participation_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Presence(models.Model):
    """How many approved and how many held participations a person has in a counting account.

    The account's balance is the number of persons with approved > 0, its held_in that of persons with approved = 0
    and held > 0. Only posting.py writes it, always with the account locked, also when 1 becomes 2.
    """

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False, verbose_name="计数账户"
    )
    person = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="人员")
    approved = models.PositiveIntegerField("已通过次数", default=0)
    held = models.PositiveIntegerField("待审次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "在册"
        constraints = [
            models.UniqueConstraint(fields=["account", "person"], name="presence_unique"),
            models.CheckConstraint(condition=Q(approved__gte=0, held__gte=0), name="presence_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
