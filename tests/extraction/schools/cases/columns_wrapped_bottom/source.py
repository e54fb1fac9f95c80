"""Columns without rulings whose long names begin above; the other values stand beside the last line."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("System Name", 130, "{district}"),
    Column("School Name", 140, "{name}"),
    Column("City", 100, "{city}"),
    Column("FTE Count", 60, "{enrollment}", "right"),
    Column("Title I Status", 110, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "FY26 Title I Schools") if page == 1 else 40
        style = Style(lines="none", across="bottom", gap=12, padding=4)
        draw_table(pdf, COLUMNS, rows, top=top, head=page == 1, style=style)
    write(pdf, path)
