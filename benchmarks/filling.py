"""How big books are made, row by row: what benchmarks/books.py says. Needs Django set up."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from audit import bulk
from audit.models import Event
from audit.triggers import lifted
from directory import actions as people
from directory.identity import INVENTED, check_character
from directory.loading import load_directory
from directory.models import Organization, User
from directory.people import PersonRow, resolve_people
from funds import loading
from funds.models import FundFlow
from funds.registers import FUND_FLOW
from labor.models import TrainingAttendance, TrainingCourse
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger import accounts, bookkeeping, evidence
from ledger.models import (
    Account,
    BooksCheck,
    Decision,
    Entry,
    EntryConcern,
    EntryEvidence,
    Filing,
    Hold,
    Participation,
    Period,
    Plan,
    Presence,
    Subject,
    Total,
    Transfer,
)
from ledger.registers import Register
from rongshan.demo import CAST, FILE, PASSWORD, voucher_pdf

CHUNK = 20_000  # entries written at once
IN_COURSE = 40  # people of a training course
PAYEES = (
    "演示建筑工程有限公司",
    "演示新能源有限公司",
    "演示装饰有限公司",
    "演示管道有限公司",
    "演示施工队",
    "演示农资店",
)
# what happens how often, per thousand entries
OFTEN = {
    "spend": 560, "claim": 120, "disburse": 90, "allocate": 70, "direct_pay": 40, "refund_payee": 15, "receive": 5,
    "refund_treasury": 6, "recall": 6, "adjust": 4, "correction": 12, "reversal": 8, "course": 1.6,
}  # fmt: skip
# where there is not enough for it, what brings it
FIRST = {
    "claim": "spend", "refund_payee": "spend", "spend": "disburse", "refund_treasury": "disburse", "direct_pay": "allocate",
    "disburse": "allocate", "recall": "allocate", "adjust": "", "allocate": "", "receive": "",
}  # fmt: skip
NUMBERS = {
    "disburse": "拨", "spend": "记", "direct_pay": "直", "claim": "报", "refund_payee": "退", "refund_treasury": "退财",
    "receive": "收",
}  # fmt: skip

Moved = tuple[str, int, int, int, int]  # kind, source, target, amount, organization


@dataclass(frozen=True)
class Filled:
    """What was made: how many approved entries, transfers, audit events and persons, and the seconds it took."""

    entries: int
    transfers: int
    events: int
    people: int
    seconds: float


@dataclass(slots=True)
class _Filed:
    """An approved entry as far as a correction or reversal of it needs to know."""

    entry: int
    subject: int
    register: Register
    row: Any
    unit: Organization
    clerk: User
    moved: list[tuple[int, Moved]]  # transfer, move
    counted: list[tuple[int, int, int, bool]]  # account, person, organization, eligible
    concerns: set[int]


def fill(entries: int, seed: int) -> Filled:
    """Fill the database that Django is set up for, which must be migrated and without a plan.

    Raises RuntimeError if it has one. Within a transaction (a test) foreign keys are checked, else not.
    """

    if Plan.objects.exists():
        raise RuntimeError("the database has a plan already; big books go into an empty one")
    began = time.perf_counter()
    books = _Books(entries, random.Random(seed))  # noqa: S311  invented data
    books.set_up()
    with lifted(connection), _unchecked():
        books.tell()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")  # as autovacuum would have, had the rows come in a year
    return Filled(
        books.approved, books.transfers, books.events, len(books.people), time.perf_counter() - began
    )


@contextmanager
def _unchecked() -> Iterator[None]:
    """Without foreign-key checks and without waiting for the disk; within a transaction as always."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "sqlite":
        off = ["PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000"]
        on = ["PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -2000"]
    else:
        off, on = ["SET session_replication_role = replica"], ["SET session_replication_role = DEFAULT"]
    with connection.cursor() as cursor:
        for statement in off:
            cursor.execute(statement)
        try:
            yield
        finally:
            for statement in on:
                cursor.execute(statement)


@dataclass
class _Books:
    wanted: int
    rng: random.Random

    approved: int = 0
    transfers: int = 0
    events: int = 0
    people: list[Any] = field(default_factory=list)
    rows: dict[Any, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    subjects: dict[int, list[Any]] = field(default_factory=dict)  # not written yet
    # subject written before → the entry in force now
    moved_on: dict[int, int | None] = field(default_factory=dict)
    past: list[_Filed] = field(default_factory=list)  # what may still be corrected or reversed
    balance: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))  # out, in
    accounts: dict[int, Account] = field(default_factory=dict)
    totals: dict[tuple[int, str, int, int], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    presence: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    skeletons: dict[Any, list[tuple[str, int, int, int]]] = field(default_factory=dict)
    blanks: dict[str, Any] = field(default_factory=dict)
    filings: dict[tuple[str, int], int] = field(default_factory=dict)
    proofs: dict[int, tuple[int, str]] = field(
        default_factory=dict
    )  # unit → evidence of this quarter, its hash

    # --- who and where ----------------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Units, users, people, the plan, through the application's own doors."""
        self.money, self.course, self.attendance = FUND_FLOW, TRAINING_COURSE, TRAINING_ATTENDANCE
        self.on = date(2022, 2, 10)
        load_directory()
        units = {unit.code: unit for unit in Organization.objects.all()}
        self.towns = [unit for unit in units.values() if unit.kind == "township"]
        cast = {name: (full_name, role, code) for name, full_name, role, code in CAST}
        have = {code for _, role, code in cast.values() if role == User.Role.CLERK}
        cast |= {
            f"clerk-{u.code}": ("填演示", User.Role.CLERK, u.code) for u in self.towns if u.code not in have
        }
        users, password = {}, make_password(PASSWORD)
        for name, (full_name, role, code) in cast.items():
            with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
                made = people.create_user(  # whose own first password nobody will use
                    by=None, username=name, full_name=full_name, role=role, organization=units.get(code)
                ).user
            made.password, made.must_change_password = password, False
            made.save(update_fields=["password", "must_change_password"])
            users[name] = made
        self.clerks = {u.organization_id: u for u in users.values() if u.role == User.Role.CLERK}
        self.reviewers = [users["shenhe"], users["fuhe"]]
        self.treasury = units["czj"]
        self.plan = loading.load_plan(by=users["shenhe"], on=self.on, text=FILE.read_text("utf-8")).plan
        self.plan.is_demo = True
        self.plan.save(update_fields=["is_demo"])
        self.lines = list(self.plan.lines.order_by("position"))
        for n in range(max(4, min(self.wanted // 60, 250_000))):
            first17 = f"{INVENTED}{1950 + n // 6000}{n // 500 % 12 + 1:02}15{n % 500 * 2 + 1:03}"
            name = "演示" + "".join("甲乙丙丁戊己庚辛壬癸"[n // 10**d % 10] for d in range(2))
            self.people.append(PersonRow(name=name, id_number=first17 + check_character(first17)))
        some = resolve_people(by=None, on=self.on, organization=self.towns[0], rows=self.people)
        self.people = [(pk, n % 3 == 0) for n, pk in enumerate(some.ids)]
        assert all(pk for pk, _ in self.people)
        for account in Account.objects.all():
            self.accounts[account.pk], self.balance[account.pk] = account, account.balance
        for row in Total.objects.values_list(
            "account_id", "kind", "organization_id", "period_id", "inflow", "outflow"
        ):
            self.totals[row[:4]] = list(row[4:])
        self.periods = list(Period.objects.filter(code__startswith="2022").order_by("starts_on"))
        self.next = {model: model._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
                     for model in (Subject, Entry, Transfer)}  # fmt: skip
        self.detail = {
            register.code: _Detail(register) for register in (FUND_FLOW, TRAINING_COURSE, TRAINING_ATTENDANCE)
        }

    # --- the year ---------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Quarter by quarter; all but the last are closed when they are over."""
        kinds, weights = zip(*OFTEN.items(), strict=True)
        with accounts.remembered():
            for number, period in enumerate(self.periods):
                last = number == len(self.periods) - 1
                end = self.wanted if last else self.wanted * (number + 1) // len(self.periods)
                self.period, self.before = period, self.periods[number - 1] if number else None
                self.proofs.clear()
                first = max(period.starts_on, self.on + timedelta(days=1))
                days, begun, made = (period.ends_on - first).days, self.approved, self.approved
                while self.approved < end:
                    with transaction.atomic():
                        while self.approved < min(end, made + CHUNK):
                            done = (self.approved - begun) / max(1, end - begun)
                            self.today = first + timedelta(days=int(days * done))
                            for kind in self.rng.choices(kinds, weights, k=50):
                                if self.approved < end:
                                    self.something(kind)
                        made = self.approved
                        self.write()
                if last:
                    with transaction.atomic():
                        self.leave_undecided(max(3, self.wanted // 100))
                        self.write()
                        self.write_sums()
                else:
                    self.close(period)

    def close(self, period: Period) -> None:
        """By the application's own action; the background check it asks for is not kept."""
        with override_settings(TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}):
            bookkeeping.close_period(
                by=self.reviewers[0], on=period.ends_on + timedelta(days=10), period=period
            )
        BooksCheck.objects.all().delete()

    def something(self, kind: str) -> None:
        """One entry of the kind, or, where there is not enough for it, of what must come first."""
        if kind == "course":
            self.hold_course()
        elif kind in ("correction", "reversal"):
            if self.past:
                target = self.past.pop(self.rng.randrange(len(self.past)))
                self.take_back(target, kind)
        else:
            while kind and not self.pay(kind):
                kind = FIRST[kind]

    def pay(self, event: str, state: str = "approved") -> bool:
        """One event of the money, of a random line, unit and amount; whether there was enough for it."""
        row = self.flow(event)
        own = event in ("spend", "claim", "refund_payee")
        unit = row.unit if own else self.treasury
        returned = state == "approved" and self.rng.random() < 0.01
        if state == "approved" and self.before and self.rng.random() < 0.03:
            row.occurred_on = self.before.ends_on - timedelta(days=self.rng.randrange(20))
        filed = self.file(
            self.money, row, unit, self.skeleton(row), state=state, versions=2 if returned else 1
        )
        if filed is None:
            return False
        if filed.moved and row.voucher_no and self.rng.random() < 0.1:
            self.remember(filed)
        return True

    def remember(self, filed: _Filed) -> None:
        """That it may be corrected or reversed later."""
        filed.row = self.detail[filed.register.code].again(filed.row)  # the row itself may be used again
        self.past.append(filed)
        if len(self.past) > 5000:
            self.past.pop(self.rng.randrange(5000))

    def flow(self, event: str) -> Any:
        """A row of the money: the same object again for the same event, as a million new ones take a minute."""
        rng = self.rng
        row = self.blanks.get(event)
        if row is None:
            row = self.blanks[event] = FundFlow(event=event, plan=self.plan)
        line, unit = rng.choice(self.lines), rng.choice(self.towns)
        if event != "receive":
            row.line = line
            if event != "adjust":
                row.unit = unit
        # about what lets money for a year of N entries suffice: 450 万元 in all
        share = max(2, 300_000_000 // max(self.wanted, 100))
        row.amount = rng.randrange(
            1, share * {"allocate": 12, "disburse": 6, "claim": 3, "adjust": 2}.get(event, 1)
        )
        row.occurred_on = self.today
        number = self.next_number()
        if event in NUMBERS:
            row.voucher_no = f"{NUMBERS[event]}-{number}"
        else:
            row.document_no = f"山财农指〔2022〕{number}号"
        if event in ("spend", "direct_pay"):
            row.payee, row.invoice_no = rng.choice(PAYEES), f"{number:08}"
            row.contract_no = rng.choice(("", f"HT-{line.position}-1", f"HT-{line.position}-2"))
        elif event == "recall":
            row.recall_from, row.note = rng.choice(("allocated", "disbursed")), "结余收回"
        elif event == "adjust":
            row.adjust_level, row.note = "plan", "结余调整"
            row.other_line = rng.choice([other for other in self.lines if other is not line])
        return row

    def next_number(self) -> int:
        """Of a voucher or document."""
        return self.next[Entry] + 1

    def skeleton(self, row: Any) -> list[Moved]:
        """What the register says the row moves; asked once for all rows that differ only in their amount."""
        key = (row.event, row.line_id, row.unit_id, row.contract_no, row.recall_from, row.other_line_id)
        if key not in self.skeletons:
            legs = self.money.legs(row)
            for leg in legs:
                assert leg.amount == row.amount
                for account in (leg.source, leg.target):
                    self.accounts.setdefault(account.pk, account)
            self.skeletons[key] = [
                (leg.kind, leg.source.pk, leg.target.pk, leg.organization_id) for leg in legs
            ]
        return [
            (kind, source, target, row.amount, unit) for kind, source, target, unit in self.skeletons[key]
        ]

    def hold_course(self) -> None:
        """A course and the people in it, all of whom are approved."""
        rng, number, unit = self.rng, self.next_number(), self.rng.choice(self.towns)
        course: Any = TrainingCourse(
            plan=self.plan, unit=unit, number=f"2022-PX-{number}", name="演示培训班", term="第一期", category="farming",
            host="荣成市人社局", starts_on=self.today, ends_on=self.today, is_counted=True,
        )  # fmt: skip
        filed = self.file(self.course, course, unit, self.moves_of(self.course, course))
        assert filed is not None
        subject = Subject(pk=filed.subject)
        for person, poor in rng.sample(self.people, min(IN_COURSE, len(self.people))):
            if self.approved >= self.wanted:
                return
            row = TrainingAttendance(
                course=subject, course_title=course.title, plan=self.plan, person_id=person, unit=unit,
                category="lifted" if poor else "other", occurred_on=self.today, eligible=poor, lifted=poor,
                monitored=False,
            )  # fmt: skip
            claims = [
                (c.account, c.person_id, c.organization_id, c.eligible) for c in self.attendance.claims(row)
            ]
            for account, *_ in claims:
                self.accounts.setdefault(account.pk, account)
            counted = [(account.pk, person, unit, counts) for account, person, unit, counts in claims]
            made = self.file(self.attendance, row, unit, self.moves_of(self.attendance, row), counted=counted)
            if made is not None and rng.random() < 0.02:
                self.remember(made)

    def moves_of(self, register: Register, row: Any) -> list[Moved]:
        """What the register says the row moves."""
        legs = register.legs(row)
        for leg in legs:
            for account in (leg.source, leg.target):
                self.accounts.setdefault(account.pk, account)
        return [(leg.kind, leg.source.pk, leg.target.pk, leg.amount, leg.organization_id) for leg in legs]

    def take_back(self, target: _Filed, kind: str) -> None:
        """A reversal of an earlier entry, or a correction that says another amount."""
        row = target.row
        if kind == "reversal" or target.register is not self.money:
            self.file(target.register, row, target.unit, [], kind="reversal", target=target)
            return
        row.amount = max(1, row.amount - self.rng.randrange(1, 100))
        self.file(self.money, row, target.unit, self.skeleton(row), kind="correction", target=target)

    def leave_undecided(self, count: int) -> None:
        """Some that nobody has decided yet, some returned, some withdrawn."""
        for n in range(count):
            self.today = self.period.ends_on
            state = ("submitted", "submitted", "returned", "withdrawn")[n % 4]
            for kind in ("spend", "disburse", "allocate"):
                if self.pay(kind, state):
                    break

    # --- one entry --------------------------------------------------------------------------------------------------

    def file(
        self,
        register: Register,
        row: Any,
        unit: Organization,
        moves: list[Moved],
        *,
        kind: str = "new",
        target: _Filed | None = None,
        counted: Sequence[tuple[int, int, int, bool]] = (),
        state: str = "approved",
        versions: int = 1,
    ) -> _Filed | None:
        """All rows of one entry and of its posting; None, and nothing, if an account has not enough for it."""

        back = [(source, old) for source, old in target.moved] if target else []
        legs: list[tuple[str, int, int, int, int, int | None]] = [
            (k, t, s, amount, org, pk) for pk, (k, s, t, amount, org) in back
        ]
        legs += [(*move, None) for move in moves]
        change: dict[int, int] = defaultdict(int)
        for _, source, goal, amount, _, _ in legs:
            change[source] -= amount
            change[goal] += amount
        for account, more in change.items():
            low = self.accounts[account].minimum
            if more < 0 and low is not None and self.balance[account] - self.held[account][0] + more < low:
                return None

        pk = self.take(Entry)
        subject = target.subject if target else self.take(Subject)
        clerk, reviewer = self.clerks[unit.pk], self.reviewers[pk % 2]
        at = _moment(self.today, 9 + pk % 8)
        occurred_on, summary, amount_said = (
            register.occurred_on(row),
            register.summary(row)[:200],
            register.amount(row),
        )
        decided = state in ("approved", "returned")
        approved = state == "approved"
        note = ""
        if approved and occurred_on < self.period.starts_on and self.before:
            note = f"发生在{self.before.label}，该季度已关账，记入{self.period.label}。"
        self.rows[Entry].append((
            pk, register.code, subject, kind, target.entry if target else None, None, versions, state, unit.pk,
            self.filing(register.code, unit, at), occurred_on, self.period.pk if approved else None, note, summary,
            amount_said, "填报有误" if target else "", "表单", None, UUID(int=self.rng.getrandbits(128)), clerk.pk, at,
            clerk.pk, at, reviewer.pk if decided else None, at if decided else None,
        ))  # fmt: skip
        in_force = pk if approved and kind != "reversal" else None
        if target and subject not in self.subjects:
            self.moved_on[subject] = in_force
        elif target:
            self.subjects[subject][3] = in_force
        else:
            undecided = pk if state == "submitted" else None
            self.subjects[subject] = [
                subject,
                register.code,
                register.natural_key(row)[:300],
                in_force,
                undecided,
            ]

        file, sha256 = self.proof(unit, clerk)
        name = f"ledger.entry:{pk}"
        detail = self.detail[register.code]
        said = detail.values(row)
        for version in range(1, versions + 1):
            final = version == versions
            self.rows[detail.model].append((pk, version, *said))
            if kind != "reversal":
                self.rows[EntryEvidence].append((pk, version, file, sha256))
            self.event(
                Event, at, clerk, "entry.submitted", name, f"提交：{pk} 号 {summary}", version, amount_said
            )
            outcome = state if final else "returned"
            if outcome != "submitted":
                by = clerk if outcome == "withdrawn" else reviewer
                words = {
                    "approved": f"通过，记入{self.period.label}",
                    "returned": "退回",
                    "withdrawn": "撤回",
                }[outcome]
                self.rows[Decision].append((pk, version, outcome, note if final else "请核对", {}, by.pk, at))
                self.event(
                    Event,
                    at,
                    by,
                    f"entry.{outcome}",
                    name,
                    f"{words}：{pk} 号 {summary}",
                    version,
                    amount_said,
                )

        concerns = {unit.pk, *(leg[4] for leg in legs), *(claim[2] for claim in counted)}
        if target:
            concerns |= target.concerns
        self.rows[EntryConcern].extend((pk, organization) for organization in sorted(concerns))
        self.rows[Participation].extend((pk, versions, *claim) for claim in counted)
        if approved:
            self.approved += 1
            legs += self.count(unit, counted, target)
            own: list[tuple[int, Moved]] = []
            for position, (k, source, goal, amount, org, reverses) in enumerate(legs):
                transfer = self.take(Transfer)
                self.rows[Transfer].append((
                    transfer, pk, position, k, source, goal, amount, org, reverses, self.period.pk, occurred_on, at,
                ))  # fmt: skip
                self.add(k, source, goal, amount, org, reverses)
                if reverses is None and k not in ("counted", "uncounted"):
                    own.append((transfer, (k, source, goal, amount, org)))
            self.transfers += len(legs)
            return _Filed(pk, subject, register, row, unit, clerk, own, list(counted), concerns)
        if state == "submitted":
            for position, (k, source, goal, amount, org, reverses) in enumerate(legs):
                self.rows[Hold].append((pk, position, k, source, goal, amount, org, reverses))
            for account, more in change.items():
                self.held[account][more > 0] += abs(more)
        return _Filed(pk, subject, register, row, unit, clerk, [], [], concerns)

    def count(
        self, unit: Organization, counted: Sequence[tuple[int, int, int, bool]], target: _Filed | None
    ) -> list[tuple[str, int, int, int, int, None]]:
        """Put persons into the counting accounts, take those of the target out; the moves of whoever is new or gone."""
        net: dict[int, int] = defaultdict(int)
        steps = [(claim, 1) for claim in counted] + [
            (claim, -1) for claim in (target.counted if target else ())
        ]
        for (account, person, _, eligible), step in steps:
            if eligible:
                before = self.presence[account, person]
                self.presence[account, person] = before + step
                net[account] += (before + step > 0) - (before > 0)
        moves: list[tuple[str, int, int, int, int, None]] = []
        for account in sorted(net):
            outside = accounts.outside_account(self.plan, self.accounts[account].unit)
            self.accounts.setdefault(outside.pk, outside)
            organization = self.accounts[account].organization_id or unit.pk
            if net[account] > 0:
                moves.append(("counted", outside.pk, account, net[account], organization, None))
            elif net[account] < 0:
                moves.append(("uncounted", account, outside.pk, -net[account], organization, None))
        return moves

    def add(
        self, kind: str, source: int, target: int, amount: int, organization: int, reverses: int | None
    ) -> None:
        """To balances and totals."""
        self.balance[source] -= amount
        self.balance[target] += amount
        gives = self.totals[source, kind, organization, self.period.pk]
        takes = self.totals[target, kind, organization, self.period.pk]
        if reverses is None:
            gives[1] += amount
            takes[0] += amount
        else:
            gives[0] -= amount
            takes[1] -= amount

    def event(
        self,
        model: Any,
        at: datetime,
        by: User,
        verb: str,
        target: str,
        summary: str,
        version: int,
        amount: int | None,
    ) -> None:
        """A line of the audit trail."""
        details = {"version": version, "amount": amount}
        self.rows[model].append(
            (at, by.pk, self.name(by), verb, "done", target, summary, details, self.period.code)
        )
        self.events += 1

    def name(self, user: User) -> str:
        """ "姓名（单位）", once per user: it asks for the unit."""
        if user.pk not in self.names:
            self.names[user.pk] = str(user)
        return self.names[user.pk]

    names: dict[int, str] = field(default_factory=dict)

    def take(self, model: Any) -> int:
        """The next primary key; nobody else is writing."""
        self.next[model] += 1
        return self.next[model]

    def filing(self, register: str, unit: Organization, at: datetime) -> int:
        """Of this quarter."""
        key = (f"{register}@{self.period.code}", unit.pk)
        if key not in self.filings:
            made, _ = Filing.objects.unscoped("基准数据").get_or_create(
                organization=unit, register=register, period=self.period,
                defaults={"due_on": self.period.due_on},
            )  # fmt: skip
            if made.first_submitted_at is None:
                made.first_submitted_at = at
                made.save(update_fields=["first_submitted_at"])
            self.filings[key] = made.pk
        return self.filings[key]

    def proof(self, unit: Organization, by: User) -> tuple[int, str]:
        """The unit's evidence of this quarter, and its hash."""
        if unit.pk not in self.proofs:
            file = SimpleUploadedFile("凭证.pdf", voucher_pdf(f"{self.period.code} {unit.code}"))
            kept = evidence.store(by=by, organization=unit, upload=file)
            self.proofs[unit.pk] = (kept.pk, kept.sha256)
        return self.proofs[unit.pk]

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Everything made since the last time, and where earlier subjects point now."""
        self.rows[Subject] = [tuple(row) for row in self.subjects.values()]
        for model in list(self.rows):
            bulk.copy(model, self.columns(model), self.rows.pop(model))
        self.subjects.clear()
        bulk.update(Subject, "in_force_id", {pk: entry for pk, entry in self.moved_on.items() if entry})
        gone = bulk.among("pk", [pk for pk, entry in self.moved_on.items() if not entry])
        Subject.objects.filter(gone).update(in_force=None)
        self.moved_on.clear()

    def columns(self, model: Any) -> Sequence[str]:
        """Those of the rows kept for a model: all of the table, without the id where the database gives it."""
        own = next((d for d in self.detail.values() if d.model is model), None)
        if own is not None:
            return list(map(str, own.columns))
        names: list[str] = [f.column for f in model._meta.concrete_fields]
        return names if model in self.next else names[1:]

    def write_sums(self) -> None:
        """Balances, held amounts, totals, presences; and the sequences of the tables whose keys were given here."""
        bulk.update(Account, "balance", self.balance)
        bulk.update(Account, "held_out", {pk: out for pk, (out, _) in self.held.items()})
        bulk.update(Account, "held_in", {pk: into for pk, (_, into) in self.held.items()})
        Total.objects.all().delete()
        bulk.copy(Total, self.columns(Total), [(*key, *sums) for key, sums in self.totals.items()])
        bulk.copy(Presence, self.columns(Presence), [(*key, n, 0) for key, n in self.presence.items()])
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(self.next)):
                cursor.execute(statement)


@cache
def _moment(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock(hour)))


class _Detail:
    """How rows of a register are written: its columns, and their values of a row."""

    def __init__(self, register: Register) -> None:
        self.model: Any = register.model
        own = [f for f in self.model._meta.concrete_fields if f.name not in ("id", "entry", "version")]
        self.columns = ["entry_id", "version", *(f.column for f in own)]
        self.names = [f.attname for f in own]
        self.near = {f.name for f in own if f.is_relation}
        self.values = attrgetter(*self.names)

    def again(self, row: Any) -> Any:
        """A copy that stays as it is when the row is used again."""
        found = copy(row)
        found._state = copy(row._state)
        found._state.fields_cache = dict(row._state.fields_cache)
        return found
