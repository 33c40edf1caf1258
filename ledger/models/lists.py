"""How a user keeps a list of entries for another day."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SavedFilter(models.Model):
    """The filters of a list under a name, for their owner alone. Nothing in it names a person (ledger/saved.py)."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="保存人"
    )
    name = models.CharField("名称", max_length=30)
    query = models.CharField("筛选条件", max_length=1000)
    saved_at = models.DateTimeField("保存时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "常用筛选"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_name_unique")]

    def __str__(self) -> str:
        return self.name
