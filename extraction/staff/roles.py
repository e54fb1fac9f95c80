"""From a printed job title to a controlled role, by the ordered word lists of `roles.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from extraction.staff.vocabulary import phrase_pattern, table

UNKNOWN = "unknown"


@lru_cache(maxsize=8192)
def role_of(title: str | None) -> str:
    """The key of the first role whose words occur in the title, else `unknown`.

    >>> role_of("Secretary to the Principal")
    'secretary'
    """
    if not title:
        return UNKNOWN
    return next((key for key, pattern in _patterns() if pattern.search(title)), UNKNOWN)


def role_keys() -> tuple[str, ...]:
    """Every role, in the order in which they are tried."""
    return tuple(key for key, _ in _patterns())


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((entry["key"], phrase_pattern(entry["words"])) for entry in table("roles")["role"])
