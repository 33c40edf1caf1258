"""HeadingAlias: another heading under which sheets have a register's column, kept as data (DOMAIN §4)."""

from __future__ import annotations

from django.db import models


class HeadingAlias(models.Model):
    """What `column` of `register` is also called; the headings that the register declares hold beside it."""

    register = models.CharField("台账", max_length=40)
    column = models.CharField("栏目", max_length=60)
    heading = models.CharField(
        "表头写法", max_length=60, help_text="表格里这一栏的另一种写法，例如“培训对象”。"
    )

    class Meta:
        verbose_name = verbose_name_plural = "表头别名"
        constraints = [
            models.UniqueConstraint(
                fields=["register", "heading"],
                name="heading_alias_unique",
                violation_error_message="这个台账已登记过这种写法。",
            )
        ]

    def __str__(self) -> str:
        return self.heading
