"""花名册提供荣成: frozen, few fields, for one receiver alone, signed for, four a year, late shows red."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Event
from directory.models import Organization, User
from labor.handovers import FIELDS, ROSTER_HANDOVER
from labor.handovers import notices as handover_notices
from labor.models import RosterHandover, RosterHandoverLine
from labor.rosters import ROSTER
from ledger import acting, actions
from ledger.models import Acknowledgement, Entry, Evidence
from ledger.registers import Made
from ledger.verify import verify
from tests.kept import kept
from tests.labor.test_work import ROW
from tests.ledger.world import World
from tests.registers import ON, Trial, a_county, count

HANDOVER = {
    "季度末日": "2022-06-30",
    "花名册日期": "2022-06-30",
    "用途": "岗位匹配",
    "依据": "方案 二（二）一",
    "批准人": "某领导",
    "接收单位": "荣成市人社局",
    "提供时间": "2022-07-05",
}
SECOND = {**ROW, "姓名": "试验乙", "身份证号": "990000198503150015", "性别": "男", "劳动技能": "技能劳动力",
          "镇村": "徐庄镇", "电话": "13800001234", "就业意愿": "=愿赴荣成"}  # fmt: skip


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2022, 11, 30, 2, 0, tzinfo=UTC)):
        yield


@kept
def world() -> World:
    """A roster of three: two able to work, one not; 荣成 has two units."""
    made = a_county()
    for code, name in (("rcrsj", "荣成市人社局"), ("rcxczxj", "荣成市乡村振兴局")):
        made.units[name] = Organization.objects.create(
            code=code, name=name, short_name=name, kind="partner", side="rongcheng"
        )
        made.users[name] = User.objects.create(
            username=code, full_name="荣演示", organization=made.units[name], role=User.Role.PARTNER,
            must_change_password=False, password_changed_at=timezone.now(),
        )  # fmt: skip
    roster = Trial(made, ROSTER)
    roster.done(ROW)
    roster.done(SECOND)
    roster.done({**ROW, "姓名": "试验丙", "身份证号": "990000197501200029", "劳动技能": "无劳动力"})
    return made


@pytest.fixture
def handovers(world: World) -> Trial:
    return Trial(world, ROSTER_HANDOVER, "局里")


def get(world: World, who: str, url: str) -> tuple[int, bytes]:
    client = Client()
    client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
    answer: Any = client.get(url)
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else answer.content


def people_in(made: Made) -> int:
    assert isinstance(made.row, RosterHandover), made.errors
    return made.row.people


def file_of(entry: Entry) -> Evidence:
    return entry.evidence.exclude(evidence__addressee=None).get(version=entry.version).evidence


def test_the_system_makes_the_list_of_who_is_able_to_work_with_few_fields(
    world: World, handovers: Trial
) -> None:
    entry = handovers.done(HANDOVER)
    assert "2 人" in entry.summary
    status, data = get(world, "荣成市人社局", f"/desk/evidence/{file_of(entry).pk}/")
    assert status == 200
    assert hashlib.sha256(data).hexdigest() == file_of(entry).sha256
    rows = [list(row) for row in load_workbook(io.BytesIO(data))["花名册"].iter_rows(values_only=True)]
    assert rows[2] == list(FIELDS)
    assert [row[0] for row in rows[3:]] == ["试验甲", "试验乙"]
    assert rows[4][1:8] == ["男", "37", "徐庄镇", "13800001234", "技能劳动力", "=愿赴荣成", None]
    assert b"19850315" not in data
    assert not any("身份证" in field for field in FIELDS)
    assert list(verify()) == []


def test_the_file_is_encrypted_on_disk_and_later_changes_do_not_touch_it(
    world: World, handovers: Trial, evidence_folder: Path
) -> None:
    entry = handovers.done(HANDOVER)
    before = file_of(entry).sha256
    stored = (evidence_folder / file_of(entry).path).read_bytes()
    assert file_of(entry).path.endswith(".enc")
    assert "试验甲".encode() not in stored
    roster = Trial(world, ROSTER)
    row = Entry.objects.unscoped("测试").filter(register="roster").order_by("pk")[0]
    roster.stepped(row, {**ROW, "花名册日期": "2022-09-30", "劳动技能": "丧失劳动力"})
    assert RosterHandoverLine.objects.count() == 2
    assert {line.roster.roster_on.isoformat() for line in RosterHandoverLine.objects.all()} == {"2022-06-30"}
    assert file_of(entry).sha256 == before
    autumn = {**HANDOVER, "季度末日": "2022-09-30", "花名册日期": "2022-09-30", "提供时间": "2022-10-05"}
    assert people_in(handovers.made(autumn)) == 1


def test_only_the_named_receiver_downloads_and_every_time_is_kept(world: World, handovers: Trial) -> None:
    entry = handovers.filed(HANDOVER)
    file = file_of(entry)
    url = f"/desk/evidence/{file.pk}/"
    everybody = ("荣成市人社局", "荣成市乡村振兴局", "局里", "审核", "领导", "徐庄", "财政")
    assert {who: get(world, who, url)[0] for who in everybody} == dict.fromkeys(
        everybody, 404
    )  # not sent yet
    handovers.approved(entry)
    got = {who: get(world, who, url)[0] for who in everybody}
    assert got == {**dict.fromkeys(everybody, 404), "荣成市人社局": 200}
    kept = Event.objects.filter(verb="evidence.downloaded", target=f"ledger.evidence:{file.pk}")
    assert [event.actor_id for event in kept] == [world.users["荣成市人社局"].pk]
    assert "只供荣成市人社局下载" in get(world, "审核", f"/desk/entries/{entry.pk}/")[1].decode()
    assert get(world, "荣成市乡村振兴局", f"/desk/entries/{entry.pk}/")[0] == 404
    actions.approve(
        by=world.users["审核"], on=ON,
        entry=actions.reverse(by=world.users["局里"], on=ON, entry=entry, reason="提供有误"), version=1,
    )  # fmt: skip
    assert get(world, "荣成市人社局", url)[0] == 404  # taken back


def test_it_counts_as_sent_once_approved_and_as_received_once_signed_for(
    world: World, handovers: Trial
) -> None:
    entry = handovers.done(HANDOVER)
    assert count("roster_handovers") == 1
    page = get(world, "局里", f"/desk/entries/{entry.pk}/")[1].decode()
    assert "待荣成签收" in page
    assert f"/desk/entries/{entry.pk}/acknowledge/" in get(world, "荣成市人社局", "/desk/")[1].decode()
    for who in ("荣成市乡村振兴局", "局里"):
        with pytest.raises(acting.NotAllowed):
            actions.acknowledge(by=world.users[who], on=ON, entry=entry)
    actions.acknowledge(by=world.users["荣成市人社局"], on=ON, entry=entry)
    said = Acknowledgement.objects.get(entry=entry)
    assert said.by == world.users["荣成市人社局"]
    assert "荣成已签收" in get(world, "局里", f"/desk/entries/{entry.pk}/")[1].decode()
    assert count("roster_handovers") == 1
    assert list(verify()) == []


def test_what_is_wrong_is_said_at_its_column(world: World, handovers: Trial) -> None:
    wrong = handovers.wrong({**HANDOVER, "季度末日": "2022-06-29", "接收单位": "徐庄镇", "提供时间": "2022-06-01",
                             "花名册日期": "2022-01-31"})  # fmt: skip
    assert "不是季度的最后一天" in wrong["季度末日"]
    assert "荣成方单位" in wrong["接收单位"]
    assert "没有已通过的有劳动能力人员" in wrong["花名册日期"]
    assert "早于花名册日期" in handovers.wrong({**HANDOVER, "提供时间": "2022-06-01"})["提供时间"]
    assert "晚 10 天" in handovers.made({**HANDOVER, "提供时间": "2022-07-20"}).warnings[0]
    assert not ROSTER_HANDOVER.may_file(world.units["徐庄镇"])


def test_a_quarter_is_handed_over_once_and_four_make_a_year(world: World, handovers: Trial) -> None:
    handovers.done(HANDOVER)
    with pytest.raises(acting.SubjectTaken):
        handovers.filed(HANDOVER)
    handovers.done({**HANDOVER, "季度末日": "2022-09-30", "提供时间": "2022-10-08"})
    assert count("roster_handovers") == 2


def test_a_returned_one_is_made_anew_with_the_roster_of_then(world: World, handovers: Trial) -> None:
    entry = handovers.filed(HANDOVER)
    actions.return_entry(by=world.users["审核"], on=ON, entry=entry, version=1, reason="请补登")
    Trial(world, ROSTER).done({**SECOND, "姓名": "试验丁", "身份证号": "990000198201010017"})
    made = handovers.made(HANDOVER)
    assert people_in(made) == 3
    assert made.row is not None
    again = actions.resubmit(by=world.users["局里"], on=ON, entry=entry, version=1, row=made.row)
    handovers.approved(again)
    assert RosterHandoverLine.objects.filter(handover__version=2).count() == 3
    assert list(verify()) == []


def test_a_quarter_not_handed_over_in_time_shows_red_and_an_unsigned_one_yellow(
    world: World, handovers: Trial
) -> None:
    leader = world.users["领导"]
    late, unsigned = handover_notices(leader, ON, 5)
    assert (late.count, unsigned.count) == (3, 0)  # the fourth quarter is not over
    assert late.is_bad
    assert late.found[0].subject == "2022 年第 1 季度"
    entry = handovers.done(HANDOVER)
    with time_machine.travel(datetime(2022, 12, 20, 2, 0, tzinfo=UTC)):
        late, unsigned = handover_notices(leader, date(2022, 12, 20), 5)
        assert (late.count, unsigned.count) == (2, 1)
        assert "花名册迟报" in get(world, "领导", "/overview/")[1].decode()
        actions.acknowledge(by=world.users["荣成市人社局"], on=date(2022, 12, 20), entry=entry)
        assert handover_notices(leader, date(2022, 12, 20), 5)[1].count == 0
    assert handover_notices(world.users["徐庄"], ON, 5)[0].count == 0  # not a township's to answer for
    assert handover_notices(world.users["荣成市人社局"], ON, 5)[0].count == 0
