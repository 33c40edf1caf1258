"""Approving many together does of each what approving it alone does, and nothing by halves (docs/adr/0015)."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from ledger import actions, batches, bookkeeping, posting, together
from ledger.models import Entry, Period, Transfer
from ledger.sql import Statement, run
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.stories import Story
from tests.ledger.test_batches import entries, plan, rows, send
from tests.ledger.test_presence import a_world, approve, file, people
from tests.ledger.together import WHY, both_ways
from tests.ledger.world import World
from tests.made_up.registers import COURSE

ON = date(2022, 7, 8)


@kept
def world() -> World:
    return a_world()


def test_a_roster_with_people_named_twice_is_counted_as_if_one_by_one(world: World) -> None:
    who = people(6)
    both_ways(world.users["审核"], entries(send(world, plan(world, rows(world, [*who, *who[:3]])))))


def test_reversals_of_a_batch_give_back_what_they_would_one_by_one(world: World) -> None:
    who = people(5)
    batch = send(world, plan(world, rows(world, [*who, *who[:2]])))
    for entry in entries(batch):
        approve(world, entry)
    done = batches.void_batch(by=world.users["徐庄二"], on=ON, batch=batch, reason="传错了文件")
    back = [entry for entry in entries(batch) if entry.pk in done.reversals]
    assert len(back) == 7
    both_ways(world.users["审核"], back)


def test_payments_go_to_the_quarters_they_would_go_to_one_by_one(world: World) -> None:
    story = Story(world)
    story.tell("""
    2022-03-01 财政 办 下达 2022-04 徐庄镇 60
    2022-05-10 财政 办 拨付 2022-04 徐庄镇 30
    """)
    # paid in the first quarter out of what came in the second, and a part that even the first could not pay
    story.tell("\n".join(f"2022-03-{10 + n} 徐庄 报 支出 2022-04 徐庄镇 {n} #记{n}" for n in range(1, 6)))
    waiting = [story.entries[f"#记{n}"] for n in range(1, 6)]
    both_ways(world.users["审核"], waiting)
    went = {entry.posted_note for entry in Entry.objects.unscoped(WHY).filter(pk__in=[e.pk for e in waiting])}
    assert all("2022年第2季度" in note for note in went)


def test_what_may_not_be_approved_is_left_out_listed_and_on_record_and_the_others_go(world: World) -> None:
    who = people(5)
    filed = [file(world, COURSE, f"学员-{n}", [person]) for n, person in enumerate(who)]
    reviewer = world.users["审核"]
    approve(world, filed[1])
    actions.withdraw(by=world.users["徐庄"], on=ON, entry=filed[2], version=1)
    seen = [(entry, 1) for entry in filed[:4]] + [(filed[4], 2)]
    outcomes = together.approve_many(by=reviewer, on=ON, seen=seen)
    assert [one.entry for one in outcomes] == filed
    assert [bool(one.refusal) for one in outcomes] == [False, True, True, False, True]
    assert "已通过" in outcomes[1].refusal
    assert "已撤回" in outcomes[2].refusal
    assert "第 1 版，您看到的是第 2 版" in outcomes[4].refusal
    refused = Event.objects.filter(verb="entry.approve", outcome="refused").order_by("pk")
    assert [(e.target, e.summary, e.details) for e in refused] == [
        (f"ledger.entry:{one.entry.pk}", one.refusal, {"rule": "AlreadyDecided"})
        for one in outcomes
        if one.refusal
    ]
    states = Entry.objects.unscoped(WHY).filter(pk__in=[e.pk for e in filed]).order_by("pk")
    assert list(states.values_list("state", flat=True)) == [
        "approved", "approved", "withdrawn", "approved", "submitted",
    ]  # fmt: skip
    own = together.approve_many(by=world.users["徐庄"], on=ON, seen=[(filed[4], 1), (filed[2], 1)])
    assert "只有区乡村振兴局的审核员可以审核" in own[0].refusal
    assert list(verify()) == []


def test_an_entry_named_twice_is_approved_once(world: World) -> None:
    one, two = (file(world, COURSE, f"学员-{n}", [person]) for n, person in enumerate(people(2)))
    seen = [(one, 1), (two, 1), (one, 1)]
    outcomes = together.approve_many(by=world.users["审核"], on=ON, seen=seen)
    assert [bool(outcome.refusal) for outcome in outcomes] == [False, False, True]
    assert list(verify()) == []


def test_where_no_quarter_is_open_the_entry_is_left_out_and_the_others_go(world: World) -> None:
    one, two = (file(world, COURSE, f"学员-{n}", [person]) for n, person in enumerate(people(2)))
    for period in Period.objects.order_by("starts_on"):
        bookkeeping.close_period(by=world.users["审核"], on=date(2023, 1, 9), period=period)
    outcomes = together.approve_many(by=world.users["审核"], on=ON, seen=[(one, 1), (two, 1)])
    assert all("没有可记账的季度" in outcome.refusal for outcome in outcomes)
    assert not Transfer.objects.filter(entry__in=[one, two]).exists()


def test_what_the_database_refuses_of_all_is_tried_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (file(world, COURSE, f"学员-{n}", [person]) for n, person in enumerate(people(2)))

    def fails(*args: object, **kwargs: object) -> None:
        Entry.objects.unscoped(WHY).filter(pk=one.pk).update(posted_note="半途")
        raise IntegrityError("a race")

    monkeypatch.setattr(posting, "post_all", fails)
    outcomes = together.approve_many(by=world.users["审核"], on=ON, seen=[(one, 1), (two, 1)])
    assert [outcome.refusal for outcome in outcomes] == ["", ""]
    assert Entry.objects.unscoped(WHY).get(pk=one.pk).posted_note == ""
    assert list(verify()) == []


def test_ninety_entries_cost_no_more_queries_than_nine(world: World) -> None:
    counts = []
    for start, number in ((0, 9), (100, 90)):
        who = people(number, start)
        batch = send(world, plan(world, rows(world, who, start)), f"{start}.xlsx")
        seen = [(entry, 1) for entry in entries(batch)]
        with CaptureQueriesContext(connection) as queries:
            together.approve_many(by=world.users["审核"], on=ON, seen=seen)
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 2


def test_a_statement_kept_by_the_server_outlives_a_message_that_failed(world: World) -> None:
    """The first message in which it stands is refused after it was made known to the server."""
    count = Statement("SELECT count(*) FROM ledger_account WHERE id > %s", [0])
    wrong = Statement("UPDATE ledger_account SET balance = %s", [1])
    for _ in range(2):
        with pytest.raises(IntegrityError), transaction.atomic():
            run([count, wrong])
    assert run([count]) == run([count])
    assert run([count])[0][0] > 0
