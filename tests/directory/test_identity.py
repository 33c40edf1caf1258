"""The identity number, character by character (DOMAIN §6). All numbers are of the invented area 990000, except the
example that GB 11643 itself prints."""

from __future__ import annotations

from datetime import date

import pytest

from directory.identity import (
    Identity,
    IdentityError,
    PhoneError,
    age,
    check_character,
    check_identity,
    check_phone,
    disagreements,
    hide_numbers,
    holds_number,
    mask_id_export,
    mask_id_staff,
    mask_name,
    mask_person,
    mask_phone,
    split_phones,
)

TODAY = date(2022, 7, 5)


def number(first17: str) -> str:
    return first17 + check_character(first17)


@pytest.mark.parametrize(
    ("typed", "kept", "birth", "sex", "disability"),
    [
        ("11010519491231002X", "11010519491231002X", date(1949, 12, 31), "female", ""),
        ("11010519491231002x", "11010519491231002X", date(1949, 12, 31), "female", ""),
        ("990000197906120027", "990000197906120027", date(1979, 6, 12), "female", ""),
        ("990000201403150012", "990000201403150012", date(2014, 3, 15), "male", ""),
        ("990000200912310032", "990000200912310032", date(2009, 12, 31), "male", ""),
        ("　990000 19790612 0027\n", "990000197906120027", date(1979, 6, 12), "female", ""),
        ("９９００００１９７９０６１２００２７", "990000197906120027", date(1979, 6, 12), "female", ""),
        ("１１０１０５１９４９１２３１００２ｘ", "11010519491231002X", date(1949, 12, 31), "female", ""),
        ("\u200b990000197906120027", "990000197906120027", date(1979, 6, 12), "female", ""),
        ("99000019790612002743", "990000197906120027", date(1979, 6, 12), "female", "43"),
        ("11010519491231002X14", "11010519491231002X", date(1949, 12, 31), "female", "14"),
        (number("99000020000229001"), number("99000020000229001"), date(2000, 2, 29), "male", ""),
        (number("99000020220705001"), number("99000020220705001"), TODAY, "male", ""),
        (number("99000019020705001"), number("99000019020705001"), date(1902, 7, 5), "male", ""),
    ],
)
def test_a_right_number_is_read(typed: str, kept: str, birth: date, sex: str, disability: str) -> None:
    assert check_identity(typed, on=TODAY) == Identity(kept, birth, sex, disability)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "没有填写身份证号。"),
        (" 　", "没有填写身份证号。"),
        ("99000019790612002", "身份证号应为18位（残疾人证20位），现为17位，请核对。"),
        ("9900001979061200277", "身份证号应为18位（残疾人证20位），现为19位，请核对。"),
        ("9900001979O6120027", "身份证号第11位应为数字，现为“O”，请核对。"),
        ("99000019790612002Y", "身份证号第18位应为数字或X，现为“Y”，请核对。"),
        ("99000019790612X027", "身份证号第15位应为数字，现为“X”，请核对。"),
        ("99000079061200X", "身份证号第15位应为数字，现为“X”，请核对。"),
        ("990000197913120027", "身份证号里的出生日期1979年13月12日不存在，请核对第7至14位。"),
        ("990000197902290027", "身份证号里的出生日期1979年2月29日不存在，请核对第7至14位。"),
        ("990000000002290027", "身份证号里的出生日期0年2月29日不存在，请核对第7至14位。"),
        (number("99000020220706001"), "身份证号里的出生日期2022-07-06还没有到，请核对第7至14位。"),
        (number("99000019010705001"), "按身份证号里的出生日期1901-07-05已超过120岁，请核对第7至14位。"),
        ("990000197906120028", "身份证号校验不符：按前17位，末位应为7，现为8，请逐位核对。"),
        ("11010519491231003X", "身份证号校验不符：按前17位，末位应为8，现为X，请逐位核对。"),
        (
            "990000197906130000",
            "身份证号校验不符（末位应为6），末三位是000，很可能被Excel截断，请设为文本后重新录入。",
        ),
        ("9.90000197906E+17", "身份证号被Excel改成了科学计数法，请把单元格设为文本后重新录入。"),
        ("9.9E17", "身份证号被Excel改成了科学计数法，请把单元格设为文本后重新录入。"),
        ("99000019790612002783", "残疾人证第19位（类别）应为1至7，现为8，请核对。"),
        ("99000019790612002703", "残疾人证第19位（类别）应为1至7，现为0，请核对。"),
        ("99000019790612002745", "残疾人证第20位（等级）应为1至4，现为5，请核对。"),
        ("990000197906120028X1", "身份证号第19位应为数字，现为“X”，请核对。"),
    ],
)
def test_a_wrong_number_is_refused_with_the_exact_reason(typed: str, reason: str) -> None:
    with pytest.raises(IdentityError) as refused:
        check_identity(typed, on=TODAY)
    assert str(refused.value) == reason


def test_an_old_number_of_fifteen_digits_is_converted_with_a_warning() -> None:
    old = check_identity("990000790612002", on=TODAY)
    assert (old.number, old.birth, old.sex) == ("990000197906120027", date(1979, 6, 12), "female")
    assert old.warnings == ("这是15位的旧证号，已换算为18位，请与现在的身份证核对。",)


def test_a_number_ending_in_000_that_passes_is_a_warning() -> None:
    genuine = next(
        number(f"990000197906{day:02}{order:02}0")
        for day in range(1, 29)
        for order in range(100)
        if number(f"990000197906{day:02}{order:02}0").endswith("000")
    )
    assert check_identity(genuine, on=TODAY).warnings == (
        "末三位是000，可能是Excel截断造成的，请与身份证核对。",
    )


def test_an_unknown_area_is_a_warning_and_a_move_or_an_old_code_is_none() -> None:
    assert check_identity(number("00000019790612002"), on=TODAY).warnings == (
        "前两位00不是省级地区代码，请与身份证核对。",
    )
    assert check_identity(number("51999919790612002"), on=TODAY).warnings == ()


def test_sex_and_birth_must_agree_with_their_columns() -> None:
    woman = check_identity("990000197906120027", on=TODAY)
    assert disagreements(woman, sex="female", birth=date(1979, 6, 12)) == {}
    assert disagreements(woman) == {}
    assert disagreements(woman, sex="male", birth=date(1979, 12, 6)) == {
        "sex": "填的是男，按身份证号应为女，请核对。",
        "birth_date": "填的是1979-12-06，与身份证号里的出生日期不一致，请核对。",
    }


def test_nothing_of_a_number_is_in_its_repr_or_in_a_refusal() -> None:
    assert "9900" not in repr(check_identity("99000019790612002743", on=TODAY))
    for wrong in ("990000197906120028", "9900001979061200", "99000019790612002745"):
        with pytest.raises(IdentityError) as refused:
            check_identity(wrong, on=TODAY)
        assert "990000" not in str(refused.value)


def test_years_are_full_years() -> None:
    assert age(date(2014, 3, 15), date(2022, 3, 14)) == 7
    assert age(date(2014, 3, 15), date(2022, 3, 15)) == 8
    assert age(date(2004, 2, 29), date(2022, 2, 28)) == 17
    assert age(date(2004, 2, 29), date(2022, 3, 1)) == 18


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13800001234", "13800001234"),
        ("+86 138 0000 1234", "13800001234"),
        ("0086-138-0000-1234", "13800001234"),
        ("１３８００００１２３４", "13800001234"),
        ("8613800001234", "13800001234"),
        ("0632-8811234", "0632-8811234"),
        ("(0632)8811234", "0632-8811234"),
        ("0631—88112345", "0631-88112345"),
        ("010-88112345", "010-88112345"),
    ],
)
def test_a_phone_is_brought_to_one_form(typed: str, kept: str) -> None:
    assert check_phone(typed) == kept


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("1380000123", "电话应为11位手机号，或带区号的座机，现为10位，请核对。"),
        ("12800001234", "电话应为11位手机号，或带区号的座机，现为11位，请核对。"),
        ("8811234", "座机请带区号，例如0632-8811234。"),
        ("13800001234（妻）", "电话里有不是数字的字，请只填号码；多个号码用顿号隔开。"),
    ],
)
def test_what_is_no_phone_is_refused_with_what_is_expected(typed: str, reason: str) -> None:
    with pytest.raises(PhoneError) as refused:
        check_phone(typed)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", []),
        ("13800001234、13900001234", ["13800001234", "13900001234"]),
        ("13800001234/0632-8811234", ["13800001234", "0632-8811234"]),
        ("13800001234；13800001234，\n13900001234", ["13800001234", "13900001234"]),
        ("13800001234 13900001234", ["13800001234", "13900001234"]),
        ("138 0000 1234", ["13800001234"]),
        ("138-0000-1234 139 0000 1234", ["13800001234", "13900001234"]),
        ("+86 13800001234 +86 13900001234", ["13800001234", "13900001234"]),
    ],
)
def test_a_cell_may_hold_several_phones(typed: str, kept: list[str]) -> None:
    assert split_phones(typed) == kept


def test_masks_are_those_of_the_published_rule() -> None:
    assert [mask_name(name) for name in ("张小三", "李四", "欧阳小三", "买买提·艾力", "王", "")] == [
        "张*三",
        "李*",
        "欧**三",
        "买****力",
        "*",
        "",
    ]
    assert mask_id_staff("990000197906120027") == "990000********0027"
    assert mask_id_export("350000197906120123") == "35*************123"
    assert mask_phone("13800001234") == "138****1234"
    assert mask_phone("0632-8811234") == "0632-****234"
    assert (mask_id_staff("123"), mask_id_export("123"), mask_phone("12345")) == ("***", "***", "*****")


def test_a_child_is_a_code_and_an_age_band_and_never_a_name() -> None:
    assert mask_person(7, "张小三", date(2014, 3, 15), on=TODAY) == "儿童7（6至13岁）"
    assert mask_person(7, "张小三", date(2020, 3, 15), on=TODAY) == "儿童7（0至5岁）"
    assert mask_person(7, "张小三", date(2004, 7, 6), on=TODAY) == "儿童7（14至17岁）"
    assert mask_person(7, "张小三", date(2004, 7, 5), on=TODAY) == "张*三"
    assert mask_person(7, "张小三", None, on=TODAY) == "张*三"


@pytest.mark.parametrize(
    ("text", "held"),
    [
        # somebody's number, right or mistyped, however grouped
        ("身份证990000197906120027", True),
        ("990000197906120020", True),  # the last character is wrong: still somebody's
        ("99000019790612002", True),  # the last one lost
        ("99000019790612002743", True),  # a 残疾人证
        ("990000790612002", True),  # an old card
        ("T990000197906120027", True),  # a certificate numbered so
        ("990000 19790612 0027", True),
        ("990000-19790612-002X", True),
        ("９９００００１９７９０６１２００２７", True),
        ("联系13800001234", True),
        ("138-0000-1234", True),
        ("138 0000 1234", True),
        ("+8613800001234", True),
        ("008613800001234", True),
        # numbers of papers, days and sums
        ("记-35", False),
        ("山财农指〔2022〕12号", False),
        ("0632-8811234", False),  # an office
        ("20220315001", False),
        ("37040622030000012", False),  # no such month
        ("913704066800123456", False),  # a 统一社会信用代码: nobody was born in 668
        ("913719828206120027", False),  # … or in 8282
        ("24372000000012345678", False),  # an e-invoice
        ("033002200111", False),
        ("2022-06-06至2022-06-10", False),
        ("2022-03-01 13:45，125000.00元", False),
        ("6222020000000000000", False),  # nineteen
    ],
)
def test_a_text_that_holds_a_number_of_somebody_is_known(text: str, held: bool) -> None:
    assert holds_number(text) is held


def test_such_numbers_are_crossed_out_of_names() -> None:
    assert hide_numbers("名册990000197906120027-138 0000 1234.xlsx") == "名册****-****.xlsx"
    assert hide_numbers("记-20220315001.xlsx") == "记-20220315001.xlsx"
