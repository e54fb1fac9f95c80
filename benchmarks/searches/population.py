"""An organization of invented people at invented schools, as many as wanted, spread as real ones are.

Names are as frequent as in the census (package `names`), schools stand in states by their population, half of the
people are teachers, every thirtieth is a principal, and one in twenty works at two schools.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

import names
import psycopg

from extraction.places import counties_of, states

SCHOOL_PEOPLE = 40
"""People at a school: a mean of the lists seen."""

DISTRICT_SCHOOLS = 8

TITLES = (
    (30, "teacher", "Teacher"),
    (12, "teacher", "Mathematics Teacher"),
    (10, "teacher", "English Language Arts Teacher"),
    (8, "special_ed", "Special Education Teacher"),
    (8, "paraprofessional", "Paraprofessional"),
    (6, "secretary", "Administrative Assistant"),
    (4, "counselor", "School Counselor"),
    (4, "principal", "Principal"),
    (3, "assistant_principal", "Assistant Principal"),
    (3, "nurse", "School Nurse"),
    (3, "reading_specialist", "Title I Reading Interventionist"),
    (2, "librarian_media", "Library Media Specialist"),
    (2, "instructional_technology", "Technology Coordinator"),
)
_KINDS = ("Elementary School", "Middle School", "High School", "Academy")


def fill(connection: psycopg.Connection[Any], organization_id: UUID, people: int, *, seed: int) -> int:
    """Stores so many people and the schools they work at, as the server's superuser, whom no policy binds.

    Returns:
        The number of schools.
    """
    chance = random.Random(seed)
    schools = max(1, people // SCHOOL_PEOPLE)
    _copy(connection, _SCHOOL, _schools(chance, organization_id, schools))
    first_school = _lowest(connection, "school")
    _copy(connection, _STAFF, _people(chance, organization_id, people))
    first_person = _lowest(connection, "staff_member")
    _copy(connection, _POST, _posts(chance, organization_id, first_person, people, first_school, schools))
    connection.execute(
        "UPDATE staff_post SET title = m.title, role = m.role"
        " FROM staff_member m WHERE m.id = staff_post.staff_member_id"
    )
    connection.execute("VACUUM ANALYZE")
    return schools


class Names:
    """First and last names by their frequency."""

    def __init__(self) -> None:
        folder = Path(names.__file__).parent
        self.first, self._first_weights = _census(folder / "dist.female.first")
        self.last, self._last_weights = _census(folder / "dist.all.last")

    def draw(self, chance: random.Random, count: int) -> Iterator[tuple[str, str]]:
        """So many first and last names."""
        first = chance.choices(self.first, cum_weights=self._first_weights, k=count)
        last = chance.choices(self.last, cum_weights=self._last_weights, k=count)
        return zip(first, last, strict=True)


def _census(file: Path) -> tuple[list[str], list[float]]:
    rows = [line.split() for line in file.read_text(encoding="ascii").splitlines()]
    return [row[0].title() for row in rows], [*accumulate(float(row[1]) + 1e-4 for row in rows)]


def _copy(connection: psycopg.Connection[Any], into: str, rows: Iterator[Sequence[object]]) -> None:
    with connection.cursor().copy(f"COPY {into} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _lowest(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT min(id) FROM {table}".encode()).fetchone()
    return row[0] if row else 0


_SCHOOL = (
    "school (organization_id, identity, nces_id, name, district, city, county, county_fips, state, zip, title1_status,"
    " latitude, longitude, confidence)"
)


def _schools(chance: random.Random, organization_id: UUID, count: int) -> Iterator[Sequence[object]]:
    counties = [county for code in states() for county in counties_of(code)]
    weights = [*accumulate(1 / (1 + at % 97) for at in range(len(counties)))]
    districts = chance.choices(range(len(counties)), cum_weights=weights, k=1 + count // DISTRICT_SCHOOLS)
    for number, (_, last) in enumerate(Names().draw(chance, count)):
        at = districts[number // DISTRICT_SCHOOLS]
        county = counties[at]
        name = f"{last} {chance.choice(_KINDS)}"
        district = f"{county.name} District {number // DISTRICT_SCHOOLS}"
        place = (24.5 + (at * 37 % 2400) / 100, -67.0 - (at * 101 % 5700) / 100)
        status = chance.choices(("schoolwide", "targeted", "not_eligible"), weights=(6, 3, 1))[0]
        yield (
            *(organization_id, f"school-{number}", f"{number:012}", name, district, f"{county.name} City"),
            *(county.name, county.fips, county.state, f"{10_000 + at:05}", status),
            *(place[0] + chance.uniform(-0.2, 0.2), place[1] + chance.uniform(-0.2, 0.2), 0.95),
        )


_STAFF = (
    "staff_member (organization_id, identity, name, first_name, last_name, title, role, email, email_state, confidence)"
)


def _people(chance: random.Random, organization_id: UUID, count: int) -> Iterator[Sequence[object]]:
    titles = chance.choices(TITLES, weights=[title[0] for title in TITLES], k=count)
    for number, ((first, last), (_, role, title)) in enumerate(zip(Names().draw(chance, count), titles, strict=True)):
        email = f"{first}.{last}.{number}@district.example.org".lower() if chance.random() < 0.63 else None
        state = "published" if email else "none"
        yield organization_id, f"p{number}", f"{first} {last}", first, last, title, role, email, state, 0.93


_POST = "staff_post (organization_id, staff_member_id, school_id, role, source_url)"


def _posts(
    chance: random.Random, organization_id: UUID, first_person: int, people: int, first_school: int, schools: int
) -> Iterator[Sequence[object]]:
    for number in range(people):
        at = {number // SCHOOL_PEOPLE % schools}
        if chance.random() < 0.05:
            at.add(chance.randrange(schools))
        for school in at:
            url = f"https://school-{school}.example.org/staff"
            yield organization_id, first_person + number, first_school + school, "teacher", url
