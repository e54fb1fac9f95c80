"""Counties: which one a text names in its state, as "St. Louis (City of)", "De Kalb Co." or "ORLEANS PARISH".

The table (`counties.tsv`) lists every county and what counts as one, with its FIPS code; `county_spellings.toml` adds
what it lacks and the names that no rule leads to. A name is found by what all its spellings share, never by
similarity: "Mercr" is no county, because one letter lies between Clay and Clare, Kent and Bent.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from extraction.places.states import state_code


class County(msgspec.Struct, frozen=True):
    """A county, parish, borough, census area, municipio, independent city, or planning region."""

    fips: str
    """Five digits: two of the state, three of the county."""
    state: str
    name: str
    """What we keep: the name alone ("Mercer", "Doña Ana"); an independent city keeps its "city"."""
    full_name: str
    """With the word that says what kind of county it is ("Orleans Parish")."""


def county_of(state: str, text: str) -> County | None:
    """The county of a state that `text` names; None where it names none.

    A name alone means the county before the independent city that shares it ("Fairfax"); where only the city bears it
    ("Alexandria"), the city, unless the text says that it means a county.
    """
    return _find(state.upper(), text[:_LONGEST])


def counties_of(state: str) -> tuple[County, ...]:
    """The counties of a state by FIPS code; none where there is no such state."""
    return _of_state(state.upper())


def county_name(text: str) -> str:
    """A printed county without the word that says what kind of county it is, for lists whose state is unknown.

    An independent city keeps its "city": Virginia, Maryland and Missouri have a county and a city of one name.
    """
    text = " ".join(text.split())
    if independent := _CITY_BEHIND.match(text) or _CITY_BEFORE.match(text):
        return f"{independent[1]} city"
    return _TRAILING.sub("", _LEADING.sub("", text)) or text


def is_independent_city(text: str) -> bool:
    """Whether a text names a city that is in no county, in any state ("Baltimore City"): such a line heads a list too.

    The word "city" must be there: "Richmond" alone may be a county or a school.
    """
    return spelling_key(county_name(text)) in _independent_cities()


# The cities of a list's ZIPs are asked for row after row.
@lru_cache(maxsize=8192)
def spelling_key(text: str) -> str:
    """What all spellings of one name share: case, accents, spaces and full stops do not count, St is Saint."""
    plain = text.replace("&", " and ")
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return _BETWEEN_WORDS.sub("", _ABBREVIATION.sub(_in_full, plain.strip())).casefold()


def _in_full(abbreviation: re.Match[str]) -> str:
    return _ABBREVIATED[_BETWEEN_WORDS.sub("", abbreviation[0]).casefold()]


_LONGEST = 100
"""Characters; no county's name has half as many."""
_KINDS = (
    r"county|co\.?|parish|city and borough|borough|census area|municipality|municipio|planning region"
    r"|\(\s*(?:county|parish|borough)\s*\)"
)
_CITY_BEHIND = re.compile(r"^(.+?)\s*\(\s*city(?: of)?\s*\)$", re.IGNORECASE)
_CITY_BEFORE = re.compile(r"^city of\s+(.+)$", re.IGNORECASE)
_LEADING = re.compile(
    r"^(?:(?:city\s+(?:and|&)\s+)?(?:county|parish|municipality|borough) of|municipio(?: aut[oó]nomo)? de)\s+",
    re.IGNORECASE,
)
_TRAILING = re.compile(rf"\s*(?:(?<=\s)|(?=\())(?:{_KINDS})$", re.IGNORECASE)
_CODE = re.compile(r"^[\s(]*\d{1,5}[\s)]*[-–:.]?\s*|\s*[-–:]?\s*\(?\s*\d{1,5}\s*\)?\s*$")
_STATE_BEHIND = re.compile(r"^(.*\S)\s*,\s*([^,]+)$")
_ABBREVIATION = re.compile(r"\b(?:st|ste|mt)\b\.?|^ft\b\.?|^[nsew](?:\.\s*|\s+)(?=\w)", re.IGNORECASE)
_ABBREVIATED = {
    "st": "saint",
    "ste": "sainte",
    "mt": "mount",
    "ft": "fort",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
}
_BETWEEN_WORDS = re.compile(r"[\W_]+")


# A list repeats its counties row after row.
@lru_cache(maxsize=8192)
def _find(state: str, text: str) -> County | None:
    known = _by_key(state)
    if not known:
        return None
    for printed in _readings(state, text):
        name = county_name(printed)
        if county := known.get(spelling_key(name)):
            return county
        if name == printed and (city := known.get(spelling_key(f"{name} city"))):
            return city
    return None


def _readings(state: str, text: str) -> Iterable[str]:
    """The text, then without its code ("013 - Essex"), then without its state ("Essex County, NJ")."""
    text = " ".join(text.split())
    yield text
    bare = _CODE.sub("", text)
    if bare != text:
        yield bare
    if (behind := _STATE_BEHIND.match(bare)) and state_code(behind[2]) == state:
        yield behind[1]


@cache
def _of_state(state: str) -> tuple[County, ...]:
    listed = sorted(row for row in _rows() if row[1] == state)
    return tuple(County(fips, state, county_name(name), name) for fips, _, name in listed)


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    """FIPS code, state and full name of every county."""
    table = Path(__file__).with_name("counties.tsv").read_text("utf-8")
    listed = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    added = ((fips, state, name) for state, names in _spellings()["added"].items() for name, fips in names.items())
    return (*((fips, state, name) for fips, state, name in listed), *added)


@cache
def _by_key(state: str) -> dict[str, County]:
    counties = counties_of(state)
    found = {spelling_key(county.name): county for county in counties}
    by_fips = {county.fips: county for county in counties}
    for spelling, fips in _spellings()["spelled"].get(state, {}).items():
        found.setdefault(spelling_key(county_name(spelling)), by_fips[fips])
    return found


@cache
def _independent_cities() -> frozenset[str]:
    return frozenset(spelling_key(county_name(name)) for _, _, name in _rows() if name.endswith((" city", " City")))


@cache
def _spellings() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(Path(__file__).with_name("county_spellings.toml").read_text("utf-8"))
