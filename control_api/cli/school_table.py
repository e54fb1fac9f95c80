"""Schools as a spreadsheet wants them: one header, a row a school, values by what they mean, formulas defused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from control_api.exports.csv_lines import cell
from extraction.schools.records import FieldName, PageReading, SchoolRow

AS_PRINTED: tuple[FieldName, ...] = ("name", "district")
AS_MEANT: tuple[FieldName, ...] = (
    "address",
    "city",
    "county",
    "state",
    "zip",
    "phone",
    "nces_id",
    "state_school_id",
    "state_district_id",
    "title1_status",
    "grade_span",
    "enrollment",
    "low_income_pct",
)
CSV_COLUMNS = (
    "file",
    "page",
    "row",
    *AS_PRINTED,
    *AS_MEANT,
    "title1_status_printed",
    "method",
    "page_confidence",
    "confidence",
)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Lines of CSV; text that a spreadsheet would evaluate gets an apostrophe before it."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    return written.getvalue()


def csv_rows(file: str, readings: Iterable[PageReading]) -> list[list[object]]:
    """A row a school, in the order of `CSV_COLUMNS`."""
    return [_row(file, reading, school) for reading in readings for school in reading.rows]


def _row(file: str, reading: PageReading, school: SchoolRow) -> list[object]:
    return [
        file,
        school.page,
        school.row,
        *(school.text(field) for field in AS_PRINTED),
        *(school.value(field) for field in AS_MEANT),
        school.text("title1_status"),
        reading.method,
        reading.confidence,
        school.confidence,
    ]
