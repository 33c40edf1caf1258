"""`manage.py check` says at the start, and not at the first person registered, that a key is none."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from directory.privacy import MalformedKey, current_prefix


@register()
def field_keys_are_keys(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """An error when a key of RONGSHAN_FIELD_KEYS cannot be used."""
    try:
        current_prefix()
    except MalformedKey as error:
        return [Error(str(error), id="directory.E001")]
    return []
