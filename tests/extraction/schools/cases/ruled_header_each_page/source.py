"""A ruled grid whose header is printed on each page."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA Name", 150, "{district}"),
    Column("School Name", 210, "{name}"),
    Column("Sch. Code", 50, "{state_school_id}", "centre"),
    Column("Gr Span", 50, "{grade_span}", "centre"),
    Column("Oct. 1 Enrollment", 70, "{enrollment}", "right"),
    Column("FRL %", 50, "{low_income_pct}", "right"),
    Column("Title I Status", 110, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=8)
    pages = truth(__file__)
    for page, rows in pages.items():
        pdf.add_page()
        top = letterhead(pdf, "Colorado Department of Education", "Title I, Part A Schools for 2025-2026")
        draw_table(pdf, COLUMNS, rows, top=top, left=50, style=Style(shade_head=True))
        footer(pdf, "Unit of Federal Programs", right=f"Page {page} of {len(pages)}")
    write(pdf, path)
