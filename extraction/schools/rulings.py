"""Rulings: the straight lines that a page draws, from which ruled tables are read.

Every segment of every path is walked, in form XObjects too, because one path object may hold a thousand lines. A
border may be a stroked line, a thin filled rectangle, the edge of a coloured cell, or all of these drawn over each
other; what lies within `MERGE` of each other is one ruling.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

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


class _Segment(msgspec.Struct, frozen=True):
    x0: float
    y0: float
    x1: float
    y1: float


def read_rulings(page: pdfium.PdfPage, space: PageSpace) -> Rulings:
    """The lines of a page in displayed space, merged."""
    horizontals: list[Ruling] = []
    verticals: list[Ruling] = []
    for walked, segment in enumerate(_page_segments(page, space)):
        if walked >= MAX_SEGMENTS:
            break
        across, down = abs(segment.x1 - segment.x0), abs(segment.y1 - segment.y0)
        if down <= 1.0 and across > down:
            ends = sorted((segment.x0, segment.x1))
            horizontals.append(Ruling((segment.y0 + segment.y1) / 2, *ends))
        elif across <= 1.0 and down > across:
            ends = sorted((segment.y0, segment.y1))
            verticals.append(Ruling((segment.x0 + segment.x1) / 2, *ends))
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


def _page_segments(page: pdfium.PdfPage, space: PageSpace) -> Iterator[_Segment]:
    count = pdfium_c.FPDFPage_CountObjects(page.raw)
    for index in range(count):
        found = pdfium_c.FPDFPage_GetObject(page.raw, index)
        yield from _object_segments(found, space.matrix, space, depth=0)


def _object_segments(found: Handle, matrix: Matrix, space: PageSpace, depth: int) -> Iterator[_Segment]:
    kind = pdfium_c.FPDFPageObj_GetType(found)
    if kind == pdfium_c.FPDF_PAGEOBJ_FORM:
        if depth >= _MAX_FORM_DEPTH:
            return
        inner = matrix.after(_object_matrix(found))
        for index in range(pdfium_c.FPDFFormObj_CountObjects(found)):
            yield from _object_segments(pdfium_c.FPDFFormObj_GetObject(found, index), inner, space, depth + 1)
    elif kind == pdfium_c.FPDF_PAGEOBJ_PATH:
        stroked, filled = _draw_mode(found)
        if stroked or filled:
            segments = list(_path_segments(found, matrix.after(_object_matrix(found))))
            if stroked or not _is_backdrop(segments, found, space):
                yield from segments


def _object_matrix(found: Handle) -> Matrix:
    raw = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(found, raw):
        return Matrix()
    return Matrix(raw.a, raw.b, raw.c, raw.d, raw.e, raw.f)


def _draw_mode(path: Handle) -> tuple[bool, bool]:
    """Whether the path is stroked and whether it is filled; a path that only clips is neither."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDFPath_GetDrawMode(path, fill, stroke)
    return bool(stroke.value), fill.value != pdfium_c.FPDF_FILLMODE_NONE


def _path_segments(path: Handle, matrix: Matrix) -> Iterator[_Segment]:
    """The straight segments of a path, its closing lines too."""
    x, y = ctypes.c_float(), ctypes.c_float()
    at = start = (0.0, 0.0)
    for index in range(min(pdfium_c.FPDFPath_CountSegments(path), MAX_SEGMENTS)):
        segment = pdfium_c.FPDFPath_GetPathSegment(path, index)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.point(x.value, y.value)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == pdfium_c.FPDF_SEGMENT_LINETO:
            yield _Segment(*at, *point)
        at = point
        if pdfium_c.FPDFPathSegment_GetClose(segment):
            yield _Segment(*at, *start)
            at = start


def _is_backdrop(segments: list[_Segment], path: Handle, space: PageSpace) -> bool:
    """Whether a filled area borders nothing that a reader sees: paper-white, or the ground of the whole page."""
    if not segments:
        return True
    wide = max(max(s.x0, s.x1) for s in segments) - min(min(s.x0, s.x1) for s in segments)
    high = max(max(s.y0, s.y1) for s in segments) - min(min(s.y0, s.y1) for s in segments)
    if min(wide, high) <= MERGE:
        return False  # a thin bar is a line, whatever its colour
    if wide > 0.95 * space.width and high > 0.8 * space.height:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium_c.FPDFPageObj_GetFillColor(path, red, green, blue, alpha):
        return False
    return alpha.value == 0 or min(red.value, green.value, blue.value) >= 250
