"""Schools out of a CSV file: what a spider run by hand visits instead of a job's table.

Columns are found by name, in any order and case; every name that our exports and the states' lists use is known. Only a
name or a website is needed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crawler.targets import SchoolTarget

_COLUMNS: dict[str, tuple[str, ...]] = {
    "key": ("key", "id", "schoolid"),
    "name": ("name", "school", "schoolname", "schname"),
    "district": ("district", "districtname", "leaname", "lea"),
    "nces_id": ("ncesid", "ncessch", "ncesschoolid"),
    "address": ("address", "street", "lstreet1", "mstreet1"),
    "city": ("city", "lcity", "mcity", "town"),
    "county": ("county", "countyname"),
    "state": ("state", "st", "lstate", "mstate"),
    "zip": ("zip", "zipcode", "lzip", "mzip", "postalcode"),
    "phone": ("phone", "telephone", "phonenumber"),
    "grade_span": ("gradespan", "grades", "gradesserved"),
    "website": ("website", "url", "web", "homepage"),
}


class SchoolFileError(ValueError):
    """A file of schools cannot be used; the message says why."""


def read_schools(path: Path) -> list[SchoolTarget]:
    """Reads a CSV file of schools; a school without a key is named by its line.

    Raises:
        SchoolFileError: The file has no usable column.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return list(_targets(lines, path.name))


def _targets(lines: Iterable[str], file_name: str) -> Iterator[SchoolTarget]:
    rows = csv.reader(lines)
    places = _places(next(rows, []))
    if not {"name", "website"} & places.keys():
        raise SchoolFileError(f"{file_name} has neither a column 'name' nor a column 'website'")
    for row in rows:
        values = {field: row[place].strip() for field, place in places.items() if place < len(row)}
        if values.get("name") or values.get("website"):
            key, name = values.pop("key", ""), values.pop("name", "")
            known: dict[str, Any] = {field: value or None for field, value in values.items()}
            yield SchoolTarget(key=key or f"line-{rows.line_num}", name=name, **known)


def _places(header: list[str]) -> dict[str, int]:
    plain = [re.sub(r"[^a-z0-9]", "", title.lower()) for title in header]
    found: dict[str, int] = {}
    for field, names in _COLUMNS.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None:
            found[field] = place
    return found
