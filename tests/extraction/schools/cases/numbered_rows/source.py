"""A running number stands before each row."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("No.", 28, "{n}", "right"),
    Column("County", 80, "{county}"),
    Column("System", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("Title I Status", 100, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "2025-26 Title I Schools") if page == 1 else 40
        draw_table(pdf, COLUMNS, rows, top=top, head=page == 1)
    write(pdf, path)
