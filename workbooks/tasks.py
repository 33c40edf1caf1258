"""Work for the background worker."""

from __future__ import annotations

import logging

from django_tasks import task

from ledger.tasks import TaskFailed
from workbooks import jobs

log = logging.getLogger(__name__)


@task()
def run_job(job_id: int) -> None:
    """Check or import the workbook of an ImportJob. Safe to run again. Raises TaskFailed."""
    try:
        jobs.work(job_id)
    except Exception as error:
        log.exception("run_job failed")
        raise TaskFailed(f"{type(error).__module__}.{type(error).__qualname__}") from None


@task()
def look_after_jobs() -> None:
    """Have done again what dead workers left. Safe to run again. Raises TaskFailed."""
    try:
        jobs.look_after()
    except Exception as error:
        log.exception("look_after_jobs failed")
        raise TaskFailed(f"{type(error).__module__}.{type(error).__qualname__}") from None
