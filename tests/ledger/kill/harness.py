"""A run: the books and the clients made, the kills, and the judgement over what is left."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from directory.loading import load_directory
from directory.models import Organization, User
from funds.loading import load_plan
from ledger import actions
from ledger.accounts import ALLOCATED, ARRANGED, CHAIN, DISBURSED, SPENT, money_account
from ledger.models import Account, BudgetLine, Entry, Hold, Plan, Transfer
from ledger.verify import verify
from tests.ledger.kill.clients import DONE, Move, read_log, run_client
from tests.ledger.kill.faults import break_database
from tests.ledger.kill.intruder import intrude
from tests.ledger.kill.models import HotMove
from tests.ledger.kill.readers import LEADER, LINES, PAGES, PATIENCE, Figures, read_on, readings
from tests.ledger.kill.registers import BOTH_WAYS, DAY, HOT, HOT_MOVE, PLAN, ROUTES, UNIT, code_of
from tests.ledger.kill.servers import Postgres, Sqlite
from tests.serving import PASSWORD, Visitor, web_server

OPENING = (
    20_000  # 分 at each stage of the lines: some moves of up to 9,999 find too little, and must be refused
)
TRIED = 4  # times at least, a balance is tried to be written by SQL
SETTLES = 0.5  # seconds in which the readers still see the last move
WHY = "压力测试核对全部记录"


@dataclass
class Run:
    """What is asked of a run."""

    engine: str
    transfers: int
    kills: int
    clients: int
    seed: int
    folder: Path
    seconds: float = 900
    outage: float = 5
    broken: str = ""
    read: bool = True  # whether pages are read meanwhile
    moves: list[Move] = field(default_factory=list)
    opening: set[int] = field(default_factory=set)  # entries that filled the hot accounts
    restarts: list[float] = field(default_factory=list)  # seconds the server was away
    start: Counter[tuple[str, str]] = field(default_factory=Counter)  # (line, stage) → balance after that


@dataclass
class Verdict:
    """What came of it: counts, and every fault in one sentence."""

    counts: dict[str, Any]
    faults: list[str]


def execute(run: Run, server: Postgres | Sqlite) -> Verdict:
    """Make the books, let clients and readers loose, kill, and judge. Ends by `run.seconds` whatever happens."""
    make_books(run)
    break_database(run.broken)
    connections.close_all()
    chance = random.Random(run.seed)
    run.moves = [_move(number, chance) for number in range(run.transfers)]
    last: dict[str, Figures] = {}
    with ExitStack() as site:
        readers = {}
        if run.read:
            port, _ = site.enter_context(web_server(os.environ, log=run.folder / "web.log"))
            readers = {name: Visitor(port, LEADER, patience=PATIENCE) for name in PAGES}
        began = time.monotonic()
        killed = _let_loose(run, server, readers, chance, began + run.seconds)
        took = time.monotonic() - began
        with suppress(OSError, HTTPException):  # judged by what is missing then
            for name, reader in readers.items():
                path, understand = PAGES[name]
                if (answer := reader.get(path)).status == 200:
                    last[name] = understand(answer.text).figures
    return _judge(run, server, took, killed, last)


def make_books(run: Run) -> None:
    """An empty database becomes books with the 2022 plan, its hot accounts filled, and those who work."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    _open_books(run)


def _move(number: int, chance: random.Random) -> Move:
    source, target = chance.choice(ROUTES)
    return Move(number, source, target, chance.randrange(1, 10_000), approve=chance.random() < 0.95)


def _open_books(run: Run) -> None:
    """The 2022 plan as loaded, OPENING at each stage of the lines where money runs both ways, and who works."""
    load_directory()
    bureau = Organization.objects.get(code="xczxj")
    towns = list(Organization.objects.filter(kind="township").order_by("code")[:4])

    def user(username: str, role: str, unit: Organization) -> User:
        made = User(
            username=username,
            full_name=username,
            role=role,
            organization=unit,
            must_change_password=False,
            password_changed_at=timezone.now(),
        )
        made.set_password(PASSWORD)
        made.save(force_insert=True)
        return made

    clerks = [user(f"clerk{n}", User.Role.CLERK, towns[n % 4]) for n in range(run.clients)]
    reviewers = [user(f"reviewer{n}", User.Role.REVIEWER, bureau) for n in range(4)]
    user(LEADER, User.Role.LEADER, bureau)
    text = (settings.BASE_DIR / "fixtures" / "plan-2022.yaml").read_text("utf-8")
    load_plan(by=reviewers[0], on=DAY, text=text)
    plan, unit = Plan.objects.get(code=PLAN), Organization.objects.get(code=UNIT)
    for code, stage in HOT:
        line = BudgetLine.objects.get(plan=plan, code=code)
        account = money_account(plan, stage, line, None if stage == ARRANGED else unit)
        assert account.code == code_of(code, stage)
    number = run.transfers
    for code in BOTH_WAYS:
        for times, source, target in (
            (3, ARRANGED, ALLOCATED),
            (2, ALLOCATED, DISBURSED),
            (1, DISBURSED, SPENT),
        ):
            row = HotMove(
                number=number,
                source=Account.objects.get(code=code_of(code, source)),
                target=Account.objects.get(code=code_of(code, target)),
                amount=times * OPENING,
                organization=unit,
            )
            entry = actions.submit(by=clerks[0], on=DAY, register=HOT_MOVE, row=row)
            actions.approve(by=reviewers[0], on=DAY, entry=entry, version=1)
            run.opening.add(entry.pk)
            number += 1
    run.start = _balances()


class _Progress:
    """How many moves are finished, told from what the clients' logs have grown by since the last look."""

    def __init__(self, run: Run) -> None:
        self.read = {run.folder / f"client-{number}.log": 0 for number in range(run.clients)}
        self.finished = 0

    def look(self) -> int:
        for path, place in self.read.items():
            if path.exists() and path.stat().st_size > place:
                with path.open("rb") as file:
                    file.seek(place)
                    lines = file.read()
                self.read[path] = place + len(lines)
                self.finished += sum(line.split(b" ", 1)[0].decode() in DONE for line in lines.splitlines())
        return self.finished


def _let_loose(
    run: Run,
    server: Postgres | Sqlite,
    readers: Mapping[str, Visitor],
    chance: random.Random,
    deadline: float,
) -> int:
    """Run the clients to their end, killing on the way; returns how often something was killed."""
    fork = multiprocessing.get_context("fork")
    working: dict[int, Any] = {}
    beside = [fork.Process(target=intrude, args=(run.folder, deadline))]
    for name, reader in readers.items():
        beside.append(fork.Process(target=read_on, args=(name, reader, run.folder, deadline)))

    def start(number: int) -> None:
        mine = run.moves[number :: run.clients]
        process = fork.Process(
            target=run_client, args=(number, mine, run.seed, run.folder, deadline, run.broken)
        )
        process.start()
        working[number] = process

    for process in beside:
        process.start()
    for number in range(run.clients):
        start(number)
    killed = 0
    progress = _Progress(run)
    # spread over the run, at odd moments
    marks = sorted(chance.uniform(0.1, 0.9) * run.transfers for _ in range(run.kills))
    try:
        while working and time.monotonic() < deadline + 5:
            for number, process in list(working.items()):
                if process.exitcode is not None:
                    process.join()
                    del working[number]
            if marks and working and progress.look() >= marks[0]:
                marks.pop(0)
                if isinstance(server, Postgres):
                    run.restarts.append(server.kill_and_restart(chance))
                    killed += 1
                else:
                    for number in chance.sample(sorted(working), min(len(working), run.clients // 2)):
                        with suppress(ProcessLookupError):  # it had just ended by itself
                            os.kill(working[number].pid, signal.SIGKILL)
                        working[number].join()
                        killed += 1
                        start(number)
            time.sleep(0.02)
        time.sleep(SETTLES)
        while beside[0].is_alive() and len(_intruder(run)) < TRIED and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        for process in [*beside, *working.values()]:
            process.kill()
            process.join()
    return killed


def _intruder(run: Run) -> list[tuple[str, int, str]]:
    return read_log(run.folder / "intruder.log")


def _balances() -> Counter[tuple[str, str]]:
    """(line, stage) → what its accounts hold, in 分."""
    found = Counter[tuple[str, str]]()
    rows = Account.objects.filter(plan__code=PLAN, stage__in=CHAIN)
    for line, stage, balance in rows.values_list("line__code", "stage", "balance"):
        found[line, stage] += balance
    return found


def _hot(balances: Counter[tuple[str, str]]) -> dict[str, int]:
    return {f"{line} {stage}": balances[line, stage] for line, stage in HOT}


def _figures(balances: Counter[tuple[str, str]]) -> Figures:
    """What a page has to say of the balances: at each stage also what has gone further."""
    figures = {}
    for number, stage in enumerate(CHAIN):
        for line in LINES:
            figures[line, stage] = sum(balances[line, one] for one in CHAIN[number:])
        figures["total", stage] = sum(figures[line, stage] for line in LINES)
    return figures


def _log(run: Run) -> list[tuple[str, int, str]]:
    return [line for number in range(run.clients) for line in read_log(run.folder / f"client-{number}.log")]


def _judge(
    run: Run, server: Postgres | Sqlite, took: float, killed: int, last: dict[str, Figures]
) -> Verdict:
    log = _log(run)
    words = Counter(word for word, _, _ in log)
    sent = Counter(number for word, number, _ in log if word == "submitted")
    told = {word: {number for said, number, _ in log if said == word} for word in words}
    faults: list[str] = []

    def expect(holds: bool, sentence: str) -> None:
        if not holds:
            faults.append(sentence)

    entries = {
        entry.token: entry
        for entry in Entry.objects.unscoped(WHY).filter(register=HOT_MOVE.code, amount__isnull=False)
    }
    made: dict[int, list[tuple[str, str, int]]] = {}
    columns = ("entry_id", "source__code", "target__code", "amount")
    ours = Transfer.objects.filter(entry__register=HOT_MOVE.code)
    for entry_id, source, target, amount in ours.values_list(*columns):
        made.setdefault(entry_id, []).append((source, target, amount))
    codes = [code_of(*one) for one in HOT]
    balances = Counter(run.start)
    lost = doubled = unfinished = 0
    for move in run.moves:
        entry = entries.pop(move.token(run.seed), None)
        transfers = made.pop(entry.pk, []) if entry else []
        wanted = (codes[move.source], codes[move.target], move.amount)
        if move.number in told.get("submitted", ()) and entry is None:
            lost += 1
        if move.number in told.get("approved", ()):
            lost += transfers.count(wanted) < 1
            balances[HOT[move.source]] -= move.amount
            balances[HOT[move.target]] += move.amount
        elif move.number in told.get("returned", ()):
            expect(
                entry is not None and entry.state == Entry.State.RETURNED,
                f"move {move.number} is not returned",
            )
            doubled += len(transfers)
        elif move.number in told.get("refused", ()):
            expect(entry is None, f"move {move.number} was refused and filed")
        elif move.number not in told.get("check", ()):
            unfinished += 1
        doubled += max(0, len(transfers) - 1)
    expect(lost == 0, f"{lost} acknowledged moves are lost")
    expect(doubled == 0, f"{doubled} transfers are doubled")
    expect(unfinished == 0, f"{unfinished} moves were not finished")
    nobodys = {entry.pk for entry in entries.values()} - run.opening
    expect(not nobodys, f"{len(nobodys)} entries are nobody's")
    expect(not set(made) - run.opening, f"{len(set(made) - run.opening)} entries moved what nobody filed")
    holds = Hold.objects.count()
    expect(holds == 0, f"{holds} holds are left")
    found = _balances()
    expect(found == balances, f"balances are {_hot(found)}, acknowledged were {_hot(balances)}")
    expect(min(found.values()) >= 0, f"an account is overdrawn: {_hot(found)}")
    intruder = Counter(word for word, _, _ in _intruder(run))
    expect(intruder.total() > 0, "no balance was tried to be written by SQL")
    expect(intruder["through"] == 0, "a balance was written by SQL")
    expect(killed > 0 or not run.kills, "nothing was killed")
    expect(words["refused"] > 0, "no move was refused: the accounts were not hot enough")
    deadlocks = max(words["deadlock"], server.deadlocks())
    expect(deadlocks == 0, f"{deadlocks} deadlocks")
    expect(words["locked"] == 0, f"{words['locked']} times 'database is locked'")
    expect(words["check"] == 0, f"{words['check']} refusals came from a CHECK instead of the posting")
    pages = readings(run.folder)
    expect(pages.counts["good"] > 0 or not run.read, "no page was read")
    for word in ("wrong", "rude"):
        expect(pages.counts[word] == 0, f"{pages.counts[word]} pages were {word}: {pages.examples[:3]}")
    longest = max(pages.outages, default=0.0)
    if isinstance(server, Postgres):  # on SQLite it is a full wait for the one writer, and counted there
        expect(longest <= run.outage, f"readers were without a page for {longest:.1f} s")
    figures = _figures(balances)
    for name in PAGES if run.read else ():
        shown = last.get(name, {})
        other = {place: (shown.get(place), due) for place, due in figures.items() if shown.get(place) != due}
        expect(not other, f"the last {name} shows {other} (shown, due)")
    differences = list(verify())
    expect(not differences, f"verify_ledger names {len(differences)} differences: {differences[:3]}")
    counts = {
        "engine": run.engine,
        "broken": run.broken,
        "seed": run.seed,
        "clients": run.clients,
        "transfers": run.transfers,
        "killed": killed,
        "approved": len(told.get("approved", ())),
        "returned": len(told.get("returned", ())),
        "refused": len(told.get("refused", ())),
        "answers_lost": words["lost"],
        "sent_again": sum(count > 1 for count in sent.values()),
        "found_decided": words["resolved"],
        "deadlocks": deadlocks,
        "locked": words["locked"],
        "waited_20_s": words["waited"],
        "check": words["check"],
        "sql_refused": intruder["refused"],
        "pages_read": sum(pages.counts.values()),
        "pages_503": pages.counts["away"],
        "pages_wrong": pages.counts["wrong"],
        "pages_rude": pages.counts["rude"],
        "outages": len(pages.outages),
        "longest_restart_s": round(max(run.restarts, default=0.0), 2),
        "longest_outage_s": round(longest, 2),
        "slowest_page_s": round(pages.slowest, 2),
        "lost": lost,
        "doubled": doubled,
        "differences": len(differences),
        "seconds": round(took, 1),
        "per_second": round(len(told.get("approved", ())) / took, 1),
    }
    return Verdict(counts, faults)


def report(verdict: Verdict) -> str:
    """A table, the faults, and one line of JSON."""
    lines = [f"{name:>18}  {value}" for name, value in verdict.counts.items()]
    lines += [f"FAULT: {fault}" for fault in verdict.faults] or ["no fault"]
    return "\n".join([*lines, json.dumps({**verdict.counts, "faults": verdict.faults}, ensure_ascii=False)])
