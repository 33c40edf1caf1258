"""The life of a project as a table: from where, to where, what is left out or changed, and what is said to it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from directory.models import Organization, User
from ledger.models import BudgetLine, Plan
from projects import project
from projects.models.project import Project, State
from projects.states import DATES, LIFE, WAY, next_state, rank

ON = date(2022, 12, 31)
# what a project that has gone all the way says
WHOLE: dict[str, Any] = {
    "total": 100_000_000,
    "fund": 100_000_000,
    "listed_on": date(2022, 1, 10),
    "planned_on": date(2022, 2, 10),
    "plan_no": "山乡振发〔2022〕10号",
    "approved_on": date(2022, 3, 1),
    "approval_no": "山乡振批〔2022〕1号",
    "approved_amount": 100_000_000,
    "planned_start": date(2022, 4, 1),
    "planned_finish": date(2022, 9, 30),
    "goal": "硬化道路 3 公里",
    "households": 120,
    "people": 310,
    "method": "open",
    "tender_on": date(2022, 3, 5),
    "opened_on": date(2022, 3, 25),
    "won_on": date(2022, 3, 28),
    "contractor": "某公司",
    "contract_on": date(2022, 4, 2),
    "contract_no": "HT-1",
    "contract_amount": 90_000_000,
    "started_on": date(2022, 4, 10),
    "finished_on": date(2022, 9, 20),
    "accepted_on": date(2022, 10, 10),
    "conclusion": "passed",
    "audited_on": date(2022, 11, 1),
    "audited": 88_000_000,
    "handed_on": date(2022, 11, 15),
    "owner": "湖沟村集体",
    "keeper": "湖沟村委会",
    "evaluated_on": date(2022, 12, 1),
    "grade": "优",
    "stopped_on": date(2022, 8, 1),
    "decision_no": "山乡振发〔2022〕30号",
    "reason": "群众意见不一",
}
OF_STATE = {
    "conclusion": "accepted",
    "audited": "settled",
    "owner": "handed",
    "keeper": "handed",
    "grade": "archived",
    "contractor": "tender",
    "contract_no": "tender",
    "contract_amount": "tender",
}


def row(state: State, left_out: str = "", before: State | None = None, **changed: Any) -> Project:
    """A project in the state with all it has by then, but for `left_out`."""
    plan = Plan(code="2022", year=2022, title="方案")
    line = BudgetLine(plan=plan, code="2022-04", name="美丽乡村提升工程")
    beside = state in (State.SUSPENDED, State.ENDED, State.VOID)
    far = rank(before) if state == State.ENDED and before else rank(state)
    states = dict(DATES) | {n: State(s) for n, s in OF_STATE.items()}
    has = {
        name: value
        for name, value in WHOLE.items()
        if rank(states.get(name, State.RESERVE)) <= max(far, 0)
        and (beside or name not in ("stopped_on", "decision_no", "reason"))
        and name not in left_out.split("、")
    }
    common = {"place": "徐庄镇", "content": "道路", "name": "道路"}
    made = Project(
        plan=plan,
        line=line,
        code=line.code,
        state=state,
        implementer=Organization(side="shanting"),
        **{**common, **has, **changed},
    )
    made.before = row(before) if before else None
    return made


def said(one: Project) -> str:
    found = project.errors(one, User(), ON)
    return "；".join(
        f"{project.LABELS.get(name, name)}：{text}" for name, texts in found.items() for text in texts
    )


# from → to | left out or changed | what is said; "可以" is nothing
TABLE = """
      → 储备       |                    | 可以
      → 已立项     |                    | 可以
      → 在建       |                    | 可以
      → 终止       |                    | 不能直接是“终止”
储备   → 已立项     |                    | 可以
储备   → 作废       |                    | 可以
储备   → 已立项     | plan_no            | 请填写计划文号
储备   → 已批复     |                    | 之后只能是：已立项、作废
储备   → 终止       |                    | 不能直接到“终止”
已立项 → 已批复     |                    | 可以
已立项 → 已批复     | approval_no、goal   | 请填写批复文号 请填写绩效目标
已立项 → 已批复     | planned_finish      | 请填写计划完工
已立项 → 已批复     | approved_on=2022-02-09 | 批复时间 2022-02-09 早于立项时间 2022-02-10
已立项 → 在建       |                    | 不能直接到“在建”
已立项 → 终止       |                    | 可以
已立项 → 终止       | decision_no、reason | 请填写终止决定文号 请填写暂停、终止原因
已批复 → 招标采购   |                    | 可以
已批复 → 招标采购   | tender_on           | 请填写招标公告日
已批复 → 在建       |                    | 可以
已批复 → 在建       | tender_on、opened_on、won_on | 请写明未招标原因
已批复 → 在建       | tender_on、opened_on、won_on no_tender=村民自建 | 可以
已批复 → 在建       | method              | 请填写招标方式
已批复 → 已批复     | planned_finish=2022-10-31 | 可以
招标采购 → 在建     |                    | 可以
招标采购 → 在建     | won_on、contract_no  | 请填写中标日 请填写合同编号
招标采购 → 在建     | started_on=2022-04-01 | 实际开工 2022-04-01 早于合同日 2022-04-02
招标采购 → 在建     | won_on=2022-02-01    | 中标日 2022-02-01 早于开标日
招标采购 → 已批复   |                    | 不能直接到“已批复”
招标采购 → 终止     |                    | 可以
在建   → 已完工     |                    | 可以
在建   → 已完工     | finished_on         | 请填写实际完工
在建   → 暂停       |                    | 可以
在建   → 暂停       | reason              | 请填写暂停、终止原因
在建   → 已验收     |                    | 不能直接到“已验收”
在建   → 已完工     | finished_on=2023-01-05 | 晚于今天
暂停   → 在建       |                    | 可以
暂停   → 已完工     |                    | 之后只能是：在建、终止
已完工 → 已验收     |                    | 可以
已完工 → 已验收     | conclusion          | 请填写验收结论
已完工 → 已验收     | accepted_on=2022-09-19 | 验收时间 2022-09-19 早于实际完工 2022-09-20
已完工 → 已验收     | conclusion=rectify  | 请填写整改期限
已完工 → 已验收     | conclusion=rectify rectify_by=2022-10-31 | 可以
已完工 → 终止       |                    | 不能直接到“终止”
已验收 → 已决算     |                    | 可以
已验收 → 已决算     | audited             | 请填写审定金额
已验收 → 已决算     | conclusion=rectify rectify_by=2022-10-31 | 合格后才能决算
已验收 → 在建       |                    | 验收已合格，不能回到“在建”
已决算 → 已移交     |                    | 可以
已决算 → 已移交     | owner、keeper        | 请填写产权单位 请填写管护责任人
已移交 → 已归档     |                    | 可以
已移交 → 已归档     | grade               | 请填写评价等级
已归档 → 已移交     |                    | “已归档”的项目不能再改状态
终止   → 在建       |                    | “终止”的项目不能再改状态
作废   → 已立项     |                    | “作废”的项目不能再改状态
已立项 → 已立项     | started_on=2022-04-10 | 不填实际开工；已到“在建”的请改选状态
在建   → 在建       | content=道路和桥     | 请填写这次变更自己的批准文号 请填写变更批准单位 请填写这次变更的日期
在建   → 在建       | content=道路和桥 change_no=山乡振批〔2022〕1号 change_body=区政府 changed_on=2022-06-01 | 自己的批准文号
在建   → 在建       | content=道路和桥 change_no=山乡振批〔2022〕9号 change_body=区政府 changed_on=2022-06-01 | 可以
在建   → 在建       | fund=99999999        | 各来源合计 99.999999 万元，相差 0.000001 万元
在建   → 在建       | lifted_people=311    | 其中脱贫人口 311 多于受益人口 310
在建   → 在建       | households=311       | 受益户 311 多于受益人口 310
在建   → 在建       | terms=开工四成        | 看不懂
在建   → 在建       | terms=完工90、开工40   | 按先后写累计百分比
在建   → 在建       | terms=开工40、完工90、验收100 | 可以
"""


def read(text: str) -> tuple[str, dict[str, Any]]:
    left_out = ""
    changed: dict[str, Any] = {}
    for word in text.split():
        name, is_change, value = word.partition("=")
        if not is_change:
            left_out = word
        elif value.isdigit():
            changed[name] = int(value)
        else:
            changed[name] = date.fromisoformat(value) if value[:2] == "20" and "-" in value else value
    return left_out, changed


def lines() -> list[str]:
    return [line for line in TABLE.splitlines() if line.strip()]


@pytest.mark.parametrize("line", lines())
def test_each_step_is_let_through_or_told_why(line: str) -> None:
    way, what, expected = (part.strip() for part in line.split("|"))
    was, now = (part.strip() for part in way.split("→"))
    by_label = {state.label: state for state in State}
    left_out, changed = read(what)
    one = row(by_label[now], left_out, by_label[was] if was else None, **changed)
    found = said(one)
    if expected == "可以":
        assert found == ""
    else:
        for words in expected.split():
            assert words in found, found


def test_every_state_is_in_the_life_and_can_be_reached() -> None:
    assert set(LIFE) == set(State)
    reached = {State.RESERVE} | {state for step in LIFE.values() for state in step.then}
    assert reached == set(State)
    assert [next_state(state) for state in WAY] == [*WAY[1:], None]


def test_after_rectification_the_project_is_built_and_accepted_again() -> None:
    failed = row(State.ACCEPTED, conclusion="rectify", rectify_by=date(2022, 10, 31))
    again = row(State.BUILDING, conclusion="rectify", rectify_by=date(2022, 10, 31))
    again.before = failed
    assert said(again) == ""
    due = project.due(again, date(2022, 11, 10))
    assert due is not None
    assert (due.what, due.late) == ("整改", 10)
    settled = row(State.SETTLED)
    settled.before = failed
    assert "须先回到“在建”" in said(settled)


def test_all_that_is_wrong_is_said_at_once() -> None:
    one = row(State.BUILDING, "method、started_on", State.TENDER, households=400, total=5)
    found = project.errors(one, User(), ON)
    assert {"method", "started_on", "households", "total"} <= set(found)


def test_lateness_is_a_planned_day_passed_without_the_actual_one() -> None:
    late = project.due(row(State.BUILDING), date(2022, 10, 3))
    assert late == project.Due("完工", date(2022, 9, 30), 3)
    assert project.due(row(State.APPROVED), date(2022, 3, 28)) == project.Due("开工", date(2022, 4, 1), -4)
    assert project.due(row(State.BUILT), date(2022, 12, 31)) is None


def test_terms_are_data_of_the_project_and_say_what_may_be_paid() -> None:
    terms = "合同30、开工40、完工90、验收100"
    may = {
        state: project.may_be_paid(row(state, terms=terms))
        for state in (State.TENDER, State.BUILDING, State.BUILT)
    }
    assert may == {State.TENDER: 27_000_000, State.BUILDING: 36_000_000, State.BUILT: 81_000_000}
    # once audited, of the audited figure
    assert project.may_be_paid(row(State.SETTLED, terms=terms)) == 88_000_000
    assert project.may_be_paid(row(State.BUILT)) is None
    over = project.beyond_terms(row(State.BUILDING, terms=terms), 40_000_000)
    assert "只应付到 36.00 万元，超出 4.00 万元" in over


def test_what_a_row_fixes_adds_up_to_the_contract_and_then_to_the_audited_figure() -> None:
    def maxima(one: Project) -> dict[str, int]:
        fixed = project.fixes(one)
        assert fixed is not None
        return {maximum.contract: maximum.amount for maximum in fixed.maxima}

    assert project.fixes(row(State.RESERVE)) is None
    assert maxima(row(State.APPROVED)) == {}
    assert maxima(row(State.BUILDING)) == {"HT-1": 90_000_000}
    assert maxima(row(State.SETTLED)) == {"HT-1": 88_000_000, "": 0}
    assert maxima(row(State.SETTLED, contract_audited=87_000_000)) == {"HT-1": 87_000_000, "": 1_000_000}
    assert maxima(row(State.SETTLED, "contract_no、contract_amount")) == {"": 88_000_000}
    fixed = project.fixes(row(State.ENDED, before=State.APPROVED))
    assert fixed is not None
    assert fixed.state == "cancelled"
