"""A ruled grid in which any value but the name may be missing; some rows have nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Grades", 60, "{grade_span}"),
    Column("School", 200, "{name}"),
    Column("Phone", 90, "{phone}"),
    Column("Title I Status", 110, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools") if page == 1 else 40
        draw_table(pdf, COLUMNS, rows, top=top, head=page == 1)
    write(pdf, path)
