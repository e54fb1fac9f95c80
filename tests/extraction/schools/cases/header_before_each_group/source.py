"""Every district has a table of its own, with its name above and the header printed anew."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Code", 60, "{state_school_id}"),
    Column("School", 220, "{name}"),
    Column("Enrollment", 70, "{enrollment}", "right"),
    Column("% Low Income", 80, "{low_income_pct}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools")
        for group in runs(rows, "district"):
            pdf.set_font(style="B", size=10)
            pdf.text(30, y + 14, group[0]["district"])
            pdf.set_font(style="", size=9)
            y = draw_table(pdf, COLUMNS, group, top=y + 18) + 8
    write(pdf, path)
