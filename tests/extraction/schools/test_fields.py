"""What a printed value means, field by field, and what cannot be a value at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.schools.fields import fits, guess_field, normalize
from extraction.schools.records import TITLE1_STATUSES, FieldName
from extraction.schools.vocabulary import header_meaning, vocabulary


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("Schoolwide", "schoolwide"),
        ("School-Wide Program", "schoolwide"),
        ("SW", "schoolwide"),
        ("SWP", "schoolwide"),
        ("Title I Schoolwide", "schoolwide"),
        ("TAS", "targeted"),
        ("T.A.", "targeted"),
        ("Targeted Assistance", "targeted"),
        ("Title I schoolwide eligible-Title I targeted assistance program", "targeted"),
        ("Eligible - Not Served", "eligible_not_served"),
        ("Title I schoolwide eligible school-No program", "eligible_not_served"),
        ("Not Eligible", "not_eligible"),
        ("Non-Title I", "not_eligible"),
        ("Not a Title I school", "not_eligible"),
        ("Title 1 School", "unknown"),
        ("Yes", "unknown"),
        ("Lincoln", None),
        ("N/A", None),
    ],
)
def test_status_words(printed: str, status: str | None) -> None:
    assert normalize("title1_status", printed) == status


@pytest.mark.parametrize(
    ("field", "printed", "value"),
    [
        ("low_income_pct", "34.50%", "34.5"),
        ("low_income_pct", "100.00", "100"),
        ("low_income_pct", ".5", "0.5"),
        ("low_income_pct", "0%", "0"),
        ("low_income_pct", "05", "5"),
        ("low_income_pct", "101%", None),
        ("low_income_pct", "*", None),
        ("enrollment", "1,024", "1024"),
        ("enrollment", "1,02", None),
        ("enrollment", "n/a", None),
        ("zip", "08608", "08608"),
        ("zip", "08608-1234", "08608-1234"),
        ("zip", "21502-", "21502"),
        ("zip", "8608", None),
        ("phone", "609.555.0123", "(609) 555-0123"),
        ("phone", "1-609-555-0123 ext. 12", "(609) 555-0123 x12"),
        ("phone", "555-0123", None),
        ("grade_span", "KG-05", "KG-05"),
        ("grade_span", "PreK - 8", "PK-08"),
        ("grade_span", "9th to 12th", "09-12"),
        ("grade_span", "K, 1, 2, 3", "KG-03"),
        ("grade_span", "PK3-5", "PK-05"),
        ("grade_span", "K-5, 9-12", "KG-05,09-12"),
        ("grade_span", "35-99", None),
        ("grade_span", "Main Street", None),
        ("state", "N.J.", "NJ"),
        ("state", "Ohoi", None),
        ("county", "Mercer County", "Mercer"),
        ("nces_id", "34-00000-00123", "340000000123"),
        ("nces_id", "3400000001234", None),
        ("state_school_id", "A-104", "A-104"),
        ("state_school_id", "Lincoln", None),
        ("name", "P.S. 12", "P.S. 12"),
        ("name", "1,024", None),
        ("name", "55.00%", None),
        ("name", "12 Alder Street", None),
        ("name", "14 - 20 Cedar Avenue", None),
        ("name", "PO Box 12", None),
        ("name", "Trenton, NJ 08608", None),
        ("name", "(citywide, no boundary)", None),
        ("name", "T 609.555.0123 | www.example.org", None),
        ("name", "must submit an application through the lottery", None),
        ("name", "42 Alder Street School", "42 Alder Street School"),
        ("name", "School of the Arts at the Park", "School of the Arts at the Park"),
        ("address", "12", None),
    ],
)
def test_values(field: FieldName, printed: str, value: str | None) -> None:
    assert normalize(field, printed) == value


@given(st.integers(0, 999_999))
def test_any_count_is_read_without_its_commas(number: int) -> None:
    assert normalize("enrollment", f"{number:,}") == str(number)


@given(st.decimals(0, 100, places=2))
def test_any_share_keeps_its_worth(share: object) -> None:
    value = normalize("low_income_pct", f"{share}%")
    assert value is not None
    assert float(value) == float(str(share))


@given(st.text(max_size=40), st.sampled_from(["title1_status", "zip", "phone", "grade_span", "low_income_pct"]))
def test_no_text_breaks_a_normalizer(text: str, field: FieldName) -> None:
    value = normalize(field, text)
    assert value is None or value


@pytest.mark.parametrize(
    ("header", "heading"),
    [
        ("School Name", "name"),
        ("NAME OF\nSCHOOL", "name"),
        ("Public School District Name", "district"),
        ("LEA No.", "state_district_id"),
        ("SY 2024-25 Title I Status", "title1_status"),
        ("% Low Income", "low_income_pct"),
        ("ISP %", "low_income_pct"),
        ("City, State Zip", "place"),
        ("School Principal", "ignored"),
        ("Principal E-mail", "ignored"),
        ("Name", "weak_name"),
        ("Quillfeather Elementary", None),
        ("", None),
    ],
)
def test_headers(header: str, heading: str | None) -> None:
    meaning = header_meaning(header)
    assert (meaning.heading if meaning else None) == heading


def test_a_principal_is_never_a_school() -> None:
    for header in ("Principal", "Principal Name", "School Principal", "Name of Principal", "School Contact Name"):
        meaning = header_meaning(header)
        assert meaning is None or meaning.heading == "ignored", header


def test_every_status_of_the_vocabulary_is_one_of_ours() -> None:
    assert set(vocabulary().status.values()) == set(TITLE1_STATUSES)


def test_columns_without_a_header_are_named_only_where_nothing_else_is_possible() -> None:
    assert guess_field(["Alder Elementary", "Birch Middle", "The Grove"]) == "name"
    assert guess_field(["Schoolwide", "Targeted Assistance", "Not Served"]) == "title1_status"
    assert guess_field(["08608", "08609", "07102"]) == "zip"
    assert guess_field(["609-555-0101", "609-555-0102", "609-555-0103"]) == "phone"
    assert guess_field(["34%", "50%", "7%"]) == "low_income_pct"
    assert guess_field(["34", "50", "7"]) is None
    assert guess_field(["Alder Elementary"]) is None


def test_fits_does_not_count_blank_cells() -> None:
    assert fits("zip", ["08608", "N/A", "-", "x"]) == 0.5
    assert fits("zip", ["N/A"]) == 0.0
