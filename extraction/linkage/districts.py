"""Which districts of a state a printed name may mean."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from extraction.linkage.names import long_words, vocabulary

_LEAST_ALIKE = 80.0
_SAME_BUT_KIND = 0.93
"""Of a name that is the same but for the word that says what kind of district it is ("County", "Unified")."""


class DistrictNames:
    """The districts of one state, by name."""

    def __init__(self, districts: Iterable[tuple[str, str]]) -> None:
        """Args: districts as (LEA id, name)."""
        self._strict: dict[str, set[str]] = {}
        self._loose: dict[str, set[str]] = {}
        for lea_id, name in districts:
            strict, loose = _keys(name)
            self._strict.setdefault(strict, set()).add(lea_id)
            self._loose.setdefault(loose, set()).add(lea_id)
        self._known: dict[str, dict[str, float]] = {}

    def meant(self, printed: str) -> dict[str, float]:
        """How alike districts' names are to a printed one, by LEA id, from 0.8 to 1; others are not in the answer."""
        if printed not in self._known:
            self._known[printed] = self._alike(printed)
        return self._known[printed]

    def _alike(self, printed: str) -> dict[str, float]:
        strict, loose = _keys(printed)
        if not loose:
            return {}
        found: dict[str, float] = {}
        for key, score, _ in process.extract(
            loose, self._loose.keys(), scorer=fuzz.ratio, score_cutoff=_LEAST_ALIKE, limit=12
        ):
            for lea_id in self._loose[key]:
                found[lea_id] = min(score / 100, _SAME_BUT_KIND)
        for lea_id in self._strict.get(strict, ()):
            found[lea_id] = 1.0
        return found


def _keys(name: str) -> tuple[str, str]:
    """A district's name in order of the alphabet without what all districts are called, and also without its kind."""
    known = vocabulary()
    words = sorted(word for word in long_words(name) if word not in known.district_plain)
    distinct = [word for word in words if word not in known.district_kinds]
    return " ".join(words), " ".join(distinct or words)
