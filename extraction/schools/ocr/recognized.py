"""Recognized words: what the engine read, as words of a sheet.

The engine boxes the ink of each word, so that "aus" is half as high as "Ags" and stands lower. The letters themselves
say where their line runs, which gives every word the height of its line, as the words of a text layer have it.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

import msgspec

from extraction.evidence import Box
from extraction.schools.ocr.engine import Reading
from extraction.schools.rulings import Rulings
from extraction.schools.words import Word

_ASCENT, _X_HEIGHT, _DESCENT = 0.72, 0.52, 0.21
"""Shares of the type size that letters reach above and below the line they stand on, in the usual typefaces."""

_LINE_ABOVE, _LINE_BELOW = 0.9, 0.22
"""How far the box of a line reaches, as pdfium gives it for text."""

_LOW = frozenset("acemnorsuvwxz.,:;_-–—~+=*")
_DEEP = frozenset("gjpqyQ,;()[]{}|/@$")

_LONE_BAR = re.compile(r"^[|¦]$")
"""The letter I, as in "Title I": without serifs it looks the same, and the lines are gone before."""

_LAST_BAR = re.compile(r"(?<=[a-z])[|¦]$")
"""The letter l, as in "Schoo|", for the same reason."""

_LEFTOVER = re.compile(r"^[|_¦]+|[|_¦]+$")
"""What remains of a border beside a word; no name starts or ends with it."""

_LEAST_SURE = 0.15
"""A shorter reading that is less sure is a guess at a stain."""

_WHOLE_WORD = 3
"""Letters and digits of what stays whatever its sureness: a word that is missing misleads more than a doubtful one."""

_SPECK_SURE = 0.6
"""A mark that is neither letter nor digit counts where it was read this surely: a dash, an ampersand."""

_FLOATING = 0.35
"""A word lower than this share of the usual type size is a speck, unless it is a mark that is low by nature."""


class _Standing(msgspec.Struct, frozen=True):
    """A word and the line it stands on, in pixels."""

    reading: Reading
    text: str
    foot: float
    size: float


def words_of(readings: Sequence[Reading], rulings: Rulings, points: float) -> tuple[Word, ...]:
    """The words in points, without what is no word. `points` is the size of a pixel."""
    kept = [(reading, text) for reading in readings if (text := _text(reading))]
    usual = _usual_size([(reading, text) for reading, text in kept])
    standing = [_standing(reading, text, usual) for reading, text in kept if _is_printed(reading, text, usual)]
    return tuple(word for order, found in enumerate(standing) for word in _parted(_word(found, order, points), rulings))


def _text(reading: Reading) -> str:
    """What was read without leftovers of borders; empty where nothing else was."""
    if _LONE_BAR.match(reading.text) and reading.sure >= _SPECK_SURE:
        return "I"
    text = _LEFTOVER.sub("", _LAST_BAR.sub("l", reading.text))
    letters = sum(map(str.isalnum, text))
    if not text or (reading.sure < _LEAST_SURE and letters < _WHOLE_WORD):
        return ""
    return text if reading.sure >= _SPECK_SURE or letters else ""


def _usual_size(readings: Sequence[tuple[Reading, str]]) -> float:
    """The type size of most words in pixels."""
    sizes = [_extent(reading, text)[1] for reading, text in readings if any(map(str.isalnum, text))]
    return statistics.median(sizes) if sizes else 0.0


def _is_printed(reading: Reading, text: str, usual: float) -> bool:
    """Whether it has the size of print. Seals, stains and photographs are read as words too large or too small."""
    high = reading.bottom - reading.top
    if not any(map(str.isalnum, text)):
        return high < 1.5 * usual
    return _FLOATING * usual < high < 5 * usual


def _extent(reading: Reading, text: str) -> tuple[float, float]:
    """Where the word's line is (its foot) and its type size, from which letters it has."""
    above = _X_HEIGHT if all(char in _LOW for char in text) else _ASCENT
    below = _DESCENT if any(char in _DEEP for char in text) else 0.0
    size = (reading.bottom - reading.top) / (above + below)
    return reading.bottom - below * size, size


def _standing(reading: Reading, text: str, usual: float) -> _Standing:
    foot, size = _extent(reading, text)
    if not any(map(str.isalnum, text)):
        # A dash says nothing about its size; it floats at a third of the height.
        middle = (reading.top + reading.bottom) / 2
        foot, size = (reading.bottom if set(text) <= set(".,_") else middle + 0.3 * usual), usual
    elif abs(size - usual) < 0.35 * usual:
        size = usual  # one misread letter must not lift a word out of its line
    return _Standing(reading, text, foot, size)


def _word(found: _Standing, order: int, points: float) -> Word:
    return Word(
        found.text,
        Box(
            round(found.reading.left * points, 2),
            round((found.foot - _LINE_ABOVE * found.size) * points, 2),
            round(found.reading.right * points, 2),
            round((found.foot + _LINE_BELOW * found.size) * points, 2),
        ),
        order,
        found.reading.sure,
    )


def _parted(word: Word, rulings: Rulings) -> list[Word]:
    """The word, cut where a border runs through it: with the border erased, two cells may read as one word."""
    width = word.box.right - word.box.left
    for ruling in rulings.verticals:
        if not (ruling.start <= word.middle <= ruling.end and word.box.left + 3 < ruling.at < word.box.right - 3):
            continue
        at = round(len(word.text) * (ruling.at - word.box.left) / width)
        if not 0 < at < len(word.text):
            continue
        left = msgspec.structs.replace(word, text=word.text[:at], box=_clipped(word.box, right=ruling.at - 0.5))
        right = msgspec.structs.replace(word, text=word.text[at:], box=_clipped(word.box, left=ruling.at + 0.5))
        return [left, *_parted(right, rulings)]
    return [word]


def _clipped(box: Box, *, left: float | None = None, right: float | None = None) -> Box:
    return Box(box.left if left is None else left, box.top, box.right if right is None else right, box.bottom)
