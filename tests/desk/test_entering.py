"""The entry form: filing, staying for the next one, refusals beside their fields, and nothing typed ever lost."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ledger import actions, drafts
from ledger.models import Draft, EntryEvidence, Evidence
from tests.desk.cast import (
    ON,
    PNG,
    approved,
    count_entries,
    page_text,
    returned,
    spend,
    stored,
    submitted,
    the_entry,
    upload,
)
from tests.desk.conftest import Browse
from tests.ledger.world import World

NEW = "/desk/new/fund_flow/"


def address(token: uuid.UUID | None = None) -> str:
    return f"{NEW}?token={token or uuid.uuid4()}"


def test_the_form_is_given_a_token_in_its_address(browse: Browse) -> None:
    response = browse("徐庄").get(NEW, {"event": "claim"})
    assert response.status_code == 302
    assert re.fullmatch(rf"{NEW}\?event=claim&token=[0-9a-f-]{{36}}", response["Location"])


def test_the_form_has_labels_a_draft_address_and_only_the_clerks_events(browse: Browse) -> None:
    page = page_text(browse("徐庄").get(address()))
    assert '<label class="form-label" for="id_voucher_no">凭证号' in page
    assert f'data-draft-url="{reverse("desk:draft")}"' in page
    assert "支出" in page
    assert "下达</option>" not in page


def test_a_clerk_files_a_payment_with_full_width_digits_in_wan(
    browse: Browse, typed: dict[str, Any], world: World
) -> None:
    token = uuid.uuid4()
    response = browse("徐庄").post(address(token), {**typed, "files": [upload("发票.pdf")]})
    entry = the_entry(token=token)
    assert response["Location"] == reverse("desk:entry", args=[entry.pk])
    assert (entry.amount, entry.state, entry.filed_by) == (12_500_000, "submitted", world.users["徐庄"])
    assert [hung.evidence.name for hung in entry.evidence.all()] == ["发票.pdf"]


def test_the_same_form_sent_twice_makes_one_entry(browse: Browse, typed: dict[str, Any]) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    first = client.post(address(token), typed)
    again = client.post(address(token), {**typed, "voucher_no": "记-36"})
    assert count_entries(token=token) == 1
    assert first["Location"] == again["Location"]
    assert "没有重复提交" in page_text(client.get(again["Location"]))


def test_coming_back_to_a_form_already_filed_leads_to_its_entry(
    browse: Browse, typed: dict[str, Any]
) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    filed = client.post(address(token), typed)
    assert client.get(address(token))["Location"] == filed["Location"]


def test_staying_for_the_next_one_keeps_what_was_chosen_and_shows_what_was_filed(
    browse: Browse, typed: dict[str, Any]
) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    response = client.post(address(token), {**typed, "action": "next"})
    entry = the_entry(token=token)
    page = page_text(client.get(response["Location"]))
    assert f"{entry.pk} 号" in page
    assert "撤回这一笔" in page
    assert re.search(rf'<option value="{typed["line"]}" selected>', page)
    assert re.search(r'<option value="万元" selected>', page)
    assert '记-35"' not in page
    assert str(token) not in response["Location"]


def test_taking_back_what_was_just_filed_returns_to_the_form(browse: Browse, typed: dict[str, Any]) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    form = client.post(address(token), {**typed, "action": "next"})["Location"]
    entry = the_entry(token=token)
    response = client.post(reverse("desk:withdraw", args=[entry.pk]), {"version": 1, "next": form})
    assert response["Location"] == form
    entry.refresh_from_db()
    assert entry.state == "withdrawn"
    elsewhere = client.post(
        reverse("desk:withdraw", args=[entry.pk]), {"version": 1, "next": "https://example.org/"}
    )
    assert elsewhere["Location"] == reverse("desk:entry", args=[entry.pk])


def test_all_errors_come_at_once_each_beside_its_field_and_nothing_typed_is_lost(
    browse: Browse, typed: dict[str, Any]
) -> None:
    bad = {**typed, "amount": "十二万", "occurred_on": "2022-13-01", "payee": "", "voucher_no": "记-特别-35"}
    page = page_text(browse("徐庄").post(address(), bad))
    assert "有 3 处需要修改" in page
    for name in ("amount", "occurred_on", "payee"):
        assert f'<a href="#id_{name}">' in page
        assert re.search(rf'<input (?=[^>]*id="id_{name}")[^>]*aria-invalid="true"', page)
        assert f'id="id_{name}_error"' in page
        assert re.search(rf'aria-describedby="[^"]*id_{name}_error', page)
    assert 'value="十二万"' in page
    assert 'value="记-特别-35"' in page


def test_a_refusal_of_the_ledger_names_the_amounts_on_the_form(browse: Browse, typed: dict[str, Any]) -> None:
    page = page_text(browse("徐庄").post(address(), {**typed, "amount": "30.000001"}))
    assert "可用 300,000.00 元" in page
    assert "超出 0.01 元" in page
    assert '<a href="#id_amount">金额</a>' in page
    assert 'value="30.000001"' in page
    assert count_entries(filed_by__full_name="徐庄") == 0


def test_another_undecided_entry_about_the_same_voucher_is_named(
    browse: Browse, world: World, typed: dict[str, Any]
) -> None:
    first = submitted(world, "徐庄二", spend(35))
    page = page_text(browse("徐庄").post(address(), typed))
    assert f"{first.pk} 号" in page
    assert "正在审核" in page


def test_files_are_kept_although_the_form_has_errors(
    browse: Browse, typed: dict[str, Any], world: World
) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    page = page_text(
        client.post(
            address(token), {**typed, "amount": "", "files": [upload("一.pdf"), upload("二.png", PNG)]}
        )
    )
    kept = re.findall(r'name="evidence" value="(\d+)"', page)
    assert len(kept) == 2
    assert "一.pdf" in page
    assert "二.png" in page
    client.post(address(token), {**typed, "evidence": kept})
    assert EntryEvidence.objects.filter(entry=the_entry(token=token)).count() == 2


def test_a_refused_file_is_named_and_the_others_stay(browse: Browse, typed: dict[str, Any]) -> None:
    files = [upload("病毒.exe", b"MZ\x90"), upload("空.pdf", b""), upload("好.pdf")]
    page = page_text(browse("徐庄").post(address(), {**typed, "files": files}))
    assert "“病毒.exe”不是 PDF" in page
    assert "“空.pdf”是空文件" in page
    assert re.findall(r'name="evidence" value="(\d+)"', page)
    assert count_entries(filed_by__full_name="徐庄") == 0


def test_a_file_can_be_removed_without_scripts(browse: Browse, typed: dict[str, Any], world: World) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    one, two = stored(world.users["徐庄"], "一.pdf"), stored(world.users["徐庄"], "二.pdf")
    response = client.post(address(token), {**typed, "evidence": [one.pk, two.pk], "remove": one.pk})
    page = page_text(client.get(response["Location"]))
    assert "二.pdf" in page
    assert "一.pdf" not in page
    assert 'value="记-35"' in page


def test_files_of_another_unit_cannot_be_hung_by_their_number(
    browse: Browse, typed: dict[str, Any], world: World
) -> None:
    foreign, token = stored(world.users["店子"]), uuid.uuid4()
    browse("徐庄").post(address(token), {**typed, "evidence": [foreign.pk, 999_999, "x"]})
    assert not EntryEvidence.objects.filter(entry=the_entry(token=token)).exists()


def test_a_file_chosen_is_stored_at_once_and_comes_back_as_a_line_of_the_list(browse: Browse) -> None:
    response = browse("徐庄").post(
        reverse("desk:upload"), {"files": [upload("发票.pdf"), upload("x.txt", b"x")]}
    )
    page = page_text(response)
    assert "<html" not in page
    assert "发票.pdf" in page
    assert "“x.txt”不是" in page
    assert Evidence.objects.unscoped("测试").get(name="发票.pdf").organization.short_name == "徐庄镇"


def test_no_more_than_twenty_files_hang_on_one_entry(browse: Browse, typed: dict[str, Any]) -> None:
    page = page_text(
        browse("徐庄").post(address(), {**typed, "files": [upload(f"{n}.pdf") for n in range(21)]})
    )
    assert "一条记录最多 20 份凭据，“20.pdf”没有保存" in page


def test_a_missing_voucher_is_said_at_once(browse: Browse, typed: dict[str, Any]) -> None:
    client = browse("徐庄")
    response = client.post(address(), typed)
    assert "还没有支付凭证或发票" in page_text(client.get(response["Location"]))


@pytest.mark.parametrize("name", ["领导", "徐庄"])
def test_a_register_that_one_may_not_file_or_that_does_not_exist_is_not_found(
    browse: Browse, name: str
) -> None:
    code = "fund_flow" if name == "领导" else "no_such"
    assert browse(name).get(f"/desk/new/{code}/").status_code == 404


# --- drafts -----------------------------------------------------------------------------------------------------


def test_what_is_typed_is_saved_by_itself_and_comes_back_as_typed(
    browse: Browse, typed: dict[str, Any], world: World
) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    file = stored(world.users["徐庄"], "发票.pdf")
    half = {**typed, "amount": "12.5 不确定", "payee": "", "evidence": [file.pk]}
    answer = client.post(reverse("desk:draft"), {**half, "token": token, "register": "fund_flow"})
    assert answer.json() == {"saved": "10:00"}
    page = page_text(client.get(address(token)))
    assert 'value="12.5 不确定"' in page
    assert "发票.pdf" in page
    assert "error-summary" not in page
    draft = Draft.objects.get(token=token)
    # only what was chosen from lists: the title is not encrypted
    assert draft.title == "支出 · 美丽乡村提升工程 · 徐庄镇"
    assert "不确定" not in draft.body.token()


def test_the_draft_button_saves_and_the_task_list_offers_to_go_on(
    browse: Browse, typed: dict[str, Any]
) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    response = client.post(address(token), {**typed, "amount": "", "action": "draft"})
    assert response["Location"] == reverse("desk:home")
    page = page_text(client.get(response["Location"]))
    assert f"{NEW}?token={token}" in page
    client.post(address(token), typed)
    assert not Draft.objects.exists()


def test_a_refused_form_is_kept_as_a_draft(browse: Browse, typed: dict[str, Any]) -> None:
    token = uuid.uuid4()
    browse("徐庄").post(address(token), {**typed, "payee": ""})
    assert drafts.typed_in(Draft.objects.get(token=token))["voucher_no"] == ["记-35"]


def test_a_late_autosave_does_not_bring_a_filed_form_back_as_a_draft(
    browse: Browse, typed: dict[str, Any]
) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    client.post(address(token), typed)
    late = client.post(reverse("desk:draft"), {**typed, "token": token, "register": "fund_flow"})
    assert late.status_code == 409
    assert not Draft.objects.exists()


def test_an_autosave_after_the_session_expired_is_told_so(
    client: Client, typed: dict[str, Any], world: World
) -> None:
    answer = client.post(reverse("desk:draft"), {**typed, "token": uuid.uuid4(), "register": "fund_flow"})
    assert answer.status_code == 401
    assert not Draft.objects.exists()


def test_another_persons_draft_is_neither_shown_nor_overwritten_nor_deleted(
    browse: Browse, typed: dict[str, Any]
) -> None:
    token = uuid.uuid4()
    mine = {**typed, "token": token, "register": "fund_flow"}
    browse("徐庄").post(reverse("desk:draft"), mine)
    other = browse("店子")
    assert other.post(reverse("desk:draft"), mine).status_code == 422
    assert 'value="记-35"' not in page_text(other.get(address(token)))
    assert other.post(reverse("desk:discard", args=[token])).status_code == 404
    assert Draft.objects.count() == 1


def test_a_draft_is_deleted_after_asking(browse: Browse, typed: dict[str, Any]) -> None:
    client, token = browse("徐庄"), uuid.uuid4()
    client.post(reverse("desk:draft"), {**typed, "token": token, "register": "fund_flow"})
    assert "删除这份草稿？" in page_text(client.get(reverse("desk:discard", args=[token])))
    client.post(reverse("desk:discard", args=[token]))
    assert not Draft.objects.exists()


@pytest.mark.parametrize("wrong", [{"token": "x"}, {"register": "no_such"}])
def test_a_draft_of_nothing_is_refused(browse: Browse, typed: dict[str, Any], wrong: dict[str, str]) -> None:
    data = {**typed, "token": str(uuid.uuid4()), "register": "fund_flow", **wrong}
    assert browse("徐庄").post(reverse("desk:draft"), data).status_code == 422


# --- expired sessions -------------------------------------------------------------------------------------------


def test_sending_without_a_session_asks_to_log_in_and_leads_back_to_the_form(
    client: Client, typed: dict[str, Any], world: World
) -> None:
    token = uuid.uuid4()
    plain = client.post(address(token), typed)
    assert plain.status_code == 302
    assert "next=" in plain["Location"]
    assert str(token) in plain["Location"]
    # htmx must load the log-in page as a page, not put it into the form's place
    with_htmx = client.post(address(token), typed, headers={"HX-Request": "true"})
    assert str(token) in with_htmx["HX-Redirect"]
    assert "X-Desk-Arrived" not in with_htmx.headers
    assert count_entries(token=token) == 0


def test_the_browser_is_told_under_which_token_the_form_arrived(
    browse: Browse, typed: dict[str, Any]
) -> None:
    token = uuid.uuid4()
    response = browse("徐庄").post(address(token), typed, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response["X-Desk-Arrived"] == str(token)
    assert response["HX-Redirect"] == reverse("desk:entry", args=[the_entry(token=token).pk])


def test_a_form_from_a_page_that_expired_is_refused_in_chinese(typed: dict[str, Any], world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.users["徐庄"], backend="django.contrib.auth.backends.ModelBackend")
    response = strict.post(address(), typed)
    assert response.status_code == 403
    assert "页面" in response.content.decode()


# --- correcting what was returned or approved -------------------------------------------------------------------


def test_a_returned_entry_opens_with_its_values_files_and_the_remarks_beside_the_fields(
    browse: Browse, world: World
) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()), {"voucher_no": "与附件不符"}, "请核对凭证")
    client = browse("徐庄")
    response = client.get(reverse("desk:edit", args=[entry.pk]))
    page = page_text(client.get(response["Location"]))
    assert "请核对凭证" in page
    assert re.search(r"凭证号.{0,300}与附件不符", page, re.DOTALL)
    assert 'value="记-35"' in page
    assert 'value="125,000.00"' in page
    assert "凭证1.pdf" in page


def test_a_colleague_corrects_and_submits_the_next_version(
    browse: Browse, world: World, typed: dict[str, Any]
) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()), {"voucher_no": "与附件不符"})
    kept = entry.evidence.get().evidence_id
    url = f"{reverse('desk:edit', args=[entry.pk])}?token={uuid.uuid4()}"
    client = browse("徐庄二")
    changed = {**typed, "voucher_no": "记-36", "version": 1, "evidence": [kept]}
    response = client.post(url, changed)
    assert response["Location"] == reverse("desk:entry", args=[entry.pk])
    entry.refresh_from_db()
    assert (entry.state, entry.version, entry.submitted_by) == ("submitted", 2, world.users["徐庄二"])
    assert entry.evidence.filter(version=2).get().evidence_id == kept
    # sent again after a broken connection
    again = client.post(url, changed)
    assert again["Location"] == response["Location"]
    entry.refresh_from_db()
    assert entry.version == 2


def test_the_half_corrected_entry_waits_as_a_draft(
    browse: Browse, world: World, typed: dict[str, Any]
) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    client, token = browse("徐庄"), uuid.uuid4()
    half = {
        **typed,
        "payee": "另一公司",
        "token": token,
        "register": "fund_flow",
        "entry": entry.pk,
        "version": 1,
    }
    assert client.post(reverse("desk:draft"), half).status_code == 200
    response = client.get(reverse("desk:edit", args=[entry.pk]))
    assert str(token) in response["Location"]
    assert 'value="另一公司"' in page_text(client.get(response["Location"]))
    assert f"{reverse('desk:edit', args=[entry.pk])}?token={token}" in page_text(client.get("/desk/"))


def test_an_entry_resubmitted_meanwhile_is_not_overwritten(
    browse: Browse, world: World, typed: dict[str, Any]
) -> None:
    entry = returned(world, submitted(world, "徐庄", spend()))
    url = f"{reverse('desk:edit', args=[entry.pk])}?token={uuid.uuid4()}"
    browse("徐庄二").post(url, {**typed, "version": 1})
    page = page_text(browse("徐庄").post(url, {**typed, "purpose": "补写", "version": 1}))
    assert "已变为“待审核”（第 2 版）" in page
    assert 'value="补写"' in page


def test_an_entry_under_review_cannot_be_edited(browse: Browse, world: World) -> None:
    entry = submitted(world, "徐庄", spend())
    client = browse("徐庄")
    assert client.get(reverse("desk:edit", args=[entry.pk]))["Location"] == reverse(
        "desk:entry", args=[entry.pk]
    )
    assert "现在不能修改" in page_text(client.get(reverse("desk:entry", args=[entry.pk])))


def test_a_correction_asks_for_its_reason_and_takes_the_whole_row(
    browse: Browse, world: World, typed: dict[str, Any]
) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    client, token = browse("徐庄"), uuid.uuid4()
    url = f"{reverse('desk:correct', args=[entry.pk])}?token={token}"
    assert 'value="125,000.00"' in page_text(client.get(url))
    refused = page_text(client.post(url, {**typed, "amount": "12", "payee": ""}))
    assert "请写明更正理由" in refused
    assert '<a href="#id_payee">' in refused
    client.post(url, {**typed, "amount": "12", "correction_reason": "发票是 12 万元"})
    made = the_entry(token=token)
    assert (made.kind, made.corrects, made.amount, made.reason) == (
        "correction",
        entry,
        12_000_000,
        "发票是 12 万元",
    )
    page = page_text(client.get(reverse("desk:entry", args=[made.pk])))
    assert "<del>" in page
    assert "125,000.00 元（12.50 万元）" in page
    # while it waits, no second one
    assert client.get(reverse("desk:correct", args=[entry.pk])).status_code == 302
    assert f'已有一条待审的更正：<a href="{reverse("desk:entry", args=[made.pk])}"' in page_text(
        client.get(reverse("desk:entry", args=[entry.pk]))
    )


def test_a_reversal_asks_for_its_reason_and_is_filed_once(browse: Browse, world: World) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    client, url = browse("徐庄"), reverse("desk:reverse", args=[entry.pk])
    page = page_text(client.get(url))
    assert "125,000.00 元" in page
    token = uuid.uuid4()
    refused = page_text(client.post(url, {"reason": " ", "token": token}))
    assert "请写明理由" in refused
    assert str(token) in refused
    for _ in range(2):
        client.post(url, {"reason": "重复付款，已退回", "token": token})
    made = the_entry(token=token)
    assert (made.kind, made.corrects) == ("reversal", entry)


def test_a_returned_reversal_is_not_edited_but_filed_anew(
    browse: Browse, world: World, typed: dict[str, Any]
) -> None:
    entry = approved(world, submitted(world, "徐庄", spend()))
    reversal = actions.reverse(by=world.users["徐庄"], on=ON, entry=entry, reason="重复付款")
    returned(world, reversal)
    client = browse("徐庄")
    assert client.get(reverse("desk:edit", args=[reversal.pk])).status_code == 302
    url = f"{reverse('desk:edit', args=[reversal.pk])}?token={uuid.uuid4()}"
    assert "请在原记录上重新办理" in page_text(client.post(url, {**typed, "version": 1}))
    assert "请在原记录上重新办理" in page_text(client.get(reverse("desk:entry", args=[reversal.pk])))


def test_a_bad_file_name_does_no_harm(browse: Browse, typed: dict[str, Any]) -> None:
    name = '../../"><b>\u202egnp.pdf'
    page = page_text(
        browse("徐庄").post(
            address(), {**typed, "payee": "", "files": [SimpleUploadedFile(name, b"%PDF-1.4")]}
        )
    )
    assert "<b>" not in page
