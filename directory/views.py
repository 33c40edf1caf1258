"""Logging in and out, one's own password; for the administrators, accounts and units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import events
from directory import actions, figures, forms, rights
from directory.access import role_required, signed_in
from directory.models import User

# Stays behind when the session runs out, and so tells "your time ran out" from "you never logged in".
WAS_SIGNED_IN = "signed_in"

USERS_PER_PAGE = 50


class Login(auth_views.LoginView):
    template_name = "directory/login.html"
    authentication_form = forms.LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        timed_out = self.request.method == "GET" and self.request.COOKIES.get(WAS_SIGNED_IN) == "1"
        return super().get_context_data(**kwargs, timed_out=timed_out)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        with transaction.atomic():
            user = signed_in(self.request)
            events.record(
                verb="user.logged_in", by=user, target=f"directory.user:{user.pk}", summary=f"登录：{user}"
            )
        response.set_cookie(
            WAS_SIGNED_IN, "1", httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if form.has_error(NON_FIELD_ERRORS):
            # What was typed is not kept: people type their password into the wrong field.
            pk = User.objects.filter(username=form.cleaned_data.get("username", "")).values_list(
                "pk", flat=True
            )
            target = f"directory.user:{pk[0]}" if pk else "directory.user"
            codes = [error.code for error in form.non_field_errors().as_data()]
            events.record_refusal(
                verb="user.login_refused",
                by=None,
                target=target,
                summary="登录失败",
                details={"reasons": codes},
            )
        return super().form_invalid(form)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        with transaction.atomic():
            user = request.user
            events.record(
                verb="user.logged_out", by=user, target=f"directory.user:{user.pk}", summary=f"退出：{user}"
            )
    response = auth_views.LogoutView.as_view()(request)
    assert isinstance(response, HttpResponse)
    response.delete_cookie(WAS_SIGNED_IN, samesite="Lax")
    return response


@require_safe
def admin_login(request: HttpRequest) -> HttpResponse:
    """Django's admin has a log-in page of its own, past our rules and our trail: ours stands in its place."""
    if request.user.is_authenticated:
        raise PermissionDenied  # logged in, but not a role that belongs into the admin
    return redirect(f"{reverse('login')}?{request.GET.urlencode()}")


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = forms.PasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_password(by=user, new_password=form.cleaned_data["new_password"])
        except ValidationError as error:
            form.add_error("new_password", error.messages)
        else:
            update_session_auth_hash(request, user)  # this session stays, all others of the user end
            messages.success(request, "密码已修改。其他地方的登录已全部退出。")
            return redirect(_local(request.POST.get("next", ""), request))
    context = {
        "form": form,
        "next": request.POST.get("next", request.GET.get("next", "")),
        "must": user.must_change_password,
        "expired": not user.must_change_password and user.password_expired(timezone.now()),
    }
    return render(request, "directory/password_change.html", context)


@role_required(*User.ADMINISTRATORS)
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = forms.UserFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = figures.users(
        now=now,
        text=chosen.get("q", ""),
        organization=chosen.get("organization"),
        state=chosen.get("state", ""),
    )
    page = Paginator(found, USERS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [(user, user.idle_too_long(now)) for user in page]
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "rows": rows, "query": query.urlencode()}
    return render(request, "directory/users.html", context)


@never_cache
@role_required(User.Role.SYSTEM_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def user_new(request: HttpRequest) -> HttpResponse:
    form = forms.UserForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_user(by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            _show(form, error)
        else:
            return _show_password(request, made.user, made.password)
    return render(request, "directory/user_new.html", {"form": form})


@role_required(*User.ADMINISTRATORS)
@require_safe
def user(request: HttpRequest, pk: int) -> HttpResponse:
    return _user_page(request, _person(pk))


@never_cache
@role_required(User.Role.SYSTEM_ADMIN)
@require_POST
def user_password(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(pk)
    try:
        password = actions.reset_password(by=signed_in(request), user=person)
    except actions.NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("user", pk=pk)
    return _show_password(request, person, password)


@role_required(User.Role.SYSTEM_ADMIN)
@require_POST
def user_name(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(pk)
    form = forms.NameForm(request.POST)
    if not form.is_valid():
        return _user_page(request, person, name_form=form)
    actions.rename_user(by=signed_in(request), user=person, full_name=form.cleaned_data["full_name"])
    messages.success(request, f"姓名已更正：{person}。")
    return redirect("user", pk=pk)


@role_required(User.Role.SYSTEM_ADMIN)
@require_POST
def user_active(request: HttpRequest, pk: int) -> HttpResponse:
    """POST active=1 puts the account back into use, anything else takes it out."""
    person = _person(pk)
    active = request.POST.get("active") == "1"
    try:
        if active:
            actions.reactivate_user(by=signed_in(request), user=person)
        else:
            actions.deactivate_user(by=signed_in(request), user=person)
    except actions.NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"账号已{'恢复' if active else '停用'}：{person}。")
    return redirect("user", pk=pk)


@role_required(User.Role.SECURITY_ADMIN)
@require_POST
def user_role(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(pk)
    form = forms.RoleForm(request.POST)
    if form.is_valid():
        try:
            actions.change_role(by=signed_in(request), user=person, role=form.cleaned_data["role"])
        except actions.NotAllowed as refusal:
            messages.error(request, str(refusal))
            return redirect("user", pk=pk)
        except ValidationError as error:
            form.add_error("role", error.messages)
        else:
            messages.success(request, f"角色已调整：{person}，现为{person.get_role_display()}。")
            return redirect("user", pk=pk)
    return _user_page(request, person, role_form=form)


@role_required(User.Role.SECURITY_ADMIN)
@require_POST
def user_grant(request: HttpRequest, pk: int) -> HttpResponse:
    """POST grant=1 gives the named right, anything else takes it back."""
    person = _person(pk)
    form = forms.GrantForm(request.POST)
    given = request.POST.get("grant") == "1"
    if form.is_valid():
        change = rights.grant if given else rights.revoke
        try:
            change(by=signed_in(request), user=person, reason=form.cleaned_data["reason"])
        except actions.NotAllowed as refusal:
            messages.error(request, str(refusal))
            return redirect("user", pk=pk)
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, f"{'已授权' if given else '已收回授权'}：{person}。")
            return redirect("user", pk=pk)
    return _user_page(request, person, grant_form=form)


@role_required(*User.ADMINISTRATORS)
@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    return render(request, "directory/organizations.html", {"organizations": figures.organizations()})


@role_required(User.Role.SYSTEM_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_new(request: HttpRequest) -> HttpResponse:
    form = forms.OrganizationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_organization(by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, f"单位已建立：{made}。")
            return redirect("organizations")
    return render(request, "directory/organization_new.html", {"form": form})


def _person(pk: int) -> User:
    return get_object_or_404(User.objects.select_related("organization"), pk=pk, is_system=False)


def _user_page(request: HttpRequest, person: User, **forms_with_errors: BaseForm) -> HttpResponse:
    context = {
        "person": person,
        "idle": person.idle_too_long(timezone.now()),
        "role_form": forms.RoleForm(initial={"role": person.role}),
        "name_form": forms.NameForm(initial={"full_name": person.full_name}),
        "grant_form": forms.GrantForm(),
        "grants": rights.grants_of(person),
        **forms_with_errors,
    }
    return render(request, "directory/user.html", context)


def _show_password(request: HttpRequest, person: User, password: str) -> HttpResponse:
    # In the answer itself, not after a redirect: it would have to wait in the session, in the database.
    return render(request, "directory/one_time_password.html", {"person": person, "password": password})


def _show(form: BaseForm, error: ValidationError) -> None:
    """An action's errors at their fields; those of a field the form has not, above the form."""
    for name, problems in error.message_dict.items():
        form.add_error(name if name in form.fields else None, problems)


def _local(address: str, request: HttpRequest) -> str:
    """`address` if it is one of this site, else the first page."""
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return resolve_url(settings.LOGIN_REDIRECT_URL)
