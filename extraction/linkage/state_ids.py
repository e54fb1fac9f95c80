"""Identifiers that states give to schools, as lists print them: with and without prefixes, hyphens, leading zeros.

The directory writes `NJ-250370-025`: state, district, school. A list may print `250370-025`, `250370025`, `25-0370-025`
or, beside the district's own id, `025` or `25`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEAST_ALONE = 6
"""Characters that a school's own part must have to be believed without its district: a short one is anything."""


@dataclass(frozen=True, slots=True)
class StateId:
    """A school's id in the directory, taken apart."""

    whole: str
    district: str
    school: str


def official_id(text: str | None) -> StateId | None:
    """Reads the directory's form."""
    parts = [_plain(part) for part in (text or "").split("-")]
    if len(parts) > 1 and re.fullmatch(r"[A-Z]{2}", parts[0]):
        parts = parts[1:]
    parts = [part for part in parts if part]
    if not parts:
        return None
    return StateId("".join(parts), parts[0] if len(parts) > 1 else "", parts[-1])


def listed_id(text: str | None, state: str) -> str:
    """An id as a list prints it, without the state's letters and without anything but letters and digits."""
    plain = _plain(text or "")
    return plain.removeprefix(state) if len(plain) > len(state) else plain


def names_school(printed: str, district: str, official: StateId) -> bool:
    """Whether printed ids (school's and, where printed, its district's) are a school's, as a whole or in part.

    Args:
        printed: the school's id, as `listed_id` returns it.
        district: the district's id, likewise; may be empty.
        official: the directory's.
    """
    if not printed:
        return False
    if _same(printed, official.whole) and len(_short(printed)) >= _LEAST_ALONE - 1:
        return True
    if _same(printed, official.school) and len(official.school) >= _LEAST_ALONE:
        return True
    return is_district(district, official) and (
        _same(printed, official.school) or _same(district + printed, official.whole)
    )


def is_district(printed: str, official: StateId) -> bool:
    """Whether a printed district id is that of a school's district."""
    return bool(printed) and bool(official.district) and _same(printed, official.district)


def _same(one: str, other: str) -> bool:
    return _short(one) == _short(other)


def _short(text: str) -> str:
    return text.lstrip("0") or text[:1]


def _plain(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())
