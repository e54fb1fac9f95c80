"""Where ZIPs lie, and how far that is."""

from __future__ import annotations

from importlib.resources import files

import pytest

from extraction.places import Point, miles_between, zip_point, zips_within
from extraction.places.make_zips import points


def test_the_table_of_points_is_that_of_the_package() -> None:
    assert files("extraction.places").joinpath("zip_points.tsv").read_text("utf-8") == points()


def test_a_zip_lies_where_its_city_does() -> None:
    austin = zip_point("78701")
    assert austin is not None
    assert miles_between(austin, Point(30.2672, -97.7431)) < 2
    assert zip_point("78701-1234") == austin
    assert zip_point("00000") is None


@pytest.mark.parametrize(
    ("one", "other", "miles"),
    [
        (Point(40.7128, -74.0060), Point(34.0522, -118.2437), 2446),  # New York and Los Angeles
        (Point(51.88, 179.99), Point(51.88, -179.99), 0.85),  # over the date line
        (Point(0.0, 0.0), Point(0.0, 180.0), 12437),
    ],
)
def test_the_way_between_two_points(one: Point, other: Point, miles: float) -> None:
    assert miles_between(one, other) == pytest.approx(miles, rel=0.005)


def test_the_zips_around_a_place_are_all_those_and_no_others() -> None:
    austin = Point(30.2672, -97.7431)
    around = zips_within(austin, 25)
    assert {"78701", "78613", "78640"} <= set(around)
    assert "78205" not in around  # San Antonio
    assert around == sorted(around)
    assert zips_within(Point(0.0, 0.0), 100) == []
