"""From a printed job title to a controlled role, by the ordered word lists of `roles.toml`."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, lru_cache
from typing import Any

from extraction.staff.vocabulary import phrase_pattern, table

UNKNOWN = "unknown"
_TIERS = ("phrases", "words", "hints")
_WORD = re.compile(r"[\w&]+")
_SHORTEST_BEGINNING = 3


@lru_cache(maxsize=8192)
def role_of(title: str | None) -> str:
    """The key of the first role whose words occur in the title, else `unknown`.

    >>> role_of("Secretary to the Principal")
    'secretary'
    """
    if not title:
        return UNKNOWN
    # Most lines of a page have no word of any role, and the others those of a few: only these roles are looked for.
    whole, begun = _roles_by_word()
    likely: set[int] = set()
    for word in _WORD.findall(title.lower()):
        likely.update(whole.get(word, ()))
        likely.update(n for beginning, n in begun.get(word[:_SHORTEST_BEGINNING], ()) if word.startswith(beginning))
    patterns = _patterns()
    return next((patterns[n][0] for n in sorted(likely) if patterns[n][1].search(title)), UNKNOWN)


def role_keys() -> tuple[str, ...]:
    """Every role, in the order in which they are tried."""
    return tuple(entry["key"] for entry in _entries())


def _entries() -> list[dict[str, Any]]:
    return table("roles")["role"]


@cache
def _entries_by_tier() -> tuple[tuple[str, list[str]], ...]:
    """Key and texts: all roles with their whole phrases, then all with their words, then with words that only hint."""
    return tuple((entry["key"], entry[tier]) for tier in _TIERS for entry in _entries() if entry.get(tier))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((key, phrase_pattern(texts)) for key, texts in _entries_by_tier())


@cache
def _roles_by_word() -> tuple[dict[str, list[int]], dict[str, list[tuple[str, int]]]]:
    """The numbers of the patterns by the first words of their texts, and by what a word begins with ("secretar*")."""
    whole: defaultdict[str, list[int]] = defaultdict(list)
    begun: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, (_, texts) in enumerate(_entries_by_tier()):
        for text in texts:
            word = _WORD.findall(text)[0]
            if text == f"{word}*":
                begun[word[:_SHORTEST_BEGINNING]].append((word, number))
            else:
                whole[word].append(number)
    return dict(whole), dict(begun)
