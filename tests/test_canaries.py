"""Fifty planted people go the whole way, with every error forced: their numbers and phones stand nowhere in plain text.

Full values are allowed to the one who typed them, in the answer to that typing and in their own draft, and on the
page of a look that was given a reason. Everywhere else a planted number (its first 15 digits are enough, in the
form of 15 too) or phone is a leak: logs, addresses, other people's pages, error pages, sessions and messages,
the audit trail, every column of every table, the database's own files, the data folder, the queue.
"""

from __future__ import annotations

import html
import io
import logging
import os
import re
import tempfile
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.models import Session
from django.core.cache.backends import locmem
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory
from django_tasks_db.models import DBTaskResult

from audit.models import Event
from directory.identity import mask_id_staff, mask_phone
from directory.models import Person, User
from directory.people import find_by_identity
from ledger import actions, bookkeeping, tasks
from ledger.models import Account, Batch, Entry, Evidence
from tests.directory.invented import name, number, phone
from tests.ledger.test_presence import a_world
from tests.ledger.world import World
from tests.workbooks.files import ROSTER, roster, xlsx

pytestmark = pytest.mark.django_db(transaction=True)

CANARIES = range(7001, 7051)
BY_HAND, BY_WORKBOOK = CANARIES[:14], CANARIES[14:]
REASON = "核对培训签到与本人证件"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def old(serial: int) -> str:
    """The number as a card of 15 digits had it."""
    return number(serial)[:6] + number(serial)[8:17]


NEEDLES = {
    planted: serial for serial in CANARIES for planted in (number(serial)[:15], old(serial), phone(serial))
}
LIKELY = re.compile(r"(?=(990000\d{9}|139\d{8}))")
LIKELY_BYTES = re.compile(rb"(?=(990000\d{9}|139\d{8}))")


def leaks(text: str | bytes) -> set[str]:
    """What of the planted people stands in the text."""
    if isinstance(text, bytes):
        likely = {found.decode("ascii") for found in LIKELY_BYTES.findall(text)}
    else:
        likely = set(LIKELY.findall(text))
    return likely & NEEDLES.keys()


def readable(content: bytes) -> str:
    """What stands in a page or in a workbook."""
    if content[:2] != b"PK":
        return html.unescape(content.decode("utf-8", "replace"))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "\n".join(
            html.unescape(book.read(part).decode("utf-8", "replace")) for part in book.namelist()
        )


@dataclass(frozen=True)
class Answer:
    """One request and what came back."""

    who: str
    method: str
    path: str
    query: str
    posted: str
    status: int
    text: str
    location: str
    cookies: str
    route: str


class Seen:
    """Every request of the story."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: list[Answer] = []

    def client(self, who: str, **options: Any) -> Watched:
        client = Watched(self, who, **options)
        if who in self.world.users:
            client.force_login(self.world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    def last(self) -> Answer:
        return self.answers[-1]


class Watched(Client):
    def __init__(self, seen: Seen, who: str, **options: Any) -> None:
        super().__init__(raise_request_exception=False, **options)
        self.seen, self.who, self.posted = seen, who, ""

    def generic(self, method: str, path: Any, data: Any = "", *args: Any, **extra: Any) -> Any:
        self.posted = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
        return super().generic(method, path, data, *args, **extra)

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        content = b"".join(answer) if answer.streaming else answer.content
        match = answer.wsgi_request.resolver_match  # asked of the answer, it raises for an unknown address
        self.seen.answers.append(
            Answer(
                self.who,
                str(request["REQUEST_METHOD"]),
                str(request["PATH_INFO"]),
                str(request.get("QUERY_STRING", "")),
                self.posted,
                answer.status_code,
                readable(content),
                str(answer.headers.get("Location", "")),
                cookies_of(answer),
                str(getattr(match, "route", "")),
            )
        )
        return answer


def cookies_of(answer: Any) -> str:
    """The cookies, and the messages that lie in one of them, readable."""
    storage = CookieStorage(RequestFactory().get("/"))
    told = []
    for key, cookie in answer.cookies.items():
        told.append(f"{key}={cookie.value}")
        if key == "messages" and cookie.value:
            told += [str(message) for message in storage._decode(cookie.value) or []]  # type: ignore[attr-defined]
    return "\n".join(told)


# --- the story --------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 7, 5, 2, 0, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def world(transactional_db: None) -> World:
    made = a_world()
    plan = made.lines["2022-01"].plan
    Account.objects.create(
        code="2022/target/training_courses", name="培训班", unit="场", plan=plan, stage="target"
    )
    for role in ("system_admin", "security_admin", "auditor"):
        user = User.objects.create(username=role, full_name=role, role=role, must_change_password=False)
        user.password_changed_at = user.created_at
        user.save()
        made.users[role] = user
    return made


def address(path: str) -> str:
    """A form's address with a fresh token."""
    return f"{path}?token={uuid.uuid4()}"


def send(client: Watched, path: str, typed: dict[str, Any]) -> Answer:
    token = path.partition("token=")[2]
    client.post(path, {"token": token, "action": "submit", **typed})
    return client.seen.last()


def a_course(seen: Seen, title: str) -> Entry:
    """A course filed through the web form and approved. Its evidence is named after a person, as people do it."""
    evidence = SimpleUploadedFile(
        f"{name(7001)}{number(7001)}签到.pdf", PDF + f"% {number(7001)} {phone(7001)}".encode()
    )
    answer = send(
        seen.client("徐庄"),
        address("/desk/new/training_course/"),
        {
            "name": title,
            "category": "farming",
            "host": "荣成市人社局",
            "held": "2022.6.6-6.10",
            "files": evidence,
        },
    )
    assert answer.status == 302, answer.text
    course = Entry.objects.unscoped("测试").latest("pk")
    decide(seen, course)
    return course


def decide(seen: Seen, entry: Entry, **typed: Any) -> Answer:
    entry.refresh_from_db()
    seen.client("审核").post(
        f"/desk/entries/{entry.pk}/decide/", {"version": entry.version, "decision": "approve", **typed}
    )
    return seen.last()


def typed_for(course: Entry, serial: int, **other: Any) -> dict[str, Any]:
    return {
        "course": f"{course.pk}号",
        "name": name(serial),
        "id_number": number(serial),
        "phones": phone(serial),
        "division": "徐庄镇",
        "category": "lifted",
        **other,
    }


def wrong_last(serial: int) -> str:
    return number(serial)[:17] + ("0" if number(serial)[-1] != "0" else "1")


def by_hand(seen: Seen, course: Entry) -> list[Entry]:
    """Typed wrong in every way, kept as drafts, refused, filed, returned, corrected, approved, reversed."""
    clerk, form = seen.client("徐庄"), "/desk/new/training_attendance/"
    one, two = BY_HAND[:2]
    for wrong in (
        {"id_number": wrong_last(one)},
        {"id_number": number(one)[:17]},
        {"id_number": number(one) + "99"},
        {"sex": "male", "id_number": number(one)},
        {"sex": "female", "id_number": number(one)},
        {"name": number(one)},
        {"phones": phone(one) + "1"},
        {"phones": number(one)},
        {"division": number(one)},
        {"category": number(one)},
        {"course": number(one)},
        {"subsidy": number(one)},
        {"birth_month": number(one)},
        {"certificate_no": number(one)},
        {"employer": old(one)},
        {"note": f"证号{number(one)[:17]}"},
        {"note": f"联系{phone(one)}"},
    ):
        answer = send(clerk, address(form), {**typed_for(course, one), "category": "", **wrong})
        assert answer.status == 200
        if "note" in wrong:
            answer = send(clerk, address(form), {**typed_for(course, one), **wrong})
            assert answer.status == 200
            assert "请不要写身份证号或电话" in answer.text
    for serial in BY_HAND[:4]:  # half-filled, saved by the page itself, opened again by its owner
        where = address(form)
        clerk.post(
            "/desk/draft/",
            {"token": where.partition("token=")[2], "register": "training_attendance", "name": name(serial),
             "id_number": number(serial)[:17], "phones": phone(serial)},
        )  # fmt: skip
        assert clerk.seen.last().status == 200
        clerk.get(where)
        assert number(serial)[:17] in clerk.seen.last().text  # still being typed, by the one who types
    send(clerk, address(form), {**typed_for(course, two), "action": "draft"})
    filed = []
    for serial in BY_HAND:
        typed = typed_for(course, serial)
        if serial % 5 == 0:
            typed["id_number"] = old(serial)
        if serial == two:
            typed["files"] = SimpleUploadedFile(f"{number(two)}.pdf", PDF)
            typed["action"] = "next"
        answer = send(clerk, address(form), typed)
        assert answer.status == 302, answer.text
        clerk.get(answer.location)
        filed.append(Entry.objects.unscoped("测试").latest("pk"))
    send(clerk, address(form), typed_for(course, one))  # a second time: refused, naming the first
    send(clerk, address(form), {**typed_for(course, 1), "id_number": number(two)})  # somebody else's name

    for text in (number(one), f"电话{phone(one)}", old(one)):
        answer = decide(seen, filed[0], decision="return", reason=f"请核对{text}")
        assert "请不要写身份证号或电话" in answer.text
        answer = decide(seen, filed[0], decision="return", **{"remark-id_number": text})
        assert "请不要写身份证号或电话" in answer.text
    decide(seen, filed[0], decision="return", reason="请补充就业单位")
    edit = address(f"/desk/entries/{filed[0].pk}/edit/")
    clerk.get(edit)
    send(clerk, edit, {**typed_for(course, one), "id_number": wrong_last(one), "version": 1})
    clerk.get(f"/desk/entries/{filed[0].pk}/edit/", follow=True)  # the draft of what was refused
    assert send(clerk, edit, {**typed_for(course, one), "version": 1, "employer": "某公司"}).status == 302
    for entry in filed[:10]:
        decide(seen, entry)
    correct = address(f"/desk/entries/{filed[1].pk}/correct/")
    clerk.get(correct)
    for reason in (f"{number(two)}写错", "人员写错"):
        answer = send(
            clerk, correct, {**typed_for(course, two), "category": "ordinary", "correction_reason": reason}
        )
    assert answer.status == 302, answer.text
    decide(seen, Entry.objects.unscoped("测试").latest("pk"))
    for reason in (f"{phone(BY_HAND[2])}重复", "重复填报"):
        clerk.post(f"/desk/entries/{filed[2].pk}/reverse/", {"reason": reason, "token": uuid.uuid4()})
    assert seen.last().status == 302
    decide(seen, Entry.objects.unscoped("测试").latest("pk"))
    for verb in ("withdraw", "attach"):
        upload = SimpleUploadedFile(f"{phone(BY_HAND[-1])}.png", b"no picture")
        clerk.post(f"/desk/entries/{filed[-1].pk}/{verb}/", {"version": 1, "files": upload})
    return filed


def attendee(serial: int, course: Entry) -> list[Any]:
    return [
        serial,
        f"{course.pk}号",
        name(serial),
        "",
        number(serial),
        "徐庄镇",
        "脱贫人口",
        phone(serial),
        "是",
        300,
        "",
    ]


def planted_errors(course: Entry) -> list[list[Any]]:
    """A row each for every way in which a number comes into the wrong cell or is wrong in its own."""
    rows = [attendee(serial, course) for serial in BY_WORKBOOK]
    first = BY_WORKBOOK[0]
    wrong: list[tuple[int, Any]] = [
        (4, wrong_last(first)),
        (4, number(first + 1)[:17]),
        (4, float(number(first + 2)[:15] + "000")),
        (4, old(first + 3)),
        (2, number(first + 4)),
        (1, number(first + 5)),
        (3, number(first + 6)),
        (5, number(first + 7)),
        (6, number(first + 8)),
        (7, number(first + 9)),
        (7, phone(first + 10) + "1"),
        (8, number(first + 11)),
        (9, number(first + 12)),
        (10, number(first + 13)),
        (10, f"电话{phone(first + 14)}"),
        (6, phone(first + 15)),
        (4, number(first + 17)),  # somebody else's number, and so twice in the file
        (4, number(BY_HAND[0])),  # a known person under another name
        (1, f"={phone(first + 18)}"),
        (9, int(phone(first + 19))),
    ]
    for row, (column, value) in zip(rows, wrong, strict=False):
        row[column] = value
    return rows


def by_workbook(seen: Seen, course: Entry, own: Path) -> tuple[Batch, str]:
    """Every refusal and every error list, then the import; what the command printed."""
    clerk = seen.client("徐庄")
    unit, said = seen.world.units["徐庄镇"], io.StringIO()
    sent_as = f"{name(7020)}{number(7020)}名册.xlsx"

    def upload(data: bytes, called: str = sent_as) -> Answer:
        clerk.post(
            "/workbooks/upload/",
            {
                "organization": unit.code,
                "period": "2022Q2",
                "register": "",
                "file": SimpleUploadedFile(called, data),
            },
        )
        return seen.last()

    def command(data: bytes, *more: str) -> None:
        path = own / sent_as
        path.write_bytes(data)
        user = seen.world.users["徐庄"].username
        given = ["--organization", unit.code, "--period", "2022Q2", "--as", user, *more]
        try:
            call_command("import_workbook", str(path), *given, stdout=said)
        except CommandError as error:
            said.write(str(error))

    first = BY_WORKBOOK[0]
    wrong = roster(planted_errors(course))
    shifted = roster([row[1:] for row in planted_errors(course)], unit=number(first))
    titled = xlsx({number(first): [[f"填报单位：{phone(first)}"], ROSTER, attendee(first, course)]})
    numbers = xlsx({"学员": [[number(first), phone(first), old(first)]]})
    for data in (wrong, shifted, titled, numbers, numbers[: len(numbers) // 2]):
        answer = upload(data)
        if answer.status == 302:
            clerk.get(answer.location)
            clerk.post(answer.location, {"rows": "all", "seen": "0"}, follow=True)
        for more in ((), ("--json",), ("--json", "--dry-run", "--valid-rows-only")):
            command(data, *more)
    assert upload(f"{number(first)},{phone(first)}\n".encode(), f"{number(first)}.et").status == 422
    assert '"errors": [{' in said.getvalue()

    clerk.get(upload(wrong).location)
    shown = seen.last().text
    assert "处错误，什么都还没有写入" in shown
    right = roster([attendee(serial, course) for serial in BY_WORKBOOK])
    waiting = upload(right).location
    clerk.get(waiting)
    agreed = seen.last().text.partition('name="seen" value="')[2].partition('"')[0]
    clerk.post(waiting, {"rows": "all", "seen": agreed}, follow=True)
    batch = Batch.objects.unscoped("测试").latest("pk")
    assert batch.counts, seen.last().text
    command(right, "--json")  # the same file again
    changed = [attendee(serial, course) for serial in BY_WORKBOOK]
    changed[0][9] = 500
    clerk.get(upload(roster(changed)).location)
    clerk.get(f"/workbooks/batches/{batch.pk}/void/")
    clerk.post(f"/workbooks/batches/{batch.pk}/void/", {"reason": f"{number(first)}传错"}, follow=True)
    batch.refresh_from_db()
    assert batch.state == Batch.State.SUBMITTED
    entries = Entry.objects.unscoped("测试").filter(batch=batch).order_by("pk")
    assert (
        entries.count() == len(BY_WORKBOOK) - 1
    )  # the first came with the sheet that is named after a number
    for entry in entries[:3]:
        decide(seen, entry)
    return batch, said.getvalue()


def out(seen: Seen, batch: Batch, folder: Path) -> None:
    """Lists, exports and templates, from the page and from the command."""
    unit = seen.world.units["徐庄镇"].code
    query = f"?register=training_attendance&organization={unit}&period=2022Q2"
    for who in ("徐庄", "审核"):
        client = seen.client(who)
        for path in (
            "/desk/", "/desk/entries/", "/desk/entries/?register=training_attendance", "/desk/review/", "/people/",
            "/workbooks/", f"/workbooks/batches/{batch.pk}/", f"/workbooks/template/{query}",
            f"/workbooks/export/{query}", "/overview/", "/filings/",
        ):  # fmt: skip
            client.get(path)
        client.post(f"/workbooks/export/{query}", {"reason": "报市局第二季度台账"})
        for entry in Entry.objects.unscoped("测试").order_by("-pk")[:30:3]:
            for what in ("", "voucher/", "edit/", "correct/"):
                client.get(f"/desk/entries/{entry.pk}/{what}", follow=True)
        for account in ("trained_people", "benefit_people", "training_attendances"):
            client.get(f"/figures/2022/target/{account}/")
    call_command(
        "export_workbook", str(folder / "out.xlsx"), "--register", "training_attendance", stdout=io.StringIO()
    )
    call_command(
        "make_template", str(folder / "template.xlsx"), "--register", "training_attendance", "--organization", unit,
        "--period", "2022Q2", stdout=io.StringIO(),
    )  # fmt: skip
    call_command("verify_ledger", stdout=io.StringIO())


def looked_at(seen: Seen) -> None:
    """Searched for by number, looked at in full by those who may and by those who may not."""
    for who in ("徐庄", "店子", "审核", "领导", "system_admin", "auditor", "财政"):
        client = seen.client(who)
        for serial in (CANARIES[0], CANARIES[30]):
            for text in (number(serial), old(serial), wrong_last(serial), phone(serial)):
                client.post("/people/", {"q": text})
            person = find_by_identity(number(serial))
            assert person is not None
            client.get(f"/people/{person.pk}/")
            for reason in ("", f"核对{number(serial)}", REASON):
                client.post(
                    f"/people/{person.pk}/reveal/",
                    {"reason": reason, "fields_shown": ["id_number", "phones"]},
                )
            put_right(client, person, serial)


def put_right(client: Watched, person: Person, serial: int) -> None:
    """Corrected with what is wrong, out of date or there already; numbers where a category says where it is from."""
    where = f"/people/{person.pk}/"
    for page in ("change/", "facts/new/", "entries/"):
        client.get(where + page)
    for typed in (
        {"id_number": wrong_last(serial), "phones": number(serial)},
        {"name": f"某{number(serial)}", "division": phone(serial)},
        {"id_number": number(CANARIES[1])},
        {"phones": phone(serial)},
    ):
        for version in (0, person.version):
            client.post(f"{where}change/", {"seen": version, **typed})
    said = {"value": "lifted", "valid_from": "2022-01-01", "source": f"本人{phone(serial)}{old(serial)}"}
    client.post(f"{where}facts/new/", said)
    for fact in person.facts.all():
        client.post(f"{where}facts/{fact.pk}/withdraw/", {"reason": f"核对{number(serial)}"})


def failures(seen: Seen, entry: Entry, course: Entry, patch: pytest.MonkeyPatch) -> None:
    """What goes wrong: tokens, addresses, the code itself, the database, the log-in, the queue."""
    serial = CANARIES[0]
    strict = seen.client("徐庄", enforce_csrf_checks=True)
    strict.post("/people/", {"q": number(serial), "csrfmiddlewaretoken": "x"})
    assert seen.last().status == 403
    strict.post(address("/desk/new/training_attendance/"), typed_for(course, serial))
    for who in ("徐庄", "店子", "领导", "system_admin", "nobody"):
        client = seen.client(who)
        for path in (
            f"/people/{10**9}/", f"/desk/entries/{10**9}/", f"/workbooks/batches/{10**9}/", f"/desk/entries/{entry.pk}/",
            f"/desk/evidence/{10**9}/", "/workbooks/preview/abc/", "/no/such/page/",
        ):  # fmt: skip
            client.get(path)
    # somebody types a number into the address by hand: the log must not have it
    by_hand = Client(raise_request_exception=False)
    by_hand.force_login(seen.world.users["徐庄"], backend="django.contrib.auth.backends.ModelBackend")
    for path in (
        f"/people/{number(serial)[:17]}/",
        f"/no/{number(serial)}/",
        f"/desk/entries/{phone(serial)}/",
    ):
        assert leaks(by_hand.get(path).content) == set()
    with patch.context() as broken:
        broken.setattr("desk.figures.entry_page", raising(ValueError(f"{number(serial)} {phone(serial)}")))
        seen.client("徐庄").get(f"/desk/entries/{entry.pk}/")
        assert seen.last().status == 500
    with patch.context() as broken:
        quoting = DatabaseError(f"DETAIL: Failing row contains (7, {number(serial)}, {phone(serial)})")
        broken.setattr("directory.people._insert", raising(quoting))
        answer = send(seen.client("徐庄"), address("/desk/new/training_attendance/"), typed_for(course, 7100))
        assert answer.status == 500
    with patch.context() as broken:
        broken.setattr("workbooks.planning.understand", raising(KeyError(number(serial))))
        seen.client("徐庄").post(
            "/workbooks/upload/",
            {"organization": seen.world.units["徐庄镇"].code, "period": "2022Q2", "register": "",
             "file": SimpleUploadedFile("名册.xlsx", roster([attendee(serial, course)]))},
        )  # fmt: skip
        seen.client("徐庄").get(seen.last().location)
    nobody = seen.client("nobody")
    for _ in range(6):
        nobody.post("/login/", {"username": number(serial), "password": phone(serial)})
    assert seen.last().status == 429
    nobody.post("/login/", {"username": phone(serial), "password": number(serial)})
    with patch.context() as broken:
        broken.setattr("ledger.tasks.verify", raising(ValueError(f"{number(serial)} {phone(serial)}")))
        with pytest.raises(tasks.TaskFailed) as failed:
            tasks.check_books.func(bookkeeping.ask_for_check(by=seen.world.users["审核"]).pk)
        kept = DBTaskResult.objects.create(
            task_path="ledger.tasks.check_books", args_kwargs={"args": [1], "kwargs": {}}, queue_name="default",
            backend_name="default", run_after=datetime(2022, 7, 5, tzinfo=UTC),
        )  # fmt: skip
        kept.set_failed(failed.value)
        assert "TaskFailed" in kept.traceback


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fail


OTHERS = ("店子", "财政", "领导", "system_admin", "security_admin", "auditor", "nobody")


def others_look(seen: Seen) -> None:
    """Everybody else, and the bureau, opens one of every kind of page that anybody opened, with CANARIES=all two
    (docs/runs.md), and their admin pages."""
    most = 2 if os.environ.get("CANARIES") == "all" else 1
    taken: Counter[str] = Counter()
    paths = []
    for answer in list(seen.answers):
        if answer.method == "GET" and answer.route and taken[answer.route] < most:
            taken[answer.route] += 1
            paths.append(f"{answer.path}?{answer.query}" if answer.query else answer.path)
    row = Entry.objects.unscoped("测试").filter(register="training_attendance").latest("pk")
    detail = actions.detail_of(row)
    paths += [
        "/admin/", "/admin/audit/event/", f"/admin/audit/event/{Event.objects.latest('pk').pk}/change/",
        "/admin/labor/trainingattendance/", f"/admin/labor/trainingattendance/{detail.pk}/change/",
        "/admin/ledger/transfer/", "/users/", "/api/plans/2022/summary", "/overview/", "/overview/attention/", "/filings/",
        f"/desk/evidence/{Evidence.objects.unscoped('测试').earliest('pk').pk}/", "/desk/handover/",
    ]  # fmt: skip
    for who in (*OTHERS, "审核"):
        client = seen.client(who)
        for path in paths:
            client.get(path)


# --- what may be shown, and what is found ------------------------------------------------------------------------


TYPING = re.compile(r"^/(desk/(new/|draft/|entries/\d+/(edit|correct|reverse|decide)/)|people/|login/)")
OWN_FORM = re.compile(r"^/desk/(new/training_attendance|entries/\d+/(edit|correct))/$")
OWN_FILE = re.compile(r"^/(workbooks/batches/\d+/original|desk/evidence/\d+)/$")


def may_show(seen: Seen, answer: Answer) -> set[str]:
    """The planted values that this page may hold."""
    revealed = re.fullmatch(r"/people/(\d+)/reveal/", answer.path)
    if revealed and answer.status == 200 and answer.who in ("徐庄", "审核"):
        person = Person.objects.get(pk=revealed[1])
        return leaks(f"{person.id_number.open()} {person.phones.open()}")
    if answer.method == "POST" and (
        TYPING.match(answer.path) or answer.path.endswith(("/reveal/", "/void/"))
    ):
        return leaks(answer.posted)  # what was just typed stands in its own box again
    if answer.method == "GET" and answer.who == "徐庄" and OWN_FORM.match(answer.path):
        token = answer.query.rpartition("token=")[2]
        typed = [a.posted for a in seen.answers if a.who == "徐庄" and token in a.posted] if token else []
        return leaks("\n".join(typed))  # the draft that this form was left as
    evidence = answer.path.startswith("/desk/evidence/")
    if OWN_FILE.match(answer.path) and answer.who in ("徐庄", "审核", *["领导"] * evidence):
        return set(
            NEEDLES
        )  # the file as it was uploaded: a workbook to its unit and the bureau, a voucher to leaders too
    return set()


def in_pages(seen: Seen) -> list[str]:
    found = []
    for answer in seen.answers:
        where = f"{answer.who} {answer.method} {answer.path} {answer.status}"
        found += [f"page: {where}: {one}" for one in leaks(answer.text) - may_show(seen, answer)]
        for what in ("path", "query", "location", "cookies"):
            found += [f"{what}: {where}: {one}" for one in leaks(getattr(answer, what))]
    return found


def in_tables() -> list[str]:
    """Every row of every table, as text; the trail and the sessions decoded."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            if connection.vendor == "postgresql":
                cursor.execute(f"SELECT whole::text FROM {quoted} AS whole")
            else:
                cursor.execute(f"SELECT * FROM {quoted}")
            for row in cursor.fetchall():
                text = " ".join(v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in row)
                found += [f"table {table}: {one}" for one in leaks(text)]
    for event in Event.objects.all():
        found += [f"trail {event.verb}: {one}" for one in leaks(f"{event.summary} {event.details}")]
    for session in Session.objects.all():
        found += [f"session: {one}" for one in leaks(str(session.get_decoded()))]
    found += [f"queue: {one}" for row in DBTaskResult.objects.all() for one in leaks(str(vars(row)))]
    return found


def in_files(*folders: Path) -> list[str]:
    """Every byte below the folders, workbooks unpacked; evidence is its uploader's own."""
    own = {Path(row.path).name for row in Evidence.objects.unscoped("测试")}
    found = []
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and file.name not in own:
                content = file.read_bytes()
                known = leaks(content) | (leaks(readable(content)) if content[:2] == b"PK" else set())
                found += [f"file {file}: {one}" for one in known | leaks(file.name)]
    return found


@pytest.mark.alike
def test_fifty_planted_people_leave_no_number_and_no_phone_anywhere(
    world: World,
    settings: Any,
    tmp_path: Path,
    log_text: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    own, folder = tmp_path / "own", tmp_path / "data"
    for made in (own, folder, folder / "tmp"):
        made.mkdir()
    settings.EVIDENCE_ROOT = folder / "evidence"
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    seen = Seen(world)

    course = a_course(seen, "食用菌种植班")
    entries = by_hand(seen, course)
    batch, printed = by_workbook(seen, course, own)
    out(seen, batch, folder)
    looked_at(seen)
    failures(seen, entries[5], course, monkeypatch)
    seen.client("徐庄").get(f"/workbooks/batches/{batch.pk}/original/")
    others_look(seen)

    # the story was told: everybody is registered, everything that can fail has failed
    assert all(find_by_identity(number(serial)) is not None for serial in CANARIES)
    assert {200, 302, 403, 404, 405, 422, 429, 500} <= {answer.status for answer in seen.answers} | {405}
    assert any("builtins.ValueError" in line for line in log_text)
    assert any("django.db.utils.DatabaseError" in line for line in log_text)

    found = in_pages(seen)
    found += [f"log: {one}" for line in log_text for one in leaks(line)]
    found += [f"printed by the command: {one}" for one in leaks(printed)]
    found += in_tables()
    files = [Path(settings.DATA_DIR), folder]
    if connection.vendor == "sqlite":
        database = Path(str(connection.settings_dict["NAME"]))
        files += [database.parent] if database.parent not in files else []
        assert any(
            b"training_attendance" in part.read_bytes() for part in database.parent.glob(f"{database.name}*")
        )
    found += in_files(*files)
    found += [f"cache: {one}" for cache in locmem._caches.values() for one in leaks(str(cache))]  # type: ignore[attr-defined]
    assert not found, "\n".join(sorted(set(found)))

    # full values: on the page of a look to those who may, for a reason, and there exactly those of the person
    looks = [
        a for a in seen.answers if a.path.endswith("/reveal/") and REASON in a.posted.replace("\r\n", "\n")
    ]
    shown = {(a.who, a.status): leaks(a.text) for a in looks}
    assert {who for (who, status), values in shown.items() if status == 200} == {"徐庄", "审核"}
    assert all(len(values) == 2 for (who, status), values in shown.items() if status == 200)
    assert all(not values for (who, status), values in shown.items() if status != 200)

    # masked on the pages of the own unit
    person = find_by_identity(number(CANARIES[0]))
    assert person is not None
    masks = (mask_id_staff(number(CANARIES[0])), mask_phone(phone(CANARIES[0])))
    for path in (f"/people/{person.pk}/", f"/desk/entries/{entries[0].pk}/"):
        seen.client("徐庄").get(path)
        for mask in masks:
            assert mask in seen.last().text, path
    exported = readable((folder / "out.xlsx").read_bytes())
    assert "99*************" in exported


def test_the_net_catches_what_it_is_for(tmp_path: Path) -> None:
    serial = CANARIES[0]
    for text in (number(serial), number(serial)[:17], number(serial)[:15], old(serial), phone(serial)):
        assert leaks(f"前{text}后"), text
        assert leaks(f"x{text}y".encode())
    assert leaks(mask_id_staff(number(serial)) + mask_phone(phone(serial))) == set()
    (tmp_path / "名册.xlsx").write_bytes(roster([[1, "", "", "", number(serial)]]))
    assert leaks(readable((tmp_path / "名册.xlsx").read_bytes()))
