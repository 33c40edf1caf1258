"""Sub-projects of the zone together never take more than its 245 万元, whoever files at the same moment (CLAUSES: CAP 245)."""

from __future__ import annotations

import pytest

from ledger import actions
from ledger.fixing import BeyondParent
from ledger.models import Entry
from ledger.verify import verify
from projects.models import Project
from projects.registers import PROJECT
from tests.desk.cast import stored
from tests.ledger.stories import Story
from tests.ledger.test_races import refusals, together
from tests.ledger.world import World
from tests.projects.conftest import at
from tests.registers import ON, Trial, a_county

WHY = "测试"


def zone(number: int, amount: str, state: str = "已立项", **changed: str) -> dict[str, str]:
    """A sub-project with an amount of its own, in 万元."""
    named = {"子项目编码": f"2022-01-0{number}", "项目名称": f"子项目{number}"}
    return at(state, **{**named, "总投资": amount, "协作资金": amount, **changed})


def row_of(trial: Trial, typed: dict[str, str]) -> Project:
    """Made and found right, before anything else is filed; its form has been open since."""
    made = trial.made(typed)
    assert made.row is not None, made.errors
    assert isinstance(made.row, Project)
    return made.row


def submit(trial: Trial, row: Project) -> Entry:
    user = trial.world.users[trial.who]
    return actions.submit(by=user, on=ON, register=PROJECT, row=row)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_two_at_once_the_second_is_told_what_the_first_took(turn: int) -> None:
    world = a_county()
    barn = Trial(world, PROJECT, "北庄")
    first, second = row_of(barn, zone(1, "150")), row_of(barn, zone(2, "100"))
    results = together(lambda: submit(barn, first), lambda: submit(barn, second))
    assert refusals(results) == ["BeyondParent"]
    message = next(one.message for one in results if isinstance(one, BeyondParent))
    assert "共安排 245.00 万元，其他子项目 1" in message
    assert "（含待审核的）" in message
    assert "超出 5.00 万元" in message
    waiting = Entry.objects.unscoped(WHY).filter(register="project", state="submitted")
    assert waiting.count() == 1
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_many_at_once_fill_the_zone_and_no_more() -> None:
    world = a_county()
    barn = Trial(world, PROJECT, "北庄")
    rows = [row_of(barn, zone(number, "70")) for number in range(1, 6)]
    results = together(*[lambda row=row: submit(barn, row) for row in rows])
    assert refusals(results) == ["BeyondParent", "BeyondParent"]
    filed = Project.objects.filter(entry__state="submitted")
    assert sum(row.fund or 0 for row in filed) == 3 * 70_000_000


@pytest.mark.django_db
def test_a_form_opened_before_another_was_filed_is_asked_again(world: World, barn: Trial) -> None:
    """What a form has read is not believed at submission: both were taken."""
    first, second = row_of(barn, zone(1, "150")), row_of(barn, zone(2, "100"))
    submit(barn, first)
    with pytest.raises(
        BeyondParent, match=r"还可安排 95.00 万元，本项目 100.00 万元，超出 5.00 万元"
    ) as refused:
        submit(barn, second)
    assert "fund" in refused.value.fields


def next_step(trial: Trial, entry: Entry, typed: dict[str, str]) -> Entry:
    """Filed, not decided."""
    user = trial.world.users[trial.who]
    return actions.step(by=user, on=ON, entry=entry, row=row_of(trial, typed), evidence=[stored(user)])


@pytest.mark.django_db
def test_room_that_a_waiting_step_would_free_is_not_free_yet(world: World, barn: Trial) -> None:
    first = barn.done(zone(1, "150"))
    step = next_step(barn, first, zone(1, "120", "已批复", 批复金额="120"))
    said = barn.wrong(zone(2, "125"))["协作资金"]
    assert "其他子项目 150.00 万元（含待审核的），还可安排 95.00 万元" in said
    barn.approved(step)
    assert barn.made(zone(2, "125")).row is not None


@pytest.mark.django_db
def test_a_reversal_that_would_take_the_room_back_is_refused(world: World, barn: Trial) -> None:
    first = barn.done(zone(1, "150"))
    step = barn.approved(next_step(barn, first, zone(1, "120", "已批复", 批复金额="120")))
    barn.done(zone(2, "125"))
    with pytest.raises(BeyondParent, match=r"本项目 150\.00 万元，超出 30\.00 万元"):
        actions.reverse(by=world.users["北庄"], on=ON, entry=step, reason="填错")
    assert list(verify()) == []


@pytest.mark.django_db
def test_a_project_that_takes_no_more_than_before_goes_on_where_the_zone_has_less(
    world: World, barn: Trial
) -> None:
    first = barn.done(zone(1, "150"))
    barn.done(zone(2, "95"))
    Story(world).tell("2022-04-01 局里 办 调整 2022-01 10 到=2022-05 #文7")
    barn.approved(next_step(barn, first, zone(1, "150", "已批复", 批复金额="150")))
    said = barn.wrong(zone(3, "1"))["协作资金"]
    assert "共安排 235.00 万元，其他子项目 245.00 万元（含待审核的），还可安排 0.00 万元" in said
