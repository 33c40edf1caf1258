"""What is recorded beside a project: its progress, notices, assets, works, and which villages are of the zone."""

from __future__ import annotations

import pytest

from directory.models import Division
from ledger import actions
from ledger.models import Entry, Threshold
from ledger.verify import verify
from projects.progress import read_percent
from projects.registers import ASSET, NOTICE, PROGRESS, WORK, ZONE_MEMBER
from tests.ledger.stories import Story
from tests.ledger.world import World
from tests.projects.conftest import bare
from tests.registers import ON, Trial

JUNE = {
    "项目名称": "2022-04",
    "截至日期": "2022-06-30",
    "项目状态": "在建",
    "形象进度": "主街硬化完成",
    "工程进度": "60%",
    "累计拨付": "50",
    "累计支出": "20",
}
NOTE = {
    "项目名称": "2022-04",
    "公示类别": "招标或实施前公示",
    "公示内容": "项目内容、投资和工期",
    "公示地点": "湖沟村公示栏",
    "公示起止": "2022.3.6-3.15",
}
CARD = {
    "项目名称": "2022-04",
    "资产名称": "湖沟村主街道路",
    "资产类别": "公益性",
    "原值": "500000",
    "取得日期": "2022-11-05",
    "所有权层级": "村",
    "产权单位": "湖沟村集体",
    "管护责任人": "湖沟村委会",
    "资产状态": "在用",
}
ROAD = {
    "项目名称": "2022-04",
    "村": "徐庄镇湖沟村",
    "建设内容": "道路硬化",
    "计量单位": "米",
    "计划数量": "1200",
    "单价": "500",
    "金额": "600000",
    "截至日期": "2022-06-30",
}


@pytest.fixture
def building(world: World, village: Trial) -> Trial:
    """The beautiful village is being built; 50 万元 disbursed, 20 spent by the end of June."""
    Story(world).tell(
        """
        2022-03-01 财政 办 下达 2022-04 徐庄镇 100 #文1
        2022-03-10 财政 办 拨付 2022-04 徐庄镇 50 #拨1
        2022-05-20 徐庄 办 支出 2022-04 徐庄镇 20 #记1 合同=BZ-01
        """
    )
    village.done(bare("在建"))
    town = Division.objects.get(code="370406106")
    for code, name in (("370406106201", "湖沟村"), ("370406106202", "徐庄村")):
        Division.objects.create(code=code, name=name, level="village", parent=town)
    return village


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("60", "60.00"),
        ("60.5％", "60.50"),
        ("100%", "100.00"),
        ("完成80%以上", None),
        ("基本完工", None),
        ("0.6", None),
    ],
)
def test_a_number_is_read_and_words_are_not_guessed(text: str, number: str | None) -> None:
    found = read_percent(text)
    assert (f"{found:f}" if found is not None else None) == number


def test_words_of_progress_are_kept_and_a_number_is_asked_for(world: World, building: Trial) -> None:
    reports = Trial(world, PROGRESS)
    said = reports.wrong({**JUNE, "工程进度": "完成80%以上"})
    assert "“完成80%以上”不是明确的百分数，原文照留" in said["工程进度数值"]
    entry = reports.done({**JUNE, "工程进度": "完成80%以上", "工程进度数值": "80"})
    row = actions.detail_of(entry)
    assert (row.stated, f"{row.percent:f}") == ("完成80%以上", "80.00")
    assert "不一致" in reports.wrong({**JUNE, "工程进度": "60", "工程进度数值": "70"})["工程进度数值"]


def test_progress_never_falls_and_a_correction_may_lower_what_was_wrong(
    world: World, building: Trial
) -> None:
    reports = Trial(world, PROGRESS)
    first = reports.done({**JUNE, "截至日期": "2022-03-31", "工程进度": "70", "累计支出": "0"})
    said = reports.wrong(JUNE)["工程进度数值"]
    assert "工程进度 60.00% 低于 2022-03-31 已报的 70.00%" in said
    assert f"{first.pk} 号记录" in said
    user = world.users["徐庄"]
    made = reports.made({**JUNE, "截至日期": "2022-03-31", "工程进度": "30", "累计支出": "0"}, before=first)
    assert made.row is not None, made.errors
    fixed = actions.correct(by=user, on=ON, entry=first, row=made.row, reason="填错了", evidence=[])
    # a correction that waits counts already: what follows may rest on it
    reports.approved(fixed)
    second = reports.done(JUNE)
    # and upwards only as far as what was said later
    made = reports.made({**JUNE, "截至日期": "2022-03-31", "工程进度": "61", "累计支出": "0"}, before=fixed)
    assert "高于以后 2022-06-30 报的 60.00%" in made.errors["工程进度数值"][0]
    assert second.summary.endswith("工程 60.00%")
    assert list(verify()) == []


def test_what_disagrees_with_the_books_the_pace_or_the_project_is_told(world: World, building: Trial) -> None:
    reports = Trial(world, PROGRESS)
    made = reports.made({**JUNE, "累计支出": "21", "项目状态": "已完工"})
    said = " ".join(made.warnings)
    assert "累计支出填的是 21.00 万元，账上到该季末是 20.00 万元" in said
    assert "累计拨付" not in said
    assert "工程进度 60.00%，支出率 20.00%，相差超过 30 个百分点：工程走在前面" in said
    assert "项目状态填的是“已完工”，项目台账现为“在建”" in said
    assert made.row is not None
    Threshold.objects.create(code="project_gap_pp", name="差", value=40, unit="个百分点")
    assert reports.made(JUNE).warnings == []
    reports.done(JUNE)
    again = reports.made({**JUNE, "截至日期": "2022-09-30"})
    assert any("与 2022-06-30 报的完全一样" in text for text in again.warnings)


def test_who_is_late_says_what_the_problem_is(world: World, building: Trial) -> None:
    reports = Trial(world, PROGRESS)
    late = {**JUNE, "截至日期": "2022-10-16", "工程进度": "70"}  # due on 30 September
    assert "完工已逾期 16 天（超过 15 天为红灯）" in reports.wrong(late)["存在问题"]
    assert reports.made({**late, "存在问题": "雨季停工"}).row is not None
    assert reports.made({**late, "截至日期": "2022-10-15"}).row is not None


def test_progress_without_a_recorded_project_is_told(world: World) -> None:
    made = Trial(world, PROGRESS).made({**JUNE, "累计拨付": "0", "累计支出": "0"})
    assert made.row is not None
    assert "还没有通过的项目记录" in " ".join(made.warnings)


def test_a_notice_is_counted_with_its_first_and_last_day(world: World) -> None:
    notices = Trial(world, NOTICE)
    said = notices.wrong({**NOTE, "公示起止": "2022.3.6-3.14", "有无异议": "有"})
    assert "共 9 天（首尾都算），少于 10 天" in said["公示起止"]
    assert "异议处理" in said
    entry = notices.done(NOTE)
    assert entry.summary.endswith("招标或实施前公示 · 10 天")
    assert notices.made({**NOTE, "公示类别": "现场公示牌", "公示起止": "2022-03-06"}).row is not None
    assert list(verify()) == []


def test_assets_together_are_worth_no_more_than_was_audited(world: World, building: Trial) -> None:
    cards = Trial(world, ASSET)
    assert "还没有审定金额" in cards.wrong(CARD)["项目名称"]
    entry = Entry.objects.unscoped("测试").get(register="project")
    for state in ("已完工", "已验收", "已决算"):
        entry = building.stepped(entry, bare(state, **({"审定金额": "850000"} if state == "已决算" else {})))
    card = cards.done(CARD)
    said = cards.wrong({**CARD, "资产名称": "徐庄村排水沟", "原值": "350000.01"})["原值"]
    assert "与已登记的 500,000.00 元合计超过审定金额 850,000.00 元，超出 0.01 元" in said
    cards.filed({**CARD, "资产名称": "徐庄村排水沟", "原值": "350000"})
    lost = {**CARD, "资产状态": "损毁"}
    assert set(cards.wrong(lost)) == {"处置决定文号", "状态日期"}
    cards.stepped(card, {**lost, "处置决定文号": "徐政[2022]9号", "状态日期": "2022-11-20"})
    # one that no plan paid for
    assert cards.made({**CARD, "项目名称": "", "资产名称": "旧水塔"}).row is not None
    assert list(verify()) == []


def test_works_are_planned_against_actual_and_stay_within_their_line(world: World, building: Trial) -> None:
    works = Trial(world, WORK)
    first = works.done(ROAD)
    said = works.wrong({**ROAD, "村": "徐庄镇徐庄村", "金额": "400000.01", "受益户": "5", "受益人口": "3"})
    assert "合计 100.000001 万元，超过安排的 100.00 万元，超出 0.000001 万元" in said["金额"]
    assert "受益户 5 多于受益人口 3" in said["受益户"]
    made = works.made({**ROAD, "完成数量": "1300"})
    assert len(made.warnings) == 2
    works.stepped(first, {**ROAD, "完成数量": "1200"})
    assert "请写到村" in works.wrong({**ROAD, "村": "徐庄镇"})["村"]
    assert list(verify()) == []


def test_a_village_is_of_the_zone_because_a_row_says_so_whatever_its_town(
    world: World, building: Trial
) -> None:
    members = Trial(world, ZONE_MEMBER)
    row = {
        "推进区": "2022-01",
        "村": "徐庄镇湖沟村",
        "纳入日期": "2022-03-01",
        "依据文号": "山乡振发〔2022〕10号",
    }
    entry = members.done(row)
    assert "应在纳入日期 2022-03-01 到今天" in members.wrong({**row, "退出日期": "2022-02-01"})["退出日期"]
    left = members.stepped(entry, {**row, "退出日期": "2022-10-01"})
    assert left.summary.endswith("湖沟村 · 退出")
    assert list(verify()) == []
