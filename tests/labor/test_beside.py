"""What the roster, other jobs and the household say of a row: told to who files and who reviews, in bulk (DOMAIN §4.4, §4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.identity import check_character
from labor.models import Placement
from labor.placements import PLACEMENT
from labor.rosters import ROSTER
from ledger import actions
from ledger.making import warnings_of
from ledger.registers import Made
from tests.desk.cast import page_text, stored
from tests.kept import kept
from tests.labor.test_work import JOB, ROW
from tests.ledger.world import World
from tests.registers import ON, Trial, a_county

SECOND = {**JOB, "务工企业名称": "另一家公司", "上岗时间": "2022-05-01"}
WHOLE = {"务工月收入": "4200", "是否签订合同": "是", "是否点对点输送": "否", "就业渠道": "政府组织"}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 11, 30, 2, 0, tzinfo=UTC)):
        yield


@kept
def world() -> World:
    return a_county()


@pytest.fixture
def jobs(world: World) -> Trial:
    return Trial(world, PLACEMENT)


@pytest.fixture
def roster(world: World) -> Trial:
    return Trial(world, ROSTER)


def said(made: Made) -> str:
    assert made.row is not None, made.errors
    return "；".join(made.warnings)


def somebody(serial: int, female: bool = True) -> str:
    first17 = f"99000019800101{serial * 2 + (not female):03}"
    return first17 + check_character(first17)


# --- jobs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skill", ["无劳动力", "丧失劳动力"])
def test_work_of_who_is_unable_to_work_by_the_roster_is_told(jobs: Trial, roster: Trial, skill: str) -> None:
    assert "花名册" not in said(jobs.made(JOB))
    row = roster.done({**ROW, "劳动技能": skill})
    assert f"花名册（{row.pk} 号记录）登记为“{skill}”，这里登记务工，请核对" in said(jobs.made(JOB))
    roster.stepped(row, {**ROW, "花名册日期": "2022-09-30"})
    assert "花名册" not in said(jobs.made(JOB))


def test_work_of_who_is_at_school_by_the_roster_is_told(jobs: Trial, roster: Trial) -> None:
    row = roster.filed({**ROW, "文化程度": "", "在校生状况": "高中在读"})  # also while it waits
    assert f"花名册（{row.pk} 号记录）登记为在校生" in said(jobs.made(JOB))


def test_two_jobs_at_once_are_told_until_the_first_has_an_end(jobs: Trial) -> None:
    first = jobs.done(JOB)
    told = f"这个人还有没有离岗的务工（{first.pk} 号记录），同时两份工作"
    assert told in said(jobs.made(SECOND))
    assert "同时两份工作" not in said(
        jobs.made(JOB | {"务工时间（月）": "3", "务工月收入": "4000"})
    )  # itself
    assert "同时两份工作" not in said(jobs.made({**SECOND, "离岗时间": "2022-06-01"}))
    jobs.stepped(first, {**JOB, "离岗时间": "2022-04-30"})
    assert "同时两份工作" not in said(jobs.made(SECOND))


def test_a_correction_is_not_told_of_the_job_it_corrects(world: World, jobs: Trial) -> None:
    first = jobs.done(JOB)
    made = jobs.made(SECOND, before=first)
    assert "同时两份工作" not in said(made)
    assert made.row is not None
    user = world.users["徐庄"]
    again = actions.correct(
        by=user, on=ON, entry=first, row=made.row, reason="单位填错", evidence=[stored(user)]
    )
    assert "同时两份工作" not in "".join(warnings_of(PLACEMENT, [actions.detail_of(again)])[0])


def test_two_open_jobs_in_one_file_are_told_at_both_rows(world: World, jobs: Trial) -> None:
    rows = [jobs.made(typed).row for typed in (JOB, SECOND)]
    for row in rows:
        assert isinstance(row, Placement)
        row.beside = None  # as rows of one file, read together
    told = warnings_of(PLACEMENT, rows)
    assert all(any("同一文件里的另一行" in text for text in one) for one in told)


def test_what_is_missing_of_a_registered_persons_job_is_named(jobs: Trial) -> None:
    text = said(jobs.made({**JOB, "是否签订合同": "是"}))
    assert "还应填写务工月收入、是否点对点输送、就业渠道" in text
    assert "还应填写" not in said(jobs.made(JOB | WHOLE))
    other = {**JOB, "姓名": "试验乙", "身份证号": "990000200912310032", "人员类别": "一般农村劳动力"}
    assert "还应填写" not in said(jobs.made(other))


def test_filer_and_reviewer_read_it_on_their_pages(world: World, jobs: Trial, roster: Trial) -> None:
    roster.done({**ROW, "劳动技能": "无劳动力"})
    entry = jobs.filed(JOB)
    for who, url in (
        ("徐庄", reverse("desk:entry", args=[entry.pk])),
        ("审核", reverse("desk:entry", args=[entry.pk])),
        ("审核", reverse("desk:review")),
    ):
        client = Client()
        client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        assert "登记为“无劳动力”" in page_text(client.get(url, follow=True))


@pytest.mark.alike
def test_the_queue_asks_as_often_for_twenty_jobs_as_for_two(world: World, jobs: Trial) -> None:
    client = Client()
    client.force_login(world.users["审核"], backend="django.contrib.auth.backends.ModelBackend")

    def asked() -> int:
        client.get(reverse("desk:review"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("desk:review"))
        return len(queries)

    def file(serials: range) -> None:
        for serial in serials:
            jobs.filed({**JOB, "姓名": "试验众", "身份证号": somebody(serial)})

    file(range(1, 3))
    few = asked()
    file(range(3, 21))
    assert asked() == few


# --- households -------------------------------------------------------------------------------------------------

HOME = {**ROW, "户编号": "37040600001"}
WIFE = {**HOME, "姓名": "试验丁", "与户主关系": "配偶", "身份证号": somebody(7), "性别": "女"}
MAN = {**HOME, "姓名": "试验戊", "身份证号": somebody(8, female=False), "性别": "男"}


def test_a_household_has_one_head_and_at_most_one_spouse(roster: Trial) -> None:
    head = roster.done(MAN)
    spouse = roster.filed(WIFE)
    second = {**HOME, "姓名": "试验己", "身份证号": somebody(9)}
    told = roster.wrong(second)["与户主关系"]
    assert told == f"户编号 37040600001 已有户主（{head.pk} 号记录），一户只有一个户主，请核对。"
    told = roster.wrong({**second, "与户主关系": "配偶"})["与户主关系"]
    assert told == f"户编号 37040600001 已有配偶（{spouse.pk} 号记录），一户最多一个配偶，请核对。"
    assert roster.made({**second, "户编号": "37040600002"}).row is not None
    assert roster.made({**second, "户编号": ""}).row is not None
    # their own next row is no second one; who moved out leaves the place
    assert roster.made({**MAN, "花名册日期": "2022-09-30"}).row is not None
    roster.stepped(head, {**MAN, "花名册日期": "2022-09-30", "户编号": "37040600003"})
    assert roster.made(second).row is not None


def test_a_household_without_its_head_and_a_couple_of_one_sex_are_told(roster: Trial) -> None:
    assert "还没有户主" in said(roster.made(WIFE))
    roster.done(HOME)  # a woman
    text = said(roster.made(WIFE))
    assert "还没有户主" not in text
    assert "配偶与户主性别相同" in text
