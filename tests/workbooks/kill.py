"""The background worker killed with -9 at random points of imports: nothing is half there, another does it again by itself,
and it is counted once.

    .venv/bin/python -m tests.workbooks.kill --engine postgres --rows 10000 --kills 100 [--seed N] [--stale 30]

Over a database of its own in a temporary folder. A clerk uploads a file through the pages, which puts it into the real
queue; `manage.py db_worker` takes it, is killed at a random moment with every process it started, and started again, as
systemd does. After each kill the books hold all of the file or nothing of it. Nobody touches anything then: the job must
be found by its missing heartbeat and be done again. After the third time only its owner has it done again: then the
harness presses the button. Some kills hit the check before the preview, most the import; each file is killed up to
FILE_KILLS times before it may be finished, so that a kill costs no whole import. At the end every file is in the books
once. `--stale`: after so many seconds without a sign of life a worker is taken for dead (the application's own: 30).
`--seconds`: after so many, no further file is begun. Exit 1 if any of it does not hold. CI runs a
twentieth (test_kill.py); the full run is in docs/runs.md.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ledger.kill.servers import RECOVERS_SOON, Postgres, Sqlite
from tests.processes import children_of, is_zombie

if TYPE_CHECKING:
    from ledger.models import ImportJob

ROOT = Path(__file__).resolve().parents[2]
FILE_KILLS = 12
OF_PREVIEWS = 0.2  # of the kills
ENDS_WITHIN = 10.0  # seconds, for the processes that a killed worker had started
PATIENCE = 240.0  # seconds, for what a worker does on a busy machine
STEP = 0.02  # seconds between two looks


class Worker:
    """`manage.py db_worker`, started anew whenever it was killed."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["db_worker", "--verbosity=0", "--interval=0.1", "--no-startup-delay", "--no-reload"]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", ROOT / "manage.py", *command], cwd=ROOT
        )

    def kill(self) -> list[int]:
        """kill -9; the processes it had started which outlive it."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        children = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        until(lambda: all(is_zombie(pid) for pid in children), ENDS_WITHIN)
        return [pid for pid in children if not is_zombie(pid)]

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for it; whether it came true in time."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(STEP)
    return holds()


class Clerk:
    """Who uploads, confirms, and presses what the pages offer."""

    def __init__(self) -> None:
        from django.test import Client

        from directory.models import User
        from tests.ledger.kill.importing import CLERK

        self.client = Client(headers={"host": "127.0.0.1"})
        self.client.force_login(User.objects.get(username=CLERK), "django.contrib.auth.backends.ModelBackend")

    def upload(self, name: str, data: bytes) -> ImportJob:
        from django.core.files.uploadedfile import SimpleUploadedFile

        from ledger.models import ImportJob
        from tests.ledger.kill.importing import PERIOD
        from tests.ledger.kill.registers import UNIT

        form = {"organization": UNIT, "period": PERIOD, "register": ""}
        answer = self.client.post("/workbooks/upload/", {**form, "file": SimpleUploadedFile(name, data)})
        token = answer.headers["Location"].strip("/").rpartition("/")[2]
        return ImportJob.objects.get(token=token)

    def page(self, job: ImportJob) -> str:
        return self.client.get(f"/workbooks/preview/{job.token}/", follow=True).content.decode()

    def confirm(self, job: ImportJob) -> None:
        seen = re.search(r'name="seen" value="(\w+)"', self.page(job))
        assert seen is not None
        self.client.post(f"/workbooks/preview/{job.token}/", {"rows": "all", "seen": seen[1]})

    def again(self, job: ImportJob) -> None:
        self.client.post(f"/workbooks/preview/{job.token}/", {"again": "1"})


class Run:
    """The kills, and what was seen of them."""

    def __init__(self, rows: int, kills: int, seed: int) -> None:
        from tests.ledger.kill.importing import standing

        self.rows, self.kills = rows, kills
        self.chance = random.Random(seed)
        self.clerk, self.worker = Clerk(), Worker()
        self.standing = standing
        self.killed = self.whole = self.by_itself = self.by_button = self.by_page = self.orphans = (
            self.files
        ) = 0
        self.where: collections.Counter[str] = collections.Counter()
        self.took: dict[bool, float] = {}  # preview or not → seconds, undisturbed
        self.missed: list[float] = []  # seconds from a kill until the job was taken again
        self.faults: list[str] = []

    def all(self, seconds: float) -> None:
        """Import one file undisturbed, to know how long it takes; then kill, for so many seconds at most."""
        give_up = time.monotonic() + seconds
        self.worker.start()
        self._file(0)
        while self.killed < self.kills and len(self.faults) < 5 and time.monotonic() < give_up:
            self._file(min(FILE_KILLS, self.kills - self.killed))

    def _file(self, kills: int) -> None:
        from tests.workbooks.files import COURSE_1, attendee, roster

        name, self.files = f"学员{self.files}.xlsx", self.files + 1
        first = (self.files - 1) * self.rows
        job = self.clerk.upload(
            name, roster(attendee(n, COURSE_1[0]) for n in range(first, first + self.rows))
        )
        of_preview = round(kills * OF_PREVIEWS)
        for part, preview in ((of_preview, True), (kills - of_preview, False)):
            began = time.monotonic()
            if not preview:
                self.clerk.confirm(job)
            undecided = self.standing()
            due = undecided if preview else self._with_the_file(undecided)
            for _ in range(part):
                if self._kill(job, undecided, due, preview):
                    break
            if not until(lambda: self._state(job) in ("shown", "done", "refused")):
                self._fault(f"{name} is not finished: {self._state(job)}")
                return
            if not part:
                self.took[preview] = time.monotonic() - began
            expected = "shown" if preview else "done"
            if self._state(job) != expected or self.standing() != due:
                self._fault(f"{name} is {self._state(job)}: {undecided} became {self.standing()}")
                return

    def _kill(self, job: ImportJob, before: dict[str, int], due: dict[str, int], preview: bool) -> bool:
        """Kill the worker in the middle of the job and see that it is done again; whether it was finished by then."""
        from tests.ledger.kill.importing import wait_for_the_server
        from workbooks import jobs, storage

        # somewhat longer than it takes: some must be killed after the commit
        time.sleep(self.chance.uniform(0, self.took[preview] * 1.1))
        job.refresh_from_db()
        if job.state in ("done", "shown"):  # long enough ago that the kill would hit an idle worker
            return True
        run, died = job.run, job.died
        self.orphans += len(self.worker.kill())
        killed_at = time.monotonic()
        self.killed += 1
        sys.stderr.write(f"kill {self.killed} of {job.name}\n")
        wait_for_the_server(killed_at + PATIENCE)
        now, progress = self.standing(), storage.told(job.token)
        job.refresh_from_db()
        self.worker.start()
        if job.state in ("done", "shown"):
            self.where["after the commit"] += 1
            self.whole += 1
            if now != due:
                self._fault(f"{job.name} is {job.state}, and half there: {before} became {now}")
            return True
        if job.state == "asked":
            self.where["before it was taken"] += 1
        else:
            self.where[f"{'check' if preview else 'import'}, {progress.stage.name}"] += 1
        if now != before:
            self._fault(f"{job.name} is half there: {before} became {now}")
        given_up = job.state == "running" and job.died >= jobs.AGAIN
        if given_up:
            until(lambda: jobs.is_stuck(job), jobs.STALE + 5)
            time.sleep(2 * jobs.BEAT)
            job.refresh_from_db()
            text = self.clerk.page(job)
            if job.run != run or f"已经自动重做 {jobs.AGAIN} 次" not in text:
                self._fault(f"{job.name} was begun again after {died + 1} workers died of it")
            self.clerk.again(job)
            self.by_button += 1
        taken = until(lambda: self._run(job) > run, 2 * (jobs.STALE + jobs.BEAT) + 20)
        if not taken and not given_up:
            self.clerk.page(job)
            self.by_page += 1
            taken = until(lambda: self._run(job) > run, 20)
        if not taken:
            self._fault(f"{job.name} was not begun again within {time.monotonic() - killed_at:.0f} s")
            return True
        if not given_up:
            self.by_itself += 1
            self.missed.append(time.monotonic() - killed_at)
        return False

    def _with_the_file(self, standing: dict[str, int]) -> dict[str, int]:
        return {name: n + (1 if name == "batches" else self.rows) for name, n in standing.items()}

    def _state(self, job: ImportJob) -> str:
        job.refresh_from_db()
        return str(job.state)

    def _run(self, job: ImportJob) -> int:
        job.refresh_from_db()
        return job.run

    def _fault(self, text: str) -> None:
        self.faults.append(f"kill {self.killed}: {text}")


def judge(run: Run) -> None:
    """What must hold at the end, over the whole books."""
    from ledger.models import Account, Batch, ImportJob
    from ledger.verify import verify
    from tests.ledger.kill.importing import originals
    from tests.ledger.kill.registers import PLAN
    from workbooks import storage

    people = run.files * run.rows
    for target in ("trained_people", "training_attendances"):
        counted = Account.objects.get(code=f"{PLAN}/target/{target}").held_in
        if counted != people:
            run.faults.append(f"{target}: {counted} wait to be counted, of {people}")
    batches = Batch.objects.unscoped("测试").filter(name__startswith="学员").count()
    if batches != run.files:
        run.faults.append(f"{batches} batches of {run.files} files")
    left = ImportJob.objects.exclude(state="done").count()
    if left:
        run.faults.append(f"{left} jobs are not done")
    files, referenced = originals()
    for path, digest in referenced.items():
        if path not in files or hashlib.sha256(storage.original(path)).hexdigest() != digest:
            run.faults.append(f"the original {path} of a batch is not what was uploaded")
    differences = list(verify())
    if differences:
        run.faults.append(f"verify_ledger names {len(differences)} differences: {differences[:3]}")
    if run.orphans:
        run.faults.append(f"{run.orphans} processes outlived the worker that had started them")
    if run.killed < run.kills:
        run.faults.append(f"{run.killed} of {run.kills} were killed")


@contextlib.contextmanager
def database(engine: str, folder: Path, stale: float, rows: int) -> Iterator[None]:
    """Django over books of its own in `folder`, in this process and in those it starts."""
    server: Postgres | Sqlite = Postgres(folder, RECOVERS_SOON) if engine == "postgres" else Sqlite(folder)
    try:
        os.environ.update(
            DATABASE_URL=server.url,
            RONGSHAN_DATA_DIR=str(folder),
            DJANGO_SETTINGS_MODULE="tests.ledger.kill.settings",
            KILL_STALE=str(stale),
            KILL_IN_REQUEST=str(min(5_000, rows - 1)),
        )
        os.environ.pop("RONGSHAN_PRODUCTION", None)
        import django

        django.setup()
        yield
    finally:
        server.stop()


def told(run: Run, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    missed = sorted(run.missed) or [0.0]
    return {
        "engine": options.engine,
        "seed": options.seed,
        "rows_of_a_file": run.rows,
        "files": run.files,
        "killed": run.killed,
        "where": dict(run.where.most_common()),
        "begun_again_by_itself": run.by_itself,
        "by_the_page": run.by_page,
        "by_the_button": run.by_button,
        "missed_after_s": {"median": round(missed[len(missed) // 2], 1), "longest": round(missed[-1], 1)},
        "undisturbed_s": {"check": round(run.took[True], 1), "import": round(run.took[False], 1)},
        "people": run.files * run.rows,
        "seconds": round(seconds, 1),
        "faults": run.faults,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.workbooks.kill",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--engine", choices=["postgres", "sqlite"], required=True)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--stale", type=float, default=3.0)
    parser.add_argument("--seconds", type=float, default=1500)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rongshan-kill-"))
    try:
        with database(options.engine, folder, options.stale, options.rows):
            from tests.ledger.kill.harness import Run as Books
            from tests.ledger.kill.harness import make_books
            from tests.ledger.kill.importing import open_course

            make_books(
                Books(
                    engine=options.engine, transfers=0, kills=0, clients=1, seed=options.seed, folder=folder
                )
            )
            open_course()
            run = Run(options.rows, options.kills, options.seed)
            began = time.monotonic()
            try:
                run.all(options.seconds)
            finally:
                run.worker.stop()
            judge(run)
            print(json.dumps(told(run, options, time.monotonic() - began), ensure_ascii=False))  # noqa: T201
            for fault in run.faults:
                print(f"FAULT: {fault}")  # noqa: T201
            return 1 if run.faults else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
