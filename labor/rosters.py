"""roster: who is able to work (DOMAIN §4.4; the plan, 二（二）一)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from directory.models import PersonFact, User
from labor.beside import household_conflicts, read_households
from labor.models import Channel, RosterRow
from ledger.making import BIRTH_MONTH, DIVISION, ID_NUMBER, NAME, NOTE, PHONES, SEX, Problem, collect
from ledger.registers import Column, Register

RELATIONS = tuple(
    (name, name)
    for name in (
        "户主", "配偶", "之子", "之女", "之儿媳", "之女婿", "之孙子", "之孙女", "之外孙子", "之外孙女", "之父", "之母",
        "之岳父", "之岳母", "之公公", "之婆婆", "之祖父", "之祖母", "之外祖父", "之外祖母", "之兄弟姐妹", "之曾孙子",
        "之曾孙女", "之侄儿", "之侄女", "之兄弟媳妇", "之叔伯", "其他",
    )
)  # fmt: skip


def roster_errors(row: RosterRow, by: User, on: date) -> Mapping[str, list[str]]:
    """The cross-checks of the national system (DOMAIN §4.4)."""
    return collect(_roster_problems(row))


def _roster_problems(row: RosterRow) -> Iterator[Problem]:
    if bool(row.education) == bool(row.schooling):
        yield "education", "文化程度和在校生状况须填一项，且只填一项。"
    if bool(row.work_place) != bool(row.work_months):
        yield "work_months", "务工所在地和务工时间须同时填写，或同时不填。"
    if row.wage == 0 or (row.wage and not row.work_months):
        yield "wage", "没有务工时间的不填务工月收入；收入不知道就不填。"
    if (row.work_months or 0) > 12:
        yield "work_months", f"务工时间最多 12 个月，现为 {row.work_months}。"
    if bool(row.public_post) != bool(row.public_months):
        yield "public_months", "公益性岗位和月数须同时填写，或同时不填。"
    if (row.public_months or 0) > 12:
        yield "public_months", f"公益性岗位月数最多 12，现为 {row.public_months}。"
    unstable = row.monitor_type == PersonFact.MonitorType.UNSTABLE
    if unstable and row.household_type != PersonFact.HouseholdType.LIFTED:
        yield "monitor_type", "脱贫不稳定户必为脱贫户，请核对户类型。"
    if row.risk_removed is not None and row.monitor_type in ("", PersonFact.MonitorType.NONE):
        yield "risk_removed", "不是监测对象，不填风险是否消除。"


def roster_warnings(row: RosterRow) -> list[str]:
    """Able to work, by one column, and working, by another."""
    found = []
    if row.skill in (RosterRow.Skill.NONE, RosterRow.Skill.LOST) and row.work_months:
        found.append("劳动技能为无劳动力或丧失劳动力，却有务工时间，请核对。")
    disabled = row.person.disability.open() != ""
    if (row.health == RosterRow.Health.DISABLED) != disabled:
        found.append("健康状况“残疾”与 20 位残疾人证号不一致，请核对。")
    return [*found, *_household_warnings(row)]


def _household_warnings(row: RosterRow) -> Iterator[str]:
    """A household has its 户主, and a couple are a man and a woman (DOMAIN §4.4)."""
    if not row.household_no:
        return
    if row.beside is None:
        read_households([row])
    household = row.beside.values()
    heads = [one for one in household if one.relation == "户主"]
    if not heads:
        yield f"户编号 {row.household_no} 在花名册里还没有户主，请核对与户主关系，或补报户主。"
    if len(heads) > 1:
        yield f"户编号 {row.household_no} 在花名册里有 {len(heads)} 个户主，请核对与户主关系。"
    for head in heads if row.relation == "配偶" else ():
        if head.person.sex and head.person.sex == row.person.sex:
            yield "配偶与户主性别相同，请核对与户主关系。"


ROSTER = Register(
    code="roster",
    name="劳动力花名册",
    model=RosterRow,
    columns=(
        Column("roster_on", "花名册日期", "date", required=True, aliases=("截至日期", "导出日期"), example="2022-06-30"),
        DIVISION,
        Column("household_no", "户编号", "text", numbered=True),
        Column("member_no", "人口编号", "text", numbered=True),
        NAME,
        SEX,
        BIRTH_MONTH,
        ID_NUMBER,
        Column("ethnicity", "民族", "text", example="汉族"),
        Column("relation", "与户主关系", "choice", required=True, choices=RELATIONS),
        Column("household_type", "户类型", "choice", required=True,
               choices=(*PersonFact.HouseholdType.choices, ("ordinary", "一般农户"))),
        Column("monitor_type", "监测对象类别", "choice", choices=(*PersonFact.MonitorType.choices, ("none", "空"))),
        Column("risk_removed", "风险是否消除", "yesno", aliases=("风险是否已消除",)),
        Column("education", "文化程度", "choice", choices=(*RosterRow.Education.choices,)),
        Column("schooling", "在校生状况", "text"),
        Column("health", "健康状况", "choice", required=True, choices=(*RosterRow.Health.choices,)),
        Column("skill", "劳动技能", "choice", required=True, choices=(*RosterRow.Skill.choices,), aliases=("劳动能力",)),
        replace(PHONES, aliases=(*PHONES.aliases, "成员联系电话")),
        Column("work_place", "务工所在地", "text"),
        Column("work_months", "务工时间（月）", "integer", aliases=("务工时间(月)", "务工时间")),
        Column("employer", "务工企业名称", "text"),
        Column("industry", "所属行业", "text"),
        Column("wage", "务工月收入", "money", unit="元", aliases=("务工月收入(元)", "务工月收入（元）")),
        Column("point_to_point", "是否点对点输送", "yesno"),
        Column("channel", "就业渠道", "choice", choices=(*Channel.choices, ("self", "自发"))),
        Column("public_post", "公益性岗位", "text"),
        Column("public_months", "公益性岗位（月数）", "integer", aliases=("公益性岗位(月数)",)),
        Column("wish", "就业意愿", "text", example="愿赴荣成"),
        Column("wish_place", "意向地", "text"),
        Column("wish_post", "意向岗位", "text"),
        Column("training_need", "培训需求", "text"),
        NOTE,
    ),
    headings={"roster_on": "本人", "relation": "家庭和类别", "education": "能力", "work_place": "就业", "wish": "意愿"},
    folded=("household_no", "member_no", "sex", "ethnicity", "risk_removed", "public_post",
              "public_months", "employer", "wish_place", "wish_post", "training_need", "note"),
    natural_key=lambda row: str(row.person_id),
    occurred_on=lambda row: row.roster_on,
    summary=lambda row: f"人员 {row.person_id} · {row.get_skill_display()} · {row.roster_on:%Y-%m-%d}",
    errors=roster_errors,
    warnings=roster_warnings,
    conflicts=household_conflicts,
    beside=read_households,
    next_step="更新花名册",
)  # fmt: skip
