"""A header of two levels: one cell stands over the columns "Number" and "Percent"."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 180, "{name}"),
    Column("Title I Status", 90, "{title1_status}"),
    Column("Enrollment", 55, "{enrollment}", "right"),
    Column("Number", 40, "{low_income}", "right"),
    Column("Percent", 45, "{low_income_pct}", "right"),
)
LEVEL = 16.0


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        for row in rows:
            students = int(row["enrollment"].replace(",", ""))
            row["low_income"] = f"{round(students * float(row['low_income_pct'].rstrip('%')) / 100):,}"
        top = letterhead(pdf, "Title I Eligibility by School", "2025-26")
        _draw_head(pdf, top)
        draw_table(pdf, COLUMNS, rows, top=top + 2 * LEVEL, head=False)
    write(pdf, path)


def _draw_head(pdf: FPDF, top: float) -> None:
    pdf.set_font(style="B")
    x = 30.0
    for column in COLUMNS[:4]:
        pdf.rect(x, top, column.width, 2 * LEVEL)
        pdf.text(x + 3, top + LEVEL + 3, column.head)
        x += column.width
    pdf.rect(x, top, 85, LEVEL)
    pdf.text(x + 4, top + 11, "Low-Income Students")
    for column in COLUMNS[4:]:
        pdf.rect(x, top + LEVEL, column.width, LEVEL)
        pdf.text(x + 4, top + LEVEL + 11, column.head)
        x += column.width
    pdf.set_font(style="")
