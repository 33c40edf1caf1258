"""One planner for preview and import: the whole file is filed in one transaction, which only an accepted import keeps.

So the preview is no estimate: what it shows is what the books answered to these very rows, the money they would hold,
the people they would newly count and the refusals they would meet included.
"""

from __future__ import annotations

import gc
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from directory.matching import Ambiguous, Names, NoMatch, load_names
from directory.models import Organization, User
from directory.names import plain
from directory.people import candidates
from ledger import batches
from ledger.acting import refusable
from ledger.models import Batch, Detail, HeadingAlias, Period, Plan
from ledger.parsing import Known, Raw, parse
from ledger.permissions import may_file
from ledger.refusals import Refusal
from ledger.registers import Made, Register, all_registers, get_register
from workbooks import storage
from workbooks.cells import Row, error_at, place_of, read_back, read_cell, where
from workbooks.effects import differences, standing
from workbooks.problems import Findings, in_order
from workbooks.progress import Progress, Stage, Tell, tell_nobody
from workbooks.reading import Sheet, cells_of, sheets_of
from workbooks.report import Change, Report, SheetSummary
from workbooks.returning import Numbers, returned
from workbooks.sheets import Place, Table, text_of, understand, version_of
from workbooks.widening import proposed

MOST_ROWS = 100_000
PIECE = 5_000  # rows of a long list that are in memory at once with all that is known of them
SPARE_ROWS = 1_000  # headings, totals, remarks
OF_A_WRONG_FILE = ("填报单位", "季度", "模板", "台账不明")  # another unit's, quarter's or register's
OF_HEADINGS = (
    "缺少栏目",
    "栏目重复",
    "金额单位",
    "合并单元格",
)  # these stop a file, but not the reading of it
MOST_SHOWN = 5_000  # changed rows kept to be shown; the others are counted
MOST_DAMAGED = 500  # identity cells of one file for which candidates are looked up
TOLD_EVERY = 500  # rows


class NothingToRead(Refusal):
    """No sheet of the file is a register's."""


class TooManyRows(Refusal):
    """More rows than one file may bring."""


class NotYourUnit(Refusal):
    """The user may not import for this unit, or the unit files none of the registers."""


class Changed(Refusal):
    """The books moved between preview and confirmation."""


@dataclass(frozen=True)
class Upload:
    """A file as it came, and for whom. `registers`: the codes to look for; none: all the unit may file. `tell` hears
    how far it is, and may raise to stop it. `cells`: what the reader answered of it before, if it was kept."""

    data: bytes
    name: str
    organization: Organization
    period: Period
    registers: tuple[str, ...] = ()
    tell: Tell = tell_nobody
    cells: bytes = field(default=b"", repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def registers_for(organization: Organization, codes: Iterable[str] = ()) -> list[Register]:
    """The registers a unit may bring in a workbook; only those of `codes`, if any are named."""
    wanted = set(codes)
    return [
        register
        for register in all_registers().values()
        if register.columns
        and register.make is not None
        and register.may_file(organization)
        and (not wanted or register.code in wanted)
    ]


def preview(*, by: User, on: date, upload: Upload) -> Report:
    """What importing the file would do; nothing is kept. Raises UnreadableFile, NothingToRead, TooManyRows,
    NotYourUnit."""
    with _uncollected():
        return _preview(by=by, on=on, upload=upload, sheets=_opened(by, upload))


def commit(
    *,
    by: User,
    on: date,
    upload: Upload,
    valid_only: bool = False,
    seen: str = "",
    then: Callable[[Batch], None] = lambda batch: None,
) -> Report:
    """Import the file: all of it, or with `valid_only` the rows without errors; nothing if there are errors otherwise.

    `seen` is the preview's; Changed is raised if the file would now do something else. A file that changes nothing
    makes no batch. `then` is done with the batch in the same transaction. Raises what `preview` does, and every refusal
    of the books.
    """
    path, kept = "", False
    try:
        with _uncollected():
            sheets = _opened(by, upload)
            path = storage.keep(upload.data)
            report = _commit(
                by=by,
                on=on,
                upload=upload,
                sheets=sheets,
                path=path,
                valid_only=valid_only,
                seen=seen,
                then=then,
            )
        kept = report.batch is not None
    finally:
        if path and not kept:
            storage.discard(path)
    return report


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for cycles: it goes through the millions of objects of a file again and again, a third of
    the time, and hardly one of them is in a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@refusable("batch.preview")
def _preview(*, by: User, on: date, upload: Upload, sheets: list[Sheet]) -> Report:
    report = _run(by, on, upload, sheets, None)
    transaction.set_rollback(True)
    return report


@refusable("batch.submit")
def _commit(
    *,
    by: User,
    on: date,
    upload: Upload,
    sheets: list[Sheet],
    path: str,
    valid_only: bool,
    seen: str,
    then: Callable[[Batch], None],
) -> Report:
    report = _run(by, on, upload, sheets, path)
    if seen and seen != report.seen:
        raise Changed("预览之后，系统里的记录有了变化，请看过新的预览再确认。")
    if report.stopped or (report.errors and not valid_only) or not report.to_write:
        transaction.set_rollback(True)
        report.batch = None
    if report.batch is not None:
        then(report.batch)
    return report


def read_once(*, by: User, upload: Upload) -> tuple[Upload, int]:
    """The file with what the reader answers of it, so that it is not opened again for preview and import; and how many rows
    its sheets have, headings included. Raises what `preview` would, before anything of it is kept."""
    _refuse_foreign(by, upload)
    upload = replace(upload, cells=cells_of(upload.data, upload.name))
    rows = sum(len(sheet.rows) for sheet in sheets_of(upload.cells))
    if rows > MOST_ROWS + SPARE_ROWS:
        raise TooManyRows(_too_many(rows))
    return upload, rows


def _refuse_foreign(by: User, upload: Upload) -> None:
    if not may_file(by) or by.organization_id != upload.organization.pk:
        raise NotYourUnit(f"您不能为{upload.organization}导入，请由该单位的填报人员上传。")
    if not registers_for(upload.organization, upload.registers):
        raise NotYourUnit(f"{upload.organization}没有可以导入的台账，请核对单位和台账。")


def _opened(by: User, upload: Upload) -> list[Sheet]:
    _refuse_foreign(by, upload)
    upload.tell(Progress(Stage.READ))
    return sheets_of(upload.cells or cells_of(upload.data, upload.name))


def _too_many(rows: int) -> str:
    return f"文件有 {rows:,} 行，一次最多 {MOST_ROWS:,} 行，请分成几个文件上传。"


# --- the run ----------------------------------------------------------------------------------------------------


def _run(by: User, on: date, upload: Upload, sheets: Sequence[Sheet], path: str | None) -> Report:
    """Read, check, plan and file everything, inside the caller's transaction."""
    findings, report = Findings(), Report()
    registers = registers_for(upload.organization, upload.registers)
    aliases: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for alias in HeadingAlias.objects.order_by("pk"):
        aliases[alias.register].append((alias.heading, alias.column))
    tables = understand(sheets, registers, findings, aliases)
    if not tables and not findings.errors:
        names = "、".join(f"“{register.name}”" for register in registers)
        raise NothingToRead(
            f"文件里没有找到{names}的表头：每张表至少要有三个认得的栏目。请下载模板对照，或选明台账后再上传。"
        )
    report.rows = sum(len(table.rows) for table in tables)
    if report.rows > MOST_ROWS:
        raise TooManyRows(_too_many(report.rows))
    known_names = load_names()
    for table in tables:
        report.sheets.append(
            SheetSummary(table.sheet, table.register.name, table.header_row, len(table.rows))
        )
        _check_sheet(table, upload, known_names, findings)
    report.stopped = bool(findings.errors)
    report.same_file = _same_file(by, upload)
    # of the right file all is told at once, what is wrong in its rows too; of a wrong one nothing more
    if not any(one.rule in OF_A_WRONG_FILE for one in findings.errors):
        _file(by, on, upload, tables, known_names, path, findings, report)
    order = [sheet.name for sheet in sheets]
    report.errors, report.warnings = in_order(findings.errors, order), in_order(findings.warnings, order)
    return report


def _file(
    by: User,
    on: date,
    upload: Upload,
    tables: Sequence[Table],
    names: Names,
    path: str | None,
    findings: Findings,
    report: Report,
) -> None:
    plans = list(Plan.objects.order_by("-year"))
    codes = {table.register.code for table in tables}
    before = standing(plans, by, codes)
    run = _Import(by, on, upload, names, path, findings, report)
    ordered = _in_order({table.register.code: get_register(table.register.code) for table in tables})
    for register in ordered:
        mine = [table for table in tables if table.register.code == register.code]
        # a preview: what comes after the last register's rows asks only the accounts
        if not run.file_list(register, mine, for_show=path is None and register is ordered[-1]):
            report.stopped = True
            break
    if report.stopped:
        report.batch = None
        if any(one.rule in OF_HEADINGS for one in findings.errors):
            # nothing of it goes in: its rows were read to say what is wrong with them
            report.added = report.changed = report.unchanged = 0
            report.changes, report.missing = [], []
            return
    upload.tell(Progress(Stage.EFFECTS))
    report.effects = differences(before, standing(plans, by, codes))
    if not report.to_write and not findings.errors:
        _tell_first_imports(by, upload, run.met, findings)
    report.seen = run.digest.hexdigest()
    if path is None:
        report.batch = None


class _First(NamedTuple):
    """The row of a file that was the first of its natural key."""

    table: Table
    number: int
    entry_id: int | None  # what its 记录号 says it is


@dataclass
class _List:
    """What is kept of a register's rows in a file, piece after piece: few bytes of each."""

    register: Register
    names: Names
    first: dict[str, _First] = field(default_factory=dict)  # by natural key
    numbers: Numbers = field(default_factory=dict)
    # sheet → the first row that is of an earlier quarter, and how many are
    early: dict[str, tuple[int, int]] = field(default_factory=dict)
    added: list[Detail] = field(default_factory=list)  # as many as are compared with the quarter before
    known: dict[str, Known] = field(default_factory=dict)  # by sheet

    def knowing(self, table: Table, by: User, on: date, period: Period) -> Known:
        """What the cells of a sheet are read by, looked up once a register: its rows may refer to those just filed of
        another."""
        if table.sheet not in self.known:
            known = Known(user=by, on=on, year=period.starts_on.year, date1904=table.date1904)
            known.names = self.names
            self.known[table.sheet] = known
        return self.known[table.sheet]


@dataclass
class _Import:
    """A file on its way into the books, list by list and piece by piece, in one transaction."""

    by: User
    on: date
    upload: Upload
    names: Names
    path: str | None
    findings: Findings
    report: Report
    met: Counter[int] = field(default_factory=Counter)  # batch → rows of the file that say what it said
    digest: Any = field(default_factory=hashlib.sha256)

    def file_list(self, register: Register, tables: Sequence[Table], *, for_show: bool) -> bool:
        """Check and submit all rows of one register; whether the books take them. All rows are checked in any case."""
        report, upload, listed = self.report, self.upload, _List(register, self.names)
        pieces = _pieces(register, tables)
        taken = True
        for number, piece in enumerate(pieces):
            tell = _telling(upload.tell, number, len(pieces))
            items = self._check(listed, piece, replace(upload, tell=tell))
            if not items or not taken:
                continue
            tell(Progress(Stage.BOOKS, 0, len(items)))
            try:
                self._submit(items, for_show, last=number == len(pieces) - 1)
            except Refusal as refusal:
                if not report.stopped:  # or it speaks of what the headings left out
                    self.findings.error("", "", "账目", refusal.message)
                taken = False
        self._tell_of_quarters(listed, tables)
        if any(table.is_wide for table in tables):
            return taken  # what is in the books is in its cumulative figures
        missing = batches.missing_from(
            register=register,
            keys=listed.first,
            organization=upload.organization,
            period=upload.period,
            batch=report.batch,
        )
        report.missing += missing
        if report.batch is not None and missing and taken:
            batches.note_missing(batch=report.batch, missing=len(missing))
        return taken

    def _check(self, listed: _List, piece: Sequence[Table], upload: Upload) -> list[batches.Item]:
        """What of a piece is to be written; what becomes of its rows goes into the report."""
        by, on, findings, report, register = self.by, self.on, self.findings, self.report, listed.register
        rows = []
        if narrow := [table for table in piece if not table.is_wide]:
            rows = _parsed(listed, narrow, by, on, upload, findings)
        for table in piece:
            if table.is_wide:
                some, same, bad = _widened(listed, table, by, on, upload, findings)
                rows += some
                report.unchanged += same
                report.bad_rows += bad
        items = []
        for row, plan in _planned(listed, rows, by, on, upload, findings):
            place = f"{row.table.sheet}!{row.number}"
            if plan.kind == batches.UNCHANGED:
                report.unchanged += 1
                if plan.entry is not None and plan.entry.batch_id and not row.back:
                    self.met[plan.entry.batch_id] += 1
            else:
                items.append(batches.Item(register, plan, place))
            if plan.kind == batches.ADDED:
                report.added += 1
                if len(listed.added) <= batches.MOST_COPIED:
                    listed.added.append(plan.row)
            if plan.kind == batches.CHANGED:
                report.changed += 1
                if len(report.changes) < MOST_SHOWN:
                    report.changes.append(_change(register, row, plan))
            # not the key: it has the ids of people whom the preview registered and took back, other ones the next time
            record = plan.entry.pk if plan.entry is not None else ""
            said = f"{register.code}\0{plan.kind}\0{place}\0{record}\0{plan.changes}\n"
            self.digest.update(said.encode())
        report.bad_rows += sum(row.bad for row in rows)
        return items

    def _submit(self, items: Sequence[batches.Item], for_show: bool, last: bool) -> None:
        upload = self.upload
        path = self.path or f"preview/{upload.sha256[:64]}"
        self.report.batch = batches.submit_batch(
            by=self.by,
            on=self.on,
            organization=upload.organization,
            period=upload.period,
            upload=batches.Upload(upload.name, upload.sha256, path),
            items=items,
            batch=self.report.batch,
            for_show=for_show,
            last=last,
        )

    def _tell_of_quarters(self, listed: _List, tables: Sequence[Table]) -> None:
        """Whose rows look like those of the quarter before."""
        period, register = self.upload.period, listed.register
        for sheet, (number, count) in listed.early.items():
            message = (
                f"有 {count} 行的日期早于{period.label}（从 {period.starts_on} 起），按补报处理，"
                "请核对是否传了上季度的文件。"
            )
            self.findings.warning(sheet, str(number), "季度", message)
        copied = batches.copied_from_before(
            register=register, rows=listed.added, organization=self.upload.organization, period=period
        )
        if copied > 1 and copied * 5 >= len(listed.added) * 4:
            message = f"“{register.name}”有 {copied} 行除日期外与上一季度已报的完全相同，请核对是否只改了日期、没有更新内容。"
            self.findings.warning(tables[0].sheet, "", "季度", message)


def _pieces(register: Register, tables: Sequence[Table]) -> list[Sequence[Table]]:
    """The tables as they are taken at once: long lists of people in pieces, of whom memory then holds one. Rows that have
    to do with one another stay together."""
    if not register.rows_stand_alone or sum(len(table.rows) for table in tables) <= PIECE:
        return [tables]
    return [
        [replace(table, rows=table.rows[start : start + PIECE])]
        for table in tables
        for start in range(0, len(table.rows), PIECE)
    ]


def _telling(tell: Tell, piece: int, pieces: int) -> Tell:
    """Tells of one piece as a part of all."""
    return lambda progress: tell(replace(progress, piece=piece, pieces=pieces))


def _tell_first_imports(by: User, upload: Upload, met: Mapping[int, int], findings: Findings) -> None:
    """Name the imports that brought the same rows already, under whatever name and in whatever order."""
    rows = Batch.objects.for_user(by).filter(pk__in=met, organization=upload.organization)
    for batch in rows.select_related("uploaded_by").order_by("pk")[:5]:
        when = f"{timezone.localtime(batch.uploaded_at):%Y-%m-%d %H:%M}"
        findings.warning(
            "",
            "",
            "已导入",
            f"这些内容已在 {when} 由{batch.uploaded_by.full_name}导入过（{batch.pk} 号批次，{met[batch.pk]} 行），"
            "不会重复计入。",
        )


def _in_order(registers: Mapping[str, Register]) -> list[Register]:
    """Registers after those whose entries they refer to."""
    ordered: list[Register] = []

    def add(register: Register, above: tuple[str, ...]) -> None:
        for column in register.columns:
            if column.kind == "subject" and column.register in registers and column.register not in above:
                add(registers[column.register], (*above, register.code))
        if register not in ordered:
            ordered.append(register)

    for register in registers.values():
        add(register, (register.code,))
    return ordered


def _check_sheet(table: Table, upload: Upload, names: Names, findings: Findings) -> None:
    """The sheet is this unit's and this quarter's, as far as it says so itself."""
    if table.filed_by:
        try:
            unit = names.match_organization(table.filed_by)
        except (NoMatch, Ambiguous) as error:
            findings.warning(table.sheet, table.filed_by_cell, "填报单位", str(error), value=table.filed_by)
        else:
            if unit != upload.organization:
                findings.error(
                    table.sheet,
                    table.filed_by_cell,
                    "填报单位",
                    f"表里写的填报单位是{unit}，您选的是{upload.organization}，请核对文件或单位。",
                    value=table.filed_by,
                )
    _check_quarter(table, upload.period, findings)
    if table.template is not None:
        code, version, organization, period = table.template
        if organization != upload.organization.code.casefold():
            findings.error(
                table.sheet,
                "",
                "模板",
                f"这是别的单位（{organization}）的模板，请下载{upload.organization}的模板填写。",
            )
        if period != upload.period.code:
            findings.error(
                table.sheet,
                "",
                "模板",
                f"这是 {period} 的模板，您选的是 {upload.period.code}，请核对季度或下载新模板。",
            )
        if code == table.register.code and version != version_of(table.register):
            findings.warning(
                table.sheet, "", "模板", "这是旧版模板，栏目可能有变；已按现有栏目读取，下次请下载新模板。"
            )


def _check_quarter(table: Table, period: Period, findings: Findings) -> None:
    """The quarter that the title names is an error where it is another one; dates above the rows are doubts."""
    if table.quarters and period.code not in {code for code, _, _ in table.quarters}:
        _, cell, said = table.quarters[0]
        findings.error(
            table.sheet,
            cell,
            "季度",
            f"表题写的是“{said}”，您选的是{period.label}，请核对文件或季度；确是本季度的，请改正表题。",
            value=said,
        )
    for code, cell, said in table.as_of:
        if code != period.code:
            message = f"“{said}”不在{period.label}内，请核对是否传了别的季度的文件。"
            findings.warning(table.sheet, cell, "季度", message, value=said)
    if table.dated is not None and table.dated[:2] < (period.starts_on.year, period.starts_on.month):
        year, month, cell = table.dated
        message = f"填报日期（{year}年{month}月）早于{period.label}，请核对是否传了上季度的文件。"
        findings.warning(table.sheet, cell, "季度", message)


def _same_file(by: User, upload: Upload) -> Batch | None:
    rows = Batch.objects.for_user(by).filter(sha256=upload.sha256, organization=upload.organization)
    return rows.filter(state=Batch.State.SUBMITTED).select_related("uploaded_by").order_by("-pk").first()


# --- rows to values ---------------------------------------------------------------------------------------------


def _parsed(
    listed: _List, tables: Sequence[Table], by: User, on: date, upload: Upload, findings: Findings
) -> list[Row]:
    rows = []
    numbered = returned(listed.register, tables, upload.organization, listed.numbers, findings)
    damaged: list[tuple[Row, Place]] = []
    for table in tables:
        known = listed.knowing(table, by, on, upload.period)
        have = {place.column.name for place in table.places}
        absent = {
            column.name: parse(column, Raw(column.assumed), known)
            for column in table.register.columns
            if column.name not in have and (column.assumed or not column.required)
        }
        # what the headings lack is said of them, once, and not of every row
        unread = {c.name for c in table.register.columns if c.required} - have - absent.keys()
        unread |= {p.column.name for p in table.places if p.column.kind == "money" and not p.unit}
        absent |= {
            column.name: parse(replace(column, required=False), Raw(""), known)
            for column in table.register.columns
            if column.name in unread
        }
        for number, cells in table.rows:
            row = Row(table, number, cells, dict(absent))
            row.values["where"] = where(row.table, row.number)
            rows.append(row)
            if len(rows) % TOLD_EVERY == 0:
                upload.tell(Progress(Stage.CELLS, len(rows), sum(len(one.rows) for one in tables)))
            if (table.sheet, number) in numbered:
                row.back = numbered[table.sheet, number]
                row.bad = row.back is None  # what its masked cells are, nobody can say then
                if row.back is not None:
                    read_back(row, row.back, known, findings)
                continue
            row.failed |= unread
            row.bad = row.bad or bool(unread)
            for place in table.places:
                if place.column.name in unread:
                    continue
                read_cell(row, place, known, findings)
                if place.column.kind == "identity" and place.column.name in row.failed:
                    damaged.append((row, place))
    if damaged and not tables[0].register.is_restricted:
        _suggest_people(damaged, by, on, findings)
    return rows


def _widened(
    listed: _List, table: Table, by: User, on: date, upload: Upload, findings: Findings
) -> tuple[list[Row], int, int]:
    """The rows that a sheet of cumulative figures proposes; how many of its rows say nothing new, and how many are wrong
    in themselves."""
    wide = _parsed(listed, [table], by, on, upload, findings)
    whole = [(row.number, row.values) for row in wide if not row.bad]
    until = min(upload.period.ends_on, on)
    found, same, wrong = proposed(listed.register, table, whole, by, until, findings)
    cells = dict(table.rows)
    rows = []
    # the columns of the rows proposed have the names of the sheet's, and other rules
    known = Known(user=by, on=on, year=upload.period.starts_on.year, date1904=table.date1904)
    for one in found:
        row = Row(one.table, one.number, cells[one.number], dict(one.values))
        row.values["where"] = where(row.table, row.number)
        for place in one.table.places:
            if place.column.name not in one.values:
                read_cell(row, place, known, findings)
        rows.append(row)
    return rows, same, sum(row.bad for row in wide) + len(wrong)


def _suggest_people(damaged: Sequence[tuple[Row, Place]], by: User, on: date, findings: Findings) -> None:
    """Who may be meant where Excel has damaged the number: people whom the user may see, of that name, with the digits
    that are left. Never taken by itself: a human confirms (DOMAIN §6)."""
    wanted: dict[tuple[str, int], tuple[str, str]] = {}
    for row, place in damaged[:MOST_DAMAGED]:
        names = [p for p in row.table.places if p.column.kind == "person_name"]
        digits = re.sub(r"\D", "", plain(text_of(row.cell(place))).upper().partition("E")[0].replace(".", ""))
        name = plain(text_of(row.cell(names[0]))) if names else ""
        if name and len(digits) >= 6:
            wanted[row.table.sheet, row.number] = (name, digits[:15])
    near = candidates(user=by, on=on, wanted=set(wanted.values()))
    for row, place in damaged[:MOST_DAMAGED]:
        found = near.get(wanted.get((row.table.sheet, row.number), ("", "")), [])
        if found:
            cell = row.table.cell(row.number, place.column.name)
            findings.add_to(
                row.table.sheet, cell, f"人员名录里可能是：{'、'.join(found)}，请人工核对后填写全号。"
            )


# --- values to planned rows -------------------------------------------------------------------------------------


def _planned(
    listed: _List, rows: Sequence[Row], by: User, on: date, upload: Upload, findings: Findings
) -> list[tuple[Row, batches.Planned]]:
    register, first = listed.register, listed.first
    assert register.make is not None
    whole = [row for row in rows if not row.bad and not row.is_as_exported]
    upload.tell(Progress(Stage.RULES, 0, len(rows)))
    for row, made in zip(whole, register.make([row.values for row in whole], by, on), strict=True):
        row.made = made
        _tell(row, made, findings)
        row.bad = row.bad or made.row is None
        for message in made.warnings:
            findings.warning(row.table.sheet, place_of(row.table, row.number), "提示", message)
    broken = [row for row in rows if row.failed]
    with transaction.atomic():
        # what else is wrong in rows with an unreadable cell is told in the same run; nobody in them is registered
        for row, made in zip(broken, register.make([row.values for row in broken], by, on), strict=True):
            _tell(row, made, findings)
        transaction.set_rollback(True)
    good = [row for row in whole if not row.bad]
    _check_periods(listed, good, upload.period, findings)
    good = [row for row in good if not row.bad]
    details = [row.made.row for row in good if row.made is not None and row.made.row is not None]
    plans = batches.plan_rows(
        register=register,
        rows=details,
        organization=upload.organization,
        named=[row.back.entry if row.back is not None else None for row in good],
    )
    planned = list(zip(good, plans, strict=True)) + _nothing_new(rows, findings)
    order = {id(row): number for number, row in enumerate(rows)}
    planned.sort(key=lambda pair: order[id(pair[0])])
    for row, plan in planned:
        other = first.get(plan.key)
        if other is not None and not _are_two_records(row, other):
            error_at(
                row,
                "",
                f"与{where(other.table, other.number)}（{place_of(other.table, other.number)}）是同一条记录，请只留一行。",
                findings,
                rule="文件内重复",
            )
        elif plan.kind == batches.TAKEN:
            error_at(row, "", plan.message, findings)
        else:
            first[plan.key] = _First(row.table, row.number, row.back.entry.pk if row.back else None)
            _check_step(register, row, plan, by, on, findings)
    return [(row, plan) for row, plan in planned if not row.bad]


def _are_two_records(row: Row, other: _First) -> bool:
    """What is in force and what waits to follow it: an export has both, each with its own 记录号."""
    return row.back is not None and other.entry_id is not None and row.back.entry.pk != other.entry_id


def _nothing_new(rows: Sequence[Row], findings: Findings) -> list[tuple[Row, batches.Planned]]:
    """Rows that came back as they went out; told if the books have moved on since."""
    found = []
    for row in rows:
        back = row.back
        if back is None or not row.is_as_exported:
            continue
        if not batches.stands(back.entry):
            message = f"{back.number_and_state}；这一行没有改动，不作处理。"
            findings.warning(row.table.sheet, place_of(row.table, row.number), "提示", message)
        key = back.entry.subject.key
        found.append((row, batches.Planned(back.row, key, batches.UNCHANGED, back.entry)))
    return found


def _check_step(
    register: Register, row: Row, plan: batches.Planned, by: User, on: date, findings: Findings
) -> None:
    """The rules of what follows on an approved row, at its cells."""
    entry = plan.entry
    if plan.kind == batches.CHANGED and register.next_step and entry and entry.state == entry.State.APPROVED:
        plan.row.entry, plan.row.before = entry, plan.old
        for name, messages in register.errors(plan.row, by, on).items():
            for message in messages:
                error_at(row, name, message, findings)


def _tell(row: Row, made: Made, findings: Findings) -> None:
    """The errors of a row at their cells, but for columns whose cell could not be read: that has been said."""
    for name, messages in made.errors.items():
        # who it is cannot be said without the birth month, either
        if name not in row.failed and not (name == "id_number" and "birth_month" in row.failed):
            for message in dict.fromkeys(messages):
                error_at(row, name, message, findings)


def _check_periods(listed: _List, rows: Sequence[Row], period: Period, findings: Findings) -> None:
    """After the quarter: an error, for the file is another quarter's. Before it: late, and told once a sheet."""
    for row in rows:
        assert row.made is not None
        day = listed.register.occurred_on(row.made.row)
        if day > period.ends_on:
            dated = next(
                (p.column.name for p in row.table.places if p.column.kind in ("date", "dates", "month")), ""
            )
            error_at(
                row,
                dated,
                f"日期 {day} 晚于{period.label}（到 {period.ends_on}），请核对日期或季度。",
                findings,
                rule="季度",
            )
        elif day < period.starts_on:
            first, count = listed.early.get(row.table.sheet, (row.number, 0))
            listed.early[row.table.sheet] = first, count + 1


def _change(register: Register, row: Row, plan: batches.Planned) -> Change:
    labels = {column.name: column.label for column in register.columns}
    assert plan.entry is not None
    becomes = f"已通过，{register.next_step or '提交更正'}"
    if plan.entry.state == plan.entry.State.SUBMITTED:
        becomes = "待审，换成新版"
    return Change(
        row.table.sheet,
        row.number,
        plan.entry.pk,
        plan.entry.summary,
        becomes,
        [(labels.get(name, name), old, new) for name, (old, new) in (plan.changes or {}).items()],
    )
