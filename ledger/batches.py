"""Workbooks as batches: what a file would change, its submission as one transaction, and its undoing (DESIGN §5).

A row of the file is *added* (its Subject has nothing in force or undecided), *unchanged*, or *changed*: a new version
of an undecided row, the next step or a correction of an approved one. Rows absent from the file are never deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from audit.events import record
from audit.locks import share_books
from audit.models import Event
from directory.identity import hide_numbers
from directory.models import Organization, User
from ledger import accounts, actions, filings, posting
from ledger.actions import NotAllowed, SubjectTaken, moment, refusable
from ledger.models import Batch, Detail, Entry, EntryConcern, Filing, Period, Subject
from ledger.permissions import may_file, may_review
from ledger.registers import Claim, Leg, Register

ADDED, CHANGED, UNCHANGED, TAKEN = "added", "changed", "unchanged", "taken"
CHUNK = 500  # rows a statement
T = TypeVar("T")


@dataclass(frozen=True)
class Planned:
    """What a row of a file would do. `entry` is the one it meets; `changes` maps a column to (old, new) as shown."""

    row: Detail
    key: str
    kind: str
    entry: Entry | None = None
    changes: Mapping[str, tuple[str, str]] | None = None
    message: str = ""


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


def plan_rows(*, register: Register, rows: Sequence[Detail], organization: Organization) -> list[Planned]:
    """What each row would do to the books, in the rows' order; a fixed number of queries per CHUNK rows."""
    keys = [register.natural_key(row)[:300] for row in rows]
    met = _entries_met(register, keys)
    details = _details(register, [entry for entry in met.values() if entry is not None])
    planned = []
    for row, key in zip(rows, keys, strict=True):
        entry = met.get(key)
        if entry is None:
            planned.append(Planned(row, key, ADDED))
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
        else:
            planned.append(Planned(row, key, CHANGED, entry, changes))
    return planned


def missing_from(
    *, register: Register, keys: Iterable[str], organization: Organization, period: Period
) -> list[Entry]:
    """The unit's live entries of the quarter whose rows are not in the file: shown, never deleted."""
    rows = (
        Entry.objects.unscoped("导入时比对本单位本季度的已有记录")
        .filter(register=register.code, filed_for=organization, filing__period=period)
        .filter(state__in=[Entry.State.SUBMITTED, Entry.State.APPROVED])
        .exclude(kind=Entry.Kind.REVERSAL)
        .select_related("subject")
        .order_by("pk")
    )
    have = set(keys)
    return [
        e
        for e in rows
        if e.subject.key not in have and e.pk in (e.subject.in_force_id, e.subject.undecided_id)
    ]


@refusable("batch.submit")
def submit_batch(
    *,
    by: User,
    on: date,
    organization: Organization,
    period: Period,
    upload: Upload,
    items: Sequence[Item],
    missing: int = 0,
    batch: Batch | None = None,
) -> Batch:
    """Write a planned file to the books as submitted entries: all of `items`, or nothing.

    `batch`: the one this file has already begun in the same transaction, when rows of one sheet refer to rows of
    another. Added rows are filed set-based; changed ones become a new version or a correction each. Raises NotAllowed,
    SubjectTaken (somebody filed one of the rows since it was planned), or a posting refusal over all rows together.
    """
    share_books()
    if not may_file(by) or (by.organization_id != organization.pk and not may_review(by)):
        raise NotAllowed(f"您不能为{organization}导入。")
    for register in {item.register.code: item.register for item in items}.values():
        if not register.may_file(organization):
            raise NotAllowed(f"{organization}不填报{register.name}。")
    counts = {kind: sum(item.planned.kind == kind for item in items) for kind in (ADDED, CHANGED, UNCHANGED)}
    counts["missing"] = missing
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
    batch.counts = {kind: batch.counts.get(kind, 0) + count for kind, count in counts.items()}
    batch.save()
    _add([item for item in items if item.planned.kind == ADDED], batch, by, on)
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


@dataclass(frozen=True)
class Voided:
    """What voiding did: entries set to 作废, and the reversals filed for the approved ones."""

    void: list[Entry]
    reversals: list[Entry]


@refusable("batch.void")
def void_batch(*, by: User, on: date, batch: Batch, reason: str) -> Voided:
    """Undo a batch: undecided rows become 作废 at once, approved ones get a reversal each, to be decided together.

    Approved rows that already have a live reversal or correction are left to it. Raises NotAllowed or ReasonMissing.
    """
    share_books()
    if not may_file(by) or by.organization_id != batch.organization_id:
        raise NotAllowed(f"只有{batch.organization}可以作废这一批次。")
    actions.need_reason(reason, "请写明作废理由。")
    rows = Entry.objects.unscoped("按批次取回本单位的记录").filter(batch=batch).order_by("pk")
    voided, reversals = [], []
    for entry in rows.exclude(kind=Entry.Kind.REVERSAL).select_related("filed_for", "subject"):
        if entry.state in (Entry.State.SUBMITTED, Entry.State.RETURNED, Entry.State.WITHDRAWN):
            voided.append(actions.void(by=by, on=on, entry=entry))
        elif actions.is_in_force(entry) and entry.subject.undecided_id is None:
            reversal = actions.reverse(by=by, on=on, entry=entry, reason=f"批次作废：{reason}"[:500])
            reversal.batch = batch
            reversal.save(update_fields=["batch"])
            reversals.append(reversal)
    batch.state, batch.voided_by, batch.voided_at = Batch.State.VOIDED, by, moment(on)
    batch.void_reason = reason.strip()[:500]
    batch.save(update_fields=["state", "voided_by", "voided_at", "void_reason"])
    record(
        verb="batch.voided",
        by=by,
        target=f"ledger.batch:{batch.pk}",
        summary=f"作废 {batch.pk} 号批次：作废 {len(voided)} 条，提交红冲 {len(reversals)} 条",
        details={"void": len(voided), "reversals": len(reversals)},
    )
    return Voided(voided, reversals)


# --- planning -----------------------------------------------------------------------------------------------------


def _entries_met(register: Register, keys: Sequence[str]) -> dict[str, Entry | None]:
    """Natural key → the undecided entry of its Subject, else the one in force, else None."""
    met: dict[str, Entry | None] = {}
    people = ("filed_for", "corrects")
    for part in _chunks(sorted(set(keys))):
        rows = Subject.objects.filter(register=register.code, key__in=part).select_related(
            *(f"{end}__{name}" for end in ("undecided", "in_force") for name in people)
        )
        met.update({subject.key: subject.undecided or subject.in_force for subject in rows})
    return met


def _details(register: Register, entries: Sequence[Entry]) -> dict[int, Detail]:
    """Entry id → its detail row of the latest version."""
    model: Any = register.model
    versions = {entry.pk: entry.version for entry in entries}
    found: dict[int, Detail] = {}
    for part in _chunks(sorted(versions)):
        for row in model.objects.filter(entry__in=part).select_related(*register.pointers()):
            if row.version == versions[row.entry_id]:
                found[row.entry_id] = row
    return found


def _differences(register: Register, old: Detail, new: Detail) -> dict[str, tuple[str, str]]:
    before = {one.name: one.value for one in register.shown(old)}
    after = {one.name: one.value for one in register.shown(new)}
    names = dict.fromkeys([*before, *after])
    return {n: (before.get(n, ""), after.get(n, "")) for n in names if before.get(n, "") != after.get(n, "")}


def _chunks(values: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


# --- writing ------------------------------------------------------------------------------------------------------


def _add(items: Sequence[Item], batch: Batch, by: User, on: date) -> None:
    """File the added rows of every register together: bulk inserts and one hold over all of them."""
    if not items:
        return
    subjects = _claimed_subjects(items)
    entries = _entries(items, subjects, batch, by, on)
    filed = []
    with accounts.remembered():
        for item, entry in zip(items, entries, strict=True):
            row = item.planned.row
            row.entry, row.version = entry, 1
            filed.append(posting.Filed(entry, item.register.legs(row), item.register.claims(row)))
    for register in {item.register.code: item.register for item in items}.values():
        model: Any = register.model
        rows = [item.planned.row for item in items if item.register.code == register.code]
        model.objects.bulk_create(rows, batch_size=CHUNK)
    for subject, entry in zip((subjects[_place(item)] for item in items), entries, strict=True):
        subject.undecided = entry
    Subject.objects.bulk_update(subjects.values(), ["undecided"], batch_size=CHUNK)
    EntryConcern.objects.bulk_create(
        (
            EntryConcern(entry=one.entry, organization_id=unit)
            for one in filed
            for unit in sorted(_units(one.legs, one.claims) | {one.entry.filed_for_id})
        ),
        batch_size=CHUNK,
    )
    for filing in {entry.filing_id: entry for entry in entries}.values():
        filings.note_submission(filing)
    posting.hold_all(filed)
    _audit(entries, by)


def _place(item: Item) -> tuple[str, str]:
    return item.register.code, item.planned.key


def _claimed_subjects(items: Sequence[Item]) -> dict[tuple[str, str], Subject]:
    """The Subject of every item, made if new, locked in id order, refused if somebody was faster."""
    wanted = sorted({_place(item) for item in items})
    Subject.objects.bulk_create(
        (Subject(register=code, key=key) for code, key in wanted), ignore_conflicts=True, batch_size=CHUNK
    )
    found: dict[tuple[str, str], Subject] = {}
    for code in sorted({code for code, _ in wanted}):
        for part in _chunks([key for c, key in wanted if c == code]):
            rows = Subject.objects.filter(register=code, key__in=part).order_by("pk")
            for subject in rows.select_for_update(no_key=True):
                found[code, subject.key] = subject
    taken = [subject for subject in found.values() if subject.undecided_id or subject.in_force_id]
    if taken:
        numbers = "、".join(f"{s.undecided_id or s.in_force_id} 号" for s in taken[:10])
        raise SubjectTaken(f"预览之后，有 {len(taken)} 行已被他人填报（{numbers}），请重新上传核对。")
    return found


def _entries(
    items: Sequence[Item], subjects: Mapping[tuple[str, str], Subject], batch: Batch, by: User, on: date
) -> list[Entry]:
    at = moment(on)
    under: dict[tuple[str, date], Filing] = {}
    made = []
    for item in items:
        row, register = item.planned.row, item.register
        day = register.occurred_on(row)
        quarter = register.code, date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        if quarter not in under:
            under[quarter] = filings.filing_of(register.code, batch.organization, day)
        made.append(
            Entry(
                register=register.code,
                subject=subjects[_place(item)],
                filed_for=batch.organization,
                filing=under[quarter],
                occurred_on=day,
                summary=register.summary(row)[:200],
                amount=register.amount(row),
                origin=item.origin[:100],
                batch=batch,
                token=uuid.uuid4(),
                filed_by=by,
                filed_at=at,
                submitted_by=by,
                submitted_at=at,
            )
        )
    # bulk_create goes through the plain base manager: the scoped one refuses to answer without a reader
    return Entry.objects.unscoped("批量写入本批次的记录").bulk_create(made, batch_size=CHUNK)


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


def _audit(entries: Sequence[Entry], by: User) -> None:
    """One event an entry, as if each had been filed by itself."""
    first = record(
        verb="entry.submitted",
        by=by,
        target=f"ledger.entry:{entries[0].pk}",
        summary=f"导入：{entries[0].pk} 号 {entries[0].summary}",
        details={"version": 1, "amount": entries[0].amount},
    )
    Event.objects.bulk_create(
        (
            Event(
                at=first.at,
                actor_id=first.actor_id,
                actor_name=first.actor_name,
                verb=first.verb,
                outcome=first.outcome,
                target=f"ledger.entry:{entry.pk}",
                summary=f"导入：{entry.pk} 号 {entry.summary}",
                details={"version": 1, "amount": entry.amount},
                period=first.period,
            )
            for entry in entries[1:]
        ),
        batch_size=CHUNK,
    )
