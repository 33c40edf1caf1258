"""What the registers of aid ask of their rows (DOMAIN §4.11–4.13; the plan, 二（四）)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils import timezone

from aid.models import Donation, DonationReceiver, EnterpriseLead, Pairing, Wish
from directory.codes import credit_code_problem
from directory.identity import age
from directory.models import User
from directory.names import plain
from ledger.accounts import outside_account, own_account
from ledger.making import Problem, collect, joined, pointed_at
from ledger.models import Unit
from ledger.registers import Leg, Parameter

WISH_DAYS = Parameter(
    "wish_days", "微心愿认领后送达期限", 30, "天", "超过即为超期；方案未写，按惯例", most=365
)
CHILD = 14  # below it a guardian consents (DOMAIN §6 PIPL art. 31)


# --- leads ------------------------------------------------------------------------------------------------------


def tidy_leads(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Codes as they are printed."""
    for row, _ in lines:
        row.credit_code = plain(row.credit_code).upper()


def lead_key(row: EnterpriseLead) -> str:
    """日期 + 统一社会信用代码, else 企业名称."""
    return joined(row.visited_on, row.credit_code or row.firm)


def lead_errors(row: EnterpriseLead, by: User, on: date) -> Mapping[str, list[str]]:
    """Code, stage and dates."""
    return collect(_lead_problems(row))


def _lead_problems(row: EnterpriseLead) -> Iterator[Problem]:
    if row.credit_code and (problem := credit_code_problem(row.credit_code)):
        yield "credit_code", problem
    stages = list(EnterpriseLead.Stage)
    if row.before is not None:
        before, now = (stages.index(EnterpriseLead.Stage(one.stage)) for one in (row.before, row))
        if before == stages.index(EnterpriseLead.Stage.ENDED):
            yield "stage", "这条对接已终止；重新对接的请另填一条。"
        elif now < before:
            yield "stage", f"阶段不能从“{row.before.get_stage_display()}”退回；原来填错了请用“更正”。"
        if row.changed_on is None:
            yield "changed_on", "请填写进展日期。"
    if row.changed_on is not None and row.changed_on < row.visited_on:
        yield "changed_on", f"进展日期 {row.changed_on} 早于对接日期 {row.visited_on}，请核对。"
    if row.stage == EnterpriseLead.Stage.ENDED and not row.why_not:
        yield "why_not", "终止的请写明未落地原因。"
    for name in ("jobs_lifted", "jobs_monitored"):
        if (getattr(row, name) or 0) > (row.jobs or 0):
            yield name, f"其中数 {getattr(row, name)} 人多于吸纳就业 {row.jobs or 0} 人，请核对。"


def lead_warnings(row: EnterpriseLead) -> list[str]:
    """Agreed and actual are two things."""
    found = []
    if row.agreed is not None and (row.invested or 0) > row.agreed:
        found.append("到位投资多于协议投资，请核对单位是元还是万元。")
    if row.stage == EnterpriseLead.Stage.REGISTERED and not row.invested:
        found.append("已注册而没有到位投资，还不算落地。")
    return found


# --- donations ----------------------------------------------------------------------------------------------------


def donation_key(row: Donation) -> str:
    """票据号, else 捐赠方+日期+受赠方+金额 or 物资; receiving and handing out apart."""
    if row.receipt_no:
        return joined(row.event, row.receipt_no)
    return joined(row.event, row.donor, row.given_on, row.receiver, row.value, row.goods)


def donation_called(row: Donation) -> list[str]:
    """Who gave what, and when, as a list offers it; 票据号, which a sheet may say instead."""
    what = row.goods or row.get_form_display()
    return [f"{row.get_event_display()} {row.donor} {row.given_on:%Y-%m-%d} {what}", row.receipt_no]


def donation_errors(row: Donation, by: User, on: date) -> Mapping[str, list[str]]:
    """Money has an amount, goods and services a name and a 折价."""
    return collect(_donation_problems(row))


def _donation_problems(row: Donation) -> Iterator[Problem]:
    if row.form == Donation.Form.MONEY:
        if not row.amount:
            yield "amount", "资金捐赠请填金额；“2万余元”一类请按票据填准数，原话写在备注。"
        if row.worth:
            yield "worth", "资金捐赠不填折价。"
    else:
        if not row.worth:
            yield "worth", "物资和服务请填折价；没有票据的按市价估，并在备注说明。"
        if not row.goods:
            yield "goods", "请填写物资或服务的名称。"
        if row.amount:
            yield "amount", "物资和服务不填金额，折价另填一栏。"
    if row.event == Donation.Event.HANDED and not row.used_for:
        yield "used_for", "请写明发给了谁、怎么用的。"


def donation_legs(row: Donation) -> list[Leg]:
    """收到: from outside to what the unit holds; 发放: from there to what was handed out. So no unit hands out more than
    it received, money and 折价 apart, and none of it meets the 450 万元 (DESIGN §1)."""
    what = "资金" if row.form == Donation.Form.MONEY else "物资折价"
    stage = "money" if row.form == Donation.Form.MONEY else "goods"
    held = own_account(
        row.plan, f"donated_{stage}", f"“{row.unit.short_name}”收到未发放的捐赠{what}", Unit.FEN, row.unit
    )
    handed = own_account(
        row.plan, f"handed_{stage}", f"“{row.unit.short_name}”已发放的捐赠{what}", Unit.FEN, row.unit
    )
    if row.event == Donation.Event.RECEIVED:
        return [Leg(row.event, outside_account(row.plan, Unit.FEN), held, row.value, row.unit_id)]
    return [Leg(row.event, held, handed, row.value, row.unit_id)]


def set_donations(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """The plan of the donation is the plan of whoever received something of it."""
    for row, gift in pointed_at(Donation, lines, "donation", "plan"):
        row.plan, row.gift = gift.plan, gift


def receiver_errors(row: DonationReceiver, by: User, on: date) -> Mapping[str, list[str]]:
    """Nobody is given something before it was."""
    gift: Donation | None = getattr(row, "gift", None)
    if gift is not None and row.given_on < gift.given_on:
        return {"given_on": [f"领取日期 {row.given_on} 早于捐赠日期 {gift.given_on}，请核对。"]}
    return {}


# --- wishes -----------------------------------------------------------------------------------------------------


def wish_key(row: Wish) -> str:
    """微心愿编号, else 期次+受助人+心愿 (the person's id, never a name)."""
    return plain(row.number) if row.number else joined(row.term, row.person_id, row.content)


def wish_changed_on(row: Wish) -> date:
    """When its present state began."""
    last: date = row.delivered_on or row.claimed_on or row.published_on or row.collected_on
    return last


def wish_errors(row: Wish, by: User, on: date) -> Mapping[str, list[str]]:
    """Every state has its date and its claimer; dates and states go forward only."""
    return collect(_wish_problems(row, on))


def _wish_problems(row: Wish, on: date) -> Iterator[Problem]:
    State = Wish.State
    needed = {
        State.PUBLISHED: ["published_on"],
        State.CLAIMED: ["claimed_by", "claimed_on"],
        State.DELIVERED: ["claimed_by", "claimed_on", "delivered_on"],
    }.get(State(row.state), [])
    labels = {f.name: str(f.verbose_name) for f in Wish._meta.concrete_fields}
    for name in needed:
        if not getattr(row, name):
            yield name, f"状态是“{row.get_state_display()}”，请填写{labels[name]}。"
    if row.delivered_on and row.state not in (State.DELIVERED,):
        yield "state", "已有送达日，状态应为“送达”。"
    dated = [
        (name, getattr(row, name)) for name in ("collected_on", "published_on", "claimed_on", "delivered_on")
    ]
    known = [(name, day) for name, day in dated if day]
    for (before, first), (name, day) in pairwise(known):
        if day < first:
            yield name, f"{labels[name]} {day} 早于{labels[before]} {first}，请核对。"
    for name, day in known[1:]:
        if day > on:
            yield name, f"{labels[name]} {day} 晚于今天（{on}）。"
    if row.before is not None:
        order = [*State]
        if row.before.state in (State.DELIVERED, State.CANCELLED):
            yield "state", f"这个心愿已{row.before.get_state_display()}；填错了请用“更正”。"
        elif order.index(State(row.state)) < order.index(State(row.before.state)):
            yield "state", f"不能从“{row.before.get_state_display()}”退回“{row.get_state_display()}”。"


def wish_warnings(row: Wish) -> list[str]:
    """Overdue, and a child without a guardian's consent."""
    found = []
    today = timezone.localdate()
    if row.state == Wish.State.CLAIMED and row.claimed_on:
        waited = (today - row.claimed_on).days
        if waited > (most := WISH_DAYS.value()):
            found.append(f"认领已 {waited} 天仍未送达，超过 {most} 天。")
    born = row.person.birth_date
    if born is not None and age(born, row.collected_on) < CHILD and not row.has_consent:
        found.append(f"受助人不满 {CHILD} 周岁，须有监护人同意书，请传在凭据里并填“是”。")
    return found


# --- pairs ------------------------------------------------------------------------------------------------------


def pairing_errors(row: Pairing, by: User, on: date) -> Mapping[str, list[str]]:
    """A pair that ended has its end."""
    return collect(_pairing_problems(row))


def _pairing_problems(row: Pairing) -> Iterator[Problem]:
    if row.ends_on is not None and row.ends_on < row.starts_on:
        yield "ends_on", f"结束日期 {row.ends_on} 早于开始日期 {row.starts_on}，请核对。"
    if row.state == Pairing.State.ENDED and row.ends_on is None:
        yield "ends_on", "已结束的请填结束日期。"
    before = row.before
    if before is not None and (row.amount or 0) < (before.amount or 0):
        yield "amount", "累计金额不能比上一步少；填错了请用“更正”。"
