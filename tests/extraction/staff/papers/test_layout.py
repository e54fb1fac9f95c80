"""From words to parts: nothing that a page prints is lost, whatever stands where."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from extraction.schools.outline import open_document
from extraction.staff.papers.markup import paper_html
from extraction.staff.papers.pages import paper_pages
from extraction.staff.papers.parts import PaperPage, Table, TextBlock
from tests.extraction.staff.papers.lists import LISTS, cards_in_three_columns, leaders, ruled_departments_that_span
from tests.extraction.staff.papers.press import Press

TEXTS = ("Maria Alvarez", "Principal", "Office", "STAFF", "Ext. 201", "ma@pine.example", "Okafor, John", "Art Teacher")
PLACED = st.tuples(
    st.integers(0, 5), st.integers(0, 40), st.sampled_from(TEXTS), st.sampled_from((9, 10, 13, 18)), st.booleans()
)


def pages_of(pdf: bytes) -> list[PaperPage]:
    document = open_document(pdf)
    try:
        return [page for _, page in paper_pages(document) if page is not None]
    finally:
        document.close()


def words_of(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\w@]+", text))


@settings(max_examples=60)
@given(st.lists(PLACED, min_size=1, max_size=60, unique_by=lambda one: one[:2]))
def test_every_word_of_a_page_stands_in_its_html_once(placed: list[tuple[int, int, str, int, bool]]) -> None:
    press = Press()
    for column, row, text, size, bold in placed:
        press.put(20 + 260 * (column % 2) + 3 * column, 40 + 18 * row, text, size=size, bold=bold)
    body = html.document_fromstring(paper_html(pages_of(press.pdf()))).find("body")
    assert body is not None
    printed = Counter[str]()
    for _, _, text, _, _ in placed:
        printed += words_of(text)
    overprinted = len({(column % 2, row) for column, row, *_ in placed}) < len(placed)
    assert overprinted or words_of(" ".join(body.itertext())) == printed


def test_the_lists_lose_no_word() -> None:
    for source in LISTS:
        pdf, people = source()
        text = " ".join(html.document_fromstring(paper_html(pages_of(pdf))).itertext())
        for name, *_ in people:
            assert not words_of(name) - words_of(text), source.__name__


def test_leaders_part_a_line_and_are_no_text() -> None:
    (page,) = pages_of(leaders()[0])
    table = next(part for part in page.parts if isinstance(part, Table))
    assert [[line.text for cell in row.cells if cell for line in cell.lines] for row in table.rows[:2]] == [
        ["Maria Alvarez", "Principal", "201"],
        ["John Okafor", "Assistant Principal", "202"],
    ]


def test_cards_beside_each_other_stay_whole() -> None:
    (page,) = pages_of(cards_in_three_columns()[0])
    cards = [part for part in page.parts if isinstance(part, TextBlock)]
    assert [len(card.lines) for card in cards] == [3] * 10


def test_a_cell_that_spans_rows_is_told_once() -> None:
    (page,) = pages_of(ruled_departments_that_span()[0])
    table = next(part for part in page.parts if isinstance(part, Table))
    assert [row.cells[0].height if row.cells[0] else None for row in table.rows] == [3, 0, 0, 3, 0, 0]
