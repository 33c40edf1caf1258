"""Batches: planned, submitted as one, sent again, changed, and voided step by step."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from audit.models import Event
from directory.models import Person
from ledger import actions, batches, together
from ledger.acting import NotAllowed, SubjectTaken
from ledger.models import Account, Batch, Entry, Hold, Period, Total, Transfer
from ledger.verify import verify
from tests.kept import kept
from tests.ledger.test_presence import TARGETS, a_world, approve, people
from tests.ledger.world import World
from tests.made_up.models import Reached, Tree
from tests.made_up.registers import COURSE, TREE

ON = date(2022, 5, 10)


@kept
def world() -> World:
    return a_world()


def rows(world: World, who: list[Person], start: int = 0) -> list[Reached]:
    return [
        Reached(
            number=f"学员-{start + index}",
            plan=world.lines["2022-01"].plan,
            unit=world.units["徐庄镇"],
            occurred_on=ON,
            people=[person.pk],
        )
        for index, person in enumerate(who)
    ]


def plan(world: World, listed: list[Reached]) -> list[batches.Planned]:
    return batches.plan_rows(register=COURSE, rows=listed, organization=world.units["徐庄镇"])


def send(world: World, planned: list[batches.Planned], name: str = "学员.xlsx", by: str = "徐庄") -> Batch:
    return batches.submit_batch(
        by=world.users[by],
        on=ON,
        organization=world.units["徐庄镇"],
        period=Period.objects.get(code="2022Q2"),
        upload=batches.Upload(name, "0" * 64, f"batches/{Batch.objects.unscoped('测试').count()}"),
        items=[batches.Item(COURSE, one, f"学员!{n + 2}") for n, one in enumerate(planned)],
    )


def books() -> dict[str, tuple[int, int]]:
    wanted = [f"2022/target/{code}" for code in (*TARGETS, "training_attendances")]
    return {a.code: (a.balance, a.held_in) for a in Account.objects.filter(code__in=wanted)}


def entries(batch: Batch) -> list[Entry]:
    found = Entry.objects.unscoped("测试").filter(batch=batch).select_related("filed_for", "subject")
    return list(found.order_by("pk"))


def test_a_file_is_filed_once_however_often_it_is_sent(world: World) -> None:
    who = people(8)
    first = plan(world, rows(world, who))
    assert {one.kind for one in first} == {"added"}
    batch = send(world, first)
    assert batch.counts["added"] == 8
    assert books()["2022/target/benefit_people"] == (0, 8)
    assert books()["2022/target/training_attendances"] == (0, 8)
    assert [entry.origin for entry in entries(batch)][:2] == ["学员!2", "学员!3"]
    again = plan(world, rows(world, who))
    assert {one.kind for one in again} == {"unchanged"}
    send(world, again)
    assert books()["2022/target/training_attendances"] == (0, 8)
    assert list(verify()) == []


def test_whoever_was_faster_makes_the_whole_file_wait(world: World) -> None:
    planned = plan(world, rows(world, people(3)))
    actions.submit(by=world.users["徐庄二"], on=ON, register=COURSE, row=rows(world, people_again())[0])
    before = Entry.objects.unscoped("测试").count()
    with pytest.raises(SubjectTaken, match="有 1 行已被他人填报"):
        send(world, planned)
    assert Entry.objects.unscoped("测试").count() == before
    assert list(verify()) == []


def people_again() -> list[Person]:
    return list(Person.objects.order_by("pk")[:1])


def test_a_changed_row_is_a_new_version_or_a_correction(world: World) -> None:
    one, two, three = people(3)
    batch = send(world, plan(world, rows(world, [one, two])))
    approved = approve(world, entries(batch)[0])
    changed = rows(world, [one, two])
    changed[0].people, changed[1].people = [three.pk], [three.pk]
    planned = plan(world, changed)
    # the made-up register shows nothing, so a difference has to be planted where a real one would show it
    assert [one.kind for one in planned] == ["unchanged", "unchanged"]
    forced = [batches.Planned(p.row, p.key, "changed", p.entry, {"people": ("旧", "新")}) for p in planned]
    second = send(world, forced, "学员2.xlsx")
    assert [(e.kind, e.version) for e in entries(second)] == [("new", 2), ("correction", 1)]
    assert books()["2022/target/benefit_people"] == (1, 1)  # 一 until the correction is approved; 三 waits
    approve(world, next(e for e in entries(second) if e.kind == "correction"))
    assert books()["2022/target/benefit_people"] == (1, 0)
    assert approved.pk not in {e.pk for e in entries(second)}
    assert list(verify()) == []


def test_a_changed_row_of_what_lives_on_is_its_next_step(world: World) -> None:
    def one(height: int) -> Tree:
        return Tree(
            number="T-1", planted_on=ON, sort="oak", height=height, planter=world.units["徐庄镇"], note=""
        )

    def bring(tree: Tree) -> Entry:
        planned = batches.plan_rows(register=TREE, rows=[tree], organization=world.units["徐庄镇"])
        batch = batches.submit_batch(
            by=world.users["徐庄"],
            on=ON,
            organization=world.units["徐庄镇"],
            period=Period.objects.get(code="2022Q2"),
            upload=batches.Upload("树.xlsx", "0" * 64, f"batches/tree-{tree.height}"),
            items=[batches.Item(TREE, planned[0], "树!2")],
        )
        return entries(batch)[0]

    first = approve(world, bring(one(120)))
    second = bring(one(130))
    assert (second.kind, second.follows, second.reason) == ("step", first, "")
    approve(world, second)
    assert list(verify()) == []


def test_voiding_gives_every_total_back_step_by_step(world: World) -> None:
    before, totals = books(), Total.objects.count()
    batch = send(world, plan(world, rows(world, people(12))))
    held = books()
    filed = entries(batch)
    standing = [approve(world, entry) for entry in filed[:5]]
    assert books()["2022/target/benefit_people"] == (5, 7)
    for entry in standing[:2]:
        back = actions.reverse(by=world.users["徐庄"], on=ON, entry=entry, reason="名单有误")
        approve(world, back)
    assert books()["2022/target/benefit_people"] == (3, 7)

    done = batches.void_batch(by=world.users["徐庄二"], on=ON, batch=batch, reason="传错了文件")
    assert (len(done.void), len(done.reversals)) == (7, 3)
    assert books()["2022/target/benefit_people"] == (3, 0)
    seen = [(entry, entry.version) for entry in entries(batch) if entry.pk in done.reversals]
    outcomes = together.approve_many(by=world.users["审核"], on=ON, seen=seen)
    assert [one.refusal for one in outcomes] == ["", "", ""]
    assert books() == before
    assert held != before
    sums: Any = Total.objects.filter(account__code__startswith="2022/target/")
    assert all(
        sum(t.inflow - t.outflow for t in sums.filter(account=a)) == 0 for a in {t.account for t in sums}
    )
    assert Total.objects.count() > totals
    # what was voided may be sent again
    again = plan(world, rows(world, list(Person.objects.order_by("pk")[:12])))
    assert {one.kind for one in again} == {"added"}
    assert list(verify()) == []


def test_voiding_writes_of_every_row_what_reversing_it_alone_would_write(world: World) -> None:
    batch = send(world, plan(world, rows(world, people(4))))
    one, two = (approve(world, entry) for entry in entries(batch)[:2])
    clerk = world.users["徐庄"]
    by_hand = actions.reverse(by=clerk, on=ON, entry=one, reason="名单有误")
    done = batches.void_batch(by=clerk, on=ON, batch=batch, reason="传错了文件")
    (number,) = done.reversals  # the other approved row has its reversal already
    together = Entry.objects.unscoped("测试").get(pk=number)
    assert (together.corrects_id, together.subject.undecided_id) == (two.pk, number)
    alike = ("register", "kind", "version", "state", "filed_for_id", "filing_id", "occurred_on", "amount",
             "origin", "posted_note", "filed_by_id", "submitted_by_id", "follows_id", "decided_by_id")  # fmt: skip
    assert [getattr(together, name) for name in alike] == [getattr(by_hand, name) for name in alike]
    assert (together.batch_id, together.reason) == (batch.pk, "批次作废：传错了文件")
    assert together.summary == two.summary

    def written(entry: Entry, of: Entry) -> list[Any]:
        row = Reached.objects.get(entry=entry, version=1)
        holds = Hold.objects.filter(entry=entry).order_by("position")
        moved = Transfer.objects.filter(entry=of, reverses=None, kind="course")
        assert [hold.reverses_id for hold in holds] == [transfer.pk for transfer in moved]
        event = Event.objects.get(target=f"ledger.entry:{entry.pk}")
        return [
            [row.plan_id, row.unit_id, row.occurred_on],
            list(holds.values_list("position", "kind", "source", "target", "amount", "organization")),
            sorted(entry.concerns.values_list("organization_id", flat=True)),
            event.verb,
            event.summary.replace(str(of.pk), "原").replace(str(entry.pk), "新").replace(of.summary, "摘要"),
            event.details,
            event.actor_name,
        ]

    assert written(together, two) == written(by_hand, one)
    assert Reached.objects.get(entry=together).people == Reached.objects.get(entry=two).people
    void = Entry.objects.unscoped("测试").filter(pk__in=done.void)
    assert {(e.state, e.subject.undecided_id, Hold.objects.filter(entry=e).count()) for e in void} == {
        ("void", None, 0)
    }
    assert [d.outcome for e in void for d in e.decisions.all()] == ["void", "void"]
    assert Event.objects.filter(verb="entry.void").count() == 2
    assert list(verify()) == []


def test_voiding_takes_as_many_queries_for_forty_rows_as_for_four(
    world: World, django_assert_max_num_queries: Any
) -> None:
    batch = send(world, plan(world, rows(world, people(40))))
    for entry in entries(batch)[:20]:
        approve(world, entry)
    with django_assert_max_num_queries(60):
        done = batches.void_batch(by=world.users["徐庄"], on=ON, batch=batch, reason="传错了文件")
    assert (len(done.void), len(done.reversals)) == (20, 20)


def test_only_the_unit_itself_sends_and_voids(world: World) -> None:
    planned = plan(world, rows(world, people(1)))
    with pytest.raises(NotAllowed):
        send(world, planned, by="店子")
    batch = send(world, planned)
    with pytest.raises(NotAllowed):
        batches.void_batch(by=world.users["店子"], on=ON, batch=batch, reason="不是我的")
    assert list(verify()) == []
