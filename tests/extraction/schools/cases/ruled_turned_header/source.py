"""Narrow columns under headers that are turned to be read from below."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District Code", 34, "{state_district_id}"),
    Column("District", 150, "{district}"),
    Column("School Code", 34, "{state_school_id}"),
    Column("School Name", 190, "{name}"),
    Column("Grade Span", 34, "{grade_span}", "centre"),
    Column("Enrollment", 34, "{enrollment}", "right"),
    Column("Percent Low Income", 38, "{low_income_pct}", "right"),
    Column("Title I Program", 30, "{title1_status}", "centre"),
)
HEAD = 92.0


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools", "School Year 2025-2026")
        x = 30.0
        for column in COLUMNS:
            pdf.rect(x, top, column.width, HEAD)
            if column.width < 60:
                with pdf.rotation(90, x + column.width / 2 + 3, top + HEAD - 5):
                    pdf.text(x + column.width / 2 + 3, top + HEAD - 5, column.head)
            else:
                pdf.text(x + 4, top + HEAD - 5, column.head)
            x += column.width
        draw_table(pdf, COLUMNS, rows, top=top + HEAD, head=False)
    write(pdf, path)
