"""Grounding: finding in a row's own band the words that a model says it holds.

Compared are letters and digits without case. A value is found where it begins and ends with a word of the band, and
what is kept is what the page prints there. A check against the whole page would let 94 to 100 of 100 values pass that
were swapped between two rows; one against the row's band lets none of them pass, except where both rows print it.
"""

from __future__ import annotations

import re
from functools import cached_property

import msgspec
from rapidfuzz.distance import Indel

from extraction.evidence import Box
from extraction.schools.asking.bands import Band
from extraction.schools.sheets import box_of, lines_of
from extraction.schools.words import Word

_LEAST_ALIKE = 0.85
"""For words that were read from a picture: two letters of a dozen may differ."""
_LEAST_LETTERS = 6
"""Shorter values must be equal: "Trent" and "Brent" are two towns."""
_BREAK_HYPHEN = re.compile(r"[^\W\d_]-$")


class Found(msgspec.Struct, frozen=True):
    """Words of a band."""

    text: str
    box: Box
    places: range
    """Their letters among the band's letters, so that no two values are made of the same words."""


class _Letter(msgspec.Struct, frozen=True):
    """One letter or digit of a band, folded, and where it was printed."""

    folded: str
    word: int
    at: int
    begins: bool
    ends: bool


class BandWords:
    """A band's words, ready for being searched."""

    def __init__(self, band: Band, *, misspelt: bool = False) -> None:
        self._words: list[Word] = [word for cell in band.cells if cell for word in _in_reading_order(cell)]
        self._misspelt = misspelt
        self._taken: set[int] = set()

    def find(self, value: str) -> Found | None:
        """The first words that print a value and make up no other value yet; they are taken by it."""
        wanted = folded(value)
        if not wanted:
            return None
        for places in self._matches(wanted):
            if self._taken.isdisjoint(places):
                self._taken.update(places)
                return self._found(value, places)
        return None

    def _matches(self, wanted: str) -> list[range]:
        exact: list[range] = []
        at = self._text.find(wanted)
        while at >= 0:
            last = at + len(wanted) - 1
            if self._letters[at].begins and self._letters[last].ends:
                exact.append(range(at, last + 1))
            at = self._text.find(wanted, at + 1)
        return exact or (self._alike(wanted) if self._misspelt else [])

    def _alike(self, wanted: str) -> list[range]:
        """Words that are nearly the value, best first; digits must be equal."""
        if len(wanted) < _LEAST_LETTERS:
            return []
        starts = [at for at, letter in enumerate(self._letters) if letter.begins]
        ends = [at for at, letter in enumerate(self._letters) if letter.ends]
        slack = max(2, len(wanted) // 5)
        candidates: list[tuple[float, range]] = []
        for start in starts:
            for end in ends:
                length = end - start + 1
                if abs(length - len(wanted)) > slack:
                    continue
                printed = self._text[start : end + 1]
                alike = Indel.normalized_similarity(wanted, printed)
                if alike >= _LEAST_ALIKE and _digits(wanted) == _digits(printed):
                    candidates.append((-alike, range(start, end + 1)))
        return [places for _, places in sorted(candidates, key=lambda found: (found[0], found[1].start))]

    @cached_property
    def _letters(self) -> list[_Letter]:
        letters: list[_Letter] = []
        for index, word in enumerate(self._words):
            for at, character in enumerate(word.text):
                if not character.isalnum():
                    continue
                begins = at == 0 or not word.text[at - 1].isalnum()
                ends = at + 1 == len(word.text) or not word.text[at + 1].isalnum()
                # Some letters fold to two ("ß"): the first of them may begin a word, the last one end it.
                folds = character.casefold()
                letters += [
                    _Letter(fold, index, at, begins and not i, ends and i + 1 == len(folds))
                    for i, fold in enumerate(folds)
                ]
        return letters

    @cached_property
    def _text(self) -> str:
        return "".join(letter.folded for letter in self._letters)

    def _found(self, value: str, places: range) -> Found:
        first, last = self._letters[places.start], self._letters[places.stop - 1]
        words = self._words[first.word : last.word + 1]
        start, end = first.at, last.at + 1
        # "P.S." ends and "(West)" begins with what is no letter: kept where the value has it too.
        while start > 0 and value.strip()[:1] == words[0].text[start - 1] and not value.strip()[0].isalnum():
            start -= 1
        if end < len(words[-1].text) and value.strip()[-1] == words[-1].text[end]:
            end += 1
        pieces = [word.text for word in words]
        pieces[-1] = pieces[-1][:end]
        pieces[0] = pieces[0][start:]
        text = ""
        for piece in pieces:
            text += ("" if not text or _BREAK_HYPHEN.search(text) else " ") + piece
        return Found(text, box_of(words), places)


def folded(text: str) -> str:
    """Letters and digits without case."""
    return "".join(character.casefold() for character in text if character.isalnum())


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _in_reading_order(words: tuple[Word, ...]) -> list[Word]:
    return [word for line in lines_of(words) for word in line.words]
