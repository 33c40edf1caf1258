"""Entries, transfers, holds, participations and evidence against what the registers' rows say: the one pass that asks
the registers.

A row of every entry's latest version is read once, as plain columns, and given to its register's functions as an object
that costs little: a million model instances with their relations take longer than everything else together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db.models import F, Model
from django.db.models.base import ModelBase, ModelState

from ledger import posting
from ledger.models import Account, Entry
from ledger.posting import amount_text
from ledger.registers import Register, all_registers, no_claims
from ledger.verify.core import Finding, Named, rules, select
from ledger.verify.moves import not_mirrored, not_taken_back

CHUNK = 2000  # rows of a register at a time
PIECE = 20_000  # entries whose moves are in memory at a time
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
NAMES = ("台账", "业务主键", "日期", "数量", "摘要")

T = TypeVar("T")
Piece = tuple[int, int]  # the entries from a number up to below another
Moved = tuple[str, int, int, int, int]  # kind, source, target, amount, organization
Counted = tuple[int, int, int, bool]  # account, person, organization, eligible


def _pieces() -> list[Piece | None]:
    """Ranges of entries; and None, the holds that take back."""
    (first, last), *_ = select("SELECT MIN(id), MAX(id) FROM ledger_entry")
    if last is None:
        return [None]
    return [None, *((low, low + PIECE) for low in range(first, last + 1, PIECE))]


@rules(
    _pieces,
    entries_say_what_details_say="记录的业务主键、日期、数量、摘要与明细一致",
    transfers_say_what_details_say="已通过记录的转账与明细一致",
    holds_say_what_details_say="待审记录的占用与明细一致",
    participations_say_what_details_say="记录所计的人员与明细一致",
    approved_entries_have_evidence="已通过的记录有要求的凭据",
)
def rows_say_what_the_books_say(piece: Piece | None) -> Named:
    """Also of a correction or reversal: everything its target moved is held back, exactly once."""
    if piece is None:
        for finding in not_taken_back("ledger_hold", "submitted"):
            yield "holds_say_what_details_say", finding
        for finding in not_mirrored("ledger_hold"):
            yield "holds_say_what_details_say", finding
        return
    books = _Books(piece)
    there = {
        code
        for (code,) in select(
            "SELECT DISTINCT register FROM ledger_entry WHERE id >= %s AND id < %s", [*piece]
        )
    }
    for register in all_registers().values():
        if register.code not in there:
            continue  # of the forty registers a piece of small books has a few
        made = _Rows(register.model)
        for chunk in _chunks(_latest_rows(register, made, piece)):
            before = _rows_before(register, made, chunk)
            for one in chunk:
                yield from _differs(register, one, before.get(one.follows or 0), books)


class _Said:
    """What the entry says, beside its register's row."""

    __slots__ = ("entry", "follows", "kind", "row", "says", "state")

    def __init__(self, row: Any, state: str, kind: str, follows: int | None, *says: Any) -> None:
        self.row, self.entry = row, row.entry_id
        self.state, self.kind, self.follows = state, kind, follows
        occurred_on, amount, summary, register, key = says
        self.says = (register, key, occurred_on, amount, summary)


def _latest_rows(register: Register, made: _Rows, piece: Piece) -> Iterator[_Said]:
    model: Any = register.model
    count = len(made.columns)
    found = model._base_manager.filter(
        entry__gte=piece[0], entry__lt=piece[1], version=F("entry__version"), entry__register=register.code
    )
    # the entries' own range besides: PostgreSQL does not conclude it, and would read all entries for every piece
    found = found.extra(where=['"ledger_entry"."id" >= %s AND "ledger_entry"."id" < %s'], params=piece)
    values = found.order_by("entry_id").values_list(*made.columns, *(f"entry__{name}" for name in ENTRY))
    for portion in _chunks(values.iterator(CHUNK)):
        rows = made.rows(value[:count] for value in portion)
        for row, value in zip(rows, portion, strict=True):
            yield _Said(row, *value[count:])


def _rows_before(register: Register, made: _Rows, chunk: Sequence[_Said]) -> dict[int, Any]:
    """Entry → the row which an entry of the chunk follows as a step."""
    wanted = [one.follows for one in chunk if one.follows]
    if not wanted:
        return {}
    model: Any = register.model
    found = model._base_manager.filter(entry__in=wanted, version=F("entry__version"))
    return {row.entry_id: row for row in made.rows(found.values_list(*made.columns), also=True)}


def _differs(register: Register, one: _Said, before: Any, books: _Books) -> Named:
    """Everything that differs of one entry."""
    for finding in _entry_differs(register, one):
        yield "entries_say_what_details_say", finding
    approved = one.state == Entry.State.APPROVED
    if approved or one.state == Entry.State.SUBMITTED:
        made = (books.transfers if approved else books.holds).get(one.entry, [])
        code = "transfers_say_what_details_say" if approved else "holds_say_what_details_say"
        for finding in _moves_differ(register, one, before, made):
            yield code, finding
    if register.claims is not no_claims or one.entry in books.counted:
        for finding in _people_differ(register, one, books.counted.get(one.entry, [])):
            yield "participations_say_what_details_say", finding
    if approved and one.kind != Entry.Kind.REVERSAL and one.entry not in books.proved:
        for finding in _evidence_lacks(register, one):
            yield "approved_entries_have_evidence", finding


def _cannot(one: _Said, error: Exception) -> Finding:
    """What a row says that its register makes nothing of, such as a kind there is not: a finding, or it would hide others."""
    return f"{one.entry} 号记录", "能按明细重算", f"无法重算（{type(error).__name__}：{error}）"


def _evidence_lacks(register: Register, one: _Said) -> Iterator[Finding]:
    try:
        missing = register.evidence_rule(one.row)
    except Exception as error:  # whatever it is: see _cannot
        yield _cannot(one, error)
        return
    if missing:
        yield f"{one.entry} 号记录", f"有{missing}", "没有凭据"


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
    except Exception as error:  # whatever it is: see _cannot
        yield f"{one.entry} 号记录", "能按明细重算", f"无法重算（{type(error).__name__}）"
        return
    if expected != one.says:
        for name, should, does in zip(NAMES, expected, one.says, strict=True):
            if should != does:
                yield f"{one.entry} 号记录的{name}", str(should), str(does)


# --- what a row moves, and whom it counts ------------------------------------------------------------------------


class _Books:
    """What is in the books of a piece of the entries."""

    def __init__(self, piece: Piece) -> None:
        self.transfers = _own_moves("ledger_transfer", piece)
        self.holds = _own_moves("ledger_hold", piece)
        self.counted: dict[int, list[Counted]] = defaultdict(list)  # entry → whom its latest version counts
        sql = """
            SELECT p.entry_id, p.account_id, p.person_id, p.organization_id, p.eligible
            FROM ledger_participation p JOIN ledger_entry e ON e.id = p.entry_id AND e.version = p.version
            WHERE p.entry_id >= %s AND p.entry_id < %s AND e.id >= %s AND e.id < %s
        """
        for entry, account, person, organization, eligible in select(sql, [*piece, *piece]):
            self.counted[entry].append((account, person, organization, bool(eligible)))
        sql = """
            SELECT x.entry_id FROM ledger_entryevidence x
            JOIN ledger_entry e ON e.id = x.entry_id AND e.version = x.version
            WHERE x.entry_id >= %s AND x.entry_id < %s AND e.id >= %s AND e.id < %s
        """
        self.proved = {
            entry for (entry,) in select(sql, [*piece, *piece])
        }  # those on whose latest version a file hangs


def _own_moves(table: str, piece: Piece) -> dict[int, list[Moved]]:
    """Entry → its own moves by position; not what it takes back of another, nor what is decided at posting."""
    marks = ", ".join(["%s"] * len(posting.AT_POSTING))
    sql = f"""
        SELECT entry_id, kind, source_id, target_id, amount, organization_id FROM {table}
        WHERE entry_id >= %s AND entry_id < %s AND reverses_id IS NULL AND kind NOT IN ({marks})
        ORDER BY entry_id, position
    """  # noqa: S608  one of two table names
    made: dict[int, list[Moved]] = {}
    for entry, kind, source, target, amount, organization in select(sql, [*piece, *posting.AT_POSTING]):
        made.setdefault(entry, []).append((kind, source, target, amount, organization))
    return made


def _moves_differ(register: Register, one: _Said, before: Any, made: list[Moved]) -> Iterator[Finding]:
    """An entry's own moves must be the legs its row says; a reversal has none, and a step has what its row says more or
    less than the row before."""
    try:
        said = [] if one.kind == Entry.Kind.REVERSAL else _said(register, one.row)
        stood = _said(register, before) if one.follows else []
    except Exception as error:  # whatever it is: see _cannot
        yield _cannot(one, error)
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


def _said(register: Register, row: Any) -> list[Moved]:
    return [
        (leg.kind, leg.source.pk, leg.target.pk, leg.amount, leg.organization_id)
        for leg in register.legs(row)
    ]


def _people_differ(register: Register, one: _Said, made: list[Counted]) -> Iterator[Finding]:
    """Whom an entry counts are the claims of its row; a reversal counts nobody."""
    try:
        claims = [] if one.kind == Entry.Kind.REVERSAL else register.claims(one.row)
    except Exception as error:  # whatever it is: see _cannot
        yield _cannot(one, error)
        return
    expected = {(c.account.pk, c.person_id, c.organization_id, c.eligible) for c in claims}
    if expected != set(made) or len(expected) != len(made):
        yield (
            f"{one.entry} 号记录所计的人员",
            _people_text(expected - set(made)) or "没有更多",
            _people_text(set(made) - expected) or "没有",
        )


def _people_text(counted: Iterable[Counted]) -> str:
    listed = sorted(counted)
    ends = Account.objects.in_bulk({account for account, *_ in listed})
    return "；".join(
        f"人员 {person} {'计入' if eligible else '不计入'} {ends[account].code if account in ends else 'None'}"
        f"（单位 {organization}）"
        for account, person, organization, eligible in listed
    )


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


class _Rows:
    """Rows of a model as objects that answer everything its registers ask.

    What they point to is read for a whole chunk when the first row of it is asked, and kept for later rows; a relation
    nobody asks for is never read. A relation once asked, and the words of a choice, are plain look-ups.
    """

    def __init__(self, model: type[Model]) -> None:
        fields = model._meta.concrete_fields
        self.columns = [field.attname for field in fields]
        self.chunk: list[Any] = []
        state = ModelState()
        state.adding, state.db = False, "default"
        own: dict[str, Any] = {"_state": state, "__module__": model.__module__}
        for field in fields:
            if field.is_relation:
                own[field.name] = _Pointer(self, field)
            if field.choices:
                own[f"get_{field.name}_display"] = _words(field)
        # a subclass that is no model of its own: no table, nothing registered
        self.made: Any = type.__new__(ModelBase, model.__name__, (model,), own)

    def rows(self, values: Iterable[Sequence[Any]], also: bool = False) -> list[Any]:
        """Objects with these values; `also`: beside the last chunk, whose rows are still to be asked."""
        made: list[Any] = []
        for value in values:
            row = object.__new__(self.made)
            row.__dict__.update(zip(self.columns, value, strict=True))
            made.append(row)
        self.chunk = [*self.chunk, *made] if also else made
        return made


class _Pointer:
    """A relation of such rows. It sets no value, so that one found before is not asked for again."""

    def __init__(self, rows: _Rows, field: Any) -> None:
        self.rows, self.field, self.kept = rows, field, dict[int, Any]()

    def __get__(self, row: Any, owner: Any = None) -> Any:
        if row is None:
            return self
        pk = row.__dict__[self.field.attname]
        if pk is not None and pk not in self.kept:
            self._read()
        found = None if pk is None else self.kept.get(pk)
        row.__dict__[self.field.name] = found
        return found

    def _read(self) -> None:
        """All that the chunk's rows point to."""
        wanted = {getattr(row, self.field.attname) for row in self.rows.chunk} - {None}
        if len(self.kept) > NEAR:
            self.kept.clear()
        model: Any = self.field.related_model
        further = [f.name for f in model._meta.concrete_fields if f.is_relation]
        self.kept |= model._base_manager.select_related(*further).in_bulk(wanted - self.kept.keys())


def _words(field: Any) -> Any:
    """`get_…_display` of a field: its words for each choice, anything else as it is."""
    words = {value: str(text) for value, text in field.flatchoices}
    name = field.attname

    def display(row: Any) -> Any:
        value = getattr(row, name)
        return words.get(value, value)

    return display


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
