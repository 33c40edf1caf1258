"""A run: the books and the clients made, the kills, and the judgement over what is left."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, connections

from audit import triggers
from directory.models import Division, Organization, User
from ledger import actions
from ledger.models import Account, Entry, Hold, Transfer
from ledger.periods import ensure_year
from ledger.verify import verify
from tests.ledger.kill.clients import DONE, Move, read_log, run_client
from tests.ledger.kill.models import HotMove
from tests.ledger.kill.registers import DAY, HOT_MOVE
from tests.ledger.kill.servers import Postgres, Sqlite

HOT = 8  # accounts
OPENING = 20_000  # 分 in each: some moves of up to 9,999 find too little, and must be refused
WHY = "压力测试核对全部记录"


@dataclass
class Run:
    """What is asked of a run."""

    engine: str
    transfers: int
    kills: int
    clients: int
    seed: int
    seconds: float
    broken: str
    folder: Path
    moves: list[Move] = field(default_factory=list)


@dataclass
class Verdict:
    """What came of it: counts, and every fault in one sentence."""

    counts: dict[str, Any]
    faults: list[str]


def execute(run: Run, server: Postgres | Sqlite) -> Verdict:
    """Make the books, let the clients loose, kill, and judge. Ends by `run.seconds` whatever happens."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(HotMove)  # the test's own register has no migration
    triggers.install(connection)
    _open_books(run.clients)
    connections.close_all()
    chance = random.Random(run.seed)
    run.moves = [_move(number, chance) for number in range(run.transfers)]
    began = time.monotonic()
    deadline = began + run.seconds
    killed = _let_loose(run, server, chance, deadline)
    took = time.monotonic() - began
    return _judge(run, server, took, killed)


def _move(number: int, chance: random.Random) -> Move:
    source, target = chance.sample(range(HOT), 2)
    return Move(number, source, target, chance.randrange(1, 10_000), approve=chance.random() < 0.95)


def _open_books(clients: int) -> None:
    county = Division.objects.get_or_create(code="370406", defaults={"name": "山亭区", "level": "county"})[0]
    bureau = Organization.objects.create(
        code="killbureau", name="并发测试局", short_name="并发测试局", kind="bureau", side="shanting"
    )
    towns = []
    for n in range(4):
        place = Division.objects.create(
            code=f"37040690{n}", name=f"测试镇{n}", level="township", parent=county
        )
        towns.append(
            Organization.objects.create(
                code=place.code,
                name=place.name,
                short_name=place.name,
                kind="township",
                side="shanting",
                division=place,
            )
        )
    for n in range(clients):
        User.objects.create(
            username=f"clerk{n}", full_name=f"填报{n}", role="clerk", organization=towns[n % 4]
        )
    for n in range(4):
        User.objects.create(
            username=f"reviewer{n}", full_name=f"审核{n}", role="reviewer", organization=bureau
        )
    ensure_year(DAY.year)
    spring = Account.objects.create(
        code="spring", name="来源", unit="分", stage="source", minimum=-HOT * OPENING
    )
    clerk, reviewer = User.objects.get(username="clerk0"), User.objects.get(username="reviewer0")
    for n in range(HOT):
        hot = Account.objects.create(code=f"hot{n}", name=f"热点账户{n}", unit="分", stage="hot")
        row = HotMove(number=10**6 + n, source=spring, target=hot, amount=OPENING, organization=towns[0])
        entry = actions.submit(by=clerk, on=DAY, register=HOT_MOVE, row=row)
        actions.approve(by=reviewer, on=DAY, entry=entry, version=1)


def _let_loose(run: Run, server: Postgres | Sqlite, chance: random.Random, deadline: float) -> int:
    """Run the clients to their end, killing on the way; returns how often something was killed."""
    fork = multiprocessing.get_context("fork")
    working: dict[int, Any] = {}

    def start(number: int) -> None:
        mine = run.moves[number :: run.clients]
        process = fork.Process(
            target=run_client, args=(number, mine, run.seed, run.folder, deadline, run.broken)
        )
        process.start()
        working[number] = process

    for number in range(run.clients):
        start(number)
    killed = 0
    # spread over the run, at odd moments
    marks = sorted(chance.uniform(0.1, 0.9) * run.transfers for _ in range(run.kills))
    try:
        while working and time.monotonic() < deadline + 5:
            for number, process in list(working.items()):
                if process.exitcode is not None:
                    process.join()
                    del working[number]
            if marks and working and _finished(run) >= marks[0]:
                marks.pop(0)
                if isinstance(server, Postgres):
                    server.kill_and_restart(chance)
                    killed += 1
                else:
                    for number in chance.sample(sorted(working), min(len(working), run.clients // 2)):
                        with suppress(ProcessLookupError):  # it had just ended by itself
                            os.kill(working[number].pid, signal.SIGKILL)
                        working[number].join()
                        killed += 1
                        start(number)
            time.sleep(0.02)
    finally:
        for process in working.values():
            process.kill()
            process.join()
    return killed


def _finished(run: Run) -> int:
    return sum(word in DONE for word, _, _ in _log(run))


def _log(run: Run) -> list[tuple[str, int, str]]:
    return [line for number in range(run.clients) for line in read_log(run.folder / f"client-{number}.log")]


def _judge(run: Run, server: Postgres | Sqlite, took: float, killed: int) -> Verdict:
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
    for entry_id, source, target, amount in Transfer.objects.values_list(*columns):
        made.setdefault(entry_id, []).append((source, target, amount))
    balances = dict.fromkeys((f"hot{n}" for n in range(HOT)), OPENING)
    lost = doubled = unfinished = 0
    for move in run.moves:
        entry = entries.pop(move.token(run.seed), None)
        transfers = made.pop(entry.pk, []) if entry else []
        wanted = (f"hot{move.source}", f"hot{move.target}", move.amount)
        if move.number in told.get("submitted", ()) and entry is None:
            lost += 1
        if move.number in told.get("approved", ()):
            lost += transfers.count(wanted) < 1
            balances[wanted[0]] -= move.amount
            balances[wanted[1]] += move.amount
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
    opening = {pk for pk, moves in made.items() if len(moves) == 1 and moves[0][0] == "spring"}
    expect(lost == 0, f"{lost} acknowledged moves are lost")
    expect(doubled == 0, f"{doubled} transfers are doubled")
    expect(unfinished == 0, f"{unfinished} moves were not finished")
    expect(len(entries) == HOT, f"{len(entries) - HOT} entries are nobody's")
    expect(set(made) == opening, f"{len(set(made) - opening)} entries moved what nobody filed")
    holds = Hold.objects.count()
    expect(holds == 0, f"{holds} holds are left")
    found = dict(Account.objects.filter(code__startswith="hot").values_list("code", "balance"))
    expect(found == balances, f"balances are {found}, acknowledged were {balances}")
    expect(min(found.values()) >= 0, f"an account is overdrawn: {found}")
    expect(killed > 0 or not run.kills, "nothing was killed")
    expect(words["refused"] > 0, "no move was refused: the accounts were not hot enough")
    deadlocks = max(words["deadlock"], server.deadlocks())
    expect(deadlocks == 0, f"{deadlocks} deadlocks")
    expect(words["locked"] == 0, f"{words['locked']} times 'database is locked'")
    expect(words["check"] == 0, f"{words['check']} refusals came from a CHECK instead of the posting")
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
