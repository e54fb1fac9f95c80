"""Places: states, counties and ZIPs, as documents print them and as we keep them. Everything is offline."""

from extraction.places.counties import county_key, county_name
from extraction.places.states import State, state_code, states, states_named
from extraction.places.zips import CountyNames, Place, city_county, counties_of, zip_place

__all__ = [
    "CountyNames",
    "Place",
    "State",
    "city_county",
    "counties_of",
    "county_key",
    "county_name",
    "state_code",
    "states",
    "states_named",
    "zip_place",
]
