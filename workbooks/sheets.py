"""From sheets as people keep them to tables of registers: the importer rules of DOMAIN §4, 1–9, 11 and 17.

Finds the header, says which register a sheet is, which column stands where and in which unit, and gives the rows that
are data. What a cell *means* is the work of ledger.parsing, through the same functions as the web form.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from ledger.parsing import both_ends
from ledger.registers import Column, Register
from workbooks.problems import Findings
from workbooks.reading import Sheet, address

HEADER_WITHIN = 15  # rows
ENOUGH = 3  # known headings
LIST_TITLE = "系统检查结果"  # the first cell of the list in a workbook that was returned; no data
OPTIONS_SHEET = "选项"  # of our own templates: hidden, and no data
VERSION_MARK = "模板"
NUMBER = "记录号"  # of exports: which entry a row is
STANDING = "记录状态"  # of exports: to look at
NEVER_READ = frozenset({"序号", "编号序号", "no", "no.", STANDING})
_NOTE_ROW = re.compile(
    r"^(注|备注|说明|填写说明|填表说明|填表人|填报人|制表人|审核人|负责人|单位负责人|经办人)[:：]"
)
_UNIT_IN_HEADING = re.compile(r"[(（]\s*(?:单位[:：])?\s*(万元|元)\s*[)）]|/(万元|元)$|[,，](万元|元)$")
_SHEET_UNIT = re.compile(r"(?<!填报)(?<!实施)(?<!举办)(?<!报送)(?:金额)?单位[:：]\s*(人民币)?(万元|元)")
_FILED_BY = re.compile(
    r"(?:填报单位|报送单位|填表单位)(?:\((?:盖章|公章|章)\))?[:：]\s*(.*?)\s*(?=$|填报|填表|报送|制表|单位[:：]|日期|截至|模板|\s{2,})"
)
_QUARTER = re.compile(r"(20\d\d)年?度?(?:第?([1-4一二三四])季度?|Q([1-4]))", re.IGNORECASE)
_AS_OF = re.compile(r"截[至止](?:日期|时间|到)?[:：]?(20\d\d)[-./年](\d{1,2})[-./月]?")
_DATED = re.compile(r"(?:填报|填表|报送|制表)(?:日期|时间)[:：](20\d\d)[-./年](\d{1,2})[-./月]?")
_SUM_CELL = re.compile(r"(?:\S{0,12}?)(合计|总计|共计|小计)(?:[:：(（].*)?")
_MARK = re.compile(
    rf"{VERSION_MARK}[:：]?\s*([a-z_0-9]+)/([0-9a-f]{{8}})/([0-9a-z]+)/(\d{{4}}Q[1-4])", re.IGNORECASE
)
TOWNS, VILLAGES = {"乡", "镇", "乡镇", "镇街", "所在乡镇"}, {"村", "行政村", "所在村"}
_BOTH = re.compile("起止(时间|日期|年月)?$")  # first and last day in one cell
OF_A_PLACE = {"省", "市", "县", "县区", "区县", *TOWNS, *VILLAGES}
# register → (heading, name of its column)
Aliases = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Place:
    """A column of the register where the sheet has it. `index` from 0; `unit` of money: "元", "万元" or "", of a
    percentage: "%" (85 is 85%), "1" (0.85 is) or "". `town`: where the township stands in a column of its own, before the
    village's, as in exports of the national system (DOMAIN §4.4). `end`: 0 and 1 of the two days that one cell holds."""

    column: Column
    index: int
    heading: str
    unit: str = ""
    town: int | None = None
    end: int | None = None

    def read(self, cells: Sequence[Any]) -> Any:
        """What a row has there."""
        found = cells[self.index] if self.index < len(cells) else None
        if self.end is not None:
            return both_ends(found)[self.end] if isinstance(found, str) else (found, None)[self.end]
        if self.town is None or self.town >= len(cells):
            return found
        return f"{text_of(cells[self.town]).strip()}{text_of(found).strip()}" or None


@dataclass
class Table:
    """A sheet understood: its register, its columns, and its rows of data as (row number, cells)."""

    sheet: str
    register: Register
    header_row: int
    places: list[Place]
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)
    filed_by: str = ""  # what the sheet says after 填报单位：
    filed_by_cell: str = ""
    date1904: bool = False
    template: tuple[str, str, str, str] | None = None  # register, version, organization, period
    number_at: int | None = None  # where the 记录号 stands, from 0
    quarters: list[tuple[str, str, str]] = field(default_factory=list)  # code, cell, as the title says it
    as_of: list[tuple[str, str, str]] = field(default_factory=list)  # likewise of 截至…
    is_wide: bool = False  # one column a stage, cumulative figures
    dated: tuple[int, int, str] | None = None  # year and month of 填报日期, and its cell

    def cell(self, row: int, name: str) -> str:
        """The address of a register's column in a row; the row alone if the sheet has no such column."""
        for place in self.places:
            if place.column.name == name:
                return address(row, place.index + 1)
        return str(row)


def understand(
    sheets: Sequence[Sheet],
    registers: Sequence[Register],
    findings: Findings,
    aliases: Aliases | None = None,
) -> list[Table]:
    """The tables of a workbook, in its order; what was skipped and why goes to `findings`.

    `registers` are those to choose from; a sheet belongs to the one most of whose headings it has. `aliases` are further
    headings that the bureau keeps as data.
    """
    tables = []
    for sheet in sheets:
        if sheet.hidden:
            if sheet.name != OPTIONS_SHEET:
                findings.warning(
                    sheet.name,
                    "",
                    "隐藏工作表",
                    f"工作表“{sheet.name}”是隐藏的，没有读取；如需导入请取消隐藏。",
                )
            continue
        if not sheet.rows or text_of(sheet.rows[0][1][0]) == LIST_TITLE:
            continue  # nothing, or the list of an earlier answer (marking.py)
        table = _table(sheet, registers, findings, aliases or {})
        if table is not None:
            tables.append(table)
    return tables


def version_of(register: Register) -> str:
    """Eight hexadecimal digits that change when the register's columns do; every template carries them (rule 19)."""
    columns = "\n".join(f"{c.name} {c.label} {c.kind} {c.required} {c.choices}" for c in register.columns)
    return hashlib.sha256(columns.encode()).hexdigest()[:8]


# --- text -------------------------------------------------------------------------------------------------------


def text_of(cell: Any) -> str:
    """What a cell shows, roughly: for headings, marks and error lists."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list):
        if cell[0] in ("d", "n", "e"):
            return str(cell[1])
        return ("是" if cell[1] else "否") if cell[0] == "b" else ""
    return str(cell)


def plain(text: str) -> str:
    """NFKC without any white space or invisible characters."""
    folded = unicodedata.normalize("NFKC", text)
    if folded.isalnum():  # nearly always; every cell that leads a row is asked
        return folded
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))


def heading_key(text: str) -> str:
    """A heading as it is compared: without unit, remarks in brackets, stars and spaces."""
    bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]|【[^】]*】", "", plain(text))
    return whole_key(re.sub(r"[/,](万元|元|%)$", "", bare))


def whole_key(text: str) -> str:
    """A heading with what stands in brackets: 公益性岗位 and 公益性岗位（月数） are two columns."""
    key = plain(text)
    return re.sub(r"[*●○:,;、/·]+$|^[*●○]+", "", key).casefold()


class _Key(NamedTuple):
    """A heading as it is compared."""

    plain: str
    whole: str
    bare: str


def _key(text: str) -> _Key:
    return _Key(plain(text), whole_key(text), heading_key(text))


_key_of_ours = cache(
    _key
)  # of a heading that a register or the bureau has given: they are few, and asked for every sheet


class _Keys(dict[str, _Key]):
    """Headings of a sheet by their text, each put into the forms it is compared in once: every register is tried on the
    same ones."""

    def __missing__(self, text: str) -> _Key:
        key = self[text] = _key(text)
        return key


def unit_of(heading: str) -> str:
    """ "万元" or "元" as the heading says, "" if it does not."""
    found = _UNIT_IN_HEADING.search(unicodedata.normalize("NFKC", heading).strip())
    return next((unit for unit in found.groups() if unit), "") if found else ""


# --- the header -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    register: Register
    row: int
    depth: int
    places: list[Place]
    unknown: list[tuple[str, int]]
    twice: list[tuple[Place, Place]]
    number_at: int | None = None

    @property
    def is_wide(self) -> bool:
        """Whether it is the register's shape with one column a stage."""
        return self.register.wide is not None and self.register.columns == self.register.wide.columns

    @property
    def is_whole(self) -> bool:
        """A wide sheet has at least two stages, or it is a list of something else."""
        have = {place.column.name for place in self.places}
        wide = self.register.wide
        return not self.is_wide or (wide is not None and sum(one.column in have for one in wide.stages) > 1)

    @property
    def score(self) -> tuple[int, int]:
        have = {place.column.name for place in self.places}
        return len(have), -sum(1 for c in self.register.columns if c.required and c.name not in have)


def _table(
    sheet: Sheet,
    registers: Sequence[Register],
    findings: Findings,
    aliases: Aliases,
) -> Table | None:
    bare: dict[str, Any] = {"headings": {}, "folded": ()}  # a form's parts are those of the narrow columns
    shapes = [*registers, *(replace(one, columns=one.wide.columns, **bare) for one in registers if one.wide)]
    first = {
        number: cells for number, cells in sheet.rows[: HEADER_WITHIN + 1] if number <= HEADER_WITHIN + 1
    }
    keys = _Keys()
    candidates = [
        found for one in shapes if (found := _header(sheet, first, one, aliases.get(one.code, ()), keys))
    ]
    if not candidates:
        names = "、".join(f"“{register.name}”" for register in registers)
        findings.warning(
            sheet.name,
            "",
            "没有表头",
            f"工作表“{sheet.name}”前 {HEADER_WITHIN} 行没有找到{names}的表头，没有读取。",
        )
        return None
    candidates.sort(key=lambda found: found.score, reverse=True)
    best = candidates[0]
    if len(candidates) > 1 and candidates[1].score == best.score:
        names = "、".join(f"“{found.register.name}”" for found in candidates if found.score == best.score)
        findings.error(
            sheet.name, str(best.row), "台账不明", f"工作表“{sheet.name}”的表头像{names}，请上传时选明台账。"
        )
        return None
    top = [(number, cells) for number, cells in sheet.rows if number < best.row]
    table = Table(
        sheet.name,
        best.register,
        best.row,
        best.places,
        date1904=sheet.date1904,
        number_at=best.number_at,
        is_wide=best.is_wide,
    )
    sheet_unit = _above(table, top)
    table.places = _with_units(table, sheet_unit, findings)
    _check_header(table, best, findings)
    table.rows = _body(sheet, table, best.row + best.depth, findings)
    table.places = [_with_scale(table, place) for place in table.places]
    return table


def _with_scale(table: Table, place: Place) -> Place:
    """Of a percentage whose cells have no percent format, what its column says: any above 1 means that all are
    hundredths; fractions only, that all are parts of one (rule 10)."""
    if place.column.kind != "percent" or place.unit:
        return place
    cells = [cells[place.index] for _, cells in table.rows if place.index < len(cells)]
    numbers = [
        Decimal(str(value))
        for cell in cells
        if isinstance(value := cell[1] if isinstance(cell, list) and cell[0] == "n" else cell, int | float)
        and not (isinstance(cell, list) and len(cell) > 2 and "%" in cell[2])
    ]
    if any(number > 1 for number in numbers):
        return replace(place, unit="%")
    fractions = sum(0 < number < 1 for number in numbers)
    return replace(place, unit="1") if fractions > 1 and fractions >= len(numbers) // 2 else place


def _header(
    sheet: Sheet,
    rows: Mapping[int, list[Any]],
    register: Register,
    more: Sequence[tuple[str, str]],
    keys: _Keys,
) -> _Found | None:
    """The register's header, if it stands in `rows`, the first ones of the sheet."""
    known = _headings(register, more)
    enough = min(ENOUGH, len(register.columns))
    for number in sorted(rows):
        if number > HEADER_WITHIN:
            break
        groups = _groups(sheet, number, rows[number], rows.get(number + 1, []))
        single = _single(rows[number])
        if not groups and not any(
            keys[leaf].whole in known or keys[leaf].bare in known for _, leaf in single
        ):
            continue  # as nearly every row is for nearly every register
        ways = [(1, single)]
        if groups:
            ways.append((2, _double(sheet, rows[number], rows.get(number + 1, []), groups, number)))
        tried = [_match(register, known, number, depth, headings, keys) for depth, headings in ways]
        best = max(tried, key=lambda found: found.score[0])
        if best.depth == 2:
            below = _match(register, known, number + 1, 1, _single(rows.get(number + 1, [])), keys)
            if below.score >= best.score:
                continue  # what is merged above it is a title, not a group
        if best.score[0] >= enough and best.is_whole:
            return best
    return None


def _headings(register: Register, more: Sequence[tuple[str, str]]) -> dict[str, Column]:
    known: dict[str, Column] = {}
    # what one column is called goes before what another may be called
    named = [(column.label, column) for column in register.columns]
    named += [(heading, column) for column in register.columns for heading in column.aliases]
    columns = {column.name: column for column in register.columns}
    named += [(heading, columns[name]) for heading, name in more if name in columns]
    for heading, column in named:
        known.setdefault(_key_of_ours(heading).whole, column)
    for heading, column in named:
        known.setdefault(_key_of_ours(heading).bare, column)
    return known


def _groups(sheet: Sheet, row: int, cells: list[Any], below: list[Any]) -> dict[int, str]:
    """Column index → the group heading over it: merged over several columns of this row; or, in a sheet without merged
    cells such as every CSV, followed by empty cells that have headings below them."""
    if not sheet.merges:
        return _unmerged_groups([text_of(cell) for cell in cells], [text_of(cell) for cell in below])
    found: dict[int, str] = {}
    for top, left, bottom, right in sheet.merges:
        if top == bottom == row and right > left and left <= len(cells):
            group = text_of(cells[left - 1])
            found.update(dict.fromkeys(range(left - 1, right), group))
    return found


def _unmerged_groups(upper: list[str], lower: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    over = ""
    for index, leaf in enumerate(lower):
        heading = upper[index] if index < len(upper) else ""
        if heading or not leaf:
            over = heading if leaf else ""
        if over:
            found[index] = over
    spans = Counter(found.values())
    return {index: group for index, group in found.items() if spans[group] > 1}


def _single(cells: list[Any]) -> list[tuple[str, str]]:
    return [("", text_of(cell)) for cell in cells]


def _double(
    sheet: Sheet, upper: list[Any], lower: list[Any], groups: Mapping[int, str], row: int
) -> list[tuple[str, str]]:
    """(group, leaf) of each column under a two-row header; a heading merged over both rows is its own leaf."""
    width = max(len(upper), len(lower), max(groups) + 1)
    found = []
    for index in range(width):
        below = text_of(lower[index]) if index < len(lower) else ""
        above = text_of(upper[index]) if index < len(upper) else ""
        if index in groups:
            found.append((groups[index], below or groups[index]))
        else:
            found.append(("", above or below))
    return found


def _match(
    register: Register,
    known: Mapping[str, Column],
    row: int,
    depth: int,
    headings: Sequence[tuple[str, str]],
    keys: _Keys,
) -> _Found:
    places: dict[str, Place] = {}
    unknown, twice = [], []
    number_at = None
    for index, (group, leaf) in enumerate(headings):
        said, key, whole = keys[leaf].plain, keys[leaf].bare, keys[leaf].whole
        if not said:
            continue
        grouped = keys[group].bare
        column = (
            known.get(f"{grouped}/{key}") or known.get(f"{grouped}{key}") if grouped else None
        ) or known.get(whole, known.get(key))
        if column is None:
            if key == NUMBER:
                number_at = index if number_at is None else number_at
            elif key not in NEVER_READ:  # 序号 is never a key
                unknown.append((leaf, index))
            continue
        place = Place(column, index, said, unit_of(leaf) or unit_of(group))
        first = places.setdefault(column.name, place)
        if first is place:
            continue
        own = heading_key(column.label)
        is_own, was_own = key == own, keys[first.heading].bare == own
        if is_own == was_own:
            twice.append((first, place))
        elif is_own:  # the column's own name says more than one of its other names
            places[column.name] = place
            unknown.append((first.heading, first.index))
        else:
            unknown.append((leaf, index))
    if (apart := _village_apart(register, places, unknown, keys)) is not None:
        places[apart.column.name] = apart
        unknown = [one for one in unknown if keys[one[0]].bare not in OF_A_PLACE]
    for place in _in_one_cell(register, places, unknown, keys):
        places[place.column.name] = place
        unknown = [one for one in unknown if one[1] != place.index]
    return _Found(register, row, depth, list(places.values()), unknown, twice, number_at)


def _village_apart(
    register: Register, places: Mapping[str, Place], unknown: Sequence[tuple[str, int]], keys: _Keys
) -> Place | None:
    """The register's village where the sheet has 乡 and 村 in two columns; 省, 市 and 县 before them say nothing more."""
    columns = [column for column in register.columns if column.kind == "village"]
    if len(columns) != 1 or columns[0].name in places:
        return None
    towns = [index for heading, index in unknown if keys[heading].bare in TOWNS]
    villages = [(index, heading) for heading, index in unknown if keys[heading].bare in VILLAGES]
    if len(towns) != 1 or len(villages) != 1:
        return None
    return Place(columns[0], villages[0][0], plain(villages[0][1]), town=towns[0])


def _in_one_cell(
    register: Register, places: Mapping[str, Place], unknown: Sequence[tuple[str, int]], keys: _Keys
) -> list[Place]:
    """First and last day of a stay where the sheet has both in one column."""
    columns = {column.name: column for column in register.columns}
    first = next((column for column in register.columns if column.until), None)
    both = [(heading, index) for heading, index in unknown if _BOTH.search(keys[heading].bare)]
    if first is None or len(both) != 1 or {first.name, first.until} & places.keys():
        return []
    ((heading, index),) = both
    return [
        Place(column, index, plain(heading), end=end)
        for end, column in enumerate((first, columns[first.until]))
    ]


def _above(table: Table, top: Iterable[tuple[int, list[Any]]]) -> str:
    """Read the lines above the header: 填报单位, our template's mark; returns the sheet's money unit or ""."""
    unit = ""
    for number, cells in top:
        for index, cell in enumerate(cells):
            text = unicodedata.normalize("NFKC", text_of(cell)).strip()
            if not text:
                continue
            if mark := _MARK.search(text):
                table.template = (mark[1].lower(), mark[2].lower(), mark[3].lower(), mark[4].upper())
            if found := _SHEET_UNIT.search(text):
                unit = unit or found[2]
            _times(table, plain(text), address(number, index + 1))
            if (found := _FILED_BY.search(text)) and not table.filed_by:
                name = found[1]
                at = index
                if not name:  # the name stands in the next cell that has anything
                    at, name = next(
                        (
                            (i, text_of(c).strip())
                            for i, c in enumerate(cells)
                            if i > index and text_of(c).strip()
                        ),
                        (index, ""),
                    )
                table.filed_by, table.filed_by_cell = name.strip(), address(number, at + 1)
    return unit


def _times(table: Table, text: str, where: str) -> None:
    """Which quarter a title speaks of, until when, and when it was filled in."""
    if table.template is not None:
        return  # our own mark says it, and is checked
    for found in _QUARTER.finditer(text):
        quarter = found[3] or str("一二三四".find(found[2]) + 1 or found[2])
        table.quarters.append((f"{found[1]}Q{quarter}", where, found[0]))
    for found in _AS_OF.finditer(text):
        if 1 <= int(found[2]) <= 12:
            said = f"{found[1]}Q{(int(found[2]) + 2) // 3}"
            table.as_of.append((said, where, found[0].rstrip("-./月年")))
    dated = _DATED.search(text)
    if dated and table.dated is None and 1 <= int(dated[2]) <= 12:
        table.dated = (int(dated[1]), int(dated[2]), where)


def _with_units(table: Table, sheet_unit: str, findings: Findings) -> list[Place]:
    """Every money column with its unit: from its heading, else the sheet's unit line, else refused (rule 8). What a
    percentage's heading says ("%")."""
    places = []
    for place in table.places:
        if place.column.kind == "money" and not place.unit:
            if not sheet_unit:
                findings.error(
                    table.sheet,
                    address(table.header_row, place.index + 1),
                    "金额单位",
                    f"“{place.heading}”没有写明单位，请把表头改成“{place.heading}（元）”或“{place.heading}（万元）”。",
                    column=place.column.label,
                )
            place = replace(place, unit=sheet_unit)
        if place.column.kind == "percent" and re.search(r"[(（/]?[%％][)）]?$", place.heading):
            place = replace(place, unit="%")
        places.append(place)
    return places


def _check_header(table: Table, found: _Found, findings: Findings) -> None:
    have = {place.column.name for place in found.places}
    for column in table.register.columns:
        if not column.required or column.name in have:
            continue
        if column.assumed:
            findings.warning(
                table.sheet,
                str(found.row),
                "缺少栏目",
                f"表里没有“{column.label}”一栏，都按“{column.assumed}”读取；不是的请补上这一列。",
                column=column.label,
            )
        else:
            findings.error(
                table.sheet,
                str(found.row),
                "缺少栏目",
                f"表头（第 {found.row} 行）缺少必填栏目“{column.label}”，{_remedy(column, found)}。",
                column=column.label,
            )
    for first, second in found.twice:
        findings.error(
            table.sheet,
            address(found.row, second.index + 1),
            "栏目重复",
            f"“{first.heading}”（{address(found.row, first.index + 1)}）和“{second.heading}”"
            f"（{address(found.row, second.index + 1)}）都是“{first.column.label}”，请只留一列。",
            column=first.column.label,
        )
    if found.unknown:
        names = "、".join(
            f"“{plain(text)[:20]}”（{address(found.row, index + 1)}）" for text, index in found.unknown[:12]
        )
        findings.warning(
            table.sheet,
            str(found.row),
            "未读栏目",
            f"这些栏目不在“{table.register.name}”中，没有读取：{names}。",
        )


def _remedy(column: Column, found: _Found) -> str:
    """What to do about a column that is lacking: most often it is there under a name nobody has listed."""
    for text, index in found.unknown:
        if any(plain(name) in plain(text) for name in (column.label, *column.aliases)):
            cell = f"{address(found.row, index + 1)} 的“{plain(text)[:20]}”"
            return f"如果就是 {cell}，请把它改成“{column.label}”，否则请补上这一列"
    return "请补上这一列"


# --- the body ---------------------------------------------------------------------------------------------------


def _body(sheet: Sheet, table: Table, first: int, findings: Findings) -> list[tuple[int, list[Any]]]:
    """The rows of data: merges filled down, sums checked and dropped, notes dropped, hidden rows skipped and told."""
    filled = _filled_down(sheet, table, first, findings)
    rows: list[tuple[int, list[Any]]] = []
    hidden: list[int] = []
    sums = _Sums(table, findings)
    indexes = [place.index for place in table.places]
    indexes += [place.town for place in table.places if place.town is not None]
    for number, cells in sheet.rows:
        if number < first:
            continue
        if number in filled:
            cells = list(cells)
            for index, value in filled[number].items():
                cells.extend([None] * (index + 1 - len(cells)))
                cells[index] = value
        leading = _leading(cells)
        if not leading:
            continue
        if kind := _sum_row(leading):
            sums.check(number, cells, kind)
            continue
        if _is_header_again(table, cells):
            continue
        if _NOTE_ROW.match(leading[0]):
            continue
        if number in sheet.hidden_rows:
            hidden.append(number)
            sums.add(cells, hidden=True)
            continue
        if not any(index < len(cells) and cells[index] not in (None, "") for index in indexes):
            continue  # a serial number alone, or only columns that are not read
        sums.add(cells)
        rows.append((number, cells))
    sums.finish()
    if hidden:
        findings.warning(
            sheet.name,
            str(hidden[0]),
            "隐藏行",
            f"有 {len(hidden)} 行是隐藏的（第 {_ranges(hidden)} 行），没有读取；如需导入请取消隐藏或取消筛选。",
        )
    return rows


def _leading(cells: Sequence[Any]) -> list[str]:
    """What stands in the first two cells that hold anything; [] for an empty row."""
    found = []
    for cell in cells:
        if cell is not None and cell != "" and (text := plain(text_of(cell))):
            found.append(text)
            if len(found) == 2:
                break
    return found


def _sum_row(leading: Sequence[str]) -> str:
    """ "合计" or "小计" if one of the leading cells says so ("合  计", "徐庄镇小计："), "" if not."""
    for text in leading:
        if "计" in text and (found := _SUM_CELL.fullmatch(text)):
            # "徐庄镇合计" is a part's sum as well
            return "合计" if found[1] != "小计" and found.start(1) == 0 else "小计"
    return ""


def _is_header_again(table: Table, cells: Sequence[Any]) -> bool:
    """The heading repeated further down, for the next printed page."""
    return all(
        place.index < len(cells) and plain(text_of(cells[place.index])) == place.heading
        for place in table.places
    )


def _filled_down(sheet: Sheet, table: Table, first: int, findings: Findings) -> dict[int, dict[int, Any]]:
    """Row → column index → value of the merged cell that reaches down into it; only where a merge exists (rule 3).

    A number merged over several rows says nothing of any one of them: repeated, it would be counted several times.
    """
    if not sheet.merges:
        return {}
    rows = dict(sheet.rows)
    places = {place.index: place for place in table.places}
    found: dict[int, dict[int, Any]] = {}
    for top, left, bottom, _ in sheet.merges:
        anchor = rows.get(top, [])
        if top < first or bottom == top or left > len(anchor):
            continue
        value, place = anchor[left - 1], places.get(left - 1)
        below = [number for number in range(top + 1, min(bottom, sheet.rows[-1][0]) + 1) if number in rows]
        if place is not None and place.column.kind in _AMOUNTS and below and text_of(value).strip():
            findings.error(
                table.sheet,
                address(top, left),
                "合并单元格",
                f"“{place.heading}”在第 {top}–{below[-1]} 行合并成一格，说不清每行多少，请取消合并后逐行填写；"
                "不涉及的行留空。",
                column=place.column.label,
                value=text_of(value),
            )
            continue
        for number in below:
            found.setdefault(number, {})[left - 1] = value
    return found


_AMOUNTS = ("money", "integer", "decimal")


class _Sums:
    """What the columns of numbers add up to, to be compared with 合计 and 小计."""

    def __init__(self, table: Table, findings: Findings) -> None:
        self.table, self.findings = table, findings
        self.places = [p for p in table.places if p.column.kind in _AMOUNTS]
        self.total = {p.column.name: Decimal(0) for p in self.places}
        self.part = dict(self.total)
        self.unseen = dict(self.total)  # of hidden rows, which a SUM of Excel adds in
        self.rows = 0
        self.above: list[tuple[int, list[Any]]] = []  # 合计 that stand above their rows

    def add(self, cells: list[Any], *, hidden: bool = False) -> None:
        self.rows += not hidden
        for place in self.places:
            value = _number(cells, place.index)
            if value is not None and hidden:
                self.unseen[place.column.name] += value
            elif value is not None:
                self.total[place.column.name] += value
                self.part[place.column.name] += value

    def finish(self) -> None:
        """What stood above its rows, now that they are known."""
        for number, cells in self.above if self.rows else ():
            self.check(number, cells, "合计")

    def check(self, number: int, cells: list[Any], kind: str) -> None:
        """Warn where a sum is not what the rows add up to; an empty one says nothing."""
        if not self.rows:
            if kind == "合计":
                self.above.append((number, cells))
            return
        sums = self.total if kind == "合计" else self.part
        for place in self.places:
            stated = _number(cells, place.index)
            if stated is None:
                continue
            real = sums[place.column.name]
            if stated not in (real, real + self.unseen[place.column.name]):
                self.findings.warning(
                    self.table.sheet,
                    address(number, place.index + 1),
                    "合计不符",
                    f"“{place.heading}”{kind}写的是 {_shown(stated)}，各行相加为 {_shown(real)}，请核对是否漏行或写错。",
                    column=place.column.label,
                    value=_shown(stated),
                )
        if kind == "小计":
            self.part = dict.fromkeys(self.part, Decimal(0))


def _number(cells: list[Any], index: int) -> Decimal | None:
    cell = cells[index] if index < len(cells) else None
    if isinstance(cell, list):
        cell = cell[1] if cell[0] == "n" else None
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return round(Decimal(str(cell)), 6).normalize()
    text = re.sub(r"(万元|元|人次|人|名)$", "", plain(cell)).replace(",", "")
    return Decimal(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", text) else None


def _shown(value: Decimal) -> str:
    return f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,f}"


def _ranges(numbers: Sequence[int]) -> str:
    """ "3、7–9" of [3, 7, 8, 9]; shortened after ten."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    text = "、".join(str(a) if a == b else f"{a}–{b}" for a, b in found[:10])
    return f"{text} 等" if len(found) > 10 else text
