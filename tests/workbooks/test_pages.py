"""The import pages: upload, preview, confirm, batch, void, downloads; all of it without JavaScript."""

from __future__ import annotations

import hashlib
import html
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Event
from directory import files
from ledger.models import Batch, Entry, Filing, Period
from tests.ledger.world import World
from tests.workbooks.conftest import Browse, approve_batch, commit
from tests.workbooks.files import attendee, identity, roster
from workbooks import reading

pytestmark = pytest.mark.usefixtures("course")


def sent(client: Client, world: World, data: bytes, name: str = "学员.xlsx") -> Any:
    return client.post(
        "/workbooks/upload/",
        {
            "organization": world.units["徐庄镇"].code,
            "period": "2022Q2",
            "register": "",
            "file": SimpleUploadedFile(name, data),
        },
    )


def page(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.status_code
    return html.unescape(answer.content.decode())


def seen(text: str) -> str:
    return text.partition('name="seen" value="')[2].partition('"')[0]


def test_a_roster_goes_from_upload_to_batch_in_three_steps(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    assert "上传并检查" in page(client.get("/workbooks/upload/"))
    address = sent(client, world, roster([attendee(n) for n in range(1, 4)]))["Location"]
    text = page(client.get(address))
    assert "确认导入 3 行" in text
    assert "trained_people（徐庄镇）" in text
    assert not Batch.objects.unscoped("测试").filter(name="学员.xlsx").exists()
    text = page(client.post(address, {"rows": "all", "seen": seen(text)}, follow=True))
    assert "已提交 3 行" in text
    batch = Batch.objects.unscoped("测试").get(name="学员.xlsx")
    assert f"{batch.pk} 号批次" in text
    assert page(client.get("/workbooks/")).count("学员.xlsx") == 1
    assert client.get(address).status_code == 302  # confirmed once: the address is spent
    assert not list(files.pending().iterdir())


def test_a_file_is_opened_once_from_upload_to_batch(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("徐庄")
    read: list[int] = []
    run = reading._run

    def counted(data: bytes, *words: str) -> bytes:
        read.append(len(data))
        return run(data, *words)

    monkeypatch.setattr(reading, "_run", counted)
    address = sent(client, world, roster([attendee(n) for n in range(1, 4)]))["Location"]
    for (
        kept
    ) in files.pending().iterdir():  # what was read is kept as the file is: nobody's number in the clear
        assert kept.suffix == ".enc"
        assert identity(1).encode() not in kept.read_bytes()
    text = page(client.get(address))
    assert "已提交 3 行" in page(client.post(address, {"rows": "all", "seen": seen(text)}, follow=True))
    assert len(read) == 1
    assert not list(files.pending().iterdir())


def test_the_quarter_offered_is_the_last_that_ended_for_which_the_unit_owes(
    browse: Browse, world: World
) -> None:
    def offered() -> str:
        return str(browse("店子").get("/workbooks/upload/").context["form"]["period"].value())

    periods = list(Period.objects.filter(ends_on__lt=timezone.localdate()).order_by("starts_on"))
    assert len(periods) > 1
    assert offered() == periods[-1].code
    Filing.objects.unscoped("测试").create(
        organization=world.units["店子镇"],
        register="training_attendance",
        period=periods[0],
        due_on=periods[0].ends_on,
    )
    assert offered() == periods[0].code


def test_errors_are_listed_with_their_cells_and_the_valid_rows_go_in_by_choice(
    browse: Browse, world: World
) -> None:
    client = browse("徐庄")
    rows = [attendee(n) for n in range(1, 6)]
    rows[1][4], rows[3][6] = "12", "贫困户"
    address = sent(client, world, roster(rows))["Location"]
    text = page(client.get(address))
    assert "有 2 处错误，什么都还没有写入" in text
    assert "确认导入" not in text
    assert "E5" in text
    assert "G7" in text
    text = page(client.post(address, {"rows": "all", "seen": seen(text)}))  # the button was not offered
    assert "什么都还没有写入" in text
    text = page(client.post(address, {"rows": "valid", "seen": seen(text)}, follow=True))
    assert "已提交 3 行" in text
    assert "有错误的 2 行没有导入" in text


def test_a_preview_that_is_no_longer_true_is_shown_again(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    data = roster([attendee(n) for n in range(1, 4)])
    address = sent(client, world, data)["Location"]
    old = seen(page(client.get(address)))
    commit(world, roster([attendee(1)]))
    text = page(client.post(address, {"rows": "all", "seen": old}, follow=True))
    assert "系统里的记录有了变化" in text
    assert "确认导入 2 行" in text


def test_the_same_file_is_recognised(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    data = roster([attendee(1)])
    batch = commit(world, data).batch
    assert batch is not None
    text = page(client.get(sent(client, world, data)["Location"]))
    assert f"{batch.pk} 号批次" in text
    assert "与系统完全相同" in text


def test_another_session_another_unit_and_another_role_see_nothing(browse: Browse, world: World) -> None:
    data = roster([attendee(n) for n in range(1, 4)])
    address = sent(browse("徐庄"), world, data)["Location"]
    assert browse("徐庄二").get(address).status_code == 302  # the token alone opens nothing
    batch = commit(world, data).batch
    assert batch is not None
    for path in ("", "void/", "original/"):
        assert browse("店子").get(f"/workbooks/batches/{batch.pk}/{path}").status_code == 404
    assert browse("领导").get("/workbooks/").status_code == 403
    assert Client().get("/workbooks/").status_code == 302
    assert sent(browse("店子"), world, data).status_code == 422  # not their unit: not even offered


def test_the_original_comes_back_byte_for_byte_and_the_download_is_kept_in_mind(
    browse: Browse, world: World, evidence_folder: Path
) -> None:
    data = roster([attendee(1)])
    batch = commit(world, data).batch
    assert batch is not None
    answer = browse("徐庄").get(f"/workbooks/batches/{batch.pk}/original/")
    assert answer.content == data
    assert answer["Cache-Control"] == "private, no-store"
    assert Event.objects.filter(verb="batch.downloaded", target=f"ledger.batch:{batch.pk}").count() == 1
    stored = (evidence_folder / batch.path).read_bytes()
    assert identity(1).encode() not in stored


def test_voiding_shows_the_steps_and_both_numbers_first(browse: Browse, world: World) -> None:
    batch = commit(world, roster([attendee(n) for n in range(1, 6)])).batch
    assert batch is not None
    approve_batch(world, batch, 2)
    client = browse("徐庄")
    text = page(client.get(f"/workbooks/batches/{batch.pk}/void/"))
    assert "<strong>3</strong> 条还没有审核通过的" in text
    assert "<strong>2</strong> 条已经通过的" in text
    assert Entry.objects.unscoped("测试").filter(batch=batch, state="submitted").count() == 3
    assert "请写明作废理由" in page(client.post(f"/workbooks/batches/{batch.pk}/void/", {"reason": ""}))
    text = page(client.post(f"/workbooks/batches/{batch.pk}/void/", {"reason": "传错"}, follow=True))
    assert "3 条未审的立即作废，2 条已通过的提交了红冲" in text
    assert "已作废" in text
    assert client.get(f"/workbooks/batches/{batch.pk}/void/").status_code == 302


def test_templates_and_exports_are_downloaded(browse: Browse, world: World) -> None:
    commit(world, roster([attendee(n) for n in range(1, 4)]))
    client = browse("徐庄")
    query = f"?register=training_attendance&organization={world.units['徐庄镇'].code}&period=2022Q2"
    template = load_workbook(io.BytesIO(client.get(f"/workbooks/template/{query}").content))
    assert template.worksheets[0]["A2"].value == "填报单位：徐庄镇"
    asked = page(client.get(f"/workbooks/export/{query}"))
    assert "按公示规则遮盖" in asked
    assert "请写明导出理由" in page(client.post(f"/workbooks/export/{query}", {"reason": " "}), 422)
    assert not Event.objects.filter(verb="workbook.exported").exists()
    export = client.post(f"/workbooks/export/{query}", {"reason": "报市局第二季度台账"})
    sheet = load_workbook(io.BytesIO(export.content)).worksheets[0]
    assert sheet.max_row == 4 + 3 + 1 + 2  # headings, rows, sum, and where to sign
    cells = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert identity(1) not in cells
    event = Event.objects.get(verb="workbook.exported", actor_id=world.users["徐庄"].pk)
    assert event.summary.endswith("3 行，理由：报市局第二季度台账")
    assert event.details["sha256"] == hashlib.sha256(export.content).hexdigest()
    # the books' own money names nobody: no reason is asked
    plain = client.get(f"/workbooks/export/{query.replace('training_attendance', 'fund_flow')}")
    assert plain["Content-Disposition"].startswith("attachment")
    assert client.get("/workbooks/template/").status_code == 302


def test_no_number_of_a_person_stands_in_an_address_a_session_or_the_trail(
    browse: Browse, world: World
) -> None:
    client = browse("徐庄")
    row = attendee(7)
    number = row[4]
    row[7] = "1380013"
    address = sent(client, world, roster([row]), name="学员.xlsx")["Location"]
    text = page(client.get(address))
    assert "1380013" not in text
    assert number not in text + address + str(dict(client.session))
    assert not any(number in f"{e.summary}{e.details}" for e in Event.objects.all())


def test_a_preview_asks_the_database_hardly_more_for_ten_times_the_rows(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    asked = []
    for rows in (10, 100):
        address = sent(client, world, roster([attendee(n) for n in range(1, rows + 1)]))["Location"]
        with CaptureQueriesContext(connection) as queries:
            assert f"确认导入 {rows} 行" in page(client.get(address))
        asked.append(len(queries))
    assert asked[1] < asked[0] + 30, asked
