"""Every door gives the same answer (DESIGN §2.2): one table of refusals, tried through action, web form and workbook.

Raw SQL is refused in tests/ledger/test_triggers.py.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from audit.models import Event as AuditEvent
from directory.models import User
from funds.models import FundFlow
from funds.registers import FUND_FLOW
from ledger import actions
from ledger.models import Account, Entry
from ledger.money import yuan
from ledger.periods import ensure_quarter
from ledger.refusals import Refusal
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.stories import Story
from tests.ledger.world import World, make_world
from tests.workbooks.files import xlsx
from workbooks import planning

pytestmark = pytest.mark.django_db

TODAY = date(2022, 7, 5)

BEFORE = """
2022-02-20 财政 办 到位 2022 450
2022-03-01 财政 办 下达 2022-04 徐庄镇 60
2022-03-02 财政 办 下达 2022-05 店子镇 20
2022-03-10 财政 办 拨付 2022-04 徐庄镇 40
2022-04-01 徐庄 办 支出 2022-04 徐庄镇 10 #记1 合同=HT1
2022-04-02 局里 限 2022-04 spent@徐庄镇#HT1 12
2022-06-01 徐庄 报 支出 2022-04 徐庄镇 8 #记2
2022-06-02 局里 关闭 2022-05
"""

# who, what is filed, and every word the answer must have ({#记2} is that entry's number)
CASES = """
徐庄 | 支出 2022-04 徐庄镇 220000.01元 #新 | 可用220,000.00元 本次220,000.01元 超出0.01元 另有80,000.00元待审核 {#记2}号
徐庄 | 支出 2022-04 徐庄镇 2.000001 #新 合同=HT1 | 上限120,000.00元 还可增加20,000.00元 本次20,000.01元
徐庄 | 报账 2022-04 徐庄镇 10.000001 #新 | 可用100,000.00元 本次100,000.01元
徐庄 | 退款 2022-04 徐庄镇 10.000001 #新 合同=HT1 | （合同HT1）可用100,000.00元
徐庄 | 支出 2022-04 徐庄镇 8 #记2 | {#记2}号 徐庄 待审核|正在审核
徐庄 | 支出 2022-04 徐庄镇 10 #记1 | {#记1}号 更正
徐庄 | 支出 2022-04 徐庄镇 1 #新 发生=2022-08-01 | 晚于今天
徐庄 | 下达 2022-04 徐庄镇 1 #新 | 不能|可用的选项|可选
徐庄 | 支出 2022-04 店子镇 1 #新 | 本单位|可用的选项|可选
店子 | 支出 2022-05 店子镇 1 #新 | 已关闭
财政 | 下达 2022-04 徐庄镇 40.000001 #新 | 可用400,000.00元 本次400,000.01元 超出0.01元
财政 | 下达 2022-05 店子镇 0.01元 #新 | 已关闭
财政 | 拨付 2022-04 徐庄镇 20.000001 #新 | 可用200,000.00元
财政 | 直接支付 2022-04 徐庄镇 20.000001 #新 | 可用200,000.00元
财政 | 退回 2022-04 徐庄镇 22.000001 #新 | 可用220,000.00元 {#记2}号
财政 | 收回 2022-04 徐庄镇 20.000001 #新 | 可用200,000.00元
财政 | 到位 2022 0.01元 #新 | 荣成拨出的资金可用0.00元
局里 | 安排 2022-04 0.01元 #新 | 资金来源可用0.00元
局里 | 调整 2022-02 68.000001 #新 到=2022-01 | 可用680,000.00元
"""


def by_action(user: User, row: FundFlow) -> str:
    try:
        actions.submit(by=user, on=TODAY, register=FUND_FLOW, row=row)
    except Refusal as refusal:
        return refusal.message
    return ""


def by_form(user: User, row: FundFlow) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    typed: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "event",
            "adjust_level",
            "recall_from",
            "document_no",
            "voucher_no",
            "payee",
            "contract_no",
            "note",
        )
    }
    for name in ("line", "unit", "other_line", "other_unit"):
        typed[name] = getattr(row, f"{name}_id") or ""
    typed |= {
        "plan": row.plan_id if row.line is None else "",
        "amount": yuan(row.amount),
        "amount_unit": "元",
        "occurred_on": row.occurred_on.isoformat(),
        "token": str(uuid.uuid4()),
        "action": "submit",
    }
    answer = client.post(f"/desk/new/fund_flow/?token={typed['token']}", typed)
    if answer.status_code == 302:
        return ""
    assert answer.status_code in (200, 422), answer.status_code
    page = answer.content.decode()
    assert f'value="{yuan(row.amount)}"' in page  # what was typed stays
    summary = page.partition("data-error-summary")[2].partition("</div>")[0]
    return html.unescape(re.sub(r"<[^>]+>", "", summary))


def by_import(user: User, row: FundFlow) -> str:
    """A workbook of one row, as the unit would send it."""
    headings = ("事件", "年度", "项目", "单位", "调整层级", "调入项目", "调入单位", "收回来源", "金额（元）", "发生日期",
                "文件号", "凭证号", "收款方", "合同编号", "备注")  # fmt: skip
    cells = (
        row.get_event_display(),
        "" if row.line else str(row.plan.year),
        row.line.code if row.line else "",
        row.unit.short_name if row.unit else "",
        {"plan": "计划", "quota": "指标", "": ""}[row.adjust_level],
        row.other_line.code if row.other_line else "",
        row.other_unit.short_name if row.other_unit else "",
        row.get_recall_from_display() if row.recall_from else "",
        yuan(row.amount),
        row.occurred_on.isoformat(),
        row.document_no,
        row.voucher_no,
        row.payee,
        row.contract_no,
        row.note,
    )
    assert user.organization is not None
    upload = planning.Upload(
        xlsx({"资金": [headings, cells]}), "资金.xlsx", user.organization, ensure_quarter(row.occurred_on)
    )
    report = planning.commit(by=user, on=TODAY, upload=upload)
    assert report.batch is None
    return "；".join(f"{problem.cell} {problem.message}" for problem in report.errors)


DOORS: dict[str, Callable[[User, FundFlow], str]] = {
    "action": by_action,
    "form": by_form,
    "import": by_import,
}


@kept
def world() -> World:
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    return made


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_with_the_same_words_and_changes_nothing(world: World, door: str) -> None:
    story = Story(world)
    story.tell(BEFORE)
    with time_machine.travel("2022-07-05T02:00:00Z", tick=True):
        for line in CASES.strip().splitlines():
            who, what, expected = (part.strip() for part in line.split(" | "))
            if door == "import" and "#新" not in what:
                continue  # a workbook that meets its own row again updates it (DESIGN §5)
            _, row = story._row(TODAY, what.split())
            books = list(Account.objects.order_by("pk").values_list("pk", "balance", "held_out", "held_in"))
            entries = Entry.objects.unscoped("测试").count()
            said = re.sub(r"\s", "", DOORS[door](world.users[who], row))
            assert said, f"{line}\nwas accepted by the {door}"
            for words in expected.split():
                wanted = [
                    re.sub(r"\{(#\w+)\}", lambda m: str(story.entries[m[1]].pk), w) for w in words.split("|")
                ]
                assert any(w in said for w in wanted), (
                    f"{line}\n{words} is not in what the {door} said: {said}"
                )
            after = Account.objects.order_by("pk").values_list("pk", "balance", "held_out", "held_in")
            assert [row for row in after if row[1:] != (0, 0, 0)] == [r for r in books if r[1:] != (0, 0, 0)]
            assert Entry.objects.unscoped("测试").count() == entries
    assert list(verify()) == []
    if door == "action":
        assert AuditEvent.objects.filter(outcome="refused", verb="entry.submit").count() >= 15
