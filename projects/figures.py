"""What projects offers the first screen and the reports; dates and scope are passed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import F

from ledger import figures
from ledger.models import Period, Plan
from ledger.money import yuan
from ledger.registers import Card, Figure, ReportTable
from ledger.scope import Scope
from ledger.tables import Measure, by_kind, by_unit, standing
from projects.models import Project, PvStation
from projects.models.project import State

# --- photovoltaics ----------------------------------------------------------------------------------------------

PV_HEADINGS = (
    "电站",
    "发电量 本季",
    "发电量 累计",
    "到账收入 本季",
    "到账收入 累计",
    "已分配 累计",
    "未分配",
)
PV_NOTE = "发电量单位千瓦时，金额单位元。发电收入不计入协作资金 450 万元；已分配不能多于到账收入。"


def pv_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """Energy, income and its use, station by station; nothing before the first month is approved."""
    counts = figures.own_counts(plan, "pv_", scope=scope, as_of=as_of)
    stations: dict[int, dict[str, tuple[int, int]]] = defaultdict(lambda: defaultdict(lambda: (0, 0)))
    for stage, count in counts.items():
        what, _, station = stage.rpartition("_")
        kind = "used" if what.startswith("pv_used") else what
        quarter, total = stations[int(station)][kind]
        stations[int(station)][kind] = quarter + count.quarter, total + count.total
    if not stations:
        return []
    named = PvStation.objects.filter(
        entry__subject__in=stations, entry__subject__in_force=F("entry"), version=F("entry__version")
    )
    names = dict(named.values_list("entry__subject", "name"))
    rows = []
    for pk, held in sorted(stations.items()):
        energy, unused, used = held["pv_energy"], held["pv_income"], held["used"]
        # what came in is what is still there and what was used of it
        rows.append(
            [
                names.get(pk, f"电站 {pk}"),
                *(yuan(one) for one in energy),
                *(yuan(left + gone) for left, gone in zip(unused, used, strict=True)),
                yuan(used[1]),
                yuan(unused[1]),
            ]
        )
    return [ReportTable("光伏发电收入和分配", PV_HEADINGS, rows, unit="千瓦时、元", note=PV_NOTE)]


# --- Hope Rooms -------------------------------------------------------------------------------------------------

ROOMS = (("评审通过", "hope_rooms"), ("其中验收合格", "hope_rooms_accepted"))


def room_cards(targets: Mapping[str, figures.Target]) -> Sequence[Card]:
    """希望小屋: places taken, and rooms accepted. Nothing where the plan counts none."""
    shown = [
        Figure(label, target.approved, target.unit, target.held, code)
        for label, code in ROOMS
        if (target := targets.get(code))
    ]
    note = "评审通过即占一个名额，取消后空出；一名儿童一个小屋。"
    return [Card("希望小屋", shown, note)] if shown else []


def room_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """Places taken and rooms accepted by unit, 本季 and 累计; no child, no village."""
    note = "评审通过即占一个名额，取消后空出。计入儿童所在镇街；不推定每个小屋的单价。"
    return by_unit("希望小屋", ROOMS, "个", note, plan, scope, as_of)


# --- projects -----------------------------------------------------------------------------------------------------


def project_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """Where the money is meant to go: projects by kind, the zone's sub-projects by its six contents (CLAUSES 二（一）一: share
    by tag). What gives its money back is not in it."""
    gone = (State.VOID, State.ENDED)
    rows = list(standing("project", plan, scope, as_of).exclude(state__in=gone).select_related("line"))
    measures = [
        Measure("项目", lambda row: 1),
        Measure("协作资金", lambda row: row.fund, is_money=True),
        Measure("总投资", lambda row: row.total, is_money=True),
    ]
    whole = by_kind(
        "项目类别",
        "项目类别",
        [row for row in rows if not row.is_sub],
        lambda row: row.get_kind_display(),
        [kind.label for kind in Project.Kind],
        measures,
        as_of=as_of,
        unit="个、万元",
        note="推进区算一个项目，其子项目另列。",
    )
    parts = by_kind(
        "推进区六项内容",
        "内容",
        [row for row in rows if row.is_sub],
        lambda row: row.get_tag_display(),
        [tag.label for tag in Project.Tag],
        measures,
        as_of=as_of,
        unit="个、万元",
        note="方案没有在六项内容之间分配，这里按子项目填报的内容汇总。",
    )
    return [*whole, *parts]
