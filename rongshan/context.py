"""What every page's shell needs: who is here, where they may go, and whether this is a demonstration."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from desk.context import nav_counts
from directory.models import User
from ledger.figures import is_demonstration
from ledger.permissions import may_file
from workbooks.jobs import waiting_for

STAFF = frozenset({User.Role.CLERK, User.Role.HEAD, User.Role.REVIEWER, User.Role.PARTNER})
BUSINESS = frozenset(User.Role) - User.ADMINISTRATORS
OURS = BUSINESS - {User.Role.PARTNER}  # what is not shared with 荣成

# Label, name of the address, the roles that have work there. A link hidden here is no protection: the view
# behind it asks again.
NAVIGATION: tuple[tuple[str, str, frozenset[User.Role]], ...] = (
    ("总览", "dashboard:home", BUSINESS),
    ("待办", "desk:home", STAFF),
    ("填报记录", "desk:entries", STAFF),
    ("表格导入", "workbooks:home", STAFF - {User.Role.PARTNER}),
    ("审核", "desk:review", frozenset({User.Role.REVIEWER})),
    ("人员", "people", STAFF - {User.Role.PARTNER} | {User.Role.LEADER}),
    ("季度", "desk:periods", frozenset({User.Role.REVIEWER, User.Role.LEADER})),
    ("参数", "desk:parameters", frozenset(User.Role) - {User.Role.PARTNER, User.Role.CLERK}),
    ("报表", "dashboard:reports", OURS),
    ("待定事项", "dashboard:questions", OURS),
    ("账号", "users", User.ADMINISTRATORS),
    ("单位", "organizations", User.ADMINISTRATORS),
    ("移交草稿", "desk:handover", frozenset({User.Role.SYSTEM_ADMIN})),
    ("系统维护", "admin:index", User.ADMINISTRATORS | {User.Role.REVIEWER}),
)

FIRST_PAGE: dict[str, str] = {
    User.Role.SYSTEM_ADMIN: "users",
    User.Role.SECURITY_ADMIN: "users",
    User.Role.AUDITOR: "admin:index",
    User.Role.REVIEWER: "desk:review",
    User.Role.CLERK: "desk:home",
    User.Role.HEAD: "desk:home",
    User.Role.PARTNER: "desk:home",
}


@dataclass(frozen=True)
class NavItem:
    """One link of the main navigation; `current` when the page shown is it or lies below it, `count` of what
    waits there."""

    label: str
    url: str
    current: bool
    count: int = 0


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Everything is worked out only when a template uses it: a page that does not (an
    error page, a file) then asks the database nothing."""
    return {
        "account": SimpleLazyObject(lambda: account(request)),
        "demonstration": SimpleLazyObject(is_demonstration),
        "nav": SimpleLazyObject(lambda: navigation(request)),
        "search_url": SimpleLazyObject(lambda: search_url(request)),
        "logout_url": SimpleLazyObject(lambda: reverse("logout")),
        "password_url": SimpleLazyObject(lambda: reverse("password_change")),
    }


def search_url(request: HttpRequest) -> str:
    """Where the box of the shell looks things up; "" for those who have no business to look up."""
    user = request.user
    return reverse("desk:search") if isinstance(user, User) and user.is_business else ""


def account(request: HttpRequest) -> User | None:
    """Who is logged in."""
    return request.user if isinstance(request.user, User) else None


def navigation(request: HttpRequest) -> list[NavItem]:
    """The links of the person's role; none for somebody not logged in."""
    user = request.user
    if not isinstance(user, User):
        return []
    links = [(label, reverse(name), name) for label, name, roles in NAVIGATION if user.role in roles]
    below = [url for _, url, _ in links if request.path.startswith(url)]
    here = max(below, key=len, default="")
    counts = nav_counts(user)
    if may_file(user):
        counts["workbooks:home"] = waiting_for(user)
    return [NavItem(label, url, current=url == here, count=counts.get(name, 0)) for label, url, name in links]


def first_page(request: HttpRequest) -> str:
    """Where a person's work begins: administrators at the accounts, the auditor at the trail, reviewers at
    the queue, staff of both sides at their tasks, leaders on the overview."""
    user = request.user
    role = user.role if isinstance(user, User) else ""
    return reverse(FIRST_PAGE.get(role, "dashboard:home"))
