"""A list as the screen shows it, as a file: the same rows in the same order, all of them, the same columns, masked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from directory.access import role_required, signed_in
from directory.models import User
from ledger import lists
from ledger.filters import NO_NUMBERS, EntryFilter
from ledger.permissions import may_export_people
from ledger.snapshot import snapshot
from workbooks import writing
from workbooks.exporting import record_export
from workbooks.forms import ReasonForm
from workbooks.views import XLSX, file_answer

readers = role_required(*(set(User.Role) - User.ADMINISTRATORS))


@never_cache
@readers
def listing(request: HttpRequest) -> HttpResponse:
    """The list of 填报记录 with the filters of the address, as a file; one that names people for a reason only."""
    user = signed_in(request)
    filters = EntryFilter(request.GET, user=user)
    back = f"{reverse('desk:entries')}?{filters.query().urlencode()}"
    pages = lists.Pages(lists.entries(user, filters.wanted()), reach=lists.IN_A_FILE)
    if "q" in filters.errors or pages.goes_on:
        refused = f"记录超过 {lists.IN_A_FILE:,} 条，一个文件放不下，请先按季度、台账或单位筛选，再导出。"
        messages.error(request, NO_NUMBERS if "q" in filters.errors else refused)
        return redirect(back)
    columns = filters.headings
    title = filters.chosen.name if filters.chosen else "填报记录"
    reason = ""
    if lists.is_personal(columns):
        if not may_export_people(user):
            raise PermissionDenied("这张表列有个人信息，只有填报员、单位负责人和审核员可以导出。")
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            context = {
                "form": form,
                "title": title,
                "count": pages.count,
                "back": back,
                "back_to": "返回列表",
            }
            return render(request, "workbooks/reason.html", context, status=422 if form.is_bound else 200)
        reason = form.cleaned_data["reason"]
    today = timezone.localdate()
    with snapshot():
        rows = lists.lines(pages.read(), columns)
    data = as_file(title, columns, rows, today)
    with transaction.atomic():
        record_export(
            by=user,
            target=filters.chosen.code if filters.chosen else "entries",
            said=f"导出列表“{title}”",
            rows=len(rows),
            data=data,
            reason=reason,
            filters=sorted(filters.query()),
        )
    return file_answer(data, f"{title}_{today:%Y%m%d}.xlsx", XLSX)


def as_file(title: str, columns: Sequence[lists.Heading], rows: Sequence[lists.Line], on: date) -> bytes:
    """An .xlsx of a list: title, date, headings, rows. Texts that begin with = + - @ stay texts."""
    book, sheet = writing.new_sheet(title, len(columns), f"导出日期：{on:%Y-%m-%d}　共 {len(rows)} 条")
    for index, heading in enumerate(columns, 1):
        writing.head(sheet.cell(writing.HEADER_ROW, index), heading.label, heading.column)
        kind = heading.column.kind if heading.column is not None else heading.name
        writing.set_width(sheet, index, 40 if kind == "summary" else writing.WIDTHS.get(kind, 16))
    for number, line in enumerate(rows, writing.HEADER_ROW + 1):
        for index, one in enumerate(line.cells, 1):
            value = one.text if one.value is None else one.value
            writing.put(sheet.cell(number, index), one.heading.column, value)
    return writing.finished(book, sheet)
