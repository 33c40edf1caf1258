"""What the shell adds to every request."""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER = 5  # seconds


class BusyDatabase:
    """A full wait for SQLite's one writer is answered with "please try again" instead of an error page.

    SQLite serves writers one at a time and not in turn, so on a busy day somebody may wait the whole timeout in vain.
    Nothing was written; the entry form keeps what was typed and its token makes sending it again harmless.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not (isinstance(exception, OperationalError) and "database is locked" in str(exception)):
            return None
        answer = HttpResponse(render_to_string("503.html"), status=503)
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer
