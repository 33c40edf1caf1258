"""One set of books with every kind of row in it: two closed quarters, entries in all states, holds, a ruling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from audit.events import record
from directory.models import Person
from ledger import actions, bookkeeping
from ledger.merging import PERSON_MERGE
from ledger.models import Account, Acknowledgement, OpenQuestion, PersonMerge, PlanRevision, ThresholdChange
from tests.ledger.stories import Story
from tests.ledger.world import World, make_world
from tests.made_up.models import Reached
from tests.made_up.registers import COURSE, STAY

STORY = """
2022-03-01 财政 办 下达 2022-04 徐庄镇 60 #文1
2022-03-02 财政 办 下达 2022-04 店子镇 20 #文2
2022-03-10 财政 办 拨付 2022-04 徐庄镇 40 #拨1
2022-03-20 徐庄 报 支出 2022-04 徐庄镇 5 #记1
2022-03-21 审核 退 #记1 金额与凭证不符
2022-03-22 徐庄 重报 #记1 支出 2022-04 徐庄镇 4
2022-03-23 复核 批 #记1
2022-04-10 徐庄 办 支出 2022-04 徐庄镇 12 #记2
2022-04-11 徐庄 更正 #记2 支出 2022-04 徐庄镇 11 #记2
2022-04-12 审核 批 #记2更
2022-04-13 徐庄 报 支出 2022-04 徐庄镇 2 #记3
2022-04-13 徐庄 撤 #记3
2022-04-14 财政 报 下达 2022-04 北庄镇 3 #文4
2022-04-14 审核 退 #文4 单位不对
2022-04-15 财政 办 下达 2022-02 北庄镇 5 #文5
2022-04-15 财政 冲 #文5
2022-04-15 财政 撤 #文5冲
2022-04-16 徐庄 办 支出 2022-04 徐庄镇 1 #记6
2022-05-01 审核 关 2022Q1
2022-07-02 审核 关 2022Q2
2022-07-03 财政 办 下达 2022-03 店子镇 2 #文6
2022-07-04 财政 办 拨付 2022-03 店子镇 1 #拨6
2022-07-03 财政 办 下达 2022-05 徐庄镇 1 #同一
2022-07-03 财政 办 下达 2022-05 徐庄镇 1 #同二
2022-07-04 财政 冲 #同一
2022-07-04 审核 批 #同一冲
2022-07-04 财政 冲 #同二
2022-07-04 审核 批 #同二冲
2022-07-05 徐庄 报 支出 2022-04 徐庄镇 3 #记5
2022-07-06 财政 冲 #文2
"""


@dataclass
class Books:
    """Numbers of the entries by their names in the story, of units and users by name, and where the files are."""

    entries: dict[str, int]
    units: dict[str, int]
    users: dict[str, int]
    story: Story
    files: Path

    def __getitem__(self, name: str) -> int:
        return self.entries[name]


def reach_somebody(world: World) -> None:
    """A course and a stay of the third quarter with two people of 徐庄镇, approved; a third person is one of them."""
    plan, unit = world.lines["2022-01"].plan, world.units["徐庄镇"]
    for code in ("benefit_people", "trained_people", "trained_or_employed", "training_attendances"):
        people = code != "training_attendances"
        Account.objects.create(
            code=f"2022/target/{code}",
            name=code,
            unit="人" if people else "人次",
            plan=plan,
            stage="target",
            counts_people=people,
        )
    cast = [Person.objects.create(name="试验", provisional_key=key, organization=unit) for key in "abc"]
    who = [person.pk for person in cast[:2]]
    row = Reached(number="班-1", plan=plan, unit=unit, occurred_on=date(2022, 7, 8), people=who)
    entry = actions.submit(by=world.users["徐庄"], on=date(2022, 7, 8), register=COURSE, row=row)
    actions.approve(by=world.users["审核"], on=date(2022, 7, 9), entry=entry, version=1)
    stays(world, [person.pk for person in cast[:2]])
    same = PersonMerge(person=cast[2], into=cast[0], occurred_on=date(2022, 7, 9), reason="同一户籍")
    entry = actions.submit(by=world.users["局里"], on=date(2022, 7, 9), register=PERSON_MERGE, row=same)
    actions.approve(by=world.users["审核"], on=date(2022, 7, 9), entry=entry, version=1)


def stays(world: World, both: list[int]) -> None:
    """住-1: one person, by a step two, by another that waits one again. 住-2: two."""
    on, clerk, reviewer = date(2022, 7, 8), world.users["徐庄"], world.users["审核"]
    plan, unit = world.lines["2022-01"].plan, world.units["徐庄镇"]

    def row(number: str, who: list[int]) -> Reached:
        return Reached(number=number, plan=plan, unit=unit, occurred_on=on, people=who)

    second = actions.submit(by=clerk, on=on, register=STAY, row=row("住-2", both))
    first = actions.submit(by=clerk, on=on, register=STAY, row=row("住-1", both[:1]))
    for entry in (second, first):
        actions.approve(by=reviewer, on=on, entry=entry, version=1)
    step = actions.step(by=clerk, on=on, entry=first, row=row("住-1", both))
    actions.approve(by=reviewer, on=on, entry=step, version=1)
    actions.step(by=clerk, on=on, entry=step, row=row("住-1", both[:1]))


def tell_books(files: Path) -> Books:
    """The books of STORY, with their evidence in `files`, which settings.EVIDENCE_ROOT must name."""
    world = make_world()
    plan = world.add_plan(2022, on=date(2022, 2, 10))
    PlanRevision.objects.create(
        plan=plan,
        number=1,
        sha256="0" * 64,
        content="…",
        reason="首次载入",
        loaded_by=world.users["计划导入"],
    )
    question = OpenQuestion.objects.create(
        plan=plan,
        code="C1",
        position=1,
        title="资金来源",
        statement="137 万元从何而来",
        readings=[{"code": "450", "label": "全部为协作资金"}],
        default_reading="450",
    )
    bookkeeping.rule(
        by=world.users["领导"], on=date(2022, 3, 1), question=question, reading="450", reason="以文件为准"
    )
    ThresholdChange.objects.create(
        code="stable_months", new=6, reason="以省厅口径为准", by=world.users["局里"], at=timezone.now()
    )
    story = Story(world)
    story.tell(STORY)
    reach_somebody(world)
    said, clerk = story.entries["#文1"].pk, world.users["财政"]
    with transaction.atomic():
        Acknowledgement.objects.create(
            entry_id=said, organization=world.units["财政局"], by=clerk, at=timezone.now()
        )
        record(verb="entry.acknowledged", by=clerk, target=f"ledger.entry:{said}", summary="确认收到")
    return Books(
        entries={name: entry.pk for name, entry in story.entries.items()},
        units={name: unit.pk for name, unit in world.units.items()},
        users={name: user.pk for name, user in world.users.items()},
        story=story,
        files=files,
    )
