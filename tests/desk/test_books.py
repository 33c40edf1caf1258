"""Quarters, their closing, and handing drafts over."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from ledger import drafts
from ledger.models import Draft, Period
from tests.desk.cast import page_text, spend, submitted
from tests.desk.conftest import Browse
from tests.ledger.world import World


def test_the_quarters_show_what_waits_and_which_may_be_closed(browse: Browse, world: World) -> None:
    submitted(world, "徐庄", spend())
    page = page_text(browse("审核").get(reverse("desk:periods")))
    assert reverse("desk:close", args=["2022Q1"]) in page
    assert reverse("desk:close", args=["2022Q2"]) not in page  # in order
    assert "未开始" in page
    assert reverse("desk:close", args=["2022Q1"]) not in page_text(
        browse("徐庄").get(reverse("desk:periods"))
    )


def test_closing_shows_what_is_undecided_and_where_it_will_go(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    client = browse("审核")
    client.post(reverse("desk:close", args=["2022Q1"]))
    url = reverse("desk:close", args=["2022Q2"])
    page = page_text(client.get(url))
    assert f"{entry.pk} 号" in page
    assert "<strong>2022年第3季度</strong>" in page
    client.post(url)
    assert Period.objects.get(code="2022Q2").is_closed
    assert "已关账，封签" in page_text(client.get(reverse("desk:periods")))
    client.post(reverse("desk:decide", args=[entry.pk]), {"version": 1, "decision": "approve"})
    page = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert "该季度已关账，记入2022年第3季度" in page


def test_a_quarter_that_is_not_over_is_not_closed(browse: Browse, world: World) -> None:
    client = browse("领导")
    for code in ("2022Q1", "2022Q2", "2022Q3"):
        client.post(reverse("desk:close", args=[code]))
    assert not Period.objects.get(code="2022Q3").is_closed
    assert "之后才能关账" in page_text(client.get(reverse("desk:periods")))


@pytest.mark.parametrize("who", ["徐庄", "财政", "徐庄二"])
def test_clerks_do_not_close_quarters(browse: Browse, who: str) -> None:
    client = browse(who)
    assert client.get(reverse("desk:close", args=["2022Q1"])).status_code == 403
    assert client.post(reverse("desk:close", args=["2022Q1"])).status_code == 403
    assert not Period.objects.get(code="2022Q1").is_closed


def keep_draft(world: World, who: str) -> None:
    drafts.save_draft(
        by=world.users[who], token=uuid.uuid4(), register="fund_flow", typed={"payee": ["某公司"]}
    )


def test_a_head_of_unit_hands_a_leavers_drafts_to_a_colleague(browse: Browse, world: World) -> None:
    keep_draft(world, "徐庄")
    keep_draft(world, "店子")
    client, url = browse("徐庄二"), reverse("desk:handover")
    page = page_text(client.get(url))
    assert "徐庄（徐庄镇）" in page
    assert "店子（店子镇）" not in page
    people = {"leaver": world.users["徐庄"].pk, "successor": world.users["徐庄二"].pk}
    assert "已把 1 份草稿移交给徐庄二" in page_text(client.post(url, people, follow=True))
    assert Draft.objects.filter(owner=world.users["徐庄二"]).count() == 1


def test_drafts_stay_in_their_unit(browse: Browse, world: World) -> None:
    keep_draft(world, "徐庄")
    world.users["北庄"].role, world.users["北庄"].organization = "system_admin", None
    world.users["北庄"].save()
    url = reverse("desk:handover")
    people = {"leaver": world.users["徐庄"].pk, "successor": world.users["店子"].pk}
    page = page_text(browse("北庄").post(url, people))
    assert "店子（店子镇）不在移交人的单位" in page
    people["successor"] = people["leaver"]
    assert "不能是移交人本人" in page_text(browse("北庄").post(url, people))
    assert "请选择移交人" in page_text(browse("北庄").post(url, {}))
    assert Draft.objects.filter(owner=world.users["徐庄"]).count() == 1


def test_without_drafts_there_is_nothing_to_hand_over(browse: Browse) -> None:
    assert "不需要移交" in page_text(browse("徐庄二").get(reverse("desk:handover")))


def test_clerks_do_not_hand_drafts_over(browse: Browse) -> None:
    assert browse("徐庄").get(reverse("desk:handover")).status_code == 403
