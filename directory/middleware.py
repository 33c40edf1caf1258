"""Nobody works with a password that must be changed; and a session ends when nobody works."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from directory.models import User

ALLOWED = frozenset({"password_change", "login", "logout", "healthz"})
ASKED_AT, STEP = "asked_at", 60  # the session's key; seconds


class SessionMovesOn(MiddlewareMixin):
    """Starts the session's half hour anew when its user asks for something, but writes at most once a minute.

    Were the session written for every page, every reader would wait for SQLite's one writer (seven seconds beside sixteen
    clerks who save without a pause), and on PostgreSQL for the disk. Stands after SessionMiddleware, which saves it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = request.session
        # of an error nothing is known, perhaps not even whether the session can be read
        if response.status_code < 500 and session.accessed and SESSION_KEY in session:
            now = int(time.time())
            if abs(now - session.get(ASKED_AT, 0)) >= STEP:
                session[ASKED_AT] = now
        return response


class PasswordChangeRequired(MiddlewareMixin):
    """Sends a user whose password is a one-time one, or too old, to the page where they set a new one.

    Stands after AuthenticationMiddleware. Static files are served before it is asked.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.resolver_match is not None and request.resolver_match.url_name in ALLOWED:
            return None  # asked first: /healthz then needs no session
        user = request.user
        if not isinstance(user, User) or not user.must_renew_password(timezone.now()):
            return None
        # Back to where they were going, if it was a page; a form that was sent has to be sent again.
        query = "?" + urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
        address = reverse("password_change") + query
        if request.headers.get("HX-Request"):  # else htmx would put the whole page into a part of the old one
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)
