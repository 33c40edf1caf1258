"""Quarters and their closing, and handing a leaver's drafts over."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from desk import figures
from desk.access import current_user, staff, with_login
from desk.forms import HandOverForm
from directory.models import User
from ledger import bookkeeping
from ledger.models import Period
from ledger.permissions import may_close_books
from ledger.refusals import Refusal


@never_cache
@staff
def periods(request: HttpRequest) -> HttpResponse:
    """季度与关账."""
    user, today = current_user(request), timezone.localdate()
    return render(
        request,
        "desk/periods.html",
        {"quarters": figures.quarters(user, today), "may_close": may_close_books(user), "today": today},
    )


@never_cache
@staff
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Close a quarter, after showing what of it is still undecided and where that will go."""
    user = current_user(request)
    if not may_close_books(user):
        raise PermissionDenied
    period = get_object_or_404(Period, code=code)
    if request.method == "POST":
        try:
            seal = bookkeeping.close_period(by=user, on=timezone.localdate(), period=period)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"{period.label}已关账，封签 {seal.digest[:16]}。")
        return redirect("desk:periods")
    return render(request, "desk/close.html", {"closing": figures.closing(user, period)})


@never_cache
@with_login
def handover(request: HttpRequest) -> HttpResponse:
    """移交草稿: a head of unit within the unit, the system administrator anywhere. Nobody reads the drafts here."""
    user = current_user(request)
    if user.role not in (User.Role.HEAD, User.Role.SYSTEM_ADMIN):
        raise PermissionDenied
    form = HandOverForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        leaver, successor = form.cleaned_data["leaver"], form.cleaned_data["successor"]
        try:
            count = bookkeeping.hand_over_drafts(
                by=user, on=timezone.localdate(), leaver=leaver, successor=successor
            )
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"已把 {count} 份草稿移交给{successor}。")
            return redirect("desk:handover")
    return render(request, "desk/handover.html", {"form": form})
