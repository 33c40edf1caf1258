"""One client: files and decides its moves one after the other, and writes down what it was told before going on.

What it wrote down is what was acknowledged. A line is written by one os.write to a file opened for appending, so that
a killed client leaves whole lines, and its successor reads where it was.
"""

from __future__ import annotations

import os
import random
import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.db import IntegrityError, InterfaceError, OperationalError, connection

from audit import triggers
from directory.models import User
from ledger import acting, actions
from ledger.models import Account, Entry
from ledger.refusals import Refusal
from tests.ledger.kill.faults import FAULTS
from tests.ledger.kill.models import HotMove
from tests.ledger.kill.registers import DAY, HOT, HOT_MOVE, code_of

DONE = ("approved", "returned", "refused", "check")  # words after which a client leaves a move alone
ATTEMPTS = 400  # at a move whose outcome is unknown


@dataclass(frozen=True)
class Move:
    """One transfer to be: from and to which of the HOT accounts, amount in 分, and what the reviewer will say."""

    number: int
    source: int
    target: int
    amount: int
    approve: bool

    def token(self, seed: int) -> uuid.UUID:
        """The form's token, by which a lost answer is asked again."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{seed}/{self.number}")


class Log:
    """The lines one client wrote: "word number rest"."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, word: str, number: int, rest: str = "") -> None:
        os.write(self.file, f"{word} {number} {rest}".rstrip().encode() + b"\n")


def read_log(path: Path) -> list[tuple[str, int, str]]:
    """Its lines so far; [] before the first."""
    if not path.exists():
        return []
    lines = [line.split(" ", 2) for line in path.read_text().splitlines()]
    return [(words[0], int(words[1]), words[2] if len(words) > 2 else "") for words in lines]


def run_client(number: int, moves: list[Move], seed: int, folder: Path, deadline: float, broken: str) -> None:
    """Finish every move of this client that its log does not show finished, or stop at the deadline."""
    FAULTS[broken]()
    path = folder / f"client-{number}.log"
    finished = {n for word, n, _ in read_log(path) if word in DONE}
    log = Log(path)
    chance = random.Random(f"{seed}/{number}")
    for move in moves:
        if move.number not in finished and not _finish(move, number, seed, log, deadline, chance):
            return


def _finish(move: Move, client: int, seed: int, log: Log, deadline: float, chance: random.Random) -> bool:
    for _ in range(ATTEMPTS):
        if time.monotonic() > deadline:
            return False
        began = time.monotonic()
        try:
            _try(move, client, seed, log)
        except IntegrityError as error:
            log.write("check", move.number, triggers.refused_by(error) or "unknown")
        except (OperationalError, InterfaceError) as error:
            connection.close()
            word = _kind_of(error, time.monotonic() - began)
            log.write(word, move.number)
            time.sleep(chance.uniform(0.1, 0.4) if word == "down" else chance.uniform(0, 0.1))
            continue
        return True
    return False


def _try(move: Move, client: int, seed: int, log: Log) -> None:
    clerk = User.objects.select_related("organization").get(username=f"clerk{client}")
    reviewer = User.objects.select_related("organization").get(username=f"reviewer{client % 4}")
    ends = [code_of(*HOT[move.source]), code_of(*HOT[move.target])]
    hot = {account.code: account for account in Account.objects.filter(code__in=ends)}
    assert clerk.organization is not None
    row = HotMove(
        number=move.number,
        source=hot[ends[0]],
        target=hot[ends[1]],
        amount=move.amount,
        organization=clerk.organization,
    )
    token = move.token(seed)
    try:
        entry = actions.submit(by=clerk, on=DAY, register=HOT_MOVE, row=row, token=token)
    except Refusal as refusal:
        log.write("refused", move.number, type(refusal).__name__)
        return
    log.write("submitted", move.number, str(entry.pk))
    try:
        if move.approve:
            actions.approve(by=reviewer, on=DAY, entry=entry, version=1)
        else:
            actions.return_entry(by=reviewer, on=DAY, entry=entry, version=1, reason="请核对")
    except acting.AlreadyDecided:
        # an answer was lost before: what became of it is in the books, found by the form's token
        entry = Entry.objects.unscoped("断线后按表单标识查明结果").get(token=token)
        log.write("resolved", move.number, entry.state)
        log.write(entry.state, move.number)
        return
    log.write("approved" if move.approve else "returned", move.number)


def _kind_of(error: Exception, waited: float) -> str:
    """What went wrong, none of which the clerk was told to be done:

    deadlock; locked (SQLite refused at once, as it must not) or waited (it made us wait our full 20 seconds, being
    busy and no fair queue); down (no connection was had); lost (sent, and nobody knows what came of it).
    """
    if getattr(error.__cause__, "pgcode", None) == "40P01":
        return "deadlock"
    if "locked" in str(error):
        return "waited" if waited > 15 else "locked"
    return "down" if re.match(r"connection to server .* failed", str(error)) else "lost"
