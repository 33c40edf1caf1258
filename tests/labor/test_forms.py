"""The two registers through the web, as a clerk and a reviewer use them; nothing here has a template of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from directory.models import Person
from labor.registers import TRAINING_ATTENDANCE, TRAINING_COURSE
from ledger import actions
from ledger.models import Draft, Entry
from tests.desk.cast import page_text, stored, the_entry
from tests.labor.conftest import Training, name, number

Browse = Callable[[str], Client]
TOKEN = "7f0c9a52-97a7-4a06-9b23-0f4b8f7bd{:03}"


@pytest.fixture
def browse(training: Training) -> Browse:
    def as_user(who: str) -> Client:
        client = Client()
        client.force_login(training.world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return as_user


def post(client: Client, register: str, typed: dict[str, Any], serial: int = 1) -> Any:
    token = TOKEN.format(serial)
    return client.post(f"/desk/new/{register}/?token={token}", {"token": token, "action": "submit", **typed})


def test_a_course_is_filed_listed_returned_corrected_and_approved(training: Training, browse: Browse) -> None:
    clerk, reviewer = browse("徐庄"), browse("审核")
    typed: dict[str, Any] = {
        "name": "食用菌种植班", "category": "farming", "host": "荣成市人社局", "held": "２０２２.6.6－6.10", "estimate": "约60人",
        "cost": "１.2万元",
    }  # fmt: skip
    wrong = page_text(post(clerk, "training_course", {**typed, "host": "", "held": "2022.6"}))
    assert "请填写举办单位" in wrong
    assert "请写明是哪一天" in wrong
    assert "食用菌种植班" in wrong
    assert post(clerk, "training_course", typed).status_code == 302
    entry = the_entry(register="training_course")
    assert entry.summary == "食用菌种植班 · 农业生产技能 · 2022-06-06 · 约 60 人，无花名册"
    assert "食用菌种植班" in page_text(clerk.get("/desk/entries/?register=training_course"))
    page = page_text(reviewer.get(f"/desk/entries/{entry.pk}/"))
    assert "12,000.00 元" in page
    assert "2022-06-06至2022-06-10" in page
    decide = f"/desk/entries/{entry.pk}/decide/"
    reviewer.post(decide, {"version": 1, "decision": "return", "reason": "", "remark-estimate": "请核对人数"})
    assert "请核对人数" in page_text(clerk.get(f"/desk/entries/{entry.pk}/edit/", follow=True))
    token = TOKEN.format(2)
    again = {**typed, "token": token, "action": "submit", "version": 1, "estimate": "55",
             "evidence": [stored(training.world.users["徐庄"]).pk]}  # fmt: skip
    assert clerk.post(f"/desk/entries/{entry.pk}/edit/?token={token}", again).status_code == 302
    reviewer.post(decide, {"version": 2, "decision": "approve"})
    assert training.counts()["人次"] == 55


def test_an_attendance_is_filed_by_hand_and_shown_masked(training: Training, browse: Browse) -> None:
    course = training.approve(training.course())
    clerk = browse("徐庄")
    typed = {
        "course": f"{course.pk}号", "name": name(1), "sex": "male", "id_number": number(1), "division": "徐庄镇",
        "category": "lifted", "phones": "13800001234", "qualified": "是", "subsidy": "300",
    }  # fmt: skip
    wrong = page_text(post(clerk, "training_attendance", {**typed, "sex": "female", "phones": "1234"}))
    assert "按身份证号应为男" in wrong or "电话" in wrong
    assert post(clerk, "training_attendance", typed).status_code == 302
    entry = the_entry(register="training_attendance")
    page = page_text(clerk.get(f"/desk/entries/{entry.pk}/"))
    assert "990000********" in page
    assert number(1) not in page
    assert "13800001234" not in page
    assert name(1) not in page
    listed = page_text(clerk.get("/desk/entries/"))
    assert number(1) not in listed
    assert name(1) not in listed
    # whoever is in the course already is refused, and told by which entry
    assert f"{entry.pk} 号" in page_text(post(clerk, "training_attendance", typed, 2))


def test_a_returned_attendance_keeps_the_person_where_the_masks_are_left_alone(
    training: Training, browse: Browse
) -> None:
    course = training.approve(training.course())
    entry = training.attends(course, 1, phones="13800001234")
    user = training.world.users["审核"]
    actions.return_entry(by=user, on=entry.occurred_on, entry=entry, version=1, reason="请补充")
    clerk = browse("徐庄")
    row = actions.detail_of(entry)
    shown = TRAINING_ATTENDANCE.form().initial_from(row)  # type: ignore[attr-defined]
    assert number(1) not in str(shown)
    token = TOKEN.format(3)
    typed = {k: v for k, v in shown.items() if v not in (None, "")}
    typed |= {"token": token, "action": "submit", "version": 1, "employer": "某食品公司"}
    assert clerk.post(f"/desk/entries/{entry.pk}/edit/?token={token}", typed).status_code == 302
    assert actions.detail_of(the_entry(pk=entry.pk)).person_id == row.person_id
    assert Person.objects.count() == 1


def test_a_number_in_a_text_column_is_refused_without_being_repeated(
    training: Training, browse: Browse
) -> None:
    course = training.approve(training.course())
    values = {"course": f"{course.pk}号", "name": name(1), "id_number": number(1), "category": "lifted"}
    form = TRAINING_ATTENDANCE.form()(  # type: ignore[call-arg]
        {**values, "certificate_no": number(1)}, user=training.world.users["徐庄"]
    )
    assert "身份证号" in form.errors["certificate_no"][0]
    assert number(1) not in str(form.errors)


def test_what_is_personal_is_not_kept_in_the_browser_and_drafts_have_no_names(
    training: Training, browse: Browse
) -> None:
    course = training.approve(training.course())
    clerk = browse("徐庄")
    page = page_text(clerk.get(f"/desk/new/training_attendance/?token={TOKEN.format(1)}"))
    assert page.count("data-private") >= 4
    post(clerk, "training_attendance",
         {"course": f"{course.pk}号", "name": name(1), "id_number": number(1), "action": "draft"})  # fmt: skip
    draft = Draft.objects.get()
    assert name(1) not in draft.title
    assert number(1) not in draft.body.token()


def test_the_first_screen_shows_training_approved_and_waiting(training: Training, browse: Browse) -> None:
    course = training.approve(training.course())
    training.approve(training.attends(course, 1))
    training.attends(course, 2)
    page = page_text(browse("领导").get("/overview/"))
    assert "技能培训" in page
    assert "含待审核 2" in page
    assert "（徐庄镇）" not in page  # the units' own counts are not the leader's list
    own = page_text(browse("徐庄").get("/overview/"))
    assert "参加培训" in own
    assert "含待审核 2" in own


@pytest.mark.alike
def test_the_list_of_attendances_asks_as_often_for_twenty_as_for_two(
    training: Training, browse: Browse
) -> None:
    course = training.approve(training.course())
    reviewer = browse("审核")

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            page_text(reviewer.get("/desk/review/"))
            page_text(reviewer.get("/desk/entries/?register=training_attendance"))
        return len(caught)

    for serial in range(2):
        training.attends(course, serial)
    few = queries()
    for serial in range(2, 20):
        training.attends(course, serial)
    assert queries() <= few + 1


def test_the_admin_shows_rows_masked_to_the_bureau_and_to_nobody_else(
    training: Training, browse: Browse
) -> None:
    course = training.approve(training.course())
    row = actions.detail_of(training.attends(course, 1))
    url = f"/admin/labor/trainingattendance/{row.pk}/change/"
    page = page_text(browse("审核").get(url))
    assert number(1) not in page
    assert name(1) not in page
    assert "99*************" in page
    assert browse("徐庄").get(url).status_code in (302, 403)
    assert TRAINING_COURSE.columns
    assert Entry.objects.unscoped("测试").exists()
