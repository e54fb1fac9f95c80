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
from importlib.resources import files

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
    return _by_state().get(state.upper(), ())


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


def spelling_key(text: str) -> str:
    """What all spellings of one name share: case, accents, spaces and full stops do not count, St is Saint."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).encode("ascii", "ignore").decode().strip()
    for abbreviation, word in _ABBREVIATIONS:
        plain = abbreviation.sub(word, plain)
    return re.sub(r"[\W_]+", "", plain).casefold()


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
_ABBREVIATIONS = (
    (re.compile(r"\b(?:st|saint)\b\.?", re.IGNORECASE), "saint "),
    (re.compile(r"\b(?:ste|sainte)\b\.?", re.IGNORECASE), "sainte "),
    (re.compile(r"\bmt\b\.?", re.IGNORECASE), "mount "),
    (re.compile(r"^ft\b\.?", re.IGNORECASE), "fort "),
    *(
        (re.compile(rf"^{word[0]}(?:\.\s*|\s+)(?=\w)", re.IGNORECASE), f"{word} ")
        for word in ("north", "south", "east", "west")
    ),
)


# A list repeats its counties row after row.
@lru_cache(maxsize=8192)
def _find(state: str, text: str) -> County | None:
    known = _by_key().get(state)
    if known is None:
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
def _by_state() -> dict[str, tuple[County, ...]]:
    grouped: dict[str, list[County]] = {}
    for county in sorted(_listed(), key=lambda county: county.fips):
        grouped.setdefault(county.state, []).append(county)
    return {state: tuple(counties) for state, counties in grouped.items()}


def _listed() -> Iterable[County]:
    table = files("extraction.places").joinpath("counties.tsv").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            fips, state, name = line.split("\t")
            yield County(fips, state, county_name(name), name)
    for state, added in _spellings()["added"].items():
        for name, fips in added.items():
            yield County(fips, state, county_name(name), name)


@cache
def _by_key() -> dict[str, dict[str, County]]:
    found = {
        state: {spelling_key(county.name): county for county in counties} for state, counties in _by_state().items()
    }
    for state, spellings in _spellings()["spelled"].items():
        by_fips = {county.fips: county for county in counties_of(state)}
        for spelling, fips in spellings.items():
            found[state].setdefault(spelling_key(county_name(spelling)), by_fips[fips])
    return found


@cache
def _independent_cities() -> frozenset[str]:
    return frozenset(
        spelling_key(county.name)
        for counties in _by_state().values()
        for county in counties
        if county.full_name.endswith((" city", " City"))
    )


@cache
def _spellings() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files("extraction.places").joinpath("county_spellings.toml").read_text("utf-8"))
