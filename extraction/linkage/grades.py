"""Grades as numbers: pre-kindergarten −1, kindergarten 0, then 1 to 13."""

from __future__ import annotations

import re

_NUMBERS = {"PK": -1, "PREK": -1, "P": -1, "K": 0, "KG": 0, "KDG": 0}


def grades_between(low: str | None, high: str | None) -> frozenset[int]:
    """The grades from one to another; empty where one of them is not known."""
    first, last = _grade(low), _grade(high)
    return frozenset() if first is None or last is None else frozenset(range(first, last + 1))


def grades_of(span: str | None) -> frozenset[int]:
    """The grades that a list's "PK-5", "K - 08" or "9-12" means; empty where it means none."""
    found = re.findall(r"(?i)pre-?k\w*|pk|kg|k|\d{1,2}", span or "")
    return grades_between(found[0], found[-1]) if found else frozenset()


def _grade(text: str | None) -> int | None:
    plain = re.sub(r"[^A-Z0-9]", "", (text or "").upper())
    if plain.isdecimal():
        return int(plain) if int(plain) <= 13 else None
    return _NUMBERS.get(plain, -1 if plain.startswith("PREK") else None)
