"""Books made at random through the actions: every event of the money, people counted in several units by several
registers, estimates, steps, corrections, reversals, returns, batches and their voiding, merges, rulings, closings.

What the actions refuse is left undone. The same seed makes the same books on both engines.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from directory.models import Person
from labor.models import TrainingAttendance, TrainingCourse
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger import actions, batches, bookkeeping
from ledger.merging import PERSON_MERGE
from ledger.models import Account, Batch, Detail, Entry, Filing, OpenQuestion, Period, PersonMerge
from ledger.money import yuan
from ledger.refusals import Refusal
from ledger.registers import Register
from tests.dashboard.conftest import make_books
from tests.ledger.stories import Story
from tests.made_up.models import Reached
from tests.made_up.registers import COURSE, DONATION, PLACEMENT, STAY

WHY = "差分测试"
QUARTERS = (
    ("2022Q1", date(2022, 2, 11), date(2022, 3, 31)),
    ("2022Q2", date(2022, 4, 1), date(2022, 6, 30)),
    ("2022Q3", date(2022, 7, 1), date(2022, 9, 30)),
    ("2022Q4", date(2022, 10, 1), date(2022, 10, 19)),
)
CLERKS = {"徐庄镇": "徐庄", "店子镇": "店子", "北庄镇": "北庄"}
SUBLINES = ("2022-01-01", "2022-01-02")
LINES = ("2022-01", "2022-02", "2022-03", "2022-04", "2022-05", *SUBLINES)
PEOPLE = 14
STATES = Entry.State
# event, who may file it (None: the unit's clerk), the stage it takes from
EVENTS = (
    ("下达", "财政", "arranged"),
    ("下达", "财政", "arranged"),
    ("拨付", "财政", "allocated"),
    ("拨付", "财政", "allocated"),
    ("支出", None, "disbursed"),
    ("支出", None, "disbursed"),
    ("直接支付", "财政", "allocated"),
    ("报账", None, "claimable"),
    ("退款", None, "spent"),
    ("退回", "财政", "disbursed"),
    ("收回", "财政", "allocated"),
    ("调整", "财政", "allocated"),
)


class Teller(Story):
    """Tells one year's books, a quarter at a time."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        super().__init__(make_books())
        self.file = self._evidence(self.world.users["财政"])
        unit = self.world.units["徐庄镇"]
        self.people = [
            Person.objects.create(name=f"试验{n}", provisional_key=f"random-{n}", organization=unit)
            for n in range(PEOPLE)
        ]
        self.acts: list[tuple[int, Callable[[date], None]]] = [
            (40, self.money),
            (2, self.receive),
            (1, self.arrange),
            (9, self.reach),
            (2, self.course),
            (6, self.attend),
            (22, self.approve),
            (4, self.send_back),
            (5, self.resubmit),
            (1, self.set_aside),
            (5, self.reverse),
            (5, self.correct),
            (4, self.step),
            (2, self.merge),
            (2, self.import_rows),
            (1, self.void_batch),
            (1, self.declare_nil),
            (1, self.rule),
        ]
        for n, code in enumerate(SUBLINES, 1):
            self.tell(f"2022-02-11 局里 设 2022-01 {code} 子项目{n}\n2022-02-11 局里 办 安排 {code} 60")
        self.tell("2022-02-11 财政 办 到位 2022 200")

    def quarter(self, number: int, acts: int) -> None:
        """`acts` random acts on random days of a quarter, in order; before it, perhaps the closing of earlier ones."""
        _, first, last = QUARTERS[number]
        if number and self.dice.random() < 0.7:
            self._try(self.close, first + timedelta(days=3))
        days = sorted(self.dice.randint(0, (last - first).days) for _ in range(acts))
        weights = [weight for weight, _ in self.acts]
        for day in days:
            (_, act) = self.dice.choices(self.acts, weights)[0]
            self._try(act, first + timedelta(days=day))

    def _try(self, act: Callable[..., Any], *given: Any, **named: Any) -> None:
        try:
            act(*given, **named)
        except (Refusal, AssertionError) as error:
            if not isinstance(error, Refusal) and "refused:" not in str(error):
                raise

    # --- money --------------------------------------------------------------------------------------------------

    def money(self, day: date) -> None:
        event, actor, stage = self.dice.choice(EVENTS)
        rows = Account.objects.filter(stage=stage, plan__code="2022", line__isnull=False).order_by("code")
        filled = [one for one in rows.select_related("line", "organization") if one.available]
        if not filled:
            return
        account = self.dice.choice(filled)
        line, available = account.line.code if account.line else "", account.available or 0
        unit = account.organization.short_name if account.organization else self.dice.choice(list(CLERKS))
        # odd 分, so that nothing comes out even by luck; now and then all of it, or a little too much
        amount = self.dice.choice(
            [self.dice.randint(1, available), available, available // 7 + 1, available + 1]
        )
        more = ""
        if event == "退款" and account.contract:
            more = f" 合同={account.contract}"
        elif event in ("支出", "直接支付") and self.dice.random() < 0.3:
            more = f" 合同=HT{self.dice.randint(1, 2)}"
        if event == "收回" and self.dice.random() < 0.4:
            more = " 来自=已拨未支"
        if event == "调整":
            other, to = self.dice.choice(LINES), self.dice.choice(list(CLERKS))
            more = f" 到={other} 到单位={to}"
        happened = day - timedelta(days=self.dice.choice([0, 0, 0, 5, 60]))
        verb = "办" if self.dice.random() < 0.6 else "报"
        self.tell(
            f"{day} {actor or CLERKS[unit]} {verb} {event} {line} {unit} {_yuan(amount)} 发生={happened}{more}"
        )

    def receive(self, day: date) -> None:
        line = self.dice.choice(["2022", "2022", "2022-04", "2022-02"])
        self.tell(
            f"{day} 财政 {self.dice.choice('办报')} 到位 {line} {_yuan(self.dice.randint(1, 30_000_000))}"
        )

    def arrange(self, day: date) -> None:
        """Between lines at the level of the plan, or from the zone to a sub-project."""
        if self.dice.random() < 0.5:
            code = self.dice.choice(SUBLINES)
            self.tell(
                f"{day} 局里 {self.dice.choice('办报')} 安排 {code} {_yuan(self.dice.randint(1, 9_000_000))}"
            )
        else:
            giver, taker = self.dice.sample(LINES, 2)
            amount = _yuan(self.dice.randint(1, 3_000_000))
            self.tell(f"{day} 局里 {self.dice.choice('办报')} 调整 {giver} {amount} 到={taker}")

    # --- people -------------------------------------------------------------------------------------------------

    def some(self, most: int = 4) -> list[int]:
        return [person.pk for person in self.dice.sample(self.people, self.dice.randint(1, most))]

    def unit(self) -> Any:
        return self.world.units[self.dice.choice(list(CLERKS))]

    def reach(self, day: date) -> None:
        register = self.dice.choice([COURSE, PLACEMENT, DONATION, STAY, STAY])
        self._submitted(register, self._reached(day), day)

    def _reached(self, day: date) -> Reached:
        self.count += 1
        who = self.some()
        return Reached(number=f"r{self.count}", plan=self.world.lines["2022-01"].plan, unit=self.unit(),
                       occurred_on=day, people=who, not_eligible=[p for p in who if self.dice.random() < 0.2])  # fmt: skip

    def course(self, day: date) -> None:
        self.count += 1
        row = TrainingCourse(
            plan=self.world.lines["2022-01"].plan, unit=self.unit(), number=f"PX-{self.count}", name="食用菌种植班",
            category="farming", host="荣成市人社局", starts_on=day, ends_on=day, is_counted=True,
            estimate=self.dice.choice([None, 5, 20]),
        )  # fmt: skip
        self._submitted(TRAINING_COURSE, row, day)

    def attend(self, day: date) -> None:
        courses = list(TrainingCourse.objects.select_related("entry__subject").order_by("pk"))
        if not courses:
            return
        course = self.dice.choice(courses)
        for person in self.some(3):
            row = TrainingAttendance(
                course=course.entry.subject, course_title=course.title, plan=course.plan, person_id=person,
                unit=self.unit(), category="lifted", occurred_on=course.starts_on,
                eligible=self.dice.random() < 0.8, lifted=self.dice.random() < 0.5, monitored=self.dice.random() < 0.3,
            )  # fmt: skip
            self._submitted(TRAINING_ATTENDANCE, row, day)

    def _submitted(self, register: Register, row: Any, day: date) -> None:
        clerk = self.world.users[CLERKS[row.unit.short_name]]
        actions.submit(by=clerk, on=day, register=register, row=row, evidence=self.file)

    def merge(self, day: date) -> None:
        one, other = self.dice.sample(self.people, 2)
        one.refresh_from_db()
        row = PersonMerge(person=one, into=other, occurred_on=day, reason="同一户籍")
        actions.submit(by=self.world.users["局里"], on=day, register=PERSON_MERGE, row=row)

    # --- what happens to an entry -------------------------------------------------------------------------------

    def pick(self, *states: str, **only: Any) -> Entry | None:
        rows = Entry.objects.unscoped(WHY).filter(state__in=states, **only)
        found = list(rows.select_related("filed_for", "subject").order_by("pk"))
        return self.dice.choice(found) if found else None

    def approve(self, day: date) -> None:
        for _ in range(3):
            entry = self.pick(STATES.SUBMITTED)
            if entry is not None:
                by = self.world.users[self.dice.choice(["审核", "复核"])]
                self._try(actions.approve, by=by, on=day, entry=entry, version=entry.version)

    def send_back(self, day: date) -> None:
        entry = self.pick(STATES.SUBMITTED)
        if entry is None:
            return
        if self.dice.random() < 0.6:
            by = self.world.users["复核"]
            actions.return_entry(by=by, on=day, entry=entry, version=entry.version, reason="请核对")
        else:
            actions.withdraw(by=self._clerk(entry), on=day, entry=entry, version=entry.version)

    def resubmit(self, day: date) -> None:
        entry = self.pick(STATES.RETURNED, STATES.WITHDRAWN)
        if entry is not None and entry.kind != Entry.Kind.REVERSAL:
            actions.resubmit(by=self._clerk(entry), on=day, entry=entry, version=entry.version,
                             row=self._changed(entry), evidence=self.file)  # fmt: skip

    def set_aside(self, day: date) -> None:
        entry = self.pick(STATES.RETURNED, STATES.WITHDRAWN)
        if entry is not None:
            actions.void(by=self._clerk(entry), on=day, entry=entry, version=entry.version, reason="不再需要")

    def reverse(self, day: date) -> None:
        entry = self.pick(STATES.APPROVED)
        if entry is not None and not entry.summary.startswith("安排 245"):
            actions.reverse(by=self._clerk(entry), on=day, entry=entry, reason="重复填报")

    def correct(self, day: date) -> None:
        entry = self.pick(STATES.APPROVED)
        if entry is not None and entry.register != PERSON_MERGE.code:
            actions.correct(by=self._clerk(entry), on=day, entry=entry, row=self._changed(entry), reason="填错了",
                            evidence=self.file)  # fmt: skip

    def step(self, day: date) -> None:
        entry = self.pick(STATES.APPROVED, register=STAY.code)
        if entry is not None:
            actions.step(by=self._clerk(entry), on=day, entry=entry, row=self._changed(entry))

    def _clerk(self, entry: Entry) -> Any:
        name = {"财政局": "财政", "乡村振兴局": "局里"} | CLERKS
        return self.world.users[name[entry.filed_for.short_name.removeprefix("区")]]

    def _changed(self, entry: Entry) -> Any:
        """The entry's row, with another amount, other people or another unit."""
        row: Any = actions.detail_of(entry)
        row.pk, row._state.adding = None, True
        if isinstance(row, Reached):
            row.people = self.some()
            row.not_eligible = [one for one in row.people if self.dice.random() < 0.2]
        elif isinstance(row, TrainingCourse):
            row.estimate = self.dice.choice([None, 7, 30])
        elif isinstance(row, TrainingAttendance):
            row.unit, row.eligible = self.unit(), self.dice.random() < 0.8
        elif hasattr(row, "amount"):
            row.amount = max(1, row.amount * self.dice.randint(1, 12) // 10)
        return row

    # --- batches, quarters, rulings -----------------------------------------------------------------------------

    def import_rows(self, day: date) -> None:
        unit, clerk = self.world.units["徐庄镇"], self.world.users["徐庄"]
        rows: list[Detail] = []
        for _ in range(self.dice.randint(1, 4)):
            row = self._reached(day)
            row.unit = unit
            rows.append(row)
        planned = batches.plan_rows(register=COURSE, rows=rows, organization=unit)
        batches.submit_batch(
            by=clerk, on=day, organization=unit, period=Period.objects.get(code="2022Q4"),
            upload=batches.Upload("学员.xlsx", uuid.uuid4().hex, uuid.uuid4().hex),
            items=[batches.Item(COURSE, one, f"学员!{n}") for n, one in enumerate(planned, 2)],
        )  # fmt: skip

    def void_batch(self, day: date) -> None:
        found = list(Batch.objects.unscoped(WHY).filter(state="submitted").order_by("pk"))
        if found:
            batches.void_batch(
                by=self.world.users["徐庄"], on=day, batch=self.dice.choice(found), reason="传错了"
            )

    def declare_nil(self, day: date) -> None:
        unit = self.dice.choice(list(CLERKS))
        rows = Filing.objects.unscoped(WHY).filter(organization=self.world.units[unit], nil_at=None)
        filing = self.dice.choice(list(rows.select_related("organization", "period").order_by("pk")))
        bookkeeping.declare_nil(by=self.world.users[CLERKS[unit]], on=day, filing=filing)

    def rule(self, day: date) -> None:
        question = self.dice.choice(list(OpenQuestion.objects.order_by("position")))
        reading = self.dice.choice(question.readings)["code"]
        bookkeeping.rule(
            by=self.world.users["领导"], on=day, question=question, reading=reading, reason="会议纪要"
        )

    def close(self, day: date) -> None:
        period = Period.objects.filter(is_closed=False).order_by("starts_on")[0]
        bookkeeping.close_period(by=self.world.users["领导"], on=day, period=period)


def _yuan(fen: int) -> str:
    return yuan(fen).replace(",", "") + "元"
