"""The one way numbers move: hold at submission, release at return, post at approval (DESIGN §2 How).

Each call nets the entry's legs per account, locks the accounts in id order, refuses with numbers, updates every
account once under its CHECK constraints, and only then inserts rows. The same code runs on SQLite, where the
IMMEDIATE transaction is the lock, and on PostgreSQL, where the rows are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import F, QuerySet, Sum

from audit import bulk
from audit.locks import share_books
from ledger import presence
from ledger.accounts import outside_account
from ledger.models import Account, Entry, Hold, Participation, Period, Total, Transfer, Unit
from ledger.models.books import Move
from ledger.money import yuan
from ledger.periods import first_open, open_periods, open_quarters
from ledger.refusals import Refusal
from ledger.registers import ESTIMATED, REPLACED, Claim, Estimates, Leg, all_registers
from ledger.sql import (
    Asked,
    Prepared,
    Statement,
    given,
    insert_rows,
    of_keys,
    on_postgresql,
    read,
    run,
    update,
)


class Limits(NamedTuple):
    """What a posting has to know of an account, whatever its balance."""

    pk: int
    name: str
    minimum: int | None
    maximum: int | None
    organization_id: int | None


# Account id → (first day of a quarter, balance at its end), in order.
Ends = dict[int, list[tuple[date, int]]]

# The kinds of move of a counting account: a person newly there, a person no longer there.
COUNTED, UNCOUNTED = OF_PEOPLE = "counted", "uncounted"
# What is decided when an entry is posted, and not taken back leg by leg: who else is there decides what goes.
AT_POSTING = (*OF_PEOPLE, ESTIMATED, REPLACED)


class InsufficientFunds(Refusal):
    """An account would fall below its minimum, held amounts included."""


class AboveMaximum(Refusal):
    """An account would rise above its maximum, held amounts included."""


class ClosedAccount(Refusal):
    """A new forward move on an account of a closed or cancelled line."""


class NoOpenPeriod(Refusal):
    """Every quarter in which the entry could be posted is closed."""


class NotThere(Exception):
    """The quarter an entry was posted in at first does not take it: post it again, `certain` of the quarter."""


@dataclass(frozen=True)
class Posted:
    """Where an entry went: its period and, if that is not the quarter it happened in, why."""

    period: Period
    note: str


@contextmanager
def posting_open() -> Iterator[None]:
    """Open the triggers' guard for the writes inside; must run in a transaction, which resets it on failure."""
    run([_guard(True)])
    yield
    run([_guard(False)])


def guarded(statements: Sequence[Statement]) -> list[Statement]:
    """The statements, with the triggers' guard open while they run."""
    return [_guard(True), *statements, _guard(False)]


def _guard(is_open: bool) -> Statement:
    if on_postgresql():
        return Statement("SELECT set_config('rongshan.posting', %s, true)", ["on" if is_open else ""])
    if is_open:
        return Statement("INSERT INTO ledger_postingguard (id) VALUES (1)")
    return Statement("DELETE FROM ledger_postingguard")


class Moving(NamedTuple):
    """A transfer to be: what is known of it before its period is chosen."""

    position: int
    kind: str
    source_id: int
    target_id: int
    amount: int
    organization_id: int
    reverses_id: int | None = None


class Moved(NamedTuple):
    """A transfer as it is written: the columns of its table, in order."""

    entry_id: int
    position: int
    kind: str
    source_id: int
    target_id: int
    amount: int
    organization_id: int
    reverses_id: int | None
    period_id: int
    occurred_on: date
    posted_at: datetime


def net(legs: Iterable[Leg | Move | Moving]) -> dict[int, int]:
    """Account id → what the legs together bring (+) or take (−). Accounts that come out even are left out."""
    sums: dict[int, int] = defaultdict(int)
    for leg in legs:
        source, target = (
            (leg.source.pk, leg.target.pk) if isinstance(leg, Leg) else (leg.source_id, leg.target_id)
        )
        sums[source] -= leg.amount
        sums[target] += leg.amount
    return {account: amount for account, amount in sums.items() if amount}


@dataclass(frozen=True)
class Filed:
    """A version of a submitted entry with what it will move and whom it will count."""

    entry_id: int
    version: int
    legs: Sequence[Leg]
    claims: Sequence[Claim] = ()


def hold(entry: Entry, legs: Sequence[Leg], claims: Sequence[Claim] = ()) -> None:
    """hold_all for a single entry."""
    hold_all([Filed(entry.pk, entry.version, legs, claims)])


def hold_all(filed: Sequence[Filed], *, for_show: bool = False, last: bool = False) -> None:
    """Reserve what submitted entries will move, and whom they will count, in one go. `for_show`: in a transaction that
    is taken back and asks nothing more than the accounts, only what those hold, and of whom, is written; of whom not
    either when these are the `last` that are counted in it.

    Raises InsufficientFunds, AboveMaximum or ClosedAccount, naming what was available, held (and by which entries)
    and asked; several shortfalls come in one message.
    """
    legs = [leg for one in filed for leg in one.legs]
    claims = [claim for one in filed for claim in one.claims]
    if not legs and not claims:
        return
    share_books()
    gives, takes = _net_of_each(filed)
    accounts = lock(
        {account.pk for leg in legs for account in (leg.source, leg.target)} | {c.account.pk for c in claims}
    )
    for leg in legs:
        units = accounts[leg.source.pk].unit, accounts[leg.target.pk].unit
        if units[0] != units[1] or leg.amount <= 0 or leg.source.pk == leg.target.pk:
            raise ValueError(f"not a transfer: {leg}")
    counted = presence.shift(((c.account.pk, c.person_id), 0, 1) for c in claims if c.eligible)
    _refuse_closed(accounts, legs, [pk for pk, more in counted.held_in.items() if more])
    asked = takes | {pk: more for pk, more in counted.held_in.items() if more > 0}
    _refuse_shortfalls(accounts, gives, asked, any(leg.reverses_id for leg in legs))
    held = {i: (0, gives.get(i, 0), takes.get(i, 0)) for i in gives.keys() | takes.keys()}
    people = [] if for_show and last else presence.write(counted.rows)
    with posting_open():
        run([*_apply(_deltas(held, counted)), *people])
        if for_show:
            return
        bulk.copy(
            Hold,
            ("entry_id", "position", "kind", "source_id", "target_id", "amount", "organization_id", "reverses_id"),
            [
                (one.entry_id, position, leg.kind, leg.source.pk, leg.target.pk, leg.amount, leg.organization_id,
                 leg.reverses_id)
                for one in filed
                for position, leg in enumerate(one.legs)
            ],
        )  # fmt: skip
        bulk.copy(
            Participation,
            ("entry_id", "version", "account_id", "person_id", "organization_id", "eligible"),
            [
                (one.entry_id, one.version, claim.account.pk, claim.person_id, claim.organization_id, claim.eligible)
                for one in filed
                for claim in one.claims
            ],
        )  # fmt: skip


def _net_of_each(filed: Sequence[Filed]) -> tuple[dict[int, int], dict[int, int]]:
    """Account id → what the entries give, and what they take; each nets its own legs, none nets another's."""
    gives: dict[int, int] = defaultdict(int)
    takes: dict[int, int] = defaultdict(int)
    for one in filed:
        for account_id, amount in net(one.legs).items():
            (takes if amount > 0 else gives)[account_id] += abs(amount)
    return dict(gives), dict(takes)


def release(entry: Entry) -> None:
    """Give back what the entry held: it was returned or withdrawn."""
    release_all([entry.pk])


def release_all(entry_ids: Collection[int]) -> None:
    """Give back what the latest versions of undecided entries hold, in one go."""
    share_books()
    held: dict[int, list[Hold]] = defaultdict(list)
    for one in Hold.objects.filter(bulk.among("entry", entry_ids)):
        held[one.entry_id].append(one)
    rows = _counted(entry_ids)
    people: list[presence.Pair] = list(rows.values_list("account_id", "person_id"))
    if not held and not people:
        return
    freed: dict[int, tuple[int, int, int]] = {}
    for holds in held.values():
        for account_id, amount in net(holds).items():
            _, held_out, held_in = freed.get(account_id, (0, 0, 0))
            freed[account_id] = (0, held_out - max(0, -amount), held_in - max(0, amount))
    lock(set(freed) | {account for account, _ in people})
    counted = presence.shift((pair, 0, -1) for pair in people)
    run(guarded([*_apply(_deltas(freed, counted)), *presence.write(counted.rows), _drop_holds(list(held))]))


def _counted(entry_ids: Iterable[int]) -> QuerySet[Participation]:
    """Whom the latest versions of entries count."""
    among = bulk.among("entry", entry_ids)
    return Participation.objects.filter(among, version=F("entry__version"), eligible=True)


_holds: Prepared[tuple[Any, ...]] = Prepared(
    lambda entry: Hold.objects.filter(entry=entry).order_by("position").values_list(*Moving._fields)
)


def of_waiting(entry_id: int, version: int) -> list[Asked]:
    """What `post` has to know of an undecided entry whatever it is about: the rows of its `Waiting`."""
    return [_holds.of(entry_id), presence.eligible.of(entry_id, version), first_open.of(entry_id)]


class Waiting(NamedTuple):
    """An undecided entry's holds and participations, and the earliest open quarter that does not end before it."""

    holds: list[tuple[Any, ...]]  # the columns of Moving
    people: list[presence.Pair]
    open: list[Period]


def _nothing(posted: Posted) -> Sequence[Statement]:
    return ()


def post(
    entry: Entry,
    waiting: Waiting,
    *,
    by_id: int,
    at: datetime,
    moved: Sequence[presence.Change] = (),
    beside: Callable[[Posted], Sequence[Statement]] = _nothing,
    certain: bool = False,
) -> Posted:
    """Turn the entry's holds into transfers, count its persons, and mark it approved; returns the posting period.

    Where nobody is counted and nothing estimated, all but the quarter is known before the accounts are locked, and the quarter
    nearly always is the first that may be. So that is written, in one message that locks the accounts last (docs/adr/0015),
    and looked at afterwards: raises NotThere if another must be chosen, and the caller, who has to take everything back, calls
    again `certain`.

    `moved` are the presences that a merge of persons moves. `beside` gives what is written with the posting, such as the
    decision and the audit event. The caller shares the books and has read `waiting` with the entry locked.

    A reversal or correction takes back the persons of its target, a step those of the one before; a reversed step
    gives them back. Cannot be refused for money or maximum: the holds are the room it needs. Raises NoOpenPeriod.
    """
    holds, own = [Moving(*hold) for hold in waiting.holds], waiting.people
    target = entry.follows if entry.kind == Entry.Kind.STEP else entry.corrects
    taken_back = presence.eligible(target.pk, target.version) if target is not None else []
    before = target.follows if target and entry.kind == Entry.Kind.REVERSAL else None
    given_back = presence.eligible(before.pk, before.version) if before is not None else []
    people = {account for account, _ in [*own, *taken_back, *given_back, *(pair for pair, _, _ in moved)]}
    outside = _outside(people) if people else {}
    register = all_registers().get(entry.register)
    estimates = register.estimates if register else None
    row: Any = None
    estimated: list[Account] = []
    if register and estimates:
        row = register.model._default_manager.get(entry=entry, version=entry.version)
        estimated = estimates.accounts(row)
    ids = {account for hold in holds for account in (hold.source_id, hold.target_id)}
    if not certain and not people and not estimates:
        quarters = open_quarters(entry.occurred_on, waiting.open)
        posted = choose_period({}, {}, {}, *quarters)
        writing = _posting(entry, posted, holds, holds, presence.Shift(), by_id, at, beside)
        # a correction can have claimed two subjects, which are locked in order; one is locked as it is written
        locks = _lock_subjects([entry.pk]) if entry.kind == Entry.Kind.CORRECTION else []
        accounts, ends, _ = read_with_ends(ids, first=[*locks, *writing])
        moves = net(holds)
        _move_ends(ends, {account: -change for account, change in moves.items()}, posted.period)
        if _outside_limits(accounts, moves, ends, posted.period) is not None:
            raise NotThere
        return posted
    # from here on others wait for the accounts: what can be read before is read before
    ids |= people | set(outside.values()) | {account.pk for account in estimated}
    locks = [*_lock_subjects([entry.pk]), *locking(ids)]
    accounts, ends, (is_open,) = read_with_ends(ids, locks, [open_periods.of()])
    counted = presence.Shift()
    if people:
        counted = presence.shift(
            [
                *((pair, 1, -1) for pair in own),
                *((pair, -1, 0) for pair in taken_back),
                *((pair, 1, 0) for pair in given_back),
            ],
            moved,
        )
    legs = list(holds)
    legs += _of_people(entry.filed_for_id, counted, outside, accounts, len(legs))
    if estimates:  # asked only now: what stands is certain once the accounts are locked
        legs += _of_estimates(estimates.moves(entry, row, 0), len(legs))
    posted = choose_period(accounts, net(legs), ends, *open_quarters(entry.occurred_on, is_open))
    run(_posting(entry, posted, holds, legs, counted, by_id, at, beside))
    return posted


def _posting(
    entry: Entry,
    posted: Posted,
    holds: Sequence[Moving],
    legs: Sequence[Moving],
    counted: presence.Shift,
    by_id: int,
    at: datetime,
    beside: Callable[[Posted], Sequence[Statement]],
) -> list[Statement]:
    """All that a posting writes. The accounts come last: others wait for them."""
    moves, released = net(legs), net(holds)
    deltas = {
        i: (moves.get(i, 0), -max(0, -released.get(i, 0)), -max(0, released.get(i, 0)))
        for i in moves.keys() | released.keys()
    }
    transfers = [Moved(entry.pk, *leg, posted.period.pk, entry.occurred_on, at) for leg in legs]
    _approve(entry, posted, by_id, at)
    return guarded(
        [
            _drop_holds([entry.pk]),
            update(entry, _DECIDED),
            _point_subjects([entry.pk]),
            *beside(posted),
            *presence.write(counted.rows),
            *write(transfers, _deltas(deltas, counted)),
        ]
    )


def post_all(
    entries: Sequence[Entry], rows: Mapping[int, Any], *, by_id: int, at: datetime
) -> dict[int, Posted | NoOpenPeriod]:
    """As post, of entries of one register and kind in their order, written together: every account is updated once.

    `rows` are their detail rows by entry, where the register has estimates. The caller has locked the entries, shares the
    books, and writes what belongs beside. An entry that no open quarter would take has the refusal in place of where it
    went, and stays as it is.
    """
    register = all_registers()[entries[0].register]
    ids = [entry.pk for entry in entries]
    holds: dict[int, list[Moving]] = defaultdict(list)
    waiting = Hold.objects.filter(bulk.among("entry", ids)).order_by("position")
    for pk, *leg in waiting.values_list("entry_id", *Moving._fields):
        holds[pk].append(Moving(*leg))
    changes = _changes_of_people(entries)
    named = {pair for listed in changes.values() for pair, _, _ in listed}
    people = {account for account, _ in named}
    outside = _outside(people) if people else {}
    estimates = register.estimates
    estimated = {a.pk for row in rows.values() for a in estimates.accounts(row)} if estimates else set()
    ends_of_legs = {account for legs in holds.values() for leg in legs for account in leg[2:4]}
    # from here on others wait for the accounts, see post
    wanted = ends_of_legs | people | set(outside.values()) | estimated
    locks = [*_lock_subjects(ids), *locking(wanted)]
    accounts, ends, (is_open,) = read_with_ends(wanted, locks, [open_periods.of()])
    quarters = {day: open_quarters(day, is_open) for day in {entry.occurred_on for entry in entries}}
    counting = presence.Counting(named)
    transfers: list[Moved] = []
    deltas: dict[int, tuple[int, int, int]] = {}
    answers: dict[int, Posted | NoOpenPeriod] = {}
    asked = _asked(estimates, [entry for entry in entries if quarters[entry.occurred_on][1]], rows)
    for entry in entries:
        own_quarter, later = quarters[entry.occurred_on]
        if not later:
            answers[entry.pk] = NoOpenPeriod(_NONE_OPEN.format(own_quarter.label))
            continue
        legs = list(holds[entry.pk])
        released = net(legs)
        counted = counting.take(changes.get(entry.pk, ()))
        legs += _of_people(entry.filed_for_id, counted, outside, accounts, len(legs))
        if estimates and entry.pk in asked:
            found = estimates.moves(entry, rows[entry.pk], asked[entry.pk])
            legs += _of_estimates(found, len(legs))
        moves = net(legs)
        answers[entry.pk] = posted = choose_period(accounts, moves, ends, own_quarter, later)
        _move_ends(ends, moves, posted.period)
        for account, held in released.items():
            balance, out, into = deltas.get(account, (0, 0, 0))
            deltas[account] = balance, out - max(0, -held), into - max(0, held)
        for account, moved in moves.items():
            balance, out, into = deltas.get(account, (0, 0, 0))
            deltas[account] = balance + moved, out, into
        _deltas(deltas, counted)
        transfers += [Moved(entry.pk, *leg, posted.period.pk, entry.occurred_on, at) for leg in legs]
    done = [entry for entry in entries if isinstance(answers[entry.pk], Posted)]
    if done:
        with posting_open():
            run(_apply(deltas))
            bulk.copy(Transfer, [str(f.column) for f in _columns_of_transfers()], transfers)
            run([*_add_totals(transfers), *presence.write(counting.rows)])
            keys = [entry.pk for entry in done]
            run([_drop_holds(keys), *_mark_approved(done, answers, by_id, at), _point_subjects(keys)])
    return answers


def _asked(estimates: Estimates | None, entries: Sequence[Entry], rows: Mapping[int, Any]) -> dict[int, int]:
    """Of the entries, all new or all reversals, those that are asked what they move of estimates: one of each answer to `once`,
    and how many others go with it."""
    alike: dict[Any, list[Entry]] = defaultdict(list)
    if estimates and estimates.once:
        for entry in entries:
            alike[estimates.once(rows[entry.pk])].append(entry)
    return {
        some[-1 if some[0].kind == Entry.Kind.REVERSAL else 0].pk: len(some) - 1 for some in alike.values()
    }


def _columns_of_transfers() -> list[Any]:
    return [field for field in Transfer._meta.concrete_fields if field.attname in Moved._fields]


def _changes_of_people(entries: Sequence[Entry]) -> dict[int, list[presence.Change]]:
    """Entry id → how its approval changes participations, as post says it: its own, those it takes back, gives back."""
    targets = {e.pk: e.follows_id if e.kind == Entry.Kind.STEP else e.corrects_id for e in entries}
    known = [pk for pk in targets.values() if pk is not None]
    before: dict[int, int | None] = dict(
        Entry.objects.unscoped("此前的记录，由记账时取回")
        .filter(bulk.among("pk", known))
        .values_list("pk", "follows_id")
    )
    found: dict[int, list[presence.Pair]] = defaultdict(list)
    everybody = (
        {entry.pk for entry in entries} | set(known) | {pk for pk in before.values() if pk is not None}
    )
    for pk, account, person in _counted(everybody).values_list("entry_id", "account_id", "person_id"):
        found[pk].append((account, person))
    changes: dict[int, list[presence.Change]] = {}
    for entry in entries:
        target = targets[entry.pk]
        given_back = before.get(target) if target and entry.kind == Entry.Kind.REVERSAL else None
        listed: list[presence.Change] = [(pair, 1, -1) for pair in found.get(entry.pk, ())]
        listed += [(pair, -1, 0) for pair in (found.get(target, ()) if target else ())]
        listed += [(pair, 1, 0) for pair in (found.get(given_back, ()) if given_back else ())]
        if listed:
            changes[entry.pk] = listed
    return changes


def _move_ends(ends: Ends, moves: Mapping[int, int], period: Period) -> None:
    """The balances at the ends of quarters, with the moves posted in a period."""
    for account, change in moves.items():
        old = ends[account]
        starts = [start for start, _ in old]
        if period.starts_on not in starts:
            earlier = [balance for start, balance in old if start < period.starts_on]
            old = sorted([*old, (period.starts_on, earlier[-1] if earlier else 0)])
        ends[account] = [
            (start, balance + change if start >= period.starts_on else balance) for start, balance in old
        ]


def _mark_approved(
    entries: Sequence[Entry],
    answers: Mapping[int, Posted | NoOpenPeriod],
    by_id: int,
    at: datetime,
) -> list[Statement]:
    """One statement for all entries that went to the same period for the same reason."""
    alike: dict[Posted, list[Entry]] = defaultdict(list)
    for entry in entries:
        posted = answers[entry.pk]
        if isinstance(posted, Posted):
            alike[posted].append(entry)
    statements = []
    for posted, some in alike.items():
        for entry in some:
            _approve(entry, posted, by_id, at)
        statements.append(update(some[0], _DECIDED, [entry.pk for entry in some]))
    return statements


_DECIDED = ["state", "decided_by", "decided_at", "posted_period", "posted_note"]


def _approve(entry: Entry, posted: Posted, by_id: int, at: datetime) -> None:
    entry.state = Entry.State.APPROVED
    entry.decided_by_id, entry.decided_at = by_id, at
    entry.posted_period, entry.posted_note = posted.period, posted.note


def write(transfers: Sequence[Moved], deltas: dict[int, tuple[int, int, int]]) -> list[Statement]:
    """The posting call: what puts the transfers of one period, and what they change, into the books. The guard is open.

    The accounts are locked in id order before they are touched, if they are not yet, and after all else.
    """
    ends = {account for transfer in transfers for account in (transfer.source_id, transfer.target_id)}
    return [
        *insert_rows(Transfer, Moved._fields, transfers),
        *locking(ends | deltas.keys()),
        *_apply(deltas),
        *_add_totals(transfers),
    ]


def _drop_holds(entry_ids: Iterable[int]) -> Statement:
    return of_keys("DELETE FROM ledger_hold WHERE entry_id {}", entry_ids)


def _lock_subjects(entry_ids: Iterable[int]) -> list[Statement]:
    """What locks the subjects that entries have claimed, in id order; nothing on SQLite."""
    if not on_postgresql():
        return []
    text = "SELECT id FROM ledger_subject WHERE undecided_id {} ORDER BY id FOR NO KEY UPDATE"
    return [of_keys(text, entry_ids)]


def _point_subjects(entry_ids: Iterable[int]) -> Statement:
    """The entries' own subjects point at what stands from now on, others they had claimed at nothing.

    That is the entry itself; of a reversed step the one before, of another reversal nothing.
    """
    return of_keys(
        "UPDATE ledger_subject SET undecided_id = NULL, in_force_id = ("
        "SELECT CASE WHEN ledger_subject.id = entry.subject_id THEN CASE WHEN entry.kind = 'reversal'"
        " THEN (SELECT old.follows_id FROM ledger_entry AS old WHERE old.id = entry.corrects_id)"
        " ELSE entry.id END END FROM ledger_entry AS entry WHERE entry.id = ledger_subject.undecided_id)"
        " WHERE undecided_id {}",
        entry_ids,
    )


def _outside(people: set[int]) -> dict[int, int]:
    """Counting account → the account its persons come from."""
    rows = Account.objects.filter(pk__in=people).select_related("plan")
    return {account.pk: outside_account(account.plan, account.unit).pk for account in rows}


def _of_people(
    unit_id: int,
    counted: presence.Shift,
    outside: dict[int, int],
    accounts: dict[int, Limits],
    position: int,
) -> list[Moving]:
    """One transfer per counting account and direction: persons newly there, persons no longer there. `unit_id`: the one
    that filed, for accounts which are no unit's."""
    made: list[Moving] = []
    for kind, numbers in ((COUNTED, counted.gained), (UNCOUNTED, counted.lost)):
        for account_id, number in sorted(numbers.items()):
            ends = (outside[account_id], account_id) if kind == COUNTED else (account_id, outside[account_id])
            unit = accounts[account_id].organization_id or unit_id
            made.append(Moving(position + len(made), kind, *ends, number, unit))
    return made


def _of_estimates(legs: Sequence[Leg], position: int) -> list[Moving]:
    return [
        Moving(position + n, leg.kind, leg.source.pk, leg.target.pk, leg.amount, leg.organization_id)
        for n, leg in enumerate(legs)
    ]


def _deltas(
    moves: dict[int, tuple[int, int, int]], counted: presence.Shift
) -> dict[int, tuple[int, int, int]]:
    """The moves, with what waiting persons change of held_in added."""
    for account_id, more in counted.held_in.items():
        balance, held_out, held_in = moves.get(account_id, (0, 0, 0))
        moves[account_id] = (balance, held_out, held_in + more)
    return moves


_NONE_OPEN = "{}及以后的季度都已关账，没有可记账的季度，请联系区乡村振兴局开设新季度。"


def choose_period(
    accounts: dict[int, Limits], moves: dict[int, int], ends: Ends, own: Period, quarters: Sequence[Period]
) -> Posted:
    """The quarter it happened in, `own`, if still open, else the earliest open one of `quarters`; later still if an
    account would end any quarter outside its limits, as when a payment is approved before the disbursement it was made
    from.

    Raises NoOpenPeriod.
    """
    if not quarters:
        raise NoOpenPeriod(_NONE_OPEN.format(own.label))
    for period in quarters:
        blocking = _outside_limits(accounts, moves, ends, period)
        if blocking is None:
            break
    if period == own:
        return Posted(period, "")
    if own.is_closed and period == quarters[0]:
        return Posted(period, f"发生在{own.label}，该季度已关账，记入{period.label}。")
    first = _outside_limits(accounts, moves, ends, quarters[0])
    return Posted(period, f"记入{period.label}：若记入{quarters[0].label}，{first}季末余额会超出限额。")


_changes: Prepared[tuple[int, date, int]] = Prepared(
    lambda *accounts: (
        Total.objects.filter(account__in=accounts)
        .values_list("account_id", "period__starts_on")
        .annotate(change=Sum(F("inflow") - F("outflow")))
        .order_by("account_id", "period__starts_on")
    )
)


def _quarter_ends(changes: Iterable[tuple[int, date, int]]) -> Ends:
    """Of the changes of each account in each quarter, in order."""
    ends: Ends = defaultdict(list)
    for account_id, starts_on, change in changes:
        before = ends[account_id][-1][1] if ends[account_id] else 0
        ends[account_id].append((starts_on, before + change))
    return ends


def _outside_limits(
    accounts: dict[int, Limits],
    moves: dict[int, int],
    ends: Ends,
    period: Period,
) -> str | None:
    """The name of the first account which a posting in `period` would leave outside its limits at a quarter's end."""
    for account_id, change in moves.items():
        account = accounts[account_id]
        at_period = [balance for start, balance in ends[account_id] if start <= period.starts_on]
        later = [balance for start, balance in ends[account_id] if start > period.starts_on]
        for balance in [at_period[-1] if at_period else 0, *later]:
            if account.minimum is not None and change < 0 and balance + change < account.minimum:
                return account.name
            if account.maximum is not None and change > 0 and balance + change > account.maximum:
                return account.name
    return None


_accounts: Prepared[Account] = Prepared(lambda *ids: Account.objects.filter(pk__in=ids).order_by("pk"))
_limits: Prepared[tuple[Any, ...]] = Prepared(
    lambda *ids: Account.objects.filter(pk__in=ids).values_list(*Limits._fields)
)


def lock(ids: Iterable[int], first: Sequence[Statement] = ()) -> dict[int, Account]:
    """Lock in id order, so that two postings running in opposite directions cannot deadlock; the accounts as they are
    then. `first` is executed before, in the same message."""
    wanted = sorted(set(ids))
    (accounts,) = read([_accounts.of(*wanted)], first=[*first, *locking(wanted)])
    return {account.pk: account for account in accounts}


def read_with_ends(
    ids: Iterable[int], first: Sequence[Statement], also: Sequence[Asked] = ()
) -> tuple[dict[int, Limits], Ends, list[list[Any]]]:
    """The limits of accounts after `first`, which locks them; their balances at the ends of quarters, from the kept
    totals; and what is asked `also`."""
    wanted = sorted(set(ids))
    accounts, changes, *more = read([_limits.of(*wanted), _changes.of(*wanted), *also], first=first)
    return {row[0]: Limits(*row) for row in accounts}, _quarter_ends(changes), more


def locking(ids: Collection[int]) -> list[Statement]:
    """What locks accounts in id order; nothing on SQLite, where the transaction is the lock."""
    if not on_postgresql() or not ids:
        return []
    return [of_keys("SELECT id FROM ledger_account WHERE id {} ORDER BY id FOR NO KEY UPDATE", ids)]


def _refuse_closed(accounts: dict[int, Account], legs: Sequence[Leg], counting: Sequence[int]) -> None:
    closed = {accounts[pk].name for pk in counting if accounts[pk].closed} | {
        accounts[a.pk].name
        for leg in legs
        if leg.forward and leg.reverses_id is None
        for a in (leg.source, leg.target)
        if accounts[a.pk].closed
    }
    if closed:
        raise ClosedAccount(
            f"{'、'.join(sorted(closed))}已关闭，不能再办理新的资金业务；退款、收回和红冲仍可办理。"
        )


def _refuse_shortfalls(
    accounts: dict[int, Account], gives: dict[int, int], takes: dict[int, int], reversing: bool
) -> None:
    short: list[str] = []
    error: type[Refusal] = InsufficientFunds
    for account_id, account in sorted(accounts.items()):
        asked = gives.get(account_id, 0)
        if asked and account.available is not None and account.available < asked:
            short.append(_shortfall(account, asked, reversing))
        asked = takes.get(account_id, 0)
        if asked and account.maximum is not None:
            room = account.maximum - account.balance - account.held_in
            if room < asked:
                error = AboveMaximum if not short else error
                short.append(_no_room(account, room, asked))
    if short:
        raise error("".join(short))


def amount_text(amount: int, unit: str) -> str:
    """ "125,000.00 元" for 分, "1,300.00 千瓦时" for 0.01 kWh, "3 人" for people."""
    if unit == Unit.CENTI_KWH:
        return f"{yuan(amount)} 千瓦时"
    return f"{yuan(amount)} 元" if unit == Unit.FEN else f"{amount:,} {unit}"


def _shortfall(account: Account, asked: int, reversing: bool) -> str:
    available = account.available or 0
    text = (
        f"{account.name}可用 {amount_text(max(available, 0), account.unit)}，"
        f"本次 {amount_text(asked, account.unit)}，超出 {amount_text(asked - max(available, 0), account.unit)}。"
    )
    if account.held_out:
        text += f"另有 {amount_text(account.held_out, account.unit)}待审核（{_numbers(_holders(account))}）。"
    if reversing:
        later = list(
            Transfer.objects.filter(source=account, reverses__isnull=True)
            .exclude(pk__in=Transfer.objects.filter(reverses__isnull=False).values("reverses_id"))
            .order_by("-pk")
            .values_list("entry_id", flat=True)[:10]
        )
        if later:
            text += f"请先红冲后来用掉这笔资金的记录：{_numbers(later)}。"
    return text


def _no_room(account: Account, room: int, asked: int) -> str:
    text = (
        f"{account.name}上限 {amount_text(account.maximum or 0, account.unit)}，"
        f"还可增加 {amount_text(max(room, 0), account.unit)}，本次 {amount_text(asked, account.unit)}。"
    )
    if account.held_in:
        text += f"另有 {amount_text(account.held_in, account.unit)}待审核（{_numbers(_bringers(account))}）。"
    return text


def _bringers(account: Account) -> list[int]:
    """Undecided entries that would add to the account, by amount or by person."""
    waiting = {"entry__state": Entry.State.SUBMITTED, "entry__version": F("version"), "eligible": True}
    people = Participation.objects.filter(account=account, **waiting).order_by("entry_id")
    rows = people if account.counts_people else Hold.objects.filter(target=account).order_by("entry_id")
    return list(rows.values_list("entry_id", flat=True).distinct()[:10])


def _holders(account: Account) -> list[int]:
    return list(
        Hold.objects.filter(source=account)
        .order_by("entry_id")
        .values_list("entry_id", flat=True)
        .distinct()[:10]
    )


def _numbers(entry_ids: Iterable[int]) -> str:
    return "、".join(f"{pk} 号" for pk in dict.fromkeys(entry_ids)) + "记录"


def _apply(deltas: dict[int, tuple[int, int, int]]) -> list[Statement]:
    """Add (balance, held_out, held_in) to each account once, in one statement, so CHECK sees only the end state."""
    if not deltas:
        return []
    return [
        given(
            "WITH delta (id, balance, held_out, held_in) AS ({}) "
            "UPDATE ledger_account SET balance = ledger_account.balance + delta.balance, "
            "held_out = ledger_account.held_out + delta.held_out, "
            "held_in = ledger_account.held_in + delta.held_in "
            "FROM delta WHERE ledger_account.id = delta.id",
            [(account_id, *change) for account_id, change in sorted(deltas.items())],
        )
    ]


def _add_totals(transfers: Sequence[Moved]) -> list[Statement]:
    sums: dict[tuple[int, str, int, int], list[int]] = defaultdict(lambda: [0, 0])
    for h in transfers:
        where = h.kind, h.organization_id, h.period_id
        gives, takes = sums[h.source_id, *where], sums[h.target_id, *where]
        if h.reverses_id:  # taken back in the columns it was counted in, so gross figures stay gross
            gives[0] -= h.amount
            takes[1] -= h.amount
        else:
            gives[1] += h.amount
            takes[0] += h.amount
    if not sums:
        return []
    return [
        given(
            "INSERT INTO ledger_total (account_id, kind, organization_id, period_id, inflow, outflow) {} "
            "ON CONFLICT (account_id, kind, organization_id, period_id) DO UPDATE SET "
            "inflow = ledger_total.inflow + excluded.inflow, outflow = ledger_total.outflow + excluded.outflow",
            [(*key, *sides) for key, sides in sorted(sums.items())],
        )
    ]
