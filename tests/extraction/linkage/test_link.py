"""Rows of a list → NCES ids: which decides what, and who waits for a person. Figures on perturbed names."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

import msgspec
import pytest

from extraction.linkage.directory import Directory
from extraction.linkage.grades import grades_of
from extraction.linkage.link import link_school, link_schools
from extraction.linkage.records import Band, Link, ListedSchool
from extraction.linkage.state_ids import listed_id, names_school, official_id
from extraction.nces import DirectorySchool, schools_of
from tests.extraction.linkage.invented import invented_directory
from tests.extraction.linkage.perturbed import Printed, printed_rows, without_some
from tests.school_web.directory_file import directory_csv
from tests.school_web.founding import generate

pytestmark = pytest.mark.untraced


def official(number: int, name: str, district: str = "Green Valley ISD", **more: str) -> DirectorySchool:
    place = {"state": "NJ", "lea_id": f"34{sum(map(ord, district)):05d}", "state_id": f"NJ-250370-{number:03d}"}
    return DirectorySchool(nces_id=f"{340000000000 + number}", name=name, district=district, **place | more)


DIRECTORY = Directory(
    [
        official(1, "Lincoln Elementary School", city="Marlow", zip="08601", low_grade="KG", high_grade="05"),
        official(2, "Lincoln Middle School", city="Marlow", zip="08601", low_grade="06", high_grade="08"),
        official(3, "Lincoln Elementary School", "Harbor Public Schools", state_id="NJ-110020-003", phone="6095550103"),
        official(4, "P.S. 12", low_grade="KG", high_grade="06"),
        official(5, "P.S. 21", low_grade="KG", high_grade="06"),
        official(6, "Oak Ridge Elementary School", zip="08601"),
        official(7, "Oak Ridge Annex", zip="08601"),
        official(8, "High School", "Quarry Regional"),
        official(9, "Alder Elementary School", "Stone County Schools"),
        official(10, "Alder Elementary School", "Stone City Schools"),
    ]
)


def listed(name: str, district: str | None = None, **more: str) -> ListedSchool:
    return ListedSchool(key=name, name=name, district=district, state=more.pop("state", "NJ"), **more)


def number(link: Link) -> tuple[int | None, str]:
    return (int(link.nces_id) % 1000 if link.nces_id else None), link.band


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (listed("Lincoln ES", "GREEN VALLEY SCHOOLS"), (1, "automatic")),
        (listed("Lincoln MS", "Green Valley"), (2, "automatic")),
        (listed("Lincoln Elem", "Harbor SD"), (3, "automatic")),
        (listed("Lincoln Elem", phone="(609) 555-0103"), (3, "automatic")),
        (listed("Lincoln Elem", city="Marlow"), (1, "automatic")),
        (listed("Lincoln Elem"), (1, "review")),  # there are two
        (listed("Lincoln", "Green Valley ISD", grade_span="K-5"), (1, "automatic")),
        (listed("PS12", "Green Valley"), (4, "automatic")),
        (listed("PS 13", "Green Valley"), (None, "none")),
        (listed("Oak Ridge Elementary"), (6, "automatic")),  # nobody else in the state is called so
        (listed("Oak Ridge Elementary", "Elsewhere Unified"), (6, "review")),
        (listed("High School", "Quarry Regional"), (8, "automatic")),
        (listed("Lincoln High School", "Green Valley"), (None, "none")),
        (listed("Alder ES", "Stone City"), (10, "automatic")),
        (listed("Alder ES", "Stone"), (9, "review")),
        (listed("Lincoln ES", "Green Valley", state="PA"), (None, "none")),
        (listed("Lincoln ES", "Green Valley", state=""), (None, "none")),
        (listed("", "Green Valley"), (None, "none")),
    ],
    ids=lambda value: value.name if isinstance(value, ListedSchool) else "",
)
def test_one_row_by_its_name_and_place(row: ListedSchool, found: tuple[int | None, str]) -> None:
    assert number(link_school(row, DIRECTORY)) == found


@pytest.mark.parametrize(
    ("printed", "district_id", "method"),
    [
        ("NJ-250370-001", None, "state_id"),
        ("250370-001", None, "state_id"),
        ("25-0370-001", None, "state_id"),
        ("250370001", None, "state_id"),
        ("001", "250370", "state_id"),
        ("1", "NJ-250370", "state_id"),
        ("1", None, "name"),
        ("999", "250370", "name"),
    ],
)
def test_printed_state_ids_come_first(printed: str, district_id: str | None, method: str) -> None:
    row = listed("Lincoln Elementary", "Green Valley", state_school_id=printed)
    link = link_school(msgspec.structs.replace(row, state_district_id=district_id), DIRECTORY)
    # Beside the district's name, its schools' own part of the id is enough.
    assert number(link) == (1, "automatic")
    assert link.method == ("state_id" if printed == "1" else method)


def test_a_short_id_alone_proves_nothing() -> None:
    assert number(link_school(listed("Nothing Like It", state_school_id="1"), DIRECTORY)) == (None, "none")
    row = listed("Nothing Like It", state_school_id="NJ-250370-001")
    link = link_school(row, DIRECTORY)
    assert number(link) == (1, "review")  # the id is there, under another name
    assert {reason.name for reason in link.reasons} == {"state_id", "other_name"}


@pytest.mark.parametrize(
    ("printed", "official_text", "same"),
    [
        ("TX-001902041", "TX-001902-001902041", True),
        ("1902041", "TX-001902-001902041", True),
        ("01611190130229", "CA-0161119-0130229", True),
        ("0130229", "CA-0161119-0130229", True),
        ("25", "NJ-250370-025", False),
        ("025", "025", False),
        ("", "NJ-250370-025", False),
    ],
)
def test_ids_are_known_by_their_parts(printed: str, official_text: str, same: bool) -> None:
    state_id = official_id(official_text)
    assert state_id is not None
    assert names_school(listed_id(printed, official_text[:2]), "", state_id) is same


def test_an_nces_id_decides_though_a_spreadsheet_ate_its_zero() -> None:
    directory = Directory([DirectorySchool(nces_id="010000500870", name="Oak Elementary", state="AL")])
    link = link_school(ListedSchool(key="1", name="Acorn School", state="AL", nces_id="10000500870"), directory)
    assert (link.nces_id, link.band, link.method) == ("010000500870", "automatic", "nces_id")


def test_two_rows_never_share_a_school_and_the_worse_one_waits() -> None:
    exact = listed("Oak Ridge Elementary School", "Green Valley")
    loose = listed("Oak Rdge Elementary", "Green Valley")
    links = link_schools([loose, exact], DIRECTORY)
    assert [number(link) for link in links] == [(7, "review"), (6, "automatic")]
    assert links[0].reasons[-1].name == "taken"
    both = link_schools([listed("P.S. 12", "Green Valley"), listed("PS 12", "Green Valley")], DIRECTORY)
    assert [number(link) for link in both] == [(4, "review"), (4, "review")]
    twins = link_schools([exact, msgspec.structs.replace(exact, key="again")], DIRECTORY)
    assert all(link.band is Band.REVIEW for link in twins)


def test_many_rows_that_want_the_same_schools_are_linked_too() -> None:
    schools = [official(n, f"Birch Number {n}", lea_id="3400009") for n in range(1, 41)]
    rows = [listed(f"Birch Number {n}", "Green Valley ISD") for n in range(1, 41)]
    links = link_schools([*rows, *(listed("Birch", "Green Valley ISD") for _ in range(3))], Directory(schools))
    assert [number(link) for link in links[:40]] == [(n, "automatic") for n in range(1, 41)]
    assert all(link.band is not Band.AUTOMATIC for link in links[40:])


def test_a_link_says_why() -> None:
    link = link_school(listed("Lincoln ES", "Green Valley", city="Marlow", grade_span="K-5"), DIRECTORY)
    assert {reason.name: reason.points > 0 for reason in link.reasons} == {
        "name": True, "district": True, "city": True, "grades": True,
    }  # fmt: skip
    assert sum(reason.points for reason in link.reasons) == pytest.approx(link.choices[0].points)
    assert 0.85 <= link.score <= 1


@pytest.mark.parametrize(
    ("span", "grades"),
    [
        ("K-5", range(6)),
        ("PK - 08", range(-1, 9)),
        ("9-12", range(9, 13)),
        ("06", (6,)),
        ("Pre-K–2", range(-1, 3)),
        ("?", ()),
    ],
)
def test_grades_are_numbers(span: str, grades: Sequence[int]) -> None:
    assert grades_of(span) == frozenset(grades)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a list: shares of the automatic links that are right, and of the schools that were linked so."""

    precision: float
    recall: float
    automatic: int


def figures(printed: Sequence[Printed], directory: Sequence[DirectorySchool], absent: set[str]) -> Figures:
    links = link_schools([row.row for row in printed], Directory(directory))
    truths = [row.nces_id if row.nces_id not in absent else None for row in printed]
    automatic = [
        (link.nces_id, truth) for link, truth in zip(links, truths, strict=True) if link.band is Band.AUTOMATIC
    ]
    right = sum(found == truth for found, truth in automatic)
    present = sum(truth is not None for truth in truths)
    return Figures(right / max(1, len(automatic)), right / present, len(automatic))


@pytest.mark.parametrize("seed", [7, 1812, 90210])
def test_perturbed_names_of_an_invented_country(seed: int) -> None:
    full = invented_directory(seed)
    assert len(full) >= 5_000
    assert len({school.state for school in full}) == 50
    kept, absent = without_some(full, seed=seed)
    found = figures(printed_rows(full, seed=seed, share=0.6), kept, absent)
    assert found.automatic > 4_000
    assert found.precision >= 0.99, found
    assert found.recall >= 0.95, found


@pytest.mark.parametrize(("seed", "wide"), [(3, False), (11, False), (1965, False), (1965, True)])
def test_perturbed_names_of_the_simulated_directory(seed: int, *, wide: bool) -> None:
    world = generate(seed, 200, 40, wide=True) if wide else generate(seed)
    directory = list(schools_of(csv.reader(StringIO(directory_csv(world, 8000)))))
    kept, absent = without_some(directory, seed=seed)
    found = figures(printed_rows(directory, seed=seed), kept, absent)
    assert found.automatic > 200
    assert found.precision >= 0.99, found
    assert found.recall >= 0.95, found
