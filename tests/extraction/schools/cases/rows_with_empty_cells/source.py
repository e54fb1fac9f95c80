"""Columns without rulings in which any value but name and district may be missing; some rows have nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 140, "{district}"),
    Column("School", 180, "{name}"),
    Column("Phone", 70, "{phone}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Enrollment", 55, "{enrollment}", "right"),
    Column("Title I", 90, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Schools Eligible for Title I")
        draw_table(pdf, COLUMNS, rows, top=top, left=20, style=Style(lines="none", padding=2))
    write(pdf, path)
