"""Verbs on entries: submit, step, correct, reverse, resubmit, withdraw, void, attach, acknowledge, approve,
return (DESIGN §5).

Every action is atomic, takes `by=` (who) and `on=` (the date it happens), writes its audit event inside the
transaction, and raises a Refusal in Chinese; a refusal is audited afterwards in a transaction of its own. Lock order
everywhere: books (shared) → entry → subject → accounts.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from django.db import IntegrityError
from django.utils import timezone

from audit.bulk import among, insert
from audit.events import COLUMNS as OF_EVENT
from audit.events import Deed, record, rows_of
from audit.locks import asking, share_books
from audit.models import Event
from directory.models import Organization, User
from ledger import filings, fixing, posting
from ledger.accounts import remembered
from ledger.acting import (
    AlreadyDecided,
    EvidenceMissing,
    InvalidEntry,
    NotAllowed,
    NotAStep,
    NotInForce,
    NotYet,
    OwnEntry,
    ReasonMissing,
    SubjectTaken,
    moment,
    need_reason,
    refusable,
    refuse_numbers,
)
from ledger.merging import PERSON_MERGE, carry_out, changes
from ledger.models import (
    Account,
    Acknowledgement,
    Decision,
    Detail,
    Draft,
    Entry,
    EntryConcern,
    EntryEvidence,
    Evidence,
    Subject,
    Transfer,
)
from ledger.permissions import may_file, may_review
from ledger.registers import Claim, Fixed, Leg, Register, get_register
from ledger.sql import Prepared, Statement, insert_rows, on_postgresql, read

# --- submitting -------------------------------------------------------------------------------------------------


def submit(
    *,
    by: User,
    on: date,
    register: Register,
    row: Detail,
    evidence: Sequence[Evidence] = (),
    token: uuid.UUID | None = None,
    filed_for: Organization | None = None,
    origin: str = "表单",
) -> Entry:
    """File a new entry; the money it moves is held from now on.

    `row` is an unsaved detail row of the register. `token` names the form: the same form sent twice returns the entry
    the first one made. Raises InvalidEntry, NotAllowed, SubjectTaken, or a posting refusal.
    """
    token = token or uuid.uuid4()
    try:
        return _submit(
            by=by,
            on=on,
            register=register,
            row=row,
            evidence=evidence,
            token=token,
            filed_for=filed_for,
            origin=origin,
        )
    except IntegrityError:
        # the same form arrived twice at the same moment; the first made the entry
        twin = _twin(by, token)
        if twin is None:
            raise
        return twin


@refusable("entry.submit")
def _submit(
    *,
    by: User,
    on: date,
    register: Register,
    row: Detail,
    evidence: Sequence[Evidence],
    token: uuid.UUID,
    filed_for: Organization | None,
    origin: str,
) -> Entry:
    share_books()
    twin = _twin(by, token)
    if twin is not None:
        return twin
    unit = _unit_of(by, filed_for)
    if not register.may_file(unit):
        raise NotAllowed(f"{unit}不填报{register.name}。")
    _check(register, row, by, on)
    subjects = _locked_subjects([_subject(register, row)])
    twin = _twin(
        by, token
    )  # again: the same form sent at the same moment has waited at the lock for the first
    if twin is not None:
        return twin
    _refuse_taken(subjects)
    entry = _new_entry(by, on, register, row, subjects[0], unit, token=token, origin=origin)
    _claim(entry, subjects)
    _file_version(entry, row, evidence, register.legs(row), register.claims(row), by)
    Draft.objects.filter(token=token, owner=by).delete()
    _record(entry, "entry.submitted", by, "提交")
    return entry


@refusable("entry.resubmit")
def resubmit(
    *,
    by: User,
    on: date,
    entry: Entry,
    version: int,
    row: Detail,
    evidence: Sequence[Evidence] = (),
    token: uuid.UUID | None = None,
) -> Entry:
    """Submit a returned or withdrawn entry again as its next version; the earlier versions stay readable.

    `version` is the one the clerk saw. Raises AlreadyDecided if it is no longer the latest, and all that submit does.
    """
    share_books()
    entry = _locked(entry)
    register = get_register(entry.register)
    if entry.version == version + 1 and entry.state == Entry.State.SUBMITTED and entry.submitted_by == by:
        return entry  # the same form sent twice: the first one made this version
    if entry.state not in (Entry.State.RETURNED, Entry.State.WITHDRAWN) or entry.version != version:
        raise AlreadyDecided(
            f"这条记录已变为“{entry.get_state_display()}”（第 {entry.version} 版），请刷新后再改。"
        )
    _same_unit(by, entry)
    if entry.kind == Entry.Kind.REVERSAL:
        # it would be posted as a correction: taken back and moved again
        raise NotInForce("退回或撤回的红冲不能修改后重交；如仍需红冲，请在原记录上重新办理。")
    row.entry = entry  # so that the register's rules do not take the earlier version for a duplicate
    if entry.kind == Entry.Kind.STEP:
        # what it followed may have been corrected while it was with the clerk
        entry.follows = _ground(register, entry.subject.in_force)
    row.before = detail_of(entry.follows) if entry.follows else None
    _check(register, row, by, on)
    subject = _subject(register, row)
    _stay_with(entry.follows, subject)
    subjects = [subject]
    if entry.corrects is not None:
        subjects.append(_in_force(entry.corrects))
    subjects = _locked_subjects(subjects)
    if entry.kind == Entry.Kind.STEP and entry.follows_id != subjects[0].in_force_id:
        raise AlreadyDecided("这笔业务刚刚有了变化，请刷新后再提交。")
    _refuse_taken(subjects, entry.corrects or entry.follows)
    legs = _inverse(entry.corrects) if entry.corrects else []
    legs += _legs_from(register, row.before, row)
    entry.version += 1
    entry.state = Entry.State.SUBMITTED
    entry.subject = subject
    entry.submitted_by, entry.submitted_at = by, moment(on)
    entry.decided_by = entry.decided_at = None
    entry.occurred_on = register.occurred_on(row)
    entry.filing = filings.filing_of(entry.register, entry.filed_for, entry.occurred_on)
    entry.summary, entry.amount = register.summary(row)[:200], register.amount(row)
    entry.save()
    _claim(entry, subjects)
    _file_version(entry, row, evidence, legs, register.claims(row), by)
    if token is not None:
        Draft.objects.filter(token=token, owner=by).delete()
    _record(entry, "entry.submitted", by, f"重新提交（第 {entry.version} 版）")
    return entry


@refusable("entry.withdraw")
def withdraw(*, by: User, on: date, entry: Entry, version: int) -> Entry:
    """Take an undecided entry back; what it held is released. Raises AlreadyDecided or NotAllowed."""
    share_books()
    entry = _undecided(entry, version)
    _same_unit(by, entry)
    _release(entry)
    entry.state = Entry.State.WITHDRAWN
    entry.save(update_fields=["state"])
    _decide(entry, Decision.Outcome.WITHDRAWN, by, on)
    _record(entry, "entry.withdrawn", by, "撤回")
    return entry


@refusable("entry.void")
def void(*, by: User, on: date, entry: Entry, version: int, reason: str) -> Entry:
    """Set an undecided, returned or withdrawn entry to 作废, for good: it stays readable, and what it was about is free.

    `version` is the one the clerk saw. Sent twice, it is voided once. Raises NotAllowed, ReasonMissing,
    ReasonNamesPerson, or AlreadyDecided if it was approved, submitted again or voided by another meanwhile.
    """
    share_books()
    entry = _locked(entry)
    _same_unit(by, entry)
    need_reason(reason, "请写明作废理由。")
    if entry.state == Entry.State.VOID:
        last = entry.decisions.select_related("by__organization").latest("pk")
        if last.by_id == by.pk:
            return entry
        raise AlreadyDecided(f"{entry.pk} 号记录已由{last.by}作废，理由：{last.reason or '未写'}。")
    if entry.state == Entry.State.APPROVED or entry.version != version:
        raise AlreadyDecided(
            f"{entry.pk} 号记录已变为“{entry.get_state_display()}”（第 {entry.version} 版），没有作废，请刷新后再看。"
        )
    if entry.state == Entry.State.SUBMITTED:
        _release(entry)
    entry.state = Entry.State.VOID
    entry.save(update_fields=["state"])
    _decide(entry, Decision.Outcome.VOID, by, on, reason=reason.strip())
    _record(entry, "entry.void", by, "作废")
    return entry


@refusable("entry.step")
def step(
    *,
    by: User,
    on: date,
    entry: Entry,
    row: Detail,
    evidence: Sequence[Evidence] = (),
    token: uuid.UUID | None = None,
) -> Entry:
    """File the next step of an approved entry: the whole row anew, of which only the difference moves (DESIGN §5).

    No correction: what was true until now stays in the books. A later reversal of the step gives way to `entry` again.
    Raises NotAStep, and all that submit does.
    """
    return _succeed(Entry.Kind.STEP, by, on, entry, row, "", evidence, token)


@refusable("entry.correct")
def correct(
    *,
    by: User,
    on: date,
    entry: Entry,
    row: Detail,
    reason: str,
    evidence: Sequence[Evidence] = (),
    token: uuid.UUID | None = None,
) -> Entry:
    """File a correction of an approved entry: what it moved is taken back and the new row posted, as one posting.

    Raises NotInForce, ReasonMissing, and all that submit does.
    """
    need_reason(reason)
    return _succeed(Entry.Kind.CORRECTION, by, on, entry, row, reason, evidence, token)


def _succeed(
    kind: Entry.Kind,
    by: User,
    on: date,
    entry: Entry,
    row: Detail,
    reason: str,
    evidence: Sequence[Evidence],
    token: uuid.UUID | None,
) -> Entry:
    """File what is to be in force instead of `entry`: its next step, or its correction."""
    share_books()
    token = token or uuid.uuid4()
    correcting = kind == Entry.Kind.CORRECTION
    if correcting or not may_step(by, entry):
        _same_unit(by, entry)
    entry = _locked(entry)
    twin = _twin(by, token)
    if twin is not None:
        return twin
    register = get_register(entry.register)
    refuse_if_over = _in_force if correcting else partial(_ground, register)
    refuse_if_over(entry)  # before its rules are asked: a reversal has no row to correct
    follows = entry.follows if correcting else entry
    row.entry = entry  # so that the register's rules do not take the row in force for a duplicate
    row.before = detail_of(follows) if follows else None
    _check(register, row, by, on)
    subject = _subject(register, row)
    subjects = _locked_subjects([entry.subject, subject])
    entry.subject = next(one for one in subjects if one.pk == entry.subject_id)
    refuse_if_over(entry)  # again, now that nobody can change it
    _stay_with(follows, subject)
    _refuse_taken(subjects, entry)
    made = _new_entry(
        by,
        on,
        register,
        row,
        subject,
        entry.filed_for if correcting else _unit_of(by, None),
        token=token,
        kind=kind,
        corrects=entry if correcting else None,
        follows=follows,
        reason=reason,
    )
    _claim(made, subjects)
    legs = _inverse(entry) if correcting else []
    legs += _legs_from(register, row.before, row)
    _file_version(made, row, evidence, legs, register.claims(row), by)
    Draft.objects.filter(token=token, owner=by).delete()
    what = f"提交对 {entry.pk} 号记录的更正" if correcting else f"提交 {entry.pk} 号记录的下一步"
    _record(made, "entry.submitted", by, what)
    return made


@refusable("entry.reverse")
def reverse(*, by: User, on: date, entry: Entry, reason: str, token: uuid.UUID | None = None) -> Entry:
    """File a 红冲 of an approved entry: once approved, everything it moved is taken back.

    Raises NotInForce (a reversal cannot be reversed: file anew), ReasonMissing, and InsufficientFunds naming what must
    be reversed first.
    """
    share_books()
    token = token or uuid.uuid4()
    _same_unit(by, entry)
    need_reason(reason)
    entry = _locked(entry)
    twin = _twin(by, token)
    if twin is not None:
        return twin
    subjects = _locked_subjects([_in_force(entry)])
    _refuse_taken(subjects, entry)
    row = detail_of(entry)
    register = get_register(entry.register)
    made = _new_entry(
        by,
        on,
        register,
        row,
        subjects[0],
        entry.filed_for,
        token=token,
        kind=Entry.Kind.REVERSAL,
        corrects=entry,
        reason=reason,
    )
    _claim(made, subjects)
    row.pk, row._state.adding = None, True  # the reversal carries a copy of the row it takes back
    _file_version(made, row, (), _inverse(entry), (), by)
    _record(made, "entry.submitted", by, f"提交对 {entry.pk} 号记录的红冲")
    return made


@refusable("entry.attach")
def attach(*, by: User, on: date, entry: Entry, version: int, evidence: Sequence[Evidence]) -> Entry:
    """Hang further files on an undecided entry. Raises AlreadyDecided or NotAllowed."""
    entry = _undecided(entry, version)
    _same_unit(by, entry)
    _hang(entry, evidence)
    _record(entry, "entry.attached", by, f"补充 {len(evidence)} 份凭据")
    return entry


@refusable("entry.acknowledge")
def acknowledge(*, by: User, on: date, entry: Entry, note: str = "") -> Acknowledgement:
    """Say that what an approved entry tells was received, or sent, by one's own unit (Register.acknowledged).

    Sent twice, it is said once. Raises NotAllowed for another unit, NotInForce, ReasonNamesPerson.
    """
    share_books()
    refuse_numbers(note)
    entry = _locked(entry)
    register = get_register(entry.register)
    unit = by.organization
    if register.acknowledged is None or unit is None or not may_file(by):
        raise NotAllowed(f"{register.name}没有要您签收或确认的事项。")
    verb = register.acknowledged.verb
    if not is_in_force(entry) or entry.kind == Entry.Kind.REVERSAL:
        raise NotInForce(f"{entry.pk} 号记录不是现行有效的记录，不能{verb}。")
    if not register.acknowledged.by(detail_of(entry), unit):
        raise NotAllowed(f"{entry.pk} 号记录不由{unit}{verb}。")
    said = Acknowledgement.objects.filter(entry=entry).first()
    if said is not None:
        return said
    said = Acknowledgement.objects.create(
        entry=entry, organization=unit, by=by, at=moment(on), note=note.strip()[:200]
    )
    _record(entry, "entry.acknowledged", by, verb)
    return said


# --- deciding ---------------------------------------------------------------------------------------------------


_has_evidence: Prepared[Any] = Prepared(
    lambda entry, version: EntryEvidence.objects.filter(entry=entry, version=version).values_list("pk")[:1]
)


def approve(*, by: User, on: date, entry: Entry, version: int) -> posting.Posted:
    """Approve the version the reviewer saw; its holds become transfers. Returns the posting period and why.

    Raises NotAllowed, OwnEntry, AlreadyDecided, EvidenceMissing, NotYet, NoOpenPeriod or, of a row that fixes lines,
    what fixing.put_in_force raises; never for want of money.
    """
    try:
        return _approve(by=by, on=on, entry=entry, version=version, certain=False)
    except posting.NotThere:  # nothing of it was kept
        return _approve(by=by, on=on, entry=entry, version=version, certain=True)


@refusable("entry.approve")
@remembered()
def _approve(*, by: User, on: date, entry: Entry, version: int, certain: bool) -> posting.Posted:
    merging = entry.register == PERSON_MERGE.code
    register = get_register(entry.register)
    (entry,), rows, files, *known = read(
        [
            _entry.of(entry.pk),
            _details(register.model).of(entry.pk, version),
            _has_evidence.of(entry.pk, version),
            *posting.of_waiting(entry.pk, version),
        ],
        first=[*(Statement(*one) for one in asking(alone=merging)), *_locking(entry.pk)],
    )
    refuse_decided(entry, version)
    may_decide(by, entry)
    row = rows[0]
    row.entry = entry
    refuse_row(register, row, has_evidence=bool(files))
    apart = entry.kind == Entry.Kind.REVERSAL
    moved = changes(row, apart=apart) if merging else []

    at = moment(on)

    def beside(posted: posting.Posted) -> list[Statement]:
        deeds = rows_of("entry.approved", by, [approval(entry, posted)])
        return [
            *insert_rows(Decision, OF_DECISION, [approved(entry, posted, by, at)]),
            *insert_rows(Event, OF_EVENT, deeds),
        ]

    if register.fixes:
        fixing.put_in_force(*fixed(register, entry, row), by=by, reason=f"{entry.pk} 号记录 {entry.summary}")
    waiting = posting.Waiting(*known)
    posted = posting.post(entry, waiting, by_id=by.pk, at=at, moved=moved, beside=beside, certain=certain)
    if merging or register.estimates:
        concern_moved([entry.pk])
    if merging:
        carry_out(row, by, apart=apart)
    return posted


# what stands on record of an approval: the decision and the event
OF_DECISION = ("entry_id", "version", "outcome", "reason", "fields", "by_id", "at")


def approved(entry: Entry, posted: posting.Posted, by: User, at: datetime) -> tuple[Any, ...]:
    return entry.pk, entry.version, Decision.Outcome.APPROVED.value, posted.note[:500], {}, by.pk, at


def approval(entry: Entry, posted: posting.Posted) -> Deed:
    return Deed(**_about(entry, f"通过，记入{posted.period.label}"), period=posted.period.code)


def refuse_row(register: Register, row: Any, *, has_evidence: bool) -> None:
    """Raise EvidenceMissing or NotYet if the row's register forbids that it is approved now."""
    if row.entry.kind != Entry.Kind.REVERSAL:
        missing = register.evidence_rule(row)
        if missing and not has_evidence:
            raise EvidenceMissing(
                f"{row.entry.pk} 号记录还没有{missing}，不能通过；请退回补充，或请填报单位补传。"
            )
    if waits := register.not_yet(row):
        raise NotYet(waits)


@refusable("entry.return")
def return_entry(
    *, by: User, on: date, entry: Entry, version: int, reason: str, fields: Mapping[str, str] | None = None
) -> Entry:
    """Return the version the reviewer saw, with a reason and remarks per field; what it held is released.

    Raises NotAllowed, OwnEntry, AlreadyDecided, ReasonMissing or ReasonNamesPerson.
    """
    share_books()
    remarks = {name: text.strip() for name, text in (fields or {}).items() if text.strip()}
    entry = _undecided(entry, version)
    may_decide(by, entry)
    if not reason.strip() and not remarks:
        raise ReasonMissing("请写明退回理由，或在有问题的栏目旁写明意见。", {"reason": ["请写明退回理由。"]})
    refuse_numbers(reason, *remarks.values())
    _release(entry)
    entry.state, entry.decided_by, entry.decided_at = Entry.State.RETURNED, by, moment(on)
    entry.save(update_fields=["state", "decided_by", "decided_at"])
    _decide(entry, Decision.Outcome.RETURNED, by, on, reason=reason.strip(), fields=remarks)
    _record(entry, "entry.returned", by, "退回", details={"fields": sorted(remarks)})
    return entry


# --- reading what the actions need ------------------------------------------------------------------------------


def detail_of(entry: Entry, version: int | None = None) -> Any:
    """The register's row of a version (the latest by default)."""
    model: Any = get_register(entry.register).model
    found = _details(model)(entry.pk, version or entry.version)
    if not found:
        raise model.DoesNotExist(f"{entry.pk} 号记录没有第 {version or entry.version} 版")
    return found[0]


@cache
def _details(model: Any) -> Prepared[Any]:
    return Prepared(lambda entry, version: model.objects.filter(entry=entry, version=version))


def is_in_force(entry: Entry) -> bool:
    """Whether the entry is approved and neither reversed nor replaced since."""
    return entry.state == Entry.State.APPROVED and entry.subject.in_force_id == entry.pk


# --- steps shared by the verbs ----------------------------------------------------------------------------------


def _unit_of(by: User, filed_for: Organization | None) -> Organization:
    unit = filed_for or by.organization
    if unit is None or not may_file(by):
        raise NotAllowed("您的账号不能填报，请联系本单位填报员或系统管理员。")
    if unit != by.organization and not may_review(by) and not by.is_system:
        raise NotAllowed(f"您只能为本单位（{by.organization}）填报。")
    return unit


def may_step(by: User, entry: Entry) -> bool:
    """Whether `by` may file the next step of an entry: the unit that filed it or an earlier step, or one that its row
    names for it (Register.also_steps)."""
    if not may_file(by) or by.organization_id is None:
        return False
    if by.organization_id == entry.filed_for_id:
        return True
    named = get_register(entry.register).also_steps
    if not named:
        return False
    row = detail_of(entry)
    if by.organization_id in {getattr(row, f"{name}_id") for name in named}:
        return True
    earlier = Entry.objects.unscoped("同一事项此前由哪些单位办理")
    return earlier.filter(subject=entry.subject_id, filed_for=by.organization_id, state="approved").exists()


def _same_unit(by: User, entry: Entry) -> None:
    if not may_file(by) or by.organization_id != entry.filed_for_id:
        raise NotAllowed(f"这条记录由{entry.filed_for}填报，只有该单位可以修改或撤回。")


def need_reviewer(by: User) -> None:
    """Raise NotAllowed for whoever decides nothing."""
    if not may_review(by):
        raise NotAllowed("只有区乡村振兴局的审核员可以审核。")


def may_decide(by: User, entry: Entry) -> None:
    need_reviewer(by)
    if by.pk in (entry.filed_by_id, entry.submitted_by_id):
        raise OwnEntry(f"{entry.pk} 号记录由您本人填报或提交，须由另一位审核员审核。")


def _check(register: Register, row: Detail, by: User, on: date) -> None:
    errors = register.errors(row, by, on)
    if errors:
        text = "；".join(message for messages in errors.values() for message in messages)
        raise InvalidEntry(text, {name: list(messages) for name, messages in errors.items()})


def _twin(by: User, token: uuid.UUID) -> Entry | None:
    """The entry that an earlier sending of the same form made."""
    return Entry.objects.unscoped("同一表单重复提交时取回先到的一份").filter(token=token, filed_by=by).first()


_entry: Prepared[Entry] = Prepared(
    lambda pk: Entry.objects.unscoped("按主键加锁，权限由调用的动作检查").filter(pk=pk)
)


def _locking(entry_id: int) -> list[Statement]:
    """What locks an entry; nothing on SQLite, where the transaction is the lock."""
    if not on_postgresql():
        return []
    return [Statement("SELECT id FROM ledger_entry WHERE id = %s FOR NO KEY UPDATE", [entry_id])]


def _locked(entry: Entry) -> Entry:
    """The entry as it is once locked; what it points at is read when asked for, see _locked_subjects."""
    ((found,),) = read([_entry.of(entry.pk)], first=_locking(entry.pk))
    return cast("Entry", found)


def _undecided(entry: Entry, version: int) -> Entry:
    entry = _locked(entry)
    refuse_decided(entry, version)
    return entry


def refuse_decided(entry: Entry, version: int) -> None:
    """Raise AlreadyDecided if the locked entry is no longer what the user saw."""
    if entry.state != Entry.State.SUBMITTED:
        who = (
            f"，{entry.decided_by}于 {timezone.localtime(entry.decided_at):%Y-%m-%d %H:%M} 办理"
            if (entry.decided_by and entry.decided_at)
            else ""
        )
        raise AlreadyDecided(f"{entry.pk} 号记录已变为“{entry.get_state_display()}”{who}，请刷新。")
    if entry.version != version:
        raise AlreadyDecided(
            f"{entry.pk} 号记录已由{entry.submitted_by}于 {timezone.localtime(entry.submitted_at):%Y-%m-%d %H:%M} "
            f"重新提交为第 {entry.version} 版，您看到的是第 {version} 版，请刷新后再审。"
        )


def _subject(register: Register, row: Detail) -> Subject:
    subject, _ = Subject.objects.get_or_create(register=register.code, key=register.natural_key(row)[:300])
    return subject


def _in_force(entry: Entry) -> Subject:
    if entry.kind == Entry.Kind.REVERSAL:
        raise NotInForce("红冲不能再红冲；如确需恢复，请重新填报。")
    subject = entry.subject
    if not is_in_force(entry):
        now = f"现行有效的是 {subject.in_force_id} 号记录。" if subject.in_force_id else ""
        raise NotInForce(
            f"{entry.pk} 号记录{entry.get_state_display()}，且不是现行有效的记录，不能更正或红冲。{now}"
        )
    return subject


def _ground(register: Register, entry: Entry | None) -> Entry:
    """The entry, if a next step may follow it. Raises NotAStep."""
    if not register.next_step:
        raise NotAStep(f"{register.name}一事一记，没有下一步；如原来填错了，请用“更正”。")
    if entry is None:
        raise NotAStep("这笔业务现在没有生效的记录，不能登记下一步；请重新填报。")
    if not is_in_force(entry):
        raise NotAStep(
            f"{entry.pk} 号记录{entry.get_state_display()}，且不是现行有效的记录，不能登记下一步。"
        )
    return entry


def _stay_with(follows: Entry | None, subject: Subject) -> None:
    """A step, and the correction of one, is about the very thing it goes on from. Raises NotAStep."""
    if follows is not None and follows.subject_id != subject.pk:
        raise NotAStep(
            f"这是 {follows.pk} 号记录（{follows.summary}）的下一步，不能改成另一笔业务；"
            "如原来的编号、名称等填错了，请先更正原记录。"
        )


def _legs_from(register: Register, before: Detail | None, row: Detail) -> list[Leg]:
    """What the row moves once what stood before has moved: the difference, per kind, accounts and unit; too much goes
    back."""
    if before is None:
        return register.legs(row)
    change: dict[tuple[str, int, int, int], int] = defaultdict(int)
    ends: dict[int, Account] = {}
    for sign, legs in ((-1, register.legs(before)), (1, register.legs(row))):
        for leg in legs:
            ends |= {leg.source.pk: leg.source, leg.target.pk: leg.target}
            change[leg.kind, leg.source.pk, leg.target.pk, leg.organization_id] += sign * leg.amount
    return [
        Leg(kind, ends[source], ends[target], amount, unit)
        if amount > 0
        else Leg(kind, ends[target], ends[source], -amount, unit, forward=False)
        for (kind, source, target, unit), amount in change.items()
        if amount
    ]


def _taken(other: Entry, what: str) -> SubjectTaken:
    return SubjectTaken(f"同一笔业务已有记录：{other.pk} 号（{other.summary}，{other.filed_by}填报）{what}")


def _locked_subjects(subjects: Sequence[Subject]) -> list[Subject]:
    """The subjects as they are once locked, in id order.

    Locked first and read afterwards: PostgreSQL answers a SELECT that had to wait for a lock with the joined rows of
    before the wait.
    """
    rows = Subject.objects.filter(pk__in={subject.pk for subject in subjects}).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))
    return list(rows.select_related("undecided__filed_by__organization", "in_force__filed_by__organization"))


def _refuse_taken(subjects: Sequence[Subject], corrects: Entry | None = None) -> None:
    """Raise SubjectTaken if another entry than `corrects` is in force, or any is undecided."""
    for subject in subjects:
        if subject.undecided is not None:
            raise _taken(subject.undecided, "正在审核，不能重复提交。")
        if subject.in_force is not None and subject.in_force != corrects:
            raise _taken(subject.in_force, "已通过；如需修改，请在该记录上点“更正”。")


def _claim(entry: Entry, subjects: Sequence[Subject]) -> None:
    """Point the locked, free subjects at the entry."""
    for subject in subjects:
        subject.undecided = entry
        subject.save(update_fields=["undecided"])


def _claimed(entry: Entry) -> list[Subject]:
    rows = Subject.objects.select_for_update(no_key=True)
    return list(rows.filter(undecided=entry).order_by("pk"))


def _release(entry: Entry) -> None:
    for subject in _claimed(entry):
        subject.undecided = None
        subject.save(update_fields=["undecided"])
    posting.release(entry)


def _inverse(entry: Entry) -> list[Leg]:
    return inverses([entry.pk]).get(entry.pk, [])


def inverses(entry_ids: Collection[int]) -> dict[int, list[Leg]]:
    """Entry id → what takes back all it moved itself (not what it, as a correction, took back of another)."""
    legs: dict[int, list[Leg]] = defaultdict(list)
    moved = Transfer.objects.filter(among("entry", entry_ids), reverses__isnull=True)
    # persons are taken back through their participations
    moved = moved.exclude(kind__in=posting.AT_POSTING).order_by("entry_id", "position")
    for t in moved.prefetch_related("source", "target"):
        back = Leg(t.kind, t.target, t.source, t.amount, t.organization_id, reverses_id=t.pk, forward=False)
        legs[t.entry_id].append(back)
    return legs


def _new_entry(
    by: User,
    on: date,
    register: Register,
    row: Detail,
    subject: Subject,
    unit: Organization,
    **fields: Any,
) -> Entry:
    occurred_on = register.occurred_on(row)
    entry = Entry(
        register=register.code,
        subject=subject,
        filed_for=unit,
        filing=filings.filing_of(register.code, unit, occurred_on),
        occurred_on=occurred_on,
        summary=register.summary(row)[:200],
        amount=register.amount(row),
        filed_by=by,
        filed_at=moment(on),
        submitted_by=by,
        submitted_at=moment(on),
        **fields,
    )
    entry.save(force_insert=True)
    return entry


def _file_version(
    entry: Entry,
    row: Detail,
    evidence: Sequence[Evidence],
    legs: Sequence[Leg],
    claims: Sequence[Claim],
    by: User,
) -> None:
    """Write the version's row, units, files and holds, and note the first submission of its filing."""
    row.entry, row.version = entry, entry.version
    row.save(force_insert=True)
    if entry.kind != Entry.Kind.REVERSAL:
        evidence = [*evidence, *get_register(entry.register).brings(row, by)]
    moved = {leg.organization_id for leg in legs} | {claim.organization_id for claim in claims}
    units = moved | {entry.filed_for_id} | get_register(entry.register).concerned(row)
    # whoever it concerned is concerned by its being taken back or followed
    ground = [pk for pk in (entry.corrects_id, entry.follows_id) if pk is not None]
    if ground:
        units |= set(EntryConcern.objects.filter(entry__in=ground).values_list("organization_id", flat=True))
    EntryConcern.objects.filter(entry=entry).delete()
    EntryConcern.objects.bulk_create(EntryConcern(entry=entry, organization_id=pk) for pk in sorted(units))
    _hang(entry, evidence)
    filings.note_submission(entry)
    register = get_register(entry.register)
    if register.fixes:
        fixing.refuse_impossible(*fixed(register, entry, row))
    posting.hold(entry, legs, claims)


def fixed(register: Register, entry: Entry, row: Any) -> tuple[Fixed | None, Fixed | None]:
    """What the row fixes that is in force until `entry` is approved, and what the row fixes that then will be."""
    until = entry.corrects or entry.follows
    before, after = detail_of(until) if until else None, row
    if entry.kind == Entry.Kind.REVERSAL:  # what came before stands again
        ground = until.follows if until else None
        after = detail_of(ground) if ground else None
    fixes = register.fixes
    if fixes is None:
        return None, None
    return fixes(before) if before is not None else None, fixes(after) if after is not None else None


def concern_moved(entry_ids: Sequence[int]) -> None:
    """What is decided only at posting may move counts of units that the filing did not name; they may see it."""
    moved = Transfer.objects.filter(entry__in=entry_ids).order_by("entry_id", "organization_id")
    concerned = list(moved.values_list("entry_id", "organization_id").distinct())
    insert(EntryConcern, ("entry_id", "organization_id"), concerned)


def _hang(entry: Entry, evidence: Sequence[Evidence]) -> None:
    have = set(
        EntryEvidence.objects.filter(entry=entry, version=entry.version).values_list("evidence_id", flat=True)
    )
    if get_register(entry.register).is_restricted:
        for file in evidence:  # people name files after whom they are about
            file.name = f"凭据{file.pk}{Path(file.path).suffix}"
            file.save(update_fields=["name"])
    EntryEvidence.objects.bulk_create(
        EntryEvidence(entry=entry, version=entry.version, evidence=file, sha256=file.sha256)
        for file in dict.fromkeys(evidence)
        if file.pk not in have
    )


def _decide(
    entry: Entry,
    outcome: Decision.Outcome,
    by: User,
    on: date,
    *,
    reason: str = "",
    fields: Mapping[str, str] | None = None,
) -> None:
    Decision.objects.create(
        entry=entry,
        version=entry.version,
        outcome=outcome,
        reason=reason[:500],
        fields=dict(fields or {}),
        by=by,
        at=moment(on),
    )


def _record(entry: Entry, verb: str, by: User, what: str, *, details: dict[str, Any] | None = None) -> None:
    record(verb=verb, by=by, **_about(entry, what, details))


def _about(entry: Entry, what: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """What an event says of an entry."""
    return {
        "target": f"ledger.entry:{entry.pk}",
        "summary": f"{what}：{entry.pk} 号 {entry.summary}",
        "details": {"version": entry.version, "amount": entry.amount, **(details or {})},
    }
