"""An Event is one sentence of the audit trail: who did (or was refused) what to which thing, and when.

It points to other rows by text and number only, never by foreign key: this app knows nobody, and a line of
the trail must outlive what it tells about. Rows are written by `audit.events` and by nothing else; triggers
refuse every change and deletion (`audit.triggers`).
"""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Event(models.Model):
    """Holds no personal data of the people helped: `summary` and `details` carry ids, numbers and amounts."""

    class Outcome(models.TextChoices):
        DONE = "done", "完成"
        REFUSED = "refused", "被拒绝"

    at = models.DateTimeField("时间")
    actor_id = models.BigIntegerField("操作人编号", null=True)
    # As it was then: a later rename or move of the person must not change what the trail says.
    actor_name = models.CharField("操作人", max_length=200)
    verb = models.CharField("动作", max_length=64)
    outcome = models.CharField("结果", max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    target = models.CharField("对象", max_length=100)
    summary = models.TextField("说明")
    details = models.JSONField("细节", default=dict, encoder=DjangoJSONEncoder)
    period = models.CharField("所属期", max_length=10, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "审计记录"
        indexes = [
            models.Index(fields=["target"], name="audit_event_target"),
            models.Index(fields=["at"], name="audit_event_at"),
            # the seal reads one period in id order; the rate limit counts one actor's refusals of a minute
            models.Index(fields=["period", "id"], name="audit_event_period"),
            models.Index(fields=["actor_id", "verb", "at"], name="audit_event_actor"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(outcome__in=["done", "refused"]), name="audit_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}：{self.summary}"
