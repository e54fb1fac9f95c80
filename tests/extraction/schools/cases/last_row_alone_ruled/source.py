"""The last page of a ruled list holds a single row, and the header is printed on the first page only."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("City/Town", 90, "{city}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Title I Status", 90, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools") if page == 1 else 40
        draw_table(pdf, COLUMNS, rows, top=top, head=page == 1)
    write(pdf, path)
