"""人员合并: a reviewed entry of the ledger's own register (DESIGN §1 Person). Reversing it takes the persons apart.

Approval sets or clears `merged_into` in the directory and moves the person's presences to the survivor or back; where
both stood in a counting account, that posts the −1 or the +1. Participations stay as they were filed. No posting may
run beside it, or it would count the person under the name they no longer have: it takes the books for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from directory.models import Organization, Person, User
from directory.people import clear_merged_into, people_for, set_merged_into, survivors
from ledger.models import Entry, PersonMerge
from ledger.presence import Change, live_counts
from ledger.registers import Column, Made, Register


def changes(row: PersonMerge, *, apart: bool) -> list[Change]:
    """What the decision changes of presences: every count of `person` and of whoever was merged into them."""
    survivor = survivors([row.into_id])[row.into_id]
    source, target = (survivor, row.person_id) if apart else (row.person_id, survivor)
    moved: list[Change] = []
    for account, approved, held in live_counts({row.person_id, *_below(row.person_id)}):
        moved.append(((account, source), -approved, -held))
        moved.append(((account, target), approved, held))
    return moved


def carry_out(row: PersonMerge, by: User, *, apart: bool) -> None:
    """Tell the directory. Raises directory.people.AlreadyMerged."""
    if apart:
        clear_merged_into(by=by, person=row.person)
    else:
        set_merged_into(by=by, person=row.person, into=row.into)


def _below(person_id: int) -> set[int]:
    """Whoever is, directly or through others, merged into the person."""
    found: set[int] = set()
    layer = {person_id}
    while layer:
        layer = set(Person.objects.filter(merged_into__in=layer).values_list("pk", flat=True)) - found
        found |= layer
    return found


def _errors(row: PersonMerge, by: User, on: date) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if row.person_id == row.into_id:
        found["into"] = ["不能并入本人，请核对人员编号。"]
    elif survivors([row.into_id])[row.into_id] == row.person_id:
        found["into"] = [f"人员 {row.into_id} 已并入人员 {row.person_id}，不能反过来再并。"]
    if row.person.merged_into_id is not None:
        found["person"] = [
            f"人员 {row.person_id} 已并入人员 {row.person.merged_into_id}；如并错了，请红冲那条记录。"
        ]
    if row.entry_id is not None and row.entry.state == Entry.State.APPROVED:
        found[""] = ["已生效的合并不能更正；请红冲后重新办理。"]
    return found


def _make(values: Sequence[Mapping[str, Any]], by: User, on: date) -> list[Made]:
    wanted = {row[name] for row in values for name in ("person", "into") if row.get(name)}
    known = people_for(by).in_bulk(wanted)
    made = []
    for row in values:
        errors = {
            name: [f"没有编号为 {row[name]} 的人员，或您无权查看。"]
            for name in ("person", "into")
            if row.get(name) and row[name] not in known
        }
        complete = not errors and row.get("person") and row.get("into")
        merge = (
            PersonMerge(
                person=known[row["person"]],
                into=known[row["into"]],
                reason=row.get("reason", ""),
                occurred_on=on,
            )
            if complete
            else None
        )
        made.append(Made(merge, errors))
    return made


PERSON_MERGE = Register(
    code="person_merge",
    name="人员合并",
    model=PersonMerge,
    natural_key=lambda row: str(row.person_id),
    occurred_on=lambda row: row.occurred_on,
    summary=lambda row: f"人员 {row.person_id} 并入人员 {row.into_id}",
    columns=(
        Column("person", "人员编号", "integer", required=True, help="重复登记、要并入别人的那一个。"),
        Column("into", "并入人员编号", "integer", required=True, help="保留下来的那一个。"),
        Column("reason", "依据", "text", required=True, help="例如同一身份证号、户籍证明。"),
    ),
    make=_make,
    texts=lambda row, published: {"person": str(row.person_id), "into": str(row.into_id)},
    errors=_errors,
    may_file=lambda unit: unit is not None and unit.kind == Organization.Kind.BUREAU,
)
