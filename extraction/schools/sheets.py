"""A sheet: one page as later steps see it, with its words in lines and the gaps that part them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
import pypdfium2 as pdfium

from extraction.evidence import Box
from extraction.schools.page_space import page_space
from extraction.schools.rulings import Rulings, read_rulings
from extraction.schools.words import Word, read_words


class Line(msgspec.Struct, frozen=True):
    """Words that stand side by side, from left to right."""

    words: tuple[Word, ...]
    box: Box

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def middle(self) -> float:
        """The vertical middle."""
        return (self.box.top + self.box.bottom) / 2

    @property
    def height(self) -> float:
        """In points."""
        return self.box.bottom - self.box.top


class Sheet(msgspec.Struct, frozen=True):
    """One page: its lines from top to bottom, its rulings, and what was left out of them."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    rulings: Rulings
    chars: int
    turned: int
    cut: bool
    column_gap: float
    """Points; a wider gap between two words of a line separates columns, a narrower one is a space."""

    @property
    def words(self) -> list[Word]:
        """All words, line by line."""
        return [word for line in self.lines for word in line.words]


def read_sheet(document: pdfium.PdfDocument, number: int) -> Sheet:
    """Page `number` (from 1) of an open document."""
    page = document[number - 1]
    try:
        space = page_space(page)
        printed = read_words(page, space)
        lines = lines_of(printed.words)
        return Sheet(
            number=number,
            width=space.width,
            height=space.height,
            lines=lines,
            rulings=Rulings() if printed.cut or not printed.words else read_rulings(page, space),
            chars=printed.chars,
            turned=printed.turned,
            cut=printed.cut,
            column_gap=column_gap(lines),
        )
    finally:
        page.close()


def lines_of(words: Iterable[Word]) -> tuple[Line, ...]:
    """Words gathered into lines: a word belongs to the line whose middle is nearest, within half a line height."""
    lines: list[list[Word]] = []
    middles: list[float] = []
    for word in sorted(words, key=lambda word: (word.middle, word.box.left)):
        if lines and abs(word.middle - middles[-1]) < 0.4 * min(word.height, lines[-1][0].height):
            lines[-1].append(word)
            middles[-1] += (word.middle - middles[-1]) / len(lines[-1])
        else:
            lines.append([word])
            middles.append(word.middle)
    return tuple(line_of(line) for line in lines)


def line_of(words: Sequence[Word]) -> Line:
    """One line of these words."""
    ordered = tuple(sorted(words, key=lambda word: word.box.left))
    return Line(ordered, box_of(ordered))


def box_of(words: Sequence[Word]) -> Box:
    """The box around words."""
    box = words[0].box
    for word in words[1:]:
        box |= word.box
    return box


def column_gap(lines: Sequence[Line]) -> float:
    """The gap that separates columns: clearly wider than the page's usual space between words.

    In a monospaced report the usual space is 0.6 of the letter height, in a proportional one half of that, so the
    page itself has to say.
    """
    gaps = [
        (right.box.left - left.box.right) / max(left.height, 1.0)
        for line in lines
        for left, right in pairwise(line.words)
    ]
    spaces = sorted(gap for gap in gaps if 0.0 < gap < 0.8)
    height = statistics.median([line.height for line in lines]) if lines else 10.0
    usual = spaces[len(spaces) // 2] if spaces else 0.25
    return max(1.75 * usual, 0.42) * height


def phrases(line: Line, gap: float) -> list[tuple[Word, ...]]:
    """The words of a line, parted where the gap is wider than a space."""
    parts: list[list[Word]] = []
    for word in line.words:
        if parts and word.box.left - parts[-1][-1].box.right <= gap:
            parts[-1].append(word)
        else:
            parts.append([word])
    return [tuple(part) for part in parts]


_BREAK_HYPHEN = re.compile(r"[^\W\d_]-$")


def printed_text(words: Sequence[Word]) -> str:
    """The text of a cell: its lines joined by a space, or by nothing where a line ends in a hyphenated word."""
    text = ""
    for line in lines_of(words):
        joint = "" if not text or _BREAK_HYPHEN.search(text) else " "
        text += joint + line.text
    return text
