"""A mark under "Schoolwide" or under "Targeted Assistance", in a ruled grid."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District Name", 150, "{district}"),
    Column("School Name", 190, "{name}"),
    Column("Grades", 60, "{grade_span}"),
    Column("Schoolwide", 70, "{schoolwide}", "centre"),
    Column("Targeted Assistance", 70, "{targeted}", "centre"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        for row in rows:
            for status in ("schoolwide", "targeted"):
                row[status] = "X" if row["title1_status:value"] == status else ""
        top = letterhead(pdf, "Title I Programs by School")
        draw_table(pdf, COLUMNS, rows, top=top)
    write(pdf, path)
