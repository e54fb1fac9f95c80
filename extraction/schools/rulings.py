"""Rulings: the straight lines that a page draws, from which ruled tables are read.

Every segment of every path is walked, in form XObjects too, because one path object may hold a thousand lines. A
border may be a stroked line, a thin filled rectangle, the edge of a coloured cell, or all of these drawn over each
other; what lies within `MERGE` of each other is one ruling.
"""

from __future__ import annotations

import ctypes
import statistics
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, islice, pairwise, repeat
from operator import attrgetter

import msgspec
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from extraction.schools.page_space import Matrix, PageSpace
from extraction.schools.plain_calls import address, plain_call

MAX_SEGMENTS = 60_000
"""Path segments walked on one page. The busiest list seen draws 2,500; a map or a drawing has many more."""

MERGE = 2.6
"""Points between lines that are one border (double rules are 1.5 to 2.5 apart; no row is this low)."""

_REACH = 3.0
"""Points between two pieces of one line (cells drawn one by one); of dashes and dots see `_undashed`."""

_SHORTEST = 6.0
"""Points; shorter lines are underlines of letters, ticks and check boxes."""

_FEWEST_DASHES = 8
"""Short pieces in a row, evenly apart, that are one line. Dashes and the gaps between them are shorter than
`_SHORTEST`; check boxes, one a row, are larger or stand further apart."""

_MAX_FORM_DEPTH = 8

_DRAWN = frozenset({pdfium_c.FPDF_PAGEOBJ_FORM, pdfium_c.FPDF_PAGEOBJ_PATH, pdfium_c.FPDF_PAGEOBJ_IMAGE})
_MOVES, _DRAWS = pdfium_c.FPDF_SEGMENT_MOVETO, pdfium_c.FPDF_SEGMENT_LINETO
_UNMOVED = array("f", [1, 0, 0, 1, 0, 0])
"""The map of an object that lies where it is drawn, as most do."""
_USUAL = 64
"""Segments of a path that there is room for from the start."""

_PAGE_OBJECT: Callable[[int, int], int | None] = plain_call(
    pdfium_c.FPDFPage_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
)
_FORM_OBJECT: Callable[[int, int], int | None] = plain_call(
    pdfium_c.FPDFFormObj_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong
)
_COUNT_FORM_OBJECTS: Callable[[int], int] = plain_call(pdfium_c.FPDFFormObj_CountObjects, ctypes.c_int, ctypes.c_void_p)
_OBJECT_KIND: Callable[[int], int] = plain_call(pdfium_c.FPDFPageObj_GetType, ctypes.c_int, ctypes.c_void_p)
_WRITE_MATRIX: Callable[[int, int], int] = plain_call(
    pdfium_c.FPDFPageObj_GetMatrix, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p
)
_WRITE_FILL_COLOUR: Callable[[int, int, int, int, int], int] = plain_call(
    pdfium_c.FPDFPageObj_GetFillColor, ctypes.c_int, ctypes.c_void_p, *[ctypes.c_void_p] * 4
)
_WRITE_DRAW_MODE: Callable[[int, int, int], int] = plain_call(
    pdfium_c.FPDFPath_GetDrawMode, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
_COUNT_SEGMENTS: Callable[[int], int] = plain_call(pdfium_c.FPDFPath_CountSegments, ctypes.c_int, ctypes.c_void_p)
_SEGMENT: Callable[[int, int], int | None] = plain_call(
    pdfium_c.FPDFPath_GetPathSegment, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
)
_WRITE_POINT: Callable[[int | None, int, int], int] = plain_call(
    pdfium_c.FPDFPathSegment_GetPoint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
_SEGMENT_KIND: Callable[[int | None], int] = plain_call(pdfium_c.FPDFPathSegment_GetType, ctypes.c_int, ctypes.c_void_p)
_CLOSES: Callable[[int | None], int] = plain_call(pdfium_c.FPDFPathSegment_GetClose, ctypes.c_int, ctypes.c_void_p)


class Ruling(msgspec.Struct, frozen=True):
    """A horizontal or vertical line: it stands at `at` and runs from `start` to `end` along the other axis."""

    at: float
    start: float
    end: float

    @property
    def length(self) -> float:
        """In points."""
        return self.end - self.start


class Rulings(msgspec.Struct, frozen=True):
    """The lines of a page. Horizontals stand at a y and run along x; verticals the other way."""

    horizontals: tuple[Ruling, ...] = ()
    verticals: tuple[Ruling, ...] = ()
    pictures: bool = False
    """Whether the page may have pictures: one was met on the way, or there were too many lines to see all."""


_AT: Callable[[Ruling], float] = attrgetter("at")
_START: Callable[[Ruling], float] = attrgetter("start")

_Segment = tuple[float, float, float, float]
"""A straight piece of a path from (x0, y0) to (x1, y1); a plain tuple, because a page may have thousands of them."""


def read_rulings(page: pdfium.PdfPage, space: PageSpace) -> Rulings:
    """The lines of a page in displayed space, merged."""
    horizontals: list[Ruling] = []
    verticals: list[Ruling] = []
    walk = _Walk(space)
    segments = [*islice(walk.segments(page), MAX_SEGMENTS)]
    for x0, y0, x1, y1 in segments:
        across, down = abs(x1 - x0), abs(y1 - y0)
        if down <= 1.0 and across > down:
            horizontals.append(Ruling((y0 + y1) / 2, *((x0, x1) if x0 < x1 else (x1, x0))))
        elif across <= 1.0 and down > across:
            verticals.append(Ruling((x0 + x1) / 2, *((y0, y1) if y0 < y1 else (y1, y0))))
    return Rulings(merge(horizontals), merge(verticals), walk.pictures or len(segments) == MAX_SEGMENTS)


def merge(pieces: Sequence[Ruling]) -> tuple[Ruling, ...]:
    """Join pieces that stand at the same place and touch; drop what is too short to be a border."""
    merged: list[Ruling] = []
    group: list[Ruling] = []
    for piece in sorted(pieces, key=_AT):
        if group and piece.at - group[0].at > MERGE:
            merged += _joined(group)
            group = []
        group.append(piece)
    merged += _joined(group)
    return tuple(ruling for ruling in merged if ruling.length >= _SHORTEST)


def _joined(group: list[Ruling]) -> list[Ruling]:
    joined: list[Ruling] = []
    if not group:
        return joined
    weight = sum([ruling.end - ruling.start for ruling in group])
    at = sum([ruling.at * (ruling.end - ruling.start) for ruling in group]) / weight if weight else group[0].at
    start, end = group[0].start, group[0].end
    for piece in sorted(group, key=_START):
        if piece.start > end + _REACH:
            joined.append(Ruling(at, start, end))
            start, end = piece.start, piece.end
            continue
        start, end = min(start, piece.start), max(end, piece.end)
    joined.append(Ruling(at, start, end))
    return joined if len(joined) < _FEWEST_DASHES else _undashed(joined)


def _undashed(pieces: Sequence[Ruling]) -> list[Ruling]:
    """The pieces of one line from start to end, with dashes and dots in a row as the lines that people see."""
    whole: list[Ruling] = []
    row: list[Ruling] = []
    for piece in pieces:
        short = piece.length < 2 * _SHORTEST
        if row and not (short and piece.start - row[-1].end < _SHORTEST):
            whole += _line_or_pieces(row)
            row = []
        if short:
            row.append(piece)
        else:
            whole.append(piece)
    return [*whole, *_line_or_pieces(row)]


def _line_or_pieces(row: list[Ruling]) -> list[Ruling]:
    """The line that a row of dashes draws, up to a gap longer than they are; else the pieces.

    Where lines cross, a dash may be twice as long.
    """
    if len(row) < _FEWEST_DASHES or statistics.median([piece.length for piece in row]) >= _SHORTEST:
        return row
    gaps = [after.start - before.end for before, after in pairwise(row)]
    usual = statistics.median(gaps)
    even = sum(abs(gap - usual) < 0.2 * usual for gap in gaps)
    return [Ruling(row[0].at, row[0].start - usual, row[-1].end + usual)] if even > 0.7 * len(gaps) else row


class _Walk:
    """A walk over the paths of a page. pdfium writes its answers into the same few numbers all the way."""

    def __init__(self, space: PageSpace) -> None:
        self._space = space
        self._modes = array("i", [0, 0])
        self._modes_at = self._modes.buffer_info()[0]
        self._map = array("f", [0.0] * 6)
        self._map_at = self._map.buffer_info()[0]
        self._points = array("f", [0.0] * (2 * _USUAL))
        self.pictures = False

    def segments(self, page: pdfium.PdfPage) -> Iterator[_Segment]:
        """The straight pieces of all paths that leave a mark."""
        objects = map(_PAGE_OBJECT, repeat(address(page.raw)), range(pdfium_c.FPDFPage_CountObjects(page.raw)))
        return chain.from_iterable(self._of_objects(objects, self._space.matrix, depth=0))

    def _of_objects(self, objects: Iterable[int | None], matrix: Matrix, depth: int) -> Iterator[Iterable[_Segment]]:
        # Most objects are text, which a page may have thousands of.
        drawn = [(kind, found) for found in objects if found and (kind := _OBJECT_KIND(found)) in _DRAWN]
        for kind, found in drawn:
            if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
                self.pictures = True
                continue
            if kind == pdfium_c.FPDF_PAGEOBJ_FORM:
                if depth < _MAX_FORM_DEPTH:
                    inner = map(_FORM_OBJECT, repeat(found), range(_COUNT_FORM_OBJECTS(found)))
                    yield from self._of_objects(inner, self._onto(matrix, found), depth + 1)
                continue
            stroked, filled = self._draw_mode(found)
            if stroked or filled:
                segments = self._of_path(found, self._onto(matrix, found))
                if stroked or not _is_backdrop(segments, found, self._space):
                    yield segments

    def _onto(self, matrix: Matrix, found: int) -> Matrix:
        """The map from within an object onto the displayed page, given the one from what the object is part of."""
        if not _WRITE_MATRIX(found, self._map_at) or self._map == _UNMOVED:
            return matrix
        return matrix.after(Matrix(*self._map))

    def _draw_mode(self, path: int) -> tuple[bool, bool]:
        """Whether the path is stroked and whether it is filled; a path that only clips is neither."""
        _WRITE_DRAW_MODE(path, self._modes_at, self._modes_at + self._modes.itemsize)
        fill, stroke = self._modes
        return bool(stroke), fill != pdfium_c.FPDF_FILLMODE_NONE

    def _of_path(self, path: int, matrix: Matrix) -> list[_Segment]:
        """The straight pieces of a path, its closing lines too."""
        segments = [*map(_SEGMENT, repeat(path), range(min(_COUNT_SEGMENTS(path), MAX_SEGMENTS)))]
        if len(self._points) < 2 * len(segments):
            self._points = array("f", [0.0] * (2 * len(segments)))
        at = self._points.buffer_info()[0]
        deque(map(_WRITE_POINT, segments, count(at, 8), count(at + 4, 8)), maxlen=0)
        written = iter(self._points[: 2 * len(segments)])
        a, b, c, d, e, f = matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f
        pieces: list[_Segment] = []
        last_x = last_y = start_x = start_y = 0.0
        for kind, closed, x, y in zip(
            map(_SEGMENT_KIND, segments), map(_CLOSES, segments), written, written, strict=True
        ):
            point_x, point_y = a * x + c * y + e, b * x + d * y + f
            if kind == _MOVES:
                start_x, start_y = point_x, point_y
            elif kind == _DRAWS:
                pieces.append((last_x, last_y, point_x, point_y))
            if closed:
                pieces.append((point_x, point_y, start_x, start_y))
                last_x, last_y = start_x, start_y
            else:
                last_x, last_y = point_x, point_y
        return pieces


def _is_backdrop(segments: list[_Segment], path: int, space: PageSpace) -> bool:
    """Whether a filled area borders nothing that a reader sees: paper-white, or the ground of the whole page."""
    if not segments:
        return True
    x0s, y0s, x1s, y1s = zip(*segments, strict=True)
    wide = max(*x0s, *x1s) - min(*x0s, *x1s)
    high = max(*y0s, *y1s) - min(*y0s, *y1s)
    if min(wide, high) <= MERGE:
        return False  # a thin bar is a line, whatever its colour
    if wide > 0.95 * space.width and high > 0.8 * space.height:
        return True
    colour = array("I", [0, 0, 0, 0])
    at = colour.buffer_info()[0]
    if not _WRITE_FILL_COLOUR(path, *range(at, at + 4 * colour.itemsize, colour.itemsize)):
        return False
    red, green, blue, alpha = colour
    return alpha == 0 or min(red, green, blue) >= 250
