"""What the ledger, the desk and the workbooks know of a register: this declaration, and no register by name.

An app declares its registers in `<app>/registers.py` as REGISTERS; `all_registers()` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db.models import Q
from django.utils.module_loading import module_has_submodule

from ledger.offers import Lines, Stories

if TYPE_CHECKING:
    from django.forms import Form

    from directory.models import Organization, User
    from ledger.figures import Target
    from ledger.models import Account, BudgetLine, Detail, Entry, Evidence, Period, Plan
    from ledger.scope import Scope


class Leg(NamedTuple):
    """One move an entry makes: `amount` of the accounts' unit from `source` to `target`, for one concerned unit."""

    kind: str
    source: Account
    target: Account
    amount: int
    organization_id: int
    reverses_id: int | None = None
    forward: bool = True  # a closed account takes no new forward moves; refunds and claw-backs still pass


class Claim(NamedTuple):
    """One person an entry says was reached, for one counting account and one concerned unit.

    `eligible` False is recorded and does not count (DESIGN §2.5).
    """

    account: Account
    person_id: int
    organization_id: int
    eligible: bool = True


def no_claims(row: Any) -> list[Claim]:
    """The claims of a register that reaches nobody."""
    return []


@dataclass(frozen=True)
class Opening:
    """A sub-line that a row keeps open below another line: opened with its approval, cancelled with its reversal.

    `amount`, in 分: what it is meant to take of the parent. All of them together, those that wait with them, stay within
    what the parent was given.
    """

    parent: BudgetLine
    name: str
    place: str = ""
    amount: int = 0


@dataclass(frozen=True)
class Maximum:
    """The most that one money account of a line may hold, in 分; the account is opened if it is not there yet."""

    stage: str
    organization: Organization
    contract: str
    amount: int


@dataclass(frozen=True)
class Fixed:
    """What a row fixes of a line of the budget, as long as it is in force (docs/adr/0012). `code` is the line's.

    `state`: a BudgetLine.State, in which the line then is. A line that no row in force speaks of is as it was opened.
    """

    plan: Plan
    code: str
    state: str
    opens: Opening | None = None
    maxima: tuple[Maximum, ...] = ()


@dataclass(frozen=True)
class Shown:
    """One field of an entry as a page shows it; `name` is the form field a remark may point at."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Column:
    """One column of a register: a field of its form, a heading of its sheets, a line of its detail page.

    `kind` says how a text becomes a value (ledger/parsing.py): text, integer, money (分), date, dates (first and last
    day), month ("2022-03"), choice (the code), yesno, identity, phone, person_name, village (a Division), organization,
    line (a BudgetLine), subject (the Entry of `register` referred to), percent (Decimal), decimal (Decimal of `places`).
    """

    name: str
    label: str
    kind: str
    required: bool = False
    aliases: tuple[str, ...] = ()  # other headings (DOMAIN §4)
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""  # as typed on the web; a sheet's unit of money is never guessed (DOMAIN §4 rule 8)
    help: str = ""
    personal: bool = False  # masked wherever it is shown; never in an error message
    numbered: bool = False  # kind text: the number of a paper (文号, 凭证号), where many digits are meant
    example: str = ""
    register: str = ""  # kind subject: the code of the register it points at
    # another column, and its codes for which a form shows this one; all of them if ("", ())
    when: tuple[str, tuple[str, ...]] = ("", ())
    must_when: tuple[
        str, ...
    ] = ()  # those of the codes for which a form marks it as required; the rules decide
    may_be_zero: bool = False  # kind money: a sum that may be nothing yet, where an amount must be something
    # kind date: a month will do; the row has a field "<name>_month_only" (ledger/models/rows.py)
    month_will_do: bool = False
    # kind date: the column of the last day; a sheet may have both in one cell, 起止时间 (DOMAIN §4.7)
    until: str = ""
    assumed: str = ""  # what a sheet means that lacks the column; told as a notice
    places: int = 2  # kind decimal: how many are kept; one with more is a price, which no sheet adds up


@dataclass(frozen=True)
class Made:
    """What became of one row of values: the unsaved row, or None and what is wrong, by column."""

    row: Detail | None
    errors: Mapping[str, list[str]]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Estimates:
    """What counts only while nothing exact is known, such as "约60人" until there is a 花名册 (DESIGN §4).

    Decided at posting, with the accounts locked, and not at submission: whether the exact rows are the first or the
    last can change while an entry waits. `moves` says what approving `entry` does to the estimates standing before it,
    in the kinds ESTIMATED and REPLACED; a reversal or correction takes nothing of it back by itself.
    """

    accounts: Callable[[Any], list[Account]]  # of a row: locked before `moves` is asked
    moves: Callable[[Entry, Any, int], list[Leg]]  # the number: others that go with it, see `once`
    standing: Callable[[], Mapping[int, int]]  # account id → what stands now; for verify_ledger
    # of new rows approved together, only the first of each answer can move anything, of reversals the last, the others being
    # gone; None: that is not said, and such rows are approved one by one
    once: Callable[[Any], Any] | None = None


ESTIMATED, REPLACED = "estimated", "replaced"

# What the books themselves call their moves, whatever the register.
COMMON_KINDS = {
    "counted": "计入",
    "uncounted": "不再计入",
    ESTIMATED: "估计数计入",
    REPLACED: "估计数由名册替代",
}


@dataclass(frozen=True)
class Parameter:
    """A number that rules, lights or deadlines go by, unconfirmed [G] or to be set each year: the bureau's row of
    Threshold with its code counts, else `default`. Declared by a register, or in `<app>/parameters.py`."""

    code: str
    name: str
    default: int
    unit: str
    note: str = ""
    least: int = 0
    most: int = 1_000
    decimals: int = 0  # how many the bureau may give

    def value(self) -> int:
        """What holds now. One query, or one for all of them within `parameters.read_once()`."""
        return int(self.exact())

    def exact(self) -> Decimal:
        """As `value`, with its decimals."""
        from ledger.parameters import changed  # parameters know registers

        return changed(self.code, Decimal(self.default))


@dataclass(frozen=True)
class Figure:
    """One number of a card; `held` is what waits, None for the past; `target` the counting rule it opens down to."""

    label: str
    approved: int
    unit: str
    held: int | None = None
    target: str = ""


@dataclass(frozen=True)
class Card:
    """What a register offers the first screen."""

    heading: str
    figures: Sequence[Figure]
    note: str = ""


@dataclass(frozen=True)
class ReportTable:
    """One table a register offers to reports; the first column names the row, the others are numbers.

    `rows` may end with a sum: `has_total`.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    unit: str = ""
    note: str = ""
    has_total: bool = False


@dataclass(frozen=True)
class Notice:
    """One thing of a register that is late or missing; it opens at the entry, if there is one."""

    subject: str
    reason: str
    entry_id: int | None = None


@dataclass(frozen=True)
class Notices:
    """What a register has to say of one kind of lateness; `count` may exceed what is `found`."""

    title: str
    rule: str
    found: Sequence[Notice]
    count: int
    is_bad: bool = True


@dataclass(frozen=True)
class OpenTask:
    """Something decided that somebody is to do until a day: `source` is where it was decided, on `arose_on`."""

    text: str
    source: str
    arose_on: date
    owner: str
    owner_id: int
    due_on: date
    state: str
    entry_id: int


# what the reader may see of the register, on that day; at most so many notices of a kind
AllNotices = Callable[["User", date, int], Sequence[Notices]]
OpenTasks = Callable[["User"], Sequence[OpenTask]]

# the plan's counts as the reader may see them at that date, by code (ledger.figures.targets)
Cards = Callable[["Mapping[str, Target]"], Sequence[Card]]
# the plan, what the reader may see of the register, and the quarter: 本季 is the quarter's, 累计 up to its end
ReportTables = Callable[["Plan", "Scope", "Period"], Sequence[ReportTable]]


@dataclass(frozen=True)
class Stage:
    """One column of a wide sheet: its cumulative figure, what a row made of its difference has, and from which columns
    of the sheet each other column of that row is read, the first there is."""

    column: str
    values: Mapping[str, Any]
    takes: Mapping[str, tuple[str, ...]]
    after: str = ""  # the stage whose money it moves on: what has not come there yet cannot go further


@dataclass(frozen=True)
class Wide:
    """How people keep a register of events by hand: one row a thing, one column a stage, cumulative (DOMAIN §0.6).

    `amount`: the register's column that takes the difference. `standing`: of each row's values, what the books have by
    stage until that day, None where the user may not see it.
    """

    columns: tuple[Column, ...]
    stages: tuple[Stage, ...]
    amount: str
    standing: Callable[[Sequence[Mapping[str, Any]], User, date], Sequence[Mapping[str, int | None]]]
    doubts: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]  # of one row: column, message


EVERY_ROW = Q(pk__isnull=False)


@dataclass(frozen=True)
class Sharing:
    """To whom approved rows are open besides the units that filed them or whose accounts they move (DOMAIN §7 荣成方).

    By default to nobody: what a register does not share stays closed to the partner and to other units.
    """

    with_units: tuple[str, ...] = ()  # columns of the row that name a unit: that unit sees the row
    with_partner: Q | None = None  # which rows every unit of 荣成 sees; None: none
    figures: bool = False  # whether 荣成 sees the plan's figures of it, without the rows behind them


@dataclass(frozen=True)
class Acknowledging:
    """What somebody else than the filer says of an approved row: that it was received, or that they sent it.

    An act of its own, not a version of the row: it changes no figure, and nobody reviews it.
    """

    verb: str  # "签收"
    waiting: str  # how the row is called before, such as "待荣成签收"
    done: str  # and after, such as "荣成已签收"
    by: Callable[[Any, Organization], bool]  # whether that unit is the one to say it, of the row
    of: Callable[[Any], bool] = lambda row: True  # whether there is anything to say of the row


def no_errors(row: Any, by: User, on: date) -> Mapping[str, list[str]]:
    """The errors of a register whose columns say all."""
    return {}


def nothing(row: Any) -> Sequence[str]:
    """The warnings of a register that has none."""
    return ()


def nothing_to_wait_for(row: Any) -> str:
    """Why a row of a register that waits for nothing may not be approved yet."""
    return ""


def no_files(row: Any, by: User) -> Sequence[Evidence]:
    """What the rows of most registers bring with them: people hang their evidence on them."""
    return ()


def no_legs(row: Any) -> list[Leg]:
    """The moves of a register that moves nothing."""
    return []


def every_unit(organization: Organization | None) -> bool:
    """A register every unit of 山亭 files; 荣成 files what is declared for it, and nothing else."""
    return organization is not None and organization.kind != "partner"


def filed_by(*kinds: str) -> Callable[[Organization | None], bool]:
    """A register that units of these kinds (Organization.Kind) file."""
    return lambda organization: organization is not None and organization.kind in kinds


def always(row: Any) -> bool:
    """Every row counts its person."""
    return True


def nothing_to_prepare(lines: Any) -> None:
    """The preparation of a register whose columns say all."""


def nothing_beside(rows: Sequence[Any]) -> None:
    """The preparation of warnings that ask nothing but their own row."""


def no_conflicts(rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
    """The conflicts of a register whose rows have nothing to do with one another."""
    return [{} for _ in rows]


def nothing_to_complete(lines: Any, by: User) -> None:
    """The completion of a register that keeps nothing but its own row."""


def _making(register: Register, what: str) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        from ledger import making  # which knows registers and models

        return getattr(making, what)(register, *args)

    return run


def _from_columns(*args: Any) -> Any:
    """Stands for what the register's own columns give."""
    raise NotImplementedError


def _own_form(register: Register) -> Callable[[], type[Form]]:
    def build() -> type[Form]:
        from ledger.forms import form_for  # forms know registers, not the reverse

        return form_for(register)

    return build


@dataclass(frozen=True, kw_only=True)
class Register:
    """One 台账 as a kind. Every callable that takes a row takes the register's detail row, saved or not.

    Form, list, detail page, sheet columns, export and admin view come from `columns`, `make` and `values`; what a
    register does not say has the default of one that only records.
    """

    code: str
    name: str
    model: type[Detail]
    natural_key: Callable[[Any], str]
    occurred_on: Callable[[Any], date]
    summary: Callable[[Any], str]
    columns: tuple[Column, ...] = ()
    # how its form is laid out: column → the heading that stands before it; and the optional columns that are folded
    # away below their heading, "更多（选填）"
    headings: Mapping[str, str] = field(default_factory=dict)
    folded: tuple[str, ...] = ()
    # parsed values, one mapping a row, to unsaved rows and what is wrong with each; set-based, never a query per row.
    # A mapping may also hold "where", how the row is called in messages ("第 7 行"), and "replaces", the filed row that
    # a form corrects, and "before", the one its next step follows. People it names are registered.
    # Without one, every column is the field of its name, and ledger/making.py does the rest
    make: Callable[[Sequence[Mapping[str, Any]], User, date], list[Made]] | None = None
    # fills, in (row, values), what a row takes from others before its rules are asked; in bulk
    prepare: Callable[[Sequence[tuple[Any, Mapping[str, Any]]]], None] = nothing_to_prepare
    # likewise what the directory keeps of a row's person beside them, once it is known who they are; of right rows
    complete: Callable[[Sequence[tuple[Any, Mapping[str, Any]]], User], None] = nothing_to_complete
    # it names children whom nobody may look into without a right of their own (directory/rights.py): pages, sheets,
    # error lists and names of files show a code, an age band and the township
    is_restricted: bool = False
    # column name → text, where the column's own kind does not say it; `published`: as exports and notices mask it
    texts: Callable[[Any, bool], Mapping[str, str]] = lambda row, published: {}
    # how another register's sheet may call a row of this one; the first is the best
    called: Callable[[Any], Sequence[str]] | None = None
    form: Callable[[], type[Form]] = _from_columns
    shown: Callable[[Any], list[Shown]] = _from_columns
    amount: Callable[[Any], int | None] = lambda row: None
    amount_unit: str = "分"  # of `amount`: one of ledger.models.Unit
    # the day by whose year's plan, and by whose facts of the person, it counts
    counts_on: Callable[[Any], date] = _from_columns
    # counting rule of the plan → how much of it the row is (1 场, 30 人次; 0: none)
    adds: Mapping[str, Callable[[Any], int]] = field(default_factory=dict)
    # counting rule → whether the row's person is to be counted by it; of a PersonDetail
    counts: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    # further published 其中 of its counting rules that the row belongs to, such as 赴荣成
    parts: Callable[[Any], Sequence[str]] = nothing
    # values [G] of its rules that the bureau may change
    parameters: tuple[Parameter, ...] = ()
    legs: Callable[[Any], list[Leg]] = no_legs
    claims: Callable[[Any], list[Claim]] = no_claims
    # what the row fixes of the books while it is in force, beside what it moves; None: nothing. Such a register moves
    # nothing, so that accounts are locked once
    fixes: Callable[[Any], Fixed | None] | None = None
    estimates: Estimates | None = None
    # field → messages; all that is wrong, at once; {} if nothing is
    errors: Callable[[Any, User, date], Mapping[str, list[str]]] = no_errors
    # likewise of each row beside the others and the books, once it is known who its person is; in bulk
    conflicts: Callable[[Sequence[Any]], Sequence[Mapping[str, Sequence[str]]]] = no_conflicts
    # what is unusual and may be right: told to who files and who reviews, on pages and in the preview of a file
    warnings: Callable[[Any], Sequence[str]] = nothing
    # reads what the warnings of these rows, saved or not, compare them with; in bulk
    beside: Callable[[Sequence[Any]], None] = nothing_beside
    # what evidence must hang on it before approval; "" if none
    evidence_rule: Callable[[Any], str] = lambda row: ""
    # why an entry may not be approved yet, whatever its evidence; "" if it may. Asked of reversals too
    not_yet: Callable[[Any], str] = nothing_to_wait_for
    may_file: Callable[[Organization | None], bool] = every_unit
    shared: Sharing = Sharing()
    # of a saved row: the files that the system makes of what it says and hangs on its version, who files it
    brings: Callable[[Any, User], Sequence[Evidence]] = no_files
    acknowledged: Acknowledging | None = None
    # the sheet with one column a stage in which people keep it as well; None: there is none
    wide: Wide | None = None
    # what the next step of an approved row is called, such as "登记进展"; "" if its rows are events and have none
    next_step: str = ""
    # columns that name a unit which the row concerns beside those whose accounts it moves: it sees it from submission on
    concerns: tuple[str, ...] = ()
    # kind of move → the words a statement uses for it
    kinds: Mapping[str, str] = field(default_factory=dict)
    also_steps: tuple[str, ...] = ()  # columns that name a unit which may file the next step, too
    notices: AllNotices | None = None
    open_tasks: OpenTasks | None = None
    cards: Cards | None = None
    report_tables: ReportTables | None = None
    lines: Lines | None = None
    story: Stories | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", {**COMMON_KINDS, self.code: self.name, **self.kinds})
        names = {column.name: column for column in self.columns}
        for name in (*self.headings, *self.folded):
            if name not in names or (name in self.folded and names[name].required):
                raise ValueError(f"{self.code}: no column to lay out so: {name}")
        if self.make is None and self.columns:
            object.__setattr__(self, "make", _making(self, "make"))
        if self.counts_on is _from_columns:
            object.__setattr__(self, "counts_on", self.occurred_on)
        if self.adds:
            object.__setattr__(self, "legs", _making(self, "legs"))
        if self.counts:
            object.__setattr__(self, "claims", _making(self, "claims"))
        if self.fixes and (self.legs is not no_legs or self.claims is not no_claims or self.estimates):
            raise ValueError(f"{self.code}: a register that fixes lines moves nothing")
        if self.form is _from_columns:
            object.__setattr__(self, "form", _own_form(self))
        if self.shown is _from_columns:
            object.__setattr__(self, "shown", self._shown)

    @property
    def app_name(self) -> str:
        """What its app is called: registers of one kind of work stand together under it."""
        return str(self.model._meta.app_config.verbose_name)

    @property
    def rows_stand_alone(self) -> bool:
        """Whether it is a list of people in which no rule looks from one row at another, so that a long one may be checked and
        filed piece by piece."""
        looks = (
            self.conflicts is not no_conflicts or self.beside is not nothing_beside or self.fixes is not None
        )
        return self.names_person and not looks

    @property
    def names_person(self) -> bool:
        """Whether a row is about one person of the directory."""
        return self.model.names_person

    @property
    def is_personal(self) -> bool:
        """Whether a sheet of it holds columns that are some person's: it leaves the system for a stated reason only."""
        return any(column.personal for column in self.columns)

    def concerned(self, row: Any) -> set[int]:
        """Units that the row names as concerned."""
        return {pk for name in self.concerns if (pk := getattr(row, f"{name}_id")) is not None}

    @property
    def targets(self) -> list[str]:
        """The counting rules a plan must have before a row can be filed under it."""
        return [*self.adds, *self.counts]

    def values(self, row: Any, *, published: bool = False) -> dict[str, str]:
        """Column name → what a page or a sheet shows of the row, in the columns' order; "" for an empty one.

        `published`: personal columns as exports and public notices mask them.
        """
        from ledger.parsing import text_of  # parsing knows columns, not the reverse

        own = self.texts(row, published)
        if self.names_person:
            from ledger.making import person_texts

            seen = person_texts(row, published, self.counts_on(row), restricted=self.is_restricted)
            own = {**seen, **own}
        return {c.name: own[c.name] if c.name in own else text_of(c, row) for c in self.columns}

    def pointers(self) -> list[str]:
        """What a row points at, for select_related: read with it, never one by one."""
        found = [f.name for f in self.model._meta.concrete_fields if f.is_relation and f.name != "entry"]
        beyond = {"village": ("parent",), "subject": ("in_force", "undecided")}
        return found + [
            f"{column.name}__{end}"
            for column in self.columns
            if column.name in found
            for end in beyond.get(column.kind, ())
        ]

    def _shown(self, row: Any) -> list[Shown]:
        values = self.values(row)
        return [Shown(c.name, c.label, values[c.name]) for c in self.columns if values[c.name]]


@cache
def all_registers() -> dict[str, Register]:
    """Every declared register by code, in the order of the installed apps."""
    from ledger.merging import PERSON_MERGE  # the ledger's own; it imports this module

    found: dict[str, Register] = {}
    for config in apps.get_app_configs():
        if config.name != "ledger" and module_has_submodule(config.module, "registers"):
            for register in getattr(import_module(f"{config.name}.registers"), "REGISTERS", ()):
                found[register.code] = register
    return found | {PERSON_MERGE.code: PERSON_MERGE}


def get_register(code: str) -> Register:
    """The register; KeyError if no app declares it."""
    return all_registers()[code]


def name_of(code: str) -> str:
    """Its Chinese name; the code itself for a register no longer declared."""
    register = all_registers().get(code)
    return register.name if register else code
