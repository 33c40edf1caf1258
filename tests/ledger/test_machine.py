"""The machine of machine.py, 500 steps on each engine, with another seed every time (issue 3 Shows)."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.machine import Books

STEPS_A_RUN = 100


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_to_the_books_an_oracle_agrees() -> None:
    """MACHINE_STEPS and MACHINE_SEED set another length, or repeat a run; both are printed when it fails."""
    steps = int(os.environ.get("MACHINE_STEPS", "500"))
    seed = int(os.environ.get("MACHINE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"MACHINE_SEED={seed} MACHINE_STEPS={steps}")  # noqa: T201
    Books.steps_done = 0
    while Books.steps_done < steps:  # some runs end early
        run_state_machine_as_test(
            with_seed(seed + Books.steps_done)(Books),
            settings=settings(
                max_examples=max(1, (steps - Books.steps_done) // STEPS_A_RUN),
                stateful_step_count=STEPS_A_RUN,
                deadline=None,
                database=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(f"{Books.steps_done} steps done")  # noqa: T201
