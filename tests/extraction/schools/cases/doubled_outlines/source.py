"""Bold by printing twice: each line again a third of a point to the right, or each letter, or its outline as well."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("Grades", 60, "{grade_span}"),
    Column("Enrollment", 60, "{enrollment}"),
    Column("Title I Status", 100, "{title1_status}"),
)
OFFSET = 0.3


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools") + 10
        for texts in [[c.head for c in COLUMNS], *([c.text.format_map(row) for c in COLUMNS] for row in rows)]:
            x = 30.0
            for column, text in zip(COLUMNS, texts, strict=True):
                _set(pdf, x, y, text, page)
                x += column.width
            y += 16
    write(pdf, path)


def _set(pdf: FPDF, x: float, y: float, text: str, page: int) -> None:
    if page == 1:
        pdf.text(x, y, text)
        pdf.text(x + OFFSET, y, text)
    elif page == 2:
        for letter in text:
            pdf.text(x, y, letter)
            pdf.text(x + OFFSET, y, letter)
            x += pdf.get_string_width(letter)
    else:
        with pdf.local_context(text_mode=2, line_width=OFFSET):
            pdf.text(x, y, text)
