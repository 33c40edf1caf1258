"""Who may come to the desk at all. Which rows they see is the ledger's scope; what they may do, its permissions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

from directory.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def with_login(view: View[P]) -> View[P]:
    """A view for anybody logged in; others log in first and come back to the same address.

    Every address of the desk also answers GET, so that coming back after a POST in an expired session works.
    """

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            login = redirect_to_login(request.get_full_path(), resolve_url("login"))
            # htmx would follow the redirect by itself and put the log-in form into the middle of the page
            if request.headers.get("HX-Request"):
                return HttpResponseClientRedirect(login["Location"])
            return login
        return view(request, *args, **kwargs)

    return cast("View[P]", run)


def staff(view: View[P]) -> View[P]:
    """A view for those who take part in the business: the administrators do not (DESIGN §3)."""

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not current_user(request).is_business:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return with_login(cast("View[P]", run))


def current_user(request: HttpRequest) -> User:
    """The user behind `with_login`."""
    return cast("User", request.user)
