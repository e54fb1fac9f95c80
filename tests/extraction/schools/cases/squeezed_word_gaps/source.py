"""Text squeezed to fit its cells: blanks become a few hundredths of an em wide."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District Name", 120, "{district}"),
    Column("School Name", 140, "{name}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Title I Status", 90, "{title1_status}"),
    Column("% FRL", 50, "{low_income_pct}"),
)
GAP = 0.09
"""Width of a blank in em, measured before the whole text is set at 88 percent of its width."""
HEIGHT = 15.0


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools 2025-2026")
        pdf.set_stretching(88)
        for texts in [
            [column.head for column in COLUMNS],
            *([c.text.format_map(row) for c in COLUMNS] for row in rows),
        ]:
            x = 50.0
            for column, text in zip(COLUMNS, texts, strict=True):
                pdf.rect(x, y, column.width, HEIGHT)
                _squeeze(pdf, x + 3, y + 11, text, blank=" " if page % 2 == 0 else "")
                x += column.width
            y += HEIGHT
        pdf.set_stretching(100)
    write(pdf, path)


def _squeeze(pdf: FPDF, x: float, y: float, text: str, *, blank: str) -> None:
    """Words at their narrow gaps; with a `blank` each has one behind it, which the next word overlaps."""
    for word in text.split():
        pdf.text(x, y, word + blank)
        x += pdf.get_string_width(word) + GAP * pdf.font_size_pt
