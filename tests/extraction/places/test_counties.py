"""Counties: every one has its code, any usual spelling finds it, and no wrong word becomes one."""

from __future__ import annotations

from importlib.resources import files

import msgspec
import pytest
import zipcodes
from hypothesis import given
from hypothesis import strategies as st

from extraction.places import County, counties_of, county_name, county_of, is_independent_city, states
from extraction.places.counties import _spellings, spelling_key
from extraction.places.make_counties import table_of

ALL = [county for state in states() for county in counties_of(state)]


def test_the_table_is_whole() -> None:
    # 3,234 of the table, and Connecticut's nine planning regions beside its eight old counties.
    assert len(ALL) == 3243
    assert len({county.fips for county in ALL}) == len(ALL)
    assert all(county.fips[:2] == states()[county.state].fips and len(county.fips) == 5 for county in ALL)
    assert len(counties_of("CT")) == 17
    assert {state: len(counties_of(state)) for state in ("TX", "VA", "AK", "DC", "PR", "LA")} == {
        "TX": 254,
        "VA": 133,
        "AK": 30,
        "DC": 1,
        "PR": 78,
        "LA": 64,
    }


def test_the_table_credits_its_source_and_is_what_its_maker_makes() -> None:
    entries = [
        {"fips": county.fips, "name": county.full_name, "state": county.state}
        for county in reversed(ALL)
        if county.full_name not in _spellings()["added"].get(county.state, {})
    ]
    made = table_of(msgspec.json.encode([*entries, {"fips": "74300", "name": "Midway Islands", "state": "UM"}]))
    header = [line for line in made.splitlines() if line.startswith("#")]
    assert any("GeoNames" in line and "Creative Commons Attribution 4.0" in line for line in header)
    assert files("extraction.places").joinpath("counties.tsv").read_text("utf-8") == made


def test_the_counties_of_nearly_all_zips_are_in_the_table() -> None:
    named = [entry for entry in zipcodes.list_all() if entry["county"]]
    lost = [entry["zip_code"] for entry in named if county_of(entry["state"], entry["county"]) is None]
    assert len(named) > 41_000
    assert len(lost) <= 0.001 * len(named), lost


@pytest.mark.parametrize("state", states())
def test_every_county_is_found_by_its_own_names(state: str) -> None:
    for county in counties_of(state):
        for text in (county.name, county.full_name, county.full_name.upper(), county.name.replace("St.", "Saint")):
            assert county_of(state, text) == county


@pytest.mark.parametrize(
    ("state", "text", "fips"),
    [
        ("MO", "St. Louis (City of)", "29510"),
        ("MO", "City of St. Louis", "29510"),
        ("MO", "SAINT LOUIS CITY", "29510"),
        ("MO", "St. Louis", "29189"),
        ("MO", "St. Louis Co.", "29189"),
        ("MO", "Ste Genevieve", "29186"),
        ("MD", "Baltimore City", "24510"),
        ("MD", "Baltimore (County)", "24005"),
        ("MD", "PRINCE GEORGES", "24033"),
        ("MD", "Prince George’s County", "24033"),
        ("VA", "Alexandria", "51510"),
        ("VA", "Fairfax", "51059"),
        ("VA", "Fairfax City", "51600"),
        ("VA", "James City", "51095"),
        ("VA", "King & Queen", "51097"),
        ("IN", "La Porte", "18091"),
        ("IL", "De Kalb County", "17037"),
        ("IA", "O Brien", "19141"),
        ("NM", "DONA ANA", "35013"),
        ("AK", "Municipality of Anchorage", "02020"),
        ("AK", "City and Borough of Juneau", "02110"),
        ("AK", "Nome Census Area", "02180"),
        ("AK", "Wade Hampton Census Area", "02158"),
        ("CO", "City & County of Denver", "08031"),
        ("LA", "E. Baton Rouge Parish", "22033"),
        ("LA", "Orleans County", "22071"),
        ("TX", "Ft. Bend", "48157"),
        ("PR", "Municipio de Ponce", "72113"),
        ("PR", "Anasco", "72011"),
        ("NY", "Brooklyn", "36047"),
        ("NY", "Borough of Manhattan", "36061"),
        ("CT", "Hartford", "09003"),
        ("CT", "Capitol Planning Region", "09110"),
        ("DC", "Washington, DC", "11001"),
        ("SD", "Shannon", "46102"),
        ("NJ", "013 - Essex", "34013"),
        ("NJ", "Essex (013)", "34013"),
        ("NJ", "Essex County, New Jersey", "34013"),
        ("nj", "  mercer   COUNTY ", "34021"),
    ],
)
def test_spellings_of_a_county(state: str, text: str, fips: str) -> None:
    found = county_of(state, text)
    assert found is not None
    assert found.fips == fips


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("NJ", "Mercr"),
        ("NJ", "Mercer High School"),
        ("NJ", "Orange"),  # of New York, California, Texas
        ("NJ", "Essex County, NY"),
        ("NJ", "County"),
        ("NJ", ""),
        ("VA", "Alexandria County"),
        ("MA", "Boston city"),
        ("NY", "New York City"),  # five of them
        ("ZZ", "Essex"),
        ("NJ", "Essex " * 1000),
    ],
)
def test_what_names_no_county_of_the_state_is_none(state: str, text: str) -> None:
    assert county_of(state, text) is None


@pytest.mark.parametrize(
    ("text", "independent"),
    [
        ("Baltimore City", True),
        ("BALTIMORE CITY", True),
        ("City of St. Louis", True),
        ("Carson City", True),
        ("Newport News (City)", True),
        ("Baltimore", False),
        ("Kansas City", False),
        ("James City County", False),
        ("City", False),
        ("", False),
    ],
)
def test_independent_cities_are_known_without_their_state(text: str, independent: bool) -> None:
    assert is_independent_city(text) == independent


@given(st.sampled_from(ALL), st.data())
def test_one_letter_left_out_leads_to_no_other_county(county: County, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(county.name) - 1))
    cut = county.name[:at] + county.name[at + 1 :]
    found = county_of(county.state, cut)
    # Another county only if that is the very name that is left.
    assert found is None or spelling_key(county_name(cut)) in {
        spelling_key(found.name),
        spelling_key(found.name.removesuffix(" city")),
        *(spelling_key(county_name(text)) for text in _spellings()["spelled"].get(county.state, {})),
    }


def test_every_listed_spelling_is_needed_and_leads_where_it_says() -> None:
    for state, spelled in _spellings()["spelled"].items():
        own = {spelling_key(county.name) for county in counties_of(state)}
        for spelling, fips in spelled.items():
            found = county_of(state, spelling)
            assert found is not None
            assert found.fips == fips, spelling
            assert spelling_key(county_name(spelling)) not in own, spelling


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Mercer County", "Mercer"),
        ("MERCER CO.", "MERCER"),
        ("County of Mercer", "Mercer"),
        ("Orleans Parish", "Orleans"),
        ("St. Louis (City of)", "St. Louis city"),
        ("City of St. Louis", "St. Louis city"),
        ("Nome Census Area", "Nome"),
        ("Ponce Municipio", "Ponce"),
        ("Rock Island County", "Rock Island"),
        ("Carson City", "Carson City"),
        ("County", "County"),
    ],
)
def test_county_names_without_a_state(printed: str, name: str) -> None:
    assert county_name(printed) == name
