"""挂职, 支医支教, 农技科技 and 文化: what is typed, what counts, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from ledger.acting import InvalidEntry
from ledger.making import months_between
from ledger.models import Period, Plan
from ledger.scope import Scope
from ledger.verify import verify
from talent.figures import work_tables
from talent.registers import CULTURE_EXCHANGE, SECONDMENT, SUPPORT_POST, SUPPORT_WORK, TECH_EXCHANGE
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import Trial, a_county, count

CADRE = {
    "姓名": "试验甲",
    "身份证号": "990000197906120027",
    "原单位": "山亭区农业农村局",
    "派出方向": "赴荣成",
    "类别": "党政干部",
    "挂职单位": "荣成市农业农村局",
    "派出文号": "山组干〔2022〕5号",
    "计划期限": "6个",
    "起始日期": "2022.4.1",
    "状态": "在岗",
}
DOCTOR = {
    "类别": "支医",
    "姓名": "试验乙",
    "出生年月": "1980-03",
    "专业/学科": "骨科",
    "派出单位": "荣成市人民医院",
    "受援单位": "山亭区人民医院",
    "起始日期": "2022-03-01",
    "状态": "在岗",
}


@kept
def world() -> World:
    return a_county()


@pytest.fixture
def cadres(world: World) -> Trial:
    return Trial(world, SECONDMENT, "局里")


def test_a_cadre_of_shanting_in_rongcheng_counts_and_an_early_return_takes_it_back(cadres: Trial) -> None:
    typed = {**CADRE, "计划期限": "6"}
    entry = cadres.done(typed)
    assert count("secondments") == 1
    early = cadres.stepped(entry, {**typed, "状态": "提前返回", "结束日期": "2022-06-30"})
    assert count("secondments") == 0
    assert early.occurred_on == date(2022, 6, 30)
    assert list(verify()) == []


def test_who_completes_the_term_stays_counted_and_counts_once_a_year(cadres: Trial) -> None:
    typed = {**CADRE, "计划期限": "6"}
    entry = cadres.done({**typed, "起始日期": "2022-01-01"})
    cadres.stepped(
        entry,
        {**typed, "起始日期": "2022-01-01", "状态": "期满", "结束日期": "2022-06-30", "考核等次": "优秀"},
    )
    cadres.done({**typed, "起始日期": "2022-07-01"})
    assert count("secondments") == 1
    assert list(verify()) == []


@pytest.mark.parametrize(
    "other",
    [{"派出方向": "荣成→山亭"}, {"类别": "跟班学习"}, {"计划期限": "3"}, {"计划期限": ""}],
    ids=["comes here", "shadows", "too short", "no term"],
)
def test_others_are_recorded_and_do_not_count(cadres: Trial, other: dict[str, str]) -> None:
    cadres.done({**CADRE, "计划期限": "6", **other})
    assert count("secondments") == 0
    assert count("benefit_people") == 0  # cadres never feed it


def test_dates_and_state_of_a_post_must_agree(cadres: Trial) -> None:
    wrong = cadres.wrong({**CADRE, "计划期限": "70", "结束日期": "2022-03-01", "状态": "期满"})
    assert set(wrong) == {"计划期限", "结束日期"}
    assert "早于起始日期" in wrong["结束日期"]
    assert "请填结束日期" in cadres.wrong({**CADRE, "计划期限": "6", "状态": "期满"})["结束日期"]
    assert cadres.made({**CADRE, "计划期限": "6", "结束日期": "至今"}).row is not None
    over = cadres.done({**CADRE, "计划期限": "6", "状态": "期满", "结束日期": "2022-09-30"})
    with pytest.raises(InvalidEntry, match="重新派出的请另填一条"):
        cadres.stepped(over, {**CADRE, "计划期限": "6"})


def test_doctors_and_teachers_count_by_kind_and_their_work_by_quarter(world: World) -> None:
    posts, work = Trial(world, SUPPORT_POST, "局里"), Trial(world, SUPPORT_WORK, "局里")
    posts.done(DOCTOR)
    teacher = {**DOCTOR, "类别": "支教", "姓名": "试验丙", "专业/学科": "数学", "期限": "6"}
    assert "支教为期一年" in posts.made(teacher).warnings[0]
    posts.done(teacher)
    assert (count("support_doctors"), count("support_teachers")) == (1, 1)
    done = {"支医支教人员": "试验乙", "季度末日": "2022-06-30", "门诊人次": "420", "手术例数": "12"}
    work.done(done)
    assert "不是季度的最后一天" in work.wrong({**done, "季度末日": "2022-06-29"})["季度末日"]
    assert "这一栏不用填" in work.wrong({**done, "季度末日": "2022-09-30", "授课节数": "9"})["授课节数"]
    assert "找不到" in work.wrong({**done, "支医支教人员": "没有的人"})["支医支教人员"]
    assert list(verify()) == []


def test_the_reports_tell_the_work_of_doctors_and_teachers_by_quarter(world: World) -> None:
    posts, work = Trial(world, SUPPORT_POST, "局里"), Trial(world, SUPPORT_WORK, "局里")
    posts.done(DOCTOR)
    posts.done({**DOCTOR, "类别": "支教", "姓名": "试验师"})
    work.done({"支医支教人员": DOCTOR["姓名"], "季度末日": "2022-06-30", "门诊人次": "420", "手术例数": "12"})
    work.done({"支医支教人员": DOCTOR["姓名"], "季度末日": "2022-09-30", "门诊人次": "80", "手术例数": "0"})
    work.done({"支医支教人员": "试验师", "季度末日": "2022-06-30", "授课节数": "96"})
    work.filed({"支医支教人员": "试验师", "季度末日": "2022-09-30", "授课节数": "1000"})  # not decided yet
    plan, quarters = Plan.objects.get(), {p.code: p for p in Period.objects.all()}

    def told(code: str, scope: Scope) -> dict[str, list[Sequence[str]]]:
        return {table.title: list(table.rows) for table in work_tables(plan, scope, quarters[code])}

    everything = Scope(everything=True)
    assert told("2022Q2", everything) == {
        "支医工作量": [["门诊人次", "420", "420"], ["手术例数", "12", "12"]],
        "支教工作量": [["授课节数", "96", "96"]],
    }
    assert told("2022Q3", everything) == {
        "支医工作量": [["门诊人次", "80", "500"], ["手术例数", "0", "12"]],
        "支教工作量": [["授课节数", "0", "96"]],
    }
    assert told("2022Q1", everything) == {}
    assert told("2022Q3", Scope(organization_ids=frozenset([world.units["徐庄镇"].pk]))) == {}
    own = Scope(organization_ids=frozenset([world.units["乡村振兴局"].pk]))
    assert told("2022Q3", own) == told("2022Q3", everything)


def test_exchanges_count_by_event(world: World) -> None:
    tech, culture = Trial(world, TECH_EXCHANGE), Trial(world, CULTURE_EXCHANGE)
    lecture = {
        "日期": "2022年5月18日",
        "活动名称": "花生高产技术交流",
        "类别": "服务团",
        "领域": "花生",
        "荣成方单位/人员": "3 名专家",
        "山亭方单位/驿站": "某农科驿站",
        "地点": "店子镇",
        "参加人数": "62",
        "示范面积": "50.5亩",
    }
    entry = tech.done(lecture)
    assert TECH_EXCHANGE.values(tech.made(lecture).row)["area"] == "50.50 亩"
    assert "最多两位小数" in tech.wrong({**lecture, "示范面积": "1.234"})["示范面积"]
    assert "食用菌、中药材、花生、其他" in tech.wrong({**lecture, "领域": "水稻"})["领域"]
    culture.done(
        {
            "起止时间": "2022.7.12-7.14",
            "活动名称": "非遗剪纸培训",
            "类别": "非遗",
            "主办/承办": "区文旅局",
            "荣成参与单位": "荣成市文化馆",
            "地点": "区文化馆",
            "展销额": "1200.5",
        }
    )
    assert (count("tech_exchanges"), count("culture_exchanges")) == (1, 1)
    assert entry.summary == "花生高产技术交流 · 花生 · 2022-05-18"
    assert list(verify()) == []


def test_months_are_whole_ones() -> None:
    assert months_between(date(2022, 4, 1), date(2022, 9, 30)) == 6
    assert months_between(date(2022, 4, 1), date(2022, 9, 29)) == 5
    assert months_between(date(2022, 12, 15), date(2023, 1, 14)) == 1
