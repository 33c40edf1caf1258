"""django-hordak as a peer, run by posting.py with benchmarks/.venv's Python: `peer_hordak.py URL`.

Reads commands from standard input, one a line, and answers each with one line: `fill N` (earlier transactions), `run N`
(N transfers, each after a balance check, each its own durable commit) and `bulk N` (N transfers by bulk_create in one
go); the answer is seconds.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

url = urlsplit(sys.argv[1])
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path[1:],
            "USER": url.username,
            "HOST": parse_qs(url.query)["host"][0],
        }
    },
    INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DEFAULT_CURRENCY="CNY",
    CURRENCIES=["CNY"],
    HORDAK_DECIMAL_PLACES=2,
    HORDAK_MAX_DIGITS=13,
    HORDAK_INTERNAL_CURRENCY="CNY",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from hordak.models import Account, Leg, Transaction  # noqa: E402
from moneyed import Money  # noqa: E402

FEN = Money("0.01", "CNY")
TODAY = date(2022, 6, 20)


def fill(pair: list[Account], count: int) -> None:
    """`count` earlier transactions between the two accounts, by INSERT … SELECT, past the trigger that sums legs."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "WITH made AS (INSERT INTO hordak_transaction (uuid, timestamp, date, description)"
            " SELECT gen_random_uuid(), now(), %s, '' FROM generate_series(1, %s) RETURNING id)"
            " INSERT INTO hordak_leg (uuid, transaction_id, account_id, debit, credit, currency, description)"
            " SELECT gen_random_uuid(), made.id, side.account, side.debit, side.credit, 'CNY', ''"
            " FROM made, (VALUES (%s, NULL, 0.01), (%s, 0.01, NULL)) AS side (account, debit, credit)",
            [TODAY, count, pair[0].pk, pair[1].pk],
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def run(pair: list[Account], count: int) -> None:
    for _ in range(count):
        with transaction.atomic():
            if pair[0].get_balance()["CNY"] < FEN:
                raise SystemExit("the account is empty")
            pair[0].transfer_to(pair[1], FEN, date=TODAY)


@transaction.atomic
def bulk(pair: list[Account], count: int) -> None:
    made = Transaction.objects.bulk_create(Transaction(date=TODAY) for _ in range(count))
    Leg.objects.bulk_create(
        leg
        for one in made
        for leg in (
            Leg(transaction=one, account=pair[0], credit=FEN),
            Leg(transaction=one, account=pair[1], debit=FEN),
        )
    )


def main() -> None:
    call_command("migrate", verbosity=0)
    equity, *pair = [
        Account.objects.create(name=name, code=str(number), type="AS", currencies=["CNY"])
        for number, name in enumerate(("equity", "giver", "taker"), 1)
    ]
    equity.transfer_to(pair[0], Money("10000000", "CNY"), date=TODAY)
    verbs = {"fill": fill, "run": run, "bulk": bulk}
    for line in sys.stdin:
        verb, number = line.split()
        began = time.perf_counter()
        verbs[verb](pair, int(number))
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
