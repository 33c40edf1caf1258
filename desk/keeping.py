"""常用筛选: what a user keeps of the lists they look at often. Their own alone."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from desk.access import current_user, staff
from ledger import saved
from ledger.filters import EntryFilter
from ledger.models import SavedFilter
from ledger.refusals import Refusal


@never_cache
@staff
def filters(request: HttpRequest) -> HttpResponse:
    """All of them, to open, rename and delete; a POST keeps a further one, of which only known filters are taken."""
    user = current_user(request)
    if request.method == "POST":
        asked = EntryFilter(QueryDict(request.POST.get("query", "")), user=user)
        back = f"{reverse('desk:entries')}?{asked.query().urlencode()}"
        try:
            kept = saved.save_filter(by=user, name=request.POST.get("name", ""), query=asked.query())
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"已保存筛选“{kept.name}”，以后在填报记录上方点它即可。")
        return redirect(back)
    return render(request, "desk/filters.html", {"saved": saved.saved_filters(user)})


@never_cache
@staff
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename one's own filter, or delete it."""
    user = current_user(request)
    try:
        if request.method != "POST":
            SavedFilter.objects.get(owner=user, pk=pk)
        elif request.POST.get("action") == "delete":
            saved.delete_filter(by=user, pk=pk)
            messages.success(request, "已删除。")
        else:
            saved.rename_filter(by=user, pk=pk, name=request.POST.get("name", ""))
            messages.success(request, "已改名。")
    except SavedFilter.DoesNotExist:
        raise Http404 from None
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("desk:filters")
