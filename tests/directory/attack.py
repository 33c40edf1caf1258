"""An attack on a stolen database: every number of one county is tried against every column of `directory_person`.

    .venv/bin/python -m tests.directory.attack --people 10000 --seconds 600 [--seed N]

The attacker has the dump, the source and the county (990000 here), but no key. For every possible number of the county
they try what could be in a column: the number itself, its digests, HMACs under keys one might guess, and each of these
encoded as hex or base64, whole and cut to 15 digits. Prints how many numbers were tried and how many people recovered.
CI tries a sample; the full run is in docs/runs.md.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
GUESSED_KEYS = (b"", b"secret", b"rongshan", b"RONGSHAN_HMAC_KEY", b"changeme", b"django-insecure")


def numbers_of_county(area: str, dice: random.Random) -> Iterator[str]:
    """Every possible identity number of an area, births of 1930 to 2022 in random order."""
    days = [date(1930, 1, 1) + timedelta(days=n) for n in range(93 * 365)]
    dice.shuffle(days)
    for day in days:
        for order in range(1000):
            first = f"{area}{day:%Y%m%d}{order:03}"
            total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
            yield first + "10X98765432"[total % 11]


def guesses(number: str) -> Iterator[str]:
    """What a column could hold of the number if it were kept badly."""
    for text in (number, number[:15], number.lower()):
        plain = text.encode()
        yield text
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, plain, usedforsecurity=False).digest()
            yield digest.hex()
            yield base64.b64encode(digest).decode()
        for key in GUESSED_KEYS:
            yield hmac.digest(key, plain, "sha256").hex()
    yield base64.b64encode(number.encode()).decode()


def attack(database: Path, seconds: float, seed: int) -> tuple[int, int]:
    """(numbers tried, people recovered) within the time."""
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(directory_person)")]
        held: dict[str, int] = {}
        rows = connection.execute(f"SELECT id, {', '.join(columns)} FROM directory_person")
        for person, *values in rows:
            held.update({value: person for value in values if isinstance(value, str) and len(value) >= 15})
    tried, recovered, until = 0, set[int](), time.monotonic() + seconds
    for number in numbers_of_county("990000", random.Random(seed)):
        tried += 1
        recovered.update(held[guess] for guess in guesses(number) if guess in held)
        if tried % 1000 == 0 and time.monotonic() > until:
            break
    return tried, len(recovered)


def stolen_database(folder: Path, people: int) -> Path:
    """A database with that many people, made by the application under keys that are thrown away."""
    database = folder / "stolen.sqlite3"
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{database}",
        "RONGSHAN_DATA_DIR": str(folder / "data"),
        "DJANGO_SETTINGS_MODULE": "rongshan.settings",
    }
    fill = (
        "import django; django.setup()\n"
        "from django.apps import apps\n"
        "from django.conf import settings\n"
        "from django.core.management import call_command\n"
        "settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}\n"  # a tenth of the time
        "call_command('migrate', run_syncdb=True, verbosity=0)\n"
        "from datetime import date\n"
        "from directory.loading import load_directory\n"
        "from directory.models import Organization\n"
        "from directory.people import resolve_people\n"
        "from tests.directory.invented import row\n"
        "load_directory()\n"
        "unit = Organization.objects.get(code='370406106')\n"
        f"found = resolve_people(by=None, on=date(2022, 5, 1), organization=unit, rows=[row(n) for n in range({people})])\n"
        "assert not found.problems, found.problems[:3]\n"
    )
    subprocess.run([sys.executable, "-c", fill], cwd=ROOT, env=environment, check=True)
    return database


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rongshan-attack-") as name:
        database = stolen_database(Path(name), options.people)
        tried, recovered = attack(database, options.seconds, options.seed)
    sys.stdout.write(
        f"seed {options.seed}: {options.people} people, {options.seconds:.0f} s, "
        f"{tried:,} numbers tried, {recovered} recovered\n"
    )
    return 1 if recovered else 0


if __name__ == "__main__":
    sys.exit(main())
