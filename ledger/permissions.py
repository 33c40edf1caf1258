"""What a user's role allows in the books (DOMAIN §7). Which rows they see is scope.py's question, not this one."""

from __future__ import annotations

from directory.models import Organization, User


def may_file(user: User) -> bool:
    """Fills in forms for their own unit: 填报员, 单位负责人, the partner's staff, the bureau's reviewers."""
    return user.is_active and (
        user.is_system
        or user.role in (User.Role.CLERK, User.Role.HEAD, User.Role.PARTNER, User.Role.REVIEWER)
    )


def may_review(user: User) -> bool:
    """Approves and returns entries: the bureau's reviewers."""
    return user.is_active and user.role == User.Role.REVIEWER and _of_bureau(user)


def may_export_people(user: User) -> bool:
    """Takes lists that name people, masked, out of the system: whoever files or reviews in 山亭, not the partner side
    and not the leaders, who look at figures."""
    return user.is_active and user.role in (User.Role.CLERK, User.Role.HEAD, User.Role.REVIEWER)


def may_close_books(user: User) -> bool:
    """Closes quarters and lines: the bureau's reviewers and the leaders."""
    return may_review(user) or may_rule(user)


def may_rule(user: User) -> bool:
    """Records the ruling on an open question of the plan: the leaders."""
    return user.is_active and user.role == User.Role.LEADER


def _of_bureau(user: User) -> bool:
    return user.organization is not None and user.organization.kind == Organization.Kind.BUREAU
