"""Where public schools lie: rows of the EDGE geocode file (`EDGE_GEOCODE_PUBLICSCH_…`) as records.

The National Center for Education Statistics publishes latitude and longitude of every public school, by the same
identifier as its directory, as a text whose columns are parted by "|" and have no names. Two columns behind the places
(the New England city and town area) are there in some years only, so a row is known by its first column and its last,
the school year, and not by their number. Plain or in the archive it is published in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import msgspec

from extraction.errors import ExtractionError
from extraction.packed_tables import opened_table

_LARGEST = 256 * 2**20
"""Bytes the text may have when it is inflated; the real one has about 20 million."""
_NCES_ID, _LATITUDE, _LONGITUDE = 0, 12, 13
_LEAST_WIDTH = 20
"""Columns of a row, at least; there are 23, or 25 with the New England areas."""
_WEST_OF_ALL, _NORTH_OF_ALL = 180.0, 90.0


class Geocode(msgspec.Struct, frozen=True):
    """A school's place on the globe, in degrees (WGS 84)."""

    nces_id: str
    latitude: float
    longitude: float


class GeocodeError(ExtractionError):
    """A file holds no geocodes."""

    code: ClassVar[str] = "GEOCODE_EXTRACTION_ERROR"


def read_geocodes(path: Path) -> Iterator[Geocode]:
    """Yields the places of a geocode file; rows without a place are passed over.

    Args:
        path: The text file, or the ZIP archive it is published in.

    Raises:
        GeocodeError: It is neither.
    """
    with opened_table(path, ending=".txt", largest=_LARGEST, error=GeocodeError) as lines:
        yield from geocodes_of(csv.reader(lines, delimiter="|", quoting=csv.QUOTE_NONE))


def geocodes_of(rows: Iterable[list[str]]) -> Iterator[Geocode]:
    """Yields the places of a geocode file's rows.

    Raises:
        GeocodeError: The first row is none of such a file.
    """
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        # Some years begin with the names of the columns after all.
        if number == 0 and cells and cells[0].upper() == "NCESSCH":
            continue
        place = _place(cells)
        if place is not None:
            yield place
        elif number == 0 and not _is_row(cells):
            raise GeocodeError(
                "This is not an EDGE geocode file: its rows have 23 or 25 columns parted by '|', from an NCES id to a "
                "school year, and no header."
            )


def _is_row(cells: list[str]) -> bool:
    return (
        len(cells) >= _LEAST_WIDTH
        and re.fullmatch(r"\d{11,12}", cells[_NCES_ID]) is not None
        and re.fullmatch(r"\d{4}-\d{2,4}", cells[-1]) is not None
    )


def _place(cells: list[str]) -> Geocode | None:
    if not _is_row(cells):
        return None
    try:
        latitude, longitude = float(cells[_LATITUDE]), float(cells[_LONGITUDE])
    except ValueError:
        return None
    known = 0 < abs(latitude) <= _NORTH_OF_ALL and 0 < abs(longitude) <= _WEST_OF_ALL
    return Geocode(cells[_NCES_ID].zfill(12), latitude, longitude) if known else None
