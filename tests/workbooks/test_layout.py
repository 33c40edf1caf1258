"""Templates and exports as officials hand them in: lines, merged headings, sums, paper, protection, help."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from aid.registers import ENTERPRISE_LEAD
from labor.registers import TRAINING_ATTENDANCE
from ledger.models import Entry, Period
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import a_county
from tests.workbooks.conftest import ON, approve_batch, commit, preview
from tests.workbooks.files import xlsx
from workbooks import writing
from workbooks.planning import registers_for


@kept
def world() -> World:
    return a_county()


def opened(data: bytes) -> Worksheet:
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


FIRM = {
    "日期": "2022.4.20", "企业名称": "荣成某食品公司", "行业": "食品加工", "带队人": "总经理", "对接部门": "工信局",
    "考察地点": "城头镇", "合作意向": "豆制品深加工", "阶段": "意向",
    "协议投资（万元）": 2000, "吸纳就业": 30, "其中脱贫": 5, "其中监测": 2,
}  # fmt: skip


def exported(world: World, *firms: dict[str, Any]) -> bytes:
    report = commit(world, xlsx({"企业": [list(FIRM), *(list(firm.values()) for firm in firms)]}))
    assert report.errors == []
    return writing.export(
        register=ENTERPRISE_LEAD,
        entries=writing.live(Entry.objects.unscoped("测试"), ENTERPRISE_LEAD),
        title="徐庄镇产业对接（2022年第2季度）",
        on=ON,
        organization=world.units["徐庄镇"],
        period=Period.objects.get(code="2022Q2"),
    )


def test_an_export_has_title_lines_merged_headings_sums_signatures_and_paper(world: World) -> None:
    data = exported(world, FIRM, {**FIRM, "企业名称": "另一家", "协议投资（万元）": 12.5, "其中脱贫": 1})
    sheet = opened(data)
    assert sheet["A1"].value == "徐庄镇产业对接（2022年第2季度）"
    assert sheet["A2"].value == "填报单位：徐庄镇　　截至：2022-06-30　　单位：元　　导出日期：2022-07-05"
    top = {cell.value: cell.coordinate for cell in sheet[4] if cell.value}
    below = {cell.value for cell in sheet[5] if cell.value}
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert "其中" in top
    assert {"脱贫人口", "监测对象"} <= below
    assert any(area.startswith(top["其中"]) for area in merged)
    assert f"{top['企业名称']}:{top['企业名称'][:-1]}5" in merged
    money, poor = top["协议投资（元）"][:-1], sheet.cell(5, 1)
    assert poor.value is None
    assert sheet[f"{money}8"].value == f"=SUM({money}6:{money}7)"
    assert (sheet["A8"].value, str(sheet["A10"].value)[:4]) == ("合计", "填表人：")
    setup = sheet.page_setup
    assert (setup.orientation, str(setup.paperSize), setup.fitToWidth) == ("landscape", "9", 2)
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.print_title_cols) == ("A6", "$4:$5", "$A:$B")
    assert sheet.oddFooter is not None
    assert sheet.oddFooter.center is not None
    assert sheet.oddFooter.center.text == "第 &P 页，共 &N 页"
    again = preview(world, data)
    assert (again.errors, again.warnings, again.added, again.changed, again.unchanged) == ([], [], 0, 0, 2)


def test_a_changed_row_of_a_register_that_goes_on_by_steps_is_called_a_step(world: World) -> None:
    firm = {**FIRM, "进展日期": ""}
    report = commit(world, xlsx({"企业": [list(firm), list(firm.values())]}))
    approve_batch(world, report.batch)
    firm |= {"阶段": "签约", "进展日期": "2022.6.20"}
    later = preview(world, xlsx({"企业": [list(firm), list(firm.values())]}))
    assert later.errors == []
    assert ENTERPRISE_LEAD.next_step
    assert [one.becomes for one in later.changes] == [f"已通过，{ENTERPRISE_LEAD.next_step}"]


def test_a_template_protects_its_guidance_helps_at_every_cell_and_leaves_the_rest_free(world: World) -> None:
    data = writing.template(
        register=TRAINING_ATTENDANCE,
        organization=world.units["徐庄镇"],
        period=Period.objects.get(code="2022Q2"),
        user=world.users["徐庄"],
        on=ON,
    )
    sheet = opened(data)
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert not any(getattr(sheet.protection, name) for name in ("insertRows", "deleteRows", "formatCells"))
    assert all(sheet.cell(row, 1).protection.locked for row in range(1, 5))
    columns = TRAINING_ATTENDANCE.columns
    free = [d for d in sheet.column_dimensions.values() if not d.protection.locked]
    assert {column for d in free for column in range(d.min or 0, (d.max or 0) + 1)} == set(range(1, 16_385))
    rules = sheet.data_validations.dataValidation
    assert [rule.promptTitle for rule in rules] == [column.label for column in columns]
    assert all(rule.showInputMessage and rule.prompt and len(rule.prompt) <= 255 for rule in rules)
    offered = {rule.promptTitle for rule in rules if rule.type == "list"}
    assert {"性别", "人员类别", "是否合格"} <= offered


@pytest.mark.alike
def test_every_register_has_a_template_of_its_own_that_is_known_again(world: World) -> None:
    unit, period = world.units["徐庄镇"], Period.objects.get(code="2022Q2")
    codes = registers_for(unit)
    assert len(codes) > 15
    for register in codes:
        data = writing.template(
            register=register, organization=unit, period=period, user=world.users["徐庄"], on=ON
        )
        report = preview(world, data)
        assert [one.register for one in report.sheets] == [register.name]
        assert (report.errors, report.warnings, report.rows) == ([], [], 0)
