"""What the shell shows of the desk on every page: how much waits for the person."""

from __future__ import annotations

from desk.figures import returned_entries, to_acknowledge
from directory.models import User
from ledger.models import Entry
from ledger.permissions import may_file, may_review


def nav_counts(user: User) -> dict[str, int]:
    """Name of an address → how much waits there for `user`. At most two counting queries over indexed columns."""
    counts = {}
    if user.is_business and may_file(user):
        counts["desk:home"] = returned_entries(user).order_by().count()
        if user.role == User.Role.PARTNER:
            counts["desk:home"] += len(to_acknowledge(user))
    if may_review(user):
        waiting = Entry.objects.for_user(user).filter(state=Entry.State.SUBMITTED)
        counts["desk:review"] = waiting.exclude(filed_by=user).exclude(submitted_by=user).count()
    return counts
