"""A demonstration: invented, plainly labelled people and a year of entries on the 2022 plan, through actions only.

Who: two clerks of 徐庄镇, clerks of other townships and of ten departments, two reviewers, a leader, and one of each
administrator. What: a believable 2022 in four quarters, of which two are closed; entries in every state; one attempt
to overspend, which the audit trail keeps. All amounts after the plan's own are invented.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Q

from directory import actions as people
from directory.identity import INVENTED, check_character
from directory.loading import load_directory
from directory.models import Division, Organization, User
from funds import loading
from funds.models import FundFlow
from funds.registers import FUND_FLOW
from labor.handovers import ROSTER_HANDOVER
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from labor.rosters import ROSTER
from ledger import actions, bookkeeping, drafts, evidence
from ledger.models import BudgetLine, Entry, Evidence, Filing, Period, Plan
from ledger.money import parse_amount
from ledger.parsing import Known, Raw, parse
from ledger.refusals import Refusal
from ledger.registers import Column, Register
from liaison.registers import MEETING, MEETING_DECISION
from rongshan.demo_projects import Projects
from rongshan.demo_registers import Registers
from rongshan.demo_rooms import Story as Rooms
from talent.registers import SUPPORT_POST

PASSWORD = "Xiezuo-2022"  # noqa: S105  the demo's only; nothing outside the demo has a default account
FILE = Path(__file__).resolve().parent.parent / "fixtures" / "plan-2022.yaml"

# user name, name, role, unit
CAST: list[tuple[str, str, str, str]] = [
    ("xuzhuang", "徐演示", User.Role.CLERK, "370406106"),
    ("xuzhuang2", "庄演示", User.Role.HEAD, "370406106"),
    ("dianzi", "店演示", User.Role.CLERK, "370406101"),
    ("beizhuang", "北演示", User.Role.CLERK, "370406104"),
    ("fengmao", "冯演示", User.Role.CLERK, "370406108"),
    ("tuanwei", "团演示", User.Role.CLERK, "tqw"),
    ("caizheng", "财演示", User.Role.CLERK, "czj"),
    ("renshe", "社演示", User.Role.CLERK, "rsj"),
    ("zuzhi", "组演示", User.Role.CLERK, "zzb"),
    ("nongye", "农演示", User.Role.CLERK, "nyncj"),
    ("wenlv", "文演示", User.Role.CLERK, "wlj"),
    ("toucu", "投演示", User.Role.CLERK, "tcj"),
    ("fulian", "妇演示", User.Role.CLERK, "fl"),
    ("xuanchuan", "宣演示", User.Role.CLERK, "xcb"),
    ("shenhe", "审演示", User.Role.REVIEWER, "xczxj"),
    ("fuhe", "复演示", User.Role.REVIEWER, "xczxj"),
    ("lingdao", "领演示", User.Role.LEADER, "xczxj"),
    ("rongcheng", "荣演示", User.Role.PARTNER, "rcxczxj"),
    ("rongcheng-renshe", "成演示", User.Role.PARTNER, "rcrsj"),
    ("xitong", "系统演示", User.Role.SYSTEM_ADMIN, ""),
    ("anquan", "安全演示", User.Role.SECURITY_ADMIN, ""),
    ("shenji", "审计演示", User.Role.AUDITOR, ""),
]


class NotEmpty(Exception):
    """The database has accounts or plans that are not the demo's; the demo refuses to write over them."""


def is_loaded() -> bool:
    """Whether this database holds the demonstration."""
    return Plan.objects.filter(is_demo=True).exists()


def is_real() -> bool:
    """Whether it holds anything the demonstration did not make."""
    return not is_loaded() and (
        Plan.objects.exists() or User.objects.filter(Q(is_system=False) | ~Q(username="plan-import")).exists()
    )


def load() -> None:
    """Make the demonstration, all or nothing. Raises NotEmpty over real data; does nothing where it is loaded."""
    if is_real():
        raise NotEmpty("数据库里已有正式数据，演示数据不会写入。")
    if not is_loaded():
        year = _load_year()
        year.overspend()  # apart: a refusal is audited in a transaction of its own


@transaction.atomic
def _load_year() -> _Year:
    load_directory()
    hashed = make_password(
        PASSWORD
    )  # once: it takes a quarter of a second on purpose, and there is no secret here
    cast = {name: _person(name, full_name, role, unit, hashed) for name, full_name, role, unit in CAST}
    plan = loading.load_plan(by=cast["shenhe"], on=date(2022, 2, 10), text=FILE.read_text("utf-8")).plan
    plan.is_demo = True
    plan.save(update_fields=["is_demo"])
    year = _Year(plan, cast)
    year.first_quarter()
    year.second_quarter()
    year.third_quarter()
    year.fourth_quarter()
    return year


def _person(username: str, full_name: str, role: str, unit: str, hashed: str) -> User:
    organization = Organization.objects.get(code=unit) if unit else None
    return people.create_user(
        by=None, username=username, full_name=full_name, role=role, organization=organization, hashed=hashed
    ).user


def voucher_pdf(title: str) -> bytes:
    """A one-page PDF that says DEMO and `title` (ASCII), small enough to have one for every entry."""
    text = f"BT /F1 18 Tf 60 760 Td (DEMO - {title}) Tj ET".encode("ascii", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO(b"")
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


def demo_name(serial: int) -> str:
    """演示甲甲, 演示甲乙 …: nobody bears such a name. A name has no digits (directory/identity.py)."""
    signs = "甲乙丙丁戊己庚辛壬癸"
    return f"演示{signs[serial // 10 % 10]}{signs[serial % 10]}"


def demo_number(serial: int) -> str:
    """An identity number of area 990000, which no real one has (DOMAIN §6): born 1970 to 1989, in sequence."""
    first17 = f"{INVENTED}{1970 + serial % 20}0615{serial + 1:03}"
    return first17 + check_character(first17)


def _column(register: Register, name: str) -> Column:
    return next(column for column in register.columns if column.name == name)


class _Year:
    """2022, told by quarters. Amounts are texts in 万元."""

    def __init__(self, plan: Plan, cast: dict[str, User]) -> None:
        self.plan, self.cast = plan, cast
        self.shen, self.fu = cast["shenhe"], cast["fuhe"]
        self.units = {unit.short_name: unit for unit in Organization.objects.all()}
        self.rooms = Rooms(self)
        self.projects = Projects(self)
        self.registers = Registers(self, lambda serial: (demo_name(serial), demo_number(serial)))

    # --- the four quarters --------------------------------------------------------------------------------------

    def first_quarter(self) -> None:
        self.projects.first_quarter()
        for code, amount in (("2022-01-01", "120"), ("2022-01-02", "80"), ("2022-01-03", "45")):
            self.do("2022-03-02", "fuhe", "arrange", code, amount, document_no="山乡振发〔2022〕15号")
        self.do("2022-02-25", "caizheng", "receive", "", "300", voucher_no="收-0225")
        document = "山财农指〔2022〕8号"
        for code, unit, amount in (
            ("2022-04", "徐庄镇", "100"),
            ("2022-05", "店子镇", "20"),
            ("2022-02", "冯卯镇", "68"),
            ("2022-03", "团区委", "17"),
            ("2022-01-01", "北庄镇", "120"),
            ("2022-01-02", "北庄镇", "80"),
        ):
            self.do("2022-03-10", "caizheng", "allocate", code, amount, unit, document_no=document)
        self.do("2022-03-18", "caizheng", "disburse", "2022-04", "40", "徐庄镇", voucher_no="拨-0318")
        self.do("2022-03-20", "caizheng", "disburse", "2022-02", "27.2", "冯卯镇", voucher_no="拨-0320")
        self.do("2022-03-29", "xuzhuang", "spend", "2022-04", "8", "徐庄镇", voucher_no="记-12",
                payee="山亭区演示建筑工程有限公司", invoice_no="00318801", purpose="湖沟村主街道路硬化首付")  # fmt: skip
        for unit, who in (("北庄镇", "beizhuang"), ("冯卯镇", "fengmao")):
            nil = Filing.objects.unscoped("演示：本期无").get(
                organization=self.units[unit], register=FUND_FLOW.code, period__code="2022Q1"
            )
            bookkeeping.declare_nil(by=self.cast[who], on=date(2022, 4, 2), filing=nil)
        self.registers.first_quarter()
        self._close("2022Q1", "2022-04-11")

    def second_quarter(self) -> None:
        self.projects.second_quarter()
        self.do("2022-04-15", "caizheng", "disburse", "2022-01-01", "48", "北庄镇", voucher_no="拨-0415")
        self.do("2022-04-18", "caizheng", "disburse", "2022-01-02", "32", "北庄镇", voucher_no="拨-0418")
        self.do("2022-04-20", "caizheng", "disburse", "2022-05", "8", "店子镇", voucher_no="拨-0420")
        self.do("2022-04-22", "caizheng", "direct_pay", "2022-03", "5.1", "团区委", voucher_no="直-0422",
                payee="山亭区演示装饰有限公司", purpose="希望小屋家具采购首批")  # fmt: skip
        self.do("2022-04-28", "fengmao", "spend", "2022-02", "27.2", "冯卯镇", voucher_no="记-21",
                payee="枣庄演示新能源有限公司", contract_no="FM-2022-01", purpose="光伏组件到货款")  # fmt: skip
        self.do("2022-05-12", "beizhuang", "spend", "2022-01-01", "36", "北庄镇", voucher_no="记-33",
                payee="枣庄演示农业设施有限公司", purpose="大棚钢架与棚膜")  # fmt: skip
        self.do("2022-05-20", "caizheng", "receive", "", "150", voucher_no="收-0520")
        self.do("2022-05-26", "xuzhuang", "spend", "2022-04", "12.5", "徐庄镇", voucher_no="记-35",
                payee="山亭区演示建筑工程有限公司", invoice_no="00352217", purpose="徐庄村排水沟工程进度款")  # fmt: skip
        self.do("2022-06-02", "dianzi", "spend", "2022-05", "6", "店子镇", voucher_no="记-18",
                payee="店子镇演示施工队", purpose="姚营村巷道整修")  # fmt: skip
        self.do("2022-06-10", "xuzhuang", "claim", "2022-04", "20.5", "徐庄镇", voucher_no="报-06")
        # filed twice by mistake, and taken back
        twice = self.do("2022-06-15", "beizhuang", "spend", "2022-01-02", "9.6", "北庄镇", voucher_no="记-41",
                        payee="山亭演示管道有限公司", purpose="污水主管沟槽")  # fmt: skip
        again = self.do("2022-06-16", "beizhuang", "spend", "2022-01-02", "9.6", "北庄镇", voucher_no="记-42",
                        payee="山亭演示管道有限公司", purpose="污水主管沟槽")  # fmt: skip
        assert twice != again
        back = actions.reverse(by=self.cast["beizhuang"], on=date(2022, 6, 20), entry=again,
                               reason="与记-41为同一笔付款，重复填报")  # fmt: skip
        actions.approve(by=self.fu, on=date(2022, 6, 21), entry=back, version=1)
        farming = self.course("2022-06-13", "食用菌种植培训班", "第一期", "2022.6.6-6.10", "farming", estimate=30,
                              place="徐庄镇文化站", trade="食用菌栽培")  # fmt: skip
        self.people("2022-06-20", farming, range(24))
        self.roster("2022-06-28")
        self.rooms.choose_rooms()
        self.registers.second_quarter()
        self._close("2022Q2", "2022-07-12")

    def third_quarter(self) -> None:
        self.rooms.connect_station()
        self.rooms.build_rooms()
        self.projects.third_quarter()
        self.do("2022-07-18", "caizheng", "disburse", "2022-04", "35", "徐庄镇", voucher_no="拨-0718")
        self.do("2022-07-20", "caizheng", "disburse", "2022-02", "34.1", "冯卯镇", voucher_no="拨-0720")
        self.do("2022-08-03", "fengmao", "spend", "2022-02", "33.9", "冯卯镇", voucher_no="记-39",
                payee="枣庄演示新能源有限公司", contract_no="FM-2022-01", purpose="并网验收后付款")  # fmt: skip
        returned = self.file("2022-08-09", "xuzhuang", "spend", "2022-04", "21.3", "徐庄镇", voucher_no="记-52",
                             payee="山亭区演示建筑工程有限公司", purpose="湖沟村路灯安装")  # fmt: skip
        actions.return_entry(by=self.shen, on=date(2022, 8, 10), entry=returned, version=1,
                             reason="请核对后重新提交。",
                             fields={"amount": "与发票金额 20.30 万元不符。"})  # fmt: skip
        actions.resubmit(by=self.cast["xuzhuang"], on=date(2022, 8, 11), entry=returned, version=1,
                         row=self.row("2022-08-09", "spend", "2022-04", "20.3", "徐庄镇", voucher_no="记-52",
                                      payee="山亭区演示建筑工程有限公司", purpose="湖沟村路灯安装"),
                         evidence=self.proof("xuzhuang", "R-52"))  # fmt: skip
        actions.approve(by=self.fu, on=date(2022, 8, 12), entry=returned, version=2)
        self.do("2022-08-20", "caizheng", "direct_pay", "2022-03", "6.8", "团区委", voucher_no="直-0820",
                payee="山亭区演示装饰有限公司", purpose="希望小屋改造")  # fmt: skip
        self.do("2022-08-25", "fuhe", "adjust", "2022-01-03", "5", document_no="山乡振发〔2022〕31号",
                adjust_level="plan", other_line="2022-01-02", note="就业车间合并建设，结余用于管网")  # fmt: skip
        self.do("2022-09-05", "caizheng", "allocate", "2022-01-03", "40", "北庄镇",
                document_no="山财农指〔2022〕27号")  # fmt: skip
        self.do("2022-09-14", "beizhuang", "refund_payee", "2022-01-01", "1.2", "北庄镇", voucher_no="退-03",
                payee="枣庄演示农业设施有限公司", purpose="棚膜质量扣款")  # fmt: skip
        wrong = self.do("2022-09-20", "dianzi", "spend", "2022-05", "1.5", "店子镇", voucher_no="记-27",
                        payee="店子镇演示施工队", purpose="姚营村护坡")  # fmt: skip
        fixed = actions.correct(by=self.cast["dianzi"], on=date(2022, 9, 26), entry=wrong,
                                row=self.row("2022-09-20", "spend", "2022-05", "1.35", "店子镇",
                                             voucher_no="记-27", payee="店子镇演示施工队", purpose="姚营村护坡"),
                                reason="发票为 1.35 万元，原填 1.5 万元有误",
                                evidence=self.proof("dianzi", "R-27"))  # fmt: skip
        actions.approve(by=self.shen, on=date(2022, 9, 27), entry=fixed, version=1)

        skills = self.course("2022-09-19", "家政服务就业技能培训班", "第二期", "2022.9.5-9.16", "employment",
                             place="荣成市人社局实训基地", trade="家政服务员")  # fmt: skip
        self.people("2022-09-22", skills, range(22, 46))  # two of them were in the first course

        self.with_rongcheng()
        self.registers.third_quarter()

    def roster(self, on: str) -> None:
        """Eight people of the roster, two of them unable to work."""
        towns = list(Division.objects.filter(level="township", parent__code="370406").order_by("code")[:8])
        for serial, town in enumerate(towns, 60):
            able = "lost" if serial % 4 == 3 else ("ordinary", "skilled")[serial % 2]
            self.take(on, "renshe", ROSTER, {
                "roster_on": date.fromisoformat(on), "division": town, "name": demo_name(serial),
                "id_number": demo_number(serial), "relation": "户主", "household_type": "lifted",
                "education": "middle", "health": "healthy", "skill": able, "phones": f"139000000{serial}",
                "wish": "愿赴荣成", "wish_post": "食品加工",
            })  # fmt: skip

    def with_rongcheng(self) -> None:
        """What both sides do together: the roster handed over and signed for, or not yet; doctors; a meeting, its tasks."""
        receiver = self.units["荣成市人社局"]
        for quarter, on, signed in (
            ("2022-06-30", "2022-07-05", "2022-07-08"),
            ("2022-09-30", "2022-10-09", ""),
        ):
            sent = self.take(on, "renshe", ROSTER_HANDOVER, {
                "quarter_ends_on": date.fromisoformat(quarter), "roster_on": date(2022, 6, 28),
                "purpose": "劳务输出岗位匹配", "basis": "山乡振发〔2022〕10号 二（二）一", "approver": "局领导（演示）",
                "receiver": receiver, "sent_on": date.fromisoformat(on),
            })  # fmt: skip
            if signed:
                who = self.cast["rongcheng-renshe"]
                actions.acknowledge(by=who, on=date.fromisoformat(signed), entry=sent)
        post = {
            "kind": "doctor", "birth_month": "1980-03", "specialty": "骨科", "home_unit": "荣成市人民医院（演示）",
            "host_unit": "山亭区人民医院（演示）", "planned_months": 6, "starts_on": date(2022, 8, 1), "state": "there",
        }  # fmt: skip
        self.doctor = self.take("2022-08-02", "rongcheng", SUPPORT_POST, {**post, "name": "演示医甲"})
        self.take("2022-09-02", "rongcheng", SUPPORT_POST,
                  {**post, "name": "演示医乙", "specialty": "儿科", "starts_on": date(2022, 9, 1)}, approve=False)  # fmt: skip
        self.meeting = self.take("2022-08-19", "shenhe", MEETING, {
            "held_on": date(2022, 8, 18), "kind": "joint", "name": "荣成—山亭协作联席会议（演示）", "place": "山亭",
            "level": "chief", "rongcheng": "市委副书记（演示）", "shanting": "区委副书记（演示）", "agenda": "年度协作推进",
        })  # fmt: skip
        for number, (text, unit, due) in enumerate(
            (("共建劳务市场", "区人社局", "2022-10-31"), ("衔接推进区观摩", "北庄镇", "2027-03-31")), 1
        ):
            self.take("2022-08-22", "shenhe", MEETING_DECISION, {
                "meeting": self.meeting, "number": number, "text": text, "owner": self.units[unit],
                "due_on": date.fromisoformat(due), "state": "open",
            })  # fmt: skip

    def take(
        self, on: str, who: str, register: Register, values: Mapping[str, Any], *, approve: bool = True
    ) -> Entry:
        """File one row of any register as its form would; approved the same day by whoever did not file it."""
        day, by = date.fromisoformat(on), self.cast[who]
        (row,) = self._made(register, day, [values], who)
        entry = actions.submit(
            by=by, on=day, register=register, row=row, evidence=self.proof(who, f"{register.code} {on}")
        )
        if approve:
            actions.approve(by=self.fu, on=day, entry=entry, version=1)
        return Entry.objects.unscoped("演示").select_related("filed_for", "subject").get(pk=entry.pk)

    def fourth_quarter(self) -> None:
        self.projects.fourth_quarter()
        leaders = self.course("2022-11-14", "乡村致富带头人培训班", "第一期", "2022.11.7-11.11", "leaders",
                              place="荣成市", trade="")  # fmt: skip
        waiting = self.people("2022-12-01", leaders, range(46, 58), approve=False)
        actions.return_entry(by=self.fu, on=date(2022, 12, 2), entry=waiting[0], version=1, reason="",
                             fields={"category": "与村里公示的名单不一致，请核对。"})  # fmt: skip
        self.rooms.wait_for_rooms()
        self.rooms.use_income()
        self.course("2022-12-05", "中药材种植培训班", "第一期", "2022.11.28-12.2", "farming", estimate=60, approve=False,
                    place="店子镇", trade="中药材种植")  # fmt: skip
        self.do("2022-10-12", "caizheng", "disburse", "2022-01-02", "40", "北庄镇", voucher_no="拨-1012")
        self.do("2022-10-20", "beizhuang", "spend", "2022-01-02", "44.8", "北庄镇", voucher_no="记-66",
                payee="山亭演示管道有限公司", purpose="污水管网二标段")  # fmt: skip
        self.do("2022-10-25", "caizheng", "refund_treasury", "2022-02", "0.1", "冯卯镇", voucher_no="退财-02")
        self.do("2022-11-03", "caizheng", "recall", "2022-02", "6.8", "冯卯镇", recall_from="allocated",
                document_no="山财农〔2022〕40号", note="光伏项目审定后结余收回")  # fmt: skip
        self.file("2022-12-06", "xuzhuang", "spend", "2022-04", "18.6", "徐庄镇", voucher_no="记-71",
                  payee="山亭区演示建筑工程有限公司", purpose="徐庄村墙体与绿化")  # fmt: skip
        self.file("2022-12-08", "beizhuang", "spend", "2022-01-01", "11.5", "北庄镇", voucher_no="记-80",
                  payee="枣庄演示农业设施有限公司", purpose="大棚水肥一体设备")  # fmt: skip
        self.file(
            "2022-12-09", "tuanwei", "claim", "2022-03", "5.1", "团区委", voucher_no="报-02", proof=False
        )
        returned = self.file("2022-12-10", "dianzi", "spend", "2022-05", "0.6", "店子镇", voucher_no="记-31",
                             payee="店子镇演示施工队", purpose="姚营村排水")  # fmt: skip
        actions.return_entry(by=self.fu, on=date(2022, 12, 12), entry=returned, version=1, reason="",
                             fields={"voucher_no": "凭证号与附件（记-32）不一致。"})  # fmt: skip
        gone = self.file("2022-12-13", "fengmao", "spend", "2022-02", "0.05", "冯卯镇", voucher_no="记-60",
                         payee="枣庄演示新能源有限公司", purpose="光伏标识牌")  # fmt: skip
        actions.withdraw(by=self.cast["fengmao"], on=date(2022, 12, 14), entry=gone, version=1)
        drafts.save_draft(by=self.cast["xuzhuang"], token=uuid4(), register=FUND_FLOW.code,
                          typed={"event": ["spend"], "amount": ["3.2"], "purpose": ["湖沟村公厕"]},
                          title="支出 3.2 湖沟村公厕")  # fmt: skip
        self.registers.fourth_quarter()
        self.registers.on_projects()

    # --- how an event is told -----------------------------------------------------------------------------------

    def row(self, on: str, event: str, line: str, amount: str, unit: str = "", **fields: Any) -> FundFlow:
        found = BudgetLine.objects.get(code=line) if line else None
        if "other_line" in fields:
            fields["other_line"] = BudgetLine.objects.get(code=fields["other_line"])
        return FundFlow(
            event=event,
            plan=self.plan,
            line=found,
            unit=self.units[unit] if unit else None,
            amount=parse_amount(amount, "万元"),
            occurred_on=date.fromisoformat(on),
            handler="经办演示",
            **fields,
        )

    def file(
        self, on: str, who: str, event: str, line: str, amount: str, unit: str = "", *, proof: bool = True,
        **fields: Any,
    ) -> Entry:  # fmt: skip
        """File one event; it waits for review."""
        row = self.row(on, event, line, amount, unit, **fields)
        number = f"{event} {on} {amount}"
        return actions.submit(
            by=self.cast[who],
            on=date.fromisoformat(on),
            register=FUND_FLOW,
            row=row,
            evidence=self.proof(who, number) if proof else (),
        )

    def do(
        self, on: str, who: str, event: str, line: str, amount: str, unit: str = "", **fields: Any
    ) -> Entry:
        """File one event and have a reviewer approve it the same day."""
        entry = self.file(on, who, event, line, amount, unit, **fields)
        actions.approve(by=self.shen, on=date.fromisoformat(on), entry=entry, version=entry.version)
        return Entry.objects.unscoped("演示").select_related("filed_for", "subject").get(pk=entry.pk)

    def course(
        self, on: str, name: str, term: str, held: str, category: str, *, approve: bool = True, **values: Any
    ) -> Entry:
        """A course filed by 区人社局, as its form would; approved the same day."""
        day, who = date.fromisoformat(on), self.cast["renshe"]
        typed = Raw(held)
        first_and_last = parse(_column(TRAINING_COURSE, "held"), typed, Known(user=who, on=day))
        row = self._made(TRAINING_COURSE, day, [
            {"name": name, "term": term, "held": first_and_last, "category": category, "host": "荣成市人社局（演示）", **values}
        ])[0]  # fmt: skip
        entry = actions.submit(
            by=who, on=day, register=TRAINING_COURSE, row=row, evidence=self.proof("renshe", on)
        )
        if approve:
            actions.approve(by=self.shen, on=day, entry=entry, version=1)
        return Entry.objects.unscoped("演示").select_related("filed_for", "subject").get(pk=entry.pk)

    def people(self, on: str, course: Entry, serials: range, *, approve: bool = True) -> list[Entry]:
        """Invented people filed as attending; every sixth is no beneficiary."""
        day, who = date.fromisoformat(on), self.cast["renshe"]
        towns = list(Division.objects.filter(level="township", parent__code="370406").order_by("code")[:9])
        rows = [
            {
                "course": course,
                "name": demo_name(serial),
                "id_number": demo_number(serial),
                "division": towns[serial % len(towns)],
                "category": ("lifted", "lifted", "marginal", "lifted", "unstable", "ordinary")[serial % 6],
                "qualified": True,
            }
            for serial in serials
        ]
        filed = []
        for row in self._made(TRAINING_ATTENDANCE, day, rows):
            entry = actions.submit(by=who, on=day, register=TRAINING_ATTENDANCE, row=row)
            if approve:
                actions.approve(by=self.shen, on=day, entry=entry, version=1)
            filed.append(entry)
        return filed

    def _made(
        self, register: Register, on: date, rows: Sequence[Mapping[str, Any]], who: str = "renshe"
    ) -> list[Any]:
        assert register.make is not None
        made = register.make(rows, self.cast[who], on)
        assert all(one.row is not None for one in made), [one.errors for one in made]
        return [one.row for one in made]

    def proof(self, who: str, title: str) -> Sequence[Evidence]:
        unit = self.cast[who].organization
        assert unit is not None
        upload = SimpleUploadedFile(f"演示凭证 {title}.pdf", voucher_pdf(title))
        return [evidence.store(by=self.cast[who], organization=unit, upload=upload)]

    def overspend(self) -> None:
        """店子镇 has 0.65 万元 left of what was disbursed and asks for 5: refused, and the trail keeps it."""
        try:
            self.file("2022-12-15", "dianzi", "spend", "2022-05", "5", "店子镇", voucher_no="记-33",
                      payee="店子镇演示施工队", purpose="姚营村桥涵")  # fmt: skip
        except Refusal:
            return
        raise AssertionError("the demonstration's overspending was not refused")

    def _close(self, code: str, on: str) -> None:
        period = Period.objects.get(code=code)
        bookkeeping.close_period(by=self.cast["lingdao"], on=date.fromisoformat(on), period=period)
