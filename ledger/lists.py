"""Lists of entries: which of them fit the filters, in which order, and what stands in each column.

The desk shows it page by page, the workbooks write it as a file: both ask here, so that a file holds exactly what the
screen shows. Personal columns are masked as published lists mask them, in both.

How a list stays as quick over 100,000 entries as over 1,000, on both engines: it is counted and turned to as far as
REACH rows, and exported as far as IN_A_FILE, and who needs others narrows it; a page is found by its numbers first
(indexes: of the entry's unit, state and register), and only its own fifty rows are read with their names; a text, of
which no index finds a part on both engines (two Chinese characters are less than a trigram), is looked for in stages,
the newest rows first: LOOKED_THROUGH that the other filters leave, then LOOKED_ON at each “继续往前找”.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from directory.models import User
from directory.names import plain
from ledger.models import Entry
from ledger.parsing import as_number, text_of
from ledger.posting import amount_text
from ledger.registers import Column, Register, all_registers, get_register, name_of

M = TypeVar("M", bound=Model)

PER_PAGE = 50
REACH = 2_000
IN_A_FILE = 10_000
LOOKED_THROUGH = 2_000
LOOKED_ON = 10_000
FEW = 7  # columns of a register that stand in its list unless all are asked for
WITH_NAMES = (
    "filed_for",
    "filed_by__organization",
    "submitted_by__organization",
    "filing__period",
    "subject",
    "posted_period",
)
ORDERS: dict[str, tuple[str, list[Any]]] = {
    "": ("最新在前", ["-pk"]),
    "oldest": ("最早在前", ["pk"]),
    "date": ("发生日期晚的在前", ["-occurred_on", "-pk"]),
    "amount": ("金额、数量大的在前", [F("amount").desc(nulls_last=True), "-pk"]),
}
# As 文号 are kept: 山财农指[2022]1号 and 山财农指(2022)1号 are 山财农指〔2022〕1号 (DOMAIN §4 rule 7).
BRACKETS = str.maketrans("[]［］()（）【】﹝﹞", "〔〕" * 6)
# Columns whose values are chosen from a list, and so may filter one.
CHOSEN = ("choice", "yesno", "line", "organization")


# --- which rows -------------------------------------------------------------------------------------------------


def entries(user: User, wanted: Mapping[str, Any]) -> QuerySet[Entry]:
    """The entries `user` may see that fit the cleaned filters of filters.EntryFilter, in the order it asks for."""
    return entries_of_stage(user, wanted)[0]


def entries_of_stage(user: User, wanted: Mapping[str, Any]) -> tuple[QuerySet[Entry], int]:
    """As entries; and, where a text is looked for, the number of the first row it was not looked for in, which must be
    said and is the `before` of the next stage; 0 if there is none. One query for a text.

    `before`, a filter of its own: from that number on backwards.
    """
    rows, rest = _chosen(user, wanted), 0
    text = str(wanted.get("q") or "").strip()
    if text:
        register = all_registers().get(str(wanted.get("register") or ""))
        if before := wanted.get("before"):
            rows = rows.filter(pk__lte=before)
        rest = before_newest(rows, LOOKED_ON if before else LOOKED_THROUGH)
        rows = rows.filter(says(text, rest, [register] if register else all_registers().values()))
    return rows.order_by(*ORDERS.get(str(wanted.get("sort") or ""), ORDERS[""])[1]), rest


@dataclass(frozen=True)
class Looked:
    """How far a text was looked for: `through` so many rows from number `before` on (0: the newest); `rest` the number to
    go on from, 0 if none is left."""

    before: int
    through: str
    rest: int


def looked(wanted: Mapping[str, Any], rest: int) -> Looked | None:
    """What to say of a search that was done in stages, after entries_of_stage; None if it was not."""
    before = wanted.get("before") or 0 if wanted.get("q") else 0
    if not rest and not before:
        return None
    return Looked(before, f"{LOOKED_ON if before else LOOKED_THROUGH:,}", rest)


def _chosen(user: User, wanted: Mapping[str, Any]) -> QuerySet[Entry]:
    rows = Entry.objects.for_user(user).select_related(*WITH_NAMES)
    for name, path in (("state", "state"), ("register", "register"), ("unit", "filed_for")):
        if wanted.get(name):
            rows = rows.filter(**{path: wanted[name]})
    if wanted.get("period"):
        rows = rows.filter(filing__period=wanted["period"])
    if wanted.get("first"):
        rows = rows.filter(occurred_on__gte=wanted["first"])
    if wanted.get("last"):
        rows = rows.filter(occurred_on__lte=wanted["last"])
    if wanted.get("mine"):
        rows = rows.filter(Q(filed_by=user) | Q(submitted_by=user))
    register = all_registers().get(str(wanted.get("register") or ""))
    chosen = {name.removeprefix("c-"): value for name, value in wanted.items() if name.startswith("c-")}
    if register is not None and chosen:
        rows = rows.filter(_row_of(register, Q(**chosen)))
    return rows


def before_newest(rows: QuerySet[M], count: int) -> int:
    """The number below the newest `count` rows; 0 where there are no more. One query, no row read."""
    numbers = rows.select_related(None).order_by("-pk").values_list("pk", flat=True)
    return next(iter(numbers[count : count + 1]), 0)


def says(text: str, after: int, registers: Iterable[Register]) -> Q:
    """Entries beyond number `after` that have the text in their summary or in the numbers of their papers (文号,
    凭证号), and where one register is meant, in any text of it that is nobody's own; and the entry of that number.
    """
    match = Q(pk__gt=after, summary__icontains=text)
    number = plain(text).removesuffix("号")
    if number.isascii() and number.isdigit() and len(number) < 16 and number[0] != "0":
        match |= Q(pk=int(number))
    among = list(registers)
    for register in among:
        names = [c.name for c in text_columns(register) if c.numbered or len(among) == 1]
        if names and (len(among) == 1 or any(c.isdigit() for c in text)):
            said = Q()
            for name in names:
                for written in {text, text.translate(BRACKETS)}:
                    said |= Q(**{f"{name}__icontains": written})
            match |= Q(pk__gt=after, register=register.code) & Q(_row_of(register, said, after))
    return match


def text_columns(register: Register) -> list[Column]:
    """The register's columns in which a text may be looked for: of its own table, and nobody's own."""
    fields = {f.name for f in register.model._meta.concrete_fields}
    return [c for c in register.columns if c.kind == "text" and not c.personal and c.name in fields]


def chosen_columns(register: Register) -> list[Column]:
    """The register's columns by which its list may be filtered: those chosen from few values, of its own table."""
    fields = {f.name for f in register.model._meta.concrete_fields}
    return [c for c in register.columns if c.kind in CHOSEN and not c.personal and c.name in fields]


def _row_of(register: Register, condition: Q, after: int = 0) -> Exists:
    """Whether the entry's row is such; of entries beyond number `after`, said here too because PostgreSQL may look through
    the register's rows first and to the entries then."""
    model: Any = register.model
    if after:
        condition = Q(condition, entry__gt=after)
    return Exists(model.objects.filter(condition, entry=OuterRef("pk"), version=OuterRef("version")))


def of_numbers(numbers: Sequence[int]) -> list[Entry]:
    """The entries of these numbers, in their order, with the names a list shows. One query, which asks for nobody's scope:
    the numbers come from one that did."""
    rows = Entry.objects.unscoped("编号是刚按本人的权限取出的").select_related(*WITH_NAMES)
    read = rows.in_bulk(numbers) if numbers else {}
    return [read[pk] for pk in numbers if pk in read]


class Pages(Paginator[Entry]):
    """Pages of entries that cost the same whatever the size of the books: their numbers are asked for once, up to `reach`,
    and only those of a page are read with all that is joined to them."""

    def __init__(self, rows: QuerySet[Entry], per_page: int = PER_PAGE, reach: int | None = None) -> None:
        super().__init__(rows, per_page)
        self.rows = rows
        self.reach = REACH if reach is None else reach

    @cached_property
    def numbers(self) -> list[int]:
        """The numbers of the rows in their order, of no more than reach + 1."""
        return list(self.rows.select_related(None).values_list("pk", flat=True)[: self.reach + 1])

    @cached_property
    def count(self) -> int:
        return min(len(self.numbers), self.reach)

    @property
    def goes_on(self) -> bool:
        """Whether there are rows beyond those that can be turned to."""
        return len(self.numbers) > self.reach

    def page(self, number: int | str) -> Page[Entry]:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        return Page(self.read(first, first + self.per_page), number, self)

    def read(self, first: int = 0, end: int | None = None) -> list[Entry]:
        """The entries from `first` up to `end`, not beyond reach. One query."""
        return of_numbers(self.numbers[first : self.count if end is None else min(end, self.count)])


# --- what stands in it ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """One column of a list. `column` is the register's own, None for one that every entry has."""

    name: str
    label: str
    column: Column | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values stand under each other from the right."""
        return self.name == "amount" or (
            self.column is not None and self.column.kind in ("money", "integer", "decimal", "percent")
        )

    @property
    def is_short(self) -> bool:
        """Whether its values are codes, days, names and places, which must not be broken in two lines."""
        kind = self.column.kind if self.column is not None else ""
        return self.name in ("period", "occurred_on") or kind in (
            "date",
            "month",
            "dates",
            "village",
            "person_name",
            "identity",
            "phone",
        )


@dataclass(frozen=True)
class Cell:
    """What a page shows, and the number or day that a file holds for it; None where the text is all."""

    heading: Heading
    text: str
    value: int | Decimal | date | None = None


@dataclass(frozen=True)
class Line:
    """One entry of a list."""

    entry: Entry
    cells: list[Cell]


NUMBER, SUMMARY, KIND = (
    Heading("number", "记录号"),
    Heading("summary", "摘要"),
    Heading("kind", "性质"),
)
HEAD = (NUMBER, SUMMARY, KIND)  # what a page shows as one: the way to the entry
REGISTER, UNIT, DAY = (
    Heading("register", "台账"),
    Heading("unit", "填报单位"),
    Heading("occurred_on", "发生日期"),
)
PERIOD, AMOUNT, STATE = (
    Heading("period", "报送季度"),
    Heading("amount", "金额、数量"),
    Heading("state", "状态"),
)
# what stands in the columns that every entry has
COMMON: dict[Heading, Callable[[Entry], str]] = {
    SUMMARY: lambda entry: entry.summary,
    KIND: lambda entry: str(entry.get_kind_display()),
    REGISTER: lambda entry: name_of(entry.register),
    UNIT: lambda entry: str(entry.filed_for),
    PERIOD: lambda entry: entry.filing.period.code,
    AMOUNT: lambda entry: quantity(entry),
    STATE: lambda entry: state_text(entry),
}


def headings(register: Register | None, *, everything: bool = False) -> list[Heading]:
    """The columns of a list: over several registers what every entry has, of one register its own; of many columns the
    required ones and the first, `everything` for all."""
    if register is None or not register.columns:
        return [*HEAD, REGISTER, UNIT, DAY, PERIOD, AMOUNT, STATE]
    own = [Heading(c.name, c.label, c) for c in columns_shown(register, everything=everything)]
    amount = [] if any(one.name == AMOUNT.name for one in own) else [AMOUNT]
    return [*HEAD, *own, *amount, UNIT, PERIOD, STATE]


def columns_shown(register: Register, *, everything: bool = False) -> list[Column]:
    """The register's columns that its list shows, in their order."""
    if everything or len(register.columns) <= FEW:
        return list(register.columns)
    first = sorted(register.columns, key=lambda column: not column.required)[:FEW]
    return [column for column in register.columns if column in first]


def is_personal(columns: Sequence[Heading]) -> bool:
    """Whether values of persons stand in the list, masked."""
    return any(one.column is not None and one.column.personal for one in columns)


def lines(rows: Iterable[Entry], columns: Sequence[Heading]) -> list[Line]:
    """What stands in each row. One query where the register's own columns are shown, none else."""
    found = list(rows)
    details = details_of(found) if any(one.column for one in columns) else {}
    return [Line(entry, _cells(entry, details.get(entry.pk), columns)) for entry in found]


def details_of(rows: Sequence[Entry]) -> dict[int, Any]:
    """Entry id → the register's row of its latest version, with everything it points at. One query a register."""
    found: dict[int, Any] = {}
    by_pk = {entry.pk: entry for entry in rows}
    for code in {entry.register for entry in rows}:
        register = get_register(code)
        model: Any = register.model
        mine = [entry.pk for entry in rows if entry.register == code]
        details = model.objects.filter(entry__in=mine, version=F("entry__version"))
        for detail in details.select_related(*register.pointers()):
            detail.entry = by_pk[detail.entry_id]
            found[detail.entry_id] = detail
    return found


def state_text(entry: Entry) -> str:
    """The entry's state in words. An approved entry no longer in force says so."""
    if (
        entry.state == Entry.State.APPROVED
        and entry.kind != Entry.Kind.REVERSAL
        and entry.subject.in_force_id != entry.pk
    ):
        followed = entry.subject.in_force_id is not None and get_register(entry.register).next_step
        return "已通过，已有后续" if followed else "已通过，已冲销"
    return entry.get_state_display()


def quantity(entry: Entry) -> str:
    """ "125,000.00 元", "30 人次", in the unit its register declares; "" where there is no amount."""
    return "" if entry.amount is None else amount_text(entry.amount, get_register(entry.register).amount_unit)


def _cells(entry: Entry, detail: Any, columns: Sequence[Heading]) -> list[Cell]:
    texts = get_register(entry.register).values(detail, published=True) if detail is not None else {}
    return [
        _common(entry, one) if one.column is None else _own(one, one.column, detail, texts.get(one.name, ""))
        for one in columns
    ]


def _common(entry: Entry, heading: Heading) -> Cell:
    if heading is NUMBER:
        return Cell(heading, f"{entry.pk} 号", entry.pk)
    if heading is DAY:
        return Cell(heading, f"{entry.occurred_on:%Y-%m-%d}", entry.occurred_on)
    return Cell(heading, COMMON[heading](entry))


def _own(heading: Heading, column: Column, detail: Any, text: str) -> Cell:
    """A number or day (money in 元) where the text shows it as it is; where it is masked, withheld or said otherwise,
    the text is all there is."""
    value = as_number(column, detail) if detail is not None and not column.personal else None
    return Cell(heading, text, value if value is not None and text == text_of(column, detail) else None)
