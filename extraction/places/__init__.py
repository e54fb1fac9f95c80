"""Places: states, counties and ZIPs, as documents print them and as we keep them. Everything is offline."""

from extraction.places.counties import County, counties_of, county_name, county_of, is_independent_city
from extraction.places.points import Point, miles_between, zip_point, zips_within
from extraction.places.states import State, state_code, states, states_named
from extraction.places.zips import Place, city_county, place_words, zip_place

__all__ = [
    "County",
    "Place",
    "Point",
    "State",
    "city_county",
    "counties_of",
    "county_name",
    "county_of",
    "is_independent_city",
    "miles_between",
    "place_words",
    "state_code",
    "states",
    "states_named",
    "zip_place",
    "zip_point",
    "zips_within",
]
