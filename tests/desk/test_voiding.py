"""作废: a returned or withdrawn entry that nobody wants any more, set aside by its unit for good."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from audit.models import Event
from ledger import acting, actions
from ledger.models import Account, Decision, Entry, Filing, Period
from ledger.verify import verify
from tests.desk.cast import ON, approved, page_text, returned, spend, submitted, the_entry
from tests.desk.conftest import Browse
from tests.desk.test_any_register import TYPED, send
from tests.funds.rows import make_row
from tests.ledger.world import World

WHY = "这笔付款取消了"


def void_page(entry: Entry) -> str:
    return reverse("desk:void", args=[entry.pk])


def entry_page(entry: Entry) -> str:
    return reverse("desk:entry", args=[entry.pk])


def withdrawn(world: World, entry: Entry) -> Entry:
    return actions.withdraw(by=world.users["徐庄"], on=ON, entry=entry, version=entry.version)


@pytest.mark.parametrize("back", [returned, withdrawn])
def test_it_is_voided_after_asking_and_stays_readable_with_the_reason(
    browse: Browse, world: World, back: object
) -> None:
    entry = submitted(world, "徐庄", spend())
    entry = returned(world, entry) if back is returned else withdrawn(world, entry)
    client = browse("徐庄二")  # any clerk of the unit
    assert void_page(entry) in page_text(client.get(entry_page(entry)))
    asked = page_text(client.get(void_page(entry)))
    assert "作废后不能恢复" in asked
    assert "以后可以重新填报" in asked
    assert client.post(void_page(entry), {"version": 1, "reason": WHY})["Location"] == entry_page(entry)
    entry.refresh_from_db()
    assert entry.state == "void"
    decision = Decision.objects.get(entry=entry, outcome="void")
    assert (decision.reason, decision.by, decision.version) == (WHY, world.users["徐庄二"], 1)
    assert Event.objects.get(verb="entry.void").target == f"ledger.entry:{entry.pk}"
    page = page_text(client.get(entry_page(entry)))
    assert re.search(rf"已作废</strong>.*徐庄二.*{WHY}", page)
    assert page.count(WHY) == 2  # at the head and in the history
    assert ("请核对" in page) == (back is returned)  # what the reviewer had said is not lost
    for verb in ("edit", "void", "withdraw"):
        assert reverse(f"desk:{verb}", args=[entry.pk]) not in page
    assert "已作废，未入账" in page_text(client.get(reverse("desk:voucher", args=[entry.pk])))
    assert list(verify()) == []


def test_the_records_show_voided_entries_and_find_them(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "徐庄", spend(1)))
    submitted(world, "徐庄", spend(2))
    client = browse("徐庄")
    client.post(void_page(entry), {"version": 1, "reason": WHY})
    assert "已作废</span>" in page_text(client.get(reverse("desk:entries")))
    only = page_text(client.get(reverse("desk:entries") + "?state=void"))
    assert "记-1</a>" in only
    assert "记-2</a>" not in only
    assert "被退回" not in page_text(client.get(reverse("desk:home")))


def test_the_same_business_may_be_filed_anew(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    browse("徐庄").post(void_page(entry), {"version": 1, "reason": WHY})
    again = approved(world, submitted(world, "徐庄", spend()))
    assert again.state == "approved"
    row = make_row(world, spend())
    with pytest.raises(acting.AlreadyDecided, match="已作废"):
        actions.resubmit(by=world.users["徐庄"], on=ON, entry=entry, version=1, row=row)


def test_pressed_twice_it_is_voided_once(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    client = browse("徐庄")
    for _ in range(2):
        answer = client.post(void_page(entry), {"version": 1, "reason": WHY}, follow=True)
        assert f"{entry.pk} 号记录已作废" in page_text(answer)
    assert Decision.objects.filter(entry=entry, outcome="void").count() == 1
    assert Event.objects.filter(verb="entry.void").count() == 1
    colleague = browse("徐庄二").post(void_page(entry), {"version": 1, "reason": "我也来"})
    assert colleague.status_code == 422
    assert f"已由徐庄（徐庄镇）作废，理由：{WHY}" in colleague.content.decode()


@pytest.mark.parametrize(
    ("reason", "said"),
    [("", "请写明理由。"), ("  ", "请写明理由。"), ("张三13800001234不要了", "请不要写身份证号或电话")],
)
def test_without_a_proper_reason_nothing_happens_and_what_was_typed_stays(
    browse: Browse, world: World, reason: str, said: str
) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    answer = browse("徐庄").post(void_page(entry), {"version": 1, "reason": reason})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert reason.strip() in page
    entry.refresh_from_db()
    assert entry.state == "returned"


def test_what_waits_or_is_approved_cannot_be_voided(browse: Browse, world: World) -> None:
    waiting = submitted(world, "徐庄", spend(1, "1"))
    done = approved(world, submitted(world, "徐庄", spend(2, "1")))
    client = browse("徐庄")
    for entry in (waiting, done):
        assert void_page(entry) not in page_text(client.get(entry_page(entry)))
        assert "现在不能作废" in page_text(client.get(void_page(entry), follow=True))
    assert "没有作废" in client.post(void_page(done), {"version": 1, "reason": WHY}).content.decode()
    done.refresh_from_db()
    assert done.state == "approved"


def test_what_a_colleague_submitted_again_meanwhile_is_left_alone(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    row = make_row(world, spend(35, "12"))
    actions.resubmit(by=world.users["徐庄二"], on=ON, entry=entry, version=1, row=row)
    answer = browse("徐庄").post(void_page(entry), {"version": 1, "reason": WHY})
    assert "已变为“待审核”（第 2 版），没有作废" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_a_unit_the_entry_only_concerns_may_not_void_it(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "财政", "拨付 2022-04 徐庄镇 1 凭证号=拨-9"))
    client = browse("徐庄")
    assert void_page(entry) not in page_text(client.get(entry_page(entry)))
    assert "由财政局填报" in client.post(void_page(entry), {"version": 1, "reason": WHY}).content.decode()
    entry.refresh_from_db()
    assert entry.state == "returned"


def test_a_returned_reversal_or_correction_is_voided_and_the_entry_stays_in_force(
    browse: Browse, world: World
) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    clerk, client = world.users["徐庄"], browse("徐庄")
    balances = list(Account.objects.order_by("pk").values_list("balance", "held_in", "held_out"))
    reversal = actions.reverse(by=clerk, on=ON, entry=entry, reason="重复付款")
    correction = None
    for made in (reversal, correction):
        if made is None:
            row = make_row(world, spend(35, "12"))
            made = actions.correct(by=clerk, on=ON, entry=entry, row=row, reason="金额写错")
        made = returned(world, made)
        client.post(void_page(made), {"version": 1, "reason": WHY})
        made.refresh_from_db()
        assert made.state == "void"
        page = page_text(client.get(entry_page(entry)))
        assert "已作废</span>" in page  # among what came of it
        assert reverse("desk:correct", args=[entry.pk]) in page  # and free for another one
    assert list(Account.objects.order_by("pk").values_list("balance", "held_in", "held_out")) == balances
    assert list(verify()) == []


def test_a_returned_step_is_voided_and_another_one_may_follow(browse: Browse, world: World) -> None:
    clerk, reviewer = browse("徐庄"), browse("审核")
    send(clerk, "/desk/new/tree/", 1, **TYPED)
    first = the_entry(register="tree")
    reviewer.post(f"/desk/entries/{first.pk}/decide/", {"version": 1, "decision": "approve"})
    step = f"/desk/entries/{first.pk}/step/"
    send(clerk, step, 2, **{**TYPED, "height": "130", "version": 1})
    made = returned(world, the_entry(kind="step"))
    clerk.post(void_page(made), {"version": 1, "reason": WHY})
    assert send(clerk, step, 3, **{**TYPED, "height": "131", "version": 1}).status_code == 302
    assert the_entry(kind="step", state="submitted").follows == first
    assert list(verify()) == []


def test_a_voided_entry_is_no_filing(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    browse("徐庄").post(void_page(entry), {"version": 1, "reason": WHY})
    filing = Filing.objects.unscoped("测试").get(pk=entry.filing_id)
    assert filing.period == Period.objects.get(code="2022Q2")
    page = page_text(browse("徐庄").get(reverse("desk:home")))
    assert "未报" in page
    browse("徐庄").post(reverse("desk:nil", args=[filing.pk]))
    filing.refresh_from_db()
    assert filing.nil_by == world.users["徐庄"]
