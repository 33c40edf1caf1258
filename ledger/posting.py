"""The one way numbers move: hold at submission, release at return, post at approval (DESIGN §2 How).

Each call nets the entry's legs per account, locks the accounts in id order, refuses with numbers, updates every
account once under its CHECK constraints, and only then inserts rows. The same code runs on SQLite, where the
IMMEDIATE transaction is the lock, and on PostgreSQL, where the rows are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Model, Sum

from audit import bulk
from audit.locks import share_books
from ledger import presence
from ledger.accounts import outside_account
from ledger.models import Account, Entry, Hold, Participation, Period, Total, Transfer, Unit
from ledger.models.books import Move
from ledger.money import yuan
from ledger.periods import open_quarters
from ledger.refusals import Refusal
from ledger.registers import ESTIMATED, REPLACED, Claim, Leg, all_registers
from ledger.sql import Prepared, Statement, insert, run, update

CHUNK = 1000  # rows an INSERT

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
    if connection.vendor == "postgresql":
        return Statement("SELECT set_config('rongshan.posting', %s, true)", ["on" if is_open else ""])
    if is_open:
        return Statement("INSERT INTO ledger_postingguard (id) VALUES (1)")
    return Statement("DELETE FROM ledger_postingguard")


def net(legs: Iterable[Leg | Move]) -> dict[int, int]:
    """Account id → what the legs together bring (+) or take (−). Accounts that come out even are left out."""
    sums: dict[int, int] = defaultdict(int)
    for leg in legs:
        source, target = (
            (leg.source_id, leg.target_id) if isinstance(leg, Move) else (leg.source.pk, leg.target.pk)
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


def hold_all(filed: Sequence[Filed]) -> None:
    """Reserve what submitted entries will move, and whom they will count, in one go.

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
    with posting_open():
        run(_apply(_deltas(held, counted)))
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
        run(presence.write(counted.rows))


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
    people: list[presence.Pair] = []
    for some in bulk.portions(entry_ids):
        for one in Hold.objects.filter(entry__in=some):
            held[one.entry_id].append(one)
        rows = Participation.objects.filter(entry__in=some, version=F("entry__version"), eligible=True)
        people += rows.values_list("account_id", "person_id")
    if not held and not people:
        return
    freed: dict[int, tuple[int, int, int]] = {}
    for holds in held.values():
        for account_id, amount in net(holds).items():
            _, held_out, held_in = freed.get(account_id, (0, 0, 0))
            freed[account_id] = (0, held_out - max(0, -amount), held_in - max(0, amount))
    lock(set(freed) | {account for account, _ in people})
    counted = presence.shift((pair, 0, -1) for pair in people)
    drop = [_drop_holds(some) for some in bulk.portions(held)]
    run(guarded([*_apply(_deltas(freed, counted)), *presence.write(counted.rows), *drop]))


_holds: Prepared[Hold] = Prepared(lambda entry: Hold.objects.filter(entry=entry).order_by("position"))


def _nothing(posted: Posted) -> Sequence[Model]:
    return ()


def post(
    entry: Entry,
    *,
    by_id: int,
    at: datetime,
    stands: Entry | None,
    moved: Sequence[presence.Change] = (),
    beside: Callable[[Posted], Sequence[Model]] = _nothing,
) -> Posted:
    """Turn the entry's holds into transfers, count its persons, and mark it approved; returns the posting period.

    `stands` is what its subject points at from now on; another subject it had claimed points at nothing. `moved` are
    the presences that a merge of persons moves. `beside` gives further new rows, such as the decision and the audit
    event, which are written with the posting. The caller has locked the entry and shares the books.

    A reversal or correction takes back the persons of its target, a step those of the one before; a reversed step
    gives them back. Cannot be refused for money or maximum: the holds are the room it needs. Raises NoOpenPeriod.
    """
    holds = _holds(entry.pk)
    own = presence.participations_of(entry.pk, entry.version)
    target = entry.follows if entry.kind == Entry.Kind.STEP else entry.corrects
    taken_back = presence.participations_of(target.pk, target.version) if target is not None else []
    before = target.follows if target and entry.kind == Entry.Kind.REVERSAL else None
    given_back = presence.participations_of(before.pk, before.version) if before is not None else []
    people = {account for account, _ in [*own, *taken_back, *given_back, *(pair for pair, _, _ in moved)]}
    outside = _outside(people) if people else {}
    register = all_registers().get(entry.register)
    estimates = register.estimates if register else None
    row: Any = None
    estimated: list[Account] = []
    if register and estimates:
        row = register.model._default_manager.get(entry=entry, version=entry.version)
        estimated = estimates.accounts(row)
    own_quarter, quarters = open_quarters(entry.occurred_on)
    # from here on others wait for the accounts: what can be read before is read before
    accounts = lock(
        {h.source_id for h in holds}
        | {h.target_id for h in holds}
        | people
        | set(outside.values())
        | {account.pk for account in estimated},
        first=[_lock_subjects(entry)],
    )
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
    transfers = _transfers_of(holds)
    transfers += _transfers_of_people(entry, counted, outside, accounts, len(holds))
    if estimates:  # asked only now: what stands is certain once the accounts are locked
        transfers += _transfers_of_legs(estimates.moves(entry, row), len(transfers))
    moves = net(transfers)
    posted = choose_period(accounts, moves, own_quarter, quarters)
    released = net(holds)
    deltas = {
        i: (moves.get(i, 0), -max(0, -released.get(i, 0)), -max(0, released.get(i, 0)))
        for i in moves.keys() | released.keys()
    }
    for transfer in transfers:
        transfer.entry, transfer.period = entry, posted.period
        transfer.occurred_on, transfer.posted_at = entry.occurred_on, at
    entry.state = Entry.State.APPROVED
    entry.decided_by_id, entry.decided_at = by_id, at
    entry.posted_period, entry.posted_note = posted.period, posted.note
    run(
        guarded(
            [
                *write(transfers, _deltas(deltas, counted)),
                *presence.write(counted.rows),
                _drop_holds([entry.pk]),
                update(entry, ["state", "decided_by", "decided_at", "posted_period", "posted_note"]),
                _point_subjects(entry, stands),
                *(statement for row in beside(posted) for statement in insert([row])),
            ]
        )
    )
    return posted


def write(transfers: Sequence[Transfer], deltas: dict[int, tuple[int, int, int]]) -> list[Statement]:
    """The posting call: what puts the transfers of one period, and what they change, into the books. The accounts are
    locked, the guard is open."""
    return [*_apply(deltas), *insert(transfers), *_add_totals(transfers)]


def _drop_holds(entry_ids: Sequence[int]) -> Statement:
    places = ", ".join(["%s"] * len(entry_ids))
    return Statement(f"DELETE FROM ledger_hold WHERE entry_id IN ({places})", list(entry_ids))  # noqa: S608  placeholders


def _lock_subjects(entry: Entry) -> Statement:
    locking = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    return Statement(
        f"SELECT id FROM ledger_subject WHERE undecided_id = %s ORDER BY id{locking}",  # noqa: S608
        [entry.pk],
    )


def _point_subjects(entry: Entry, stands: Entry | None) -> Statement:
    """The entry's own subject points at what stands from now on, another one it had claimed at nothing."""
    return Statement(
        "UPDATE ledger_subject SET undecided_id = NULL,"
        " in_force_id = CASE WHEN id = %s THEN CAST(%s AS bigint) END WHERE undecided_id = %s",
        [entry.subject_id, stands.pk if stands else None, entry.pk],
    )


def _transfers_of(holds: Sequence[Hold]) -> list[Transfer]:
    return [
        Transfer(
            position=h.position,
            kind=h.kind,
            source_id=h.source_id,
            target_id=h.target_id,
            amount=h.amount,
            organization_id=h.organization_id,
            reverses_id=h.reverses_id,
        )
        for h in holds
    ]


def _transfers_of_legs(legs: Sequence[Leg], position: int) -> list[Transfer]:
    return [
        Transfer(
            position=position + n,
            kind=leg.kind,
            source_id=leg.source.pk,
            target_id=leg.target.pk,
            amount=leg.amount,
            organization_id=leg.organization_id,
        )
        for n, leg in enumerate(legs)
    ]


def _outside(people: set[int]) -> dict[int, int]:
    """Counting account → the account its persons come from."""
    rows = Account.objects.filter(pk__in=people).select_related("plan")
    return {account.pk: outside_account(account.plan, account.unit).pk for account in rows}


def _transfers_of_people(
    entry: Entry,
    counted: presence.Shift,
    outside: dict[int, int],
    accounts: dict[int, Account],
    position: int,
) -> list[Transfer]:
    """One transfer per counting account and direction: persons newly there, persons no longer there."""
    made: list[Transfer] = []
    for kind, numbers in ((COUNTED, counted.gained), (UNCOUNTED, counted.lost)):
        for account_id, number in sorted(numbers.items()):
            ends = (outside[account_id], account_id) if kind == COUNTED else (account_id, outside[account_id])
            made.append(
                Transfer(
                    position=position + len(made),
                    kind=kind,
                    source_id=ends[0],
                    target_id=ends[1],
                    amount=number,
                    organization_id=accounts[account_id].organization_id or entry.filed_for_id,
                )
            )
    return made


def _deltas(
    moves: dict[int, tuple[int, int, int]], counted: presence.Shift
) -> dict[int, tuple[int, int, int]]:
    """The moves, with what waiting persons change of held_in added."""
    for account_id, more in counted.held_in.items():
        balance, held_out, held_in = moves.get(account_id, (0, 0, 0))
        moves[account_id] = (balance, held_out, held_in + more)
    return moves


def choose_period(
    accounts: dict[int, Account], moves: dict[int, int], own: Period, quarters: Sequence[Period]
) -> Posted:
    """The quarter it happened in, `own`, if still open, else the earliest open one of `quarters`; later still if an
    account would end any quarter outside its limits, as when a payment is approved before the disbursement it was made
    from.

    Raises NoOpenPeriod.
    """
    if not quarters:
        raise NoOpenPeriod(
            f"{own.label}及以后的季度都已关账，没有可记账的季度，请联系区乡村振兴局开设新季度。"
        )
    ends = _quarter_ends(moves)
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


def _quarter_ends(moves: dict[int, int]) -> dict[int, list[tuple[date, int]]]:
    """Account id → (quarter start, balance at that quarter's end), from the kept totals."""
    ends: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for account_id, starts_on, change in _changes(*moves):
        before = ends[account_id][-1][1] if ends[account_id] else 0
        ends[account_id].append((starts_on, before + change))
    return ends


def _outside_limits(
    accounts: dict[int, Account],
    moves: dict[int, int],
    ends: dict[int, list[tuple[date, int]]],
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


_for_change: Prepared[Account] = Prepared(
    lambda *ids: Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
)


def lock(ids: Iterable[int], first: Sequence[Statement] = ()) -> dict[int, Account]:
    """Lock in id order, so that two postings running in opposite directions cannot deadlock."""
    return {account.pk: account for account in _for_change(*sorted(set(ids)), first=first)}


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
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(deltas))
    return [
        Statement(
            f"WITH delta (id, balance, held_out, held_in) AS (VALUES {rows}) "  # noqa: S608  placeholders
            "UPDATE ledger_account SET balance = ledger_account.balance + delta.balance, "
            "held_out = ledger_account.held_out + delta.held_out, "
            "held_in = ledger_account.held_in + delta.held_in "
            "FROM delta WHERE ledger_account.id = delta.id",
            [value for account_id in sorted(deltas) for value in (account_id, *deltas[account_id])],
        )
    ]


def _add_totals(transfers: Sequence[Transfer]) -> list[Statement]:
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
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(sums))
    return [
        Statement(
            "INSERT INTO ledger_total (account_id, kind, organization_id, period_id, inflow, outflow) "  # noqa: S608
            f"VALUES {rows} "
            "ON CONFLICT (account_id, kind, organization_id, period_id) DO UPDATE SET "
            "inflow = ledger_total.inflow + excluded.inflow, outflow = ledger_total.outflow + excluded.outflow",
            [value for key, sides in sorted(sums.items()) for value in (*key, *sides)],
        )
    ]
