"""The seal of a closed period: an HMAC chain over its transfers and audit events (DESIGN §2.8).

The key is settings.RONGSHAN_SEAL_KEY, outside the database: whoever can rewrite the tables cannot re-chain them.
Membership is the posting period stored on each row when it was inserted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from audit.models import Event
from ledger.models import Period, Seal, Transfer

_TRANSFER = (
    "id", "entry_id", "position", "kind", "source_id", "target_id", "amount", "organization_id", "reverses_id",
    "occurred_on", "posted_at",
)  # fmt: skip
_EVENT = ("id", "at", "actor_id", "actor_name", "verb", "outcome", "target", "summary", "details", "period")


@dataclass(frozen=True)
class Digest:
    """What a period's rows come to: how many of each, and the last link of the chain."""

    transfers: int
    events: int
    digest: str


def compute(period: Period, previous: str) -> Digest:
    """Chain the period's transfers, then its events, in id order, onto the previous period's seal."""
    key = settings.RONGSHAN_SEAL_KEY.encode()
    link = hmac.new(key, f"{period.code}|{previous}".encode(), hashlib.sha256).digest()
    transfers = Transfer.objects.filter(period=period).order_by("pk").values_list(*_TRANSFER)
    link, transfer_count = _chain(key, link, transfers.iterator(chunk_size=5000))
    events = Event.objects.filter(period=period.code).order_by("pk").values_list(*_EVENT)
    link, event_count = _chain(key, link, events.iterator(chunk_size=5000))
    return Digest(transfer_count, event_count, link.hex())


def _chain(key: bytes, link: bytes, rows: Iterable[tuple[Any, ...]]) -> tuple[bytes, int]:
    count = 0
    for row in rows:
        text = json.dumps(row, default=str, ensure_ascii=False, sort_keys=True)
        link = hmac.new(key, link + text.encode(), hashlib.sha256).digest()
        count += 1
    return link, count


def last_seal_before(period: Period) -> str:
    """The digest of the latest seal of an earlier period, "" for the first."""
    seal = Seal.objects.filter(period__starts_on__lt=period.starts_on).order_by("-period__starts_on").first()
    return seal.digest if seal else ""
