"""A leader rules on an open question: it is kept, and it shows wherever the number shows."""

from __future__ import annotations

import re

import pytest

from audit.models import Event
from ledger.models import OpenQuestion, Ruling, Transfer
from tests.dashboard.conftest import Browse
from tests.dashboard.test_pages import text
from tests.ledger.stories import Story


def rule(
    browse: Browse, code: str, reading: str, who: str = "领导", reason: str = "联席会议 2022-05-29"
) -> int:
    response = browse(who).post(f"/questions/2022/{code}/", {"reading": reading, "reason": reason})
    return response.status_code


def test_every_question_is_listed_with_its_readings_and_flagged_beside_its_numbers(
    year: Story, browse: Browse
) -> None:
    page = text(browse("领导"), "/questions/")
    assert "有 12 处矛盾或没有写明，已裁定 0 处" in page
    for question in OpenQuestion.objects.all():
        assert f"{question.code} {question.title}" in page
        assert question.statement.strip() in page
        assert all(reading["label"] in page for reading in question.readings)
    assert "作出裁定" in page
    assert "作出裁定" not in text(browse("徐庄"), "/questions/")
    home = text(browse("领导"), "/overview/")
    for code in ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12"):
        assert f"{code} 待定" in home, code


def test_the_ruling_on_137_shows_on_every_page_and_moves_no_money(year: Story, browse: Browse) -> None:
    before = Transfer.objects.count()
    figures = browse("领导").get("/api/plans/2022/summary").json()["money"]
    assert rule(browse, "C1", "text313_137") == 302
    label = "荣成市级 313 万元，山亭区级 137 万元，共 450 万元（按正文）"
    for url in (
        "/overview/",
        "/lines/2022-03/",
        "/lines/2022-04/",
        "/figures/2022/137/spent/",
        "/figures/2022/total/arranged/",
        "/figures/2022/2022-05/spent/",
    ):
        page = text(browse("审核"), url)
        assert "C1 已裁定" in page, url
        assert f"按裁定：{label}" in page, url
    assert "现按 山亭区级财政资金" in text(browse("领导"), "/lines/2022-04/")
    assert "希望小屋 山亭区级财政资金" in text(browse("领导"), "/overview/")
    page = text(browse("领导"), "/questions/2022/C1/")
    assert f"{label} 现行 依据：联席会议 2022-05-29 领导（区乡村振兴局）" in page
    answer = browse("领导").get("/api/plans/2022/summary").json()
    assert answer["open_questions"][0] == {"code": "C1", "ruling": "text313_137"}
    assert answer["money"] == figures
    assert Transfer.objects.count() == before


def test_a_later_ruling_supersedes_and_the_earlier_one_stays_readable(year: Story, browse: Browse) -> None:
    rule(browse, "C1", "text313_137", reason="第一次会议")
    rule(browse, "C1", "extra587", reason="第二次会议")
    page = text(browse("领导"), "/questions/2022/C1/")
    assert page.index("依据：第二次会议") < page.index("依据：第一次会议")
    assert page.count("现行") == 1
    assert "按裁定：荣成市级 450 万元，另有区级 137 万元不在本账，共 587 万元" in text(
        browse("领导"), "/overview/"
    )


def test_the_ruling_on_training_chooses_which_count_the_thousand_is_measured_by(
    year: Story, browse: Browse
) -> None:
    card = re.compile(r"参加培训或就业人数 （力争） .*?C5 \S+")
    before = card.search(text(browse("领导"), "/overview/"))
    assert before is not None
    assert "其他读法： 参加培训人数 0 人 ， 转移就业人数 0 人 ， 参加培训人次 0 人次" in before.group()
    assert rule(browse, "C5", "training_attendances") == 302
    after = card.search(text(browse("领导"), "/overview/"))
    assert after is not None
    assert "0 / 1,000 人次" in after.group()
    assert "按裁定计：参加培训人次" in after.group()
    assert "其他读法： 参加培训或就业人数 0 人" in after.group()


def test_under_the_ruling_against_pace_lines_none_is_drawn_and_no_light_is_given(
    year: Story, browse: Browse
) -> None:
    assert rule(browse, "C9", "none") == 302
    response = browse("领导").get("/overview/").content.decode()
    assert 'class="pace-line"' not in response
    page = text(browse("领导"), "/overview/")
    assert "支出率 31.11%；按 C9 的裁定不与序时对照。" in page
    assert "序时 75.00%" not in page
    assert "资金支出落后" not in page


@pytest.mark.parametrize("who", ["徐庄", "审核"])
def test_nobody_but_a_leader_rules_and_the_attempt_is_on_record(
    year: Story, browse: Browse, who: str
) -> None:
    assert "记录裁定" not in browse(who).get("/questions/2022/C1/").content.decode()
    response = browse(who).post("/questions/2022/C1/", {"reading": "text313_137", "reason": "我看行"})
    assert response.status_code == 403
    assert "只有领导可以对待定问题作出裁定。" in response.content.decode()
    assert not Ruling.objects.exists()
    assert Event.objects.filter(summary__contains="只有领导可以").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, ["请选择一种读法。", "请写明裁定的依据。"]),
        ({"reading": "text313_137", "reason": "  "}, ["请写明裁定的依据。"]),
        ({"reading": "nothing", "reason": "会议"}, ["请从列出的读法中选择一种。"]),
        ({"reading": "extra587", "reason": "长" * 501}, ["依据最多 500 字，现有 501 字。"]),
    ],
)
def test_a_ruling_half_filled_is_refused_at_its_fields_and_keeps_what_was_typed(
    year: Story, browse: Browse, data: dict[str, str], said: list[str]
) -> None:
    response = browse("领导").post("/questions/2022/C1/", data)
    assert response.status_code == 422
    page = response.content.decode()
    assert all(words in page for words in said)
    assert data.get("reason", "").strip() in page
    assert not Ruling.objects.exists()
