"""Of what is asked again only the SQL is kept, in the name of the values it was asked with (ledger/sql.py)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from directory.models import Organization, User
from ledger.models import Entry, Plan
from ledger.scope import Scope, scope_of
from ledger.sql import asked_again
from tests.ledger.stories import Story

made: list[Scope] = []


@asked_again
def seen(scope: Scope, state: str) -> QuerySet[Entry]:
    made.append(scope)
    return Entry.objects.for_scope(scope).filter(state=state).select_related("filed_for").order_by("pk")


@asked_again
def of_plan(plan: Plan) -> QuerySet[Entry]:
    raise AssertionError


@asked_again
def numbers(keys: tuple[int, ...]) -> QuerySet[Organization, int]:
    return Organization.objects.filter(pk__in=keys).order_by("pk").values_list("pk", flat=True)


def test_rows_are_read_at_every_call_and_the_question_put_together_once(year: Story) -> None:
    made.clear()
    clerk = scope_of(year.world.users["徐庄"])
    before = seen(clerk, "submitted")
    year.tell("2022-10-19 徐庄 报 支出 2022-04 徐庄镇 1 #新")
    with CaptureQueriesContext(connection) as queries:
        after = seen(clerk, "submitted")
        units = {entry.filed_for.short_name for entry in after}
    assert len(queries) == 1  # the unit came with the entry
    assert len(after) == len(before) + 1
    assert units == {"徐庄镇"}
    assert made == [clerk]
    assert after == list(Entry.objects.for_scope(clerk).filter(state="submitted").order_by("pk"))
    assert after[0] is not seen(clerk, "submitted")[0]


def test_another_scope_or_another_value_is_another_question(year: Story) -> None:
    user = year.world.users["徐庄"]
    mine = seen(scope_of(user), "approved")
    assert {entry.filed_for.short_name for entry in mine} >= {"徐庄镇"}
    user.organization, user.role = None, User.Role.LEADER  # the same user, and another view of the books
    assert len(seen(scope_of(user), "approved")) > len(mine)
    user.role = User.Role.AUDITOR
    assert seen(scope_of(user), "approved") == []
    assert {entry.state for entry in seen(Scope(everything=True), "returned")} <= {"returned"}


def test_what_no_row_can_match_is_not_asked_and_may_be_later(year: Story) -> None:
    unit = year.world.units["徐庄镇"].pk
    with CaptureQueriesContext(connection) as queries:
        assert numbers(()) == []
    assert len(queries) == 0
    assert numbers((unit,)) == [unit]


def test_a_row_is_no_value(year: Story) -> None:
    with pytest.raises(TypeError):
        of_plan(Plan.objects.get())
