"""A program that writes balances by SQL: what it is not refused shows as money that nobody moved."""

from __future__ import annotations

import time
from pathlib import Path

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction

from audit import triggers
from ledger.posting import posting_open
from tests.ledger.kill.clients import Log
from tests.ledger.kill.registers import BOTH_WAYS, code_of

PAUSE = 0.2  # seconds between two attempts
_SPEND = "UPDATE ledger_account SET balance = balance - %s WHERE code = %s"


def intrude(folder: Path, deadline: float) -> None:
    """Until the deadline: take one 分 outside a posting, which the trigger refuses, and within one more than there is,
    which the CHECK refuses. Ends at the first that goes through."""
    log = Log(folder / "intruder.log")
    code = code_of(BOTH_WAYS[0], "allocated")
    number = 0
    while time.monotonic() < deadline:
        number += 1
        inside = number % 2 == 0
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if inside:
                    with posting_open():
                        cursor.execute(_SPEND, [10**12, code])
                else:
                    cursor.execute(_SPEND, [1, code])
        except IntegrityError as error:
            log.write("refused", number, triggers.refused_by(error) or "unknown")
        except (DatabaseError, InterfaceError):
            connection.close()  # killed, or SQLite busy
        else:
            log.write("through", number)
            return
        time.sleep(PAUSE)
