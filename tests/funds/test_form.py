"""The form: what a clerk types becomes a row, and the register's rules speak at its fields."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from funds.forms import EVENT_FIELDS, FundFlowForm
from funds.models import FundFlow
from funds.registers import FUND_FLOW
from ledger import actions
from ledger.bookkeeping import open_subline
from ledger.models import Entry, EntryEvidence, Evidence
from tests.funds.rows import make_row
from tests.ledger.world import World

ON = date(2022, 6, 30)


@pytest.fixture
def typed(world: World) -> dict[str, Any]:
    return {
        "event": "spend",
        "line": world.lines["2022-04"].pk,
        "unit": world.units["徐庄镇"].pk,
        "amount": "12.5",
        "amount_unit": "万元",
        "occurred_on": "2022-04-02",
        "voucher_no": " 记－35",
        "payee": "某建筑公司",
    }


def form_of(world: World, who: str, data: dict[str, Any] | None = None, **kwargs: Any) -> FundFlowForm:
    return FundFlowForm(data, user=world.users[who], on=ON, **kwargs)


def test_a_filled_form_gives_the_row_to_submit(world: World, typed: dict[str, Any]) -> None:
    form = form_of(world, "徐庄", typed)
    assert form.is_valid(), form.errors
    row = form.row()
    assert row._state.adding
    assert (row.event, row.line, row.unit, row.plan.code) == (
        "spend",
        world.lines["2022-04"],
        world.units["徐庄镇"],
        "2022",
    )
    assert (row.amount, row.voucher_no, row.occurred_on) == (12_500_000, "记-35", date(2022, 4, 2))
    assert FUND_FLOW.form() is FundFlowForm


@pytest.mark.parametrize(
    ("amount", "unit", "fen"),
    [
        ("１２５，０００．００", "元", 12_500_000),
        ("12.5万元", "元", 12_500_000),
        ("0.000001", "万元", 1),
        ("125000", "", 12_500_000),
    ],
)
def test_amounts_are_read_in_yuan_and_wan(
    world: World, typed: dict[str, Any], amount: str, unit: str, fen: int
) -> None:
    form = form_of(world, "徐庄", {**typed, "amount": amount, "amount_unit": unit})
    assert form.is_valid(), form.errors
    assert form.row().amount == fen


@pytest.mark.parametrize("text", ["2022.4.2", "2022/4/2", "2022年4月2日", "20220402", "２０２２-４-２"])
def test_dates_are_read_as_people_write_them(world: World, typed: dict[str, Any], text: str) -> None:
    form = form_of(world, "徐庄", {**typed, "occurred_on": text})
    assert form.is_valid(), form.errors
    assert form.row().occurred_on == date(2022, 4, 2)


@pytest.mark.parametrize("name", ["purpose", "note", "payee", "handler", "approver"])
def test_a_text_that_names_somebodys_number_is_refused_at_its_field_as_in_a_sheet(
    world: World, typed: dict[str, Any], name: str
) -> None:
    form = form_of(world, "徐庄", {**typed, name: "某某 13800001234"})
    assert form.errors == {name: ["这一栏会长期留存，请不要写身份证号或电话。"]}


@pytest.mark.parametrize("name", ["voucher_no", "invoice_no", "contract_no"])
def test_a_long_number_of_a_voucher_invoice_or_contract_is_none_of_somebodys(
    world: World, typed: dict[str, Any], name: str
) -> None:
    form = form_of(world, "徐庄", {**typed, name: "370406202203150010"})
    assert form.is_valid(), form.errors
    assert getattr(form.row(), name) == "370406202203150010"


def test_everything_wrong_is_said_at_once_each_at_its_field(world: World, typed: dict[str, Any]) -> None:
    wrong = {
        **typed,
        "amount": "12.345",
        "amount_unit": "元",
        "occurred_on": "2022-13-01",
        "voucher_no": "",
        "line": "",
    }
    form = form_of(world, "徐庄", {**wrong, "document_no": "山财〔2022〕3号"})
    assert not form.is_valid()
    assert form.errors == {
        "amount": ["以元填写最多 2 位小数（精确到分），请核对。"],
        "occurred_on": ["请写成 2022-03-01 这样的日期。"],
        "voucher_no": ["支出须填写凭证号。"],
        "line": ["支出须选择项目。"],
        "document_no": ["支出不填文件号，请清空；若事件选错，请改选事件。"],
    }
    with pytest.raises(ValueError, match="is_valid"):
        form.row()


def test_a_field_of_another_event_may_stay_empty(world: World, typed: dict[str, Any]) -> None:
    plan = world.lines["2022-04"].plan.pk
    form = form_of(world, "徐庄", {**typed, "document_no": " ", "recall_from": "", "plan": plan})
    assert form.is_valid(), form.errors


def test_a_township_is_offered_its_own_events_and_unit(world: World) -> None:
    fields: Any = form_of(world, "徐庄").fields
    assert [value for value, _ in fields["event"].choices] == ["spend", "claim", "refund_payee"]
    assert list(fields["unit"].queryset) == [world.units["徐庄镇"]]
    assert fields["unit"].initial == world.units["徐庄镇"].pk
    assert fields["event"].initial == "spend"


def test_a_township_cannot_name_another_unit_by_hand(world: World, typed: dict[str, Any]) -> None:
    form = form_of(world, "徐庄", {**typed, "unit": world.units["店子镇"].pk})
    assert "unit" in form.errors


def test_the_treasury_and_the_bureau_are_offered_what_they_file(world: World) -> None:
    def offered(who: str) -> list[str]:
        fields: Any = form_of(world, who).fields
        return [label for _, label in fields["event"].choices]

    assert "下达" in offered("财政")
    assert "安排" not in offered("财政")
    assert len(offered("局里")) == 11


def test_sub_projects_stand_indented_below_their_line(world: World) -> None:
    open_subline(
        by=world.users["审核"], on=ON, parent=world.lines["2022-01"], code="2022-01-1", name="排水沟"
    )
    fields: Any = form_of(world, "徐庄").fields
    labels = [label for value, label in fields["line"].choices if value]
    assert labels[:3] == [
        "2022-01 北庄镇市级衔接推进乡村振兴集中区",
        "　└ 2022-01-1 排水沟",
        "2022-02 冯卯镇别庄村光伏项目",
    ]


def test_each_widget_says_which_events_it_belongs_to(world: World) -> None:
    form = form_of(world, "局里")
    assert form.fields["recall_from"].widget.attrs["data-events"] == "recall"
    assert form.fields["contract_no"].widget.attrs["data-events"] == "spend direct_pay refund_payee"
    assert form.fields["amount_unit"].widget.attrs["data-events"] == " ".join(EVENT_FIELDS)
    assert 'data-events="recall"' in str(form["recall_from"])


def test_a_filed_row_can_be_shown_for_correction_and_comes_back_the_same(
    world: World, typed: dict[str, Any]
) -> None:
    form = form_of(world, "徐庄", {**typed, "purpose": "路灯"})
    assert form.is_valid()
    row = form.row()
    initial = FundFlowForm.initial_from(row)
    assert initial["amount"] == "125,000.00"
    again = form_of(world, "徐庄", {name: value for name, value in initial.items() if value is not None})
    assert again.is_valid(), again.errors
    same = [field.name for field in FundFlow._meta.concrete_fields]
    assert [getattr(again.row(), name) for name in same if name != "entry"] == [
        getattr(row, name) for name in same if name != "entry"
    ]


def test_a_correction_is_not_a_duplicate_of_what_it_replaces(world: World, typed: dict[str, Any]) -> None:
    number = "山财农指〔2022〕1号"
    for row in (
        make_row(world, f"下达 2022-04 徐庄镇 60 文件号={number}"),
        make_row(world, "拨付 2022-04 徐庄镇 60 凭证号=付-1"),
    ):
        actions.submit(by=world.users["财政"], on=ON, register=FUND_FLOW, row=row)
        entry = Entry.objects.unscoped("测试").latest("pk")
        EntryEvidence.objects.create(entry=entry, version=1, evidence=_proof(world), sha256="0" * 64)
        actions.approve(by=world.users["审核"], on=ON, entry=entry, version=1)
    form = form_of(world, "徐庄", typed)
    assert form.is_valid(), form.errors
    entry = actions.submit(by=world.users["徐庄"], on=ON, register=FUND_FLOW, row=form.row())
    other_line = {**typed, "line": world.lines["2022-05"].pk}
    assert "voucher_no" in form_of(world, "徐庄", other_line).errors
    assert form_of(world, "徐庄", other_line, replaces=entry).is_valid()


def _proof(world: World) -> Evidence:
    return Evidence.objects.unscoped("测试凭据").create(
        organization=world.units["财政局"],
        uploaded_by=world.users["财政"],
        name="凭证.pdf",
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
        path=f"test/{Evidence.objects.unscoped('测试凭据').count()}.pdf",
    )
