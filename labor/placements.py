"""placement, job_fair: who found work where, and the fairs at which (DOMAIN §4.5; the plan, 二（二）一)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from directory.models import User
from labor.beside import read_placements
from labor.figures import fair_tables, placement_tables
from labor.models import Channel, JobFair, Placement, RosterRow
from ledger.making import BENEFIT, NOTE, PERSON, Problem, collect, joined, months_between
from ledger.parsing import day_text
from ledger.registers import Column, Parameter, Register

STABLE_MONTHS = Parameter(
    "stable_months", "稳定就业最少月数", 3, "个月", "务工满几个月算稳定就业；各地 3 或 6 个月", most=12
)
LEAST_MONTHS = Parameter(
    "placement_months", "计入转移就业的最短期限", 1, "个月", "计划期限不足的只作记录；方案未写", most=12
)
# what is asked of the job of somebody registered (DOMAIN §4.5)
REGISTERED = (
    ("wage", "务工月收入"),
    ("has_contract", "是否签订合同"),
    ("point_to_point", "是否点对点输送"),
    ("channel", "就业渠道"),
)
RONGCHENG, STABLE = "赴荣成", "稳定就业"  # the published 其中


def decide_placements(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Where, and whether it counts and is stable: frozen, so that another parameter moves nothing of the past."""
    stable, least = STABLE_MONTHS.value(), LEAST_MONTHS.value()
    for row, _ in lines:
        row.in_rongcheng = "荣成" in row.place
        row.is_stable = _worked(row) >= stable
        # an open end without a planned term is a job as long as it lasts
        row.is_counted = _term(row) >= least if row.ends_on or row.planned_months else True


def _worked(row: Placement) -> int:
    """Months, as stated, or else those between the two days once the job is over."""
    if row.months is None and row.ends_on is not None:
        return max(0, months_between(row.starts_on, row.ends_on))
    return row.months or 0


def _term(row: Placement) -> int:
    """Months that a job lasts: worked, or planned while it goes on."""
    return _worked(row) if row.ends_on is not None else max(_worked(row), row.planned_months or 0)


def placement_errors(row: Placement, by: User, on: date) -> Mapping[str, list[str]]:
    """Dates and months agree."""
    return collect(_placement_problems(row, on))


def _placement_problems(row: Placement, on: date) -> Iterator[Problem]:
    if row.starts_on > on:
        yield "starts_on", f"上岗时间 {row.starts_on} 晚于今天（{on}），上岗后再填报。"
    if row.ends_on is not None and not row.starts_on <= row.ends_on <= on:
        yield "ends_on", f"离岗时间 {row.ends_on} 应在上岗时间 {row.starts_on} 到今天（{on}）之间，请核对。"
    if row.months is not None and row.months > 12:
        yield "months", f"务工时间是当年的月数，最多 12，现为 {row.months}。"
    if row.months and row.wage is None:
        yield "wage", "已有务工时间的，请填务工月收入。"
    if row.wage == 0:
        yield "wage", "务工月收入须大于 0；不知道就不填。"
    if row.before is not None and row.before.ends_on is not None and row.ends_on is None:
        yield "ends_on", "上一步已离岗；重新上岗的请另填一条，填错了请用“更正”。"


def placement_warnings(row: Placement) -> list[str]:
    """What counts and what not, and pay that is no pay of a month."""
    found = []
    if not row.in_rongcheng:
        found.append("务工所在地不在荣成：计入转移就业，不计入其中“赴荣成”。")
    if not row.is_counted:
        least = LEAST_MONTHS.value()
        found.append(f"期限 {_term(row)} 个月，不足 {least} 个月，这一条只作记录，不计入就业人数。")
    if row.wage is not None and not 50_000 <= row.wage <= 5_000_000:
        found.append("务工月收入不在 500 至 50,000 元之间，请核对单位。")
    if row.lifted or row.monitored:
        missing = [label for name, label in REGISTERED if getattr(row, name) in (None, "")]
        if missing:
            found.append(f"脱贫人口和监测对象务工的，还应填写{'、'.join(missing)}。")
    return [*found, *_beside_warnings(row)]


def _beside_warnings(row: Placement) -> Iterator[str]:
    """What the roster and the person's other jobs say (DOMAIN §4.5)."""
    if row.beside is None:
        read_placements([row])
    roster, jobs = row.beside.roster, row.beside.open_jobs
    if roster is not None and roster.skill in (RosterRow.Skill.NONE, RosterRow.Skill.LOST):
        yield f"花名册（{roster.entry_id} 号记录）登记为“{roster.get_skill_display()}”，这里登记务工，请核对。"
    if roster is not None and roster.schooling:
        yield f"花名册（{roster.entry_id} 号记录）登记为在校生，这里登记务工，请核对。"
    own = PLACEMENT.natural_key(row)
    same = {one.entry_id for one in (row, row.before, row.replaces) if one is not None} - {None}
    if row.entry_id:
        same |= {row.entry.corrects_id, row.entry.follows_id}
    others = [number for key, number in jobs.items() if key != own and number not in same]
    if row.ends_on is None and others:
        known = [f"{number} 号记录" for number in sorted(others) if number]
        where = "、".join(known) if known else "同一文件里的另一行"
        yield f"这个人还有没有离岗的务工（{where}），同时两份工作，请核对；已离岗的请登记离岗时间。"


def left_or_began_on(row: Placement) -> date:
    """The day its news is of."""
    return row.ends_on or row.starts_on


PLACEMENT = Register(
    code="placement",
    name="转移就业",
    model=Placement,
    columns=(
        *PERSON,
        Column("place", "务工所在地", "text", required=True, aliases=("务工地点", "就业地点"), example="山东省威海市荣成市"),
        Column("employer", "务工企业名称", "text", required=True, aliases=("务工企业", "就业单位", "单位名称")),
        Column("industry", "所属行业", "text", aliases=("行业",)),
        Column("post", "岗位/工种", "text", required=True, aliases=("岗位", "工种")),
        Column("starts_on", "上岗时间", "date", required=True, aliases=("上岗日期", "就业时间"), month_will_do=True,
               until="ends_on"),
        Column("ends_on", "离岗时间", "date", aliases=("离岗日期",), help="还在岗的不用填。", month_will_do=True),
        Column("planned_months", "计划期限", "integer", unit="个月", aliases=("合同期限",), help="长期的不用填。"),
        Column("months", "务工时间（月）", "integer", aliases=("务工时间(月)", "务工时间", "务工月数")),
        Column("wage", "务工月收入", "money", unit="元", aliases=("务工月收入(元)", "务工月收入（元）", "月收入", "月工资")),
        Column("has_contract", "是否签订合同", "yesno", aliases=("是否签订劳动合同",)),
        Column("point_to_point", "是否点对点输送", "yesno", aliases=("点对点",)),
        Column("channel", "就业渠道", "choice", choices=(*Channel.choices, ("self", "自发"))),
        Column("subsidy", "补贴金额", "money", unit="元", aliases=("交通补贴", "补贴(元)", "补贴（元）")),
        NOTE,
    ),
    headings={"name": "人员", "place": "岗位"},
    folded=("sex", "industry", "months", "wage", "has_contract", "point_to_point", "channel", "subsidy",
              "note"),
    prepare=decide_placements,
    natural_key=lambda row: joined(row.person_id, row.employer, row.starts_on),
    occurred_on=left_or_began_on,
    counts_on=lambda row: row.starts_on,
    summary=lambda row: f"人员 {row.person_id} · {row.employer} · {day_text(row, 'starts_on')}",
    errors=placement_errors,
    warnings=placement_warnings,
    beside=read_placements,
    next_step="登记离岗或续岗",
    counts={
        "employed_people": lambda row: row.is_counted,
        "trained_or_employed": lambda row: row.is_counted,
        BENEFIT: lambda row: row.is_counted,
    },
    parts=lambda row: [RONGCHENG] * row.in_rongcheng + [STABLE] * row.is_stable,
    parameters=(STABLE_MONTHS, LEAST_MONTHS),
    report_tables=placement_tables,
)  # fmt: skip


def fair_errors(row: JobFair, by: User, on: date) -> Mapping[str, list[str]]:
    """Signed ≤ matched ≤ there."""
    return collect(_fair_problems(row))


def _fair_problems(row: JobFair) -> Iterator[Problem]:
    if row.matched is not None and row.attendees is not None and row.matched > row.attendees:
        yield "matched", f"达成意向 {row.matched} 人多于求职人数 {row.attendees} 人，请核对。"
    most = row.matched if row.matched is not None else row.attendees
    if row.signed is not None and most is not None and row.signed > most:
        yield "signed", f"签约 {row.signed} 人多于达成意向或求职的 {most} 人，请核对。"


JOB_FAIR = Register(
    code="job_fair",
    name="专场招聘",
    model=JobFair,
    columns=(
        Column("held_on", "日期", "date", required=True, aliases=("活动日期", "招聘日期")),
        Column("name", "活动名称", "text", required=True, aliases=("招聘会名称", "名称"), example="荣成—山亭春风行动招聘会"),
        Column("host", "主办单位", "text", required=True, aliases=("举办单位",)),
        Column("place", "地点", "text", required=True),
        Column("firms", "参加企业", "integer", unit="家", aliases=("企业数",)),
        Column("posts", "提供岗位", "integer", unit="个", aliases=("岗位数",)),
        Column("attendees", "求职人数", "integer", unit="人", aliases=("参加人数",)),
        Column("matched", "达成意向", "integer", unit="人", aliases=("达成意向人数",)),
        Column("signed", "签约人数", "integer", unit="人"),
        NOTE,
    ),
    natural_key=lambda row: joined(row.held_on, row.name),
    occurred_on=lambda row: row.held_on,
    summary=lambda row: f"{row.name} · {row.held_on:%Y-%m-%d}",
    errors=fair_errors,
    evidence_rule=lambda row: "活动通知或照片",
    adds={"job_fairs": lambda row: 1},
    report_tables=fair_tables,
)  # fmt: skip
