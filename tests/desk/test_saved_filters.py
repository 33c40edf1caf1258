"""常用筛选: kept under a name for their owner alone, and nobody's number in them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ledger import saved
from ledger.models import SavedFilter
from tests.desk.cast import page_text
from tests.desk.conftest import Browse
from tests.directory.invented import number

URL = "/desk/filters/"


def keep(client: Client, name: str, query: str) -> str:
    answer = client.post(URL, {"name": name, "query": query}, follow=True)
    return page_text(answer)


def test_a_filter_is_kept_under_a_name_opened_renamed_and_deleted(browse: Browse) -> None:
    client = browse("徐庄")
    assert "保存这个筛选" not in page_text(client.get(reverse("desk:entries")))
    query = "state=submitted&register=fund_flow&c-event=spend"
    assert "保存这个筛选" in page_text(client.get(f"{reverse('desk:entries')}?{query}"))
    text = keep(client, " 待审 支出 ", f"{query}&page=7&evil=1&period=2099Q9")
    assert "已保存筛选“待审 支出”" in text
    kept = SavedFilter.objects.get()
    assert sorted(kept.query.split("&")) == sorted(query.split("&"))
    assert f'href="?{kept.query.replace("&", "&amp;")}" class="active"' in text
    assert "保存这个筛选" not in text
    client.post(f"{URL}{kept.pk}/", {"name": "支出"})
    assert ">支出</a>" in page_text(client.get(reverse("desk:entries")))
    client.post(f"{URL}{kept.pk}/", {"action": "delete"})
    assert not SavedFilter.objects.exists()
    assert "还没有保存筛选" in page_text(client.get(URL))


def test_nobody_else_sees_or_changes_it(browse: Browse) -> None:
    keep(browse("徐庄"), "我的", "state=returned")
    kept = SavedFilter.objects.get()
    other = browse("徐庄二")
    assert "我的" not in page_text(other.get(URL))
    for typed in ({"name": "改"}, {"action": "delete"}):
        assert other.post(f"{URL}{kept.pk}/", typed).status_code == 404
    assert other.get(f"{URL}{kept.pk}/").status_code == 404
    assert SavedFilter.objects.get().name == "我的"


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "state=returned", "起个名称"),
        ("长" * 31, "state=returned", "最多 30 个字"),
        (number(1), "state=returned", "不要写证件号码"),
        ("13812345678", "state=returned", "不要写证件号码"),
        ("空", "", "还没有筛选条件"),
        ("人", f"q={number(1)}", "还没有筛选条件"),
        ("人", "q=138 1234 5678", "还没有筛选条件"),
    ],
)
def test_what_must_not_be_kept_is_refused(browse: Browse, name: str, query: str, said: str) -> None:
    assert said in keep(browse("徐庄"), name, query)
    assert not SavedFilter.objects.exists()


def test_the_same_name_again_replaces_and_there_are_not_more_than_a_page(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("徐庄")
    monkeypatch.setattr(saved, "MOST", 2)
    for name, state in (("甲", "returned"), ("甲", "approved"), ("乙", "void")):
        keep(client, name, f"state={state}")
    assert [(one.name, one.query) for one in SavedFilter.objects.order_by("pk")] == [
        ("甲", "state=approved"),
        ("乙", "state=void"),
    ]
    assert "已经保存了 2 个" in keep(client, "丙", "state=returned")
    second = SavedFilter.objects.get(name="乙")
    text = page_text(client.post(f"{URL}{second.pk}/", {"name": "甲"}, follow=True))
    assert "您已有一个叫“甲”的筛选" in text
