"""Words with boxes: the first thing that is read from a page, and all that later steps know of its text.

pdfium gives characters in the order in which they were drawn. They are joined into words by what stands between them
(a space, a gap, a jump), never by what pdfium adds: a generated space has no box, so it only ends a word.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator

import msgspec
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from extraction.evidence import Box
from extraction.schools.page_space import Handle, PageSpace

MAX_CHARS = 100_000
"""Characters read of one page. The densest list seen prints 9,000 on a page; a bomb prints millions."""

_WORD_GAP = 0.2
"""A gap wider than this share of the line height ends a word. A space is 0.2 to 0.3 of it, kerning under 0.1."""

_HYPHENS = {0x02: "-", 0xFFFE: "-", 0xAD: "-", 0x2010: "-", 0x2011: "-"}
"""Hyphens as pdfium and word processors give them; U+0002 and U+FFFE are pdfium's mark for one at a line's end."""


class Word(msgspec.Struct, frozen=True):
    """A run of characters without a space in it, and where it stands on the displayed page."""

    text: str
    box: Box
    """As wide as its ink, as high as its line (so that "aus" and "Ags" stand on the same line)."""
    order: int = 0
    """Position in drawing order: text that overflows its cell is still drawn in one go."""

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
    chars: int
    """Characters that the page prints, spaces not counted."""
    turned: int
    """Words that do not run from left to right (vertical headings, watermarks); they are not in `words`."""
    cut: bool
    """The page holds more than `MAX_CHARS`."""


class _Glyph(msgspec.Struct, frozen=True):
    text: str
    ink: Box
    line: Box
    index: int


def read_words(page: pdfium.PdfPage, space: PageSpace) -> PrintedWords:
    """The words of a page in the order in which they were drawn, doubled outlines dropped."""
    textpage = page.get_textpage()
    try:
        total = textpage.count_chars()
        words: list[Word] = []
        chars = turned = 0
        for glyphs in _runs(_glyphs(textpage.raw, min(total, MAX_CHARS), space)):
            chars += len(glyphs)
            if _upright(textpage.raw, glyphs[0].index, space.rotation):
                words.append(_word(glyphs))
            else:
                turned += 1
        return PrintedWords(_without_doubles(words), chars, turned, cut=total > MAX_CHARS)
    finally:
        textpage.close()


def _glyphs(textpage: Handle, count: int, space: PageSpace) -> Iterator[_Glyph | None]:
    """The printed characters; None where something ends a word."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    loose = pdfium_c.FS_RECTF()
    previous_code = 0
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(textpage, index)
        before, previous_code = previous_code, code
        if pdfium_c.FPDFText_IsGenerated(textpage, index) == 1:
            # A hyphen at a line's end that pdfium marks as generated is still printed; it has a box.
            if code not in _HYPHENS:
                yield None
                continue
        elif code == 0x2010 and before == 0xAD:
            continue  # some producers print every hyphen as a soft one followed by a hard one
        text = _HYPHENS.get(code) or _plain(code)
        if not text:
            yield None
            continue
        if not pdfium_c.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
            continue
        ink = space.matrix.box(left.value, bottom.value, right.value, top.value)
        if pdfium_c.FPDFText_GetLooseCharBox(textpage, index, loose):
            line = space.matrix.box(loose.left, loose.bottom, loose.right, loose.top)
        else:
            line = ink
        if line.bottom - line.top < 0.5:
            continue  # text too small to be seen is not printed
        yield _Glyph(text, ink, line, index)


def _plain(code: int) -> str:
    """The character, ligatures taken apart; empty for a space or a control character."""
    if code in {0, 0xFFFF} or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return ""
    char = chr(code)
    if 0xFB00 <= code <= 0xFB06:
        return unicodedata.normalize("NFKC", char)
    return "" if char.isspace() or unicodedata.category(char) in {"Cc", "Cf"} else char


def _runs(glyphs: Iterator[_Glyph | None]) -> Iterator[list[_Glyph]]:
    """Characters that stand together."""
    run: list[_Glyph] = []
    for glyph in glyphs:
        if run and (glyph is None or not _joins(run[-1], glyph)):
            yield run
            run = []
        if glyph is not None:
            run.append(glyph)
    if run:
        yield run


def _joins(before: _Glyph, glyph: _Glyph) -> bool:
    """Whether a character goes on where the one before ends."""
    high = before.line.bottom - before.line.top
    shared = min(before.line.bottom, glyph.line.bottom) - max(before.line.top, glyph.line.top)
    if shared < 0.5 * min(high, glyph.line.bottom - glyph.line.top):
        # Characters of turned text share their columns instead; their word is dropped as a whole later.
        wide = min(before.line.right, glyph.line.right) - max(before.line.left, glyph.line.left)
        return wide > 0.5 * min(before.line.right - before.line.left, glyph.line.right - glyph.line.left) and (
            -0.5 * high < max(glyph.line.top - before.line.bottom, before.line.top - glyph.line.bottom) < 0.1 * high
        )
    gap = glyph.line.left - before.line.right
    return -0.6 * high < gap < _WORD_GAP * high


def _upright(textpage: Handle, index: int, rotation: int) -> bool:
    """Whether the text runs from left to right on the displayed page."""
    angle = pdfium_c.FPDFText_GetCharAngle(textpage, index)
    if angle < 0:
        return True
    turned = (math.degrees(angle) + rotation) % 360
    turned_back = (math.degrees(angle) - rotation) % 360
    return min(turned, 360 - turned) < 10 or min(turned_back, 360 - turned_back) < 10


def _word(glyphs: list[_Glyph]) -> Word:
    return Word(
        "".join(glyph.text for glyph in glyphs),
        Box(
            round(min(glyph.ink.left for glyph in glyphs), 2),
            round(min(glyph.line.top for glyph in glyphs), 2),
            round(max(glyph.ink.right for glyph in glyphs), 2),
            round(max(glyph.line.bottom for glyph in glyphs), 2),
        ),
        glyphs[0].index,
    )


def _without_doubles(words: list[Word]) -> tuple[Word, ...]:
    """Drop words that were drawn twice on (nearly) the same spot to look bold or shadowed."""
    seen: dict[tuple[str, int, int], Word] = {}
    kept: list[Word] = []
    for word in words:
        column, row = round(word.box.left / 2), round(word.box.top / 2)
        near = [(word.text, column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        if any(
            (twin := seen.get(key))
            and abs(twin.box.left - word.box.left) < 1.5
            and abs(twin.middle - word.middle) < 1.5
            for key in near
        ):
            continue
        seen[word.text, column, row] = word
        kept.append(word)
    return tuple(kept)
