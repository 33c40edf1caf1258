"""Watches for N + 1 queries where they grow with the data: in pages that are read.

An action locks its accounts, subjects and entries one by one on purpose (DESIGN §2 How), a handful per entry.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from zeal.middleware import zeal_middleware

Answer = Callable[[HttpRequest], HttpResponse]


def watch_reads(get_response: Answer) -> Answer:
    """Zeal's middleware for GET and HEAD."""
    watched: Answer = zeal_middleware(get_response)

    def answer(request: HttpRequest) -> HttpResponse:
        return watched(request) if request.method in ("GET", "HEAD") else get_response(request)

    return answer
