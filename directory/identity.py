"""Identity numbers, phones and how they are shown: pure functions, no database (DOMAIN §6, GB 11643-1999).

The check is twenty lines of our own: python-stdnum refuses area codes it does not know, where the rule here is to
warn, and says only that a number is wrong, where a clerk has to be told which character (docs/adr/0009).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from directory.names import plain

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
# Written as ranges of the first two digits: 北京…内蒙古, 东北, 华东, 中南, 西南, 西北, 台湾, 港澳, 国外.
PROVINCES = frozenset(
    str(code)
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 83),
        (91, 91),
    )
    for code in range(first, last + 1)
)
INVENTED = "990000"  # the area of the people of tests and of the demonstration; no real number begins so
OLDEST = 120  # years
ADULT = 18  # years
LONGEST_NAME = 60

# Said of a cell that holds a number and not a text: its last digits are lost and cannot be computed.
NUMERIC_CELL = "身份证号被Excel截断，请设为文本后重新录入。"
AGE_BANDS = ((0, 5), (6, 13), (14, 17))


class IdentityError(ValueError):
    """Not an identity number; the message says exactly why, and never quotes it."""


class PhoneError(ValueError):
    """Not a phone number; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A checked number. Its repr shows nothing of it: it ends up in tracebacks."""

    number: str = field(repr=False)  # 18 characters, X in upper case
    birth: date = field(repr=False)
    sex: str  # "male" or "female", as Person.Sex
    disability: str = field(default="", repr=False)  # class and grade, two digits, of a 残疾人证
    warnings: tuple[str, ...] = ()


def check_identity(text: str, *, on: date) -> Identity:
    """The identity in `text`: 18 characters, 20 of a 残疾人证, or 15 of an old card (converted, with a warning).

    Full-width digits, spaces and a small x are put right silently. `on`: the day that "future" and "age" mean.
    Raises IdentityError.
    """
    number = text if _WHOLE.fullmatch(text) else _tidy(text)
    warnings: list[str] = []
    disability = number[18:]
    if len(number) == 15:
        number = _from_fifteen(number)
        warnings.append("这是15位的旧证号，已换算为18位，请与现在的身份证核对。")
    number = number[:18]
    birth = _birth(number, on)
    _check_last(number)
    if disability:
        _check_disability(disability)
    if number.endswith("000"):
        warnings.append("末三位是000，可能是Excel截断造成的，请与身份证核对。")
    if number[:2] not in PROVINCES and not number.startswith(INVENTED):
        warnings.append(f"前两位{number[:2]}不是省级地区代码，请与身份证核对。")
    sex = "male" if int(number[16]) % 2 else "female"
    return Identity(number, birth, sex, disability, tuple(warnings))


_WHOLE = re.compile(r"[0-9]{17}[0-9X]")  # as nearly all are written


def _tidy(text: str) -> str:
    """The characters of a number that is written otherwise, or of another length."""
    number = plain(text).upper()
    if not number:
        raise IdentityError("没有填写身份证号。")
    if re.fullmatch(r"[\d.]+E\+?\d+", number):
        raise IdentityError("身份证号被Excel改成了科学计数法，请把单元格设为文本后重新录入。")
    if len(number) not in (15, 18, 20):
        raise IdentityError(f"身份证号应为18位（残疾人证20位），现为{len(number)}位，请核对。")
    _check_characters(number)
    return number


def check_character(first17: str) -> str:
    """The eighteenth character that belongs to seventeen digits."""
    return CHECK_CHARACTERS[sum(w * int(d) for w, d in zip(WEIGHTS, first17, strict=True)) % 11]


def disagreements(identity: Identity, *, sex: str = "", birth: date | None = None) -> dict[str, str]:
    """What columns beside the number say otherwise: {"sex" | "birth_date": message}; empty columns say nothing."""
    found: dict[str, str] = {}
    if sex and sex != identity.sex:
        expected, said = ("男", "女") if identity.sex == "male" else ("女", "男")
        found["sex"] = f"填的是{said}，按身份证号应为{expected}，请核对。"
    if birth is not None and birth != identity.birth:
        found["birth_date"] = f"填的是{birth:%Y-%m-%d}，与身份证号里的出生日期不一致，请核对。"
    return found


_CHINESE = re.compile(rf"[\u4e00-\u9fff]{{1,{LONGEST_NAME}}}")  # as nearly all are: nothing to tidy
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def clean_name(text: str) -> str:
    """A person's name as it is kept: without spaces inside a Chinese name, with one kind of dot.

    Raises IdentityError for an empty one and for one with digits in it: a column too far to the left or right would
    put a number where it is readable.
    """
    if _CHINESE.fullmatch(text):
        return text
    dotted = re.sub(r"[•‧・∙⋅．]", "·", text)  # before NFKC, which would make a full stop of the last one
    name = "".join(
        c for c in unicodedata.normalize("NFKC", dotted) if unicodedata.category(c) not in ("Cf", "Cc")
    )
    name = re.sub(r"\s+", "" if re.search(r"[\u3400-\u9fff]", name) else " ", name).strip()
    if not name:
        raise IdentityError("没有填写姓名。")
    if len(name) > LONGEST_NAME:
        raise IdentityError(f"姓名超过{LONGEST_NAME}个字，请核对。")
    if any(c.isdigit() for c in name):
        raise IdentityError("姓名里有数字，请核对是否填错了列。")
    return name


def age(birth: date, on: date) -> int:
    """Full years on that day. Someone born on 29 February turns a year older on 1 March of other years."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def _check_characters(number: str) -> None:
    for place, character in enumerate(number, 1):
        if character in "0123456789" or (place == 18 and character == "X" and len(number) > 15):
            continue
        allowed = "数字或X" if place == 18 else "数字"
        raise IdentityError(f"身份证号第{place}位应为{allowed}，现为“{character}”，请核对。")


def _from_fifteen(number: str) -> str:
    first17 = number[:6] + "19" + number[6:]
    return first17 + check_character(first17)


def _birth(number: str, on: date) -> date:
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    try:
        birth = date(year, month, day)
    except ValueError:
        raise IdentityError(
            f"身份证号里的出生日期{year}年{month}月{day}日不存在，请核对第7至14位。"
        ) from None
    if birth > on:
        raise IdentityError(f"身份证号里的出生日期{birth:%Y-%m-%d}还没有到，请核对第7至14位。")
    if age(birth, on) > OLDEST:
        raise IdentityError(f"按身份证号里的出生日期{birth:%Y-%m-%d}已超过{OLDEST}岁，请核对第7至14位。")
    return birth


def _check_last(number: str) -> None:
    expected = check_character(number[:17])
    if number[17] == expected:
        return
    if number.endswith("000"):
        raise IdentityError(
            f"身份证号校验不符（末位应为{expected}），末三位是000，很可能被Excel截断，请设为文本后重新录入。"
        )
    raise IdentityError(f"身份证号校验不符：按前17位，末位应为{expected}，现为{number[17]}，请逐位核对。")


def _check_disability(text: str) -> None:
    if text[0] not in "1234567":
        raise IdentityError(f"残疾人证第19位（类别）应为1至7，现为{text[0]}，请核对。")
    if text[1] not in "1234":
        raise IdentityError(f"残疾人证第20位（等级）应为1至4，现为{text[1]}，请核对。")


def check_phone(text: str) -> str:
    """One number, as it is kept: 13800001234, or 0632-8811234. Raises PhoneError."""
    digits = re.sub(r"[-()+.]|[‐-―]", "", plain(text))
    digits = re.sub(r"^(0086|86)(?=1[3-9]\d{9}$)", "", digits)
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        return digits
    landline = re.fullmatch(r"(0[12]\d|0[3-9]\d{2})(\d{7,8})", digits)
    if landline:
        return f"{landline[1]}-{landline[2]}"
    if re.fullmatch(r"[2-9]\d{6,7}", digits):
        raise PhoneError("座机请带区号，例如0632-8811234。")
    if not digits.isdecimal():
        raise PhoneError("电话里有不是数字的字，请只填号码；多个号码用顿号隔开。")
    raise PhoneError(f"电话应为11位手机号，或带区号的座机，现为{len(digits)}位，请核对。")


def split_phones(text: str) -> list[str]:
    """All numbers of a cell, each once, in order. Raises PhoneError for the first that is none."""
    if _MOBILE.fullmatch(text):
        return [text]
    parts: list[str] = []
    for part in re.split(r"[、，,;；/／\n\r]+", text):
        # two mobile numbers with only a space between them, as they stand in many rosters
        run = re.sub(r"-", "", plain(part))
        two = re.fullmatch(r"((\+|00)?(86)?1[3-9]\d{9}){2,}", run)
        parts += re.findall(r"1[3-9]\d{9}", run) if two else [part] if part.strip() else []
    return list(dict.fromkeys(check_phone(part) for part in parts))


# A mobile number; 18, the 20 of a 残疾人证, 17 (the last lost), the 15 of an old card; grouped as people group them.
_PERSONAL = re.compile(
    r"(?<!\d)(?:(?P<phone>(?:(?:00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4})"
    r"|\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?:\d\d)?|\d{17}|\d{15})(?!\d)"
)

_LONG = re.compile(r"\d{11,}[Xx]?")


def holds_number(text: str) -> bool:
    """Whether an identity number or a mobile number stands somewhere in a free text, right or mistyped.

    Digits count as an identity number where a birth date stands in them, so that those of invoices pass.
    """
    return any(_is_personal(found) for found in _PERSONAL.finditer(unicodedata.normalize("NFKC", text)))


def hide_numbers(text: str) -> str:
    """The text with such numbers crossed out: for names of files and sheets."""
    return _PERSONAL.sub(lambda found: "*" * 4 if _is_personal(found) else found[0], text)


def hide_long_numbers(text: str) -> str:
    """As `hide_numbers`, and every number of eleven digits or more, whatever it is: where nobody needs one."""
    return _LONG.sub("****", hide_numbers(text))


def _is_personal(found: re.Match[str]) -> bool:
    if found["phone"]:
        return True
    digits = re.sub("[ -]", "", found[0])
    birth = f"19{digits[6:12]}" if len(digits) == 15 else digits[6:14]
    try:
        return 1900 <= date(int(birth[:4]), int(birth[4:6]), int(birth[6:])).year <= 2100
    except ValueError:
        return False


def mask_name(name: str) -> str:
    """张小三 → 张*三, 李四 → 李*."""
    if len(name) < 3:
        return name[:1] + "*" if len(name) == 2 else "*" * len(name)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_id_staff(number: str) -> str:
    """370406********1234: for the staff of the person's own unit and the bureau."""
    return number[:6] + "*" * 8 + number[14:] if len(number) == 18 else "*" * len(number)


def mask_id_export(number: str) -> str:
    """35*************123: for exports and public notices."""
    return number[:2] + "*" * 13 + number[15:] if len(number) == 18 else "*" * len(number)


def mask_phone(number: str) -> str:
    """138****1234, 0632-****234."""
    if re.fullmatch(r"\d{11}", number):
        return number[:3] + "****" + number[7:]
    area, dash, local = number.partition("-")
    return f"{area}-{'*' * (len(local) - 3)}{local[-3:]}" if dash else "*" * len(number)


def is_child(birth: date | None, on: date) -> bool:
    """Known to be under eighteen on that day."""
    return birth is not None and age(birth, on) < ADULT


def mask_person(pk: int, name: str, birth: date | None, *, on: date, restricted: bool = False) -> str:
    """How a person is named on a page: the masked name, or of a child only the code and the age band. Who was
    restricted as a child stays so."""
    if birth is None or age(birth, on) >= ADULT:
        return f"人员{pk}（受限）" if restricted else mask_name(name)
    years = max(age(birth, on), 0)
    low, high = next(band for band in AGE_BANDS if years <= band[1])
    return f"儿童{pk}（{low}至{high}岁）"
