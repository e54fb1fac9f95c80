"""Columns without rulings in which one value of a page is much longer than the others and comes near the next one."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School", 245, "{name}"),
    Column("County", 80, "{county}"),
    Column("LEA", 262, "{district}"),
    Column("% Poverty", 50, "{low_income_pct}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools", top=24) if page == 1 else 40
        style = Style(lines="none", padding=1.5, gap=10)
        draw_table(pdf, COLUMNS, rows, top=top, left=50, head=page == 1, style=style)
    write(pdf, path)
