"""Words and rulings of a page, as they are displayed."""

from __future__ import annotations

import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.evidence import Box
from extraction.schools import words
from extraction.schools.page_space import Matrix, page_space
from extraction.schools.rulings import Ruling, Rulings, merge, read_rulings
from extraction.schools.sheets import Sheet, column_gap, lines_of, printed_text, read_sheet
from extraction.schools.words import Word, read_words
from tests.extraction.schools.bombs import pdf_of

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def page_of(content: bytes, *, extra: bytes = b"", objects: tuple[bytes, ...] = ()) -> bytes:
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R %s"
        b" /Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >> >>" % extra
    )
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            page,
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            FONT,
            *objects,
        ]
    )


def sheet_of(content: bytes) -> Sheet:
    document = pdfium.PdfDocument(content)
    try:
        return read_sheet(document, 1)
    finally:
        document.close()


def rulings_of(content: bytes) -> Rulings:
    document = pdfium.PdfDocument(content)
    try:
        page = document[0]
        found = read_rulings(page, page_space(page))
        page.close()
        return found
    finally:
        document.close()


def words_of(content: bytes) -> list[str]:
    document = pdfium.PdfDocument(content)
    try:
        page = document[0]
        found = read_words(page, page_space(page))
        page.close()
        return [word.text for word in found.words]
    finally:
        document.close()


def test_words_end_at_spaces_gaps_and_new_lines() -> None:
    content = b"BT /F1 10 Tf 50 700 Td (Alder Elementary) Tj 200 0 Td (Trenton) Tj -200 -14 Td (Birch) Tj ET"
    assert words_of(page_of(content)) == ["Alder", "Elementary", "Trenton", "Birch"]


def test_text_drawn_twice_to_look_bold_is_read_once() -> None:
    content = b"BT /F1 10 Tf 50 700 Td (Alder) Tj 0.4 0.2 Td (Alder) Tj 60 0 Td (Alder) Tj ET"
    assert words_of(page_of(content)) == ["Alder", "Alder"]


@pytest.mark.parametrize("shift", [0.4, 1.2])
def test_text_drawn_twice_letter_by_letter_is_read_once(shift: float) -> None:
    widths = zip("Ballpark", (8.0, 6.7, 2.7, 2.7, 6.7, 6.7, 4.0, 6.0), strict=True)
    letters = "".join(f"({letter}) Tj {shift} 0 Td ({letter}) Tj {width - shift} 0 Td " for letter, width in widths)
    assert words_of(page_of(f"BT /F1 12 Tf 50 700 Td {letters} ET".encode())) == ["Ballpark"]


def test_doubled_letters_of_a_word_stay() -> None:
    assert words_of(page_of(b"BT /F1 10 Tf 50 700 Td (Moorestown Hill 1100) Tj ET")) == ["Moorestown", "Hill", "1100"]


def test_a_hyphen_printed_as_a_soft_and_a_hard_one_is_one() -> None:
    encoding = b"<< /Type /Encoding /Differences [1 /uni00AD /uni2010] >>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding %s >>" % encoding
    content = page_of(b"BT /F1 10 Tf 50 700 Td (PK\\001\\0025) Tj ET").replace(FONT, font)
    assert words_of(content) == ["PK-5"]


def test_turned_text_is_kept_apart_and_reads_in_its_own_direction() -> None:
    content = page_of(
        b"BT /F1 10 Tf 50 700 Td (Alder) Tj ET BT /F1 8 Tf 0 1 -1 0 300 300 Tm (Title I Status) Tj ET"
        b" BT /F1 8 Tf 0 -1 1 0 400 380 Tm (Enrolled) Tj ET"
    )
    sheet = sheet_of(content)
    assert [word.text for word in sheet.words] == ["Alder"]
    assert [(word.text, word.direction) for word in sheet.turned_words] == [
        ("Title", 270),
        ("I", 270),
        ("Status", 270),
        ("Enrolled", 90),
    ]
    title, _, status, enrolled = sheet.turned_words
    assert title.box.top > status.box.bottom, "it runs upwards"
    assert title.box.left < 300 < title.box.right, "the boxes are those of the displayed page"
    assert (enrolled.box.top, enrolled.box.bottom) == pytest.approx((420, 449), abs=2)


@pytest.mark.parametrize(("turn", "along", "across"), [(90, b"0 1 -1 0", 90), (270, b"0 -1 1 0", 270)])
def test_what_is_upright_is_seen_from_the_displayed_page(turn: int, along: bytes, across: int) -> None:
    content = page_of(
        b"BT /F1 10 Tf %s 300 300 Tm (Alder) Tj ET BT /F1 10 Tf 50 700 Td (Lying) Tj ET" % along,
        extra=b"/Rotate %d" % turn,
    )
    sheet = sheet_of(content)
    assert [word.text for word in sheet.words] == ["Alder"]
    assert [(word.text, word.direction) for word in sheet.turned_words] == [("Lying", across)]


def test_slanting_text_is_left_out() -> None:
    content = b"BT /F1 10 Tf 50 700 Td (Alder) Tj ET BT /F1 40 Tf .7 .7 -.7 .7 200 300 Tm (DRAFT) Tj ET"
    sheet = sheet_of(page_of(content))
    assert ([word.text for word in sheet.words], sheet.turned_words) == (["Alder"], ())


def test_invisible_text_is_read_only_where_it_is_the_pages_text() -> None:
    stray = b"BT /F1 10 Tf 50 700 Td (Alder Elementary School) Tj 3 Tr 0 -20 Td (hidden) Tj ET"
    assert words_of(page_of(stray)) == ["Alder", "Elementary", "School"]
    behind_a_scan = b"BT /F1 10 Tf 3 Tr 50 700 Td (Alder Elementary School) Tj 0 Tr 0 -650 Td (Page) Tj ET"
    assert words_of(page_of(behind_a_scan)) == ["Alder", "Elementary", "School", "Page"]


def test_what_stands_beside_the_page_is_left_out_and_what_is_cut_by_its_edge_is_not() -> None:
    content = b"BT /F1 10 Tf 590 700 Td (County) Tj 60 0 Td (Beyond) Tj 0 150 Td (Above) Tj ET"
    assert words_of(page_of(content)) == ["County"]


def test_a_page_of_more_text_than_any_list_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MAX_CHARS", 10)
    sheet = sheet_of(page_of(b"BT /F1 10 Tf 50 700 Td (Alder Elementary) Tj ET"))
    assert (sheet.cut, sheet.lines, sheet.chars) == (True, (), 16)


def test_a_cropped_page_starts_at_its_crop_box() -> None:
    content = page_of(b"BT /F1 10 Tf 150 650 Td (Alder) Tj ET", extra=b"/CropBox [100 100 500 700]")
    sheet = sheet_of(content)
    assert (sheet.width, sheet.height) == (400, 600)
    [word] = sheet.words
    assert word.box.left == pytest.approx(50, abs=1.5)
    assert word.box.top < 50 < word.box.bottom


def test_lines_are_found_in_forms_with_their_matrices() -> None:
    form = b"0 0 m 100 0 l S 0 0 m 0 50 l S"
    objects = (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Matrix [2 0 0 1 0 0]"
        b" /Length %d >>\nstream\n%s\nendstream" % (len(form), form),
    )
    found = rulings_of(page_of(b"q 1 0 0 1 100 300 cm /X Do Q", objects=objects))
    assert [(r.at, r.start, r.end) for r in found.horizontals] == [(500, 100, 300)]
    assert [(r.at, r.start, r.end) for r in found.verticals] == [(100, 450, 500)]


@pytest.mark.parametrize(
    ("content", "horizontals", "verticals"),
    [
        (b"50 100 200 0.5 re f", 1, 0),
        (b"50 100 200 40 re S", 2, 2),
        (b"0.9 g 50 100 200 40 re f", 2, 2),
        (b"1 g 50 100 200 40 re f", 0, 0),
        (b"0.9 g 0 0 600 800 re f", 0, 0),
        (b"50 100 200 40 re W n", 0, 0),
        (b"50 100 m 250 300 l S", 0, 0),
        (b"50 100 m 52 100 l S", 0, 0),
        (b"[3 2] 0 d 50 100 m 250 100 l S", 1, 0),
        (b"50 100 m 250 100 l S 50 101.8 m 250 101.8 l S", 1, 0),
    ],
)
def test_what_is_a_line_and_what_is_not(content: bytes, horizontals: int, verticals: int) -> None:
    found = rulings_of(page_of(content))
    assert (len(found.horizontals), len(found.verticals)) == (horizontals, verticals)


def test_pieces_of_a_line_are_joined_and_double_lines_are_one() -> None:
    pieces = [Ruling(10, 0, 20), Ruling(10.5, 22, 40), Ruling(11.8, 0, 40), Ruling(30, 0, 40), Ruling(30, 60, 90)]
    merged = merge(pieces)
    assert [(round(ruling.at), ruling.start, ruling.end) for ruling in merged] == [
        (11, 0, 40),
        (30, 0, 40),
        (30, 60, 90),
    ]


def test_dashes_and_dots_in_a_row_are_a_line_and_boxes_one_a_row_are_none() -> None:
    dashes = [Ruling(10, start, start + 3) for start in range(0, 70, 7)]
    assert merge(dashes) == (Ruling(10, -4, 70),)
    crossed = [*dashes[:4], Ruling(10, 27.5, 32), *dashes[5:]]
    assert merge(crossed) == (Ruling(10, -4, 70),)
    boxes = [Ruling(10, start, start + 7) for start in range(0, 110, 11)]
    assert merge(boxes) == tuple(boxes)
    bullets = [Ruling(10, start, start + 3) for start in range(0, 110, 11)]
    uneven = [Ruling(10, start, start + 2) for start in (0, 5.2, 13, 18.6, 26, 31.3, 39.2, 44.7, 52.6, 57.9)]
    assert merge(bullets) == merge(uneven) == ()


@given(st.lists(st.tuples(st.floats(0, 800), st.floats(0, 300), st.floats(10, 300)), max_size=40))
def test_merging_lines_again_changes_nothing(lines: list[tuple[float, float, float]]) -> None:
    merged = merge([Ruling(at, start, start + length) for at, start, length in lines])
    assert len(merge(merged)) <= len(merged) <= len(lines)
    assert all(ruling.length >= 6 for ruling in merged)


@given(st.tuples(*[st.floats(-5, 5)] * 6), st.tuples(*[st.floats(-5, 5)] * 6), st.floats(-99, 99), st.floats(-99, 99))
def test_maps_are_chained_in_order(one: tuple[float, ...], other: tuple[float, ...], x: float, y: float) -> None:
    first, second = Matrix(*one), Matrix(*other)
    assert second.after(first).point(x, y) == pytest.approx(second.point(*first.point(x, y)), abs=1e-6)


def word(text: str, left: float, top: float, width: float = 20) -> Word:
    return Word(text, Box(left, top, left + width, top + 10))


def test_a_hyphen_at_a_lines_end_joins_and_a_dash_does_not() -> None:
    assert printed_text([word("Peachland-", 0, 0), word("Polkton", 0, 11)]) == "Peachland-Polkton"
    assert printed_text([word("Alder", 0, 0), word("-", 25, 0), word("Annex", 0, 11)]) == "Alder - Annex"


def test_the_usual_space_of_a_page_decides_what_a_column_gap_is() -> None:
    narrow = lines_of([word(str(n), 22.5 * n, 0) for n in range(8)])
    wide = lines_of([word(str(n), 26 * n, 0) for n in range(8)])
    assert column_gap(narrow) < 6 < column_gap(wide)
    assert column_gap([]) > 0
