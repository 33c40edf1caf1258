"""A stolen database gives nobody away; and the attack itself works where a column is careless."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.directory.attack import attack, numbers_of_county, stolen_database


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stolen_database(tmp_path_factory.mktemp("stolen"), 300)


def test_a_dump_without_the_keys_gives_no_number_away(stolen: Path) -> None:
    """A sample: 300 people, two seconds; 10,000 people for ten minutes are in docs/runs.md."""
    tried, recovered = attack(stolen, 2, seed=1)
    assert tried >= 1000
    assert recovered == 0


def test_the_attack_recovers_who_was_kept_by_a_plain_digest(stolen: Path, tmp_path: Path) -> None:
    database = tmp_path / "careless.sqlite3"
    shutil.copyfile(stolen, database)
    first = next(numbers_of_county("990000", random.Random(1)))
    with sqlite3.connect(database) as careless:
        digest = hashlib.sha256(first.encode()).hexdigest()
        careless.execute("UPDATE directory_person SET id_hash = ? WHERE id = 1", [digest])
    careless.close()
    assert attack(database, 1, seed=1)[1] == 1
