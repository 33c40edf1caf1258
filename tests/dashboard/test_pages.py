"""What each page says, to whom, and that every figure opens down to the entries it came from."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from ledger import bookkeeping
from ledger.models import Filing
from tests.dashboard.conftest import Browse
from tests.ledger.stories import Story

PAGES = [
    "/overview/",
    "/overview/2022/",
    "/overview/?as_of=2022Q2",
    "/overview/attention/",
    "/figures/2022/total/spent/",
    "/figures/2022/137/spent/",
    "/figures/2022/target/hope_rooms/",
    "/lines/2022-04/",
    "/filings/",
    "/questions/",
    "/questions/2022/C1/",
    "/plans/2022/",
]


def text(client: Client, url: str, status: int = 200) -> str:
    """The page without markup, in one line."""
    response = client.get(url)
    assert response.status_code == status, (url, response.status_code)
    body = re.sub(r"<script.*?</script>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def links(client: Client, url: str, begin: str) -> list[str]:
    found = re.findall(r'href="([^"]*)"', client.get(url).content.decode())
    return [link.replace("&amp;", "&") for link in found if link.startswith(begin)]


@pytest.mark.parametrize("url", PAGES)
def test_every_page_opens_for_business_people_and_for_nobody_else(
    year: Story, browse: Browse, url: str
) -> None:
    for name in ("领导", "审核"):
        assert browse(name).get(url).status_code == 200, name
    for name in ("财政", "徐庄"):  # 财政局 oversees the money; the entries behind a count it does not see
        assert browse(name).get(url).status_code == (404 if "target" in url else 200), name
    ours = "/figures/2022/" in url or url.startswith(("/filings/", "/questions/", "/plans/"))
    assert browse("荣成").get(url).status_code in ((403, 404) if ours else (200,))
    assert browse("系统").get(url).status_code == 403
    response = Client().get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")


@pytest.mark.parametrize(
    "url",
    [
        "/overview/1999/",
        "/overview/?plan=1999",
        "/overview/2022/?plan=1999",
        "/figures/2022/total/nothing/",
        "/figures/2022/2022-99/spent/",
        "/figures/2022/total/spent/?unit=0",
        "/figures/2022/total/spent/?unit=abc",
        "/figures/2022/2022-04/arranged/?unit=1",
        "/figures/2022/target/nothing/",
        "/figures/1999/total/spent/",
        "/lines/2022-99/",
        "/filings/99999/",
        "/questions/2022/C99/",
        "/plans/1999/",
    ],
)
def test_what_does_not_exist_is_not_found(year: Story, browse: Browse, url: str) -> None:
    assert browse("领导").get(url).status_code == 404


@pytest.mark.parametrize("query", ["as_of=2022Q9", "as_of=x"])
def test_a_wrong_date_in_the_address_is_a_bad_request(year: Story, browse: Browse, query: str) -> None:
    assert browse("领导").get(f"/overview/?{query}").status_code == 400


def test_the_first_screen_says_date_reports_money_pace_and_light(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/overview/")
    assert "截至 2022年10月20日 · 此刻" in page
    assert "2/6 单位已报 （2022年第3季度）" in page
    for figure in ("安排 450.00", "到位 300.00", "下达 80.00", "拨付 60.00", "支出 24.888888"):
        assert figure in page, figure
    assert "含待审核 27.888888" in page
    assert "支出率 31.11% 序时 75.00% 拨付率 75.00% 到位率 66.67%" in page
    assert "红 支出率 31.11%，序时 75.00%，落后 43.89 个百分点，超过 10 个百分点。" in page
    assert "方案没有时间节点，这只是参照" in page
    assert "灰" in page
    assert "尚未下达，没有支出率。" in page


def test_the_end_of_a_quarter_shows_its_own_figures_pace_and_reports(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/overview/?as_of=2022Q1")
    assert "截至 2022年3月31日 · 2022年第1季度末" in page
    assert "支出 4.00" in page
    assert "序时 25.00%" in page
    assert "含待审核" not in page
    assert "往期只评资金" in page
    assert "单位已报 （2022年第1季度）" in page


def test_targets_with_a_number_show_it_and_those_without_show_no_percentage(
    year: Story, browse: Browse
) -> None:
    page = text(browse("领导"), "/overview/")
    for card in (
        "辐射带动人口 0 / 5,000 人",
        "参加培训或就业人数 （力争） 0 / 1,000 人",
        "党政干部赴荣成挂职 0 / 5 人",
    ):
        assert card in page, card
    assert "希望小屋 0 / 17 个" in page
    counted_only = page[page.index("只计数的任务") : page.rindex("需要处理")]
    assert "来山支教 0 人" in counted_only
    assert "%" not in counted_only


def test_what_is_red_is_listed_with_its_reason_and_a_link(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/overview/")
    waiting = year.entries["#记4"].pk
    returned = year.entries["#记5"].pk
    assert "逾期未报" in page
    assert "2022年第1季度协作资金台账应于 2022-04-05 前报送，已逾期 198 天。" in page
    assert "另有 " in page
    assert "2022-08-04 退回，至今未改。" in page
    assert "2022-08-02 提交，至今未审。" in page
    assert {f"/desk/entries/{waiting}/", f"/desk/entries/{returned}/"} <= set(
        links(browse("领导"), "/overview/", "/desk/entries/")
    )
    every = text(browse("领导"), "/overview/attention/")
    assert "退回后超过 2 个工作日未重新提交（周一至周五计，未扣法定节假日）" in every


def test_a_unit_sees_its_own_money_alone(year: Story, browse: Browse) -> None:
    page = text(browse("店子"), "/overview/")
    assert "店子镇 · 总览" in page
    assert "只含本单位的资金和计数" in page
    assert "支出 8.888888" in page
    for other in ("450.00", "美丽乡村提升工程", "徐庄镇", "24.888888"):
        assert other not in page, other
    assert browse("店子").get("/figures/2022/total/arranged/").status_code == 404
    assert browse("店子").get("/figures/2022/total/received/").status_code == 404
    assert "本单位没有这个项目的资金" in text(browse("店子"), "/lines/2022-04/")
    assert "徐庄镇" not in text(browse("店子"), "/figures/2022/2022-04/spent/")
    filings = text(browse("店子"), "/filings/?period=2022Q2")
    assert "1/1 单位已报" in filings
    assert "徐庄镇" not in filings
    theirs = Filing.objects.unscoped("测试").filter(organization__short_name="徐庄镇").first()
    assert theirs is not None
    assert browse("店子").get(f"/filings/{theirs.pk}/").status_code == 404


def test_three_clicks_lead_from_the_figure_to_the_voucher(year: Story, browse: Browse) -> None:
    client = browse("领导")
    first, held = sorted(set(links(client, "/overview/", "/figures/2022/total/spent/")))
    assert held == f"{first}#held"
    entry = f"/desk/entries/{year.entries['#记1'].pk}/"
    assert entry in links(client, first, "/desk/entries/")
    assert links(client, entry, "/desk/evidence/") != []


def test_the_list_behind_a_figure_names_each_move_and_adds_up(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/figures/2022/2022-04/spent/")
    assert "美丽乡村提升工程 · 支出" in page
    assert "16.00 万元" in page
    assert "明细合计与总览一致" in page
    for amount in ("+40,000.00", "+125,000.00", "-5,000.00"):
        assert amount in page, amount
    assert "合计（全部 3 笔） 160,000.00" in page
    assert "另有待审核 1 笔，3.00 万元" in page
    quarter = text(browse("领导"), "/figures/2022/2022-04/spent/?quarter=2022Q2")
    assert "2022年第2季度记账 · 1 笔" in quarter
    assert "12.50 万元" in quarter
    assert "待审核" not in quarter
    past = text(browse("领导"), "/figures/2022/2022-04/spent/?as_of=2022Q2")
    assert "16.50 万元" in past


def test_the_list_behind_a_units_figure_holds_only_its_moves(year: Story, browse: Browse) -> None:
    unit = year.world.units["店子镇"].pk
    page = text(browse("领导"), f"/figures/2022/total/spent/?unit={unit}")
    assert "协作资金合计 · 支出 · 店子镇" in page
    assert "8.888888 万元" in page
    assert "明细合计与总览一致" in page


def test_a_long_list_is_turned_page_by_page_and_keeps_what_was_asked(year: Story, browse: Browse) -> None:
    year.tell("\n".join(f"2022-09-01 徐庄 办 支出 2022-04 徐庄镇 1元 #小{n}" for n in range(51)))
    client = browse("领导")
    first = client.get("/figures/2022/2022-04/spent/?quarter=2022Q3").content.decode()
    assert 'href="?quarter=2022Q3&amp;page=2"' in first
    assert "第 1 页，共 2 页" in first
    second = text(client, "/figures/2022/2022-04/spent/?quarter=2022Q3&page=2")
    assert "-5,000.00" in second
    assert text(client, "/figures/2022/2022-04/spent/?quarter=2022Q3&page=99") == second.replace(
        "page=99", ""
    )


def test_a_line_shows_units_quarters_names_place_and_every_source(year: Story, browse: Browse) -> None:
    year.tell("""
        2022-09-01 审核 设 2022-01 2022-01-01 食用菌大棚
        2022-09-01 局里 办 安排 2022-01-01 120 #子1
        2022-09-02 财政 办 下达 2022-01-01 北庄镇 100 #子2
    """)
    page = text(browse("领导"), "/lines/2022-01/")
    assert "食用菌大棚" in page
    assert "别名 北庄镇市级衔接推进区、市级衔接推进乡村振兴集中区" in page
    assert "北庄镇 100.00 0.00 0.00 100.00" in page
    below = text(browse("领导"), "/lines/2022-01-01/")
    assert "安排 120.00 下达 100.00" in below
    spent = text(browse("领导"), "/lines/2022-04/")
    assert "徐庄镇 60.00 40.00 16.00 44.00" in spent
    assert "2022年第2季度 未关账" in spent
    assert "12.50 本季 / 16.50 累计" in spent
    assert "-0.50 本季 / 16.00 累计" in spent
    assert "地点 徐庄镇湖沟村、徐庄村" in spent
    assert "现按 荣成市级财政专项协作资金" in spent
    assert "山亭区级财政资金 荣成市级 313 万元，山亭区级 137 万元，共 450 万元（按正文）" in spent
    for url in links(browse("领导"), "/lines/2022-04/", "/figures/"):
        assert "与总览不一致" not in text(browse("领导"), url)


def test_filings_count_units_and_lead_to_their_entries(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/filings/?period=2022Q2")
    assert "3/6 单位已报" in page
    assert "逾期未报" in page
    filing = Filing.objects.unscoped("测试").get(
        organization=year.world.units["北庄镇"], period__code="2022Q2", register="fund_flow"
    )
    bookkeeping.declare_nil(by=year.world.users["北庄"], on=date(2022, 7, 4), filing=filing)
    page = text(browse("领导"), "/filings/?period=2022Q2")
    assert "4/6 单位已报" in page
    assert "本期无 按时" in page
    theirs = Filing.objects.unscoped("测试").get(
        organization=year.world.units["徐庄镇"], period__code="2022Q2", register="fund_flow"
    )
    assert f"{year.entries['#记3'].pk} 号 支出" in text(browse("领导"), f"/filings/{theirs.pk}/")


def test_reversals_leave_the_gross_rate_as_if_the_entry_had_never_been(year: Story, browse: Browse) -> None:
    before = browse("领导").get("/overview/").content.decode()
    year.tell("""
        2022-10-01 财政 办 下达 2022-04 徐庄镇 10 #多下
        2022-10-02 财政 冲 #多下
        2022-10-02 审核 批 #多下冲
    """)
    after = browse("领导").get("/overview/").content.decode()
    assert '拨付率 <span class="num">75.00%</span>' in before
    assert '拨付率 <span class="num">75.00%</span>' in after


def test_the_plan_is_shown_verbatim_with_its_tasks_and_no_invented_lead(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/plans/2022/")
    assert "山乡振发〔2022〕10号" in page
    assert "力争参加培训就业不低于 1000 人。" in page
    assert "举办文物保护、陈列展览、文创开发等展览展销活动；" in page
    assert page.count("— 方案未指定") == 35
    assert "不少于（力争）" in page
    assert "参加培训或就业人数 0 / 1,000 人" in page


def test_the_group_of_137_is_a_view_with_every_reading_of_its_source(year: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/overview/")
    assert "民生帮扶项目 （3 项合计，只是视图，不另占资金）" in page
    assert "安排 137.00 下达 80.00" in page
    assert "荣成市级财政专项协作资金 313.00 万元；山亭区级财政资金 137.00 万元" in page
    assert "共 587 万元" in page
