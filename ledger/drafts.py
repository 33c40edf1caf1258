"""Drafts: a form as typed, however half-filled, encrypted until it is submitted (DESIGN §1 Entry, §5)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence

from directory.models import User
from ledger.acting import NotAllowed
from ledger.models import Draft, Entry
from ledger.permissions import may_file

Typed = Mapping[str, Sequence[str]]  # field name → what was typed, as a form posts it


def save_draft(
    *,
    by: User,
    token: uuid.UUID,
    register: str,
    typed: Typed,
    entry: Entry | None = None,
    kind: str = Entry.Kind.NEW,
    title: str = "",
) -> Draft:
    """Keep what `by` typed so far under the form's token; saving again replaces it. `entry` and `kind` say what the
    form is about (ledger.models.Draft). Raises NotAllowed."""
    if not may_file(by) or by.organization is None:
        raise NotAllowed("您的账号不能填报，请联系本单位填报员或系统管理员。")
    if Draft.objects.filter(token=token).exclude(owner=by).exists():
        raise NotAllowed("这份草稿属于另一位填报人。")
    draft, _ = Draft.objects.update_or_create(
        token=token,
        defaults={
            "register": register,
            "owner": by,
            "organization": by.organization,
            "entry": entry,
            "kind": kind,
            "title": title[:100],
            "body": json.dumps({name: list(values) for name, values in typed.items()}),
        },
    )
    return draft


def typed_in(draft: Draft) -> dict[str, list[str]]:
    """What was typed, field by field."""
    typed: dict[str, list[str]] = json.loads(draft.body.open())
    return typed
