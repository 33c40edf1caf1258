"""Numbers of documents and vouchers as people write them, brought to one form (DOMAIN §4 rules 6 and 7).

Pure functions. Two clerks who write one number differently must end up at one natural key.
"""

from __future__ import annotations

import re
import unicodedata

# A dot between Han letters is "·", whichever was typed; it must be mapped before NFKC, which makes "．" a full stop.
_DOTS = re.compile(r"(?<=[\u4e00-\u9fff])[•‧・∙⋅．](?=[\u4e00-\u9fff])")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_DASHES = re.compile(r"[‐‑‒–—―−]")
_YEAR = re.compile(r"[〔\[(【﹝](\d{4})年?[〕\])】﹞]")
_DOCUMENT = re.compile(r".+〔20\d\d〕\S*\d+号")


def clean_text(text: str) -> str:
    """Prose: no invisible characters, every run of white space one blank. Full-width punctuation stays."""
    return " ".join(_INVISIBLE.sub("", text).split())


def normal_number(text: str) -> str:
    """A voucher, invoice or contract number: half-width, without blanks, every dash "-"; "记－ 35" → "记-35"."""
    plain = unicodedata.normalize("NFKC", _DOTS.sub("·", _INVISIBLE.sub("", text)))
    return _DASHES.sub("-", "".join(plain.split()))


def normal_document_no(text: str) -> str:
    """A 文号: as normal_number, the year in 〔〕 whatever brackets were typed, without 第 before the number.

    "山财农指[2022] 第12号" → "山财农指〔2022〕12号". Brackets around anything but a year are left alone.
    """
    return re.sub(r"第(?=\d+号)", "", _YEAR.sub(r"〔\1〕", normal_number(text)))


def looks_like_document_no(text: str) -> bool:
    """Whether a normalised 文号 has the usual form: issuer, 〔20xx〕, number, 号."""
    return _DOCUMENT.fullmatch(text) is not None
