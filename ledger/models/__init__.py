"""The ledger's tables.

plan.py     Plan: one yearly plan of the pair. PlanRevision: its text as loaded, one row a version. Clause: a numbered
            sentence. Task: what a clause asks of whom. OpenQuestion: a contradiction of the plan with its readings.
            Ruling: who chose which reading, when and why. BudgetLine: a line of the budget, nested. LineAlias: another
            name of a line. SourceLabel: where a line's money comes from under one reading. LineGroup: several lines
            the plan's text sums up (the 137 万元), a view that holds no money. Threshold: what the bureau put for a
            parameter's default. ThresholdChange: who did, when and why.
books.py    Period: a quarter, open or closed. Account: something that holds an amount of one unit. Transfer: an
            immutable move between two accounts. Hold: a move reserved by an undecided entry. Total: kept sums of
            transfers. Seal: the HMAC of a closed period. PostingGuard: SQLite's sign that a posting is under way.
            BooksCheck: one run of verify_ledger in the background.
entries.py  Subject: what an entry is about. Entry: one filed row of a register, with its versions. Detail: abstract,
            the register's own fields of one version. EntryConcern: a unit an entry moves something of. Decision: an
            approval, return or withdrawal. Acknowledgement: a receipt. Draft: a form not yet submitted. Evidence: a
            file. EntryEvidence: which file hung on which version. Assignment: who files a register. Filing: 报送 of a
            unit, register and period.
batches.py  Batch: an uploaded workbook and what it created. ImportJob: a large one on its way through the worker.
headings.py HeadingAlias: another heading under which sheets have a register's column.
lists.py    SavedFilter: the filters of a list, kept by one user for themselves.
merging.py  PersonMerge: the decision that two persons are one.
rows.py     PlannedDetail, PersonDetail, MonthOnly: abstract, what most registers' rows have in common.
presence.py Participation: one person in one version of an entry. Presence: how often a person stands in an account.
"""

from ledger.models.batches import Batch, ImportJob
from ledger.models.books import Account, BooksCheck, Hold, Period, PostingGuard, Seal, Total, Transfer, Unit
from ledger.models.entries import (
    Acknowledgement,
    Assignment,
    Decision,
    Detail,
    Draft,
    Entry,
    EntryConcern,
    EntryEvidence,
    Evidence,
    Filing,
    Subject,
)
from ledger.models.headings import HeadingAlias
from ledger.models.lists import SavedFilter
from ledger.models.merging import PersonMerge
from ledger.models.plan import (
    BudgetLine,
    Clause,
    LineAlias,
    LineGroup,
    OpenQuestion,
    Plan,
    PlanRevision,
    Ruling,
    SourceLabel,
    Task,
    Threshold,
    ThresholdChange,
)
from ledger.models.presence import Participation, Presence
from ledger.models.rows import Category, MonthOnly, PersonDetail, PlannedDetail

__all__ = [
    "Account",
    "Acknowledgement",
    "Assignment",
    "Batch",
    "BooksCheck",
    "BudgetLine",
    "Category",
    "Clause",
    "Decision",
    "Detail",
    "Draft",
    "Entry",
    "EntryConcern",
    "EntryEvidence",
    "Evidence",
    "Filing",
    "HeadingAlias",
    "Hold",
    "ImportJob",
    "LineAlias",
    "LineGroup",
    "MonthOnly",
    "OpenQuestion",
    "Participation",
    "Period",
    "PersonDetail",
    "PersonMerge",
    "Plan",
    "PlanRevision",
    "PlannedDetail",
    "PostingGuard",
    "Presence",
    "Ruling",
    "SavedFilter",
    "Seal",
    "SourceLabel",
    "Subject",
    "Task",
    "Threshold",
    "ThresholdChange",
    "Total",
    "Transfer",
    "Unit",
]
