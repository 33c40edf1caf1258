"""What aid has to say of its registers: wishes that were claimed and not delivered."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import QuerySet

from aid.models import Wish
from aid.rules import WISH_DAYS
from directory.models import User
from ledger.figures import rows_in_force
from ledger.registers import Notice, Notices


def wish_notices(user: User, today: date, each: int) -> list[Notices]:
    """Claimed longer ago than the bureau allows. The wish is named, its person is not."""
    days = WISH_DAYS.value()
    rows: QuerySet[Wish] = rows_in_force(Wish, user=user).filter(
        state=Wish.State.CLAIMED, claimed_on__lt=today - timedelta(days=days)
    )
    late = [row for row in rows.order_by("claimed_on", "entry_id") if row.claimed_on is not None]
    found = [
        Notice(
            f"{row.claimed_by} · {row.content}",
            f"{row.claimed_on} 认领，已 {(today - row.claimed_on).days} 天未送达。",
            row.entry_id,
        )
        for row in late[:each]
        if row.claimed_on is not None
    ]
    return [Notices("微心愿超期", f"认领后超过 {days} 天没有送达", found, len(late), is_bad=False)]
