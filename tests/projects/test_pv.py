"""光伏电站, its months and the uses of its income: what is typed, what moves, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from directory.models import Division
from ledger import acting, actions, figures
from ledger.models import Account, Period, Threshold
from ledger.posting import InsufficientFunds, amount_text
from ledger.refusals import Refusal
from ledger.scope import Scope
from ledger.verify import verify
from projects.figures import pv_tables
from projects.models import PvStation
from projects.pv import PV_SHARE, PV_STATION, PV_YIELD
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import ON, Trial, a_county, plan

STATION = {
    "电站名称": "湖沟村光伏电站",
    "发电户号": "3701234567",
    "所在村": "徐庄镇湖沟村",
    "电站类型": "单村",
    "装机容量": "100",
    "并网日期": "2022-05-20",
    "上网方式": "全额上网",
    "产权单位": "湖沟村股份经济合作社",
    "各村份额": "湖沟村100％",
}
JUNE = {
    "电站": "湖沟村光伏电站",
    "月份": "2022.6",
    "发电量": "12,000.5",
    "上网电量": "12000",
    "电价": "0.3949",
    "收入": "4738.80",
    "到账日": "2022-07-15",
}
WAGES = {
    "电站": "3701234567",
    "分配日期": "2022-08-01",
    "分配用途": "公益岗位工资",
    "金额": "3000",
    "具体内容": "护路岗位7月工资",
    "是否公示": "是",
}


@kept
def world() -> World:
    world = a_county()
    town = Division.objects.get(code="370406106")
    for code, name in (("370406106204", "湖沟村委会"), ("370406106210", "徐庄村委会")):
        Division.objects.create(code=code, name=name, level="village", parent=town)
    return world


def balance(stage: str) -> int:
    return Account.objects.get(stage=stage).balance


def test_a_month_moves_energy_and_the_income_that_came(world: World) -> None:
    station = Trial(world, PV_STATION).done(STATION)
    months = Trial(world, PV_YIELD)
    made = months.made(JUNE)
    assert made.row is not None, made.errors
    assert list(made.warnings) == []
    june = months.done(JUNE)
    pk = station.subject_id
    assert (balance(f"pv_energy_{pk}"), balance(f"pv_income_{pk}")) == (1_200_050, 473_880)
    row = actions.detail_of(june)
    assert PV_YIELD.values(row)["price"] == "0.3949 元/千瓦时"
    assert june.summary == "湖沟村光伏电站 · 2022-06 · 发电 12,000.50 千瓦时"
    # not come yet: nothing to give out; the next step brings it
    july = {**JUNE, "月份": "2022-07", "到账日": ""}
    waiting = months.done(july)
    assert balance(f"pv_income_{pk}") == 473_880
    months.stepped(waiting, {**july, "到账日": "2022-08-16"})
    assert (balance(f"pv_energy_{pk}"), balance(f"pv_income_{pk}")) == (2_400_100, 947_760)
    with pytest.raises(Refusal, match="已通过"):
        months.filed(JUNE)
    # none of it is in the plan's money
    money = figures.money(plan(), scope=Scope(everything=True), as_of=None)
    assert (money.total.received, money.total.arranged) == (0, 450_000_000)
    assert list(verify()) == []


def test_no_more_is_given_out_than_came_in(world: World) -> None:
    Trial(world, PV_STATION).done(STATION)
    with pytest.raises(InsufficientFunds, match=r"未分配的发电收入可用 0\.00 元，本次 3,000\.00 元"):
        Trial(world, PV_SHARE).filed(WAGES)
    Trial(world, PV_YIELD).done(JUNE)
    uses = Trial(world, PV_SHARE)
    uses.done(WAGES)
    waiting = uses.filed({**WAGES, "分配用途": "运维", "金额": "1000", "具体内容": "清洗组件"})
    with pytest.raises(
        InsufficientFunds,
        match=rf"可用 738\.80 元，本次 738\.81 元，超出 0\.01 元。另有 1,000\.00 元待审核（{waiting.pk} 号",
    ):
        uses.filed({**WAGES, "分配用途": "村集体积累", "金额": "738.81", "具体内容": "入账"})
    # another unit sees the same chain, not one of its own
    elsewhere = Trial(world, PV_SHARE, "局里")
    with pytest.raises(InsufficientFunds, match=r"可用 738\.80 元"):
        elsewhere.filed({**WAGES, "金额": "2000", "具体内容": "另一笔"})
    assert list(verify()) == []


def test_an_equal_split_to_households_is_no_use_of_it(world: World) -> None:
    Trial(world, PV_STATION).done(STATION)
    uses = Trial(world, PV_SHARE)
    assert (
        "没有“平均分到户”这一项，可填：公益岗位工资"
        in uses.wrong({**WAGES, "分配用途": "平均分到户"})["分配用途"]
    )
    for text in ("按户平均发放", "全村均分", "每户均发100元"):
        assert "不得平均分到户" in uses.wrong({**WAGES, "具体内容": text})["具体内容"]


def test_shares_add_up_to_a_hundred_and_belong_to_villages(world: World) -> None:
    stations = Trial(world, PV_STATION)
    made = stations.made({**STATION, "电站类型": "联村", "各村份额": "湖沟村 60%；徐庄镇徐庄村40"})
    assert isinstance(made.row, PvStation), made.errors
    assert made.row.shares == "徐庄镇湖沟村委会 60%、徐庄镇徐庄村委会 40%"
    assert "合计应为 100%，现为 90%" in stations.wrong({**STATION, "各村份额": "湖沟村90%"})["各村份额"]
    assert "读不出村名和份额" in stations.wrong({**STATION, "各村份额": "都归集体"})["各村份额"]
    assert "李庄" in stations.wrong({**STATION, "各村份额": "李庄村100%"})["各村份额"]
    assert "写了 1 个村" in stations.wrong({**STATION, "电站类型": "联村"})["电站类型"]
    assert "须大于 0" in stations.wrong({**STATION, "装机容量": "0"})["装机容量"]
    big = stations.made({**STATION, "装机容量": "650"})
    assert "超过 500 千瓦" in big.warnings[0]
    again = stations.made({**STATION, "各村份额": made.row.shares, "电站类型": "联村"})
    assert isinstance(again.row, PvStation)
    assert again.row.shares == made.row.shares


def test_yields_outside_the_range_are_told_by_the_bureaus_numbers(world: World) -> None:
    Trial(world, PV_STATION).done({**STATION, "并网日期": "2022-01-05"})
    months = Trial(world, PV_YIELD)
    whole_year = months.made({**JUNE, "发电量": "130000", "上网电量": "130000", "收入": "51337"})
    assert (
        "按2022年已报的 1 个月折算，全年每千瓦约 15,600 千瓦时，正常为 800 至 1,600" in whole_year.warnings[0]
    )
    gap = months.made({**JUNE, "收入": "4200"})
    assert gap.warnings == ["上网电量×电价为 4,738.80 元，收入填 4,200.00 元，相差超过 5%，请核对。"]
    Threshold.objects.create(code="pv_income_gap", name="差距", value=Decimal(20), unit="%")
    assert months.made({**JUNE, "收入": "4200"}).warnings == []
    # what was filed keeps what it was told
    entry = months.filed({**JUNE, "发电量": "130000", "上网电量": "12000"})
    Threshold.objects.create(code="pv_most_yield", name="上限", value=Decimal(99999), unit="千瓦时/千瓦")
    assert "15,600" in PV_YIELD.warnings(actions.detail_of(entry))[0]


def test_months_dates_and_energy_agree(world: World) -> None:
    Trial(world, PV_STATION).done(STATION)
    months = Trial(world, PV_YIELD)
    assert "还没有过完" in months.wrong({**JUNE, "月份": "2022-12", "到账日": ""})["月份"]
    wrong = months.wrong({**JUNE, "月份": "2022-04", "上网电量": "12000.51", "到账日": "2022-03-31"})
    assert "早于并网日期 2022-05-20" in wrong["月份"]
    assert "多于发电量 12,000.50" in wrong["上网电量"]
    assert "应在 2022-04-01 到今天" in wrong["到账日"]
    assert "最多四位小数" in months.wrong({**JUNE, "电价": "0.39491"})["电价"]
    assert "早于并网日期" in Trial(world, PV_SHARE).wrong({**WAGES, "分配日期": "2022-05-01"})["分配日期"]


def test_a_month_waits_for_its_station_and_a_station_for_its_months(world: World) -> None:
    stations, months = Trial(world, PV_STATION), Trial(world, PV_YIELD)
    station = stations.filed(STATION)
    month = months.filed(JUNE)
    with pytest.raises(acting.NotYet, match=f"还没有通过审核，请先审核 {station.pk} 号记录"):
        months.approved(month)
    station = stations.approved(station)
    months.approved(month)
    user = world.users["徐庄"]
    back = actions.reverse(by=user, on=ON, entry=station, reason="重复填报")
    with pytest.raises(acting.NotYet, match=f"已有发电收入或分配记录（{month.pk} 号）"):
        stations.approved(back)
    actions.withdraw(by=user, on=ON, entry=back, version=1)
    # a change of the station is no obstacle, and the chain goes on
    stations.stepped(station, {**STATION, "装机容量": "120"})
    months.done({**JUNE, "月份": "2022-07"})
    assert balance(f"pv_income_{station.subject_id}") == 947_760


def test_the_report_tells_energy_income_and_use_by_station(world: World) -> None:
    everything = Scope(everything=True)
    third = Period.objects.get(code="2022Q3")
    assert pv_tables(plan(), everything, third) == []
    Trial(world, PV_STATION).done(STATION)
    Trial(world, PV_YIELD).done(JUNE)
    Trial(world, PV_YIELD).done({**JUNE, "月份": "2022-07", "到账日": ""})
    Trial(world, PV_SHARE).done(WAGES)
    (table,) = pv_tables(plan(), everything, third)
    energy = ["24,001.00", "24,001.00"]
    assert list(table.rows) == [["湖沟村光伏电站", *energy, "4,738.80", "4,738.80", "3,000.00", "1,738.80"]]
    (past,) = pv_tables(plan(), everything, Period.objects.get(code="2022Q2"))
    assert past.rows[0][1:] == ["0.00", "0.00", "0.00", "0.00", "0.00", "0.00"]
    elsewhere = frozenset([world.units["店子镇"].pk])
    assert pv_tables(plan(), Scope(organization_ids=elsewhere), third) == []


def test_an_amount_of_energy_is_written_in_kwh(world: World) -> None:
    station = Trial(world, PV_STATION).done(STATION)
    Trial(world, PV_YIELD).done(JUNE)
    account = Account.objects.get(stage=f"pv_energy_{station.subject_id}")
    assert amount_text(account.balance, account.unit) == "12,000.50 千瓦时"
    assert account.code == f"2022/pv_energy_{station.subject_id}@370406106"
