"""What labor offers the first screen and the reports; dates and scope are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger import figures
from ledger.models import Period, Plan
from ledger.registers import Card, Figure, ReportTable
from ledger.scope import Scope
from ledger.tables import Measure, by_kind, by_unit, standing

TRAINED = (
    ("参加培训", "trained_people"),
    ("培训人次", "training_attendances"),
    ("举办培训班", "training_courses"),
)


def cards(targets: Mapping[str, figures.Target]) -> Sequence[Card]:
    """技能培训: 人, 人次 and 场, approved and waiting. Nothing where the plan counts none of them."""
    shown = [
        Figure(label, target.approved, target.unit, target.held, code)
        for label, code in TRAINED
        if (target := targets.get(code))
    ]
    note = "一人参加两个班次，计 1 人、2 人次；没有花名册的班次只计估计人次。"
    return [Card("技能培训", shown, note)] if shown else []


def course_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """班次 by unit, 本季 and 累计; nothing where the plan counts none."""
    return by_unit("培训班次", (("班次", "training_courses"),), "场", "", plan, scope, as_of)


def attendance_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """人次 and 人 by unit, 本季 and 累计."""
    columns = (("培训人次", "training_attendances"), ("培训人数", "trained_people"))
    note = (
        "人数一人只计一次，本季是本季新增的人；一人在两个单位参加的，两个单位各计一次，合计只计一次。"
        "没有花名册的班次只计估计人次。"
    )
    return by_unit("培训人次和人数", columns, "人次、人", note, plan, scope, as_of)


def placement_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """就业 people by unit, each once, and the jobs they have by place (DOMAIN §8 附表 4)."""
    note = "人数一人只计一次，本季是本季新增的人。"
    people = by_unit("转移就业人数", (("就业人数", "employed_people"),), "人", note, plan, scope, as_of)
    jobs = by_kind(
        "转移就业岗位",
        "务工所在地",
        list(standing("placement", plan, scope, as_of)),
        lambda row: "荣成" if row.in_rongcheng else "其他",
        ["荣成", "其他"],
        [
            Measure("务工记录", lambda row: 1),
            Measure("在岗", lambda row: int(row.ends_on is None)),
            Measure("稳定就业", lambda row: int(row.is_stable)),
            Measure("点对点输送", lambda row: int(bool(row.point_to_point))),
        ],
        as_of=as_of,
        unit="条",
        note="按务工记录数，一人可有先后几份工作。",
    )
    return [*people, *jobs]


def fair_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """专场招聘: fairs, posts and people by who held them."""
    rows = list(standing("job_fair", plan, scope, as_of))
    return by_kind(
        "专场招聘",
        "主办单位",
        rows,
        lambda row: str(row.host),
        sorted({row.host for row in rows}),
        [
            Measure("场次", lambda row: 1),
            Measure("提供岗位", lambda row: row.posts),
            Measure("达成意向", lambda row: row.matched),
            Measure("签约", lambda row: row.signed),
        ],
        since=lambda row: row.held_on,
        as_of=as_of,
        unit="场、个、人",
    )
