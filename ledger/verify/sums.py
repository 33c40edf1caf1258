"""Balances, totals, limits and holds: what is kept against what it is the sum of."""

from __future__ import annotations

from ledger import accounts
from ledger.models import Account, Unit
from ledger.posting import amount_text
from ledger.verify.core import Findings, rule, select, state_text


@rule("同一单位的全部余额合计为零")
def balances_sum_to_zero() -> Findings:
    sql = "SELECT unit, SUM(balance) FROM ledger_account GROUP BY unit HAVING SUM(balance) <> 0 ORDER BY unit"
    for unit, total in select(sql):
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
    for pk, entry, source, unit, target, other in select(sql):
        yield f"转账 {pk}（{entry} 号记录）", "同一单位", f"{source} 为{unit}，{target} 为{other}"


@rule("账户的归属与其代码一致")
def accounts_are_what_their_codes_say() -> Findings:
    """The code never changes (a trigger) and is what rows find the account by; plan, line, stage, unit and contract are
    what figures are summed by. Also: a rule of the plan counts people where its unit is 人, and nothing
    else does."""
    for account in Account.objects.select_related("plan", "line", "organization").order_by("pk").iterator():
        expected = _code(account)
        if account.code != expected:
            yield f"账户 {account.code}", "方案、项目、环节、单位、合同与代码一致", f"合起来应是 {expected}"
    sql = """
        SELECT code, unit FROM ledger_account
        WHERE (stage IN (%s, %s) AND unit = '人') <> counts_people ORDER BY id
    """
    for code, unit in select(sql, [accounts.TARGET, accounts.PART]):
        yield f"账户 {code}", "任务数以人为单位的按人去重，其他的不去重", f"单位 {unit}，与此不符"


def _code(account: Account) -> str:
    """What the code must be by the other columns; only they say what is counted, and which part of it."""
    plan, stage, unit = account.plan, account.stage, account.organization
    if plan is None:
        return account.code if "/" not in account.code else "没有方案"
    if stage in (accounts.TARGET, accounts.PART):
        stem = accounts.code_for(plan, accounts.TARGET)
        count = account.code.removeprefix(f"{stem}/").partition("@")[0]
        stage = f"{accounts.TARGET}/{count}" if ("/" in count) is (stage == accounts.PART) else stage
    elif stage == accounts.OUTSIDE and (
        account.unit != Unit.FEN or account.code.endswith(f"/{Unit.FEN.value}")
    ):
        stage = f"{stage}/{account.unit}"  # of what is counted, and of an app's own money; claims have one without
    elif stage in accounts.HOLDS and account.unit != Unit.FEN:
        return f"{account.code}，单位 {Unit.FEN.value}"
    return accounts.code_for(plan, stage, account.line, unit, account.contract)


@rule("余额等于转入减转出")
def balances_equal_transfers() -> Findings:
    sql = """
        WITH pairs AS MATERIALIZED (  -- the transfers are read once
            SELECT source_id, target_id, SUM(amount) AS amount FROM ledger_transfer GROUP BY source_id, target_id
        )
        SELECT a.code, a.unit, COALESCE(m.moved, 0), a.balance
        FROM ledger_account a
        LEFT JOIN (
            SELECT account_id, SUM(amount) AS moved
            FROM (SELECT target_id AS account_id, amount FROM pairs
                  UNION ALL SELECT source_id, -amount FROM pairs) legs
            GROUP BY account_id
        ) m ON m.account_id = a.id
        WHERE a.balance <> COALESCE(m.moved, 0) ORDER BY a.id
    """
    for code, unit, expected, found in select(sql):
        yield f"账户 {code}", amount_text(int(expected), unit), amount_text(found, unit)


@rule("余额和待审数额不超出上下限")
def limits_hold() -> Findings:
    sql = """
        SELECT code, unit, minimum, maximum, balance, held_out, held_in FROM ledger_account
        WHERE balance - held_out < minimum OR balance + held_in > maximum
           OR held_out < 0 OR held_in < 0
        ORDER BY id
    """
    for code, unit, minimum, maximum, balance, held_out, held_in in select(sql):
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
    for code, unit, balance in select(sql, [accounts.POOL]):
        yield f"账户 {code}", amount_text(0, unit), amount_text(balance, unit)


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
    for code, unit, kind, organization, period, *sums in select(sql):
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
    for code, unit, expected, found in select(sql):
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
    for code, unit, minimum, period, ending in select(sql):
        yield (
            f"账户 {code}，{period} 季末",
            f"不低于 {amount_text(minimum, unit)}",
            amount_text(int(ending), unit),
        )


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
    for code, unit, *sums in select(sql):
        gives, takes, held_out, held_in = (amount_text(int(value), unit) for value in sums)
        yield f"账户 {code}", f"待审转出 {gives}，转入 {takes}", f"待审转出 {held_out}，转入 {held_in}"


@rule("只有待审记录占用资金")
def only_undecided_entries_hold() -> Findings:
    sql = """
        SELECT e.id, e.state, COUNT(*) FROM ledger_hold h JOIN ledger_entry e ON e.id = h.entry_id
        WHERE e.state <> 'submitted' GROUP BY e.id, e.state ORDER BY e.id
    """
    for pk, state, count in select(sql):
        yield f"{pk} 号记录", "没有占用", f"{state_text(state)}，仍有占用 {count} 条"
