"""HopeRoom: one child's room, from 提报 to 随访. The child and the guardian are the directory's; the row holds ids."""

from __future__ import annotations

from datetime import date

from django.db import models

from ledger.models import PersonDetail


class HopeRoom(PersonDetail):
    class State(models.TextChoices):
        """In the order of the work; `DATED` says which date each brings."""

        NOMINATED = "nominated", "提报"
        VISITED = "visited", "回访"
        CHECKED = "checked", "复核"
        SELECTED = "selected", "评审"
        STARTED = "started", "开工"
        COMPLETED = "completed", "完工"
        ACCEPTED = "accepted", "验收"
        FOLLOWED = "followed", "随访"
        CANCELLED = "cancelled", "取消"

    class Relation(models.TextChoices):
        FATHER = "father", "父亲"
        MOTHER = "mother", "母亲"
        GRANDPARENT = "grandparent", "祖父母"
        MATERNAL = "maternal", "外祖父母"
        RELATIVE = "relative", "其他亲属"
        VILLAGE = "village", "村（居）委会"
        CIVIL = "civil", "民政部门"

    class Difficulty(models.TextChoices):
        ALLOWANCE = "allowance", "低保"
        LIFTED = "lifted", "脱贫"
        MONITORED = "monitored", "监测"
        ORPHAN = "orphan", "孤儿"
        UNRAISED = "unraised", "事实无人抚养"
        DISABLED = "disabled", "残疾"
        OTHER = "other", "其他困难"

    guardian = models.ForeignKey(
        "directory.Guardian", models.PROTECT, related_name="+", verbose_name="监护人"
    )
    relation = models.CharField("监护人与儿童关系", max_length=12, choices=Relation)
    consent_on = models.DateField("监护人同意日期")
    difficulty = models.CharField("困难类型", max_length=12, choices=Difficulty)
    state = models.CharField("状态", max_length=12, choices=State)
    nominated_on = models.DateField("提报日期")
    nominated_by = models.CharField("提报人", max_length=40)
    visited_on = models.DateField("回访日期", null=True, blank=True)
    visited_by = models.CharField("回访人", max_length=40, blank=True)
    checked_on = models.DateField("复核日期", null=True, blank=True)
    checked_by = models.CharField("复核人", max_length=40, blank=True)
    selected_on = models.DateField("评审日期", null=True, blank=True)
    selected_by = models.CharField("评审人", max_length=40, blank=True)
    works = models.CharField("改造内容", max_length=200, blank=True)
    contractor = models.CharField("施工单位", max_length=100, blank=True)
    cost = models.BigIntegerField("造价（分）", null=True, blank=True)
    funding = models.CharField("资金来源", max_length=100, blank=True)
    started_on = models.DateField("开工日期", null=True, blank=True)
    completed_on = models.DateField("完工日期", null=True, blank=True)
    accepted_on = models.DateField("验收日期", null=True, blank=True)
    volunteers = models.CharField("结对志愿队伍", max_length=100, blank=True)
    followed_on = models.DateField("最近随访日期", null=True, blank=True)
    visits = models.PositiveIntegerField("随访次数", null=True, blank=True)
    cancelled_on = models.DateField("取消日期", null=True, blank=True)
    cancel_reason = models.CharField("取消原因", max_length=200, blank=True)
    note = models.CharField("备注", max_length=500, blank=True)

    class Meta(PersonDetail.Meta):
        verbose_name = verbose_name_plural = "希望小屋"

    def __str__(self) -> str:
        return f"儿童{self.person_id}"

    @property
    def takes_place(self) -> bool:
        """One of the 17: chosen by the 评审, and not cancelled since."""
        return self.state in (
            self.State.SELECTED,
            self.State.STARTED,
            self.State.COMPLETED,
            self.State.ACCEPTED,
            self.State.FOLLOWED,
        )

    @property
    def is_finished(self) -> bool:
        """Accepted: from here on the child has the room."""
        return self.state in (self.State.ACCEPTED, self.State.FOLLOWED)

    @property
    def counts_on(self) -> date:
        """The day of the 评审, before it that of the 提报."""
        return self.selected_on or self.nominated_on
