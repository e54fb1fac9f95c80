"""The official school directory: rows of a CCD file (`ccd_sch_029_…`) as records.

The National Center for Education Statistics publishes every public school of the country as one CSV file, plain or
zipped. Columns are found by their header names, all values stay text (identifiers begin with zeros), and what stands
for "not known" is None. Closed schools are left out. Read by the command that imports the directory and by a crawl run
by hand.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import msgspec

from extraction.errors import ExtractionError
from extraction.packed_tables import opened_table

_LARGEST = 512 * 2**20
"""Bytes a zipped file may have when it is inflated; the real one has about 40 million."""
_NULLS = frozenset({"", "m", "n", "-1", "-2", "-9", "not reported", "not applicable", "missing", "†", "–"})
_OPEN = frozenset({"1", "3", "4", "5", "8"})
"""Status codes of schools that teach: open, new, added, changed agency, reopened."""
_COLUMNS: dict[str, tuple[str, ...]] = {
    "nces_id": ("NCESSCH",),
    "name": ("SCH_NAME",),
    "district": ("LEA_NAME",),
    "lea_id": ("LEAID",),
    "state_id": ("ST_SCHID",),
    "address": ("LSTREET1", "MSTREET1"),
    "city": ("LCITY", "MCITY"),
    "state": ("LSTATE", "ST", "MSTATE"),
    "zip": ("LZIP", "MZIP"),
    "phone": ("PHONE",),
    "website": ("WEBSITE",),
    "level": ("LEVEL",),
    "low_grade": ("GSLO",),
    "high_grade": ("GSHI",),
}
_WIDTHS = {"nces_id": 12, "lea_id": 7, "zip": 5}
"""Digits of identifiers whose leading zeros a spreadsheet may have eaten."""


class DirectorySchool(msgspec.Struct, frozen=True, omit_defaults=True):
    """A school as the official directory lists it."""

    nces_id: str
    name: str
    district: str | None = None
    lea_id: str | None = None
    state_id: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    phone: str | None = None
    website: str | None = None
    level: str | None = None
    low_grade: str | None = None
    high_grade: str | None = None


class DirectoryError(ExtractionError):
    """A file is not a school directory."""

    code: ClassVar[str] = "DIRECTORY_EXTRACTION_ERROR"


def read_directory(path: Path) -> Iterator[DirectorySchool]:
    """Yields the open schools of a directory file.

    Args:
        path: The CSV file, or the ZIP archive it is published in.

    Raises:
        DirectoryError: It is neither.
    """
    with opened_table(path, ending=".csv", largest=_LARGEST, error=DirectoryError) as lines:
        # Some rows have a doubled quote inside an unquoted field: the reader must not be strict.
        yield from schools_of(csv.reader(lines, strict=False))


def schools_of(rows: Iterable[list[str]]) -> Iterator[DirectorySchool]:
    """Yields the open schools of a directory's rows, the header first.

    Raises:
        DirectoryError: The header lacks the columns that name a school.
    """
    cells = iter(rows)
    header = {title.strip().lstrip("\ufeff").upper(): place for place, title in enumerate(next(cells, []))}
    if not {"NCESSCH", "SCH_NAME"} <= header.keys():
        raise DirectoryError("This is not a CCD school directory: it has no columns NCESSCH and SCH_NAME.")
    for row in cells:
        values = {title: row[place].strip() for title, place in header.items() if place < len(row)}
        if values.get("UPDATED_STATUS", values.get("SY_STATUS", "1")) not in _OPEN:
            continue
        found = {
            field: value for field, names in _COLUMNS.items() if (value := _first(values, field, names)) is not None
        }
        if "nces_id" in found and "name" in found:
            yield DirectorySchool(**found)


def _first(values: dict[str, str], field: str, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = values.get(name, "")
        if value.lower() not in _NULLS:
            return value.zfill(_WIDTHS[field]) if field in _WIDTHS and value.isdecimal() else value
    return None
