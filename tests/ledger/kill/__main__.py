"""The command; see the package's own text. Exit 0 if nothing was lost, doubled, overdrawn or deadlocked."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.ledger.kill.servers import RECOVERS_SOON, Postgres, Sqlite

BROKEN = ["", "no-lock", "debit-first", "read-and-write", "deferred", "no-check", "no-trigger", "torn"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.kill")
    parser.add_argument("--engine", choices=["postgres", "sqlite"], required=True)
    parser.add_argument("--transfers", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument(
        "--imports", action="store_true", help="kill imports of workbooks instead, --kills of them"
    )
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900, help="the longest the clients may take")
    parser.add_argument(
        "--outage", type=float, default=5, help="the longest a reader may be without a page, seconds"
    )
    parser.add_argument("--no-readers", action="store_true", help="read no page meanwhile")
    parser.add_argument("--broken", choices=BROKEN, default="")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rongshan-kill-"))
    server: Postgres | Sqlite | None = None
    try:
        server = Postgres(folder, RECOVERS_SOON) if asked.engine == "postgres" else Sqlite(folder)
        os.environ.update(
            DATABASE_URL=server.url,
            RONGSHAN_DATA_DIR=str(folder),
            DJANGO_SETTINGS_MODULE="tests.ledger.kill.settings",
            KILL_BROKEN=asked.broken,
        )
        os.environ.pop("RONGSHAN_PRODUCTION", None)
        import django

        django.setup()
        from tests.ledger.kill.harness import Run, execute, report

        run = Run(
            engine=asked.engine,
            transfers=asked.transfers,
            kills=asked.kills,
            clients=asked.clients,
            seed=asked.seed,
            seconds=asked.seconds,
            outage=asked.outage,
            broken=asked.broken,
            folder=folder,
            read=not asked.no_readers,
        )
        if asked.imports:
            from tests.ledger.kill.importing import kill_imports

            verdict = kill_imports(run)
        else:
            verdict = execute(run, server)
        print(report(verdict))  # noqa: T201  the command's answer
        return 1 if verdict.faults else 0
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
