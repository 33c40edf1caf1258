"""The task list, the records, one entry's page, its files and its voucher, and who may see them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from ledger import actions, evidence, filings
from ledger.models import EntryEvidence, Filing, Period
from tests.desk.cast import (
    ON,
    PDF,
    PNG,
    approved,
    page_text,
    returned,
    spend,
    stored,
    submitted,
    upload,
)
from tests.desk.conftest import Browse
from tests.ledger.world import World

ENTRY_PAGES = ("entry", "voucher", "edit", "correct", "reverse", "withdraw", "void", "attach")


def without_token(body: bytes) -> str:
    """The page without the csrf token, which is masked anew in every answer."""
    return re.sub(r'(value="|X-CSRFToken": ")[A-Za-z0-9]{64}"', r'\1…"', body.decode())


# --- who sees what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ENTRY_PAGES)
def test_another_units_clerk_gets_the_same_page_as_for_an_entry_that_does_not_exist(
    browse: Browse, world: World, page: str
) -> None:
    entry = submitted(world, "徐庄", spend())
    other = browse("店子")
    theirs = other.get(reverse(f"desk:{page}", args=[entry.pk]))
    nowhere = other.get(reverse(f"desk:{page}", args=[999_999]))
    unknown = other.get("/no/such/page/")
    assert (theirs.status_code, nowhere.status_code) == (404, 404)
    assert without_token(theirs.content) == without_token(nowhere.content) == without_token(unknown.content)


def test_posting_to_another_units_entry_finds_nothing(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    for page in (*ENTRY_PAGES[2:], "decide"):
        answer = browse("店子").post(reverse(f"desk:{page}", args=[entry.pk]), {"version": 1, "reason": "x"})
        assert answer.status_code == 404
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_the_unit_an_entry_concerns_sees_it_but_may_not_change_it(browse: Browse, world: World) -> None:
    entry = submitted(world, "财政", "拨付 2022-04 徐庄镇 1 凭证号=拨-9")
    client = browse("徐庄")
    page = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert "撤回</a>" not in page
    client.post(reverse("desk:withdraw", args=[entry.pk]), {"version": 1})
    assert "由财政局填报，只有该单位可以修改或撤回" in page_text(
        client.get(reverse("desk:entry", args=[entry.pk]))
    )


@pytest.mark.parametrize("name", ["home", "entries", "periods", "handover", "review"])
def test_without_logging_in_every_page_asks_to_log_in(client: Client, world: World, name: str) -> None:
    response = client.get(reverse(f"desk:{name}"))
    assert response.status_code == 302
    assert "next=" in response["Location"]


def test_administrators_have_no_business_at_the_desk(browse: Browse, world: World) -> None:
    world.users["店子"].role = "system_admin"
    world.users["店子"].save()
    client = browse("店子")
    for name in ("home", "entries", "periods", "review"):
        assert client.get(reverse(f"desk:{name}")).status_code == 403
    assert client.get(reverse("desk:handover")).status_code == 200


# --- 我的工作 ---------------------------------------------------------------------------------------------------


def test_the_task_list_tells_a_clerk_what_was_returned_what_is_due_and_where_to_begin(
    browse: Browse, world: World
) -> None:
    for code in ("2022Q1", "2022Q2"):
        filings.ensure_filings(Period.objects.get(code=code))
    entry = returned(world, submitted(world, "徐庄", spend()), {"voucher_no": "与附件不符"}, "请核对")
    page = page_text(browse("徐庄").get(reverse("desk:home")))
    assert f'href="{reverse("desk:edit", args=[entry.pk])}"' in page
    assert re.search(r"<strong>凭证号：</strong>与附件不符", page)
    assert "已逾期 87 天" in page  # first quarter, due on 5 April
    assert "有退回" in page
    assert reverse("desk:new", args=["fund_flow"]) in page
    assert '<span class="nav-count">1' in page


def test_an_empty_task_list_says_what_to_do(browse: Browse) -> None:
    page = page_text(browse("北庄").get(reverse("desk:home")))
    assert "没有需要报送的台账" in page
    assert "没有草稿" in page
    assert "被退回" not in page


def test_the_task_list_tells_a_reviewer_how_many_wait_and_since_when(browse: Browse, world: World) -> None:
    submitted(world, "徐庄", spend())
    page = page_text(browse("审核").get(reverse("desk:home")))
    assert re.search(r'待审核 <span class="num">1</span> 条', page)
    assert "最早一条提交于 2022-06-30，已等 1 天" in page


def test_nothing_this_quarter_is_said_after_asking(browse: Browse, world: World) -> None:
    filings.ensure_filings(Period.objects.get(code="2022Q1"))
    filing = Filing.objects.unscoped("测试").get(organization=world.units["徐庄镇"], period__code="2022Q1")
    client, url = browse("徐庄"), reverse("desk:nil", args=[filing.pk])
    assert "申报本期无？" in page_text(client.get(url))
    client.post(url)
    filing.refresh_from_db()
    assert filing.nil_by == world.users["徐庄"]
    assert "本期无" in page_text(client.get(reverse("desk:home")))
    client.post(url)
    assert "本期无已经申报过" in page_text(client.get(reverse("desk:home")))
    assert browse("店子").get(url).status_code == 404


# --- the records ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"记-1", "记-2", "记-3"}),
        ("?state=returned", {"记-2"}),
        ("?state=approved", {"记-3"}),
        ("?q=记-1", {"记-1"}),
        ("?mine=on", {"记-1", "记-3"}),
        ("?period=2022Q2", {"记-1", "记-2", "记-3"}),
        ("?period=2022Q3", set()),
        ("?state=nonsense&period=x&page=99&sort=zz", {"记-1", "记-2", "记-3"}),
        ("?sort=amount", {"记-1", "记-2", "记-3"}),
    ],
)
def test_the_records_can_be_filtered(browse: Browse, world: World, query: str, found: set[str]) -> None:
    submitted(world, "徐庄", spend(1, "1"))
    returned(world, submitted(world, "徐庄二", spend(2, "2")))
    approved(world, submitted(world, "徐庄", spend(3, "3")))
    page = page_text(browse("徐庄").get(reverse("desk:entries") + query))
    assert {number for number in ("记-1", "记-2", "记-3") if f"徐庄镇 · {number}</a>" in page} == found
    if not found:
        assert "没有符合条件的记录" in page


def test_a_record_is_found_by_its_number(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend(7, "1"))
    page = page_text(browse("徐庄").get(f"{reverse('desk:entries')}?q={entry.pk}号"))
    assert "记-7" in page


def test_a_clerk_without_records_is_told_where_to_begin(browse: Browse) -> None:
    assert "还没有记录" in page_text(browse("北庄").get(reverse("desk:entries")))


def test_the_records_come_fifty_to_a_page_and_the_filter_stays(browse: Browse, world: World) -> None:
    for number in range(51):
        submitted(world, "徐庄", spend(number, "0.01"), files=0)
    client = browse("徐庄")
    first = page_text(client.get(f"{reverse('desk:entries')}?state=submitted"))
    assert first.count('data-label="填报单位"') == 50
    assert "?state=submitted&amp;page=2" in first
    second = page_text(client.get(f"{reverse('desk:entries')}?state=submitted&page=2"))
    assert second.count('data-label="填报单位"') == 1


# --- one entry --------------------------------------------------------------------------------------------------


def test_an_entrys_page_shows_its_versions_with_what_changed_and_what_was_said(
    browse: Browse, world: World
) -> None:
    entry = returned(world, submitted(world, "徐庄", spend(35, "12.5")), {"amount": "与发票不符"}, "请核对")
    row = _row(world, spend(35, "12"))
    actions.resubmit(by=world.users["徐庄"], on=ON, entry=entry, version=1, row=row)
    client, url = browse("审核"), reverse("desk:entry", args=[entry.pk])
    latest = page_text(client.get(url))
    assert re.search(r"<del>.*125,000\.00 元.*</del>.*<ins>.*120,000\.00 元", latest)
    assert "上一版的审核意见" in latest
    assert "待审占用" in latest
    first = page_text(client.get(f"{url}?version=1"))
    assert "已被后来的版本取代" in first
    assert "125,000.00 元（12.50 万元）" in first
    assert 'name="decision"' not in first
    assert client.get(f"{url}?version=3").status_code == 404


def _row(world: World, words: str) -> Any:
    from tests.funds.rows import make_row

    return make_row(world, words)


def test_an_approved_entry_shows_what_it_moved_and_in_which_quarter(browse: Browse, world: World) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    page = page_text(browse("徐庄").get(reverse("desk:entry", args=[entry.pk])))
    assert "资金变动" in page
    assert "2022年第2季度" in page
    assert "已支出的资金" in page
    assert reverse("desk:correct", args=[entry.pk]) in page


def test_a_reversed_entry_and_its_reversal_name_each_other(browse: Browse, world: World) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    reversal = actions.reverse(by=world.users["徐庄"], on=ON, entry=entry, reason="重复付款")
    approved(world, reversal)
    client = browse("徐庄")
    old = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert reverse("desk:entry", args=[reversal.pk]) in old
    assert "已通过，已冲销" in old
    assert reverse("desk:correct", args=[entry.pk]) not in old
    new = page_text(client.get(reverse("desk:entry", args=[reversal.pk])))
    assert reverse("desk:entry", args=[entry.pk]) in new
    assert "重复付款" in new
    assert "冲销 支出" in new
    assert "不能红冲" in page_text(client.get(reverse("desk:reverse", args=[reversal.pk])))


def test_the_history_tells_refused_attempts_too(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend(), files=0)
    browse("审核").post(reverse("desk:decide", args=[entry.pk]), {"version": 1, "decision": "approve"})
    assert Event.objects.filter(outcome="refused", target=f"ledger.entry:{entry.pk}").exists()
    page = page_text(browse("徐庄").get(reverse("desk:entry", args=[entry.pk])))
    assert "未办成" in page


def test_withdrawing_asks_first_and_states_the_version(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    client, url = browse("徐庄"), reverse("desk:withdraw", args=[entry.pk])
    assert 'name="version" value="1"' in page_text(client.get(url))
    client.post(url, {"version": 7})
    entry.refresh_from_db()
    assert entry.state == "submitted"
    client.post(url, {"version": 1})
    entry.refresh_from_db()
    assert entry.state == "withdrawn"
    assert reverse("desk:edit", args=[entry.pk]) in page_text(
        client.get(reverse("desk:entry", args=[entry.pk]))
    )


def test_files_can_be_added_while_the_entry_waits(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend(), files=0)
    client, url = browse("徐庄"), reverse("desk:attach", args=[entry.pk])
    client.post(url, {"version": 1, "files": [upload("发票.pdf"), upload("坏.exe", b"MZ")]})
    page = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert "发票.pdf" in page
    assert "“坏.exe”不是" in page
    client.post(url, {"version": 1})
    assert "请先选择要补充的文件" in page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    approved(world, entry)
    client.post(url, {"version": 1, "files": [upload("晚了.pdf")]})
    assert EntryEvidence.objects.filter(entry=entry).count() == 1


def test_the_voucher_states_the_amount_in_capitals_the_signers_and_the_hash_of_each_file(
    browse: Browse, world: World
) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    page = page_text(browse("徐庄").get(reverse("desk:voucher", args=[entry.pk])))
    assert "壹拾贰万伍仟元整" in page
    assert "¥125,000.00" in page
    assert "填表人：徐庄" in page
    assert "审核人：审核" in page
    assert entry.evidence.get().sha256 in page
    assert "2022年第2季度" in page


def test_the_voucher_of_an_undecided_entry_says_that_it_is_not_posted(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    assert "待审核，未入账" in page_text(browse("徐庄").get(reverse("desk:voucher", args=[entry.pk])))


def content_of(response: Any) -> bytes:
    """The bytes of a streamed answer; reading it to its end closes the file."""
    assert response.status_code == 200
    return b"".join(response.streaming_content)


# --- files ------------------------------------------------------------------------------------------------------


def test_a_file_is_shown_to_those_who_see_its_entry_and_to_nobody_else(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    url = reverse("desk:evidence", args=[entry.evidence.get().evidence_id])
    for who in ("徐庄", "徐庄二", "审核", "领导", "财政"):
        assert content_of(browse(who).get(url)) == PDF
    for who in ("店子", "北庄"):
        assert browse(who).get(url).status_code == 404


def test_a_file_comes_with_its_name_and_can_do_nothing_in_the_page(browse: Browse, world: World) -> None:
    picture = stored(world.users["徐庄"], '照片 "一".png', PNG)
    response = browse("徐庄").get(reverse("desk:evidence", args=[picture.pk]))
    assert content_of(response) == PNG
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline; filename*=UTF-8''%E7%85%A7%E7%89%87")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_an_office_file_is_downloaded_not_shown(browse: Browse, world: World) -> None:
    sheet = stored(world.users["徐庄"], "表.xlsx", b"PK\x03\x04" + b"\0" * 26 + b"xl/workbook.xml")
    response = browse("徐庄").get(reverse("desk:evidence", args=[sheet.pk]))
    assert response["Content-Disposition"].startswith("attachment")
    assert content_of(response).startswith(b"PK")


def test_a_file_gone_from_the_disk_is_not_found(browse: Browse, world: World) -> None:
    file = stored(world.users["徐庄"])
    evidence._absolute(file.path).unlink()
    assert browse("徐庄").get(reverse("desk:evidence", args=[file.pk])).status_code == 404


# --- the words of the templates ---------------------------------------------------------------------------------


def test_days_are_told_in_words() -> None:
    from datetime import date

    from desk.templatetags.desk import due_words, file_size

    due = date(2022, 7, 5)
    assert [due_words(due, day) for day in (date(2022, 7, 1), due, date(2022, 7, 17))] == [
        "还有 4 天",
        "今天到期",
        "已逾期 12 天",
    ]
    assert [file_size(size) for size in (10, 20_000, 3_500_000)] == ["1 KB", "19 KB", "3.3 MB"]
