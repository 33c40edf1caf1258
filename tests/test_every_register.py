"""What every register can do, generated from the declarations: a new one is tried as soon as it is declared.

Through the web form: draft, file, return with a remark at every field, resubmit, approve, next step, correct, reverse;
what moves is what the row says, its evidence is asked for, its export comes back unchanged, and to another unit none
of its addresses exists. What is typed comes from the columns; only what a rule asks beyond them stands in WANTED.
"""

from __future__ import annotations

import io
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Event
from desk import urls as desk_urls
from directory import facts
from directory.models import Division, Organization, Person, User
from ledger import actions
from ledger.forms import RegisterForm
from ledger.making import BENEFIT
from ledger.models import Account, Draft, Entry, Period, PersonDetail, Subject
from ledger.parsing import Known, Raw, parse
from ledger.registers import Column, Register, all_registers
from ledger.verify import verify
from tests.desk.cast import page_text, stored, upload
from tests.kept import kept
from tests.labor.conftest import number
from tests.ledger.world import World
from tests.registers import ON, a_county, count
from workbooks import planning, reading, writing
from workbooks.report import Report
from workbooks.sheets import NUMBER

REMARK = "请核对这一栏"
REASON = {"correction_reason": "原来填错"}
# column → what is typed instead of what its kind suggests (None: nothing); "who" files, if not the first who may;
# OTHERS: what is typed in optional columns that are not named
OTHERS = "*"
WANTED: dict[str, dict[str, str | None]] = {
    "fund_flow": {
        **dict.fromkeys(
            ("line", "unit", "adjust_level", "other_line", "other_unit", "recall_from", "payee", "invoice_no")
        ),
        "contract_no": None,
        "event": "到位",
        "who": "财政",
    },
    "training_course": {"estimate": None},  # counts until there is a roster: tests/labor/test_counting.py
    "enterprise_lead": {"credit_code": "91350100M000100Y43"},
    "donation": {"worth": None},
    "roster": {
        "id_number": "990000197906120027",
        "sex": "女",
        "skill": "普通劳动力",
        "household_type": "脱贫户",
        "schooling": None,
        "risk_removed": None,
    },
    "roster_handover": {"receiver": "rc", "roster_on": "2022-06-30", "sent_on": "2022-07-04"},
    "support_work": dict.fromkeys(("lessons", "observed", "seminars", "trained", "pupils")),
    "wish": {"state": "认领", "delivered_on": None},
    "project": {  # only in reserve
        OTHERS: None,
        "line": "2022-04",
        "state": "储备",
        "total": "100",
        "fund": "100",
        "listed_on": "2022-05-10",
        "note": "试验备注",
    },
    "hope_room": {
        "id_number": "990000201403150012",  # eight years old on the day of the 评审
        "state": "随访",
        "cancelled_on": None,
        "cancel_reason": None,
    },
    "notice": {"shown": "2022.5.1-5.10"},
    "asset": {"line": None},  # one of a project waits for its audited figure: tests/projects/test_records.py
    "pv_station": {"shares": "徐庄镇湖沟村 100%"},
    "pv_yield": {"received_on": "2022-07-10"},
}
# what must be in force before, beside what its columns point at
FIRST = {"pv_share": ["pv_yield"], "roster_handover": ["roster"], "project_progress": ["project"]}
# what a next step needs beside a new remark
STEPS: dict[str, dict[str, str]] = {
    "project": {"state": "planned", "planned_on": "2022-05-20", "plan_no": "山乡振发〔2022〕10号"},
    "wish": {"state": "delivered", "delivered_on": "2022-05-20"},
}
SAMPLES = {
    "integer": "2",
    "money": "1000",
    "date": "2022-05-10",
    "dates": "2022-05-10",
    "month": None,  # for people without a number
    "yesno": "是",
    "identity": number(1),
    "phone": "13800000001",
    "person_name": "试验童",
    "village": "徐庄镇湖沟村",
    "organization": "370406106",
    "line": "2022-04",
    "percent": "60%",
    "decimal": "12.5",
}
# 人员合并 is the ledger's own: filed from a person's page by reviewers, tried in tests/ledger/test_merging.py
OF_THE_LEDGER = {"person_merge"}
EVERY = [code for code, one in all_registers().items() if one.columns and code not in OF_THE_LEDGER]


def declares(register: Register) -> set[str]:
    """What the register says for itself, and what kinds of columns it has."""
    own = {one.name for one in fields(register) if getattr(register, one.name) != default(one)}
    return own | {f"column of {column.kind}" for column in register.columns}


def default(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def few_that_declare_all() -> set[str]:
    """Registers which together declare whatever any of them does: these are tried on both engines each day."""
    said = {code: declares(all_registers()[code]) for code in EVERY}
    left, few = set().union(*said.values()), set[str]()
    while left:
        most = max(EVERY, key=lambda code: len(said[code] & left))
        few.add(most)
        left -= said[most]
    return few


FEW = few_that_declare_all()


def test_only_the_ledgers_own_and_made_up_registers_are_left_out() -> None:
    left_out = {code for code in all_registers() if code not in EVERY}
    made_up = {code for code, one in all_registers().items() if one.model.__module__.startswith("tests.")}
    assert left_out - made_up == OF_THE_LEDGER


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(ON.year, ON.month, ON.day, 2, 0, tzinfo=UTC), tick=True):
        yield


@kept
def world() -> World:
    """tests/registers.py a_county, with a village and somebody of 荣成."""
    made = a_county()
    town = made.units["徐庄镇"].division
    Division.objects.create(code="370406106201", name="湖沟村", level="village", parent=town)
    partner = Organization.objects.create(
        code="rc", name="荣成市协作办", short_name="荣成协作办", kind="partner", side="rongcheng"
    )
    made.units["荣成"] = partner
    made.users["荣成"] = User.objects.create(
        username="rongcheng",
        full_name="荣成",
        organization=partner,
        role=User.Role.PARTNER,
        must_change_password=False,
        password_changed_at=timezone.now(),
    )
    return made


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=[] if code in FEW else pytest.mark.alike) for code in EVERY]
)
def test_the_whole_way(world: World, code: str) -> None:
    way = Way(world, all_registers()[code])
    before = standing()  # what it points at is there already
    entry = way.drafted_and_filed()
    way.is_hidden_from_others(entry)
    entry = way.returned_and_filed_again(entry)
    way.approved_with_its_evidence(entry)
    moved = moves(way.register, actions.detail_of(entry))
    assert changes(before) == moved
    way.counts_what_it_declares(entry, before)
    way.exported_and_brought_back(entry)
    if way.register.next_step:
        step = way.filed_from(entry, "step", STEPS.get(code, {}))
        assert step.kind == Entry.Kind.STEP
        assert changes(before) == moves(way.register, actions.detail_of(step))
        entry = step
    entry = way.filed_from(entry, "correct", REASON)
    assert entry.kind == Entry.Kind.CORRECTION
    assert changes(before) == moves(way.register, actions.detail_of(entry))
    last: Entry | None = entry
    while last is not None:
        last = way.reversed(last)
    assert changes(before) == {}
    assert list(verify()) == []


def test_someone_in_training_who_finds_work_is_no_further_beneficiary(world: World) -> None:
    Way(world, all_registers()["training_attendance"]).in_force()
    assert (count(BENEFIT), count("trained_or_employed"), count("employed_people")) == (1, 1, 0)
    Way(world, all_registers()["placement"]).in_force()
    assert (count(BENEFIT), count("trained_or_employed"), count("employed_people")) == (1, 1, 1)
    assert list(verify()) == []


def test_cadres_doctors_volunteers_and_the_roster_never_reach_the_5000(world: World) -> None:
    never = {code for code in EVERY if BENEFIT not in all_registers()[code].counts}
    tried = {code for code in never if all_registers()[code].names_person} | {"volunteering"}
    assert tried >= {"secondment", "support_post", "roster"}
    for code in sorted(tried):
        Way(world, all_registers()[code]).in_force()
    # whoever they are: the one who was named is of a 脱贫户
    for person in Person.objects.all():
        known = facts.Fact(person.pk, facts.HOUSEHOLD, "lifted", date(2022, 1, 1))
        facts.add_facts(by=world.users["局里"], facts=[known], source="名录")
    for code in sorted(tried):
        entry = Entry.objects.unscoped("测试").filter(register=code).latest("pk")
        corrected = Way(world, all_registers()[code]).filed_from(entry, "correct", REASON)
        row = actions.detail_of(corrected)
        assert not all_registers()[code].names_person or row.eligible
    assert count(BENEFIT) == 0
    assert list(verify()) == []


# --- what moves --------------------------------------------------------------------------------------------------


def standing() -> dict[int, int]:
    """Account → its balance."""
    return dict(Account.objects.values_list("pk", "balance"))


def changes(before: Mapping[int, int]) -> dict[int, int]:
    """Account → how much it has changed since; only what has."""
    return {pk: now - before.get(pk, 0) for pk, now in standing().items() if now != before.get(pk, 0)}


def moves(register: Register, row: Any) -> dict[int, int]:
    """Account → what approving the row alone does to it, as its legs and claims say."""
    found: Counter[int] = Counter()
    for leg in register.legs(row):
        found[leg.target.pk] += leg.amount
        found[leg.source.pk] -= leg.amount
    for claim in register.claims(row):
        if claim.eligible:
            found[claim.account.pk] += 1
            outside = Account.objects.get(plan=row.plan, stage="outside", unit=claim.account.unit)
            found[outside.pk] -= 1
    return {pk: amount for pk, amount in found.items() if amount}


# --- what is typed -----------------------------------------------------------------------------------------------


@dataclass
class Way:
    """One register on its way through the pages: its clerk, the reviewer, and those who must see nothing of it."""

    world: World
    register: Register
    clerk: Client = field(init=False)
    reviewer: Client = field(init=False)
    who: str = field(init=False)
    typed: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        first = [name for name in ("徐庄", "局里", "荣成") if self.register.may_file(self.unit(name))]
        wanted = WANTED.get(self.register.code, {})
        self.who = wanted.get("who") or first[0]
        self.clerk, self.reviewer = self.client(self.who), self.client("审核")
        for code in FIRST.get(self.register.code, []):
            in_force(self.world, code)
        self.typed = self.from_columns()

    def unit(self, name: str) -> Organization:
        organization = self.world.users[name].organization
        assert organization is not None
        return organization

    def client(self, name: str) -> Client:
        client = Client()
        client.force_login(self.world.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    def from_columns(self) -> dict[str, str]:
        """Column → what a sheet would say; what a subject points at is filed and approved first."""
        wanted = WANTED.get(self.register.code, {})
        found: dict[str, str] = {}
        for column in self.register.columns:
            left_out = OTHERS in wanted and not column.required
            text = wanted.get(column.name) if column.name in wanted or left_out else self.sample(column)
            if text is not None:
                found[column.name] = text
        return found

    def sample(self, column: Column) -> str | None:
        if column.kind == "subject":
            return f"{in_force(self.world, column.register).pk}号"
        if column.kind == "choice":
            return column.choices[0][1]
        if column.kind == "text":
            limits = {f.name: getattr(f, "max_length", None) for f in self.register.model._meta.fields}
            return (column.example or f"试验{column.label}")[: limits.get(column.name) or 20]
        return SAMPLES[column.kind] if column.kind == "village" else column.example or SAMPLES[column.kind]

    def made(self) -> Any:
        """The row of what is typed, unsaved."""
        known = Known(user=self.world.users[self.who], on=ON, year=2022)
        values = {
            column.name: parse(column, Raw(self.typed.get(column.name, ""), unit="元"), known)
            for column in self.register.columns
        }
        assert self.register.make is not None
        (made,) = self.register.make([values], self.world.users[self.who], ON)
        assert made.row is not None, f"say in WANTED what {self.register.code} needs: {made.errors}"
        return made.row

    def in_force(self) -> Entry:
        """Filed and approved, without the pages."""
        user = self.world.users[self.who]
        entry = actions.submit(
            by=user, on=ON, register=self.register, row=self.made(), evidence=[stored(user)]
        )
        actions.approve(by=self.world.users["审核"], on=ON, entry=entry, version=1)
        entry.refresh_from_db()
        return entry

    def posted(self) -> dict[str, Any]:
        """What the form sends."""
        form = self.register.form()
        if not issubclass(form, RegisterForm):
            own: Any = form
            return given(own.initial_from(self.made()))
        codes = {
            column.name: {label: code for code, label in reversed(column.choices)}
            for column in self.register.columns
        }
        return {name: codes[name].get(text, text) for name, text in self.typed.items()}

    # --- the pages ------------------------------------------------------------------------------------------------

    def drafted_and_filed(self) -> Entry:
        """Kept as a draft, found again, filed without a file."""
        url = f"/desk/new/{self.register.code}/"
        page = page_text(self.clerk.get(url, follow=True))
        assert [c.label for c in self.register.columns if c.label not in page and c.required] == []
        token, typed = str(uuid.uuid4()), self.posted()
        known = set(Entry.objects.unscoped("测试").values_list("pk", flat=True))
        self.clerk.post(f"{url}?token={token}", {**typed, "token": token, "action": "draft"})
        assert Draft.objects.filter(token=token).exists()
        again = self.clerk.get(f"{url}?token={token}").context["form"].initial
        assert {name: str(again[name]) for name in typed} == {name: str(typed[name]) for name in typed}
        sent(self.clerk, f"{url}?token={token}", {**again, "token": token, "action": "submit"})
        (entry,) = Entry.objects.unscoped("测试").exclude(pk__in=known)
        assert (entry.state, entry.kind, entry.version) == ("submitted", "new", 1)
        assert not Draft.objects.filter(token=token).exists()
        return entry

    def returned_and_filed_again(self, entry: Entry) -> Entry:
        """Sent back with a remark at every field, which the clerk reads there; masked values stay what they are."""
        fields = [c.name for c in self.register.columns if c.name in self.register.form().base_fields]
        self.decide(entry, decision="return", **{f"remark-{name}": f"{REMARK}{name}" for name in fields})
        url = f"/desk/entries/{entry.pk}/edit/"
        page = self.clerk.get(url, follow=True)
        missing = [name for name in fields if f"{REMARK}{name}" not in page_text(page)]
        assert missing == []
        before = actions.detail_of(entry)
        self.send_again(url, page, {self.free_text().name: "改过"}, files=[])
        entry.refresh_from_db()
        assert (entry.state, entry.version) == ("submitted", 2)
        row = actions.detail_of(entry)
        if isinstance(row, PersonDetail):
            assert row.person_id == before.person_id
        changed = {**self.register.values(before), self.free_text().name: "改过"}
        assert self.register.values(row) == changed
        return entry

    def free_text(self) -> Column:
        """A text that is no part of what the row is about."""
        texts = [c for c in self.register.columns if c.kind == "text" and not c.personal]
        return next((c for c in texts if c.name == "note"), texts[-1])

    def decide(self, entry: Entry, **answer: str) -> Any:
        entry.refresh_from_db()
        return self.reviewer.post(f"/desk/entries/{entry.pk}/decide/", {"version": entry.version, **answer})

    def approved_with_its_evidence(self, entry: Entry) -> None:
        """Refused while its papers are missing, approved with them."""
        rule = self.register.evidence_rule(actions.detail_of(entry))
        if rule:
            assert rule in page_text(self.decide(entry, decision="approve"))
            entry.refresh_from_db()
            assert entry.state == "submitted"
            attached = {"version": entry.version, "files": upload()}
            self.clerk.post(f"/desk/entries/{entry.pk}/attach/", attached)
        self.approve(entry)

    def approve(self, entry: Entry) -> None:
        answer = self.decide(entry, decision="approve")
        entry.refresh_from_db()
        assert entry.state == "approved", page_text(answer)

    def send_again(self, url: str, page: Any, typed: Mapping[str, Any], files: Sequence[Any]) -> None:
        """The form as the page shows it, with some of it typed anew."""
        sheet = page.context["sheet"]
        sent(
            self.clerk,
            f"{url}?token={sheet.token}",
            {
                **page.context["form"].initial,
                "token": sheet.token,
                "version": sheet.version,
                "action": "submit",
                **typed,
                "files": files,
            },
        )

    def filed_from(self, entry: Entry, what: str, typed: Mapping[str, str]) -> Entry:
        """A next step or a correction of the entry in force, approved."""
        url = f"/desk/entries/{entry.pk}/{what}/"
        page = self.clerk.get(url, follow=True)
        self.send_again(url, page, {self.free_text().name: what, **typed}, files=[upload(f"{what}.pdf")])
        made = Entry.objects.unscoped("测试").latest("pk")
        assert made.pk != entry.pk
        self.approve(made)
        return made

    def reversed(self, entry: Entry) -> Entry | None:
        """Taken back; returns what stands again."""
        url = f"/desk/entries/{entry.pk}/reverse/"
        assert self.clerk.post(url, {"reason": "重复填报", "token": uuid.uuid4()}).status_code == 302
        self.approve(Entry.objects.unscoped("测试").latest("pk"))
        entry.subject.refresh_from_db()
        return entry.subject.in_force

    # --- who sees it, what it counts, how it comes back ----------------------------------------------------------

    def is_hidden_from_others(self, entry: Entry) -> None:
        """No address of the entry exists for a unit it does not concern."""
        concerned = set(entry.concerns.values_list("organization__short_name", flat=True))
        others = [name for name in ("店子", "荣成") if self.unit(name).short_name not in concerned]
        assert "店子" in others
        file = stored(self.world.users[self.who])
        actions.attach(
            by=self.world.users[self.who], on=ON, entry=entry, version=entry.version, evidence=[file]
        )
        of_entries = [
            str(one.pattern) for one in desk_urls.urlpatterns if "entries/<int:pk>" in str(one.pattern)
        ]
        addresses = [f"/desk/{one.replace('<int:pk>', str(entry.pk))}" for one in of_entries]
        addresses += [f"/desk/entries/{entry.pk}/?version=1", f"/desk/evidence/{file.pk}/"]
        for name in others:
            client = self.client(name)
            for address in addresses if name == "店子" else addresses[:2] + addresses[-2:]:
                refused = {404} if name == "店子" else {404, 403}  # the desk is not the partner's
                assert client.get(address).status_code in refused, address
                if name == "店子" and "?" not in address:
                    assert client.post(address, {"version": 1}).status_code == 404, address
            for listed in (f"/desk/entries/?register={self.register.code}", self.export_address(entry)):
                assert f"entries/{entry.pk}/" not in client.get(listed, follow=True).content.decode("latin-1")

    def export_address(self, entry: Entry) -> str:
        assert entry.filing is not None
        return (
            f"/workbooks/export/?register={self.register.code}&organization={entry.filed_for.code}"
            f"&period={entry.filing.period.code}"
        )

    def counts_what_it_declares(self, entry: Entry, before: Mapping[int, int]) -> None:
        """Each counting rule has moved by what the declaration says of the row."""
        row = actions.detail_of(entry)
        expected = {code: how_many(row) for code, how_many in self.register.adds.items()}
        for code, does in self.register.counts.items():
            expected[code] = int(does(row) and (code != BENEFIT or row.eligible))
        found = changes(before)
        for code, amount in expected.items():
            account = Account.objects.get(code=f"{row.plan.code}/target/{code}")
            assert (code, found.get(account.pk, 0)) == (code, amount)

    def exported_and_brought_back(self, entry: Entry) -> None:
        """Unchanged it says nothing new; one cell changed is one change; a masked one typed over is an error."""
        if self.register.is_personal:
            asked = self.clerk.get(self.export_address(entry))
            assert "导出理由" in page_text(asked)
            assert Event.objects.filter(verb="workbook.exported").count() == 0
        answer = self.clerk.post(self.export_address(entry), {"reason": "试验：报市局台账"})
        told = Event.objects.filter(verb="workbook.exported").latest("pk")
        assert ("试验：报市局台账" in told.summary) is self.register.is_personal
        data = b"".join(answer) if answer.streaming else answer.content
        sheet = load_workbook(io.BytesIO(data)).active
        assert sheet is not None
        headings = [str(cell.value) for cell in sheet[4]]
        first = 6 if writing.GROUP in headings else 5  # 其中 stands in a row of its own
        column = headings.index(NUMBER) + 1
        assert [sheet.cell(row, column).value for row in (first, first + 1)] == [entry.pk, None]
        (read,) = reading.read(data)
        report = self.imported(entry, read)
        assert (report.errors, report.warnings) == ([], [])
        assert (report.rows, report.added, report.changed, report.unchanged) == (1, 0, 0, 1)
        free = self.free_text()
        report = self.imported(entry, typed_over(read, first, [headings.index(free.label)], "又改了"))
        assert (report.errors, report.changed) == ([], 1)
        assert report.changes[0].columns == [(free.label, "改过", "又改了")]
        masked = [
            n for n, c in enumerate(self.register.columns) if c.personal and sheet.cell(first, n + 1).value
        ]
        if masked:
            report = self.imported(entry, typed_over(read, first, masked, "别的"))
            assert [one.cell for one in report.errors] == [
                sheet.cell(first, n + 1).coordinate for n in masked
            ]
            assert (report.added, report.changed, report.bad_rows) == (0, 0, 1)

    def imported(self, entry: Entry, sheet: reading.Sheet) -> Report:
        assert entry.filing is not None
        period = Period.objects.get(pk=entry.filing.period_id)
        up = planning.Upload(b"", "导出.xlsx", entry.filed_for, period, cells=b"read before")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(planning, "sheets_of", lambda cells: [sheet])
            return planning.preview(by=self.world.users[self.who], on=ON, upload=up)


def in_force(world: World, code: str) -> Entry:
    """Some entry of the register that is in force; filed and approved if there is none."""
    found = Subject.objects.filter(register=code).exclude(in_force=None).select_related("in_force").first()
    return found.in_force if found and found.in_force else Way(world, all_registers()[code]).in_force()


def sent(client: Client, url: str, typed: Mapping[str, Any]) -> None:
    """A form that must be taken."""
    answer = client.post(url, given(typed))
    if answer.status_code != 302:
        raise AssertionError(f"{url}: {answer.context['sheet'].errors}")


def typed_over(sheet: reading.Sheet, only: int, indexes: Sequence[int], text: str) -> reading.Sheet:
    """The sheet with another text in some cells of its only row."""
    rows = [
        (number, [text if number == only and at in indexes else cell for at, cell in enumerate(cells)])
        for number, cells in sheet.rows
    ]
    return replace(sheet, rows=rows)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
