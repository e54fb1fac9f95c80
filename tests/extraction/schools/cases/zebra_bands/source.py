"""No lines at all: every other row stands on a coloured band."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School System", 140, "{district}"),
    Column("School", 180, "{name}"),
    Column("City", 90, "{city}"),
    Column("ZIP Code", 50, "{zip}"),
    Column("Enrollment", 50, "{enrollment}", "right"),
    Column("% Poverty", 50, "{low_income_pct}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Schools Served with Title I, Part A Funds", "FY 2026")
        draw_table(pdf, COLUMNS, rows, top=top, left=24, style=Style(lines="none", zebra=True, shade_head=True))
        footer(pdf, middle=str(page))
    write(pdf, path)
