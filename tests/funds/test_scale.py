"""上年资金规模: the year before is entered with its source; 规模不减 is answered for every reading of C1."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from directory.loading import load_directory
from funds.loading import load_plan
from funds.scale import PRIOR_SCALE, report_tables
from ledger.models import Period, Plan
from ledger.scope import Scope, scope_of
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.world import World, make_world
from tests.registers import Trial

PAPER = {"认定日期": "2022-03-01", "上年金额": "400", "出处": "2021年协作帮扶工作方案附件"}


@kept
def world() -> World:
    """The cast, and the plan as it is loaded, with its readings."""
    made = make_world()
    load_directory()
    text = (settings.BASE_DIR / "fixtures" / "plan-2022.yaml").read_text("utf-8")
    load_plan(by=made.users["审核"], on=date(2022, 2, 10), text=text)
    return made


def answers(scope: Scope, quarter: str = "2022Q2") -> list[list[str]]:
    found = report_tables(Plan.objects.get(code="2022"), scope, Period.objects.get(code=quarter))
    return [list(row) for table in found for row in table.rows]


def test_until_the_year_before_is_entered_the_answer_is_open(world: World) -> None:
    scope = scope_of(world.users["领导"])
    assert [row[1:] for row in answers(scope)] == [
        ["450.00", "未录入", "—", "待录入"],
        ["313.00", "未录入", "—", "待录入"],
        ["450.00", "未录入", "—", "待录入"],
    ]


def test_every_reading_of_the_137_has_its_answer_and_a_unit_sees_none(world: World) -> None:
    entry = Trial(world, PRIOR_SCALE, "局里").done(PAPER)
    assert entry.summary == "2021 年协作资金 400.00 万元"
    assert [row[2:] for row in answers(scope_of(world.users["领导"]))] == [
        ["400.00", "50.00", "规模不减"],
        ["400.00", "-87.00", "低于上年"],
        ["400.00", "50.00", "规模不减"],
    ]
    assert answers(scope_of(world.users["徐庄"])) == []
    assert list(verify()) == []


def test_one_amount_a_year_and_units_that_look_mixed_up_are_told(world: World) -> None:
    trial = Trial(world, PRIOR_SCALE, "局里")
    trial.done(PAPER)
    assert trial.made({**PAPER, "上年金额": "4000000"}).warnings
    assert "认定日期" in trial.wrong({**PAPER, "认定日期": date(2099, 1, 1).isoformat()})
