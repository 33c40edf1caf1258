"""A sheet typed or pasted on the web: it becomes a workbook of one sheet, which goes the way of every other.

So there is one set of rules, one preview and one kind of batch. The page's one field is the text that Excel puts on the
clipboard: cells apart by tabs, rows by lines. static/js/grid.js shows it as a sheet; without JavaScript it is a text box.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from directory.access import signed_in
from directory.models import User
from ledger.parsing import Known
from ledger.refusals import Refusal
from ledger.registers import Column, Register, get_register
from workbooks import planning, writing
from workbooks.forms import GridForm
from workbooks.problems import Findings, Problem
from workbooks.reading import Sheet, read
from workbooks.sheets import text_of, understand
from workbooks.views import staff, wait, waiting

MOST_ROWS = 200  # more is a file
FIRST_ROWS = 20


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a cell of the sheet: row and column from 0; None for the whole row, or the whole sheet."""

    row: int | None
    column: int | None
    where: str
    message: str


@dataclass(frozen=True)
class Heading:
    """A column as the page shows it."""

    label: str
    required: bool
    hint: str
    options: Sequence[str]


def rows_of(text: str) -> list[list[str]]:
    """The cells of what Excel puts on the clipboard; a cell with a line break or a tab comes in quotes."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter="\t")]
    while rows and not any(rows[-1]):
        rows.pop()
    return rows


def text_from(rows: Sequence[Sequence[str]]) -> str:
    """The text of which `rows_of` makes these cells."""
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(rows)
    return out.getvalue()


def arranged(register: Register, rows: list[list[str]]) -> tuple[list[list[str]], list[Mistake]]:
    """Pasted rows in the order of the register's columns. With a header among them it says which column is which, and
    an amount keeps the unit of its heading; without one they are in order already."""
    findings = Findings()
    tables = understand([Sheet("", rows=list(enumerate(rows, 1)))], [register], findings)
    if not tables:
        return rows, []
    table = tables[0]
    order = [column.name for column in register.columns]
    found = []
    for _, cells in table.rows:
        line = [""] * len(order)
        for place in table.places:
            text = text_of(place.read(cells)).strip()
            if text and place.unit == "万元" and not text.endswith(("元", "万")):
                text += "万元"
            line[order.index(place.column.name)] = text
        found.append(line)
    # a column that the paste lacks can be typed; an amount of which nobody knows the unit can not be taken
    told = [one for one in findings.errors if one.rule != "缺少栏目"]
    return found, [Mistake(None, None, "表头", one.message) for one in told]


def workbook(register: Register, rows: Sequence[Sequence[str]]) -> bytes:
    """An .xlsx of these cells under the register's headings: row n, from 0, is the sheet's row n + 2."""
    return writing.plain_sheet(register, rows)


def mistake(problem: Problem) -> Mistake:
    """An error of the import at its cell of the page."""
    number, letter = problem.place
    row = number - 2 if number > 1 else None
    column = letter - 1 if letter and row is not None else None
    where = "整张表" if row is None else f"第 {row + 1} 行"
    return Mistake(row, column, f"{where}　{problem.column or problem.rule}", problem.message)


@never_cache
@staff
def grid(request: HttpRequest) -> HttpResponse:
    """Fill a sheet: ?register=&organization=&period=, or ?token= to go on with one that waits for confirmation.

    POST checks `text`; with do=paste it only arranges what was pasted. Answers JSON to grid.js, a page to a browser.
    """
    user = signed_in(request)
    text = ""
    chosen: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    if request.method == "GET" and "token" in request.GET:
        kept = waiting(request, request.GET["token"])
        if kept is None:
            return redirect("workbooks:grid")
        chosen = _as_chosen(kept)
        text = text_from([[text_of(c) for c in cells] for _, cells in read(kept.data)[0].rows[1:]])
    form = GridForm(chosen or None, user=user)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "workbooks/grid_choose.html", {"form": form}, status=status)
    register = get_register(form.cleaned_data["register"])
    if request.method != "POST":
        return _page(request, user, form, register, text, [])
    text = request.POST.get("text", "")
    rows, told = arranged(register, rows_of(text))
    wants_json = request.headers.get("Accept", "") == "application/json"
    if request.POST.get("do") == "paste":
        return JsonResponse({"rows": rows, "errors": [asdict(one) for one in told]})
    told = told or _too_much(rows)
    if not told:
        data = workbook(register, rows)
        upload = planning.Upload(
            data,
            f"网页填表_{register.name}.xlsx",
            form.cleaned_data["organization"],
            form.cleaned_data["period"],
            (register.code,),
        )
        try:
            upload, _ = planning.read_once(by=user, upload=upload)
            report = planning.preview(by=user, on=timezone.localdate(), upload=upload)
        except Refusal as refusal:
            told = [Mistake(None, None, "整张表", refusal.message)]
        else:
            told = [mistake(problem) for problem in report.errors]
    if not told:
        response = redirect("workbooks:preview", wait(request, upload, is_grid=True))
        return JsonResponse({"next": response["Location"]}) if wants_json else response
    if wants_json:
        return JsonResponse({"errors": [asdict(one) for one in told]})
    return _page(request, user, form, register, text_from(rows), told, 422)


def _too_much(rows: Sequence[Sequence[str]]) -> list[Mistake]:
    if not any(any(row) for row in rows):
        return [Mistake(None, None, "整张表", "还没有填内容，请填写或从 Excel 粘贴后再检查。")]
    if len(rows) > MOST_ROWS:
        return [
            Mistake(
                None,
                None,
                "整张表",
                f"有 {len(rows)} 行，这里一次最多 {MOST_ROWS} 行；更多的请用“上传表格”。",
            )
        ]
    return []


def _as_chosen(kept: planning.Upload) -> dict[str, str]:
    return {
        "register": kept.registers[0],
        "organization": kept.organization.code,
        "period": kept.period.code,
    }


def _page(
    request: HttpRequest,
    user: User,
    form: GridForm,
    register: Register,
    text: str,
    told: Sequence[Mistake],
    status: int = 200,
) -> HttpResponse:
    unit, period = form.cleaned_data["organization"], form.cleaned_data["period"]
    known = Known(user=user, on=timezone.localdate(), year=period.starts_on.year)

    def heading(column: Column) -> Heading:
        return Heading(
            writing.heading_of(column),
            column.required,
            writing.guidance(column),
            writing.allowed(column, known, unit),
        )

    context: dict[str, Any] = {
        "register": register,
        "organization": unit,
        "period": period,
        "headings": [heading(column) for column in register.columns],
        "text": text,
        "mistakes": told,
        "first": FIRST_ROWS,
        "most": MOST_ROWS,
    }
    return render(request, "workbooks/grid.html", context, status=status)
