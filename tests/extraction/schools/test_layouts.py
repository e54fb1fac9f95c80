"""A list is read back as it was printed, however it is laid out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

import pypdf
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extraction.schools.reader import read_document
from extraction.schools.records import FieldName, PageReading, SchoolRow
from extraction.schools.sheets import printed_text, read_sheet
from tests.extraction.schools.papers import HEADER, SCHOOLS, WIDTHS, Row, draw_plain, draw_ruled, paper

Draw = Callable[..., None]
FIELDS: tuple[FieldName, ...] = ("district", "name", "city", "zip", "title1_status", "enrollment")


def read(pdf: FPDF, *, first: int = 1, pages: list[int] | None = None, state: str | None = None) -> list[PageReading]:
    return list(read_document(bytes(pdf.output()), first=first, pages=pages, state=state))


def texts(rows: Iterable[SchoolRow]) -> list[tuple[str | None, ...]]:
    return [tuple(row.text(field) for field in FIELDS) for row in rows]


def test_a_ruled_table_is_read_as_printed() -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    [page] = read(pdf)
    assert page.method == "ruled"
    assert texts(page.rows) == [tuple(row) for row in SCHOOLS]
    assert page.rows_expected == len(SCHOOLS)
    assert page.confidence > 0.85
    assert page.warnings == ()


def test_values_are_normalized_beside_what_is_printed() -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    [page] = read(pdf)
    statuses = [row.value("title1_status") for row in page.rows]
    assert statuses == ["schoolwide", "targeted", "eligible_not_served", "schoolwide", "targeted"]
    assert [row.value("enrollment") for row in page.rows] == ["1024", "388", "912", "45", "210"]
    assert page.rows[0].text("enrollment") == "1,024"


def test_double_rules_make_no_ghost_columns() -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS, double=True)
    [page] = read(pdf)
    assert texts(page.rows) == [tuple(row) for row in SCHOOLS]


@pytest.mark.parametrize("draw", [draw_ruled, draw_plain])
def test_wrapped_names_are_joined_in_their_row(draw: Draw) -> None:
    long = ("Greater Wexley Consolidated Union School District", "The Ottoline Marchbanks School of Performing Arts")
    rows = [(*long, "Trenton", "08608", "Schoolwide", "77"), *SCHOOLS]
    pdf = paper()
    draw(pdf, HEADER, rows, (110, 120, 80, 50, 90, 60))
    [page] = read(pdf)
    assert texts(page.rows) == [tuple(row) for row in rows]


def test_plain_columns_are_read_as_printed() -> None:
    pdf = paper()
    draw_plain(pdf, HEADER, SCHOOLS, WIDTHS, right=(5,))
    [page] = read(pdf)
    assert page.method == "columns"
    assert texts(page.rows) == [tuple(row) for row in SCHOOLS]


def test_a_monospaced_report_is_read_as_printed() -> None:
    pdf = paper(font="courier", size=7)
    draw_plain(pdf, HEADER, SCHOOLS, (140, 130, 70, 50, 100, 60))
    [page] = read(pdf)
    assert texts(page.rows) == [tuple(row) for row in SCHOOLS]


@pytest.mark.parametrize("draw", [draw_ruled, draw_plain])
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_is_displayed_turned_is_read_as_displayed(draw: Draw, turn: int) -> None:
    upright = paper()
    draw(upright, HEADER, SCHOOLS, WIDTHS)
    writer = pypdf.PdfWriter(io.BytesIO(bytes(upright.output())))
    page = writer.pages[0]
    # Turn the content one way and the page the other: it looks as before.
    page.rotate(turn).transfer_rotation_to_content()
    page.rotate(-turn % 360)
    out = io.BytesIO()
    writer.write(out)
    [reading] = list(read_document(out.getvalue()))
    assert texts(reading.rows) == [tuple(row) for row in SCHOOLS]
    assert all(
        0 < row.box.left < row.box.right < 612 and 0 < row.box.top < row.box.bottom < 792 for row in reading.rows
    )


def test_repeated_headers_footers_and_totals_are_no_schools() -> None:
    pdf = paper()
    for number in (1, 2):
        draw_plain(pdf, HEADER, [*SCHOOLS, ("", "District Total", "", "", "", "2,579")], WIDTHS)
        pdf.text(30, 30, "Title I Schools of the State of New Jersey, 2024-25")
        pdf.text(40, 770, "Office of Federal Programs")
        pdf.text(280, 770, f"Page {number} of 2")
        pdf.text(30, 760, "SW = Schoolwide, TA = Targeted Assistance")
    pages = read(pdf)
    assert [texts(page.rows) for page in pages] == [[tuple(row) for row in SCHOOLS]] * 2


@pytest.mark.parametrize("draw", [draw_ruled, draw_plain])
def test_a_table_goes_on_without_its_header(draw: Draw) -> None:
    pdf = paper()
    draw(pdf, HEADER, SCHOOLS, WIDTHS)
    draw(pdf, None, SCHOOLS[:2], WIDTHS)
    first, second = read(pdf)
    assert texts(second.rows) == [tuple(row) for row in SCHOOLS[:2]]
    assert second.confidence < first.confidence


def test_a_resumed_reading_gives_the_rows_of_an_uninterrupted_one() -> None:
    pdf = paper()
    draw_plain(pdf, HEADER, SCHOOLS, WIDTHS)
    draw_plain(pdf, None, SCHOOLS[2:], WIDTHS)
    draw_plain(pdf, None, SCHOOLS[1:], WIDTHS)
    whole = read(pdf)
    assert read(pdf, first=3) == whole[2:]
    assert read(pdf, pages=[2]) == whole[1:2]


def test_a_district_that_heads_its_schools_is_carried_down_and_over_the_page() -> None:
    pdf = paper()
    header = ("School Name", "ZIP", "Status")
    draw_plain(pdf, header, [], (200, 80, 90))
    y = 80
    for line in ("Cedar Falls Public Schools (0290)", "Harrowgate School District"):
        pdf.text(30, y, line)
        for number in range(4):
            y += 14
            pdf.text(30, y, f"Quillfeather {number} Elementary")
            pdf.text(230, y, f"0860{number}")
            pdf.text(310, y, "Schoolwide")
        y += 14
    draw_plain(pdf, header, [("Brackenridge Middle", "08102", "Targeted")], (200, 80, 90))
    first, second = read(pdf)
    assert [row.text("district") for row in first.rows] == [
        *["Cedar Falls Public Schools"] * 4,
        *["Harrowgate School District"] * 4,
    ]
    assert first.rows[0].value("state_district_id") == "0290"
    carried = second.rows[0].fields["district"]
    assert (carried.text, carried.box, carried.derived_from) == (
        "Harrowgate School District",
        None,
        "heading on page 1",
    )


def test_the_state_comes_from_the_title_and_says_so() -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    pdf.text(30, 40, "Vermont Agency of Education: Title I schools")
    [page] = read(pdf)
    state = page.rows[0].fields["state"]
    assert (state.text, state.value, state.box, state.derived_from) == ("Vermont", "VT", None, "title")


def test_the_state_that_is_given_wins() -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    [page] = read(pdf, state="NJ")
    assert {row.value("state") for row in page.rows} == {"NJ"}


def test_a_page_without_anything_on_it_is_empty_and_no_reason_to_warn() -> None:
    pdf = paper()
    pdf.add_page()
    [page] = read(pdf)
    assert (page.method, page.rows, page.warnings) == ("empty", (), ())


def test_a_letter_is_no_list() -> None:
    pdf = paper()
    pdf.add_page()
    for number, line in enumerate(["Dear families,", "our school will open on Monday.", "Yours, the office"]):
        pdf.text(40, 60 + 14 * number, line)
    [page] = read(pdf)
    assert (page.method, page.rows) == ("no_table", ())


def test_every_printed_value_stands_in_its_box() -> None:
    """The invariant of the room, checked against the words of the page itself."""
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    content = bytes(pdf.output())
    document = pdfium.PdfDocument(content)
    words = read_sheet(document, 1).words
    document.close()
    [page] = list(read_document(content))
    for row in page.rows:
        for printed in row.fields.values():
            if printed.box is None:
                assert printed.derived_from
                continue
            box = printed.box
            inside = [w for w in words if box.left <= w.center <= box.right and box.top <= w.middle <= box.bottom]
            assert printed.text in printed_text(inside)


_word = st.sampled_from(["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Ironwood", "Larch", "Oak"])
_names = st.builds(
    lambda words, kind: " ".join([*words, kind]),
    st.lists(_word, min_size=1, max_size=5),
    st.sampled_from(["Elementary School", "Middle School", "High School", "Academy", "K-8 School"]),
)
_row = st.tuples(
    st.builds(lambda word: f"{word} Valley Public Schools", _word),
    _names,
    st.sampled_from(["Trenton", "New Brunswick", "Fort Lee", "Egg Harbor Township"]),
    st.sampled_from(["08608", "08901", "07024-1234", "08234"]),
    st.sampled_from(["Schoolwide", "Targeted Assistance", "Not Served"]),
    st.integers(1, 4000).map(lambda number: f"{number:,}"),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(_row, min_size=3, max_size=18), draw=st.sampled_from([draw_ruled, draw_plain]))
def test_any_table_is_read_back(rows: list[Row], draw: Draw) -> None:
    pdf = paper()
    draw(pdf, HEADER, rows, (130, 130, 90, 60, 90, 60))
    assert texts(row for page in read(pdf) for row in page.rows) == [tuple(row) for row in rows]
