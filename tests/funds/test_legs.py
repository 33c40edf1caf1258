"""What each event moves, as a table: kind source > target @unit concerned; "!" where a closed account refuses it."""

from __future__ import annotations

from datetime import date

import pytest

from funds.registers import FUND_FLOW
from ledger.bookkeeping import open_subline
from ledger.models import Account
from tests.funds.rows import make_row
from tests.ledger.world import World

TABLE = {
    "安排 2022-04 - 3": """
        arrange 2022/source > 2022/pool @xczxj !
        arrange 2022/pool > 2022/2022-04/arranged @xczxj !""",
    "安排 2022-01-1 - 3": """
        arrange 2022/2022-01/arranged > 2022/2022-01-1/arranged @xczxj !""",
    "到位 - - 3": """
        receive 2022/remit > 2022/received @xczxj !""",
    "到位 2022-04 - 3": """
        receive 2022/remit > 2022/2022-04/received @xczxj !""",
    "下达 2022-04 徐庄镇 3": """
        allocate 2022/2022-04/arranged > 2022/2022-04/allocated@370406106 @370406106 !""",
    "拨付 2022-04 徐庄镇 3": """
        disburse 2022/2022-04/allocated@370406106 > 2022/2022-04/disbursed@370406106 @370406106 !""",
    "支出 2022-04 徐庄镇 3": """
        spend 2022/2022-04/disbursed@370406106 > 2022/2022-04/spent@370406106 @370406106 !
        spend 2022/outside > 2022/2022-04/claimable@370406106 @370406106 !""",
    "支出 2022-04 徐庄镇 3 合同=HT-1": """
        spend 2022/2022-04/disbursed@370406106 > 2022/2022-04/spent@370406106#HT-1 @370406106 !
        spend 2022/outside > 2022/2022-04/claimable@370406106 @370406106 !""",
    "直接支付 2022-04 徐庄镇 3": """
        disburse 2022/2022-04/allocated@370406106 > 2022/2022-04/disbursed@370406106 @370406106 !
        spend 2022/2022-04/disbursed@370406106 > 2022/2022-04/spent@370406106 @370406106 !
        spend 2022/outside > 2022/2022-04/claimable@370406106 @370406106 !""",
    "报账 2022-04 徐庄镇 3": """
        claim 2022/2022-04/claimable@370406106 > 2022/2022-04/claimed@370406106 @370406106 !""",
    "收款方退款 2022-04 徐庄镇 3 合同=HT-1": """
        refund_payee 2022/2022-04/spent@370406106#HT-1 > 2022/2022-04/disbursed@370406106 @370406106
        refund_payee 2022/2022-04/claimable@370406106 > 2022/outside @370406106""",
    "单位退回财政 2022-04 徐庄镇 3": """
        refund_treasury 2022/2022-04/disbursed@370406106 > 2022/2022-04/allocated@370406106 @370406106""",
    "收回 2022-04 徐庄镇 3 来自=allocated": """
        recall 2022/2022-04/allocated@370406106 > 2022/2022-04/arranged @370406106""",
    "收回 2022-04 徐庄镇 3 来自=disbursed": """
        recall 2022/2022-04/disbursed@370406106 > 2022/2022-04/allocated@370406106 @370406106
        recall 2022/2022-04/allocated@370406106 > 2022/2022-04/arranged @370406106""",
    "调整 2022-04 - 3 层级=plan 到=2022-05": """
        adjust 2022/2022-04/arranged > 2022/pool @xczxj
        adjust 2022/pool > 2022/2022-05/arranged @xczxj !""",
    "调整 2022-04 徐庄镇 3 层级=quota 到=2022-05 到单位=店子镇": """
        adjust 2022/2022-04/allocated@370406106 > 2022/pool @370406106
        adjust 2022/pool > 2022/2022-05/allocated@370406101 @370406101 !""",
}


@pytest.mark.parametrize("event", TABLE)
def test_every_event_moves_what_the_table_says(world: World, event: str) -> None:
    world.lines["2022-01-1"] = open_subline(
        by=world.users["审核"],
        on=date(2022, 3, 1),
        parent=world.lines["2022-01"],
        code="2022-01-1",
        name="排水沟",
    )
    legs = FUND_FLOW.legs(make_row(world, event))
    units = {unit.pk: unit.code for unit in world.units.values()}
    told = [
        f"{leg.kind} {leg.source.code} > {leg.target.code} @{units[leg.organization_id]}{' !' * leg.forward}"
        for leg in legs
    ]
    assert told == [line.strip() for line in TABLE[event].strip().splitlines()]
    assert {leg.amount for leg in legs} == {3_000_000}


def test_only_the_world_outside_has_no_lower_limit(world: World) -> None:
    for event in TABLE:
        if "2022-01-1" not in event:
            FUND_FLOW.legs(make_row(world, event))
    unbounded = Account.objects.filter(minimum__isnull=True)
    assert [account.code for account in unbounded] == ["2022/outside"]
