"""产业对接, 社会捐赠, 微心愿, 志愿服务 and 结对 as the ledger knows them (DESIGN §4; DOMAIN §4.11–4.13)."""

from __future__ import annotations

from dataclasses import replace

from aid import figures, rules
from aid.models import Donation, DonationReceiver, EnterpriseLead, Pairing, Volunteering, Wish
from ledger.making import BENEFIT, NAME, NOTE, PERSON, joined, towns_and_departments
from ledger.models import Unit
from ledger.registers import Column, Register, always

# 类别 is the wish's own heading; the person's goes by the directory's facts
WHO = (
    replace(NAME, aliases=(*NAME.aliases, "受助人")),
    *(column for column in PERSON if column.name not in ("name", "category")),
)


def _from(first: Wish.State) -> list[Wish.State]:
    """The states of a wish from that one on, 取消 left out: a form shows the columns of each from then on."""
    states = [*Wish.State]
    return states[states.index(first) : states.index(Wish.State.CANCELLED)]


ENTERPRISE_LEAD = Register(
    code="enterprise_lead",
    name="产业对接",
    model=EnterpriseLead,
    columns=(
        Column("visited_on", "日期", "date", required=True, aliases=("考察日期", "对接日期")),
        Column("firm", "企业名称", "text", required=True, aliases=("企业", "单位名称"), example="荣成某食品公司"),
        Column("credit_code", "统一社会信用代码", "text", aliases=("信用代码",)),
        Column("industry", "行业", "choice", required=True, aliases=("所属行业",),
               choices=(*EnterpriseLead.Industry.choices,)),
        Column("leader", "带队人（职务）", "text", required=True, aliases=("带队人", "带队人(职务)"), example="总经理"),
        Column("department", "对接部门", "text", required=True, example="工信局"),
        Column("site", "考察地点", "text", required=True, aliases=("地点",), example="城头镇"),
        Column("intention", "意向内容", "text", required=True, aliases=("合作意向",), example="豆制品深加工"),
        Column("stage", "阶段", "choice", required=True, aliases=("当前阶段", "进展阶段"),
               choices=(*EnterpriseLead.Stage.choices, ("visit", "洽谈"))),
        Column("changed_on", "进展日期", "date", help="登记进展时填：这一阶段是哪一天到的。"),
        Column("agreed", "协议投资", "money", unit="万元", aliases=("协议投资额", "协议投资(万元)", "协议投资（万元）")),
        Column("invested", "到位投资", "money", unit="万元", aliases=("到位资金", "到位投资(万元)", "到位投资（万元）")),
        Column("jobs", "吸纳就业", "integer", unit="人", aliases=("吸纳就业(人)", "吸纳就业（人）")),
        Column("jobs_lifted", "其中脱贫人口", "integer", unit="人", aliases=("其中脱贫",)),
        Column("jobs_monitored", "其中监测对象", "integer", unit="人", aliases=("其中监测",)),
        Column("town", "落地镇街", "village", aliases=("落地镇（街）",)),
        Column("why_not", "未落地原因", "text"),
        NOTE,
    ),
    headings={"visited_on": "考察对接", "stage": "进展"},
    folded=("credit_code", "jobs_lifted", "jobs_monitored", "town", "why_not", "note"),
    prepare=rules.tidy_leads,
    natural_key=rules.lead_key,
    occurred_on=lambda row: row.changed_on or row.visited_on,
    counts_on=lambda row: row.visited_on,
    summary=lambda row: f"{row.firm} · {row.get_stage_display()} · {row.get_industry_display()}",
    errors=rules.lead_errors,
    warnings=rules.lead_warnings,
    may_file=towns_and_departments,
    next_step="登记对接进展",
    adds={"enterprise_leads": lambda row: 1},
    report_tables=figures.lead_tables,
)  # fmt: skip

DONATION = Register(
    code="donation",
    name="社会捐赠",
    model=Donation,
    columns=(
        Column("event", "事项", "choice", required=True, choices=(*Donation.Event.choices, ("received", "捐赠"),
               ("handed", "发放")), assumed="收到捐赠"),
        Column("given_on", "日期", "date", required=True, aliases=("捐赠日期", "发放日期")),
        Column("donor", "捐赠方", "text", required=True, aliases=("捐赠单位", "捐赠人"), example="荣成市卫健局",
               help="个人可以写“匿名”。"),
        Column("donor_kind", "捐赠方类型", "choice", required=True, choices=(*Donation.Donor.choices,)),
        Column("form", "形式", "choice", required=True, choices=(*Donation.Form.choices,), aliases=("捐赠形式",)),
        Column("amount", "金额", "money", unit="元", aliases=("金额(元)", "金额（元）", "捐赠金额")),
        Column("goods", "物资名称", "text", aliases=("物资", "物品名称")),
        Column("quantity", "数量和单位", "text", aliases=("数量",), example="100 套"),
        Column("worth", "折价", "money", unit="元", aliases=("折价(元)", "折价（元）", "物资折价")),
        Column("purpose", "定向用途", "text"),
        Column("receiver", "受赠单位/人", "text", required=True, aliases=("受赠单位", "受赠方"), example="山亭区 100 名学生"),
        Column("received_by", "接收单位", "text"),
        Column("receipt_no", "票据号", "text", aliases=("凭证号", "收据号"), numbered=True),
        Column("used_for", "使用情况", "text"),
        Column("is_public", "是否公示", "yesno"),
        NOTE,
    ),
    headings={"event": "谁捐的", "amount": "捐了什么", "receiver": "给谁"},
    folded=("purpose", "received_by", "used_for", "is_public", "note"),
    natural_key=rules.donation_key,
    called=rules.donation_called,
    occurred_on=lambda row: row.given_on,
    summary=lambda row: f"{row.get_event_display()} · {row.donor} · {row.get_form_display()}",
    amount=lambda row: row.value,
    errors=rules.donation_errors,
    evidence_rule=lambda row: "捐赠票据或接收、发放凭证",
    may_file=towns_and_departments,
    legs=rules.donation_legs,
    kinds={"received": "收到捐赠", "handed": "发放捐赠"},
    report_tables=figures.donation_tables,
)  # fmt: skip

DONATION_RECEIVER = Register(
    code="donation_receiver",
    name="受赠人员",
    model=DonationReceiver,
    columns=(
        Column("donation", "捐赠", "subject", required=True, register="donation", aliases=("捐赠记录", "票据号"),
               help="列表里没有的，请先填报社会捐赠。"),
        Column("given_on", "领取日期", "date", required=True, aliases=("发放日期", "日期")),
        *PERSON,
        Column("what", "领取内容", "text", required=True, aliases=("领取物品", "物品"), example="书包一个"),
        Column("value", "折合", "money", unit="元", aliases=("折合(元)", "折合（元）", "金额")),
        NOTE,
    ),
    headings={"donation": "捐赠", "name": "受赠人", "what": "领取"},
    folded=("sex", "phones", "value", "note"),
    prepare=rules.set_donations,
    natural_key=lambda row: f"{row.donation_id}/{row.person_id}/{row.given_on}",
    occurred_on=lambda row: row.given_on,
    summary=lambda row: f"受赠 · 人员 {row.person_id} · {row.what}",
    errors=rules.receiver_errors,
    may_file=towns_and_departments,
    counts={BENEFIT: always},
)  # fmt: skip

WISH = Register(
    code="wish",
    name="微心愿",
    model=Wish,
    columns=(
        Column("number", "微心愿编号", "text", aliases=("编号",), numbered=True),
        Column("term", "期次", "text", example="第五期"),
        Column("collected_on", "征集日期", "date", required=True, aliases=("征集时间",)),
        Column("content", "心愿内容", "text", required=True, aliases=("心愿", "微心愿"), example="书包"),
        *WHO,
        Column("kind", "类别", "choice", required=True, choices=(*Wish.Kind.choices,), aliases=("受助人类别",)),
        Column("school", "学校/村", "text", aliases=("学校",)),
        Column("has_consent", "监护人同意", "yesno", help="不满 14 周岁的须有监护人同意书，传在凭据里。"),
        Column("state", "状态", "choice", required=True, choices=(*Wish.State.choices,)),
        Column("published_on", "发布日", "date", aliases=("发布日期",), when=("state", (*_from(Wish.State.PUBLISHED),))),
        Column("claimed_by", "认领人/单位", "text", aliases=("认领单位", "认领人"),
               when=("state", (*_from(Wish.State.CLAIMED),))),
        Column("claimed_on", "认领日", "date", aliases=("认领日期",), when=("state", (*_from(Wish.State.CLAIMED),))),
        Column("delivered_on", "送达日", "date", aliases=("送达日期", "完成日期"),
               when=("state", (*_from(Wish.State.DELIVERED),))),
        Column("worth", "折合", "money", unit="元", aliases=("折合(元)", "折合（元）")),
        NOTE,
    ),
    headings={"number": "心愿", "name": "受助人", "state": "进展"},
    folded=("number", "term", "sex", "phones", "school", "worth", "note"),
    natural_key=rules.wish_key,
    occurred_on=rules.wish_changed_on,
    counts_on=lambda row: row.collected_on,
    summary=lambda row: f"{row.content} · {row.get_state_display()} · 人员 {row.person_id}",
    errors=rules.wish_errors,
    warnings=rules.wish_warnings,
    evidence_rule=lambda row: "送达照片（遮面）" if row.state == Wish.State.DELIVERED else "",
    may_file=towns_and_departments,
    next_step="登记心愿进展",
    adds={"wishes": lambda row: int(row.state == Wish.State.DELIVERED)},
    counts={BENEFIT: lambda row: row.state == Wish.State.DELIVERED},
    parameters=(rules.WISH_DAYS,),
    notices=figures.wish_notices,
    report_tables=figures.wish_tables,
)  # fmt: skip

VOLUNTEERING = Register(
    code="volunteering",
    name="志愿服务",
    model=Volunteering,
    columns=(
        Column("held_on", "日期", "date", required=True, aliases=("服务日期", "活动日期")),
        Column("team", "队伍", "text", required=True, aliases=("服务队", "志愿服务队")),
        Column("activity", "活动内容", "text", required=True, aliases=("内容", "活动")),
        Column("place", "地点", "text"),
        Column("volunteers", "志愿者人数", "integer", unit="人次", required=True, aliases=("人数", "参加人数")),
        Column("hours", "时长", "decimal", unit="小时", aliases=("时长(h)", "服务时长")),
        Column("served", "服务对象人次", "integer", unit="人次", aliases=("服务人次",)),
        NOTE,
    ),
    natural_key=lambda row: joined(row.held_on, row.team, row.activity),
    occurred_on=lambda row: row.held_on,
    summary=lambda row: f"{row.team} · {row.activity} · {row.held_on:%Y-%m-%d}",
    amount=lambda row: row.volunteers,
    amount_unit=Unit.ATTENDANCE,
    errors=lambda row, by, on: {} if row.volunteers else {"volunteers": ["志愿者人数须大于 0。"]},
    evidence_rule=lambda row: "活动照片或签到表",
    adds={"volunteering": lambda row: row.volunteers},
    report_tables=figures.volunteering_tables,
)  # fmt: skip

PAIRING = Register(
    code="pairing",
    name="结对帮扶",
    model=Pairing,
    columns=(
        Column("helper", "帮扶方", "text", required=True, aliases=("结对单位", "资助方")),
        *PERSON,
        Column("relation", "帮扶方式", "text", aliases=("帮扶内容",), example="资助上学至大学毕业"),
        Column("starts_on", "开始日期", "date", required=True, aliases=("起始日期", "结对时间")),
        Column("ends_on", "结束日期", "date"),
        Column("state", "状态", "choice", required=True, choices=(*Pairing.State.choices,)),
        Column("frequency", "频次", "text", example="每季度一次"),
        Column("amount", "累计金额", "money", unit="元", aliases=("金额(元)", "金额（元）", "金额")),
        NOTE,
    ),
    headings={"helper": "帮扶双方", "relation": "结对情况"},
    folded=("sex", "phones", "frequency", "amount", "note"),
    natural_key=lambda row: joined(row.helper, row.person_id, row.starts_on),
    occurred_on=lambda row: row.ends_on if row.state == Pairing.State.ENDED and row.ends_on else row.starts_on,
    counts_on=lambda row: row.starts_on,
    summary=lambda row: f"{row.helper} · 人员 {row.person_id} · {row.get_state_display()}",
    errors=rules.pairing_errors,
    evidence_rule=lambda row: "结对协议或登记表",
    may_file=towns_and_departments,
    next_step="登记帮扶进展",
    adds={"pairings": lambda row: 1},
    counts={BENEFIT: always},
)  # fmt: skip

REGISTERS = [ENTERPRISE_LEAD, DONATION, DONATION_RECEIVER, WISH, VOLUNTEERING, PAIRING]
