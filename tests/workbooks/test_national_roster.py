"""A roster as the national system exports it: 乡 and 村 in two columns, 出生日期 beside the number, work in columns of its own
(DOMAIN §4.4)."""

from __future__ import annotations

from typing import Any

import pytest

from directory.models import Division
from labor.models import RosterRow
from tests.ledger.world import World
from tests.workbooks.conftest import commit, preview
from tests.workbooks.files import identity, xlsx

HEAD = (  # noqa: SIM905  one line each would be thirty
    "花名册日期 省 市 县 乡 村 户编号 人口编号 姓名 性别 出生日期 证件号码 民族 与户主关系 户类型 监测对象类别 风险是否已消除 "
    "文化程度 在校生状况 健康状况 劳动技能 成员联系电话 务工所在地 务工时间（月） 务工企业名称 所属行业 务工月收入（元） "
    "是否点对点输送 就业渠道 公益性岗位 公益性岗位（月数）"
).split()


@pytest.fixture(autouse=True)
def villages(world: World) -> None:
    """徐庄镇 with 湖沟."""
    town = Division.objects.get(code="370406106")
    Division.objects.get_or_create(
        code="370406106204", defaults={"name": "湖沟村委会", "level": "village", "parent": town}
    )


def member(number: int, **changes: Any) -> list[Any]:
    sex = "男" if number % 2 else "女"
    number_of = identity(number, sex)
    row = {
        "花名册日期": "2022-05-31", "省": "山东省", "市": "枣庄市", "县": "山亭区", "乡": "徐庄镇", "村": "湖沟村",
        "户编号": "370406000123456789", "人口编号": f"37040600012345678{number}", "姓名": "演示" + "甲乙丙丁"[number % 4],
        "性别": sex, "出生日期": f"{number_of[6:10]}-{number_of[10:12]}-{number_of[12:14]}", "证件号码": number_of,
        "民族": "汉族", "与户主关系": "户主" if number == 1 else "配偶" if number == 2 else "之子", "户类型": "脱贫户",
        "文化程度": "初中", "健康状况": "健康", "劳动技能": "普通劳动力", "成员联系电话": f"1380000{number:04d}",
        "务工所在地": "荣成", "务工时间（月）": 5, "务工企业名称": "某食品公司", "所属行业": "食品", "务工月收入（元）": 4200,
        "是否点对点输送": "是", "就业渠道": "政府组织", **changes}  # fmt: skip
    return [row.get(name, "") for name in HEAD]


def test_its_columns_are_all_read_and_the_place_is_put_together(world: World) -> None:
    data = xlsx({"花名册": [HEAD, member(1), member(2), member(3)]})
    report = commit(world, data, registers=("roster",))
    assert [one.message for one in report.errors] == []
    assert report.added == 3
    assert not [one.message for one in report.warnings if "没有读取" in one.message]
    rows = RosterRow.objects.order_by("entry_id")
    assert {row.division.code for row in rows if row.division} == {"370406106204"}
    worked = rows.values_list("industry", "wage", "point_to_point", "channel")
    assert set(worked) == {("食品", 420_000, True, "government")}


def test_two_heads_of_a_household_and_a_place_that_is_none_are_named_at_their_cells(world: World) -> None:
    two = [member(1), member(2, 与户主关系="户主"), member(3, 村="没有的村")]
    report = preview(world, xlsx({"花名册": [HEAD, *two]}), registers=("roster",))
    said = {(one.cell, one.column): one.message for one in report.errors}
    at = f"{chr(ord('A') + HEAD.index('与户主关系'))}"
    assert "已有户主（同一文件里的另一行），一户只有一个户主" in said[f"{at}2", "与户主关系"]
    assert "一户只有一个户主" in said[f"{at}3", "与户主关系"]
    village = f"{chr(ord('A') + HEAD.index('村'))}4"
    assert "没有的村" in said[village, "镇村"]


def test_a_birth_date_that_is_not_the_numbers_is_refused(world: World) -> None:
    report = preview(world, xlsx({"花名册": [HEAD, member(1, 出生日期="1950-01-01")]}), registers=("roster",))
    assert [one.column for one in report.errors] == ["出生年月"]
