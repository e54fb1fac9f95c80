"""A sheet: one page as later steps see it, with its words in lines and the gaps that part them."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import itemgetter

import msgspec
import pypdfium2 as pdfium

from extraction.evidence import Box
from extraction.schools.page_space import PageSpace, page_space, turned_space
from extraction.schools.records import Damage
from extraction.schools.rulings import Rulings, read_rulings
from extraction.schools.words import Word, read_words

_FEW_WORDS = 20
"""Words on their side that may be a page's headings or stamps; more of them are its text."""


class Line(msgspec.Struct, frozen=True):
    """Words that stand side by side, from left to right."""

    words: tuple[Word, ...]
    box: Box
    text: str
    """The words with single spaces."""

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
    turned_words: tuple[Word, ...]
    cut: bool
    column_gap: float
    """Points; a wider gap between two words of a line separates columns, a narrower one is a space."""
    damage: Damage = Damage()
    """What was mended in its words."""
    shown: PageSpace | None = None
    """For a page whose text lies on its side, or a scan: the page as displayed, and the map from this sheet onto it."""
    scanned: bool = False
    """Whether its words were read from a picture."""

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
        shown: PageSpace | None = None
        if len(printed.turned_words) > max(_FEW_WORDS, 2 * len(printed.words)):
            direction = Counter(word.direction for word in printed.turned_words).most_common(1)[0][0]
            space, shown = turned_space(space, direction)
            printed = read_words(page, space)
        lines = lines_of(printed.words)
        return Sheet(
            number=number,
            width=space.width,
            height=space.height,
            lines=lines,
            rulings=Rulings() if printed.cut or not printed.words else read_rulings(page, space),
            chars=printed.chars,
            turned_words=printed.turned_words,
            cut=printed.cut,
            column_gap=column_gap(lines),
            damage=printed.damage,
            shown=shown,
        )
    finally:
        page.close()


def lines_of(words: Iterable[Word]) -> tuple[Line, ...]:
    """Words gathered into lines: a word belongs to the line whose middle is nearest, within half a line height."""
    return tuple([_line(row) for row in _rows([*words])])


def line_of(words: Sequence[Word]) -> Line:
    """One line of these words."""
    return _line(sorted(words, key=_left))


def _line(ordered: Sequence[Word]) -> Line:
    return Line(tuple(ordered), box_of(ordered), " ".join([word.text for word in ordered]))


def stand_in_line(words: Sequence[Word]) -> bool:
    """Whether words are one line, as those of most cells are."""
    if len(words) < 2:
        return True
    box = words[0].box
    above = below = box.top + box.bottom
    near = 0.8 * (box.bottom - box.top)
    for word in words:
        box = word.box
        middle = box.top + box.bottom
        if middle < above:
            above = middle
        elif middle > below:
            below = middle
        near = min(near, 0.8 * (box.bottom - box.top))
        if below - above >= near:
            return False  # further words bring them no nearer
    return True


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """The words of each line from left to right, the lines from top to bottom."""
    if stand_in_line(words):
        return [sorted(words, key=_left)] if words else []
    placed = [((word.box.top + word.box.bottom) / 2, word.box.left, word) for word in words]
    placed.sort(key=_PLACE)
    rows: list[list[Word]] = []
    line_middle = line_height = 0.0
    for middle, _, word in placed:
        height = word.box.bottom - word.box.top
        if rows and abs(middle - line_middle) < 0.4 * min(height, line_height):
            rows[-1].append(word)
            line_middle += (middle - line_middle) / len(rows[-1])
        else:
            rows.append([word])
            line_middle, line_height = middle, height
    for row in rows:
        row.sort(key=_left)
    return rows


_PLACE = itemgetter(0, 1)


def _left(word: Word) -> float:
    return word.box.left


def box_of(words: Sequence[Word]) -> Box:
    """The box around words."""
    if len(words) == 1:
        return words[0].box
    box = words[0].box
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    for word in words[1:]:
        box = word.box
        # Not min and max, which take three times as long: words mostly come from left to right, on one line.
        if box.right > right:  # noqa: PLR1730
            right = box.right
        if box.left < left:  # noqa: PLR1730
            left = box.left
        if box.top < top:  # noqa: PLR1730
            top = box.top
        if box.bottom > bottom:  # noqa: PLR1730
            bottom = box.bottom
    return Box(left, top, right, bottom)


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
    words = line.words
    ends = [at for at, (left, right) in enumerate(pairwise(words), 1) if right.box.left - left.box.right > gap]
    return [words[first:end] for first, end in pairwise((0, *ends, len(words)))]


_BREAK_HYPHEN = re.compile(r"[^\W\d_]-$")


def printed_text(words: Sequence[Word]) -> str:
    """The text of a cell: its lines joined by a space, or by nothing where a line ends in a hyphenated word."""
    text = ""
    for row in _rows(words):
        joint = "" if not text or _BREAK_HYPHEN.search(text) else " "
        text += joint + " ".join([word.text for word in row])
    return text
