"""GET /api/plans/<plan>/summary: its shape (DESIGN §7), whom it tells what, as of when."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.dashboard.conftest import Browse
from tests.ledger.stories import Story

URL = "/api/plans/2022/summary"
WAN = 1_000_000
FIGURES = {"arranged", "received", "allocated", "disbursed", "spent", "claimed", "available", "held"}
STAGES = {"arranged", "received", "allocated", "disbursed", "spent", "claimed"}


def get(client: Client, query: str = "") -> Any:
    response = client.get(URL + query)
    assert response.status_code == 200, response.content.decode()
    return response.json()


def test_the_answer_has_exactly_the_keys_that_people_rely_on(year: Story, browse: Browse) -> None:
    answer = get(browse("领导"))
    assert set(answer) == {"plan", "as_of", "money", "targets", "open_questions"}
    assert (answer["plan"], answer["as_of"]) == ("2022", "2022-10-20")
    assert set(answer["money"]) == {"unit", "lines", "total"}
    assert answer["money"]["unit"] == "分"
    assert [line["code"] for line in answer["money"]["lines"]] == [f"2022-0{n}" for n in range(1, 6)]
    assert set(answer["money"]["lines"][0]) == {"code", "name", *FIGURES}
    assert set(answer["money"]["total"]) == FIGURES
    assert set(answer["money"]["total"]["held"]) == STAGES
    keys = {"code", "name", "unit", "rule", "goal", "maximum", "approved", "held"}
    assert all(set(target) == keys for target in answer["targets"])
    assert [q["code"] for q in answer["open_questions"]] == [f"C{n}" for n in range(1, 13)]
    assert all(set(q) == {"code", "ruling"} and q["ruling"] is None for q in answer["open_questions"])


def test_stage_figures_are_cumulative_net_fen_and_pending_ones_stand_apart(
    year: Story, browse: Browse
) -> None:
    answer = get(browse("领导"))
    total, line = answer["money"]["total"], answer["money"]["lines"][3]
    assert line == {
        "code": "2022-04",
        "name": "美丽乡村提升工程",
        "arranged": 100 * WAN,
        "received": None,
        "allocated": 60 * WAN,
        "disbursed": 40 * WAN,
        "spent": 16 * WAN,
        "claimed": 0,
        "available": 41 * WAN,
        "held": {
            "arranged": 0,
            "received": 0,
            "allocated": 0,
            "disbursed": 0,
            "spent": 3 * WAN,
            "claimed": 0,
        },
    }
    assert total["arranged"] == 450 * WAN
    assert total["received"] == 300 * WAN
    assert total["spent"] == 24_888_888
    assert total["held"]["spent"] == 3 * WAN


def test_targets_carry_the_plans_numbers_and_null_where_it_has_none(year: Story, browse: Browse) -> None:
    targets = {target["code"]: target for target in get(browse("领导"))["targets"]}
    assert (targets["benefit_people"]["goal"], targets["benefit_people"]["maximum"]) == (5000, None)
    assert (targets["hope_rooms"]["goal"], targets["hope_rooms"]["maximum"]) == (17, 17)
    assert targets["support_doctors"]["goal"] is None
    assert targets["secondments"]["rule"] == "只计山亭区党政干部到荣成市挂职（C11）"
    assert {target["approved"] for target in targets.values()} == {0}


@pytest.mark.parametrize("as_of", ["2022Q2", "2022-06-30"])
def test_a_quarter_is_named_by_its_code_or_its_as_of_date(year: Story, browse: Browse, as_of: str) -> None:
    answer = get(browse("领导"), f"?as_of={as_of}")
    assert answer["as_of"] == "2022-06-30"
    assert answer["money"]["lines"][3]["spent"] == 16_500_000
    assert answer["money"]["total"]["held"] is None
    assert {target["held"] for target in answer["targets"]} == {None}


@pytest.mark.parametrize("as_of", ["2022Q5", "2022-06-29", "now", "2022", "0x1", "今天"])
def test_any_other_as_of_is_refused_in_chinese_with_what_may_be_asked(
    year: Story, browse: Browse, as_of: str
) -> None:
    response = browse("领导").get(URL, {"as_of": as_of})
    assert response.status_code == 400
    assert "可用的季度：2022Q1、2022Q2、2022Q3、2022Q4" in response.json()["error"]


def test_a_unit_gets_its_own_accounts_and_nothing_of_the_whole(year: Story, browse: Browse) -> None:
    money = get(browse("徐庄"))["money"]
    assert [line["code"] for line in money["lines"]] == ["2022-04"]
    for figures in (money["total"], money["lines"][0]):
        assert figures["arranged"] is None
        assert figures["received"] is None
        assert (figures["allocated"], figures["disbursed"], figures["spent"]) == (
            60 * WAN,
            40 * WAN,
            16 * WAN,
        )
        assert figures["held"]["arranged"] is None
        assert figures["held"]["received"] is None
    targets = get(browse("徐庄"))["targets"]
    assert all(target["goal"] is None and target["maximum"] is None for target in targets)
    assert get(browse("店子"))["money"]["total"]["spent"] == 8_888_888
    assert get(browse("北庄"))["money"] == {
        "unit": "分",
        "lines": [],
        "total": {
            "arranged": None,
            "received": None,
            "allocated": 0,
            "disbursed": 0,
            "spent": 0,
            "claimed": 0,
            "available": 0,
            "held": {
                "arranged": None,
                "received": None,
                "allocated": 0,
                "disbursed": 0,
                "spent": 0,
                "claimed": 0,
            },
        },
    }


def test_the_finance_bureau_which_oversees_the_register_sees_all_of_the_money(
    year: Story, browse: Browse
) -> None:
    assert get(browse("财政"))["money"] == get(browse("领导"))["money"]
    assert get(browse("财政"))["targets"] == []


def test_errors_are_json_in_chinese_and_no_redirects(year: Story, browse: Browse) -> None:
    for client, url, status, said in (
        (Client(), URL, 401, "请先登录。"),
        (browse("系统"), URL, 403, "您的账号没有查看业务数据的权限。"),
        (browse("领导"), "/api/plans/1999/summary", 404, "没有这个方案。"),
    ):
        response = client.get(url)
        assert (response.status_code, response.json()) == (status, {"error": said})
    assert browse("领导").post(URL).status_code == 405


def test_unchanged_books_are_answered_with_304_and_one_entry_more_with_200(
    year: Story, browse: Browse
) -> None:
    client = browse("领导")
    etag = client.get(URL)["ETag"]
    again = client.get(URL, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    year.tell("2022-10-02 财政 报 下达 2022-02 北庄镇 1 #新")
    assert client.get(URL, headers={"if-none-match": etag}).status_code == 200
