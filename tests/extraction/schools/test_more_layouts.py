"""Directories in blocks, columns a level, cells that span, combined cells, headers in several lines."""

from __future__ import annotations

from itertools import pairwise

from fpdf import FPDF

from extraction.schools.json_lines import document_line
from extraction.schools.reader import read_document
from extraction.schools.records import Damage, PageReading, SchoolRow
from tests.extraction.schools.papers import HEADER, SCHOOLS, WIDTHS, draw_plain, draw_ruled, paper

BLOCKS = (
    ("Quillfeather Elementary", "12 Alder Street", "Trenton, NJ 08608", "609-555-0101", "K-5"),
    ("Brackenridge Middle School", "First & Birch Streets", "Trenton, NJ 08609", "609-555-0102", "6-8"),
    ("Dunmarrow High School", "14 - 20 Cedar Avenue", "Camden, NJ 08102-1234", "856-555-0103", "9-12"),
    ("P.S. 12", "P.O. Box 9", "Newark, NJ 07102", "973-555-0104", "PK-4"),
)


def read(pdf: FPDF) -> list[PageReading]:
    return list(read_document(bytes(pdf.output())))


def line(row: SchoolRow) -> tuple[str | None, ...]:
    return tuple(row.text(field) for field in ("name", "address", "city", "state", "zip", "phone", "grade_span"))


def draw_blocks(pdf: FPDF, x: float, top: float, heading: str) -> None:
    pdf.text(x, top, heading)
    y = top + 16
    for name, address, place, phone, grades in BLOCKS:
        for text in (name, address, place, f"Phone: {phone}   Grades: {grades}"):
            pdf.text(x, y, text)
            y += 10
        y += 8


def test_stacked_blocks_in_two_columns_are_read_in_reading_order() -> None:
    pdf = paper()
    pdf.add_page()
    draw_blocks(pdf, 40, 60, "Cedar Falls Public Schools - Mercer County")
    draw_blocks(pdf, 320, 60, "Harrowgate School District - Camden County")
    [page] = read(pdf)
    assert page.method == "blocks"
    expected = [
        (name, address, place.partition(",")[0], "NJ", place.split()[-1], phone, grades)
        for name, address, place, phone, grades in BLOCKS
    ]
    assert [line(row) for row in page.rows] == expected * 2
    assert [row.text("district") for row in page.rows] == [
        *["Cedar Falls Public Schools"] * 4,
        *["Harrowgate School District"] * 4,
    ]
    assert {row.value("county") for row in page.rows} == {"Mercer", "Camden"}


def test_a_letterhead_makes_no_block() -> None:
    pdf = paper()
    pdf.add_page()
    for number, text in enumerate(("Office of Title I", "100 Alder Street", "Trenton, NJ 08608", "Dear families,")):
        pdf.text(40, 60 + 10 * number, text)
    [page] = read(pdf)
    assert page.rows == ()


def test_columns_of_levels_give_every_school_once() -> None:
    pdf = paper()
    pdf.add_page()
    for x, text in ((40, "Elementary School"), (200, "Middle School"), (360, "High School")):
        pdf.rect(x - 6, 60, 160, 14)
        pdf.text(x, 71, text)
    for row in range(4):
        pdf.rect(34, 74 + 14 * row, 160, 14)
        pdf.text(40, 85 + 14 * row, f"Alder {row} ES (PK3-5)")
    for row, name in enumerate(("Birch MS (6-8)", "Cedar MS (6-8)")):
        pdf.rect(194, 74 + 28 * row, 160, 28)
        pdf.text(200, 92 + 28 * row, name)
    pdf.rect(354, 74, 160, 56)
    pdf.text(360, 105, "Dogwood HS (9-12)")
    [page] = read(pdf)
    assert [(row.text("name"), row.text("grade_span")) for row in page.rows] == [
        ("Alder 0 ES", "PK3-5"),
        ("Birch MS", "6-8"),
        ("Dogwood HS", "9-12"),
        ("Alder 1 ES", "PK3-5"),
        ("Alder 2 ES", "PK3-5"),
        ("Cedar MS", "6-8"),
        ("Alder 3 ES", "PK3-5"),
    ]


def test_a_district_cell_that_spans_rows_belongs_to_each() -> None:
    pdf = paper()
    pdf.add_page()
    for x, width, text in ((30, 150, "District"), (180, 150, "School Name"), (330, 60, "ZIP")):
        pdf.rect(x, 60, width, 14)
        pdf.text(x + 4, 71, text)
    pdf.rect(30, 74, 150, 42)
    pdf.text(34, 98, "Cedar Falls Public Schools")
    for row in range(3):
        pdf.rect(180, 74 + 14 * row, 150, 14)
        pdf.text(184, 85 + 14 * row, f"Quillfeather {row} Elementary")
        pdf.rect(330, 74 + 14 * row, 60, 14)
        pdf.text(334, 85 + 14 * row, f"0860{row + 7}")
    [page] = read(pdf)
    assert [row.text("district") for row in page.rows] == ["Cedar Falls Public Schools"] * 3
    assert [row.text("zip") for row in page.rows] == ["08607", "08608", "08609"]


def test_a_combined_place_is_taken_apart_and_each_part_has_its_own_box() -> None:
    pdf = paper()
    rows = [(f"Quillfeather {n} Elementary", "12 Alder Street", f"New Brunswick, NJ 0890{n}") for n in range(1, 5)]
    draw_ruled(pdf, ("School Name", "Address", "City, State Zip"), rows, (160, 120, 160))
    [page] = read(pdf)
    row = page.rows[0]
    assert [row.text(field) for field in ("city", "state", "zip")] == ["New Brunswick", "NJ", "08901"]
    boxes = [row.fields[field].box for field in ("city", "state", "zip")]
    assert all(left and right and left.right < right.left for left, right in pairwise(boxes))


def test_an_address_that_holds_its_place_gives_it() -> None:
    pdf = paper()
    rows = [(f"Quillfeather {n} Elementary", f"{n} Alder Street, Trenton, NJ 0860{n}", "Schoolwide") for n in (7, 8, 9)]
    draw_ruled(pdf, ("School Name", "Address", "Title I"), rows, (160, 220, 80))
    [page] = read(pdf)
    assert line(page.rows[0])[:5] == ("Quillfeather 7 Elementary", "7 Alder Street", "Trenton", "NJ", "08607")


def test_a_header_in_two_lines_is_one_header() -> None:
    pdf = paper()
    draw_plain(pdf, None, [], ())
    for x, upper, lower in ((30, "School", "District"), (180, "School", "Name"), (330, "Title I", "Status")):
        pdf.text(x, 60, upper)
        pdf.text(x, 70, lower)
    for number, row in enumerate(SCHOOLS):
        for x, text in zip((30, 180, 330), (row[0], row[1], row[4]), strict=True):
            pdf.text(x, 86 + 12 * number, text)
    [page] = read(pdf)
    assert [(r.text("district"), r.text("name"), r.text("title1_status")) for r in page.rows] == [
        (row[0], row[1], row[4]) for row in SCHOOLS
    ]


def test_a_column_whose_values_do_not_fit_its_header_is_left_out_with_a_warning() -> None:
    pdf = paper()
    rows = [(f"Quillfeather {n} Elementary", "Schoolwide", "not told") for n in range(5)]
    draw_ruled(pdf, ("School Name", "Title I", "ZIP"), rows, (160, 100, 80))
    [page] = read(pdf)
    assert len(page.rows) == 5
    assert all("zip" not in row.fields for row in page.rows)
    assert "zip" in page.warnings[0]


def test_a_list_without_header_is_read_by_its_values_and_is_less_sure() -> None:
    pdf = paper()
    rows = [(str(300 + n), f"Quillfeather {n} Elementary", "Schoolwide") for n in range(6)]
    draw_plain(pdf, None, rows, (60, 200, 100))
    [page] = read(pdf)
    assert [row.text("name") for row in page.rows] == [row[1] for row in rows]
    assert {row.value("title1_status") for row in page.rows} == {"schoolwide"}
    assert page.confidence <= 0.75


def test_principals_and_addresses_are_never_taken_for_schools() -> None:
    pdf = paper()
    rows = [(f"Quillfeather {n} Elementary", "Ottoline Marchbanks", "Schoolwide") for n in range(4)]
    draw_ruled(pdf, ("School", "Principal", "Title I"), [*rows, ("12 Alder Street", "x", "SW")], (160, 120, 80))
    [page] = read(pdf)
    assert [row.text("name") for row in page.rows] == [row[0] for row in rows]
    assert all("Marchbanks" not in value.text for row in page.rows for value in row.fields.values())
    assert page.rows_expected == 5
    assert "could not be read" in page.warnings[0]


def test_a_document_is_one_json_object() -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    told = document_line("list.pdf", read(pdf))
    assert told["file"] == "list.pdf"
    schools, pages = told["schools"], told["pages"]
    assert isinstance(schools, list)
    assert schools[0] == {
        "page": 1,
        "district": "Cedar Falls Public Schools",
        "name": "Quillfeather Elementary",
        "city": "Trenton",
        "zip": "08608",
        "title1_status": "Schoolwide",
        "enrollment": "1,024",
        "state": "NJ",
        "confidence": 1.0,
        "normalized": {"title1_status": "schoolwide", "enrollment": "1024", "state": "NJ"},
    }
    assert isinstance(pages, list)
    assert pages == [
        {
            "page": 1,
            "method": "ruled",
            "scanned": False,
            "confidence": 1.0,
            "rows": 5,
            "rows_expected": 5,
            "damage": dict.fromkeys(Damage.__struct_fields__, 0),
            "warnings": [],
        }
    ]


def test_lines_between_rows_alone_part_rows_whose_names_wrap() -> None:
    pdf = paper()
    pdf.add_page()
    rows = (
        ("Cedar Falls", "The Ottoline Marchbanks", "Schoolwide"),
        ("Public Schools", "School of Music", ""),
        ("Harrowgate", "Quillfeather Elementary", "Targeted"),
        ("School District", "", "Assistance"),
        ("Wexley Unified", "Brackenridge Middle", "Schoolwide"),
        ("School District", "School", ""),
    )
    for x, text in ((30, "District"), (180, "School"), (330, "Title I Status")):
        pdf.text(x, 58, text)
    for number, row in enumerate(rows):
        for x, text in zip((30, 180, 330), row, strict=True):
            pdf.text(x, 74 + 10 * number + 4 * (number // 2), text)
    for number in range(4):
        pdf.line(30, 64 + 24 * number, 450, 64 + 24 * number)
    [page] = read(pdf)
    assert [(row.text("district"), row.text("name"), row.text("title1_status")) for row in page.rows] == [
        ("Cedar Falls Public Schools", "The Ottoline Marchbanks School of Music", "Schoolwide"),
        ("Harrowgate School District", "Quillfeather Elementary", "Targeted Assistance"),
        ("Wexley Unified School District", "Brackenridge Middle School", "Schoolwide"),
    ]


def test_the_header_parts_columns_that_stand_too_close() -> None:
    pdf = paper()
    pdf.add_page()
    for x, text in ((30, "District"), (150, "School Name"), (260, "ZIP")):
        pdf.text(x, 60, text)
    for number in range(8):
        district = "Cedar Falls Public Schools"
        pdf.text(148 - pdf.get_string_width(district), 76 + 12 * number, district)
        pdf.text(150, 76 + 12 * number, f"Quillfeather {number} Elementary")
        pdf.text(260, 76 + 12 * number, f"0860{number}")
    [page] = read(pdf)
    assert [(row.text("district"), row.text("name")) for row in page.rows] == [
        ("Cedar Falls Public Schools", f"Quillfeather {number} Elementary") for number in range(8)
    ]


def test_text_that_overflows_its_cell_stays_with_it() -> None:
    pdf = paper()
    rows = [(f"Quillfeather {n} Elementary", "", "0860" + str(n)) for n in range(1, 5)]
    pdf.add_page()
    for column, (x, width) in enumerate(((30, 90), (120, 90), (210, 60))):
        for row, texts in enumerate([("School Name", "Title I", "ZIP"), *rows]):
            pdf.rect(x, 60 + 14 * row, width, 14)
            pdf.text(x + 3, 71 + 14 * row, texts[column])
    pdf.text(33, 71 + 14 * 5, "The Ottoline Marchbanks School of the Arts")
    pdf.rect(30, 60 + 14 * 5, 90, 14)
    pdf.rect(120, 60 + 14 * 5, 90, 14)
    pdf.rect(210, 60 + 14 * 5, 60, 14)
    pdf.text(213, 71 + 14 * 5, "08609")
    [page] = read(pdf)
    assert page.rows[-1].text("name") == "The Ottoline Marchbanks School of the Arts"
    assert page.rows[-1].text("zip") == "08609"
    assert "title1_status" not in page.rows[-1].fields


def test_wrapped_names_without_any_short_column_are_joined_where_they_did_not_fit() -> None:
    pdf = paper()
    pdf.add_page()
    for x, text in ((30, "District"), (180, "School Name")):
        pdf.text(x, 60, text)
    lines = (
        ("Cedar Falls Public Schools", "Quillfeather Elementary School"),
        ("Cedar Falls Public Schools", "The Ottoline Marchbanks School"),
        ("", "of Performing Arts"),
        ("Cedar Falls Public Schools", "Brackenridge Middle"),
        ("Cedar Falls Public Schools", "Dunmarrow High"),
    )
    for number, row in enumerate(lines):
        for x, text in zip((30, 180), row, strict=True):
            pdf.text(x, 76 + 11 * number, text)
    [page] = read(pdf)
    assert [row.text("name") for row in page.rows] == [
        "Quillfeather Elementary School",
        "The Ottoline Marchbanks School of Performing Arts",
        "Brackenridge Middle",
        "Dunmarrow High",
    ]


def test_a_label_in_front_of_a_groups_name_says_what_it_is() -> None:
    pdf = paper()
    header = ("School Name", "ZIP", "Status")
    draw_plain(pdf, header, [], (200, 80, 90))
    lines = ("County: Mercer", "District: 0290 Cedar Falls", "Wexley County", "Wexley Unified School District (cont.)")
    y = 80
    for text in lines:
        pdf.text(30, y, text)
        y += 14
        if text.startswith(("District", "Wexley Unified")):
            for number in range(3):
                pdf.text(30, y, f"Quillfeather {number} Elementary")
                pdf.text(230, y, f"0860{number + 1}")
                pdf.text(310, y, "Schoolwide")
                y += 14
    [page] = read(pdf)
    told = [(row.text("county"), row.text("district"), row.text("state_district_id")) for row in page.rows]
    assert (
        told
        == [("Mercer", "Cedar Falls", "0290")] * 3 + [("Wexley County", "Wexley Unified School District", None)] * 3
    )


def test_remarks_below_a_name_are_no_part_of_it() -> None:
    pdf = paper()
    rows = [
        ("Alder Elementary (K-5) (also serves Birch until 2026)", "08608"),
        ("Cedar Middle (6-8) In-boundary students attend Birch", "08609"),
        ("Dogwood High (citywide)", "08610"),
    ]
    draw_ruled(pdf, ("School Name", "ZIP"), rows, (100, 60))
    [page] = read(pdf)
    assert [(row.text("name"), row.text("grade_span")) for row in page.rows] == [
        ("Alder Elementary", "K-5"),
        ("Cedar Middle", "6-8"),
        ("Dogwood High (citywide)", None),
    ]


def test_rows_above_a_repeated_header_go_on_with_the_table_of_the_page_before() -> None:
    pdf = paper(landscape=True)
    draw_ruled(pdf, HEADER, SCHOOLS[:3], WIDTHS)
    draw_ruled(pdf, None, (SCHOOLS[3], SCHOOLS[4], HEADER, *SCHOOLS[:2]), WIDTHS)
    first, second = read(pdf)
    assert [row.text("name") for row in first.rows] == [row[1] for row in SCHOOLS[:3]]
    assert [row.text("name") for row in second.rows] == [row[1] for row in (*SCHOOLS[3:], *SCHOOLS[:2])]
    assert second.rows_expected == 4
    assert not second.warnings
