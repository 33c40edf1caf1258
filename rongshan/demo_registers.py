"""What the demonstration tells of labor, talent, aid and liaison, quarter by quarter, by what was typed; all of it is invented.

A few telling entries of every register in several states: people in work who were trained before, a firm from its first visit
to production and one that gave up, donations received and handed out, wishes on their way, exchanges, meetings, plans
and reports. Told like the money of rongshan/demo.py, which calls each quarter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aid.registers import DONATION, DONATION_RECEIVER, ENTERPRISE_LEAD, PAIRING, VOLUNTEERING, WISH
from directory.identity import INVENTED, check_character
from funds.scale import PRIOR_SCALE
from labor.handovers import ROSTER_HANDOVER
from labor.placements import JOB_FAIR, PLACEMENT
from labor.rosters import ROSTER
from ledger import actions
from ledger.merging import PERSON_MERGE
from ledger.models import Entry
from ledger.registers import Register
from liaison.registers import MEETING, MEETING_DECISION, PUBLICITY, VISIT, WORK_PLAN
from projects.pv import PV_STATION, PV_YIELD
from projects.registers import ASSET, NOTICE, PROGRESS, PROJECT, WORK, ZONE_MEMBER
from rongshan.demo_telling import tell
from talent.registers import CULTURE_EXCHANGE, SECONDMENT, SUPPORT_POST, SUPPORT_WORK, TECH_EXCHANGE

if TYPE_CHECKING:
    from rongshan.demo import _Year

TOWNS = ("徐庄镇湖沟村", "店子镇姚营村", "冯卯镇别庄村", "徐庄镇徐庄村")


class Registers:
    """`invented(serial)` gives the name and the identity number of a person of the demonstration."""

    def __init__(self, year: _Year, invented: Callable[[int], tuple[str, str]]) -> None:
        self.year, self.invented = year, invented
        self.donations: dict[str, Entry] = {}
        self.leads: dict[str, tuple[Entry, dict[str, str]]] = {}
        self.wishes: dict[str, tuple[Entry, dict[str, str]]] = {}
        self.placed: dict[int, tuple[Entry, dict[str, str]]] = {}
        self.posts: dict[str, Entry] = {}

    # --- the quarters -------------------------------------------------------------------------------------------

    def first_quarter(self) -> None:
        self.scale = self.tell("2022-02-14", "shenhe", PRIOR_SCALE, {
            "认定日期": "2022-02-12", "上年金额": "450",
            "出处": "2021 年协作帮扶工作方案附件（演示，数字为虚构）"})  # fmt: skip
        self.tell("2022-02-26", "fuhe", VISIT, {
            "日期": "2022-02-24", "方向": "赴荣成", "带队领导（职务）": "区政府副区长（演示）", "层级": "县级分管领导",
            "接待方": "荣成市乡村振兴局", "人数": "8", "地点": "荣成市", "议题": "对接年度协作资金和项目",
            "成果": "商定五个项目和资金安排"})  # fmt: skip
        self.tell("2022-03-05", "renshe", JOB_FAIR, {
            "日期": "2022-03-04", "活动名称": "荣成—山亭春风行动招聘会（演示）", "主办单位": "区人社局", "地点": "山城街道",
            "参加企业": "22", "提供岗位": "860", "求职人数": "540", "达成意向": "131", "签约人数": "46"})  # fmt: skip
        self.tell("2022-03-07", "fulian", VOLUNTEERING, {
            "日期": "2022-03-05", "队伍": "巾帼志愿服务队（演示）", "活动内容": "留守儿童功课辅导", "地点": "徐庄镇",
            "志愿者人数": "16", "时长": "48", "服务对象人次": "35"})  # fmt: skip
        for who, text in (
            ("renshe", "全年组织劳务对接 4 次，培训班 5 期，赴荣务工 60 人"),
            ("nongye", "全年组织农技交流 6 次，引进花生、食用菌品种 3 个"),
            ("wenlv", "全年组织文化交流 4 场"),
        ):
            self.tell("2022-03-10", who, WORK_PLAN, {
                "日期": "2022-03-10", "内容类别": "年度计划", "阶段": "全年", "内容": text, "完成状态": "计划"})  # fmt: skip
        self.publicity(
            "2022-03-16", "2022-03-15", "春风送岗到山亭", "山亭区政府网站", "区县", "政府网站", "原发"
        )
        self.lead("荣成演示食品有限公司", "2022-03-22", 阶段="考察", 行业="食品加工", 对接部门="区投促中心", 考察地点="城头镇",
                  意向内容="豆制品深加工", **{"带队人（职务）": "总经理"})  # fmt: skip

    def second_quarter(self) -> None:
        cadre = {
            "类别": "党政干部挂职",
            "派出方向": "山亭→荣成",
            "状态": "在岗",
            "派出文号": "山组字〔2022〕9号",
            "计划期限": "6",
        }
        for letter, home, host in (
            ("甲", "区乡村振兴局", "荣成市乡村振兴局"),
            ("乙", "北庄镇", "荣成市俚岛镇"),
            ("丙", "区投促中心", "荣成市投资促进中心（演示）"),
        ):
            self.tell("2022-04-06", "zuzhi", SECONDMENT, {
                **cadre, "姓名": f"演示干{letter}", "出生年月": "1985-06", "原单位": home, "挂职单位": host,
                "起始日期": "2022-04-01"})  # fmt: skip
        self.tell("2022-04-08", "rongcheng", SECONDMENT, {
            "姓名": "演示技甲", "出生年月": "1979-11", "类别": "专业技术人才", "派出方向": "荣成→山亭",
            "原单位": "荣成市农业农村局",
            "挂职单位": "区农业农村局", "计划期限": "6", "起始日期": "2022-04-01", "状态": "在岗"})  # fmt: skip
        self.posts["师"] = self.tell("2022-04-09", "rongcheng", SUPPORT_POST, {
            "类别": "支教", "姓名": "演示师甲", "出生年月": "1987-09", "专业/学科": "英语",
            "派出单位": "荣成市第一中学（演示）",
            "受援单位": "山亭区第十八中学（演示）", "期限": "12", "起始日期": "2022-03-01", "状态": "在岗"})  # fmt: skip
        for serial in range(8):  # of the first course: counted once, however often they are reached
            self.place(serial, "2022-06-27", f"2022-05-0{serial + 1}")
        for serial in (80, 81, 82):
            self.place(serial, "2022-06-27", "2022-06-06", firm="荣成演示食品有限公司")
        self.donations["money"] = self.donation("2022-04-21", "收到捐赠", "资金", "荣成市演示慈善总会", "社会组织",
                       金额="50000", 票据号="演票0001", 定向用途="助学")  # fmt: skip
        self.donations["goods"] = self.donation("2022-05-30", "收到捐赠", "物资", "荣成市卫健局", "机关", 物资名称="书包和文具",
                                                数量和单位="100 套", 折价="12000", 票据号="演票0002")  # fmt: skip
        self.donation("2022-06-01", "发放使用", "物资", "荣成市卫健局", "机关", 物资名称="书包和文具", 数量和单位="60 套",
                      折价="7200", 使用情况="徐庄镇、店子镇小学生 60 名，每人一套")  # fmt: skip
        for serial in (83, 84):
            self.tell("2022-06-02", "tuanwei", DONATION_RECEIVER, {
                **self.person(serial), "领取日期": "2022-06-01", "领取内容": "文具一套", "折合": "120"},
                given={"donation": self.donations["goods"]})  # fmt: skip
        self.wish("2022-04-28", "书桌一张", 85, 期次="第一期", 类别="妇女")
        self.wish("2022-04-28", "书包", 701, 期次="第一期", 类别="学生", 监护人同意="是")
        self.wish("2022-04-28", "轮椅", 86, 期次="第一期", 类别="残疾")
        self.wish("2022-04-28", "电饭煲", 87, 期次="第一期", 类别="老人")
        self.wish_step("2022-05-12", "书桌一张", 状态="发布", 发布日="2022-05-10")
        self.wish_step("2022-06-03", "书桌一张", 状态="送达", 认领日="2022-05-16", 送达日="2022-06-01", 折合="320",
                       **{"认领人/单位": "荣成市卫健局"})  # fmt: skip
        self.wish_step("2022-06-03", "书包", 状态="送达", 发布日="2022-05-10", 认领日="2022-05-16", 送达日="2022-06-01",
                       折合="150", **{"认领人/单位": "荣成市卫健局"})  # fmt: skip
        for day, name, kind, crop, stage, guests in (
            ("2022-05-18", "花生高产技术交流（演示）", "科技特派员服务团", "花生", "种植", "3 名专家"),
            (
                "2022-06-09",
                "食用菌驿站交流（演示）",
                "农科驿站交流",
                "食用菌",
                "加工",
                "荣成市农科驿站（演示）",
            ),
        ):
            self.tell(day, "nongye", TECH_EXCHANGE, {
                "日期": day, "活动名称": name, "类别": kind, "领域": crop, "环节": stage, "荣成方单位/人员": guests,
                "山亭方单位/驿站": "店子镇农科驿站（演示）", "地点": "店子镇", "参加人数": "62", "培训人次": "62",
                "引进品种/技术": "花生良种 1 个" if crop == "花生" else "", "示范面积": "50"})  # fmt: skip
        self.lead_step("2022-05-08", "荣成演示食品有限公司", 阶段="意向", 进展日期="2022-05-06")
        self.lead("荣成演示针织有限公司", "2022-05-11", 阶段="考察", 行业="纺织服装", 对接部门="区工信局",
                       考察地点="山亭经济开发区", 意向内容="针织服装加工点", **{"带队人（职务）": "副总经理"})  # fmt: skip
        self.tell("2022-05-20", "tuanwei", PAIRING, {
            **self.person(88), "帮扶方": "荣成演示建材有限公司", "帮扶方式": "资助上学至大学毕业", "开始日期": "2022-05-18",
            "状态": "帮扶中", "频次": "每学期一次", "累计金额": "3000"})  # fmt: skip
        self.tell("2022-06-24", "nongye", WORK_PLAN, {
            "日期": "2022-03-12", "内容类别": "阶段目标", "阶段": "二季度", "内容": "农技交流 2 次",
            "计划完成日期": "2022-06-30",
            "完成状态": "完成", "完成情况": "花生、食用菌各 1 次", "完成日期": "2022-06-09"})  # fmt: skip

    def third_quarter(self) -> None:
        self.work("2022-07-04", self.posts["师"], "2022-06-30", 授课节数="96", 听评课节数="20", 教研活动次数="4",
                  培训教师人次="60", 受益学生人数="300")  # fmt: skip
        for day, held, name, kind, more in (
            ("2022-07-15", "2022.7.12-7.14", "非遗剪纸培训（演示）", "非遗", {"场次": "3", "培训人次": "45"}),
            (
                "2022-08-26",
                "2022.8.25",
                "荣山文创展销（演示）",
                "展销",
                {"场次": "1", "观众人次": "600", "展销额": "38600"},
            ),
        ):
            self.tell(day, "wenlv", CULTURE_EXCHANGE, {
                "起止时间": held, "活动名称": name, "类别": kind, "主办/承办": "区文旅局",
                "荣成参与单位": "荣成市文化馆（演示）",
                "地点": "区文化馆", **more})  # fmt: skip
        self.place_step(3, "2022-08-31", 离岗时间="2022-08-30", **{"务工时间（月）": "4"})
        self.place_step(4, "2022-09-02", **{"务工时间（月）": "3"})
        self.lead_step(
            "2022-08-24", "荣成演示食品有限公司", 阶段="签约", 进展日期="2022-08-22", 协议投资="2000"
        )
        self.lead_step("2022-09-08", "荣成演示针织有限公司", 阶段="终止", 进展日期="2022-09-06",
                       未落地原因="用工规模达不到企业要求")  # fmt: skip
        self.donation("2022-09-02", "发放使用", "资金", "荣成市演示慈善总会", "社会组织", 金额="30000",
                      使用情况="资助应届大学新生 10 名，每名 3000 元")  # fmt: skip
        self.wish_step("2022-07-06", "轮椅", 状态="认领", 发布日="2022-06-20", 认领日="2022-07-04",
                       **{"认领人/单位": "荣成演示医疗器械有限公司"})  # fmt: skip
        self.wish_step("2022-07-20", "电饭煲", 状态="取消", 备注="本人家中已购置")
        self.tell("2022-08-20", "fuhe", VISIT, {
            "日期": "2022-08-18", "方向": "来山亭", "带队领导（职务）": "荣成市委副书记（演示）", "层级": "县级主要领导",
            "人数": "12",
            "地点": "北庄镇、徐庄镇", "议题": "联席会议和项目观摩"})  # fmt: skip
        for on, outlet, level, carrier, source in (
            ("2022-08-21", "演示日报", "市", "报刊", "原发"),
            ("2022-08-22", "演示网", "省", "新媒体", "转载"),
        ):
            self.publicity(on, "2022-08-20", "荣山协作联席会议召开", outlet, level, carrier, source)

        self._registered_twice()

    def _registered_twice(self) -> None:
        """One man, once by name and month of birth and once by number: merged, so that he counts once."""
        by_month = self.tell("2022-09-06", "fulian", DONATION_RECEIVER, {
            "姓名": "演示叔甲", "出生年月": "1966-03", "镇村": TOWNS[0], "人员类别": "脱贫人口", "领取日期": "2022-09-05",
            "领取内容": "文具一套"}, given={"donation": self.donations["goods"]})  # fmt: skip
        first17 = f"{INVENTED}19660315077"
        by_number = self.tell("2022-09-08", "renshe", PLACEMENT, {
            **self.person(80), "姓名": "演示叔甲", "身份证号": first17 + check_character(first17), "镇村": TOWNS[0],
            "务工所在地": "山东省威海市荣成市", "务工企业名称": "荣成演示水产有限公司", "岗位/工种": "门卫",
            "上岗时间": "2022-09-01"})  # fmt: skip
        self.merge("2022-09-12", by_month, by_number, "同一人：村委会证明和身份证")

    def merge(self, on: str, one: Entry, other: Entry, reason: str, *, approve: bool = True) -> None:
        """The person of `one` is the person of `other`."""
        person, into = (actions.detail_of(entry).person_id for entry in (one, other))
        self.tell(on, "shenhe", PERSON_MERGE, {
            "人员编号": str(person), "并入人员编号": str(into), "依据": reason}, approve=approve)  # fmt: skip

    def fourth_quarter(self) -> None:
        """What has come to an end, and what waits or went back, of every register."""
        self.work("2022-10-05", self.posts["师"], "2022-09-30", 授课节数="88", 听评课节数="16", 教研活动次数="5",
                  受益学生人数="300")  # fmt: skip
        self.work("2022-10-05", self.year.doctor, "2022-09-30", approve=False, 门诊人次="420", 手术例数="12", 会诊次数="8",
                  带教人数="3", 讲座场次="2")  # fmt: skip
        self.lead_step("2022-11-16", "荣成演示食品有限公司", 阶段="注册", 进展日期="2022-11-15", 到位投资="600", 吸纳就业="18",
                       其中脱贫人口="7", 落地镇街="城头镇")  # fmt: skip
        self._waiting()
        self._returned()

    def _waiting(self) -> None:
        """Filed in December and not decided yet."""
        day = "2022-12-06"
        self.place(90, day, "2022-11-21", firm="荣成演示食品有限公司", approve=False)
        self.place(63, day, "2022-11-14", approve=False)  # by the roster unable to work: the reviewer is told
        self.tell(day, "renshe", ROSTER, {
            **self.person(91, bare=True), "花名册日期": "2022-11-30", "户编号": "演示户0091", "与户主关系": "户主",
            "户类型": "脱贫户",
            "文化程度": "高中", "健康状况": "健康", "劳动技能": "技能劳动力", "就业意愿": "愿赴荣成", "意向岗位": "电工"},
            approve=False)  # fmt: skip
        self.tell(day, "zuzhi", SECONDMENT, {
            "姓名": "演示干丁", "出生年月": "1988-02", "类别": "党政干部挂职", "派出方向": "山亭→荣成", "原单位": "冯卯镇",
            "挂职单位": "荣成市成山镇", "计划期限": "6", "起始日期": "2022-12-01", "状态": "在岗"}, approve=False)  # fmt: skip
        self.tell(day, "toucu", ENTERPRISE_LEAD, {
            "日期": "2022-12-02", "企业名称": "荣成演示海洋生物有限公司", "行业": "医药健康", "带队人（职务）": "董事长",
            "对接部门": "区投促中心", "考察地点": "山亭经济开发区", "意向内容": "中药材提取", "阶段": "考察"},
            approve=False)  # fmt: skip
        self.donation(day, "收到捐赠", "物资", "荣成演示服装有限公司", "企业", approve=False, 物资名称="棉衣",
                      数量和单位="200 件", 折价="24000")  # fmt: skip
        self.wish("2022-12-05", "棉鞋", 92, approve=False, 期次="第二期", 类别="老人")
        self.tell(day, "shenhe", MEETING_DECISION, {
            "事项序号": "3", "议定事项": "来年资金安排会商", "责任单位": "区财政局", "完成期限": "2022-12-20",
            "办理状态": "未办"}, given={"meeting": self.year.meeting}, approve=False)  # fmt: skip
        self.tell(day, "fuhe", VISIT, {
            "日期": "2022-12-01", "方向": "赴荣成", "带队领导（职务）": "区委书记（演示）", "层级": "县级主要领导", "人数": "9",
            "议题": "年度协作总结会商"}, approve=False)  # fmt: skip
        self.publicity(
            day, "2022-12-01", "百日攻坚见实效", "山亭发布（演示）", "区县", "新媒体", "原发", approve=False
        )
        self.tell(day, "renshe", WORK_PLAN, {
            "日期": "2022-12-05", "内容类别": "具体成果", "阶段": "全年", "内容": "培训班 4 期，花名册提供 3 次",
            "完成状态": "完成",
            "完成情况": "见台账", "完成日期": "2022-12-02"}, approve=False)  # fmt: skip
        self.tell(day, "fuhe", PRIOR_SCALE, {
            "认定日期": "2022-12-05", "上年金额": "448.5", "出处": "2021 年协作资金决算（演示，数字为虚构）"},
            after=self.scale, reason="以决算数为准", approve=False)  # fmt: skip
        self.merge(day, self.placed[82][0], self.placed[81][0], "身份证号录错一位，实为同一人", approve=False)

    def _returned(self) -> None:
        """Went back to whoever filed it, each for a reason one meets."""
        day = "2022-12-08"
        self.tell(day, "renshe", JOB_FAIR, {
            "日期": "2022-11-26", "活动名称": "荣成企业专场招聘会（演示）", "主办单位": "区人社局", "地点": "北庄镇",
            "参加企业": "9",
            "提供岗位": "210"}, returned="请补填求职和签约人数。")  # fmt: skip
        self.tell(day, "tuanwei", VOLUNTEERING, {
            "日期": "2022-12-05", "队伍": "青年志愿服务队（演示）", "活动内容": "冬季送暖", "志愿者人数": "20"},
            returned="请写明服务地点和服务对象人次。")  # fmt: skip
        self.tell(day, "tuanwei", PAIRING, {
            **self.person(93), "帮扶方": "荣成演示水产有限公司", "开始日期": "2022-12-01", "状态": "帮扶中"},
            returned="请写明帮扶方式和频次。")  # fmt: skip
        self.tell(day, "nongye", TECH_EXCHANGE, {
            "日期": "2022-11-30", "活动名称": "中药材加工交流（演示）", "类别": "技术培训", "领域": "中药材",
            "荣成方单位/人员": "2 名专家",
            "山亭方单位/驿站": "北庄镇农科驿站（演示）", "地点": "北庄镇"}, returned="附件看不清，请重新拍照。")  # fmt: skip
        self.tell(day, "wenlv", CULTURE_EXCHANGE, {
            "起止时间": "2022-11-20", "活动名称": "书画联展（演示）", "类别": "陈列展览", "主办/承办": "区文旅局",
            "荣成参与单位": "荣成市文化馆（演示）", "地点": "区文化馆"}, returned="请补填场次和观众人次。")  # fmt: skip
        self.tell(day, "fulian", DONATION_RECEIVER, {
            **self.person(94), "领取日期": "2022-12-01", "领取内容": "棉衣一件"},
            given={"donation": self.donations["goods"]}, returned="这批捐赠是书包和文具，请核对领取内容。")  # fmt: skip
        self.tell(day, "fuhe", MEETING, {
            "日期": "2022-11-24", "类型": "部门对接", "名称/次数": "人社部门对接会（演示）", "地点": "荣成", "层级": "部门",
            "荣成方出席": "荣成市人社局", "山亭方出席": "区人社局", "议题": "来年劳务协作"},
            returned="请附会议纪要。")  # fmt: skip

    def on_projects(self) -> None:
        """What waits or went back of the registers of projects and of the roster's hand-over, at the end of the year."""
        projects, day = self.year.projects, "2022-12-07"
        projects.record(day, "dianzi", PROJECT, {
            **projects.typed["2022-05"], "项目状态": "已验收", "验收时间": "2022-12-05", "验收结论": "合格"},
            after=projects.entry["2022-05"], photo=True, approve=False)  # fmt: skip
        projects.record(day, "dianzi", PROGRESS, {
            "项目名称": "2022-05", "截至日期": "2022-11-30", "项目状态": "已完工", "形象进度": "全部完成", "工程进度": "100",
            "累计拨付": "8", "累计支出": "7.35"}, photo=True, approve=False)  # fmt: skip
        entry, work = projects.works[2]
        projects.record(day, "xuzhuang", WORK, {**work, "完成数量": "900", "截至日期": "2022-12-05"}, after=entry,
                        photo=True, returned="完成数量与监理签认的 880 米不一致。")  # fmt: skip
        projects.record(day, "dianzi", NOTICE, {
            "项目名称": "2022-05", "公示类别": "验收及资金使用结果公告", "公示内容": "验收结果、资金使用和监督电话 12317",
            "公示地点": "姚营村公示栏", "公示起止": "2022.11.18-11.29", "有无异议": "无"}, photo=True,
            returned="照片上看不清公示的起止日期，请重新拍照上传。")  # fmt: skip
        projects.record(day, "beizhuang", ASSET, {
            "资产名称": "食用菌大棚（演示）", "资产编号": "BZ-DP-01", "资产类别": "经营性", "原值": "1068000",
            "取得日期": "2022-12-01",
            "所有权层级": "村级", "产权单位": "洪门村股份经济合作社", "管护责任人": "洪门村委会", "资产状态": "在用"},
            photo=True, approve=False)  # fmt: skip
        projects.record(day, "beizhuang", ZONE_MEMBER, {
            "推进区": "2022-01", "村": "北庄镇北庄", "纳入日期": "2022-12-01", "依据文号": "山乡振发〔2022〕44号"},
            approve=False)  # fmt: skip
        station = {
            "电站名称": "姚营村光伏电站（演示）", "发电户号": "DEMO-370406-02", "所在村": "店子镇姚营村", "电站类型": "单村",
            "装机容量": "60.00", "并网日期": "2022-11-28", "上网方式": "全额上网", "产权单位": "姚营村股份经济合作社（演示）",
            "各村份额": "店子镇姚营村 100%"}  # fmt: skip
        projects.record(day, "dianzi", PV_STATION, station, approve=False)
        self.tell(day, "fengmao", PV_YIELD, {
            "月份": "2022-11", "发电量": "14880.60", "上网电量": "14850.60", "电价": "0.3949", "收入": "5864.50"},
            given={"station": self.year.rooms.station}, returned="收入与电费结算单相差 0.01 元，请核对。")  # fmt: skip
        self.tell("2022-12-28", "renshe", ROSTER_HANDOVER, {
            "季度末日": "2022-12-31", "花名册日期": "2022-12-20", "用途": "劳务输出岗位匹配",
            "依据": "山乡振发〔2022〕10号 二（二）一", "批准人": "局领导（演示）", "接收单位": "荣成市人社局",
            "提供时间": "2022-12-28"}, approve=False)  # fmt: skip

    # --- how it is told -----------------------------------------------------------------------------------------

    def tell(self, on: str, who: str, register: Register, typed: Mapping[str, str], **more: Any) -> Entry:
        return tell(self.year, on, who, register, typed, **more)

    def person(self, serial: int, *, bare: bool = False) -> dict[str, str]:
        """How a form names somebody of the demonstration; from 700 a child. `bare`: without 人员类别."""
        name, number = self.invented(serial) if serial < 700 else self._child(serial)
        typed = {"姓名": name, "身份证号": number, "镇村": TOWNS[serial % len(TOWNS)]}
        return typed if bare else {**typed, "人员类别": "一般农村劳动力" if serial % 9 == 0 else "脱贫人口"}

    def _child(self, serial: int) -> tuple[str, str]:
        first17 = f"{INVENTED}20120915{serial}"
        return f"演示学{'甲乙丙丁'[serial % 4]}", first17 + check_character(first17)

    def place(
        self, serial: int, on: str, began: str, *, firm: str = "荣成演示水产有限公司", approve: bool = True
    ) -> None:
        typed = {
            **self.person(serial), "务工所在地": "山东省威海市荣成市", "务工企业名称": firm, "所属行业": "食品加工",
            "岗位/工种": "加工工", "上岗时间": began, "计划期限": "12", "务工月收入": str(4200 + 100 * (serial % 5)),
            "是否签订合同": "是", "是否点对点输送": "是", "就业渠道": "政府组织"}  # fmt: skip
        self.placed[serial] = (self.tell(on, "renshe", PLACEMENT, typed, approve=approve), typed)

    def place_step(self, serial: int, on: str, **changed: str) -> None:
        self._step(self.placed, serial, on, "renshe", PLACEMENT, changed)

    def donation(
        self, on: str, event: str, form: str, donor: str, kind: str, *, approve: bool = True, **more: str
    ) -> Entry:
        """Received or handed out by 团区委."""
        return self.tell(on, "tuanwei", DONATION, {
            "事项": event, "日期": on, "捐赠方": donor, "捐赠方类型": kind, "形式": form,
            "受赠单位/人": "山亭区在校学生", "接收单位": "团区委", "是否公示": "是", **more}, approve=approve)  # fmt: skip

    def wish(self, on: str, content: str, serial: int, *, approve: bool = True, **more: str) -> None:
        who = {**self.person(serial, bare=True), "征集日期": on, "心愿内容": content, "状态": "征集", **more}
        self.wishes[content] = (self.tell(on, "fulian", WISH, who, approve=approve), who)

    def wish_step(self, on: str, content: str, **changed: str) -> None:
        self._step(self.wishes, content, on, "fulian", WISH, changed)

    def lead(self, firm: str, on: str, **typed: str) -> None:
        row = {"日期": on, "企业名称": firm, **typed}
        self.leads[firm] = (self.tell(on, "toucu", ENTERPRISE_LEAD, row), row)

    def lead_step(self, on: str, firm: str, **changed: str) -> None:
        self._step(self.leads, firm, on, "toucu", ENTERPRISE_LEAD, changed)

    def _step(
        self, told: dict[Any, tuple[Entry, dict[str, str]]], key: Any, on: str, who: str, register: Register,
        changed: Mapping[str, str],
    ) -> None:  # fmt: skip
        entry, typed = told[key]
        now = {**typed, **changed}
        told[key] = (self.tell(on, who, register, now, after=entry), now)

    def work(self, on: str, post: Entry, quarter_end: str, *, approve: bool = True, **counters: str) -> None:
        self.tell(on, "rongcheng", SUPPORT_WORK, {"季度末日": quarter_end, **counters},
                  given={"post": post}, approve=approve)  # fmt: skip

    def publicity(
        self,
        on: str,
        published: str,
        title: str,
        outlet: str,
        level: str,
        carrier: str,
        source: str,
        **more: Any,
    ) -> None:
        self.tell(on, "xuanchuan", PUBLICITY, {
            "刊发日期": published, "标题": f"{title}（演示）", "媒体名称": outlet, "级别": level, "载体": carrier,
            "作者/供稿单位": "区委宣传部", "原发/转载": source}, **more)  # fmt: skip
