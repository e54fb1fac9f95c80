"""Makes `zips.tsv` and `zip_points.tsv` anew, with the package `zipcodes` installed.

    python -m extraction.places.make_zips > zips.tsv
    python -m extraction.places.make_zips points > zip_points.tsv

The package itself takes half a second to unpack its table, which is longer than reading twenty pages.
"""

from __future__ import annotations

import sys
from typing import Any

import zipcodes

_CREDIT = """\
# ZIP codes of the United States: ZIP, state, whether it is in use, city, county, other cities that it accepts (by "|").
# From the table of the package zipcodes 3.0.0 (MIT License, https://github.com/seanpianka/Zipcodes).
# Changed: written as a table, only these columns. Made by make_zips.py.
"""


_POINTS_CREDIT = """\
# Where ZIP codes of the United States lie: ZIP, latitude, longitude, in degrees.
# From the table of the package zipcodes 3.0.0 (MIT License, https://github.com/seanpianka/Zipcodes).
# Changed: written as a table, only these columns. Made by make_zips.py.
"""


def table() -> str:
    """The text of `zips.tsv`."""
    return _CREDIT + "".join(_line(entry) for entry in _entries())


def points() -> str:
    """The text of `zip_points.tsv`, without the ZIPs that have no place."""
    placed = (entry for entry in _entries() if float(entry["lat"] or 0) and float(entry["long"] or 0))
    return _POINTS_CREDIT + "".join(f"{entry['zip_code']}\t{entry['lat']}\t{entry['long']}\n" for entry in placed)


def _entries() -> list[dict[str, Any]]:
    """By ZIP; of two entries for one ZIP, the one in use."""
    entries: dict[str, dict[str, Any]] = {}
    listed: list[dict[str, Any]] = zipcodes.list_all()
    for entry in listed:
        known = entries.get(entry["zip_code"])
        if known is None or (entry["active"] and not known["active"]):
            entries[entry["zip_code"]] = entry
    return [entry for _, entry in sorted(entries.items())]


def _line(entry: dict[str, Any]) -> str:
    columns = (
        entry["zip_code"],
        entry["state"],
        "1" if entry["active"] else "0",
        entry["city"],
        entry["county"] or "",
        "|".join(entry["acceptable_cities"]),
    )
    return "\t".join(columns) + "\n"


if __name__ == "__main__":
    sys.stdout.write(points() if sys.argv[1:] == ["points"] else table())
