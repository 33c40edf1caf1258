"""The least that 10,000 approvals can cost this database: the rows that posting.py's bulk writes, by eight statements that ask
nothing, check nothing and carry no row to the client. What its constraints and indexes cost, and nothing of ours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

STATEMENTS = """
INSERT INTO ledger_transfer (entry_id, position, kind, source_id, target_id, amount, organization_id, period_id,
    occurred_on, posted_at)
  SELECT h.entry_id, h.position, h.kind, h.source_id, h.target_id, h.amount, h.organization_id, %(period)s,
    e.occurred_on, now() FROM ledger_hold h JOIN ledger_entry e ON e.id = h.entry_id WHERE e.id = ANY(%(entries)s)
;
WITH moved (id, leaves, comes) AS (
  SELECT account, sum(leaves), sum(comes) FROM ledger_hold h CROSS JOIN LATERAL
    (VALUES (h.source_id, h.amount, 0), (h.target_id, 0, h.amount)) AS side (account, leaves, comes)
  WHERE h.entry_id = ANY(%(entries)s) GROUP BY account)
UPDATE ledger_account a SET balance = balance + comes - leaves, held_out = held_out - leaves, held_in = held_in - comes
FROM moved WHERE a.id = moved.id
;
INSERT INTO ledger_total AS kept (account_id, kind, organization_id, period_id, inflow, outflow)
  SELECT account, h.kind, h.organization_id, %(period)s, sum(comes), sum(leaves) FROM ledger_hold h CROSS JOIN LATERAL
    (VALUES (h.source_id, h.amount, 0), (h.target_id, 0, h.amount)) AS side (account, leaves, comes)
  WHERE h.entry_id = ANY(%(entries)s) GROUP BY account, h.kind, h.organization_id
ON CONFLICT (account_id, kind, organization_id, period_id) DO UPDATE
  SET inflow = kept.inflow + excluded.inflow, outflow = kept.outflow + excluded.outflow
;
DELETE FROM ledger_hold WHERE entry_id = ANY(%(entries)s)
;
UPDATE ledger_entry SET state = 'approved', posted_period_id = %(period)s, posted_note = '', decided_by_id = %(by)s,
  decided_at = now() WHERE id = ANY(%(entries)s)
;
UPDATE ledger_subject SET in_force_id = undecided_id, undecided_id = NULL WHERE undecided_id = ANY(%(entries)s)
;
INSERT INTO ledger_decision (entry_id, version, outcome, reason, fields, by_id, at)
  SELECT id, version, 'approved', '', '{}', %(by)s, now() FROM ledger_entry WHERE id = ANY(%(entries)s)
;
INSERT INTO audit_event (at, actor_id, actor_name, verb, outcome, target, summary, details, period)
  SELECT now(), %(by)s, %(name)s, 'entry.approved', 'done', 'ledger.entry:' || id, '通过：' || id || ' 号 ' || summary,
    json_build_object('version', version, 'amount', amount)::jsonb, %(code)s
  FROM ledger_entry WHERE id = ANY(%(entries)s)
"""


def approved(entry_ids: Sequence[int], by: Any, period: Any) -> float:
    """Seconds of one transaction of PostgreSQL in which the submitted entries become approved ones."""
    from django.db import connection, transaction

    from ledger.posting import posting_open

    values = {
        "entries": list(entry_ids),
        "by": by.pk,
        "name": str(by),
        "period": period.pk,
        "code": period.code,
    }
    began = time.perf_counter()
    with transaction.atomic(), posting_open(), connection.cursor() as cursor:
        for statement in STATEMENTS.split(";\n"):
            cursor.execute(statement, values)
    return time.perf_counter() - began
