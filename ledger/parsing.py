"""From what a person wrote to a value, per kind of column: one set of rules for forms and sheets (DOMAIN §4, §6).

`parse(column, raw, known)` gives the value or raises ParseError, which says in Chinese what to write instead and never
quotes a personal value. Look-ups are made once for all rows: they come with `known`.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet

from directory import matching
from directory.identity import (
    NUMERIC_CELL,
    IdentityError,
    PhoneError,
    age,
    check_identity,
    holds_number,
    split_phones,
)
from directory.models import Division, Organization, User
from directory.names import plain
from ledger.models import BudgetLine, Entry
from ledger.money import AmountError, parse_amount, yuan
from ledger.registers import Column, get_register

LONGEST = 2000  # characters of one text; the model's own limits are shorter
LARGEST = 10**12
PLACES = "零一两三四"
AGE_OF_PAPERS = (
    5  # years: what a number of eighteen digits says of a day since then is the paper's, not a birth
)
STILL = frozenset({"至今", "今", "在岗", "长期"})  # an end that has not come
EMPTY_SIGNS = frozenset({"", "-", "--", "–", "—", "——", "/", "\\"})
YES = frozenset(["是", "有", "√", "✓", "✔", "对", "y", "yes", "true", "1", "合格"])
NO = frozenset(["否", "无", "×", "✗", "✘", "x", "n", "no", "false", "0", "不合格", "没有"])
SERIALS = range(30_000, 60_001)  # the days Excel counts from 1899-12-30: 1982 to 2064 (DOMAIN §4 rule 9)
_DOTS = re.compile(r"(?<=[\u4e00-\u9fff])[•‧・∙⋅．](?=[\u4e00-\u9fff])")
_SHOWN_ENTRY = re.compile(r"(\d{1,15}号)：")  # as text_of shows one
MONTH_ONLY = "_month_only"  # ends the name of the field that says so of a day
_DAY = r"(?:(\d{4})[-./年])?(\d{1,2})(?:[-./月](\d{1,2}))?[日号月]?"


class ParseError(ValueError):
    """The text is no value of its column; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One field of a form or one cell of a sheet. Its repr shows nothing of it.

    `text`: as a person reads it (a real date cell: "2022-03-01"). `number`: set when the cell holds a number.
    `unit`: what the heading or the form says of money ("元", "万元"), or heading and column of a percentage ("%": 85 is
    85%, "1": 0.85 is); "" is unknown and never guessed.
    """

    text: str
    number: Decimal | None = None
    is_date: bool = False
    number_format: str = ""
    unit: str = ""

    def __repr__(self) -> str:
        return "<Raw>"


class Referred(NamedTuple):
    """An entry another register's row may point at, with its row and how it may be called."""

    entry: Entry
    row: Any
    called: tuple[str, ...]


class Known:
    """What the rows of one form or one file are read against, each asked once, when first needed.

    `year` is the sheet's, for dates without one; `date1904` the workbook's flag; `on` is today.
    """

    def __init__(
        self,
        *,
        user: User,
        on: date,
        year: int | None = None,
        date1904: bool = False,
        refers: Collection[int] = (),
    ) -> None:
        self.user, self.on, self.year, self.date1904 = user, on, year, date1904
        # of a file's columns: what their cells were read as, since most are said thousands of times
        self.read: dict[str, dict[Any, Any]] = defaultdict(dict)
        self.refers = refers  # Subjects that the row at hand points at already, seen by the user or not
        self._referred: dict[str, list[Referred]] = {}
        self._by_name: dict[str, dict[str, list[Referred]]] = {}

    @cached_property
    def names(self) -> matching.Names:
        """Divisions, units and their aliases."""
        return matching.load_names()

    @cached_property
    def lines(self) -> list[BudgetLine]:
        """Every budget line with its plan and aliases, the latest plan first."""
        rows = BudgetLine.objects.select_related("plan", "parent").prefetch_related("aliases")
        return list(rows.order_by("-plan__year", "code"))

    @cached_property
    def lines_by_name(self) -> dict[str, list[BudgetLine]]:
        """Code, name, both or alias → lines."""
        found: dict[str, list[BudgetLine]] = {}
        for line in self.lines:
            shown = f"{line.code} {line.name}"
            texts = {line.code, line.name, shown, *(alias.name for alias in line.aliases.all())}
            for key in {plain(text) for text in texts}:
                found.setdefault(key, []).append(line)
        return found

    def referred(self, register: str) -> list[Referred]:
        """The live entries of a register that the user may see, the latest first."""
        if register not in self._referred:
            declared = get_register(register)
            model: Any = declared.model
            live = Q(state=Entry.State.SUBMITTED) | Q(state=Entry.State.APPROVED, subject__in_force=F("pk"))
            entries = {
                entry.pk: entry
                for entry in self._entries()
                .filter(live, register=register)
                .exclude(kind=Entry.Kind.REVERSAL)
                .select_related("subject", "filed_for")
            }
            rows = model.objects.filter(entry__in=list(entries), version=F("entry__version"))
            newest: dict[int, Referred] = {}  # the entry in force rather than its undecided correction
            for row in rows.select_related(*declared.pointers()).order_by("-entry_id"):
                entry = entries[row.entry_id]
                row.entry = entry
                names = declared.called(row) if declared.called else (declared.natural_key(row),)
                if entry.subject.in_force_id == entry.pk:
                    entry.subject.in_force = entry  # read already; every row that points at it shows it
                newest[entry.subject_id] = Referred(entry, row, tuple(names))
            self._referred[register] = list(newest.values())
        return self._referred[register]

    def referred_by_name(self, register: str) -> dict[str, list[Referred]]:
        """What an entry may be called → the entries called so."""
        if register not in self._by_name:
            found: dict[str, list[Referred]] = {}
            numbers = self._numbers(register)
            for one in self.referred(register):
                for key in {plain(text) for text in (*one.called, *numbers[one.entry.subject_id]) if text}:
                    found.setdefault(key, []).append(one)
            self._by_name[register] = found
        return self._by_name[register]

    def _entries(self) -> QuerySet[Entry]:
        """What the user may see, and what the row at hand points at already."""
        seen = Entry.objects.for_user(self.user)
        if not self.refers:
            return seen
        every = Entry.objects.unscoped("本人可见的，和所修改的一行本来就指着的")
        return every.filter(Q(subject__in=self.refers) | Q(pk__in=seen.order_by().values("pk")))

    def _numbers(self, register: str) -> dict[int, set[str]]:
        """Subject id → "12号" of every entry about it: what stood when a sheet was written may have been replaced."""
        found: dict[int, set[str]] = defaultdict(set)
        rows = self._entries().filter(register=register).exclude(kind=Entry.Kind.REVERSAL)
        for pk, subject_id in rows.values_list("pk", "subject_id"):
            found[subject_id].add(f"{pk}号")
        return found


def parse(column: Column, raw: Raw, known: Known) -> Any:
    """The column's value: "" or None for an empty one. Raises ParseError, also for an empty one that is required."""
    bare = raw.text.strip()
    if bare in EMPTY_SIGNS and column.kind not in ("text", "yesno"):
        bare = ""
    if column.kind == "date" and not column.required and bare in STILL:
        bare = ""
    if not bare:
        if column.required:
            chosen = column.kind in ("choice", "organization", "line", "subject", "yesno")
            raise ParseError(f"请{'选择' if chosen else '填写'}{column.label}。")
        return "" if column.kind in ("text", "choice", "identity", "phone", "person_name", "month") else None
    return KINDS[column.kind](column, raw, known)


def tidy(text: str) -> str:
    """Text as it is kept: full-width letters and digits half-width, one kind of dot, no invisible characters."""
    folded = unicodedata.normalize("NFKC", _DOTS.sub("·", text))
    # NFKC makes full-width punctuation half-width, which is not how Chinese is written
    folded = "".join(old if old in "，。；：？！（）" else new for old, new in _pairs(text, folded))
    seen = "".join(c for c in folded if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc"))
    return " ".join(seen.split())


def _pairs(text: str, folded: str) -> list[tuple[str, str]]:
    dotted = _DOTS.sub("·", text)
    each = [unicodedata.normalize("NFKC", c) for c in dotted]
    return list(zip(dotted, each, strict=True)) if "".join(each) == folded else [("", folded)]


def _text(column: Column, raw: Raw, known: Known) -> str:
    text = _whole(raw.number) if raw.number is not None and _is_whole(raw.number) else tidy(raw.text)
    if len(text) > LONGEST:
        raise ParseError(f"最多 {LONGEST} 个字，现有 {len(text)} 个，请精简。")
    if not column.personal:
        _refuse_numbers(column, text, known.on)
    return text


def _refuse_numbers(column: Column, text: str, on: date) -> None:
    """Nobody's identity number or phone in a text, which is kept readable for ever.

    Vouchers and procurements are numbered by place and day too, with as many digits: in the column of such a number
    only what is an identity number to its last character is refused, and of nobody born as lately as papers are made.
    """
    if not column.numbered:
        if holds_number(text):
            raise ParseError("这一栏会长期留存，请不要写身份证号或电话。")
        return
    for run in re.findall(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])", text):
        try:
            somebody = check_identity(run, on=on)
        except IdentityError:
            continue
        if age(somebody.birth, on) >= AGE_OF_PAPERS:
            raise ParseError("这一栏里有身份证号，请删去；确是单据编号的，请改在中间加横线。")


def _integer(column: Column, raw: Raw, known: Known) -> int:
    text = plain(raw.text).replace(",", "")
    match = re.fullmatch(r"约?(\d+)(?:\.0*)?(?:人次|人|名|天|课时|个|场|次)?(?:左右)?", text)
    if match is None:
        raise ParseError(f"{column.label}请填整数，例如 {column.example or '60'}。")
    value = int(match[1])
    if value > LARGEST:
        raise ParseError(f"{column.label}过大，请核对。")
    return value


def _money(column: Column, raw: Raw, known: Known) -> int:
    text = plain(raw.text)
    if raw.number is not None:
        text = format(raw.number, "f")
    if column.may_be_zero and re.fullmatch(r"0+(\.0*)?(万?元)?", text):
        return 0
    if not raw.unit and not text.endswith(("元", "万")):
        raise ParseError("不知道是元还是万元：请在表头或金额后写明单位。")
    try:
        return parse_amount(text, raw.unit)
    except AmountError as error:
        raise ParseError(str(error)) from None


def _percent(column: Column, raw: Raw, known: Known) -> Decimal:
    text = plain(raw.text)
    try:
        if raw.number is not None:
            of_one = "%" in raw.number_format or raw.unit == "1"
            value = raw.number * 100 if of_one else raw.number
            if not of_one and raw.unit != "%" and 0 < value <= 1:
                raise ParseError(f"{column.label}写的是{text}，是{text}%还是{value * 100:f}%？请写明百分号。")
        else:
            value = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        raise ParseError(f"{column.label}请填百分数，例如 60%。") from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise ParseError(f"{column.label}应在 0% 到 100% 之间，请核对。")
    return value.quantize(Decimal("0.01"))


def _decimal(column: Column, raw: Raw, known: Known) -> Decimal:
    text = format(raw.number, "f") if raw.number is not None else plain(raw.text).replace(",", "")
    match = re.fullmatch(rf"约?(\d+(?:\.\d+)?)(?:{re.escape(column.unit)})?", text) if column.unit else None
    match = match or re.fullmatch(r"约?(\d+(?:\.\d+)?)", text)
    if match is None:
        raise ParseError(f"{column.label}请填数字，例如 {column.example or '12.5'}。")
    value = Decimal(match[1])
    if value != round(value, column.places) or value > LARGEST:
        raise ParseError(f"{column.label}最多{PLACES[column.places]}位小数，请核对。")
    return value.quantize(Decimal(1).scaleb(-column.places))


class WholeMonth(date):
    """The first day of a month of which no day was given."""


def _date(column: Column, raw: Raw, known: Known) -> date:
    day = _stored_day(raw, known)
    if day is not None:
        # Excel makes a day of a month as soon as it is typed, and shows the month
        whole = column.month_will_do and day.day == 1 and _shows_month(raw.number_format)
        return WholeMonth(day.year, day.month, 1) if whole else day
    text = _day_text(raw.text)
    if parts := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text):
        return _day(int(parts[1]), int(parts[2]), int(parts[3]), column)
    return _one_day(column, text, raw, known.year)


def _stored_day(raw: Raw, known: Known) -> date | None:
    """The day of a cell that holds one, as such or as its serial number."""
    if raw.is_date:
        return date.fromisoformat(raw.text[:10])
    if raw.number is not None and _is_whole(raw.number) and int(raw.number) in SERIALS:
        return (date(1904, 1, 1) if known.date1904 else date(1899, 12, 30)) + timedelta(days=int(raw.number))
    return None


def _shows_month(number_format: str) -> bool:
    """Whether a cell of that format shows year and month only: yyyy"年"m"月", mmm-yy."""
    bare = re.sub(r'"[^"]*"|\[[^]]*\]|\\.', "", number_format).lower()
    return "y" in bare and "m" in bare and "d" not in bare


_CLOCK = re.compile(r"(?<=\d)[\sT]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
_HAN_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")


def _day_text(text: str) -> str:
    """A date as written: without the time of day that other systems put behind it, 二〇二二年三月一日 in digits."""
    text = _CLOCK.sub("", unicodedata.normalize("NFKC", text.replace("○", "〇")).strip())
    text = re.sub(r"[。．、](?=\d)", ".", plain(text)).rstrip(".。")
    if re.search(r"[一二三四五六七八九十][年月日号]", text):
        text = re.sub(r"([一二三])?十([一二三四五六七八九])?", _ten, text).translate(_HAN_DIGITS)
    return text


def _ten(found: re.Match[str]) -> str:
    return f"{found[1] or '一'}{found[2] or '〇'}"


def _one_day(column: Column, text: str, raw: Raw, year: int | None) -> date:
    parts = re.fullmatch(_DAY, text)
    if parts is None:
        raise ParseError(f"{column.label}请写成 2022-03-01 这样的日期。")
    _refuse_ambiguous(column, raw)
    if parts[3] is None and not column.month_will_do:
        raise ParseError(f"{column.label}只写到月，请写明是哪一天，例如 2022-03-01。")
    if parts[1] is None and year is None:
        raise ParseError(f"{column.label}没有写年份，请写成 2022-03-01 这样的日期。")
    day = _day(int(parts[1] or year or 0), int(parts[2]), int(parts[3] or 1), column)
    return day if parts[3] else WholeMonth(day.year, day.month, day.day)


def _dates(column: Column, raw: Raw, known: Known) -> tuple[date, date]:
    """ "2022.6.6-6.10", "2022年6月6-10日", "2022-06-06至2022-06-10", or one day."""
    if raw.is_date or raw.number is not None:
        day = _date(column, raw, known)
        return day, day
    first, last = _first_and_last(raw.text)
    if all(re.fullmatch(r"(\d{4}[./年])?\d{1,2}月?", one) for one in (first, last)):
        raise ParseError(f"{column.label}只写到月，请写明是哪一天到哪一天，例如 2022.6.6-6.10。")
    start = _date(column, Raw(first), known)
    if not last:
        return start, start
    if re.fullmatch(r"\d{1,2}[日号]?", last):
        end = _day(start.year, start.month, int(re.sub(r"\D", "", last)), column)
    else:
        end = _one_day(column, last, Raw(last), start.year)
    if end < start:
        raise ParseError(f"{column.label}的结束日期 {end} 早于开始日期 {start}，请核对。")
    return start, end


# what a dash ends that does not belong to the day or month before it: one written with dots or characters, or the one
# before another year
_DASHED = re.compile(
    r"(\d{4}[./年]\d{1,2}(?:[./月]\d{1,2}日?|月)?|\d{1,2}[./月]\d{1,2}日?|\d{4}-\d{1,2}(?:-\d{1,2})?(?=-\d{4}))-(.+)"
)


def _first_and_last(text: str) -> tuple[str, str]:
    """Both days or months of a text, the last "" if there is one only."""
    text = re.sub(r"[—–~～]+|--", "至", _day_text(text)).replace("到", "至")
    first, parted, last = text.partition("至")
    if not parted and (dashed := _DASHED.fullmatch(text)):
        first, last = dashed[1], dashed[2]
    return first, last


def both_ends(text: str) -> tuple[str, str]:
    """The two ends of a stay that stand in one cell, each as it would in its own: "2022.4-10" is "2022.4" and "2022.10".
    The last is "" while it goes on ("2022.4至今")."""
    first, last = _first_and_last(re.sub(r"[—–\-~～至到]*今?$", "", plain(text)))
    parts, ends = re.findall(r"\d+", first), re.findall(r"\d+", last)
    if (
        ends and len(ends[0]) < 4 and len(ends) < len(parts)
    ):  # what it shares with the first is not said again
        last = ".".join([*parts[: len(parts) - len(ends)], *ends])
    return first, last


def _month(column: Column, raw: Raw, known: Known) -> str:
    if (day := _stored_day(raw, known)) is not None:
        return f"{day:%Y-%m}"
    text = _day_text(raw.text)
    if parts := re.fullmatch(r"(\d{4})(\d{2})", text):
        return _year_month(int(parts[1]), int(parts[2]), column)
    parts = re.fullmatch(r"(?:(\d{4})[-./年])?(\d{1,2})月?(?:[-./]?\d{1,2}日?)?", text)
    if parts is None:
        raise ParseError(f"{column.label}请写成 2022-03 这样的年月。")
    _refuse_ambiguous(column, raw)
    year = int(parts[1]) if parts[1] else known.year
    if year is None:
        raise ParseError(f"{column.label}没有写年份，请写成 2022-03。")
    return _year_month(year, int(parts[2]), column)


def _refuse_ambiguous(column: Column, raw: Raw) -> None:
    """2022.10 typed as a number is stored as 2022.1, and 6.10 as 6.1 (DOMAIN §4 rule 9): nobody can tell any more."""
    text = plain(raw.text)
    if raw.number is not None and re.fullmatch(r"\d{4}\.1", text):
        raise ParseError(
            f"{column.label}是数字“{raw.text.strip()}”，分不清1月和10月，请设为文本后写成 2022-10。"
        )
    if raw.number is not None and re.fullmatch(r"\d{1,2}\.[123]", text):
        raise ParseError(
            f"{column.label}是数字“{raw.text.strip()}”，分不清{text[-1]}日和{text[-1]}0日，请设为文本后写成 2022-06-10。"
        )


def _year_month(year: int, month: int, column: Column) -> str:
    if not (1900 <= year <= 2200 and 1 <= month <= 12):
        raise ParseError(f"{column.label}的年月不存在，请核对。")
    return f"{year}-{month:02d}"


def _day(year: int, month: int, day: int, column: Column) -> date:
    if not (1900 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        raise ParseError(f"{column.label}“{year}年{month}月{day}日”不存在，请核对。")
    return date(year, month, day)


def _choice(column: Column, raw: Raw, known: Known) -> str:
    wanted = plain(raw.text)
    for code, label in column.choices:
        if wanted in (plain(code), plain(label)):
            return code
    allowed = "、".join(label for _, label in offered(column))
    raise ParseError(f"{column.label}没有“{raw.text.strip()[:20]}”这一项，可填：{allowed}。")


def offered(column: Column) -> list[tuple[str, str]]:
    """The choices of a column, each code once under its first label; the other labels are read, not offered."""
    labels: dict[str, str] = {}
    for code, label in column.choices:
        labels.setdefault(code, label)
    return list(labels.items())


def _yesno(column: Column, raw: Raw, known: Known) -> bool | None:
    wanted = plain(raw.text)
    if wanted in YES or wanted in NO:
        return wanted in YES
    if wanted in EMPTY_SIGNS and not column.required:
        return None
    raise ParseError(f"{column.label}请填“是”或“否”。")


def _identity(column: Column, raw: Raw, known: Known) -> str:
    """As typed: whether it is right is said by the directory, row by row, together with whose it is."""
    if raw.number is not None:
        raise ParseError(NUMERIC_CELL)
    return raw.text.strip()


def _phone(column: Column, raw: Raw, known: Known) -> str:
    text = _whole(raw.number) if raw.number is not None and _is_whole(raw.number) else raw.text
    try:
        return "、".join(split_phones(text))
    except PhoneError as error:
        raise ParseError(str(error)) from None


def _person_name(column: Column, raw: Raw, known: Known) -> str:
    if not raw.text.isalpha() and any(c.isdigit() for c in raw.text):
        raise ParseError("姓名里有数字，请核对是否填错了列。")
    return raw.text.strip()


def _village(column: Column, raw: Raw, known: Known) -> Division:
    """A village with its township in front, or only the township."""
    if re.search(r"\S\s*[、，,;；\n]\s*\S", raw.text) and not _is_one_place(raw.text, known):
        raise ParseError(f"{column.label}一格里有几个地方，请分成几行，每行写一个。")
    try:
        return known.names.match_township(raw.text)
    except matching.Ambiguous as error:
        raise ParseError(str(error)) from None
    except matching.NoMatch:
        pass
    try:
        return known.names.match_village(raw.text)
    except (matching.NoMatch, matching.Ambiguous) as error:
        raise ParseError(str(error)) from None


def _is_one_place(text: str, known: Known) -> bool:
    for match in (known.names.match_township, known.names.match_village):
        try:
            match(text)
        except (matching.NoMatch, matching.Ambiguous):
            continue
        return True
    return False


def _organization(column: Column, raw: Raw, known: Known) -> Organization:
    try:
        return known.names.match_organization(raw.text)
    except (matching.NoMatch, matching.Ambiguous) as error:
        raise ParseError(str(error)) from None


def _line(column: Column, raw: Raw, known: Known) -> BudgetLine:
    found = known.lines_by_name.get(plain(raw.text), [])
    if known.year is not None and len(found) > 1:
        found = [line for line in found if line.plan.year == known.year] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise ParseError(
            f"“{raw.text.strip()[:30]}”有{len(found)}个项目：{'、'.join(line.code for line in found)}，请填项目编码。"
        )
    raise ParseError(f"找不到项目“{raw.text.strip()[:30]}”，请填项目编码，或请管理员登记别名。")


def _subject(column: Column, raw: Raw, known: Known) -> Entry:
    names = known.referred_by_name(column.register)
    found = names.get(plain(raw.text), [])
    if not found and (shown := _SHOWN_ENTRY.match(raw.text.strip())):
        found = names.get(shown[1], [])
    if len(found) == 1:
        return found[0].entry
    name = get_register(column.register).name
    if found:
        several = "、".join(f"{one.entry.pk} 号（{one.called[0]}）" for one in found[:5])
        raise ParseError(f"“{raw.text.strip()[:30]}”在{name}里有{len(found)}条：{several}，请写记录号。")
    raise ParseError(f"{name}里找不到“{raw.text.strip()[:30]}”，请先填报，或核对写法。")


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def _whole(number: Decimal) -> str:
    return str(int(number))


KINDS: dict[str, Callable[[Column, Raw, Known], Any]] = {
    "text": _text,
    "integer": _integer,
    "money": _money,
    "percent": _percent,
    "decimal": _decimal,
    "date": _date,
    "dates": _dates,
    "month": _month,
    "choice": _choice,
    "yesno": _yesno,
    "identity": _identity,
    "phone": _phone,
    "person_name": _person_name,
    "village": _village,
    "organization": _organization,
    "line": _line,
    "subject": _subject,
}


def text_of(column: Column, row: Any) -> str:
    """What a page or sheet shows of the row's attribute of the column's name; "" for an empty one."""
    value = getattr(row, column.name, None)
    if value is None or value == "":
        return ""
    if column.kind == "money":
        return f"{yuan(value)} 元"
    if column.kind == "choice":
        return next((label for code, label in column.choices if code == value), str(value))
    if column.kind == "yesno":
        return "是" if value else "否"
    if column.kind == "integer":
        return f"{value:,} {column.unit}".strip()
    if column.kind == "percent":
        return f"{value}%"
    if column.kind == "decimal":
        return f"{value:,.{column.places}f} {column.unit}".strip()
    if column.kind == "dates":
        return f"{value[0]:%Y-%m-%d}" if value[0] == value[1] else f"{value[0]:%Y-%m-%d}至{value[1]:%Y-%m-%d}"
    if column.kind == "date":
        return day_text(row, column.name)
    if column.kind == "village":
        above = value.parent.name if value.level == "village" and value.parent is not None else ""
        return f"{above}{value.name}"
    if column.kind == "line":
        return f"{value.code} {value.name}"
    if column.kind == "subject":
        current = value.in_force or value.undecided
        return f"{current.pk}号：{current.summary}" if current is not None else "已无有效记录"
    return str(value)


def as_number(column: Column, row: Any) -> int | Decimal | date | None:
    """What a sheet's cell may hold instead of the row's text, to be summed and sorted: 元, a count, a measure, a day; None
    where only the text says it (a month without a day, too)."""
    value = getattr(row, column.name, None)
    if column.kind == "money" and isinstance(value, int):
        return Decimal(value) / 100
    if column.kind == "integer" and isinstance(value, int):
        return value
    if column.kind == "decimal" and isinstance(value, Decimal):
        return value
    if column.kind == "date" and isinstance(value, date) and not month_only(row, column.name):
        return value
    return None


def day_text(row: Any, name: str) -> str:
    """A day of the row as it is known: "2022-03-01", or "2022-03"."""
    return f"{getattr(row, name):%Y-%m}" if month_only(row, name) else f"{getattr(row, name):%Y-%m-%d}"


def month_only(row: Any, name: str) -> bool:
    """Whether the row's day of that name stands for its month."""
    return bool(getattr(row, f"{name}{MONTH_ONLY}", False))
