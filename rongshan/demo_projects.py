"""The demonstration's projects: the five lines and three sub-projects of the zone, through a year, by what was typed.

Told like the money of rongshan/demo.py, which calls each quarter before its own; all of it is invented.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import SimpleUploadedFile

from ledger import evidence
from ledger.models import Entry, Evidence
from ledger.registers import Register
from projects.registers import ASSET, NOTICE, PROGRESS, PROJECT, WORK, ZONE_MEMBER
from rongshan.demo_telling import tell

if TYPE_CHECKING:
    from rongshan.demo import _Year

PLAN_NO = "山乡振发〔2022〕10号"
# what each project says from its first day; the code is the line's
FIRST: dict[str, tuple[str, dict[str, str]]] = {
    "2022-01": ("beizhuang", {
        "预算项目": "2022-01", "项目名称": "北庄镇市级衔接推进乡村振兴集中区", "项目类别": "综合（推进区）", "建设性质": "新建",
        "建设地点": "北庄镇", "建设内容及规模": "六大内容集中连片打造，分子项目实施", "总投资": "245", "协作资金": "245",
        "责任单位": "乡村振兴局", "实施单位": "370406104", "责任人": "北演示"}),
    "2022-01-01": ("beizhuang", {
        "预算项目": "2022-01", "子项目编码": "2022-01-01", "项目名称": "食用菌大棚", "项目类别": "产业", "推进区内容": "产业发展",
        "建设性质": "新建", "建设地点": "北庄镇洪门村", "建设内容及规模": "钢架大棚 20 座，配套水肥一体设备", "总投资": "120",
        "协作资金": "120", "责任单位": "乡村振兴局", "实施单位": "370406104", "责任人": "北演示"}),
    "2022-01-02": ("beizhuang", {
        "预算项目": "2022-01", "子项目编码": "2022-01-02", "项目名称": "污水管网与环境整治", "项目类别": "基础设施",
        "推进区内容": "环境整治", "建设性质": "新建", "建设地点": "北庄镇双山涧村",
        "建设内容及规模": "污水主管 2600 米，支管入户",
        "总投资": "80", "协作资金": "80", "责任单位": "乡村振兴局", "实施单位": "370406104", "责任人": "北演示"}),
    "2022-01-03": ("beizhuang", {
        "预算项目": "2022-01", "子项目编码": "2022-01-03", "项目名称": "就业车间与技能培训", "项目类别": "就业",
        "推进区内容": "就业带动", "建设性质": "改扩建", "建设地点": "北庄镇驻地", "建设内容及规模": "改造车间 600 平方米",
        "总投资": "45", "协作资金": "45", "责任单位": "乡村振兴局", "实施单位": "370406104", "责任人": "北演示"}),
    "2022-02": ("fengmao", {
        "预算项目": "2022-02", "项目名称": "冯卯镇别庄村光伏项目", "项目类别": "产业", "建设性质": "新建",
        "建设地点": "冯卯镇别庄村",
        "建设内容及规模": "村级光伏电站 150 千瓦", "总投资": "68", "协作资金": "68", "责任单位": "冯卯镇",
        "实施单位": "370406108", "责任人": "冯演示"}),
    "2022-03": ("tuanwei", {
        "预算项目": "2022-03", "项目名称": "希望小屋", "项目类别": "民生", "建设性质": "改扩建", "建设地点": "全区 17 户",
        "建设内容及规模": "改造独立居住和学习空间 17 间", "总投资": "17", "协作资金": "17", "责任单位": "团区委",
        "实施单位": "tqw", "责任人": "团演示"}),
    "2022-04": ("xuzhuang", {
        "预算项目": "2022-04", "项目名称": "美丽乡村提升工程", "项目类别": "美丽乡村", "建设性质": "新建",
        "建设地点": "徐庄镇湖沟村、徐庄村", "建设内容及规模": "道路、排水、路灯、墙体与绿化", "总投资": "100", "协作资金": "100",
        "责任单位": "徐庄镇", "实施单位": "370406106", "责任人": "徐演示", "受益村": "湖沟村、徐庄村"}),
    "2022-05": ("dianzi", {
        "预算项目": "2022-05", "项目名称": "基础设施提升", "项目类别": "基础设施", "建设性质": "新建", "建设地点": "店子镇姚营村",
        "建设内容及规模": "巷道整修、排水和护坡", "总投资": "20", "协作资金": "20", "责任单位": "店子镇", "实施单位": "370406101",
        "责任人": "店演示"}),
}  # fmt: skip


def picture(serial: int) -> bytes:
    """A small PNG of plain colours, a sky over a field, so that a page of photos has some; nobody is on it."""
    width, height = 320, 240
    sky, field = (170 + serial * 13 % 60, 200, 225), (120, 110 + serial * 29 % 90, 70)
    rows = bytearray()
    for y in range(height):
        shade = sky if y < height * 3 // 5 else field
        rows += (
            b"\x00"
            + bytes(shade) * (width // 2)
            + bytes(max(0, c - serial * 7 % 40) for c in shade) * (width // 2)
        )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(rows)))
        + chunk(b"IEND", b"")
    )


class Projects:
    """The projects of a demonstration year. `typed` is what each says now, by code; `entry` the record it says it in."""

    def __init__(self, year: _Year) -> None:
        self.year = year
        self.typed: dict[str, dict[str, str]] = {}
        self.entry: dict[str, Entry] = {}
        self.works: list[tuple[Entry, dict[str, str]]] = []
        self.pictures = 0

    # --- the quarters -------------------------------------------------------------------------------------------

    def first_quarter(self) -> None:
        for code, (_, typed) in FIRST.items():
            further = {"项目状态": "已立项", "立项时间": "2022-02-15", "计划文号": PLAN_NO}
            self.step("2022-02-28", code, **typed, **further)
        for village in ("北庄镇洪门村", "北庄镇双山涧村", "徐庄镇湖沟村", "徐庄镇徐庄村"):
            self.record("2022-03-01", "beizhuang", ZONE_MEMBER, {
                "推进区": "2022-01", "村": village, "纳入日期": "2022-03-01", "依据文号": PLAN_NO})  # fmt: skip
        plans = {
            "2022-01": ("2022-04-20", "2022-12-20", "1860", "5200", "245"),
            "2022-01-01": ("2022-04-15", "2022-09-30", "60", "180", "120"),
            "2022-01-02": ("2022-05-10", "2022-11-30", "410", "1220", "80"),
            "2022-01-03": ("2022-10-08", "2022-12-25", "90", "260", "45"),
            "2022-02": ("2022-04-01", "2022-07-31", "120", "310", "68"),
            "2022-03": ("2022-04-20", "2022-10-31", "17", "51", "17"),
            "2022-04": ("2022-03-20", "2022-11-30", "620", "1950", "100"),
            "2022-05": ("2022-05-01", "2022-10-31", "150", "470", "20"),
        }
        for number, (code, (start, finish, households, people, amount)) in enumerate(plans.items(), 1):
            self.step("2022-03-08", code, 项目状态="已批复", 批复时间="2022-03-05", 批复文号=f"山乡振批〔2022〕{number}号",
                      批复金额=amount, 计划开工=start, 计划完工=finish, 受益户=households, 受益人口=people,
                      绩效目标="按期完成建设内容，群众满意度 95% 以上")  # fmt: skip
        self.notice("2022-03-01", "2022-02", "年度计划公示", "别庄村公示栏", "2022.2.16-2.28")
        self.notice("2022-03-01", "2022-04", "年度计划公示", "湖沟村、徐庄村公示栏", "2022.2.16-2.27")
        self.notice("2022-03-18", "2022-04", "招标或实施前公示", "湖沟村、徐庄村公示栏", "2022.3.6-3.15")
        self.begin("2022-03-21", "2022-04", "2022-03-21", "XZ-2022-01", "960000", "山亭区演示建筑工程有限公司",
                   公告="2022-03-08", 中标="2022-03-18", 合同="2022-03-20", 招标方式="竞争性磋商",
                   付款节点="开工40、完工80、验收97、移交100")  # fmt: skip
        for village, item, detail, measure, planned, price, amount in (
            ("徐庄镇湖沟村", "道路硬化", "主街", "米", "1200", "300", "360000"),
            ("徐庄镇湖沟村", "路灯", "", "盏", "68", "3000", "204000"),
            ("徐庄镇徐庄村", "排水或污水管网", "明沟加盖", "米", "900", "250", "225000"),
            ("徐庄镇徐庄村", "墙体", "", "平方米", "1800", "60", "108000"),
        ):
            work = {"项目名称": "2022-04", "村": village, "建设内容": item, "具体内容": detail, "计量单位": measure,
                    "计划数量": planned, "单价": price, "金额": amount, "截至日期": "2022-03-25",
                    "管护责任人": f"{village[3:]}委会"}  # fmt: skip
            self.works.append((self.record("2022-03-25", "xuzhuang", WORK, work), work))
        self.progress("2022-04-02", "2022-04", "2022-03-31", "测量放线，主街路基开挖", "8", "40", "8")

    def second_quarter(self) -> None:
        self.begin("2022-04-12", "2022-02", "2022-04-12", "FM-2022-01", "611000", "枣庄演示新能源有限公司",
                   公告="2022-03-10", 中标="2022-04-02", 合同="2022-04-08", 招标方式="公开招标",
                   付款节点="开工45、验收100")  # fmt: skip
        self.begin("2022-04-18", "2022-01-01", "2022-04-18", "BZ-2022-01", "1080000", "枣庄演示农业设施有限公司",
                   公告="2022-03-12", 中标="2022-04-06", 合同="2022-04-12", 招标方式="公开招标",
                   付款节点="开工40、完工90、验收100")  # fmt: skip
        self.step("2022-04-20", "2022-01", 项目状态="在建", 招标方式="自行组织实施", 未招标原因="分子项目各自招标或采购",
                  实际开工="2022-04-18")  # fmt: skip
        self.step("2022-04-22", "2022-03", 项目状态="在建", 招标方式="询价", 未招标原因="单间造价低，分批询价采购",
                  实际开工="2022-04-22")  # fmt: skip
        self.begin("2022-05-16", "2022-01-02", "2022-05-16", "BZ-2022-02", "760000", "山亭演示管道有限公司",
                   公告="2022-04-01", 中标="2022-04-28", 合同="2022-05-09", 招标方式="公开招标",
                   付款节点="开工40、完工90、验收100")  # fmt: skip
        self.step("2022-05-20", "2022-05", 项目状态="在建", 招标方式="村民自建", 未招标原因="限额以下，村民会议同意自建",
                  实际开工="2022-05-10")  # fmt: skip
        self.notice("2022-05-12", "2022-05", "招标或实施前公示", "姚营村公示栏", "2022.4.20-4.30")
        for code, image, percent, disbursed, spent in (
            ("2022-04", "主街道路完成，路灯基础完成", "38", "40", "20.5"),
            ("2022-02", "支架安装完成，组件到货", "45", "27.2", "27.2"),
            ("2022-01-01", "大棚钢架完成 16 座", "65", "48", "36"),
            ("2022-01-02", "主管沟槽开挖完成", "约三成", "32", "9.6"),
            ("2022-05", "巷道整修完成 3 条", "50", "8", "6"),
        ):
            self.progress("2022-07-02", code, "2022-06-30", image, percent, disbursed, spent)

    def third_quarter(self) -> None:
        self.step("2022-07-29", "2022-02", 项目状态="已完工", 实际完工="2022-07-26")
        self.step("2022-08-02", "2022-02", 项目状态="已验收", 验收时间="2022-08-01", 验收结论="合格")
        self.step("2022-08-26", "2022-01-03", 总投资="40", 协作资金="40", 批复金额="40", 建设内容及规模="改造车间 520 平方米",
                  变更日期="2022-08-24", 变更文号="山乡振发〔2022〕31号", 变更批准单位="山亭区协作帮扶领导小组")  # fmt: skip
        self.step("2022-08-27", "2022-01-02", 总投资="85", 协作资金="85", 批复金额="85",
                  建设内容及规模="污水主管 2900 米，支管入户", 变更日期="2022-08-24", 变更文号="山乡振发〔2022〕31号",
                  变更批准单位="山亭区协作帮扶领导小组")  # fmt: skip
        self.step("2022-09-22", "2022-01-01", 项目状态="已完工", 实际完工="2022-09-20")
        for code, image, percent, disbursed, spent in (
            ("2022-04", "路灯安装完成，徐庄村排水完成八成", "70", "75", "40.8"),
            ("2022-01-02", "主管铺设完成 1900 米", "62", "32", "9.6"),
            ("2022-01", "食用菌大棚完工，管网在建，车间待开工", "64", "80", "44.4"),
            ("2022-03", "完成改造 12 间", "70", "11.9", "11.9"),
            ("2022-05", "排水完成，护坡在建", "86", "8", "7.35"),
        ):
            self.progress("2022-10-02", code, "2022-09-30", image, percent, disbursed, spent)

        for n, actual in enumerate(("1200", "68", "720", "0")):
            entry, work = self.works[n]
            done = {**work, "完成数量": actual, "截至日期": "2022-09-28"}
            later = self.record("2022-09-28", "xuzhuang", WORK, done, after=entry, photo=actual != "0")
            self.works[n] = (later, done)

    def fourth_quarter(self) -> None:
        self.step("2022-10-11", "2022-01-01", 项目状态="已验收", 验收时间="2022-10-10", 验收结论="整改",
                  整改期限="2022-11-10")  # fmt: skip
        self.step("2022-10-28", "2022-02", 项目状态="已决算", 审定时间="2022-10-26", 审定金额="611500",
                  合同审定金额="611000")  # fmt: skip
        self.step("2022-11-10", "2022-02", 项目状态="已移交", 移交时间="2022-11-08", 产权单位="别庄村股份经济合作社",
                  管护责任人="别庄村委会")  # fmt: skip
        self.notice("2022-11-12", "2022-02", "验收及资金使用结果公告", "别庄村公示栏", "2022.10.28-11.8")
        self.record("2022-11-15", "fengmao", ASSET, {
            "项目名称": "2022-02", "资产名称": "别庄村光伏电站", "资产编号": "FM-GF-01", "资产类别": "经营性", "原值": "611000",
            "取得日期": "2022-11-08", "所有权层级": "村级", "产权单位": "别庄村股份经济合作社",
            "使用或经营单位": "别庄村股份经济合作社",
            "收益权单位": "别庄村股份经济合作社", "管护责任人": "别庄村委会", "资产状态": "在用"}, photo=True)  # fmt: skip
        self.step("2022-11-04", "2022-05", 项目状态="已完工", 实际完工="2022-11-02")

    # --- how it is told -----------------------------------------------------------------------------------------

    def step(self, on: str, code: str, **changed: str) -> None:
        """The next step of a project, or its first; approved the same day, with a photo once works have begun."""
        self.typed[code] = {**self.typed.get(code, {}), **changed}
        photo = "实际开工" in changed or "实际完工" in changed
        who = FIRST[code][0]
        self.entry[code] = self.record(
            on, who, PROJECT, self.typed[code], after=self.entry.get(code), photo=photo
        )

    def begin(self, on: str, code: str, started: str, contract: str, amount: str, firm: str, *, 公告: str, 中标: str,
              合同: str, **further: str) -> None:  # fmt: skip
        """Tender and start of works, one step each."""
        self.step(公告, code, 项目状态="招标采购", 招标公告日=公告, 招标方式=further.pop("招标方式"))
        self.step(on, code, 项目状态="在建", 中标日=中标, 中标单位=firm, 合同日=合同, 合同编号=contract, 合同金额=amount,
                  实际开工=started, **further)  # fmt: skip

    def progress(
        self, on: str, code: str, as_of: str, image: str, percent: str, disbursed: str, spent: str
    ) -> None:
        words = {} if percent.isdigit() else {"工程进度数值": "30"}
        state = self.typed[code]["项目状态"]
        late = {"存在问题": "雨季影响施工", "下一步措施": "增加班组，按周调度"} if code == "2022-04" else {}
        self.record(on, FIRST[code][0], PROGRESS, {
            "项目名称": code, "截至日期": as_of, "项目状态": state, "形象进度": image, "工程进度": percent, "累计拨付": disbursed,
            "累计支出": spent, **words, **late}, photo=True)  # fmt: skip

    def notice(self, on: str, code: str, kind: str, place: str, days: str) -> None:
        self.record(on, FIRST[code][0], NOTICE, {
            "项目名称": code, "公示类别": kind, "公示内容": "项目内容、投资、工期和监督电话 12317", "公示地点": place,
            "公示起止": days, "有无异议": "无"}, photo=True)  # fmt: skip

    def record(
        self,
        on: str,
        who: str,
        register: Register,
        typed: Mapping[str, str],
        *,
        after: Entry | None = None,
        photo: bool = False,
        approve: bool = True,
        returned: str = "",
    ) -> Entry:
        """One row of a register, typed as its form would be, by column label; approved the same day."""
        files = self._photo(who) if photo else ()
        return tell(
            self.year, on, who, register, typed, after=after, files=files, approve=approve, returned=returned
        )

    def _photo(self, who: str) -> Sequence[Evidence]:
        user = self.year.cast[who]
        assert user.organization is not None
        self.pictures += 1
        upload = SimpleUploadedFile(f"演示照片 {self.pictures}.png", picture(self.pictures))
        return [evidence.store(by=user, organization=user.organization, upload=upload)]
