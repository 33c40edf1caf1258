"""Watches for N + 1 queries where they grow with the data: in pages that are read.

An action locks its accounts, subjects and entries one by one on purpose (DESIGN §2 How), a handful per entry. So does
a page that rehearses one; tests/workbooks/test_pages.py counts the queries of those instead.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from zeal.middleware import zeal_middleware

Answer = Callable[[HttpRequest], HttpResponse]


def watch_reads(get_response: Answer) -> Answer:
    """Zeal's middleware for GET and HEAD, but for pages that rehearse an action."""
    watched: Answer = zeal_middleware(get_response)

    def answer(request: HttpRequest) -> HttpResponse:
        rehearses = request.path.startswith("/workbooks/preview/") or request.path.endswith(
            ("/void/", "/decide/")
        )
        reads = request.method in ("GET", "HEAD") and not rehearses
        return watched(request) if reads else get_response(request)

    return answer
