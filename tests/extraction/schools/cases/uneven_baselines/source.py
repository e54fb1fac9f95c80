"""The values of a row stand up to two points higher or lower than each other, in fonts of different size."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("City", 90, "{city}"),
    Column("Enrolled", 50, "{enrollment}"),
    Column("Title I Status", 90, "{title1_status}"),
)
SIZES = (7.0, 9.0, 8.0, 9.0, 7.0)
SHIFTS = (0.0, 1.5, -1.0, 2.0, 0.5)
"""How much lower each column stands, in points."""


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools") + 6
        for row in [{column.text.strip("{}"): column.head for column in COLUMNS}, *rows]:
            x = 30.0
            for column, size, shift in zip(COLUMNS, SIZES, SHIFTS, strict=True):
                pdf.set_font_size(size)
                pdf.text(x, y + shift, column.text.format_map(row))
                x += column.width
            y += 15
        pdf.set_font_size(8)
    write(pdf, path)
