"""Putting people right: what is known of them, and since when they are of which 户类型 and 监测类别."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from audit.models import Event
from directory import facts, people
from directory.models import Division, Person, PersonFact, PersonVersion
from directory.people import PersonRow
from tests.directory.invented import number, row
from tests.directory.test_people_pages import NUMBER, PHONE, Browse, browse, page, secrets_in, world, zhang
from tests.ledger.world import World

__all__ = ["browse", "world", "zhang"]
pytestmark = pytest.mark.django_db

TODAY = date(2022, 7, 5)


@pytest.fixture(autouse=True)
def today() -> Any:
    with time_machine.travel(datetime(2022, 7, 5, 2, 0, tzinfo=UTC)):
        yield


def change_page(person: Person) -> str:
    return reverse("person_change", args=[person.pk])


def new_fact(person: Person) -> str:
    return reverse("person_fact_new", args=[person.pk])


def withdraw_page(fact: PersonFact) -> str:
    return reverse("person_fact_withdraw", args=[fact.person_id, fact.pk])


def monitored(**more: str) -> dict[str, str]:
    return {"value": "marginal", "valid_from": "2022-03-01", "source": "2022年3月动态监测", **more}


# --- what is known of a person ------------------------------------------------------------------------------------


def test_the_form_shows_what_is_stored_masked_and_puts_nothing_of_it_into_a_field(
    browse: Browse, zhang: Person
) -> None:
    client = browse("徐庄")
    assert change_page(zhang) in client.get(page(zhang)).content.decode()
    answer = client.get(change_page(zhang))
    text = answer.content.decode()
    assert secrets_in(text) == []
    for shown in ("现为 张*三", "现为 990000********0027", "138****1234", "空着的保持不变"):
        assert shown in text
    assert not re.search(r'name="(name|id_number|phones|division)" value=', text)
    assert "出生年月" not in text  # it follows from the number
    assert "no-store" in answer.headers["Cache-Control"]


def test_what_is_typed_changes_and_an_empty_field_keeps_what_is_stored(browse: Browse, zhang: Person) -> None:
    client = browse("徐庄")
    typed = {"seen": 1, "name": "张晓三", "phones": "13900005678", "division": "徐庄镇"}
    answer = client.post(change_page(zhang), typed, follow=True)
    assert "已更正，现为第 2 版" in answer.content.decode()
    zhang.refresh_from_db()
    assert (zhang.name, zhang.phones.open(), zhang.version) == ("张晓三", "13900005678", 2)
    assert (zhang.id_number.open(), zhang.disability.open()) == (NUMBER, "43")
    assert zhang.division == Division.objects.get(code="370406106")
    assert PersonVersion.objects.filter(person=zhang).count() == 2
    event = Event.objects.get(verb="person.changed")
    assert event.details == {"fields": ["name", "phones", "division"], "version": 2}
    assert secrets_in(event.summary) == []


def test_phones_are_taken_away_only_when_asked(browse: Browse, zhang: Person) -> None:
    client = browse("徐庄")
    both = {"seen": 1, "phones": "13900005678", "no_phones": "on"}
    assert "请取消其中一项" in client.post(change_page(zhang), both).content.decode()
    client.post(change_page(zhang), {"seen": 1, "no_phones": "on"})
    zhang.refresh_from_db()
    assert zhang.phones.open() == ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "请至少填写一项"),
        ({"name": "张3"}, "姓名里有数字"),
        ({"id_number": "990000197906120028"}, "末位应为7"),
        ({"phones": "1380000"}, "区号"),
        ({"division": "没有这个村"}, "没有这个村"),
        ({"id_number": number(7)}, "已有这样一位人员"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    world: World, browse: Browse, zhang: Person, typed: dict[str, str], said: str
) -> None:
    people.register_person(by=None, on=TODAY, organization=world.units["店子镇"], row=row(7))
    answer = browse("徐庄").post(change_page(zhang), {"seen": 1, **typed})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    for value in typed.values():
        assert f'value="{value}"' in text
    zhang.refresh_from_db()
    assert zhang.version == 1


def test_what_a_colleague_changed_meanwhile_is_not_lost(browse: Browse, zhang: Person) -> None:
    browse("审核").post(change_page(zhang), {"seen": 1, "phones": "13900005678"})
    client = browse("徐庄")
    answer = client.post(change_page(zhang), {"seen": 1, "name": "张晓三"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "刚更新为第 2 版，这次没有保存" in text
    assert "现为 139****5678" in text  # to be looked at before it is sent again
    assert 'name="seen" value="2"' in text
    assert 'value="张晓三"' in text
    client.post(change_page(zhang), {"seen": 2, "name": "张晓三"})
    zhang.refresh_from_db()
    assert (zhang.name, zhang.phones.open(), zhang.version) == ("张晓三", "13900005678", 3)


def test_the_same_again_changes_nothing(browse: Browse, zhang: Person) -> None:
    answer = browse("徐庄").post(change_page(zhang), {"seen": 1, "name": "张小三"}, follow=True)
    assert "没有改动" in answer.content.decode()
    zhang.refresh_from_db()
    assert zhang.version == 1


def test_a_provisional_person_gets_a_number(world: World, browse: Browse) -> None:
    person = people.register_person(
        by=None,
        on=TODAY,
        organization=world.units["徐庄镇"],
        row=PersonRow(name="王大五", birth_month="1979-06"),
    )
    client = browse("徐庄")
    assert "出生年月" in client.get(change_page(person)).content.decode()
    wrong = client.post(change_page(person), {"seen": 1, "id_number": NUMBER, "birth_month": "1980-01"})
    assert "出生年月与身份证号里的不一致" in wrong.content.decode()
    client.post(change_page(person), {"seen": 1, "id_number": NUMBER})
    person.refresh_from_db()
    assert not person.is_provisional
    assert person.birth_date == date(1979, 6, 12)


def test_a_child_stays_hidden_on_the_form_too(world: World, browse: Browse) -> None:
    child = people.register_person(
        by=None,
        on=TODAY,
        organization=world.units["徐庄镇"],
        row=PersonRow(name="李小四", id_number="990000201403150012", phones=PHONE),
    )
    text = browse("徐庄").get(change_page(child)).content.decode()
    for secret in ("李小四", "李*四", "990000", "138****"):
        assert secret not in text
    assert "未成年人，现值不显示" in text


@pytest.mark.parametrize(("who", "status"), [("领导", 403), ("店子", 404), ("财政", 404)])
def test_who_may_not_change_a_person_has_no_such_pages(
    browse: Browse, zhang: Person, who: str, status: int
) -> None:
    client, fact = browse(who), PersonFact.objects.get(person=zhang)
    for address in (change_page(zhang), new_fact(zhang), withdraw_page(fact)):
        assert client.get(address).status_code == status
        assert client.post(address, {"seen": 1, "name": "张四", **monitored()}).status_code == status
        if status == 403:
            assert address not in client.get(page(zhang)).content.decode()
    zhang.refresh_from_db()
    assert (zhang.version, PersonFact.objects.count()) == (1, 1)


# --- 户类型 and 监测类别 ------------------------------------------------------------------------------------------


def test_a_fact_is_recorded_and_the_one_before_it_ends(browse: Browse, zhang: Person) -> None:
    client = browse("徐庄")
    client.post(new_fact(zhang), monitored(risk_removed_on="2022-05-31"))
    client.post(
        new_fact(zhang), {"value": "ordinary", "valid_from": "2022-02-01", "source": "2022年调整名单"}
    )
    text = client.get(page(zhang)).content.decode()
    rows = [re.sub(r"<[^>]+>", " ", one).split() for one in re.findall(r"<tr.*?</tr>", text, re.DOTALL)]
    found = [one[:6] for one in rows if one[1] in ("户类型", "监测对象类别")]
    assert found == [
        ["普通农户", "户类型", "2022-02-01", "至今", "—", "2022年调整名单"],
        ["脱贫户", "户类型", "2021-01-01", "2022-01-31", "—", "2021年名单"],
        ["边缘易致贫户", "监测对象类别", "2022-03-01", "至今", "2022-05-31", "2022年3月动态监测"],
    ]
    assert facts.eligible_ids([zhang.pk], date(2022, 5, 31))
    assert not facts.eligible_ids([zhang.pk], date(2022, 6, 1))
    assert Event.objects.filter(verb="person.fact_added", actor_name__contains="徐庄").count() == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"value": ""}, "请选择类别"),
        ({"valid_from": ""}, "请填写起始日期"),
        ({"valid_from": "昨天"}, "2022-03-01 这样的日期"),
        ({"source": " "}, "请写明依据"),
        ({"source": f"本人{PHONE}"}, "请不要写证件号码或电话"),
        ({"risk_removed_on": "2022-02-28"}, "早于起始日期"),
        ({"value": "ordinary", "risk_removed_on": "2022-05-31"}, "只有监测对象才有风险消除日期"),
        ({"value": "ordinary", "valid_from": "2021-01-01"}, "这一天已登记了不同的类别"),
        ({"value": "lifted", "valid_from": "2021-06-01"}, "无需再登记"),
    ],
)
def test_a_wrong_fact_is_told_at_its_field_and_what_was_typed_stays(
    browse: Browse, zhang: Person, typed: dict[str, str], said: str
) -> None:
    sent = monitored(**typed)
    answer = browse("徐庄").post(new_fact(zhang), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert f'value="{sent["valid_from"]}"' in text or not sent["valid_from"]
    assert PersonFact.objects.count() == 1


def test_a_fact_is_withdrawn_with_a_reason_and_the_one_before_holds_again(
    browse: Browse, zhang: Person
) -> None:
    client = browse("徐庄")
    client.post(new_fact(zhang), {"value": "ordinary", "valid_from": "2022-02-01", "source": "误登"})
    wrong = PersonFact.objects.latest("pk")
    assert withdraw_page(wrong) in client.get(page(zhang)).content.decode()
    assert "前一条重新有效" in client.get(withdraw_page(wrong)).content.decode()
    for reason, said in (
        ("", "请写明理由"),
        ("错了", "至少5个字"),
        (f"见{NUMBER}的证件", "请不要写证件号码"),
    ):
        answer = client.post(withdraw_page(wrong), {"reason": reason})
        assert answer.status_code == 422
        assert said in answer.content.decode()
    for told in ("已撤销：户类型 普通农户", "这一条已经撤销"):  # pressed twice, withdrawn once
        answer = client.post(withdraw_page(wrong), {"reason": "名单核对有误"}, follow=True)
        assert told in answer.content.decode()
    text = client.get(page(zhang)).content.decode()
    assert "2022-07-05 撤销，徐庄（徐庄镇），理由：名单核对有误" in text
    assert "至今" in text
    assert withdraw_page(wrong) not in text
    assert Event.objects.filter(verb="person.fact_withdrawn").count() == 1
    assert facts.eligible_ids([zhang.pk], date(2022, 6, 1))


def test_a_fact_of_somebody_else_is_not_withdrawn_by_way_of_this_person(
    world: World, browse: Browse, zhang: Person
) -> None:
    other = people.register_person(by=None, on=TODAY, organization=world.units["徐庄镇"], row=row(1))
    fact = PersonFact.objects.get(person=zhang)
    address = reverse("person_fact_withdraw", args=[other.pk, fact.pk])
    assert browse("徐庄").post(address, {"reason": "名单核对有误"}).status_code == 404


def test_merged_people_have_one_time_line(world: World, browse: Browse, zhang: Person) -> None:
    other = people.register_person(by=None, on=TODAY, organization=world.units["店子镇"], row=row(1))
    facts.add_fact(
        by=None,
        person=other,
        kind=facts.HOUSEHOLD,
        value="ordinary",
        valid_from=date(2022, 1, 1),
        source="名单",
    )
    people.set_merged_into(by=None, person=zhang, into=other)
    assert "2021-12-31" in browse("徐庄").get(page(zhang)).content.decode()


def test_the_page_asks_as_often_for_many_facts_as_for_one(
    world: World, browse: Browse, zhang: Person, django_assert_max_num_queries: Any
) -> None:
    client = browse("徐庄")
    client.get(page(zhang))
    for month in range(1, 13):
        kind = "lifted" if month % 2 else "ordinary"
        sent = {"value": kind, "valid_from": f"2020-{month:02}-01", "source": "名单"}
        assert client.post(new_fact(zhang), sent).status_code == 302
    with django_assert_max_num_queries(16):
        client.get(page(zhang))
