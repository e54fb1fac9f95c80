"""Places: states, counties and ZIPs, as documents print them and as we keep them. Everything is offline."""

from extraction.places.counties import County, counties_of, county_name, county_of, is_independent_city
from extraction.places.states import State, state_code, states, states_named
from extraction.places.zips import Place, city_county, place_words, zip_place

__all__ = [
    "County",
    "Place",
    "State",
    "city_county",
    "counties_of",
    "county_name",
    "county_of",
    "is_independent_city",
    "place_words",
    "state_code",
    "states",
    "states_named",
    "zip_place",
]
