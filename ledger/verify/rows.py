"""Entries, transfers, holds and evidence against what the registers' rows say: the one pass that asks the registers.

A row of every entry's latest version is read once, as plain columns, and given to its register's functions as an object
that costs little: a million model instances with their relations take longer than everything else together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db.models import F, Model
from django.db.models.base import ModelState

from ledger import accounts, posting
from ledger.models import Account, Entry, EntryEvidence, Hold, Transfer
from ledger.posting import amount_text
from ledger.registers import Register, all_registers
from ledger.verify.core import Finding, Named, rules
from ledger.verify.moves import not_mirrored, not_taken_back

CHUNK = 2000  # rows of a register at a time
NEAR = 20_000  # objects that rows point to, kept for the rows that follow

# what is asked of the entry beside its row
ENTRY = (
    "state",
    "kind",
    "follows_id",
    "occurred_on",
    "amount",
    "summary",
    "subject__register",
    "subject__key",
)
MOVE = ("entry_id", "kind", "source_id", "target_id", "amount", "organization_id")
NAMES = ("台账", "业务主键", "日期", "数量", "摘要")

T = TypeVar("T")
Moved = tuple[str, int, int, int, int]  # kind, source, target, amount, organization


@rules(
    entries_say_what_details_say="记录的业务主键、日期、数量、摘要与明细一致",
    transfers_say_what_details_say="已通过记录的转账与明细一致",
    holds_say_what_details_say="待审记录的占用与明细一致",
    approved_entries_have_evidence="已通过的记录有要求的凭据",
)
def rows_say_what_the_books_say() -> Named:
    """Also of a correction or reversal: everything its target moved is held back, exactly once."""
    with accounts.only_existing():
        for register in all_registers().values():
            for chunk in _chunks(_latest_rows(register)):
                yield from _chunk_differs(register, chunk)
    for finding in not_taken_back("ledger_hold", "submitted"):
        yield "holds_say_what_details_say", finding
    for finding in not_mirrored("ledger_hold"):
        yield "holds_say_what_details_say", finding


class _Said:
    """What the entry says, beside its register's row; `row` is None until it was made."""

    __slots__ = ("entry", "follows", "key", "kind", "row", "says", "state")

    def __init__(self, row: Any, state: str, kind: str, follows: int | None, *says: Any) -> None:
        self.row, self.entry = row, row.entry_id
        self.state, self.kind, self.follows = state, kind, follows
        occurred_on, amount, summary, register, key = says
        self.says = (register, key, occurred_on, amount, summary)


def _latest_rows(register: Register) -> Iterator[_Said]:
    model: Any = register.model
    own = [field.attname for field in model._meta.concrete_fields]
    count = len(own)
    near = _Near(model)
    found = model._base_manager.filter(version=F("entry__version"), entry__register=register.code)
    values = found.order_by("entry_id").values_list(*own, *(f"entry__{name}" for name in ENTRY))
    for portion in _chunks(values.iterator(CHUNK)):
        rows = near.rows(own, (value[:count] for value in portion))
        for row, value in zip(rows, portion, strict=True):
            yield _Said(row, *value[count:])


def _chunk_differs(register: Register, chunk: Sequence[_Said]) -> Named:
    """What differs in a chunk of one register's rows, in the order of the entries."""
    moved = [one.entry for one in chunk if one.state == Entry.State.APPROVED]
    held = [one.entry for one in chunk if one.state == Entry.State.SUBMITTED]
    made: dict[str, dict[int, list[Moved]]] = {
        Entry.State.APPROVED: _own_moves(Transfer, moved),
        Entry.State.SUBMITTED: _own_moves(Hold, held),
    }
    rule_of: dict[str, str] = {
        Entry.State.APPROVED: "transfers_say_what_details_say",
        Entry.State.SUBMITTED: "holds_say_what_details_say",
    }
    before = _rows_before(register, chunk)
    bare: dict[int, str] = {}
    for one in chunk:
        for finding in _entry_differs(register, one):
            yield "entries_say_what_details_say", finding
        if one.state in made:
            for finding in _moves_differ(register, one, before, made[one.state].get(one.entry, [])):
                yield rule_of[one.state], finding
        if one.state == Entry.State.APPROVED and one.kind != Entry.Kind.REVERSAL:
            missing = register.evidence_rule(one.row)
            if missing:
                bare[one.entry] = missing
    hung = EntryEvidence.objects.filter(entry__in=list(bare), version=F("entry__version"))
    for pk in bare.keys() - set(hung.values_list("entry_id", flat=True)):
        yield "approved_entries_have_evidence", (f"{pk} 号记录", f"有{bare[pk]}", "没有凭据")


def _entry_differs(register: Register, one: _Said) -> Iterator[Finding]:
    row = one.row
    try:
        expected = (
            register.code,
            register.natural_key(row)[:300],
            register.occurred_on(row),
            register.amount(row),
            register.summary(row)[:200],
        )
    except Exception as error:
        yield f"{one.entry} 号记录", "能按明细重算", f"无法重算（{type(error).__name__}）"
        return
    if expected != one.says:
        for name, should, does in zip(NAMES, expected, one.says, strict=True):
            if should != does:
                yield f"{one.entry} 号记录的{name}", str(should), str(does)


# --- what a row moves -------------------------------------------------------------------------------------------


def _moves_differ(
    register: Register, one: _Said, before: dict[int, Any], made: list[Moved]
) -> Iterator[Finding]:
    """An entry's own moves must be the legs its row says; a reversal has none, and a step has what its row says more or
    less than the row before."""
    try:
        said = [] if one.kind == Entry.Kind.REVERSAL else _said(register, one.row)
        stood = _said(register, before[one.follows]) if one.follows else []
    except Exception as error:
        yield f"{one.entry} 号记录", "能按明细重算", f"无法重算（{type(error).__name__}：{error}）"
        return
    if said == made and not one.follows:
        return
    expected, found = Counter(said), Counter(made)
    if one.follows:
        back = [(kind, target, source, amount, unit) for kind, source, target, amount, unit in stood]
        expected, found = _netted([*said, *back]), _netted(made)
    if expected != found:
        yield (
            f"{one.entry} 号记录",
            _text((expected - found).elements()) or "没有更多",
            _text((found - expected).elements()) or "没有",
        )


def _own_moves(model: type[Hold | Transfer], entries: list[int]) -> dict[int, list[Moved]]:
    """Entry → its own moves by position; not what it takes back of another, nor what is decided at posting."""
    made: dict[int, list[Moved]] = defaultdict(list)
    rows = model._default_manager.filter(entry__in=entries, reverses__isnull=True)
    for entry, *move in rows.order_by("entry_id", "position").values_list(*MOVE):
        if move[0] not in posting.AT_POSTING:
            made[entry].append(tuple(move))
    return made


def _said(register: Register, row: Any) -> list[Moved]:
    return [
        (leg.kind, leg.source.pk, leg.target.pk, leg.amount, leg.organization_id)
        for leg in register.legs(row)
    ]


def _rows_before(register: Register, chunk: Sequence[_Said]) -> dict[int, Any]:
    """Entry → the row which an entry of the chunk follows as a step."""
    wanted = [one.follows for one in chunk if one.follows]
    if not wanted:
        return {}
    model: Any = register.model
    own = [field.attname for field in model._meta.concrete_fields]
    found = model._base_manager.filter(entry__in=wanted, version=F("entry__version")).values_list(*own)
    return {row.entry_id: row for row in _Near(model).rows(own, found)}


def _netted(moves: Iterable[Moved]) -> Counter[Moved]:
    """The moves with what goes and comes back between two accounts set off."""
    sums: dict[tuple[str, int, int, int], int] = defaultdict(int)
    for kind, source, target, amount, unit in moves:
        there = source < target
        sums[kind, min(source, target), max(source, target), unit] += amount if there else -amount
    return Counter(
        (kind, low, high, amount, unit) if amount > 0 else (kind, high, low, -amount, unit)
        for (kind, low, high, unit), amount in sums.items()
        if amount
    )


def _text(moves: Iterable[Moved]) -> str:
    listed = sorted(moves)
    ends = Account.objects.in_bulk({pk for _, source, target, _, _ in listed for pk in (source, target)})

    def code(pk: int) -> str:
        return ends[pk].code if pk in ends else "None"

    return "；".join(
        f"{kind} {code(source)}→{code(target)} {amount_text(amount, ends[source].unit if source in ends else '')}"
        for kind, source, target, amount, _ in listed
    )


# --- rows that cost little --------------------------------------------------------------------------------------


class _Near:
    """What rows of a model point to. Read for a whole chunk when the first row of it is asked, and kept for later rows;
    a relation nobody asks for is never read."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.relations = {f.name: f for f in model._meta.concrete_fields if f.is_relation}
        self.kept: dict[str, dict[int, Any]] = defaultdict(dict)

    def rows(self, names: Sequence[str], values: Iterable[Sequence[Any]]) -> list[Any]:
        """Objects of the model with these values, as from the database."""
        made: list[Any] = []
        for value in values:
            row = self.model.__new__(self.model)
            state = ModelState()
            state.adding, state.db = False, "default"
            state.fields_cache = _Lazy(self, row, made)
            row.__dict__.update(zip(names, value, strict=True), _state=state)
            made.append(row)
        return made

    def read(self, name: str, rows: Sequence[Any]) -> dict[int, Any]:
        """Key → object, of all that `rows` point to by the relation."""
        field, kept = self.relations[name], self.kept[name]
        wanted = {getattr(row, field.attname) for row in rows} - kept.keys() - {None}
        if wanted:
            if len(kept) > NEAR:
                kept.clear()
                wanted = {getattr(row, field.attname) for row in rows} - {None}
            model: Any = field.related_model
            further = [f.name for f in model._meta.concrete_fields if f.is_relation]
            kept |= model._base_manager.select_related(*further).in_bulk(wanted)
        return kept


class _Lazy(dict[str, Any]):
    """A row's cache of the objects it points to: what is not there yet is read for its whole chunk."""

    __slots__ = ("chunk", "near", "row")

    def __init__(self, near: _Near, row: Any, chunk: Sequence[Any]) -> None:
        super().__init__()
        self.near, self.row, self.chunk = near, row, chunk

    def __missing__(self, name: str) -> Any:
        if name not in self.near.relations:
            raise KeyError(name)
        pk = getattr(self.row, self.near.relations[name].attname)
        found = None if pk is None else self.near.kept[name].get(pk)
        if found is None and pk is not None:
            found = self.near.read(name, self.chunk).get(pk)
        self[name] = found
        return found


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
