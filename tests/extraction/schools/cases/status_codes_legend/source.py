"""Status codes with a legend below the table."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("Location", 200, "{name}"),
    Column("City", 100, "{city}"),
    Column("% Econ Dis", 50, "{low_income_pct}", "right"),
    Column("T1 Type", 40, "{title1_status}", "centre"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I Sites"))
        pdf.text(30, y + 14, "SW = Schoolwide    TA = Targeted Assistance    NS = Eligible, Not Served")
    write(pdf, path)
