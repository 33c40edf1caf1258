"""The audit trail in the admin: the auditor reads it, nobody writes it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from audit.models import Event


@admin.register(Event)
class EventAdmin(admin.ModelAdmin[Event]):
    list_display = ("at", "actor_name", "verb", "outcome", "target", "summary", "period")
    list_filter = ("outcome", "period", "verb")
    search_fields = ("=target", "actor_name", "summary")
    date_hierarchy = "at"
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
