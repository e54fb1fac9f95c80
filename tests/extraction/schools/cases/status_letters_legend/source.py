"""Statuses as single letters, which only the legend above the table explains."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School Administrative Unit", 170, "{district}"),
    Column("School", 200, "{name}"),
    Column("Grade Span", 70, "{grade_span}"),
    Column("Title I Status", 70, "{title1_status}", "centre"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        legend = "S - Schoolwide     T - Targeted Assistance     N - Eligible but not served"
        top = letterhead(pdf, "Title I Schools 2025-2026", legend)
        draw_table(pdf, COLUMNS, rows, top=top, left=40, style=Style(lines="none", padding=2))
    write(pdf, path)
