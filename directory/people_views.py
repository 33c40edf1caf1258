"""People: found, seen masked, looked at in full for a reason, put right. No value of theirs is ever in an address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from directory import facts, figures
from directory import people as actions
from directory.access import role_required, signed_in
from directory.actions import NotAllowed
from directory.forms import FactForm, PersonChangeForm, PersonSearchForm, RevealForm, WithdrawFactForm
from directory.models import Person, PersonFact, User
from directory.people import (
    SECRETS,
    PersonChanged,
    TooManySearches,
    may_reveal,
    people_for,
    sees_everybody,
)

ROLES = (User.Role.CLERK, User.Role.HEAD, User.Role.REVIEWER, User.Role.LEADER)
SHOWN = 50  # people of one search by name


@sensitive_post_parameters("q")
@never_cache
@role_required(*ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = PersonSearchForm(request.POST if request.method == "POST" else None)
    found: list[Person] | None = None
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            found = _search(user, form.cleaned_data["q"])
        except ValidationError as error:
            form.add_error("q", error.messages)
        except TooManySearches as refusal:
            form.add_error("q", str(refusal))
            status = 429
    if form.errors and status == 200:
        status = 422
    context: dict[str, Any] = {
        "form": form,
        "searched": found is not None,
        "people": [masked(person, user) for person in (found or [])[:SHOWN]],
        "more": found is not None and len(found) > SHOWN,
        "shown_at_most": SHOWN,
        "everybody": sees_everybody(user),
    }
    return render(request, "directory/people.html", context, status=status)


@never_cache
@role_required(*ROLES)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _person_page(request, visible(request, pk), RevealForm())


@sensitive_post_parameters("reason")
@never_cache  # no-store: the values are on this one page and nowhere after it
@role_required(*ROLES)
@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible(request, pk)
    form = RevealForm(request.POST)
    if form.is_valid():
        try:
            values = actions.reveal(
                by=signed_in(request),
                person=found,
                reason=form.cleaned_data["reason"],
                fields=form.cleaned_data["fields_shown"],
            )
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except ValidationError as error:
            form.add_error("reason", error.messages)
        else:
            shown = [(SECRETS[key], value) for key, value in values.items()]
            return _person_page(request, found, RevealForm(), shown=shown)
    return _person_page(request, found, form, status=422)


@sensitive_post_parameters("name", "id_number", "birth_month", "phones", "division")
@never_cache
@role_required(*ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Put right what is known of a person; `seen` is the version the page showed."""
    found, user = _to_change(request, pk), signed_in(request)
    shown = masked(found, user)
    form = PersonChangeForm(request.POST if request.method == "POST" else None, shown=shown)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            kept = actions.change_person(
                by=user, on=timezone.localdate(), person=found, seen=_seen(request), **form.changes()
            )
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except PersonChanged:
            form.add_error(
                None,
                f"资料刚更新为第 {found.version} 版，这次没有保存。请核对下面各栏的现值；再次提交，即按您填的更正。",
            )
            status = 409
        except ValidationError as error:
            _add_errors(form, error)
        else:
            if kept.version == found.version:
                messages.info(request, "填写的与登记的一样，没有改动。")
            else:
                messages.success(request, f"已更正，现为第 {kept.version} 版。")
            return redirect("person", pk)
    if form.errors and status == 200:
        status = 422
    context = {"person": shown, "form": form, "seen": found.version}
    return render(request, "directory/person_change.html", context, status=status)


@never_cache
@role_required(*ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def fact_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Record since when a person is of a 户类型 or a 监测类别."""
    found, user = _to_change(request, pk), signed_in(request)
    form = FactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            facts.add_fact(by=user, person=found, kind=form.kind, **said)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except facts.FactClash:
            form.add_error(
                "valid_from", "这一天已登记了不同的类别；原来的有误，请先撤销原来的，否则请核对日期。"
            )
        except ValidationError as error:
            _add_errors(form, error)
        else:
            new = PersonFact(kind=form.kind, value=said["value"])
            messages.success(request, f"已登记：{new}（自 {said['valid_from']} 起）。")
            return redirect("person", pk)
    context = {"person": masked(found, user), "form": form}
    return render(request, "directory/person_fact.html", context, status=422 if form.errors else 200)


@never_cache
@role_required(*ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def fact_withdraw(request: HttpRequest, pk: int, fact: int) -> HttpResponse:
    """Withdraw a fact that was wrong, after asking why."""
    found, user = _to_change(request, pk), signed_in(request)
    wrong = get_object_or_404(PersonFact.objects.select_related("person__division"), person=found, pk=fact)
    form = WithdrawFactForm(request.POST if request.method == "POST" else None)
    if wrong.withdrawn_at is not None:
        messages.info(request, "这一条已经撤销。")
        return redirect("person", pk)
    if request.method == "POST" and form.is_valid():
        try:
            facts.withdraw_fact(by=user, fact=wrong, reason=form.cleaned_data["reason"])
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, f"已撤销：{wrong}（自 {wrong.valid_from} 起）。")
            return redirect("person", pk)
    context = {"person": masked(found, user), "fact": wrong, "form": form}
    return render(request, "directory/person_fact_withdraw.html", context, status=422 if form.errors else 200)


def _to_change(request: HttpRequest, pk: int) -> Person:
    """The person, for those who may put them right; the action asks again. Raises Http404, PermissionDenied."""
    found = visible(request, pk)
    if not may_reveal(signed_in(request), found):
        raise PermissionDenied("只有本单位的填报员、负责人和区乡村振兴局审核员可以更正人员资料。")
    return found


def _seen(request: HttpRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _add_errors(form: forms.Form, error: ValidationError) -> None:
    """What an action refused, each at its field; at the head what has none."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, texts in by_field.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


def _search(user: User, text: str) -> list[Person]:
    today = timezone.localdate()
    if any(character.isdigit() for character in text):
        found = actions.search_identity(by=user, number=text, on=today)
        return [found] if found else []
    return actions.search_name(by=user, name=text, limit=SHOWN)


def visible(request: HttpRequest, pk: int) -> Person:
    """The person, if the user may open their masked page. Raises Http404."""
    people = people_for(signed_in(request)).select_related("organization", "division__parent")
    return get_object_or_404(people, pk=pk)


def masked(person: Person, user: User) -> figures.MaskedPerson:
    """The person as `user` may be shown them without a reason."""
    return figures.masked(person, on=timezone.localdate(), outside=user.role == User.Role.LEADER)


def _person_page(
    request: HttpRequest,
    person: Person,
    form: RevealForm,
    *,
    shown: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = signed_in(request)
    merged_into = people_for(user).filter(pk=person.merged_into_id).first() if person.merged_into_id else None
    context = {
        "person": masked(person, user),
        "facts": figures.facts_of(person),
        "merged_into": merged_into,
        "is_merged": person.merged_into_id is not None,
        "looks": figures.looks_at(person),
        "may_reveal": may_reveal(user, person),  # who may, may also change
        "form": form,
        "shown": shown,
    }
    return render(request, "directory/person.html", context, status=status)
