"""Each school on two lines: name, grades, enrollment and telephone on the first, its address on the second."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_head, draw_row, letterhead, truth
from tests.extraction.schools.papers import paper, write

FIRST = (
    Column("School", 260, "{name}"),
    Column("Grades", 70, "{grade_span}"),
    Column("Enrollment", 70, "{enrollment}", "right"),
    Column("Phone", 90, "{phone}"),
)
SECOND = (Column("", 300, "{address}, {city}, {state} {zip}"),)
STYLE = Style(lines="none", padding=0)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = draw_head(pdf, FIRST, top=letterhead(pdf, "Title I School Directory"), left=50, style=STYLE) + 6
        for row in rows:
            y = draw_row(pdf, FIRST, row, top=y, left=50, style=STYLE)
            y = draw_row(pdf, SECOND, row, top=y, left=62, style=STYLE) + 7
    write(pdf, path)
