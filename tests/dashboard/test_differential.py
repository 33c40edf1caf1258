"""Every figure against brute force over raw rows: random readers, lines, units, filters and as-of dates (issue 4).

    DIFFERENTIAL_CASES=1000 .venv/bin/pytest -s tests/dashboard/test_differential.py      the recorded run; CI does 20

Books come from tests/dashboard/random_books.py, the second opinion from tests/dashboard/brute_force.py. A case is one
reader, one as-of and one random filter of each kind; whatever differs is listed, and nothing may.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from dashboard import behind, filings
from dashboard.alerts import working_days_before
from dashboard.as_of import AsOf, read_as_of
from dashboard.figures import Amount, MoneyRow, home, line_page, owed_quarters, scope_for
from dashboard.lights import judge, months_of, thresholds
from dashboard.plans import questions_page
from desk import context
from desk import figures as desk
from directory.models import Organization, User
from ledger import figures, lists
from ledger.filings import states_of
from ledger.models import BudgetLine, Filing, LineGroup, Period, Plan
from ledger.money import percent, wan, yuan
from ledger.scope import scope_of
from tests.dashboard.brute_force import CHAIN, STAGES, Row, Rows, Seen, crossing, net
from tests.dashboard.conftest import Browse
from tests.dashboard.random_books import Teller

CASES = int(os.environ.get("DIFFERENTIAL_CASES", "20"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "20221123"))
A_BOOK = min(CASES, 100)  # cases asked of one book, a quarter of them after each quarter told
ACTS = min(80, max(30, CASES))  # a quarter
# 荣成's pages show the leader's figures and lead elsewhere: tests/test_partner.py
READERS = ("领导", "审核", "财政", "徐庄", "店子", "北庄")
STATES = ("submitted", "returned", "withdrawn", "approved", "void")
TODAY = date(2022, 10, 20)


@pytest.mark.parametrize("seed", [SEED + book for book in range(CASES // A_BOOK)])
def test_every_figure_equals_brute_force_over_raw_rows(
    transactional_db: None, browse: Browse, seed: int
) -> None:
    teller, compared, differ = Teller(seed), Counter[str](), list[str]()
    clients = {name: browse(name) for name in READERS}
    for quarter in range(4):
        teller.quarter(quarter, ACTS)
        rows = Rows()
        for _ in range((A_BOOK + quarter) // 4):
            case = Case(teller, rows, clients)
            case.ask()
            compared += case.compared
            differ += case.differ
    print(  # noqa: T201  the recorded run
        f"\nseed {seed}: {A_BOOK} cases, {len(rows.entries)} entries, {len(rows.transfers)} transfers, "
        f"{sum(compared.values()):,} comparisons, {len(differ)} differences"
    )
    assert not differ, "\n".join(differ[:40])
    assert min(compared.values()) > 0


class Case:
    """One reader, one as-of date, one line, group, unit, stage, target, quarter and filter, all at random."""

    def __init__(self, teller: Teller, rows: Rows, clients: dict[str, Client]) -> None:
        dice = teller.dice
        self.dice, self.rows, self.compared, self.differ = dice, rows, Counter[str](), list[str]()
        self.reader = dice.choice(READERS)
        self.user: User = teller.world.users[self.reader]
        self.client = clients[self.reader]
        self.plan = Plan.objects.get()
        self.periods = list(Period.objects.order_by("starts_on"))
        self.period = dice.choice([None, None, *self.periods[:4]])
        self.text = (
            "" if self.period is None else dice.choice([self.period.code, self.period.as_of.isoformat()])
        )
        self.as_of = read_as_of(self.text, self.periods, TODAY)
        self.until: Row | None = rows.periods[self.period.pk] if self.period else None
        self.line = dice.choice(list(BudgetLine.objects.select_related("plan", "parent").order_by("code")))
        self.stage = dice.choice(STAGES)
        self.quarter = dice.choice(self.periods[:4])
        self.seen, self.money = rows.seen(self.user.pk), rows.money_seen(self.user.pk)

    def same(self, what: str, found: Any, expected: Any) -> None:
        self.compared[what] += 1
        if found != expected:
            self.differ.append(
                f"{self.reader}, as of {self.text or 'now'}: {what}\n   found    {found}\n   expected {expected}"
            )

    def ask(self) -> None:
        self.scopes()
        self.summary()
        self.lines()
        self.targets()
        self.behind_money()
        self.behind_counts()
        self.first_screen()
        self.one_line()
        self.filings()
        self.lists()

    # --- ledger.figures and the API -----------------------------------------------------------------------------

    def scopes(self) -> None:
        for scope, seen in ((scope_of(self.user), self.seen), (scope_for(self.user), self.money)):
            self.same("scope", (scope.everything, scope.registers), (seen.everything, seen.registers))
            self.same("scope units", seen.everything or scope.organization_ids == seen.units, True)

    def summary(self) -> None:
        total, lines, _ = self.rows.money(self.plan.pk, self.money, self.until)
        names = {row["code"]: row["name"] for row in self.rows.lines.values()}
        expected = {
            "plan": self.plan.code,
            "as_of": (self.period.as_of if self.period else TODAY).isoformat(),
            "money": {
                "unit": "分",
                "lines": [{"code": code, "name": names[code], **public(one)} for code, one in lines.items()],
                "total": public(total),
            },
            "targets": [
                {name: one[name] for name in one if name != "account"}
                for one in self.rows.counts(self.plan.pk, self.seen, self.until)
            ],
            "open_questions": [
                {"code": code, "ruling": ruling}
                for code, (ruling, _) in self.rows.readings(self.plan.pk).items()
            ],
        }
        answer = self.client.get(f"/api/plans/2022/summary?as_of={self.text}").json()
        for part in ("plan", "as_of", "targets", "open_questions"):
            self.same(f"summary {part}", answer[part], expected[part])
        for part in ("unit", "lines", "total"):
            self.same(f"summary {part}", answer["money"][part], expected["money"][part])  # type: ignore[index]

    def lines(self) -> None:
        scope = scope_for(self.user)
        total, tops, below = self.rows.money(self.plan.pk, self.money, self.until)
        found = figures.money(self.plan, scope=scope, as_of=self.period)
        self.same("money total", kept(found.total), total)
        self.same("money lines", {one.code: kept(one) for one in found.lines}, tops)
        shown = {one.code: kept(one) for each in found.sublines.values() for one in each}
        self.same("money sub-lines", shown, below)
        line = self.dice.choice([None, self.line])
        lines = self.rows.family(line.pk) if line else {*self.rows.lines, None}
        units = figures.units(self.plan, scope=scope, line=line, as_of=self.period)
        self.same(
            "units",
            {u.organization_id: {stage: getattr(u, stage) for stage in CHAIN[1:]} for u in units},
            self.rows.by_unit(self.plan.pk, self.money, lines, self.until),
        )
        self.same(
            "quarters",
            {period.code: changes for period, changes in figures.quarters(self.plan, scope=scope, line=line)},
            self.rows.by_quarter(self.plan.pk, self.money, lines),
        )
        self.same(
            "readings",
            {q.question.code: q.reading for q in figures.questions(self.plan, scope=scope)},
            {code: reading for code, (_, reading) in self.rows.readings(self.plan.pk).items()},
        )
        rulings = questions_page(user=self.user, plan=self.plan).ruled
        self.same(
            "rulings", rulings, sum(r is not None for r, _ in self.rows.readings(self.plan.pk).values())
        )

    def targets(self) -> None:
        found = figures.targets(self.plan, scope=scope_of(self.user), as_of=self.period)
        expected = self.rows.counts(self.plan.pk, self.seen, self.until)
        names = ("code", "name", "unit", "rule", "goal", "maximum", "approved", "held")
        self.same(
            "targets",
            [{**{name: getattr(one, name) for name in names}, "account": one.account_id} for one in found],
            expected,
        )

    # --- what stands behind a figure ----------------------------------------------------------------------------

    def behind_money(self) -> None:
        what = self.dice.choice(["total", self.line.code, "137"])
        unit = self.dice.choice(
            [None, None, *Organization.objects.filter(code__startswith="3704").order_by("code")]
        )
        group = LineGroup.objects.get(code=what) if what == "137" else None
        lines: set[int | None] = {*self.rows.lines, None}
        if what == self.line.code:
            lines = self.rows.family(self.line.pk)
        elif group:
            lines = {pk for top in self.rows.groups["137"] for pk in self.rows.family(top)}
        seen = self.money
        if unit is not None:  # a unit's own part of it
            hidden = not seen.everything and unit.pk not in seen.units
            seen = Seen(False) if hidden else Seen(False, frozenset([unit.pk]))
        inside = self.rows.within(self.plan.pk, seen, self.stage, lines)
        mine = {row["id"] for row in self.rows.visible(self.user.pk)}
        asked: dict[str, Any] = {
            "scope": scope_for(self.user),
            "user": self.user,
            "stage": self.stage,
            "line": self.line if what == self.line.code else None,
            "group": group,
            "unit": unit,
        }
        moves = [move for move in self.rows.until(self.until) if move["entry_id"] in mine]
        found = figures.movements(self.plan, **asked, as_of=self.period)
        self.same("movements", signed(found), crossing(inside, moves))
        holds = [hold for hold in self.rows.holds if hold["entry_id"] in mine]
        self.same("waiting", signed(figures.waiting(self.plan, **asked)), crossing(inside, holds))
        try:
            page = behind.money_page(
                user=self.user,
                where=behind.find(self.plan, what, self.stage, str(unit.pk) if unit else ""),
                periods=self.periods,
                as_of=self.as_of,
                quarter=None,
                number="1",
            )
        except behind.NoSuchFigure:
            return
        figure = net(inside, self.rows.until(self.until))
        self.same(
            f"behind {what} {unit} {self.stage}", (page.figure, page.listed), (wan(figure), yuan(figure))
        )
        self.same("behind agrees", page.agrees, True)
        self.same("behind count", page.count, len(crossing(inside, moves)))
        if self.period is None:
            waits = crossing(inside, holds)
            self.same("behind held", (page.held_count, page.held_sum), (len(waits), wan(sum(waits.values()))))
        page = behind.money_page(
            user=self.user,
            where=behind.find(self.plan, what, self.stage, str(unit.pk) if unit else ""),
            periods=self.periods,
            as_of=AsOf(None, TODAY, TODAY),
            quarter=self.quarter,
            number="1",
        )
        changed = crossing(inside, [m for m in self.rows.transfers if m["period_id"] == self.quarter.pk])
        self.same(
            "behind of a quarter", (page.listed, page.count), (yuan(sum(changed.values())), len(changed))
        )

    def behind_counts(self) -> None:
        counts = self.rows.counts(self.plan.pk, self.seen, self.until)
        if not counts:
            return
        # more often one that counts something
        one = self.dice.choice([c for c in counts if c["approved"] or c["held"]] or counts)
        inside, scope = {one["account"]}, scope_of(self.user)
        mine = {row["id"] for row in self.rows.visible(self.user.pk)}
        moves = [move for move in self.rows.until(self.until) if move["entry_id"] in mine]
        found = figures.counted(one["account"], scope=scope, user=self.user, as_of=self.period)
        self.same("counted", signed(found), crossing(inside, moves))
        holds = [hold for hold in self.rows.holds if hold["entry_id"] in mine]
        found_holds = figures.waiting_to_count(one["account"], scope=scope, user=self.user)
        self.same("waiting to count", signed(found_holds), crossing(inside, holds))
        for state in ("approved", "submitted"):
            part = figures.taking_part(one["account"], scope=scope, user=self.user, state=state)
            expected = self.rows.taking_part(one["account"], self.user.pk, state)
            self.same("taking part", {entry.pk: entry.people for entry in part}, expected)  # type: ignore[attr-defined]
        page = behind.count_page(
            user=self.user, plan=self.plan, code=one["code"], periods=self.periods, as_of=self.as_of, quarter=None,
            number="1",
        )  # fmt: skip
        self.same(f"count of {one['code']}", page.figure, f"{one['approved']:,}")
        self.same(f"count of {one['code']} agrees", (page.agrees, page.listed), (True, page.figure))

    # --- pages --------------------------------------------------------------------------------------------------

    def first_screen(self) -> None:
        page = home(user=self.user, plan=self.plan, plans=[self.plan], periods=self.periods, as_of=self.as_of)
        total, tops, below = self.rows.money(self.plan.pk, self.money, self.until)
        months = months_of(2022, min(self.as_of.day, TODAY))
        if self.rows.readings(self.plan.pk)["C9"][1] == "none":
            pace: int | None = None
        else:
            pace = months
        self.shown("first screen total", page.total, total, pace)
        self.same("first screen lines", [row.code for row in page.rows], list(tops))
        for row in page.rows:
            self.shown("first screen line", row, tops[row.code], pace)
            for one in row.sublines:
                self.shown("first screen sub-line", one, below[one.code], pace)
        arranged = percent(total["received"] or 0, total["arranged"])
        self.same("received rate", page.received_rate, arranged)
        for group in page.groups:
            inside = [tops[row["code"]] for pk, row in self.rows.lines.items()
                      if pk in self.rows.groups[group.row.code] and row["code"] in tops]  # fmt: skip
            self.shown("group", group.row, added(inside), pace)
        self.cards(page)
        quarters = self.owed()
        self.same("owed quarters", [p.pk for p in owed_quarters(self.user, self.periods)], quarters)
        if page.reported:
            period = self.period or [p for p in self.periods if p.pk in quarters and p.ends_on < TODAY][-1]
            filed, owing = self.rows.reported(period.pk, self.seen, TODAY)
            self.same("reported", page.reported.text, f"{filed}/{owing} 单位已报" if owing else "无应报单位")
        if self.period is None:
            self.alerts(page)

    def owed(self) -> list[int]:
        mine = {row["period_id"] for row in self.rows.visible_filings(self.user.pk)}
        return [period.pk for period in self.periods if period.pk in mine]

    def cards(self, page: Any) -> None:
        counts = {one["code"]: one for one in self.rows.counts(self.plan.pk, self.seen, self.until)}
        shown = [count for card in page.cards for count in (card.count, *card.others)]
        shown += [row.count for row in page.counts]
        by_name = {one["name"]: one for one in counts.values()}
        for count in shown:
            one = by_name[count.name]
            pending = f"{one['approved'] + one['held']:,}" if one["held"] else ""
            self.same(
                "target on the first screen", (count.text, count.pending), (f"{one['approved']:,}", pending)
            )
        goals = {one["name"]: one["goal"] or one["maximum"] for one in counts.values()}
        for card in page.cards:
            one = by_name[card.count.name]
            self.same("rate of a target", card.rate, percent(one["approved"], goals[card.name]))
        for card in page.offered:
            for count in card.counts:
                one = counts[count.url.partition("?")[0].rstrip("/").rpartition("/")[2]]
                self.same("offered", count.text, f"{one['approved']:,}")

    def alerts(self, page: Any) -> None:
        limits, mine = thresholds(), self.rows.visible(self.user.pk)
        returned = working_days_before(TODAY, int(limits["return_days"]))
        waiting = working_days_before(TODAY, int(limits["review_days"]))
        expected = {
            "逾期未报": self.rows.overdue(self.user.pk, TODAY),
            "退回未改": sum(self.rows.to_mend(e) and e["decided_at"] < returned for e in mine),
            "久未审核": sum(e["state"] == "submitted" and e["submitted_at"] < waiting for e in mine),
        }
        found = {group.title: group.count for group in page.alerts.groups if group.title in expected}
        self.same("alerts", {name: found.get(name, 0) for name in expected}, expected)

    def shown(self, what: str, row: MoneyRow, one: Row, pace: int | None) -> None:
        for amount in row.amounts:
            self.amount(what, amount, one[amount.stage], one["held"])
        self.same(f"{what} available", row.available, wan(one["available"]))
        self.same(f"{what} spent rate", row.spent_rate, percent(one["spent"], one["gross"]))
        self.same(f"{what} disbursed rate", row.disbursed_rate, percent(one["disbursed"], one["gross"]))
        self.same(f"{what} light", row.light, judge(one["spent"], one["gross"], pace, thresholds()))

    def amount(self, what: str, amount: Amount, fen: int | None, held: Row | None = None) -> None:
        waits = (held or {}).get(amount.stage) or 0
        expected = ("—" if fen is None else wan(fen), wan((fen or 0) + waits) if waits else "")
        self.same(f"{what} {amount.label}", (amount.text, amount.pending), expected)

    def one_line(self) -> None:
        page = line_page(user=self.user, line=self.line, periods=self.periods, as_of=self.as_of)
        _, tops, below = self.rows.money(self.plan.pk, self.money, self.until)
        every = tops | below
        self.same("line is shown", page.row is not None, self.line.code in every)
        if page.row:
            for amount in page.row.amounts:
                one = every[self.line.code]
                self.amount("line", amount, one[amount.stage], one["held"])
        family = self.rows.family(self.line.pk)
        units = self.rows.by_unit(self.plan.pk, self.money, family, self.until)
        self.same(
            "line units", [u.name for u in page.units], [self.rows.units[pk]["short_name"] for pk in units]
        )
        for row, one in zip(page.units, units.values(), strict=False):
            self.same("unit available", row.available, wan(one["allocated"] - one["spent"]))
            for amount in row.amounts:
                self.amount("unit", amount, one[amount.stage])
        changes = self.rows.by_quarter(self.plan.pk, self.money, family)
        if self.period is not None:
            changes = {code: one for code, one in changes.items() if code <= self.period.code}
        self.same("line quarters", len(page.quarters), len(changes))
        for quarter, (code, one) in zip(page.quarters, changes.items(), strict=False):
            end = next(row for row in self.rows.periods.values() if row["code"] == code)
            for now, until in quarter.amounts:
                inside = self.rows.within(self.plan.pk, self.money, now.stage, family)
                self.amount("this quarter", now, one[now.stage])
                self.amount("until the quarter", until, net(inside, self.rows.until(end)))

    def filings(self) -> None:
        found = figures.reported(self.quarter, scope=scope_of(self.user))
        self.same("x/y reported", found, self.rows.reported(self.quarter.pk, self.seen, TODAY))
        rows = self.rows.visible_filings(self.user.pk)
        names = ("code", "submitted", "returned", "approved", "is_filed", "is_overdue", "is_on_time")
        states = states_of(Filing.objects.for_user(self.user), TODAY)
        expected = {row["id"]: self.rows.filing_state(row, TODAY) for row in rows}
        self.same(
            "filings",
            {state.filing.pk: {name: getattr(state, name) for name in names} for state in states},
            {pk: {name: one[name] for name in names} for pk, one in expected.items()},
        )
        page = filings.filings_page(user=self.user, period=self.quarter, periods=self.periods, today=TODAY)
        mine = [row["id"] for row in rows if row["period_id"] == self.quarter.pk]
        self.same("filings overdue", page.overdue, sum(expected[pk]["is_overdue"] for pk in mine))
        self.same("filings x/y", (page.filed, page.owing), found)
        if rows:
            one = self.dice.choice(sorted(rows, key=lambda row: row["id"]))
            filing = (
                Filing.objects.for_user(self.user).select_related("organization", "period").get(pk=one["id"])
            )
            count = filings.filing_page(user=self.user, filing=filing, today=TODAY, number="1").count
            inside = [row for row in self.rows.visible(self.user.pk) if row["filing_id"] == one["id"]]
            self.same("entries of a filing", count, len(inside))

    # --- the staff's lists --------------------------------------------------------------------------------------

    def lists(self) -> None:
        wanted = self.filters()
        found = lists.entries(self.user, wanted)
        expected = [row["id"] for row in self.rows.listed(self.user.pk, wanted)]
        self.same(f"list {wanted}", list(found.values_list("pk", flat=True)), expected)
        self.same("list total", found.count(), len(expected))
        queue = self.rows.listed(self.user.pk, {**wanted, "state": "submitted"})
        queue.sort(key=lambda row: (row["submitted_at"], row["id"]))
        self.same(
            "queue", [entry.pk for entry in desk.queue(self.user, wanted)[0]], [row["id"] for row in queue]
        )
        self.same("badges", context.nav_counts(self.user), self.badges())
        page = desk.home(self.user, TODAY)
        waiting = [row for row in self.rows.visible(self.user.pk) if row["state"] == "submitted"]
        reviews = self.user.role == User.Role.REVIEWER
        self.same("waiting", page.waiting, len(waiting) if reviews else None)
        oldest = min((row["submitted_at"] for row in waiting), default=None)
        self.same("oldest", page.oldest, oldest if reviews else None)
        self.same("returned to me", {one.entry.pk for one in page.returned}, self.returned())
        self.same(
            "waiting of each quarter",
            {one.period.pk: one.waiting for one in desk.quarters(self.user, TODAY)},
            {
                pk: sum(self.rows.filings[row["filing_id"]]["period_id"] == pk for row in waiting)
                for pk in self.rows.periods
            },
        )
        open_ones = [
            row["id"]
            for row in self.rows.visible(self.user.pk)
            if (row["state"] == "submitted" or self.rows.to_mend(row))
            and self.rows.filings[row["filing_id"]]["period_id"] == self.quarter.pk
        ]
        closing = desk.closing(self.user, self.quarter)
        self.same("closing", sorted(entry.pk for entry in closing.undecided), sorted(open_ones))

    def filters(self) -> Row:
        """What filters.EntryFilter would hand over: a few of its fields, filled from the books or with nonsense."""
        dice, entries = self.dice, [*self.rows.entries.values()]
        one = dice.choice(entries)
        summary, amount = one["summary"], yuan(one["amount"] or 0)
        begin = dice.randrange(len(summary))
        texts = [
            summary[begin : begin + 4],
            amount,
            str(one["id"]),
            f"{one['id']} 号",
            "徐庄镇",
            "50%",
            "_",
            "r1",
        ]
        every = {
            "q": dice.choice(texts),
            "state": dice.choice(STATES),
            "register": dice.choice(sorted({row["register"] for row in entries})),
            "period": self.quarter,
            "unit": Organization.objects.get(pk=one["filed_for_id"]),
            "mine": True,
            "sort": dice.choice(["date", "amount"]),
        }  # fmt: skip
        return {name: every[name] for name in dice.sample(sorted(every), dice.randint(0, 3))}

    def badges(self) -> dict[str, int]:
        found = {}
        if self.user.role != User.Role.LEADER:
            found["desk:home"] = len(self.returned())
        if self.user.role == User.Role.REVIEWER:
            found["desk:review"] = sum(
                row["state"] == "submitted"
                and self.user.pk not in (row["filed_by_id"], row["submitted_by_id"])
                for row in self.rows.visible(self.user.pk)
            )
        return found

    def returned(self) -> set[int]:
        if self.user.role == User.Role.LEADER:
            return set()
        return {
            row["id"]
            for row in self.rows.visible(self.user.pk)
            if self.rows.to_mend(row) and row["filed_for_id"] == self.user.organization_id
        }


def public(one: Row) -> Row:
    """A line as the summary states it."""
    return {name: one[name] for name in (*STAGES, "available", "held")}


def kept(one: figures.LineMoney) -> Row:
    """A LineMoney as brute force states it; stages that a unit does not see are None."""
    held = None if one.held is None else {stage: one.held.get(stage) for stage in STAGES}
    found = {name: getattr(one, name) for name in (*STAGES, "available")}
    return {**found, "gross": one.gross_allocated, "held": held}


def added(lines: Iterable[Row]) -> Row:
    """Lines as one; an amount that none has stays None."""
    parts = list(lines)

    def add(values: Iterable[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    total = {name: add(part[name] for part in parts) for name in parts[0] if name != "held"}
    held = [part["held"] for part in parts]
    return {**total, "held": {s: add(h[s] for h in held) for s in STAGES} if held[0] is not None else None}


def signed(rows: Iterable[Any]) -> dict[int, int]:
    return {row.pk: row.signed for row in rows}
