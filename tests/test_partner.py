"""荣成 works inside: it sees what registers share with it and its own people, says what it received, and nothing else.

Every register has one approved row here, planted below the rules, so that one which declares nothing is tried as closed.
"""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection, models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from audit.models import Event
from audit.triggers import lifted
from dashboard.as_of import AsOf
from dashboard.figures import home
from directory.models import Guardian, Organization, Person, User
from directory.people import PersonRow, resolve_people
from ledger import acting, actions
from ledger.models import Acknowledgement, Entry, EntryConcern, EntryEvidence, Filing, Period, Plan, Subject
from ledger.registers import Register, Sharing, all_registers
from ledger.verify import verify
from talent.registers import SECONDMENT, SUPPORT_POST
from tests.desk.cast import approved, page_text, stored, submitted
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import Trial, a_county
from tests.talent.test_talent import CADRE, DOCTOR

pytestmark = [pytest.mark.django_db, pytest.mark.alike]

TODAY = date(2022, 11, 30)
SECRET = "闭门不示"  # stands in every planted text
# what 荣成 sees of whoever filed it; the rest is closed, and so is what will be declared later
OPEN = {"secondment", "support_post", "support_work", "project", "project_progress"}
IN_PART = {"fund_flow"}  # 到位 alone
TO_A_UNIT = {"roster_handover", "meeting_decision"}  # to the unit a row names

# addresses that answer 荣成 at all, whatever stands in them
PAGES = {
    "home", "healthz", "login", "logout", "password_change", "password_change_done",
    "desk:home", "desk:entries", "desk:draft", "desk:upload", "desk:discard", "desk:search", "desk:filters",
    "workbooks:list",  # what they see in 填报记录, as a file
    "dashboard:home", "dashboard:plan_home", "dashboard:attention", "dashboard:line", "dashboard:story",
}  # fmt: skip


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 11, 30, 2, 0, tzinfo=UTC)):
        yield


@kept
def world() -> World:
    made = a_county()
    for code, name in (("rcxczxj", "荣成市乡村振兴局"), ("rcrsj", "荣成市人社局")):
        made.units[name] = Organization.objects.create(
            code=code, name=name, short_name=name, kind="partner", side="rongcheng"
        )
        made.users[name] = User.objects.create(
            username=code,
            full_name="荣成演示",
            organization=made.units[name],
            role=User.Role.PARTNER,
            must_change_password=False,
            password_changed_at=timezone.now(),
        )
    return made


def browser(world: World, who: str = "荣成市乡村振兴局") -> Client:
    client = Client()
    client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
    return client


# --- one row of every register ----------------------------------------------------------------------------------


def planted(world: World, register: Register, **fields: Any) -> Entry:
    """An approved entry of the register, filed by 徐庄镇, with a file; where it holds a text, a closed one holds SECRET."""
    clerk, unit = world.users["徐庄"], world.units["徐庄镇"]
    period = Period.objects.get(code="2022Q2")
    text = "共同事项" if register.code in OPEN else SECRET
    subject = Subject.objects.create(register=register.code, key=f"planted-{len(fields)}")
    with lifted(connection):
        entry = Entry.objects.unscoped("测试").create(
            register=register.code, subject=subject, state="approved", filed_for=unit, occurred_on=period.ends_on,
            filing=Filing.objects.unscoped("测试").get_or_create(
                register=register.code, organization=unit, period=period, defaults={"due_on": period.due_on}
            )[0],
            posted_period=period, summary=f"{register.code} {text}", filed_by=clerk, filed_at=timezone.now(),
            submitted_by=clerk, submitted_at=timezone.now(), decided_by=world.users["审核"], decided_at=timezone.now(),
        )  # fmt: skip
        row = register.model(entry=entry, version=1)
        for field in register.model._meta.concrete_fields:
            if field.name not in ("id", "entry", "version") and not field.null:
                setattr(row, field.attname, fields.get(field.name, filling(field, world, subject, text)))
        row.save()
        subject.in_force = entry
        subject.save()
        EntryConcern.objects.create(entry=entry, organization=unit)
        file = stored(clerk, f"{text}.pdf")
        EntryEvidence.objects.create(entry=entry, version=1, evidence=file, sha256=file.sha256)
    return entry


def filling(field: models.Field[Any, Any], world: World, subject: Subject, text: str) -> Any:
    if field.choices:
        return list(field.choices)[-1][0]
    if isinstance(field, models.ForeignKey):
        model: Any = field.related_model
        known = {Organization: world.units["徐庄镇"].pk, Subject: subject.pk}
        return known.get(model) or model.objects.order_by("pk").values_list("pk", flat=True).first()
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.DateField):
        return date(2022, 6, 30)
    return 1 if isinstance(field, models.IntegerField | models.DecimalField) else text


@kept
def rows(world: World) -> dict[str, Entry]:
    resolve_people(
        by=world.users["徐庄"],
        on=TODAY,
        organization=world.units["徐庄镇"],
        rows=[PersonRow(name="试验甲", id_number="990000197906120027", sex="female", birth_month="", phones="",
                        division_id=None)],
    )  # fmt: skip
    Guardian.objects.create(person=Person.objects.get(), contact="[]")
    return {code: planted(world, register) for code, register in all_registers().items()}


def seen_by(world: World, who: str) -> set[int]:
    return set(Entry.objects.for_user(world.users[who]).values_list("pk", flat=True))


def test_a_register_that_declares_nothing_is_closed_to_the_partner_and_files_nothing_of_theirs() -> None:
    shares = {code for code, register in all_registers().items() if register.shared != Sharing()}
    assert shares == OPEN | IN_PART | TO_A_UNIT
    partner = Organization(kind="partner")
    made_up = {code for code, one in all_registers().items() if one.model.__module__.startswith("tests.")}
    may = {code for code, one in all_registers().items() if code not in made_up and one.may_file(partner)}
    assert may == {"secondment", "support_post", "support_work"}


def test_of_every_register_only_what_it_shares_is_seen(world: World, rows: dict[str, Entry]) -> None:
    for who in ("荣成市乡村振兴局", "荣成市人社局"):
        seen = seen_by(world, who)
        assert {code for code, entry in rows.items() if entry.pk in seen} == OPEN
    receipt = planted(world, all_registers()["fund_flow"], event="receive")
    assert receipt.pk in seen_by(world, "荣成市乡村振兴局")
    assert receipt.pk not in seen_by(world, "店子")


def test_what_is_shared_is_shared_once_approved(world: World) -> None:
    posts = Trial(world, SUPPORT_POST, "局里")
    entry = posts.filed(DOCTOR)
    assert entry.pk not in seen_by(world, "荣成市人社局")
    posts.approved(entry)
    assert entry.pk in seen_by(world, "荣成市人社局")


# --- every address ----------------------------------------------------------------------------------------------


def addresses(
    patterns: list[Any], prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """(name, route, parameters) of every address of ours; the admin's are below a door of their own."""
    for one in patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = ":".join(filter(None, [namespace, one.namespace or ""]))
            if one.namespace != "admin":
                yield from addresses(one.url_patterns, route, inner)
        elif isinstance(one, URLPattern):
            name = ":".join(filter(None, [namespace, one.name or ""]))
            yield name, route, [(n, type(c).__name__) for n, c in one.pattern.converters.items()]


EVERY = [one for one in addresses(get_resolver().url_patterns) if one[0]]


def told(answer: Any) -> str:
    """All an answer says; of a workbook, what its parts say."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return str(content.decode())
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


def test_every_address_is_closed_but_those_of_the_partners_own_work(
    world: World, rows: dict[str, Entry]
) -> None:
    client = browser(world)
    hidden = [entry for code, entry in rows.items() if code not in OPEN]
    words = {"code": "2022-04", "plan": "2022", "register": "wish", "what": "total", "stage": "spent"}
    tried, wrong = set(), []
    for name, _, parameters in EVERY:
        values: dict[str, object] = {}
        for parameter, kind in parameters:
            numbers = {"IntConverter": hidden[0].pk, "UUIDConverter": uuid.UUID(int=4)}
            values[parameter] = numbers.get(kind) or words.get(parameter, "0" * 32)
        url = reverse(name, kwargs=values)
        for method in ("get", "post"):
            if name in ("logout",):
                continue
            answer = getattr(client, method)(url)
            tried.add(name)
            text = told(answer)
            if SECRET in text or (name not in PAGES and answer.status_code not in (403, 404, 405)):
                wrong.append((method, name, url, answer.status_code))
    assert wrong == [], wrong
    for kind in ("", "entries", "files"):
        found = client.post("/desk/search/", {"q": SECRET, "only": kind}).context["found"]
        assert found == 0, kind
    assert {"desk:entry", "desk:evidence", "dashboard:behind", "people", "workbooks:export"} <= tried


def test_the_admin_is_closed(world: World) -> None:
    answer = browser(world).get("/admin/")
    assert answer.status_code in (302, 403, 404)


@pytest.mark.alike
def test_no_page_of_a_hidden_row_exists(world: World, rows: dict[str, Entry]) -> None:
    client = browser(world)
    of_entries = [name for name, route, _ in EVERY if route.startswith("desk/entries/<int:pk>/")]
    assert len(of_entries) >= 10
    for code, entry in rows.items():
        for name in of_entries if code not in OPEN else ():
            assert client.get(reverse(name, args=[entry.pk])).status_code in (403, 404), (code, name)
    files = EntryEvidence.objects.exclude(entry__register__in=OPEN).values_list("evidence", flat=True)
    assert {client.get(reverse("desk:evidence", args=[pk])).status_code for pk in files} == {404}
    assert client.get("/api/plans/2022/summary").status_code == 403


def test_the_figures_of_the_projects_are_shown_and_only_what_they_sent_opens(world: World) -> None:
    client = browser(world)
    text = page_text(client.get("/overview/"))
    for line in world.lines.values():
        assert line.name in text
    assert "450" in text
    assert "/figures/2022/total/received/" in text
    for stage in ("arranged", "allocated", "disbursed", "spent", "claimed"):
        assert f"/{stage}/" not in text
        assert client.get(f"/figures/2022/total/{stage}/").status_code == 404
    assert client.get("/figures/2022/total/received/").status_code == 200
    assert client.get("/lines/2022-04/").status_code == 200
    assert "/questions/" not in text


def test_their_figures_are_those_of_the_leader(world: World) -> None:
    clerk = world.users["财政"]
    words = "下达 2022-04 徐庄镇 60 文件号=山财农指〔2022〕1号 日期=2022-03-01"
    approved(world, submitted(world, clerk.full_name, words))
    submitted(world, clerk.full_name, "拨付 2022-04 徐庄镇 12.345678 凭证号=拨-1 日期=2022-03-05")
    plan, periods = Plan.objects.get(), list(Period.objects.order_by("starts_on"))

    def shown(who: str) -> list[list[tuple[str, str]]]:
        page = home(
            user=world.users[who], plan=plan, plans=[plan], periods=periods, as_of=AsOf(None, TODAY, TODAY)
        )
        return [[(amount.label, amount.text) for amount in row.amounts] for row in (page.total, *page.rows)]

    theirs = shown("荣成市乡村振兴局")
    assert theirs == shown("领导")
    assert ("下达", "60.00") in theirs[0]


# --- what they do ------------------------------------------------------------------------------------------------


def test_they_file_their_own_people_which_shanting_reviews(world: World) -> None:
    posts = Trial(world, SUPPORT_POST, "荣成市人社局")
    entry = posts.filed(DOCTOR)
    assert "支医" in page_text(browser(world, "荣成市人社局").get(f"/desk/entries/{entry.pk}/"))
    assert (
        browser(world).get(f"/desk/entries/{entry.pk}/").status_code == 404
    )  # another unit's, not yet approved
    assert entry in Entry.objects.for_user(world.users["审核"])
    posts.approved(entry)
    assert "只填报荣成派出的人员" in Trial(world, SECONDMENT, "荣成市人社局").wrong(CADRE)["派出方向"]
    assert list(verify()) == []


def test_they_confirm_the_money_they_sent_once_and_it_is_kept(world: World) -> None:
    entry = planted(world, all_registers()["fund_flow"], event="receive")
    client = browser(world)
    assert f"/desk/entries/{entry.pk}/acknowledge/" in page_text(client.get("/desk/"))
    page = page_text(client.get(f"/desk/entries/{entry.pk}/"))
    assert "待荣成确认" in page
    assert "确认已拨出？" in page_text(client.get(f"/desk/entries/{entry.pk}/acknowledge/"))
    for _ in range(2):
        assert client.post(f"/desk/entries/{entry.pk}/acknowledge/").status_code == 302
    said = Acknowledgement.objects.get(entry=entry)
    assert (said.by, said.organization) == (world.users["荣成市乡村振兴局"], world.units["荣成市乡村振兴局"])
    assert Event.objects.filter(verb="entry.acknowledged", target=f"ledger.entry:{entry.pk}").count() == 1
    for who in ("荣成市乡村振兴局", "徐庄", "审核"):
        assert "荣成已确认" in page_text(browser(world, who).get(f"/desk/entries/{entry.pk}/"))
    assert f"/desk/entries/{entry.pk}/acknowledge/" not in page_text(client.get("/desk/"))


def test_nobody_else_says_it_for_them(world: World) -> None:
    entry = planted(world, all_registers()["fund_flow"], event="receive")
    for who in ("徐庄", "审核"):
        with pytest.raises(acting.NotAllowed):
            actions.acknowledge(by=world.users[who], on=TODAY, entry=entry)
    with pytest.raises(acting.NotAllowed):
        actions.acknowledge(by=world.users["领导"], on=TODAY, entry=entry)
    spent = planted(world, all_registers()["fund_flow"], event="spend", note="x")
    with pytest.raises(acting.NotAllowed):
        actions.acknowledge(by=world.users["荣成市人社局"], on=TODAY, entry=spent)
    assert not Acknowledgement.objects.exists()


def test_their_work_begins_with_what_waits_for_them(world: World) -> None:
    planted(world, all_registers()["fund_flow"], event="receive")
    client = browser(world)
    assert client.get("/").headers["Location"] == "/desk/"
    text = page_text(client.get("/desk/"))
    assert "等您确认（1）" in text
    assert "/desk/new/support_post/" in text
    for hidden in ("审核</a>", "/reports/", "/questions/", "/people/", "/workbooks/", "/desk/parameters/"):
        assert hidden not in text
