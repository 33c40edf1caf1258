"""Names as people write them, brought to one form for comparison. Pure functions, no database.

The rules are those of DOMAIN §5: official village names end in 村委会 or 居委会 while ledgers write 村, 社区
or nothing, so names are compared whole after the endings are taken off, never by looking for one inside
another ("前徐庄" contains "徐庄").
"""

from __future__ import annotations

import re
import unicodedata

VILLAGE_ENDINGS = (
    "村民委员会",
    "居民委员会",
    "村委会",
    "居委会",
    "社区",
    "村",
    "居",
)
TOWNSHIP_ENDINGS = ("人民政府", "街道办事处", "办事处", "街道办", "街道", "镇")
# The county must be named: 枣庄市财政局 and 威海市财政局 are other offices, one level up.
SHANTING_IN_FRONT = re.compile(r"^(山东省)?(枣庄市)?山亭区?(?=..)")
RONGCHENG_IN_FRONT = re.compile(r"^(山东省)?(威海市)?荣成市?(?=..)")
COUNTY_IN_FRONT = re.compile(r"^(山东省)?((枣庄市)?山亭区|(威海市)?荣成市)(?=..)")


def plain(text: str) -> str:
    """NFKC, without any white space or invisible characters, in lower case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isalnum():  # nearly always; an import asks this twenty times a row
        return folded
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))


def village_key(text: str) -> str:
    """The name of a village without its endings; at least two characters stay (桑村村委会 → 桑村, not 桑)."""
    return _without_endings(plain(text), VILLAGE_ENDINGS)


def township_key(text: str) -> str:
    """The name of a township without 镇, 街道, 办事处 … and without the county in front."""
    return _without_endings(without_county(plain(text)), TOWNSHIP_ENDINGS)


def without_county(text: str) -> str:
    """`text` (plain already) after "枣庄市山亭区" or "荣成市"."""
    return COUNTY_IN_FRONT.sub("", text)


def organization_keys(text: str, side: str) -> set[str]:
    """The forms a unit of that side may be called by: 枣庄市山亭区财政局 = 山亭区财政局 = 区财政局 = 财政局.

    荣成 has no such short form with a bare "市": in 山亭, "市财政局" is 枣庄市财政局.
    """
    whole = plain(text)
    if side == "rongcheng":
        return {whole, RONGCHENG_IN_FRONT.sub("", whole)}
    bare = SHANTING_IN_FRONT.sub("", whole)
    return {whole, bare, re.sub(r"^区(?=..)", "", bare)}


def _without_endings(text: str, endings: tuple[str, ...]) -> str:
    found = True
    while found:
        found = False
        for ending in endings:
            if text.endswith(ending) and len(text) - len(ending) >= 2:
                text, found = text.removesuffix(ending), True
                break
    return text
