"""Nobody works with a password that must be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from directory.models import User

ALLOWED = frozenset({"password_change", "login", "logout", "healthz"})


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
