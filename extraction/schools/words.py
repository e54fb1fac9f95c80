"""Words with boxes: the first thing that is read from a page, and all that later steps know of its text.

pdfium gives characters in the order in which they were drawn. They are joined into words by what stands between them
(a space, a gap, a jump), never by what pdfium adds: a generated space prints nothing, so it only ends a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec
import pypdfium2 as pdfium

from extraction.evidence import Box
from extraction.schools.glyphs import Glyphs, Place
from extraction.schools.page_space import Matrix, PageSpace
from extraction.schools.records import Damage

MAX_CHARS = 100_000
"""Characters read of one page. The densest list seen prints 9,000 on a page; a bomb prints millions."""

_WORD_GAP = 0.2
"""A gap wider than this share of the line height ends a word. A space is 0.2 to 0.3 of it, kerning under 0.1."""

_FEW = 30
"""Words of a page, below which their length says nothing."""

_TOO_LONG = 8.5
"""Letters of a page's mean word. Lists have 5 to 7; where the gaps between words are not seen, 10 and more."""

_KERNING = 0.03
"""The share of the line height that letters of one word stand apart."""

_CLEAR_STEP = 0.02
"""The share of the line height between the widest gap inside of words and the narrowest between them."""

_TWINS = 1.5
"""Points by which an outline that is drawn twice is shifted."""

_CELL = 2 * _TWINS

_STEP_BACK = 0.6
"""The share of the line height by which a character may start before the end of the one in front of it."""

_SLOPE = 10
"""Degrees by which a line may slope and still be one that runs along the page or across it."""

_ALONG = {90: Matrix(0, -1, 1, 0), 180: Matrix(-1, 0, 0, -1), 270: Matrix(0, 1, -1, 0)}
"""Maps that turn the page until lines of a direction run from left to right."""


class Word(msgspec.Struct, frozen=True, gc=False):
    """A run of characters without a space in it, and where it stands on the displayed page."""

    text: str
    box: Box
    """As wide as its ink, as high as its line (so that "aus" and "Ags" stand on the same line)."""
    order: int = 0
    """Position in drawing order: text that overflows its cell is still drawn in one go."""
    sure: float = 1.0
    """How surely its letters were read, from 0 to 1; a text layer is sure."""
    direction: int = 0
    """Where its line runs, in degrees clockwise: 0 from left to right, 270 upwards (as headings of columns do)."""

    @property
    def height(self) -> float:
        """The line height in points."""
        return self.box.bottom - self.box.top

    @property
    def middle(self) -> float:
        """The vertical middle."""
        return (self.box.top + self.box.bottom) / 2

    @property
    def center(self) -> float:
        """The horizontal middle."""
        return (self.box.left + self.box.right) / 2


class PrintedWords(msgspec.Struct, frozen=True):
    """The words of a page, and what was left out."""

    words: tuple[Word, ...]
    """Those that run from left to right."""
    chars: int
    """Characters on the page, spaces not counted."""
    turned_words: tuple[Word, ...] = ()
    """Those that run up, down or upside down. Words that stand aslant (watermarks) are in neither."""
    damage: Damage = Damage()
    """What was mended while characters became words."""
    cut: bool = False
    """The page holds more than `MAX_CHARS`, and none of them was read."""


def read_words(page: pdfium.PdfPage, space: PageSpace) -> PrintedWords:
    """The words of a page in the order in which they were drawn, doubled outlines dropped."""
    textpage = page.get_textpage()
    try:
        total = textpage.count_chars()
        if total > MAX_CHARS:
            return PrintedWords((), total, cut=True)
        return _read(Glyphs(textpage, space), space)
    finally:
        textpage.close()


def _read(glyphs: Glyphs, space: PageSpace) -> PrintedWords:
    words: list[Word] = []
    turned: dict[int, list[Place]] = {}
    chars = 0
    rounded = _Rounded()
    runs, parted = _all_runs(glyphs.places())
    firsts = [run[0][0] for run in runs]
    lefts, _ = glyphs.inked(firsts)
    _, rights = glyphs.inked([run[-1][0] for run in runs])
    directions = glyphs.directions(firsts)
    for run, left, right, direction in zip(runs, lefts, rights, directions, strict=True):
        word = _word(run, left, right, rounded)
        box = word.box
        if box.right < 0 or box.bottom < 0 or box.left > space.width or box.top > space.height:
            continue  # outside of what is displayed of the page
        chars += len(run)
        slope = (direction + 45) % 90 - 45
        if abs(slope) >= _SLOPE:
            continue
        if upright := (direction - slope) % 360:
            turned.setdefault(upright, []).extend(run)
            continue
        words.append(word)
    # Invisible words are a page's text where it is a scan that was read by someone; elsewhere they are no part of it.
    hidden = glyphs.invisible([word.order for word in words])
    if 0 < 2 * len(hidden) < len(words):
        words = [word for word in words if word.order not in hidden]
    across = [word for direction, places in turned.items() for word in _turned(places, direction)]
    single = _without_doubles(words)
    damage = Damage(parted=parted, hyphens=glyphs.soft_hyphens, doubled=len(words) - len(single))
    return PrintedWords(single, chars, _without_doubles(across), damage)


def _all_runs(places: Sequence[Place]) -> tuple[list[list[Place]], int]:
    """The runs of a page, and how many of them were parted by narrower gaps because words would be too long else."""
    runs = _runs(places)
    if len(runs) > _FEW and sum(map(len, runs)) > _TOO_LONG * len(runs) and (gap := squeezed_gap(places)) is not None:
        parted = _runs(places, gap)
        return parted, len(parted) - len(runs)
    return runs, 0


def squeezed_gap(places: Sequence[Place]) -> float | None:
    """The gap between words on a page that prints them closer than a space, as a share of the line height.

    Most gaps are those inside of words, about 0; some are wider, by a clear step. None where there is no such step.
    """
    gaps = sorted(
        (place[2] - before[4]) / (before[5] - before[3])
        for before, place in pairwise(places)
        if before[1] and place[1] and before[3] == place[3] and -0.1 < place[2] - before[4] < before[5] - before[3]
    )
    steps = [
        (wide - narrow, (wide + narrow) / 2)
        for at, (narrow, wide) in enumerate(pairwise(gaps), start=1)
        if narrow < _WORD_GAP and wide > _KERNING and 0.6 * len(gaps) < at < 0.97 * len(gaps)
    ]
    step, middle = max(steps, default=(0.0, 0.0))
    return middle if step >= _CLEAR_STEP else None


def _runs(places: Iterable[Place], word_gap: float = _WORD_GAP) -> list[list[Place]]:
    """Characters that stand together."""
    runs: list[list[Place]] = []
    run: list[Place] = []
    # Of the character before, taken apart once.
    drawn = ""
    line_top = line_bottom = end = least = most = 0.0
    for place in places:
        _, text, left, top, right, bottom = place
        if not text:
            run = []
            continue
        if not run:
            run = [place]
            runs.append(run)
        elif text == drawn and _doubles(run[-1], place):
            continue
        # In one font, the characters of a line are of the very same height.
        elif least < left - end < most and ((top == line_top and bottom == line_bottom) or _in_line(run[-1], place)):
            run.append(place)
        else:
            run = [place]
            runs.append(run)
        drawn, end = text, right
        if top != line_top or bottom != line_bottom or not most:
            line_top, line_bottom = top, bottom
            least, most = -_STEP_BACK * (bottom - top), word_gap * (bottom - top)
    return runs


def _in_line(before: Place, place: Place) -> bool:
    """Whether a character of another height stands on the line of the one before."""
    top, bottom, line_top, line_bottom = place[3], place[5], before[3], before[5]
    return min(line_bottom, bottom) - max(line_top, top) >= 0.5 * min(line_bottom - line_top, bottom - top)


def _doubles(before: Place, place: Place) -> bool:
    """Whether a character is the one before, drawn once more beside itself to look bold or shadowed."""
    _, _, left, top, right, bottom = before
    return abs(place[2] - left) < 0.5 * (right - left) and abs(place[3] - top) < 0.2 * (bottom - top)


class _Rounded(dict[float, float]):
    """Numbers with two decimals. Rounding takes half a microsecond, and the words of a line share top and bottom."""

    def __missing__(self, number: float) -> float:
        rounded = self[number] = round(number, 2)
        return rounded


def _word(run: Sequence[Place], left: float, right: float, rounded: _Rounded) -> Word:
    indexes, texts, _, tops, _, bottoms = zip(*run, strict=True)
    box = Box(round(left, 2), rounded[min(tops)], round(right, 2), rounded[max(bottoms)])
    return Word("".join(texts), box, indexes[0])


def _turned(places: Sequence[Place], direction: int) -> Iterator[Word]:
    """The words of turned text: read as if the page were turned until it runs from left to right."""
    along, back = _ALONG[direction], _ALONG[360 - direction]
    lying: list[Place] = []
    for index, text, *edges in places:
        if lying and index != lying[-1][0] + 1:
            lying.append((index - 1, "", 0, 0, 0, 0))  # what stands between them is a space
        left, top, right, bottom = msgspec.structs.astuple(along.box(*edges))
        lying.append((index, text, left, top, right, bottom))
    for run in _runs(lying):
        tops, bottoms = min(place[3] for place in run), max(place[5] for place in run)
        left, top, right, bottom = msgspec.structs.astuple(back.box(run[0][2], tops, run[-1][4], bottoms))
        box = Box(round(left, 2), round(top, 2), round(right, 2), round(bottom, 2))
        yield Word("".join(place[1] for place in run), box, run[0][0], direction=direction)


def _without_doubles(words: Sequence[Word]) -> tuple[Word, ...]:
    """Drop words that were drawn twice on (nearly) the same spot to look bold or shadowed."""
    if len({word.text for word in words}) == len(words):
        return tuple(words)
    seen: dict[str, dict[tuple[float, float], Word]] = {}
    kept: list[Word] = []
    for word in words:
        box = word.box
        left, middle = box.left, (box.top + box.bottom) / 2
        column, row = left // _CELL, middle // _CELL
        alike = seen.get(word.text)
        if alike is None:
            seen[word.text] = {(column, row): word}
        else:
            # Twins stand in the same square or in one of those that its nearest corner touches.
            beside = column + (1 if left / _CELL - column >= 0.5 else -1)
            above = row + (1 if middle / _CELL - row >= 0.5 else -1)
            spots = ((column, row), (beside, row), (column, above), (beside, above))
            twins = [alike[spot] for spot in spots if spot in alike]
            if twins and any(
                abs(twin.box.left - left) < _TWINS and abs(twin.middle - middle) < _TWINS for twin in twins
            ):
                continue
            alike[column, row] = word
        kept.append(word)
    return tuple(kept)
