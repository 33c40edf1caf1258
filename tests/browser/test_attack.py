"""Thirty of the 2,000 hostile files of tests/workbooks/attack.py, through the upload page of a real server."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from tests.workbooks import attack


def test_every_hostile_file_ends_in_a_preview_or_a_polite_refusal(demo_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(demo_data, folder)
    seed = random.randrange(10**6)
    attack.tell(f"seed {seed}")
    # how long things take on a machine that does other things at the same time is no test
    assert attack.attack(30, seed, folder, seconds=60, times=float("inf")) == []
