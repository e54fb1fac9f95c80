"""A grid whose first row is a title across all columns; empty rows within, and a grand total at its end."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_head, draw_row, draw_table, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Total Students", 60, "{enrollment}", "right"),
    Column("Poverty %", 60, "{low_income_pct}", "right"),
)
TITLE = (Column("2025-2026 Title I, Part A School Eligibility", 510, ""),)
EMPTY = {"district": "", "name": "", "grade_span": "", "enrollment": "", "low_income_pct": ""}


def draw(path: Path) -> None:
    pdf = paper(size=8)
    pages = truth(__file__)
    every = [row for rows in pages.values() for row in rows]
    for page, rows in pages.items():
        pdf.add_page()
        y = draw_head(pdf, COLUMNS, top=draw_head(pdf, TITLE, top=40))
        y = draw_table(pdf, COLUMNS, rows[:12], top=y, head=False)
        y = draw_row(pdf, COLUMNS, EMPTY, top=y)
        y = draw_table(pdf, COLUMNS, rows[12:], top=y, head=False)
        if page == len(pages):
            students = sum(int(row["enrollment"].replace(",", "")) for row in every)
            pdf.set_font(style="B")
            draw_row(pdf, COLUMNS, {**EMPTY, "district": "Grand Total", "enrollment": f"{students:,}"}, top=y)
            pdf.set_font(style="")
    write(pdf, path)
