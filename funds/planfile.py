"""The plan file: YAML (or JSON) to a checked dictionary, with every problem at once, and what a revision may change.

Reads directory data (units) and nothing else from the database. The shape is fixtures/plan-2022.yaml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import yaml

from directory.models import Organization
from ledger.models import Assignment, BudgetLine, Task, Unit
from ledger.money import AmountError, parse_amount, yuan
from ledger.refusals import Refusal
from ledger.registers import all_registers

Spec = dict[str, Any]


class PlanFileInvalid(Refusal):
    """The file cannot be loaded; `problems` has every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("方案文件有 " + f"{len(problems)} 处问题：" + "；".join(problems), {"": problems})
        self.problems = problems


# section → key → (type, longest text, must be there)
Shape = dict[str, tuple[type, int | None, bool]]
PLAN: Shape = {
    "code": (str, 20, True),
    "year": (int, None, True),
    "title": (str, 200, True),
    "document_no": (str, 100, True),
    "issuer": (str, 20, True),
    "arranged_on": (date, None, True),
    "budget": (str, None, True),
}
SECTIONS: dict[str, Shape] = {
    "clauses": {"code": (str, 30, True), "title": (str, 100, True), "text": (str, None, True)},
    "lines": {
        "code": (str, 30, True),
        "name": (str, 100, True),
        "amount": (str, None, True),
        "place": (str, 100, False),
        "aliases": (list, 100, False),
    },
    "targets": {
        "code": (str, 60, True),
        "name": (str, 200, True),
        "unit": (str, None, True),
        "goal": (int, None, False),
        "maximum": (int, None, False),
    },
    "tasks": {
        "code": (str, 30, True),
        "clause": (str, None, True),
        "name": (str, 200, True),
        "rule": (str, None, True),
        "is_effort": (bool, None, False),
        "counting_rule": (str, 300, False),
        "due_on": (date, None, False),
        "target": (str, None, False),
        "lead": (str, None, False),
        "helpers": (list, None, False),
    },
    "questions": {
        "code": (str, 10, True),
        "title": (str, 100, True),
        "statement": (str, None, True),
        "readings": (list, None, True),
        "default": (str, None, True),
        "concerns": (list, None, True),
    },
    "groups": {
        "code": (str, 30, True),
        "name": (str, 100, True),
        "question": (str, None, True),
        "lines": (list, None, True),
    },
    "assignments": {"register": (str, 30, True), "duty": (str, None, True), "units": (list, 20, True)},
}
SOURCES: Shape = {
    "question": (str, None, True),
    "valid_from": (date, None, True),
    "readings": (dict, None, True),
}
READING: Shape = {"code": (str, 30, True), "label": (str, None, True)}
TYPES = {str: "文字", int: "整数", bool: "true 或 false", date: "日期", list: "列表", dict: "对照表"}


def parse(text: str) -> Spec:
    """The checked plan. Raises PlanFileInvalid with all problems: of the shape first, then of the meaning."""
    try:
        spec = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行第 {mark.column + 1} 列" if mark else "某处"
        raise PlanFileInvalid([f"文件不是可读的 YAML 或 JSON，{where}有语法问题"]) from None
    problems = list(_shape(spec))
    if not problems:
        problems = [problem for check in CHECKS for problem in check(spec)]
    if problems:
        raise PlanFileInvalid(problems)
    return dict(spec)


def _shape(spec: Any) -> Iterator[str]:
    if not isinstance(spec, dict):
        yield "文件最外层应是 plan、clauses、lines 等各部分"
        return
    for name in ("plan", "sources", *SECTIONS):
        if name not in spec:
            yield f"缺少 {name} 部分"
    for name in spec:
        if name not in ("plan", "sources", *SECTIONS):
            yield f"不认识的部分 {name}"
    yield from _fields("plan", spec.get("plan", {}), PLAN)
    yield from _fields("sources", spec.get("sources", {}), SOURCES)
    for section, shape in SECTIONS.items():
        rows = spec.get(section, [])
        if not isinstance(rows, list):
            yield f"{section} 应是列表"
            continue
        for number, row in enumerate(rows, 1):
            yield from _fields(f"{section} 第 {number} 项", row, shape)
    questions = spec.get("questions")
    for row in questions if isinstance(questions, list) else ():
        readings = row.get("readings") if isinstance(row, dict) else None
        for reading in readings if isinstance(readings, list) else ():
            yield from _fields(f"问题 {row.get('code')} 的读法", reading, READING)


def _fields(where: str, row: Any, shape: Shape) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{where}应是“名称: 值”的对照表"
        return
    for key in row:
        if key not in shape:
            yield f"{where}：不认识的 {key}"
    for key, (kind, longest, required) in shape.items():
        value = row.get(key)
        if value is None:
            if required:
                yield f"{where}：缺少 {key}"
            continue
        right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if kind is date and isinstance(value, str):  # JSON has no dates
            right = _is_iso_date(value)
        if not right or (kind in (str, list, dict) and required and not value):
            yield f"{where}：{key} 应是{TYPES[kind]}"
            continue
        texts = value if isinstance(value, list) else [value]
        for text in texts if longest else ():
            if not isinstance(text, str) or not 0 < len(text.strip()) <= (longest or 0):
                yield f"{where}：{key} 应是 1 至 {longest} 个字的文字"


def _is_iso_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def as_date(value: date | str) -> date:
    """A checked date of the file: YAML gives dates, JSON text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def codes(spec: Spec, section: str) -> list[str]:
    """The codes of a section's rows, in order."""
    return [row["code"] for row in spec[section]]


# --- meaning ----------------------------------------------------------------------------------------------------


def _codes_are_unique(spec: Spec) -> Iterator[str]:
    for section in SECTIONS:
        if section != "assignments":
            for code, count in Counter(codes(spec, section)).items():
                if count > 1:
                    yield f"{section} 中代码 {code} 出现 {count} 次"
    shared = Counter(code for s in ("lines", "groups", "targets") for code in set(codes(spec, s)))
    for code in (code for code, count in shared.items() if count > 1):
        yield f"代码 {code} 同时用于项目、项目组或目标"
    mine = BudgetLine.objects.filter(code__in=codes(spec, "lines"))
    for line in mine.exclude(plan__code=spec["plan"]["code"]).order_by("code"):
        yield f"项目编码 {line.code} 已用于另一个方案"


def _amounts_add_up(spec: Spec) -> Iterator[str]:
    """The annex's lines are exactly the budget (CLAUSES.md: EXACT 450)."""
    amounts: list[int] = []
    for where, text in [
        ("plan.budget", spec["plan"]["budget"]),
        *((f"项目 {row['code']}", row["amount"]) for row in spec["lines"]),
    ]:
        try:
            if not text.strip().endswith("元"):
                raise AmountError("金额后须写明元或万元。")
            amounts.append(parse_amount(text))
        except AmountError as error:
            yield f"{where} 的金额“{text}”：{error}"
    if len(amounts) == len(spec["lines"]) + 1 and amounts[0] != sum(amounts[1:]):
        yield f"各项目合计 {yuan(sum(amounts[1:]))} 元，与总额 {yuan(amounts[0])} 元不等"


def _plan_is_datable(spec: Spec) -> Iterator[str]:
    year, arranged_on = spec["plan"]["year"], as_date(spec["plan"]["arranged_on"])
    if not 2000 <= year <= 2100:
        yield f"年度 {year} 不对"
    elif arranged_on.year not in (year - 1, year):
        yield f"安排日期 {arranged_on} 不在 {year - 1} 至 {year} 年"


def _clauses_and_tasks_belong_together(spec: Spec) -> Iterator[str]:
    clauses, targets = set(codes(spec, "clauses")), set(codes(spec, "targets"))
    for task in spec["tasks"]:
        if task["clause"] not in clauses:
            yield f"任务 {task['code']} 的条款 {task['clause']} 不存在"
        if task["rule"] not in Task.Rule.values:
            yield f"任务 {task['code']} 的规则 {task['rule']} 不是 {'、'.join(Task.Rule.values)} 之一"
        if task.get("target") is not None and task["target"] not in targets:
            yield f"任务 {task['code']} 的目标 {task['target']} 不存在"
    for clause in codes(spec, "clauses"):
        if clause not in {task["clause"] for task in spec["tasks"]}:
            yield f"条款 {clause} 没有任务"


def _targets_can_be_counted(spec: Spec) -> Iterator[str]:
    for row in spec["targets"]:
        if row["unit"] not in Unit.values:
            yield f"目标 {row['code']} 的单位“{row['unit']}”不是 {'、'.join(Unit.values)} 之一"
        for key in ("goal", "maximum"):
            if row.get(key) is not None and row[key] <= 0:
                yield f"目标 {row['code']} 的 {key} 须大于 0"


def _names_are_unambiguous(spec: Spec) -> Iterator[str]:
    names = Counter(name for row in spec["lines"] for name in {row["name"], *row.get("aliases", ())})
    for name, count in names.items():
        if count > 1:
            yield f"名称“{name}”指向 {count} 个项目"


def _questions_have_readings(spec: Spec) -> Iterator[str]:
    known = {spec["plan"]["code"]}.union(*(codes(spec, s) for s in ("lines", "groups", "targets")))
    for row in spec["questions"]:
        readings = [reading["code"] for reading in row["readings"]]
        if len(set(readings)) < len(readings):
            yield f"问题 {row['code']} 的读法代码重复"
        if row["default"] not in readings:
            yield f"问题 {row['code']} 的默认读法 {row['default']} 不在读法之中"
        for code in row["concerns"]:
            if code not in known:
                yield f"问题 {row['code']} 涉及的 {code} 不存在"


def _sources_cover_the_readings(spec: Spec) -> Iterator[str]:
    sources = spec["sources"]
    question = next((row for row in spec["questions"] if row["code"] == sources["question"]), None)
    if question is None:
        yield f"资金来源的问题 {sources['question']} 不存在"
        return
    wanted = {reading["code"] for reading in question["readings"]}
    if set(sources["readings"]) != wanted:
        yield f"资金来源须为 {sources['question']} 的每种读法各列一份：{'、'.join(sorted(wanted))}"
    lines = codes(spec, "lines")
    for reading, labels in sources["readings"].items():
        if not isinstance(labels, dict) or sorted(labels) != sorted(lines):
            yield f"资金来源读法 {reading} 须为每个项目各写一个来源"
        elif any(not isinstance(label, str) or not 0 < len(label) <= 100 for label in labels.values()):
            yield f"资金来源读法 {reading} 的来源应是 1 至 100 个字的文字"


def _groups_name_lines(spec: Spec) -> Iterator[str]:
    lines, questions = set(codes(spec, "lines")), set(codes(spec, "questions"))
    for row in spec["groups"]:
        if row["question"] not in questions:
            yield f"项目组 {row['code']} 的问题 {row['question']} 不存在"
        for code in row["lines"]:
            if code not in lines:
                yield f"项目组 {row['code']} 的项目 {code} 不存在"


def _units_exist(spec: Spec) -> Iterator[str]:
    kinds = dict(Organization.objects.values_list("code", "kind"))
    named = [("issuer", spec["plan"]["issuer"])]
    named += [(f"任务 {row['code']}", row["lead"]) for row in spec["tasks"] if row.get("lead")]
    named += [(f"任务 {row['code']}", code) for row in spec["tasks"] for code in row.get("helpers", ())]
    named += [(f"分工 {row['register']}", code) for row in spec["assignments"] for code in row["units"]]
    for where, code in named:
        if code not in kinds:
            yield f"{where} 的单位 {code} 不存在，请先运行 load_directory 或建立该单位"
    if kinds.get(spec["plan"]["issuer"], Organization.Kind.BUREAU) != Organization.Kind.BUREAU:
        yield f"印发单位 {spec['plan']['issuer']} 应是区乡村振兴局"


def _assignments_are_known(spec: Spec) -> Iterator[str]:
    for row in spec["assignments"]:
        if row["register"] not in all_registers():
            yield f"分工中的台账 {row['register']} 不存在"
        if row["duty"] not in Assignment.Duty.values:
            yield f"分工的职责 {row['duty']} 不是 {'、'.join(Assignment.Duty.values)} 之一"


CHECKS: list[Callable[[Spec], Iterator[str]]] = [
    _codes_are_unique,
    _amounts_add_up,
    _plan_is_datable,
    _clauses_and_tasks_belong_together,
    _targets_can_be_counted,
    _names_are_unambiguous,
    _questions_have_readings,
    _sources_cover_the_readings,
    _groups_name_lines,
    _units_exist,
    _assignments_are_known,
]


# --- what a revision may not change -----------------------------------------------------------------------------


def beyond_revision(old: Spec, new: Spec) -> list[str]:
    """Why `new` is not a mere revision of `old`: money, codes and what entries and rulings hang on stay as they are."""
    problems = [
        f"plan.{key} 不能修订（原为 {old['plan'][key]}，现为 {new['plan'][key]}）"
        for key in ("code", "year", "issuer", "arranged_on", "budget")
        if old["plan"][key] != new["plan"][key]
    ]
    for section in ("clauses", "lines", "targets", "tasks", "questions", "groups"):
        for code in codes(old, section):
            if code not in codes(new, section):
                problems.append(f"{section} 中的 {code} 不能删去")
    before = {row["code"]: row for row in old["lines"]}
    for row in new["lines"]:
        if row["code"] not in before:
            problems.append(f"新增项目 {row['code']} 不能通过修订：资金须另填安排或调整")
            continue
        for key, word in (("amount", "金额须另填安排或调整"), ("name", "另一种名称请写入 aliases")):
            if row[key] != before[row["code"]][key]:
                problems.append(f"项目 {row['code']} 的 {key} 不能修订：{word}")
    units = {row["code"]: row["unit"] for row in old["targets"]}
    for row in new["targets"]:
        if units.get(row["code"], row["unit"]) != row["unit"]:
            problems.append(f"目标 {row['code']} 的单位不能修订")
    readings = {row["code"]: {r["code"] for r in row["readings"]} for row in old["questions"]}
    for row in new["questions"]:
        gone = readings.get(row["code"], set()) - {r["code"] for r in row["readings"]}
        problems += [f"问题 {row['code']} 的读法 {code} 不能删去：裁定可能指向它" for code in sorted(gone)]
    return problems
