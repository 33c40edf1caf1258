"""The base of every refusal: a sentence in Chinese with the numbers in it, and the field it belongs to."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """The books say no. `fields` maps a form field to its messages; "" is the whole form."""

    def __init__(self, message: str, fields: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields: dict[str, list[str]] = dict(fields) if fields else {"": [message]}
