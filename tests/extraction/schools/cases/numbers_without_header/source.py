"""Two columns of numbers have no header: a share of low-income students, and a count that might be of anything."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA", 150, "{district}"),
    Column("School", 200, "{name}"),
    Column("Grades", 60, "{grade_span}"),
    Column("", 60, "{low_income_pct}", "right"),
    Column("", 60, "{x_count}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools and Poverty Rates")
        draw_table(pdf, COLUMNS, rows, top=top)
    write(pdf, path)
