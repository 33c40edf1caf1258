"""Workbooks for tests, written as people (and attackers) write them. All people in them are invented (area 990000)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook

from directory.identity import check_character

ROSTER = (
    "序号",
    "班次",
    "姓名",
    "性别",
    "身份证号",
    "镇村",
    "人员类别",
    "电话",
    "是否合格",
    "补贴（元）",
    "备注",
)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂"


def identity(number: int, sex: str = "男") -> str:
    """The invented, valid identity number of the n-th person."""
    year, rest = 1955 + number % 50, number // 50
    month, rest = 1 + rest % 12, rest // 12
    order = (rest * 2 + (1 if sex == "男" else 0)) % 1000
    first = f"990000{year}{month:02d}{1 + number % 28:02d}{order:03d}"
    return first + check_character(first)


def name(number: int) -> str:
    return SURNAMES[number % len(SURNAMES)] + GIVEN[number % 22] + GIVEN[(number // 22) % 22]


def attendee(number: int, course: str = "2022-PX-01") -> list[Any]:
    """A row of a roster."""
    sex = "男" if number % 2 else "女"
    return [
        number,
        course,
        name(number),
        sex,
        identity(number, sex),
        "徐庄镇",
        "脱贫人口" if number % 3 else "一般农村劳动力",
        f"138{number:08d}",
        "是",
        300,
        "",
    ]


def xlsx(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    book = Workbook()
    del book[book.sheetnames[0]]
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def part(data: bytes, name: str) -> str:
    """One of the files that a workbook is made of."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def edited(data: bytes, name: str, changes: Iterable[tuple[str, str]]) -> bytes:
    """The workbook with texts of one of its files replaced, as openpyxl would not write them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            text = old.read(one)
            if one == name:
                for was, becomes in changes:
                    text = text.replace(was.encode(), becomes.encode())
            new.writestr(one, text)
    return out.getvalue()


def calculated(data: bytes, values: dict[str, tuple[str, str]]) -> bytes:
    """The workbook as a program saves it that has calculated its formulas: cell → (attribute of its type, value)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/"):
                for cell, (kind, value) in values.items():
                    found = re.compile(rf'<c r="{cell}"([^>]*)>(<f>.*?</f>)<v ?/?>(?:</v>)?</c>')
                    assert found.search(part.decode())
                    part = found.sub(rf'<c r="{cell}"\1{kind}>\2<v>{value}</v></c>', part.decode()).encode()
            new.writestr(name, part)
    return out.getvalue()


def roster(rows: Iterable[Sequence[Any]], unit: str = "徐庄镇", title: str = "培训学员花名册") -> bytes:
    return xlsx({"学员": [[title], [f"填报单位：{unit}", None, None, "填报日期：2022年6月"], ROSTER, *rows]})


def courses(*rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [("班次编号", "培训班名称", "类别", "举办单位", "起止时间"), *rows]


COURSE_1 = ("2022-PX-01", "食用菌种植班", "农业生产技能", "荣成市人社局", "2022.6.6-6.10")
COURSE_2 = ("2022-PX-02", "月嫂培训班", "就业技能", "荣成市人社局", "2022年5月9日至5月13日")


def for_legacy() -> bytes:
    """What legacy.xls was made of, by a program that writes the format of before 2007 (BIFF8), with a real date in it:

    .venv/bin/python -c "from tests.workbooks.files import *; open('legacy.xlsx', 'wb').write(for_legacy())"
    soffice --headless --convert-to xls --outdir tests/workbooks legacy.xlsx     (LibreOffice 7.4, libreoffice-calc-nogui)
    """
    course = ("2022-PX-03", "月嫂培训班", "就业技能", "荣成市人社局", date(2022, 6, 8))
    people = [attendee(n, "2022-PX-03") for n in range(1, 6)]
    return xlsx(
        {"班次": courses(course), "学员": [["培训学员花名册"], ["填报单位：徐庄镇"], ROSTER, *people]}
    )


# --- files by hand ----------------------------------------------------------------------------------------------

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" '
    'Target="{}"/></Relationships>'
)
_BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="学员" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{}</sheetData></worksheet>"
)


def by_hand(rows: str, *, before: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """An .xlsx whose one sheet has exactly these rows of XML; `more` are further parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELS.format("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", _BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", _RELS.format("worksheet", "worksheets/sheet1.xml"))
        archive.writestr("xl/worksheets/sheet1.xml", before + _SHEET.format(rows))
        for path, content in (more or {}).items():
            archive.writestr(path, content)
    return out.getvalue()


def cell(reference: str, value: str) -> str:
    number = "".join(c for c in reference if c.isdigit())
    return f'<row r="{number}"><c r="{reference}"><v>{value}</v></c></row>'


def _encrypted() -> bytes:
    """What Excel writes when a password is set: an OLE container that holds an EncryptedPackage."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + b"\x3e\0\x03\0\xfe\xff\x09\0"
    return head + b"\0" * 480 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 4096


def _lying_size() -> bytes:
    """A part that inflates to 400 MB while the archive's directory says 1,000 bytes."""
    data = bytearray(by_hand("<!--" + " " * 400_000_000 + "-->"))
    at = data.find(b"xl/worksheets/sheet1.xml", data.find(b"PK\x01\x02"))
    data[at - 46 + 24 : at - 46 + 28] = (1000).to_bytes(4, "little")
    return bytes(data)


def hostile() -> dict[str, bytes]:
    """Fifteen files that must each be refused politely."""
    strings = "".join(f"<si><t>{n}</t></si>" for n in range(1_000_000))
    sst = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="{}" uniqueCount="{}">{}</sst>'
    entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    good = roster([attendee(n) for n in range(50)])
    return {
        "corner cells": by_hand(cell("A1", "1") + cell("XFD1048576", "1")),
        "zip bomb": by_hand("<!--" + " " * 400_000_000 + "-->"),
        "zip bomb that lies": _lying_size(),
        "a million shared strings": by_hand(
            cell("A1", "1"), more={"xl/sharedStrings.xml": sst.format(1_000_000, 1_000_000, strings)}
        ),
        "declared strings": by_hand(
            cell("A1", "1"), more={"xl/sharedStrings.xml": sst.format(4_000_000_000, 4_000_000_000, "")}
        ),
        "entity bomb": by_hand(cell("A1", "1"), before=entities + "]>"),
        "external entity": by_hand(
            cell("A1", "1"), before='<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        ),
        "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 5_000,
        "encrypted": _encrypted(),
        "cut off": good[: len(good) // 2],
        "not a number": by_hand(cell("A1", "NaN")),
        "infinite": by_hand(cell("A1", "1e999")),
        "twenty thousand columns": by_hand(
            '<row r="1">'
            + "".join(f'<c t="inlineStr"><is><t>列{n}</t></is></c>' for n in range(20_000))
            + "</row>"
        ),
        "paths": by_hand(cell("A1", "1"), more={"../../etc/cron.d/x": "x"}),
        "two parts of one name": by_hand(cell("A1", "1"), more={"XL/workbook.xml": _BOOK}),
    }
