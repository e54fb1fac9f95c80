"""Columns so close to each other that their gaps are hardly wider than a blank; numbers are flush right."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, Record, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

SIZE = 8
GAP = SIZE * 0.278 * 1.6
"""A blank of Helvetica is .278 em wide."""
HEADS = {
    "{state_school_id}": "IRN",
    "{name}": "School",
    "{city}": "City",
    "{enrollment}": "Students",
    "{low_income_pct}": "% Poverty",
}


def draw(path: Path) -> None:
    pdf = paper(size=SIZE)
    pages = truth(__file__)
    columns = _columns(pdf, [row for rows in pages.values() for row in rows])
    for rows in pages.values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Building List")
        draw_table(pdf, columns, rows, top=top, left=60, style=Style(lines="none", padding=1.5, gap=GAP))
    write(pdf, path)


def _columns(pdf: FPDF, rows: list[Record]) -> list[Column]:
    """Each as wide as its widest value."""
    columns: list[Column] = []
    for text, head in HEADS.items():
        pdf.set_font(style="B")
        widest = pdf.get_string_width(head)
        pdf.set_font(style="")
        widest = max(widest, *(pdf.get_string_width(text.format_map(row)) for row in rows))
        align = "right" if text in {"{enrollment}", "{low_income_pct}"} else "left"
        columns.append(Column(head, widest + GAP + 0.01, text, align))
    return columns
