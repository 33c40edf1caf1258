"""What people write and what it is read as, kind by kind (DOMAIN §4 rules 6 to 15, §6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from directory.models import User
from ledger.parsing import Known, ParseError, Raw, parse
from ledger.registers import Column, all_registers

ON = date(2022, 7, 1)


def number(text: str, number_format: str = "") -> Raw:
    return Raw(text, number=Decimal(text), number_format=number_format)


def read(kind: str, raw: Raw | str, *, year: int | None = None, date1904: bool = False, **more: Any) -> Any:
    column = Column("x", "栏目", kind, **more)
    known = Known(user=User(), on=ON, year=year, date1904=date1904)
    return parse(column, Raw(raw) if isinstance(raw, str) else raw, known)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", " Ａ－１　班\u200b ", "A-1 班"),
        ("text", "甲，乙；丙", "甲，乙；丙"),
        ("text", number("35.0"), "35"),
        ("integer", "约６０人", 60),
        ("integer", number("12.0"), 12),
        ("money", Raw("1.2", unit="万元"), 1_200_000),
        ("money", Raw("12.5万元", unit="元"), 12_500_000),
        ("money", Raw("68", number=Decimal("68"), unit="万元"), 68_000_000),
        ("date", "2022.3.1", date(2022, 3, 1)),
        ("date", "20220301", date(2022, 3, 1)),
        ("date", "2022年3月1日", date(2022, 3, 1)),
        ("date", number("44621"), date(2022, 3, 1)),
        ("date", Raw("2022-03-01", is_date=True), date(2022, 3, 1)),
        ("dates", "2022.6.6-6.10", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022年6月6-10日", (date(2022, 6, 6), date(2022, 6, 10))),
        ("dates", "2022-06-06至2022-07-01", (date(2022, 6, 6), date(2022, 7, 1))),
        ("dates", "2022/6/6", (date(2022, 6, 6), date(2022, 6, 6))),
        ("month", "2022.10", "2022-10"),
        ("month", "2022年3月", "2022-03"),
        ("month", number("2022.3"), "2022-03"),
        ("yesno", "√", True),
        ("yesno", "无", False),
        ("percent", "85%", Decimal("85.00")),
        ("percent", number("0.85", "0.00%"), Decimal("85.00")),
        ("percent", number("85"), Decimal("85.00")),
        ("phone", number("13800001234"), "13800001234"),
        ("date", "—", None),
        ("text", "", ""),
    ],
)
def test_it_is_read_as(kind: str, raw: Raw | str, value: Any) -> None:
    assert read(kind, raw) == value


@pytest.mark.parametrize(
    ("kind", "raw", "said"),
    [
        ("integer", "几十人", "请填整数"),
        ("money", "68", "不知道是元还是万元"),
        ("money", Raw("-5", unit="元"), "不能为负数"),
        ("date", "2022.3", "只写到月"),
        ("date", number("2022.1"), "分不清1月和10月"),
        ("date", "2022-02-30", "不存在"),
        ("date", "6月6日", "没有写年份"),
        ("dates", "2022.6.10-6.6", "早于开始日期"),
        ("month", number("2022.1"), "分不清1月和10月"),
        ("percent", number("0.85"), "请写明百分号"),
        ("percent", "120%", "0% 到 100%"),
        ("yesno", "可能", "请填“是”或“否”"),
        ("identity", number("990000198001010018"), "被Excel截断"),
        ("phone", "1380000", "区号"),
        ("person_name", "张3", "姓名里有数字"),
    ],
)
def test_it_is_refused_and_says_what_to_write(kind: str, raw: Raw | str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read(kind, raw)


REAL = "990000197906120027"  # its last character is right
LIKE_ONE = "990000197906120020"  # area, day and serial number, as vouchers and procurements are numbered too


@pytest.mark.parametrize("raw", [REAL, LIKE_ONE, "张三 13800001234", "138-0000-1234", number(REAL)])
def test_a_text_names_nobodys_number(raw: Raw | str) -> None:
    with pytest.raises(ParseError, match="请不要写身份证号或电话") as refused:
        read("text", raw)
    assert "9900" not in str(refused.value)
    assert "1380" not in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        LIKE_ONE,
        "370406202206150012",  # of 15 June, and by chance an identity number to its last character
        "15202200012",
        "13800001234",
        "37040620220315001",
        "370406220315001",
        "24372000000012345678",
        "山财农指〔2022〕12号",
        "3月记-35",
        f"A{REAL}",
    ],
)
def test_a_number_of_a_paper_may_be_long(raw: str) -> None:
    assert read("text", raw, numbered=True) == raw


def test_the_number_of_a_paper_is_not_somebodys_identity_number() -> None:
    for raw in (REAL, f"记-{REAL}", number(REAL)):
        with pytest.raises(ParseError, match="请改在中间加横线"):
            read("text", raw, numbered=True)
    assert read("text", f"{REAL[:6]}-{REAL[6:14]}-{REAL[14:]}", numbered=True)


def test_these_columns_are_numbers_of_papers() -> None:
    found = {
        (register.code, column.name)
        for register in all_registers().values()
        for column in register.columns
        if column.numbered
    }
    assert found == {
        *(("fund_flow", name) for name in ("document_no", "voucher_no", "invoice_no", "contract_no")),
        *(
            ("project", name)
            for name in (
                *(
                    "plan_no",
                    "approval_no",
                    "contractor_code",
                    "designer_code",
                    "supervisor_code",
                    "contract_no",
                ),
                *("decision_no", "change_no"),
            )
        ),
        *(("asset", name) for name in ("number", "decision_no")),
        ("zone_member", "document_no"),
        *(("pv_share", name) for name in ("plan_no", "voucher_no")),
        ("pv_station", "number"),
        ("prior_scale", "document_no"),
        ("training_course", "number"),
        ("roster", "household_no"),
        ("roster", "member_no"),
        ("secondment", "order_no"),
        ("donation", "receipt_no"),
        ("wish", "number"),
        ("meeting", "minutes_no"),
    }


def test_a_personal_column_holds_whose_number_it_is() -> None:
    assert read("text", REAL, personal=True) == REAL


def test_the_sheet_gives_the_year_and_the_workbook_its_calendar() -> None:
    assert read("dates", "6月6-10日", year=2022) == (date(2022, 6, 6), date(2022, 6, 10))
    assert read("month", "3月", year=2022) == "2022-03"
    assert read("date", number("43159"), date1904=True) == date(2022, 3, 1)


def test_a_choice_is_read_by_code_or_label_and_each_is_offered_once() -> None:
    choices = (("farmers", "高科技农民"), ("farmers", "高素质农民"), ("farming", "农业"))
    assert read("choice", "高素质农民", choices=choices) == "farmers"
    assert read("choice", "farming", choices=choices) == "farming"
    with pytest.raises(ParseError, match="可填：高科技农民、农业。"):
        read("choice", "其他", choices=choices)


def test_what_is_required_is_asked_for_and_a_cell_never_shows_itself() -> None:
    with pytest.raises(ParseError, match="请填写栏目"):
        read("date", "", required=True)
    assert "990000" not in repr(Raw("990000198001010018"))
