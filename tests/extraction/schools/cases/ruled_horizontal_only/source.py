"""Lines between the rows, none between the columns."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Division", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Poverty\nPercentage", 60, "{low_income_pct}", "right"),
    Column("Program Type", 100, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Virginia Department of Education", "2025-2026 Title I Schools by Division")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="horizontal"))
        footer(pdf, "Office of ESEA Programs", f"- {page} -")
    write(pdf, path)
