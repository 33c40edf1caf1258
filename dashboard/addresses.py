"""Addresses of pages, which a page of figures names by the hundred."""

from __future__ import annotations

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=4_000)
def address(name: str, *args: str | int) -> str:
    """As `reverse` says it; the same as long as the program runs."""
    return reverse(name, args=args)
