"""会议, 议定事项, 互访, 部门计划 and 宣传 as the ledger knows them (DESIGN §4; DOMAIN §4.14–4.16)."""

from __future__ import annotations

from directory.models import Organization
from ledger.making import NOTE, joined
from ledger.registers import Column, Register, Sharing, filed_by
from liaison import figures, rules
from liaison.models import Level, Meeting, MeetingDecision, Publicity, Visit, WorkPlan

LEVEL = Column("level", "层级", "choice", required=True,
               choices=(*Level.choices, ("chief", "主要领导"), ("deputy", "分管领导")))  # fmt: skip


# every unit of 山亭 but the townships
departments_and_bureau = filed_by(
    Organization.Kind.DEPARTMENT, Organization.Kind.BUREAU, Organization.Kind.FINANCE
)
# whoever the plan asks for a yearly plan, stage goals and results (三（二）)
departments = departments_and_bureau

MEETING = Register(
    code="meeting",
    name="联席会议",
    model=Meeting,
    columns=(
        Column("held_on", "日期", "date", required=True, aliases=("会议日期", "时间")),
        Column("kind", "类型", "choice", required=True, choices=(*Meeting.Kind.choices,)),
        Column("name", "名称/次数", "text", required=True, aliases=("名称", "会议名称", "次数"),
               example="荣成—山亭协作联席会议"),
        Column("place", "地点", "text", required=True, example="山亭"),
        LEVEL,
        Column("rongcheng", "荣成方出席", "text", required=True, aliases=("荣成方出席领导", "荣成方")),
        Column("shanting", "山亭方出席", "text", required=True, aliases=("山亭方出席领导", "山亭方")),
        Column("people", "人数", "integer", unit="人"),
        Column("agenda", "议题", "text", required=True),
        Column("decisions", "议定事项", "text", help="逐项的责任单位和期限，另在“议定事项”台账登记。"),
        Column("agreements", "签署协议", "text"),
        Column("funds", "捐赠/拨付资金", "money", unit="万元", aliases=("捐赠/拨付资金(万元)", "资金"),
               help="只作记载；到位资金在协作资金台账登记，不在这里计。"),
        Column("minutes_no", "纪要文号", "text", numbered=True),
        NOTE,
    ),
    headings={"held_on": "会议", "rongcheng": "出席", "agenda": "内容"},
    folded=("people", "agreements", "funds", "minutes_no", "note"),
    natural_key=lambda row: joined(row.held_on, row.name),
    called=lambda row: [row.name, f"{row.name}{row.held_on}"],
    occurred_on=lambda row: row.held_on,
    summary=lambda row: f"{row.name} · {row.get_kind_display()} · {row.held_on:%Y-%m-%d}",
    evidence_rule=lambda row: "会议纪要、签到表或照片",
    may_file=departments_and_bureau,
    adds={"joint_meetings": lambda row: int(row.kind == Meeting.Kind.JOINT)},
    report_tables=figures.meeting_tables,
)  # fmt: skip

MEETING_DECISION = Register(
    code="meeting_decision",
    name="议定事项",
    model=MeetingDecision,
    columns=(
        Column("meeting", "会议", "subject", required=True, register="meeting", aliases=("会议名称",),
               help="列表里没有的，请先填报联席会议。"),
        Column("number", "事项序号", "integer", required=True, aliases=("第几项",), example="1"),
        Column("text", "议定事项", "text", required=True, aliases=("事项", "内容")),
        Column("owner", "责任单位", "organization", required=True, aliases=("牵头单位",)),
        Column("due_on", "完成期限", "date", required=True, aliases=("时限", "期限")),
        Column("state", "办理状态", "choice", required=True, choices=(*MeetingDecision.State.choices,), aliases=("状态",)),
        Column("result", "落实情况", "text", aliases=("办理情况",)),
        Column("done_on", "办结日期", "date"),
        NOTE,
    ),
    prepare=rules.set_meetings,
    natural_key=lambda row: f"{row.meeting_id}/{row.number}",
    occurred_on=lambda row: row.done_on or row.decided_on,
    summary=lambda row: f"第 {row.number} 项 · {row.text[:60]} · {row.get_state_display()}",
    errors=rules.decision_errors,
    warnings=rules.decision_warnings,
    may_file=departments_and_bureau,
    shared=Sharing(with_units=("owner",)),
    next_step="登记落实情况",
    also_steps=("owner",),
    notices=figures.decision_notices,
    open_tasks=figures.open_tasks,
)  # fmt: skip

VISIT = Register(
    code="visit",
    name="两地互访",
    model=Visit,
    columns=(
        Column("visited_on", "日期", "date", required=True, aliases=("互访日期", "时间")),
        Column("direction", "方向", "choice", required=True,
               choices=(*Visit.Direction.choices, ("in", "来山亭"), ("out", "赴荣成"))),
        Column("leader", "带队领导（职务）", "text", required=True, aliases=("带队领导", "带队/出席领导", "带队领导(职务)"),
               example="区委副书记"),
        LEVEL,
        Column("host", "接待方", "text"),
        Column("people", "人数", "integer", unit="人"),
        Column("place", "地点", "text"),
        Column("agenda", "议题", "text", required=True, aliases=("考察内容", "事由")),
        Column("outcome", "成果", "text", aliases=("议定事项",)),
        NOTE,
    ),
    natural_key=lambda row: joined(row.visited_on, row.leader, row.direction),
    occurred_on=lambda row: row.visited_on,
    summary=lambda row: f"{row.get_direction_display()} · {row.leader} · {row.visited_on:%Y-%m-%d}",
    evidence_rule=lambda row: "活动照片或接待方案",
    adds={"visits": lambda row: 1},
    report_tables=figures.visit_tables,
)  # fmt: skip

WORK_PLAN = Register(
    code="work_plan",
    name="部门工作计划",
    model=WorkPlan,
    columns=(
        Column("filed_on", "日期", "date", required=True, aliases=("制定日期",)),
        Column("kind", "内容类别", "choice", required=True, choices=(*WorkPlan.Kind.choices,), aliases=("类别",)),
        Column("stage", "阶段", "choice", required=True, choices=(*WorkPlan.Stage.choices,)),
        Column("content", "内容", "text", required=True, aliases=("计划内容", "目标", "成果")),
        Column("due_on", "计划完成日期", "date", aliases=("完成期限",)),
        Column("state", "完成状态", "choice", required=True, choices=(*WorkPlan.State.choices,), aliases=("状态",)),
        Column("result", "完成情况", "text"),
        Column("done_on", "完成日期", "date"),
        NOTE,
    ),
    natural_key=lambda row: joined(row.plan.code, row.unit_id, row.kind, row.stage, row.content),
    occurred_on=lambda row: row.done_on or row.filed_on,
    counts_on=lambda row: row.filed_on,
    summary=lambda row: f"{row.get_kind_display()} · {row.get_stage_display()} · {row.content[:60]}",
    errors=rules.plan_errors,
    evidence_rule=lambda row: "年度计划文件" if row.kind == WorkPlan.Kind.YEAR else "",
    may_file=departments,
    next_step="登记完成情况",
    notices=figures.plan_notices,
    parameters=(figures.RESULT_MONTH,),
)  # fmt: skip

PUBLICITY = Register(
    code="publicity",
    name="宣传报道",
    model=Publicity,
    columns=(
        Column("published_on", "刊发日期", "date", required=True, aliases=("日期", "发表日期")),
        Column("title", "标题", "text", required=True),
        Column("outlet", "媒体名称", "text", required=True, aliases=("媒体",), example="大众网"),
        Column("level", "级别", "choice", required=True, choices=(*Publicity.Level.choices, ("national", "国家级"),
               ("province", "省级"), ("city", "市级"), ("county", "区县级")), aliases=("媒体级别",)),
        Column("carrier", "载体", "choice", required=True, choices=(*Publicity.Carrier.choices, ("site", "网站"))),
        Column("link", "版面/链接", "text", aliases=("链接", "版面")),
        Column("author", "作者/供稿单位", "text", required=True, aliases=("作者", "供稿单位")),
        Column("topic", "主题", "text"),
        Column("source", "原发/转载", "choice", required=True, choices=(*Publicity.Source.choices,)),
        NOTE,
    ),
    natural_key=rules.publicity_key,
    occurred_on=lambda row: row.published_on,
    summary=lambda row: f"{row.title[:80]} · {row.outlet} · {row.get_source_display()}",
    evidence_rule=lambda row: "" if row.link else "报道截图或扫描件",
    adds={
        "publicity": lambda row: int(row.source == Publicity.Source.ORIGINAL),
        "publicity_reprints": lambda row: int(row.source == Publicity.Source.REPRINT),
    },
    report_tables=figures.publicity_tables,
)  # fmt: skip

REGISTERS = [MEETING, MEETING_DECISION, VISIT, WORK_PLAN, PUBLICITY]
