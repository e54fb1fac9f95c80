"""Glyphs: the characters of a page as pdfium found them, in the order in which they were drawn.

A page has thousands of them, and each question to pdfium costs half a microsecond; so the text is asked for once, the
boxes are written by pdfium into one array, and everything else is asked for a word at a time.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from extraction.schools.page_space import PageSpace
from extraction.schools.plain_calls import Handle, address, plain_call

Place = tuple[int, str, float, float, float, float]
"""A character: its index, what it prints ("" for a space or a line's end), its left, top, right and bottom.

A plain tuple, because a page has thousands of them. The box is loose: as wide as the pen moves and as high as the
font's line, so that the characters of a word touch each other.
"""

_HYPHENS = {0x02: "-", 0xFFFE: "-", 0xAD: "-", 0x2010: "-", 0x2011: "-"}
"""Hyphens as pdfium and word processors give them; U+0002 and U+FFFE are pdfium's mark for one at a line's end."""

_SOFT_HYPHEN, _HARD_HYPHEN = 0xAD, 0x2010

_LOWEST = 0.5
"""Points; what stands in a lower line is too small to be seen and so not printed."""


class Glyphs:
    """The characters of a text page, while it is open."""

    def __init__(self, textpage: pdfium.PdfTextPage, space: PageSpace) -> None:
        self._raw: Handle = textpage.raw
        self._space = space
        count = textpage.count_chars()
        self._codes = _codes(self._raw, count)
        self._boxes = _boxes(self._raw, count, space)

    @property
    def soft_hyphens(self) -> int:
        """Hyphens that the text layer does not give as what is printed."""
        return sum(self._codes.count(code) for code in _HYPHENS if code < _HARD_HYPHEN or code > 0x2011)

    def places(self) -> list[Place]:
        """All characters that print something or end a word, in drawing order."""
        known = _Texts()
        texts = [known[code] for code in self._codes]
        printed = zip(range(len(texts)), texts, *self._boxes, strict=True)
        places = [place for place in printed if not place[1] or place[5] - place[3] >= _LOWEST]
        if _SOFT_HYPHEN not in known or _HARD_HYPHEN not in known:
            return places
        return [*self._with_single_hyphens(places)]

    def _with_single_hyphens(self, places: Iterable[Place]) -> Iterator[Place]:
        """Some producers print every hyphen as a soft one followed by a hard one; this makes one wide one of them."""
        soft: Place | None = None
        for place in places:
            code = self._codes[place[0]]
            if soft and code == _HARD_HYPHEN:
                beside = abs(place[2] - soft[4]) < place[4] - place[2]
                yield (*soft[:4], place[4] if beside else soft[4], soft[5])
                soft = None
                continue
            if soft:
                yield soft
            soft = place if code == _SOFT_HYPHEN else None
            if not soft:
                yield place
        if soft:
            yield soft

    def inked(self, indexes: Sequence[int]) -> tuple[list[float], list[float]]:
        """From where to where each of these characters prints: lefts and rights on the displayed page."""
        written = array("d", bytes(8 * 4 * len(indexes)))
        at, end = written.buffer_info()[0], written.buffer_info()[0] + 32 * len(indexes)
        edges = (range(at + 8 * edge, end, 32) for edge in range(4))
        deque(map(_WRITE_INK_BOX, repeat(address(self._raw)), indexes, *edges), maxlen=0)
        left, right, bottom, top = (written[edge::4] for edge in range(4))
        turn = self._space.matrix
        return _edges(turn.a, turn.c, turn.e, (left, right), (bottom, top))

    def directions(self, indexes: Sequence[int]) -> list[int]:
        """Where the lines of these characters run on the displayed page, in degrees clockwise: 0 is left to right."""
        turned = self._space.rotation
        known = {0.0: turned}
        angles = map(_ANGLE, repeat(address(self._raw)), indexes)
        # Negative where pdfium does not know.
        return [
            known[angle] if angle in known else 0 if angle < 0 else (round(math.degrees(angle)) + turned) % 360
            for angle in angles
        ]

    def invisible(self, indexes: Sequence[int]) -> set[int]:
        """Those of these characters that are drawn without ink, as the text behind a scan is."""
        drawn = [*map(_TEXT_OBJECT, repeat(address(self._raw)), indexes)]
        modes = {found: _RENDER_MODE(found) for found in set(drawn) if found}
        if pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE not in modes.values():
            return set()
        unseen = {found for found, mode in modes.items() if mode == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE}
        return {index for index, found in zip(indexes, drawn, strict=True) if found in unseen}


class _Texts(dict[int, str]):
    """What a character code prints, looked up once for each code."""

    def __missing__(self, code: int) -> str:
        text = self[code] = _HYPHENS.get(code) or _printed(code)
        return text


def _printed(code: int) -> str:
    """The character, ligatures taken apart; empty for a space or a control character."""
    if code in {0, 0xFFFF} or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return ""
    char = chr(code)
    if 0xFB00 <= code <= 0xFB06:
        return unicodedata.normalize("NFKC", char)
    return "" if char.isspace() or unicodedata.category(char) in {"Cc", "Cf"} else char


def _codes(raw: Handle, count: int) -> list[int]:
    """The character codes. pdfium's text leaves out what has no code; where it does, each character is asked for."""
    buffer = (ctypes.c_ushort * (count + 1))()
    if pdfium_c.FPDFText_GetText(raw, 0, count, buffer) == count + 1:
        return buffer[:count]
    return [pdfium_c.FPDFText_GetUnicode(raw, index) for index in range(count)]


_WRITE_LOOSE_BOX: Callable[[int, int, int], int] = plain_call(
    pdfium_c.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)
_WRITE_INK_BOX: Callable[[int, int, int, int, int, int], int] = plain_call(
    pdfium_c.FPDFText_GetCharBox, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 4
)
_ANGLE: Callable[[int, int], float] = plain_call(
    pdfium_c.FPDFText_GetCharAngle, ctypes.c_float, ctypes.c_void_p, ctypes.c_int
)
_TEXT_OBJECT: Callable[[int, int], int | None] = plain_call(
    pdfium_c.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
)
_RENDER_MODE: Callable[[int], int] = plain_call(pdfium_c.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)


def _boxes(raw: Handle, count: int, space: PageSpace) -> tuple[list[float], list[float], list[float], list[float]]:
    """The loose boxes in displayed space: lefts, tops, rights, bottoms."""
    written = array("f", bytes(4 * 4 * count))
    first = written.buffer_info()[0]
    # Nobody keeps the answers: a character without a box has one of no height, which is left out as too small.
    deque(map(_WRITE_LOOSE_BOX, repeat(address(raw)), range(count), range(first, first + 16 * count, 16)), maxlen=0)
    left, top, right, bottom = (written[edge::4] for edge in range(4))
    turn = space.matrix
    lefts, rights = _edges(turn.a, turn.c, turn.e, (left, right), (bottom, top))
    tops, bottoms = _edges(turn.b, turn.d, turn.f, (left, right), (bottom, top))
    return lefts, tops, rights, bottoms


def _edges(
    by_x: float, by_y: float, shift: float, xs: tuple[array[float], array[float]], ys: tuple[array[float], array[float]]
) -> tuple[list[float], list[float]]:
    """Where boxes start and end along one axis of the displayed page; pages turn by right angles, so x or y decides."""
    scale, (low, high) = (by_x, xs) if by_x else (by_y, ys)
    starts, ends = (low, high) if scale > 0 else (high, low)
    return [scale * at + shift for at in starts], [scale * at + shift for at in ends]
