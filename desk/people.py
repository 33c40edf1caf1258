"""In which entries a person took part: the directory's masked card, and beside it what the ledger has of them."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from directory.access import role_required, signed_in
from directory.people import merged_members, survivors
from directory.people_views import ROLES, masked, visible
from ledger.figures import TookPart, entries_naming, took_part
from ledger.models import Entry

PER_PAGE = 50


@never_cache
@role_required(*ROLES)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """The entries that name a person, also under another registration that was merged with theirs."""
    user, found = signed_in(request), visible(request, pk)
    ids = set(merged_members(survivors([found.pk]).values()))
    page = Paginator(entries_naming(ids, user=user), PER_PAGE).get_page(request.GET.get("page"))
    parts = took_part(page.object_list, ids)
    return render(
        request,
        "desk/person.html",
        {
            "person": masked(found, user),
            "page": page,
            "rows": [
                (entry, parts[entry.pk].units, _counting(entry, parts[entry.pk]))
                for entry in page.object_list
            ],
        },
    )


def _counting(entry: Entry, part: TookPart) -> list[str]:
    """What the entry does to the counts, now or once it is approved."""
    if entry.state == Entry.State.APPROVED and entry.subject.in_force_id != entry.pk:
        return ["已冲销，不再计入" if entry.subject.in_force_id is None else "以后续记录为准"]
    if entry.state not in (Entry.State.SUBMITTED, Entry.State.APPROVED):
        return ["未通过，不计入"]
    counted = "计入" if entry.state == Entry.State.APPROVED else "审核通过后计入"
    said = [f"{counted}：{'、'.join(part.by)}"] if part.by else []
    return said + ([f"不计入：{'、'.join(part.not_by)}（当日不符合条件）"] if part.not_by else [])
