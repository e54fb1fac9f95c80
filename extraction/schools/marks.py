"""Marks: what is drawn upon a page's image, and the marks that show how a reading came about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from extraction.evidence import Box
from extraction.schools.records import PageReading

MarkKind = Literal["region", "column", "band", "field", "highlight"]
"""A table; one of its columns; one of its rows; a value that was read; what a person is to look at."""


LEAST_DPI, MOST_DPI = 36, 300

DRAWING_VERSION = 1
"""Grows when marks are drawn in another way, so that pictures kept elsewhere are drawn anew."""


class Mark(msgspec.Struct, frozen=True):
    """A box with a label. Drawn in the order region, column, band, field, highlight, whatever order it comes in."""

    box: Box
    kind: MarkKind
    label: str = ""


class MarkedPage(msgspec.Struct, frozen=True):
    """A page, from 1, and what is to be drawn upon it."""

    page: int
    marks: tuple[Mark, ...] = ()


def marks_of(reading: PageReading) -> tuple[Mark, ...]:
    """All that a reading saw on its page: tables, columns, rows and values; tables only where it has a sketch."""
    return (*_table_marks(reading), *_field_marks(reading))


def _table_marks(reading: PageReading) -> Iterator[Mark]:
    for table in reading.sketch.tables if reading.sketch else ():
        yield Mark(table.box, "region")
        for column in table.columns:
            if column.right > column.left:
                box = Box(column.left, table.box.top, column.right, table.box.bottom)
                yield Mark(box, "column", (column.heading or "?").replace("_", " "))
        for band in table.bands:
            yield Mark(band.box, "band", "heading" if band.heading else "")


def _field_marks(reading: PageReading) -> Iterator[Mark]:
    for row in reading.rows:
        for field, printed in row.fields.items():
            if printed.box is not None and printed.derived_from is None:
                yield Mark(printed.box, "field", field)
