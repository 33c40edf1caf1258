"""Divisions, units and aliases in the admin, by the roles of `permissions.py`. Accounts have their own pages."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest

from audit import events
from directory.access import signed_in
from directory.models import Alias, Division, Organization

M = TypeVar("M", bound=models.Model)


class DivisionChoice(ModelChoiceField[Division]):
    """Code and township stand in front: fourteen village names exist in two or three towns."""

    def label_from_instance(self, obj: Division) -> str:
        town = obj.parent.name if obj.level == Division.Level.VILLAGE and obj.parent else ""
        return f"{obj.code} {town}{obj.name}"


class AuditedAdmin(admin.ModelAdmin[M]):
    """Every change made here leaves an event in its own transaction (the admin's views are atomic; said again
    here because an action is not)."""

    show_full_result_count = False
    list_per_page = 50

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.related_model is Division:
            kwargs["form_class"] = DivisionChoice
            kwargs["queryset"] = Division.objects.select_related("parent").order_by("code")
            if self.model is not Alias:  # neither a village's parent nor a unit's place is a village
                kwargs["queryset"] = kwargs["queryset"].exclude(level="village")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: M, form: ModelForm[M], change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            self._record(request, obj, "changed" if change else "created", sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        with transaction.atomic():
            self._record(request, obj, "deleted")
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        with transaction.atomic():
            for obj in queryset:
                self._record(request, obj, "deleted")
            super().delete_queryset(request, queryset)

    def _record(self, request: HttpRequest, obj: M, deed: str, fields: list[str] | None = None) -> None:
        meta = obj._meta
        word = {"created": "新增", "changed": "修改", "deleted": "删除"}[deed]
        events.record(
            verb=f"{meta.model_name}.{deed}",
            by=signed_in(request),
            target=f"{meta.label_lower}:{obj.pk}",
            summary=f"{word}{meta.verbose_name}：{obj}",
            details={"fields": fields} if fields else None,
        )


@admin.register(Division)
class DivisionAdmin(AuditedAdmin[Division]):
    list_display = ("code", "name", "level", "parent", "valid_from", "valid_to")
    list_filter = ("level", ("parent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("parent",)
    search_fields = ("name", "^code")
    ordering = ("code",)


@admin.register(Organization)
class OrganizationAdmin(AuditedAdmin[Organization]):
    list_display = ("code", "short_name", "name", "kind", "side", "active")
    list_filter = ("side", "kind", "active")
    search_fields = ("name", "short_name", "=code")
    ordering = ("-side", "kind", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[str, ...]:
        # Imported workbooks and figures know a unit by these.
        return ("code", "kind", "side") if obj else ()


@admin.register(Alias)
class AliasAdmin(AuditedAdmin[Alias]):
    list_display = ("text", "kind", "division", "organization", "valid_from", "valid_to")
    list_filter = ("kind",)
    list_select_related = ("division", "organization")
    search_fields = ("text",)
    ordering = ("kind", "text")
