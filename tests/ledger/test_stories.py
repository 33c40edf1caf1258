"""The life of the budget as worked examples: every balance below was written out by hand (issue 2 §3)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from audit.models import Event
from ledger import acting, bookkeeping, figures, posting
from ledger.models import Decision, Entry, Hold, OpenQuestion, Transfer
from ledger.scope import Scope
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.stories import Story
from tests.ledger.world import World, make_world

pytestmark = pytest.mark.django_db


@kept
def world() -> World:
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    return made


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


@pytest.fixture(autouse=True)
def books_are_clean(db: None) -> object:
    """After every story, whatever was refused on the way, the books must prove."""
    yield
    assert list(verify()) == []


def test_a_plan_arranges_450_and_leaves_the_pool_empty(story: Story) -> None:
    story.tell("""
    = 2022 安排 450 下达 0 拨付 0 支出 0 可用 0
    = 2022-01 安排 245
    = 2022-02 安排 68
    = 2022-03 安排 17
    = 2022-04 安排 100
    = 2022-05 安排 20
    余 2022 source -450 pool 0
    2022-03-01 局里 报 安排 2022-05 0.01元 | 拒绝 InsufficientFunds 可用0.00元 本次0.01元
    """)


def test_money_goes_down_in_parts_and_never_further_than_the_stage_before(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-02 财政 办 下达 2022-04 店子镇 40
    2022-03-03 财政 报 下达 2022-04 徐庄镇 0.01元 | 拒绝 InsufficientFunds 已安排未下达的资金可用0.00元 超出0.01元
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 25
    2022-03-20 财政 办 拨付 2022-04 徐庄镇 15
    2022-03-21 财政 报 拨付 2022-04 徐庄镇 20.000001 | 拒绝 InsufficientFunds 可用200,000.00元 本次200,000.01元
    2022-04-02 徐庄 办 支出 2022-04 徐庄镇 12.5 #记35
    2022-04-20 徐庄 办 支出 2022-04 徐庄镇 7.5
    2022-04-21 徐庄 报 支出 2022-04 徐庄镇 200000.01元 | 拒绝 InsufficientFunds 可用200,000.00元 超出0.01元
    2022-04-22 店子 报 支出 2022-04 店子镇 1 | 拒绝 InsufficientFunds “店子镇”已拨付未支出的资金可用0.00元
    2022-04-25 徐庄 办 报账 2022-04 徐庄镇 12.5
    2022-04-26 徐庄 报 报账 2022-04 徐庄镇 7.500001 | 拒绝 InsufficientFunds 已支出未报账 可用75,000.00元
    2022-05-05 财政 办 直接支付 2022-04 店子镇 10
    = 2022-04 安排 100 下达 100 拨付 50 支出 30 报账 12.5 可用 70
    = 2022 安排 450 下达 100 拨付 50 支出 30
    余 2022-04 arranged 0 allocated@徐庄镇 20 disbursed@徐庄镇 20 spent@徐庄镇 20
    余 2022-04 allocated@店子镇 30 disbursed@店子镇 0 spent@店子镇 10 claimable@徐庄镇 7.5 claimable@店子镇 10
    季 2022Q1 2022-04 下达 100 拨付 40 支出 0
    季 2022Q2 2022-04 下达 100 拨付 50 支出 30
    """)


def test_what_waits_for_review_is_held_and_named(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-04-02 徐庄 报 支出 2022-04 徐庄镇 32 #记35
    = 2022-04 支出 0 待支出 32 待拨付 0 可用 28
    2022-04-03 徐庄 报 支出 2022-04 徐庄镇 8.000001 | 拒绝 InsufficientFunds 可用80,000.00元 另有320,000.00元待审核 #记35
    2022-04-03 徐庄 报 支出 2022-04 徐庄镇 8 #记36
    2022-04-04 财政 报 退回 2022-04 徐庄镇 1 | 拒绝 InsufficientFunds 可用0.00元 另有400,000.00元待审核 #记35 #记36
    2022-04-05 审核 退 #记35 金额与凭证不符
    = 2022-04 待支出 8
    2022-04-06 财政 办 退回 2022-04 徐庄镇 32
    2022-04-07 徐庄 重报 #记35 支出 2022-04 徐庄镇 32 | 拒绝 InsufficientFunds 可用0.00元 本次320,000.00元
    2022-04-08 审核 批 #记36
    = 2022-04 下达 60 拨付 8 支出 8 待支出 0
    """)


def test_both_kinds_of_refund_go_back_the_way_the_money_came(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-04-02 徐庄 办 支出 2022-04 徐庄镇 30
    2022-04-10 徐庄 办 退款 2022-04 徐庄镇 4
    = 2022-04 下达 60 拨付 40 支出 26
    余 2022-04 disbursed@徐庄镇 14 spent@徐庄镇 26 claimable@徐庄镇 26
    2022-04-11 财政 办 退回 2022-04 徐庄镇 14
    = 2022-04 下达 60 拨付 26 支出 26
    2022-04-12 徐庄 报 退款 2022-04 徐庄镇 26.000001 | 拒绝 InsufficientFunds 支出的资金可用260,000.00元 未报账的金额可用
    2022-04-13 徐庄 办 报账 2022-04 徐庄镇 26
    2022-04-14 徐庄 报 退款 2022-04 徐庄镇 1 | 拒绝 InsufficientFunds 已支出未报账的金额可用0.00元
    """)


def test_a_claw_back_returns_to_the_line_and_leaves_the_gross_figure(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-04-02 徐庄 办 支出 2022-04 徐庄镇 30
    2022-10-10 财政 报 收回 2022-04 徐庄镇 20.000001 | 拒绝 InsufficientFunds 已下达未拨付的资金可用200,000.00元
    2022-10-11 财政 办 收回 2022-04 徐庄镇 20
    2022-10-12 财政 办 收回 2022-04 徐庄镇 10 来自=已拨未支
    = 2022-04 安排 100 下达 30 拨付 30 支出 30
    余 2022-04 arranged 70 allocated@徐庄镇 0 disbursed@徐庄镇 0
    """)
    plan = story.world.lines["2022-04"].plan
    line = figures.money(plan, scope=Scope(everything=True)).lines[3]
    assert line.gross_allocated == 60_000_000  # 支出率 stays 30 / 60, the claw-back does not improve it


def test_an_adjustment_is_one_document_and_moves_nothing_in_total(story: Story) -> None:
    story.tell("""
    2022-06-01 局里 办 调整 2022-02 8 到=2022-05 #文7
    = 2022 安排 450
    = 2022-02 安排 60
    = 2022-05 安排 28
    余 2022 pool 0
    2022-06-02 财政 办 下达 2022-05 店子镇 28
    2022-06-03 财政 办 调整 2022-05 店子镇 3 到=2022-04 到单位=徐庄镇 #文8
    = 2022-05 安排 25 下达 25
    = 2022-04 安排 103 下达 3
    2022-06-04 局里 报 调整 2022-02 60.000001 到=2022-05 | 拒绝 InsufficientFunds 可用600,000.00元 本次600,000.01元
    """)


def test_a_sub_project_cancelled_midway_gives_its_money_back_to_the_zone(story: Story) -> None:
    story.tell("""
    2022-03-01 局里 设 2022-01 2022-01-01 大棚
    2022-03-01 局里 设 2022-01 2022-01-02 污水管网
    2022-03-02 局里 办 安排 2022-01-01 145
    2022-03-02 局里 办 安排 2022-01-02 100
    2022-03-03 局里 报 安排 2022-01-02 0.01元 | 拒绝 InsufficientFunds 可用0.00元
    2022-03-05 财政 办 下达 2022-01-02 北庄镇 80
    2022-03-10 财政 办 拨付 2022-01-02 北庄镇 50
    2022-04-01 北庄 办 支出 2022-01-02 北庄镇 20
    2022-05-01 北庄 报 支出 2022-01-02 北庄镇 5 #记9
    2022-05-02 局里 取消 2022-01-02 | 拒绝 AccountsInUse #记9
    2022-05-03 审核 退 #记9 项目拟取消
    2022-05-04 局里 取消 2022-01-02 | 拒绝 MoneyLeft 已下达未拨付的资金300,000.00元 已拨付未支出的资金300,000.00元
    2022-05-05 财政 办 收回 2022-01-02 北庄镇 30
    2022-05-05 财政 办 收回 2022-01-02 北庄镇 30 来自=已拨未支
    2022-05-06 局里 办 调整 2022-01-02 80 到=2022-01-01
    2022-05-07 局里 取消 2022-01-02
    2022-05-08 财政 报 下达 2022-01-02 北庄镇 1 | 拒绝 InvalidEntry 已取消
    2022-05-09 北庄 办 退款 2022-01-02 北庄镇 2
    = 2022-01 安排 245 下达 20 拨付 20 支出 18
    = 2022-01-01 安排 225 下达 0
    = 2022-01-02 安排 20 下达 20 支出 18
    """)


def test_receipts_in_two_batches_never_pass_what_was_promised(story: Story) -> None:
    story.tell("""
    2022-02-20 财政 办 到位 2022 300
    2022-06-20 财政 办 到位 2022-02 68
    2022-07-20 财政 办 到位 2022 82
    = 2022 到位 450 安排 450
    = 2022-02 到位 68
    季 2022Q1 2022 到位 300
    季 2022Q2 2022 到位 368
    2022-08-01 财政 报 到位 2022 0.01元 | 拒绝 InsufficientFunds 荣成拨出的资金可用0.00元
    """)


def test_an_entry_returned_twice_is_approved_in_the_next_quarter(story: Story) -> None:
    story.tell("""
    2022-05-01 财政 办 下达 2022-04 徐庄镇 60
    2022-05-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-06-28 徐庄 报 支出 2022-04 徐庄镇 12.5 #记35
    2022-06-29 审核 退 #记35 凭证不清
    2022-06-30 徐庄 重报 #记35 支出 2022-04 徐庄镇 12 发生=2022-06-28
    2022-07-02 复核 退 #记35 金额与发票不符
    2022-07-05 领导 关 2022Q1
    2022-07-06 领导 关 2022Q2
    2022-07-08 徐庄二 重报 #记35 支出 2022-04 徐庄镇 12.3 发生=2022-06-28
    2022-07-09 审核 批 #记35 v2 | 拒绝 AlreadyDecided 第3版 第2版
    2022-07-09 审核 批 #记35 v3
    2022-07-10 审核 批 #记35 | 拒绝 AlreadyDecided 已通过
    记 #记35 2022Q3
    = 2022-04 支出 12.3 拨付 40
    季 2022Q2 2022-04 支出 0
    季 2022Q3 2022-04 支出 12.3
    余 2022-04 disbursed@徐庄镇 27.7
    """)


def test_a_correction_after_closing_is_posted_in_an_open_quarter(story: Story) -> None:
    story.tell("""
    2022-02-20 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-03-20 徐庄 办 支出 2022-04 徐庄镇 12.5 #记35
    2022-04-06 审核 关 2022Q1
    2022-04-10 徐庄 更正 #记35 支出 2022-04 徐庄镇 11.5 #记35 发生=2022-03-20
    = 2022-04 支出 12.5 待支出 -1
    2022-04-11 审核 批 #记35更
    记 #记35更 2022Q2
    季 2022Q1 2022-04 支出 12.5
    季 2022Q2 2022-04 支出 11.5
    = 2022-04 支出 11.5
    2022-04-12 徐庄 冲 #记35 | 拒绝 NotInForce 不是现行有效
    2022-04-12 徐庄 冲 #记35更
    2022-04-13 审核 批 #记35更冲
    = 2022-04 支出 0
    2022-04-14 徐庄 冲 #记35更冲 | 拒绝 NotInForce 红冲不能再红冲
    2022-04-15 徐庄 办 支出 2022-04 徐庄镇 11 #记35 发生=2022-03-20
    = 2022-04 支出 11
    """)


def test_a_reversal_names_what_must_be_reversed_first(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60 #文1
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40 #拨1
    2022-04-01 徐庄 办 支出 2022-04 徐庄镇 30 #记1
    2022-04-02 财政 冲 #文1 | 拒绝 InsufficientFunds 可用200,000.00元 本次600,000.00元 请先红冲 #拨1
    2022-04-02 财政 冲 #拨1 | 拒绝 InsufficientFunds 可用100,000.00元 请先红冲 #记1
    2022-04-03 徐庄 冲 #记1
    2022-04-03 徐庄 冲 #记1 | 拒绝 SubjectTaken 正在审核 #记1冲
    2022-04-04 审核 批 #记1冲
    2022-04-05 财政 冲 #拨1
    2022-04-06 审核 批 #拨1冲
    2022-04-07 财政 冲 #文1
    2022-04-08 审核 批 #文1冲
    = 2022-04 安排 100 下达 0 拨付 0 支出 0
    余 2022-04 arranged 100 claimable@徐庄镇 0
    """)
    plan = story.world.lines["2022-04"].plan
    assert figures.money(plan, scope=Scope(everything=True)).total.gross_allocated == 0


def test_a_payment_approved_before_its_disbursement_waits_for_the_disbursements_quarter(story: Story) -> None:
    story.tell("""
    2022-06-01 财政 办 下达 2022-04 徐庄镇 60
    -- the disbursement of 2 July is approved first; the payment is dated 28 June: in June the unit had nothing
    2022-07-02 财政 办 拨付 2022-04 徐庄镇 40 #拨1
    2022-07-03 徐庄 办 支出 2022-04 徐庄镇 12 #记1 发生=2022-06-28
    记 #拨1 2022Q3
    记 #记1 2022Q3
    季 2022Q2 2022-04 拨付 0 支出 0
    季 2022Q3 2022-04 拨付 40 支出 12
    -- with a disbursement in June there is room in June
    2022-07-04 财政 办 拨付 2022-04 徐庄镇 5 #拨2 发生=2022-06-20
    2022-07-05 徐庄 办 支出 2022-04 徐庄镇 5 #记2 发生=2022-06-29
    记 #拨2 2022Q2
    记 #记2 2022Q2
    季 2022Q2 2022-04 拨付 5 支出 5
    """)
    entry = Entry.objects.unscoped("测试").get(pk=story.entries["#记1"].pk)
    assert entry.posted_note.startswith("记入2022年第3季度：若记入2022年第2季度")


def test_of_a_posting_in_a_quarter_that_does_not_take_it_nothing_is_kept(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written in the first quarter that may be, looked at with the accounts locked, and then written in the next."""
    tries: list[bool] = []
    post = posting.post

    def counted(*args: Any, certain: bool, **more: Any) -> posting.Posted:
        tries.append(certain)
        return post(*args, certain=certain, **more)

    monkeypatch.setattr(posting, "post", counted)
    story.tell("""
    2022-06-01 财政 办 下达 2022-04 徐庄镇 60
    2022-07-02 财政 办 拨付 2022-04 徐庄镇 40
    2022-07-03 徐庄 报 支出 2022-04 徐庄镇 12 #记1 发生=2022-06-28
    """)
    assert tries == [False, False]
    entry = story.entries["#记1"]
    story.tell("2022-07-03 审核 批 #记1\n记 #记1 2022Q3")
    assert tries == [False, False, False, True]
    about = Event.objects.filter(target=f"ledger.entry:{entry.pk}").order_by("pk")
    assert [(one.verb, one.outcome) for one in about] == [
        ("entry.submitted", "done"),
        ("entry.approved", "done"),
    ]
    assert about[1].summary.startswith("通过，记入2022年第3季度")
    assert [one.reason[:12] for one in Decision.objects.filter(entry=entry)] == ["记入2022年第3季度："]
    moved = Transfer.objects.filter(entry=entry).values_list("position", "period__code")
    assert sorted(moved) == [(0, "2022Q3"), (1, "2022Q3")]  # spent, and to be claimed
    assert not Hold.objects.filter(entry=entry).exists()


def test_two_clerks_filing_one_voucher_cannot_both_pass(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
    2022-04-01 徐庄 报 支出 2022-04 徐庄镇 10 #记35
    2022-04-01 徐庄二 报 支出 2022-04 徐庄镇 10 #记35 | 拒绝 SubjectTaken #记35 徐庄（徐庄镇）填报 正在审核
    2022-04-02 徐庄 撤 #记35
    2022-04-02 徐庄二 报 支出 2022-04 徐庄镇 10 #记35
    2022-04-03 审核 批 #记35
    2022-04-04 徐庄 报 支出 2022-04 徐庄镇 10 #记35 | 拒绝 SubjectTaken 已通过 更正
    = 2022-04 支出 10 待支出 0
    """)


def test_an_allocation_filed_by_finance_concerns_the_township_that_gets_it(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60 #文1
    """)
    entry, users = story.entries["#文1"], story.world.users
    seen = {name: Entry.objects.for_user(users[name]).filter(pk=entry.pk).exists() for name in users}
    assert seen == {
        "财政": True, "徐庄": True, "徐庄二": True, "店子": False, "北庄": False,
        "局里": True, "审核": True, "复核": True, "领导": True, "计划导入": False,
    }  # fmt: skip
    story.tell("""
    2022-03-02 徐庄 冲 #文1 | 拒绝 NotAllowed 财政局填报
    2022-03-03 审核 批 #文1 | 拒绝 AlreadyDecided 已通过
    """)


def test_nobody_decides_what_they_filed_or_submitted(story: Story) -> None:
    story.tell("""
    2022-03-01 局里 报 调整 2022-02 8 到=2022-05 #文7
    2022-03-02 局里 批 #文7 | 拒绝 OwnEntry 另一位审核员
    2022-03-02 徐庄 批 #文7 | 拒绝 NotAllowed 只有区乡村振兴局的审核员
    2022-03-02 领导 批 #文7 | 拒绝 NotAllowed
    2022-03-03 审核 退 #文7 请附批准文件
    2022-03-04 复核 重报 #文7 调整 2022-02 8 到=2022-05
    2022-03-05 局里 批 #文7 | 拒绝 OwnEntry
    2022-03-05 复核 批 #文7 | 拒绝 OwnEntry
    2022-03-05 审核 批 #文7
    """)


def test_the_137_ruling_changes_labels_and_moves_no_money(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    = 2022 安排 450 下达 60
    """)
    plan = story.world.lines["2022-04"].plan
    question = OpenQuestion.objects.create(
        plan=plan,
        code="C1",
        position=1,
        title="137 万元的来源",
        statement="正文与附件不一致",
        readings=[{"code": "annex450", "label": "450"}, {"code": "text313_137", "label": "313 + 137"}],
        default_reading="annex450",
    )
    before = figures.money(plan, scope=Scope(everything=True))
    assert figures.questions(plan, scope=Scope(everything=True))[0].reading == "annex450"
    with pytest.raises(acting.NotAllowed):
        bookkeeping.rule(by=story.world.users["审核"], on=date(2022, 5, 1), question=question,
                         reading="text313_137", reason="财政局来函")  # fmt: skip
    bookkeeping.rule(by=story.world.users["领导"], on=date(2022, 5, 1), question=question,
                     reading="text313_137", reason="财政局来函")  # fmt: skip
    assert figures.questions(plan, scope=Scope(everything=True))[0].label == "313 + 137"
    assert figures.money(plan, scope=Scope(everything=True)) == before
    story.tell("= 2022 安排 450 下达 60")


def test_next_years_plan_begins_while_2022_is_still_being_accepted(story: Story) -> None:
    story.tell("""
    2022-09-01 财政 办 下达 2022-04 徐庄镇 60
    2022-09-10 财政 办 拨付 2022-04 徐庄镇 60
    2022-12-20 徐庄 办 支出 2022-04 徐庄镇 40
    """)
    story.world.add_plan(2023, on=date(2023, 1, 15), totals=[100, 50, 10, 50, 20])
    story.tell("""
    2023-02-01 财政 办 下达 2023-04 徐庄镇 50
    2023-02-10 徐庄 报 支出 2023-04 徐庄镇 1 | 拒绝 InsufficientFunds “徐庄镇”已拨付未支出的资金可用0.00元
    2023-02-20 徐庄 办 支出 2022-04 徐庄镇 20
    = 2022 安排 450 支出 60
    = 2023 安排 230 下达 50 支出 0
    季 2022Q4 2022-04 支出 40
    季 2023Q1 2022-04 支出 60
    """)


def test_a_contract_ends_where_its_amount_ends(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 60
    2022-04-01 徐庄 办 支出 2022-04 徐庄镇 10 #记1 合同=HT1
    2022-04-02 局里 限 2022-04 spent@徐庄镇#HT1 9.9 | 拒绝 BelowBalance 已有100,000.00元
    2022-04-02 局里 限 2022-04 spent@徐庄镇#HT1 30
    2022-04-03 徐庄 报 支出 2022-04 徐庄镇 20.000001 合同=HT1 | 拒绝 AboveMaximum 上限300,000.00元 还可增加200,000.00元
    2022-04-04 徐庄 报 支出 2022-04 徐庄镇 20 #记2 合同=HT1
    2022-04-05 局里 限 2022-04 spent@徐庄镇#HT1 25 | 拒绝 BelowBalance 待审核200,000.00元 #记2
    2022-04-06 审核 批 #记2
    2022-04-07 徐庄 报 支出 2022-04 徐庄镇 0.01元 合同=HT1 | 拒绝 AboveMaximum 还可增加0.00元
    2022-04-08 徐庄 办 支出 2022-04 徐庄镇 30
    = 2022-04 支出 60
    """)


def test_a_closed_line_takes_refunds_but_no_new_business(story: Story) -> None:
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-03-10 财政 办 拨付 2022-04 徐庄镇 60
    2022-04-01 徐庄 办 支出 2022-04 徐庄镇 55 #记1
    2022-05-01 局里 关闭 2022-04
    2022-05-02 徐庄 报 支出 2022-04 徐庄镇 1 | 拒绝 InvalidEntry 已关闭
    2022-05-03 徐庄 办 退款 2022-04 徐庄镇 5
    2022-05-04 财政 办 退回 2022-04 徐庄镇 10
    2022-05-05 财政 办 收回 2022-04 徐庄镇 10
    2022-05-06 局里 办 调整 2022-04 50 到=2022-05
    2022-05-07 局里 报 调整 2022-05 1 到=2022-04 | 拒绝 InvalidEntry 已关闭
    = 2022-04 安排 50 下达 50 支出 50
    """)


def test_quarters_close_in_order_and_only_when_they_are_over(story: Story) -> None:
    story.tell("""
    2022-04-01 领导 关 2022Q2 | 拒绝 CannotClose 之后才能关账
    2022-07-01 领导 关 2022Q2 | 拒绝 CannotClose 请先关2022年第1季度
    2022-07-01 徐庄 关 2022Q1 | 拒绝 NotAllowed
    2022-07-01 领导 关 2022Q1
    2022-07-01 领导 关 2022Q1 | 拒绝 CannotClose 已经关账
    2023-02-01 领导 关 2022Q2
    2023-02-01 领导 关 2022Q3
    2023-02-01 领导 关 2022Q4
    """)
