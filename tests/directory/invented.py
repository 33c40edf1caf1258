"""Invented people: area 990000, which no real number has."""

from __future__ import annotations

from directory.identity import check_character
from directory.people import PersonRow

SURNAMES = "王李张刘陈杨赵黄周吴"
GIVEN = "小芳大伟秀英建国春华"


def number(serial: int, *, year: int = 1960) -> str:
    """The `serial`-th number of area 990000; 40 years of births from `year` on, each number once up to 100,000."""
    birth = f"{year + serial % 40}{1 + serial // 40 % 12:02}{1 + serial // 480 % 28:02}"
    first17 = f"990000{birth}{serial % 997:03}"
    return first17 + check_character(first17)


def name(serial: int) -> str:
    return SURNAMES[serial % 10] + GIVEN[serial // 10 % 5 * 2 :][:2]


def phone(serial: int) -> str:
    return f"139{serial:08}"


def row(serial: int) -> PersonRow:
    return PersonRow(name=name(serial), id_number=number(serial), phones=phone(serial))
