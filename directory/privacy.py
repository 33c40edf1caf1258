"""What must not be readable in the database: encrypted, or findable by a keyed hash only.

Keys are in the environment, never in a table. The first of settings.RONGSHAN_FIELD_KEYS encrypts, all of them decrypt.
A token names the key it was written under, so `manage.py rotate_keys` knows without trying what is left to do.
Why AES-GCM and not Fernet: docs/adr/0009-personal-fields-aes-gcm-with-named-keys.md.
"""

from __future__ import annotations

import base64
import hmac
import os
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

# "v1:" + eight hexadecimal digits that name the key + ":" + base64 of nonce, text and tag.
VERSION = "v1"
PREFIX_LENGTH = len("v1:01234567:")
NONCE_LENGTH = 12
KEY_LENGTH = 32
FERNET = "gAAAA"  # how a token of release 0.1 begins


class UnreadableText(Exception):
    """The key the text was written under is no longer configured, or the text was damaged."""


class MalformedKey(Exception):
    """A key of RONGSHAN_FIELD_KEYS is not 32 bytes in URL-safe base64."""


class _Key(NamedTuple):
    prefix: str
    cipher: AESGCM


@cache
def _keys(keys: tuple[str, ...]) -> list[_Key]:
    """Two values are derived from each key, for two purposes: its public name, and what encrypts."""
    made = []
    for key in keys:
        try:
            secret = base64.urlsafe_b64decode(key)
        except ValueError:
            secret = b""
        if len(secret) != KEY_LENGTH:
            raise MalformedKey("RONGSHAN_FIELD_KEYS 里有一个密钥不是32字节的URL安全base64，请按README生成。")
        name = hmac.digest(secret, b"rongshan field key: name", "sha256").hex()[:8]
        cipher = AESGCM(hmac.digest(secret, b"rongshan field key: AES", "sha256"))
        made.append(_Key(f"{VERSION}:{name}:", cipher))
    if not made:
        raise MalformedKey("RONGSHAN_FIELD_KEYS 是空的，请按README生成密钥。")
    return made


def encrypt(text: str) -> str:
    """The text, encrypted with the first key; every call gives another result."""
    prefix, cipher = _keys(tuple(settings.RONGSHAN_FIELD_KEYS))[0]
    nonce = os.urandom(NONCE_LENGTH)
    return prefix + base64.urlsafe_b64encode(nonce + cipher.encrypt(nonce, text.encode(), None)).decode(
        "ascii"
    )


def decrypt(token: str) -> str:
    """What `encrypt` was given. Raises UnreadableText."""
    for prefix, cipher in _keys(tuple(settings.RONGSHAN_FIELD_KEYS)):
        if token.startswith(prefix):
            try:
                sealed = base64.urlsafe_b64decode(token[len(prefix) :])
                return cipher.decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], None).decode()
            except (InvalidTag, ValueError) as error:
                raise UnreadableText("这段加密内容已损坏，无法解开。") from error
    if token.startswith(FERNET):
        # drafts and backups of release 0.1; rotate_keys brings them into today's form
        with suppress(InvalidToken, ValueError):
            fernet = MultiFernet([Fernet(key) for key in settings.RONGSHAN_FIELD_KEYS])
            return fernet.decrypt(token.encode("ascii")).decode()
    raise UnreadableText("没有能解开这段内容的密钥，请检查 RONGSHAN_FIELD_KEYS。")


def current_prefix() -> str:
    """How a token begins that is written under the key now in force."""
    return _keys(tuple(settings.RONGSHAN_FIELD_KEYS))[0].prefix


def hash_identity(number: str) -> str:
    """The keyed hash by which an 18-digit identity number is found: 64 hexadecimal digits."""
    return _keyed_hash("identity", number)


def hash_provisional(text: str) -> str:
    """The keyed hash by which a person without a number is found, of `provisional_text`."""
    return _keyed_hash("provisional", text)


def _keyed_hash(purpose: str, text: str) -> str:
    # the purpose in front: the same text hashed for two purposes must not show that it is the same
    return hmac.digest(settings.RONGSHAN_HMAC_KEY.encode(), f"{purpose}\0{text}".encode(), "sha256").hex()
