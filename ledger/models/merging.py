"""A person counted under two names: the reviewed decision that two are one."""

from __future__ import annotations

from django.db import models

from ledger.models.entries import Detail


class PersonMerge(Detail):
    """`person` is `into`. Reversing the entry takes them apart again; no history is rewritten (DESIGN §1 Person)."""

    person = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="人员")
    into = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="并入人员")
    occurred_on = models.DateField("日期")
    reason = models.CharField("依据", max_length=300)

    class Meta(Detail.Meta):
        verbose_name = verbose_name_plural = "人员合并"

    def __str__(self) -> str:
        return f"{self.person_id}→{self.into_id}"
