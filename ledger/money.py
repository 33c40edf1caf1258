"""Amounts between people and the books: 元 and 万元 as typed, whole 分 inside (DOMAIN §0.1). Never a float."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000
LARGEST = 10**15  # 分, ten 万亿元: far above any budget, far below what a bigint holds

_SUFFIX = {"元": FEN_PER_YUAN, "万元": FEN_PER_WAN, "万": FEN_PER_WAN}
_NUMBER = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d*))?")


class AmountError(ValueError):
    """The text is not an amount; the message says in Chinese what to write instead."""


def parse_amount(text: str, unit: str = "元") -> int:
    """Whole 分 of an amount as typed, in `unit` ("元" or "万元") unless the text names its own.

    Full-width digits, spaces, thousands separators, ¥ and a unit at the end are accepted. 元 takes 2 decimals, 万元 6.
    Raises AmountError for anything else, for zero, negatives and amounts above ten 万亿元.
    """
    cleaned = unicodedata.normalize("NFKC", text)
    cleaned = re.sub(r"[\s\u200b¥￥]", "", cleaned).replace("，", ",")
    factor = _SUFFIX.get(unit, FEN_PER_YUAN)
    for suffix in ("万元", "万", "元"):
        if cleaned.endswith(suffix):
            cleaned, factor = cleaned[: -len(suffix)], _SUFFIX[suffix]
            break
    if not cleaned:
        raise AmountError("请填写金额。")
    if cleaned.startswith("-"):
        raise AmountError("金额不能为负数；要冲销已通过的记录，请在该记录上点“红冲”。")
    match = _NUMBER.fullmatch(cleaned)
    if match is None or not (match.group(1) or match.group(2)):
        raise AmountError(f"“{text.strip()[:30]}”不是金额，请只填数字，例如 12500.00。")
    whole, fraction = (match.group(1) or "0").replace(",", ""), match.group(2) or ""
    places = 2 if factor == FEN_PER_YUAN else 6
    if len(fraction.rstrip("0")) > places:
        name = "元" if factor == FEN_PER_YUAN else "万元"
        raise AmountError(f"以{name}填写最多 {places} 位小数（精确到分），请核对。")
    if len(whole) > 16:
        raise AmountError("金额过大，请核对单位是元还是万元。")
    fen = int(whole) * factor + int(Decimal("0." + (fraction or "0")) * factor)
    if fen == 0:
        raise AmountError("金额必须大于 0。")
    if fen > LARGEST:
        raise AmountError("金额过大，请核对单位是元还是万元。")
    return fen


def yuan(fen: int) -> str:
    """ "125,000.00" for 12,500,000 分."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN_PER_YUAN:,}.{abs(fen) % FEN_PER_YUAN:02d}"


def wan(fen: int) -> str:
    """The exact 万元 of an amount, without needless zeros but at least two decimals: "12.50", "0.000001"."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), FEN_PER_WAN)
    fraction = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole:,}.{fraction}"


def percent(part: int, whole: int | None) -> str:
    """ "60.00%" of part/whole, half up; "—" without a denominator. Not clamped (DOMAIN §8).

    99.996 % must not read as 100.00 %, nor 0.004 % as 0.00 %: rounding never makes "all" or "none" of a part.
    """
    if not whole:
        return "—"
    exact = Decimal(part) * 100 / Decimal(whole)
    shown = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if shown == 100 and part != whole:
        shown = Decimal("99.99") if exact < 100 else Decimal("100.01")
    if shown == 0 and part:
        shown = Decimal("0.01") if part > 0 else Decimal("-0.01")
    return f"{shown}%"
