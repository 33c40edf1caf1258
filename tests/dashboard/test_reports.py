"""季度报表: every number by hand, whoever looks, on the page and in the file."""

from __future__ import annotations

import csv
import io
from datetime import date
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.as_of import AsOf
from dashboard.reports import _guarded, reports_page
from ledger.models import Period, Plan
from ledger.periods import ensure_year
from ledger.scope import scope_of
from tests.dashboard.conftest import Browse
from tests.ledger.stories import Story

pytestmark = [pytest.mark.django_db, pytest.mark.alike]

Tables = dict[str, dict[str, list[str]]]


def tables(client: Client, quarter: str) -> Tables:
    """Title → name of the row → its cells, as the file says; the first row of each is "headings"."""
    answer = client.get(f"/reports/?as_of={quarter}&format=csv")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''2022")
    text = answer.content.decode()
    assert text.startswith("\ufeff")  # or Excel would read it as GBK
    text.lstrip("\ufeff").encode("gbk")  # and nothing in it is lost when saved so
    found: Tables = {}
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    for above, row in pairwise(rows):
        if not row:
            continue
        if not above:
            found[row[0]] = {}
        elif found:
            last = list(found.values())[-1]
            last["headings" if not last else row[0]] = row[1:]
    return found


def test_the_money_of_a_quarter_by_line_and_stage(year: Story, browse: Browse) -> None:
    told = tables(browse("领导"), "2022Q2")["各项目资金"]
    assert told["headings"] == [
        f"{stage} {span}"
        for stage in ("安排", "到位", "下达", "拨付", "支出", "报账")
        for span in ("本季", "累计")
    ] + ["支出率", "余额"]
    uplift = told["美丽乡村提升工程"]
    assert uplift[:4] == ["0.00", "100.00", "—", "—"]  # no receipt names it
    assert uplift[4:] == [
        *("0.00", "60.00"),
        *("0.00", "40.00"),
        *("12.50", "16.50"),
        *("0.00", "0.00"),
        "27.50%",
        "43.50",
    ]
    assert told["合计"] == [
        *("0.00", "450.00"),
        *("0.00", "300.00"),
        *("0.00", "80.00"),
        *("20.00", "60.00"),
        *("21.388888", "25.388888"),
        *("0.00", "0.00"),
        "31.74%",
        "54.611112",
    ]


def test_a_refund_is_a_negative_quarter_and_the_first_quarter_is_its_own_sum(
    year: Story, browse: Browse
) -> None:
    client = browse("领导")
    assert tables(client, "2022Q3")["各项目资金"]["美丽乡村提升工程"][8:10] == ["-0.50", "16.00"]
    first = tables(client, "2022Q1")["各项目资金"]["合计"]
    assert first[:10] == [
        *("450.00", "450.00"),
        *("300.00", "300.00"),
        *("80.00", "80.00"),
        *("40.00", "40.00"),
        *("4.00", "4.00"),
    ]


def test_the_money_of_a_quarter_by_unit(year: Story, browse: Browse) -> None:
    told = tables(browse("领导"), "2022Q2")["各单位资金"]
    assert told == {
        "headings": ["下达 本季", "下达 累计", "拨付 本季", "拨付 累计", "支出 本季", "支出 累计", "余额"],
        "店子镇": ["0.00", "20.00", "20.00", "20.00", "8.888888", "8.888888", "11.111112"],
        "徐庄镇": ["0.00", "60.00", "0.00", "40.00", "12.50", "16.50", "43.50"],
    }


def test_a_unit_sees_its_own_rows_and_the_overseer_of_the_money_all(year: Story, browse: Browse) -> None:
    own = tables(browse("徐庄"), "2022Q2")
    assert set(own["各单位资金"]) == {"headings", "徐庄镇"}
    assert own["各项目资金"]["headings"][:2] == ["下达 本季", "下达 累计"]
    assert own["各项目资金"]["合计"][:6] == ["0.00", "60.00", "0.00", "40.00", "12.50", "16.50"]
    assert "北庄镇市级衔接推进区" not in own["各项目资金"]
    assert tables(browse("财政"), "2022Q2")["各项目资金"] == tables(browse("领导"), "2022Q2")["各项目资金"]
    assert scope_of(year.world.users["财政"]).everything is False


def test_the_page_shows_what_the_file_says_and_leads_to_every_table(year: Story, browse: Browse) -> None:
    client = browse("领导")
    page = client.get("/reports/?as_of=2022Q2").content.decode()
    told = tables(client, "2022Q2")
    for number, (title, rows) in enumerate(told.items(), 1):
        assert f">{title}</a>" in page
        assert f"{number}　{title}" in page
        for cell in rows.get("合计", rows.get("徐庄镇", [])):
            assert f"<span>{cell}</span>" in page
    assert page.count('href="#') - 1 == len(told)  # and the way past the menu
    assert "2022年第2季度末" in page
    assert "未关账，数字还会变" in page


def test_without_a_choice_it_is_the_latest_quarter_that_has_ended(year: Story, browse: Browse) -> None:
    client = browse("领导")
    page = client.get("/reports/").content.decode()
    assert "2022年第3季度末" in page
    assert "此刻" not in page
    assert client.get("/reports/?as_of=x").status_code == 400
    assert client.get("/reports/?plan=1999").status_code == 404
    assert browse("系统").get("/reports/").status_code == 403


def test_once_the_plans_own_year_is_over_it_is_the_years_last_quarter(year: Story) -> None:
    ensure_year(2023)
    plan, today = Plan.objects.get(code="2022"), date(2023, 8, 1)
    page = reports_page(
        user=year.world.users["领导"],
        plan=plan,
        plans=[plan],
        periods=list(Period.objects.order_by("starts_on")),
        as_of=AsOf(None, today, today),
    )
    assert page.as_of.period is not None
    assert page.as_of.period.code == "2022Q4"


def test_it_asks_as_much_for_many_entries_as_for_few(year: Story, browse: Browse) -> None:
    client, asked = browse("领导"), []
    client.get("/reports/?as_of=2022Q3")
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/reports/?as_of=2022Q3")
        asked.append(len(queries))
        year.tell("""
            2022-09-01 财政 办 下达 2022-01 北庄镇 5
            2022-09-02 财政 办 下达 2022-03 冯卯镇 3
            2022-09-03 财政 办 拨付 2022-01 北庄镇 5
            2022-09-04 北庄 办 支出 2022-01 北庄镇 1
        """)
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+8613800", "'+8613800"),
        ("-cmd", "'-cmd"),
        ("@x", "'@x"),
        ("-0.50", "-0.50"),
        ("-1,000", "-1,000"),
        ("—", "—"),
        ("徐庄镇", "徐庄镇"),
    ],
)
def test_no_cell_of_the_file_is_a_formula(cell: str, written: str) -> None:
    assert _guarded(cell) == written
