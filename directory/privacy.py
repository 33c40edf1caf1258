"""Encryption of what must not be readable in the database: keys are in the environment, never in a table.

The first of settings.RONGSHAN_FIELD_KEYS encrypts, all of them decrypt, so that keys can be rotated.
"""

from __future__ import annotations

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UnreadableText(Exception):
    """None of the keys opens the text: it was written under a key that is no longer configured."""


@cache
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """The text, encrypted with the first key; every call gives another result."""
    return _keys(tuple(settings.RONGSHAN_FIELD_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """What `encrypt` was given. Raises UnreadableText."""
    try:
        return _keys(tuple(settings.RONGSHAN_FIELD_KEYS)).decrypt(token.encode("ascii")).decode()
    except InvalidToken as error:
        raise UnreadableText("没有能解开这段内容的密钥，请检查 RONGSHAN_FIELD_KEYS。") from error
