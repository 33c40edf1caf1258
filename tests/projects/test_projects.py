"""A project in the books: the line it opens, limits and ends; what it is refused; what is taken back with it."""

from __future__ import annotations

from datetime import date

import pytest

from ledger import actions, bookkeeping, fixing
from ledger.fixing import BelowBalance, FixedByRow, MoneyLeft, OtherLine, SublinesOpen
from ledger.models import Account, BudgetLine, Entry
from ledger.verify import verify
from tests.ledger.stories import Story
from tests.ledger.world import World
from tests.projects.conftest import at, bare
from tests.registers import ON, Trial

SPENT = "2022/2022-04/spent@370406106"
MONEY = """
2022-02-25 财政 办 到位 2022 450 #收1
2022-03-01 财政 办 下达 2022-04 徐庄镇 100 #文1
2022-03-10 财政 办 拨付 2022-04 徐庄镇 100 #拨1
"""


def line(code: str) -> BudgetLine:
    return BudgetLine.objects.get(code=code)


def maximum(account: str) -> int | None:
    return Account.objects.get(code=account).maximum


def tell(world: World, text: str) -> Story:
    story = Story(world)
    story.tell(text)
    return story


def reversed_(trial: Trial, entry: Entry) -> Entry:
    back = actions.reverse(by=trial.world.users[trial.who], on=ON, entry=entry, reason="重复填报")
    return trial.approved(back)


def books_hold() -> None:
    assert [f"{one.name} {one.target}：{one.expected}，{one.found}" for one in verify()] == []


def test_an_approved_subproject_opens_its_line_and_money_comes_from_the_line_above(
    world: World, barn: Trial
) -> None:
    filed = barn.filed(at("已立项"))
    assert not BudgetLine.objects.filter(code="2022-01-01").exists()  # nothing before the decision
    barn.approved(filed)
    opened = line("2022-01-01")
    assert (opened.name, opened.parent, opened.state) == ("食用菌大棚", line("2022-01"), "open")
    world.lines["2022-01-01"] = opened
    tell(world, "2022-03-01 局里 办 安排 2022-01-01 120 #安1")
    refused = "拒绝 InsufficientFunds 可用1,250,000.00元 本次1,250,000.01元 超出0.01元"
    tell(world, f"2022-03-02 局里 办 安排 2022-01-01 1250000.01元 #安2 | {refused}")
    books_hold()


def test_subprojects_together_stay_within_what_the_zone_was_given(world: World, barn: Trial) -> None:
    barn.done(at("已立项"))
    barn.filed(
        at(
            "已立项",
            子项目编码="2022-01-02",
            项目名称="管网",
            总投资="80",
            协作资金="80",
            推进区内容="环境整治",
        )
    )
    third = at(
        "已立项",
        子项目编码="2022-01-03",
        项目名称="车间",
        总投资="45.000001",
        协作资金="45.000001",
        推进区内容="就业带动",
    )
    said = barn.wrong(third)
    assert "共安排 245.00 万元，其他子项目 200.00 万元（含待审核的），还可安排 45.00 万元" in said["协作资金"]
    assert "超出 0.000001 万元" in said["协作资金"]
    # other money than the fund is not of the 245
    assert barn.made({**third, "协作资金": "45", "其他资金": "0.000001"}).row is not None
    books_hold()


def test_a_sub_project_says_which_of_the_six_it_is_and_has_a_code_below_its_line(barn: Trial) -> None:
    said = barn.wrong(at("已立项", 推进区内容="", 子项目编码="2022-02-01"))
    assert set(said) == {"推进区内容", "子项目编码"}
    tags = next(column for column in barn.register.columns if column.name == "tag")
    labels = [label for _, label in tags.choices]
    assert labels == ["产业发展", "就业带动", "环境整治", "人才培养", "乡村治理", "巩固成果"]
    assert next(c for c in barn.register.columns if c.name == "line").required


def test_a_code_that_is_another_lines_is_refused(world: World, barn: Trial) -> None:
    bookkeeping.open_subline(
        by=world.users["审核"], on=date(2022, 2, 20), parent=line("2022-05"), code="2022-01-01", name="别处"
    )
    with pytest.raises(OtherLine, match="编码 2022-01-01 已是“别处”"):
        barn.filed(at("已立项"))


def test_the_contract_and_then_the_audited_figure_cap_what_is_spent(world: World, village: Trial) -> None:
    tell(world, MONEY)
    entry = village.done(bare("招标采购"))
    tell(world, "2022-03-20 徐庄 办 支出 2022-04 徐庄镇 2 #记1 合同=BZ-01")
    entry = village.stepped(entry, bare("在建"))
    assert maximum(f"{SPENT}#BZ-01") == 90_000_000
    refused = "拒绝 AboveMaximum 上限900,000.00元 还可增加880,000.00元 本次880,000.01元"
    tell(world, f"2022-05-20 徐庄 办 支出 2022-04 徐庄镇 880000.01元 #记2 合同=BZ-01 | {refused}")
    tell(world, "2022-05-20 徐庄 办 支出 2022-04 徐庄镇 80 #记2 合同=BZ-01")
    entry = village.stepped(entry, bare("已完工"))
    entry = village.stepped(entry, bare("已验收"))
    # audited below what is spent: refused at submission, with both figures
    with pytest.raises(BelowBalance, match=r"已有 820,000\.00 元.*上限不能低于 820,000\.00 元"):
        village.stepped(entry, bare("已决算", 审定金额="819999.99"))
    settled = village.stepped(entry, bare("已决算", 审定金额="850000"))
    assert (maximum(f"{SPENT}#BZ-01"), maximum(SPENT)) == (85_000_000, 0)
    tell(
        world,
        "2022-11-20 徐庄 办 支出 2022-04 徐庄镇 3.000001 #记3 合同=BZ-01 | 拒绝 AboveMaximum 还可增加30,000.00元",
    )
    books_hold()
    # the audit taken back: the contract caps again
    reversed_(village, settled)
    assert (maximum(f"{SPENT}#BZ-01"), maximum(SPENT)) == (90_000_000, None)
    books_hold()


def test_what_was_spent_between_submission_and_approval_is_seen_at_approval(
    world: World, village: Trial
) -> None:
    tell(world, MONEY)
    entry = village.done(bare("招标采购"))
    user = world.users["徐庄"]
    made = village.made(bare("在建", 合同金额="500000"))
    assert made.row is not None
    step = actions.step(by=user, on=ON, entry=entry, row=made.row, evidence=[])
    tell(world, "2022-05-20 徐庄 报 支出 2022-04 徐庄镇 50.000001 #记2 合同=BZ-01")
    actions.attach(by=user, on=ON, entry=step, version=1, evidence=Story(world)._evidence(user))
    with pytest.raises(BelowBalance, match=r"待审核 500,000\.01 元"):
        village.approved(step)
    assert maximum(f"{SPENT}#BZ-01") is None
    books_hold()


def test_a_project_given_up_gives_its_money_back_first(world: World, barn: Trial) -> None:
    entry = barn.done(at("已批复"))
    world.lines["2022-01-01"] = line("2022-01-01")
    tell(
        world,
        """
        2022-03-02 局里 办 安排 2022-01-01 120 #安1
        2022-03-03 财政 办 下达 2022-01-01 北庄镇 60 #文1
        2022-03-04 财政 办 拨付 2022-01-01 北庄镇 20 #拨1
        2022-03-05 北庄 报 支出 2022-01-01 北庄镇 5 #记1
        """,
    )
    given_up = at(
        "已批复", 项目状态="终止", **{"暂停、终止日期": "2022-06-01", "暂停、终止原因": "用地未落实"}
    )
    assert "请填写终止决定文号" in barn.wrong(given_up)["终止决定文号"]
    given_up["终止决定文号"] = "山乡振发〔2022〕30号"
    number = Entry.objects.unscoped("测试").get(summary__contains="记").pk
    with pytest.raises(fixing.AccountsInUse, match=f"{number} 号"):
        barn.stepped(entry, given_up)
    story = Story(world)
    story.entries["#记1"] = Entry.objects.unscoped("测试").get(pk=number)
    story.tell("2022-03-06 审核 退 #记1 用地未落实")
    with pytest.raises(MoneyLeft, match=r"400,000\.00 元.*200,000\.00 元.*请先退款、收回"):
        barn.stepped(entry, given_up)
    tell(
        world,
        """
        2022-06-02 财政 办 退回 2022-01-01 北庄镇 20 #退1
        2022-06-03 财政 办 收回 2022-01-01 北庄镇 60 #收2
        """,
    )
    ended = barn.stepped(entry, given_up)
    assert line("2022-01-01").state == "cancelled"
    world.lines["2022-01-01"] = line("2022-01-01")
    tell(world, "2022-06-04 财政 办 下达 2022-01-01 北庄镇 1 #文3 | 拒绝 InvalidEntry 已取消")
    # its money may now be arranged for others
    tell(world, "2022-06-05 局里 办 调整 2022-01-01 120 #调1 到=2022-02")
    books_hold()
    assert "“终止”的项目不能再改状态" in barn.wrong(at("已批复"))["项目状态"]
    # the end taken back: the line is open again
    reversed_(barn, ended)
    assert line("2022-01-01").state == "open"
    assert not Account.objects.filter(line__code="2022-01-01", closed=True).exists()
    books_hold()


def test_the_first_row_taken_back_cancels_the_line_it_opened_and_filed_anew_opens_it_again(
    world: World, barn: Trial
) -> None:
    reversed_(barn, barn.done(at("已立项")))
    assert line("2022-01-01").state == "cancelled"
    books_hold()
    barn.done(at("已立项", 项目名称="食用菌智能大棚"))
    assert (line("2022-01-01").state, line("2022-01-01").name) == ("open", "食用菌智能大棚")
    books_hold()


def test_a_correction_that_names_another_code_moves_the_line(world: World, barn: Trial) -> None:
    wrong = barn.done(at("已立项", 子项目编码="2022-01-09"))
    made = barn.made(at("已立项"), before=wrong)
    assert made.row is not None
    user = world.users["北庄"]
    fixed = actions.correct(
        by=user, on=ON, entry=wrong, row=made.row, reason="编码错", evidence=Story(world)._evidence(user)
    )
    barn.approved(fixed)
    assert {one.code: one.state for one in BudgetLine.objects.filter(parent__isnull=False)} == {
        "2022-01-01": "open",
        "2022-01-09": "cancelled",
    }
    books_hold()


def test_a_zone_ends_after_its_sub_projects_and_by_hand_nothing_a_row_decides(
    world: World, barn: Trial
) -> None:
    barn.done(at("已立项"))
    zone = bare("已移交", 预算项目="2022-01", 项目名称="推进区", 总投资="245", 协作资金="245", 实施单位="370406104",
                合同编号="", 合同金额="", 审定金额="2450000", 招标公告日="", 招标方式="自行组织实施", 未招标原因="分项实施",
                付款节点="")  # fmt: skip
    entry = barn.done(zone)
    archived = {**zone, "项目状态": "已归档", "评价时间": "2022-11-20", "评价等级": "优"}
    with pytest.raises(SublinesOpen, match="还有进行中的子项目：食用菌大棚"):
        barn.stepped(entry, archived)
    reviewer = world.users["审核"]
    with pytest.raises(FixedByRow, match="号记录决定"):
        bookkeeping.close_line(by=reviewer, on=ON, line=line("2022-01-01"), reason="完工")
    account = Account.objects.get(code="2022/2022-01/spent@370406104")
    with pytest.raises(FixedByRow, match=f"{entry.pk} 号记录决定"):
        bookkeeping.limit_account(by=reviewer, on=ON, account=account, maximum=1, reason="完工")
    books_hold()


def test_verify_names_a_line_or_maximum_that_is_not_as_the_row_says(world: World, village: Trial) -> None:
    village.done(bare("在建"))
    books_hold()
    Account.objects.filter(code=f"{SPENT}#BZ-01").update(maximum=90_000_001)
    BudgetLine.objects.filter(code="2022-04").update(state="closed")
    found = {(one.rule, one.target): one.found for one in verify()}
    assert found == {
        ("lines_are_as_rows_in_force_say", f"账户 {SPENT}#BZ-01"): "900,000.01 元",
        ("lines_are_as_rows_in_force_say", "项目 2022-04"): "已关闭",
    }


def test_what_is_unusual_is_told_and_let_through(world: World, village: Trial) -> None:
    tell(world, MONEY)
    tell(world, "2022-03-20 徐庄 办 支出 2022-04 徐庄镇 50 #记1 合同=BZ-01")
    made = village.made(
        bare("在建", 质保金="30000", 协作资金="99", 总投资="99", 立项时间="", 招标方式="询价")
    )
    said = " ".join(made.warnings)
    for words in (
        "还没有立项时间",
        "协作资金填的是 99.00 万元，账上安排 100.00 万元",
        "质保金 30,000.00 元超过合同金额的 3%",
        "只应付到 36.00 万元，超出 14.00 万元",
    ):
        assert words in said
    assert made.row is not None
    assert "还没有招标公告日" not in said
