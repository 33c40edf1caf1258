"""Workbooks too large for one request: checked, and once confirmed imported, by the background worker.

Each of the two is one transaction, so a worker killed in the middle has written nothing, and doing it again is harmless;
that a job is done is said in the transaction that does it. While it works, a file's date is its sign of life: on SQLite
the database is locked just then. With every job goes a look after it, due when a worker that took it and died would be
missed: it has the job done again, AGAIN times at most, for a file may be what kills the worker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from directory.models import User
from ledger.models import Batch, ImportJob
from ledger.refusals import Refusal
from workbooks import planning, storage
from workbooks.planning import Upload
from workbooks.progress import Progress

IN_REQUEST = 5_000  # rows: up to here a request does it, within some five seconds
SHOWN = 300  # errors, warnings and changes on one page; a file with more has one cause more often than many
BEAT = 2.0  # seconds
STALE = 30.0  # seconds without a sign of life after which a worker is taken for dead
LOOK = 10.0  # seconds from one look after the jobs to the next
AGAIN = 3  # times the system does by itself again what a dead worker left, for one preview or import
State, Wants = ImportJob.State, ImportJob.Wants


class Stopped(Exception):
    """The user called it off; whatever it had done is rolled back."""


class TakenOver(Refusal):
    """This worker was taken for dead and another does its work."""


def ask(*, by: User, token: str, upload: Upload, rows: int) -> ImportJob:
    """Have the worker check a file that waits under `token`. Jobs whose files are no longer kept are swept."""
    with transaction.atomic():
        ImportJob.objects.filter(asked_at__lt=_oldest()).delete()
        job = ImportJob.objects.create(
            token=token,
            owner=by,
            organization=upload.organization,
            period=upload.period,
            register=upload.registers[0] if upload.registers else "",
            name=upload.name,
            rows=rows,
            asked_at=timezone.now(),
        )
        _enqueue(job)
    return job


def confirm(*, job: ImportJob, wants: str, seen: str) -> None:
    """Have the worker import what the preview showed. Sent twice, it is done once."""
    _again(ImportJob.objects.filter(pk=job.pk, state=State.SHOWN), job, wants=wants, seen=seen, died=0)


def restart(*, job: ImportJob) -> None:
    """Do again what a dead worker left, because its owner asks for it."""
    if is_stuck(job):
        _again(_mine(job), job, died=0)


def look_after() -> None:
    """Do again what dead workers left, and look again later as long as anything is under way. Safe at any time, by
    anybody."""
    for job in ImportJob.objects.filter(state=State.RUNNING, asked_at__gte=_oldest()):
        if not is_left(job):
            continue
        if storage.is_stopped(job.token):  # its owner did not want it any more
            _mine(job).delete()
            storage.drop_pending(job.token)
        else:
            _again(_mine(job), job, died=job.died + 1)
    for job in ImportJob.objects.filter(state=State.ASKED, asked_at__gte=_oldest()):
        if is_left(job):
            _enqueue(job)
    if ImportJob.objects.filter(state__in=[State.ASKED, State.RUNNING]).exists():
        _look_later(LOOK)


def forget(*, job: ImportJob) -> bool:
    """The user does not want it any more: whether it is gone. A worker that has it leaves off at its next step, unless it
    is done by then."""
    gone, _ = ImportJob.objects.filter(pk=job.pk).exclude(state__in=[State.RUNNING, State.DONE]).delete()
    if gone or is_stuck(job):
        _mine(job).delete()
        storage.drop_pending(job.token)
        return True
    storage.stop(job.token)
    return False


def waiting_for(user: User) -> int:
    """How many of the user's large files wait for them: checked and not confirmed yet, or not imported."""
    return jobs_of(user).filter(state__in=[State.SHOWN, State.REFUSED]).count()


def jobs_of(user: User, token: str | None = None) -> QuerySet[ImportJob]:
    """The user's own jobs as long as their files are kept, the latest first: the one of a token, or those not done."""
    mine = ImportJob.objects.filter(owner=user, asked_at__gte=_oldest())
    mine = mine.exclude(state=State.DONE) if token is None else mine.filter(token=token)
    return mine.select_related("organization", "period").order_by("-pk")


def is_stuck(job: ImportJob) -> bool:
    """Whether the worker that took it gives no sign of life."""
    if job.state != State.RUNNING or job.started_at is None:
        return False
    return time.time() - max(storage.last_beat(job.token), job.started_at.timestamp()) > STALE


def is_left(job: ImportJob) -> bool:
    """Whether it is to be done again, because a worker died with it: at work, or as it was about to begin; unless workers
    died of it so often that only its owner has it done again."""
    return (is_stuck(job) and job.died < AGAIN) or _is_lost(job)


def upload_of(job: ImportJob) -> Upload:
    """The file and for whom it is. Raises storage.NoSuchFile."""
    registers = (job.register,) if job.register else ()

    def tell(progress: Progress) -> None:
        if storage.is_stopped(job.token):
            raise Stopped
        storage.tell(job.token, progress)

    data, cells = storage.get_pending(job.token), storage.get_cells(job.token)
    return Upload(data, job.name, job.organization, job.period, registers, tell, cells)


def work(job_id: int) -> None:
    """What the worker does: take the job if nobody has, check or import, say what became of it."""
    if not ImportJob.objects.filter(pk=job_id, state=State.ASKED).update(
        state=State.RUNNING, run=F("run") + 1, started_at=timezone.now()
    ):
        return
    job = ImportJob.objects.select_related("owner__organization", "organization", "period").get(pk=job_id)
    try:
        with _alive(job.token):
            (_check if job.wants == Wants.PREVIEW else _import)(job)
    except TakenOver:
        return
    except Stopped:
        _mine(job).delete()
        storage.drop_pending(job.token)
    except planning.Changed as refusal:
        # as after any change: a new preview, to be looked at
        _again(_mine(job), job, wants=Wants.PREVIEW, message=refusal.message)
    except storage.NoSuchFile:
        _mine(job).update(state=State.REFUSED, message="文件已过期，请重新上传。")
    except Refusal as refusal:
        _mine(job).update(state=State.REFUSED, message=refusal.message)
    except Exception:
        _mine(job).update(
            state=State.REFUSED, message="处理时出错，没有写入任何内容。请重新上传；仍出错请联系系统管理员。"
        )
        raise


def _oldest() -> datetime:
    return timezone.now() - timedelta(hours=storage.PENDING_HOURS)


def _check(job: ImportJob) -> None:
    report = planning.preview(by=job.owner, on=timezone.localdate(), upload=upload_of(job))
    if storage.is_stopped(job.token):
        raise Stopped
    storage.put_page(job.token, report.as_page(SHOWN))
    _mine(job).update(state=State.SHOWN)


def _import(job: ImportJob) -> None:
    def done(batch: Batch) -> None:
        if not _mine(job).update(state=State.DONE, batch=batch, message=""):
            raise TakenOver("这个文件正由另一个后台程序处理。")

    report = planning.commit(
        by=job.owner,
        on=timezone.localdate(),
        upload=upload_of(job),
        valid_only=job.wants == Wants.VALID,
        seen=job.seen,
        then=done,
    )
    if report.batch is None:  # errors, or nothing to write: the page says which
        storage.put_page(job.token, report.as_page(SHOWN))
        _mine(job).update(state=State.SHOWN)
        return
    storage.drop_pending(job.token)


def _mine(job: ImportJob) -> QuerySet[ImportJob]:
    return ImportJob.objects.filter(pk=job.pk, state=State.RUNNING, run=job.run)


def _again(rows: QuerySet[ImportJob], job: ImportJob, **changes: str | int) -> None:
    storage.go_on(job.token)
    with transaction.atomic():
        if rows.update(
            state=State.ASKED, asked_at=timezone.now(), started_at=None, **{"message": "", **changes}
        ):
            _enqueue(job)


def _enqueue(job: ImportJob) -> None:
    from workbooks.tasks import run_job  # the task calls this module

    def put_into_queue() -> None:
        run_job.enqueue(job.pk)
        _look_later(STALE + BEAT)  # one that takes it now and dies would be missed by then

    transaction.on_commit(put_into_queue)


def _look_later(seconds: float) -> None:
    """Have a worker that is free then look after the jobs; one look waits for all of them."""
    from workbooks.tasks import look_after_jobs

    if not DBTaskResult.objects.filter(status="READY", task_path=look_after_jobs.module_path).exists():
        look_after_jobs.using(run_after=timezone.now() + timedelta(seconds=seconds)).enqueue()


def _is_lost(job: ImportJob) -> bool:
    """Whether it waits, but not in the queue: the worker died after it had taken the task and before it took the job."""
    from workbooks.tasks import run_job

    if job.state != State.ASKED or time.time() - job.asked_at.timestamp() <= STALE:
        return False
    queued = DBTaskResult.objects.filter(status="READY", task_path=run_job.module_path)
    return not queued.filter(args_kwargs={"args": [job.pk], "kwargs": {}}).exists()


@contextmanager
def _alive(token: str) -> Iterator[None]:
    """Give signs of life while inside."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(BEAT):
            storage.beat(token)

    storage.beat(token)
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
