"""Papers as schools print them: who is read from each, and where it says so."""

from __future__ import annotations

import pytest

from extraction.errors import PdfError
from extraction.schools.cage import CageLimits
from extraction.staff.explanation import explain_staff_page
from extraction.staff.page import read_with_verdicts
from extraction.staff.papers.reader import MOST_PAGES, explain_paper, open_paper, read_staff_paper
from tests.extraction.schools.bombs import pages_sharing, text_operators, without_pages
from tests.extraction.staff.papers.lists import LISTS, Source, columns_under_departments
from tests.extraction.staff.papers.traps import TRAPS, scanned
from tests.extraction.staff.papers.traps import Source as Trap

URL = "https://larkspur.example/documents/list.pdf"


@pytest.mark.parametrize("source", LISTS, ids=[source.__name__ for source in LISTS])
def test_a_paper_is_read_as_a_person_would_read_it(source: Source) -> None:
    pdf, expected = source()
    page = read_staff_paper(pdf, URL)
    assert page.outcome == "staff", page.reason
    read = [(one.name, one.title, one.email or one.extension, one.page) for one in page.people]
    assert sorted(read, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("link", ["", "Staff Directory 2026-27 (PDF)"])
@pytest.mark.parametrize("source", TRAPS, ids=[source.__name__ for source in TRAPS])
def test_a_paper_about_others_lists_nobody_whatever_the_link_to_it_says(source: Trap, link: str) -> None:
    page = read_staff_paper(source(), URL, link=link)
    assert [(one.name, one.title) for one in page.people] == []
    assert page.outcome == "no_staff"


def test_a_scan_says_that_it_needs_ocr() -> None:
    page = read_staff_paper(scanned(), URL)
    assert (page.outcome, page.people) == ("needs_ocr", ())
    assert "pictures of text" in page.reason


def test_a_paper_of_too_many_pages_is_no_list() -> None:
    with pytest.raises(PdfError, match=f"at most {MOST_PAGES} are read"):
        read_staff_paper(pages_sharing(text_operators(0.001), MOST_PAGES + 1), URL)


def test_a_bomb_is_stopped_in_its_cage() -> None:
    with pytest.raises(PdfError, match=r"more than 1 s of CPU time"):
        read_staff_paper(pages_sharing(text_operators(20), 30), URL, limits=CageLimits(cpu_seconds=1, page_seconds=60))


@pytest.mark.parametrize("body", [b"%PDF-1.7\nnothing follows\n%%EOF\n", without_pages(), b"<html>a login page</html>"])
def test_what_is_no_sound_pdf_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(PdfError):
        read_staff_paper(body, URL)


def test_values_are_told_by_page_and_line_and_stand_in_the_snippet() -> None:
    pdf, _ = columns_under_departments()
    page = read_staff_paper(pdf, URL)
    assert [(one.page, one.path) for one in page.people[:2]] == [(1, "page 1, line 4"), (1, "page 1, line 5")]
    assert page.people[-1].page == 2
    assert {one.headings[-1] for one in page.people[:3]} == {"Office"}
    for one in page.people:
        assert one.name in one.snippet
        assert str(one.title) in one.snippet


def test_the_explanation_of_a_paper_tells_page_and_lines() -> None:
    pdf, expected = columns_under_departments()
    paper = open_paper(pdf)
    explained = explain_paper(paper, explain_staff_page(read_with_verdicts(paper.html, URL)))
    kept = [block for block in explained.blocks if block.kept]
    assert len(kept) == len(expected)
    assert kept[-1].page == 2
    assert kept[0].paths == ("page 1, line 4",)
