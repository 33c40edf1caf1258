"""Every rule of the register as a table: who files what on 2022-06-30, and what is said at which field."""

from __future__ import annotations

from datetime import date

import pytest

from directory.models import Organization
from funds.models import FundFlow
from funds.registers import FUND_FLOW, evidence_rule, natural_key, shown, summary
from ledger import actions
from ledger.bookkeeping import close_line
from ledger.models import Entry, Evidence
from tests.funds.rows import make_row
from tests.ledger.world import World

ON = date(2022, 6, 30)
SPEND = "支出 2022-04 徐庄镇 12.5 凭证号=记-35 收款方=某建筑公司"
ALLOCATE = "下达 2022-04 徐庄镇 60 文件号=山财农指〔2022〕12号"

FINE = [
    f"徐庄 {SPEND}",
    f"徐庄 {SPEND} 发票号=0012 合同=HT-1 用途=路灯",
    "徐庄 报账 2022-04 徐庄镇 3 凭证号=报-1",
    "徐庄 收款方退款 2022-04 徐庄镇 3 凭证号=退-1",
    f"财政 {ALLOCATE}",
    f"财政 {SPEND}",
    "财政 到位 - - 100 凭证号=收-1",
    "财政 到位 2022-04 - 100 凭证号=收-1 文件号=荣财〔2022〕3号",
    "财政 拨付 2022-04 徐庄镇 3 凭证号=付-1",
    "财政 直接支付 2022-04 徐庄镇 3 凭证号=付-1 收款方=某公司",
    "财政 单位退回财政 2022-04 徐庄镇 3 凭证号=退-1",
    "财政 收回 2022-04 徐庄镇 3 来自=allocated 文件号=山财〔2022〕3号 原因=节余",
    "财政 调整 2022-04 徐庄镇 3 层级=quota 到=2022-05 到单位=店子镇 文件号=山财〔2022〕3号 原因=节余",
    "财政 调整 2022-04 徐庄镇 3 层级=quota 到=2022-04 到单位=店子镇 文件号=山财〔2022〕3号 原因=节余",
    "局里 调整 2022-04 - 3 层级=plan 到=2022-05 文件号=山乡振〔2022〕3号 原因=节余",
    "局里 安排 2022-01 - 3 文件号=山乡振〔2022〕3号",
    f"计划导入 {ALLOCATE}",
    f"徐庄 {SPEND} 日期=2021-01-01",
    f"徐庄 {SPEND} 日期=2022-06-30",
]

WRONG = {
    # what is missing, all at once
    "徐庄 支出 - - - 日期=": "line 须选择项目 unit 须选择单位 amount 请填写金额 occurred_on 请填写发生日期 "
    "voucher_no 须填写凭证号 payee 须填写收款方",
    "徐庄 报账 2022-04 徐庄镇 3": "voucher_no 报账须填写报账单号",
    "财政 下达 2022-04 徐庄镇 3": "document_no 下达须填写文件号",
    "财政 到位 2022-04 - 3": "voucher_no 到位须填写凭证号",
    "财政 拨付 2022-04 - 3": "unit 须选择单位 voucher_no 须填写凭证号",
    "财政 收回 2022-04 徐庄镇 3": "recall_from 须选择收回来源 document_no 须填写文件号 note 须填写原因",
    "局里 调整 2022-04 - 3": "adjust_level 须选择调整层级 other_line 须选择调入项目 document_no 须填写 note 须填写原因",
    "财政 调整 2022-04 - 3 层级=quota 到=2022-05 文件号=山财〔2022〕3号 原因=节余": "unit 须选择调出单位 "
    "other_unit 须选择调入单位",
    # what does not belong
    f"徐庄 {SPEND} 文件号=山财〔2022〕3号": "document_no 支出不填文件号",
    f"财政 {ALLOCATE} 凭证号=记-1 收款方=某公司": "voucher_no 下达不填凭证号 payee 下达不填收款方",
    f"徐庄 {SPEND} 来自=disbursed 到单位=店子镇": "recall_from 支出不填收回来源 other_unit 支出不填调入单位",
    "局里 调整 2022-04 徐庄镇 3 层级=plan 到=2022-05 文件号=山乡振〔2022〕3号 原因=节余": "unit 调整不填调出单位",
    # dates and amounts
    f"徐庄 {SPEND} 日期=2022-07-01": "occurred_on 晚于今天（2022-06-30）",
    f"徐庄 {SPEND} 日期=2020-12-31": "occurred_on 早于2021年",
    # who files what
    f"徐庄 {ALLOCATE}": "event 下达由区乡村振兴局、区财政局填报，徐庄镇不能填报",
    "徐庄 支出 2022-05 店子镇 3 凭证号=记-1 收款方=某公司": "unit 您只能填报本单位（徐庄镇）的支出",
    "财政 安排 2022-01 - 3 文件号=山乡振〔2022〕3号": "event 安排由区乡村振兴局填报",
    "财政 调整 2022-04 - 3 层级=plan 到=2022-05 文件号=山财〔2022〕3号 原因=节余": "adjust_level "
    "计划层级的调整由区乡村振兴局填报",
    # adjustments that change nothing
    "局里 调整 2022-04 - 3 层级=plan 到=2022-04 文件号=山乡振〔2022〕3号 原因=节余": "other_line 与调出项目相同",
    "财政 调整 2022-04 徐庄镇 3 层级=quota 到=2022-04 到单位=徐庄镇 文件号=山财〔2022〕3号 原因=节余": "other_unit "
    "项目和单位都相同",
    "局里 调整 2022-04 - 3 层级=both 到=2022-05 文件号=山乡振〔2022〕3号 原因=节余": "adjust_level 不在可选范围内",
    # lengths
    f"徐庄 {SPEND} 用途={'长' * 201}": "purpose 用途最多200个字，现有201个",
}


def errors_of(world: World, words: str) -> dict[str, list[str]]:
    who, row = words.split(" ", 1)
    return dict(FUND_FLOW.errors(make_row(world, row), world.users[who], ON))


@pytest.mark.parametrize("words", FINE)
def test_what_is_right_is_accepted(world: World, words: str) -> None:
    assert errors_of(world, words) == {}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_said_at_its_field_all_at_once(world: World, words: str) -> None:
    found = errors_of(world, words)
    told = WRONG[words].split()
    fields = {word for word in told if word.replace("_", "").isascii() and word.isidentifier()}
    assert set(found) == fields
    field = ""
    for word in told:
        field = word if word in fields else field
        if word not in fields:
            assert word in "".join(found[field]).replace(" ", "")


def test_an_unknown_event_is_refused(world: World) -> None:
    row = make_row(world, SPEND)
    row.event = "gift"
    assert FUND_FLOW.errors(row, world.users["徐庄"], ON) == {"event": ["请选择事件。"]}


def test_a_negative_amount_points_to_the_reversal(world: World) -> None:
    row = make_row(world, SPEND)
    row.amount = -1
    assert "红冲" in FUND_FLOW.errors(row, world.users["徐庄"], ON)["amount"][0]


def test_money_is_not_given_to_units_of_rongcheng_or_out_of_use(world: World) -> None:
    unit = world.units["店子镇"]
    row = make_row(world, "下达 2022-04 店子镇 60 文件号=山财农指〔2022〕12号")
    assert row.unit is not None
    row.unit.active = False
    assert "已停用" in FUND_FLOW.errors(row, world.users["财政"], ON)["unit"][0]
    row.unit = unit
    row.unit.side = "rongcheng"
    assert "荣成方" in FUND_FLOW.errors(row, world.users["财政"], ON)["unit"][0]


def test_a_closed_line_takes_no_new_business_but_gives_back(world: World) -> None:
    close_line(by=world.users["审核"], on=ON, line=world.lines["2022-04"], reason="完工")
    world.lines["2022-04"].refresh_from_db()
    assert "已关闭" in errors_of(world, f"徐庄 {SPEND}")["line"][0]
    assert errors_of(world, "徐庄 收款方退款 2022-04 徐庄镇 3 凭证号=退-1") == {}
    out = "局里 调整 2022-04 - 3 层级=plan 到=2022-05 文件号=山乡振〔2022〕3号 原因=节余"
    assert errors_of(world, out) == {}
    into = "局里 调整 2022-05 - 3 层级=plan 到=2022-04 文件号=山乡振〔2022〕3号 原因=节余"
    assert list(errors_of(world, into)) == ["other_line"]


def file(world: World, who: str, words: str) -> Entry:
    row = make_row(world, words)
    user = world.users[who]
    assert user.organization is not None
    proof = Evidence.objects.unscoped("测试凭据").create(
        organization=user.organization,
        uploaded_by=user,
        name="凭证.pdf",
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
        path=f"test/{words}"[:100],
    )
    return actions.submit(by=user, on=ON, register=FUND_FLOW, row=row, evidence=[proof])


def do(world: World, who: str, words: str) -> Entry:
    entry = file(world, who, words)
    actions.approve(by=world.users["审核"], on=ON, entry=entry, version=1)
    return entry


@pytest.fixture
def paid(world: World) -> World:
    """徐庄镇 has 60 万元 of line 04 and 20 of line 05 in hand."""
    for line, amount, number in (("2022-04", 60, 1), ("2022-05", 20, 2)):
        do(world, "财政", f"下达 {line} 徐庄镇 {amount} 文件号=山财农指〔2022〕{number}号")
        do(world, "财政", f"拨付 {line} 徐庄镇 {amount} 凭证号=付-{number}")
    return world


def test_the_same_voucher_amount_and_date_on_another_line_is_a_duplicate(paid: World) -> None:
    entry = file(paid, "徐庄", SPEND)
    twin = SPEND.replace("2022-04", "2022-05").replace("记-35", "记－ 35")
    found = errors_of(paid, f"徐庄 {twin.replace('记－ 35', '记－35')}")
    assert f"{entry.pk} 号记录" in found["voucher_no"][0]
    assert errors_of(paid, f"徐庄 {twin.replace('记－ 35', '记－35')} 日期=2022-04-03") == {}
    actions.withdraw(by=paid.users["徐庄"], on=ON, entry=entry, version=1)
    assert errors_of(paid, f"徐庄 {twin.replace('记－ 35', '记－35')}") == {}


def test_correcting_the_line_of_a_payment_is_not_a_duplicate_of_itself(paid: World) -> None:
    entry = do(paid, "徐庄", SPEND)
    row = make_row(paid, SPEND.replace("2022-04", "2022-05"))
    proof = Evidence.objects.unscoped("测试凭据").first()
    assert proof is not None
    made = actions.correct(
        by=paid.users["徐庄"],
        on=ON,
        entry=Entry.objects.unscoped("测试").get(pk=entry.pk),
        row=row,
        reason="项目选错",
        evidence=[proof],
    )
    assert made.kind == Entry.Kind.CORRECTION


def test_every_unit_of_shanting_files_the_register_and_no_other(world: World) -> None:
    assert all(FUND_FLOW.may_file(unit) for unit in world.units.values())
    assert not FUND_FLOW.may_file(None)
    assert not FUND_FLOW.may_file(Organization(kind="partner", side="rongcheng"))


def test_a_row_of_two_plans_is_refused(world: World) -> None:
    world.add_plan(2023, on=date(2022, 6, 1))
    row = "局里 调整 2022-04 - 3 层级=plan 到=2023-05 文件号=山乡振〔2022〕3号 原因=节余"
    assert errors_of(world, row) == {"other_line": ["只能在同一方案的项目之间调整。"]}


def test_the_natural_key_is_made_of_line_event_unit_and_number(world: World) -> None:
    def key(words: str) -> str:
        row = make_row(world, words)
        row.tidy()
        return natural_key(row)

    assert key(SPEND) == "2022/2022-04/spend/370406106/2022:记-35"
    assert key(SPEND.replace("记-35", "记－３５")) == key(SPEND)
    assert key(f"{SPEND} 日期=2023-04-02") != key(SPEND)
    assert key(ALLOCATE) == "2022/2022-04/allocate/370406106/山财农指〔2022〕12号"
    assert key(ALLOCATE.replace("徐庄镇", "店子镇")) != key(ALLOCATE)
    assert key("到位 - - 3 凭证号=收-1") == "2022/-/receive/-/2022:收-1"
    assert key("到位 - - 3") == "2022/-/receive/-/2022-04-02:3000000"
    adjusted = "调整 2022-04 徐庄镇 3 层级=quota 到=2022-05 到单位=店子镇 文件号=山财〔2022〕3号"
    assert key(adjusted) == "2022/2022-04/adjust/370406106/山财〔2022〕3号/quota/2022-05/370406101"


def test_a_summary_says_what_how_much_where_and_by_which_number(world: World) -> None:
    assert summary(make_row(world, SPEND)) == "支出 125,000.00 元 · 美丽乡村提升工程 · 徐庄镇 · 记-35"
    assert summary(make_row(world, "到位 - - 3 凭证号=收-1")) == "到位 30,000.00 元 · 未指定项目 · 收-1"
    adjusted = "调整 2022-04 徐庄镇 3 层级=quota 到=2022-05 到单位=店子镇 文件号=山财〔2022〕3号"
    assert (
        summary(make_row(world, adjusted))
        == "调整 30,000.00 元 · 美丽乡村提升工程徐庄镇→基础设施提升店子镇 · 山财〔2022〕3号"
    )


def test_a_page_shows_the_filled_fields_in_the_forms_order(world: World) -> None:
    lines = [(one.name, one.label, one.value) for one in shown(make_row(world, f"{SPEND} 用途=路灯"))]
    assert lines == [
        ("event", "事件", "支出"),
        ("line", "项目", "2022-04 美丽乡村提升工程"),
        ("unit", "单位", "徐庄镇"),
        ("amount", "金额", "125,000.00 元（12.50 万元）"),
        ("occurred_on", "发生日期", "2022-04-02"),
        ("voucher_no", "凭证号", "记-35"),
        ("payee", "收款方", "某建筑公司"),
        ("purpose", "用途", "路灯"),
    ]


def test_every_event_needs_evidence_except_what_the_plan_itself_arranges(world: World) -> None:
    assert evidence_rule(make_row(world, SPEND)) == "支付凭证或发票"
    assert evidence_rule(make_row(world, ALLOCATE)) == "指标文件"
    assert evidence_rule(make_row(world, "安排 2022-04 - 3 文件号=山乡振发〔2022〕10号")) == ""
    assert evidence_rule(make_row(world, "安排 2022-04 - 3 文件号=山乡振〔2022〕3号")) == "安排文件"


def test_the_reviewer_is_told_of_odd_numbers_old_dates_and_money_not_yet_received(world: World) -> None:
    row = make_row(world, "下达 2022-04 徐庄镇 60 文件号=12号文")
    odd, old, early = FUND_FLOW.warnings(row)
    assert "12号文" in odd
    assert "超过 12 个月" in old
    assert "累计下达将超过已到位的资金" in early


def test_what_was_filed_in_time_does_not_look_old_years_later(world: World) -> None:
    do(world, "财政", "到位 - - 100 凭证号=收-1")
    entry = file(world, "财政", ALLOCATE)
    row = FundFlow.objects.select_related("entry").get(entry=entry)
    assert list(FUND_FLOW.warnings(row)) == []
