"""Every cell has a border drawn twice."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Bldg IRN", 50, "{state_school_id}"),
    Column("Building", 180, "{name}"),
    Column("District", 140, "{district}"),
    Column("County", 70, "{county}"),
    Column("Low Income %", 50, "{low_income_pct}", "right"),
    Column("SW or TA", 50, "{title1_status}", "centre"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Buildings", "as of October 1, 2025")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="double", padding=5, gap=9))
    write(pdf, path)
