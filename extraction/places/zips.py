"""ZIP codes, cities and counties: what a place is called, and which state and county it lies in.

The table is that of the `zipcodes` package, which is offline. It is turned into dictionaries once, at the first
question, because its own look-up scans all 42,789 ZIPs.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import zipcodes

from extraction.places.counties import county_key, county_name


class Place(msgspec.Struct, frozen=True):
    """Where a ZIP code lies. A ZIP may cross county lines; `county` is the one that holds its post office."""

    zip: str
    city: str
    state: str
    county: str | None
    """Without the word "County", "Parish" …"""
    cities: tuple[str, ...]
    """`city` and the other names that the Postal Service accepts."""
    active: bool


class CountyNames(msgspec.Struct, frozen=True):
    """The counties of a state by their comparison key."""

    state: str
    by_key: dict[str, str]

    def find(self, text: str) -> str | None:
        """The county that `text` names, as the table spells it."""
        return self.by_key.get(county_key(text))


def zip_place(zip_code: str) -> Place | None:
    """The place of a five-digit ZIP or ZIP+4."""
    entry = _entries().get(zip_code.strip()[:5])
    return _place(entry) if entry is not None else None


def city_county(city: str, state: str) -> str | None:
    """The county of a city, or None where the city is unknown or lies in several.

    The ZIPs that are the city's own decide before those that merely accept its name.
    """
    key = (city_key(city), state.upper())
    for counties in (_city_counties(own=True).get(key), _city_counties(own=False).get(key)):
        if counties:
            return next(iter(counties)) if len(counties) == 1 else None
    return None


def counties_of(state: str) -> CountyNames:
    """The counties of a state, for checking what a document prints as a county."""
    return _state_counties().get(state.upper()) or CountyNames(state.upper(), {})


def city_key(city: str) -> str:
    """What two spellings of one city share: "St. Paul", "SAINT PAUL" and "Saint Paul"."""
    return county_key(city)


@cache
def _entries() -> dict[str, dict[str, Any]]:
    """The table's entries by ZIP; of two entries for one ZIP, the one in use."""
    entries: dict[str, dict[str, Any]] = {}
    listed: list[dict[str, Any]] = zipcodes.list_all()
    for entry in listed:
        known = entries.get(entry["zip_code"])
        if known is None or (entry["active"] and not known["active"]):
            entries[entry["zip_code"]] = entry
    return entries


def _place(entry: dict[str, Any]) -> Place:
    return Place(
        zip=entry["zip_code"],
        city=entry["city"],
        state=entry["state"],
        county=county_name(entry["county"]) if entry["county"] else None,
        cities=(entry["city"], *entry["acceptable_cities"]),
        active=bool(entry["active"]),
    )


@cache
def _city_counties(*, own: bool) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for place in map(_place, _entries().values()):
        if place.county is None:
            continue
        for city in place.cities[:1] if own else place.cities[1:]:
            found.setdefault((city_key(city), place.state), set()).add(place.county)
    return {key: frozenset(counties) for key, counties in found.items()}


@cache
def _state_counties() -> dict[str, CountyNames]:
    names: dict[str, dict[str, str]] = {}
    for place in map(_place, _entries().values()):
        if place.county:
            names.setdefault(place.state, {}).setdefault(county_key(place.county), place.county)
    return {state: CountyNames(state, by_key) for state, by_key in names.items()}
