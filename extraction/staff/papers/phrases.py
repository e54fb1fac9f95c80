"""Phrases: words of a line that stand together, and what kind of value they are.

White space wider than a space parts them, and so do leaders ("Jane Doe ........ Principal"), which are dropped.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import msgspec

from extraction.evidence import Box
from extraction.schools.sheets import Line, Sheet, box_of, lines_of
from extraction.schools.words import Word
from extraction.staff.lines import is_prose, is_title, split_names, split_text
from extraction.staff.names import IN_COMPANY, parse_name
from extraction.staff.papers.parts import PaperLine

Kind = Literal["name", "title", "email", "number", "other"]

_LEADER = re.compile(r"[.…·_]{3,}|[-–—=~]{4,}")
_POINT = re.compile(r"[.…·_]+")
_FEWEST_POINTS = 3
"""Single points behind each other, a space apart, that are a leader."""
_LONGEST_VALUE = 120
_LONGEST_HEADING = 90
_LARGE, _LARGER = 1.12, 1.45
"""How much higher than the page's usual line a heading is, and one of the paper itself."""
_RARE = 0.4
"""The share of a page's lines in bold print, or in capitals, up to which either one marks a heading."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand together on a line."""

    words: tuple[Word, ...]
    box: Box
    text: str

    @property
    def kind(self) -> Kind:
        """What it says, by itself."""
        return kind_of(self.text)


@dataclass(frozen=True, slots=True, eq=False)
class PhraseLine:
    """The phrases of a line, from left to right."""

    phrases: tuple[Phrase, ...]
    box: Box
    led: bool = False
    """Whether leaders stand between them."""

    @property
    def text(self) -> str:
        """All of the line."""
        return " ".join([phrase.text for phrase in self.phrases])

    @property
    def height(self) -> float:
        """In points."""
        return self.box.bottom - self.box.top


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is printed: what is usual on it, so that what stands out can be told."""

    gap: float
    """Points; a wider gap between two words parts columns."""
    height: float
    """Points; of the usual line."""
    bold: frozenset[int]
    """The words in bold print, by their place in drawing order; empty where much of the page is bold."""
    has_rare_capitals: bool
    numbers: Mapping[int, int] = field(repr=False)
    """By the place of a word in drawing order, the line of the page that it stands on."""

    def lines(self, words: Sequence[Word]) -> list[PhraseLine]:
        """Words as lines of phrases, from top to bottom."""
        return [line for one in lines_of(words) if (line := _phrase_line(one, self._gap_in(one))).phrases]

    def _gap_in(self, line: Line) -> float:
        """In larger print a space is wider."""
        return self.gap * max(1.0, line.height / self.height)

    def level(self, line: PhraseLine) -> int:
        """1 to 3 for a line that stands out from others by its print, 0 for one that does not."""
        text = line.text
        if len(line.phrases) != 1 or not 3 <= len(text) <= _LONGEST_HEADING or "@" in text or is_prose(text):
            return 0
        letters = sum(char.isalpha() for char in text)
        if letters < 3 or letters < 0.4 * len(text) or parse_name(text):
            return 0
        if line.height >= _LARGER * self.height:
            return 1
        if line.height >= _LARGE * self.height:
            return 2
        is_bold = all(word.order in self.bold for word in line.phrases[0].words)
        return 3 if is_bold or (self.has_rare_capitals and text.isupper()) else 0

    def printed(self, phrases: Iterable[Phrase]) -> PaperLine:
        """The phrases as one line of the page."""
        kept = list(phrases)
        return PaperLine(" ".join([phrase.text for phrase in kept]), self.numbers.get(kept[0].words[0].order, 0))


def look_of(sheet: Sheet, bold: frozenset[int]) -> Look:
    """How a page is printed; `bold` are its bold words."""
    words = sheet.words
    lines = sheet.lines
    capitals = sum(line.text.isupper() for line in lines)
    return Look(
        gap=sheet.column_gap,
        height=statistics.median([word.height for word in words]) if words else 10.0,
        bold=bold if len(bold) <= _RARE * len(words) else frozenset(),
        has_rare_capitals=capitals <= _RARE * len(lines),
        numbers={word.order: number for number, line in enumerate(lines, 1) for word in line.words},
    )


@lru_cache(maxsize=8192)
def kind_of(text: str) -> Kind:
    """What kind of value a text is, by itself."""
    if "@" in text:
        return "email"
    if not any(char.isalpha() for char in text):
        return "number"
    if len(text) > _LONGEST_VALUE:
        return "other"
    if is_title(text):
        return "title"
    found = split_text(text)
    if (found and found[0].likelihood > IN_COMPANY) or split_names(text):
        return "name"
    return "other"


def _phrase_line(line: Line, gap: float) -> PhraseLine:
    groups: list[list[Word]] = [[]]
    led = False
    words = [part for word in line.words for part in _without_leader(word)]
    for at, word in enumerate(words):
        if word is None or _is_point(words, at):
            led = led or bool(groups[-1])
            if groups[-1]:
                groups.append([])
        elif groups[-1] and word.box.left - groups[-1][-1].box.right > gap:
            groups.append([word])
        else:
            groups[-1].append(word)
    phrases = tuple(
        Phrase(tuple(group), box_of(group), " ".join([word.text for word in group])) for group in groups if group
    )
    return PhraseLine(phrases, line.box, led and len(phrases) > 1)


def _without_leader(word: Word) -> list[Word | None]:
    """The word, cut where a leader is drawn in one go with it; None for the leader. Letters count as equally wide."""
    parts: list[Word | None] = []
    wide = (word.box.right - word.box.left) / len(word.text)
    at = 0
    for found in _LEADER.finditer(word.text):
        if found.start() > at:
            parts.append(_cut(word, at, found.start(), wide))
        parts.append(None)
        at = found.end()
    if not parts:
        return [word]
    return [*parts, _cut(word, at, len(word.text), wide)] if at < len(word.text) else parts


def _cut(word: Word, start: int, end: int, wide: float) -> Word:
    left = word.box.left
    box = msgspec.structs.replace(word.box, left=left + start * wide, right=left + end * wide)
    return msgspec.structs.replace(word, text=word.text[start:end], box=box)


def _is_point(words: Sequence[Word | None], at: int) -> bool:
    """Whether a word is one of the points that make a leader, a space apart."""
    if (word := words[at]) is None or not _POINT.fullmatch(word.text):
        return False
    first = last = at
    while first > 0 and (before := words[first - 1]) is not None and _POINT.fullmatch(before.text):
        first -= 1
    while last + 1 < len(words) and (after := words[last + 1]) is not None and _POINT.fullmatch(after.text):
        last += 1
    return last - first + 1 >= _FEWEST_POINTS
