"""Grounding: a value is what its own row prints, or it is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.evidence import Box
from extraction.schools.asking.bands import Band, BandedColumn, BandedPage
from extraction.schools.asking.grounded_rows import grounded_rows
from extraction.schools.asking.grounding import BandWords, folded
from extraction.schools.asking.row_question import ToldRows
from extraction.schools.page_space import Matrix, PageSpace
from extraction.schools.records import FieldName
from extraction.schools.sheets import box_of
from extraction.schools.words import Word


def band(*cells: str, top: float = 100.0) -> Band:
    """A band whose cells stand side by side; a line break in a cell starts its next line."""
    placed: list[tuple[Word, ...]] = []
    x = 10.0
    for text in cells:
        words: list[Word] = []
        for line, part in enumerate(text.split("\n")):
            at = x
            for word in part.split():
                width = 5.0 * len(word)
                words.append(Word(word, Box(at, top + 12 * line, at + width, top + 10 + 12 * line)))
                at += width + 3
        placed.append(tuple(words))
        x += 150
    boxes = [box_of(words) for words in placed if words]
    whole = boxes[0]
    for box in boxes[1:]:
        whole |= box
    return Band(whole, tuple(placed))


@pytest.mark.parametrize(
    ("cells", "value", "text"),
    [
        (["Alder Elementary", "Trenton"], "Alder Elementary", "Alder Elementary"),
        (["Alder Elementary", "Trenton"], "ALDER ELEMENTARY", "Alder Elementary"),
        (["P.S. 12", "Newark"], "PS 12", "P.S. 12"),
        (["P.S. 12", "Newark, NJ 07102"], "Newark", "Newark"),
        (["Alder Elementary (K-5)"], "K-5", "K-5"),
        (["Alder Elementary (K-5)"], "Alder Elementary", "Alder Elementary"),
        (["St. Osric\nAcademy", "Trenton"], "St. Osric Academy", "St. Osric Academy"),
        (["Wil-\nlow School", "Trenton"], "Willow School", "Wil-low School"),
        (["Straße School"], "Strasse School", "Straße School"),
    ],
)
def test_a_value_is_given_as_the_page_prints_it(cells: list[str], value: str, text: str) -> None:
    found = BandWords(band(*cells)).find(value)
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize(
    "value",
    [
        "Alder Elementary School",
        "Alder Element",
        "lder Elementary",
        "Elementary Alder",
        "Alder Trenton",
        "0860",
        "",
        "-",
    ],
)
def test_what_is_not_printed_is_not_found(value: str) -> None:
    assert BandWords(band("Alder Elementary", "Trenton", "08608")).find(value) is None


def test_no_two_values_are_made_of_the_same_words() -> None:
    words = BandWords(band("Trenton", "Alder School"))
    assert words.find("Trenton") is not None
    assert words.find("Trenton") is None
    twice = BandWords(band("Trenton", "Trenton"))
    first, second = twice.find("Trenton"), twice.find("Trenton")
    assert first is not None
    assert second is not None
    assert first.box != second.box


def test_words_of_a_scan_may_be_misspelt_but_not_its_numbers() -> None:
    scan = band("Quil1feather Elernentary", "08608")
    assert BandWords(scan).find("Quillfeather Elementary") is None
    assert BandWords(band("Quilfeather Elernentary"), misspelt=True).find("Quillfeather Elementary") is not None
    found = BandWords(band("Quilfeather Elernentary"), misspelt=True).find("Quillfeather Elementary")
    assert found is not None
    assert found.text == "Quilfeather Elernentary", "the page's own spelling is kept"
    assert BandWords(scan, misspelt=True).find("08609") is None
    assert BandWords(band("School 12 of Trenton"), misspelt=True).find("School 13 of Trenton") is None
    assert BandWords(band("Brent"), misspelt=True).find("Trent") is None


WORDS = st.text(alphabet="abcdefgABCxyz0123456789.-'", min_size=1, max_size=8).filter(folded)


@given(st.lists(WORDS, min_size=1, max_size=8), st.data())
def test_every_run_of_words_is_found_where_it_stands(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    row = band(" ".join(words))
    found = BandWords(row).find(" ".join(words[start:end]))
    assert found is not None
    assert folded(found.text) == folded("".join(words[start:end]))


@given(st.lists(WORDS, min_size=1, max_size=6), st.text(max_size=20))
def test_whatever_is_found_is_printed(words: list[str], value: str) -> None:
    row = band(" ".join(words))
    found = BandWords(row).find(value)
    if found is not None:
        assert folded(found.text) == folded(value)
        assert folded(found.text) in folded("".join(words))
        assert row.box.left <= found.box.left <= found.box.right <= row.box.right


def page(*bands: Band, shown: PageSpace | None = None) -> BandedPage:
    return BandedPage(1, 612, 792, (BandedColumn(0, 300),), bands, shown)


LISTED = [
    ("Alder School", "Trenton", "08608", "K-5"),
    ("Birch School", "Camden", "08102", "06-08"),
    ("Cedar School", "Newark", "07102", "09-12"),
    ("Dunmore School", "Salem", "08079", "PK-04"),
]
TOLD_FIELDS: tuple[FieldName, ...] = ("name", "city", "zip", "grade_span")
ANY_VALUE = st.sampled_from([value for row in LISTED for value in row]) | st.sampled_from(
    ["Elm School", "08", "School"]
)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.dictionaries(st.sampled_from(TOLD_FIELDS), ANY_VALUE)), min_size=1, max_size=12
    )
)
def test_whatever_a_model_tells_no_row_gets_a_value_that_it_does_not_print(
    told: list[tuple[int, dict[FieldName, str]]],
) -> None:
    listed = page(*(band(*row, top=30.0 * number) for number, row in enumerate(LISTED, start=1)))
    found = grounded_rows(listed, ToldRows(tuple(told)))
    for school in found.schools:
        own = next(row for one, row in zip(listed.bands, LISTED, strict=True) if one.box == school.box)
        printed = [value.text for value in school.fields.values()]
        assert all(any(text in value for value in own) for text in printed)


def test_headings_between_the_rows_are_read_by_our_own_rules() -> None:
    told = ToldRows(
        ((2, {"name": "Alder School"}), (4, {"name": "Birch School", "district": "Cedar Falls Public Schools"}))
    )
    listed = page(
        band("Cedar Falls Public Schools", top=10),
        band("Alder School", "Trenton", top=30),
        band("Harrowgate School District", top=50),
        band("Birch School", "Camden", top=70),
    )
    found = grounded_rows(listed, told)
    assert [school.text("district") for school in found.schools] == [
        "Cedar Falls Public Schools",
        "Harrowgate School District",
    ]
    assert found.dropped_values == 1, "a district that stands in another row is not this row's"


def test_a_value_that_cannot_be_what_it_was_told_to_be_is_dropped() -> None:
    told = ToldRows(((1, {"name": "Alder School", "zip": "Trenton", "phone": "08608"}),))
    found = grounded_rows(page(band("Alder School", "Trenton", "08608")), told)
    assert set(found.schools[0].fields) == {"name"}
    assert found.dropped_values == 2


def test_boxes_of_a_scan_are_put_where_a_person_sees_them() -> None:
    shown = PageSpace(792, 612, 90, Matrix(0, 1, -1, 0, 792, 0))
    found = grounded_rows(page(band("Alder School"), shown=shown), ToldRows(((1, {"name": "Alder School"}),)))
    box = found.schools[0].fields["name"].box
    assert box == Box(682, 10, 692, 68)
