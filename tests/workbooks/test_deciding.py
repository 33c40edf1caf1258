"""A workbook reviewed as a whole: what approving it would do, step by step, and what is left out (DESIGN §5)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audit.models import Event
from ledger import together
from ledger.actions import withdraw
from ledger.batches import void_batch
from ledger.models import Batch, Entry
from tests.ledger.world import World
from tests.workbooks.conftest import ON, Browse, commit
from tests.workbooks.files import COURSE_1, ROSTER, attendee, courses, identity, roster, xlsx
from tests.workbooks.test_import import books
from tests.workbooks.test_pages import page
from workbooks import deciding
from workbooks.planning import Changed

pytestmark = pytest.mark.usefixtures("course")


@pytest.fixture
def batch(world: World) -> Batch:
    """Ten people's attendances, waiting."""
    made = commit(world, roster([attendee(n) for n in range(1, 11)])).batch
    assert made is not None
    return made


def states(batch: Batch) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Entry.objects.unscoped("测试").filter(batch=batch).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def hidden(text: str) -> dict[str, str]:
    """What the first form of the page sends by itself."""
    form = text.partition('<input type="hidden" name="decision"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(seen|after|decided|refused)" value="([^"]*)"', form))


def test_the_page_says_what_approving_all_would_do_and_then_does_it(
    browse: Browse, world: World, batch: Batch
) -> None:
    reviewer, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    assert f'href="{address}"' in page(reviewer.get("/desk/review/"))
    assert "整批审核（待审 10 条）" in page(reviewer.get(f"/workbooks/batches/{batch.pk}/"))
    text = page(reviewer.get(address))
    assert "待审 10 条（新增 10）" in text
    assert "<strong>10</strong> 条可以通过" in text
    assert re.search(r"trained_people.*?>0 人<.*?>10 人<.*?\+10 人", text, re.DOTALL)
    assert states(batch) == {"submitted": 10}  # nothing has been done yet
    assert not Event.objects.filter(verb="entry.approved", target__startswith="ledger.entry:").filter(
        target=f"ledger.entry:{Entry.objects.unscoped('测试').filter(batch=batch).latest('pk').pk}"
    )
    text = page(reviewer.post(address, {"decision": "approve", **hidden(text)}, follow=True))
    assert f"{batch.pk} 号批次：已通过 10 条。" in text
    assert states(batch) == {"approved": 10}
    assert books()["trained_people"] == (10, 0)
    assert "没有等待审核的记录" in page(reviewer.get(address))


def test_many_rows_go_step_by_step_and_each_page_sends_the_next(
    browse: Browse, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "AT_ONCE", 4)
    monkeypatch.setattr(deciding, "SECONDS_A_STEP", 0.0)
    reviewer, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    text, done = page(reviewer.get(address)), []
    while True:
        answer = reviewer.post(
            address, {"decision": "approve", **hidden(text)}, headers={"HX-Request": "true"}
        )
        if "HX-Redirect" in answer.headers:
            break
        text = page(answer)
        done.append(re.findall(r"已通过 (\d+) 条，还有 (\d+) 条", text)[0])
    assert done == [("4", "6"), ("8", "2")]
    assert answer.headers["HX-Redirect"] == f"/workbooks/batches/{batch.pk}/"
    assert "已通过 10 条" in page(reviewer.get(answer.headers["HX-Redirect"]))
    assert states(batch) == {"approved": 10}


def test_what_cannot_be_approved_is_told_before_skipped_and_told_again(
    browse: Browse, world: World, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Entry.objects.unscoped("测试").filter(batch=batch).order_by("pk")
    Entry.objects.unscoped("测试").filter(pk=rows[2].pk).update(submitted_by=world.users["审核"])
    reviewer, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    text = page(reviewer.get(address))
    assert "<strong>9</strong> 条可以通过" in text
    assert "<strong>1</strong> 条不能通过" in text
    assert f"{rows[2].pk} 号记录由您本人填报或提交" in text
    text = page(reviewer.post(address, {"decision": "approve", **hidden(text)}, follow=True))
    assert "已通过 9 条" in text
    assert "有 1 条没有通过，原因见下" in text
    assert "由您本人填报或提交" in text
    assert "通过这 0 条" not in text
    assert states(batch) == {"approved": 9, "submitted": 1}


def test_of_many_rows_a_few_are_tried_out_and_the_reasons_stand_there_afterwards(
    browse: Browse, world: World, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "MOST_REHEARSED", 5)
    monkeypatch.setattr(deciding, "A_FEW", 4)
    Entry.objects.unscoped("测试").filter(batch=batch).update(submitted_by=world.users["审核"])
    reviewer, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    text = page(reviewer.get(address))
    assert "先预演了前 4 条：<strong>0</strong> 条可以通过" in text
    text = page(reviewer.post(address, {"decision": "approve", **hidden(text)}, follow=True))
    assert "有 10 条没有通过，原因见下" in text
    assert text.count("由您本人填报或提交") == 4
    assert states(batch) == {"submitted": 10}


def test_while_others_post_nothing_is_tried_out_and_all_can_be_approved_all_the_same(
    browse: Browse, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "books_if_free", lambda: False)
    reviewer, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    text = page(reviewer.get(address))
    assert "别处正在记账，这一次没有预演" in text
    reviewer.post(address, {"decision": "approve", **hidden(text)})
    assert states(batch) == {"approved": 10}


def test_a_row_that_changes_during_a_step_is_left_to_whoever_sees_it(
    world: World, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "AT_ONCE", 5)
    reviewer = world.users["审核"]
    last = Entry.objects.unscoped("测试").filter(batch=batch).latest("pk")
    seen = deciding.pending(by=reviewer, on=ON, batch=batch).seen
    approve_many = together.approve_many
    calls: list[Any] = []

    def meanwhile(**asked: Any) -> Any:
        if not calls:  # what was seen is no longer what waits
            Entry.objects.unscoped("测试").filter(pk=last.pk).update(version=2)
        calls.append(asked)
        return approve_many(**asked)

    monkeypatch.setattr(together, "approve_many", meanwhile)
    step = deciding.approve_step(by=reviewer, on=ON, batch=batch, seen=seen)
    assert (step.decided, step.refused, step.left) == (9, 1, 0)
    assert states(batch) == {"approved": 9, "submitted": 1}


def test_two_reviewers_who_decide_one_workbook_do_not_cross(world: World, batch: Batch) -> None:
    one, other = world.users["审核"], world.users["复核"]
    seen = deciding.pending(by=one, on=ON, batch=batch).seen
    assert deciding.approve_step(by=other, on=ON, batch=batch, seen=seen).decided == 10
    with pytest.raises(Changed):
        deciding.approve_step(by=one, on=ON, batch=batch, seen=seen)


def test_whoever_decides_has_seen_what_waits(world: World, batch: Batch) -> None:
    reviewer, clerk = world.users["审核"], world.users["徐庄"]
    seen = deciding.pending(by=reviewer, on=ON, batch=batch).seen
    first = Entry.objects.unscoped("测试").filter(batch=batch).earliest("pk")
    withdraw(by=clerk, on=ON, entry=first, version=first.version)
    with pytest.raises(Changed):
        deciding.approve_step(by=reviewer, on=ON, batch=batch, seen=seen)
    with pytest.raises(Changed):
        deciding.return_step(by=reviewer, on=ON, batch=batch, seen=seen, reason="表头不对")
    assert states(batch) == {"submitted": 9, "withdrawn": 1}


def test_a_workbook_is_returned_as_a_whole_for_one_reason(browse: Browse, world: World, batch: Batch) -> None:
    reviewer, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    sent = {"decision": "return", **hidden(page(reviewer.get(address)))}
    assert "请写明退回理由" in page(reviewer.post(address, sent), 422)
    text = page(reviewer.post(address, sent | {"reason": f"请核对{identity(1)}"}), 422)
    assert "请不要写身份证号或电话" in text
    assert states(batch) == {"submitted": 10}
    text = page(reviewer.post(address, sent | {"reason": "缺培训签到表，请补齐后重报"}, follow=True))
    assert "已退回 10 条" in text
    assert states(batch) == {"returned": 10}
    assert books()["trained_people"] == (0, 0)
    clerk = browse("徐庄")
    text = page(clerk.get("/desk/"))
    assert "被退回，请先改（10）" in text
    assert f"{batch.pk} 号批次　学员.xlsx：10 条" in text  # told as one
    assert "修改后重新提交" not in text
    # the same workbook again, corrected: what was returned is nobody's work any more, unless it is returned again
    again = commit(world, roster([attendee(n) for n in range(1, 11)])).batch
    assert again is not None
    assert "被退回，请先改" not in page(clerk.get("/desk/"))
    seen = deciding.pending(by=world.users["审核"], on=ON, batch=again).seen
    assert deciding.approve_step(by=world.users["审核"], on=ON, batch=again, seen=seen).decided == 10
    assert "被退回，请先改" not in page(clerk.get("/desk/"))


def test_the_reversals_of_a_voided_workbook_are_decided_as_a_whole(
    browse: Browse, world: World, batch: Batch
) -> None:
    reviewer = world.users["审核"]
    seen = deciding.pending(by=reviewer, on=ON, batch=batch).seen
    assert deciding.approve_step(by=reviewer, on=ON, batch=batch, seen=seen).left == 0
    void_batch(by=world.users["徐庄"], on=ON, batch=batch, reason="传错了")
    client, address = browse("审核"), f"/workbooks/batches/{batch.pk}/decide/"
    # returned, they are no workbook's to mend; what still stands is voided once more
    seen = deciding.pending(by=reviewer, on=ON, batch=batch).seen
    assert deciding.return_step(by=reviewer, on=ON, batch=batch, seen=seen, reason="请说明").decided == 10
    clerk = browse("徐庄")
    assert "改好表格，重新上传" not in page(clerk.get("/desk/"))
    assert "作废这一批次" in page(clerk.get(f"/workbooks/batches/{batch.pk}/"))
    clerk.post(f"/workbooks/batches/{batch.pk}/void/", {"reason": "传错了，班次不对"})
    assert "被退回，请先改" not in page(clerk.get("/desk/"))
    assert "作废这一批次" not in page(clerk.get(f"/workbooks/batches/{batch.pk}/"))
    text = page(client.get(address))
    assert "待审 10 条（红冲 10）" in text
    assert re.search(r"trained_people.*?>10 人<.*?>0 人<.*?−10 人", text, re.DOTALL)
    page(client.post(address, {"decision": "approve", **hidden(text)}, follow=True))
    assert books()["trained_people"] == (0, 0)


def test_a_course_and_its_roster_voided_together_are_taken_back_in_one_pass(world: World) -> None:
    clerk, reviewer = world.users["徐庄"], world.users["审核"]
    course = ("2022-PX-09", "果树修剪班", *COURSE_1[2:])
    sheets = {"班次": courses(course), "学员": [ROSTER, *(attendee(n, "2022-PX-09") for n in range(21, 26))]}
    both = commit(world, xlsx(sheets), name="班次和学员.xlsx").batch
    assert both is not None
    for rows in (6, 6):  # approved, then reversed
        waits = deciding.pending(by=reviewer, on=ON, batch=both)
        assert (waits.rows, waits.approvable, waits.refused) == (rows, rows, [])
        step = deciding.approve_step(by=reviewer, on=ON, batch=both, seen=waits.seen)
        assert (step.decided, step.refused) == (rows, 0)
        if states(both) == {"approved": 6}:
            void_batch(by=clerk, on=ON, batch=both, reason="传错了")
    assert states(both) == {"approved": 12}
    assert books()["trained_people"] == (0, 0)


@pytest.mark.parametrize(("who", "status"), [("徐庄", 403), ("店子", 403)])
def test_only_reviewers_come_here(browse: Browse, batch: Batch, who: str, status: int) -> None:
    assert browse(who).get(f"/workbooks/batches/{batch.pk}/decide/").status_code == status
