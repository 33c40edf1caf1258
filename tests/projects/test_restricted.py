"""A planted child goes the whole way: nobody without the named right finds a name, a number, a phone or a village.

Everybody of the cast opens every kind of page, by the addresses of the records, searches, exports and downloads. What is
allowed: to the filer the answer to what was just typed and the own draft; to who has the right, for a reason, the answer
of one look at the child's page; and to both the files themselves.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Event
from directory import rights
from directory.actions import NotAllowed
from directory.identity import mask_id_export, mask_id_staff, mask_name, mask_phone
from directory.models import Division, Grant, Guardian, Organization, Person, User
from directory.people import people_for, reveal, search_name
from ledger import actions, evidence
from ledger.models import Batch, Entry, EntryEvidence, Evidence
from ledger.scope import scope_of
from projects.hope_rooms import HOPE_ROOM
from tests.kept import kept
from tests.ledger.world import World
from tests.projects.test_hope_rooms import NOMINATED, SELECTED, number
from tests.registers import a_county
from tests.test_canaries import PDF, Answer, Seen, address, decide, readable, send
from tests.workbooks.files import xlsx

REASON = "核对监护人同意书"
# who sees what another sees: 局里 and 复核 what 审核 does, 北庄 what 店子 does; and the system's own user, who cannot log in
ALIKE = {"局里", "复核", "北庄", "计划导入"}
VILLAGE = "幽篁村"
CHILDREN = {  # by hand, by workbook: child, guardian, number, phone
    "hand": ("宋小希", "孟桂兰", number("2012-06-15", 7), "13977001001"),
    "book": ("韩知夏", "贺素云", number("2011-03-04", 8), "13977001002"),
}
NEEDLES = {
    VILLAGE,
    *(
        needle
        for child, guardian, identity, phone in CHILDREN.values()
        for needle in (
            *(child, guardian, identity, identity[:15], identity[6:14], phone),
            *(mask_name(child), mask_name(guardian), mask_phone(phone)),
            *(mask_id_staff(identity), mask_id_export(identity)),
        )
    ),
}


def leaks(text: str) -> set[str]:
    """What of the two children stands in the text."""
    return {needle for needle in NEEDLES if needle in text}


def typed_for(which: str, base: dict[str, str]) -> dict[str, str]:
    """What a clerk types, by column label."""
    child, guardian, identity, phone = CHILDREN[which]
    return {
        **base,
        "儿童姓名": child,
        "儿童身份证号": identity,
        "镇村": f"徐庄镇{VILLAGE}",
        "监护人": guardian,
        "监护人电话": phone,
    }


def as_form(typed: dict[str, str]) -> dict[str, Any]:
    """The same as the form's fields."""
    codes = {"状态": dict, "人员类别": dict, "监护人与儿童关系": dict, "困难类型": dict}
    found: dict[str, Any] = {}
    for column in HOPE_ROOM.columns:
        value = typed.get(column.label, "")
        if column.label in codes and value:
            value = next(code for code, label in column.choices if label == value)
        found[column.name] = value
    return found


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 7, 5, 2, 0, tzinfo=UTC), tick=True):
        yield


@kept
def world() -> World:
    made = a_county()
    town = Division.objects.get(code="370406106")
    Division.objects.create(code="370406106999", name=f"{VILLAGE}委会", level="village", parent=town)
    partner = Organization.objects.create(
        code="rcxczxj",
        name="荣成市乡村振兴局",
        short_name="荣成乡村振兴局",
        kind="partner",
        side="rongcheng",
    )
    for role in ("system_admin", "security_admin", "auditor", "partner"):
        made.users[role] = User.objects.create(
            username=role.replace("_", "-"),
            full_name=role,
            role=role,
            organization=partner if role == "partner" else None,
            must_change_password=False,
            password_changed_at=timezone.now(),
        )
    User.objects.filter(is_system=False).update(must_change_password=False)
    return made


def person_of(which: str) -> Person:
    return Person.objects.get(name=CHILDREN[which][0])


def by_hand(seen: Seen) -> Entry:
    """Refused, kept as a draft, filed, returned, filed again, approved, gone on with."""
    clerk, form = seen.client("徐庄"), "/desk/new/hope_room/"
    child, guardian, identity, phone = CHILDREN["hand"]
    typed = as_form(typed_for("hand", NOMINATED))
    for wrong in (
        {"id_number": identity[:17]},
        {"id_number": identity[:17] + ("0" if identity[-1] != "0" else "1")},
        {"note": f"{child}家"},
        {"nominated_by": guardian},
        {"guardian_phones": phone + "1"},
        {"division": f"{child}村"},
        {"state": child},
        {"name": identity},
    ):
        assert send(clerk, address(form), {**typed, **wrong}).status == 200
    where = address(form)
    clerk.post("/desk/draft/", {"token": where.partition("token=")[2], "register": "hope_room", **typed})
    clerk.get(where)
    assert child in seen.last().text  # the clerk's own draft
    clerk.get("/desk/")
    paper = SimpleUploadedFile(f"{child}{identity}{phone}同意书.pdf", PDF + child.encode())
    answer = send(clerk, where, {**typed, "files": paper})
    assert answer.status == 302, answer.text
    entry = Entry.objects.unscoped("测试").latest("pk")
    send(clerk, address(form), typed)  # a second time: refused, naming the first
    assert "已提交" in seen.last().text
    decide(seen, entry, decision="return", reason="请补同意日期")
    edit = address(f"/desk/entries/{entry.pk}/edit/")
    clerk.get(edit)
    form_again = {**typed, "consent_on": "2022-04-02", "version": 1}
    shown = HOPE_ROOM.form().initial_from(actions.detail_of(entry))  # type: ignore[attr-defined]
    masked = {
        name: shown[name] for name in ("name", "id_number", "division", "guardian_name", "guardian_phones")
    }
    paper_ids = list(EntryEvidence.objects.filter(entry=entry).values_list("evidence_id", flat=True))
    again = {**form_again, **masked, "evidence": paper_ids}
    assert send(clerk, edit, again).status == 302, seen.last().text
    entry.refresh_from_db()
    row = actions.detail_of(entry)
    assert (entry.version, row.division.name, row.consent_on) == (2, f"{VILLAGE}委会", date(2022, 4, 2))
    assert Guardian.objects.count() == 1
    decide(seen, entry)
    step = address(f"/desk/entries/{entry.pk}/step/")
    clerk.get(step)
    onward = as_form(typed_for("hand", SELECTED)) | masked | {"version": 2, "consent_on": "2022-04-02"}
    assert send(clerk, step, onward).status == 302, seen.last().text
    follows = Entry.objects.unscoped("测试").latest("pk")
    upload = SimpleUploadedFile(f"{guardian}.pdf", PDF)
    clerk.post(f"/desk/entries/{follows.pk}/attach/", {"version": 1, "files": upload})
    decide(seen, follows)
    return follows


def sheet_of(*rows: dict[str, str]) -> bytes:
    columns = [column for column in HOPE_ROOM.columns if any(row.get(column.label) for row in rows)]
    head = [f"{c.label}（元）" if c.kind == "money" else c.label for c in columns]
    return xlsx({"希望小屋": [head, *([row.get(c.label, "") for c in columns] for row in rows)]})


def by_workbook(seen: Seen, folder: Path) -> Batch:
    """Every error list first, then the import."""
    clerk, unit = seen.client("徐庄"), seen.world.units["徐庄镇"]
    child, guardian, identity, phone = CHILDREN["book"]
    right = typed_for("book", SELECTED)
    wrong = [
        {**right, "儿童姓名": identity},
        {**right, "困难类型": child},
        {**right, "镇村": child},
        {**right, "监护人电话": f"{phone}1"},
        {**right, "监护人": phone},
        {**right, "提报日期": guardian},
        {**right, "状态": guardian},
        {**right, "儿童身份证号": identity[:17]},
        {**right, "备注": f"{child}、{guardian}"},
        {**right, "儿童姓名": "别的名字"},
    ]
    called = f"{child}{identity}.xlsx"

    def upload(data: bytes) -> Answer:
        clerk.post(
            "/workbooks/upload/",
            {"organization": unit.code, "period": "2022Q2", "register": "hope_room",
             "file": SimpleUploadedFile(called, data)},
        )  # fmt: skip
        return seen.last()

    answer = upload(sheet_of(*wrong))
    if answer.status == 302:
        clerk.get(answer.location)
    said = io.StringIO()
    path = folder / "own.xlsx"
    given = ["--organization", unit.code, "--period", "2022Q2", "--as", seen.world.users["徐庄"].username]
    for data, more in ((sheet_of(*wrong), ["--json"]), (sheet_of(*wrong), []), (sheet_of(right), ["--json"])):
        path.write_bytes(data)
        try:
            call_command("import_workbook", str(path), *given, *more, stdout=said)
        except (CommandError, SystemExit) as error:
            said.write(str(error))
    path.unlink()
    assert leaks(said.getvalue()) == set(), leaks(said.getvalue())
    assert '"added": 1' in said.getvalue()
    return Batch.objects.unscoped("测试").latest("pk")


PAGES = (
    "/", "/desk/", "/desk/entries/", "/desk/entries/?register=hope_room", "/desk/review/", "/people/", "/workbooks/",
    "/overview/", "/overview/attention/", "/overview/2022/", "/figures/2022/target/hope_rooms/",
    "/figures/2022/target/benefit_people/", "/reports/", "/reports/?period=2022Q2", "/filings/", "/plans/2022/",
    "/api/plans/2022/summary", "/admin/", "/admin/projects/", "/admin/projects/hoperoom/", "/admin/audit/event/",
    "/admin/ledger/transfer/", "/admin/directory/", "/users/", "/desk/handover/", "/desk/parameters/",
)  # fmt: skip


def look(seen: Seen, batch: Batch, *only: str) -> None:
    """Every page, for everybody (or `only` these), with every search and export."""
    entries = list(Entry.objects.unscoped("测试").filter(register="hope_room").order_by("pk"))
    paths = list(PAGES)
    for entry in entries:
        base = f"/desk/entries/{entry.pk}/"
        paths += [
            base,
            *(base + end for end in ("voucher/", "edit/", "correct/", "step/", "reverse/", "?version=1")),
        ]
        paths.append(f"/admin/projects/hoperoom/{actions.detail_of(entry).pk}/change/")
    for which in CHILDREN:
        pk = person_of(which).pk
        paths += [
            f"/people/{pk}/",
            f"/people/{pk}/change/",
            f"/people/{pk}/entries/",
            f"/people/{pk}/facts/new/",
        ]
    query = f"?register=hope_room&organization={seen.world.units['徐庄镇'].code}&period=2022Q2"
    paths += [f"/workbooks/export/{query}", f"/workbooks/template/{query}", f"/workbooks/batches/{batch.pk}/"]
    paths += [
        f"/desk/evidence/{pk}/" for pk in Evidence.objects.unscoped("测试").values_list("pk", flat=True)
    ]
    paths.append(f"/workbooks/batches/{batch.pk}/original/")
    events = [f"/admin/audit/event/{pk}/change/" for pk in Event.objects.values_list("pk", flat=True)]
    for who in only or [name for name in seen.world.users if name != "计划导入"]:
        client = seen.client(who)
        for path in [*paths, *events[-20:]] if who == "auditor" else paths:
            client.get(path)
        client.post(f"/workbooks/export/{query}", {"reason": "报市局第二季度台账"})
        for child, _, identity, phone in CHILDREN.values():
            for text in (child, identity, child[:2], phone):
                client.post("/people/", {"q": text})
            client.get("/desk/entries/", {"q": child})
            client.get("/desk/entries/", {"q": VILLAGE})
        for which in CHILDREN:
            fields = ["name", "id_number", "birth_date", "phones", "guardian"]
            client.post(f"/people/{person_of(which).pk}/reveal/", {"reason": REASON, "fields_shown": fields})


FILES = ("/desk/evidence/", "/workbooks/batches/")


def unexplained(seen: Seen, have_right: set[str]) -> list[str]:
    """Whatever stands on a page that its reader may not see."""
    found = []
    for answer in seen.answers:
        where = f"{answer.who} {answer.method} {answer.path} {answer.status}"
        allowed: set[str] = set()
        if answer.who == "徐庄" and answer.method == "POST" and answer.path.startswith("/desk/"):
            allowed = NEEDLES  # what was just typed
        if answer.who == "徐庄" and answer.path == "/desk/new/hope_room/" and "token=" in answer.query:
            allowed = NEEDLES  # the own draft
        text = answer.text
        if answer.path in ("/people/", "/desk/entries/"):  # the question in its own box
            text = re.sub(r'value="[^"]*"', "", text)
        if answer.path.endswith("/reveal/") and answer.status == 200 and answer.who in have_right:
            allowed = NEEDLES
        if answer.path.startswith(FILES) and answer.who in {"徐庄", *have_right}:
            allowed = NEEDLES if answer.path.endswith("/original/") or "evidence" in answer.path else allowed
        if answer.path == "/workbooks/template/":
            allowed = {VILLAGE}  # all villages of the town, to choose from
        found += [f"page: {where}: {one}" for one in leaks(text) - allowed]
        for what in ("path", "location", "cookies"):
            found += [f"{what}: {where}: {one}" for one in leaks(getattr(answer, what))]
    return found


def in_tables() -> list[str]:
    """Names stand in the directory's table of people, where they are kept, and nowhere else; numbers and phones nowhere."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {quoted}")
            for row in cursor.fetchall():
                text = " ".join(v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in row)
                kept = {child for child, *_ in CHILDREN.values()} if table == "directory_person" else set()
                place = {VILLAGE} if table == "directory_division" else set()
                found += [f"table {table}: {one}" for one in leaks(text) - kept - place]
    return found


@pytest.mark.alike
def test_nobody_without_the_right_finds_a_child_anywhere(
    world: World, log_text: list[str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)
    seen = Seen(world)
    entry = by_hand(seen)
    batch = by_workbook(seen, tmp_path)
    assert batch.name == "希望小屋.xlsx"
    last = Entry.objects.unscoped("测试").get(batch=batch)
    upload = SimpleUploadedFile(f"{CHILDREN['book'][1]}.pdf", PDF)
    seen.client("徐庄").post(f"/desk/entries/{last.pk}/attach/", {"version": 1, "files": upload})
    for who in ("审核", "店子"):  # while it waits
        seen.client(who).get(f"/workbooks/batches/{batch.pk}/decide/")
        assert seen.last().status == (200 if who == "审核" else 403)
    decide(seen, last)
    for one in (entry, last):
        one.refresh_from_db()
    assert (entry.state, last.state) == ("approved", "approved")
    look(seen, batch, *(name for name in world.users if name not in ALIKE))
    pages = unexplained(seen, set())
    assert not pages, "\n".join(sorted(set(pages)))

    # the whole was shown by what stands for it
    detail = next(a for a in seen.answers if a.who == "审核" and a.path == f"/desk/entries/{last.pk}/")
    for text in (f"儿童{person_of('book').pk}（6至13岁）", "徐庄镇", "（不显示）", "受限资料", "须专项授权"):
        assert text in detail.text or text == "须专项授权", text
    assert (
        "凭据"
        in next(a for a in seen.answers if a.who == "审核" and a.path == f"/desk/entries/{entry.pk}/").text
    )
    statuses = {(a.who, a.status) for a in seen.answers if a.path.startswith("/desk/evidence/")}
    assert ("徐庄", 200) in statuses
    assert {status for who, status in statuses if who not in ("徐庄",)} == {403, 404}
    persons = {a.status for a in seen.answers if re.fullmatch(r"/people/\d+/.*", a.path)}
    assert 200 not in persons

    # with it: by name, for a reason, one look at a time
    security = world.users["security_admin"]
    for who in ("复核", "徐庄二", "领导"):
        rights.grant(by=security, user=world.users[who], reason="负责希望小屋回访和验收")
    have_right = {"复核", "徐庄二", "领导"}
    seen.answers.clear()
    look(seen, batch, "徐庄", "审核", *sorted(have_right))
    pages = unexplained(seen, have_right)
    assert not pages, "\n".join(sorted(set(pages)))
    looks = {a.who: leaks(a.text) for a in seen.answers if a.path.endswith("/reveal/") and a.status == 200}
    assert set(looks) == have_right
    for which in CHILDREN:
        child, guardian, identity, phone = CHILDREN[which]
        text = "".join(a.text for a in seen.answers if a.who == "复核" and a.path.endswith("/reveal/"))
        assert {child, guardian, identity, phone} <= {needle for needle in NEEDLES if needle in text}
    opened = {a.who for a in seen.answers if a.path.startswith("/desk/evidence/") and a.status == 200}
    assert opened == {"徐庄", *have_right}
    originals = {a.who for a in seen.answers if a.path.endswith("/original/") and a.status == 200}
    assert originals == {"徐庄", "徐庄二", "复核"}  # a leader takes no part in workbooks
    assert Event.objects.filter(verb="person.revealed", outcome="done").count() == 6

    # nor in what lies behind the pages
    behind = in_tables()
    behind += [f"log: {one}" for line in log_text for one in leaks(line)]
    behind += [
        f"mail: {one}" for message in mail.outbox for one in leaks(f"{message.subject} {message.body}")
    ]
    for event in Event.objects.all():
        behind += [
            f"trail {event.verb}: {one}"
            for one in leaks(f"{event.summary} {json.dumps(event.details, ensure_ascii=False)}")
        ]
    assert not behind, "\n".join(sorted(set(behind)))

    # taken back, it is as before
    rights.revoke(by=security, user=world.users["复核"], reason="不再负责这项工作")
    seen.answers.clear()
    look(seen, batch, "复核")
    pages = unexplained(seen, set())
    assert not pages, "\n".join(sorted(set(pages)))


def test_the_net_catches_what_it_is_for(world: World) -> None:
    seen = Seen(world)
    child, guardian, identity, phone = CHILDREN["hand"]
    for text in (child, guardian, phone, mask_name(child), mask_id_staff(identity), VILLAGE):
        answer = Answer("审核", "GET", "/desk/", "", "", 200, f"前{text}后", "", "", "")
        seen.answers.append(answer)
        assert unexplained(seen, set()), text
        seen.answers.clear()
    assert leaks(readable(xlsx({"一": [["姓名"], [child]]}))) == {child}


def filed_child(world: World) -> Person:
    seen = Seen(world)
    by_hand(seen)
    return person_of("hand")


def test_the_right_is_given_and_taken_back_by_the_security_administrator_with_a_reason(world: World) -> None:
    person, user, security = filed_child(world), world.users["徐庄"], world.users["security_admin"]
    assert search_name(by=user, name="宋小希") == []
    with pytest.raises(NotAllowed, match="专项授权"):
        reveal(by=user, person=person, reason=REASON, fields=["name"])
    for who in ("审核", "system_admin", "auditor", "领导"):
        with pytest.raises(NotAllowed, match="只能由安全管理员"):
            rights.grant(by=world.users[who], user=user, reason="负责希望小屋")
    with pytest.raises(NotAllowed, match="自己的账号"):
        rights.grant(by=security, user=security, reason="负责希望小屋")
    for who in ("auditor", "partner"):
        with pytest.raises(ValidationError, match="只能授给山亭"):
            rights.grant(by=security, user=world.users[who], reason="负责希望小屋")
    with pytest.raises(ValidationError, match="至少5个字"):
        rights.grant(by=security, user=user, reason="好")
    given = rights.grant(by=security, user=user, reason="负责希望小屋回访")
    with pytest.raises(ValidationError, match="已有这项权限"):
        rights.grant(by=security, user=user, reason="负责希望小屋回访")
    shown = reveal(by=user, person=person, reason=REASON, fields=["name", "guardian"])
    assert shown == {"name": "宋小希", "guardian": "孟桂兰，13977001001"}
    assert search_name(by=user, name="宋小希") == [person]
    # another township's clerk with the right sees their own children only
    rights.grant(by=security, user=world.users["店子"], reason="负责希望小屋回访")
    assert not people_for(world.users["店子"]).filter(pk=person.pk).exists()
    rights.revoke(by=security, user=user, reason="调整分工不再负责")
    assert not people_for(user).filter(pk=person.pk).exists()
    given.refresh_from_db()
    assert (given.granted_by, given.revoked_by, given.reason) == (security, security, "负责希望小屋回访")
    assert [one.pk for one in rights.grants_of(user)] == [given.pk]
    said = Event.objects.filter(verb__startswith="grant.", target=f"directory.user:{user.pk}")
    assert said.filter(outcome="done").count() == 2
    assert said.filter(outcome="refused").count() >= 4


def test_grants_and_guardians_are_never_rewritten(world: World) -> None:
    filed_child(world)
    given = rights.grant(
        by=world.users["security_admin"], user=world.users["徐庄"], reason="负责希望小屋回访"
    )
    guardian = Guardian.objects.get()
    for rows, change in (
        (Grant.objects.filter(pk=given.pk), {"reason": "另一个理由"}),
        (
            Guardian.objects.filter(pk=guardian.pk),
            {"person": Person.objects.exclude(pk=0).latest("pk").pk + 1},
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()
    rights.revoke(by=world.users["security_admin"], user=world.users["徐庄"], reason="不再负责这项工作")
    with pytest.raises(DatabaseError), transaction.atomic():
        Grant.objects.filter(pk=given.pk).update(revoked_at=None)


def test_the_users_page_gives_the_right_and_shows_who_gave_it(world: World) -> None:
    seen, user = Seen(world), world.users["徐庄"]
    security = seen.client("security_admin")
    security.get(f"/users/{user.pk}/")
    assert "查看受限儿童资料" in seen.last().text
    security.post(f"/users/{user.pk}/grant/", {"grant": "1", "reason": "好"})
    assert "至少5个字" in seen.last().text
    security.post(f"/users/{user.pk}/grant/", {"grant": "1", "reason": "负责希望小屋回访"})
    assert rights.may_see_restricted(user)
    seen.client("auditor").get(f"/users/{user.pk}/")
    assert "负责希望小屋回访" in seen.last().text
    for who in ("system_admin", "auditor", "审核", "徐庄"):
        seen.client(who).post(f"/users/{user.pk}/grant/", {"grant": "0", "reason": "不再负责这项工作"})
        assert seen.last().status == 403
    security.post(f"/users/{user.pk}/grant/", {"grant": "0", "reason": "不再负责这项工作"})
    assert not rights.may_see_restricted(user)
    security.get(f"/users/{world.users['partner'].pk}/")
    assert "查看受限儿童资料" not in seen.last().text
    assert scope_of(AnonymousUser()).organization_ids == frozenset()


def test_an_export_that_comes_back_says_nothing_new_and_its_withheld_cells_cannot_be_changed(
    world: World, tmp_path: Path
) -> None:
    seen = Seen(world)
    by_workbook(seen, tmp_path)
    unit, user = world.units["徐庄镇"], world.users["徐庄"]
    out = tmp_path / "out.xlsx"
    call_command("export_workbook", str(out), "--register", "hope_room", stdout=io.StringIO())
    assert leaks(readable(out.read_bytes())) == set()

    def imported(change: dict[str, Any]) -> dict[str, Any]:
        book = load_workbook(out)
        sheet = book.active
        assert sheet is not None
        for heading, value in change.items():
            heads = [str(cell.value) for cell in sheet[4]]
            number = next(n for n, head in enumerate(heads, 1) if head.startswith(heading))
            sheet.cell(5, number).value = value
        changed = tmp_path / "changed.xlsx"
        book.save(changed)
        said = io.StringIO()
        given = ["--organization", unit.code, "--period", "2022Q2", "--as", user.username, "--json"]
        with suppress(CommandError, SystemExit):
            call_command("import_workbook", str(changed), *given, stdout=said)
        found: dict[str, Any] = json.loads(said.getvalue())
        return found

    report = imported({})
    assert (report["added"], report["changed"], report["unchanged"], report["errors"]) == (0, 0, 1, [])
    for heading in ("儿童姓名", "儿童身份证号", "镇村", "监护人电话"):
        report = imported({heading: "店子镇" if heading == "镇村" else "别的"})
        assert [error["column"] for error in report["errors"]] == [heading], heading
        assert "不能在表里改" in report["errors"][0]["message"]
    report = imported({"备注": "床已送到"})
    assert (report["changed"], report["errors"]) == (1, [])
    row = actions.detail_of(Entry.objects.unscoped("测试").filter(register="hope_room").latest("pk"))
    assert (row.note, row.person.name, row.guardian.said()) == (
        "床已送到",
        "韩知夏",
        ("贺素云", "13977001002"),
    )
    assert row.division.name == f"{VILLAGE}委会"


def test_files_of_other_registers_keep_their_names(world: World) -> None:
    upload = SimpleUploadedFile("发票.pdf", PDF)
    kept = evidence.store(by=world.users["徐庄"], organization=world.units["徐庄镇"], upload=upload)
    assert kept.name == "发票.pdf"
    assert evidence.may_open(world.users["审核"], kept)
