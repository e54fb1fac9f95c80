"""Read one paper: from a PDF to the people it lists, each with the page and the line where it names them.

The file is opened in the cage. What comes out is turned into simple HTML and read as any staff page, so every rule
about names, titles, sections, students and evidence holds for papers, too.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html
from msgspec.structs import replace

from extraction.schools.cage import CageLimits, paper_pages
from extraction.staff.explanation import Block, StaffExplanation
from extraction.staff.markup import parse_html
from extraction.staff.page import read_staff_page
from extraction.staff.papers.markup import FIRST, LAST, PAGE, paper_html
from extraction.staff.records import Person, StaffPage

MOST_PAGES = 60
"""A district of 2,000 teachers fills 50; what is longer is a handbook or a budget."""
_MOST_BYTES = 10 * 2**20
_CPU_SECONDS, _WALL_SECONDS, _PAGE_SECONDS = 60, 90.0, 20.0
_MOST_TEXT = 16 * 2**20
_SHORT_PAPER = 3
"""Pages of a paper that may have few people on each; a longer one that names fewer than one a page is no list."""
_HEAD = 1024
"""Bytes at the start within which readers accept the mark of a PDF."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF as its readers see it."""

    html: str
    """Headings, blocks and tables, each with its page and its lines."""
    pages: int
    scanned: tuple[int, ...]
    """The pages that are pictures of text."""


def is_pdf(body: bytes) -> bool:
    """Whether a body is a PDF, whatever its name and type say."""
    return b"%PDF-" in body[:_HEAD]


def read_staff_paper(pdf: bytes | Path, url: str, *, link: str = "", limits: CageLimits | None = None) -> StaffPage:
    """What a PDF says about the staff of a school.

    Args:
        pdf: The file, or its bytes.
        url: Its address, whose words say what it is about.
        link: The text of the link that led to it, which says that, too.
        limits: What it may cost, where that is less than a staff list may.

    Returns:
        The people with evidence, their page among it, or the reason why there are none.

    Raises:
        PdfError: The file cannot be read, or a limit was met; the message says which.
    """
    paper = open_paper(pdf, link=link, limits=limits)
    return page_of_paper(read_staff_page(paper.html, url), paper)


def page_of_paper(page: StaffPage, paper: Paper) -> StaffPage:
    """What a paper's HTML says, as it is told of the paper: its people by page and line."""
    return _judged(replace(page, people=_placed(page.people, paper)), paper)


def explain_paper(paper: Paper, explained: StaffExplanation) -> StaffExplanation:
    """What was explained of a paper's HTML as it is told of the paper: its blocks by page and line."""
    places = _Places(paper)
    blocks = tuple([_placed_block(block, places) for block in explained.blocks])
    return replace(explained, page=page_of_paper(explained.page, paper), blocks=blocks)


def open_paper(pdf: bytes | Path, *, link: str = "", limits: CageLimits | None = None) -> Paper:
    """The paper as HTML, read in the cage.

    Raises:
        PdfError: The file cannot be read, or a limit was met.
    """
    limits = _bounded(limits or CageLimits())
    if isinstance(pdf, Path):
        pages = list(paper_pages(pdf, limits=limits))
    else:
        with tempfile.NamedTemporaryFile(prefix="title1-paper-", suffix=".pdf") as file:
            file.write(pdf)
            file.flush()
            pages = list(paper_pages(Path(file.name), limits=limits))
    return Paper(paper_html(pages, link), len(pages), tuple([page.number for page in pages if page.scanned]))


def _bounded(limits: CageLimits) -> CageLimits:
    """The limits, nowhere wider than what a list of staff needs."""
    return limits.model_copy(
        update={
            "cpu_seconds": min(limits.cpu_seconds, _CPU_SECONDS),
            "wall_seconds": min(limits.wall_seconds, _WALL_SECONDS),
            "page_seconds": min(limits.page_seconds, _PAGE_SECONDS),
            "max_pages": min(limits.max_pages, MOST_PAGES),
            "max_bytes": min(limits.max_bytes, _MOST_BYTES),
            "result_bytes": min(limits.result_bytes, _MOST_TEXT),
        }
    )


def _judged(page: StaffPage, paper: Paper) -> StaffPage:
    """The outcome of a paper; that of its HTML knows neither pictures nor how long it is."""
    pictures = f"{len(paper.scanned)} of {paper.pages} pages are pictures of text and were not read: they need OCR."
    if not page.people:
        if paper.scanned:
            return replace(page, outcome="needs_ocr", reason=pictures)
        return replace(page, outcome="no_staff", reason="No block of the PDF names a member of staff.")
    if paper.pages > _SHORT_PAPER and len(page.people) < paper.pages:
        told = f"The PDF names {len(page.people)} people on {paper.pages} pages, as a handbook does; it is no list."
        return StaffPage("no_staff", told)
    told = f"{len(page.people)} people are listed in the PDF, {paper.pages} pages."
    return replace(page, reason=f"{told} {pictures if paper.scanned else ''}".strip(), next_pages=(), profiles=())


class _Places:
    """Finds the place on the paper of an element of its HTML."""

    def __init__(self, paper: Paper) -> None:
        self._root = parse_html(paper.html)

    def of(self, path: str) -> tuple[int | None, str]:
        """The page and, in words, the lines of the element with this XPath."""
        for element in self._up(path):
            if (page := element.get(PAGE)) is not None:
                first, last = element.get(FIRST), element.get(LAST)
                lines = f", lines {first}-{last}" if last else f", line {first}" if first else ""
                return int(page), f"page {page}{lines}"
        return None, path

    def _up(self, path: str) -> list[lxml_html.HtmlElement]:
        if self._root is None:
            return []
        try:
            found = self._root.getroottree().xpath(path)
        except etree.XPathError:
            return []
        return [found[0], *found[0].iterancestors()] if isinstance(found, list) and found else []


def _placed(people: tuple[Person, ...], paper: Paper) -> tuple[Person, ...]:
    places = _Places(paper)
    placed: list[Person] = []
    for person in people:
        page, path = places.of(person.path)
        placed.append(replace(person, page=page, path=path))
    return tuple(placed)


def _placed_block(block: Block, places: _Places) -> Block:
    found = [places.of(path) for path in block.paths]
    return replace(
        block, page=next((page for page, _ in found if page), None), paths=tuple([path for _, path in found])
    )
