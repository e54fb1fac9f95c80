"""Columns parted by white space alone, in a proportional font."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA Name", 125, "{district}"),
    Column("Site Code", 50, "{state_school_id}"),
    Column("Site Name", 290, "{name}"),
    Column("City", 90, "{city}"),
    Column("Title I Status", 90, "{title1_status}"),
    Column("Enrollment", 55, "{enrollment}", "right"),
    Column("% Econ. Disadv.", 70, "{low_income_pct}", "right"),
)
STYLE = Style(lines="none", wrap=False, padding=1.5, gap=12)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=7)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Louisiana Department of Education", "Title I School Listing 2025-2026")
        draw_table(pdf, COLUMNS, rows, top=top, left=12, style=STYLE)
        footer(pdf, "11/14/2025", right=f"Page {page}")
    write(pdf, path)
