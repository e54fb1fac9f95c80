"""A ruled grid with name, street and place on three lines of one cell."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 140, "{district}"),
    Column("School / Address", 220, "{name}\n{address}\n{city}, {state} {zip}"),
    Column("Phone", 90, "{phone}"),
    Column("Grades", 70, "{grade_span}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools", "2025-2026 School Year")
        draw_table(pdf, COLUMNS, rows, top=top)
    write(pdf, path)
