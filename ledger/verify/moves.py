"""Transfers against the entries they belong to, and against each other."""

from __future__ import annotations

from collections import defaultdict

from ledger.models import Account
from ledger.posting import amount_text
from ledger.registers import all_registers
from ledger.verify.core import Findings, rule, select, state_text


@rule("只有已通过的记录有转账")
def only_approved_entries_move() -> Findings:
    sql = """
        SELECT e.id, e.state, COUNT(*) FROM ledger_transfer t JOIN ledger_entry e ON e.id = t.entry_id
        WHERE e.state <> 'approved' GROUP BY e.id, e.state ORDER BY e.id
    """
    for pk, state, count in select(sql):
        yield f"{pk} 号记录", "没有转账", f"{state_text(state)}，有转账 {count} 条"


@rule("冲销的转账与原转账相反、相等")
def reversing_transfers_mirror() -> Findings:
    yield from not_mirrored("ledger_transfer")


@rule("被更正或红冲的记录全部冲回")
def corrected_entries_are_taken_back() -> Findings:
    yield from not_taken_back("ledger_transfer", "approved")


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
    posted = {account: int(amount) for account, amount in select(sql)}
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
    for pk, period, day, found, found_day in select(sql):
        yield f"{pk} 号记录", f"{period or '未记季度'}，{day}", f"转账记在 {found}，{found_day}"


def not_mirrored(table: str) -> Findings:
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
    for pk, entry, original, of in select(sql):
        yield f"{entry} 号记录的冲销 {pk}", f"与转账 {original}（{of} 号记录）相反、相等", "不是"


def not_taken_back(table: str, state: str) -> Findings:
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
    for pk, target, count in select(sql, [state]):
        yield f"{pk} 号记录", f"冲回 {target} 号记录的全部转账", f"有 {count} 条没有冲回"
