"""A course, a placement, a donation and a stay that lives on by steps, as far as counting people goes."""

from __future__ import annotations

from django.forms import Form

from ledger.accounts import count_accounts, outside_account
from ledger.making import PERSON
from ledger.models import Account, Unit
from ledger.registers import Claim, Column, Leg, Register
from tests.made_up.models import Reached, Tree, Visited


def register(code: str, targets: tuple[str, ...], attendances: bool = False, next_step: str = "") -> Register:
    """A register whose rows count their people by `targets`, and each as an attendance if so."""

    def claims(row: Reached) -> list[Claim]:
        return [
            Claim(account, person, row.unit_id, eligible=person not in row.not_eligible)
            for target in targets
            for account in count_accounts(row.plan, target, row.unit)
            for person in dict.fromkeys(row.people)
        ]

    def legs(row: Reached) -> list[Leg]:
        if not attendances:
            return []
        target = Account.objects.get(code=f"{row.plan.code}/target/training_attendances")
        source = outside_account(row.plan, Unit.ATTENDANCE)
        return [Leg(code, source, target, len(row.people), row.unit_id)]

    return Register(
        code=code,
        name=code,
        model=Reached,
        form=lambda: Form,
        natural_key=lambda row: row.number,
        occurred_on=lambda row: row.occurred_on,
        summary=lambda row: f"{code} {row.number}",
        amount=lambda row: len(row.people),
        amount_unit=Unit.PERSON,
        legs=legs,
        errors=lambda row, by, on: {},
        warnings=lambda row: (),
        evidence_rule=lambda row: "",
        shown=lambda row: [],
        may_file=lambda organization: True,
        kinds={code: code},
        claims=claims,
        next_step=next_step,
    )


COURSE = register("course", ("benefit_people", "trained_people", "trained_or_employed"), attendances=True)
PLACEMENT = register("placement_like", ("benefit_people", "employed_people", "trained_or_employed"))
DONATION = register("donation_like", ("benefit_people",))
STAY = register("stay_like", ("benefit_people",), attendances=True, next_step="登记进展")

# A whole register: one model and this. Form, list, detail, review, sheet and export come from it.
TREE = Register(
    code="tree",
    amount=lambda row: 1,
    amount_unit=Unit.PIECE,
    name="虚构的树",
    model=Tree,
    columns=(
        Column("number", "编号", "text", required=True, example="T-1"),
        Column("planted_on", "栽植日期", "date", required=True),
        Column("sort", "树种", "choice", required=True, choices=(("oak", "橡树"), ("pine", "松树"))),
        Column("height", "高度", "integer", unit="厘米"),
        Column("cost", "费用", "money", unit="元"),
        Column("village", "栽植村", "village"),
        Column("planter", "栽植单位", "organization", required=True),
        Column("is_alive", "成活", "yesno"),
        Column("note", "备注", "text"),
    ),
    natural_key=lambda row: str(row.number),
    occurred_on=lambda row: row.planted_on,
    summary=lambda row: f"栽树 {row.number}",
    next_step="登记长势",
)

# One person a row, counted: likewise.
VISIT = Register(
    code="house_call",
    name="虚构的走访",
    model=Visited,
    columns=(
        Column("visited_on", "走访日期", "date", required=True),
        *PERSON,
        Column("hours", "时长", "integer", unit="小时"),
        Column("note", "备注", "text"),
    ),
    natural_key=lambda row: f"{row.person_id}/{row.visited_on}",
    occurred_on=lambda row: row.visited_on,
    summary=lambda row: f"走访 人员 {row.person_id}",
    errors=lambda row, by, on: {"hours": ["走访须有时长。"]} if row.hours == 0 else {},
    adds={"training_attendances": lambda row: 1},
    counts={"benefit_people": lambda row: True, "employed_people": lambda row: (row.hours or 0) > 2},
)

REGISTERS = [COURSE, PLACEMENT, DONATION, STAY, TREE, VISIT]
