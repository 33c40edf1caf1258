"""import_workbook, export_workbook and make_template: what they print, their exit codes, and the round trip."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook, load_workbook

from audit.models import Event
from ledger.models import Batch, Entry
from tests.ledger.world import World
from tests.workbooks.conftest import commit, preview
from tests.workbooks.files import COURSE_1, attendee, courses, roster, saved, xlsx
from workbooks import writing

NAUGHTY = [
    "=1+1",
    "+1 天",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "'引号",
    "<b>&",
    "𠮷野",
    "a\tb",
    " 空 格 ",
]


def imported(world: World, path: Path, *more: str) -> tuple[int, str]:
    out = io.StringIO()
    code = 0
    unit, user = world.units["徐庄镇"].code, world.users["徐庄"].username
    try:
        call_command(
            "import_workbook",
            str(path),
            "--organization",
            unit,
            "--period",
            "2022Q2",
            "--as",
            user,
            *more,
            stdout=out,
        )
    except CommandError as error:
        code = error.returncode
    return code, out.getvalue()


@pytest.mark.usefixtures("course")
def test_the_marked_workbook_is_written_where_it_is_asked_for(world: World, tmp_path: Path) -> None:
    path, out = tmp_path / "学员.xlsx", tmp_path / "标注.xlsx"
    path.write_bytes(roster([attendee(1)]))
    assert imported(world, path, "--dry-run", "--marked", str(out))[0] == 0
    assert not out.exists()
    path.write_bytes(roster([[*attendee(1)[:6], "贫困户", *attendee(1)[7:]]]))
    assert imported(world, path, "--marked", str(out))[0] == 1
    assert load_workbook(out)["学员"]["G4"].comment is not None


@pytest.mark.usefixtures("course")
def test_the_json_and_the_exit_codes_are_as_promised(world: World, tmp_path: Path) -> None:
    path = tmp_path / "学员.xlsx"
    rows = [attendee(n) for n in range(1, 4)]
    rows[1][6] = "贫困户"
    path.write_bytes(roster(rows))
    code, said = imported(world, path, "--json")
    answer = json.loads(said)
    assert code == 1
    assert list(answer) == ["rows", "added", "changed", "unchanged", "missing", "errors", "warnings", "batch"]
    assert list(answer["errors"][0]) == ["sheet", "cell", "column", "value", "rule", "message"]
    assert (answer["errors"][0]["cell"], answer["errors"][0]["value"], answer["batch"]) == (
        "G5",
        "贫困户",
        None,
    )
    code, said = imported(world, path, "--json", "--valid-rows-only", "--dry-run")
    assert (code, json.loads(said)["batch"]) == (0, None)
    code, said = imported(world, path, "--json", "--valid-rows-only", "--register", "training_attendance")
    assert code == 0
    assert Batch.objects.unscoped("测试").filter(pk=json.loads(said)["batch"]).exists()
    assert Entry.objects.unscoped("测试").filter(batch=json.loads(said)["batch"]).count() == 2
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    code, said = imported(world, path, "--json")
    assert (code, "refused" in json.loads(said)) == (2, True)
    assert imported(world, tmp_path / "没有.xlsx")[0] == 2
    assert imported(world, path, "--register", "nothing")[0] == 2


@pytest.mark.usefixtures("course")
def test_the_words_name_sheet_cell_and_effect(world: World, tmp_path: Path) -> None:
    path = tmp_path / "学员.xlsx"
    path.write_bytes(roster([attendee(1)]))
    code, said = imported(world, path)
    assert code == 0
    assert "新增 1" in said
    assert "号批次" in said
    assert "同一个文件已导入过" in imported(world, path)[1]


@pytest.mark.usefixtures("course")
def test_a_template_filled_in_is_imported_and_only_by_its_own_unit_and_quarter(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "模板.xlsx"
    call_command(
        "make_template", str(path), "--register", "training_attendance", "--organization", world.units["徐庄镇"].code,
        "--period", "2022Q2", stdout=io.StringIO(),
    )  # fmt: skip
    book = load_workbook(path)
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[4]]
    assert "姓名*" in headings
    assert "补贴（元）" in headings
    number = chr(65 + headings.index("身份证号"))
    assert sheet.column_dimensions[number].number_format == "@"
    assert sheet.freeze_panes == "A5"
    offered = {str(rule.sqref)[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert chr(65 + headings.index("人员类别*")) in offered
    assert [cell.value for cell in book["选项"]["A"]][:1] == ["2022-PX-02"]  # the courses of the books
    row = dict(
        zip(
            ["班次*", "姓名*", "身份证号", "人员类别*"],
            ["2022-PX-01", *attendee(1)[2:5:2], "其他"],
            strict=True,
        )
    )
    sheet.append([row.get(str(heading)) for heading in headings])
    done = preview(world, saved(book))
    assert (done.errors, done.warnings, done.added) == ([], [], 1)
    for where, other in (("370406106", "370406101"), ("2022Q2", "2022Q1")):
        cell = next(c for c in sheet[2] if where in str(c.value))
        kept, cell.value = cell.value, str(cell.value).replace(f"/{where}", f"/{other}")
        assert [e.rule for e in preview(world, saved(book)).errors] == ["模板"]
        cell.value = kept
    cell = next(c for c in sheet[2] if "模板" in str(c.value))
    cell.value = str(cell.value).replace(str(cell.value).split("/")[1], "00000000")
    assert ["旧版" in w.message for w in preview(world, saved(book)).warnings] == [True]


def test_an_export_of_courses_comes_back_unchanged_and_dangerous_texts_stay_inert(
    world: World, tmp_path: Path
) -> None:
    rows = [
        (f"2022-PX-{n:02d}", f"班{n}", "就业技能", "荣成市人社局", f"2022.5.{n + 1}-5.{n + 1}")
        for n in range(len(NAUGHTY))
    ]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in [(*courses()[0], "备注"), *((*row, None) for row in rows)]:
        sheet.append(line)
    for number, text in enumerate(NAUGHTY, 2):
        writing.write(sheet.cell(number, 6), text)
    first = commit(world, saved(book))
    assert first.errors == []
    path = tmp_path / "出.xlsx"
    call_command(
        "export_workbook",
        str(path),
        "--register",
        "training_course",
        "--period",
        "2022Q2",
        stdout=io.StringIO(),
    )
    exported = load_workbook(path).worksheets[0]
    column = [cell.value for cell in exported[4]].index("备注") + 1
    cells = [exported.cell(row, column) for row in range(5, 5 + len(NAUGHTY))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells[:5]] == NAUGHTY[:5]
    assert all(cell.quotePrefix for cell in cells[:5])
    again = preview(world, path.read_bytes())
    assert (again.errors, again.added, again.changed, again.unchanged) == ([], 0, 0, len(NAUGHTY))
    assert Event.objects.filter(verb="workbook.exported").count() == 1
    assert path.stat().st_mode & 0o077 == 0


def test_a_sheet_of_nothing_we_know_is_refused_with_the_names_of_what_is_looked_for(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "别的.xlsx"
    path.write_bytes(xlsx({"甲": [["一", "二", "三"], [1, 2, 3]]}))
    out = imported(world, path, "--json")
    assert out[0] == 2
    assert "“培训班次”" in out[1]
    path.write_bytes(xlsx({"班次": courses(COURSE_1)}))
    assert imported(world, path, "--register", "training_attendance")[0] == 2
