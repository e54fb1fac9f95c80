"""Pictures of pages: as large as asked, marked where the print stands, and drawn within the cage's limits."""

from __future__ import annotations

import io
from collections.abc import Generator
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from fpdf.enums import PageOrientation
from PIL import Image, ImageChops

from extraction.errors import PdfError
from extraction.evidence import Box
from extraction.schools import drawing
from extraction.schools.cage import CageLimits, read_pages, render_page, render_pages
from extraction.schools.drawing import draw_page
from extraction.schools.marks import Mark, MarkedPage, marks_of
from extraction.schools.reader import read_document
from tests.extraction.schools import bombs
from tests.extraction.schools.papers import HEADER, SCHOOLS, WIDTHS, draw_plain, draw_ruled, paper, write


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    draw_plain(pdf, HEADER, SCHOOLS, WIDTHS)
    return write(pdf, tmp_path / "list.pdf")


@pytest.fixture
def document(listing: Path) -> Generator[pdfium.PdfDocument]:
    opened = pdfium.PdfDocument(listing)
    yield opened
    opened.close()


def image_of(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return image.convert("RGB")


def changed(before: bytes, after: bytes) -> Box:
    """The box, in pixels, around everything that differs."""
    corners = ImageChops.difference(image_of(before), image_of(after)).getbbox()
    assert corners is not None
    return Box(*map(float, corners))


@pytest.mark.parametrize(
    ("dpi", "size"), [(72, (612, 792)), (144, (1224, 1584)), (1, (306, 396)), (9999, (2550, 3300))]
)
def test_a_page_is_as_large_as_asked_within_bounds(
    document: pdfium.PdfDocument, dpi: int, size: tuple[int, int]
) -> None:
    drawn = draw_page(document, 1, (), dpi=dpi, most_pixels=25_000_000)
    assert (drawn.width, drawn.height) == (612, 792)
    assert image_of(drawn.png).size == pytest.approx(size, abs=1)


def test_a_page_as_large_as_a_house_is_drawn_smaller(tmp_path: Path) -> None:
    pdf = FPDF(unit="pt", format=(14_400, 7_200))
    pdf.add_page()
    path = write(pdf, tmp_path / "large.pdf")
    wide, high = image_of(render_page(path, 1, dpi=300, limits=CageLimits(image_pixels=80_000))).size
    assert 70_000 <= wide * high <= 81_000
    assert wide == pytest.approx(2 * high, abs=2)


def test_a_picture_too_large_for_a_message_is_made_smaller(
    document: pdfium.PdfDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw_page(document, 1, (), dpi=110, most_pixels=25_000_000).png
    monkeypatch.setattr(drawing, "_LARGEST_PNG", len(whole) // 2)
    small = draw_page(document, 1, (), dpi=110, most_pixels=25_000_000).png
    assert len(small) <= len(whole) // 2
    assert image_of(small).width < image_of(whole).width


@pytest.mark.parametrize("kind", ["region", "column", "field", "highlight"])
def test_a_mark_is_drawn_where_its_box_stands_and_nowhere_else(document: pdfium.PdfDocument, kind: str) -> None:
    plain = draw_page(document, 1, (), dpi=144, most_pixels=25_000_000).png
    mark = Mark(Box(100, 300, 200, 340), kind)  # pyright: ignore[reportArgumentType]  the parametrized literal
    found = changed(plain, draw_page(document, 1, (mark,), dpi=144, most_pixels=25_000_000).png)
    assert (found.left, found.top, found.right, found.bottom) == pytest.approx((200, 600, 400, 680), abs=7)


def test_print_stays_readable_under_a_mark(document: pdfium.PdfDocument) -> None:
    name = next(iter(read_document(_path_of(document)))).rows[0].fields["name"].box
    assert name is not None
    drawn = draw_page(document, 1, (Mark(name, "highlight"),), dpi=144, most_pixels=25_000_000)
    left, top, right, bottom = (round(2 * edge) for edge in (name.left, name.top, name.right, name.bottom))
    inside = image_of(drawn.png).crop((left, top, right, bottom)).convert("L")
    darkest, lightest = inside.getextrema()
    assert isinstance(darkest, int)
    assert isinstance(lightest, int)
    assert lightest - darkest > 90


def _path_of(document: pdfium.PdfDocument) -> Path:
    source = document._input
    assert isinstance(source, Path)
    return source


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_is_drawn_as_it_is_displayed_and_marked_where_the_value_stands(
    tmp_path: Path, rotation: int
) -> None:
    pdf = FPDF(PageOrientation.PORTRAIT, "pt", "letter")
    pdf.add_page()
    pdf.set_font("helvetica", size=20)
    pdf.text(100, 200, "Quillfeather")
    opened = pdfium.PdfDocument(bytes(pdf.output()))
    opened[0].set_rotation(rotation)
    path = tmp_path / "turned.pdf"
    opened.save(path)
    opened.close()
    left, top, right, bottom = {
        0: (100, 184, 210, 205),
        90: (587, 100, 608, 210),
        180: (402, 587, 512, 608),
        270: (184, 402, 205, 512),
    }[rotation]
    [drawn] = render_pages(path, [MarkedPage(1)], dpi=72)
    assert (drawn.width, drawn.height) == ((612, 792) if rotation % 180 == 0 else (792, 612))
    ink = ImageChops.invert(image_of(drawn.png).convert("L")).getbbox()
    assert ink is not None
    assert left - 2 <= ink[0] <= ink[2] <= right + 8
    assert top - 2 <= ink[1] <= ink[3] <= bottom + 2


def test_pages_come_through_the_cage_as_they_are_drawn_in_process(listing: Path, document: pdfium.PdfDocument) -> None:
    readings = list(read_pages(listing, explain=True))
    wanted = [MarkedPage(reading.page, marks_of(reading)) for reading in reversed(readings)]
    drawn = list(render_pages(listing, wanted, dpi=72))
    assert [page.page for page in drawn] == [2, 1]
    assert drawn[1].png == draw_page(document, 1, wanted[1].marks, dpi=72, most_pixels=12_000_000).png
    assert drawn[1].png == render_page(listing, 1, dpi=72, marks=wanted[1].marks)
    assert drawn[1].png != render_page(listing, 1, dpi=72)


def test_a_page_that_is_not_there_is_told(listing: Path) -> None:
    with pytest.raises(PdfError, match=r"has 2 pages; there is no page 3"):
        render_page(listing, 3)


def test_drawing_is_stopped_at_the_limits_of_the_cage(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(bombs.pages_sharing(bombs.text_operators(40), 1))
    with pytest.raises(PdfError, match=r"at page 1: it took longer than 0.5 s"):
        render_page(path, 1, limits=CageLimits(page_seconds=0.5))


def test_a_sketch_says_how_the_page_was_seen_and_changes_nothing_else(listing: Path) -> None:
    plain, sketched = list(read_document(listing)), list(read_pages(listing, explain=True))
    assert all(reading.sketch is None for reading in plain)
    assert [reading.rows for reading in sketched] == [reading.rows for reading in plain]
    for reading in sketched:
        assert reading.sketch is not None
        assert (reading.sketch.width, reading.sketch.height) == (612, 792)
        [table] = reading.sketch.tables
        assert [column.heading for column in table.columns] == [
            "district",
            "name",
            "city",
            "zip",
            "title1_status",
            "enrollment",
        ]
        bands = {band.cells[1]: band for band in table.bands}
        for row in reading.rows:
            assert bands[row.text("name")].box == row.box
            name = row.fields["name"].box
            assert name is not None
            assert table.columns[1].left <= name.left <= name.right <= table.columns[1].right


def test_everything_that_was_read_is_marked(listing: Path) -> None:
    for reading in read_pages(listing, explain=True):
        marks = marks_of(reading)
        kinds = [mark.kind for mark in marks]
        assert kinds.count("region") == 1
        assert kinds.count("column") == len(HEADER)
        assert kinds.count("band") >= len(SCHOOLS)
        assert kinds.count("field") == len(SCHOOLS) * len(HEADER)
        assert {mark.label for mark in marks if mark.kind == "field"} == {
            "district",
            "name",
            "city",
            "zip",
            "title1_status",
            "enrollment",
        }


def test_a_page_without_a_list_has_a_sketch_without_tables(tmp_path: Path) -> None:
    pdf = paper()
    pdf.add_page()
    pdf.text(60, 60, "A letter to parents, without any list.")
    [reading] = read_pages(write(pdf, tmp_path / "letter.pdf"), explain=True)
    assert reading.sketch is not None
    assert reading.sketch.tables == ()
    assert marks_of(reading) == ()
