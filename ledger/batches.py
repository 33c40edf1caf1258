"""Workbooks as batches: what a file would change, its submission as one transaction, and its undoing (DESIGN §5).

A row of the file is *added* (its Subject has nothing in force or undecided), *unchanged*, or *changed*: a new version
of an undecided row, the next step or a correction of an approved one. Rows absent from the file are never deleted.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import DateField, F, Q, QuerySet

from audit import bulk
from audit.events import Deed, record, record_all
from audit.locks import share_books
from directory.identity import hide_numbers
from directory.models import Organization, User
from ledger import accounts, acting, actions, filings, fixing, posting
from ledger.acting import NotAllowed, SubjectTaken, moment, refusable
from ledger.models import Batch, Decision, Detail, Entry, EntryConcern, EntryEvidence, Period, Subject
from ledger.permissions import may_file, may_review
from ledger.registers import Claim, Leg, Register, get_register, no_files

MOST_COPIED = 2_000  # more rows nobody copies by hand from the quarter before
ADDED, CHANGED, UNCHANGED, TAKEN = "added", "changed", "unchanged", "taken"


@dataclass(frozen=True)
class Planned:
    """What a row of a file would do. `entry` is the one it meets; `changes` maps a column to (old, new) as shown."""

    row: Detail
    key: str
    kind: str
    entry: Entry | None = None
    changes: Mapping[str, tuple[str, str]] | None = None
    message: str = ""
    old: Detail | None = None  # the row of `entry`, where it would be changed


@dataclass(frozen=True)
class Item:
    """A planned row with where it stands in the file, such as "学员!12"."""

    register: Register
    planned: Planned
    origin: str


@dataclass(frozen=True)
class Upload:
    """The file itself: its name, SHA-256 and where its encrypted original was put."""

    name: str
    sha256: str
    path: str


class Filed(NamedTuple):
    """An entry with its row, its Subject's pointers read."""

    entry: Entry
    row: Any


def numbered(*, numbers: Iterable[int], organization: Organization) -> dict[int, Filed]:
    """Number → the entry the unit filed under it and its row as last submitted, of any register; reversals left out, as
    they have no row of their own."""
    rows = Entry.objects.unscoped("导入时按记录号取回本单位的记录").filter(bulk.among("pk", numbers))
    rows = rows.filter(filed_for=organization).exclude(kind=Entry.Kind.REVERSAL)
    filed = {entry.pk: entry for entry in rows.select_related("subject", "filed_for", "corrects")}
    by_register: dict[str, list[Entry]] = defaultdict(list)
    for entry in filed.values():
        by_register[entry.register].append(entry)
    found: dict[int, Filed] = {}
    for code, entries in by_register.items():
        for pk, row in _details(get_register(code), entries).items():
            row.entry = filed[pk]
            found[pk] = Filed(filed[pk], row)
    return found


def stands(entry: Entry) -> bool:
    """Whether the entry is what its Subject has now: under review, or in force."""
    return entry.pk in (entry.subject.undecided_id, entry.subject.in_force_id)


def plan_rows(
    *,
    register: Register,
    rows: Sequence[Detail],
    organization: Organization,
    named: Sequence[Entry | None] = (),
) -> list[Planned]:
    """What each row would do to the books, in the rows' order; a fixed number of queries.

    `named`: the standing entry that each row says it is, None where only its natural key tells.
    """
    keys = [register.natural_key(row)[:300] for row in rows]
    met = _entries_met(register, keys)
    known = [entry for entry in (*met.values(), *named) if entry is not None]
    details = _details(register, list({entry.pk: entry for entry in known}.values()))
    planned = []
    for row, key, said in zip(rows, keys, named or [None] * len(rows), strict=True):
        entry = said or met.get(key)
        if entry is None:
            planned.append(Planned(row, key, ADDED))
            continue
        if said is not None and key != said.subject.key:
            message = _why_not_renamed(register, said, met.get(key))
            key = said.subject.key
            if message:
                planned.append(Planned(row, key, TAKEN, entry, None, message))
                continue
        changes = _differences(register, details[entry.pk], row)
        if not changes:
            planned.append(Planned(row, key, UNCHANGED, entry))
        elif entry.filed_for_id != organization.pk:
            message = f"这一行已由{entry.filed_for}填报（{entry.pk} 号记录），内容不同，不能由本单位覆盖。"
            planned.append(Planned(row, key, TAKEN, entry, changes, message))
        elif entry.state == Entry.State.SUBMITTED and entry.kind != Entry.Kind.NEW:
            message = f"{entry.pk} 号{entry.get_kind_display()}正在审核，请审核后再导入这一行。"
            planned.append(Planned(row, key, TAKEN, entry, changes, message))
        elif said is not None and said.subject.undecided_id not in (None, said.pk):
            message = f"{said.pk} 号记录的更正或进展（{said.subject.undecided_id} 号）正在审核，请审核后再导入这一行。"
            planned.append(Planned(row, key, TAKEN, entry, changes, message))
        else:
            planned.append(Planned(row, key, CHANGED, entry, changes, old=details[entry.pk]))
    return planned


def _why_not_renamed(register: Register, entry: Entry, other: Entry | None) -> str:
    """Why a row that names `entry` may not be about something else from now on; "" if it may."""
    if other is not None:
        return f"改成这样就与 {other.pk} 号记录（{other.summary}）是同一笔业务，请核对。"
    if entry.follows_id or (register.next_step and entry.state == Entry.State.APPROVED):
        return (
            f"{entry.pk} 号记录是哪一笔业务（编号、名称、日期等）不能由导入改变；原来填错了的，"
            "请在系统里打开这条记录，点“更正”。"
        )
    return ""


def missing_from(
    *,
    register: Register,
    keys: Container[str],
    organization: Organization,
    period: Period,
    batch: Batch | None = None,
) -> list[tuple[int, str]]:
    """Number and summary of the unit's live entries of the quarter whose rows are not in the file: shown, never deleted.
    `batch`: what the file has just written."""
    rows = (
        Entry.objects.unscoped("导入时比对本单位本季度的已有记录")
        .filter(register=register.code, filed_for=organization, filing__period=period)
        .filter(state__in=[Entry.State.SUBMITTED, Entry.State.APPROVED])
        .filter(Q(subject__in_force=F("pk")) | Q(subject__undecided=F("pk")))
        .exclude(kind=Entry.Kind.REVERSAL)
        .order_by("pk")
    )
    if batch is not None:
        rows = rows.filter(~Q(batch=batch) | Q(batch=None))
    listed = rows.values_list("pk", "summary", "subject__key")
    return [(pk, summary) for pk, summary, key in listed.iterator() if key not in keys]


def note_missing(*, batch: Batch, missing: int) -> None:
    """Keep with a batch how many entries its file left out."""
    batch.counts = {**batch.counts, "missing": batch.counts.get("missing", 0) + missing}
    batch.save(update_fields=["counts"])


def copied_from_before(
    *, register: Register, rows: Sequence[Detail], organization: Organization, period: Period
) -> int:
    """How many of the new rows say, dates apart, exactly what the unit filed for the quarter before. Two queries; none
    for a register without dates, or for more rows than anybody copies by hand."""
    fields = [
        f.attname
        for f in register.model._meta.concrete_fields
        if not isinstance(f, DateField) and f.name not in ("id", "entry", "version")
    ]
    if not rows or len(rows) > MOST_COPIED or len(fields) + 3 == len(register.model._meta.concrete_fields):
        return 0
    before = Period.objects.filter(ends_on__lt=period.starts_on).order_by("-ends_on").first()
    model: Any = register.model
    live = (
        Entry.objects.unscoped("导入时与本单位上一季度的记录比对")
        .filter(register=register.code, filed_for=organization, filing__period=before)
        .filter(state__in=[Entry.State.SUBMITTED, Entry.State.APPROVED])
    )
    filed = set(model.objects.filter(entry__in=live, version=F("entry__version")).values_list(*fields))
    return sum(tuple(getattr(row, name) for name in fields) in filed for row in rows)


@refusable("batch.submit")
def submit_batch(
    *,
    by: User,
    on: date,
    organization: Organization,
    period: Period,
    upload: Upload,
    items: Sequence[Item],
    batch: Batch | None = None,
    for_show: bool = False,
    last: bool = False,
) -> Batch:
    """Write a planned file to the books as submitted entries: all of `items`, or nothing.

    `batch`: the one this file has already begun in the same transaction, when rows of one sheet refer to rows of
    another, or it comes in pieces. Added rows are filed set-based; changed ones become a new version or a correction
    each. `for_show`: the transaction is taken back and asks nothing more of these rows, so that added ones only go as far
    as the accounts hold what they move: every rule is asked, every refusal comes, their entries are not written. `last`: no
    more rows come in the transaction. Raises NotAllowed, SubjectTaken (somebody filed one of the rows since it was
    planned), or a posting refusal over all rows together.
    """
    share_books()
    if not may_file(by) or (by.organization_id != organization.pk and not may_review(by)):
        raise NotAllowed(f"您不能为{organization}导入。")
    for register in {item.register.code: item.register for item in items}.values():
        if not register.may_file(organization):
            raise NotAllowed(f"{organization}不填报{register.name}。")
    counts = {kind: sum(item.planned.kind == kind for item in items) for kind in (ADDED, CHANGED, UNCHANGED)}
    counts["missing"] = 0
    if batch is None:
        batch = Batch(
            organization=organization,
            period=period,
            name=hide_numbers(upload.name)[:200],
            sha256=upload.sha256,
            path=upload.path,
            uploaded_by=by,
            uploaded_at=moment(on),
        )
    batch.registers = sorted({*batch.registers, *(item.register.code for item in items)})
    if any(get_register(code).is_restricted for code in batch.registers):
        names = "、".join(get_register(code).name for code in batch.registers)
        batch.name = f"{names}{Path(upload.name).suffix}"[:200]  # people name files after whom they are about
    batch.counts = {kind: batch.counts.get(kind, 0) + count for kind, count in counts.items()}
    batch.save()
    added = [item for item in items if item.planned.kind == ADDED]
    if for_show and len(added) == len(items):
        _hold_for_show(added, last)
        return batch
    _add(added, batch, by, on)
    for item in items:
        if item.planned.kind == CHANGED:
            _change(item, batch, by, on)
    record(
        verb="batch.submitted",
        by=by,
        target=f"ledger.batch:{batch.pk}",
        summary=f"导入{organization}{period.label}：新增 {counts[ADDED]}，变更 {counts[CHANGED]}，未变 {counts[UNCHANGED]}",
        details=batch.counts,
    )
    return batch


def may_be_voided(batch: Batch) -> bool:
    """Whether there is anything to void: of a batch voided before, approved rows whose reversals were returned."""
    if batch.state == Batch.State.SUBMITTED:
        return True
    return _standing(_rows_of(batch)).exists()


class Voided(NamedTuple):
    """What voiding did, by number: entries set to 作废, and the reversals filed for the approved ones."""

    void: list[int]
    reversals: list[int]


@refusable("batch.void")
def void_batch(*, by: User, on: date, batch: Batch, reason: str) -> Voided:
    """Undo a batch: undecided rows become 作废 at once, approved ones get a reversal each, to be decided together.

    Approved rows that already have a live reversal, step or correction are left to it. Raises NotAllowed, ReasonMissing,
    ReasonNamesPerson, or a posting refusal over all reversals together.
    """
    share_books()
    if not may_file(by) or by.organization_id != batch.organization_id:
        raise NotAllowed(f"只有{batch.organization}可以作废这一批次。")
    acting.need_reason(reason, "请写明作废理由。")
    rows = _rows_of(batch)
    # locked first and read afterwards, see actions._locked_subjects
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    about = Subject.objects.filter(Q(pk__in=rows.values("subject")) | Q(undecided__in=rows.values("pk")))
    list(about.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    undecided = rows.filter(state__in=[Entry.State.SUBMITTED, Entry.State.RETURNED, Entry.State.WITHDRAWN])
    standing = _standing(rows)
    why = f"批次作废：{reason.strip()}"[:500]
    done = Voided(
        _void(_Filed.all_of(undecided), by, on, why),
        # the last first: what rests on others comes after them in a workbook, and has to be taken back before
        _reverse(_Filed.all_of(standing)[::-1], batch, by, on, why),
    )
    batch.state, batch.voided_by, batch.voided_at = Batch.State.VOIDED, by, moment(on)
    batch.void_reason = reason.strip()[:500]
    batch.save(update_fields=["state", "voided_by", "voided_at", "void_reason"])
    record(
        verb="batch.voided",
        by=by,
        target=f"ledger.batch:{batch.pk}",
        summary=f"作废 {batch.pk} 号批次：作废 {len(done.void)} 条，提交红冲 {len(done.reversals)} 条",
        details={"void": len(done.void), "reversals": len(done.reversals)},
    )
    return done


def _rows_of(batch: Batch) -> QuerySet[Entry]:
    return (
        Entry.objects.unscoped("按批次取回本单位的记录").filter(batch=batch).exclude(kind=Entry.Kind.REVERSAL)
    )


def _standing(rows: QuerySet[Entry]) -> QuerySet[Entry]:
    """The approved rows that nothing has replaced, takes back or is about to."""
    return rows.filter(state=Entry.State.APPROVED, subject__in_force=F("pk"), subject__undecided=None)


# --- planning -----------------------------------------------------------------------------------------------------


def _entries_met(register: Register, keys: Sequence[str]) -> dict[str, Entry | None]:
    """Natural key → the undecided entry of its Subject, else the one in force, else None."""
    people = ("filed_for", "corrects")
    rows = Subject.objects.filter(bulk.among("key", keys), register=register.code).select_related(
        *(f"{end}__{name}" for end in ("undecided", "in_force") for name in people)
    )
    return {subject.key: subject.undecided or subject.in_force for subject in rows}


def _details(register: Register, entries: Sequence[Entry]) -> dict[int, Detail]:
    """Entry id → its detail row of the latest version."""
    model: Any = register.model
    versions = {entry.pk: entry.version for entry in entries}
    found: dict[int, Detail] = {}
    for row in model.objects.filter(bulk.among("entry", versions)).select_related(*register.pointers()):
        if row.version == versions[row.entry_id]:
            found[row.entry_id] = row
    return found


def _differences(register: Register, old: Detail, new: Detail) -> dict[str, tuple[str, str]]:
    before = {one.name: one.value for one in register.shown(old)}
    after = {one.name: one.value for one in register.shown(new)}
    names = dict.fromkeys([*before, *after])
    return {n: (before.get(n, ""), after.get(n, "")) for n in names if before.get(n, "") != after.get(n, "")}


# --- writing ------------------------------------------------------------------------------------------------------


def _add(items: Sequence[Item], batch: Batch, by: User, on: date) -> None:
    """File the added rows of every register together: plain rows of each table, and one hold over all of them."""
    if not items:
        return
    subjects = _free_subjects(items)
    ids = bulk.reserve(Entry, len(items))
    at, filing_of = moment(on), _filings_of(batch.organization)
    entries, filed, concerns, deeds = [], [], [], []
    _refuse_fixing_impossible(items)
    with accounts.remembered():
        for item, pk in zip(items, ids, strict=True):
            row, register = item.planned.row, item.register
            legs, claims = register.legs(row), register.claims(row)
            row.entry_id, row.version = pk, 1
            day = register.occurred_on(row)
            summary, amount = register.summary(row)[:200], register.amount(row)
            entries.append(
                _Written(
                    pk=pk,
                    register=register.code,
                    subject_id=subjects[_place(item)],
                    filed_for_id=batch.organization_id,
                    filing_id=filing_of(register.code, day),
                    occurred_on=day,
                    summary=summary,
                    amount=amount,
                    origin=item.origin[:100],
                )
            )
            filed.append(posting.Filed(pk, 1, legs, claims))
            units = _units(legs, claims) | {batch.organization_id} | register.concerned(row)
            concerns += [(pk, unit) for unit in sorted(units)]
            details = {"version": 1, "amount": amount}
            deeds.append(Deed(f"ledger.entry:{pk}", f"导入：{pk} 号 {summary}", details))
    _write(entries, batch, by, at)
    for register in {item.register.code: item.register for item in items}.values():
        rows = [item.planned.row for item in items if item.register.code == register.code]
        _write_details(register, rows)
        _hang_what_they_bring(register, rows, by)
    bulk.copy(EntryConcern, ("entry_id", "organization_id"), concerns)
    bulk.update(Subject, "undecided_id", {entry.subject_id: entry.pk for entry in entries})
    filings.note_submissions({entry.filing_id for entry in entries}, at)
    posting.hold_all(filed)
    record_all(verb="entry.submitted", by=by, deeds=deeds)


def _hold_for_show(items: Sequence[Item], last: bool) -> None:
    """What `_add` asks of the books, and what their accounts then hold; no entry is written."""
    _refuse_fixing_impossible(items)
    filed = []
    with accounts.remembered():
        for place, item in enumerate(items, 1):
            row, register = item.planned.row, item.register
            row.entry_id, row.version = place, 1
            register.summary(row), register.amount(row), register.concerned(row)
            filed.append(posting.Filed(place, 1, register.legs(row), register.claims(row)))
    posting.hold_all(filed, for_show=True, last=last)


def _refuse_fixing_impossible(items: Sequence[Item]) -> None:
    fixes = [(item, item.register.fixes(item.planned.row)) for item in items if item.register.fixes]
    fixed = [(item, what) for item, what in fixes if what is not None]
    for item, what in fixed:
        fixing.refuse_impossible(None, what, [other for one, other in fixed if one is not item])


class _Written(NamedTuple):
    """What an entry written here has of its own; the rest is the batch's, or as in every new entry."""

    pk: int
    register: str
    subject_id: int
    filed_for_id: int
    filing_id: int
    occurred_on: date
    summary: str
    amount: int | None
    origin: str = "表单"
    kind: str = Entry.Kind.NEW.value
    corrects_id: int | None = None
    reason: str = ""


def _write(entries: Sequence[_Written], batch: Batch, by: User, at: datetime) -> None:
    """Insert submitted entries."""
    state, version, note = Entry.State.SUBMITTED.value, 1, ""
    common = (state, version, note, batch.pk, by.pk, at, by.pk, at)
    bulk.copy(
        Entry,
        (
            *("id", *_Written._fields[1:]),
            *("state", "version", "posted_note", "batch_id"),
            *("filed_by_id", "filed_at", "submitted_by_id", "submitted_at", "token"),
        ),
        [(*entry, *common, uuid.uuid4()) for entry in entries],
    )


def _write_details(register: Register, rows: Sequence[Detail]) -> None:
    """Insert the register's rows, which know their entry and version."""
    fields = [field for field in register.model._meta.concrete_fields if not field.primary_key]
    values = attrgetter(*(field.attname for field in fields))
    bulk.copy(register.model, [str(field.column) for field in fields], [values(row) for row in rows])


def _hang_what_they_bring(register: Register, rows: Sequence[Detail], by: User) -> None:
    """The files that the system makes of the rows, for a register that has such; few rows, one by one."""
    if register.brings is no_files:
        return
    model: Any = register.model
    for row in model.objects.filter(entry__in=[row.entry_id for row in rows], version=1).select_related(
        "entry"
    ):
        EntryEvidence.objects.bulk_create(
            EntryEvidence(entry=row.entry, version=1, evidence=file, sha256=file.sha256)
            for file in register.brings(row, by)
        )


def _filings_of(organization: Organization) -> Callable[[str, date], int]:
    """(register, day) → the unit's filing, looked up or made once a quarter."""
    kept: dict[tuple[str, int, int], int] = {}

    def filing_of(register: str, day: date) -> int:
        quarter = register, day.year, (day.month - 1) // 3
        if quarter not in kept:
            kept[quarter] = filings.filing_of(register, organization, day).pk
        return kept[quarter]

    return filing_of


def _place(item: Item) -> tuple[str, str]:
    return item.register.code, item.planned.key


def _free_subjects(items: Sequence[Item]) -> dict[tuple[str, str], int]:
    """The Subject of every item, made if new, locked in id order. Raises SubjectTaken if somebody was faster."""
    wanted = sorted({_place(item) for item in items})
    bulk.insert(Subject, ("register", "key"), wanted)
    found: dict[tuple[str, str], int] = {}
    for code in sorted({code for code, _ in wanted}):
        rows = Subject.objects.filter(
            bulk.among("key", [key for c, key in wanted if c == code]), register=code
        )
        found |= {(code, key): pk for pk, key in rows.values_list("pk", "key")}
    subjects = Subject.objects.filter(bulk.among("pk", found.values())).order_by("pk")
    locked = subjects.select_for_update(no_key=True).values_list("undecided_id", "in_force_id")
    taken = [a or b for a, b in locked if a or b]
    if taken:
        numbers = "、".join(f"{pk} 号" for pk in taken[:10])
        raise SubjectTaken(f"预览之后，有 {len(taken)} 行已被他人填报（{numbers}），请重新上传核对。")
    return found


# --- voiding ------------------------------------------------------------------------------------------------------


class _Filed(NamedTuple):
    """An entry of the batch as it stands."""

    pk: int
    version: int
    state: str
    register: str
    subject_id: int
    occurred_on: date
    summary: str
    amount: int | None

    @classmethod
    def all_of(cls, rows: QuerySet[Entry]) -> list[_Filed]:
        return [cls(*row) for row in rows.order_by("pk").values_list(*cls._fields)]


def _void(rows: Sequence[_Filed], by: User, on: date, reason: str) -> list[int]:
    """Set undecided entries to 作废, for good, as actions.void does one: what they held and were about is free."""
    ids = [row.pk for row in rows]
    waiting = [row.pk for row in rows if row.state == Entry.State.SUBMITTED]
    Subject.objects.filter(bulk.among("undecided", waiting)).update(undecided=None)
    posting.release_all(waiting)
    void = Entry.objects.unscoped("作废本批次未审的记录").filter(bulk.among("pk", ids))
    void.update(state=Entry.State.VOID)
    at, outcome = moment(on), Decision.Outcome.VOID.value
    bulk.copy(
        Decision,
        ("entry_id", "version", "outcome", "reason", "fields", "by_id", "at"),
        [(row.pk, row.version, outcome, reason, {}, by.pk, at) for row in rows],
    )
    record_all(
        verb="entry.void",
        by=by,
        deeds=[
            Deed(
                f"ledger.entry:{row.pk}",
                f"作废：{row.pk} 号 {row.summary}",
                {"version": row.version, "amount": row.amount},
            )
            for row in rows
        ],
    )
    return ids


def _reverse(rows: Sequence[_Filed], batch: Batch, by: User, on: date, reason: str) -> list[int]:
    """File the reversal of every row, as actions.reverse does of one; returns the reversals."""
    if not rows:
        return []
    at, filing_of = moment(on), _filings_of(batch.organization)
    legs = actions.inverses([row.pk for row in rows])
    entries = [
        _Written(
            pk=pk,
            register=row.register,
            subject_id=row.subject_id,
            filed_for_id=batch.organization_id,
            filing_id=filing_of(row.register, row.occurred_on),
            occurred_on=row.occurred_on,
            summary=row.summary,
            amount=row.amount,
            kind=Entry.Kind.REVERSAL.value,
            corrects_id=row.pk,
            reason=reason,
        )
        for pk, row in zip(bulk.reserve(Entry, len(rows)), rows, strict=True)
    ]
    _write(entries, batch, by, at)
    _refuse_unfixable(rows)
    for code in sorted({row.register for row in rows}):
        _copy_details(get_register(code), entries[0].pk, entries[-1].pk)
    concerned = _concerned([row.pk for row in rows])
    bulk.copy(
        EntryConcern,
        ("entry_id", "organization_id"),
        [(one.pk, unit) for one in entries for unit in sorted(concerned[one.corrects_id or 0])],
    )
    bulk.update(Subject, "undecided_id", {one.subject_id: one.pk for one in entries})
    filings.note_submissions({one.filing_id for one in entries}, at)
    posting.hold_all([posting.Filed(one.pk, 1, legs.get(one.corrects_id or 0, [])) for one in entries])
    record_all(
        verb="entry.submitted",
        by=by,
        deeds=[
            Deed(
                f"ledger.entry:{one.pk}",
                f"提交对 {one.corrects_id} 号记录的红冲：{one.pk} 号 {one.summary}",
                {"version": 1, "amount": one.amount},
            )
            for one in entries
        ],
    )
    return [one.pk for one in entries]


def _refuse_unfixable(rows: Sequence[_Filed]) -> None:
    """Raise what forbids that what the rows fix of the books is given up for what stood before them."""
    by_register = {row.register: get_register(row.register) for row in rows}
    for row in rows:
        fixes = by_register[row.register].fixes
        if fixes is None:
            continue
        entry = Entry.objects.unscoped("作废批次时核对项目账户").select_related("follows").get(pk=row.pk)
        ground = actions.detail_of(entry.follows) if entry.follows else None
        fixing.refuse_impossible(
            fixes(actions.detail_of(entry)), fixes(ground) if ground is not None else None
        )


def _copy_details(register: Register, first: int, last: int) -> None:
    """Give reversals just written a copy of the row they take back, without its passing through here."""
    meta, quote = register.model._meta, connection.ops.quote_name
    own = [
        quote(str(field.column))
        for field in meta.concrete_fields
        if not field.primary_key and field.name not in ("entry", "version")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(meta.db_table)} (entry_id, version, {', '.join(own)}) "  # noqa: S608  names of ours
            f"SELECT back.id, back.version, {', '.join(f'kept.{name}' for name in own)} "
            f"FROM ledger_entry back JOIN ledger_entry entry ON entry.id = back.corrects_id "
            f"JOIN {quote(meta.db_table)} kept ON kept.entry_id = entry.id AND kept.version = entry.version "
            "WHERE back.id BETWEEN %s AND %s AND back.register = %s AND back.kind = %s",
            [first, last, register.code, Entry.Kind.REVERSAL.value],
        )


def _concerned(entry_ids: Sequence[int]) -> dict[int, set[int]]:
    """Entry id → the units it concerns; so does its being taken back."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = EntryConcern.objects.filter(bulk.among("entry", entry_ids))
    for entry, unit in rows.values_list("entry_id", "organization_id"):
        found[entry].add(unit)
    return found


# --- changing -----------------------------------------------------------------------------------------------------


def _change(item: Item, batch: Batch, by: User, on: date) -> None:
    """A new version of an undecided entry; of an approved one the next step, or a correction if it has none."""
    entry = item.planned.entry
    assert entry is not None
    if entry.state == Entry.State.SUBMITTED:
        entry = actions.withdraw(by=by, on=on, entry=entry, version=entry.version)
        changed = actions.resubmit(by=by, on=on, entry=entry, version=entry.version, row=item.planned.row)
    elif item.register.next_step:
        changed = actions.step(by=by, on=on, entry=entry, row=item.planned.row)
    else:
        changed = actions.correct(
            by=by, on=on, entry=entry, row=item.planned.row, reason=f"{batch.pk} 号批次导入时内容有变"
        )
    changed.batch, changed.origin = batch, item.origin[:100]
    changed.save(update_fields=["batch", "origin"])


def _units(legs: Sequence[Leg], claims: Sequence[Claim]) -> set[int]:
    return {leg.organization_id for leg in legs} | {claim.organization_id for claim in claims}
