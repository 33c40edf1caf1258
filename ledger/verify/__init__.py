"""What `verify_ledger` proves, rule by rule, each naming every difference it finds (DESIGN §2.4).

The rules read the tables as they are and do not call the posting code: what writes the books does not prove them. The
database does the sums; where a register's own declaration has to be asked, rows come as a stream, so a million entries
need no more memory than a thousand, and no rule asks the database once per row.

core.py     Rule, Check, Difference.
running.py  one run of all of them on one state of the database, in one process or several.
sums.py     balances, totals, limits, holds: what is summed against what is kept.
people.py   persons against their participations.
moves.py    transfers against the entries they belong to.
rows.py     entries, transfers and holds against what the register's rows say: the one pass that asks the registers.
lines.py    lines and maxima against what the rows in force fix of them.
entries.py  versions, subjects, corrections, steps, decisions, concerned units, filings.
quarters.py closed quarters and their seals.
trail.py    audit events, evidence and its files, triggers, the guard, foreign keys.
"""

from ledger.verify import entries, lines, moves, people, quarters, rows, sums, trail
from ledger.verify.core import CHECKS, RULES, Check, Difference, Rule
from ledger.verify.running import verify

__all__ = [
    "CHECKS",
    "RULES",
    "Check",
    "Difference",
    "Rule",
    "entries",
    "lines",
    "moves",
    "people",
    "quarters",
    "rows",
    "sums",
    "trail",
    "verify",
]
