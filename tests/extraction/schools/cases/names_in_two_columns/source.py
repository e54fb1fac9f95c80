"""School names below the names of their districts, in two columns like a newspaper's."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

HALF = 32
"""Schools in one column."""


def draw(path: Path) -> None:
    pdf = paper(size=9)
    before = ""
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools 2025-2026") if page == 1 else 40
        for half, x in ((rows[:HALF], 50), (rows[HALF:], 320)):
            y = top
            for group in runs(half, "district"):
                if group[0]["district"] != before:
                    before = group[0]["district"]
                    pdf.set_font(style="B")
                    pdf.text(x, y + 14, before)
                    pdf.set_font(style="")
                    y += 16
                for row in group:
                    pdf.text(x + 14, y + 10, row["name"])
                    y += 11.5
    write(pdf, path)
