"""Which returned entries are somebody's work: told in the words of test_steps.py."""

from __future__ import annotations

import pytest

from ledger.filings import to_mend
from ledger.models import Entry
from tests.ledger.test_steps import Life

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("story", "mend"),
    [
        ("报 甲; 退", [1]),
        ("报 甲; 退; 重 甲", []),
        ("报 甲; 退; 报 甲", []),  # filed anew, and waits
        ("报 甲; 退; 报 甲; 批", []),
        ("报 甲; 退; 报 甲; 退", [2]),  # once, not twice
        ("报 甲; 退; 报 甲; 撤", [1]),  # what was taken back is as if it had not been filed
        ("报 甲; 退; 报 甲; 批; 冲; 批", []),  # and does not come back
        ("报 甲; 批; 步 甲乙; 退", [2]),
        ("报 甲; 批; 步 甲乙; 退; 步 甲丙", []),
        ("报 甲; 批; 步 甲乙; 退; 更 甲丙; 批", [2]),  # a step was to be made, and was not
        ("报 甲; 批; 冲; 退", [2]),
        ("报 甲; 批; 冲; 退; 冲; 批", []),
    ],
)
def test_what_was_returned_and_not_filed_anew_is_to_mend(story: str, mend: list[int]) -> None:
    life = Life()
    life.tell("\n".join(story.split(";")))
    found = set(Entry.objects.unscoped("测试").filter(to_mend()).values_list("pk", flat=True))
    assert [n for n, entry in enumerate(life.entries, 1) if entry.pk in found] == mend


def test_another_units_row_about_the_same_takes_nothing_over_but_what_cannot_be_filed_any_more() -> None:
    life = Life()
    life.tell("报 甲\n批\n步 甲乙\n退")
    step = life.entries[-1]
    Entry.objects.unscoped("测试").filter(pk=step.pk).update(filed_for=life.world.units["店子镇"])
    life.tell("步 甲丙\n批")
    assert Entry.objects.unscoped("测试").filter(to_mend()).get() == step
