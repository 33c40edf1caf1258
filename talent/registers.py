"""挂职, 支医支教, 农技科技 and 文化 as the ledger, the desk and the workbooks know them (DESIGN §4; DOMAIN §4.7–4.10)."""

from __future__ import annotations

from directory.models import Organization
from ledger.making import BIRTH_MONTH, ID_NUMBER, NAME, NOTE, PHONES, SEX, joined
from ledger.registers import EVERY_ROW, Column, Register, Sharing, filed_by
from talent import figures, rules
from talent.models import (
    CultureExchange,
    Direction,
    Secondment,
    Stay,
    SupportPost,
    SupportWork,
    TechExchange,
)

PERSON = (NAME, SEX, ID_NUMBER, BIRTH_MONTH)
STARTS = Column(
    "starts_on",
    "起始日期",
    "date",
    required=True,
    aliases=("起始", "开始日期", "起始时间", "挂职开始时间"),
    month_will_do=True,
    until="ends_on",
)
ENDS = Column(
    "ends_on",
    "结束日期",
    "date",
    aliases=("结束", "结束时间", "终止日期"),
    help="还在岗的不用填。",
    month_will_do=True,
)
STATE = Column("state", "状态", "choice", required=True, choices=(*Stay.choices,), aliases=("在岗状态",))


# the partner files the people it sends (DOMAIN §7)
both_sides = filed_by(Organization.Kind.DEPARTMENT, Organization.Kind.BUREAU, Organization.Kind.PARTNER)

SECONDMENT = Register(
    code="secondment",
    name="干部人才挂职",
    model=Secondment,
    columns=(
        *PERSON,
        Column("politics", "政治面貌", "text"),
        Column("education", "学历", "text"),
        Column("home_unit", "原单位", "text", required=True, aliases=("派出单位", "工作单位", "原单位及职务")),
        Column("home_post", "原职务", "text", aliases=("职务",)),
        Column("rank", "职级", "text"),
        Column("direction", "派出方向", "choice", required=True, aliases=("方向",),
               choices=(*Direction.choices, ("out", "赴荣成"), ("in", "来山亭"))),
        Column("kind", "类别", "choice", required=True, aliases=("人员类别", "挂职类别"),
               choices=(*Secondment.Kind.choices, ("cadre", "党政干部"), ("expert", "专技人才"))),
        Column("host_unit", "挂职单位", "text", required=True, aliases=("挂职单位及职务", "接收单位")),
        Column("host_post", "挂职职务", "text"),
        Column("order_no", "派出文号", "text", aliases=("文号", "派出文件"), numbered=True),
        Column("planned_months", "计划期限", "integer", unit="个月", aliases=("期限", "挂职期限"), example="6"),
        STARTS,
        ENDS,
        STATE,
        Column("grade", "考核等次", "choice", choices=(*Secondment.Grade.choices,)),
        NOTE,
    ),
    headings={"name": "人员", "home_unit": "派出", "host_unit": "挂职"},
    folded=("sex", "politics", "education", "home_post", "rank", "host_post", "grade", "note"),
    prepare=rules.decide_secondments,
    natural_key=lambda row: f"{row.person_id}/{row.starts_on}",
    occurred_on=rules.stay_changed_on,
    counts_on=lambda row: row.starts_on,
    summary=lambda row: f"{row.get_kind_display()} {row.get_direction_display()} · 人员 {row.person_id} · {row.host_unit}",
    errors=rules.secondment_errors,
    warnings=rules.secondment_warnings,
    evidence_rule=lambda row: "派出文件或通知",
    may_file=both_sides,
    shared=Sharing(with_partner=EVERY_ROW),  # whom 荣成 receives, and whom it sends
    next_step="登记期满或返回",
    counts={"secondments": lambda row: row.is_counted},
    parameters=(rules.SECONDMENT_MONTHS, rules.EXPERT_MONTHS),
    report_tables=figures.secondment_tables,
)  # fmt: skip

SUPPORT_POST = Register(
    code="support_post",
    name="支医支教",
    model=SupportPost,
    columns=(
        Column("kind", "类别", "choice", required=True, choices=(*SupportPost.Kind.choices,)),
        *PERSON,
        PHONES,
        Column("specialty", "专业/学科", "text", required=True, aliases=("专业", "学科", "科室")),
        Column("title", "职称", "text"),
        Column("home_unit", "派出单位", "text", required=True, aliases=("原单位",)),
        Column("host_unit", "受援单位", "text", required=True, aliases=("支援单位", "接收单位")),
        Column("planned_months", "期限", "integer", unit="个月", aliases=("计划期限",), example="12"),
        STARTS,
        ENDS,
        STATE,
        NOTE,
    ),
    headings={"kind": "人员", "specialty": "派出和受援"},
    folded=("sex", "phones", "title", "note"),
    natural_key=lambda row: f"{row.person_id}/{row.host_unit}/{row.starts_on}",
    occurred_on=rules.stay_changed_on,
    counts_on=lambda row: row.starts_on,
    summary=lambda row: f"{row.get_kind_display()} · 人员 {row.person_id} · {row.home_unit}→{row.host_unit}",
    called=rules.post_called,
    errors=rules.stay_errors,
    warnings=rules.support_warnings,
    evidence_rule=lambda row: "派出文件或接收函",
    may_file=both_sides,
    shared=Sharing(with_partner=EVERY_ROW),  # doctors and teachers are 荣成's own people
    next_step="登记期满或返回",
    counts={
        "support_doctors": lambda row: row.kind == SupportPost.Kind.DOCTOR,
        "support_teachers": lambda row: row.kind == SupportPost.Kind.TEACHER,
    },
    parameters=(rules.TEACHING_MONTHS,),
    report_tables=figures.post_tables,
)

SUPPORT_WORK = Register(
    code="support_work",
    name="支医支教工作量",
    model=SupportWork,
    columns=(
        Column("post", "支医支教人员", "subject", required=True, register="support_post", aliases=("人员", "姓名"),
               help="列表里没有的，请先填报支医支教。"),
        Column("quarter_ends_on", "季度末日", "date", required=True, aliases=("截至日期", "期间"), example="2022-06-30",
               help="填这一季度的最后一天；各项只填本季度数，不填累计。"),
        Column("outpatients", "门诊人次", "integer", aliases=("门诊",)),
        Column("operations", "手术例数", "integer", aliases=("手术例", "手术")),
        Column("consultations", "会诊次数", "integer", aliases=("会诊",)),
        Column("apprentices", "带教人数", "integer", aliases=("带教",)),
        Column("talks", "讲座场次", "integer", aliases=("讲座",)),
        Column("lessons", "授课节数", "integer", aliases=("授课",)),
        Column("observed", "听评课节数", "integer", aliases=("听评课",)),
        Column("seminars", "教研活动次数", "integer", aliases=("教研活动",)),
        Column("trained", "培训教师人次", "integer", aliases=("培训教师",)),
        Column("pupils", "受益学生人数", "integer", aliases=("受益学生",)),
        NOTE,
    ),
    headings={"post": "人员和季度", "outpatients": "支医", "lessons": "支教"},
    folded=("note",),
    prepare=rules.set_posts,
    natural_key=lambda row: f"{row.post_id}/{row.quarter_ends_on}",
    occurred_on=lambda row: row.quarter_ends_on,
    summary=lambda row: f"{row.get_kind_display()}工作量 · 人员 {row.person_id} · {row.quarter_ends_on:%Y-%m}",
    errors=rules.work_errors,
    may_file=both_sides,
    shared=Sharing(with_partner=EVERY_ROW),
    report_tables=figures.work_tables,
)  # fmt: skip

TECH_EXCHANGE = Register(
    code="tech_exchange",
    name="农技科技交流",
    model=TechExchange,
    columns=(
        Column("held_on", "日期", "date", required=True, aliases=("活动日期", "时间")),
        Column("name", "活动名称", "text", required=True, aliases=("主题", "活动主题"), example="花生高产技术交流"),
        Column("kind", "类别", "choice", required=True, choices=(*TechExchange.Kind.choices, ("envoys", "服务团"))),
        Column("crop", "领域", "choice", required=True, choices=(*TechExchange.Crop.choices,)),
        Column("stage", "环节", "choice", choices=(*TechExchange.Stage.choices,), aliases=("种植/加工",)),
        Column("rongcheng", "荣成方单位/人员", "text", required=True, aliases=("荣成方", "荣成方单位"), example="3 名专家"),
        Column("shanting", "山亭方单位/驿站", "text", required=True, aliases=("山亭方", "山亭方单位", "驿站")),
        Column("place", "地点", "text", required=True, aliases=("活动地点",), example="店子镇"),
        Column("participants", "参加人数", "integer", unit="人"),
        Column("trainees", "培训人次", "integer", unit="人次"),
        Column("introduced", "引进品种/技术", "text", aliases=("引进品种", "引进技术")),
        Column("area", "示范面积", "decimal", unit="亩", aliases=("示范面积(亩)", "示范面积（亩）")),
        Column("households", "受益户", "integer", unit="户"),
        NOTE,
    ),
    headings={"held_on": "活动", "rongcheng": "双方", "participants": "成效"},
    folded=("stage", "introduced", "area", "households", "note"),
    natural_key=lambda row: joined(row.held_on, row.name, row.place),
    occurred_on=lambda row: row.held_on,
    summary=lambda row: f"{row.name} · {row.get_crop_display()} · {row.held_on:%Y-%m-%d}",
    evidence_rule=lambda row: "活动照片或签到表",
    adds={"tech_exchanges": lambda row: 1},
    report_tables=figures.tech_tables,
)  # fmt: skip

CULTURE_EXCHANGE = Register(
    code="culture_exchange",
    name="文化交流",
    model=CultureExchange,
    columns=(
        Column("held", "起止时间", "dates", required=True, aliases=("日期", "活动日期", "时间"), example="2022.7.12-7.14"),
        Column("name", "活动名称", "text", required=True, example="非遗剪纸培训"),
        Column("kind", "类别", "choice", required=True, choices=(*CultureExchange.Kind.choices,)),
        Column("host", "主办/承办", "text", required=True, aliases=("主办单位", "承办单位", "主办")),
        Column("rongcheng", "荣成参与单位", "text", required=True, aliases=("荣成方单位",)),
        Column("place", "地点", "text", required=True, aliases=("活动地点",)),
        Column("sessions", "场次", "integer", unit="场"),
        Column("trainees", "培训人次", "integer", unit="人次"),
        Column("audience", "观众人次", "integer", unit="人次"),
        Column("sales", "展销额", "money", unit="元", aliases=("展销额(元)", "展销额（元）")),
        Column("link", "链接", "text"),
        NOTE,
    ),
    headings={"held": "活动", "sessions": "成效"},
    folded=("sales", "link", "note"),
    natural_key=lambda row: joined(row.starts_on, row.name),
    occurred_on=lambda row: row.starts_on,
    summary=lambda row: f"{row.name} · {row.get_kind_display()} · {row.starts_on:%Y-%m-%d}",
    evidence_rule=lambda row: "活动照片或通知",
    adds={"culture_exchanges": lambda row: 1},
    report_tables=figures.culture_tables,
)  # fmt: skip

REGISTERS = [SECONDMENT, SUPPORT_POST, SUPPORT_WORK, TECH_EXCHANGE, CULTURE_EXCHANGE]
