"""Portrait and landscape pages by turns, with the columns in other places."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 130, "{district}"),
    Column("School", 180, "{name}"),
    Column("City", 80, "{city}"),
    Column("Title I Program", 100, "{title1_status}"),
    Column("Headcount", 55, "{enrollment}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        lying = page % 2 == 0
        pdf.add_page(orientation="landscape" if lying else "portrait")
        columns = [column._replace(width=column.width * (1.3 if lying else 1.0)) for column in COLUMNS]
        draw_table(pdf, columns, rows, top=letterhead(pdf, "Title I Schools"))
    write(pdf, path)
