"""From a printed job title to a controlled role, by the ordered word lists of `roles.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from extraction.staff.vocabulary import phrase_pattern, table

UNKNOWN = "unknown"
_TIERS = ("phrases", "words", "hints")


@lru_cache(maxsize=8192)
def role_of(title: str | None) -> str:
    """The key of the first role whose words occur in the title, else `unknown`.

    >>> role_of("Secretary to the Principal")
    'secretary'
    """
    if not title or not _any_pattern().search(title):
        return UNKNOWN
    return next(key for key, pattern in _patterns() if pattern.search(title))


def role_keys() -> tuple[str, ...]:
    """Every role, in the order in which they are tried."""
    return tuple(entry["key"] for entry in _entries())


def _entries() -> list[dict[str, Any]]:
    return table("roles")["role"]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """All roles by their whole phrases, then all by their words, then all by words that only hint at them."""
    return tuple(
        (entry["key"], phrase_pattern(entry[tier])) for tier in _TIERS for entry in _entries() if entry.get(tier)
    )


@cache
def _any_pattern() -> re.Pattern[str]:
    """Most lines of a page have no word of any role: one search instead of one a role."""
    return phrase_pattern([text for tier in _TIERS for entry in _entries() for text in entry.get(tier, [])])
