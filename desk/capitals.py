"""Amounts in Chinese capitals, as vouchers must state them beside the figures (支付结算办法, 正确填写票据和结算凭证)."""

from __future__ import annotations

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")


def capitals(fen: int) -> str:
    """ "壹拾贰万伍仟元整" for 12,500,000 分. Ends with 整 unless there are 分; negative amounts begin with 负."""
    sign = "负" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    jiao, cents = divmod(rest, 10)
    if yuan == 0 and rest == 0:
        return "零元整"
    text = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        text += f"{DIGITS[jiao]}角"
    elif cents and yuan:
        text += "零"
    return sign + text + (f"{DIGITS[cents]}分" if cents else "整")


def _whole(number: int) -> str:
    """The digits with their places; a run of zeros inside is one 零, none at the end."""
    text, gap = "", False
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    for position in reversed(range(len(groups))):
        group = groups[position]
        if group == 0:
            gap = bool(text)
            continue
        if gap or (text and group < 1000):
            text += "零"
        text += _group(group) + GROUPS[position]
        gap = False
    return text


def _group(group: int) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit:
            text += ("零" if gap else "") + DIGITS[digit] + PLACES[place]
            gap = False
        else:
            gap = bool(text)
    return text
