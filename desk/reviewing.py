"""The bureau's review: the queue, one decision at a time, and many at once."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from desk import figures
from desk.access import current_user, staff
from desk.views import find_entry, paged, show_entry, version_seen
from directory.models import User
from ledger import actions, lists, together
from ledger.acting import ReasonMissing
from ledger.filters import EntryFilter
from ledger.models import Entry
from ledger.permissions import may_review
from ledger.refusals import Refusal

MOST_AT_ONCE = 50  # a page of the queue


@never_cache
@staff
def queue(request: HttpRequest) -> HttpResponse:
    """审核队列, and the bulk approval of what is ticked in it."""
    user = _reviewer(request)
    if request.method == "POST":
        return _approve_many(request, user)
    filters = EntryFilter(request.GET, user=user, drop=("state", "mine", "sort", "all"))
    wanted = filters.wanted()
    rows, rest = figures.queue(user, wanted)
    page = paged(request, rows)
    return render(
        request,
        "desk/review.html",
        {
            "filters": filters,
            "wanted": wanted,
            "looked": lists.looked(wanted, rest),
            "page": page,
            "batches": figures.waiting_batches(user) if not wanted and page.number == 1 else [],
            "rows": figures.waiting_rows(user, page),
            "today": timezone.localdate(),
        },
    )


def _approve_many(request: HttpRequest, user: User) -> HttpResponse:
    versions: dict[int, int] = {}
    for text in request.POST.getlist("seen")[:MOST_AT_ONCE]:
        pk, _, version = text.partition(":")
        if pk.isdigit() and version.isdigit() and len(pk) < 16:
            versions[int(pk)] = int(version[:5])
    if not versions:
        messages.error(request, "请先勾选要通过的记录。")
        return redirect("desk:review")
    rows = Entry.objects.for_user(user).select_related(*lists.WITH_NAMES)
    found = rows.filter(pk__in=versions).order_by("submitted_at", "pk")
    outcomes = together.approve_many(
        by=user, on=timezone.localdate(), seen=[(entry, versions[entry.pk]) for entry in found]
    )
    approved = [one.entry for one in outcomes if not one.refusal]
    posted = {
        entry.pk: entry
        for entry in rows.select_related("posted_period").filter(pk__in=[entry.pk for entry in approved])
    }
    return render(
        request,
        "desk/reviewed.html",
        {
            "approved": [posted[entry.pk] for entry in approved],
            "skipped": [one for one in outcomes if one.refusal],
        },
    )


@never_cache
@staff
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or return the version seen, then go on to the next one waiting."""
    entry = find_entry(current_user(request), pk)
    user = _reviewer(request)
    if request.method != "POST":
        return redirect("desk:entry", entry.pk)
    reason = request.POST.get("reason", "")
    remarks = {
        name.removeprefix("remark-"): text[:500]
        for name, text in request.POST.items()
        if name.startswith("remark-") and isinstance(text, str) and text.strip()
    }
    on, version = timezone.localdate(), version_seen(request)
    try:
        if request.POST.get("decision") == "return":
            actions.return_entry(
                by=user, on=on, entry=entry, version=version, reason=reason[:500], fields=remarks
            )
            messages.success(request, f"{entry.pk} 号记录已退回{entry.filed_for}。")
        elif reason.strip() or remarks:
            # an opinion typed beside a click on 通过 would vanish without anybody reading it
            raise ReasonMissing("您写了意见却选了“通过”。要退回请点“退回”；确认通过请先清空意见。")
        else:
            posted = actions.approve(by=user, on=on, entry=entry, version=version)
            messages.success(request, f"{entry.pk} 号记录已通过，记入{posted.period.label}。{posted.note}")
    except Refusal as refusal:
        return show_entry(
            request, find_entry(user, pk), refusal=refusal.message, typed_reason=reason, typed_remarks=remarks
        )
    following = figures.next_waiting(user, entry)
    if following is None:
        messages.info(request, "没有待您审核的记录了。")
        return redirect("desk:review")
    return redirect("desk:entry", following.pk)


def _reviewer(request: HttpRequest) -> User:
    user = current_user(request)
    if not may_review(user):
        raise PermissionDenied
    return user
