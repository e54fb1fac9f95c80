"""How alike two names of schools are: words paired off one by one, the rarer ones counting more.

Numbers, points of the compass and levels tell siblings apart, so they are compared by themselves: "P.S. 12" and
"P.S. 21" are two schools, however alike they look.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from rapidfuzz.distance import OSA

from extraction.linkage.names import SchoolName, vocabulary

_LEAST_WEIGHT = 0.4
_KIND_WEIGHT = 0.25
"""Of a word that says what kind of school it is."""
_INITIAL_WEIGHT = 0.15
_VOWELS = frozenset("aeiou")
_JUNIOR = frozenset({"junior high", "junior senior high"})
_MISSING_IN_LIST = 0.7
"""Lists leave words out more often than they add some: what such a missing word weighs."""


@dataclass(frozen=True)
class NameParts:
    """A school's name, taken apart for comparison."""

    name: SchoolName

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words, those that every list has spelled right."""
        return tuple(_mended(word) for word in self.name.words)

    @cached_property
    def level(self) -> frozenset[str]:
        """The levels it names, "junior high" as one."""
        words = self.words
        found = {word for word in words if word in {"elementary", "middle", "primary", "intermediate"}}
        if not {"kindergarten", "preschool", "prekindergarten"}.isdisjoint(words):
            found.add("early")
        junior, senior, high = ("junior" in words), ("senior" in words), ("high" in words)
        if junior and senior:
            found.add("junior senior high")
        elif high and "junior high" in " ".join(words):
            found.add("junior high")
        elif high or senior:
            found.add("high")
        return frozenset(found)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The words that say what kind of school it is."""
        return frozenset(self.own) & vocabulary().kinds

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers in it, without leading zeros."""
        return frozenset(word.lstrip("0") or "0" for word in self.words if word.isdecimal())

    @cached_property
    def compass(self) -> frozenset[str]:
        """The points of the compass in it."""
        return frozenset(self.words) & vocabulary().compass

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The other words that tell it apart, in order."""
        known = vocabulary()
        level = {"elementary", "middle", "high", "primary", "intermediate", "senior", "kindergarten", "preschool"}
        left_out = known.plain | known.compass | level | ({"junior"} if self.level & _JUNIOR else set[str]())
        return tuple(dict.fromkeys(word for word in self.words if word not in left_out and not word.isdecimal()))

    @cached_property
    def squeezed(self) -> str:
        """Its own words as one: "Oak Grove" and "Oakgrove" are one name."""
        return "".join(word for word in self.own if word not in vocabulary().kinds)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two names compare."""

    words: float
    """From 0 to 1."""
    level: str
    """`same`, `unsaid` (one of them names none), `near`, `other` (one says a level, the other another kind)."""


class WordWeights:
    """What words are worth in one state: the rarer, the more."""

    def __init__(self, names: Iterable[NameParts]) -> None:
        self._times: Counter[str] = Counter()
        count = 0
        for name in names:
            count += 1
            self._times.update(name.own)
        self._most = math.log(count + 1) or 1.0
        self._count = count

    @property
    def known(self) -> list[str]:
        """All words, in no order."""
        return list(self._times)

    def __getitem__(self, word: str) -> float:
        rare = math.log((self._count + 1) / (self._times[word] + 1)) / self._most
        if len(word) == 1:
            return _INITIAL_WEIGHT
        return max(_LEAST_WEIGHT, rare) * (_KIND_WEIGHT if word in vocabulary().kinds else 1.0)


def likeness(listed: NameParts, official: NameParts, weights: WordWeights) -> Likeness | None:
    """Compares a listed name with an official one; None where they name two schools."""
    level = _levels(listed, official)
    if level is None or _differ(listed.numbers, official.numbers) or _differ(listed.compass, official.compass):
        return None
    if listed.squeezed and listed.squeezed == official.squeezed:
        both = 1.0
        only_listed = sum(weights[word] for word in listed.kinds - official.kinds)
        only_official = sum(weights[word] for word in official.kinds - listed.kinds)
    else:
        both, only_listed, only_official = _paired(listed.own, official.own, weights)
    for one, other in ((listed.numbers, official.numbers), (listed.compass, official.compass)):
        both += len(one & other)
        only_listed += len(one - other)
        only_official += len(other - one)
    if both == 0:
        # Names without any word of their own, such as "High School", are alike; others have nothing in common.
        return Likeness(0.0 if only_listed or only_official else 1.0, level)
    return Likeness(both / (both + only_listed + _MISSING_IN_LIST * only_official), level)


def word_likeness(one: str, other: str) -> float:
    """How alike two words are, from 0 to 1: the same, an initial, an abbreviation, a slip of the pen, or not at all."""
    short, long = sorted((one, other), key=len)
    if long.startswith(short) and (len(short) != 2 or short == long):
        return 1.0 if short == long else 0.9 if len(short) == 1 else 0.85
    if len(short) >= 3 and _VOWELS.isdisjoint(short) and short[0] == long[0] and _in_order(short, long):
        return 0.85
    if len(short) < 4:
        return 0.0
    slips = OSA.distance(one, other, score_cutoff=2)
    if slips == 1:
        return 0.9 if len(short) >= 5 else 0.75
    return 0.75 if slips == 2 and len(short) >= 8 else 0.0


def _in_order(letters: str, word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)


def _levels(listed: NameParts, official: NameParts) -> str | None:
    one, other = listed.level, official.level
    if one == other:
        return "same"
    if not one or not other:
        # "Marlow Jr High" is not "Marlow Academy", though only one of them names a level.
        without = official if not other else listed
        return "other" if "academy" in without.kinds and "academy" not in (listed.kinds & official.kinds) else "unsaid"
    near = vocabulary().near_levels
    alike = one & other or any(frozenset((left, right)) in near for left in one for right in other)
    return "near" if alike else None


@cache
def _mended(word: str) -> str:
    if len(word) < 5:
        return word
    return next((right for right in vocabulary().misspelled if OSA.distance(word, right, score_cutoff=1) <= 1), word)


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and bool(other) and one.isdisjoint(other)


def _paired(listed: tuple[str, ...], official: tuple[str, ...], weights: WordWeights) -> tuple[float, float, float]:
    """The weight that both names share, and what only one of them has; each word is paired at most once."""
    left, right = list(listed), list(official)
    both = 0.0
    pairs = sorted(
        ((alike, one, other) for one in left for other in right if (alike := word_likeness(one, other)) > 0),
        reverse=True,
    )
    lost = 0.0
    for alike, one, other in pairs:
        if one in left and other in right:
            left.remove(one)
            right.remove(other)
            weight = max(weights[one], weights[other])
            both += alike * weight
            lost += (1 - alike) * weight
    return both, lost + sum(weights[word] for word in left), sum(weights[word] for word in right)
