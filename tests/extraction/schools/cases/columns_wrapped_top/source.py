"""Columns without rulings whose long names go on below; the other values stand beside the first line."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 130, "{district}"),
    Column("School", 140, "{name}"),
    Column("Grades Served", 70, "{grade_span}"),
    Column("Title I Program", 110, "{title1_status}"),
    Column("Free & Reduced %", 80, "{low_income_pct}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools", "2025-2026")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="none", gap=12))
        footer(pdf, middle=f"{page}")
    write(pdf, path)
