"""A machine that does to the books whatever comes to mind, beside an oracle of plain Python (issue 3 Shows).

    MACHINE_STEPS=20000 .venv/bin/pytest -s tests/ledger/test_machine.py      the recorded run; CI does 2,000 steps

Money runs down the chain of one line and unit; people are counted by four made-up registers, of which one moves by
steps. The oracle says before
each act whether it must be refused, and after each act what every balance must be.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from funds.models import FundFlow
from funds.registers import FUND_FLOW
from ledger import actions, batches, bookkeeping
from ledger.accounts import code_for
from ledger.models import Account, Batch, Detail, Entry, Evidence, Period
from ledger.periods import ensure_year
from ledger.refusals import Refusal
from ledger.registers import Register
from ledger.verify import verify
from tests.ledger.test_presence import TARGETS, a_world, people
from tests.made_up.models import Reached
from tests.made_up.registers import COURSE, DONATION, PLACEMENT, STAY

ON = date(2022, 5, 10)
LATER = date(2023, 12, 20)
COUNTS = {
    "course": ("benefit_people", "trained_people", "trained_or_employed"),
    "placement_like": ("benefit_people", "employed_people", "trained_or_employed"),
    "donation_like": ("benefit_people",),
    "stay_like": ("benefit_people",),
}
ATTENDED = ("course", "stay_like")
# event → (account it takes from, account it gives to), of one line and one unit
MONEY = {
    "allocate": ("arranged", "allocated"),
    "disburse": ("allocated", "disbursed"),
    "spend": ("disbursed", "spent"),
    "refund_payee": ("spent", "disbursed"),
    "refund_treasury": ("disbursed", "allocated"),
    "recall": ("allocated", "arranged"),
}
PEOPLE = 6
WHY = "测试"


@dataclass
class Told:
    """What the oracle knows of an entry."""

    pk: int
    register: str
    state: str = "submitted"
    kind: str = "new"
    people: tuple[int, ...] = ()
    event: str = ""
    amount: int = 0
    corrects: Told | None = None
    follows: Told | None = None
    about: int = 0  # the number of the first entry about the same thing
    gone: bool = False  # reversed or corrected by an approved entry
    batch: int | None = None
    version: int = 1

    def own(self) -> dict[str, int]:
        """What its own row moves, per money account."""
        if not self.event or self.kind == "reversal":
            return {}
        source, target = MONEY[self.event]
        moves = {source: -self.amount, target: self.amount}
        if self.event in (
            "spend",
            "refund_payee",
        ):  # 先支后报: what is spent may be claimed, what came back not
            moves["claimable"] = self.amount if self.event == "spend" else -self.amount
        return moves

    def net(self) -> dict[str, int]:
        """What it will move if approved: its own row, and its target's taken back."""
        moves = dict(self.own())
        if self.corrects is not None:
            for account, amount in self.corrects.own().items():
                moves[account] = moves.get(account, 0) - amount
        return moves


@dataclass
class Oracle:
    """The books as a list of entries."""

    start: dict[str, int]
    entries: list[Told] = field(default_factory=list)

    def balance(self, account: str) -> int:
        moved = sum(e.net().get(account, 0) for e in self.entries if e.state == "approved")
        return self.start.get(account, 0) + moved

    def available(self, account: str) -> int:
        held = sum(min(0, e.net().get(account, 0)) for e in self.entries if e.state == "submitted")
        return self.balance(account) + held

    def affords(self, told: Told) -> bool:
        return all(self.available(account) >= -n for account, n in told.net().items() if n < 0)

    def counted(self, target: str) -> tuple[int, int]:
        """(approved, held) persons of a counting rule."""
        standing = {p for e in self.entries if self.stands(e) and self._counts(e, target) for p in e.people}
        waiting = {
            p for e in self.entries if e.state == "submitted" and self._counts(e, target) for p in e.people
        }
        return len(standing), len(waiting - standing)

    def _counts(self, told: Told, target: str) -> bool:
        return told.kind != "reversal" and target in COUNTS.get(told.register, ())

    def attendances(self) -> int:
        return sum(len(e.people) for e in self.entries if self.stands(e) and e.register in ATTENDED)

    def stands(self, told: Told) -> bool:
        """Approved, not taken back, and no step that was not taken back itself has come after it."""
        after = any(e.follows is told and e.state == "approved" and not e.gone for e in self.entries)
        return told.state == "approved" and told.kind != "reversal" and not told.gone and not after

    def standing_now(self, about: int) -> Told | None:
        return next((e for e in self.entries if e.about == about and self.stands(e)), None)


class Books(RuleBasedStateMachine):
    """One run: a world of its own, rolled back at the end."""

    steps_done = 0

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # type: ignore[attr-defined]  # refusals are audited in a durable block
        self.atomic.__enter__()
        self.world = a_world()
        ensure_year(2023)
        self.plan = self.world.lines["2022-04"].plan
        self.people = [person.pk for person in people(PEOPLE)]
        self.file = self._file()
        self.oracle = Oracle({"arranged": 100_000_000})
        self.number = 0

    def teardown(self) -> None:
        try:
            found = list(verify())
            assert found == [], found[:3]
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # --- acts ---------------------------------------------------------------------------------------------------

    @rule(event=st.sampled_from(sorted(MONEY)), amount=st.integers(1, 60))
    def file_money(self, event: str, amount: int) -> None:
        told = Told(0, "fund_flow", event=event, amount=amount * 1_000_000)
        self._submit(told, FUND_FLOW, self._money_row(told, self._next()))

    @rule(
        register=st.sampled_from([COURSE, PLACEMENT, DONATION, STAY]),
        who=st.sets(st.integers(0, PEOPLE - 1), min_size=1, max_size=3),
    )
    def file_people(self, register: Register, who: set[int]) -> None:
        told = Told(0, register.code, people=tuple(sorted(who)))
        self._submit(told, register, self._people_row(told.people, self._next()))

    @precondition(lambda self: self._in("submitted"))
    @rule(which=st.integers(0, 10**6))
    def approve(self, which: int) -> None:
        told = self._pick(which, "submitted")
        actions.approve(by=self.world.users["审核"], on=LATER, entry=self._entry(told), version=told.version)
        told.state = "approved"
        if told.corrects is not None:
            told.corrects.gone = True

    @precondition(lambda self: self._in("submitted"))
    @rule(which=st.integers(0, 10**6), back=st.booleans())
    def give_back(self, which: int, back: bool) -> None:
        told = self._pick(which, "submitted")
        entry = self._entry(told)
        if back:
            actions.return_entry(
                by=self.world.users["复核"], on=ON, entry=entry, version=told.version, reason="再核"
            )
        else:
            actions.withdraw(by=self._clerk(told), on=ON, entry=entry, version=told.version)
        told.state = "returned" if back else "withdrawn"

    @precondition(lambda self: self._in("returned", "withdrawn"))
    @rule(which=st.integers(0, 10**6), amount=st.integers(1, 60))
    def resubmit(self, which: int, amount: int) -> None:
        told = self._pick(which, "returned", "withdrawn")
        if told.kind == "reversal":
            return
        entry = self._entry(told)
        wanted = Told(told.pk, told.register, kind=told.kind, people=told.people, event=told.event,
                      amount=amount * 1_000_000 if told.event else 0, corrects=told.corrects,
                      follows=told.follows, about=told.about)  # fmt: skip
        ground = told.corrects
        if told.kind == "step":
            ground = wanted.follows = self.oracle.standing_now(told.about)
        free = told.kind == "new" or (ground is not None and self._free(ground))
        row = self._row(wanted, self._key(entry))
        if not (self.oracle.affords(wanted) and free):
            self._refused(
                actions.resubmit, by=self._clerk(told), on=ON, entry=entry, version=told.version, row=row
            )
            return
        actions.resubmit(
            by=self._clerk(told), on=ON, entry=entry, version=told.version, row=row, evidence=[self.file]
        )
        told.state, told.amount, told.version = "submitted", wanted.amount, told.version + 1
        told.follows = wanted.follows

    @precondition(lambda self: self._in("approved"))
    @rule(which=st.integers(0, 10**6))
    def reverse(self, which: int) -> None:
        target = self._pick(which, "approved")
        told = Told(0, target.register, kind="reversal", corrects=target)
        act: dict[str, Any] = {
            "by": self._clerk(target),
            "on": ON,
            "entry": self._entry(target),
            "reason": "重复",
        }
        if target.kind == "reversal" or not self._free(target) or not self.oracle.affords(told):
            self._refused(actions.reverse, **act)
            return
        self._told(told, actions.reverse(**act))

    @precondition(lambda self: self._in("approved"))
    @rule(which=st.integers(0, 10**6), amount=st.integers(1, 60), who=st.integers(0, PEOPLE - 1))
    def correct(self, which: int, amount: int, who: int) -> None:
        target = self._pick(which, "approved")
        told = Told(0, target.register, kind="correction", corrects=target, follows=target.follows,
                    about=target.about, event=target.event,
                    amount=amount * 1_000_000 if target.event else 0,
                    people=(who,) if target.people or not target.event else ())  # fmt: skip
        entry = self._entry(target)
        act: dict[str, Any] = {"by": self._clerk(target), "on": ON, "entry": entry, "reason": "填错了",
                               "row": self._row(told, self._key(entry)), "evidence": [self.file]}  # fmt: skip
        if target.kind == "reversal" or not self._free(target) or not self.oracle.affords(told):
            self._refused(actions.correct, **act)
            return
        self._told(told, actions.correct(**act))

    @precondition(lambda self: any(e.register == "stay_like" for e in self.oracle.entries))
    @rule(which=st.integers(0, 10**6), who=st.sets(st.integers(0, PEOPLE - 1), min_size=1, max_size=3))
    def step(self, which: int, who: set[int]) -> None:
        stays = [e for e in self.oracle.entries if e.register == "stay_like"]
        target = stays[which % len(stays)]
        told = Told(0, target.register, kind="step", follows=target, about=target.about,
                    people=tuple(sorted(who)))  # fmt: skip
        entry = self._entry(target)
        act: dict[str, Any] = {
            "by": self._clerk(target),
            "on": ON,
            "entry": entry,
            "row": self._row(told, self._key(entry)),
        }
        if not self._free(target):
            self._refused(actions.step, **act)
            return
        self._told(told, actions.step(**act))

    @rule(who=st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=5))
    def import_rows(self, who: list[int]) -> None:
        rows = [self._people_row((one,), self._next()) for one in who]
        planned = batches.plan_rows(register=COURSE, rows=rows, organization=self.world.units["徐庄镇"])
        batch = batches.submit_batch(
            by=self.world.users["徐庄"],
            on=ON,
            organization=self.world.units["徐庄镇"],
            period=Period.objects.get(code="2022Q2"),
            upload=batches.Upload("学员.xlsx", uuid.uuid4().hex, uuid.uuid4().hex),
            items=[batches.Item(COURSE, one, f"学员!{n}") for n, one in enumerate(planned, 2)],
        )
        made = Entry.objects.unscoped(WHY).filter(batch=batch).order_by("pk").values_list("pk", flat=True)
        for one, pk in zip(who, made, strict=True):
            self.oracle.entries.append(Told(pk, "course", people=(one,), batch=batch.pk))

    @precondition(lambda self: any(e.batch for e in self.oracle.entries))
    @rule(which=st.integers(0, 10**6))
    def void_batch(self, which: int) -> None:
        numbers = sorted({e.batch for e in self.oracle.entries if e.batch})
        batch = Batch.objects.unscoped(WHY).get(pk=numbers[which % len(numbers)])
        mine = [e for e in self.oracle.entries if e.batch == batch.pk]
        free = [e for e in mine if e.state == "approved" and self._free(e)]
        done = batches.void_batch(by=self.world.users["徐庄"], on=ON, batch=batch, reason="传错了")
        reversals = list(Entry.objects.unscoped(WHY).filter(pk__in=done.reversals).order_by("pk"))
        assert sorted(e.corrects_id or 0 for e in reversals) == sorted(e.pk for e in free)
        for told in mine:
            if told.state in ("submitted", "returned", "withdrawn"):
                told.state = "void"
            told.batch = None
        for reversal in reversals:
            target = next(e for e in free if e.pk == reversal.corrects_id)
            self.oracle.entries.append(Told(reversal.pk, "course", kind="reversal", corrects=target))

    @precondition(lambda self: Period.objects.filter(is_closed=True).count() < 5)
    @rule()
    def close_a_quarter(self) -> None:
        period = Period.objects.filter(is_closed=False).order_by("starts_on")[0]
        bookkeeping.close_period(by=self.world.users["领导"], on=LATER, period=period)

    # --- what must hold after every act ---------------------------------------------------------------------------

    @invariant()
    def the_books_are_what_the_oracle_says(self) -> None:
        Books.steps_done += 1
        line, unit = self.world.lines["2022-04"], self.world.units["徐庄镇"]
        codes = {
            stage: code_for(self.plan, stage, line, unit)
            for stage in ("allocated", "disbursed", "spent", "claimable")
        }
        codes["arranged"] = code_for(self.plan, "arranged", line)
        found = dict(Account.objects.filter(code__in=codes.values()).values_list("code", "balance"))
        for stage, code in codes.items():
            assert found.get(code, 0) == self.oracle.balance(stage), stage
        wanted = {f"2022/target/{t}": self.oracle.counted(t) for t in TARGETS}
        rows = Account.objects.filter(code__in=wanted).values_list("code", "balance", "held_in")
        assert {code: (balance, held) for code, balance, held in rows} == wanted
        attendances = Account.objects.get(code="2022/target/training_attendances").balance
        assert attendances == self.oracle.attendances()

    # --- small things ---------------------------------------------------------------------------------------------

    def _submit(self, told: Told, register: Register, row: Detail) -> None:
        act: dict[str, Any] = {"by": self._clerk(told), "on": ON, "register": register, "row": row}
        if not self.oracle.affords(told):
            self._refused(actions.submit, **act)
            return
        self._told(told, actions.submit(**act, evidence=[self.file]))

    def _told(self, told: Told, entry: Entry) -> None:
        told.pk, told.about = entry.pk, told.about or entry.pk
        self.oracle.entries.append(told)

    def _refused(self, act: Any, **arguments: Any) -> None:
        try:
            act(**arguments)
        except Refusal:
            return
        raise AssertionError(f"{act.__name__} was not refused")

    def _free(self, target: Told) -> bool:
        """Whether the entry is in force and has no undecided step, correction or reversal."""
        waiting = any(
            target in (e.corrects, e.follows) and e.state == "submitted" for e in self.oracle.entries
        )
        return self.oracle.stands(target) and not waiting

    def _in(self, *states: str) -> bool:
        return any(e.state in states for e in self.oracle.entries)

    def _pick(self, which: int, *states: str) -> Told:
        found = [e for e in self.oracle.entries if e.state in states]
        return found[which % len(found)]

    def _entry(self, told: Told) -> Entry:
        return Entry.objects.unscoped(WHY).select_related("filed_for", "subject").get(pk=told.pk)

    def _key(self, entry: Entry) -> str:
        return (
            str(actions.detail_of(entry, 1).voucher_no or actions.detail_of(entry, 1).document_no)
            if (entry.register == "fund_flow")
            else str(actions.detail_of(entry, 1).number)
        )

    def _next(self) -> str:
        self.number += 1
        return f"〔2022〕{self.number}号"

    def _clerk(self, told: Told) -> Any:
        event = told.event or (told.corrects.event if told.corrects else "")
        own = event in ("", "spend", "refund_payee")
        return self.world.users["徐庄" if own else "财政"]

    def _row(self, told: Told, number: str) -> Detail:
        return self._money_row(told, number) if told.event else self._people_row(told.people, number)

    def _people_row(self, who: tuple[int, ...], number: str) -> Reached:
        return Reached(number=number, plan=self.plan, unit=self.world.units["徐庄镇"], occurred_on=ON,
                       people=[self.people[one] for one in who])  # fmt: skip

    def _money_row(self, told: Told, number: str) -> FundFlow:
        line = self.world.lines["2022-04"]
        row = FundFlow(event=told.event, plan=line.plan, line=line, unit=self.world.units["徐庄镇"],
                       amount=told.amount, occurred_on=ON)  # fmt: skip
        if told.event in ("allocate", "recall"):
            row.document_no = number
        else:
            row.voucher_no = number
        if told.event == "spend":
            row.payee = "某建筑公司"
        if told.event == "recall":
            row.recall_from, row.note = "allocated", "经研究同意"
        return row

    def _file(self) -> Evidence:
        from django.core.files.uploadedfile import SimpleUploadedFile

        from ledger import evidence

        upload = SimpleUploadedFile("凭证.pdf", b"%PDF-1.4 test")
        return evidence.store(
            by=self.world.users["财政"], organization=self.world.units["财政局"], upload=upload
        )
