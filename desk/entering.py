"""The entry form: new entries, resubmission, correction and next step, the draft behind each, the files uploaded to it.

Nothing typed is lost: files are stored the moment they arrive, whatever is wrong with the form; a refused form is
kept as a draft; and the form's token makes sending it twice harmless (DESIGN §2.9, §8).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from desk import figures, forms
from desk.access import current_user, staff
from directory.models import User
from ledger import actions, drafts, evidence
from ledger.models import Decision, Draft, Entry, Evidence
from ledger.permissions import may_file
from ledger.posting import AboveMaximum, InsufficientFunds
from ledger.refusals import Refusal
from ledger.registers import Register, all_registers, get_register

MOST_FILES = 20  # per entry; a voucher with more pages is one PDF
# what the form's page sends beside its fields; no column may be called so
NOT_TYPED = frozenset({"csrfmiddlewaretoken", "token", "action", "remove", "version", "after", "sheet"})

NEW, EDIT, CORRECT, STEP = "new", "edit", "correct", "step"
KINDS = {CORRECT: Entry.Kind.CORRECTION, STEP: Entry.Kind.STEP}  # of what else the form makes, and its draft


@dataclass
class Sheet:
    """One form on its way: what it is about and what has been typed and uploaded so far."""

    purpose: str
    register: Register
    user: User
    token: uuid.UUID
    entry: Entry | None = None
    version: int = 0
    form: Any = None
    reason_form: Form | None = None
    files: list[Evidence] = field(default_factory=list)
    file_errors: list[str] = field(default_factory=list)
    after: Entry | None = None
    draft: Draft | None = None

    @property
    def url(self) -> str:
        """The form's own address, with its token: coming back to it finds the draft again."""
        if self.entry is None:
            address = reverse("desk:new", args=[self.register.code])
        else:
            address = reverse(f"desk:{self.purpose}", args=[self.entry.pk])
        return f"{address}?{urlencode({'token': self.token})}"

    @property
    def heading(self) -> str:
        """What the page is called."""
        if self.purpose == NEW:
            return f"新增一笔：{self.register.name}"
        what = {CORRECT: "更正", STEP: self.register.next_step}.get(self.purpose, "修改后重新提交")
        return f"{what}：{self.entry.pk if self.entry else ''} 号记录"

    @property
    def kind(self) -> Entry.Kind:
        """What the form will make."""
        return KINDS.get(self.purpose, Entry.Kind.NEW)

    @property
    def errors(self) -> list[tuple[str, str, str]]:
        """(id of the control, label, message) of everything that is wrong, in the form's order; "" for the whole."""
        found = []
        for one in filter(None, [self.reason_form, self.form]):
            for name, texts in one.errors.items():
                bound = one[name] if name in one.fields else None
                target, label = (bound.id_for_label, str(bound.label)) if bound else ("", "")
                found += [(target, label, str(text)) for text in texts]
        return found + [("id_files", "凭据", text) for text in self.file_errors]


# --- the four pages ---------------------------------------------------------------------------------------------


@never_cache
@staff
def new(request: HttpRequest, register: str) -> HttpResponse:
    """A new entry of a register. The address carries the token; without one it is given one."""
    user = current_user(request)
    declared = all_registers().get(register)
    if declared is None or declared not in figures.registers_for(user):
        raise Http404
    token = forms.as_uuid(request.GET.get("token"))
    if token is None:
        given = request.GET.copy()
        given["token"] = str(uuid.uuid4())
        return redirect(f"{reverse('desk:new', args=[register])}?{given.urlencode()}")
    filed = Entry.objects.for_user(user, few=True).filter(token=token).first()
    if filed is not None and request.method != "POST":
        messages.info(request, f"这一笔已经提交，是 {filed.pk} 号记录。")
        return redirect("desk:entry", filed.pk)
    sheet = Sheet(NEW, declared, user, token)
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 16:
        mine = Entry.objects.for_user(user, few=True).select_related("subject")
        sheet.after = mine.filter(filed_by=user, pk=int(after)).first()
    return _serve(request, sheet, {})


@never_cache
@staff
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A returned or withdrawn entry, corrected by its unit and submitted as its next version."""
    user = current_user(request)
    entry = _entry(user, pk)
    if request.method != "POST" and not figures.allowed(user, entry, False).edit:
        messages.warning(request, f"这条记录{entry.get_state_display()}，现在不能修改。")
        return redirect("desk:entry", entry.pk)
    return _of_entry(request, EDIT, entry)


@never_cache
@staff
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """A correction of an approved entry in force: the whole row anew, with a reason."""
    user = current_user(request)
    entry = _entry(user, pk)
    pending = entry.subject.undecided_id is not None
    if request.method != "POST" and not figures.allowed(user, entry, pending).change:
        messages.warning(request, "这条记录现在不能更正：只有现行有效、没有待审更正的本单位记录可以更正。")
        return redirect("desk:entry", entry.pk)
    return _of_entry(request, CORRECT, entry)


@never_cache
@staff
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """The next step of an approved entry in force: the whole row, as it is from now on."""
    user = current_user(request)
    entry = _entry(user, pk)
    pending = entry.subject.undecided_id is not None
    if request.method != "POST" and not figures.allowed(user, entry, pending).step:
        messages.warning(request, "这条记录现在不能登记下一步：须是本单位现行有效、没有待审的记录。")
        return redirect("desk:entry", entry.pk)
    return _of_entry(request, STEP, entry)


def _of_entry(request: HttpRequest, purpose: str, entry: Entry) -> HttpResponse:
    user = current_user(request)
    token = forms.as_uuid(request.GET.get("token"))
    if token is None:
        mine = Draft.objects.filter(owner=user, entry=entry, kind=KINDS.get(purpose, Entry.Kind.NEW))
        kept = mine.order_by("-updated_at").first()
        return redirect(f"{request.path}?{urlencode({'token': kept.token if kept else uuid.uuid4()})}")
    sheet = Sheet(purpose, get_register(entry.register), user, token, entry=entry, version=entry.version)
    row = actions.detail_of(entry)
    if purpose != STEP:  # which has papers of its own
        hung = figures.hung_on(entry, entry.version)
        sheet.files = [one.evidence for one in hung if one.evidence.addressee_id is None]  # made anew
    return _serve(request, sheet, forms.form_class(sheet.register).initial_from(row))


def _entry(user: User, pk: int) -> Entry:
    rows = Entry.objects.for_user(user, few=True).select_related("filed_for", "subject")
    return get_object_or_404(rows, pk=pk)


# --- one form, whatever it is for -------------------------------------------------------------------------------


def _serve(request: HttpRequest, sheet: Sheet, initial: Mapping[str, Any]) -> HttpResponse:
    if request.method == "POST":
        return _receive(request, sheet)
    build = forms.form_class(sheet.register)
    fields = cast("type[Form]", build).base_fields
    reason: dict[str, Any] = {}
    sheet.draft = Draft.objects.filter(
        token=sheet.token, owner=sheet.user, register=sheet.register.code
    ).first()
    if sheet.draft is not None:
        typed = drafts.typed_in(sheet.draft)
        initial = forms.as_typed(fields, typed)
        reason = forms.as_typed(forms.CorrectionReasonForm.base_fields, typed)
        sheet.files = figures.usable_evidence(sheet.user, _numbers(typed.get("evidence", [])), sheet.entry)
    elif sheet.purpose == NEW:
        initial = forms.chosen(fields, request.GET)
    sheet.form = build(user=sheet.user, on=timezone.localdate(), initial=initial, **_ground(sheet))
    if sheet.purpose == CORRECT:
        sheet.reason_form = forms.CorrectionReasonForm(initial=reason)
    return _page(request, sheet)


def _receive(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    on = timezone.localdate()
    sheet.form = forms.form_class(sheet.register)(request.POST, user=sheet.user, on=on, **_ground(sheet))
    if sheet.purpose == CORRECT:
        sheet.reason_form = forms.CorrectionReasonForm(request.POST)
    if (seen := request.POST.get("version", "")).isdigit():
        sheet.version = int(seen[:5])
    sheet.files = figures.usable_evidence(sheet.user, _numbers(request.POST.getlist("evidence")), sheet.entry)
    stored, sheet.file_errors = _store(request, sheet.user, room=MOST_FILES - len(sheet.files))
    sheet.files += stored
    action = request.POST.get("action", "submit")

    if (removed := request.POST.get("remove")) or action == "draft":
        sheet.files = [file for file in sheet.files if str(file.pk) != removed]
        try:
            _keep(request, sheet)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return _page(request, sheet)
        if removed or sheet.file_errors:
            for text in sheet.file_errors:
                messages.error(request, text)
            return _go(request, sheet.url)
        messages.success(request, "草稿已保存，可以在“我的工作”里继续填写。")
        return _go(request, reverse("desk:home"))

    # sent again after a broken connection: what the first one made is the answer, whatever a check would say now
    if (twin := _twin(sheet)) is not None:
        messages.info(request, f"这一笔此前已经提交，是 {twin.pk} 号记录，没有重复提交。")
        return _go(request, reverse("desk:entry", args=[twin.pk]), sheet.token)

    # both forms are asked, so that everything wrong is said at once
    valid = [one.is_valid() for one in (sheet.form, sheet.reason_form) if one is not None]
    if all(valid) and not sheet.file_errors:
        try:
            entry = _submit(sheet, on)
        except Refusal as refusal:
            _show(refusal, sheet)
        else:
            return _filed(request, sheet, entry, stay=action == "next")
    try:
        _keep(request, sheet)  # a refused form is a draft: closing the window loses nothing
    except Refusal as refusal:
        sheet.form.add_error(None, refusal.message)
    return _page(request, sheet)


def _ground(sheet: Sheet) -> dict[str, Any]:
    """What the form is told of the entry it is about."""
    return {"replaces": sheet.entry} | ({"steps": True} if sheet.purpose == STEP else {})


def _twin(sheet: Sheet) -> Entry | None:
    if sheet.purpose != EDIT:
        return (
            Entry.objects.for_user(sheet.user, few=True)
            .filter(token=sheet.token, filed_by=sheet.user)
            .first()
        )
    entry = sheet.entry
    assert entry is not None
    again = entry.state == Entry.State.SUBMITTED and entry.submitted_by_id == sheet.user.pk
    return entry if again and entry.version == sheet.version + 1 else None


def _submit(sheet: Sheet, on: date) -> Entry:
    row = sheet.form.row()
    if sheet.purpose == NEW:
        return actions.submit(
            by=sheet.user, on=on, register=sheet.register, row=row, evidence=sheet.files, token=sheet.token
        )
    assert sheet.entry is not None
    if sheet.purpose == EDIT:
        return actions.resubmit(
            by=sheet.user,
            on=on,
            entry=sheet.entry,
            version=sheet.version,
            row=row,
            evidence=sheet.files,
            token=sheet.token,
        )
    if sheet.purpose == STEP:
        return actions.step(
            by=sheet.user, on=on, entry=sheet.entry, row=row, evidence=sheet.files, token=sheet.token
        )
    assert sheet.reason_form is not None
    return actions.correct(
        by=sheet.user,
        on=on,
        entry=sheet.entry,
        row=row,
        reason=sheet.reason_form.cleaned_data["correction_reason"],
        evidence=sheet.files,
        token=sheet.token,
    )


def _show(refusal: Refusal, sheet: Sheet) -> None:
    """Put what the ledger refused beside the fields it names; want of money or of room, beside the amount."""
    money = isinstance(refusal, InsufficientFunds | AboveMaximum)
    for name, texts in refusal.fields.items():
        name = name or ("amount" if money else "")
        for text in texts:
            sheet.form.add_error(name if name in sheet.form.fields else None, text)


def _filed(request: HttpRequest, sheet: Sheet, entry: Entry, *, stay: bool) -> HttpResponse:
    number = f"{entry.pk} 号" if sheet.purpose != EDIT else f"{entry.pk} 号第 {entry.version} 版"
    if not entry.evidence.filter(version=entry.version).exists() and (
        missing := sheet.register.evidence_rule(actions.detail_of(entry))
    ):
        messages.warning(request, f"{number}已提交，但还没有{missing}，审核通过前须补传。")
    elif not (stay and sheet.purpose == NEW):
        messages.success(request, f"{number}已提交，等待审核。")
    if stay and sheet.purpose == NEW:
        for text in getattr(sheet.form, "warnings", ()):  # elsewhere the page of the entry says them
            messages.warning(request, f"{number}：{text}")
        kept = forms.chosen(sheet.form.fields, request.POST)
        given = {**kept, "after": entry.pk, "token": uuid.uuid4()}
        return _go(
            request, f"{reverse('desk:new', args=[sheet.register.code])}?{urlencode(given)}", sheet.token
        )
    return _go(request, reverse("desk:entry", args=[entry.pk]), sheet.token)


def _go(request: HttpRequest, url: str, done: uuid.UUID | None = None) -> HttpResponse:
    """Redirect; `done` tells the browser that what it keeps under that token has arrived."""
    if not request.headers.get("HX-Request"):
        return redirect(url)
    response = HttpResponseClientRedirect(url)
    if done is not None:
        response["X-Desk-Arrived"] = str(done)
    return response


def _page(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    remarks: dict[str, str] = {}
    decision = None
    if sheet.purpose == EDIT and sheet.entry is not None:
        decision = (
            Decision.objects.filter(
                entry=sheet.entry, version=sheet.entry.version, outcome=Decision.Outcome.RETURNED
            )
            .select_related("by__organization")
            .first()
        )
        remarks = decision.fields if decision else {}
    return render(
        request,
        "desk/form.html",
        {
            "sheet": sheet,
            "form": sheet.form,
            "decision": decision,
            "remarks": remarks,
            "accepted": evidence.ACCEPTED,
            "largest": evidence.LARGEST // 1024 // 1024,
            "most": MOST_FILES,
            "today": timezone.localdate(),
        },
    )


# --- drafts -----------------------------------------------------------------------------------------------------


@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Autosave: keep what was typed under its token. JSON {"saved": "HH:MM"} or {"message": …} with 401/409/422.

    Answers 401 itself instead of sending a script to the log-in page.
    """
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return JsonResponse({"message": "登录已过期。"}, status=401)
    token = forms.as_uuid(request.POST.get("token"))
    register = all_registers().get(request.POST.get("register", ""))
    if token is None or register is None or not may_file(user):
        return JsonResponse({"message": "这份表单不能保存草稿。"}, status=422)
    entry = None
    if (number := request.POST.get("entry", "")).isdigit():
        entry = (
            Entry.objects.for_user(user, few=True)
            .select_related("subject")
            .filter(pk=int(number[:15]))
            .first()
        )
    if _arrived(user, token, entry, request.POST.get("version", "")):
        return JsonResponse({"message": "这一笔已经提交。"}, status=409)
    asked = request.POST.get("sheet", "")
    sheet = Sheet(asked if asked in KINDS else NEW, register, user, token, entry=entry)
    sheet.form = forms.form_class(register)(request.POST, user=user, on=timezone.localdate(), replaces=entry)
    sheet.files = figures.usable_evidence(user, _numbers(request.POST.getlist("evidence")), entry)
    try:
        kept = _keep(request, sheet)
    except Refusal as refusal:
        return JsonResponse({"message": refusal.message}, status=422)
    return JsonResponse({"saved": f"{timezone.localtime(kept.updated_at):%H:%M}"})


def _arrived(user: User, token: uuid.UUID, entry: Entry | None, version: str) -> bool:
    """Whether the form was submitted meanwhile: a late autosave must not bring its draft back to life."""
    if entry is not None and str(entry.version) != version:
        return True
    return Entry.objects.for_user(user, few=True).filter(token=token).exists()


@staff
def discard(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Throw one's own draft away, after asking."""
    mine = get_object_or_404(Draft, token=token, owner=current_user(request))
    if request.method == "POST":
        mine.delete()
        messages.success(request, "草稿已删除。")
        return redirect("desk:home")
    return render(
        request,
        "desk/confirm.html",
        {
            "heading": "删除这份草稿？",
            "text": f"“{mine.title or '未命名草稿'}”删除后不能恢复；已提交的记录不受影响。",
            "verb": "删除草稿",
            "back": reverse("desk:home"),
        },
    )


def _keep(request: HttpRequest, sheet: Sheet) -> Draft:
    """Save the form as typed as the user's draft; the files stay by their numbers."""
    typed = {name: values for name, values in request.POST.lists() if name not in NOT_TYPED}
    typed["evidence"] = [str(file.pk) for file in sheet.files]
    sheet.draft = drafts.save_draft(
        by=sheet.user,
        token=sheet.token,
        register=sheet.register.code,
        typed=cast("drafts.Typed", typed),
        entry=sheet.entry,
        kind=sheet.kind,
        title=_title(sheet.form),
    )
    return sheet.draft


def _title(form: Any) -> str:
    """What was chosen from lists, in words: the list of drafts shows it, so nothing that was typed may be in it."""
    words = []
    for name, one in form.fields.items():
        if not forms.is_choice(one) or name.endswith("_unit"):
            continue
        try:
            value = one.to_python(form.data.get(name))
        except ValidationError:  # half-filled is what drafts are
            continue
        if value:
            # a hand-made form may send anything as chosen
            words.append(str(dict(one.choices).get(value, "")) if isinstance(value, str) else str(value))
    return " · ".join([word for word in words if word][:4])


# --- files ------------------------------------------------------------------------------------------------------


@staff
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Store files as they are chosen and answer with their lines for the form's list."""
    user = current_user(request)
    if not may_file(user) or user.organization is None:
        raise Http404
    stored, errors = _store(request, user, room=MOST_FILES)
    return render(request, "desk/_files.html", {"files": stored, "file_errors": errors})


def _store(request: HttpRequest, user: User, *, room: int) -> tuple[list[Evidence], list[str]]:
    """Keep the uploaded files of a request; a file that is refused does not take the others with it."""
    stored: list[Evidence] = []
    errors: list[str] = []
    if user.organization is None:
        return stored, errors
    for upload in request.FILES.getlist("files"):
        if len(stored) >= room:
            errors.append(
                f"一条记录最多 {MOST_FILES} 份凭据，“{upload.name}”没有保存，请合并成一个 PDF 再传。"
            )
            continue
        try:
            stored.append(evidence.store(by=user, organization=user.organization, upload=upload))
        except Refusal as refusal:
            errors.append(refusal.message)
    return stored, errors


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16]
