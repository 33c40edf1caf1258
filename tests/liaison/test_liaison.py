"""会议, 议定事项, 互访, 部门计划 and 宣传: what is typed, what counts, what is refused."""

from __future__ import annotations

import pytest

from ledger.acting import InvalidEntry, SubjectTaken
from ledger.verify import verify
from liaison.registers import MEETING, MEETING_DECISION, PUBLICITY, VISIT, WORK_PLAN
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import Trial, a_county, count

MEETING_ROW = {
    "日期": "2022-05-29",
    "类型": "联席会议",
    "名称/次数": "荣成—山亭协作联席会议",
    "地点": "山亭",
    "层级": "主要领导",
    "荣成方出席": "市委书记",
    "山亭方出席": "区委书记",
    "议题": "年度协作",
    "捐赠/拨付资金": "400",
}
STORY = {
    "刊发日期": "2022-09-16",
    "标题": "“荣山”圆梦活动—纪实",
    "媒体名称": "大众网",
    "级别": "省级",
    "载体": "网站",
    "版面/链接": "https://example.invalid/1",
    "作者/供稿单位": "区乡村振兴局",
    "原发/转载": "原发",
}


@kept
def world() -> World:
    return a_county()


def test_only_joint_meetings_count_and_their_decisions_have_owner_date_and_result(world: World) -> None:
    meetings, decisions = Trial(world, MEETING, "局里"), Trial(world, MEETING_DECISION, "局里")
    meetings.done(MEETING_ROW)
    meetings.done({**MEETING_ROW, "类型": "部门对接", "名称/次数": "人社对接"})
    assert count("joint_meetings") == 1
    decision = {
        "会议": "荣成—山亭协作联席会议",
        "事项序号": "1",
        "议定事项": "共建劳务市场",
        "责任单位": "徐庄镇",
        "完成期限": "2022-06-30",
        "办理状态": "未办",
    }
    assert "早于会议日期" in decisions.wrong({**decision, "完成期限": "2022-05-01"})["完成期限"]
    assert "仍未办结" in decisions.made(decision).warnings[0]
    entry = decisions.done(decision)
    done = {**decision, "办理状态": "办结", "办结日期": "2022-06-20", "落实情况": "已开业"}
    assert set(decisions.wrong({**decision, "办理状态": "办结"})) == {"办结日期", "落实情况"}
    over = decisions.stepped(entry, done)
    with pytest.raises(InvalidEntry, match="上一步已办结"):
        decisions.stepped(over, decision)
    assert list(verify()) == []


def test_visits_count_both_ways(world: World) -> None:
    visits = Trial(world, VISIT, "局里")
    visit = {
        "日期": "2022-03-08",
        "方向": "赴荣成",
        "带队领导（职务）": "区长",
        "层级": "主要领导",
        "议题": "对接",
    }
    visits.done(visit)
    visits.done({**visit, "方向": "来山亭"})
    assert count("visits") == 2


def test_a_story_and_its_reprints_are_counted_apart(world: World) -> None:
    stories = Trial(world, PUBLICITY)
    stories.done(STORY)
    stories.done({**STORY, "媒体名称": "枣庄新闻网", "级别": "市", "原发/转载": "转载"})
    assert (count("publicity"), count("publicity_reprints")) == (1, 1)
    with pytest.raises(SubjectTaken):  # other dashes and quotes do not make another title
        stories.filed({**STORY, "标题": '"荣山"圆梦活动-纪实'})
    assert PUBLICITY.evidence_rule(stories.made({**STORY, "标题": "二", "版面/链接": ""}).row)


def test_a_department_has_plan_goals_and_results(world: World) -> None:
    plans = Trial(world, WORK_PLAN, "财政")
    goal = {
        "日期": "2022-02-01",
        "内容类别": "阶段目标",
        "阶段": "二季度",
        "内容": "资金全部下达",
        "计划完成日期": "2022-06-30",
        "完成状态": "计划",
    }
    entry = plans.done(goal)
    assert "请填计划完成日期" in str(plans.wrong({**goal, "计划完成日期": ""}))
    assert set(plans.wrong({**goal, "完成状态": "完成"})) == {"完成情况", "完成日期"}
    plans.stepped(entry, {**goal, "完成状态": "完成", "完成情况": "已全部下达", "完成日期": "2022-06-20"})
    assert "应为“完成”" in plans.wrong({**goal, "内容类别": "具体成果"})["完成状态"]
    assert list(verify()) == []
