"""Forty pages with one header, on the first; one page was printed shifted and a little wider."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School Code", 60, "{state_school_id}"),
    Column("LEA", 160, "{district}"),
    Column("School", 190, "{name}"),
    Column("SW/TA", 50, "{title1_status}"),
    Column("Pct Low Inc", 60, "{low_income_pct}", "right"),
)
DRIFTED = 17


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools 2025-2026") if page == 1 else 40
        stretch = 1.05 if page == DRIFTED else 1.0
        columns = [column._replace(width=column.width * stretch) for column in COLUMNS]
        left = 45 if page == DRIFTED else 36
        style = Style(lines="none", padding=5)
        draw_table(pdf, columns, rows, top=top, left=left, head=page == 1, style=style)
    write(pdf, path)
