"""The ledger in Django's admin: books are read-only; assignments, dates, leads and aliases are data.

Who sees what is in settings.ROLE_PERMISSIONS: the bureau's reviewers; no administrator sees business detail.
Entries, drafts and evidence are not here at all: their pages ask for whom (ledger/scope.py).
"""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from directory.admin import AuditedAdmin
from directory.models import User
from directory.names import plain
from ledger import filings
from ledger.models import (
    Account,
    Assignment,
    BudgetLine,
    Clause,
    Detail,
    HeadingAlias,
    LineAlias,
    OpenQuestion,
    Period,
    Plan,
    Ruling,
    Seal,
    Task,
    ThresholdChange,
    Transfer,
)
from ledger.permissions import may_review
from ledger.registers import Register, all_registers, get_register, name_of

M = TypeVar("M", bound=models.Model)


class ReadOnlyAdmin(admin.ModelAdmin[M]):
    """Lists and shows, never writes: what stands in the books is changed by entries only."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin[Plan]):
    list_display = ("code", "title", "document_no", "issuer", "is_demo")
    list_select_related = ("issuer",)
    ordering = ("-year",)


@admin.register(Clause)
class ClauseAdmin(ReadOnlyAdmin[Clause]):
    list_display = ("code", "title", "plan")
    list_filter = ("plan",)
    list_select_related = ("plan",)
    ordering = ("plan", "position")


@admin.register(BudgetLine)
class BudgetLineAdmin(ReadOnlyAdmin[BudgetLine]):
    list_display = ("code", "name", "parent", "place", "state")
    list_filter = ("plan", "state")
    list_select_related = ("parent",)
    ordering = ("code",)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin[Account]):
    list_display = ("code", "name", "unit", "balance", "held_out", "held_in", "minimum", "maximum", "goal")
    list_filter = ("plan", "stage", "unit")
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin[Transfer]):
    list_display = ("pk", "entry_id", "kind", "source", "target", "amount", "period", "posted_at")
    list_filter = ("kind", "period")
    list_select_related = ("source", "target", "period")
    ordering = ("-pk",)


@admin.register(OpenQuestion)
class OpenQuestionAdmin(ReadOnlyAdmin[OpenQuestion]):
    list_display = ("code", "title", "plan", "default_reading")
    list_select_related = ("plan",)
    ordering = ("plan", "position")


@admin.register(Ruling)
class RulingAdmin(ReadOnlyAdmin[Ruling]):
    list_display = ("question", "reading", "reason", "ruled_by", "ruled_at")
    list_select_related = ("question", "ruled_by__organization")
    ordering = ("-pk",)


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin[Seal]):
    list_display = ("period", "digest", "transfer_count", "event_count", "sealed_by", "sealed_at")
    list_select_related = ("period", "sealed_by__organization")
    ordering = ("-period__starts_on",)


@admin.register(Task)
class TaskAdmin(AuditedAdmin[Task]):
    """The plan names no lead unit, so who leads, helps and by when is edited here; the rest is the plan's."""

    list_display = ("code", "name", "lead", "due_on", "rule")
    list_filter = ("plan", "lead")
    list_select_related = ("lead",)
    search_fields = ("name",)
    ordering = ("plan", "position")
    fields = ("code", "name", "clause", "rule", "counting_rule", "lead", "helpers", "due_on")
    readonly_fields = ("code", "name", "clause", "rule", "counting_rule")
    filter_horizontal = ("helpers",)


@admin.register(Period)
class PeriodAdmin(AuditedAdmin[Period]):
    list_display = ("code", "as_of", "due_on", "review_due_on", "report_due_on", "is_closed")
    ordering = ("-starts_on",)
    readonly_fields = ("code", "starts_on", "ends_on", "is_closed")

    def save_model(
        self, request: HttpRequest, obj: Period, form: forms.ModelForm[Period], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        filings.reschedule(obj)


class RegisterChoice(forms.ModelForm[Assignment]):
    """The register by its name instead of its code."""

    register = forms.ChoiceField(
        label="台账", choices=lambda: [(r.code, r.name) for r in all_registers().values()]
    )


@admin.register(Assignment)
class AssignmentAdmin(AuditedAdmin[Assignment]):
    form = RegisterChoice
    list_display = ("register", "organization", "duty")
    list_filter = ("register", "duty")
    list_select_related = ("organization",)
    ordering = ("register", "duty", "organization")

    def save_model(self, request: HttpRequest, obj: Assignment, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for period in Period.objects.filter(is_closed=False):
            filings.ensure_filings(period)


@admin.register(LineAlias)
class LineAliasAdmin(AuditedAdmin[LineAlias]):
    list_display = ("name", "line")
    list_select_related = ("line",)
    search_fields = ("name",)
    ordering = ("line", "name")


class HeadingChoice(forms.ModelForm[HeadingAlias]):
    """Register and column in one list; a heading that means another column already is refused."""

    where = forms.ChoiceField(
        label="台账和栏目",
        choices=lambda: [
            (r.name, [(f"{r.code}:{c.name}", f"{r.name}　{c.label}") for c in r.columns])
            for r in all_registers().values()
            if r.columns
        ],
    )

    class Meta:
        model = HeadingAlias
        fields = ("heading",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["where"].initial = f"{self.instance.register}:{self.instance.column}"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "where" in data:
            self.instance.register, _, self.instance.column = data["where"].partition(":")
        own = get_register(self.instance.register).columns if self.instance.register else ()
        for column in own:
            known = {plain(text) for text in (column.label, *column.aliases)}
            if plain(data.get("heading", "")) in known and column.name != self.instance.column:
                self.add_error("heading", f"这种写法已是“{column.label}”，请换一个，或改选栏目。")
        return data


@admin.register(HeadingAlias)
class HeadingAliasAdmin(AuditedAdmin[HeadingAlias]):
    form = HeadingChoice
    fields = ("where", "heading")
    list_display = ("heading", "register_name", "column_label")
    search_fields = ("heading",)
    list_filter = ("register",)
    ordering = ("register", "column", "heading")

    @admin.display(description="台账")
    def register_name(self, alias: HeadingAlias) -> str:
        return name_of(alias.register)

    @admin.display(description="栏目")
    def column_label(self, alias: HeadingAlias) -> str:
        register = all_registers().get(alias.register)
        labels = {column.name: column.label for column in register.columns} if register else {}
        return labels.get(alias.column, alias.column)


@admin.register(ThresholdChange)
class ThresholdChangeAdmin(ReadOnlyAdmin[ThresholdChange]):
    """What the page 参数与期限 changed; changed there only."""

    list_display = ("code", "old", "new", "reason", "by", "at")
    list_select_related = ("by__organization",)
    ordering = ("-pk",)


class RegisterRowAdmin(ReadOnlyAdmin[Detail]):
    """The rows of a register, every submitted version, as its columns say; personal columns masked as in exports."""

    list_display = ("entry_id", "version", "__str__")
    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, obj: Detail | None = None) -> bool:
        return isinstance(request.user, User) and may_review(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Detail]:
        return super().get_queryset(request).select_related("entry", *self.register.pointers())

    def get_fields(self, request: HttpRequest, obj: Detail | None = None) -> list[Any]:
        return ["entry_id", "version", *self.shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Detail | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    register: Register
    shown: list[Any]


def _shows(register: Register, name: str, label: str) -> Any:
    @admin.display(description=label)
    def show(row: Detail) -> str:
        return register.values(row, published=True)[name]

    show.__name__ = f"shown_{name}"
    return show


def _register_rows() -> None:
    """One page a register with columns; an app adds none of its own."""
    for register in all_registers().values():
        if register.columns and not admin.site.is_registered(register.model):
            shown = [_shows(register, column.name, column.label) for column in register.columns]
            page = type(f"{register.code}_admin", (RegisterRowAdmin,), {"register": register, "shown": shown})
            admin.site.register(register.model, page)


_register_rows()
