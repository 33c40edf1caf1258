"""产业对接, 捐赠, 微心愿, 志愿服务 and 结对: what is typed, what counts, what is refused."""

from __future__ import annotations

import pytest

from aid.figures import wish_notices
from aid.models import DonationReceiver
from aid.registers import DONATION, DONATION_RECEIVER, ENTERPRISE_LEAD, PAIRING, VOLUNTEERING, WISH
from directory.codes import credit_code_problem
from ledger import actions, figures
from ledger.acting import InvalidEntry
from ledger.models import Account
from ledger.parsing import Known
from ledger.posting import InsufficientFunds
from ledger.scope import Scope
from ledger.verify import verify
from tests.desk.cast import stored
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import ON, Trial, a_county, count, plan
from workbooks.writing import allowed

LEAD = {
    "日期": "2022.4.20",
    "企业名称": "荣成某食品公司",
    "行业": "食品加工",
    "带队人（职务）": "总经理",
    "对接部门": "工信局",
    "考察地点": "城头镇",
    "意向内容": "豆制品深加工",
    "阶段": "洽谈",
}
GIFT = {
    "事项": "捐赠",
    "日期": "2022-09-16",
    "捐赠方": "荣成市卫健局",
    "捐赠方类型": "机关",
    "形式": "资金",
    "金额": "20000",
    "受赠单位/人": "山亭区 100 名学生",
    "票据号": "0012345",
}
CHILD = {
    "期次": "第五期",
    "征集日期": "2022-05-01",
    "心愿内容": "书包",
    "姓名": "试验童",
    "身份证号": "990000201403150012",
    "类别": "学生",
    "状态": "征集",
}


@kept
def world() -> World:
    return a_county()


def test_a_lead_goes_forward_by_steps_and_counts_once(world: World) -> None:
    leads = Trial(world, ENTERPRISE_LEAD, "局里")
    entry = leads.done(LEAD)
    signed = leads.stepped(entry, {**LEAD, "阶段": "签约", "进展日期": "2022-06-01", "协议投资": "2000"})
    assert count("enterprise_leads") == 1
    with pytest.raises(InvalidEntry, match="不能从“签约”退回"):
        leads.stepped(signed, {**LEAD, "进展日期": "2022-07-01"})
    made = leads.made({**LEAD, "阶段": "注册", "协议投资": "2000", "到位投资": "2500"})
    assert "到位投资多于协议投资" in made.warnings[0]
    wrong = leads.wrong({**LEAD, "阶段": "终止", "吸纳就业": "3", "其中脱贫人口": "5"})
    assert set(wrong) == {"未落地原因", "其中脱贫人口"}
    assert list(verify()) == []


def test_a_credit_code_is_checked_to_its_last_character() -> None:
    assert credit_code_problem("91350100M000100Y43") == ""
    assert "校验位不对" in credit_code_problem("91350100M000100Y44")
    assert "18 位" in credit_code_problem("91350100M000100Y4")
    assert "18 位" in credit_code_problem("91350100M000100YI3")


def test_no_unit_hands_out_more_than_it_received_money_and_goods_apart(world: World) -> None:
    gifts = Trial(world, DONATION)
    gifts.done(GIFT)
    out = {**GIFT, "事项": "发放", "使用情况": "学费", "票据号": "发-1", "金额": "15000"}
    gifts.done(out)
    with pytest.raises(InsufficientFunds, match=r"可用 5,000\.00 元，本次 5,000\.01 元"):
        gifts.filed({**out, "票据号": "发-2", "金额": "5000.01"})
    with pytest.raises(InsufficientFunds, match=r"捐赠物资折价可用 0\.00 元"):
        gifts.filed({**out, "票据号": "发-3", "形式": "物资", "金额": "", "物资名称": "书包", "折价": "1"})
    with pytest.raises(InsufficientFunds, match="“店子镇”"):
        Trial(world, DONATION, "店子").filed({**out, "票据号": "发-4", "金额": "1"})
    assert "票据填准数" in gifts.wrong({**GIFT, "票据号": "2", "金额": ""})["金额"]
    assert set(gifts.wrong({**GIFT, "票据号": "3", "形式": "物资"})) == {"折价", "物资名称", "金额"}
    # none of it is in the plan's money
    money = figures.money(plan(), scope=Scope(everything=True), as_of=None)
    assert money.total.received == 0
    assert money.total.arranged == 450_000_000
    assert list(verify()) == []


def test_a_named_receiver_is_a_beneficiary(world: World) -> None:
    gift = Trial(world, DONATION).done(GIFT)
    receivers = Trial(world, DONATION_RECEIVER)
    row = {
        "捐赠": f"{gift.pk}号",
        "领取日期": "2022-09-20",
        "姓名": "试验童",
        "身份证号": "990000201403150012",
        "人员类别": "脱贫人口",
        "领取内容": "书包一个",
    }
    assert "早于捐赠日期" in receivers.wrong({**row, "领取日期": "2022-09-01"})["领取日期"]
    entry = receivers.done(row)
    assert count("benefit_people") == 1
    # as a page or a sheet shows the donation it is read again, also when that has been corrected since
    shown = DONATION_RECEIVER.values(actions.detail_of(entry))["donation"]
    assert shown == f"{gift.pk}号：{gift.summary}"
    # a sheet's drop-down says who gave what; the paper's number will do as well
    offered = allowed(
        DONATION_RECEIVER.columns[0], Known(user=world.users["徐庄"], on=ON), world.units["徐庄镇"]
    )
    assert offered == ["收到捐赠 荣成市卫健局 2022-09-16 资金"]
    for text in (*offered, "0012345"):
        found = receivers.made({**row, "捐赠": text, "领取日期": "2022-09-22"}).row
        assert isinstance(found, DonationReceiver)
        assert found.donation_id == gift.subject_id
    made = Trial(world, DONATION).made({**GIFT, "备注": "补登"}, before=gift)
    assert made.row is not None
    user = world.users["徐庄"]
    files = [stored(user)]
    corrected = actions.correct(by=user, on=ON, entry=gift, row=made.row, reason="漏登", evidence=files)
    receivers.approved(corrected)
    again = receivers.made({**row, "捐赠": shown, "领取日期": "2022-09-21"}).row
    assert isinstance(again, DonationReceiver)
    assert again.donation_id == gift.subject_id
    assert list(verify()) == []


def test_a_wish_counts_when_it_is_delivered_and_its_states_have_their_dates(world: World) -> None:
    wishes = Trial(world, WISH)
    assert "须有监护人同意书" in wishes.made(CHILD).warnings[0]
    entry = wishes.done({**CHILD, "监护人同意": "是"})
    assert count("wishes") == 0
    claimed = {**CHILD, "监护人同意": "是", "状态": "认领", "发布日": "2022-05-10"}
    assert set(wishes.wrong(claimed)) == {"认领人/单位", "认领日"}
    claimed |= {"认领人/单位": "荣成市卫健局", "认领日": "2022-05-20"}
    assert any("仍未送达" in text for text in wishes.made({**claimed, "认领日": "2022-01-01", "发布日": "",
                                                       "征集日期": "2022-01-01"}).warnings)  # fmt: skip
    step = wishes.stepped(entry, claimed)
    delivered = {**claimed, "状态": "送达", "送达日": "2022-06-01", "折合": "150"}
    assert "早于认领日" in wishes.wrong({**delivered, "送达日": "2022-05-19"})["送达日"]
    last = wishes.stepped(step, delivered)
    assert count("wishes") == 1
    with pytest.raises(InvalidEntry, match="这个心愿已送达"):
        wishes.stepped(last, claimed)
    assert "试验童" not in last.summary
    assert list(verify()) == []


def test_volunteering_counts_attendances_and_a_pair_counts_once(world: World) -> None:
    Trial(world, VOLUNTEERING).done(
        {"日期": "2022-03-05", "队伍": "某服务队", "活动内容": "义诊", "志愿者人数": "12", "时长": "3.5"}
    )
    assert count("volunteering") == 12
    pairs = Trial(world, PAIRING)
    pair = {
        "帮扶方": "某公司",
        "姓名": "试验童",
        "身份证号": "990000201403150012",
        "人员类别": "脱贫户",
        "开始日期": "2022-03-01",
        "状态": "帮扶中",
        "累计金额": "2000",
    }
    entry = pairs.done(pair)
    pairs.stepped(entry, {**pair, "累计金额": "4000"})
    assert (count("pairings"), count("benefit_people")) == (1, 1)
    assert "请填结束日期" in str(pairs.wrong({**pair, "状态": "已结束"}))
    assert Account.objects.get(code="2022/target/benefit_people@370406106").balance == 1
    assert list(verify()) == []


def test_a_wish_claimed_too_long_ago_is_on_the_list_of_what_is_late(world: World) -> None:
    wishes = Trial(world, WISH)
    wishes.done(
        {
            **CHILD,
            "状态": "认领",
            "认领人/单位": "荣成市卫健局",
            "发布日": "2022-09-05",
            "认领日": "2022-09-10",
        }
    )
    (late,) = wish_notices(world.users["领导"], ON, 5)
    assert late.count == 1
    assert "荣成市卫健局" in late.found[0].subject
    assert "试验" not in late.found[0].subject
    assert wish_notices(world.users["店子"], ON, 5)[0].count == 0
