"""Whoever imports a workbook killed with -9 in the middle, again and again: all of the file is in the books or nothing of
it, and sent or begun again it is counted once. In turn it is `import_workbook` and the worker, with a confirmed file."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from directory.models import Organization, Person, User
from ledger import actions
from ledger.models import Account, Batch, Entry, ImportJob, Participation, Period
from ledger.verify import verify
from tests.ledger.kill.harness import WHY, Run, Verdict, make_books
from tests.ledger.kill.registers import PLAN, UNIT
from tests.processes import children_of, is_zombie
from tests.workbooks.files import COURSE_1, attendee, courses, roster, xlsx
from workbooks import jobs, storage
from workbooks.planning import Upload

ROWS = 100  # of a file
PERIOD = "2022Q2"
CLERK = "importer"
ENDS_WITHIN = 10.0  # seconds, for the process that reads the file, once nobody waits for its answer


def kill_imports(run: Run) -> Verdict:
    """Import files, each by a process to be killed at a random moment and then by one that is not, until `run.kills`
    were killed."""
    make_books(run)
    open_course()
    took = _import(run.folder, 0)
    chance = random.Random(run.seed)
    faults: list[str] = []
    number = killed = done = nothing = left = 0
    began = time.monotonic()
    while killed < run.kills and time.monotonic() < began + run.seconds:
        number += 1
        before = standing()
        # up to somewhat longer than the last one took: some must be killed after the commit
        running, orphans = _import_and_kill(run.folder, number, chance.uniform(0, took * 1.4))
        killed += running
        left += len(orphans)
        now = standing()
        whole = {name: before[name] + (ROWS if name != "batches" else 1) for name in before}
        if now == whole:
            done += running
        elif now == before and running:
            nothing += 1
        else:
            faults.append(f"file {number} is half there: {before} became {now}")
        _take_over(number)
        took = _import(run.folder, number)
        if not _is_done(run.folder, number) or standing() != whole:
            faults.append(f"file {number}, begun again: {before} became {standing()}")
    seconds = time.monotonic() - began
    if left:
        faults.append(f"{left} processes that read a file outlived the one that asked them")
    if killed < run.kills:
        faults.append(f"{killed} of {run.kills} were killed in the time")
    if not nothing:
        faults.append("no kill hit before the commit")
    counted = Account.objects.get(code=f"{PLAN}/target/trained_people")
    if counted.held_in != ROWS * (number + 1):
        faults.append(f"{counted.held_in} people wait to be counted, of {ROWS * (number + 1)}")
    files, referenced = originals()
    for path, digest in referenced.items():
        if path not in files or hashlib.sha256(storage.original(path)).hexdigest() != digest:
            faults.append(f"the original {path} of a batch is not what was uploaded")
    differences = list(verify())
    if differences:
        faults.append(f"verify_ledger names {len(differences)} differences: {differences[:3]}")
    counts = {
        "engine": run.engine,
        "seed": run.seed,
        "imports": number,
        "killed": killed,
        "whole": done,
        "nothing": nothing,
        "rows": ROWS * (number + 1),
        "files_of_batches": len(referenced),
        "files_of_nobody": len(files - set(referenced)),
        "differences": len(differences),
        "last_import_s": round(took, 2),
        "seconds": round(seconds, 1),
    }
    return Verdict(counts, faults)


def open_course() -> None:
    """The clerk of the unit, and the course whose people the files bring, approved."""
    unit = Organization.objects.get(code=UNIT)
    User.objects.create(
        username=CLERK,
        full_name="导入",
        role=User.Role.CLERK,
        organization=unit,
        must_change_password=False,
        password_changed_at=timezone.now(),
    )
    path = settings.DATA_DIR / "班次.xlsx"
    path.write_bytes(xlsx({"班次": courses(COURSE_1)}))
    _command(path, io.StringIO())
    reviewer = User.objects.select_related("organization").get(username="reviewer0")
    for entry in Entry.objects.unscoped(WHY).filter(register="training_course"):
        actions.approve(by=reviewer, on=timezone.localdate(), entry=entry, version=1)


def _file(folder: Path, number: int) -> Path:
    path = folder / f"学员{number}.xlsx"
    if not path.exists():
        people = (attendee(n, COURSE_1[0]) for n in range(number * ROWS, (number + 1) * ROWS))
        path.write_bytes(roster(people))
    return path


def _command(path: Path, out: Any) -> None:
    options = {"organization": UNIT, "period": PERIOD, "user": CLERK, "json": True}
    call_command("import_workbook", path, **options, stdout=out)


def _by_worker(number: int) -> bool:
    return number % 2 == 0 and number > 0


def _prepare(folder: Path, number: int) -> None:
    """Make the file; for the worker, upload it, let it be checked, and confirm it, unless that was done before."""
    path = _file(folder, number)
    if _by_worker(number) and not ImportJob.objects.filter(name=path.name).exists():
        by = User.objects.select_related("organization").get(username=CLERK)
        assert by.organization is not None
        upload = Upload(path.read_bytes(), path.name, by.organization, Period.objects.get(code=PERIOD))
        job = jobs.ask(by=by, token=storage.put_pending(upload.data), upload=upload, rows=ROWS)
        jobs.work(job.pk)
        jobs.confirm(job=job, wants=ImportJob.Wants.ALL, seen=storage.get_page(job.token)["seen"])
    connections.close_all()


def _in_child(folder: Path, number: int) -> None:
    path = _file(folder, number)
    if _by_worker(number):
        jobs.work(ImportJob.objects.get(name=path.name).pk)
        return
    with (folder / f"answer-{number}.json").open("w", encoding="utf-8") as out:
        _command(path, out)


def _started(folder: Path, number: int) -> Any:
    process = multiprocessing.get_context("fork").Process(target=_in_child, args=(folder, number))
    process.start()
    return process


def _import(folder: Path, number: int) -> float:
    """Import the file in a process of its own, to its end; returns the seconds it took."""
    _prepare(folder, number)
    began = time.monotonic()
    process = _started(folder, number)
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the import of file {number} ended with {process.exitcode}")
    return time.monotonic() - began


def _take_over(number: int) -> None:
    """What the clerk does after the worker gave no sign of life for half a minute, without the half minute."""
    for job in ImportJob.objects.filter(name=f"学员{number}.xlsx"):
        patience, jobs.STALE = jobs.STALE, -1.0
        jobs.restart(job=job)
        jobs.STALE = patience


def _is_done(folder: Path, number: int) -> bool:
    """Whether the last import of the file says that its rows are in the books, once."""
    if _by_worker(number):
        return ImportJob.objects.get(name=f"学员{number}.xlsx").state == ImportJob.State.DONE
    answer = json.loads((folder / f"answer-{number}.json").read_text("utf-8"))
    return (answer["added"], answer["unchanged"]) in ((ROWS, 0), (0, ROWS))


def _import_and_kill(folder: Path, number: int, after: float) -> tuple[bool, list[int]]:
    """Whether the import was still running `after` seconds, when it was killed; and which processes it had started
    live on."""
    _prepare(folder, number)
    process = _started(folder, number)
    process.join(after)
    if process.exitcode is not None:
        return False, []
    os.kill(process.pid, signal.SIGSTOP)
    children = children_of(process.pid)
    process.kill()
    process.join()
    give_up = time.monotonic() + ENDS_WITHIN
    while children and time.monotonic() < give_up:
        children = [pid for pid in children if Path(f"/proc/{pid}").exists() and not is_zombie(pid)]
        time.sleep(0.02)
    wait_for_the_server(give_up)
    return True, children


def wait_for_the_server(give_up: float) -> None:
    """PostgreSQL learns only at its next word to a client that it is gone; a commit it was sent, it carries out."""
    sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    while connection.vendor == "postgresql" and time.monotonic() < give_up:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.02)


def standing() -> dict[str, int]:
    """How much there is of what an import writes."""
    people = Participation.objects.filter(account__code=f"{PLAN}/target/trained_people")
    return {
        "batches": Batch.objects.unscoped(WHY).count(),
        "entries": Entry.objects.unscoped(WHY).count(),
        "people": Person.objects.count(),
        "participations": people.count(),
    }


def originals() -> tuple[set[str], dict[str, str]]:
    """The originals on disk, and those that batches name, with their SHA-256."""
    root = Path(settings.EVIDENCE_ROOT)
    files = {str(path.relative_to(root)) for path in root.glob("batches/*/*")}
    return files, dict(Batch.objects.unscoped(WHY).values_list("path", "sha256"))
