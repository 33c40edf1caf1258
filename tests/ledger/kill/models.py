"""HotMove: an amount from one account to another."""

from __future__ import annotations

from django.db import models

from ledger.models import Detail


class HotMove(Detail):
    number = models.PositiveIntegerField()
    source = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    target = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    organization = models.ForeignKey("directory.Organization", models.PROTECT, related_name="+")

    class Meta(Detail.Meta):
        app_label = "kill"

    def __str__(self) -> str:
        return f"{self.number}"
