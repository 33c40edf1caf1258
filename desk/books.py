"""Quarters and their closing, the values the bureau may change, and handing a leaver's drafts over."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from desk import figures
from desk.access import current_user, staff, with_login
from desk.forms import HandOverForm, ParameterForm
from directory.models import User
from ledger import bookkeeping
from ledger import parameters as ledger_parameters
from ledger.models import Period
from ledger.permissions import may_close_books
from ledger.refusals import Refusal


@never_cache
@staff
def periods(request: HttpRequest) -> HttpResponse:
    """季度与关账."""
    user, today = current_user(request), timezone.localdate()
    if user.role == User.Role.PARTNER:
        raise PermissionDenied
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
def parameters(request: HttpRequest) -> HttpResponse:
    """参数与期限: every value the bureau may change; the bureau changes, the others read."""
    user = _reader_of_parameters(request)
    return render(
        request,
        "desk/parameters.html",
        {"groups": ledger_parameters.shown(), "may_change": may_close_books(user), "role": user.role},
    )


@never_cache
@with_login
def parameter(request: HttpRequest, code: str) -> HttpResponse:
    """One parameter with its history; the bureau gives it another value, or its default again, and says why."""
    user = _reader_of_parameters(request)
    found = ledger_parameters.find(code)
    if found is None:
        raise Http404
    may_change = may_close_books(user)
    now = found.exact()
    form = ParameterForm(initial={"value": ledger_parameters.plain(now)})
    if request.method == "POST":
        to_default = request.POST.get("action") == "default"
        form = ParameterForm(request.POST, to_default=to_default)
        if form.is_valid():
            try:
                bookkeeping.set_parameter(
                    by=user,
                    on=timezone.localdate(),
                    parameter=found,
                    value=None if to_default else form.cleaned_data["value"],
                    seen=_decimal(request.POST.get("seen", "")),
                    reason=form.cleaned_data["reason"],
                )
            except Refusal as refusal:
                for name, texts in refusal.fields.items():
                    form.add_error(name if name in form.fields else None, texts)
            else:
                now = found.exact()
                messages.success(
                    request, f"“{found.name}”现为 {ledger_parameters.plain(now)} {found.unit}，即时生效。"
                )
                return redirect("desk:parameter", found.code)
    return render(
        request,
        "desk/parameter.html",
        {
            "parameter": found,
            "now": ledger_parameters.plain(now),
            "form": form,
            "may_change": may_change,
            "history": ledger_parameters.history(found),
        },
        status=(422 if may_change else 403) if form.errors else 200,
    )


def _reader_of_parameters(request: HttpRequest) -> User:
    """Everybody but the partner, with whom they are not shared."""
    user = current_user(request)
    if user.role == User.Role.PARTNER:
        raise PermissionDenied
    return user


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(-1)  # no parameter has it: then the action answers that the value has changed


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
