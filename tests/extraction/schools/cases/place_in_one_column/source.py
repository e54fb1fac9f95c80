"""City, state and ZIP stand together in one column."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA", 140, "{district}"),
    Column("School", 180, "{name}"),
    Column("Mailing Address", 150, "{address}"),
    Column("City, State, Zip", 140, "{city}, {state} {zip}"),
    Column("Phone", 80, "{phone}"),
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools", top=30)
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="none", padding=2))
    write(pdf, path)
