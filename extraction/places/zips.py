"""ZIP codes, cities and counties: what a place is called, and which state and county it lies in.

The table (`zips.tsv`) is left where it lies, in the file: a line is looked for by halves, and split when its ZIP is
asked for. The first question takes 0.1 ms, instead of the 550 that the whole table takes as objects.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from extraction.places.counties import County, counties_of, county_of, spelling_key

_TERRITORIES = frozenset({"MP", "PR", "VI"})
"""Where the table names few counties or none, and where a city that bears a county's name lies in it."""


class Place(msgspec.Struct, frozen=True):
    """Where a ZIP code lies. A ZIP may cross county lines; `county` is the one that holds its post office."""

    zip: str
    city: str
    state: str
    county: County | None
    cities: tuple[str, ...]
    """`city` and the other names that the Postal Service accepts."""
    active: bool

    def has_city(self, text: str) -> bool:
        """Whether a text names one of its cities."""
        return city_key(text) in {city_key(city) for city in self.cities}


def zip_place(zip_code: str) -> Place | None:
    """The place of a five-digit ZIP or ZIP+4."""
    return _place(zip_code.strip()[:5])


# The schools of a town share its ZIP.
@lru_cache(maxsize=4096)
def _place(code: str) -> Place | None:
    if len(code) != 5 or not code.isdigit():
        return None
    table, wanted = _table(), code.encode()
    at = bisect_left(range(len(table)), wanted, key=_zip_at)
    if table[at : at + 5] != wanted:
        return None
    entry = _entry(table[at : table.find(b"\n", at)])
    return Place(
        zip=code,
        city=entry.cities[0],
        state=entry.state,
        county=entry.table_county or _inferred_county(entry.cities[0], entry.state),
        cities=entry.cities,
        active=entry.active,
    )


def city_county(city: str, state: str) -> County | None:
    """The county of a city, or None where the city is unknown or lies in several.

    The ZIPs that are the city's own decide before those that merely accept its name.
    """
    own, accepted = _city_counties(state.upper())
    key = city_key(city)
    for counties in (own.get(key), accepted.get(key)):
        if counties:
            return next(iter(counties)) if len(counties) == 1 else None
    return None


def city_key(city: str) -> str:
    """What two spellings of one city share: "St. Paul", "SAINT PAUL" and "Saint Paul"."""
    return spelling_key(city)


@cache
def place_words() -> frozenset[str]:
    """Every word of a city's or a county's name, in small letters."""
    names = b" ".join(re.findall(rb"\t[01]\t(.*)", _table()))
    return frozenset(names.replace(b"|", b" ").decode().casefold().split())


class _Entry(msgspec.Struct, frozen=True):
    """One line of the table."""

    state: str
    active: bool
    cities: tuple[str, ...]
    county: str

    @property
    def table_county(self) -> County | None:
        """The county as named; a few ZIPs lie across a state line from theirs, and have none here."""
        return county_of(self.state, self.county) if self.county else None


@cache
def _table() -> mmap.mmap:
    """The file, each line with its end, sorted by ZIP; what it says of itself stands in front ("#" before "0")."""
    with Path(__file__).with_name("zips.tsv").open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _zip_at(at: int) -> bytes:
    """The ZIP of the line that a place in the file belongs to."""
    table = _table()
    start = table.rfind(b"\n", 0, at) + 1
    return table[start : start + 5]


def _entry(line: bytes) -> _Entry:
    _, state, used, city, county, others = line.decode().split("\t")
    return _Entry(state, used == "1", (city, *filter(None, others.split("|"))), county)


def _inferred_county(city: str, state: str) -> County | None:
    """The county of a ZIP that the table gives none: a post office's boxes, one company's mail, a territory."""
    counties = counties_of(state)
    if len(counties) == 1:
        return counties[0]
    return city_county(city, state) or (county_of(state, city) if state in _TERRITORIES else None)


@cache
def _city_counties(state: str) -> tuple[dict[str, set[County]], dict[str, set[County]]]:
    """The counties of a state's cities: by the cities that ZIPs are named for, and by those that they accept."""
    own: dict[str, set[County]] = {}
    accepted: dict[str, set[County]] = {}
    lines = re.findall(rb"\n(.{5}\t%b\t.*)" % re.escape(state).encode(), _table())
    for entry in map(_entry, lines):
        if (county := entry.table_county) is not None:
            _add(own, entry.cities[:1], county)
            _add(accepted, entry.cities[1:], county)
    return own, accepted


def _add(found: dict[str, set[County]], cities: Iterable[str], county: County) -> None:
    for city in cities:
        found.setdefault(city_key(city), set()).add(county)
