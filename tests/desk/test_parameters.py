"""参数与期限: everything the bureau may change is on one page, is changed with a reason, and rules go by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aid.models import Wish
from aid.rules import wish_warnings
from audit.models import Event
from dashboard.lights import thresholds
from directory.models import Organization, Person
from labor import handovers
from labor.models import Placement, RosterHandover
from labor.placements import decide_placements
from ledger.filings import FilingState, reminders
from ledger.models import Filing, Period, Threshold, ThresholdChange
from ledger.parameters import all_groups, read_once
from ledger.periods import ensure_quarter
from ledger.registers import Parameter
from talent.models import Secondment, SupportPost
from talent.rules import decide_secondments, secondment_warnings, support_warnings
from tests.desk.cast import page_text
from tests.desk.conftest import Browse
from tests.ledger.world import World

pytestmark = pytest.mark.alike

EVERY = [parameter for group in all_groups() for parameter in group.parameters]
APPS = ("ledger", "funds", "projects", "labor", "talent", "aid", "liaison", "desk", "workbooks", "dashboard")
YEARS = count(2031)


def secondment(months: int, kind: str = "cadre") -> Secondment:
    return Secondment(
        kind=kind, direction="out", state="there", starts_on=date(2022, 1, 1), planned_months=months
    )


def counts(row: Any, decide: Callable[[Any], None], name: str) -> bool:
    decide([(row, {})])
    return bool(getattr(row, name))


def placement(months: int) -> Placement:
    first = date(2022, 1, 1)
    return Placement(place="荣成", starts_on=first, ends_on=date(2022, 6, 30), months=months)


def days_after(name: str) -> int:
    """How many days after its end a quarter made now has its date."""
    period = ensure_quarter(date(next(YEARS), 2, 1))
    on: date = getattr(period, name)
    return (on - period.ends_on).days


def claimed(days: int) -> Wish:
    on = timezone.localdate() - timedelta(days=days)
    return Wish(state="claimed", collected_on=on, claimed_on=on, person=Person())


def handed_over() -> RosterHandover:
    end = date(2022, 3, 31)
    return RosterHandover(
        quarter_ends_on=end, sent_on=end + timedelta(days=15), people=1, receiver=Organization()
    )


def reminded(days: int) -> list[str]:
    """Of what is due in that many days; negative: it was due."""
    due = date(2022, 7, 5)
    filing = Filing(organization=Organization(code="x"), period=Period(code="2022Q2"), due_on=due)
    state = FilingState(filing, "", "not_filed", "", 0, 0, 0, False, None)
    return [one.code for one in reminders([state], due - timedelta(days=days))]


# code → (another value, what a rule then says differently); a parameter of a rule not listed here must be read by one
RULES: dict[str, tuple[int, Callable[[], object]]] = {
    "period_due_days": (6, lambda: days_after("due_on")),
    "period_review_days": (9, lambda: days_after("review_due_on")),
    "period_report_days": (12, lambda: days_after("report_due_on")),
    "remind_first_days": (10, lambda: reminded(8)),
    "remind_again_days": (3, lambda: reminded(2)),
    "remind_late_days": (3, lambda: reminded(-2)),
    "light_yellow_pp": (5, lambda: thresholds()["light_yellow_pp"]),
    "light_red_pp": (20, lambda: thresholds()["light_red_pp"]),
    "year_end_yellow": (90, lambda: thresholds()["year_end_yellow"]),
    "return_days": (5, lambda: thresholds()["return_days"]),
    "review_days": (5, lambda: thresholds()["review_days"]),
    "handover_days": (20, lambda: handovers.warnings(handed_over())),
    "stable_months": (6, lambda: counts(placement(4), decide_placements, "is_stable")),
    "placement_months": (5, lambda: counts(placement(4), decide_placements, "is_counted")),
    "secondment_months": (3, lambda: counts(secondment(4), decide_secondments, "is_counted")),
    "expert_months": (6, lambda: secondment_warnings(secondment(4, "expert"))),
    "teaching_months": (6, lambda: support_warnings(SupportPost(kind="teacher", planned_months=10))),
    "wish_days": (10, lambda: wish_warnings(claimed(20))),
}


def set_to(browse: Browse, parameter: Parameter, value: object, **more: str) -> Any:
    seen = str(parameter.exact())
    form = {"value": str(value), "seen": seen, "reason": "局务会议定", **more}
    return browse("审核").post(f"/desk/parameters/{parameter.code}/", form)


def test_every_declared_parameter_is_on_the_page_with_value_default_and_note(browse: Browse) -> None:
    text = page_text(browse("审核").get("/desk/parameters/"))
    for parameter in EVERY:
        assert parameter.name in text
        assert parameter.note in text
        assert f"/desk/parameters/{parameter.code}/" in text
    assert len({one.code for one in EVERY}) == len(EVERY)


@pytest.mark.parametrize("parameter", EVERY, ids=lambda one: one.code)
def test_changing_a_parameter_changes_what_goes_by_it(browse: Browse, parameter: Parameter) -> None:
    # one more; of the last month of the year, one less
    other = parameter.default + (1 if parameter.code != "result_month" else -1)
    other, rule = RULES.get(parameter.code, (other, parameter.value))
    before = rule()
    assert set_to(browse, parameter, other).status_code == 302
    assert parameter.exact() == other
    assert rule() != before
    assert f"{other} {parameter.unit}" in page_text(browse("审核").get(f"/desk/parameters/{parameter.code}/"))


def test_rules_read_the_value_and_never_the_default() -> None:
    """A declared parameter that nobody reads would be a switch without a wire."""
    texts = {
        path: path.read_text("utf-8")
        for app in APPS
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py")
        if "migrations" not in path.parts
    }
    # the page shows the default, the action goes back to it
    may = {"registers.py", "parameters.py", "bookkeeping.py"}
    assert [path.name for path, text in texts.items() if re.search(r"[A-Z]\.default\b", text)] == []
    assert [p.name for p, t in texts.items() if "parameter.default" in t and p.name not in may] == []
    for parameter in EVERY:
        declared = [t for t in texts.values() if re.search(rf'Parameter\(\s*"{parameter.code}"', t)]
        assert len(declared) == 1, parameter.code
        named = re.search(rf'(\w+) = Parameter\(\s*"{parameter.code}"', declared[0])
        reads = f'"{parameter.code}"]' if named is None else rf"\b{named[1]}\.(value|exact)\(\)"
        pattern = re.escape(reads) if named is None else reads
        assert any(re.search(pattern, text) for text in texts.values()), f"{parameter.code} is read nowhere"


def test_who_changed_it_when_and_why_is_kept_and_the_default_comes_back(browse: Browse, world: World) -> None:
    parameter = next(one for one in EVERY if one.code == "wish_days")
    set_to(browse, parameter, 45)
    set_to(browse, parameter, "", action="default")
    assert parameter.value() == 30
    assert not Threshold.objects.filter(code="wish_days").exists()
    rows = [(c.old, c.new, c.reason, c.by) for c in ThresholdChange.objects.order_by("pk")]
    by = world.users["审核"]
    assert rows == [(None, Decimal(45), "局务会议定", by), (Decimal(45), None, "局务会议定", by)]
    said = list(Event.objects.filter(verb="parameter.set").order_by("pk").values_list("summary", flat=True))
    assert said[0] == "参数“微心愿认领后送达期限”由 30 改为 45 天"
    assert said[1].endswith("（恢复默认）")
    text = page_text(browse("徐庄").get("/desk/parameters/wish_days/"))
    assert "局务会议定" in text
    assert "30（默认）" in text


@pytest.mark.parametrize(
    ("value", "said"),
    [("-1", "应在 0 到 365 天之间"), ("366", "应在 0 到 365 天之间"), ("1.5", "应为整数"), ("多", "请填数字"),
     ("", "请填写新值"), ("30", "现在就是 30 天")],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_at_its_field(browse: Browse, value: str, said: str) -> None:
    parameter = next(one for one in EVERY if one.code == "wish_days")
    answer = set_to(browse, parameter, value)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert parameter.value() == 30
    assert set_to(browse, parameter, 40, reason=" ").status_code == 422


def test_who_saw_another_value_is_told_instead_of_writing_over_it(browse: Browse) -> None:
    parameter = next(one for one in EVERY if one.code == "wish_days")
    set_to(browse, parameter, 45)
    answer = set_to(browse, parameter, 50, seen="30")
    assert "刚被改为 45 天" in answer.content.decode()
    assert parameter.value() == 45


def test_only_the_bureau_changes_and_administrators_read(browse: Browse, world: World) -> None:
    parameter = next(one for one in EVERY if one.code == "wish_days")
    form = {"value": "40", "seen": "30", "reason": "试"}
    for who in ("徐庄", "财政"):
        assert browse(who).get("/desk/parameters/").status_code == 200
        assert browse(who).post("/desk/parameters/wish_days/", form).status_code == 403
    boss = world.users["北庄"]
    boss.role, boss.organization = "system_admin", None
    boss.save()
    assert browse("北庄").get("/desk/parameters/wish_days/").status_code == 200
    assert browse("北庄").post("/desk/parameters/wish_days/", form).status_code == 403
    assert parameter.value() == 30
    assert browse("领导").post("/desk/parameters/wish_days/", form).status_code == 302
    assert browse("审核").get("/desk/parameters/unknown/").status_code == 404


@pytest.mark.django_db
def test_a_batch_reads_them_once_however_many_rows_ask() -> None:
    with read_once(), CaptureQueriesContext(connection) as queries:
        for days in range(40, 90):
            wish_warnings(claimed(days))
            support_warnings(SupportPost(kind="teacher", planned_months=10))
    assert len(queries) == 1
