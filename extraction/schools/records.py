"""What a school list says, page by page."""

from __future__ import annotations

from typing import Literal

import msgspec

from extraction.evidence import Box, Printed

FieldName = Literal[
    "name",
    "district",
    "nces_id",
    "state_school_id",
    "state_district_id",
    "address",
    "city",
    "county",
    "state",
    "zip",
    "phone",
    "title1_status",
    "grade_span",
    "enrollment",
    "low_income_pct",
]
TITLE1_STATUSES = ("schoolwide", "targeted", "eligible_not_served", "not_eligible", "unknown")


class SchoolRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One school as one row (or block) of a list prints it. `fields` always has `name`."""

    page: int
    """Page number, from 1."""
    row: int
    """Position among the page's rows, from 1."""
    box: Box
    fields: dict[FieldName, Printed]
    confidence: float

    def text(self, field: FieldName) -> str | None:
        """The value as printed, or None."""
        printed = self.fields.get(field)
        return printed.text if printed else None

    def value(self, field: FieldName) -> str | None:
        """The normalized value, or None."""
        printed = self.fields.get(field)
        return printed.value if printed else None


class SketchedColumn(msgspec.Struct, frozen=True):
    """One column of a table: where it stands and what it was taken for (None: unknown).

    Columns of stacked blocks stand nowhere: `left` and `right` are equal.
    """

    left: float
    right: float
    heading: str | None


class SketchedBand(msgspec.Struct, frozen=True):
    """One row of a table as the layout saw it, before anything was read from it."""

    box: Box
    cells: tuple[str | None, ...]
    """The printed text, a value for each column."""
    heading: bool = False
    """Whether the layout took it for a heading of the rows below."""


class SketchedTable(msgspec.Struct, frozen=True):
    """One table of a page."""

    box: Box
    columns: tuple[SketchedColumn, ...]
    bands: tuple[SketchedBand, ...]
    """From top to bottom; header lines too, where the layout left them among the rows."""


class PageSketch(msgspec.Struct, frozen=True):
    """How a page is laid out in the eyes of the layout that read it; for people who check, and for asking."""

    width: float
    """Of the displayed page, in points."""
    height: float
    tables: tuple[SketchedTable, ...] = ()


class Damage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a page's broken text layer was mended, and what was not."""

    joined: int = 0
    """Words that a ligature's lost width had cut in two."""
    restored: int = 0
    """Ligatures whose lost characters were found again in a known word."""
    lost: int = 0
    """Words in which a character stays unknown."""
    spaced: int = 0
    """Lines that were printed letter by letter."""
    parted: int = 0
    """Words that were printed closer together than a space."""
    hyphens: int = 0
    """Hyphens that the text layer has as soft ones, or only marks as a line's end."""
    doubled: int = 0
    """Words that were drawn twice to look bold or shadowed."""

    @property
    def guessed(self) -> int:
        """What was mended by a rule that may err; hyphens and doubled words are certain."""
        return self.joined + self.restored + self.spaced + self.parted

    @property
    def total(self) -> int:
        """All of it."""
        return self.guessed + self.lost + self.hyphens + self.doubled


class PageReading(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was read on one page and how sure that is."""

    page: int
    pages_total: int
    method: str
    """The layout that was recognized (`ruled`, `profiles`, `blocks`, `columns`, `names`), or `empty`, `needs_ocr`,
    `no_table`. `…+plan`: a model said what its columns hold; `rows+model`: one gave the rows."""
    rows: tuple[SchoolRow, ...] = ()
    confidence: float = 0.0
    rows_expected: int | None = None
    """How many rows the page seems to have, counted independently of the rows read."""
    warnings: tuple[str, ...] = ()
    damage: Damage = Damage()
    scanned: bool = False
    """Whether its words were read from a picture."""
    sketch: PageSketch | None = None
    """Only where it was asked for."""
    thread: str | None = None
    """What a reading has to know that goes on behind this page (`schools.thread`); None where it must begin anew."""


class DocumentOutline(msgspec.Struct, frozen=True, omit_defaults=True):
    """The structure of a PDF, read before any page."""

    pages: int
    title: str | None = None
    producer: str | None = None
    state: str | None = None
    """Two-letter code of the state the document speaks of, where its words say so."""
