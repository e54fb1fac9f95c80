"""Rulings: the straight lines that a page draws, from which ruled tables are read.

Every segment of every path is walked, in form XObjects too, because one path object may hold a thousand lines. A
border may be a stroked line, a thin filled rectangle, the edge of a coloured cell, or all of these drawn over each
other; what lies within `MERGE` of each other is one ruling.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from extraction.schools.page_space import Handle, Matrix, PageSpace

MAX_SEGMENTS = 60_000
"""Path segments walked on one page. The busiest list seen draws 2,500; a map or a drawing has many more."""

MERGE = 2.6
"""Points between lines that are one border (double rules are 1.5 to 2.5 apart; no row is this low)."""

_REACH = 3.0
"""Points between two pieces of one line (dashes, cells drawn one by one)."""

_SHORTEST = 6.0
"""Points; shorter lines are underlines of letters, ticks and check boxes."""

_MAX_FORM_DEPTH = 8


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


_Segment = tuple[float, float, float, float]
"""A straight piece of a path from (x0, y0) to (x1, y1); a plain tuple, because a page may have thousands of them."""


def read_rulings(page: pdfium.PdfPage, space: PageSpace) -> Rulings:
    """The lines of a page in displayed space, merged."""
    horizontals: list[Ruling] = []
    verticals: list[Ruling] = []
    for x0, y0, x1, y1 in islice(_Walk(space).segments(page), MAX_SEGMENTS):
        across, down = abs(x1 - x0), abs(y1 - y0)
        if down <= 1.0 and across > down:
            horizontals.append(Ruling((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
        elif across <= 1.0 and down > across:
            verticals.append(Ruling((x0 + x1) / 2, min(y0, y1), max(y0, y1)))
    return Rulings(merge(horizontals), merge(verticals))


def merge(pieces: Sequence[Ruling]) -> tuple[Ruling, ...]:
    """Join pieces that stand at the same place and touch; drop what is too short to be a border."""
    merged: list[Ruling] = []
    group: list[Ruling] = []
    for piece in sorted(pieces, key=lambda ruling: ruling.at):
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
    weight = sum(ruling.length for ruling in group)
    at = sum(ruling.at * ruling.length for ruling in group) / weight if weight else group[0].at
    start, end = group[0].start, group[0].end
    for piece in sorted(group, key=lambda ruling: ruling.start):
        if piece.start > end + _REACH:
            joined.append(Ruling(at, start, end))
            start, end = piece.start, piece.end
        else:
            start, end = min(start, piece.start), max(end, piece.end)
    joined.append(Ruling(at, start, end))
    return joined


class _Walk:
    """A walk over the paths of a page. pdfium writes its answers into the same few numbers all the way."""

    def __init__(self, space: PageSpace) -> None:
        self._space = space
        self._x, self._y = ctypes.c_float(), ctypes.c_float()
        self._fill, self._stroke = ctypes.c_int(), ctypes.c_int()
        self._matrix = pdfium_c.FS_MATRIX()

    def segments(self, page: pdfium.PdfPage) -> Iterator[_Segment]:
        """The straight pieces of all paths that leave a mark."""
        for index in range(pdfium_c.FPDFPage_CountObjects(page.raw)):
            yield from self._of_object(pdfium_c.FPDFPage_GetObject(page.raw, index), self._space.matrix, depth=0)

    def _of_object(self, found: Handle, matrix: Matrix, depth: int) -> Iterator[_Segment]:
        kind = pdfium_c.FPDFPageObj_GetType(found)
        if kind == pdfium_c.FPDF_PAGEOBJ_FORM:
            if depth >= _MAX_FORM_DEPTH:
                return
            inner = matrix.after(self._matrix_of(found))
            for index in range(pdfium_c.FPDFFormObj_CountObjects(found)):
                yield from self._of_object(pdfium_c.FPDFFormObj_GetObject(found, index), inner, depth + 1)
        elif kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            stroked, filled = self._draw_mode(found)
            if stroked or filled:
                segments = self._of_path(found, matrix.after(self._matrix_of(found)))
                if stroked or not _is_backdrop(segments, found, self._space):
                    yield from segments

    def _matrix_of(self, found: Handle) -> Matrix:
        raw = self._matrix
        if not pdfium_c.FPDFPageObj_GetMatrix(found, raw):
            return Matrix()
        return Matrix(raw.a, raw.b, raw.c, raw.d, raw.e, raw.f)

    def _draw_mode(self, path: Handle) -> tuple[bool, bool]:
        """Whether the path is stroked and whether it is filled; a path that only clips is neither."""
        pdfium_c.FPDFPath_GetDrawMode(path, self._fill, self._stroke)
        return bool(self._stroke.value), self._fill.value != pdfium_c.FPDF_FILLMODE_NONE

    def _of_path(self, path: Handle, matrix: Matrix) -> list[_Segment]:
        """The straight pieces of a path, its closing lines too."""
        pieces: list[_Segment] = []
        x, y = self._x, self._y
        at = start = (0.0, 0.0)
        for index in range(min(pdfium_c.FPDFPath_CountSegments(path), MAX_SEGMENTS)):
            segment = pdfium_c.FPDFPath_GetPathSegment(path, index)
            pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
            point = matrix.point(x.value, y.value)
            kind = pdfium_c.FPDFPathSegment_GetType(segment)
            if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == pdfium_c.FPDF_SEGMENT_LINETO:
                pieces.append((*at, *point))
            at = point
            if pdfium_c.FPDFPathSegment_GetClose(segment):
                pieces.append((*at, *start))
                at = start
        return pieces


def _is_backdrop(segments: list[_Segment], path: Handle, space: PageSpace) -> bool:
    """Whether a filled area borders nothing that a reader sees: paper-white, or the ground of the whole page."""
    if not segments:
        return True
    xs = [x for x0, _, x1, _ in segments for x in (x0, x1)]
    ys = [y for _, y0, _, y1 in segments for y in (y0, y1)]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    if min(wide, high) <= MERGE:
        return False  # a thin bar is a line, whatever its colour
    if wide > 0.95 * space.width and high > 0.8 * space.height:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium_c.FPDFPageObj_GetFillColor(path, red, green, blue, alpha):
        return False
    return alpha.value == 0 or min(red.value, green.value, blue.value) >= 250
