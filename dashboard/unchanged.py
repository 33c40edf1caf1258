"""Pages of figures while nothing has changed: answered 304, or as they were worked out before.

Such a page follows from the books as they stand, the day, who asks, the address and the program. Every deed leaves an
audit event in its own transaction (DESIGN §2.8), so the newest event stands for the books and for whatever else is kept
about them: deadlines, thresholds, names, roles. Unless a deed is under way: PostgreSQL may commit events in another
order than they were numbered, so a page read meanwhile is nobody's for longer (audit.events.at_rest).
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec
from weakref import WeakValueDictionary

from django.apps import apps
from django.conf import settings
from django.contrib.messages import get_messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control

from audit.events import at_rest, newest
from ledger.parameters import read_once
from ledger.scope import asked_once
from ledger.snapshot import snapshot

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

MOST_KEPT = 64  # pages, a process; some 50 KB each
TOKEN = re.compile(rb'(?<=X-CSRFToken": ")\w{64}|(?<=csrfmiddlewaretoken" value=")\w{64}')

_kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()  # page → content type and body
_keeping = Lock()
_turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()  # page → held by whoever works it out


def figures_page(view: View[P]) -> View[P]:
    """A view that only reads. All of it is of one moment: its figures come from several queries, and between two of
    them money may move. Whoever has the page already, as it still is, gets a 304."""

    @wraps(view)
    def read(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        own = not connection.in_atomic_block  # else what is seen here may be undone
        number = at_rest()
        with snapshot(), read_once(), asked_once():
            books = newest()
            # a message is shown once, whatever the books say
            if number != books[0] or len(get_messages(request)):
                return _private(view(request, *args, **kwargs))
            page = _digest(stamp(books), str(request.user.pk), request.get_full_path())
            # a page carries its session's token, which is of no use to the next session
            tag = f'W/"{_digest(page, str(request.session.session_key))}"'
            known = get_conditional_response(request, etag=tag)
            if known is not None and known.status_code == 304:
                return _private(known, tag)
            if not own:
                return _private(view(request, *args, **kwargs), tag)
            with _turn(page):  # who asks for it meanwhile waits and has it, too
                kept = _kept.get(page)
                if kept is not None:
                    return _private(_again(request, *kept), tag)
                response = view(request, *args, **kwargs)
                if response.status_code == 200 and "Cache-Control" not in response:
                    _keep(page, response)
            return _private(response, tag)

    return read


def stamp(books: object) -> str:
    """What the books, the day and the program are; another if any of them has changed."""
    return _digest(str(books), timezone.localdate().isoformat(), program())


@cache
def program() -> str:
    """Which program this process runs, so that a new release is seen at once."""
    ours = [Path(app.path) for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR]
    files = [
        *settings.BASE_DIR.glob("templates/**/*.html"),
        *(file for app in ours for file in app.rglob("*.py")),
    ]
    return _digest(*(f"{file} {file.stat().st_mtime_ns}" for file in sorted(files)))


def _private(response: HttpResponse, tag: str = "") -> HttpResponse:
    if (
        response.status_code not in (200, 304) or "Cache-Control" in response
    ):  # an error, a file nobody shall keep
        return response
    if tag:
        response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _again(request: HttpRequest, content_type: str, body: bytes) -> HttpResponse:
    if TOKEN.search(body):
        token = get_token(request).encode()
        body = TOKEN.sub(lambda found: token, body)
    return HttpResponse(body, content_type=content_type)


def _turn(page: str) -> Lock:
    with _keeping:
        return _turns.setdefault(page, Lock())


def _keep(page: str, response: HttpResponse) -> None:
    with _keeping:
        _kept[page] = response["Content-Type"], response.content
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
