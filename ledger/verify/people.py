"""Persons: who stands in a counting account against what the entries say of them."""

from __future__ import annotations

from collections import defaultdict

from directory.people import survivors
from ledger.merging import PERSON_MERGE
from ledger.models import Account
from ledger.verify.core import Findings, rule, select


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
    rows = [tuple(int(value) for value in row) for row in select(sql)]
    counts_as = survivors({person for _, person, *_ in rows})
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for account, person, *counts in rows:
        if any(counts[2:]) and counts_as[person] != person:
            yield (
                f"账户 {account}，人员 {person}",
                f"记在人员 {counts_as[person]} 名下",
                "记在已并入他人的人员名下",
            )
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
    for code, there, waiting, balance, held_in, held_out in select(sql):
        yield (
            f"账户 {code}",
            f"{int(there)} 人，待审 {int(waiting)} 人",
            f"{balance} 人，待审 {held_in} 人" + (f"，待审转出 {held_out} 人" if held_out else ""),
        )


@rule("人员的合并与合并记录一致")
def people_are_merged_by_entries() -> Findings:
    """Whom a person counts as decides every count of people; only a merge in force says so (ledger/merging.py)."""
    sql = """
        SELECT p.id, p.merged_into_id, m.into_id
        FROM directory_person p
        LEFT JOIN (
            SELECT m.person_id, m.into_id FROM ledger_subject s
            JOIN ledger_entry e ON e.id = s.in_force_id AND e.register = %s
            JOIN ledger_personmerge m ON m.entry_id = e.id AND m.version = e.version
        ) m ON m.person_id = p.id
        WHERE (p.merged_into_id IS NOT NULL OR m.into_id IS NOT NULL)
          AND COALESCE(p.merged_into_id, 0) <> COALESCE(m.into_id, 0)
        ORDER BY p.id
    """
    for pk, merged, into in select(sql, [PERSON_MERGE.code]):
        yield (
            f"人员 {pk}",
            f"并入人员 {into}" if into else "没有并入他人",
            f"并入人员 {merged}" if merged else "没有并入他人",
        )
