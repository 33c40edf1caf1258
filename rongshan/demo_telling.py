"""How the demonstration files a row of any register: typed as its form would be, by column label, through the actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from ledger import actions
from ledger.models import Entry, Evidence
from ledger.parsing import Known, Raw, parse
from ledger.registers import Register

if TYPE_CHECKING:
    from rongshan.demo import _Year


def tell(
    year: _Year,
    on: str,
    who: str,
    register: Register,
    typed: Mapping[str, str],
    *,
    given: Mapping[str, Any] | None = None,
    after: Entry | None = None,
    reason: str = "",
    files: Sequence[Evidence] = (),
    approve: bool = True,
    returned: str = "",
) -> Entry:
    """File one row, or the next step of `after`, or with a `reason` its correction. `typed`:
    column label → text; `given`: column name → what no text names,
    such as the entry it belongs to; `files`: beside a paper of its own. Decided the same day: approved, unless it is to
    wait (`approve`) or goes back with the reason `returned`.
    """
    day, user = date.fromisoformat(on), year.cast[who]
    unknown = set(typed) - {column.label for column in register.columns}
    assert not unknown, (register.code, unknown)
    known = Known(user=user, on=day, year=2022)
    values = {
        column.name: parse(column, Raw(typed.get(column.label, ""), unit=column.unit or "元"), known)
        for column in register.columns
        if column.kind != "subject"
    }
    assert register.make is not None
    before = {"before": actions.detail_of(after)} if after is not None and not reason else {}
    (made,) = register.make([values | dict(given or {}) | before], user, day)
    assert made.row is not None, (register.code, typed, made.errors)
    papers = [*year.proof(who, f"{register.code} {on}"), *files]
    if after is None:
        entry = actions.submit(by=user, on=day, register=register, row=made.row, evidence=papers)
    elif reason:
        entry = actions.correct(by=user, on=day, entry=after, row=made.row, reason=reason, evidence=papers)
    else:
        entry = actions.step(by=user, on=day, entry=after, row=made.row, evidence=papers)
    decider = year.fu if user == year.shen else year.shen
    if returned:
        actions.return_entry(by=decider, on=day, entry=entry, version=1, reason=returned, fields={})
    elif approve:
        actions.approve(by=decider, on=day, entry=entry, version=1)
    return Entry.objects.unscoped("演示").select_related("filed_for", "subject").get(pk=entry.pk)
