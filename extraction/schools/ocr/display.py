"""Display: what was read from a straightened scan, put back onto the page as it is displayed.

Evidence has to point at the spot that a person sees, who looks at the page as the PDF shows it: askew, or on its side.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from extraction.evidence import Box, Printed
from extraction.schools.page_space import Matrix, PageSpace
from extraction.schools.records import PageReading, PageSketch, SchoolRow, SketchedColumn, SketchedTable
from extraction.schools.sheets import Sheet
from extraction.schools.words import Word


def on_display(reading: PageReading, sheet: Sheet) -> PageReading:
    """The reading of a scan with its boxes on the displayed page, and no surer than its letters were."""
    if sheet.shown is None:
        return reading
    words = _Words(sheet.words)
    return msgspec.structs.replace(
        reading,
        rows=tuple(_row(row, sheet.shown.matrix, words) for row in reading.rows),
        sketch=_sketch(reading.sketch, sheet.shown) if reading.sketch else None,
        scanned=True,
    )


def hull(box: Box, matrix: Matrix) -> Box:
    """The upright box around where a box goes."""
    corners = [matrix.point(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Box(round(min(xs), 2), round(min(ys), 2), round(max(xs), 2), round(max(ys), 2))


def _row(row: SchoolRow, matrix: Matrix, words: _Words) -> SchoolRow:
    return msgspec.structs.replace(
        row,
        box=hull(row.box, matrix),
        fields={field: _printed(value, matrix, words) for field, value in row.fields.items()},
        confidence=round(row.confidence * words.sureness(row.box), 3),
    )


def _printed(value: Printed, matrix: Matrix, words: _Words) -> Printed:
    if value.box is None:
        return value
    confidence = round(value.confidence * words.sureness(value.box), 3)
    return msgspec.structs.replace(value, box=hull(value.box, matrix), confidence=confidence)


class _Words:
    """The words of a sheet, to be asked by place."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = sorted(words, key=lambda word: word.middle)
        self._middles = [word.middle for word in self._words]

    def sureness(self, box: Box) -> float:
        """The mean sureness of the words whose middles lie in a box."""
        band = self._words[bisect_left(self._middles, box.top) : bisect_right(self._middles, box.bottom)]
        inside = [word.sure for word in band if box.left <= word.center <= box.right]
        return sum(inside) / len(inside) if inside else 1.0


def _sketch(sketch: PageSketch, shown: PageSpace) -> PageSketch:
    tables = tuple(_table(table, shown) for table in sketch.tables)
    return PageSketch(shown.width, shown.height, tables)


def _table(table: SketchedTable, shown: PageSpace) -> SketchedTable:
    bands = tuple(msgspec.structs.replace(band, box=hull(band.box, shown.matrix)) for band in table.bands)
    columns = tuple(_column(column, table.box, shown) for column in table.columns)
    return SketchedTable(hull(table.box, shown.matrix), columns, bands)


def _column(column: SketchedColumn, box: Box, shown: PageSpace) -> SketchedColumn:
    """The column where it stands; nowhere on a page that lies on its side, where columns run across."""
    middle = (box.top + box.bottom) / 2
    left, _ = shown.matrix.point(column.left, middle)
    right, _ = shown.matrix.point(column.right, middle)
    if shown.rotation in {90, 270}:
        right = left
    return msgspec.structs.replace(column, left=round(min(left, right), 2), right=round(max(left, right), 2))
