"""Big books: fills an empty database with N approved entries on the 2022 plan, consistent, so that every rule holds.

    python -m benchmarks.books --database sqlite:////tmp/big/db.sqlite3 --entries 1000000 --seed 1

`fill(entries, seed)` of benchmarks/filling.py does the same within a process that has Django set up and a migrated,
empty database (a test, another benchmark).

What is in it: units, the plan, its lines and counting rules from fixtures/, people who can log in (the demo's, with the
demo's password, and a clerk `clerk-CODE` for every other township), and a year of entries in the order in which they
would have been filed. Nine of ten move money: 下达 拨付 支出 直接支付 报账, payments back, 收回, 调整, with vouchers and
contracts; the others are training courses and the people in them. About 2% are corrections or reversals, some of entries
of a quarter already closed; 1% were returned once; 3% were filed after their quarter was closed. Besides the N, a few are
undecided, returned or withdrawn. The first three quarters are closed by the application's own action, the fourth is open.

Rows are made by the registers' own functions (natural key, summary, moves, claims) and written in bulk with the refusing
triggers lifted (audit.triggers.lifted) and, outside a test, without foreign-key checks; balances, totals and presences are
written at the end from what was posted. `manage.py verify_ledger` is the proof that they are right. The same seed gives the
same books (but for keys, tokens of personal fields and the time of filling). One evidence file serves a unit for a quarter.

Not for a database with anything in it: refuses. On PostgreSQL the user must be a superuser.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def set_up(database: str, data: str) -> None:
    """Point the settings at the database and at the folder of its keys and evidence, and set Django up."""
    os.environ["DATABASE_URL"], os.environ["RONGSHAN_DATA_DIR"] = database, data
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rongshan.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill an empty database with big, consistent books.")
    parser.add_argument("--database", required=True, help="sqlite:////path/to/file or postgres://…")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--data", help="folder of keys and evidence; else the SQLite file's, or RONGSHAN_DATA_DIR"
    )
    options = parser.parse_args()
    folder = options.data or os.environ.get("RONGSHAN_DATA_DIR")
    if not folder and options.database.startswith("sqlite:///"):
        folder = str(Path(options.database.removeprefix("sqlite:///")).resolve().parent)
    if not folder:
        parser.error("--data or RONGSHAN_DATA_DIR must name the folder of keys and evidence")
    set_up(options.database, folder)
    from django.core.management import call_command

    from benchmarks.filling import fill  # which needs Django set up

    call_command("migrate", verbosity=0)
    made = fill(options.entries, options.seed)
    print(
        f"{made.entries:,} approved entries, {made.transfers:,} transfers, {made.events:,} audit events, "
        f"{made.people:,} persons in {made.seconds:.0f} s\n"
        f"DATABASE_URL={options.database} RONGSHAN_DATA_DIR={folder} .venv/bin/python manage.py verify_ledger"
    )


if __name__ == "__main__":
    main()
