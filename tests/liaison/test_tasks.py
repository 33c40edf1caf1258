"""议定事项 as tasks of their owners; plans that are incomplete; reports told apart: what the dashboard says of liaison."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client

from ledger import acting, actions
from ledger.models import Assignment, Entry, Period
from ledger.registers import get_register
from ledger.scope import scope_of
from ledger.verify import verify
from liaison.figures import decision_notices, lacking_plans, open_tasks, plan_notices
from liaison.registers import MEETING, MEETING_DECISION, PUBLICITY, WORK_PLAN
from tests.desk.cast import page_text
from tests.kept import kept
from tests.ledger.world import World
from tests.liaison.test_liaison import MEETING_ROW, STORY
from tests.registers import ON, Trial, a_county, plan

DECISION = {
    "会议": "荣成—山亭协作联席会议",
    "事项序号": "1",
    "议定事项": "共建劳务市场",
    "责任单位": "徐庄镇",
    "完成期限": "2022-10-31",
    "办理状态": "未办",
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 11, 30, 2, 0, tzinfo=UTC)):
        yield


@kept
def world() -> World:
    return a_county()


@pytest.fixture
def decision(world: World) -> Entry:
    Trial(world, MEETING, "局里").done(MEETING_ROW)
    return Trial(world, MEETING_DECISION, "局里").done(DECISION)


def browser(world: World, who: str) -> Client:
    client = Client()
    client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_decision_is_a_task_of_its_owner_who_reports_on_it(world: World, decision: Entry) -> None:
    assert "共建劳务市场" in page_text(browser(world, "徐庄").get("/desk/"))
    assert "共建劳务市场" not in page_text(browser(world, "店子").get("/desk/"))
    assert browser(world, "店子").get(f"/desk/entries/{decision.pk}/").status_code == 404
    form = browser(world, "徐庄").get(f"/desk/entries/{decision.pk}/step/", follow=True)
    assert "荣成—山亭协作联席会议" in page_text(form)
    typed = {
        "meeting": f"{Entry.objects.unscoped('测试').get(register='meeting').pk}号", "number": "1",
        "text": "共建劳务市场", "owner": "370406106", "due_on": "2022-10-31", "state": "done",
        "result": "市场已开业", "done_on": "2022-11-20", "token": "00000000-0000-4000-8000-000000000001",
    }  # fmt: skip
    answer = browser(world, "徐庄").post(f"/desk/entries/{decision.pk}/step/?token={typed['token']}", typed)
    assert answer.status_code == 302, answer.content.decode()
    step = Entry.objects.unscoped("测试").get(kind="step")
    assert step.filed_for == world.units["徐庄镇"]
    Trial(world, MEETING_DECISION).approved(step)
    assert open_tasks(world.users["徐庄"]) == []
    assert list(verify()) == []


def test_who_filed_it_may_go_on_after_the_owner_and_nobody_else(world: World, decision: Entry) -> None:
    mine = Trial(world, MEETING_DECISION, "徐庄")
    row = mine.made({**DECISION, "办理状态": "在办"}, before=decision)
    assert "会议" in row.errors  # a sheet of theirs names no meeting they cannot see
    bureau = Trial(world, MEETING_DECISION, "局里")
    ongoing = bureau.made({**DECISION, "办理状态": "在办"}).row
    assert ongoing is not None
    step = actions.step(by=world.users["徐庄"], on=ON, entry=decision, row=ongoing)
    step = bureau.approved(step)
    with pytest.raises(acting.NotAllowed):
        actions.step(by=world.users["店子"], on=ON, entry=step, row=ongoing)
    with pytest.raises(acting.NotAllowed):  # a correction is of whoever filed it
        actions.correct(by=world.users["局里"], on=ON, entry=step, row=ongoing, reason="有误")
    done = {**DECISION, "办理状态": "办结", "办结日期": "2022-11-20", "落实情况": "已开业"}
    bureau.stepped(step, done)
    assert open_tasks(world.users["局里"]) == []
    assert list(verify()) == []


def test_the_first_screen_shows_what_the_last_meeting_left_open_and_what_is_overdue(
    world: World, decision: Entry
) -> None:
    later = {**MEETING_ROW, "日期": "2022-10-12", "名称/次数": "第二次联席会议"}
    Trial(world, MEETING, "局里").done(later)
    bureau = Trial(world, MEETING_DECISION, "局里")
    second = {**DECISION, "会议": "第二次联席会议", "议定事项": "互派教师", "完成期限": "2022-12-31"}
    bureau.done(second)
    text = page_text(browser(world, "领导").get("/overview/"))
    assert "第二次联席会议（2022-10-12），尚未办结" in text
    assert "互派教师" in text
    assert "此前会议另有 1 项未办结" in text
    assert "议定事项逾期" in text
    (late,) = decision_notices(world.users["领导"], ON, 5)
    assert late.count == 1
    assert "已逾期 30 天" in late.found[0].reason
    assert decision_notices(world.users["店子"], ON, 5)[0].count == 0


def test_an_assigned_department_that_lacks_plan_goals_or_results_is_named(world: World) -> None:
    Assignment.objects.create(register="work_plan", organization=world.units["财政局"])
    leader = world.users["领导"]
    assert [one.reason for one in lacking_plans(leader, ON)] == ["2022 年缺年度计划、阶段目标。"]
    assert lacking_plans(leader, date(2022, 12, 1))[0].reason.endswith("具体成果。")
    plans = Trial(world, WORK_PLAN, "财政")
    row = {
        "日期": "2022-02-01",
        "内容类别": "年度计划",
        "阶段": "全年",
        "内容": "资金计划",
        "完成状态": "计划",
    }
    plans.done(row)
    goal = {**row, "内容类别": "阶段目标", "阶段": "二季度", "内容": "全部下达", "计划完成日期": "2022-06-30"}
    entry = plans.done(goal)
    assert lacking_plans(leader, ON) == []
    assert plan_notices(leader, ON, 5)[1].count == 1  # the goal is late
    plans.stepped(entry, {**goal, "完成状态": "完成", "完成情况": "已下达", "完成日期": "2022-06-20"})
    assert plan_notices(leader, ON, 5)[1].count == 0
    assert lacking_plans(world.users["徐庄"], date(2022, 12, 1)) == []  # of others it sees nothing
    text = page_text(browser(world, "领导").get("/overview/"))
    assert "部门工作计划不全" not in text
    with time_machine.travel(datetime(2022, 12, 5, 2, 0, tzinfo=UTC)):
        assert "部门工作计划不全" in page_text(browser(world, "领导").get("/overview/"))


def test_reports_are_told_by_level_and_carrier_original_and_reprint_apart(world: World) -> None:
    stories = Trial(world, PUBLICITY)
    stories.done(STORY)
    stories.done({**STORY, "媒体名称": "枣庄新闻网", "级别": "市", "原发/转载": "转载"})
    register, period = get_register("publicity"), Period.objects.get(code="2022Q3")
    assert register.report_tables is not None
    (table,) = register.report_tables(plan(), scope_of(world.users["领导"]), period)
    assert table.rows == [
        ["省 · 政府网站", "1", "1", "0", "0"],
        ["市 · 政府网站", "0", "0", "1", "1"],
        ["合计", "1", "1", "1", "1"],
    ]
    (mine,) = register.report_tables(plan(), scope_of(world.users["徐庄"]), period)
    assert mine.rows == table.rows
    assert register.report_tables(plan(), scope_of(world.users["店子"]), period) == []
