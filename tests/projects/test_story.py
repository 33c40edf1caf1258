"""What a project tells: its light on the first screen, its page, its table in the reports; and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.models import Period
from ledger.scope import Scope
from projects.models.project import Project, State
from projects.registers import NOTICE, PROGRESS, PROJECT
from projects.story import progress_tables, state_of
from tests.desk.cast import page_text
from tests.ledger.stories import Story
from tests.ledger.world import World
from tests.projects.conftest import at, bare
from tests.projects.test_life import row
from tests.registers import Trial, plan


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 11, 30, 2, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def told(world: World, barn: Trial, village: Trial) -> World:
    """The beautiful village is being built and late; a barn of the zone is approved."""
    Story(world).tell(
        """
        2022-03-01 财政 办 下达 2022-04 徐庄镇 100 #文1
        2022-03-10 财政 办 拨付 2022-04 徐庄镇 50 #拨1
        """
    )
    barn.done(at("已批复"))
    entry = village.done(bare("已批复"))
    entry = village.stepped(entry, bare("招标采购"))
    village.stepped(entry, bare("在建"))
    Story(world).tell("2022-05-20 徐庄 办 支出 2022-04 徐庄镇 40 #记1 合同=BZ-01")
    Trial(world, PROGRESS).done(
        {"项目名称": "2022-04", "截至日期": "2022-06-30", "项目状态": "在建", "形象进度": "主街硬化完成", "工程进度": "60",
         "累计拨付": "50", "累计支出": "40"}
    )  # fmt: skip
    Trial(world, NOTICE).done(
        {"项目名称": "2022-04", "公示类别": "招标或实施前公示", "公示内容": "投资和工期", "公示地点": "湖沟村公示栏",
         "公示起止": "2022.3.6-3.15", "有无异议": "无"}
    )  # fmt: skip
    return world


def browse(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


def light(state: State, day: str, **changed: Any) -> tuple[str, str]:
    one: Project = row(state, **changed)
    found = state_of(one, [], date.fromisoformat(day), (15, 15), None)
    return found.light, found.reason


@pytest.mark.parametrize(
    ("state", "day", "expected"),
    [
        (State.APPROVED, "2022-03-10", ("green", "离计划开工还有 22 天。")),
        (State.APPROVED, "2022-03-17", ("yellow", "离计划开工还有 15 天。")),
        (State.APPROVED, "2022-04-16", ("yellow", "开工应于 2022-04-01 前，已逾期 15 天。")),
        (State.APPROVED, "2022-04-17", ("red", "开工应于 2022-04-01 前，已逾期 16 天。")),
        (State.BUILDING, "2022-10-16", ("red", "完工应于 2022-09-30 前，已逾期 16 天。")),
        (State.BUILT, "2022-12-31", ("green", "已完工，没有逾期。")),
        (State.RESERVE, "2022-01-20", ("green", "离计划开工还有 71 天。")),
        (State.ENDED, "2022-12-31", ("grey", "项目终止。")),
    ],
)
def test_the_light_follows_the_planned_days(state: State, day: str, expected: tuple[str, str]) -> None:
    assert light(state, day) == expected


def test_rectification_is_red_the_day_after_its_term() -> None:
    terms: dict[str, Any] = {"conclusion": "rectify", "rectify_by": date(2022, 10, 31)}
    assert light(State.ACCEPTED, "2022-10-31", **terms)[0] == "yellow"
    assert light(State.ACCEPTED, "2022-11-01", **terms) == ("red", "整改应于 2022-10-31 前，已逾期 1 天。")


def test_works_without_a_report_of_the_last_quarter_are_red() -> None:
    third = Period(code="2022Q3", starts_on=date(2022, 7, 1), ends_on=date(2022, 9, 30))
    found = state_of(row(State.BUILDING), [], date(2022, 10, 1), (15, 15), third)
    assert (found.light, found.reason) == ("red", "2022年第3季度没有项目进度。")


def test_the_first_screen_tells_light_progress_and_next_day_of_each_project(told: World) -> None:
    page = page_text(browse(told, "领导").get("/overview/"))
    text = " ".join(page.partition("各项目资金，单位")[2].split())
    assert 'href="/lines/2022-04/story/">项目</a>' in text
    for words in ("60%", "2022-09-30 完工", "完工应于 2022-09-30 前，已逾期 61 天。"):
        assert words in text
    assert "项目红灯" in page
    # as of a quarter: what had happened by then
    past = " ".join(page_text(browse(told, "领导").get("/overview/?as_of=2022Q1")).split())
    assert "招标采购" in past
    assert "60%" not in past


def test_the_page_tells_what_happened_what_is_next_and_who_owes_it(told: World) -> None:
    page = page_text(browse(told, "领导").get("/lines/2022-04/story/"))
    text = " ".join(page.split())
    for words in (
        "2022-03-10",  # the tender
        "枣庄演示农业设施有限公司，合同 900,000.00 元",
        "计划完工",
        "已逾期 61 天",
        "登记“已完工”：实际完工；附完工报告或完工照片",
        "2022年第3季度的项目进度",
        "登记现场公示牌",
        "无异议",
        "10 天",
        "按付款节点（开工40、完工90、验收100）在“在建”只应付到 36.00 万元，超出 4.00 万元",
        '工程进度 <span class="num">60.00%</span>',
        '支出率 <span class="num">40.00%</span>',
        "凭证.pdf",
    ):
        assert words in text, words
    assert text.index("已批复</a>") < text.index("招标采购</a>") < text.index("在建</a>")
    zone = page_text(browse(told, "领导").get("/lines/2022-01/story/"))
    assert "/lines/2022-01-01/story/" in zone
    assert "还没有通过的项目记录" in zone
    assert browse(told, "领导").get("/lines/2099-01/story/").status_code == 404
    assert "/lines/2022-04/story/" in page_text(browse(told, "领导").get("/lines/2022-04/"))


def test_a_unit_reads_the_story_of_its_own_projects_only(told: World) -> None:
    own = page_text(browse(told, "徐庄").get("/lines/2022-04/story/"))
    assert "枣庄演示农业设施有限公司" in own
    other = page_text(browse(told, "店子").get("/lines/2022-04/story/"))
    assert "还没有通过的项目记录，或不在您的查看范围内" in other
    for words in ("枣庄演示农业设施有限公司", "凭证.pdf", "湖沟村公示栏", "主街硬化完成"):
        assert words not in other


def test_the_report_has_works_beside_spending(told: World) -> None:
    third = Period.objects.get(code="2022Q3")
    (table,) = progress_tables(plan(), Scope(everything=True), third)
    rows = {line[0]: list(line[1:]) for line in table.rows}
    assert rows["美丽乡村提升工程"][:6] == ["在建", "红", "60%", "40.00%", "2022-09-30", "—"]
    assert rows["　└ 食用菌大棚"][:4] == ["已批复", "红", "—", "—"]
    nobody = Scope(organization_ids=frozenset())
    assert progress_tables(plan(), nobody, third) == []


def asked(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.alike
def test_pages_ask_as_often_for_a_long_story_as_for_a_short_one(told: World) -> None:
    client = browse(told, "领导")
    urls = ("/overview/", "/lines/2022-04/story/", "/lines/2022-01/story/")
    client.get("/overview/")
    few = {url: asked(client, url) for url in urls}
    barn = Trial(told, PROJECT, "北庄")
    for number in range(2, 6):
        typed = {
            "子项目编码": f"2022-01-{number:02}",
            "项目名称": f"第{number}项",
            "总投资": "10",
            "协作资金": "10",
        }
        barn.done(at("已批复", **typed, 批复金额="10"))
    for number in range(12):
        Trial(told, NOTICE).done(
            {"项目名称": "2022-04", "公示类别": "年度计划公示", "公示内容": "投资", "公示地点": "湖沟村公示栏",
             "公示起止": f"2022.4.{number + 1}-4.{number + 12}"}
        )  # fmt: skip
    assert {url: asked(client, url) for url in urls} == few
    assert max(few.values()) < 60, few
