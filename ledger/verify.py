"""What `verify_ledger` proves: one small function a rule, each naming every difference it finds (DESIGN §2.4).

A rule is a generator of (target, expected, found), all three Chinese texts without personal data. The database does
the sums; where a register's own declaration has to be asked, rows come in chunks. So a million entries need no more
memory than a thousand, and no rule asks the database once per row.

The rules read the tables as they are and do not call the posting code: what writes the books does not prove them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.db import connection
from django.db.models import F, Model

from audit import triggers
from directory.people import survivors
from ledger import accounts, posting, seals
from ledger.evidence import sha256_of
from ledger.models import Account, Entry, EntryEvidence, Evidence, Hold, Period, Transfer
from ledger.posting import amount_text
from ledger.registers import Register, all_registers
from ledger.snapshot import snapshot

CHUNK = 500  # rows of a register at a time; SQLite refuses a look-up of a thousand people at once

T = TypeVar("T")
Findings = Iterator[tuple[str, str, str]]  # target, expected, found
Moved = tuple[str, int, int, int, int]  # kind, source, target, amount, organization


@dataclass(frozen=True)
class Difference:
    """One place where the books are not what they must be. `rule` is the code of the rule, `name` its Chinese name."""

    rule: str
    name: str
    target: str
    expected: str
    found: str


@dataclass(frozen=True)
class Rule:
    """A rule of the books: `code` is the function's name."""

    code: str
    name: str
    check: Callable[[], Findings]


RULES: list[Rule] = []


def rule(name: str) -> Callable[[Callable[[], Findings]], Callable[[], Findings]]:
    """Put a generator function on the list, under its Chinese name."""

    def add(check: Callable[[], Findings]) -> Callable[[], Findings]:
        RULES.append(Rule(check.__name__, name, check))
        return check

    return add


def verify() -> Iterator[Difference]:
    """Every difference, rule by rule, in the order of RULES; nothing if the books hold.

    Reads one snapshot, so it may run beside people who work: it neither waits for them nor makes them wait.
    """
    with snapshot():
        for one in RULES:
            for target, expected, found in one.check():
                yield Difference(one.code, one.name, target, expected, found)


# --- balances ---------------------------------------------------------------------------------------------------


@rule("同一单位的全部余额合计为零")
def balances_sum_to_zero() -> Findings:
    sql = "SELECT unit, SUM(balance) FROM ledger_account GROUP BY unit HAVING SUM(balance) <> 0 ORDER BY unit"
    for unit, total in _select(sql):
        yield f"单位 {unit}", amount_text(0, unit), amount_text(int(total), unit)


@rule("转出和转入账户单位相同")
def both_sides_have_one_unit() -> Findings:
    sql = """
        SELECT t.id, t.entry_id, s.code, s.unit, g.code, g.unit
        FROM ledger_transfer t
        JOIN ledger_account s ON s.id = t.source_id
        JOIN ledger_account g ON g.id = t.target_id
        WHERE s.unit <> g.unit ORDER BY t.id
    """
    for pk, entry, source, unit, target, other in _select(sql):
        yield f"转账 {pk}（{entry} 号记录）", "同一单位", f"{source} 为{unit}，{target} 为{other}"


@rule("余额等于转入减转出")
def balances_equal_transfers() -> Findings:
    sql = """
        SELECT a.code, a.unit, COALESCE(m.moved, 0), a.balance
        FROM ledger_account a
        LEFT JOIN (
            SELECT account_id, SUM(amount) AS moved
            FROM (SELECT target_id AS account_id, amount FROM ledger_transfer
                  UNION ALL SELECT source_id, -amount FROM ledger_transfer) legs
            GROUP BY account_id
        ) m ON m.account_id = a.id
        WHERE a.balance <> COALESCE(m.moved, 0) ORDER BY a.id
    """
    for code, unit, expected, found in _select(sql):
        yield f"账户 {code}", amount_text(int(expected), unit), amount_text(found, unit)


@rule("余额和待审数额不超出上下限")
def limits_hold() -> Findings:
    sql = """
        SELECT code, unit, minimum, maximum, balance, held_out, held_in FROM ledger_account
        WHERE balance - held_out < minimum OR balance + held_in > maximum
           OR held_out < 0 OR held_in < 0
        ORDER BY id
    """
    for code, unit, minimum, maximum, balance, held_out, held_in in _select(sql):
        low = "不限" if minimum is None else amount_text(minimum, unit)
        high = "不限" if maximum is None else amount_text(maximum, unit)
        yield (
            f"账户 {code}",
            f"下限 {low}，上限 {high}",
            f"余额 {amount_text(balance, unit)}，待审转出 {amount_text(held_out, unit)}，"
            f"待审转入 {amount_text(held_in, unit)}",
        )


@rule("每个方案的待安排资金为零")
def pools_are_empty() -> Findings:
    sql = "SELECT code, unit, balance FROM ledger_account WHERE stage = %s AND balance <> 0 ORDER BY id"
    for code, unit, balance in _select(sql, [accounts.POOL]):
        yield f"账户 {code}", amount_text(0, unit), amount_text(balance, unit)


# --- totals: the second proof -----------------------------------------------------------------------------------


@rule("合计等于转账之和")
def totals_equal_transfers() -> Findings:
    """By account, kind, concerned unit and period; what a transfer takes back counts as a negative in the column
    of what it takes back (ledger.models.Total)."""
    sql = """
        WITH moved AS MATERIALIZED (
            SELECT source_id, target_id, kind, organization_id, period_id,
                   CASE WHEN reverses_id IS NULL THEN 0 ELSE 1 END AS back, SUM(amount) AS amount
            FROM ledger_transfer
            GROUP BY source_id, target_id, kind, organization_id, period_id,
                     CASE WHEN reverses_id IS NULL THEN 0 ELSE 1 END
        )
        SELECT a.code, a.unit, x.kind, o.name, p.code, SUM(x.real_in), SUM(x.real_out), SUM(x.kept_in), SUM(x.kept_out)
        FROM (
            SELECT account_id, kind, organization_id, period_id,
                   0 AS real_in, 0 AS real_out, inflow AS kept_in, outflow AS kept_out FROM ledger_total
            UNION ALL SELECT source_id, kind, organization_id, period_id, 0, amount, 0, 0 FROM moved WHERE back = 0
            UNION ALL SELECT target_id, kind, organization_id, period_id, amount, 0, 0, 0 FROM moved WHERE back = 0
            UNION ALL SELECT source_id, kind, organization_id, period_id, -amount, 0, 0, 0 FROM moved WHERE back = 1
            UNION ALL SELECT target_id, kind, organization_id, period_id, 0, -amount, 0, 0 FROM moved WHERE back = 1
        ) x
        JOIN ledger_account a ON a.id = x.account_id
        JOIN directory_organization o ON o.id = x.organization_id
        JOIN ledger_period p ON p.id = x.period_id
        GROUP BY a.code, a.unit, x.kind, o.name, p.code
        HAVING SUM(x.real_in) <> SUM(x.kept_in) OR SUM(x.real_out) <> SUM(x.kept_out)
        ORDER BY a.code, p.code, x.kind, o.name
    """
    for code, unit, kind, organization, period, *sums in _select(sql):
        real_in, real_out, kept_in, kept_out = (amount_text(int(value), unit) for value in sums)
        yield (
            f"账户 {code}，{kind}，{organization}，{period}",
            f"转入 {real_in}，转出 {real_out}",
            f"转入 {kept_in}，转出 {kept_out}",
        )


@rule("各季合计累加等于余额")
def totals_give_balances() -> Findings:
    sql = """
        SELECT a.code, a.unit, COALESCE(t.moved, 0), a.balance
        FROM ledger_account a
        LEFT JOIN (SELECT account_id, SUM(inflow - outflow) AS moved FROM ledger_total GROUP BY account_id) t
            ON t.account_id = a.id
        WHERE a.balance <> COALESCE(t.moved, 0) ORDER BY a.id
    """
    for code, unit, expected, found in _select(sql):
        yield f"账户 {code}", amount_text(int(expected), unit), amount_text(found, unit)


@rule("各季季末余额不低于下限")
def quarter_ends_hold() -> Findings:
    """Only the minimum: it never moves, while a maximum may be lowered below what an earlier quarter ended with."""
    sql = """
        SELECT code, unit, minimum, period, ending FROM (
            SELECT a.id, a.code, a.unit, a.minimum, p.code AS period, p.starts_on,
                   SUM(SUM(t.inflow - t.outflow)) OVER (PARTITION BY a.id ORDER BY p.starts_on) AS ending
            FROM ledger_total t
            JOIN ledger_account a ON a.id = t.account_id
            JOIN ledger_period p ON p.id = t.period_id
            GROUP BY a.id, a.code, a.unit, a.minimum, p.code, p.starts_on
        ) quarters
        WHERE ending < minimum ORDER BY id, starts_on
    """
    for code, unit, minimum, period, ending in _select(sql):
        yield (
            f"账户 {code}，{period} 季末",
            f"不低于 {amount_text(minimum, unit)}",
            amount_text(int(ending), unit),
        )


# --- holds ------------------------------------------------------------------------------------------------------


@rule("待审数额等于各记录占用的净额")
def held_amounts_equal_holds() -> Findings:
    sql = """
        SELECT a.code, a.unit, COALESCE(h.gives, 0), COALESCE(h.takes, 0), a.held_out, a.held_in
        FROM ledger_account a
        LEFT JOIN (
            SELECT account_id, SUM(CASE WHEN net < 0 THEN -net ELSE 0 END) AS gives,
                   SUM(CASE WHEN net > 0 THEN net ELSE 0 END) AS takes
            FROM (
                SELECT entry_id, account_id, SUM(amount) AS net
                FROM (SELECT entry_id, target_id AS account_id, amount FROM ledger_hold
                      UNION ALL SELECT entry_id, source_id, -amount FROM ledger_hold) legs
                GROUP BY entry_id, account_id
            ) nets
            GROUP BY account_id
        ) h ON h.account_id = a.id
        WHERE NOT a.counts_people AND (a.held_out <> COALESCE(h.gives, 0) OR a.held_in <> COALESCE(h.takes, 0))
        ORDER BY a.id
    """
    for code, unit, *sums in _select(sql):
        gives, takes, held_out, held_in = (amount_text(int(value), unit) for value in sums)
        yield f"账户 {code}", f"待审转出 {gives}，转入 {takes}", f"待审转出 {held_out}，转入 {held_in}"


@rule("只有待审记录占用资金")
def only_undecided_entries_hold() -> Findings:
    sql = """
        SELECT e.id, e.state, COUNT(*) FROM ledger_hold h JOIN ledger_entry e ON e.id = h.entry_id
        WHERE e.state <> 'submitted' GROUP BY e.id, e.state ORDER BY e.id
    """
    for pk, state, count in _select(sql):
        yield f"{pk} 号记录", "没有占用", f"{_state(state)}，仍有占用 {count} 条"


@rule("待审记录的占用与明细一致")
def holds_say_what_details_say() -> Findings:
    """Also of a correction or reversal: everything its target moved is held back, exactly once."""
    yield from _moves_differ(Hold, Entry.State.SUBMITTED)
    yield from _not_taken_back("ledger_hold", "submitted")
    yield from _not_mirrored("ledger_hold")


# --- persons ------------------------------------------------------------------------------------------------------


@rule("在册次数等于有效参与次数")
def presences_equal_participations() -> Findings:
    """A participation stands if its version's entry is in force, waits if it is submitted.

    Persons that were merged differ row by row, so only what differs is added up per survivor, here and not in SQL:
    a recursive join over every participation took minutes on a PostgreSQL without statistics.
    """
    sql = """
        SELECT account_id, person_id, SUM(approved), SUM(held), SUM(kept_approved), SUM(kept_held)
        FROM (
            SELECT p.account_id, p.person_id,
                   CASE WHEN e.state = 'approved' THEN 1 ELSE 0 END AS approved,
                   CASE WHEN e.state = 'submitted' THEN 1 ELSE 0 END AS held,
                   0 AS kept_approved, 0 AS kept_held
            FROM ledger_participation p
            JOIN ledger_entry e ON e.id = p.entry_id AND e.version = p.version
            JOIN ledger_subject s ON s.id = e.subject_id
            WHERE p.eligible AND (e.state = 'submitted' OR s.in_force_id = e.id)
            UNION ALL SELECT account_id, person_id, 0, 0, approved, held FROM ledger_presence
        ) x
        GROUP BY account_id, person_id
        HAVING SUM(approved) <> SUM(kept_approved) OR SUM(held) <> SUM(kept_held)
    """
    rows = [tuple(int(value) for value in row) for row in _select(sql)]
    counts_as = survivors({person for _, person, *_ in rows})
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for account, person, *counts in rows:
        cell = sums[account, counts_as[person]]
        cell[:] = [old + new for old, new in zip(cell, counts, strict=True)]
    codes = dict(Account.objects.filter(pk__in={account for account, _ in sums}).values_list("pk", "code"))
    for (account, person), (approved, held, kept_approved, kept_held) in sorted(sums.items()):
        if (approved, held) != (kept_approved, kept_held):
            yield (
                f"账户 {codes[account]}，人员 {person}",
                f"已通过 {approved} 次，待审 {held} 次",
                f"已通过 {kept_approved} 次，待审 {kept_held} 次",
            )


@rule("按人去重的账户等于在册人数")
def people_accounts_equal_presences() -> Findings:
    sql = """
        SELECT a.code, COALESCE(n.there, 0), COALESCE(n.waiting, 0), a.balance, a.held_in, a.held_out
        FROM ledger_account a
        LEFT JOIN (
            SELECT account_id, SUM(CASE WHEN approved > 0 THEN 1 ELSE 0 END) AS there,
                   SUM(CASE WHEN approved = 0 AND held > 0 THEN 1 ELSE 0 END) AS waiting
            FROM ledger_presence GROUP BY account_id
        ) n ON n.account_id = a.id
        WHERE a.counts_people
          AND (a.balance <> COALESCE(n.there, 0) OR a.held_in <> COALESCE(n.waiting, 0) OR a.held_out <> 0)
        ORDER BY a.code
    """
    for code, there, waiting, balance, held_in, held_out in _select(sql):
        yield (
            f"账户 {code}",
            f"{int(there)} 人，待审 {int(waiting)} 人",
            f"{balance} 人，待审 {held_in} 人" + (f"，待审转出 {held_out} 人" if held_out else ""),
        )


# --- transfers and the entries they belong to -------------------------------------------------------------------


@rule("只有已通过的记录有转账")
def only_approved_entries_move() -> Findings:
    sql = """
        SELECT e.id, e.state, COUNT(*) FROM ledger_transfer t JOIN ledger_entry e ON e.id = t.entry_id
        WHERE e.state <> 'approved' GROUP BY e.id, e.state ORDER BY e.id
    """
    for pk, state, count in _select(sql):
        yield f"{pk} 号记录", "没有转账", f"{_state(state)}，有转账 {count} 条"


@rule("已通过记录的转账与明细一致")
def transfers_say_what_details_say() -> Findings:
    yield from _moves_differ(Transfer, Entry.State.APPROVED)


@rule("冲销的转账与原转账相反、相等")
def reversing_transfers_mirror() -> Findings:
    yield from _not_mirrored("ledger_transfer")


@rule("被更正或红冲的记录全部冲回")
def corrected_entries_are_taken_back() -> Findings:
    yield from _not_taken_back("ledger_transfer", "approved")


@rule("估计数只在没有名册时计入")
def estimates_stand_without_rosters() -> Findings:
    """What every register says stands now, against what was posted of estimates and of their replacement."""
    expected: dict[int, int] = defaultdict(int)
    for register in all_registers().values():
        if register.estimates:
            for account_id, amount in register.estimates.standing().items():
                expected[account_id] += amount
    sql = """
        SELECT account_id, SUM(amount) FROM (
            SELECT target_id AS account_id, amount FROM ledger_transfer WHERE kind = 'estimated'
            UNION ALL SELECT source_id, -amount FROM ledger_transfer WHERE kind = 'replaced'
        ) moves GROUP BY account_id
    """
    posted = {account: int(amount) for account, amount in _select(sql)}
    accounts_of = Account.objects.in_bulk(expected.keys() | posted.keys())
    for pk, account in sorted(accounts_of.items()):
        if expected.get(pk, 0) != posted.get(pk, 0):
            yield (
                f"账户 {account.code} 的估计数",
                amount_text(expected.get(pk, 0), account.unit),
                amount_text(posted.get(pk, 0), account.unit),
            )


@rule("记录和它的转账记在同一季度、同一日期")
def entries_and_transfers_share_period() -> Findings:
    sql = """
        SELECT DISTINCT e.id, pe.code, e.occurred_on, pt.code, t.occurred_on
        FROM ledger_transfer t
        JOIN ledger_entry e ON e.id = t.entry_id
        JOIN ledger_period pt ON pt.id = t.period_id
        LEFT JOIN ledger_period pe ON pe.id = e.posted_period_id
        WHERE e.state = 'approved'
          AND (e.posted_period_id IS NULL OR e.posted_period_id <> t.period_id OR e.occurred_on <> t.occurred_on)
        ORDER BY e.id
    """
    for pk, period, day, found, found_day in _select(sql):
        yield f"{pk} 号记录", f"{period or '未记季度'}，{day}", f"转账记在 {found}，{found_day}"


# --- entries and their versions ---------------------------------------------------------------------------------


@rule("每条记录的每个版本都有明细")
def every_version_has_its_detail() -> Findings:
    known = sorted(all_registers())
    marks = ", ".join(["%s"] * len(known)) or "''"
    sql = f"SELECT register, COUNT(*) FROM ledger_entry WHERE register NOT IN ({marks}) GROUP BY register"  # noqa: S608
    for code, count in _select(sql, known):
        yield f"台账 {code}", "程序中有声明的台账", f"没有声明，有记录 {count} 条"
    for register in all_registers().values():
        table = register.model._meta.db_table
        sql = f"""
            SELECT e.id, e.version, COALESCE(d.rows, 0), COALESCE(d.first, 0), COALESCE(d.last, 0)
            FROM ledger_entry e
            LEFT JOIN (SELECT entry_id, COUNT(*) AS rows, MIN(version) AS first, MAX(version) AS last
                       FROM "{table}" GROUP BY entry_id) d ON d.entry_id = e.id
            WHERE e.register = %s
              AND (COALESCE(d.rows, 0) <> e.version OR d.first <> 1 OR d.last <> e.version)
            ORDER BY e.id
        """  # noqa: S608  the table's name is the model's
        for pk, version, rows, first, last in _select(sql, [register.code]):
            found = f"{rows} 行，第 {first} 版至第 {last} 版" if rows else "没有明细"
            yield f"{pk} 号记录", f"第 1 版至第 {version} 版各一行", found
    for table, codes in _detail_tables().items():
        marks = ", ".join(["%s"] * len(codes))
        sql = f"""
            SELECT d.id, d.entry_id, e.register FROM "{table}" d JOIN ledger_entry e ON e.id = d.entry_id
            WHERE e.register NOT IN ({marks}) ORDER BY d.id
        """  # noqa: S608
        for pk, entry, code in _select(sql, codes):
            yield f"明细 {table} {pk}", f"属于台账 {'、'.join(codes)}", f"属于 {entry} 号记录（{code}）"


@rule("记录的业务主键、日期、数量、摘要与明细一致")
def entries_say_what_details_say() -> Findings:
    for register, rows in _latest_rows(*Entry.State):
        for row in rows:
            entry = row.entry
            found = (
                entry.subject.register,
                entry.subject.key,
                entry.occurred_on,
                entry.amount,
                entry.summary,
            )
            try:
                expected = (
                    register.code,
                    register.natural_key(row)[:300],
                    register.occurred_on(row),
                    register.amount(row),
                    register.summary(row)[:200],
                )
            except Exception as error:
                yield f"{entry.pk} 号记录", "能按明细重算", f"无法重算（{type(error).__name__}）"
                continue
            for name, one, other in zip(
                ("台账", "业务主键", "日期", "数量", "摘要"), expected, found, strict=True
            ):
                if one != other:
                    yield f"{entry.pk} 号记录的{name}", str(one), str(other)


@rule("业务对象指向的记录属于它且状态相符")
def subjects_point_to_their_entries() -> Findings:
    sql = """
        SELECT s.id, e.id, e.state, CASE WHEN e.subject_id = s.id THEN 1 ELSE 0 END
        FROM ledger_subject s JOIN ledger_entry e ON e.id = s.in_force_id
        WHERE e.state <> 'approved' OR e.subject_id <> s.id OR e.kind = 'reversal' ORDER BY s.id
    """
    for pk, entry, state, own in _select(sql):
        what = f"{entry} 号记录，{_state(state)}" + ("" if own else "，属于另一业务对象")
        yield f"业务对象 {pk} 的生效记录", "本对象已通过的记录，且不是红冲", what
    sql = """
        SELECT s.id, e.id, e.state
        FROM ledger_subject s
        JOIN ledger_entry e ON e.id = s.undecided_id
        LEFT JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE e.state <> 'submitted' OR (e.subject_id <> s.id AND COALESCE(c.subject_id, 0) <> s.id)
        ORDER BY s.id
    """
    for pk, entry, state in _select(sql):
        yield f"业务对象 {pk} 的待审记录", "本对象待审核的记录", f"{entry} 号记录，{_state(state)}"


@rule("已通过而未被冲销或接续的记录生效，待审记录占住业务对象")
def entries_are_pointed_to() -> Findings:
    """What was corrected, reversed, or followed by a step that was not: is in force no more."""
    sql = """
        WITH taken_back AS MATERIALIZED (
            SELECT DISTINCT corrects_id AS id FROM ledger_entry
            WHERE corrects_id IS NOT NULL AND state = 'approved'
        ), corrected AS MATERIALIZED (
            SELECT id FROM taken_back
            UNION SELECT e.follows_id FROM ledger_entry e LEFT JOIN taken_back t ON t.id = e.id
            WHERE e.follows_id IS NOT NULL AND e.state = 'approved' AND t.id IS NULL
        )
        SELECT e.id, s.in_force_id, CASE WHEN c.id IS NULL THEN 1 ELSE 0 END
        FROM ledger_entry e
        JOIN ledger_subject s ON s.id = e.subject_id
        LEFT JOIN corrected c ON c.id = e.id
        WHERE e.state = 'approved' AND e.kind <> 'reversal'
          AND ((c.id IS NULL AND COALESCE(s.in_force_id, 0) <> e.id) OR (c.id IS NOT NULL AND s.in_force_id = e.id))
        ORDER BY e.id
    """
    for pk, in_force, should in _select(sql):
        expected = "是业务对象的生效记录" if should else "已被冲销或接续，不再生效"
        yield f"{pk} 号记录", expected, f"生效的是 {in_force} 号记录" if in_force else "业务对象没有生效记录"
    sql = """
        SELECT e.id, s.id FROM ledger_entry e JOIN ledger_subject s ON s.id = e.subject_id
        WHERE e.state = 'submitted' AND COALESCE(s.undecided_id, 0) <> e.id
        UNION SELECT e.id, s.id
        FROM ledger_entry e
        JOIN ledger_entry c ON c.id = e.corrects_id
        JOIN ledger_subject s ON s.id = c.subject_id
        WHERE e.state = 'submitted' AND COALESCE(s.undecided_id, 0) <> e.id
        ORDER BY 1, 2
    """
    for pk, subject in _select(sql):
        yield f"{pk} 号记录", f"占住业务对象 {subject}", "没有占住"


@rule("更正和红冲各有其对象，同一记录至多一条")
def corrections_are_single() -> Findings:
    sql = """
        SELECT corrects_id, COUNT(*) FROM ledger_entry
        WHERE corrects_id IS NOT NULL AND state IN ('submitted', 'approved')
        GROUP BY corrects_id HAVING COUNT(*) > 1 ORDER BY corrects_id
    """
    for pk, count in _select(sql):
        yield f"{pk} 号记录", "至多一条有效的更正或红冲", f"{count} 条"
    sql = """
        SELECT e.id, c.id, c.kind, c.state FROM ledger_entry e JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE c.kind = 'reversal' OR c.state <> 'approved' ORDER BY e.id
    """
    for pk, target, kind, state in _select(sql):
        kind_text = Entry.Kind(kind).label if kind in Entry.Kind else kind
        yield (
            f"{pk} 号记录",
            "更正或红冲一条已通过的、不是红冲的记录",
            f"指向 {target} 号（{kind_text}，{_state(state)}）",
        )


@rule("每一步接在同一业务已通过的记录之后")
def steps_follow_their_own() -> Findings:
    """Also a correction of a step, which stands on the same ground as the step it corrects."""
    sql = """
        SELECT e.id, f.id, f.kind, f.state, CASE WHEN f.subject_id = e.subject_id THEN 1 ELSE 0 END
        FROM ledger_entry e JOIN ledger_entry f ON f.id = e.follows_id
        WHERE f.kind = 'reversal' OR f.state <> 'approved' OR f.subject_id <> e.subject_id ORDER BY e.id
    """
    for pk, target, kind, state, own in _select(sql):
        kind_text = Entry.Kind(kind).label if kind in Entry.Kind else kind
        what = f"接在 {target} 号（{kind_text}，{_state(state)}）之后" + ("" if own else "，那是另一笔业务")
        yield f"{pk} 号记录", "接在同一业务一条已通过的、不是红冲的记录之后", what
    sql = """
        SELECT e.id, c.id, COALESCE(e.follows_id, 0), COALESCE(c.follows_id, 0)
        FROM ledger_entry e JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE e.kind = 'correction' AND COALESCE(e.follows_id, 0) <> COALESCE(c.follows_id, 0) ORDER BY e.id
    """
    for pk, target, found, expected in _select(sql):
        yield (
            f"{pk} 号记录",
            f"与所更正的 {target} 号接在同一条之后（{expected or '无'}）",
            str(found or "无"),
        )


@rule("审核人不是填报人或提交人")
def deciders_are_others() -> Findings:
    sql = """
        SELECT id, decided_by_id FROM ledger_entry
        WHERE decided_by_id = filed_by_id OR decided_by_id = submitted_by_id ORDER BY id
    """
    for pk, user in _select(sql):
        yield f"{pk} 号记录", "由另一人审核", f"审核人（用户 {user}）就是填报人或提交人"


@rule("审核意见与记录状态一致")
def decisions_match_states() -> Findings:
    """Versions before the last were returned or withdrawn; the last has the decision its state says, by the
    entry's decider, or none while undecided. A voided one has that besides whatever came before."""
    sql = """
        SELECT e.id, e.version, e.state, COUNT(d.id)
        FROM ledger_entry e LEFT JOIN ledger_decision d ON d.entry_id = e.id
        GROUP BY e.id, e.version, e.state, e.decided_by_id
        HAVING COUNT(DISTINCT CASE WHEN d.outcome <> 'void' THEN d.version END)
                <> COUNT(CASE WHEN d.outcome <> 'void' THEN 1 END)
            OR COUNT(CASE WHEN d.outcome = 'void' THEN 1 END) <> CASE WHEN e.state = 'void' THEN 1 ELSE 0 END
            OR COUNT(CASE WHEN d.outcome <> 'void' THEN 1 END) NOT IN (
                e.version - CASE WHEN e.state IN ('submitted', 'void') THEN 1 ELSE 0 END,
                e.version - CASE WHEN e.state = 'submitted' THEN 1 ELSE 0 END)
            OR SUM(CASE WHEN d.version > e.version
                          OR (d.version < e.version AND d.outcome = 'approved')
                          OR (d.version = e.version AND d.outcome <> e.state AND e.state <> 'void')
                          OR (d.version = e.version AND d.outcome IN ('approved', 'returned')
                              AND (e.decided_by_id IS NULL OR d.by_id <> e.decided_by_id))
                        THEN 1 ELSE 0 END) > 0
        ORDER BY e.id
    """
    for pk, version, state, count in _select(sql):
        yield (
            f"{pk} 号记录",
            f"第 {version} 版，{_state(state)}，此前各版均已退回或撤回",
            f"审核意见 {count} 条，与此不符",
        )


@rule("记录对涉及单位可见，对其他单位不可见")
def concerns_are_the_units_moved() -> Findings:
    sql = """
        WITH named AS MATERIALIZED (  -- once per entry, not per person: joins stay small without statistics too
            SELECT DISTINCT entry_id, version, organization_id FROM ledger_participation
        ), reached AS MATERIALIZED (
            SELECT p.entry_id, p.organization_id FROM named p
            JOIN ledger_entry e ON e.id = p.entry_id AND e.version = p.version
        ), wanted AS (
            SELECT id AS entry_id, filed_for_id AS organization_id FROM ledger_entry
            WHERE state IN ('submitted', 'approved')
            UNION SELECT entry_id, organization_id FROM ledger_transfer
            UNION SELECT entry_id, organization_id FROM ledger_hold
            UNION SELECT p.entry_id, p.organization_id FROM reached p
            UNION SELECT c.id, k.organization_id
            FROM ledger_entryconcern k JOIN ledger_entry c ON c.corrects_id = k.entry_id
            UNION SELECT c.id, k.organization_id
            FROM ledger_entryconcern k JOIN ledger_entry c ON c.follows_id = k.entry_id
        ), kept AS (
            SELECT c.entry_id, c.organization_id FROM ledger_entryconcern c
            JOIN ledger_entry e ON e.id = c.entry_id WHERE e.state IN ('submitted', 'approved')
        )
        SELECT x.entry_id, o.name, x.wanted FROM (
            SELECT w.entry_id, w.organization_id, 1 AS wanted FROM
                (SELECT entry_id, organization_id FROM wanted EXCEPT SELECT entry_id, organization_id FROM kept) w
            UNION ALL SELECT k.entry_id, k.organization_id, 0 FROM
                (SELECT entry_id, organization_id FROM kept EXCEPT SELECT entry_id, organization_id FROM wanted) k
        ) x
        JOIN ledger_entry e ON e.id = x.entry_id AND e.state IN ('submitted', 'approved')
        JOIN directory_organization o ON o.id = x.organization_id
        ORDER BY x.entry_id, o.name
    """
    for pk, organization, wanted in _select(sql):
        expected, found = ("涉及", "未列入涉及单位") if wanted else ("不涉及", "列入了涉及单位")
        yield f"{pk} 号记录", f"{expected}{organization}", found


@rule("记录归入本单位、本台账的报送")
def entries_are_in_their_filing() -> Findings:
    sql = """
        SELECT e.id, e.filing_id FROM ledger_entry e JOIN ledger_filing f ON f.id = e.filing_id
        WHERE f.organization_id <> e.filed_for_id OR f.register <> e.register OR f.first_submitted_at IS NULL
        ORDER BY e.id
    """
    for pk, filing in _select(sql):
        yield f"{pk} 号记录", "归入本单位、本台账且已记首次提交的报送", f"归入报送 {filing}，与此不符"


# --- closed quarters --------------------------------------------------------------------------------------------


@rule("关账以后没有再记入该季度")
def nothing_is_posted_after_closing() -> Findings:
    sql = """
        SELECT p.code, s.sealed_at, COUNT(t.id), MAX(t.posted_at)
        FROM ledger_seal s
        JOIN ledger_period p ON p.id = s.period_id
        JOIN ledger_transfer t ON t.period_id = p.id AND t.posted_at > s.sealed_at
        GROUP BY p.code, s.sealed_at ORDER BY p.code
    """
    for code, sealed_at, count, last in _select(sql):
        yield f"季度 {code}", f"{sealed_at} 关账后没有转账", f"{count} 条，最晚 {last}"


@rule("已关账的季度有封签，未关账的没有")
def closed_quarters_are_sealed() -> Findings:
    sql = """
        SELECT p.code, CASE WHEN p.is_closed THEN 1 ELSE 0 END
        FROM ledger_period p LEFT JOIN ledger_seal s ON s.period_id = p.id
        WHERE (p.is_closed AND s.id IS NULL) OR (NOT p.is_closed AND s.id IS NOT NULL) ORDER BY p.starts_on
    """
    for code, closed in _select(sql):
        expected, found = ("已关账，有封签", "没有封签") if closed else ("未关账，没有封签", "有封签")
        yield f"季度 {code}", expected, found


@rule("封签前后相接")
def seals_are_chained() -> Findings:
    sql = """
        SELECT code, wanted, previous FROM (
            SELECT p.code, p.starts_on, s.previous,
                   COALESCE(LAG(s.digest) OVER (ORDER BY p.starts_on), '') AS wanted
            FROM ledger_seal s JOIN ledger_period p ON p.id = s.period_id
        ) chain
        WHERE wanted <> previous ORDER BY starts_on
    """
    for code, wanted, previous in _select(sql):
        yield f"季度 {code} 的上一封签", wanted or "（第一枚，无）", previous or "（无）"


@rule("封签与该季度的转账和审计相符")
def seals_recompute() -> Findings:
    for period in Period.objects.filter(seal__isnull=False).select_related("seal").order_by("starts_on"):
        now = seals.compute(period, seals.last_seal_before(period))
        seal = period.seal
        kept = (seal.transfer_count, seal.event_count, seal.digest)
        if kept != (now.transfers, now.events, now.digest):
            yield (
                f"季度 {period.code}",
                f"封签 {seal.digest[:16]}（转账 {seal.transfer_count} 条，审计 {seal.event_count} 条）",
                f"{now.digest[:16]}（转账 {now.transfers} 条，审计 {now.events} 条）",
            )


# --- the trail, the files, the guards ---------------------------------------------------------------------------


@rule("每次提交和审核都有审计记录")
def every_deed_has_its_event() -> Findings:
    sql = """
        SELECT target, verb, SUM(wanted), SUM(kept) FROM (
            SELECT 'ledger.entry:' || id AS target, 'entry.submitted' AS verb, version AS wanted, 0 AS kept
            FROM ledger_entry
            UNION ALL SELECT 'ledger.entry:' || entry_id, 'entry.' || outcome, 1, 0 FROM ledger_decision
            UNION ALL SELECT target, verb, 0, 1 FROM audit_event
            WHERE outcome = 'done'
              AND verb IN ('entry.submitted', 'entry.approved', 'entry.returned', 'entry.withdrawn', 'entry.void')
        ) deeds
        GROUP BY target, verb HAVING SUM(wanted) <> SUM(kept) ORDER BY target, verb
    """
    for target, verb, wanted, kept in _select(sql):
        yield f"{target.rpartition(':')[2]} 号记录", f"{verb} {int(wanted)} 次", f"审计记录 {int(kept)} 条"


@rule("已通过的记录有要求的凭据")
def approved_entries_have_evidence() -> Findings:
    bare = Entry.objects.unscoped("核对全部账目").filter(state=Entry.State.APPROVED)
    hung = EntryEvidence.objects.filter(version=F("entry__version")).values("entry_id")
    wanting = bare.exclude(kind=Entry.Kind.REVERSAL).exclude(pk__in=hung)
    for register, rows in _latest_rows(Entry.State.APPROVED, entries=wanting):
        for row in rows:
            missing = register.evidence_rule(row)
            if missing:
                yield f"{row.entry_id} 号记录", f"有{missing}", "没有凭据"


@rule("凭据的指纹与记录版本所记一致")
def evidence_is_what_was_hung() -> Findings:
    sql = """
        SELECT x.entry_id, x.version, e.id, e.sha256, x.sha256
        FROM ledger_entryevidence x JOIN ledger_evidence e ON e.id = x.evidence_id
        WHERE e.sha256 <> x.sha256 ORDER BY x.id
    """
    for pk, version, evidence, expected, found in _select(sql):
        yield f"{pk} 号记录第 {version} 版，凭据 {evidence}", found[:16], expected[:16]


@rule("凭据文件在且未被改动")
def evidence_files_are_whole() -> Findings:
    for evidence in Evidence.objects.unscoped("核对全部凭据文件").order_by("pk").iterator(CHUNK):
        found = sha256_of(evidence)
        if found != evidence.sha256:
            where = f"凭据 {evidence.pk}（{evidence.path}）"
            yield where, evidence.sha256[:16], found[:16] if found else "文件不在"


@rule("数据库的触发器齐全、未被改动")
def triggers_are_in_place() -> Findings:
    for problem in triggers.missing(connection):
        yield "触发器", "与程序所定一致", problem


@rule("没有遗留的记账标记")
def no_posting_is_left_open() -> Findings:
    """SQLite's guard row; on PostgreSQL the guard ends with its transaction."""
    for (count,) in _select("SELECT COUNT(*) FROM ledger_postingguard HAVING COUNT(*) > 0"):
        yield "表 ledger_postingguard", "没有行", f"{count} 行，触发器此刻不起作用"


@rule("没有指向空处的外键")
def no_reference_dangles() -> Findings:
    """SQLite's own clients leave foreign keys unchecked unless told otherwise; PostgreSQL cannot dangle."""
    if connection.vendor != "sqlite":
        return
    for table, rowid, parent, _ in _select("PRAGMA foreign_key_check"):
        yield f"表 {table} 第 {rowid} 行", f"指向 {parent} 中的一行", "所指的行不存在"


# --- what several rules need ------------------------------------------------------------------------------------


def _select(sql: str, values: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _state(code: str) -> str:
    return str(Entry.State(code).label) if code in Entry.State else code


def _detail_tables() -> dict[str, list[str]]:
    """Table → the codes of the registers that keep their rows in it."""
    tables: dict[str, list[str]] = defaultdict(list)
    for register in all_registers().values():
        tables[register.model._meta.db_table].append(register.code)
    return tables


def _latest_rows(*states: str, entries: Any = None) -> Iterator[tuple[Register, list[Any]]]:
    """The rows of the entries' latest versions, chunk by chunk, with what a register asks of them at hand."""
    with accounts.only_existing():
        for register in all_registers().values():
            model: Any = register.model
            rows = model.objects.filter(
                version=F("entry__version"), entry__register=register.code, entry__state__in=states
            )
            if entries is not None:
                rows = rows.filter(entry__in=entries)
            near = list(_relations(model))
            ready = rows.select_related("entry__subject").prefetch_related(*near).order_by("entry_id")
            for chunk in _chunks(ready.iterator(CHUNK)):
                yield register, chunk


def _relations(model: type[Model]) -> Iterator[str]:
    """The foreign keys of a detail row, and those of what they point to: `line` and `line__parent`."""
    for field in model._meta.concrete_fields:
        if field.many_to_one and field.name != "entry":
            yield field.name
            near: Any = field.related_model
            for further in near._meta.concrete_fields:
                if further.many_to_one:
                    yield f"{field.name}__{further.name}"


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _moves_differ(model: type[Hold | Transfer], state: str) -> Findings:
    """Entries in `state` whose own rows of `model` are not the legs their detail row says; a reversal has none, and a
    step has what its row says more or less than the row before."""
    codes = dict(Account.objects.values_list("pk", "code"))
    units = dict(Account.objects.values_list("pk", "unit"))

    def text(moves: Iterable[Moved]) -> str:
        return "；".join(
            f"{kind} {codes.get(source)}→{codes.get(target)} {amount_text(amount, units.get(source, ''))}"
            for kind, source, target, amount, _ in sorted(moves)
        )

    for register, rows in _latest_rows(state):
        made: dict[int, list[Moved]] = defaultdict(list)
        own = model._default_manager.filter(entry__in=[row.entry_id for row in rows], reverses__isnull=True)
        own = own.exclude(kind__in=posting.AT_POSTING)
        columns = ("entry_id", "kind", "source_id", "target_id", "amount", "organization_id")
        for entry_id, *move in own.values_list(*columns):
            made[entry_id].append(tuple(move))
        before = _rows_before(register, rows)
        for row in rows:
            follows = row.entry.follows_id
            try:
                said = [] if row.entry.kind == Entry.Kind.REVERSAL else _said(register, row)
                stood = _said(register, before[follows]) if follows else []
            except Exception as error:
                yield f"{row.entry_id} 号记录", "能按明细重算", f"无法重算（{type(error).__name__}：{error}）"
                continue
            expected, found = Counter(said), Counter(made[row.entry_id])
            if follows:
                back = [(kind, target, source, amount, unit) for kind, source, target, amount, unit in stood]
                expected, found = _netted([*said, *back]), _netted(made[row.entry_id])
            if expected != found:
                yield (
                    f"{row.entry_id} 号记录",
                    text((expected - found).elements()) or "没有更多",
                    text((found - expected).elements()) or "没有",
                )


def _said(register: Register, row: Any) -> list[Moved]:
    return [
        (leg.kind, leg.source.pk, leg.target.pk, leg.amount, leg.organization_id)
        for leg in register.legs(row)
    ]


def _rows_before(register: Register, rows: Sequence[Any]) -> dict[int, Any]:
    """Entry id → the row which one of `rows` follows as a step."""
    model: Any = register.model
    wanted = {row.entry.follows_id for row in rows if row.entry.follows_id}
    if not wanted:
        return {}
    found = model.objects.filter(entry__in=wanted, version=F("entry__version"))
    return {row.entry_id: row for row in found.select_related("entry").prefetch_related(*_relations(model))}


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


def _not_mirrored(table: str) -> Findings:
    """Rows that take a transfer back but are not its exact opposite, or not filed against its entry."""
    sql = f"""
        SELECT m.id, m.entry_id, t.id, t.entry_id
        FROM "{table}" m
        JOIN ledger_entry e ON e.id = m.entry_id
        JOIN ledger_transfer t ON t.id = m.reverses_id
        WHERE m.source_id <> t.target_id OR m.target_id <> t.source_id OR m.amount <> t.amount
           OR m.kind <> t.kind OR m.organization_id <> t.organization_id OR t.reverses_id IS NOT NULL
           OR e.corrects_id IS NULL OR e.corrects_id <> t.entry_id
        ORDER BY m.id
    """  # noqa: S608  one of two table names
    for pk, entry, original, of in _select(sql):
        yield f"{entry} 号记录的冲销 {pk}", f"与转账 {original}（{of} 号记录）相反、相等", "不是"


def _not_taken_back(table: str, state: str) -> Findings:
    """Transfers of an entry with a correction or reversal in `state` whose opposite is missing in `table`."""
    sql = f"""
        SELECT c.id, e.id, COUNT(*)
        FROM ledger_entry c
        JOIN ledger_entry e ON e.id = c.corrects_id
        JOIN ledger_transfer t ON t.entry_id = e.id AND t.reverses_id IS NULL
            AND t.kind NOT IN ('counted', 'uncounted', 'estimated', 'replaced')
        LEFT JOIN "{table}" m ON m.reverses_id = t.id
        WHERE c.corrects_id IS NOT NULL AND c.state = %s AND m.id IS NULL
        GROUP BY c.id, e.id ORDER BY c.id
    """  # noqa: S608
    for pk, target, count in _select(sql, [state]):
        yield f"{pk} 号记录", f"冲回 {target} 号记录的全部转账", f"有 {count} 条没有冲回"
