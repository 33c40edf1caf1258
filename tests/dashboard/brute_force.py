"""The second opinion on every figure: plain Python over raw rows, by the definitions of DESIGN §1 and §7.

It reads what was filed and moved (Entry, Transfer, Hold, Participation and what they name) once, and never a kept
sum: no balance or held amount of an account, no Total, no Presence. Nothing of ledger.figures, dashboard or desk is
used; slow on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from directory.models import Organization, Person, User
from ledger.models import (
    Account,
    Assignment,
    BudgetLine,
    Entry,
    EntryConcern,
    Filing,
    Hold,
    LineGroup,
    OpenQuestion,
    Participation,
    Period,
    Ruling,
    Subject,
    Task,
    Transfer,
)
from ledger.registers import all_registers

WHY = "差分测试：逐行重算"
CHAIN = ("arranged", "allocated", "disbursed", "spent")
MOVED = (*CHAIN, "claimed")
STAGES = ("arranged", "received", *MOVED[1:])
ADMINISTRATORS = ("system_admin", "security_admin", "auditor")
Row = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What a user may see: everything, or some units' rows and some registers'."""

    everything: bool
    units: frozenset[int] = frozenset()
    registers: frozenset[str] = frozenset()


class Rows:
    """The books as lists of dictionaries, and every figure anew from them. Amounts in 分 or the account's unit."""

    def __init__(self) -> None:
        kept = {"balance", "held_in", "held_out"}
        plain = [field.attname for field in Account._meta.concrete_fields if field.name not in kept]
        self.accounts = by_id(Account.objects.order_by("id").values(*plain))
        self.transfers: list[Row] = [dict(row) for row in Transfer.objects.values()]
        self.holds: list[Row] = [dict(row) for row in Hold.objects.values()]
        self.participations: list[Row] = [dict(row) for row in Participation.objects.values()]
        self.entries = by_id(Entry.objects.unscoped(WHY).values())
        self.filings = by_id(Filing.objects.unscoped(WHY).values())
        self.subjects = by_id(Subject.objects.values())
        self.periods = by_id(Period.objects.order_by("starts_on").values())
        self.lines = by_id(BudgetLine.objects.order_by("position", "id").values())
        self.units = by_id(Organization.objects.order_by("code").values())
        self.users = by_id(User.objects.values())
        self.questions = list(OpenQuestion.objects.order_by("position").values())
        self.rulings = list(Ruling.objects.order_by("id").values())
        self.tasks = list(Task.objects.order_by("id").values())
        self.assigned = list(Assignment.objects.values())
        self.merged = dict(Person.objects.values_list("id", "merged_into_id"))
        self.groups = {
            group.code: {line.pk for line in group.lines.all()} for group in LineGroup.objects.all()
        }
        self.concerns: dict[int, set[int]] = defaultdict(set)
        for entry, unit in EntryConcern.objects.values_list("entry_id", "organization_id"):
            self.concerns[entry].add(unit)
        # entry → (whether the column is for numbers of papers, what stands in it): its version's texts that are nobody's
        self.texts: dict[int, list[tuple[bool, str]]] = defaultdict(list)
        for register in all_registers().values():
            texts = {c.name: c.numbered for c in register.columns if c.kind == "text" and not c.personal}
            rows: Iterable[Row] = register.model._default_manager.values()  # type: ignore[assignment]
            for row in rows:
                if row["version"] == self.entries[row["entry_id"]]["version"]:
                    self.texts[row["entry_id"]] += [
                        (numbered, row[name]) for name, numbered in texts.items() if row.get(name)
                    ]
        self.nets: dict[tuple[int, int], int] = defaultdict(int)  # (entry, account) → what its holds bring
        for hold in self.holds:
            self.nets[hold["entry_id"], hold["source_id"]] -= hold["amount"]
            self.nets[hold["entry_id"], hold["target_id"]] += hold["amount"]

    # --- who sees what ------------------------------------------------------------------------------------------

    def seen(self, user_id: int) -> Seen:
        user = self.users[user_id]
        unit = self.units.get(user["organization_id"])
        if not user["is_active"] or user["is_system"] or user["role"] in ADMINISTRATORS:
            return Seen(False)
        if user["role"] == "leader" or (unit and unit["kind"] == "bureau"):
            return Seen(True)
        if unit is None:
            return Seen(False)
        registers = {
            row["register"]
            for row in self.assigned
            if row["duty"] == "oversees" and row["organization_id"] == unit["id"]
        }
        return Seen(False, frozenset([unit["id"]]), frozenset(registers))

    def money_seen(self, user_id: int) -> Seen:
        """Whoever oversees the register of the money sees all of it."""
        seen = self.seen(user_id)
        return Seen(True, seen.units, seen.registers) if "fund_flow" in seen.registers else seen

    def visible(self, user_id: int) -> list[Row]:
        """The entries a user may see, the newest first."""
        seen = self.seen(user_id)
        return [
            row
            for _, row in sorted(self.entries.items(), reverse=True)
            if seen.everything
            or row["filed_for_id"] in seen.units
            or self.concerns[row["id"]] & seen.units
            or row["register"] in seen.registers
        ]

    def visible_filings(self, user_id: int) -> list[Row]:
        seen = self.seen(user_id)
        return [
            row
            for row in self.filings.values()
            if seen.everything or row["organization_id"] in seen.units or row["register"] in seen.registers
        ]

    # --- sums ---------------------------------------------------------------------------------------------------

    def accounts_of(self, plan: int, seen: Seen, keep: Callable[[Row], bool]) -> set[int]:
        return {
            pk
            for pk, row in self.accounts.items()
            if row["plan_id"] == plan
            and (seen.everything or row["organization_id"] in seen.units)
            and keep(row)
        }

    def until(self, as_of: Row | None) -> list[Row]:
        """The transfers posted up to the end of a quarter; all of them for now."""
        if as_of is None:
            return self.transfers
        return [t for t in self.transfers if self.periods[t["period_id"]]["starts_on"] <= as_of["starts_on"]]

    def family(self, line: int) -> set[int | None]:
        return {line, *(pk for pk, row in self.lines.items() if row["parent_id"] == line)}

    def line_money(
        self, plan: int, seen: Seen, lines: Iterable[int | None], as_of: Row | None, total: bool
    ) -> Row:
        """One line of the summary (DESIGN §7), with the gross 下达 that rates are measured by."""
        wanted = set(lines)
        within = {stage: self.within(plan, seen, stage, wanted) for stage in STAGES}
        at = {stage: self.at(plan, seen, stage, wanted) for stage in STAGES}
        moves = self.until(as_of)
        figure: Row = {stage: net(within[stage], moves) for stage in STAGES}
        held = {stage: net(within[stage], self.holds) for stage in STAGES}
        waits = sum(more for (_, account), more in self.nets.items() if account in at["spent"] and more > 0)
        expected = as_of is None and any(account in at["received"] for _, account in self.nets)
        named = figure["received"] or expected
        figure["available"] = figure["allocated"] - figure["spent"] - (waits if as_of is None else 0)
        figure["gross"] = gross(at["allocated"], moves)
        if not seen.everything:
            figure["arranged"] = held["arranged"] = held["received"] = None  # type: ignore[assignment]
        if not (seen.everything and (named or total)):
            figure["received"] = None
        figure["held"] = held if as_of is None else None
        return figure

    def at(self, plan: int, seen: Seen, stage: str, lines: set[int | None]) -> set[int]:
        return self.accounts_of(plan, seen, lambda row: row["stage"] == stage and row["line_id"] in lines)

    def within(self, plan: int, seen: Seen, stage: str, lines: set[int | None]) -> set[int]:
        """The accounts of a stage and of all later ones."""
        chain = CHAIN[CHAIN.index(stage) :] if stage in CHAIN else (stage,)
        return {account for one in chain for account in self.at(plan, seen, one, lines)}

    def shows(self, plan: int, seen: Seen, lines: set[int | None], as_of: Row | None) -> bool:
        """Whether a line stands on the page: for a unit only where it has, or then had, an account."""
        if seen.everything:
            return True
        own = {account for stage in STAGES for account in self.at(plan, seen, stage, lines)}
        touched = {end for t in self.until(as_of) for end in (t["source_id"], t["target_id"])}
        return bool(own if as_of is None else own & touched)

    def money(self, plan: int, seen: Seen, as_of: Row | None) -> tuple[Row, dict[str, Row], dict[str, Row]]:
        """The total, the lines and the sub-lines by code, those that the page shows."""
        tops, below = dict[str, Row](), dict[str, Row]()
        for pk, row in self.lines.items():
            if row["plan_id"] != plan:
                continue
            lines: set[int | None] = self.family(pk) if row["parent_id"] is None else {pk}
            if self.shows(plan, seen, lines, as_of):
                put = tops if row["parent_id"] is None else below
                put[row["code"]] = self.line_money(plan, seen, lines, as_of, total=False)
        every: set[int | None] = {pk for pk, row in self.lines.items() if row["plan_id"] == plan} | {None}
        return self.line_money(plan, seen, every, as_of, total=True), tops, below

    def by_unit(self, plan: int, seen: Seen, lines: set[int | None], as_of: Row | None) -> dict[int, Row]:
        """Unit → 下达, 拨付, 支出 of it."""
        found = {}
        for pk in self.units:
            own = Seen(False, frozenset([pk]))
            if not seen.everything and pk not in seen.units:
                continue
            if self.shows(plan, own, lines, as_of):
                one = {s: net(self.within(plan, own, s, lines), self.until(as_of)) for s in CHAIN[1:]}
                found[pk] = one
        return found

    def by_quarter(self, plan: int, seen: Seen, lines: set[int | None]) -> dict[str, Row]:
        """Quarter → what it changed every stage of the money by, where anything was posted."""
        touched = {account for stage in MOVED for account in self.at(plan, seen, stage, lines)}
        found = {}
        for pk, period in self.periods.items():
            moves = [t for t in self.transfers if t["period_id"] == pk]
            if any(t["source_id"] in touched or t["target_id"] in touched for t in moves):
                found[period["code"]] = {s: net(self.within(plan, seen, s, lines), moves) for s in MOVED}
        return found

    # --- people and other counts --------------------------------------------------------------------------------

    def canonical(self, person: int) -> int:
        while (into := self.merged.get(person)) is not None:
            person = into
        return person

    def people(self, account: int) -> tuple[set[int], set[int]]:
        """Who stands in a counting account, and who of the others waits to."""
        standing, waiting = set(), set()
        for row in self.participations:
            entry = self.entries[row["entry_id"]]
            if row["account_id"] != account or not row["eligible"] or row["version"] != entry["version"]:
                continue
            if self.stands(entry):
                standing.add(self.canonical(row["person_id"]))
            elif entry["state"] == "submitted":
                waiting.add(self.canonical(row["person_id"]))
        return standing, waiting - standing

    def stands(self, entry: Row) -> bool:
        return bool(
            entry["state"] == "approved" and self.subjects[entry["subject_id"]]["in_force_id"] == entry["id"]
        )

    def counts(self, plan: int, seen: Seen, as_of: Row | None) -> list[Row]:
        """The targets as the summary lists them, each with its account."""
        tasks = {row["target_id"]: row for row in self.tasks if row["plan_id"] == plan and row["target_id"]}
        found = []
        for pk in sorted(self.accounts_of(plan, seen, lambda row: row["stage"] == "target")):
            row = self.accounts[pk]
            if seen.everything and row["organization_id"] is not None:
                continue
            approved = net({pk}, self.until(as_of))
            held = sum(more for (_, account), more in self.nets.items() if account == pk and more > 0)
            if row["counts_people"] and as_of is None:
                standing, waiting = self.people(pk)
                approved, held = len(standing), len(waiting)
            found.append(
                {
                    "code": row["code"].split("/")[-1].split("@")[0],
                    "name": row["name"],
                    "unit": row["unit"],
                    "rule": tasks[pk]["counting_rule"] if pk in tasks else "",
                    "goal": row["goal"] if seen.everything else None,
                    "maximum": row["maximum"] if seen.everything else None,
                    "approved": approved,
                    "held": held if as_of is None else None,
                    "account": pk,
                }
            )
        return found

    def taking_part(self, account: int, user_id: int, state: str) -> dict[int, int]:
        """Entry → how many eligible people of it the account knows, of those the user sees; the newest first."""
        found = {}
        for entry in self.visible(user_id):
            people = {
                row["person_id"]
                for row in self.participations
                if (row["entry_id"], row["version"]) == (entry["id"], entry["version"])
                and row["account_id"] == account
                and row["eligible"]
            }
            if people and entry["state"] == state and (state != "approved" or self.stands(entry)):
                found[entry["id"]] = len(people)
        return found

    # --- rulings ------------------------------------------------------------------------------------------------

    def readings(self, plan: int) -> dict[str, tuple[str | None, str]]:
        """Question → (the latest ruling, the reading in force)."""
        found = {}
        for row in self.questions:
            if row["plan_id"] == plan:
                ruled = [r["reading"] for r in self.rulings if r["question_id"] == row["id"]]
                found[row["code"]] = (
                    ruled[-1] if ruled else None,
                    ruled[-1] if ruled else row["default_reading"],
                )
        return found

    # --- what was filed -----------------------------------------------------------------------------------------

    def to_mend(self, entry: Row) -> bool:
        """Whether it was returned, its unit has not filed the same anew, and something new can still be filed of it."""
        subject, alike = self.subjects[entry["subject_id"]], ("subject_id", "filed_for_id", "kind")
        anew = any(
            one["id"] > entry["id"]
            and one["state"] not in ("withdrawn", "void")
            and all(one[name] == entry[name] for name in alike)
            for one in self.entries.values()
        )
        taken = entry["kind"] == "new" and (subject["in_force_id"] or subject["undecided_id"])
        return entry["state"] == "returned" and not anew and not taken

    def filing_state(self, filing: Row, today: date) -> Row:
        """What has become of a filing; a row that was withdrawn or voided is no filing."""
        mine = [e for e in self.entries.values() if e["filing_id"] == filing["id"]]
        states = [e["state"] for e in mine]
        counts = {state: states.count(state) for state in ("submitted", "returned", "approved")}
        to_mend = sum(map(self.to_mend, mine))
        if to_mend or counts["submitted"] or counts["approved"]:
            counts["returned"] = to_mend
        code = next((state for state in ("returned", "submitted", "approved") if counts[state]), None)
        code = code or ("nil" if filing["nil_at"] else "not_filed")
        first = filing["first_submitted_at"] or filing["nil_at"]
        return {
            **counts,
            "code": code,
            "is_filed": code != "not_filed",
            "is_overdue": code == "not_filed" and today > filing["due_on"],
            "is_on_time": None if first is None else timezone.localtime(first).date() <= filing["due_on"],
        }

    def reported(self, period: int, seen: Seen, today: date) -> tuple[int, int]:
        """(units that filed all they owe in the quarter, units that owe)."""
        owing: dict[int, list[bool]] = defaultdict(list)
        for row in self.filings.values():
            mine = (
                seen.everything or row["organization_id"] in seen.units or row["register"] in seen.registers
            )
            if mine and row["period_id"] == period:
                owing[row["organization_id"]].append(self.filing_state(row, today)["is_filed"])
        return sum(all(each) for each in owing.values()), len(owing)

    def overdue(self, user_id: int, today: date) -> int:
        return sum(self.filing_state(row, today)["is_overdue"] for row in self.visible_filings(user_id))

    # --- lists --------------------------------------------------------------------------------------------------

    def listed(self, user_id: int, wanted: Row) -> list[Row]:
        """The entries a user sees that fit the filters, in the order asked for."""
        found = [row for row in self.visible(user_id) if self._fits(row, user_id, wanted)]
        if wanted.get("sort") == "date":
            found.sort(key=lambda row: (row["occurred_on"], row["id"]), reverse=True)
        if wanted.get("sort") == "amount":  # what has no amount comes last
            found.sort(
                key=lambda row: (row["amount"] is not None, row["amount"] or 0, row["id"]), reverse=True
            )
        return found

    def _fits(self, row: Row, user_id: int, wanted: Row) -> bool:
        text = wanted.get("q", "").strip()
        number = text.removesuffix("号").strip()
        whole, digit = bool(wanted.get("register")), any(c.isdigit() for c in text)
        said = [row["summary"]] + [
            one for numbered, one in self.texts[row["id"]] if whole or (numbered and digit)
        ]
        return (
            (not text or any(text.lower() in one.lower() for one in said) or number == str(row["id"]))
            and wanted.get("state") in (None, row["state"])
            and wanted.get("register") in (None, row["register"])
            and ("period" not in wanted or self.filings[row["filing_id"]]["period_id"] == wanted["period"].pk)
            and ("unit" not in wanted or row["filed_for_id"] == wanted["unit"].pk)
            and (not wanted.get("mine") or user_id in (row["filed_by_id"], row["submitted_by_id"]))
        )


def by_id(rows: Any) -> dict[int, Row]:
    return {row["id"]: dict(row) for row in rows}


def net(inside: set[int], moves: Iterable[Row]) -> int:
    """What came into a set of accounts less what left it."""
    return sum(m["amount"] * ((m["target_id"] in inside) - (m["source_id"] in inside)) for m in moves)


def crossing(inside: set[int], moves: Iterable[Row]) -> dict[int, int]:
    """Move → + what it brings into the set, − what it takes out; those that stay inside or outside left out."""
    signed = {m["id"]: m["amount"] * ((m["target_id"] in inside) - (m["source_id"] in inside)) for m in moves}
    return {pk: amount for pk, amount in signed.items() if amount}


def gross(at: set[int], moves: Iterable[Row]) -> int:
    """ΣC + in − out (DOMAIN §2): what was ever allocated, whatever went back since. A reversal takes back what it
    reverses."""
    return net(at, [move for move in moves if move["kind"] in ("allocate", "adjust")])
