"""A county with the plan of 2022, in which the towns file their projects."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.kept import kept
from tests.ledger.world import World
from tests.registers import Trial, a_county

# what a sub-project of the zone says when it is 立项, by column label
BARN: Mapping[str, str] = {
    "预算项目": "2022-01",
    "子项目编码": "2022-01-01",
    "项目名称": "食用菌大棚",
    "项目类别": "产业",
    "推进区内容": "产业发展",
    "建设性质": "新建",
    "建设地点": "北庄镇洪门村",
    "建设内容及规模": "大棚 20 座",
    "项目状态": "已立项",
    "总投资": "120",
    "协作资金": "120",
    "责任单位": "乡村振兴局",
    "实施单位": "370406104",
    "责任人": "北演示",
    "立项时间": "2022-02-20",
    "计划文号": "山乡振发[2022]10号",
}
# what each later state adds; a state carries all of those before it
LATER: Mapping[str, Mapping[str, str]] = {
    "已批复": {
        "批复时间": "2022-03-05",
        "批复文号": "山乡振批〔2022〕3号",
        "批复金额": "120",
        "计划开工": "2022-04-20",
        "计划完工": "2022-09-30",
        "绩效目标": "建成大棚 20 座",
        "受益户": "60",
        "受益人口": "180",
    },
    "招标采购": {"招标公告日": "2022-03-10", "招标方式": "公开招标"},
    "在建": {
        "中标日": "2022-04-01",
        "中标单位": "枣庄演示农业设施有限公司",
        "合同日": "2022-04-08",
        "合同编号": "BZ-01",
        "合同金额": "1100000",
        "付款节点": "开工40、完工90、验收100",
        "实际开工": "2022-04-18",
    },
    "已完工": {"实际完工": "2022-09-20"},
    "已验收": {"验收时间": "2022-10-10", "验收结论": "合格"},
    "已决算": {"审定时间": "2022-10-28", "审定金额": "1080000"},
    "已移交": {"移交时间": "2022-11-05", "产权单位": "洪门村集体", "管护责任人": "洪门村委会"},
    "已归档": {"评价时间": "2022-11-20", "评价等级": "优"},
}


def at(state: str, **changed: str) -> dict[str, str]:
    """The barn in a state, with columns changed."""
    typed = dict(BARN)
    if state != "已立项":
        for name, further in LATER.items():
            typed |= further
            if name == state:
                break
    return {**typed, "项目状态": state, **changed}


def bare(state: str, **changed: str) -> dict[str, str]:
    """The same in a budget line of its own, 美丽乡村提升工程, whose town has its money."""
    own = {"预算项目": "2022-04", "子项目编码": "", "推进区内容": "", "项目名称": "美丽乡村提升工程", "项目类别": "美丽乡村",
           "总投资": "100", "协作资金": "100", "批复金额": "100", "实施单位": "370406106", "合同金额": "900000"}  # fmt: skip
    typed = at(state)
    return {**{k: own.get(k, v) for k, v in typed.items()}, **changed}


@kept
def world() -> World:
    return a_county()


@pytest.fixture
def barn(world: World) -> Trial:
    from projects.registers import PROJECT

    return Trial(world, PROJECT, "北庄")


@pytest.fixture
def village(world: World) -> Trial:
    from projects.registers import PROJECT

    return Trial(world, PROJECT, "徐庄")
