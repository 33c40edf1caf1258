"""A register of which nothing exists but a model and a declaration (tests/made_up TREE), from form to approval."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from ledger import actions
from tests.desk.cast import page_text, the_entry
from tests.desk.conftest import Browse
from tests.ledger.world import World
from tests.made_up.registers import TREE

TOKEN = "7f0c9a52-97a7-4a06-9b23-0f4b8f7bd9{:02}"
TYPED: dict[str, Any] = {
    "number": "Ｔ-1",
    "planted_on": "2022年3月12日",
    "sort": "oak",
    "height": "120",
    "cost": "35.5",
    "village": "徐庄镇",
    "planter": "370406106",
    "is_alive": "是",
}


def send(client: Any, url: str, serial: int, **typed: Any) -> Any:
    token = TOKEN.format(serial)
    return client.post(f"{url}?token={token}", {"token": token, "action": "submit", **typed})


def test_columns_alone_give_form_list_detail_return_and_approval(world: World, browse: Browse) -> None:
    clerk, reviewer = browse("徐庄"), browse("审核")
    blank = page_text(clerk.get("/desk/new/tree/", follow=True))
    for column in TREE.columns:
        assert column.label in blank
    refused = page_text(send(clerk, "/desk/new/tree/", 1, **{**TYPED, "sort": "", "height": "很高"}))
    assert "请选择树种" in refused
    assert "请填整数" in refused
    assert send(clerk, "/desk/new/tree/", 1, **TYPED).status_code == 302
    entry = the_entry(register="tree")
    row = actions.detail_of(entry)
    assert (row.number, row.planted_on, row.cost, row.is_alive) == ("T-1", date(2022, 3, 12), 3550, True)
    records = page_text(clerk.get("/desk/entries/?register=tree"))
    assert "栽树 T-1" in records
    assert re.search(r'data-label="金额、数量"[^>]*>1 个<', records)
    voucher = page_text(clerk.get(f"/desk/entries/{entry.pk}/voucher/"))
    assert "数量</th>" in voucher
    assert "金额大写" not in voucher
    assert "栽树 T-1" not in page_text(clerk.get("/desk/entries/?register=fund_flow"))
    page = page_text(reviewer.get(f"/desk/entries/{entry.pk}/"))
    for text in ("橡树", "120 厘米", "35.50 元", "徐庄镇", "成活"):
        assert text in page
    decide = f"/desk/entries/{entry.pk}/decide/"
    reviewer.post(decide, {"version": 1, "decision": "return", "reason": "", "remark-height": "量过了吗"})
    again = page_text(clerk.get(f"/desk/entries/{entry.pk}/edit/", follow=True))
    assert "量过了吗" in again
    assert 'value="T-1"' in again
    corrected = {**TYPED, "height": "125", "version": 1}
    assert send(clerk, f"/desk/entries/{entry.pk}/edit/", 2, **corrected).status_code == 302
    reviewer.post(decide, {"version": 2, "decision": "approve"})
    entry.refresh_from_db()
    assert entry.state == entry.State.APPROVED
    assert TREE.values(actions.detail_of(entry))["height"] == "125 厘米"
    # the same number again is the same tree
    assert "已通过" in page_text(send(clerk, "/desk/new/tree/", 3, **TYPED))
    assert "橡树" in page_text(reviewer.get(f"/admin/made_up/tree/{row.pk}/change/"))


def test_what_lives_on_has_a_next_step_with_a_draft_of_its_own(world: World, browse: Browse) -> None:
    clerk, reviewer = browse("徐庄"), browse("审核")
    send(clerk, "/desk/new/tree/", 1, **TYPED)
    first = the_entry(register="tree")
    page, step = f"/desk/entries/{first.pk}/", f"/desk/entries/{first.pk}/step/"
    assert "登记长势" not in page_text(clerk.get(page))  # nothing to go on from yet
    assert clerk.get(step).status_code == 302
    reviewer.post(f"{page}decide/", {"version": 1, "decision": "approve"})
    assert "登记长势" in page_text(clerk.get(page))
    form = page_text(clerk.get(step, follow=True))
    assert "登记长势：" in form
    assert 'value="120"' in form
    clerk.post(f"{step}?token={TOKEN.format(2)}", {**TYPED, "height": "130", "version": 1, "action": "draft"})
    home = page_text(clerk.get("/desk/"))
    assert f"进展 {first.pk} 号" in home
    assert f"{step}?token={TOKEN.format(2)}" in home
    assert 'value="130"' in page_text(clerk.get(step, follow=True))
    assert 'value="120"' in page_text(clerk.get(f"{page}correct/", follow=True))  # not the step's draft
    assert send(clerk, step, 2, **{**TYPED, "height": "130", "version": 1}).status_code == 302
    made = the_entry(kind="step")
    assert (made.follows, made.corrects, made.reason) == (first, None, "")
    assert f'已有一条待审的进展：<a href="/desk/entries/{made.pk}/">' in page_text(clerk.get(page))
    shown = page_text(reviewer.get(f"/desk/entries/{made.pk}/"))
    assert "<del>" in shown
    assert "130 厘米" in shown
    reviewer.post(f"/desk/entries/{made.pk}/decide/", {"version": 1, "decision": "approve"})
    assert "已通过，已有后续" in page_text(clerk.get(page))
    assert "登记长势" in page_text(clerk.get(f"/desk/entries/{made.pk}/"))
    assert clerk.get(step).status_code == 302  # it goes on from the last one only
