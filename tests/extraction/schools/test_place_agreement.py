"""Places of a row agree with each other, or the page is less sure of itself and says why."""

from __future__ import annotations

from typing import get_args

import pytest

from extraction.evidence import Box, Printed
from extraction.places import county_name
from extraction.schools.confidence import _agree, county_warnings
from extraction.schools.reader import read_document
from extraction.schools.records import FieldName, SchoolRow
from tests.extraction.schools.papers import draw_ruled, paper

BOX = Box(0, 0, 1, 1)


def row(**values: str) -> SchoolRow:
    fields: dict[FieldName, Printed] = {
        field: Printed(values[field], county_name(values[field]) if field == "county" else values[field], BOX)
        for field in get_args(FieldName)
        if field in values
    }
    return SchoolRow(page=1, row=1, box=BOX, fields=fields, confidence=1.0)


@pytest.mark.parametrize(
    ("values", "state", "share"),
    [
        ({"zip": "08608", "city": "Trenton", "county": "Mercer County", "state": "NJ"}, None, 1.0),
        ({"zip": "08608", "city": "TRENTON", "county": "Mercer"}, "NJ", 1.0),
        ({"zip": "08608", "county": "Mercer"}, None, 1.0),  # the ZIP says the state
        ({"zip": "08608", "city": "Ewing"}, "NJ", 1.0),  # another city of the same county
        ({"zip": "08608", "city": "Newark"}, "NJ", 1 / 1.5),
        ({"zip": "08608", "county": "Essex"}, "NJ", 2 / 2.25),
        ({"zip": "08608", "county": "Riverbend"}, "NJ", 1 / 2),
        ({"county": "Riverbend"}, "NJ", 0.0),
        ({"county": "Riverbend"}, None, 1.0),  # nothing to judge it by
        ({"zip": "00000", "city": "Trenton"}, None, 0.0),
        ({"zip": "08608", "state": "PA"}, None, 0.0),
        ({}, "NJ", 1.0),
    ],
)
def test_the_share_of_places_that_agree(values: dict[str, str], state: str | None, share: float) -> None:
    assert _agree([row(**values)], state) == pytest.approx(share)


def test_ids_of_unusual_length_do_not_agree() -> None:
    assert _agree([row(state_school_id=code) for code in ("101", "102", "103", "10")], None) == 0.75


def test_a_heading_that_was_missed_shows_in_the_zips() -> None:
    right = [row(county="Essex", zip="07102")] * 6
    wrong = [row(county="Essex", zip="08608")] * 9
    assert county_warnings(right) == []
    assert county_warnings(wrong) == [
        "9 of 9 rows of county “Essex” have ZIPs of “Mercer”; a heading may have been missed"
    ]
    # A few may lie across the line.
    assert county_warnings([*right, *wrong[:3]]) == []
    assert county_warnings([row(county="Essex", zip="08608")] * 4) == []


def test_a_county_gets_its_official_name_and_stays_as_printed() -> None:
    pdf = paper()
    rows = [
        ("Ash Elementary School", "ST LOUIS CITY", "MO"),
        ("Birch Elementary School", "De Kalb Co.", "MO"),
        ("Cedar Elementary School", "Ste Genevieve", "MO"),
        ("Dogwood Elementary School", "Region 4", "MO"),
    ]
    draw_ruled(pdf, ("School Name", "County", "State"), rows, (200, 150, 60))
    [page] = read_document(bytes(pdf.output()))
    assert [school.text("county") for school in page.rows] == [county for _, county, _ in rows]
    assert [school.value("county") for school in page.rows] == [
        "St. Louis city",
        "DeKalb",
        "Ste. Genevieve",
        "Region 4",
    ]


def test_a_column_that_holds_no_counties_makes_a_page_less_sure() -> None:
    sure: list[float] = []
    for counties in (("Mercer", "Camden", "Essex", "Mercer"), ("Spruce", "Pinehurst", "Riverbend", "Spruce")):
        pdf = paper()
        rows = [(f"{tree} Elementary School", county, "NJ") for tree, county in zip("ABCD", counties, strict=True)]
        draw_ruled(pdf, ("School Name", "County", "State"), rows, (200, 150, 60))
        [page] = read_document(bytes(pdf.output()))
        sure.append(page.confidence)
    assert sure[1] < sure[0] - 0.2
