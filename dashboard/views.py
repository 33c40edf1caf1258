"""Requests to pages: each reads one page's worth of figures and renders it; one posts a ruling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import api, plans
from dashboard import behind as drill
from dashboard import filings as filing_pages
from dashboard import reports as report_pages
from dashboard.as_of import AsOf, UnknownAsOf, read_as_of, reported_quarter
from dashboard.figures import home as home_page
from dashboard.figures import line_page, owed_quarters
from dashboard.forms import RulingForm
from dashboard.stories import story_page
from dashboard.unchanged import figures_page
from directory.access import role_required, signed_in
from directory.models import User
from ledger.bookkeeping import rule
from ledger.models import BudgetLine, Filing, OpenQuestion, Period, Plan
from ledger.permissions import may_rule
from ledger.refusals import Refusal
from ledger.sql import asked_again

Role = User.Role
ours_only = role_required(Role.LEADER, Role.REVIEWER, Role.CLERK, Role.HEAD)
business_only = role_required(Role.LEADER, Role.REVIEWER, Role.CLERK, Role.HEAD, Role.PARTNER)

# How many alerts of a kind their own page lists.
ALL_ALERTS = 200


@asked_again
def _periods() -> QuerySet[Period]:
    return Period.objects.order_by("starts_on")


def _as_of(request: HttpRequest, periods: Sequence[Period], today: date) -> AsOf:
    try:
        return read_as_of(request.GET.get("as_of", "").strip(), periods, today)
    except UnknownAsOf as error:
        raise BadRequest(str(error)) from None


def _quarter(request: HttpRequest, periods: Sequence[Period], name: str) -> Period | None:
    """The quarter that the query names by its code; None if it names none."""
    code = request.GET.get(name, "").strip()
    if not code:
        return None
    for period in periods:
        if period.code == code:
            return period
    raise BadRequest("没有这个季度。")


@asked_again
def _plans() -> QuerySet[Plan]:
    return Plan.objects.select_related("issuer").order_by("-year", "code")


def _chosen(found: Sequence[Plan], code: str | None, today: date) -> Plan:
    """The plan of that code; without one the latest that has begun. Raises Http404."""
    for plan in found:
        if plan.code == code or (code is None and plan.year <= today.year):
            return plan
    if code is None and found:
        return found[-1]
    raise Http404


@business_only
@require_safe
@figures_page
def home(request: HttpRequest, plan: str | None = None) -> HttpResponse:
    """The first screen; ?as_of= a quarter, ?plan= another plan."""
    user, today = signed_in(request), timezone.localdate()
    found, periods = _plans(), _periods()
    wanted = request.GET.get("plan") or plan
    if not found and wanted is None:
        return render(request, "dashboard/empty.html")
    page = home_page(
        user=user,
        plan=_chosen(found, wanted, today),
        plans=found,
        periods=periods,
        as_of=_as_of(request, periods, today),
    )
    return render(request, "dashboard/home.html", {"page": page})


@business_only
@require_safe
@figures_page
def attention(request: HttpRequest) -> HttpResponse:
    """Everything that is red, and why."""
    user, today = signed_in(request), timezone.localdate()
    found, periods = _plans(), _periods()
    as_of = _as_of(request, periods, today)
    plan = _chosen(found, request.GET.get("plan") or None, today)
    page = home_page(user=user, plan=plan, plans=found, periods=periods, as_of=as_of, alerts=ALL_ALERTS)
    return render(request, "dashboard/attention.html", {"page": page})


@business_only
@require_safe
@figures_page
def behind(request: HttpRequest, plan: str, what: str, stage: str) -> HttpResponse:
    """The entries behind a money figure; ?as_of=, ?quarter=, ?unit=, ?page=."""
    user, today, periods = signed_in(request), timezone.localdate(), _periods()
    try:
        page = drill.money_page(
            user=user,
            where=drill.find(_chosen(_plans(), plan, today), what, stage, request.GET.get("unit", "")),
            periods=periods,
            as_of=_as_of(request, periods, today),
            quarter=_quarter(request, periods, "quarter"),
            number=request.GET.get("page", "1"),
        )
    except drill.NoSuchFigure:
        raise Http404 from None
    return render(request, "dashboard/behind.html", {"page": page, "query": _without_page(request)})


@business_only
@require_safe
@figures_page
def counted(request: HttpRequest, plan: str, code: str) -> HttpResponse:
    """The entries behind a target's count; ?as_of=, ?quarter=, ?page=."""
    user, today, periods = signed_in(request), timezone.localdate(), _periods()
    try:
        page = drill.count_page(
            user=user,
            plan=_chosen(_plans(), plan, today),
            code=code,
            periods=periods,
            as_of=_as_of(request, periods, today),
            quarter=_quarter(request, periods, "quarter"),
            number=request.GET.get("page", "1"),
        )
    except drill.NoSuchFigure:
        raise Http404 from None
    return render(request, "dashboard/behind.html", {"page": page, "query": _without_page(request)})


def _without_page(request: HttpRequest) -> str:
    """The query string for the links to other pages of a list, ready to take "page=2"."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode() + "&" if query else ""


@business_only
@require_safe
@figures_page
def line(request: HttpRequest, code: str) -> HttpResponse:
    """The page of one line of the budget."""
    user, today, periods = signed_in(request), timezone.localdate(), _periods()
    page = line_page(user=user, line=_line(code), periods=periods, as_of=_as_of(request, periods, today))
    return render(request, "dashboard/line.html", {"page": page})


@business_only
@require_safe
@figures_page
def story(request: HttpRequest, code: str) -> HttpResponse:
    """What happened to the project of one line, what is next, and who owes it."""
    user, today, periods = signed_in(request), timezone.localdate(), _periods()
    page = story_page(user=user, line=_line(code), periods=periods, as_of=_as_of(request, periods, today))
    return render(request, "dashboard/story.html", {"page": page})


def _line(code: str) -> BudgetLine:
    """Raises Http404."""
    found = BudgetLine.objects.select_related("plan", "parent").filter(code=code).first()
    if found is None:
        raise Http404
    return found


@ours_only
@require_safe
@figures_page
def reports(request: HttpRequest) -> HttpResponse:
    """季度报表; ?as_of= a quarter, by default the latest that has ended, ?plan= another plan, ?format=csv the file."""
    user, today = signed_in(request), timezone.localdate()
    found, periods = _plans(), _periods()
    wanted = request.GET.get("plan") or None
    if not found and wanted is None:
        return render(request, "dashboard/empty.html")
    page = report_pages.reports_page(
        user=user,
        plan=_chosen(found, wanted, today),
        plans=found,
        periods=periods,
        as_of=_as_of(request, periods, today),
    )
    if request.GET.get("format") != "csv":
        return render(request, "dashboard/reports.html", {"page": page})
    response = HttpResponse(report_pages.as_csv(page), content_type="text/csv; charset=utf-8")
    name = f"{page.plan.code}年季度报表-{page.as_of.period.code if page.as_of.period else ''}.csv"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    patch_cache_control(response, private=True, no_store=True)
    return response


@ours_only
@require_safe
@figures_page
def filings(request: HttpRequest) -> HttpResponse:
    """Who has filed for a quarter (?period=), by default the latest that has ended."""
    user, today, periods = signed_in(request), timezone.localdate(), _periods()
    period = _quarter(request, periods, "period") or reported_quarter(
        owed_quarters(user, periods), AsOf(None, today, today)
    )
    page = filing_pages.filings_page(user=user, period=period, periods=periods, today=today)
    return render(request, "dashboard/filings.html", {"page": page})


@ours_only
@require_safe
@figures_page
def filing(request: HttpRequest, pk: int) -> HttpResponse:
    """One unit's filing of one register for one quarter, with its entries."""
    user = signed_in(request)
    found = Filing.objects.for_user(user).select_related("organization", "period").filter(pk=pk).first()
    if found is None:
        raise Http404
    page = filing_pages.filing_page(
        user=user, filing=found, today=timezone.localdate(), number=request.GET.get("page", "1")
    )
    return render(request, "dashboard/filing.html", {"page": page, "query": ""})


@ours_only
@require_safe
@figures_page
def questions(request: HttpRequest) -> HttpResponse:
    """The plan's open questions; ?plan= another plan."""
    user, found = signed_in(request), _plans()
    wanted = request.GET.get("plan") or None
    if not found and wanted is None:
        return render(request, "dashboard/empty.html")
    page = plans.questions_page(user=user, plan=_chosen(found, wanted, timezone.localdate()))
    return render(request, "dashboard/questions.html", {"page": page})


@ours_only
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, plan: str, code: str) -> HttpResponse:
    """One open question; a leader posts the ruling here."""
    user = signed_in(request)
    found = OpenQuestion.objects.select_related("plan").filter(plan__code=plan, code=code).first()
    if found is None:
        raise Http404
    form = RulingForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form.is_valid() or not may_rule(user)):
        data: dict[str, Any] = form.cleaned_data
        try:
            ruling = rule(
                by=user,
                on=timezone.localdate(),
                question=found,
                reading=data.get("reading", ""),
                reason=data.get("reason", ""),
            )
        except Refusal as refusal:
            for name, texts in refusal.fields.items():
                for text in texts:
                    form.add_error(name if name in form.fields else None, text)
        else:
            messages.success(request, f"已记录裁定 {found.code}：{found.label_of(ruling.reading)}。")
            return redirect("dashboard:question", plan, code)
    page = plans.question_page(user=user, question=found)
    status = (422 if may_rule(user) else 403) if form.errors else 200
    return render(request, "dashboard/question.html", {"page": page, "form": form}, status=status)


@ours_only
@require_safe
@figures_page
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """The plan, clause by clause, with what each asks of whom."""
    user, today = signed_in(request), timezone.localdate()
    page = plans.plan_page(user=user, plan=_chosen(_plans(), code, today), as_of=AsOf(None, today, today))
    return render(request, "dashboard/plan.html", {"page": page})


@require_safe
@figures_page
def summary(request: HttpRequest, code: str) -> HttpResponse:
    """The plan's figures as JSON. Not logged in 401, no business 403, unknown plan 404, bad as_of 400, else 200 or
    304; every error says in Chinese what is wrong."""
    user = request.user
    if not isinstance(user, User):
        return _json_error("请先登录。", 401)
    if not user.is_business or user.role == Role.PARTNER:
        return _json_error("您的账号没有查看业务数据的权限。", 403)
    found = Plan.objects.filter(code=code).first()
    if found is None:
        return _json_error("没有这个方案。", 404)
    try:
        as_of = read_as_of(request.GET.get("as_of", "").strip(), _periods(), timezone.localdate())
    except UnknownAsOf as error:
        return _json_error(str(error), 400)
    return JsonResponse(
        api.summary(user=user, plan=found, as_of=as_of),
        encoder=DjangoJSONEncoder,
        json_dumps_params={"ensure_ascii": False},
    )


def _json_error(message: str, status: int) -> JsonResponse:
    response = JsonResponse({"error": message}, status=status, json_dumps_params={"ensure_ascii": False})
    patch_cache_control(response, private=True, no_store=True)
    return response
