"""Pages over books in which little or nothing has happened."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from directory.models import Organization, User
from tests.dashboard.conftest import Browse
from tests.dashboard.test_pages import text
from tests.ledger.stories import Story


def test_without_a_plan_the_first_screen_says_what_to_do(db: None) -> None:
    leader = User.objects.create(
        username="leader",
        full_name="领导",
        role=User.Role.LEADER,
        organization=Organization.objects.create(
            code="xczxj", name="山亭区乡村振兴局", short_name="区乡村振兴局", kind="bureau", side="shanting"
        ),
        must_change_password=False,
        password_changed_at=datetime(2022, 10, 1, tzinfo=UTC),
    )
    client = Client()
    client.force_login(leader, backend="django.contrib.auth.backends.ModelBackend")
    for url in ("/overview/", "/questions/", "/reports/"):
        assert "还没有载入年度方案" in text(client, url)
    assert "还没有季度" in text(client, "/filings/")


def test_what_was_filed_and_withdrawn_is_not_filed(story: Story, browse: Browse) -> None:
    story.tell("""
        2022-08-01 财政 报 下达 2022-04 徐庄镇 1 #文1
        2022-08-01 财政 撤 #文1
    """)
    assert "0/6 单位已报" in text(browse("领导"), "/filings/?period=2022Q3")


def test_a_plan_just_loaded_shows_what_was_arranged_and_no_rate(story: Story, browse: Browse) -> None:
    page = text(browse("领导"), "/overview/")
    assert "安排 450.00 到位 0.00 下达 0.00 拨付 0.00 支出 0.00" in page
    assert "支出率 — 序时 75.00% 拨付率 — 到位率 0.00%" in page
    assert "本单位目前没有下达的协作资金。" in text(browse("徐庄"), "/overview/")
    assert "还没有已通过的记录。" in text(browse("领导"), "/figures/2022/total/spent/")
    assert "各单位资金 万元 到这个季度末还没有数字" in text(browse("领导"), "/reports/?as_of=2022Q3")
