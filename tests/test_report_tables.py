"""What registers offer the reports, kind by kind: numbers by hand, and what a unit and the partner see of them."""

from __future__ import annotations

from collections.abc import Sequence

from aid.registers import DONATION, ENTERPRISE_LEAD, VOLUNTEERING, WISH
from labor.placements import JOB_FAIR, PLACEMENT
from ledger.models import Period, Plan
from ledger.registers import Register
from ledger.scope import Scope
from liaison.registers import MEETING, VISIT
from projects.registers import PROJECT
from talent.registers import CULTURE_EXCHANGE, SECONDMENT, SUPPORT_POST, TECH_EXCHANGE
from tests.aid.test_aid import CHILD, GIFT, LEAD
from tests.kept import kept
from tests.labor.test_work import JOB
from tests.ledger.world import World
from tests.projects.conftest import at, bare
from tests.registers import Trial, a_county
from tests.talent.test_talent import CADRE, DOCTOR

EVERYTHING = Scope(everything=True)


@kept
def world() -> World:
    return a_county()


def told(
    register: Register, quarter: str = "2022Q2", scope: Scope = EVERYTHING
) -> dict[str, list[Sequence[str]]]:
    assert register.report_tables is not None
    period = Period.objects.get(code=quarter)
    tables = register.report_tables(Plan.objects.get(), scope, period)
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.headings)}
    return {table.title: [*table.rows] for table in tables}


def test_firms_stand_in_their_present_stage_agreed_and_actual_apart(world: World) -> None:
    leads = Trial(world, ENTERPRISE_LEAD)
    first = leads.done({**LEAD, "协议投资": "2000"})
    leads.done({**LEAD, "企业名称": "另一家"})
    leads.stepped(
        first,
        {
            **LEAD,
            "阶段": "注册",
            "进展日期": "2022-06-01",
            "协议投资": "2000",
            "到位投资": "600",
            "吸纳就业": "18",
        },
    )
    assert told(ENTERPRISE_LEAD)["产业对接"] == [
        ["考察", "1", "0", "0.00", "0.00", "0"],
        ["注册", "1", "1", "2,000.00", "600.00", "18"],
        ["合计", "2", "1", "2,000.00", "600.00", "18"],
    ]


def test_donations_received_and_handed_out_by_quarter_and_by_whose_they_are(world: World) -> None:
    gifts = Trial(world, DONATION)
    gifts.done({**GIFT, "日期": "2022-02-10", "金额": "50000"})
    gifts.done({**GIFT, "日期": "2022-05-10", "金额": "20000", "票据号": "002"})
    gifts.filed({**GIFT, "日期": "2022-05-11", "金额": "10000", "票据号": "003"})
    wanted = [["资金", "2.00", "7.00", "0.00", "0.00"], ["合计", "2.00", "7.00", "0.00", "0.00"]]
    assert told(DONATION)["社会捐赠"] == wanted
    own = Scope(organization_ids=frozenset([world.units["徐庄镇"].pk]))
    other = Scope(organization_ids=frozenset([world.units["店子镇"].pk]))
    assert told(DONATION, scope=own)["社会捐赠"] == wanted
    assert told(DONATION, scope=other) == {}


def test_wishes_by_state(world: World) -> None:
    Trial(world, WISH).done(CHILD)
    assert [row[:2] for row in told(WISH)["微心愿"]] == [["征集", "1"], ["合计", "1"]]


def test_cadres_by_direction_and_doctors_by_kind_as_the_partner_sees_them(world: World) -> None:
    Trial(world, SECONDMENT, "局里").done(CADRE)
    Trial(world, SUPPORT_POST, "局里").done(DOCTOR)
    partner = Scope(partner=True, organization_ids=frozenset([0]))
    for scope in (EVERYTHING, partner):
        cadres = told(SECONDMENT, scope=scope)["干部人才挂职"]
        assert cadres == [["山亭→荣成 · 党政干部挂职", "1", "1", "1"], ["合计", "1", "1", "1"]]
        assert told(SUPPORT_POST, scope=scope)["支医支教"] == [["支医", "1", "1"], ["合计", "1", "1"]]
    assert told(SECONDMENT, scope=Scope(organization_ids=frozenset([world.units["徐庄镇"].pk]))) == {}


def test_exchanges_by_crop_and_kind(world: World) -> None:
    tech = Trial(world, TECH_EXCHANGE)
    row = {"日期": "2022-05-18", "活动名称": "花生交流", "类别": "服务团", "领域": "花生", "荣成方单位/人员": "3 名专家",
           "山亭方单位/驿站": "某驿站", "地点": "店子镇", "培训人次": "62"}  # fmt: skip
    tech.done(row)
    tech.done({**row, "日期": "2022-02-18", "领域": "食用菌", "培训人次": ""})
    assert told(TECH_EXCHANGE)["农技科技交流"] == [
        ["食用菌 · 科技特派员服务团", "0", "1", "0", "0"],
        ["花生 · 科技特派员服务团", "1", "1", "62", "62"],
        ["合计", "1", "2", "62", "62"],
    ]
    Trial(world, CULTURE_EXCHANGE).done({
        "起止时间": "2022.4.12-4.14", "活动名称": "剪纸", "类别": "非遗", "主办/承办": "区文旅局", "荣成参与单位": "文化馆",
        "地点": "区文化馆", "培训人次": "45"})  # fmt: skip
    assert told(CULTURE_EXCHANGE)["文化交流"][0] == ["非遗", "1", "1", "45", "45", "0", "0"]


def test_jobs_by_place_and_people_once(world: World) -> None:
    jobs = Trial(world, PLACEMENT)
    jobs.done(JOB)
    jobs.done({**JOB, "务工企业名称": "另一家", "务工所在地": "青岛市", "上岗时间": "2022-05-01"})
    tables = told(PLACEMENT)
    assert tables["转移就业岗位"][-1] == ["合计", "2", "2", "0", "0"]
    assert tables["转移就业人数"][-1] == ["合计", "0", "1"]  # in March; the second job reaches nobody new
    fair = {
        "日期": "2022-05-18",
        "活动名称": "招聘会",
        "主办单位": "区人社局",
        "地点": "广场",
        "提供岗位": "80",
    }
    Trial(world, JOB_FAIR).done(fair)
    assert told(JOB_FAIR)["专场招聘"][0] == ["区人社局", "1", "1", "80", "80", "0", "0", "0", "0"]


def test_meetings_visits_and_volunteers(world: World) -> None:
    meeting = {"日期": "2022-05-29", "类型": "联席会议", "名称/次数": "第八次", "地点": "山亭", "层级": "主要领导",
               "荣成方出席": "甲", "山亭方出席": "乙", "人数": "30", "议题": "年度协作"}  # fmt: skip
    Trial(world, MEETING, "局里").done(meeting)
    assert told(MEETING)["联席会议和对接会"] == [
        ["联席会议", "1", "1", "30", "30"],
        ["合计", "1", "1", "30", "30"],
    ]
    visit = {
        "日期": "2022-02-24",
        "方向": "赴荣成",
        "带队领导（职务）": "副区长",
        "层级": "分管领导",
        "人数": "8",
        "议题": "对接",
    }
    Trial(world, VISIT, "局里").done(visit)
    assert told(VISIT)["两地互访"][0] == ["赴荣 · 县级分管领导", "0", "1", "0", "8"]
    team = {
        "日期": "2022-05-05",
        "队伍": "青年队",
        "活动内容": "助学",
        "志愿者人数": "16",
        "服务对象人次": "35",
    }
    Trial(world, VOLUNTEERING).done(team)
    assert told(VOLUNTEERING)["志愿服务"][0] == ["青年队", "1", "1", "16", "16", "35", "35"]


def test_projects_by_kind_and_the_zones_by_its_six_contents(world: World) -> None:
    town = Trial(world, PROJECT, "徐庄")
    town.done(bare("已立项"))
    zone = Trial(world, PROJECT, "北庄")
    first = zone.done(at("已立项"))
    second = {"子项目编码": "2022-01-02", "项目名称": "管网", "总投资": "80.5", "协作资金": "80"}
    zone.done(at("已立项", **second, 其他资金="0.5", 推进区内容="环境整治"))
    tables = told(PROJECT)
    assert tables["项目类别"] == [["美丽乡村", "1", "100.00", "100.00"], ["合计", "1", "100.00", "100.00"]]
    assert tables["推进区六项内容"] == [
        ["产业发展", "1", "120.00", "120.00"],
        ["环境整治", "1", "80.00", "80.50"],
        ["合计", "2", "200.00", "200.50"],
    ]
    ended = {
        "暂停、终止日期": "2022-06-01",
        "终止决定文号": "山乡振发〔2022〕20号",
        "暂停、终止原因": "不再建设",
    }
    zone.stepped(first, {**at("已立项"), "项目状态": "终止", **ended})
    assert [row[0] for row in told(PROJECT)["推进区六项内容"]] == ["环境整治", "合计"]
