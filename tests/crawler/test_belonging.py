"""Lists that several schools share: each person goes to the right one, and nobody is lost where nothing is said."""

from __future__ import annotations

import pytest

from crawler.belonging import Belonging, people_of, where
from crawler.discovery.school_names import SchoolName
from extraction.staff.records import Person


def person(name: str, location: str | None = None, *headings: str) -> Person:
    return Person(name, location=location, headings=headings)


def kept(school: str, *people: Person) -> list[str]:
    return [one.name for one in people_of(school, people).people]


@pytest.mark.parametrize(
    ("school", "text", "place"),
    [
        ("Lincoln Elementary", "Lincoln Elementary School", Belonging.HERE),
        ("Lincoln Elementary", "Lincoln ES", Belonging.HERE),
        ("Lincoln Elementary", "Lincoln", Belonging.HERE),
        ("Lincoln Elementary", "Adams Middle School, Lincoln Elementary", Belonging.HERE),
        ("Lincoln Elementary", "Lincoln Middle School", Belonging.ELSEWHERE),
        ("Lincoln Elementary", "Adams Elementary", Belonging.ELSEWHERE),
        ("Lincoln Elementary", "District Office", Belonging.ELSEWHERE),
        ("Lincoln Elementary", "Quarry County Public Schools", Belonging.ELSEWHERE),
        ("Lincoln Elementary", "Central Administration Building", Belonging.ELSEWHERE),
        ("Lincoln Elementary", "Main Office", Belonging.UNTOLD),
        ("Lincoln Elementary", "Room 12", Belonging.UNTOLD),
        ("Lincoln Elementary", "Elementary School Music Teachers", Belonging.UNTOLD),
        ("Lincoln High School", "High School Counselors", Belonging.UNTOLD),
        ("Lincoln High School", "High School Science Department", Belonging.UNTOLD),
    ],
)
def test_what_a_place_says(school: str, text: str, place: Belonging) -> None:
    assert where(text, SchoolName(school)) is place


def test_a_district_list_gives_each_school_its_own_people() -> None:
    people = (
        person("Ana", "Lincoln Elementary"),
        person("Bea", "Adams Middle School"),
        person("Cem", "District Office"),
        person("Dov", "Adams Middle School, Lincoln Elementary"),
        person("Eli", "Adams"),
        person("Fay"),
    )
    assert kept("Lincoln Elementary School", *people) == ["Ana", "Dov", "Fay"]
    assert people_of("Lincoln Elementary School", people).elsewhere == 3
    assert kept("Adams Middle", *people) == ["Bea", "Dov", "Eli", "Fay"]


def test_rooms_and_buildings_send_nobody_away() -> None:
    people = (person("Ana", "Main Building"), person("Bea", "Gym"), person("Cem"))
    assert kept("Lincoln Elementary", *people) == ["Ana", "Bea", "Cem"]


def test_headings_of_two_schools_part_their_people() -> None:
    people = (
        person("Ana", None, "Our Staff", "Lincoln Elementary"),
        person("Bea", None, "Our Staff", "Adams Middle School", "Science"),
        person("Cem", None, "Our Staff"),
    )
    assert kept("Lincoln Elementary", *people) == ["Ana", "Cem"]
    assert kept("Adams Middle School", *people) == ["Bea", "Cem"]


def test_headings_of_levels_part_people_only_where_both_stand() -> None:
    two = (person("Ana", None, "Elementary School Staff"), person("Bea", None, "Middle School Staff"))
    assert kept("Quarry Elementary", *two) == ["Ana"]
    assert kept("Quarry Middle School", *two) == ["Bea"]
    # A school from kindergarten to grade 8 keeps its middle grades.
    assert kept("Quarry Elementary", two[1]) == ["Bea"]
    assert kept("Quarry Academy", *two) == ["Ana", "Bea"]


def test_the_nearest_heading_decides_and_the_own_block_before_it() -> None:
    people = (
        person("Ana", "Lincoln Elementary", "Adams Middle School"),
        person("Bea", None, "Adams Middle School", "Lincoln Elementary"),
    )
    assert kept("Lincoln Elementary", *people) == ["Ana", "Bea"]


def test_without_the_school_s_name_nobody_is_sent_away() -> None:
    assert kept("", person("Ana", "Adams Middle School"), person("Bea", "District Office")) == ["Ana", "Bea"]
