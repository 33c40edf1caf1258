"""The pages of people: masked, scoped, looked at in full once and for a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from audit.models import Event
from directory import people
from directory.facts import HOUSEHOLD, add_fact
from directory.models import Division, Organization, Person, User
from directory.people import PersonRow
from tests.directory.invented import number, row
from tests.kept import kept
from tests.ledger.world import World, make_world

pytestmark = pytest.mark.django_db

NUMBER, PHONE = "990000197906120027", "13800001234"
ZHANG = PersonRow(name="张小三", id_number=NUMBER + "43", phones=f"{PHONE}、0632-8811234")
REASON = "核对培训签到与本人证件"

Browse = Callable[[str], Client]


@kept
def world() -> World:
    return make_world()


@pytest.fixture
def browse(world: World) -> Browse:
    def log_in(who: str) -> Client:
        client = Client()
        client.force_login(world.users[who], "django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.fixture
def zhang(world: World) -> Person:
    unit = world.units["徐庄镇"]
    village = Division.objects.create(
        code="370406106204", name="湖沟村委会", level="village", parent=unit.division
    )
    person = people.register_person(
        by=None,
        on=date(2022, 7, 5),
        organization=unit,
        row=PersonRow(ZHANG.name, ZHANG.id_number, phones=ZHANG.phones, division_id=village.pk),
    )
    add_fact(
        by=world.users["徐庄"],
        person=person,
        kind=HOUSEHOLD,
        value="lifted",
        valid_from=date(2021, 1, 1),
        source="2021年名单",
    )
    return person


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (NUMBER, PHONE, "8811234", "张小三", "1979") if secret in text]


def page(person: Person) -> str:
    return reverse("person", args=[person.pk])


def reveal(client: Client, person: Person, reason: str = REASON, *fields: str) -> tuple[int, str, str]:
    answer = client.post(
        reverse("person_reveal", args=[person.pk]),
        {"reason": reason, "fields_shown": fields or ["id_number"]},
    )
    return answer.status_code, answer.content.decode(), answer.headers.get("Cache-Control", "")


def test_the_page_is_masked_for_its_own_unit(browse: Browse, zhang: Person) -> None:
    text = browse("徐庄").get(page(zhang)).content.decode()
    assert secrets_in(text) == []
    for shown in (
        "张*三",
        "990000********0027",
        "138****1234",
        "0632-****234",
        "徐庄镇湖沟村委会",
        "脱贫户",
        "2021年名单",
    ):
        assert shown in text
    assert "查看并留存记录" in text


def test_leaders_see_less_of_a_number_and_cannot_open_it(browse: Browse, zhang: Person) -> None:
    client = browse("领导")
    text = client.get(page(zhang)).content.decode()
    assert secrets_in(text) == []
    assert "99*************027" in text
    assert "990000****" not in text
    assert "查看并留存记录" not in text
    assert reveal(client, zhang)[0] == 403
    assert Event.objects.latest("pk").outcome == "refused"


@pytest.mark.parametrize("who", ["店子", "财政"])
def test_other_units_do_not_even_learn_that_the_person_is_there(
    browse: Browse, zhang: Person, who: str
) -> None:
    client = browse(who)
    assert client.get(page(zhang)).status_code == 404
    assert reveal(client, zhang)[0] == 404
    for text in (NUMBER, "小三"):
        answer = client.post(reverse("people"), {"q": text})
        assert "没有找到" in answer.content.decode()


@pytest.mark.parametrize("role", ["system_admin", "security_admin", "auditor", "partner"])
def test_administrators_and_the_partner_side_have_no_such_page(zhang: Person, role: str) -> None:
    unit = None
    if role == "partner":
        unit = Organization.objects.create(
            code="rcrsj", name="荣成市人社局", short_name="荣成人社局", kind="partner", side="rongcheng"
        )
    user = User.objects.create(
        username=role, full_name=role, role=role, organization=unit, must_change_password=False
    )
    user.password_changed_at = user.created_at
    user.save()
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert client.get(page(zhang)).status_code == 403
    assert client.get(reverse("people")).status_code == 403
    assert reveal(client, zhang)[0] == 403


def test_nobody_comes_in_without_logging_in(zhang: Person) -> None:
    for address in (page(zhang), reverse("people")):
        assert Client().get(address).status_code == 302
    assert reveal(Client(), zhang)[0] == 302


def test_a_look_is_shown_once_stored_by_no_cache_and_kept_on_the_page(browse: Browse, zhang: Person) -> None:
    client = browse("徐庄")
    status, text, cache = reveal(
        client, zhang, REASON, "id_number", "phones", "disability", "name", "birth_date"
    )
    assert status == 200
    assert secrets_in(text) == [NUMBER, PHONE, "8811234", "张小三", "1979"]
    assert re.search(r"残疾类别和等级</dt><dd[^>]*>43<", text)
    assert "no-store" in cache
    again = client.get(page(zhang)).content.decode()
    assert secrets_in(again) == []
    assert "徐庄（徐庄镇）" in again
    assert f"理由：{REASON}" in again


@pytest.mark.parametrize("reason", ["", "核对", f"核对{NUMBER}"])
def test_without_a_reason_nothing_is_shown_and_what_was_ticked_stays(
    browse: Browse, zhang: Person, reason: str
) -> None:
    status, text, _ = reveal(browse("徐庄"), zhang, reason, "phones")
    assert status == 422
    assert PHONE not in text
    assert "invalid-feedback" in text
    assert re.search(r'value="phones"[^>]*checked', text)
    assert not Event.objects.filter(verb="person.revealed").exists()


def test_values_travel_by_post_only(browse: Browse, zhang: Person) -> None:
    client = browse("徐庄")
    assert client.get(reverse("person_reveal", args=[zhang.pk])).status_code == 405
    found = client.get(reverse("people"), {"q": NUMBER})
    assert "没有找到" not in found.content.decode()
    assert (
        f'href="{page(zhang)}"' not in found.content.decode()
    )  # an address with a number in it finds nothing


def test_a_search_by_number_or_name_lists_people_masked(browse: Browse, zhang: Person) -> None:
    client = browse("徐庄")
    for text in (NUMBER, "990000 19790612 0027", "小三", "张小三"):
        answer = client.post(reverse("people"), {"q": text})
        content = answer.content.decode()
        assert f'href="{page(zhang)}"' in content
        assert "张*三" in content
        assert "no-store" in answer.headers["Cache-Control"]
    assert client.post(reverse("people"), {"q": "李四光"}).status_code == 200


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "请输入完整的身份证号"),
        ("张", "至少输入姓名中的两个字"),
        ("99000019790612002", "现为17位"),
        ("990000197906120028", "末位应为7"),
    ],
)
def test_a_search_for_nothing_says_what_to_type(browse: Browse, typed: str, said: str) -> None:
    answer = browse("徐庄").post(reverse("people"), {"q": typed})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_twenty_first_search_of_a_minute_is_refused(browse: Browse) -> None:
    client = browse("徐庄")
    for serial in range(20):
        assert client.post(reverse("people"), {"q": number(serial)}).status_code == 200
    answer = client.post(reverse("people"), {"q": number(20)})
    assert answer.status_code == 429
    assert "一分钟内最多查找20次" in answer.content.decode()


def test_more_people_than_a_list_shows_are_said_to_be_there(world: World, browse: Browse) -> None:
    rows = [PersonRow(name="王小芳", id_number=number(serial)) for serial in range(60)]
    people.resolve_people(by=None, on=date(2022, 7, 5), organization=world.units["徐庄镇"], rows=rows)
    with pytest.raises(ValidationError):
        people.search_name(by=world.users["徐庄"], name="王")
    content = browse("徐庄").post(reverse("people"), {"q": "王小"}).content.decode()
    assert "只显示前 50 人" in content
    assert content.count("<tr>") == 51


def test_a_child_has_no_name_number_or_phone_on_any_page(world: World, browse: Browse) -> None:
    today = date.today()  # noqa: DTZ011  the page reads the clock too
    child = people.register_person(
        by=None,
        on=today,
        organization=world.units["徐庄镇"],
        row=PersonRow(name="李小四", id_number="990000201403150012", phones=PHONE),
    )
    client = browse("徐庄")
    found = client.post(reverse("people"), {"q": "990000201403150012"}).content.decode()
    for text in (client.get(page(child)).content.decode(), found):
        assert f"儿童{child.pk}（" in text
        for secret in ("李小四", "李*四", "990000", "0012", "138****"):
            assert secret not in text.replace('value="990000201403150012"', "")  # what the clerk typed stays
    assert "李小四" in reveal(client, child, REASON, "name")[1]


def test_a_merged_person_says_so_and_links_to_the_other(world: World, browse: Browse, zhang: Person) -> None:
    other = people.register_person(
        by=None, on=date(2022, 7, 5), organization=world.units["店子镇"], row=row(1)
    )
    people.set_merged_into(by=None, person=zhang, into=other)
    assert f"人员 {other.pk}</a>" in browse("审核").get(page(zhang)).content.decode()
    own = browse("徐庄").get(page(zhang)).content.decode()
    assert "其他单位登记的人员" in own
    assert page(other) not in own


def test_a_provisional_person_is_flagged(world: World, browse: Browse) -> None:
    person = people.register_person(
        by=None,
        on=date(2022, 7, 5),
        organization=world.units["徐庄镇"],
        row=PersonRow(name="王大五", birth_month="1980-02"),
    )
    client = browse("徐庄")
    assert "临时人员" in client.get(page(person)).content.decode()
    assert "（临时）" in client.post(reverse("people"), {"q": "王大五"}).content.decode()


def test_no_log_line_holds_what_was_searched_or_shown(
    browse: Browse, zhang: Person, log_text: list[str]
) -> None:
    client = browse("徐庄")
    client.post(reverse("people"), {"q": NUMBER})
    client.post(reverse("people"), {"q": "990000197906120028"})
    reveal(client, zhang, REASON, "id_number", "phones")
    reveal(browse("领导"), zhang)
    reveal(browse("店子"), zhang)
    assert log_text  # the refusals are there
    assert secrets_in("\n".join(log_text)) == []
    assert "990000" not in "\n".join(log_text)
