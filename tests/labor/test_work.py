"""花名册, 转移就业 and 专场招聘: what is typed, what counts, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from labor.models import Placement
from labor.placements import JOB_FAIR, PLACEMENT
from labor.rosters import ROSTER
from ledger.models import Account
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import Trial, a_county, count

JOB = {
    "姓名": "试验甲",
    "身份证号": "990000197906120027",
    "人员类别": "脱贫人口",
    "务工所在地": "山东省威海市荣成市",
    "务工企业名称": "某食品公司",
    "岗位/工种": "包装",
    "上岗时间": "2022-03-01",
}
ROW = {
    "花名册日期": "2022-06-30",
    "姓名": "试验甲",
    "性别": "女",
    "身份证号": "990000197906120027",
    "与户主关系": "户主",
    "户类型": "脱贫户",
    "文化程度": "初中",
    "健康状况": "健康",
    "劳动技能": "普通劳动力",
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 11, 30, 2, 0, tzinfo=UTC)):
        yield


@kept
def world() -> World:
    return a_county()


def part(of: str, name: str) -> int:
    return Account.objects.get(code=f"2022/target/{of}/{name}").balance


def test_a_placement_counts_in_and_outside_rongcheng_and_leaves_by_a_step(world: World) -> None:
    jobs = Trial(world, PLACEMENT)
    entry = jobs.done(JOB)
    jobs.done({**JOB, "姓名": "试验乙", "身份证号": "990000200912310032", "务工所在地": "青岛市"})
    assert (count("employed_people"), count("trained_or_employed"), count("benefit_people")) == (2, 2, 2)
    assert part("employed_people", "赴荣成") == 1
    left = {**JOB, "离岗时间": "2022-03-10", "务工时间（月）": "0", "务工月收入": "4200"}
    assert "不计入就业人数" in jobs.made(left).warnings[0]
    jobs.stepped(entry, left)  # ten days are no placement
    assert (count("employed_people"), part("employed_people", "赴荣成")) == (1, 0)
    assert list(verify()) == []


def test_a_job_that_is_over_has_lasted_from_its_first_to_its_last_day_unless_its_months_are_stated(
    world: World,
) -> None:
    jobs = Trial(world, PLACEMENT)
    for ends, more, counted, stable in (
        ("2022-08-31", {}, True, True),
        ("2022.8", {}, True, True),
        ("2022-03-30", {}, False, False),
        ("2022-08-31", {"务工时间（月）": "0"}, False, False),
    ):
        row = jobs.made({**JOB, "离岗时间": ends, **more}).row
        assert isinstance(row, Placement)
        assert (row.is_counted, row.is_stable) == (counted, stable)
    assert any(
        "期限 0 个月，不足 1 个月" in text for text in jobs.made({**JOB, "离岗时间": "2022-03-30"}).warnings
    )


def test_who_stays_three_months_is_stably_employed(world: World) -> None:
    jobs = Trial(world, PLACEMENT)
    for months, stable in (("2", False), ("3", True)):
        made = jobs.made({**JOB, "务工时间（月）": months, "务工月收入": "4200"})
        assert made.row is not None
        assert getattr(made.row, "is_stable") is stable  # noqa: B009


def test_months_pay_and_dates_of_a_job_must_agree(world: World) -> None:
    jobs = Trial(world, PLACEMENT)
    wrong = jobs.wrong({**JOB, "务工时间（月）": "13", "离岗时间": "2022-02-01"})
    assert set(wrong) == {"务工时间（月）", "务工月收入", "离岗时间"}
    said = jobs.made({**JOB, "务工月收入": "42"}).warnings
    assert any("500 至 50,000 元" in text for text in said)


def test_a_fair_counts_once_and_signs_no_more_than_it_matched(world: World) -> None:
    fairs = Trial(world, JOB_FAIR)
    fair = {"日期": "2022-02-18", "活动名称": "春风行动", "主办单位": "区人社局", "地点": "区政府广场"}
    fairs.done({**fair, "求职人数": "300", "达成意向": "80", "签约人数": "30"})
    assert count("job_fairs") == 1
    assert set(fairs.wrong({**fair, "求职人数": "10", "达成意向": "80", "签约人数": "90"})) == {
        "达成意向",
        "签约人数",
    }


def test_the_roster_has_the_cross_checks_of_the_national_system_and_counts_nobody(world: World) -> None:
    roster = Trial(world, ROSTER)
    entry = roster.done(ROW)
    assert count("benefit_people") == 0
    wrong = roster.wrong(
        {
            **ROW,
            "在校生状况": "高中在读",
            "务工所在地": "荣成",
            "公益性岗位": "保洁",
            "户类型": "普通农户",
            "监测对象类别": "脱贫不稳定户",
        }
    )
    assert set(wrong) == {"文化程度", "务工时间（月）", "公益性岗位（月数）", "监测对象类别"}
    assert "不填风险是否消除" in roster.wrong({**ROW, "风险是否消除": "是"})["风险是否消除"]
    assert "请核对" in roster.made({**ROW, "健康状况": "残疾"}).warnings[0]
    roster.stepped(entry, {**ROW, "花名册日期": "2022-09-30", "就业意愿": "愿赴荣成"})
    assert list(verify()) == []
