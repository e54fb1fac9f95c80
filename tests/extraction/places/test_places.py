"""Places: exact where they can be, silent where they cannot."""

from __future__ import annotations

from importlib.resources import files

import pytest

from extraction.places import (
    city_county,
    counties_of,
    place_words,
    state_code,
    states,
    states_named,
    zip_place,
)
from extraction.places.make_zips import table


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
        ("1350 Pennsylvania Avenue, Washington, DC 20004", []),
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
    assert place.county is not None
    assert (place.city, place.state, place.county.name, place.county.fips) == ("Newark", "NJ", "Essex", "34013")
    assert zip_place("00000") is None


@pytest.mark.parametrize(
    ("zip_code", "fips"),
    [
        ("99801", "02110"),  # "City and Borough of Juneau" in the table
        ("20417", "11001"),  # no county in the table, but the District has only one
        ("96910", "66010"),
        ("00908", "72127"),  # boxes in San Juan, whose other ZIPs have a county
        ("00820", "78010"),  # Christiansted on St. Croix
        ("96950", "69110"),
        ("96799", None),  # one ZIP for all of American Samoa
        ("30138", None),  # the table names a county of the state next door
    ],
)
def test_the_county_of_a_zip_is_filled_only_where_there_is_no_choice(zip_code: str, fips: str | None) -> None:
    place = zip_place(zip_code)
    assert place is not None
    assert (place.county.fips if place.county else None) == fips


def test_a_zip_accepts_its_cities_in_any_spelling() -> None:
    place = zip_place("55101")
    assert place is not None
    assert place.has_city("SAINT PAUL")
    assert place.has_city("St. Paul")
    assert not place.has_city("Minneapolis")


def test_a_city_tells_its_county_only_where_it_lies_in_one() -> None:
    for city, state, county in (
        ("Trenton", "NJ", "Mercer"),
        ("SAINT JOSEPH", "MI", "Berrien"),
        ("St. Joseph", "mi", "Berrien"),
        ("Mt. Airy", "NC", "Surry"),
    ):
        found = city_county(city, state)
        assert found is not None
        assert found.name == county
    assert city_county("Nowhere at All", "NJ") is None
    assert city_county("Kansas City", "MO") is None


def test_the_words_of_places_are_those_of_cities_and_counties() -> None:
    assert {"attala", "baton", "rouge", "newark", "philadelphia"} <= place_words()
    assert "elementary" not in place_words()


def test_every_state_has_counties() -> None:
    assert [code for code in states() if not counties_of(code)] == []


def test_the_table_of_zips_is_that_of_the_package() -> None:
    kept = files("extraction.places").joinpath("zips.tsv").read_text("utf-8")
    assert kept == table()
