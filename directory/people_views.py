"""People: found, seen masked, and looked at in full for a reason. No value of theirs is ever in an address."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from directory import figures
from directory import people as actions
from directory.access import role_required, signed_in
from directory.actions import NotAllowed
from directory.forms import PersonSearchForm, RevealForm
from directory.models import Person, User
from directory.people import SECRETS, TooManySearches, may_reveal, people_for, sees_everybody

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
        "people": [_masked(person, user) for person in (found or [])[:SHOWN]],
        "more": found is not None and len(found) > SHOWN,
        "shown_at_most": SHOWN,
        "everybody": sees_everybody(user),
    }
    return render(request, "directory/people.html", context, status=status)


@never_cache
@role_required(*ROLES)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _person_page(request, _visible(request, pk), RevealForm())


@sensitive_post_parameters("reason")
@never_cache  # no-store: the values are on this one page and nowhere after it
@role_required(*ROLES)
@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    found = _visible(request, pk)
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


def _search(user: User, text: str) -> list[Person]:
    today = timezone.localdate()
    if any(character.isdigit() for character in text):
        found = actions.search_identity(by=user, number=text, on=today)
        return [found] if found else []
    return actions.search_name(by=user, name=text, limit=SHOWN)


def _visible(request: HttpRequest, pk: int) -> Person:
    people = people_for(signed_in(request)).select_related("organization", "division__parent")
    return get_object_or_404(people, pk=pk)


def _masked(person: Person, user: User) -> figures.MaskedPerson:
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
        "person": _masked(person, user),
        "facts": figures.facts_of(person),
        "merged_into": merged_into,
        "is_merged": person.merged_into_id is not None,
        "looks": figures.looks_at(person),
        "may_reveal": may_reveal(user, person),
        "form": form,
        "shown": shown,
    }
    return render(request, "directory/person.html", context, status=status)
