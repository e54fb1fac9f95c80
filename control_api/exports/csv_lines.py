"""Values as lines of CSV that a spreadsheet shows as they are: text that would run as a formula is defused.

School sites are not ours; a "name" of `=HYPERLINK(…)` must arrive in somebody's spreadsheet as these words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, cast

FORMULA_BEGINS = frozenset("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet evaluate a cell, also in the full-width forms that some programs fold."""

SCHOOL_COLUMNS = (
    "name",
    "district",
    "address",
    "city",
    "county",
    "county_fips",
    "state",
    "zip",
    "phone",
    "nces_id",
    "title1_status",
    "grade_span",
    "enrollment",
    "low_income_pct",
    "website",
    "website_score",
    "confidence",
)
LEAD_COLUMNS = (
    "school",
    "district",
    "city",
    "state",
    "zip",
    "nces_id",
    "title1_status",
    "website",
    "name",
    "honorific",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "credentials",
    "nickname",
    "title",
    "role",
    "subjects",
    "grades",
    "department",
    "email",
    "email_state",
    "phone",
    "extension",
    "source_url",
    "last_seen",
    "confidence",
)


def csv_header(columns: Sequence[str]) -> bytes:
    """The first line."""
    return _encode([columns])


def csv_lines(columns: Sequence[str], records: Iterable[object]) -> bytes:
    """A line a record, with the attributes that `columns` name."""
    return _encode([cell(getattr(record, column)) for column in columns] for record in records)


def cell(value: Any) -> str:
    """A value as text, a list with semicolons; text that a spreadsheet would evaluate gets an apostrophe before it."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat(timespec="seconds")
        case float():
            return f"{value:.4g}"
        case list():
            return cell("; ".join(cast("list[str]", value)))
        case str():
            return f"'{value}" if value.lstrip(" \u00a0\u3000\ufeff\u200b")[:1] in FORMULA_BEGINS else value
        case _:
            return str(value)


def _encode(lines: Iterable[Sequence[str]]) -> bytes:
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(lines)
    return written.getvalue().encode()
