"""The same columns stand twice beside each other; the list goes down the left half, then down the right."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 118, "{district}"),
    Column("School", 128, "{name}"),
    Column("Program", 40, "{title1_status}"),
)
HALF = 35
"""Rows in one half of a page."""


def draw(path: Path) -> None:
    pdf = paper(size=7)
    style = Style(lines="none", wrap=False, padding=1.5)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools")
        draw_table(pdf, COLUMNS, rows[:HALF], top=top, left=20, style=style)
        if rows[HALF:]:
            draw_table(pdf, COLUMNS, rows[HALF:], top=top, left=316, style=style)
        footer(pdf, right=f"Page {page}")
    write(pdf, path)
