"""希望小屋: who may have one, in which order it is made, how many there are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from directory.identity import check_character
from directory.models import Guardian, Person
from ledger import actions, bookkeeping, figures
from ledger.models import Account, Period, Threshold
from ledger.posting import AboveMaximum
from ledger.refusals import Refusal
from ledger.scope import Scope
from ledger.verify import verify
from projects.figures import room_cards, room_tables
from projects.hope_rooms import HOPE_ROOM
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import ON, Trial, a_county, count, plan

NOMINATED = {
    "儿童姓名": "试验童",
    "镇村": "徐庄镇",
    "人员类别": "脱贫人口",
    "监护人": "试验祖母",
    "监护人与儿童关系": "奶奶",
    "监护人电话": "13900007001",
    "监护人同意日期": "2022-04-01",
    "困难类型": "低保",
    "状态": "提报",
    "提报日期": "2022-04-06",
    "提报人": "提报演示",
}
SELECTED = {
    **NOMINATED,
    "状态": "评审",
    "回访日期": "2022-04-12",
    "回访人": "回访演示",
    "复核日期": "2022-04-20",
    "复核人": "复核演示",
    "评审日期": "2022-05-10",
    "评审人": "评审演示",
}
ACCEPTED = {
    **SELECTED,
    "状态": "验收",
    "改造内容": "地面，墙面/床 书桌",
    "施工单位": "山亭演示装饰有限公司",
    "造价": "9876.50",
    "开工日期": "2022-06-01",
    "完工日期": "2022-06-20",
    "验收日期": "2022-06-28",
    "结对志愿队伍": "团区委志愿服务队",
}


def number(birth: str, serial: int = 1) -> str:
    first17 = f"990000{birth.replace('-', '')}{serial:03}"
    return first17 + check_character(first17)


def child(typed: dict[str, str], serial: int, birth: str = "2012-06-15") -> dict[str, str]:
    """The same row for another child."""
    name = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未"[serial]
    return {**typed, "儿童姓名": f"试验童{name}", "儿童身份证号": number(birth, serial + 1)}


@kept
def world() -> World:
    return a_county()


@pytest.fixture
def rooms(world: World) -> Trial:
    return Trial(world, HOPE_ROOM)


def test_a_room_from_nomination_to_the_visit_after_it(rooms: Trial) -> None:
    entry = rooms.done(child(NOMINATED, 0))
    assert count("hope_rooms") == 0
    person = Person.objects.get()
    assert person.is_restricted
    assert entry.summary == f"儿童{person.pk} · 徐庄镇 · 提报"
    selected = rooms.stepped(entry, child(SELECTED, 0))
    assert (count("hope_rooms"), count("hope_rooms_accepted"), count("benefit_people")) == (1, 0, 0)
    accepted = rooms.stepped(selected, child(ACCEPTED, 0))
    assert (count("hope_rooms"), count("hope_rooms_accepted"), count("benefit_people")) == (1, 1, 1)
    row = actions.detail_of(accepted)
    assert HOPE_ROOM.values(row)["works"] == "地面、墙面、床、书桌"
    assert accepted.occurred_on == date(2022, 6, 28)
    followed = {**ACCEPTED, "状态": "随访", "最近随访日期": "2022-09-01", "随访次数": "1"}
    last = rooms.stepped(accepted, child(followed, 0))
    assert (count("hope_rooms"), count("hope_rooms_accepted"), count("benefit_people")) == (1, 1, 1)
    with pytest.raises(Refusal, match="不能从“随访”退回“验收”"):
        rooms.stepped(last, child(ACCEPTED, 0))
    assert Guardian.objects.count() == 1  # said five times, recorded once
    assert Account.objects.get(code="2022/target/benefit_people@370406106").balance == 1
    assert list(verify()) == []


def test_one_child_has_one_room(rooms: Trial) -> None:
    rooms.done(child(SELECTED, 0))
    with pytest.raises(Refusal, match="已通过"):
        rooms.filed({**child(SELECTED, 0), "提报日期": "2022-04-07"})


@pytest.mark.parametrize(
    ("birth", "years"), [("2014-05-11", 7), ("2007-05-10", 15), ("2014-05-10", 8), ("2007-05-11", 14)]
)
def test_age_on_the_day_of_the_review_names_rule_and_parameter(rooms: Trial, birth: str, years: int) -> None:
    typed = child(SELECTED, 0, birth)
    if 8 <= years <= 14:
        assert rooms.made(typed).row is not None
        return
    said = rooms.wrong(typed)["儿童身份证号"]
    assert f"在评审日期 2022-05-10 为 {years} 周岁，方案要求 8 至 14 周岁" in said
    assert "参数“希望小屋儿童最小年龄”“希望小屋儿童最大年龄”" in said
    assert not Person.objects.exists()  # nobody is registered for nothing


def test_the_window_and_its_day_are_the_bureaus(rooms: Trial) -> None:
    seven = child(SELECTED, 0, "2014-05-11")
    day = Threshold.objects.create(
        code="hope_room_age_day", name="日", value=Decimal(20220601), unit="年月日"
    )
    assert rooms.made(seven).row is not None
    Threshold.objects.filter(pk=day.pk).update(value=Decimal(20220501))
    assert "在“希望小屋年龄计算日” 2022-05-01 为 7 周岁" in rooms.wrong(seven)["儿童身份证号"]
    Threshold.objects.create(code="hope_room_youngest", name="小", value=Decimal(6), unit="岁")
    assert rooms.made(seven).row is not None
    day.delete()
    Threshold.objects.create(code="hope_room_oldest", name="大", value=Decimal(10), unit="岁")
    assert "方案要求 6 至 10 周岁" in rooms.wrong(child(SELECTED, 1, "2011-01-01"))["儿童身份证号"]


def test_before_the_review_who_is_too_old_is_refused_and_who_is_too_young_is_told(rooms: Trial) -> None:
    assert (
        "在提报日期 2022-04-06 已 15 周岁" in rooms.wrong(child(NOMINATED, 0, "2007-04-06"))["儿童身份证号"]
    )
    young = rooms.made(child(NOMINATED, 0, "2014-05-01"))
    assert young.row is not None
    assert "不满 8 周岁，评审时须核对年龄" in young.warnings[0]


def test_every_state_has_its_dates_people_and_papers(rooms: Trial) -> None:
    assert set(rooms.wrong(child({**NOMINATED, "状态": "评审"}, 0))) == {
        *("回访日期", "回访人", "复核日期", "复核人", "评审日期", "评审人")
    }
    wrong = rooms.wrong(child({**ACCEPTED, "造价": "", "施工单位": "", "改造内容": "", "完工日期": ""}, 0))
    assert set(wrong) == {"造价", "施工单位", "改造内容", "完工日期"}
    assert "状态应为“评审”" in rooms.wrong(child({**SELECTED, "状态": "复核"}, 0))["状态"]
    assert (
        "早于复核日期 2022-04-20" in rooms.wrong(child({**SELECTED, "评审日期": "2022-04-19"}, 0))["评审日期"]
    )
    assert "晚于今天" in rooms.wrong(child({**ACCEPTED, "验收日期": "2022-12-01"}, 0))["验收日期"]
    assert "须先同意" in rooms.wrong(child({**SELECTED, "监护人同意日期": "2022-05-11"}, 0))["监护人同意日期"]
    assert rooms.wrong({**child(SELECTED, 0), "儿童身份证号": ""})["儿童身份证号"] == "请填写儿童身份证号。"
    assert HOPE_ROOM.evidence_rule(rooms.made(child(SELECTED, 0)).row) == "监护人同意书和评审表"
    assert "不在常用项目" in rooms.made(child({**ACCEPTED, "改造内容": "床、泳池"}, 0)).warnings[0]


def test_no_text_that_everybody_reads_names_the_child_or_the_guardian(rooms: Trial) -> None:
    for label in ("备注", "改造内容", "回访人", "施工单位"):
        wrong = rooms.wrong({**child(ACCEPTED, 0), label: "在试验童甲家"})
        assert "请不要写儿童或监护人的姓名" in wrong[label]
    assert "请不要写" in rooms.wrong({**child(ACCEPTED, 0), "备注": "试验祖母陪同"})["备注"]


def test_a_room_is_cancelled_with_a_reason_and_not_after_it_was_accepted(rooms: Trial) -> None:
    entry = rooms.done(child(SELECTED, 0))
    cancelled = {**SELECTED, "状态": "取消"}
    assert set(rooms.wrong(child(cancelled, 0))) == {"取消日期", "取消原因"}
    cancelled |= {"取消日期": "2022-06-01", "取消原因": "全家迁往外地"}
    assert "早于前面的日期" in rooms.wrong(child({**cancelled, "取消日期": "2022-05-09"}, 0))["取消日期"]
    last = rooms.stepped(entry, child(cancelled, 0))
    assert count("hope_rooms") == 0
    with pytest.raises(Refusal, match="这个小屋已取消"):
        rooms.stepped(last, child(SELECTED, 0))
    assert (
        "已验收的小屋不能取消"
        in rooms.wrong(child({**ACCEPTED, "状态": "取消", "取消日期": "2022-07-01", "取消原因": "无"}, 1))[
            "状态"
        ]
    )
    assert list(verify()) == []


def test_the_eighteenth_is_refused_a_cancelled_one_makes_room_and_the_closed_quarter_keeps_17(
    world: World, rooms: Trial
) -> None:
    filed = [rooms.done(child(SELECTED, n)) for n in range(15)]
    waiting = [rooms.filed(child(SELECTED, n)) for n in (15, 16)]
    with pytest.raises(AboveMaximum, match=r"希望小屋.*17 个") as refused:
        rooms.filed(child(SELECTED, 17))
    assert all(f"{entry.pk} 号" in refused.value.message for entry in waiting)
    rooms.filed(child(NOMINATED, 17))  # to be nominated takes no place
    for entry in waiting:
        rooms.approved(entry)
    assert count("hope_rooms") == 17
    quarters = [Period.objects.get(code=code) for code in ("2022Q1", "2022Q2", "2022Q4")]
    for period in quarters[:2]:
        bookkeeping.close_period(by=world.users["领导"], on=date(2022, 7, 12), period=period)
    gone = {**SELECTED, "状态": "取消", "取消日期": "2022-08-01", "取消原因": "全家迁往外地"}
    rooms.stepped(filed[3], child(gone, 3))
    assert count("hope_rooms") == 16

    def stood(period: Period) -> int:
        targets = figures.targets(plan(), scope=Scope(everything=True), as_of=period)
        return next(target.approved for target in targets if target.code == "hope_rooms")

    assert [stood(period) for period in quarters] == [0, 17, 16]
    new = Trial(world, HOPE_ROOM, "店子").done(
        child({**SELECTED, "镇村": "店子镇", "评审日期": "2022-09-01"}, 5, "2011-03-04")
    )
    assert (count("hope_rooms"), stood(quarters[1]), stood(quarters[2])) == (17, 17, 17)
    assert new.summary.endswith("店子镇 · 评审")
    assert list(verify()) == []


def test_card_and_table_tell_numbers_and_no_child(world: World, rooms: Trial) -> None:
    rooms.done(child(ACCEPTED, 0))
    rooms.done(child(SELECTED, 1))
    rooms.filed(child(SELECTED, 2))
    everything = Scope(everything=True)
    by_code = {target.code: target for target in figures.targets(plan(), scope=everything)}
    (card,) = room_cards(by_code)
    assert [(one.label, one.approved, one.held) for one in card.figures] == [
        ("评审通过", 2, 1),
        ("其中验收合格", 1, 0),
    ]
    (table,) = room_tables(plan(), everything, Period.objects.get(code="2022Q2"))
    assert table.rows[0] == ["徐庄镇", "2", "2", "1", "1"]
    assert room_cards({}) == []


def test_a_child_without_the_right_number_is_told_why_and_nobody_is_registered(rooms: Trial) -> None:
    typed = child(SELECTED, 0)
    last = typed["儿童身份证号"][-1]
    typed["儿童身份证号"] = typed["儿童身份证号"][:-1] + ("0" if last != "0" else "1")
    assert "校验不符" in rooms.wrong(typed)["儿童身份证号"]
    assert not Person.objects.exists()
    assert date(2022, 11, 30) == ON
