"""The plan of 2022 as data: what load_plan makes of fixtures/plan-2022.yaml, once, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command

from audit.models import Event
from directory.loading import load_directory
from directory.models import Organization, User
from funds.loading import BeyondRevision, NotLoaded, load_plan, revise_plan
from funds.planfile import PlanFileInvalid, parse
from ledger import figures
from ledger.accounts import TARGET
from ledger.acting import NotAllowed, ReasonMissing
from ledger.models import (
    Account,
    Assignment,
    BudgetLine,
    Clause,
    Entry,
    Filing,
    LineAlias,
    LineGroup,
    OpenQuestion,
    Period,
    Plan,
    PlanRevision,
    SourceLabel,
    Task,
    Transfer,
)
from ledger.posting import posting_open
from ledger.scope import Scope
from ledger.verify import verify
from tests.kept import kept

pytestmark = [pytest.mark.django_db, pytest.mark.alike]

FILE: Path = settings.BASE_DIR / "fixtures" / "plan-2022.yaml"
TEXT = FILE.read_text(encoding="utf-8")
ON = date(2022, 2, 10)
WAN = 1_000_000


@kept
def reviewer() -> User:
    load_directory()
    return User.objects.create(
        username="reviewer",
        full_name="审核",
        role=User.Role.REVIEWER,
        organization=Organization.objects.get(code="xczxj"),
    )


@kept
def plan(reviewer: User) -> Plan:
    return load_plan(by=reviewer, on=ON, text=TEXT).plan


def changed(change: Callable[[Any], object]) -> str:
    """The plan file after `change` was made to its content."""
    spec = yaml.safe_load(TEXT)
    change(spec)
    return yaml.safe_dump(spec, allow_unicode=True, sort_keys=False, width=110)


def row(spec: Any, section: str, code: str) -> Any:
    return next(one for one in spec[section] if one["code"] == code)


def run(*args: str) -> str:
    out = StringIO()
    call_command("load_plan", *args, stdout=out)
    return out.getvalue()


# --- what is loaded ---------------------------------------------------------------------------------------------


def test_the_five_lines_are_arranged_as_the_annex_says(plan: Plan) -> None:
    money = figures.money(plan, scope=Scope(everything=True))
    assert [(one.code, one.name, one.arranged) for one in money.lines] == [
        ("2022-01", "北庄镇市级衔接推进乡村振兴集中区", 245 * WAN),
        ("2022-02", "冯卯镇别庄村光伏项目", 68 * WAN),
        ("2022-03", "希望小屋", 17 * WAN),
        ("2022-04", "美丽乡村提升工程", 100 * WAN),
        ("2022-05", "基础设施提升", 20 * WAN),
    ]
    assert money.total.arranged == 450 * WAN
    balances = dict(
        Account.objects.filter(code__in=["2022/source", "2022/pool", "2022/remit"]).values_list(
            "code", "balance"
        )
    )
    assert balances == {"2022/source": -450 * WAN, "2022/pool": 0, "2022/remit": 0}
    limits = Account.objects.filter(minimum__lt=0).order_by("code").values_list("code", "minimum")
    assert list(limits) == [("2022/remit", -450 * WAN), ("2022/source", -450 * WAN)]
    assert list(verify()) == []


def test_the_money_is_filed_by_the_system_and_decided_by_the_reviewer(plan: Plan, reviewer: User) -> None:
    entries = list(Entry.objects.unscoped("测试").select_related("filed_by", "posted_period").order_by("pk"))
    assert len(entries) == 5
    for entry in entries:
        assert entry.state == Entry.State.APPROVED
        assert (str(entry.filed_by), entry.decided_by) == ("计划导入", reviewer)
        assert entry.posted_period is not None
        assert entry.posted_period.code == "2022Q1"
    assert not User.objects.get(username="plan-import").has_usable_password()


def test_every_clause_is_there_verbatim_and_asks_for_something(plan: Plan) -> None:
    clauses = list(Clause.objects.filter(plan=plan).order_by("position").prefetch_related("tasks"))
    codes = (
        "印发 一 二（一）一 二（一）二 二（一）三 二（一）四 二（二）一 二（二）二 二（三）一 二（三）二 "
        "二（四）一 二（四）二 三（一） 三（二） 三（三） 附件"
    )
    assert " ".join(clause.code for clause in clauses) == codes
    assert all(len(clause.tasks.all()) > 0 for clause in clauses)
    joined = "".join(clause.text for clause in clauses)
    for sentence in (
        "辐射带动脱贫人口和监测帮扶对象 5000 名以上",
        "长远打造培育一批示范引领项目，增强困难群众的满意度和获得感。",
        "开展致富带头人、高科技农民培训",
        "力争参加培训就业不低于 1000 人。",
        "到山亭区开展志愿服务、捐资助学等多种形式的结对帮扶活动",
        "文创开发等展览展销活动；",
    ):
        assert sentence in joined


def test_goals_stand_where_the_plan_has_numbers_and_nowhere_else(plan: Plan) -> None:
    targets = Account.objects.filter(plan=plan, stage=TARGET)
    with_goal = {a.code.split("/")[-1]: (a.goal, a.maximum, a.unit) for a in targets if a.goal}
    assert with_goal == {
        "benefit_people": (5000, None, "人"),
        "trained_or_employed": (1000, None, "人"),
        "secondments": (5, None, "人"),
        "hope_rooms": (17, 17, "个"),
        "roster_handovers": (4, None, "次"),
        "joint_meetings": (1, None, "次"),
    }
    assert targets.count() == 23
    outside = Account.objects.filter(plan=plan, stage="outside", minimum__isnull=True)
    assert set(targets.values_list("unit", flat=True)) | {"分"} == set(outside.values_list("unit", flat=True))
    numbered = Task.objects.filter(plan=plan, rule__in=["floor", "exact"], target__isnull=False)
    assert {task.target.code.split("/")[-1] for task in numbered if task.target} == set(with_goal)
    effort = Task.objects.get(plan=plan, is_effort=True)
    assert effort.target is not None
    assert effort.target.goal == 1000


def test_the_137_is_a_view_over_three_lines_with_its_question(plan: Plan) -> None:
    group = LineGroup.objects.get(plan=plan)
    codes = list(group.lines.order_by("code").values_list("code", flat=True))
    assert (group.code, group.question.code, codes) == ("137", "C1", ["2022-03", "2022-04", "2022-05"])
    labels = SourceLabel.objects.filter(line__code="2022-04").order_by("reading")
    assert dict(labels.values_list("reading", "source")) == {
        "annex450": "荣成市级财政专项协作资金",
        "extra587": "荣成市级财政专项协作资金（另有山亭区级财政资金，不在本账）",
        "text313_137": "山亭区级财政资金",
    }


def test_all_twelve_questions_are_open_with_a_default_reading(plan: Plan) -> None:
    questions = list(OpenQuestion.objects.filter(plan=plan).order_by("position"))
    assert [question.code for question in questions] == [f"C{n}" for n in range(1, 13)]
    for question in questions:
        assert len(question.readings) >= 2
        assert question.label_of(question.default_reading) != question.default_reading
        assert question.concerns


def test_the_units_that_hold_lines_owe_the_year_of_2022(plan: Plan) -> None:
    files = Assignment.objects.filter(duty="files").values_list("organization__short_name", flat=True)
    assert set(files) == {"店子镇", "北庄镇", "徐庄镇", "冯卯镇", "团区委", "区财政局"}
    assert Assignment.objects.get(duty="oversees").organization.code == "czj"
    assert [period.code for period in Period.objects.order_by("starts_on")] == [
        f"{year}Q{quarter}" for year in (2022, 2023) for quarter in (1, 2, 3, 4)
    ]
    owed = Filing.objects.unscoped("测试").exclude(organization__code="xczxj")
    assert owed.count() == 6 * 4


# --- once -------------------------------------------------------------------------------------------------------

TABLES = [
    Plan,
    PlanRevision,
    Clause,
    Task,
    BudgetLine,
    LineAlias,
    SourceLabel,
    OpenQuestion,
    Account,
    Transfer,
]


def test_the_same_file_again_changes_nothing_and_says_so(plan: Plan, reviewer: User) -> None:
    before = [model._default_manager.count() for model in TABLES]
    events = Event.objects.count()
    assert "文件没有变化" in run(str(FILE), "--as", "reviewer")
    comment = load_plan(by=reviewer, on=ON, text=f"# 加一行注释\n{TEXT}")
    assert not comment.changed
    assert [model._default_manager.count() for model in TABLES] == before
    assert Event.objects.count() == events


def test_the_command_says_what_it_loaded(reviewer: User) -> None:
    said = run(str(FILE), "--as", "reviewer")
    assert "16 条条款、35 项任务、5 个项目、12 个待定问题" in said


def test_a_changed_file_is_refused_with_a_readable_diff(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(TEXT.replace("goal: 5000", "goal: 6000"), encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        run(str(file), "--as", "reviewer")
    assert refused.value.returncode == 2
    assert "须作为修订载入，并写明理由" in str(refused.value)
    assert "-  - {code: benefit_people, name: 辐射带动人口, unit: 人, goal: 5000}" in str(refused.value)
    assert "+  - {code: benefit_people, name: 辐射带动人口, unit: 人, goal: 6000}" in str(refused.value)
    assert Account.objects.get(code="2022/target/benefit_people").goal == 5000
    assert Event.objects.filter(verb="plan.load", outcome="refused").count() == 1


# --- only by those who may, only a sound file -------------------------------------------------------------------


def test_only_a_reviewer_of_the_bureau_loads_a_plan(reviewer: User) -> None:
    clerk = User.objects.create(
        username="clerk",
        full_name="填报",
        role=User.Role.CLERK,
        organization=Organization.objects.get(code="370406106"),
    )
    with pytest.raises(NotAllowed):
        load_plan(by=clerk, on=ON, text=TEXT)
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((str(FILE), "--as", "nobody"), "没有用户 nobody"),
        (("no-such-file.yaml", "--as", "reviewer"), "读不出文件"),
        ((str(FILE), "--as", "reviewer", "--revise", "更正"), "尚未载入"),
    ],
)
def test_the_command_says_what_it_lacks(reviewer: User, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        run(*arguments)
    assert refused.value.returncode == 1


def _spoil(spec: Any) -> None:
    row(spec, "lines", "2022-05")["amount"] = "21万元"
    row(spec, "tasks", "T02")["target"] = "nothing"
    row(spec, "tasks", "T04")["rule"] = "maybe"
    row(spec, "tasks", "T34")["clause"] = "四"
    row(spec, "targets", "hope_rooms")["unit"] = "间"
    row(spec, "questions", "C1")["default"] = "C1"
    row(spec, "questions", "C2")["concerns"] = ["2022-06"]
    del spec["sources"]["readings"]["extra587"]
    spec["groups"][0]["lines"] = ["2022-09"]
    spec["plan"]["issuer"] = "nobody"
    spec["assignments"][0]["duty"] = "watches"
    row(spec, "lines", "2022-02")["aliases"] = ["希望小屋"]


def test_every_problem_of_a_file_is_said_at_once(reviewer: User) -> None:
    with pytest.raises(PlanFileInvalid) as refused:
        parse(changed(_spoil))
    assert refused.value.problems == [
        "各项目合计 4,510,000.00 元，与总额 4,500,000.00 元不等",
        "任务 T02 的目标 nothing 不存在",
        "任务 T04 的规则 maybe 不是 exact、floor、cap、count 之一",
        "任务 T34 的条款 四 不存在",
        "条款 三（三） 没有任务",
        "目标 hope_rooms 的单位“间”不是 分、人、人次、户、个、场、次、篇、家、对、0.01kWh 之一",
        "名称“希望小屋”指向 2 个项目",
        "问题 C1 的默认读法 C1 不在读法之中",
        "问题 C2 涉及的 2022-06 不存在",
        "资金来源须为 C1 的每种读法各列一份：annex450、extra587、text313_137",
        "项目组 137 的项目 2022-09 不存在",
        "issuer 的单位 nobody 不存在，请先运行 load_directory 或建立该单位",
        "分工的职责 watches 不是 files、oversees 之一",
    ]


def _collide(spec: Any) -> None:
    spec["clauses"].append(dict(spec["clauses"][0]))
    spec["groups"][0]["code"] = "wishes"
    row(spec, "questions", "C1")["concerns"] = ["wishes"]
    row(spec, "lines", "2022-01")["amount"] = "245"
    row(spec, "lines", "2022-02")["amount"] = "很多万元"
    spec["plan"]["year"] = 1922
    row(spec, "targets", "wishes")["goal"] = 0
    row(spec, "questions", "C3")["readings"].append({"code": "own", "label": "又一个"})
    spec["sources"]["readings"]["annex450"].pop("2022-01")
    spec["sources"]["readings"]["text313_137"]["2022-01"] = ""
    spec["groups"][0]["question"] = "C99"
    spec["plan"]["issuer"] = "czj"
    spec["assignments"][0]["register"] = "gifts"


def test_codes_collide_amounts_need_units_and_readings_need_every_line(reviewer: User) -> None:
    with pytest.raises(PlanFileInvalid) as refused:
        parse(changed(_collide))
    assert refused.value.problems == [
        "clauses 中代码 印发 出现 2 次",
        "代码 wishes 同时用于项目、项目组或目标",
        "项目 2022-01 的金额“245”：金额后须写明元或万元。",
        "项目 2022-02 的金额“很多万元”：“很多万元”不是金额，请只填数字，例如 12500.00。",
        "年度 1922 不对",
        "目标 wishes 的 goal 须大于 0",
        "问题 C3 的读法代码重复",
        "资金来源读法 annex450 须为每个项目各写一个来源",
        "资金来源读法 text313_137 的来源应是 1 至 100 个字的文字",
        "项目组 wishes 的问题 C99 不存在",
        "印发单位 czj 应是区乡村振兴局",
        "分工中的台账 gifts 不存在",
    ]


def test_a_plan_arranged_in_another_year_or_with_another_plans_lines_is_refused(plan: Plan) -> None:
    other = changed(lambda spec: spec["plan"].update(code="2024", year=2024))
    with pytest.raises(PlanFileInvalid) as refused:
        parse(other.replace("- '2022'", "- '2024'"))
    assert refused.value.problems == [
        *(f"项目编码 2022-0{n} 已用于另一个方案" for n in range(1, 6)),
        "安排日期 2022-01-01 不在 2023 至 2024 年",
    ]


def test_a_json_file_is_a_plan_file_too(reviewer: User) -> None:
    text = json.dumps(yaml.safe_load(TEXT), ensure_ascii=False, default=str)
    assert load_plan(by=reviewer, on=ON, text=text).changed
    with pytest.raises(PlanFileInvalid, match="arranged_on 应是日期"):
        parse(text.replace('"arranged_on": "2022-01-01"', '"arranged_on": "年初"'))


def _misshape(spec: Any) -> None:
    del spec["plan"]["document_no"]
    spec["plan"]["year"] = "2022"
    spec["plan"]["colour"] = "red"
    spec["clauses"][0]["title"] = "长" * 101
    spec["lines"][0]["aliases"] = "一个"
    spec["tasks"][0] = "T01"
    spec["questions"][0]["readings"] = [{"code": "x"}]
    spec["projects"] = []
    del spec["groups"]


def test_a_misshapen_file_is_described_place_by_place(reviewer: User) -> None:
    with pytest.raises(PlanFileInvalid) as refused:
        parse(changed(_misshape))
    assert refused.value.problems == [
        "缺少 groups 部分",
        "不认识的部分 projects",
        "plan：不认识的 colour",
        "plan：year 应是整数",
        "plan：缺少 document_no",
        "clauses 第 1 项：title 应是 1 至 100 个字的文字",
        "lines 第 1 项：aliases 应是列表",
        "tasks 第 1 项应是“名称: 值”的对照表",
        "问题 C1 的读法：缺少 label",
    ]


@pytest.mark.parametrize(("text", "said"), [("plan: [", "第 1 行"), ("- 1", "最外层"), ("", "最外层")])
def test_what_is_no_plan_at_all_is_refused(reviewer: User, text: str, said: str) -> None:
    with pytest.raises(PlanFileInvalid, match=said):
        parse(text)


def test_a_refused_file_leaves_nothing_behind(reviewer: User) -> None:
    with pytest.raises(PlanFileInvalid):
        load_plan(by=reviewer, on=ON, text=changed(_spoil))
    with pytest.raises(PlanFileInvalid, match="晚于今天"):  # found only when the money is arranged
        load_plan(by=reviewer, on=date(2021, 12, 31), text=TEXT)
    assert not Plan.objects.exists()
    assert not Account.objects.exists()


def test_next_years_plan_may_have_a_希望小屋_again(plan: Plan, reviewer: User) -> None:
    again = TEXT.replace("2022", "2023")
    made = load_plan(by=reviewer, on=date(2023, 2, 1), text=again)
    assert made.plan.year == 2023
    assert LineAlias.objects.filter(name="希望小屋项目").count() == 2
    assert list(verify()) == []


# --- revisions --------------------------------------------------------------------------------------------------


def _revise(spec: Any) -> None:
    row(spec, "targets", "benefit_people")["goal"] = 5500
    row(spec, "tasks", "T02")["counting_rule"] = "一人只计一次"
    row(spec, "tasks", "T02")["lead"] = "xczxj"
    row(spec, "tasks", "T02")["helpers"] = ["rsj"]
    row(spec, "lines", "2022-03")["aliases"] = ["希望小屋项目", "小屋"]
    row(spec, "clauses", "一")["text"] = "改过的原文"
    spec["plan"]["title"] = "改过的名称"


def test_a_revision_changes_words_goals_and_aliases_and_keeps_its_reason(plan: Plan, reviewer: User) -> None:
    before = Transfer.objects.count(), Entry.objects.unscoped("测试").count()
    done = revise_plan(by=reviewer, on=ON, text=changed(_revise), reason="两地商定")
    assert (done.changed, done.revision.number, done.revision.reason) == (True, 2, "两地商定")
    assert Account.objects.get(code="2022/target/benefit_people").goal == 5500
    task = Task.objects.get(plan=plan, code="T02")
    assert (task.counting_rule, task.lead and task.lead.code) == ("一人只计一次", "xczxj")
    assert [unit.code for unit in task.helpers.all()] == ["rsj"]
    aliases = LineAlias.objects.filter(line__code="2022-03").order_by("name").values_list("name", flat=True)
    assert list(aliases) == ["小屋", "希望小屋项目"]
    assert Clause.objects.get(plan=plan, code="一").text == "改过的原文"
    plan.refresh_from_db()
    assert plan.title == "改过的名称"
    assert (Transfer.objects.count(), Entry.objects.unscoped("测试").count()) == before
    assert "5500" in Event.objects.get(verb="plan.revised").details["diff"]
    assert not load_plan(by=reviewer, on=ON, text=changed(_revise)).changed
    assert not revise_plan(by=reviewer, on=ON, text=changed(_revise), reason="再来").changed


def _overstep(spec: Any) -> None:
    row(spec, "lines", "2022-04")["amount"] = "90万元"
    row(spec, "lines", "2022-05")["amount"] = "30万元"
    row(spec, "lines", "2022-03")["name"] = "希望之家"
    row(spec, "targets", "wishes")["unit"] = "场"
    row(spec, "questions", "C2")["readings"].pop()
    spec["tasks"] = [task for task in spec["tasks"] if task["code"] != "T33"]
    spec["lines"].append({"code": "2022-06", "name": "新项目", "amount": "0.01元"})
    row(spec, "lines", "2022-04")["amount"] = "89.999999万元"
    for labels in spec["sources"]["readings"].values():
        labels["2022-06"] = "荣成市级财政专项协作资金"
    spec["plan"]["document_no"], spec["plan"]["arranged_on"] = "山乡振发〔2022〕11号", "2022-01-02"


def test_a_revision_moves_no_money_and_takes_nothing_away(plan: Plan, reviewer: User) -> None:
    with pytest.raises(BeyondRevision) as refused:
        revise_plan(by=reviewer, on=ON, text=changed(_overstep), reason="调整")
    assert refused.value.problems == [
        "plan.arranged_on 不能修订（原为 2022-01-01，现为 2022-01-02）",
        "tasks 中的 T33 不能删去",
        "项目 2022-03 的 name 不能修订：另一种名称请写入 aliases",
        "项目 2022-04 的 amount 不能修订：金额须另填安排或调整",
        "项目 2022-05 的 amount 不能修订：金额须另填安排或调整",
        "新增项目 2022-06 不能通过修订：资金须另填安排或调整",
        "目标 wishes 的单位不能修订",
        "问题 C2 的读法 line4 不能删去：裁定可能指向它",
    ]
    assert plan.revisions.count() == 1


def test_a_maximum_does_not_fall_below_what_is_counted(plan: Plan, reviewer: User) -> None:
    rooms = Account.objects.get(code="2022/target/hope_rooms")
    outside = Account.objects.get(code="2022/outside/个")
    with posting_open():
        Account.objects.filter(pk=rooms.pk).update(balance=16, held_in=1)
        Account.objects.filter(pk=outside.pk).update(balance=-16, held_out=1)

    def lower(spec: Any) -> None:
        row(spec, "targets", "hope_rooms")["maximum"] = 16

    with pytest.raises(BeyondRevision, match="希望小屋上限不能改为 16 个：已有 16 个，待审核 1 个"):
        revise_plan(by=reviewer, on=ON, text=changed(lower), reason="减少")


def test_a_revision_needs_a_reason_and_a_plan(reviewer: User) -> None:
    with pytest.raises(ReasonMissing):
        revise_plan(by=reviewer, on=ON, text=TEXT, reason="  ")
    with pytest.raises(NotLoaded):
        revise_plan(by=reviewer, on=ON, text=TEXT, reason="更正")


def test_the_command_revises_with_a_reason(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(TEXT.replace("goal: 5000", "goal: 6000"), encoding="utf-8")
    assert "第 2 版" in run(str(file), "--as", "reviewer", "--revise", "两地商定提高目标")
    assert Account.objects.get(code="2022/target/benefit_people").goal == 6000
