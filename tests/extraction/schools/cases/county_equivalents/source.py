"""Parishes, boroughs, census areas, municipios and independent cities in one column, of several states."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("State", 32, "{state}"),
    Column("County/Parish/Borough", 130, "{county}"),
    Column("City", 80, "{city}"),
    Column("LEA Name", 130, "{district}"),
    Column("School Name", 170, "{name}"),
    Column("Title I Program Type", 95, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Schools with Title I Programs", top=24)
        draw_table(pdf, COLUMNS, rows, top=top, left=60, head=True)
    write(pdf, path)
