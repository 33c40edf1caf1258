"""What most registers' rows have in common. Abstract: each register has a table of its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from directory.models import PersonFact
from ledger.models.entries import Detail


class Category(models.TextChoices):
    """人员类别, as rosters state it; what counts is the directory's dated facts."""

    LIFTED = "lifted", "脱贫人口"
    MONITORED = "monitored", "监测对象"
    UNSTABLE = "unstable", "脱贫不稳定户"
    MARGINAL = "marginal", "边缘易致贫户"
    SUDDEN = "sudden", "突发严重困难户"
    ORDINARY = "ordinary", "一般农村劳动力"
    OTHER = "other", "其他"


class PlannedDetail(Detail):
    """A row that belongs to a yearly plan; what it counts, it counts for `unit`."""

    plan = models.ForeignKey("ledger.Plan", models.PROTECT, related_name="+", verbose_name="方案")
    unit = models.ForeignKey(
        "directory.Organization", models.PROTECT, related_name="+", verbose_name="计入单位"
    )

    class Meta(Detail.Meta):
        abstract = True


class MonthOnly(models.Model):
    """Of somebody's stay: which of its two days is known to the month only ("2022.3"; DOMAIN §4 rule 9). It stands for
    the month's first day, and is shown as it was written."""

    starts_on_month_only = models.BooleanField("起始只写到月", default=False)
    ends_on_month_only = models.BooleanField("结束只写到月", default=False)

    class Meta:
        abstract = True


class PersonDetail(PlannedDetail):
    """A row about one person. `eligible`, `lifted` and `monitored` are the directory's answers on the row's day,
    frozen at filing."""

    names_person: ClassVar[bool] = True

    person = models.ForeignKey("directory.Person", models.PROTECT, related_name="+", verbose_name="人员")
    division = models.ForeignKey(
        "directory.Division", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="镇村"
    )
    category = models.CharField("人员类别", max_length=20, choices=Category, blank=True)
    eligible = models.BooleanField("计入带动人口")
    lifted = models.BooleanField("脱贫人口")
    monitored = models.BooleanField("监测对象")

    class Meta(Detail.Meta):
        abstract = True

    def says(self) -> list[tuple[str, str]]:
        """What the row states of the person on its day: (kind, value) of the directory's facts."""
        if self.category in (Category.UNSTABLE, Category.MARGINAL, Category.SUDDEN):
            return [(PersonFact.Kind.MONITOR_TYPE.value, self.category)]
        if self.category in (Category.LIFTED, Category.ORDINARY):
            return [(PersonFact.Kind.HOUSEHOLD_TYPE.value, self.category)]
        return []

    @property
    def sex(self) -> str:
        """As the directory has it."""
        return self.person.sex

    @property
    def birth_month(self) -> str:
        """Of a person without a number, whom it helps to find."""
        return self.person.birth_month if self.person.is_provisional else ""
