"""The pages that belong to no app: the way in, the answer to a watchdog, the pages that tell of errors."""

import sys
from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_tasks_db.models import DBTaskResult

from rongshan.context import first_page

# A task is picked up within a second by a worker that lives; five minutes leave room for one long import.
STALLED_AFTER = timedelta(minutes=5)
RETRY_AFTER = 5  # seconds


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Sends everybody to the first page of their work: leaders to the overview, staff to their tasks."""
    return redirect(first_page(request))


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """{"status", "database", "worker"} for a watchdog; 200 as long as the database answers, else 503.

    "worker" is told from the queue, the only thing that a web process can see of it: "idle" when no task
    waits, "busy" when the oldest waiting task has waited less than five minutes, "stalled" when longer (then
    the worker is not running or hangs; pages work, but imports and reports do not get done), "unknown"
    without a database. "status" is "ok" only when the database answers and the worker is not stalled.
    """
    try:
        connection.ensure_connection()
        waiting = DBTaskResult.objects.ready().order_by("enqueued_at")
        oldest = waiting.values_list("enqueued_at", flat=True).first()
    except DatabaseError:
        return JsonResponse({"status": "failed", "database": "unreachable", "worker": "unknown"}, status=503)
    worker = "idle"
    if oldest is not None:
        worker = "stalled" if timezone.now() - oldest > STALLED_AFTER else "busy"
    return JsonResponse(
        {"status": "degraded" if worker == "stalled" else "ok", "database": "ok", "worker": worker}
    )


# The pages below are rendered without the request: they must appear also when the database, and with it the
# session, is gone, and they must not repeat what was asked.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if passes(exception):  # a session that could not be saved comes here
        return unavailable()
    return HttpResponse(render_to_string("400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html"), status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    # One page for "does not exist" and "is not yours": the answer must not tell which.
    return HttpResponse(render_to_string("404.html"), status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponse(render_to_string("403_csrf.html"), status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    if passes(sys.exc_info()[1]):
        return unavailable()
    return HttpResponse(render_to_string("500.html"), status=500)


def unavailable() -> HttpResponse:
    """ "Please try again": what was typed is still in the form, whose token makes sending it twice harmless."""
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def passes(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, is a database's that will be over in a moment: PostgreSQL out of reach,
    starting, stopping or full of connections, a deadlock or time-out; or a full wait for SQLite's one writer."""
    return any(_passes(one) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _passes(error: BaseException) -> bool:
    if isinstance(error, InterfaceError):  # a connection that broke earlier in the request
        return True
    if not isinstance(error, OperationalError):
        return False
    if connection.vendor == "sqlite":
        return "database is locked" in str(error)
    state = getattr(error.__cause__, "pgcode", None)  # none: there was no server to give one
    return state is None or state.startswith(("08", "57")) or state in ("40001", "40P01", "53300", "55P03")
