"""Places: exact where they can be, silent where they cannot."""

from __future__ import annotations

import pytest

from extraction.places import (
    city_county,
    counties_of,
    county_key,
    county_name,
    state_code,
    states,
    states_named,
    zip_place,
)


def test_there_are_fifty_states_a_district_and_five_territories() -> None:
    assert len(states()) == 56
    assert len({state.fips for state in states().values()}) == 56
    assert all(state_code(state.name) == code for code, state in states().items())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NJ", "NJ"),
        ("N.J.", "NJ"),
        ("new jersey", "NJ"),
        ("D.C.", "DC"),
        ("Washington, D.C.", "DC"),
        ("Washington", "WA"),
        ("W. Va.", "WV"),
        ("Calif.", "CA"),
        ("Ohoi", None),
        ("", None),
    ],
)
def test_a_state_is_known_by_its_names_and_listed_abbreviations_only(text: str, code: str | None) -> None:
    assert state_code(text) == code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("State of Delaware, Department of Elections", ["DE"]),
        ("West Virginia Department of Education", ["WV"]),
        ("Washington County Public Schools", []),
        ("41 Delaware Avenue", []),
        ("Kansas and Missouri", ["KS", "MO"]),
    ],
)
def test_states_in_running_text(text: str, codes: list[str]) -> None:
    assert [code for code, _ in states_named(text)] == codes


def test_a_zip_tells_its_place() -> None:
    place = zip_place("07102-1234")
    assert place is not None
    assert (place.city, place.state, place.county) == ("Newark", "NJ", "Essex")
    assert zip_place("00000") is None


def test_a_city_tells_its_county_only_where_it_lies_in_one() -> None:
    assert city_county("Trenton", "NJ") == "Mercer"
    assert city_county("SAINT JOSEPH", "MI") == city_county("St. Joseph", "mi") == "Berrien"
    assert city_county("Nowhere at All", "NJ") is None
    assert city_county("Kansas City", "MO") is None


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Mercer County", "Mercer"),
        ("MERCER CO.", "MERCER"),
        ("County of Mercer", "Mercer"),
        ("Orleans Parish", "Orleans"),
        ("St. Louis (City of)", "St. Louis city"),
        ("Nome Census Area", "Nome"),
        ("Ponce Municipio", "Ponce"),
        ("Rock Island County", "Rock Island"),
        ("Carson City", "Carson City"),
    ],
)
def test_county_names(printed: str, name: str) -> None:
    assert county_name(printed) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("St. Joseph County", "Saint Joseph"),
        ("De Kalb", "DeKalb County"),
        ("LaPorte", "La Porte County"),
        ("Doña Ana County", "Dona Ana"),
        ("Ste. Genevieve", "Sainte Genevieve County"),
    ],
)
def test_spellings_of_one_county(one: str, other: str) -> None:
    assert county_key(one) == county_key(other)


def test_the_counties_of_a_state_are_found_by_any_spelling() -> None:
    assert counties_of("IN").find("ST JOSEPH COUNTY") == "St. Joseph"
    assert counties_of("IL").find("De Kalb") == "DeKalb"
    assert counties_of("NJ").find("Orange") is None
    assert counties_of("ZZ").find("Mercer") is None
