"""Columns without rulings whose long names go on below; the other values stand at the middle of the name's height."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School District", 130, "{district}"),
    Column("Name of School", 140, "{name}"),
    Column("City", 100, "{city}"),
    Column("Schoolwide or Targeted", 100, "{title1_status}"),
    Column("Poverty %", 70, "{low_income_pct}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools", "2025-2026")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="none", across="middle", gap=12, padding=4))
    write(pdf, path)
