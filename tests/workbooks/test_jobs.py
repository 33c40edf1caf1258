"""A workbook too large for one request: the worker checks and imports it, dies in the middle, and nothing is lost."""

from __future__ import annotations

import html
import os
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django_tasks_db.models import DBTaskResult

from directory import files
from ledger import posting
from ledger.models import Batch, Entry, ImportJob
from ledger.verify import verify
from tests.ledger.world import World
from tests.workbooks.conftest import Browse, commit
from tests.workbooks.files import attendee, roster
from tests.workbooks.test_import import books
from tests.workbooks.test_pages import page, seen, sent
from workbooks import jobs, planning, storage
from workbooks.progress import Progress
from workbooks.tasks import look_after_jobs, run_job

pytestmark = pytest.mark.usefixtures("course")


@pytest.fixture(autouse=True)
def three_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "IN_REQUEST", 3)


def people(count: int = 5) -> bytes:
    return roster([attendee(n) for n in range(1, count + 1)])


def the_job() -> ImportJob:
    return ImportJob.objects.get()


def worked() -> ImportJob:
    jobs.work(the_job().pk)
    return the_job()


def previewed(client: Client, world: World, data: bytes) -> tuple[str, str]:
    """The address of the job and what its preview says."""
    address = sent(client, world, data)["Location"]
    assert worked().state == "shown"
    return address, page(client.get(address))


def test_a_large_roster_is_checked_and_imported_by_the_worker(
    browse: Browse, world: World, django_capture_on_commit_callbacks: Any
) -> None:
    client = browse("徐庄")
    with django_capture_on_commit_callbacks() as queued:
        address = sent(client, world, people())["Location"]
    assert len(queued) == 1
    text = page(client.get(address))
    assert "正在排队" in text
    assert f'hx-get="{address}"' in text
    assert "学员.xlsx" in page(client.get("/workbooks/"))  # found again after the tab was closed
    queued[0]()  # the settings of the tests run a task at once
    assert books()["training_attendances"] == (0, 0)  # looked at, not written
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    text = page(client.get(address))
    assert "确认导入 5 行" in text
    with django_capture_on_commit_callbacks() as queued:
        answer = client.post(address, {"rows": "all", "seen": seen(text)})
        assert answer["Location"] == address
        assert "正在导入" in page(client.get(address))
        client.post(address, {"rows": "all", "seen": seen(text)})  # pressed twice
    assert len(queued) == 1
    queued[0]()
    job = the_job()
    assert (job.state, job.run) == ("done", 2)
    assert job.batch is not None
    assert books()["training_attendances"] == (0, 5)
    # the page that waits is loaded anew; a redirect would be put into its box
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert client.get(address)["Location"] == f"/workbooks/batches/{job.batch.pk}/"
    assert "您上传的大文件" not in page(client.get("/workbooks/"))
    assert not list(files.pending().iterdir())
    jobs.work(job.pk)  # the queue delivers it once more
    assert Batch.objects.unscoped("测试").filter(name="学员.xlsx").count() == 1
    assert list(verify()) == []


def missed(job: ImportJob) -> None:
    """As if the worker that has the job had given no sign of life for a while."""
    long_ago = time.time() - 2 * jobs.STALE
    os.utime(files.pending() / f"{job.token}.beat", (long_ago, long_ago))
    ImportJob.objects.update(started_at=job.asked_at - timedelta(days=1))


def killed_while_writing(monkeypatch: pytest.MonkeyPatch) -> ImportJob:
    """The job, taken by a worker that ends in the middle of it."""
    real = posting.hold_all

    def killed(filed: Any) -> None:
        real(filed)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(posting, "hold_all", killed)
        with pytest.raises(SystemExit):
            worked()
    return the_job()


def test_a_worker_killed_while_writing_leaves_nothing_half_written_and_another_does_it_again(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    client.post(address, {"rows": "all", "seen": seen(text)})
    before = books()
    job = killed_while_writing(monkeypatch)
    assert job.state == "running"
    assert books() == before
    assert not Entry.objects.unscoped("测试").filter(register="training_attendance").exists()

    assert "正在导入" in page(client.get(address))
    look_after_jobs.func()
    assert the_job().state == "running"  # perhaps it is only slow
    missed(job)
    with django_capture_on_commit_callbacks() as queued:
        look_after_jobs.func()
    job = the_job()
    assert (job.state, job.died, len(queued)) == ("asked", 1, 1)
    text = page(client.get(address))
    assert "上次处理中断了，没有写入任何内容，系统正在自动重做（第 1 次）" in text
    assert f'hx-get="{address}"' in text
    look_after_jobs.func()
    assert the_job().died == 1
    assert worked().state == "done"
    assert books()["training_attendances"] == (0, 5)
    assert Batch.objects.unscoped("测试").filter(name="学员.xlsx").count() == 1
    assert list(verify()) == []


def test_what_kills_every_worker_is_not_done_again_for_ever(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    client.post(address, {"rows": "all", "seen": seen(text)})
    for times in range(1, jobs.AGAIN + 1):
        missed(killed_while_writing(monkeypatch))
        look_after_jobs.func()
        assert (the_job().state, the_job().died) == ("asked", times)
    missed(killed_while_writing(monkeypatch))
    look_after_jobs.func()
    assert the_job().state == "running"
    text = page(client.get(address))
    assert "已经自动重做 3 次，都没有做完" in text
    assert "hx-get" not in text.partition('id="job"')[2].partition(">")[0]
    client.post(address, {"again": "1"})
    assert (the_job().state, the_job().died) == ("asked", 0)
    assert worked().state == "done"
    assert books()["training_attendances"] == (0, 5)
    assert list(verify()) == []


def test_a_look_that_was_lost_with_its_worker_is_made_good_by_the_page(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    client.post(address, {"rows": "all", "seen": seen(text)})
    missed(killed_while_writing(monkeypatch))
    assert "正在自动重做（第 1 次）" in page(client.get(address, follow=True))

    ImportJob.objects.update(asked_at=the_job().asked_at - timedelta(seconds=2 * jobs.STALE))
    with (
        django_capture_on_commit_callbacks() as queued
    ):  # its task was taken by a worker that died before the job was
        assert client.get(address)["Location"] == address
    assert len(queued) == 1
    DBTaskResult.objects.create(
        status="READY",
        task_path=run_job.module_path,
        args_kwargs={"args": [the_job().pk], "kwargs": {}},
        backend_name="default",
        run_after=the_job().asked_at,
    )
    assert "正在排队" in page(client.get(address))  # behind other work
    queued[0]()
    assert the_job().state == "done"
    assert books()["training_attendances"] == (0, 5)


def test_what_was_called_off_is_not_done_again(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    client.post(address, {"rows": "all", "seen": seen(text)})
    job = killed_while_writing(monkeypatch)
    client.post(address, {"forget": "1"})
    assert "正在取消" in page(client.get(address))
    missed(job)
    look_after_jobs.func()
    assert not ImportJob.objects.exists()
    assert not list(files.pending().iterdir())


def test_a_worker_that_was_only_slow_keeps_nothing_once_another_took_over(
    browse: Browse, world: World
) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    client.post(address, {"rows": "all", "seen": seen(text)})
    ImportJob.objects.update(state="running", run=7)
    slow = the_job()
    ImportJob.objects.update(run=8)
    with pytest.raises(jobs.TakenOver):
        jobs._import(slow)
    assert books()["training_attendances"] == (0, 0)
    assert not Batch.objects.unscoped("测试").filter(name="学员.xlsx").exists()
    assert list(verify()) == []


def test_a_preview_no_longer_true_is_made_anew_and_shown_with_the_reason(
    browse: Browse, world: World
) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    commit(world, people(2))
    client.post(address, {"rows": "all", "seen": seen(text)})
    assert worked().state == "asked"
    assert worked().state == "shown"
    text = page(client.get(address))
    assert "系统里的记录有了变化" in text
    assert "确认导入 3 行" in text
    assert books()["training_attendances"] == (0, 2)


def test_the_valid_rows_go_in_by_choice(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    rows = [attendee(n) for n in range(1, 6)]
    rows[2][4] = "12"
    address, text = previewed(client, world, roster(rows))
    assert "有 1 处错误，什么都还没有写入" in text
    client.post(address, {"rows": "all", "seen": seen(text)})  # the button was not offered
    assert worked().state == "shown"
    client.post(address, {"rows": "valid", "seen": seen(text)})
    assert worked().state == "done"
    assert books()["training_attendances"] == (0, 4)


def test_a_refusal_an_error_and_an_expired_file_say_what_to_do(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("徐庄")
    address = sent(client, world, people())["Location"]
    monkeypatch.setattr(planning, "MOST_ROWS", 4)
    assert worked().state == "refused"
    assert "一次最多 4 行" in page(client.get(address))
    assert client.post(address, {"forget": "1"})["Location"] == "/workbooks/upload/"
    assert not ImportJob.objects.exists()
    assert not list(files.pending().iterdir())
    monkeypatch.undo()
    monkeypatch.setattr(jobs, "IN_REQUEST", 3)

    address = sent(client, world, people())["Location"]
    storage.drop_pending(the_job().token)
    assert worked().message == "文件已过期，请重新上传。"
    client.post(address, {"forget": "1"})

    address = sent(client, world, people())["Location"]
    monkeypatch.setattr(planning, "preview", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worked()
    assert "处理时出错，没有写入任何内容" in page(client.get(address))


def test_a_file_far_too_long_is_refused_at_the_door(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_ROWS", 4)
    monkeypatch.setattr(planning, "SPARE_ROWS", 4)
    text = page(sent(browse("徐庄"), world, people(30)), 422)
    assert "一次最多 4 行" in text
    assert not list(files.pending().glob("*"))


def test_a_job_is_its_owners_alone_and_says_nothing_in_the_clear(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    assert "确认导入" in text
    other = browse("徐庄二")
    assert other.get(address)["Location"] == "/workbooks/upload/"
    assert other.post(address, {"rows": "all", "seen": seen(text)})["Location"] == "/workbooks/upload/"
    assert the_job().state == "shown"
    assert "您上传的大文件" not in html.unescape(other.get("/workbooks/").content.decode())
    kept = b"".join(path.read_bytes() for path in files.pending().iterdir())
    assert "training" not in kept.decode("ascii")
    sent(client, world, people(6))  # sweeps nothing that is still kept
    assert ImportJob.objects.count() == 2


def test_the_page_says_how_far_it_is_and_about_how_long_it_takes(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("徐庄")
    monkeypatch.setattr(planning, "TOLD_EVERY", 2)
    address = sent(client, world, people())["Location"]
    heard: list[tuple[Progress, str]] = []

    def hear(token: str, progress: Progress) -> None:
        tell(token, progress)
        ImportJob.objects.update(started_at=the_job().asked_at - timedelta(seconds=30))
        heard.append((progress, page(client.get(address))))

    tell = storage.tell
    monkeypatch.setattr(storage, "tell", hear)
    worked()
    told = [(progress.stage.name, progress.done, progress.total) for progress, _ in heard]
    assert told == [
        *[("READ", 0, 0), ("CELLS", 2, 5), ("CELLS", 4, 5)],
        *[("RULES", 0, 5), ("BOOKS", 0, 5), ("EFFECTS", 0, 0)],
    ]
    percents = [progress.percent for progress, _ in heard]
    assert percents == sorted(percents)
    assert "逐格核对：第 4 行，共 5 行" in heard[2][1]
    assert 'value="13"' in heard[2][1]
    assert "大约还需" not in heard[0][1]
    assert "大约还需 30 秒" in heard[4][1]


def test_a_large_file_can_be_called_off_until_it_is_written(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    address = sent(client, world, people())["Location"]
    client.post(address, {"forget": "1"})  # it waits for the worker
    jobs.work(1)
    assert not ImportJob.objects.exists()
    assert "已经处理、取消或过期" in page(client.get(address, follow=True))

    address, text = previewed(client, world, people())
    client.post(address, {"rows": "all", "seen": seen(text)})
    job = the_job()
    ImportJob.objects.update(state="running", run=F("run") + 1)
    client.post(address, {"forget": "1"})  # the worker is at it
    assert "正在取消" in page(client.get(address))
    ImportJob.objects.update(state="asked")
    jobs.work(job.pk)
    assert not ImportJob.objects.exists()
    assert books()["training_attendances"] == (0, 0)
    assert not Batch.objects.unscoped("测试").filter(name="学员.xlsx").exists()
    assert not list(files.pending().iterdir())
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/workbooks/upload/"


def test_a_call_off_that_comes_too_late_is_forgotten(browse: Browse, world: World) -> None:
    client = browse("徐庄")
    address, text = previewed(client, world, people())
    storage.stop(the_job().token)  # the preview was finished just then
    client.post(address, {"rows": "all", "seen": seen(text)})
    assert worked().state == "done"


def test_the_menu_says_that_a_large_file_waits_for_its_owner(browse: Browse, world: World) -> None:
    client, other = browse("徐庄"), browse("徐庄二")
    previewed(client, world, people())
    link = page(client.get("/workbooks/")).partition('href="/workbooks/"')[2].partition("</a>")[0]
    assert '<span class="nav-count">1<' in link
    link = page(other.get("/workbooks/")).partition('href="/workbooks/"')[2].partition("</a>")[0]
    assert "nav-count" not in link
