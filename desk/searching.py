"""查找: one box over entries, projects, people, units and documents, each as far as the user may see it.

The text goes by POST, so that nobody's number or name ever stands in an address. An address with ?q= works too, for
everything but people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from desk.access import current_user, staff
from directory import people
from directory.figures import MaskedPerson
from directory.identity import holds_number
from directory.models import Person, User
from directory.people_views import ROLES, masked
from ledger import finding, lists
from ledger.filters import NO_NUMBERS
from ledger.scope import scope_of

LONGEST = 60
AROUND = 24  # characters shown on each side of what was found in a long text
NAME = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]+·[\u4e00-\u9fff·]+")


@dataclass(frozen=True)
class Hit:
    """One thing found: where it leads ("" for nowhere), what it is called, what else tells it apart."""

    url: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class Group:
    """What was found of one kind. `more`: how many are not shown; `list_url`: where all of them stand, else the same
    search for this kind alone; `note`: why there may be less than there is; `further_url`: where it can be looked for
    further."""

    code: str
    name: str
    hits: list[Hit] = field(default_factory=list)
    count: int = 0
    goes_on: bool = False
    list_url: str = ""
    note: str = ""
    further_url: str = ""

    @property
    def more(self) -> int:
        return self.count - len(self.hits)


@sensitive_post_parameters("q")
@never_cache
@staff
def search(request: HttpRequest) -> HttpResponse:
    """What is found for the text, by kind; of one kind alone (`only`) more of it."""
    user, asked = current_user(request), request.POST if request.method == "POST" else request.GET
    text = " ".join(asked.get("q", "").split())[:LONGEST]
    number = holds_number(text)
    if number and request.method != "POST":  # it goes out of the address as soon as it is noticed
        messages.error(request, NO_NUMBERS)
        return redirect("desk:search")
    only = asked.get("only", "")
    groups = []
    if text:
        few = finding.SHOWN_ALONE if only in KINDS else finding.FIRST_FEW
        kinds = [only] if only in KINDS else list(KINDS)
        if number:  # looked for nowhere but in the directory, by its keyed hash
            kinds = ["people"]
        groups = [KINDS[kind](user, text, few, request.method == "POST") for kind in kinds]
    shown = [group for group in groups if group.hits or group.note]
    return render(
        request,
        "desk/search.html",
        {
            "looked_for": "" if number else text,
            "asked": bool(text),
            "groups": shown,
            "found": sum(group.count for group in groups),
            "only": only if only in KINDS else "",
            "people_too": user.role in ROLES,
            "by_post": request.method == "POST",
        },
    )


# --- the kinds ----------------------------------------------------------------------------------------------------


def _entries(user: User, text: str, few: int, posted: bool) -> Group:
    found, goes_on = finding.entries(user, text, few)
    hits = [
        Hit(
            reverse("desk:entry", args=[entry.pk]),
            f"{entry.pk} 号　{entry.summary}",
            f"{entry.filed_for} · {entry.occurred_on:%Y-%m-%d} · {lists.state_text(entry)}",
        )
        for entry in found.rows
    ]
    url = f"{reverse('desk:entries')}?{urlencode({'q': text})}"
    note = f"按文字找了最近的 {lists.LOOKED_THROUGH:,} 条记录。" if goes_on else ""
    return Group("entries", "记录", hits, found.count, found.goes_on, url, note, url if goes_on else "")


def _lines(user: User, text: str, few: int, posted: bool) -> Group:
    found = finding.lines(user, text, few)
    hits = [
        Hit(reverse("dashboard:line", args=[line.code]), f"{line.code}　{line.name}", line.place)
        for line in found.rows
    ]
    return Group("lines", "项目", hits, found.count, found.goes_on)


def _people(user: User, text: str, few: int, posted: bool) -> Group:
    """By number exactly, by name in part; every such search is kept and there are at most so many a minute
    (directory.people). A name finds no child, whom no page calls by name."""
    name = "人员"
    if user.role not in ROLES:
        return Group("people", name)
    try:
        if holds_number(text):
            if re.fullmatch(r"1\d{10}", re.sub(r"\D", "", text)):
                return Group("people", name, note="不能按电话查人，请用姓名或身份证号。")
            one = people.search_identity(by=user, number=text, on=timezone.localdate())
            found: list[Person] = [one] if one is not None else []
        elif posted and NAME.fullmatch(text):
            found = people.search_name(by=user, name=text, limit=finding.SHOWN_ALONE)
        else:
            return Group("people", name)
    except ValidationError as error:
        return Group("people", name, note="；".join(error.messages))
    except people.TooManySearches as refusal:
        return Group("people", name, note=str(refusal))
    shown = [masked(person, user) for person in _with_places(found)]
    if not holds_number(text):
        shown = [person for person in shown if not person.is_child]
    hits = [Hit(reverse("person", args=[person.pk]), person.name, _about(person)) for person in shown[:few]]
    return Group("people", name, hits, len(shown), len(shown) > finding.SHOWN_ALONE)


def _units(user: User, text: str, few: int, posted: bool) -> Group:
    found = finding.units(user, text, few)
    scope = scope_of(user)
    tells_apart = scope.everything or scope.registers
    hits = [
        Hit(
            f"{reverse('desk:entries')}?{urlencode({'unit': unit.code})}" if tells_apart else "",
            unit.name,
            f"{unit.get_side_display()} · {unit.get_kind_display()}{'' if unit.active else ' · 已停用'}",
        )
        for unit in found.rows
    ]
    return Group("units", "单位", hits, found.count, found.goes_on)


def _files(user: User, text: str, few: int, posted: bool) -> Group:
    found = finding.files(user, text, few)
    hits = [
        Hit(
            reverse("desk:evidence", args=[file.pk]),
            file.name,
            f"{file.organization} · {timezone.localdate(file.uploaded_at):%Y-%m-%d}",
        )
        for file in found.rows
    ]
    return Group("files", "凭据文件", hits, found.count, found.goes_on)


def _clauses(user: User, text: str, few: int, posted: bool) -> Group:
    found = finding.clauses(user, text, few)
    hits = [
        Hit(
            f"{reverse('dashboard:plan', args=[clause.plan.code])}#clause-{clause.position}",
            f"{clause.plan.year} 年方案　{clause.title}",
            _around(clause.text, text),
        )
        for clause in found.rows
    ]
    return Group("clauses", "方案条款", hits, found.count, found.goes_on)


Finder = Callable[[User, str, int, bool], Group]
KINDS: dict[str, Finder] = {
    "entries": _entries,
    "lines": _lines,
    "people": _people,
    "units": _units,
    "files": _files,
    "clauses": _clauses,
}


def _with_places(found: Iterable[Person]) -> list[Person]:
    """The same people with what `masked` shows of them. One query."""
    rows = Person.objects.select_related("organization", "division__parent")
    by_pk: dict[int, Any] = rows.in_bulk([person.pk for person in found])
    return [by_pk[person.pk] for person in found if person.pk in by_pk]


def _about(person: MaskedPerson) -> str:
    return " · ".join(part for part in (person.sex, person.years, person.place, person.unit) if part)


def _around(text: str, wanted: str) -> str:
    """The part of a long text in which the wanted one stands."""
    at = text.casefold().find(wanted.casefold())
    first, end = max(at - AROUND, 0), max(at, 0) + len(wanted) + AROUND
    return f"{'…' if first else ''}{text[first:end]}{'…' if end < len(text) else ''}"
