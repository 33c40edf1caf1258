"""网页填表: a sheet typed or pasted on the web goes the way of an uploaded one, and its errors stand at its cells."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client

from ledger.models import Batch, Entry
from ledger.registers import get_register
from tests.ledger.world import World
from tests.workbooks.conftest import Browse
from tests.workbooks.files import attendee
from workbooks import grid
from workbooks.problems import Problem

COLUMNS = [column.name for column in get_register("training_attendance").columns]
# where the values of files.attendee stand in the register's own order
OF = {
    "course": 1,
    "name": 2,
    "sex": 3,
    "id_number": 4,
    "division": 5,
    "category": 6,
    "phones": 7,
    "passed": 8,
}


def line(number: int, **changed: str) -> list[str]:
    """A row of the grid: the n-th person."""
    values = {name: str(attendee(number)[index]) for name, index in OF.items()} | changed
    return [values.get(name, "") for name in COLUMNS]


def ask(client: Client, world: World, rows: list[list[str]] | str, **more: str) -> Any:
    fields = {
        "register": "training_attendance",
        "organization": world.units["徐庄镇"].code,
        "period": "2022Q2",
    }
    text = rows if isinstance(rows, str) else grid.text_from(rows)
    return client.post(
        "/workbooks/grid/",
        {**fields, "text": text, "do": "check", **more},
        headers={"accept": "application/json"},
    )


@pytest.mark.usefixtures("course")
def test_a_filled_sheet_is_previewed_confirmed_and_submitted_like_a_file(
    browse: Browse, world: World
) -> None:
    client = browse("徐庄")
    address = ask(client, world, [line(1), line(2)]).json()["next"]
    text = html.unescape(client.get(address).content.decode())
    assert "确认导入 2 行" in text
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    client.post(address, {"rows": "all", "seen": seen})
    batch = Batch.objects.unscoped("测试").latest("pk")
    assert batch.name.startswith("网页填表_")
    assert Entry.objects.unscoped("测试").filter(batch=batch, state="submitted").count() == 2


@pytest.mark.usefixtures("course")
def test_every_error_stands_at_its_cell_and_nothing_is_kept(browse: Browse, world: World) -> None:
    before = Entry.objects.unscoped("测试").count()
    rows = [line(1), line(2, id_number="37040619800101"), [], line(3, category="贫困户")]
    errors = ask(browse("徐庄"), world, rows).json()["errors"]
    at = {(one["row"], COLUMNS[one["column"]]) for one in errors}
    assert at == {(1, "id_number"), (3, "category")}
    assert all("37040619800101" not in one["message"] for one in errors)
    assert Entry.objects.unscoped("测试").count() == before


@pytest.mark.usefixtures("course")
def test_a_sheet_that_waits_can_be_gone_on_with(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    address = ask(client, world, [line(1), line(2)]).json()["next"]
    shown = html.unescape(client.get(address).content.decode())
    back = shown.partition("返回修改")[0].rpartition('href="')[2].partition('"')[0]
    page = html.unescape(client.get(back).content.decode())
    text = (
        page.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0].removeprefix("\n")
    )  # as a browser does
    assert [row[:8] for row in grid.rows_of(text)] == [line(1)[:8], line(2)[:8]]
    assert client.get("/workbooks/grid/?token=" + "0" * 32).status_code == 302  # not of this session


@pytest.mark.usefixtures("course")
def test_without_javascript_the_text_box_does_the_same(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    fields = {
        "register": "training_attendance",
        "organization": world.units["徐庄镇"].code,
        "period": "2022Q2",
    }
    bad = grid.text_from([line(1, category="贫困户")])
    answer = client.post("/workbooks/grid/", {**fields, "text": bad})
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "第 1 行　人员类别" in page
    assert "贫困户" in page.partition("<textarea")[2]  # what was typed stays
    answer = client.post("/workbooks/grid/", {**fields, "text": grid.text_from([line(1)])})
    assert answer["Location"].startswith("/workbooks/preview/")


@pytest.mark.usefixtures("course")
def test_another_unit_and_an_empty_or_endless_sheet_are_refused(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    assert "还没有填内容" in ask(client, world, "\t\t\n\n").json()["errors"][0]["message"]
    many = [line(n) for n in range(1, grid.MOST_ROWS + 2)]
    assert "有 201 行，这里一次最多 200 行" in ask(client, world, many).json()["errors"][0]["message"]
    answer = ask(client, world, [line(1)], organization=world.units["店子镇"].code)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\tb\nc\td\n", [["a", "b"], ["c", "d"]]),
        ('"两行\n一格"\tb', [["两行\n一格", "b"]]),
        ('说"好"\tb', [['说"好"', "b"]]),
        ("a\t\n\t\n\n", [["a", ""]]),
        ("a\r\n\r\nb", [["a"], [], ["b"]]),
        ("", []),
    ],
)
def test_clipboard_text_is_read_as_excel_writes_it(text: str, rows: list[list[str]]) -> None:
    assert grid.rows_of(text) == rows
    assert grid.rows_of(grid.text_from(rows)) == rows


def test_a_pasted_header_says_which_column_is_which(db: None) -> None:
    register = get_register("fund_flow")
    names = [column.name for column in register.columns]
    head = ["填报说明", "凭证号", "金额（万元）", "发生日期", "业务环节"]
    assert {"voucher_no", "amount", "occurred_on"} <= set(names)
    rows, told = grid.arranged(register, [head, ["x", "记-1", "12.5", "2022-06-20", "支出"]])
    assert told == []
    assert (rows[0][names.index("voucher_no")], rows[0][names.index("amount")]) == ("记-1", "12.5万元")


def test_an_amount_whose_unit_nobody_said_is_not_taken(db: None) -> None:
    head = ["凭证号", "金额", "发生日期"]
    _, told = grid.arranged(get_register("fund_flow"), [head, ["记-1", "12.5", "2022-06-20"]])
    assert "没有写明单位" in told[0].message


def test_places_of_errors() -> None:
    def of(cell: str) -> tuple[int | None, int | None]:
        found = grid.mistake(Problem("s", cell, "", "", "内容", "错"))
        return found.row, found.column

    assert [of(cell) for cell in ("B2", "AA11", "5", "", "A1")] == [
        (0, 1),
        (9, 26),
        (3, None),
        (None, None),
        (None, None),
    ]
