"""What aid has to say of its registers: wishes that were claimed and not delivered; firms, donations and wishes in reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import QuerySet

from aid.models import Donation, EnterpriseLead, Wish
from aid.rules import WISH_DAYS
from directory.models import User
from ledger.figures import rows_in_force
from ledger.models import Period, Plan
from ledger.registers import Notice, Notices, ReportTable
from ledger.scope import Scope, scope_of
from ledger.sql import asked_again
from ledger.tables import Measure, by_kind, standing


def wish_notices(user: User, today: date, each: int) -> list[Notices]:
    """Claimed longer ago than the bureau allows. The wish is named, its person is not."""
    days = WISH_DAYS.value()
    late = _claimed_before(scope_of(user), today - timedelta(days=days))
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


@asked_again
def _claimed_before(scope: Scope, day: date) -> QuerySet[Wish]:
    rows = rows_in_force(Wish, scope=scope).filter(state=Wish.State.CLAIMED, claimed_on__lt=day)
    return rows.order_by("claimed_on", "entry_id")


def lead_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """产业对接 by stage, what was agreed and what came apart (DOMAIN §4.11)."""
    return by_kind(
        "产业对接",
        "阶段",
        list(standing("enterprise_lead", plan, scope, as_of)),
        lambda row: row.get_stage_display(),
        [stage.label for stage in EnterpriseLead.Stage],
        [
            Measure("企业", lambda row: 1),
            Measure("其中已落地", lambda row: int(row.has_landed)),
            Measure("协议投资", lambda row: row.agreed, is_money=True),
            Measure("到位投资", lambda row: row.invested, is_money=True),
            Measure("吸纳就业", lambda row: row.jobs),
        ],
        as_of=as_of,
        unit="家、万元、人",
        note="落地按已注册并有到位投资计；协议投资和到位投资分开，不相加。",
    )


def donation_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """社会捐赠: money and the 折价 of goods and services, received and handed out. Outside the 450 万元."""
    return by_kind(
        "社会捐赠",
        "形式",
        list(standing("donation", plan, scope, as_of)),
        lambda row: row.get_form_display(),
        [form.label for form in Donation.Form],
        [
            Measure("收到", lambda row: row.value if row.event == "received" else 0, is_money=True),
            Measure("发放", lambda row: row.value if row.event == "handed" else 0, is_money=True),
        ],
        since=lambda row: row.given_on,
        as_of=as_of,
        unit="万元",
        note="物资和服务按折价。社会捐赠另立账，不计入 450 万元。",
    )


def wish_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """微心愿 as they stand, by state."""
    return by_kind(
        "微心愿",
        "状态",
        list(standing("wish", plan, scope, as_of)),
        lambda row: row.get_state_display(),
        [state.label for state in Wish.State],
        [Measure("心愿", lambda row: 1), Measure("折合", lambda row: row.worth, is_money=True)],
        as_of=as_of,
        unit="个、万元",
    )


def volunteering_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """志愿服务 by team."""
    rows = list(standing("volunteering", plan, scope, as_of))
    return by_kind(
        "志愿服务",
        "队伍",
        rows,
        lambda row: str(row.team),
        sorted({row.team for row in rows}),
        [
            Measure("活动", lambda row: 1),
            Measure("志愿者人次", lambda row: row.volunteers),
            Measure("服务对象人次", lambda row: row.served),
        ],
        since=lambda row: row.held_on,
        as_of=as_of,
        unit="次、人次",
    )
