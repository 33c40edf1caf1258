"""项目 and what belongs to it, as the ledger, the desk and the workbooks know it (DESIGN §4; DOMAIN §3, §4.2–4.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ledger.making import NOTE, joined, towns_and_departments
from ledger.money import yuan
from ledger.registers import EVERY_ROW, Column, Register, Sharing
from projects import papers, progress, project, story
from projects.figures import project_tables
from projects.hope_rooms import HOPE_ROOM
from projects.models import Asset, Notice, Progress, Project, Work, ZoneMember
from projects.models.project import State
from projects.project import FUNDS, LABELS
from projects.pv import PV_SHARE, PV_STATION, PV_YIELD
from projects.standing import read_together, set_beside
from projects.states import needed_in, shown_in

LINE = Column("line", "项目名称", "line", required=True, aliases=("项目", "项目编码"))


def _day(name: str, *aliases: str, help: str = "") -> Column:
    return Column(name, LABELS[name], "date", aliases=aliases, help=help)


def _text(name: str, *aliases: str, numbered: bool = False, example: str = "", help: str = "") -> Column:
    return Column(name, LABELS[name], "text", aliases=aliases, numbered=numbered, example=example, help=help)


def _money(name: str, *aliases: str, required: bool = False, unit: str = "万元") -> Column:
    label = LABELS[name]
    spelled = tuple(f"{one}{left}{u}{right}" for one in (label, *aliases) for u in ("万元", "元")
                    for left, right in (("(", ")"), ("（", "）")))  # fmt: skip
    return Column(
        name,
        label,
        "money",
        required=required,
        unit=unit,
        aliases=(*aliases, *spelled),
        may_be_zero=name in FUNDS,
    )


def _number(name: str, unit: str, *aliases: str) -> Column:
    return Column(name, LABELS[name], "integer", unit=unit, aliases=aliases)


def _in_its_states(column: Column) -> Column:
    """A form shows a column from the state on that has it."""
    states = shown_in(column.name)
    return replace(column, when=("state", states), must_when=needed_in(column.name)) if states else column


COLUMNS = (
    Column("line", "预算项目", "line", required=True, aliases=("所属项目",), help="新设子项目的选上一级，如推进区。"),
    Column("code", "子项目编码", "text", aliases=("项目编码",), example="2022-01-04",
           help="新设子项目时填；预算项目本身不用填。"),
    Column("name", "项目名称", "text", required=True, example="食用菌大棚"),
    Column("kind", "项目类别", "choice", required=True, aliases=("类别",),
           choices=(*Project.Kind.choices, ("zone", "综合"), ("zone", "推进区"), ("welfare", "民生(希望小屋)"))),
    _text("subkind"),
    Column("tag", "推进区内容", "choice", aliases=("六项内容",), choices=(*Project.Tag.choices,),
           help="推进区的子项目填。"),
    Column("nature", "建设性质", "choice", required=True, choices=(*Project.Nature.choices,)),
    Column("place", "建设地点", "text", required=True, aliases=("建设地点(镇/村)", "地点"), example="冯卯镇别庄村"),
    Column("content", "建设内容及规模", "text", required=True, aliases=("建设内容",)),
    Column("state", "项目状态", "choice", required=True, aliases=("状态",),
           choices=(*State.choices, ("tender", "招标"), ("tender", "采购"), ("archived", "归档"),
                    ("archived", "绩效评价"), ("ended", "取消"), ("planned", "立项"), ("approved", "批复"))),
    _money("total", required=True),
    _money("fund", "其中：协作资金", "其中/协作资金"),
    _money("district_fund", "其中：区级", "其中/区级"),
    _money("other_fund", "其中：其他", "其中/其他"),
    Column("in_charge", "责任单位", "text", required=True, aliases=("主管单位",)),
    Column("implementer", "实施单位", "organization", required=True, aliases=("项目实施单位",)),
    Column("leader", "责任人", "text", required=True),
    _text("villages"),
    _number("households", "户", "受益户(户)"),
    _number("people", "人", "受益人口(人)"),
    _number("lifted_households", "户", "其中脱贫户(户)"),
    _number("lifted_people", "人"),
    _number("monitored_households", "户"),
    _number("monitored_people", "人"),
    _day("planned_start", "计划开工时间", "计划开工日期"),
    _day("planned_finish", "计划完工时间", "计划完工日期"),
    _text("goal"),
    _text("mechanism"),
    _day("listed_on", "入库日期"),
    _day("planned_on", "立项日期"),
    _text("plan_no", numbered=True, example="山乡振发〔2022〕10号"),
    _day("approved_on", "批复日期"),
    _text("approval_no", numbered=True),
    _money("approved_amount"),
    Column("method", "招标方式", "choice", aliases=("采购方式",), choices=(*Project.Method.choices,)),
    _text("no_tender", help="不经招标采购直接开工的填。"),
    _day("tender_on", "公告日"),
    _day("opened_on"),
    _day("won_on", "中标日期"),
    _text("contractor", "施工单位"),
    _text("contractor_code", numbered=True),
    _text("designer"),
    _text("designer_code", numbered=True),
    _text("supervisor"),
    _text("supervisor_code", numbered=True),
    _day("contract_on", "合同日期", "合同签订日期"),
    _text("contract_no", numbered=True, help="支出台账填同一个编号，支出就不能超过合同金额。"),
    _money("contract_amount", unit="元"),
    _text("terms", example="开工40、完工90、验收100", help="各节点累计可付合同金额的百分之几。"),
    _money("retention", unit="元"),
    _number("warranty_months", "个月"),
    _day("started_on", "实际开工时间", "开工时间", "开工日期"),
    _day("finished_on", "实际完工时间", "完工时间", "完工日期"),
    _day("accepted_on", "验收日期"),
    Column("conclusion", "验收结论", "choice", choices=(*Project.Conclusion.choices,)),
    _day("rectify_by"),
    _day("audited_on", "审定日期"),
    _money("audited", "审定额", unit="元"),
    _money("contract_audited", unit="元"),
    _day("handed_on", "移交日期"),
    _text("owner", "产权归属"),
    _text("keeper"),
    _day("evaluated_on"),
    _text("grade"),
    _day("stopped_on"),
    _text("decision_no", numbered=True),
    _text("reason"),
    _day("changed_on", help="地点、内容、金额有变时填。"),
    _text("change_no", numbered=True),
    _text("change_body"),
    NOTE,
)  # fmt: skip


PROJECT = Register(
    code="project",
    name="项目",
    shared=Sharing(with_partner=EVERY_ROW),  # what the partner's money builds
    model=Project,
    columns=tuple(_in_its_states(column) for column in COLUMNS),
    headings={"line": "基本情况", "total": "资金", "in_charge": "责任与受益", "planned_start": "计划与前期",
              "method": "招标与合同", "started_on": "施工与验收", "handed_on": "移交与评价", "stopped_on": "暂停、终止与变更",
              "note": "其他"},
    folded=("code", "subkind", "tag", "district_fund", "other_fund", "villages", "lifted_households",
              "lifted_people", "monitored_households", "monitored_people", "mechanism", "opened_on",
              "contractor_code", "designer", "designer_code", "supervisor", "supervisor_code", "terms",
              "retention", "warranty_months", "rectify_by", "contract_audited"),
    prepare=project.tidy,
    natural_key=project.natural_key,
    occurred_on=project.occurred_on,
    counts_on=lambda row: date(row.plan.year, 1, 1),
    summary=project.summary,
    amount=lambda row: row.total,
    errors=project.errors,
    warnings=project.warnings,
    beside=project.read_together,
    evidence_rule=project.evidence_rule,
    may_file=towns_and_departments,
    next_step="登记项目进展",
    concerns=("implementer",),
    also_steps=("implementer",),
    fixes=project.fixes,
    lines=story.states_of_lines,
    story=story.project_story,
    parameters=(project.LATE_DAYS, project.DUE_DAYS, project.RETENTION, project.TENDER_WORKS),
    report_tables=project_tables,
)  # fmt: skip


PROGRESS = Register(
    code="project_progress",
    name="项目进度",
    shared=Sharing(with_partner=EVERY_ROW),  # what the partner's money builds
    model=Progress,
    columns=(
        Column("line", "项目名称", "line", required=True, aliases=("项目", "项目编码")),
        Column("as_of", "截至日期", "date", required=True, aliases=("期间", "填报日期"), example="2022-06-30"),
        Column("state", "项目状态", "choice", required=True, aliases=("状态",), choices=(*State.choices,)),
        Column("image", "形象进度", "text", required=True, aliases=("形象进度(文字)",), example="支架安装完成"),
        Column("stated", "工程进度", "text", required=True, aliases=("工程进度(%)", "工程进度（%）"), example="60",
               help="写成“完成80%以上”的，原文照留，另填数值。"),
        Column("percent", "工程进度数值", "percent", help="上一栏已是数字的不用填。"),
        Column("disbursed", "累计拨付", "money", required=True, unit="万元", may_be_zero=True,
               aliases=("累计拨付(万元)", "累计拨付（万元）", "累计拨付资金")),
        Column("spent", "累计支出", "money", required=True, unit="万元", may_be_zero=True,
               aliases=("累计支出(万元)", "累计支出（万元）", "累计支出资金")),
        Column("expected", "预计支出数", "money", unit="万元", aliases=("预计支出数(万元)", "预计支出数（万元）")),
        Column("problems", "存在问题", "text"),
        Column("measures", "下一步措施", "text"),
        Column("expected_finish", "预计完工", "date", aliases=("预计完工时间",)),
        NOTE,
    ),
    headings={"line": "项目", "image": "进度", "disbursed": "资金", "problems": "问题和打算"},
    folded=("percent", "expected", "expected_finish", "note"),
    prepare=progress.tidy,
    natural_key=progress.natural_key,
    occurred_on=lambda row: row.as_of,
    summary=lambda row: f"{row.line.name} · {row.quarter} · 工程 {row.percent:f}%",
    errors=progress.errors,
    warnings=progress.warnings,
    beside=read_together,
    may_file=towns_and_departments,
    report_tables=story.progress_tables,
    story=story.progress_story,
    parameters=(progress.GAP,),
)  # fmt: skip


WORK = Register(
    code="village_works",
    name="建设内容清单",
    model=Work,
    columns=(
        LINE,
        Column("village", "村", "village", required=True, aliases=("建设地点", "村名"), example="徐庄镇湖沟村"),
        Column("item", "建设内容", "choice", required=True, aliases=("项目内容", "工程内容"),
               choices=(*Work.Item.choices, ("drain", "排水"), ("drain", "污水管网"))),
        Column("detail", "具体内容", "text", example="主街"),
        Column("measure", "计量单位", "choice", required=True, aliases=("单位",), choices=(*Work.Measure.choices, ("m", "m"),
               ("m2", "㎡"), ("m3", "m³"))),
        Column("planned", "计划数量", "decimal", required=True, aliases=("计划工程量", "工程量")),
        Column("actual", "完成数量", "decimal", aliases=("实际数量", "完成工程量")),
        Column("price", "单价", "money", unit="元", aliases=("单价(元)", "单价（元）")),
        Column("amount", "金额", "money", unit="元", aliases=("金额(元)", "金额（元）")),
        Column("as_of", "截至日期", "date", required=True, aliases=("填报日期",)),
        Column("households", "受益户", "integer", unit="户", aliases=("受益户(户)",)),
        Column("people", "受益人口", "integer", unit="人", aliases=("受益人口(人)",)),
        Column("keeper", "管护责任人", "text", aliases=("管护单位",)),
        NOTE,
    ),
    headings={"line": "建在哪里，建什么", "measure": "数量和资金", "households": "受益和管护"},
    folded=("price", "households", "people", "keeper", "note"),
    prepare=set_beside,
    natural_key=papers.work_key,
    occurred_on=lambda row: row.as_of,
    counts_on=lambda row: row.as_of,
    summary=lambda row: f"{row.village.name} · {row.get_item_display()} · {row.line.name}",
    amount=lambda row: row.amount,
    errors=papers.work_errors,
    warnings=papers.work_warnings,
    may_file=towns_and_departments,
    next_step="登记完成数量",
    story=story.works_story,
)  # fmt: skip


NOTICE = Register(
    code="notice",
    name="公示公告",
    model=Notice,
    columns=(
        LINE,
        Column("kind", "公示类别", "choice", required=True, aliases=("类别",), choices=(*Notice.Kind.choices,)),
        Column("content", "公示内容", "text", required=True, aliases=("内容",)),
        Column("place", "公示地点", "text", required=True, aliases=("地点",), example="湖沟村公示栏"),
        Column("shown", "公示起止", "dates", required=True, aliases=("公示时间", "公示日期"), example="2022.6.1-6.10"),
        Column("objected", "有无异议", "yesno"),
        Column("answer", "异议处理", "text"),
        NOTE,
    ),
    prepare=papers.set_plans,
    natural_key=lambda row: joined(row.line.code, row.kind, row.starts_on),
    occurred_on=lambda row: row.starts_on,
    summary=lambda row: f"{row.line.name} · {row.get_kind_display()} · {row.days} 天",
    errors=papers.notice_errors,
    evidence_rule=lambda row: "公示照片",
    may_file=towns_and_departments,
    parameters=(papers.NOTICE_DAYS,),
    story=story.notice_story,
)  # fmt: skip


ASSET = Register(
    code="asset",
    name="资产卡片",
    model=Asset,
    columns=(
        Column("line", "项目名称", "line", aliases=("项目", "项目编码"), help="不属于方案项目的不用填。"),
        Column("name", "资产名称", "text", required=True),
        Column("number", "资产编号", "text", numbered=True),
        Column("category", "资产类别", "choice", required=True, aliases=("类别",), choices=(*Asset.Category.choices,)),
        Column("value", "原值", "money", required=True, unit="元", aliases=("原值(元)", "原值（元）", "资产原值")),
        Column("got_on", "取得日期", "date", required=True, aliases=("移交日期", "确权日期")),
        Column("level", "所有权层级", "choice", required=True, aliases=("所有权",),
               choices=(*Asset.Level.choices, ("county", "区"), ("township", "镇"), ("village", "村"), ("household", "户"))),
        Column("owner", "产权单位", "text", required=True, aliases=("产权归属",)),
        Column("user", "使用或经营单位", "text", aliases=("使用单位", "经营单位")),
        Column("earner", "收益权单位", "text", aliases=("收益权",)),
        Column("keeper", "管护责任人", "text", required=True, aliases=("管护人",)),
        Column("state", "资产状态", "choice", required=True, aliases=("状态",), choices=(*Asset.State.choices,)),
        Column("changed_on", "状态日期", "date"),
        Column("decision_no", "处置决定文号", "text", numbered=True),
        Column("income", "年收益", "money", unit="元", aliases=("年收益(元)", "年收益（元）")),
        NOTE,
    ),
    headings={"line": "资产", "level": "权属和管护", "state": "状态"},
    folded=("number", "user", "earner", "decision_no", "income", "note"),
    prepare=papers.set_assets,
    natural_key=papers.asset_key,
    occurred_on=lambda row: row.changed_on or row.got_on,
    counts_on=lambda row: row.got_on,
    summary=lambda row: f"{row.name} · {row.get_state_display()} · {yuan(row.value)} 元",
    amount=lambda row: row.value,
    errors=papers.asset_errors,
    evidence_rule=lambda row: "资产照片、移交清单或处置决定",
    may_file=towns_and_departments,
    next_step="登记资产变动",
    story=story.asset_story,
)  # fmt: skip


ZONE_MEMBER = Register(
    code="zone_member",
    name="推进区成员村",
    model=ZoneMember,
    columns=(
        Column("line", "推进区", "line", required=True, aliases=("项目名称", "项目")),
        Column("village", "村", "village", required=True, aliases=("村名", "成员村"), example="徐庄镇湖沟村"),
        Column("joined_on", "纳入日期", "date", required=True),
        Column("document_no", "依据文号", "text", required=True, aliases=("依据",), numbered=True),
        Column("left_on", "退出日期", "date"),
        NOTE,
    ),
    prepare=papers.set_plans,
    natural_key=lambda row: f"{row.line.code}/{row.village_id}",
    occurred_on=lambda row: row.left_on or row.joined_on,
    summary=lambda row: f"{row.line.name} · {row.village.name} · {'退出' if row.left_on else '纳入'}",
    errors=papers.member_errors,
    evidence_rule=lambda row: "纳入或退出推进区的文件",
    may_file=towns_and_departments,
    next_step="登记退出",
    story=story.zone_story,
)  # fmt: skip

REGISTERS: list[Register] = [
    PROJECT,
    HOPE_ROOM,
    PROGRESS,
    WORK,
    NOTICE,
    ASSET,
    ZONE_MEMBER,
    PV_STATION,
    PV_YIELD,
    PV_SHARE,
]
