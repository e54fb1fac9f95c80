"""Every kind of list and damage is read as it is printed: nothing missing, nothing invented, each value equal."""

from __future__ import annotations

import csv
import importlib
import io
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdf
import pytest

from extraction.schools.cage import read_pages
from extraction.schools.reader import read_document
from extraction.schools.records import PageReading
from tests.extraction.schools.cases.comparison import Row, compare, rows_of
from tests.extraction.schools.cases.printing import Column, draw_table, truth
from tests.extraction.schools.papers import paper, write

CASES = Path(__file__).with_name("cases")
LAYOUTS = sorted(source.parent.name for source in CASES.glob("*/source.py"))
CAGED = ("columns_plain", "ruled_header_first_page", "turned_pages")


@cache
def drawn(layout: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.pdf"
        importlib.import_module(f"tests.extraction.schools.cases.{layout}.source").draw(path)
        return path.read_bytes()


def expected_rows(layout: str) -> list[Row]:
    with (CASES / layout / "expected.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def readings(layout: str) -> tuple[PageReading, ...]:
    return tuple(read_document(drawn(layout)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_list_is_read_as_printed(layout: str) -> None:
    expected = expected_rows(layout)
    differences = compare(expected, rows_of(readings(layout), expected[0].keys()))
    assert not differences, f"{layout}: {len(differences)} differences\n" + "\n".join(differences[:40])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_rows_of_each_page_are_counted_rightly(layout: str) -> None:
    """The count is made beside the reading: too low, it hides a lost row; too high, it calls for help in vain."""
    printed = Counter(int(row["page"]) for row in expected_rows(layout))
    counted = {page.page: page.rows_expected or 0 for page in readings(layout)}
    wrong = {page: (printed[page], count) for page, count in counted.items() if count != printed[page]}
    assert not wrong, f"{layout}: (printed, counted) by page: {wrong}"


@pytest.mark.untraced
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("factor", [0.65, 1.5])
def test_a_list_is_read_the_same_in_any_size(layout: str, factor: float) -> None:
    """Type of 5 points and of 12: what is near or far on a page is measured by its type, never in points."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(drawn(layout)))
    for page in writer.pages:
        page.scale_by(factor)
    scaled = io.BytesIO()
    writer.write(scaled)
    columns = expected_rows(layout)[0].keys()
    differences = compare(rows_of(readings(layout), columns), rows_of(read_document(scaled.getvalue()), columns))
    assert not differences, f"{layout}: {len(differences)} differences\n" + "\n".join(differences[:40])


def test_a_gap_in_the_numbers_is_a_warning_that_names_them(tmp_path: Path) -> None:
    columns = (Column("No.", 30, "{n}"), Column("District", 160, "{district}"), Column("School", 200, "{name}"))
    pages = truth(str(CASES / "numbered_rows" / "source.py"))
    pdf = paper(size=8)
    for rows in pages.values():
        pdf.add_page()
        draw_table(pdf, columns, [row for row in rows if row["n"] not in {"17", "54"}], top=40)
    first, second, third = read_document(write(pdf, tmp_path / "list.pdf"))
    assert any("17" in warning for warning in first.warnings), first.warnings
    assert any("54" in warning for warning in second.warnings), second.warnings
    assert third.warnings == ()


@pytest.mark.parametrize("layout", CAGED)
def test_the_cage_reads_the_same(layout: str, tmp_path: Path) -> None:
    path = tmp_path / "list.pdf"
    path.write_bytes(drawn(layout))
    assert tuple(read_pages(path)) == readings(layout)


def test_every_case_has_its_drawing_and_its_truth() -> None:
    folders = sorted(path.name for path in CASES.iterdir() if path.is_dir() and path.name != "__pycache__")
    assert folders == LAYOUTS
    assert all(expected_rows(layout) for layout in LAYOUTS)


def test_a_difference_is_seen_and_named() -> None:
    printed = [{"page": "1", "name": "Ashford", "city": "Vale"}, {"page": "1", "name": "P.S. 9", "city": "Vale"}]
    assert compare(printed, [dict(row) for row in printed]) == []
    assert compare(printed, printed[:1]) == ["page 1: not found 'P.S. 9'"]
    assert compare(printed[:1], printed) == ["page 1: invented {'page': '1', 'name': 'P.S. 9', 'city': 'Vale'}"]
    assert compare(printed[:1], [{**printed[0], "city": "Dale"}]) == ["page 1 'Ashford': city is 'Vale', read 'Dale'"]
    assert compare(printed[:1], [{**printed[0], "zip": "1"}]) == ["page 1 'Ashford': zip is '', read '1'"]
    assert compare(printed, printed[::-1]), "the order counts"
