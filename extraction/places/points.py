"""Where ZIP codes lie, and how far that is from somewhere."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import msgspec

_EARTH_MILES = 3958.8
"""The mean radius of the earth."""

_DEGREE_MILES = math.radians(1) * _EARTH_MILES
"""From one degree of latitude to the next."""


class Point(msgspec.Struct, frozen=True):
    """A place on earth, in degrees; west and south are negative."""

    latitude: float
    longitude: float


def miles_between(one: Point, other: Point) -> float:
    """The way over a round earth (haversine), within half a percent of the true one."""
    south, north = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * _EARTH_MILES * math.asin(math.sqrt(min(1.0, half)))


def zip_point(zip_code: str) -> Point | None:
    """About the middle of a five-digit ZIP or ZIP+4; None for one that is unknown."""
    return _points().get(zip_code.strip()[:5])


def zips_within(center: Point, miles: float) -> list[str]:
    """The ZIPs whose middle lies within so many miles, in order."""
    reach = miles / _DEGREE_MILES
    return [
        code
        for code, point in _points().items()
        if abs(point.latitude - center.latitude) <= reach and miles_between(center, point) <= miles
    ]


@cache
def _points() -> dict[str, Point]:
    table = Path(__file__).with_name("zip_points.tsv").read_text("ascii")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {code: Point(float(latitude), float(longitude)) for code, latitude, longitude in rows}
