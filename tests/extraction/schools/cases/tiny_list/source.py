"""A list of three schools."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 180, "{name}"),
    Column("City/Town", 90, "{city}"),
    Column("Title I Program", 100, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=10)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Newly Identified Title I Schools", "Effective July 1, 2026")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="none"))
    write(pdf, path)
