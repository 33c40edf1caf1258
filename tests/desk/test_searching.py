"""The search box: what it finds of each kind, how far each user sees, and that nobody's number stands in an address."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Event
from directory.models import Alias, Person
from directory.people import SEARCHES_PER_MINUTE, PersonRow, register_person
from ledger import lists
from ledger.models import Clause, LineAlias
from ledger.registers import get_register
from tests.desk.cast import page_text, spend, stored, submitted
from tests.desk.conftest import Browse
from tests.directory.invented import number
from tests.ledger.world import World
from tests.many import made_of

ON = date(2022, 7, 1)


def found(client: Client, text: str, **more: str) -> dict[str, list[str]]:
    """Kind → titles, as the box finds them."""
    return parts(page_text(client.post(reverse("desk:search"), {"q": text, **more})))


def parts(text: str) -> dict[str, list[str]]:
    kinds = {}
    for code, section in re.findall(r'aria-labelledby="found-(\w+)"(.*?)</section>', text, re.S):
        rows = re.findall(r"<li><(?:a|strong)[^>]*>(.*?)</(?:a|strong)>", section)
        kinds[code] = [html.unescape(row) for row in rows]
    return kinds


def person(world: World, name: str, serial: int = 1, unit: str = "徐庄镇", **more: Any) -> Person:
    row = PersonRow(name=name, **({"id_number": number(serial)} | more))
    return register_person(by=None, on=ON, organization=world.units[unit], row=row)


def test_one_text_is_found_in_entries_projects_units_files_and_the_plan(browse: Browse, world: World) -> None:
    line = world.lines["2022-02"]
    LineAlias.objects.create(line=line, name="别庄电站")
    Alias.objects.create(kind="organization", text="别庄办", organization=world.units["店子镇"])
    Clause.objects.create(
        plan=line.plan,
        code="2-1",
        position=3,
        title="光伏",
        text=f"{'前文' * 30}建设别庄光伏电站，{'后文' * 30}",
    )
    stored(world.users["徐庄"], "别庄验收单.pdf")
    entry = submitted(world, "徐庄", "支出 2022-04 徐庄镇 1 凭证号=别庄-7 收款方=某公司")
    kinds = found(browse("审核"), "别庄")
    assert kinds["entries"][0] == f"{entry.pk} 号　{entry.summary}"
    assert kinds["lines"] == ["2022-02　冯卯镇别庄村光伏项目"]
    assert kinds["units"] == ["山亭店子镇"]
    assert kinds["files"] == ["别庄验收单.pdf"]
    assert kinds["clauses"] == ["2022 年方案　光伏"]
    assert list(found(browse("审核"), "别庄电站")) == ["lines"]
    text = page_text(browse("审核").post(reverse("desk:search"), {"q": "别庄"}))
    for url in (
        reverse("desk:entry", args=[entry.pk]), reverse("dashboard:line", args=["2022-02"]),
        f"{reverse('dashboard:plan', args=['2022'])}#clause-3", "?unit=370406101",
    ):  # fmt: skip
        assert f'{url}"' in text
    assert "找到 6 条" in text  # 安排 of the line, too
    assert "…" in text


@pytest.mark.parametrize("text", ["{pk}", "{pk}号", "记-35", "HT(2022)9号", "某建筑"])
def test_an_entry_is_found_by_its_number_and_by_those_of_its_papers(
    browse: Browse, world: World, text: str
) -> None:
    entry = submitted(
        world, "徐庄", "支出 2022-04 徐庄镇 1 凭证号=记-35 合同=HT〔2022〕9号 收款方=某建筑公司"
    )
    kinds = found(browse("徐庄"), text.format(pk=entry.pk))
    assert (entry.summary in str(kinds.get("entries"))) == (text != "某建筑")  # whom was paid is no summary


def test_everybody_finds_what_they_may_see_and_no_more(browse: Browse, world: World) -> None:
    submitted(world, "徐庄", spend("独一无二"))
    stored(world.users["徐庄"], "独一无二.pdf")
    for who, kinds in (("徐庄", {"entries", "files"}), ("审核", {"entries", "files"}), ("店子", set())):
        assert set(found(browse(who), "独一无二")) == kinds
    assert found(browse("徐庄"), "美丽乡村")["lines"] == ["2022-04　美丽乡村提升工程"]
    assert "lines" not in found(browse("店子"), "美丽乡村")
    assert "没有找到" in page_text(browse("店子").post(reverse("desk:search"), {"q": "独一无二"}))


def test_a_person_is_found_by_number_or_name_masked_and_only_where_they_may_be_seen(
    browse: Browse, world: World
) -> None:
    person(world, "张小三")
    for text in (number(1), f" {number(1)[:6]} {number(1)[6:]}", "小三"):
        assert found(browse("徐庄"), text) == {"people": ["张*三"]}
        assert found(browse("店子"), text).get("people", []) == []
    world.users["店子"].role = "partner"
    world.users["店子"].save()
    assert "people" not in found(browse("店子"), number(1))
    mistyped = number(1)[:17] + ("1" if number(1)[17] == "0" else "0")
    assert "末位应为" in page_text(browse("徐庄").post(reverse("desk:search"), {"q": mistyped}))
    assert "不能按电话查人" in page_text(browse("徐庄").post(reverse("desk:search"), {"q": "13812345678"}))


def test_a_search_for_a_person_is_kept_without_the_number_and_limited(browse: Browse, world: World) -> None:
    person(world, "张小三")
    client = browse("徐庄")
    text = page_text(client.post(reverse("desk:search"), {"q": number(1)}))
    assert number(1) not in text
    found(client, "小三")
    kept = Event.objects.filter(verb="person.searched").order_by("pk")
    assert [event.details for event in kept] == [{"by": "id_number", "found": 1}, {"by": "name", "found": 1}]
    assert number(1) not in str(list(Event.objects.values()))
    found(client, "记-35")
    assert kept.count() == 2  # nobody is called so
    for serial in range(SEARCHES_PER_MINUTE):
        text = page_text(client.post(reverse("desk:search"), {"q": number(serial + 10)}))
    assert "最多查找20次" in text
    assert "people" in found(browse("审核"), "小三")


def test_nobodys_number_stands_in_an_address(browse: Browse, world: World) -> None:
    person(world, "张小三")
    client = browse("徐庄")
    for text in (number(1), f"{number(1)[:17]}0", "13812345678", "138 1234 5678"):
        answer = client.get(reverse("desk:search"), {"q": text})
        assert answer.status_code == 302
        assert answer["Location"] == reverse("desk:search")
    assert not Event.objects.filter(verb="person.searched").exists()
    assert "people" not in parts(page_text(client.get(reverse("desk:search"), {"q": "小三"})))
    shell = page_text(client.get(reverse("desk:home")))
    assert re.search(r'<form method="post" action="/desk/search/"[^>]*class="site-search', shell)


def test_a_childs_name_finds_nobody(browse: Browse, world: World) -> None:
    child = person(world, "李小四", id_number="990000201403150012")
    assert found(browse("审核"), "李小四").get("people", []) == []
    assert found(browse("审核"), "990000201403150012")["people"] == [f"儿童{child.pk}（6至13岁）"]


def test_the_first_few_are_shown_and_how_many_more_there_are(browse: Browse, world: World) -> None:
    made_of(world, get_register("tree"), 30)
    for n in range(12):
        stored(world.users["徐庄"], f"一条{n}.pdf")
    client = browse("徐庄")
    text = page_text(client.post(reverse("desk:search"), {"q": "一条"}))
    assert len(parts(text)["entries"]) == len(parts(text)["files"]) == 8
    assert "还有 22 条" in text
    assert "还有 4 条" in text
    more = re.search(r'<a href="([^"]+)">还有 22 条', text)
    assert more is not None
    assert "共 30 条" in page_text(client.get(html.unescape(more[1])))
    assert len(found(client, "一条", only="files")["files"]) == 12


def test_an_empty_box_says_what_can_be_found(browse: Browse, world: World) -> None:
    text = page_text(browse("徐庄").get(reverse("desk:search")))
    assert "凭证号" in text
    assert "身份证号" in text
    assert "可以这样再试" in page_text(browse("徐庄").post(reverse("desk:search"), {"q": "无此物"}))


def test_administrators_have_no_box_and_nothing_to_find(browse: Browse, world: World) -> None:
    world.users["店子"].role = "system_admin"
    world.users["店子"].save()
    client = browse("店子")
    assert client.get(reverse("desk:search")).status_code == 403
    assert "site-search" not in page_text(client.get(reverse("users")))


def test_a_search_asks_as_often_for_five_thousand_rows_as_for_fifty(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            found(client, text)
        return len(queries)

    with time_machine.travel(datetime(2022, 7, 1, 3, 0, tzinfo=UTC), tick=False):
        client = browse("徐庄")
        made_of(world, get_register("tree"), 50)
        stored(world.users["徐庄"], "一条.pdf")
        assert found(client, "一条")["entries"]
        few = asked("一条"), asked("记-1")
        made_of(world, get_register("tree"), 4_950)
        assert (asked("一条"), asked("记-1")) == few
    assert max(few) <= 40, few
    monkeypatch.setattr(lists, "LOOKED_THROUGH", 1_000)
    page = client.post(reverse("desk:search"), {"q": "一条"})
    assert "按文字找了最近的 1,000 条记录" in page_text(page)
    assert (
        f'<a href="{reverse("desk:entries")}?q=%E4%B8%80%E6%9D%A1">填报记录里继续往前找</a>'
        in page.content.decode()
    )
