"""The application's addresses, the bare page and the naive one."""

from __future__ import annotations

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from directory.access import role_required
from directory.models import User
from ledger.models import Participation, Transfer
from rongshan.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

STAGES = ("arranged", "allocated", "disbursed", "spent", "claimed")


def rows_of(size: int) -> list[list[str]]:
    """Constant cells, so many that the page is about as big as the first screen."""
    cells = [f"{n:,}.00" for n in range(1_000_000, 1_000_000 + max(0, size - 6500) // 49)]
    return [cells[start : start + 8] for start in range(0, len(cells), 8)]


@role_required(User.Role.LEADER, User.Role.CLERK)
def bare(request: HttpRequest) -> HttpResponse:
    """A page of the given size behind the same log-in and shell that asks for nothing and works nothing out."""
    return render(request, "bare.html", {"rows": rows_of(int(request.GET["size"]))})


@role_required(User.Role.LEADER)
def naive(request: HttpRequest) -> HttpResponse:
    """The same figures summed from the transfers and counted from the participations at every request."""
    into = {stage: Sum("amount", filter=Q(target__stage=stage), default=0) for stage in STAGES}
    out = {f"from_{stage}": Sum("amount", filter=Q(source__stage=stage), default=0) for stage in STAGES}
    sums = Transfer.objects.aggregate(**into, **out)
    people = Participation.objects.filter(eligible=True, entry__state="approved")
    counts = people.values_list("account__code").annotate(n=Count("person", distinct=True))
    rows = [[str(value) for value in sums.values()], *([code, f"{n:,}"] for code, n in counts)]
    return render(request, "bare.html", {"rows": rows + rows_of(int(request.GET["size"]))})


urlpatterns = [path("bare/", bare), path("naive/", naive), *urlpatterns]
