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


class PageReading(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was read on one page and how sure that is."""

    page: int
    pages_total: int
    method: str
    """The layout that was recognized (`ruled`, `columns`), or `empty`, `needs_ocr`, `no_table`."""
    rows: tuple[SchoolRow, ...] = ()
    confidence: float = 0.0
    rows_expected: int | None = None
    """How many rows the page seems to have, counted independently of the rows read."""
    warnings: tuple[str, ...] = ()


class DocumentOutline(msgspec.Struct, frozen=True, omit_defaults=True):
    """The structure of a PDF, read before any page."""

    pages: int
    title: str | None = None
    producer: str | None = None
    state: str | None = None
    """Two-letter code of the state the document speaks of, where its words say so."""
