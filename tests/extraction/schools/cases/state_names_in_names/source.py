"""Schools and districts that bear the names of other states than the one the title names."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 130, "{district}"),
    Column("School", 180, "{name}"),
    Column("City", 90, "{city}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Title I Status", 100, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Ohio Title I Schools", "2025-2026")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="none", padding=2))
    write(pdf, path)
