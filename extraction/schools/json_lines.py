"""JSON Lines: a document's schools as one object, for scripts and for measuring.

Values are given as printed, because that is what a reader compares with the PDF; `normalized` has the form for
machines where it differs. The state, which most lists print nowhere near the row, is given by its two letters.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from extraction.schools.records import PageReading, SchoolRow


def document_line(file: str, readings: Iterable[PageReading]) -> dict[str, object]:
    """The object for one document: its schools, and how each page was read."""
    schools: list[dict[str, object]] = []
    pages: list[dict[str, object]] = []
    for reading in readings:
        schools += [_school(row) for row in reading.rows]
        pages.append(
            {
                "page": reading.page,
                "method": reading.method,
                "scanned": reading.scanned,
                "confidence": reading.confidence,
                "rows": len(reading.rows),
                "rows_expected": reading.rows_expected,
                "damage": msgspec.structs.asdict(reading.damage),
                "warnings": list(reading.warnings),
            }
        )
    return {"file": file, "schools": schools, "pages": pages}


def _school(row: SchoolRow) -> dict[str, object]:
    values: dict[str, object] = {"page": row.page}
    values |= {field: printed.value if field == "state" else printed.text for field, printed in row.fields.items()}
    normalized = {field: printed.value for field, printed in row.fields.items() if printed.value != printed.text}
    return {**values, "confidence": row.confidence, "normalized": normalized}
