"""The cast of tests/ledger/world.py with the plan of 2022, shared by the tests of funds."""

from datetime import date

from tests.kept import kept
from tests.ledger.world import World, make_world


@kept
def world() -> World:
    made = make_world()
    made.add_plan(2022, on=date(2022, 2, 10))
    return made
