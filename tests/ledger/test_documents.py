"""Numbers of documents and vouchers come out in one form, however they were typed (DOMAIN §4 rules 6 and 7)."""

import pytest

from ledger.documents import clean_text, looks_like_document_no, normal_document_no, normal_number


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("山财农指〔2022〕12号", "山财农指〔2022〕12号"),
        ("山财农指[2022]12号", "山财农指〔2022〕12号"),
        ("山财农指［2022］12号", "山财农指〔2022〕12号"),
        ("山财农指（2022）12号", "山财农指〔2022〕12号"),
        ("山财农指(2022) 12 号", "山财农指〔2022〕12号"),
        ("山财农指【2022】12号", "山财农指〔2022〕12号"),
        ("山财农指﹝2022﹞１２号", "山财农指〔2022〕12号"),
        (" 山财农指〔2022〕第12号\n", "山财农指〔2022〕12号"),
        ("山财农指〔2022年〕12号", "山财农指〔2022〕12号"),
        ("山财\u200b农指〔2022〕12号", "山财农指〔2022〕12号"),
        ("会议纪要(三)", "会议纪要(三)"),
        ("", ""),
    ],
)
def test_a_document_number_has_one_form(typed: str, kept: str) -> None:
    assert normal_document_no(typed) == kept
    assert normal_document_no(kept) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("记-35", "记-35"),
        ("记 — 35", "记-35"),
        ("记－３５", "记-35"),
        ("ＨＴ–2022\u3000001", "HT-2022001"),
        ("阿・里", "阿·里"),
    ],
)
def test_a_voucher_number_has_one_form(typed: str, kept: str) -> None:
    assert normal_number(typed) == kept


def test_prose_keeps_its_full_width_punctuation() -> None:
    assert clean_text("  荣成市某公司（山东），\u3000二期\n工程 ") == "荣成市某公司（山东）， 二期 工程"


def test_only_the_usual_form_looks_like_a_document_number() -> None:
    assert looks_like_document_no("山财农指〔2022〕12号")
    assert not looks_like_document_no("山财农指2022-12")
    assert not looks_like_document_no("〔2022〕12号")
