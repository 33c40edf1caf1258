"""django-import-export in the admin: every register out, the directory in and out, by whom and with what left behind."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from audit.models import Event
from directory import files
from directory.models import Alias, Division, Organization
from ledger.registers import Register, all_registers
from tests.ledger.world import World
from tests.workbooks.conftest import Browse, approve_batch, commit
from tests.workbooks.files import attendee, by_hand, cell, identity, roster, xlsx

pytestmark = pytest.mark.alike

REGISTERS = [register for register in all_registers().values() if register.columns]
REASON = "报市局第二季度台账"


def address(model: Any, deed: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{deed}"


def taken_out(client: Client, model: Any, reason: str = "") -> list[list[Any]]:
    """The rows of the file."""
    answer = client.post(address(model, "export/"), {"format": "0", "resource": "0", "reason": reason})
    assert answer.status_code == 200, answer.content.decode()
    assert answer["Content-Disposition"].startswith("attachment"), answer.content.decode()[-3000:]
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    return [[one.value for one in row] for row in sheet.iter_rows()]


@pytest.fixture
def boss(world: World, browse: Browse) -> Client:
    """A system administrator, who keeps the directory and sees no business."""
    user = world.users["北庄"]
    user.role, user.organization = "system_admin", None
    user.save()
    return browse("北庄")


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.code)
def test_every_register_goes_out_to_the_bureau_for_a_reason_if_it_names_people(
    world: World, browse: Browse, register: Register
) -> None:
    client = browse("审核")
    page = client.get(address(register.model, "export/")).content.decode()
    assert "此次将导出以下字段" in page
    assert ("导出理由" in page) is register.is_personal
    assert "export/" in client.get(address(register.model)).content.decode()
    if register.is_personal:
        refused = client.post(
            address(register.model, "export/"), {"format": "0", "resource": "0", "reason": ""}
        )
        assert "请写明导出理由" in refused.content.decode()
        assert not Event.objects.filter(verb="workbook.exported").exists()
    headings = taken_out(client, register.model, REASON)[0]
    assert headings[:4] == ["记录号", "版本", "填报单位", "状态"]
    assert len(headings) == 4 + len(register.columns)
    event = Event.objects.get(verb="workbook.exported")
    assert event.actor_id == world.users["审核"].pk
    assert (REASON in event.summary) is register.is_personal
    for name in ("徐庄", "财政"):
        assert browse(name).get(address(register.model, "export/")).status_code in (302, 403)


@pytest.mark.usefixtures("course")
def test_rows_go_out_masked_every_version_with_unit_and_state_and_formulas_inert(
    world: World, browse: Browse, django_assert_max_num_queries: Any
) -> None:
    rows = [attendee(n) for n in range(1, 6)]
    rows[0][10], rows[1][10] = "+1", "@SUM(A1)"
    report = commit(world, roster(rows))
    assert report.errors == []
    approve_batch(world, report.batch, 2)
    model: Any = next(one.model for one in REGISTERS if one.code == "training_attendance")
    client = browse("审核")
    with django_assert_max_num_queries(25):
        found = taken_out(client, model, REASON)
    assert [row[2:4] for row in found[1:]] == [*[["徐庄镇", "待审核"]] * 3, *[["徐庄镇", "已通过"]] * 2]
    assert identity(1) not in str(found)
    remark = found[0].index("备注")
    assert [row[remark] for row in found[1:]][::-1][:2] == ["+1", "@SUM(A1)"]
    only = f"{address(model, 'export/')}?entry__state__exact=approved"
    answer = client.post(only, {"format": "0", "resource": "0", "reason": REASON})
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet.max_row == 3
    remarks = [sheet.cell(row, remark + 1) for row in (2, 3)]
    assert {one.data_type for one in remarks} == {"s"}
    assert all(one.quotePrefix for one in remarks)


def test_no_register_comes_in_here() -> None:
    for register in REGISTERS:
        assert not hasattr(admin.site.get_model_admin(register.model), "import_action")


def uploaded(client: Client, model: Any, data: bytes, name: str = "名录.xlsx") -> str:
    file = SimpleUploadedFile(name, data)
    answer = client.post(address(model, "import/"), {"format": "0", "resource": "0", "import_file": file})
    assert answer.status_code == 200
    return answer.content.decode()


def confirmed(client: Client, model: Any, page: str) -> Any:
    form = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0]
        for name in ("import_file_name", "original_file_name", "format", "resource")
    }
    return client.post(address(model, "process_import/"), form, follow=True)


@pytest.mark.parametrize("model", [Division, Organization, Alias])
def test_the_directory_that_went_out_comes_in_and_changes_nothing(
    world: World, boss: Client, model: Any
) -> None:
    unit = world.units["徐庄镇"]
    Alias.objects.create(kind="organization", text="徐庄", organization=unit)
    Alias.objects.create(kind="township", text="徐庄街", division=unit.division)
    rows = taken_out(boss, model)
    assert len(rows) > 1
    page = uploaded(boss, model, xlsx({"表": rows}))
    assert "确认导入" in page
    assert "<ins>" not in page
    assert ' style="' not in page.partition('id="content"')[2]
    text = confirmed(boss, model, page).content.decode()
    assert "新增 0 行，修改 0 行" in text
    assert (
        Event.objects.filter(
            verb__in=[f"{model._meta.model_name}.{deed}" for deed in ("created", "changed")]
        ).count()
        == 0
    )
    assert not list(files.pending().iterdir())


def test_new_and_changed_rows_are_shown_before_they_are_written_and_kept_in_the_audit_trail(
    world: World, boss: Client
) -> None:
    town = world.units["徐庄镇"].division
    assert town is not None
    rows = [
        ["区划代码", "名称", "级别", "上级区划代码", "停用日期"],
        [f"{town.code}900", "新村", "村居", town.code, ""],
        [
            town.code,
            "徐庄镇（改）",
            town.get_level_display(),
            town.parent.code if town.parent else "",
            "2030-01-01",
        ],
    ]
    page = uploaded(boss, Division, xlsx({"表": rows}))
    assert "<ins>新村</ins>" in page
    assert f"<del>{town.name}</del> <ins>徐庄镇（改）</ins>" in page
    assert not Division.objects.filter(name="新村").exists()
    text = confirmed(boss, Division, page).content.decode()
    assert "新增 1 行，修改 1 行" in text
    town.refresh_from_db()
    assert (town.name, str(town.valid_to)) == ("徐庄镇（改）", "2030-01-01")
    assert Division.objects.get(name="新村").parent == town
    verbs = Event.objects.filter(verb__startswith="division.").values_list("verb", flat=True)
    assert sorted(verbs) == ["division.changed", "division.created"]
    again = confirmed(boss, Division, page).content.decode()
    assert "文件已过期或已经导入" in again


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"级别": "乡"}, "没有“乡”这一项，可填：县（区、市）、镇街、村居"),
        ({"上级区划代码": "370406999"}, "没有代码为 370406999 的行政区划"),
        ({"停用日期": "明年"}, "请写 2022-03-01 这样的日期"),
        ({"区划代码": "37"}, "区划代码应为6位、9位或12位数字"),
        ({"名称": ""}, "不能为空"),
    ],
)
def test_a_wrong_cell_is_named_in_chinese_and_nothing_is_written(
    world: World, boss: Client, change: dict[str, str], words: str
) -> None:
    town = world.units["徐庄镇"].division
    assert town is not None
    good = {
        "区划代码": f"{town.code}901",
        "名称": "甲村",
        "级别": "村居",
        "上级区划代码": town.code,
        "停用日期": "",
    }
    wrong = {**good, "区划代码": f"{town.code}902", **change}
    data = xlsx({"表": [list(good), list(good.values()), list(wrong.values())]})
    page = uploaded(boss, Division, data)
    assert "有 1 行需要改正，没有写入任何内容" in page
    assert words in page
    assert "确认导入" not in page
    assert not Division.objects.filter(name="甲村").exists()


def test_kind_and_side_of_a_unit_stay_and_new_units_are_not_made_here(world: World, boss: Client) -> None:
    unit = world.units["徐庄镇"]
    heads = ["单位代码", "类别"]
    page = uploaded(boss, Organization, xlsx({"表": [heads, [unit.code, "部门"]]}))
    assert "建立后不能再改" in page
    rows = [
        ["单位代码", "单位全称", "简称", "类别", "所属方", "在用"],
        ["xinju", "新局", "新局", "部门", "山亭", "是"],
    ]
    assert "您不能在这里新增单位" in uploaded(boss, Organization, xlsx({"表": rows}))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (xlsx({"表": [["名称"], ["甲"]]}), "第一行缺少栏目：区划代码"),
        (xlsx({"表": [["区划代码", "面积"], ["1", "2"]]}), "不认识的栏目：面积"),
        (xlsx({"表": [["区划代码", "名称"]]}), "除第一行外没有内容"),
        (by_hand(cell("A1", "1") + cell("XFD1048576", "1")), "请"),
        (b"PK\x03\x04" + b"\0" * 100, "损坏"),
        (b"%PDF-1.4", "不是 Excel"),
    ],
    ids=["no code", "strange", "empty", "corner cells", "cut off", "PDF"],
)
def test_a_file_that_is_none_of_ours_is_refused_with_what_to_do(
    boss: Client, data: bytes, words: str
) -> None:
    page = uploaded(boss, Division, data)
    errors = page.partition('class="errorlist"')[2].partition("</ul>")[0]
    assert errors
    assert words in errors
    assert not files.pending().is_dir() or not list(files.pending().iterdir())


def test_who_may_not_change_the_directory_may_not_import_it(world: World, browse: Browse) -> None:
    reviewer = browse("审核")
    for model, expected in ((Division, 403), (Organization, 403), (Alias, 200)):
        assert reviewer.get(address(model, "import/")).status_code == expected
        assert reviewer.get(address(model, "export/")).status_code == 200
        assert browse("徐庄").get(address(model, "import/")).status_code in (302, 403)
        assert browse("徐庄").post(address(model, "process_import/")).status_code in (302, 403)


def test_a_directory_that_changed_after_the_preview_takes_all_rows_or_none(
    world: World, boss: Client
) -> None:
    town = world.units["徐庄镇"].division
    assert town is not None
    heads = ["区划代码", "名称", "级别", "上级区划代码"]
    rows = [[f"{town.code}90{n}", f"{n}村", "村居", town.code] for n in range(3)]
    page = uploaded(boss, Division, xlsx({"表": [heads, *rows]}))
    Division.objects.filter(pk=town.pk).update(code="370406998")
    text = confirmed(boss, Division, page).content.decode()
    assert "什么都没有写入" in text
    assert not Division.objects.filter(name="0村").exists()
