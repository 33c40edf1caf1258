"""The staff's pages: what I have to do, what was filed, one entry with its voucher and files, and the unit's own verbs."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Page
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from audit.events import record
from desk import figures
from desk.access import current_user, staff
from desk.capitals import capitals
from desk.forms import ReasonForm, as_uuid
from directory.models import User
from ledger import actions, bookkeeping, evidence, lists, saved
from ledger.filters import NO_NUMBERS, EntryFilter
from ledger.models import Entry, Evidence, Filing, Unit
from ledger.refusals import Refusal
from ledger.registers import name_of


@never_cache
@staff
def home(request: HttpRequest) -> HttpResponse:
    """我的工作."""
    today = timezone.localdate()
    return render(
        request, "desk/home.html", {"home": figures.home(current_user(request), today), "today": today}
    )


@staff
def nil(request: HttpRequest, pk: int) -> HttpResponse:
    """Declare 本期无 for a filing, after asking."""
    user = current_user(request)
    rows = Filing.objects.for_user(user).select_related("period", "organization")
    filing = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        try:
            bookkeeping.declare_nil(by=user, on=timezone.localdate(), filing=filing)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"已申报{filing.period.label}“{name_of(filing.register)}”本期无。")
        return redirect("desk:home")
    return render(
        request,
        "desk/confirm.html",
        {
            "heading": "申报本期无？",
            "text": f"{filing.organization}{filing.period.label}没有“{name_of(filing.register)}”的业务。"
            "申报后如又有业务，照常填报即可，本期无会自动取消。",
            "verb": "确认本期无",
            "back": reverse("desk:home"),
        },
    )


@never_cache
@staff
def entries(request: HttpRequest) -> HttpResponse:
    """填报记录: what the user may see, filtered."""
    user = current_user(request)
    filters = EntryFilter(request.GET, user=user)
    wanted = filters.wanted()
    if "q" in filters.errors:  # as soon as it is noticed, the number goes out of the address
        messages.error(request, NO_NUMBERS)
        return redirect(f"{reverse('desk:entries')}?{filters.query().urlencode()}")
    rows, rest = lists.entries_of_stage(user, wanted)
    page = paged(request, rows)
    columns = filters.headings
    returned = figures.returned_entries(user).order_by().count() if not wanted else 0
    query, kept = filters.query().urlencode(), saved.saved_filters(user)
    return render(
        request,
        "desk/entries.html",
        {
            "filters": filters,
            "wanted": wanted,
            "page": page,
            "lines": lists.lines(page, columns),
            "columns": columns[len(lists.HEAD) :],
            "returned": returned,
            "query": query,
            "saved": kept,
            "is_saved": any(one.query == query for one in kept),
            "looked": lists.looked(wanted, rest),
        },
    )


def paged(request: HttpRequest, rows: QuerySet[Entry]) -> Page[Entry]:
    """The page asked for by ?page=; the nearest one for a number out of range."""
    return lists.Pages(rows).get_page(request.GET.get("page"))


# --- one entry --------------------------------------------------------------------------------------------------


@never_cache
@staff
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with everything that belongs to it; ?version= shows an earlier one."""
    found = find_entry(current_user(request), pk)
    version = request.GET.get("version", "")
    return show_entry(request, found, int(version[:5]) if version.isascii() and version.isdigit() else None)


def show_entry(request: HttpRequest, found: Entry, version: int | None = None, **more: Any) -> HttpResponse:
    """The entry's page; `more` carries what a refused decision typed and why it was refused."""
    try:
        page = figures.entry_page(current_user(request), found, version)
    except ObjectDoesNotExist:
        raise Http404 from None
    return render(
        request,
        "desk/entry.html",
        {
            "page": page,
            "entry": found,
            "accepted": evidence.ACCEPTED,
            "largest": evidence.LARGEST // 1024 // 1024,
            "today": timezone.localdate(),
            **more,
        },
    )


def find_entry(user: User, pk: int) -> Entry:
    """An entry in the user's scope, with what its page names. Http404 for all others, as if they did not exist."""
    rows = Entry.objects.for_user(user, few=True).select_related(
        *lists.WITH_NAMES, "decided_by__organization"
    )
    return get_object_or_404(rows, pk=pk)


@never_cache
@staff
def voucher(request: HttpRequest, pk: int) -> HttpResponse:
    """The entry as a sheet of paper: amount in figures and capitals, who signed, which files with their hashes."""
    found = find_entry(current_user(request), pk)
    page = figures.entry_page(current_user(request), found)
    is_money = page.register.amount_unit == Unit.FEN
    words = capitals(found.amount) if found.amount is not None and is_money else ""
    # amount and date stand at the head of the sheet; the others two to a row, so that it fits on half an A4
    facts = [f for f in page.fields if f.value and f.name != "amount" and f.label != "发生日期"]
    return render(
        request,
        "desk/voucher.html",
        {
            "page": page,
            "entry": found,
            "words": words,
            "pairs": [facts[n : n + 2] for n in range(0, len(facts), 2)],
            "now": timezone.localtime(),
        },
    )


@staff
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an undecided entry back, after asking; then it can be edited or left."""
    user = current_user(request)
    found = find_entry(user, pk)
    if request.method != "POST":
        return render(
            request,
            "desk/confirm.html",
            {
                "heading": f"撤回 {found.pk} 号记录？",
                "about": found.summary,
                "text": "撤回后这条记录不算数，可以修改后重新提交；不再要报的，撤回后可以作废。",
                "verb": "撤回",
                "hidden": {"version": found.version},
                "back": reverse("desk:entry", args=[found.pk]),
            },
        )
    try:
        actions.withdraw(by=user, on=timezone.localdate(), entry=found, version=version_seen(request))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{found.pk} 号记录已撤回，可以修改后重新提交。")
    return redirect(_next(request) or reverse("desk:entry", args=[found.pk]))


@never_cache
@staff
def void(request: HttpRequest, pk: int) -> HttpResponse:
    """Set a returned or withdrawn entry that nobody wants any more to 作废, after asking why."""
    user = current_user(request)
    found = find_entry(user, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" and not figures.allowed(user, found, False).void:
        messages.warning(
            request,
            f"这条记录{found.get_state_display()}，现在不能作废：只有本单位退回或撤回的记录可以作废。",
        )
        return redirect("desk:entry", found.pk)
    if request.method == "POST" and form.is_valid():
        try:
            actions.void(
                by=user,
                on=timezone.localdate(),
                entry=found,
                version=version_seen(request),
                reason=form.cleaned_data["reason"],
            )
        except Refusal as refusal:
            for name, texts in refusal.fields.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            messages.success(request, f"{found.pk} 号记录已作废。同一笔业务如仍要报，请重新填报。")
            return redirect("desk:entry", found.pk)
    return render(
        request,
        "desk/confirm.html",
        {
            "heading": f"作废 {found.pk} 号记录？",
            "about": found.summary,
            "text": "作废后不能恢复，也不能再修改提交；记录和作废理由仍可查看。同一笔业务以后可以重新填报。",
            "verb": "作废",
            "form": form,
            "hidden": {"version": request.POST.get("version", found.version)},
            "back": reverse("desk:entry", args=[found.pk]),
        },
        status=422 if form.errors else 200,
    )


@never_cache
@staff
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """签收 or 确认 of an approved entry by the unit it is addressed to, after asking."""
    user = current_user(request)
    found = find_entry(user, pk)
    page = figures.entry_page(user, found)
    what = page.acknowledging
    if request.method != "POST":
        if what is None or not page.allowed.acknowledge:
            messages.info(request, "这条记录现在没有要您签收或确认的。")
            return redirect("desk:entry", found.pk)
        return render(
            request,
            "desk/confirm.html",
            {
                "heading": f"{what.verb}？",
                "about": f"{found.pk} 号　{found.summary}",
                "text": f"{what.verb}后记下您的单位、姓名和时间，不能撤销；内容有出入的请先联系{found.filed_for}。",
                "verb": what.verb,
                "back": reverse("desk:entry", args=[found.pk]),
            },
        )
    try:
        actions.acknowledge(by=user, on=timezone.localdate(), entry=found)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{found.pk} 号记录：{what.done if what else '已签收'}。")
    return redirect("desk:entry", found.pk)


@staff
def attach(request: HttpRequest, pk: int) -> HttpResponse:
    """Hang further files on an undecided entry."""
    user = current_user(request)
    found = find_entry(user, pk)
    if request.method != "POST":
        return redirect("desk:entry", found.pk)
    if not figures.allowed(user, found, False).attach or user.organization is None:
        messages.error(request, "现在不能补充凭据：只有填报单位可以给待审核的记录补充凭据。")
        return redirect("desk:entry", found.pk)
    stored = []
    for upload in request.FILES.getlist("files"):
        try:
            stored.append(evidence.store(by=user, organization=user.organization, upload=upload))
        except Refusal as refusal:
            messages.error(request, refusal.message)
    if stored:
        try:
            actions.attach(
                by=user, on=timezone.localdate(), entry=found, version=version_seen(request), evidence=stored
            )
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"已补充 {len(stored)} 份凭据。")
    elif not request.FILES:
        messages.error(request, "请先选择要补充的文件。")
    return redirect("desk:entry", found.pk)


@never_cache
@staff
def reverse_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """File a 红冲: what the entry moved is taken back once a reviewer approves it."""
    user = current_user(request)
    found = find_entry(user, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.reverse(
                by=user,
                on=timezone.localdate(),
                entry=found,
                reason=form.cleaned_data["reason"],
                token=as_uuid(request.POST.get("token")),
            )
        except Refusal as refusal:
            refused = refusal.message
        else:
            messages.success(request, f"对 {found.pk} 号记录的红冲已提交（{made.pk} 号），等待审核。")
            return redirect("desk:entry", made.pk)
    return render(
        request,
        "desk/reverse.html",
        {
            "entry": found,
            "form": form,
            "refused": refused,
            "token": request.POST.get("token") or uuid.uuid4(),
            "page": figures.entry_page(user, found),
        },
    )


def version_seen(request: HttpRequest) -> int:
    """The version the page showed, 0 if it did not say: then the action answers that the entry has changed."""
    text = request.POST.get("version", "")
    return int(text[:5]) if text.isascii() and text.isdigit() else 0


def _next(request: HttpRequest) -> str:
    url = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else ""


# --- files ------------------------------------------------------------------------------------------------------

SHOWN_INLINE = frozenset({"application/pdf", "image/jpeg", "image/png"})


@staff
def evidence_file(request: HttpRequest, pk: int) -> FileResponse:
    """A stored file, for those who may see an entry it hangs on or whose unit uploaded it; 404 for all others.

    Whatever is inside, the browser must treat it as a picture or a document and never as a page of ours.
    """
    user = current_user(request)
    found = get_object_or_404(Evidence.objects.for_user(user), pk=pk)
    if not evidence.may_open(user, found):
        raise PermissionDenied("这份凭据写有受限儿童的资料，须由安全管理员专项授权后查看。")
    try:
        content = evidence.open_file(found)
    except FileNotFoundError:
        raise Http404 from None
    if found.addressee_id is not None:
        with transaction.atomic():
            record(
                verb="evidence.downloaded",
                by=user,
                target=f"ledger.evidence:{found.pk}",
                summary=f"下载“{found.name}”",
                details={"sha256": found.sha256, "size": found.size},
            )
    response = FileResponse(content, content_type=found.media_type)
    kind = "inline" if found.media_type in SHOWN_INLINE else "attachment"
    response["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(found.name, safe='')}"
    response["Content-Length"] = str(found.size)
    response["X-Content-Type-Options"] = "nosniff"
    # Older Chromium, common in offices, refuses to start its PDF viewer in a sandbox; a file that begins as a
    # PDF and must not be sniffed cannot become a page of ours anyway.
    sandbox = "" if found.media_type == "application/pdf" else "; sandbox"
    response["Content-Security-Policy"] = f"default-src 'none'; frame-ancestors 'none'{sandbox}"
    response["Cache-Control"] = "private, no-store"
    return response
