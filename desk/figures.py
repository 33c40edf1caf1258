"""What the staff's pages show, read for one user. Nothing here writes; dates are passed in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from audit.models import Event
from directory.models import User
from directory.people import people_for
from directory.rights import may_see_restricted
from ledger import lists
from ledger.actions import is_in_force, may_step
from ledger.filings import FilingState, Reminder, reminders, states_of, to_mend
from ledger.lists import WITH_NAMES, details_of
from ledger.making import warnings_of
from ledger.models import (
    Acknowledgement,
    Batch,
    Decision,
    Draft,
    Entry,
    EntryEvidence,
    Evidence,
    Filing,
    Hold,
    Period,
    Transfer,
    Unit,
)
from ledger.parameters import read_once
from ledger.permissions import may_file, may_review
from ledger.posting import amount_text
from ledger.registers import Acknowledging, OpenTask, Register, Shown, all_registers, get_register

State = Entry.State


# --- 我的工作 ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Returned:
    """An entry to be corrected, with what the reviewer wrote: the reason, then (label, remark) per field."""

    entry: Entry
    reason: str
    remarks: list[tuple[str, str]]
    by: str


@dataclass(frozen=True)
class ReturnedBatch:
    """Rows of an import that were returned for one reason: mended in the workbook sooner than one by one."""

    batch: Batch
    rows: int
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class ToAcknowledge:
    """An approved entry that waits for the word of the user's unit, such as a receipt."""

    entry: Entry
    what: Acknowledging


@dataclass(frozen=True)
class Home:
    """The task list of one user. `waiting` and `oldest` are None for those who do not review."""

    registers: list[Register]
    filings: list[FilingState]
    returned: list[Returned]
    returned_batches: list[ReturnedBatch]
    drafts: list[Draft]
    to_acknowledge: list[ToAcknowledge] = field(default_factory=list)
    tasks: list[OpenTask] = field(default_factory=list)
    reminders: list[Reminder] = field(default_factory=list)
    overdue: list[Reminder] = field(default_factory=list)  # of all units, for who reviews
    waiting: int | None = None
    oldest: datetime | None = None

    @property
    def returned_rows(self) -> int:
        """How many entries those returned are."""
        return len(self.returned) + sum(one.rows for one in self.returned_batches)


def home(user: User, today: date) -> Home:
    """What `user` has to do on `today`: a handful of queries, whatever the amount of work."""
    waiting = oldest = None
    due = filings_due(user, today)
    if may_review(user):
        queue = Entry.objects.for_user(user).filter(state=State.SUBMITTED)
        waiting = queue.count()
        first = queue.order_by("submitted_at").first()
        oldest = first.submitted_at if first else None
    batches = returned_batches(user)
    with read_once():
        mine = reminders(due, today)
        overdue = overdue_units(user, today) if may_review(user) else []
    return Home(
        registers=registers_for(user),
        filings=due,
        reminders=mine,
        overdue=overdue,
        returned=returned_to(user, batches),
        returned_batches=batches,
        drafts=list(
            Draft.objects.filter(owner=user).select_related("entry").defer("body").order_by("-updated_at")
        ),
        to_acknowledge=to_acknowledge(user),
        tasks=tasks_of(user),
        waiting=waiting,
        oldest=oldest,
    )


def to_acknowledge(user: User) -> list[ToAcknowledge]:
    """What waits for the user's unit to say that it was received or sent, the oldest first. Two queries a register."""
    if user.organization is None or not may_file(user):
        return []
    registers = {code: one for code, one in all_registers().items() if one.acknowledged}
    rows = Entry.objects.for_user(user, few=True).filter(
        register__in=registers, state=State.APPROVED, subject__in_force=F("pk"), acknowledgement=None
    )
    entries = list(rows.select_related(*WITH_NAMES).order_by("decided_at", "pk")[:200])
    details = details_of(entries)
    found = []
    for entry in entries:
        what = registers[entry.register].acknowledged
        if what is not None and what.by(details[entry.pk], user.organization):
            found.append(ToAcknowledge(entry, what))
    return found


def tasks_of(user: User) -> list[OpenTask]:
    """What was decided elsewhere and the user's unit is to do, the earliest due first."""
    if not may_file(user):
        return []
    every = [task for one in all_registers().values() if one.open_tasks for task in one.open_tasks(user)]
    return sorted((task for task in every if task.owner_id == user.organization_id), key=lambda t: t.due_on)


def registers_for(user: User) -> list[Register]:
    """The registers in which `user` may file new entries."""
    if not may_file(user):
        return []
    return [register for register in all_registers().values() if register.may_file(user.organization)]


def overdue_units(user: User, today: date) -> list[Reminder]:
    """Which units owe what of quarters still open, and for how long: 逾期名单 (DOMAIN §7). Two queries."""
    rows = (
        Filing.objects.for_user(user)
        .filter(period__is_closed=False, due_on__lt=today, register__in=list(all_registers()))
        .select_related("organization", "period")
    )
    found = reminders(states_of(rows, today), today)
    return [one for one in found if one.code == "late"]


def filings_due(user: User, today: date) -> list[FilingState]:
    """What the user's unit owes for the quarters that have begun and are still open, the earliest due first."""
    rows = (
        Filing.objects.for_user(user)
        .filter(
            organization=user.organization_id,
            period__is_closed=False,
            period__starts_on__lte=today,
            register__in=list(all_registers()),
        )
        .select_related("period", "organization")
        .order_by("due_on", "register")
    )
    return states_of(rows, today)


def returned_entries(user: User) -> QuerySet[Entry]:
    """The entries of the user's unit that were returned and neither submitted again nor filed anew."""
    rows = Entry.objects.for_user(user, few=True).filter(to_mend(), filed_for=user.organization_id)
    return rows if may_file(user) else rows.none()


MANY_RETURNED = 5  # rows of one import: from here on they are told as one


def returned_batches(user: User) -> list[ReturnedBatch]:
    """The imports of which many rows were returned for one reason, without remarks on their fields; the latest first. Not
    reversals: no workbook mends those."""
    rows = returned_entries(user).filter(batch__isnull=False).exclude(kind=Entry.Kind.REVERSAL)
    decided = Decision.objects.filter(
        entry__in=rows,
        version=F("entry__version"),
        outcome=Decision.Outcome.RETURNED,
        fields={},
    )
    groups = list(
        decided.order_by()
        .values("entry__batch", "reason")
        .annotate(n=Count("pk"), last=Max("at"), who=Max("by"))
        .filter(n__gte=MANY_RETURNED)
        .order_by("-last")
    )
    batches = Batch.objects.for_user(user).in_bulk([one["entry__batch"] for one in groups])
    people = User.objects.select_related("organization").in_bulk([one["who"] for one in groups])
    return [
        ReturnedBatch(
            batches[one["entry__batch"]], one["n"], one["reason"], str(people[one["who"]]), one["last"]
        )
        for one in groups
    ]


def returned_to(user: User, told: Iterable[ReturnedBatch] = ()) -> list[Returned]:
    """The returned entries with the remarks on them, the longest waiting first, but for those that are `told` as part of
    their import."""
    rows = returned_entries(user)
    for one in told:
        same = Decision.objects.filter(
            entry__batch=one.batch, outcome=Decision.Outcome.RETURNED, reason=one.reason, fields={}
        )
        same = same.filter(version=F("entry__version")).exclude(entry__kind=Entry.Kind.REVERSAL)
        rows = rows.exclude(pk__in=same.values("entry"))
    entries = list(rows.select_related(*WITH_NAMES).order_by("decided_at")[:50])
    decisions = {
        (decision.entry_id, decision.version): decision
        for decision in Decision.objects.filter(
            entry__in=entries, outcome=Decision.Outcome.RETURNED
        ).select_related("by__organization")
    }
    found = []
    for entry in entries:
        decision = decisions.get((entry.pk, entry.version))
        if decision is None:
            continue
        labels = labels_of(entry.register)
        remarks = [(labels.get(name, name), text) for name, text in decision.fields.items()]
        found.append(Returned(entry, decision.reason, remarks, str(decision.by)))
    return found


def labels_of(register: str) -> dict[str, str]:
    """Field → label of a register's form."""
    declared = get_register(register)
    if declared.columns:
        return {column.name: column.label for column in declared.columns}
    fields = declared.form().base_fields
    return {name: str(field.label or name) for name, field in fields.items()}


# --- lists ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """One row of the review queue. `blocked` says why this user may not decide it now; "" if they may."""

    entry: Entry
    evidence: int
    evidence_missing: str
    warnings: list[str]
    blocked: str


def queue(user: User, wanted: Mapping[str, Any]) -> tuple[QuerySet[Entry], int]:
    """The entries waiting for review that fit the cleaned filters, the longest waiting first; and the number from which
    a text was not looked for, as lists.entries_of_stage says it."""
    rows, rest = lists.entries_of_stage(user, {**wanted, "state": State.SUBMITTED})
    return rows.order_by("submitted_at", "pk"), rest


MOST_BATCHES = 5


def waiting_batches(user: User) -> list[tuple[Batch, int]]:
    """The imports of which the most rows wait, and how many: they can be reviewed as a whole. Two queries."""
    rows = Entry.objects.for_user(user).filter(state=State.SUBMITTED, batch__isnull=False).order_by()
    counted = dict(
        rows.values("batch")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .order_by("-n", "batch")[:MOST_BATCHES]
        .values_list("batch", "n")
    )
    found = Batch.objects.for_user(user).filter(pk__in=counted).select_related("organization", "period")
    return sorted(((one, counted[one.pk]) for one in found), key=lambda pair: -pair[1])


def waiting_rows(user: User, page: Iterable[Entry]) -> list[Waiting]:
    """What the queue shows of the entries of one page. One query per register among them, and one for their evidence."""
    rows = list(page)
    details = details_of(rows)
    hung = EntryEvidence.objects.filter(entry__in=rows, version=F("entry__version")).order_by()
    counts = dict(hung.values_list("entry").annotate(Count("pk")))
    warned: dict[int, list[str]] = {}
    for code in {entry.register for entry in rows}:
        mine = [details[entry.pk] for entry in rows if entry.register == code]
        told = warnings_of(get_register(code), mine)
        warned |= {row.entry_id: texts for row, texts in zip(mine, told, strict=True)}
    found = []
    with read_once():
        for entry in rows:
            register, detail = get_register(entry.register), details[entry.pk]
            count = counts.get(entry.pk, 0)
            found.append(
                Waiting(
                    entry=entry,
                    evidence=count,
                    evidence_missing="" if count else _evidence_rule(entry, register, detail),
                    warnings=warned[entry.pk],
                    blocked=why_not_decide(user, entry),
                )
            )
    return found


def next_waiting(user: User, after: Entry) -> Entry | None:
    """The next entry in the queue that `user` may decide, else the first one."""
    rows = queue(user, {})[0].exclude(pk=after.pk).exclude(Q(filed_by=user) | Q(submitted_by=user))
    later = rows.filter(
        Q(submitted_at__gt=after.submitted_at) | Q(submitted_at=after.submitted_at, pk__gt=after.pk)
    )
    return later.first() or rows.first()


def why_not_decide(user: User, entry: Entry) -> str:
    """Why `user` may not approve or return the entry; "" if they may. The action asks again."""
    if user.pk in (entry.filed_by_id, entry.submitted_by_id):
        return "由您本人填报或提交，须由另一位审核员审核"
    return ""


def _evidence_rule(entry: Entry, register: Register, detail: Any) -> str:
    return "" if entry.kind == Entry.Kind.REVERSAL else register.evidence_rule(detail)


# --- one entry --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldRow:
    """One field of a version. `was` is what it replaces (None: unchanged); `remark` the reviewer's word on it."""

    name: str
    label: str
    value: str
    was: str | None = None
    remark: str = ""


@dataclass(frozen=True)
class MoveRow:
    """One leg of an entry, held or posted."""

    what: str
    source: str
    target: str
    amount: str
    unit: str
    period: str = ""
    is_money: bool = False


@dataclass(frozen=True)
class HistoryRow:
    """One line of an entry's history."""

    at: datetime
    who: str
    what: str
    reason: str
    remarks: list[tuple[str, str]]
    refused: bool = False


@dataclass(frozen=True)
class Allowed:
    """What the user may do with the entry now; the actions ask again."""

    edit: bool = False
    withdraw: bool = False
    void: bool = False
    attach: bool = False
    change: bool = False  # correct or reverse
    step: bool = False
    acknowledge: bool = False
    decide: bool = False
    why_not_decide: str = ""


@dataclass
class EntryPage:
    """Everything on the page of an entry, for the version shown."""

    entry: Entry
    register: Register
    version: int
    fields: list[FieldRow]
    decision: Decision | None
    voided: Decision | None
    compared_with: str
    evidence: list[EntryEvidence]
    evidence_missing: str
    warnings: list[str]
    holds: list[MoveRow]
    moves: list[MoveRow]
    history: list[HistoryRow]
    after: Entry | None  # what it corrects, takes back or goes on from
    what_came: list[Entry]  # its corrections, reversals and next steps
    pending_change: Entry | None
    allowed: Allowed
    acknowledged: Acknowledgement | None = None
    acknowledging: Acknowledging | None = None  # what there is to say of it; None if nothing
    versions: list[int] = field(default_factory=list)
    opens_files: bool = True  # of others; one's own open anyway
    person: int | None = None  # whose page shows, for a reason, what this one withholds

    @property
    def is_about_money(self) -> bool:
        """Whether what it holds or moved is money, and not people, times or rooms."""
        return any(move.is_money for move in (*self.holds, *self.moves))

    @property
    def is_latest(self) -> bool:
        """Whether the version shown is the one that counts."""
        return self.version == self.entry.version


def entry_page(user: User, entry: Entry, version: int | None = None) -> EntryPage:
    """The page of an entry which `user` may see. Raises Detail.DoesNotExist for a version it never had."""
    register = get_register(entry.register)
    version = version or entry.version
    detail, before, compared_with = _details_to_compare(user, entry, version)
    decisions = list(Decision.objects.filter(entry=entry).select_related("by__organization").order_by("pk"))
    decided = {d.version: d for d in decisions if d.outcome != Decision.Outcome.VOID}
    voided = next((d for d in decisions if d.outcome == Decision.Outcome.VOID), None)
    # an undecided version is read beside what was said about the one before
    remarks_on = decided.get(version) or decided.get(version - 1)
    labels = labels_of(entry.register)
    seen = Entry.objects.for_user(user, few=True).select_related("filed_for", "subject")
    undecided = entry.subject.undecided_id
    pending = seen.filter(pk=undecided).first() if undecided and undecided != entry.pk else None
    hung = hung_on(entry, version)
    what = _to_say(register, entry, detail)
    said = None
    if what is not None:
        said = Acknowledgement.objects.filter(entry=entry).select_related("by__organization").first()
    unit = user.organization
    mine_to_say = what is not None and unit is not None and may_file(user) and what.by(detail, unit)
    return EntryPage(
        entry=entry,
        register=register,
        version=version,
        fields=_field_rows(register.shown(detail), before, remarks_on),
        decision=remarks_on,
        voided=voided,
        compared_with=compared_with,
        evidence=hung,
        evidence_missing="" if hung else _evidence_rule(entry, register, detail),
        warnings=warnings_of(register, [detail])[0] if entry.state == State.SUBMITTED else [],
        holds=_moves(Hold.objects.filter(entry=entry), register),
        moves=_moves(Transfer.objects.filter(entry=entry).select_related("period"), register),
        history=_history(entry, decisions, labels),
        after=seen.filter(pk=entry.after_id).first() if entry.after_id else None,
        what_came=list(seen.filter(Q(corrects=entry) | Q(follows=entry)).order_by("pk")),
        pending_change=pending,
        allowed=replace(allowed(user, entry, pending is not None), acknowledge=said is None and mine_to_say),
        acknowledged=said,
        acknowledging=what,
        versions=list(range(1, entry.version + 1)),
        opens_files=not register.is_restricted or may_see_restricted(user),
        person=_person_behind(user, register, detail),
    )


def _person_behind(user: User, register: Register, detail: Any) -> int | None:
    """The child of a restricted register, for those who may open their page."""
    if not register.is_restricted:
        return None
    return people_for(user).filter(pk=detail.person_id).values_list("pk", flat=True).first()


def _to_say(register: Register, entry: Entry, detail: Any) -> Acknowledging | None:
    """What somebody is to say of the entry; None if nobody, or not of this row, or no more."""
    what = register.acknowledged
    if what is None or entry.kind == Entry.Kind.REVERSAL or not is_in_force(entry):
        return None
    return what if what.of(detail) else None


def allowed(user: User, entry: Entry, change_pending: bool) -> Allowed:
    """What the buttons of an entry's page offer."""
    mine = may_file(user) and user.organization_id == entry.filed_for_id
    waiting = entry.state == State.SUBMITTED
    back = entry.state in (State.RETURNED, State.WITHDRAWN)
    why_not = why_not_decide(user, entry)
    stands = entry.kind != Entry.Kind.REVERSAL and is_in_force(entry) and not change_pending
    change = mine and stands
    has_steps = bool(get_register(entry.register).next_step)
    return Allowed(
        # a 红冲 has no fields of its own: it is filed again from the entry it takes back
        edit=mine and back and entry.kind != Entry.Kind.REVERSAL,
        withdraw=mine and waiting,
        void=mine and back,
        attach=mine and waiting and entry.kind != Entry.Kind.REVERSAL,
        change=change,
        step=stands and has_steps and may_step(user, entry),
        decide=may_review(user) and waiting and not why_not,
        why_not_decide=why_not if may_review(user) and waiting else "",
    )


def _details_to_compare(user: User, entry: Entry, version: int) -> tuple[Any, list[Shown], str]:
    """The row of a version, and what it is compared with: the version before it, or what a correction or step is after.

    Raises Detail.DoesNotExist.
    """
    register = get_register(entry.register)
    model: Any = register.model
    other, words = Q(entry=entry, version=version - 1), f"第 {version - 1} 版"
    if version == 1 and entry.kind in (Entry.Kind.CORRECTION, Entry.Kind.STEP):
        old = Entry.objects.for_user(user, few=True).filter(pk=entry.after_id or 0).first()
        if old is not None:
            other, words = Q(entry=old, version=old.version), f"{old.pk} 号记录"
    rows = model.objects.filter(Q(entry=entry, version=version) | other).select_related(*register.pointers())
    found = {(row.entry_id, row.version): row for row in rows}
    detail = found.pop((entry.pk, version), None)
    if detail is None:
        raise model.DoesNotExist
    detail.entry = entry
    before = next(iter(found.values()), None)
    return (detail, register.shown(before), words) if before is not None else (detail, [], "")


def _field_rows(now: list[Shown], before: Collection[Shown], decision: Decision | None) -> list[FieldRow]:
    remarks: Mapping[str, str] = decision.fields if decision else {}
    old = {one.name: one for one in before}
    rows = []
    for one in now:
        was = None
        if old and (one.name not in old or old[one.name].value != one.value):
            was = old[one.name].value if one.name in old else ""
        rows.append(FieldRow(one.name, one.label, one.value, was, remarks.get(one.name, "")))
    named = {one.name for one in now}
    rows += [
        FieldRow(one.name, one.label, "", one.value, remarks.get(one.name, ""))
        for one in before
        if one.name not in named
    ]
    shown_names = {row.name for row in rows}
    # a remark on a field that was left empty must not get lost
    labels = labels_of(decision.entry.register) if decision else {}
    rows += [
        FieldRow(name, labels.get(name, name), "", None, text)
        for name, text in remarks.items()
        if name not in shown_names
    ]
    return rows


def _moves(rows: Any, register: Register) -> list[MoveRow]:
    return [
        MoveRow(
            what=("冲销 " if move.reverses_id else "") + register.kinds.get(move.kind, move.kind),
            source=move.source.name,
            target=move.target.name,
            amount=amount_text(move.amount, move.source.unit),
            unit=str(move.organization),
            period=move.period.label if isinstance(move, Transfer) else "",
            is_money=move.source.unit == Unit.FEN,
        )
        for move in rows.select_related("source", "target", "organization").order_by("position")
    ]


def _history(entry: Entry, decisions: Iterable[Decision], labels: Mapping[str, str]) -> list[HistoryRow]:
    """The audit trail of the entry, with the words written at the decisions."""
    decided = {(d.version, f"entry.{d.outcome}"): d for d in decisions}  # as the actions call their events
    rows = []
    for event in Event.objects.filter(target=f"ledger.entry:{entry.pk}").order_by("pk"):
        refused = event.outcome == Event.Outcome.REFUSED
        decision = None if refused else decided.get((event.details.get("version", 0), event.verb))
        at = event.at
        if decision is not None:
            at = decision.at
        elif event.verb == "entry.submitted" and event.details.get("version") == 1:
            at = entry.filed_at
        elif event.verb == "entry.submitted" and event.details.get("version") == entry.version:
            at = entry.submitted_at
        rows.append(
            HistoryRow(
                at=at,
                who=event.actor_name,
                what=f"未办成：{event.summary}" if refused else event.summary.split("：", 1)[0],
                reason=decision.reason if decision else "",
                remarks=[(labels.get(n, n), t) for n, t in decision.fields.items()] if decision else [],
                refused=refused,
            )
        )
    return rows


def hung_on(entry: Entry, version: int) -> list[EntryEvidence]:
    """The files of a version, in the order they were hung."""
    rows = EntryEvidence.objects.filter(entry=entry, version=version)
    return list(rows.select_related("evidence__addressee").order_by("pk"))


def usable_evidence(user: User, ids: Collection[int], entry: Entry | None = None) -> list[Evidence]:
    """Of the files named, those which `user` may hang on an entry: uploaded by their unit, or hanging on `entry`."""
    own = Q(organization=user.organization_id)
    if entry is not None:
        own |= Q(pk__in=EntryEvidence.objects.filter(entry=entry).values("evidence"))
    found = {file.pk: file for file in Evidence.objects.for_user(user).filter(own, pk__in=ids)}
    return [found[pk] for pk in dict.fromkeys(ids) if pk in found]


# --- quarters ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quarter:
    """A quarter with how many entries filed under it still wait. `may_close`: it is over and the first one open."""

    period: Period
    waiting: int
    digest: str
    sealed_by: str
    sealed_at: datetime | None
    may_close: bool


def quarters(user: User, today: date) -> list[Quarter]:
    """Every quarter, the latest first. Three queries."""
    periods = list(Period.objects.select_related("seal__sealed_by__organization").order_by("-starts_on"))
    counts = dict(
        Entry.objects.for_user(user)
        .filter(state=State.SUBMITTED)
        .order_by()
        .values_list("filing__period")
        .annotate(Count("pk", distinct=True))
    )
    first_open = min((p.starts_on for p in periods if not p.is_closed), default=None)
    found = []
    for period in periods:
        seal = getattr(period, "seal", None)
        found.append(
            Quarter(
                period=period,
                waiting=counts.get(period.pk, 0),
                digest=seal.digest if seal else "",
                sealed_by=str(seal.sealed_by) if seal else "",
                sealed_at=seal.sealed_at if seal else None,
                may_close=not period.is_closed and period.starts_on == first_open and today > period.ends_on,
            )
        )
    return found


@dataclass(frozen=True)
class Closing:
    """What closing a quarter would leave behind: its undecided entries, and the quarter they would go to."""

    period: Period
    undecided: list[Entry]
    goes_to: Period | None


def closing(user: User, period: Period) -> Closing:
    """What to read before closing `period`."""
    undecided = (
        Entry.objects.for_user(user)
        .filter(Q(state=State.SUBMITTED) | to_mend(), filing__period=period)
        .select_related("filed_for", "subject")
        .order_by("state", "pk")
    )
    after = Period.objects.filter(is_closed=False, starts_on__gt=period.starts_on).order_by("starts_on")
    return Closing(period, list(undecided), after.first())
