"""docs/条款对照.md says where every sentence of the plan is recorded; here it is held to what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.urls import resolve

from ledger.registers import all_registers

ROOT = Path(settings.BASE_DIR)
TABLE = (ROOT / "docs" / "条款对照.md").read_text("utf-8")
HEAD, _, *BODY = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.splitlines()
    if line.startswith("|")
]
ROWS = [dict(zip(HEAD, row, strict=True)) for row in BODY]
PLAN = yaml.safe_load((ROOT / "fixtures" / "plan-2022.yaml").read_text("utf-8"))
# The tests' own, and the ledger's merge of two persons, which no clause asks for.
NOBODY_ASKED = {"person_merge"}


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def ours() -> set[str]:
    """The registers of our own apps."""
    return {
        code
        for code, register in all_registers().items()
        if not register.model.__module__.startswith("tests.")
    } - NOBODY_ASKED


def test_every_task_of_the_plan_has_its_row_and_no_cell_is_empty() -> None:
    assert [row["任务"] for row in ROWS] == [task["code"] for task in PLAN["tasks"]]
    clauses = {task["code"]: task["clause"] for task in PLAN["tasks"]}
    for row in ROWS:
        assert all(row.values()), row
        assert row["条款"].startswith(clauses[row["任务"]]), row["条款"]
    assert {task["clause"] for task in PLAN["tasks"]} == {clause["code"] for clause in PLAN["clauses"]}


def test_every_register_serves_a_clause_and_every_one_named_exists() -> None:
    named = {code for row in ROWS for code in codes(row["台账"])} - {"load_plan"}
    assert named == ours()


@pytest.mark.parametrize("row", ROWS, ids=[row["任务"] for row in ROWS])
def test_page_rule_and_test_of_a_clause_exist(row: dict[str, str]) -> None:
    (page,) = codes(row["页面"])
    resolve(page)
    known = {target["code"] for target in PLAN["targets"]}
    assert set(codes(row["口径"])) <= known
    asked = next(task.get("target") for task in PLAN["tasks"] if task["code"] == row["任务"])
    assert asked is None or asked in codes(row["口径"])
    (node,) = codes(row["测试"])
    file, name = node.split("::")
    assert f"def {name}(" in (ROOT / file).read_text("utf-8"), node
