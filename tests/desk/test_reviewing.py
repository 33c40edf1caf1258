"""The review queue and its decisions: versions seen, reasons per field, many at once, never one's own."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from ledger import actions
from ledger.models import Decision
from tests.desk.cast import ON, approved, page_text, returned, spend, submitted
from tests.desk.conftest import Browse
from tests.ledger.world import World


@pytest.mark.parametrize("who", ["徐庄", "财政", "领导"])
def test_only_the_bureaus_reviewers_may_review(browse: Browse, world: World, who: str) -> None:
    entry = submitted(world, "徐庄", spend())
    client = browse(who)
    assert client.get(reverse("desk:review")).status_code == 403
    data = {"version": 1, "decision": "approve"}
    assert client.post(reverse("desk:decide", args=[entry.pk]), data).status_code == 403
    assert client.post(reverse("desk:review"), {"seen": f"{entry.pk}:1"}).status_code == 403
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_the_queue_has_the_oldest_first_with_evidence_and_hints(browse: Browse, world: World) -> None:
    first = submitted(world, "徐庄", spend(1, "1"))
    second = submitted(world, "徐庄", spend(2, "2"), files=0)
    page = page_text(browse("审核").get(reverse("desk:review")))
    assert page.index("记-1</a>") < page.index("记-2</a>")
    assert f'value="{first.pk}:1"' in page
    assert f'value="{second.pk}:1"' not in page
    assert "缺支付凭证或发票" in page


def test_an_odd_row_is_pointed_out_in_the_queue(browse: Browse, world: World) -> None:
    submitted(world, "财政", "拨付 2022-04 徐庄镇 1 凭证号=拨-9 文件号=随便写的")
    assert "文件号“随便写的”不像" in page_text(browse("审核").get(reverse("desk:review")))


def test_the_queue_can_be_filtered_by_unit(browse: Browse, world: World) -> None:
    submitted(world, "徐庄", spend(1, "1"))
    submitted(world, "店子", "支出 2022-05 店子镇 1 凭证号=记-8 收款方=某公司")
    client = browse("审核")
    page = page_text(client.get(f"{reverse('desk:review')}?unit=370406101"))
    assert "记-8</a>" in page
    assert "记-1</a>" not in page
    assert "没有符合条件" in page_text(client.get(f"{reverse('desk:review')}?q=没有这种"))


def test_an_empty_queue_says_so(browse: Browse) -> None:
    assert "没有待审核的记录" in page_text(browse("审核").get(reverse("desk:review")))


def test_one_is_returned_with_a_reason_and_remarks_and_the_next_one_opens(
    browse: Browse, world: World
) -> None:
    first, second = submitted(world, "徐庄", spend(1, "1")), submitted(world, "徐庄", spend(2, "2"))
    client = browse("审核")
    response = client.post(
        reverse("desk:decide", args=[first.pk]),
        {
            "version": 1,
            "decision": "return",
            "reason": "请核对",
            "remark-voucher_no": "与附件不符",
            "remark-payee": " ",
        },
    )
    assert response["Location"] == reverse("desk:entry", args=[second.pk])
    decision = Decision.objects.get(entry=first)
    assert (decision.outcome, decision.reason, decision.fields) == (
        "returned",
        "请核对",
        {"voucher_no": "与附件不符"},
    )
    response = client.post(reverse("desk:decide", args=[second.pk]), {"version": 1, "decision": "approve"})
    assert response["Location"] == reverse("desk:review")
    page = page_text(client.get(response["Location"]))
    assert f"{second.pk} 号记录已通过，记入2022年第2季度" in page
    assert "没有待您审核的记录了" in page


def test_a_return_without_a_reason_is_refused_and_what_was_typed_stays(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    url = reverse("desk:decide", args=[entry.pk])
    page = page_text(browse("审核").post(url, {"version": 1, "decision": "return", "reason": " "}))
    assert "请写明退回理由" in page
    page = page_text(
        browse("审核").post(
            url, {"version": 1, "decision": "approve", "reason": "金额好像不对", "remark-amount": "?"}
        )
    )
    assert "写了意见却选了“通过”" in page
    assert "金额好像不对</textarea>" in page
    assert re.search(r'name="remark-amount" value="\?"', page)
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_of_two_reviewers_at_once_the_second_is_told_who_was_first(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    url = reverse("desk:decide", args=[entry.pk])
    browse("审核").post(url, {"version": 1, "decision": "approve"})
    page = page_text(browse("复核").post(url, {"version": 1, "decision": "return", "reason": "不对"}))
    assert "已变为“已通过”，审核（乡村振兴局）于 2022-07-01 10:00 办理" in page


def test_a_version_submitted_meanwhile_is_not_approved_unseen(browse: Browse, world: World) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    from tests.funds.rows import make_row

    row = make_row(world, spend(35, "20"))
    actions.resubmit(by=world.users["徐庄二"], on=ON, entry=entry, version=1, row=row)
    page = page_text(
        browse("审核").post(reverse("desk:decide", args=[entry.pk]), {"version": 1, "decision": "approve"})
    )
    assert "重新提交为第 2 版，您看到的是第 1 版" in page
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_ones_own_entry_is_shown_with_the_reason_and_cannot_be_decided(browse: Browse, world: World) -> None:
    entry = submitted(world, "审核", "拨付 2022-04 徐庄镇 1 凭证号=拨-9")
    client = browse("审核")
    assert "由您本人填报或提交，须由另一位审核员审核" in page_text(client.get(reverse("desk:review")))
    page = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert "由您本人填报或提交" in page
    assert 'name="decision"' not in page
    refused = client.post(reverse("desk:decide", args=[entry.pk]), {"version": 1, "decision": "approve"})
    assert "由您本人填报或提交，须由另一位审核员审核" in page_text(refused)
    assert 'name="decision"' in page_text(browse("复核").get(reverse("desk:entry", args=[entry.pk])))


def test_approval_waits_for_the_voucher(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend(), files=0)
    client = browse("审核")
    page = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert re.search(r'value="approve"[^>]*disabled', page)
    refused = client.post(reverse("desk:decide", args=[entry.pk]), {"version": 1, "decision": "approve"})
    assert "还没有支付凭证或发票" in page_text(refused)


def test_many_are_approved_at_once_and_those_skipped_are_listed_with_the_reason(
    browse: Browse, world: World
) -> None:
    good = submitted(world, "徐庄", spend(1, "1"))
    bare = submitted(world, "徐庄", spend(2, "2"), files=0)
    own = submitted(world, "审核", "拨付 2022-04 徐庄镇 1 凭证号=拨-9")
    gone = approved(world, submitted(world, "徐庄", spend(3, "3")), by="复核")
    seen = [f"{entry.pk}:1" for entry in (good, bare, own, gone)] + ["x:1", "999999:1", "5"]
    page = page_text(browse("审核").post(reverse("desk:review"), {"seen": seen}))
    assert "已通过 1 条" in page
    assert "未通过 3 条" in page
    assert "还没有支付凭证或发票" in page
    assert "须由另一位审核员审核" in page
    assert "已变为“已通过”" in page
    good.refresh_from_db()
    assert (good.state, good.decided_by) == ("approved", world.users["审核"])


def test_ticking_nothing_is_told(browse: Browse) -> None:
    client = browse("审核")
    assert "请先勾选" in page_text(client.post(reverse("desk:review"), {}, follow=True))


def test_coming_back_after_logging_in_again_a_decision_leads_to_the_entry(
    browse: Browse, world: World
) -> None:
    entry = submitted(world, "徐庄", spend())
    response = browse("审核").get(reverse("desk:decide", args=[entry.pk]))
    assert response["Location"] == reverse("desk:entry", args=[entry.pk])
