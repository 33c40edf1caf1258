"""Pages of Excel in and out. A file waits encrypted between preview and confirmation; every step works without JS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from audit.events import record
from directory.access import role_required, signed_in
from directory.identity import hide_numbers
from directory.models import Organization, User
from directory.rights import may_see_restricted
from ledger import batches
from ledger.acting import ReasonMissing, ReasonNamesPerson
from ledger.models import Batch, Entry, ImportJob, Period
from ledger.permissions import may_file, may_review
from ledger.refusals import Refusal
from ledger.registers import all_registers, get_register, name_of
from workbooks import deciding, jobs, planning, storage, writing
from workbooks.exporting import record_export
from workbooks.forms import DecideForm, OutForm, ReasonForm, UploadForm, VoidForm
from workbooks.reading import LARGEST, marked
from workbooks.voiding import preview_void

PER_PAGE = 50
WAITING = "workbooks"  # the session's key of files between preview and confirmation
MOST_WAITING = 5
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

staff = role_required(User.Role.CLERK, User.Role.HEAD, User.Role.REVIEWER)


@never_cache
@staff
def home(request: HttpRequest) -> HttpResponse:
    """Uploaded workbooks, and the way to a template, an export and a new upload."""
    user = signed_in(request)
    rows = Batch.objects.for_user(user).select_related("organization", "period", "uploaded_by__organization")
    page = Paginator(rows.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "workbooks/home.html",
        {"page": page, "form": OutForm(user=user), "may_file": may_file(user), "jobs": jobs.jobs_of(user)},
    )


@never_cache
@staff
def upload(request: HttpRequest) -> HttpResponse:
    """Choose unit, quarter and file; the file is read before anything is kept of it."""
    user = signed_in(request)
    form = UploadForm(user=user)
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES, user=user)
        if form.is_valid():
            file = form.cleaned_data["file"]
            if file.size > LARGEST:
                form.add_error("file", f"文件超过 {LARGEST // 1024 // 1024} MB，请分成几个文件上传。")
            else:
                sent = _upload(file.read(), file.name, form.cleaned_data)
                try:
                    sent, rows = planning.read_once(by=user, upload=sent)
                except Refusal as refusal:
                    form.add_error("file", refusal.message)
                else:
                    token = _hand_over(user, sent, rows) if rows > jobs.IN_REQUEST else wait(request, sent)
                    return redirect("workbooks:preview", token)
    return render(
        request,
        "workbooks/upload.html",
        {"form": form, "largest": LARGEST // 1024 // 1024, "most": planning.MOST_ROWS},
        status=422 if form.errors else 200,
    )


@never_cache
@staff
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """What the file would do; POST does it, all of it or the valid rows only."""
    user = signed_in(request)
    job = jobs.jobs_of(user, token).first()
    if job is not None:
        return _job(request, job)
    kept = waiting(request, token)
    if kept is None:
        messages.warning(request, "这次上传已经处理、取消或过期，请重新上传。")
        return _lead(request, reverse("workbooks:upload"))
    today = timezone.localdate()
    try:
        if request.method == "POST":
            valid_only = request.POST.get("rows") == "valid"
            report = planning.commit(
                by=user, on=today, upload=kept, valid_only=valid_only, seen=request.POST.get("seen", "")
            )
            if report.batch is not None:
                _forget(request, token)
                messages.success(
                    request,
                    f"已提交 {report.to_write} 行，等待审核。"
                    + (
                        f"有错误的 {report.bad_rows} 行没有导入，改正后可再次上传。"
                        if report.bad_rows
                        else ""
                    ),
                )
                return redirect("workbooks:batch", report.batch.pk)
        else:
            report = planning.preview(by=user, on=today, upload=kept)
    except planning.Changed as refusal:
        messages.warning(request, refusal.message)
        return redirect("workbooks:preview", token)
    except Refusal as refusal:
        _forget(request, token)
        messages.error(request, refusal.message)
        return redirect("workbooks:upload")
    page = report.as_page(jobs.SHOWN)
    storage.put_page(token, page)
    is_grid = request.session[WAITING][token].get("is_grid", False)
    shown = _shown(page, kept) | {"token": token, "grid_token": token if is_grid else ""}
    return render(request, "workbooks/preview.html", shown)


@never_cache
@staff
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The uploaded file with what the preview found marked in it: made on request, kept nowhere."""
    user = signed_in(request)
    job = jobs.jobs_of(user, token).first()
    kept = waiting(request, token) if job is None else None
    try:
        if job is not None and job.state == ImportJob.State.SHOWN:
            kept = jobs.upload_of(job)
        if kept is None:
            raise storage.NoSuchFile
        page = storage.get_page(token)
    except storage.NoSuchFile:
        messages.warning(request, "这次上传已经处理或已过期，请重新上传。")
        return redirect("workbooks:upload")
    headers = {sheet["name"]: sheet["header_row"] for sheet in page["sheets"]}
    try:
        data = marked(kept.data, page["marks"], headers)
    except Refusal as refusal:
        messages.error(request, f"没能标注这个文件：{refusal.message}")
        return redirect("workbooks:preview", token)
    return file_answer(data, f"{Path(kept.name).stem}（已标注）.xlsx", XLSX)


def _shown(
    page: dict[str, Any], upload: planning.Upload | ImportJob, job: ImportJob | None = None
) -> dict[str, Any]:
    errors = page["counts"]["errors"]
    closed = {one.name for one in all_registers().values() if one.is_restricted}
    named = [sheet["register"] for sheet in page["sheets"] if sheet["register"] in closed]
    return {
        "report": page,
        "upload": upload,
        # people name files after whom they are about
        "name": f"{named[0]}（文件名不显示）" if named else upload.name,
        "job": job,
        "shown": jobs.SHOWN,
        "may_all": page["to_write"] and not errors,
        "may_valid": page["to_write"] and errors and not page["stopped"],
    }


def _job(request: HttpRequest, job: ImportJob) -> HttpResponse:
    """A large file: how far the worker is, then what it found; POST confirms, starts anew or gives up."""
    if request.method == "POST":
        if "again" in request.POST:
            jobs.restart(job=job)
        elif "forget" in request.POST:
            if jobs.forget(job=job):
                return redirect("workbooks:upload")
        else:
            valid = request.POST.get("rows") == "valid"
            wants = ImportJob.Wants.VALID if valid else ImportJob.Wants.ALL
            jobs.confirm(job=job, wants=wants, seen=request.POST.get("seen", ""))
        return redirect("workbooks:preview", job.token)
    if jobs.is_left(job):  # a look in the queue does the same, unless it was lost with its worker, too
        jobs.look_after()
        return redirect("workbooks:preview", job.token)
    at_work = job.state in (ImportJob.State.ASKED, ImportJob.State.RUNNING)
    # before any redirect: htmx would follow it and put the other page into the box
    if request.headers.get("HX-Request") and not at_work:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if job.state == ImportJob.State.DONE and job.batch_id is not None:
        messages.success(request, f"“{job.name}”已导入，等待审核。")
        return redirect("workbooks:batch", job.batch_id)
    if job.state == ImportJob.State.SHOWN:
        try:
            return render(
                request,
                "workbooks/preview.html",
                {**_shown(storage.get_page(job.token), job, job), "token": job.token},
            )
        except storage.NoSuchFile:
            jobs.forget(job=job)
            messages.warning(request, "这次上传已过期，请重新上传。")
            return redirect("workbooks:upload")
    seconds = int((timezone.now() - (job.started_at or job.asked_at)).total_seconds())
    progress = storage.told(job.token)
    return render(
        request,
        "workbooks/job.html",
        {
            "job": job,
            "at_work": at_work,
            "stuck": jobs.is_stuck(job),
            "stopping": storage.is_stopped(job.token),
            "progress": progress,
            "left": progress.seconds_left(seconds),
            "seconds": seconds,
            "waits_long": job.state == ImportJob.State.ASKED
            and (timezone.now() - job.asked_at).total_seconds() > jobs.STALE,
        },
    )


@never_cache
@staff
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """What a workbook created, row by row, and how far each is."""
    user = signed_in(request)
    found = _batch(user, pk)
    rows = Entry.objects.for_user(user, few=True).filter(batch=found)
    counts = {
        (row["kind"], row["state"]): row["n"]
        for row in rows.order_by().values("kind", "state").annotate(n=Count("pk", distinct=True))
    }
    states = [
        (f"{Entry.Kind(kind).label}　{Entry.State(state).label}", number)
        for (kind, state), number in sorted(counts.items())
    ]
    page = Paginator(rows.select_related("filed_for").order_by("pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return render(
        request,
        "workbooks/batch.html",
        {
            "batch": found,
            "registers": [name_of(code) for code in found.registers],
            "states": states,
            "page": page,
            "may_void": may_file(user)
            and user.organization_id == found.organization_id
            and batches.may_be_voided(found),
            "may_open": _may_open(user, found),
            "to_review": sum(n for (_, state), n in counts.items() if state == Entry.State.SUBMITTED)
            if may_review(user)
            else 0,
        },
    )


@never_cache
@staff
def void(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a batch, step by step: what happens at once, what waits for a reviewer, which figures move."""
    user = signed_in(request)
    found = _batch(user, pk)
    today = timezone.localdate()
    form = VoidForm(request.POST if request.method == "POST" else None)
    try:
        if not batches.may_be_voided(found):
            messages.info(request, f"{found.pk} 号批次已经作废。")
            return redirect("workbooks:batch", found.pk)
        if request.method == "POST" and form.is_valid():
            done = batches.void_batch(by=user, on=today, batch=found, reason=form.cleaned_data["reason"])
            messages.success(
                request,
                f"{found.pk} 号批次已作废：{len(done.void)} 条未审的立即作废，"
                f"{len(done.reversals)} 条已通过的提交了红冲，等待审核。",
            )
            return redirect("workbooks:batch", found.pk)
        undoing = preview_void(by=user, on=today, batch=found)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("workbooks:batch", found.pk)
    return render(
        request,
        "workbooks/void.html",
        {
            "batch": found,
            "form": form,
            "undoing": undoing,
            "total": undoing.void + undoing.reversals + undoing.left,
        },
    )


@never_cache
@staff
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What waits of a batch, decided as a whole: first what that would change, then as many rows a request as a few seconds
    allow. The page of a step sends the next one by itself; without JavaScript its button does."""
    user = signed_in(request)
    if not may_review(user):
        raise PermissionDenied
    found, today = _batch(user, pk), timezone.localdate()
    here = reverse("workbooks:decide", args=[found.pk])
    form = DecideForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        told = {"by": user, "on": today, "batch": found, "seen": asked["seen"], "after": asked["after"]}
        approving = asked["decision"] == "approve"
        try:
            step = (
                deciding.approve_step(**told)
                if approving
                else deciding.return_step(**told, reason=asked["reason"])
            )
        except (ReasonMissing, ReasonNamesPerson) as refusal:
            form.add_error("reason", refusal.message)
        except Refusal as refusal:
            messages.warning(request, refusal.message)
            return _lead(request, here)
        else:
            decided, refused = asked["decided"] + step.decided, asked["refused"] + step.refused
            if step.left:
                whole = decided + refused + step.left
                shown = {"batch": found, "approving": approving, "reason": asked["reason"], "step": step}
                shown |= {
                    "decided": decided,
                    "refused": refused,
                    "percent": 100 * (whole - step.left) // whole,
                }
                return render(request, "workbooks/deciding.html", shown)
            if decided:
                messages.success(
                    request, f"{found.pk} 号批次：已{'通过' if approving else '退回'} {decided} 条。"
                )
            if refused:
                messages.warning(request, f"有 {refused} 条没有{'通过' if approving else '退回'}，原因见下。")
            return _lead(request, here if refused else reverse("workbooks:batch", args=[found.pk]))
    if form.errors and "reason" not in form.errors:  # not sent by the page
        messages.warning(request, "没有收到完整的内容，请再点一次。")
        return _lead(request, here)
    waits = deciding.pending(by=user, on=today, batch=found)
    shown = {"batch": found, "form": form, "waits": waits}
    return render(request, "workbooks/decide.html", shown, status=422 if form.errors else 200)


@staff
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was uploaded, for its unit and the reviewers; every download is kept in the audit trail."""
    user = signed_in(request)
    found = _batch(user, pk)
    if not _may_open(user, found):
        raise PermissionDenied
    try:
        data = storage.original(found.path)
    except FileNotFoundError:
        raise Http404 from None
    with transaction.atomic():
        record(
            verb="batch.downloaded",
            by=user,
            target=f"ledger.batch:{found.pk}",
            summary=f"下载 {found.pk} 号批次的原始文件",
        )
    return file_answer(data, found.name, "application/octet-stream")


@staff
def template(request: HttpRequest) -> HttpResponse:
    """An empty workbook to fill in: ?register=&organization=&period=."""
    user = signed_in(request)
    form = OutForm(request.GET, user=user)
    if not form.is_valid():
        messages.error(request, "请选择台账、单位和季度。")
        return redirect("workbooks:home")
    register = get_register(form.cleaned_data["register"])
    unit, period = form.cleaned_data["organization"], form.cleaned_data["period"]
    data = writing.template(
        register=register, organization=unit, period=period, user=user, on=timezone.localdate()
    )
    return file_answer(data, f"{register.name}模板_{unit}_{period.code}.xlsx", XLSX)


@staff
def export(request: HttpRequest) -> HttpResponse:
    """What the books hold of a register, a unit and a quarter, as far as the user may see it; kept in the audit trail.

    Of a register that names people for a reason only, which is kept, too (DOMAIN §6).
    """
    user = signed_in(request)
    form = OutForm(request.GET, user=user)
    if not form.is_valid():
        messages.error(request, "请选择台账、单位和季度。")
        return redirect("workbooks:home")
    register = get_register(form.cleaned_data["register"])
    unit, period = form.cleaned_data["organization"], form.cleaned_data["period"]
    rows = Entry.objects.for_user(user).filter(filed_for=unit, filing__period=period)
    entries = writing.live(rows, register)
    title = f"{unit}{register.name}（{period.label}）"
    reason = ""
    if register.is_personal:
        asked = ReasonForm(request.POST if request.method == "POST" else None)
        if not asked.is_valid():
            context = {"form": asked, "title": title, "count": entries.count(), "back_to": "返回导入导出"}
            context["back"] = reverse("workbooks:home")
            return render(request, "workbooks/reason.html", context, status=422 if asked.is_bound else 200)
        reason = asked.cleaned_data["reason"]
    with transaction.atomic():
        data = writing.export(
            register=register,
            entries=entries,
            title=title,
            on=timezone.localdate(),
            organization=unit,
            period=period,
        )
        record_export(
            by=user,
            target=register.code,
            said=f"导出“{title}”",
            rows=entries.count(),
            data=data,
            reason=reason,
        )
    return file_answer(data, f"{register.name}_{unit}_{period.code}.xlsx", XLSX)


# --- parts ------------------------------------------------------------------------------------------------------


def _batch(user: User, pk: int) -> Batch:
    rows = Batch.objects.for_user(user).select_related(
        "organization", "period", "uploaded_by__organization", "voided_by__organization"
    )
    return get_object_or_404(rows, pk=pk)


def _lead(request: HttpRequest, address: str) -> HttpResponse:
    """On to another page, the whole of it: htmx would put what a redirect leads to into a part of the old one."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _may_open(user: User, found: Batch) -> bool:
    """A workbook that names restricted children: only its uploader, and who has the named right."""
    if not may_file(user) or not (user.organization_id == found.organization_id or may_review(user)):
        return False
    open_to_all = not any(get_register(code).is_restricted for code in found.registers)
    return open_to_all or found.uploaded_by_id == user.pk or may_see_restricted(user)


def file_answer(data: bytes, name: str, media_type: str) -> HttpResponse:
    """A download under that name, for this person only."""
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _upload(data: bytes, name: str, chosen: dict[str, Any]) -> planning.Upload:
    registers = (chosen["register"],) if chosen["register"] else ()
    return planning.Upload(data, name, chosen["organization"], chosen["period"], registers)


def wait(request: HttpRequest, upload: planning.Upload, *, is_grid: bool = False) -> str:
    """Keep a file for this session only, until it is confirmed; the address holds nothing but the random token.

    `is_grid`: it was typed on the web, and can be gone on with there.
    """
    token = storage.put_pending(upload.data, upload.cells)
    kept = dict(request.session.get(WAITING, {}))
    for old in list(kept)[: max(0, len(kept) - MOST_WAITING + 1)]:
        storage.drop_pending(old)
        del kept[old]
    register = upload.registers[0] if upload.registers else ""
    kept[token] = {
        "name": _kept_name(upload.name, register),
        "organization": upload.organization.pk,
        "period": upload.period.pk,
        "register": register,
        "is_grid": is_grid,
    }
    request.session[WAITING] = kept
    return token


def _kept_name(name: str, code: str) -> str:
    """The file's name as it may be kept: without numbers; of a restricted register, the register's."""
    if code and get_register(code).is_restricted:
        return f"{name_of(code)}{Path(name).suffix}"
    return hide_numbers(name)[-200:]


def _hand_over(user: User, upload: planning.Upload, rows: int) -> str:
    """Keep the file for the worker; the address holds nothing but a random token, which opens it for its owner only."""
    token = storage.put_pending(upload.data, upload.cells)
    named = replace(upload, name=_kept_name(upload.name, next(iter(upload.registers), "")))
    jobs.ask(by=user, token=token, upload=named, rows=rows)
    return token


def waiting(request: HttpRequest, token: str) -> planning.Upload | None:
    """The file that waits under a token in this session, if any."""
    kept = request.session.get(WAITING, {}).get(token)
    if kept is None:
        return None
    try:
        data = storage.get_pending(token)
    except storage.NoSuchFile:
        return None
    return planning.Upload(
        data,
        kept["name"],
        Organization.objects.get(pk=kept["organization"]),
        Period.objects.get(pk=kept["period"]),
        (kept["register"],) if kept["register"] else (),
        cells=storage.get_cells(token),
    )


def _forget(request: HttpRequest, token: str) -> None:
    storage.drop_pending(token)
    kept = dict(request.session.get(WAITING, {}))
    kept.pop(token, None)
    request.session[WAITING] = kept
