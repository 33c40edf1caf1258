"""Codes of organizations that are no people: the 统一社会信用代码."""

from __future__ import annotations

_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I, O, S, V, Z
_WEIGHTS = [pow(3, n, 31) for n in range(17)]


def credit_code_problem(code: str) -> str:
    """What is wrong with a 统一社会信用代码 (GB 32100-2015), "" if nothing: 18 characters, the last one a check."""
    if len(code) != 18 or any(c not in _CODE for c in code):
        return "统一社会信用代码应为 18 位数字和大写字母（没有 I、O、S、V、Z），请核对。"
    total = sum(_CODE.index(c) * weight for c, weight in zip(code[:17], _WEIGHTS, strict=True))
    wanted = _CODE[-total % 31]
    return "" if code[17] == wanted else "统一社会信用代码的校验位不对，请逐位核对。"
