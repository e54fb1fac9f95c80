"""Whose staff is listed: the visited school's, or other schools' that share its site or its district's list.

Districts print one list on the host of each of their schools, and two schools may share a site. Such lists say for each
person, or in the heading above several, where they work. Asked by the harvest for every page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from crawler.discovery.school_names import SchoolName, is_district_name, long_words
from extraction.staff.records import Person
from extraction.staff.vocabulary import table

_PARTS = re.compile(r"\s*(?:,|;|/|\||\n|\band\b|&|\+)\s*(?=\S)")
_OFFICES = re.compile(
    r"(?i)\b(?:district|central|administrative|administration|superintendent'?s?)\s+(?:office|offices|center|building"
    r"|services)\b|\b(?:district|system)[- ]?wide\b|\bboard office\b"
)


class Belonging(Enum):
    """Where a text says that somebody works."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    UNTOLD = "untold"
    """It names no school."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """The people of a page who belong to the school, and how many were left out."""

    people: list[Person]
    elsewhere: int = 0


def people_of(school: str, people: Sequence[Person]) -> Belongings:
    """The people of a page who work at the school, as far as the page says where they work.

    Args:
        school: The school's name; without one nobody can be told apart.
        people: Everybody on the page.
    """
    if not school:
        return Belongings([*people])
    name = SchoolName(school)
    # "Middle School" stands over others only where "Elementary School" stands over ours.
    headings = {heading for one in people for heading in one.headings}
    by_level = any(_level(heading, name) is Belonging.HERE for heading in headings)
    # Most people of a page stand under the same headings.
    told = {(one.location, one.headings) for one in people}
    place_of = {(location, above): _place(location, above, name, by_level=by_level) for location, above in told}
    places = [place_of[person.location, person.headings] for person in people]
    # Where some are said to be here, a place without a school's word ("Adams") is another school, too.
    strict = any(place is Belonging.HERE and one.location for place, one in zip(places, people, strict=True))
    kept = [
        person
        for person, place in zip(people, places, strict=True)
        if place is Belonging.HERE or (place is Belonging.UNTOLD and not (strict and person.location))
    ]
    return Belongings(kept, len(people) - len(kept))


def where(text: str, name: SchoolName) -> Belonging:
    """What a printed place or a heading says, such as "Lincoln Elementary, Adams Middle" or "District Office"."""
    parts = [part for part in (text, *_PARTS.split(text)) if part]
    if any(name.is_named_in(part) for part in parts):
        return Belonging.HERE
    if _OFFICES.search(text) or is_district_name(text):
        return Belonging.ELSEWHERE
    others = [part for part in parts if name.is_other_school(part) and not SchoolName(part).own <= _words_of_staff()]
    return Belonging.ELSEWHERE if others else Belonging.UNTOLD


def _place(location: str | None, headings: Sequence[str], name: SchoolName, *, by_level: bool) -> Belonging:
    """Where a person works, by their own block or else the nearest heading that says it."""
    if location:
        return where(location, name)
    for heading in reversed(headings):
        place = where(heading, name)
        if place is Belonging.UNTOLD and by_level:
            place = _level(heading, name)
        if place is not Belonging.UNTOLD:
            return place
    return Belonging.UNTOLD


def _level(heading: str, name: SchoolName) -> Belonging:
    """What a heading says that names a level of schools and no school: "High School Staff"."""
    read = SchoolName(heading)
    if not (read.levels and name.levels) or not read.own <= _words_of_staff():
        return Belonging.UNTOLD
    return Belonging.HERE if read.levels & name.levels else Belonging.ELSEWHERE


@cache
def _words_of_staff() -> frozenset[str]:
    """Words that headings of staff lists have and names of schools have not: "High School Science Teachers"."""
    roles = [word for role in table("roles")["role"] for word in role["words"]]
    return frozenset(word for phrase in (*roles, *table("sections")["staff"]) for word in long_words(phrase))
