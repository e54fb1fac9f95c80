"""Ruled cells whose long values go on over two or three lines; the short ones stand in the middle of their height."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("County Name", 60, "{county}"),
    Column("District Name", 90, "{district}"),
    Column("School Name", 110, "{name}"),
    Column("Street Address", 100, "{address}"),
    Column("City", 70, "{city}"),
    Column("Zip", 40, "{zip}"),
    Column("Telephone", 75, "{phone}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I School Directory", top=30)
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(across="middle"))
    write(pdf, path)
