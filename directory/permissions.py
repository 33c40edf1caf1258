"""What each role may see and do in Django's admin, in one table. (Pages of the business ask `role` itself.)

A line is a pattern over "app.action_model". Apps of higher floors add theirs in settings.ROLE_PERMISSIONS,
so that this app need not know them: {"reviewer": ["ledger.view_*"]}.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from django.conf import settings

ROLE_PERMISSIONS: dict[str, list[str]] = {
    "system_admin": [
        "directory.view_*",
        "directory.add_division",
        "directory.change_division",
        "directory.change_organization",
        "directory.*_alias",
    ],
    "security_admin": ["directory.view_*"],
    "auditor": ["audit.view_event", "directory.view_user"],
    "reviewer": ["directory.view_division", "directory.view_organization", "directory.*_alias"],
}


def allows(role: str, permission: str) -> bool:
    """Whether the role has "app.action_model"."""
    return any(fnmatchcase(permission, pattern) for pattern in _patterns(role))


def allows_module(role: str, app_label: str) -> bool:
    """Whether the role has anything in the app."""
    return any(pattern.startswith(f"{app_label}.") for pattern in _patterns(role))


def _patterns(role: str) -> list[str]:
    further: dict[str, list[str]] = getattr(settings, "ROLE_PERMISSIONS", {})
    return [*ROLE_PERMISSIONS.get(role, []), *further.get(role, [])]
